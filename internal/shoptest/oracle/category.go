package oracle

// category makes a category document.
func (r *reference) category(rows Rows) (map[string]any, error) {
	row, err := rows.root("category")
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"id":         row.integer("category_id"),
		"parent_id":  row.reference("parent_id"),
		"path":       r.path(rows["category_path"]),
		"enabled":    row.flag("status"),
		"sort_order": row.integer("sort_order"),
		"image":      row.text("image"),
		"store_ids":  ids(rows["category_to_store"], "store_id"),
		"texts": r.texts(rows["category_description"], map[string]string{
			"name": "name", "description": "description", "meta_title": "meta_title",
			"meta_description": "meta_description", "meta_keyword": "meta_keyword",
		}),
		"seo_urls": r.seoURLs(rows),
	}, nil
}

// path are the names from the root to the category itself.
func (r *reference) path(rows []Row) []any {
	names := []any{}
	for _, row := range sorted(rows, by("level")) {
		names = append(names, r.categories[row.integer("path_id")])
	}
	return names
}
