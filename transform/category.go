package transform

import (
	"octail/internal/shop"
	"octail/transform/document"
)

var categoryEntity = entity{
	name: document.CategoryEntity, root: "category", id: "category_id",
	halfway: []string{"children"},
	tables: []aggregateTable{
		{"category", "category_id", []string{"category_id", "image", "parent_id", "sort_order", "status"}},
		{"category_description", "category_id", []string{"category_id", "language_id", "name", "description", "meta_title", "meta_description", "meta_keyword"}},
		{"category_path", "category_id", []string{"category_id", "path_id", "level"}},
		{"category_to_store", "category_id", []string{"category_id", "store_id"}},
	},
	seo: seoNames{query: "category_id", key: "path"},
}

func init() { categoryEntity.read = readCategories }

func readCategories(a *assembly) error {
	roots, err := a.rows("category", "category_id")
	if err != nil {
		return err
	}
	descriptions, err := a.grouped("category_description", "language_id")
	if err != nil {
		return err
	}
	stores, err := a.grouped("category_to_store", "store_id")
	if err != nil {
		return err
	}
	paths, err := a.categoryPaths(a.ids)
	if err != nil {
		return err
	}
	urls, err := a.seoURLs()
	if err != nil {
		return err
	}
	for _, r := range roots.All() {
		id := r.Int("category_id")
		doc := &document.Category{
			ID: id, ParentID: idOrNull(r.Int("parent_id")).Value, Path: paths[id], Enabled: r.Bool("status"), SortOrder: r.Int("sort_order"),
			Image: a.plain(r.Raw("image")), StoreIDs: sortedInts(stores[id], "store_id"),
			Texts: map[string]document.CategoryText{}, SEOURLs: urls[id],
		}
		doc.ImageURL = a.image(doc.Image)
		if doc.Path == nil {
			doc.Path = []string{}
		}
		if doc.SEOURLs == nil {
			doc.SEOURLs = []document.SEOURL{}
		}
		for _, d := range descriptions[id] {
			if code, ok := a.ref.languages[d.Int("language_id")]; ok {
				t := document.CategoryText{
					Name: a.plain(d.Raw("name")), Description: a.plain(d.Raw("description")),
					MetaDescription: a.plain(d.Raw("meta_description")), MetaKeyword: a.plain(d.Raw("meta_keyword")),
				}
				if d.Has("meta_title") {
					t.MetaTitle = pointer(a.plain(d.Raw("meta_title")))
				}
				doc.Texts[code] = t
			}
		}
		res := &result{doc: doc}
		if a.vanished(id, "texts", len(doc.Texts)) || a.vanished(id, "store_ids", len(doc.StoreIDs)) || a.vanished(id, "path", len(doc.Path)) {
			res.halfway = "children"
		}
		a.put(id, res)
	}
	return nil
}

// categoryPaths finds the names from the root down to each category, in the
// default language. oc_category_path holds one row per ancestor, itself included.
func (a *assembly) categoryPaths(ids []int64) (map[int64][]string, error) {
	rows, err := a.Select(shop.Query{Table: "category_path", Columns: []string{"category_id", "path_id", "level"}, Where: "category_id", Keys: ids, Order: []string{"category_id", "level"}})
	if err != nil {
		return nil, err
	}
	var members idSet
	for _, r := range rows.All() {
		members.add(r.Int("path_id"))
	}
	texts, err := a.Select(shop.Query{Table: "category_description", Columns: []string{"category_id", "language_id", "name"}, Where: "category_id", Keys: members.list, Order: []string{"category_id", "language_id"}})
	if err != nil {
		return nil, err
	}
	names := a.inDefault(texts, "category_id", "name")
	out := map[int64][]string{}
	for _, r := range rows.All() {
		id := r.Int("category_id")
		out[id] = append(out[id], names[r.Int("path_id")])
	}
	return out, nil
}

// inDefault picks the texts in the default language, any other where it has none.
func (a *assembly) inDefault(rows *shop.Rows, id, column string) map[int64]string {
	out := map[int64]string{}
	for _, r := range rows.All() {
		k := r.Int(id)
		if _, have := out[k]; !have || r.Int("language_id") == a.ref.language {
			out[k] = a.plain(r.Raw(column))
		}
	}
	return out
}
