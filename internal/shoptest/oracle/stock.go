package oracle

import "maps"

// stock makes a stock document. Expected files hold only product and quantity of some stock levels; level is such a
// row, or none.
func (r *reference) stock(rows Rows, level []Row) (map[string]any, error) {
	product, err := rows.root("product")
	if err != nil {
		return nil, err
	}
	if len(level) > 0 {
		product = maps.Clone(product)
		maps.Copy(product, level[0])
	}
	options := []any{}
	for _, row := range sorted(rows["product_option_value"], by("option_id"), by("option_value_id"), by("product_option_value_id")) {
		options = append(options, map[string]any{
			"option_id":       row.integer("option_id"),
			"option_value_id": row.integer("option_value_id"),
			"quantity":        row.integer("quantity"),
			"subtract_stock":  row.flag("subtract"),
		})
	}
	return map[string]any{
		"product_id":     product.integer("product_id"),
		"sku":            skuOf(codesOf(product, rows["product_code"])),
		"model":          product.text("model"),
		"quantity":       product.integer("quantity"),
		"subtract_stock": product.flag("subtract"),
		"stock_status":   named(product.integer("stock_status_id"), r.stockNames),
		"options":        options,
	}, nil
}
