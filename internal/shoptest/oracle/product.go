package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// product makes a product document.
func (r *reference) product(rows Rows) (map[string]any, error) {
	row, err := rows.root("product")
	if err != nil {
		return nil, err
	}
	id := row.integer("product_id")
	doc := map[string]any{
		"id":                id,
		"model":             row.text("model"),
		"codes":             codesOf(row, rows["product_code"]),
		"enabled":           row.flag("status"),
		"minimum":           row.integer("minimum"),
		"price":             row.amount("price"),
		"tax_class":         namedOrNil(row.integer("tax_class_id"), r.taxClasses),
		"manufacturer":      namedOrNil(row.integer("manufacturer_id"), r.makers),
		"requires_shipping": row.flag("shipping"),
		"weight":            r.weight(row),
		"dimensions": map[string]any{
			"length": row.amount("length"), "width": row.amount("width"), "height": row.amount("height"),
			"unit": r.lengths[row.integer("length_class_id")],
		},
		"available_from": date(row.raw("date_available")),
		"points":         row.integer("points"),
		"location":       row.text("location"),
		"sort_order":     row.integer("sort_order"),
		"image":          row.text("image"),
		"images":         images(rows["product_image"]),
		"texts": r.texts(rows["product_description"], map[string]string{
			"name": "name", "description": "description", "meta_title": "meta_title",
			"meta_description": "meta_description", "meta_keyword": "meta_keyword", "tag": "tags",
		}),
		"seo_urls":   r.seoURLs(rows),
		"categories": r.productCategories(rows["product_to_category"]),
		"store_ids":  ids(rows["product_to_store"], "store_id"),
		"attributes": r.productAttributes(rows["product_attribute"]),
		"options":    r.productOptions(rows),
		"related":    ids(rows["product_related"], "related_id"),
	}
	if doc["texts"] = r.withTags(doc["texts"].(map[string]any), rows); r.oneOffers {
		rows = maps.Clone(rows)
		delete(rows, "product_special") // an upgrade left them behind
	}
	if doc["specials"], doc["discounts"], err = offers(rows); err != nil {
		return nil, err
	}
	if row.has("master_id") {
		doc["master_id"] = row.reference("master_id")
	}
	if row.has("variant") {
		doc["variant"] = nil
		if row.integer("master_id") > 0 {
			chosen, err := keyed(row.raw("variant"))
			if err != nil {
				return nil, fmt.Errorf("variant: %w", err)
			}
			if chosen == nil {
				chosen = map[string]any{}
			}
			doc["variant"] = plainJSON(chosen)
		}
	}
	if doc["created_at"], err = instant(row.raw("date_added"), r.zone); err != nil {
		return nil, err
	}
	return doc, nil
}

// weight is the weight of one piece without options.
func (r *reference) weight(product Row) map[string]any {
	return map[string]any{
		"value": product.amount("weight"), "unit": r.weights[product.integer("weight_class_id")],
	}
}

// images are the further pictures of a product.
func images(rows []Row) []any {
	paths := []any{}
	for _, row := range sorted(rows, by("sort_order"), by("product_image_id")) {
		paths = append(paths, row.text("image"))
	}
	return paths
}

// texts are the descriptions by language code; fields maps a column, where it exists, to its field.
func (r *reference) texts(rows []Row, fields map[string]string) map[string]any {
	texts := map[string]any{}
	for _, row := range rows {
		code, known := r.languages[row.integer("language_id")]
		if !known {
			continue
		}
		text := map[string]any{}
		for column, field := range fields {
			if row.has(column) {
				text[field] = row.text(column)
			}
		}
		texts[code] = text
	}
	return texts
}

// withTags adds the tags of a shop that keeps each in a row (before 1.5.4).
func (r *reference) withTags(texts map[string]any, rows Rows) map[string]any {
	for id, code := range r.languages {
		if text, ok := texts[code].(map[string]any); ok && text["tags"] == nil {
			var tags []string
			for _, row := range sorted(rows["product_tag"], by("product_tag_id")) {
				if row.integer("language_id") == id {
					tags = append(tags, row.text("tag"))
				}
			}
			text["tags"] = strings.Join(tags, ",")
		}
	}
	return texts
}

