package transform

import (
	"slices"
	"strings"

	"octail/internal/shop"
)

// replaced lists tables and columns that a later OpenCart keeps elsewhere, and where. A
// shop that was upgraded may have both; what its release writes is what counts, as in the
// shop itself, and the old is neither read nor watched. Where both kinds may stand side by
// side (codes, methods, custom fields, default addresses) the rows tell: see codes,
// method, customFields and defaultAddress.
var replaced = map[string]string{
	"product_tag":       "product_description.tag",  // 1.5.4
	"url_alias":         "seo_url.keyword",          // 3.0
	"customer.approved": "seo_url.keyword",          // 3.0: pending approvals are rows of their own, and the customer is not enabled
	"product_special":   "product_discount.special", // 4.1
}

// leftOver reports whether a table, or a column of it, was left behind by an upgrade.
func leftOver(s *shop.Schema, table string, column ...string) bool {
	by, ok := replaced[strings.Join(append([]string{table}, column...), ".")]
	if !ok {
		return false
	}
	table, name, _ := strings.Cut(by, ".")
	return s.Has(table, name)
}

// inUse lists the columns of a table that were not left behind by an upgrade.
func inUse(s *shop.Schema, table string, columns []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return leftOver(s, table, c) })
}
