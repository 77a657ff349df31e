package oracle

import (
	"cmp"
)

// seoURLs are the web addresses of a product or category. Before 3.x (url_alias) they had neither store nor language.
func (r *reference) seoURLs(rows Rows) []any {
	urls := []any{}
	for _, row := range sorted(rows["url_alias"], byText("keyword")) {
		urls = append(urls, map[string]any{"keyword": row.text("keyword")})
	}
	language := func(row Row) string { return r.languages[row.integer("language_id")] }
	byLanguage := func(a, b Row) int { return cmp.Compare(language(a), language(b)) }
	for _, row := range sorted(rows["seo_url"], by("store_id"), byLanguage, byText("keyword")) {
		urls = append(urls, map[string]any{
			"store_id": row.integer("store_id"),
			"language": onlyIf(language(row) != "", language(row)),
			"keyword":  row.text("keyword"),
		})
	}
	return urls
}