// offers are the special prices and the quantity discounts; 4.1 keeps both in one table.
func offers(rows Rows) (specials, discounts []any, err error) {
	specials, discounts = []any{}, []any{}
	orders := []order{by("customer_group_id"), by("quantity"), by("priority"), byAmount("price"), byDate("date_start"), byDate("date_end")}
	for _, row := range sorted(rows["product_discount"], orders...) {
		one, err := offer(row)
		if err != nil {
			return nil, nil, err
		}
		if !row.flag("special") {
			one["quantity"] = row.integer("quantity")
			discounts = append(discounts, one)
		}
	}
	withoutQuantity := slices.Delete(slices.Clone(orders), 1, 2)
	special := slices.DeleteFunc(slices.Clone(rows["product_discount"]), func(row Row) bool { return !row.flag("special") })
	for _, row := range sorted(slices.Concat(rows["product_special"], special), withoutQuantity...) {
		one, err := offer(row)
		if err != nil {
			return nil, nil, err
		}
		specials = append(specials, one)
	}
	return specials, discounts, nil
}

// offer is what a special price and a discount have in common.
func offer(row Row) (map[string]any, error) {
	kind := "price"
	if row.has("type") { // 4.1
		kind = map[string]string{"F": "price", "P": "percent", "S": "subtract"}[row.raw("type")]
		if kind == "" {
			return nil, fmt.Errorf("discount of unknown type %q", row.raw("type"))
		}
	}
	return map[string]any{
		"customer_group_id": row.integer("customer_group_id"),
		"priority":          row.integer("priority"),
		kind:                row.amount("price"),
		"from":              date(row.raw("date_start")),
		"until":             date(row.raw("date_end")),
	}, nil
}

// productCategories are the categories of a product with their names from the root on.
func (r *reference) productCategories(rows []Row) []any {
	categories := []any{}
	for _, row := range sorted(rows, by("category_id")) {
		id := row.integer("category_id")
		categories = append(categories, map[string]any{"id": id, "path": r.path(r.paths[id])})
	}
	return categories
}

// productAttributes groups the attribute texts by attribute.
func (r *reference) productAttributes(rows []Row) []any {
	attributes := []any{}
	for _, id := range ids(rows, "attribute_id") {
		texts := map[string]any{}
		for _, row := range rows {
			if code, known := r.languages[row.integer("language_id")]; known && row.integer("attribute_id") == id {
				texts[code] = row.text("text")
			}
		}
		attributes = append(attributes, map[string]any{"id": id, "name": lookup(r.attributes, id.(int64)), "texts": texts})
	}
	return attributes
}

// productOptions are the options of a product and what each of their values adds.
func (r *reference) productOptions(rows Rows) []any {
	options := []any{}
	for _, row := range sorted(rows["product_option"], by("option_id"), by("product_option_id")) {
		values := []any{}
		for _, v := range sorted(rows["product_option_value"], by("option_value_id"), by("product_option_value_id")) {
			if v.integer("product_option_id") != row.integer("product_option_id") {
				continue
			}
			values = append(values, map[string]any{
				"option_value_id": v.integer("option_value_id"),
				"name":            lookup(r.values, v.integer("option_value_id")),
				"price":           v.raw("price_prefix") + fixed(v.raw("price")),
				"weight":          v.raw("weight_prefix") + fixed(v.raw("weight")),
				"points":          v.raw("points_prefix") + v.raw("points"),
			})
		}
		id := row.integer("option_id")
		options = append(options, map[string]any{
			"option_id": id,
			"name":      lookup(r.options, id),
			"type":      lookup(r.types, id),
			"required":  row.flag("required"),
			"values":    values,
		})
	}
	return options
}

// ids are the values of a column, ascending, each once.
func ids(rows []Row, column string) []any {
	found := []any{}
	for _, row := range sorted(rows, by(column)) {
		if id := row.integer(column); len(found) == 0 || found[len(found)-1] != id {
			found = append(found, id)
		}
	}
	return found
}
