package transform

import "octail/internal/shop"

// needed lists, by table, the columns that every OpenCart we read has and without which
// documents would be wrong: a missing amount would read as 0.
var needed = map[string][]string{
	"order": {
		"order_id", "order_status_id", "store_id", "customer_id", "customer_group_id", "firstname", "lastname", "email", "telephone", "payment_method",
		"shipping_method", "payment_firstname", "payment_lastname", "payment_address_1", "payment_city", "payment_postcode", "payment_country_id",
		"payment_zone_id", "shipping_firstname", "shipping_lastname", "shipping_address_1", "shipping_city", "shipping_postcode", "shipping_country_id",
		"shipping_zone_id", "comment", "total", "currency_code", "currency_value", "date_added",
	},
	"order_product":                  {"order_product_id", "order_id", "product_id", "name", "model", "quantity", "price", "total", "tax"},
	"order_option":                   {"order_option_id", "order_id", "order_product_id", "product_option_id", "product_option_value_id", "name", "value"},
	"order_total":                    {"order_total_id", "order_id", "code", "title", "value", "sort_order"},
	"order_history":                  {"order_history_id", "order_id", "order_status_id", "notify", "comment", "date_added"},
	"order_voucher":                  {"order_voucher_id", "order_id", "description", "amount"},
	"order_status":                   {"order_status_id", "language_id", "name"},
	"customer":                       {"customer_id", "customer_group_id", "store_id", "firstname", "lastname", "email", "telephone", "newsletter", "status", "date_added"},
	"address":                        {"address_id", "customer_id", "firstname", "lastname", "company", "address_1", "address_2", "city", "postcode", "country_id", "zone_id"},
	"customer_group_description":     {"customer_group_id", "language_id", "name"},
	"custom_field":                   {"custom_field_id", "type"},
	"custom_field_description":       {"custom_field_id", "language_id", "name"},
	"custom_field_value_description": {"custom_field_value_id", "language_id", "name"},
	"product": {
		"product_id", "model", "quantity", "subtract", "stock_status_id", "price", "status", "minimum", "manufacturer_id", "shipping", "tax_class_id",
		"weight", "weight_class_id", "length", "width", "height", "length_class_id", "image", "date_added",
	},
	"product_code":             {"product_id", "code", "value"},
	"product_description":      {"product_id", "language_id", "name", "description"},
	"product_option":           {"product_option_id", "product_id", "option_id", "required"},
	"product_option_value":     {"product_option_value_id", "product_option_id", "product_id", "option_id", "option_value_id", "quantity", "subtract", "price", "price_prefix"},
	"product_to_category":      {"product_id", "category_id"},
	"product_to_store":         {"product_id", "store_id"},
	"product_image":            {"product_id", "image", "sort_order"},
	"product_attribute":        {"product_id", "attribute_id", "language_id", "text"},
	"product_discount":         {"product_id", "customer_group_id", "quantity", "priority", "price", "date_start", "date_end"},
	"product_special":          {"product_id", "customer_group_id", "priority", "price", "date_start", "date_end"},
	"product_related":          {"product_id", "related_id"},
	"manufacturer":             {"manufacturer_id", "name"},
	"option":                   {"option_id", "type"},
	"option_description":       {"option_id", "language_id", "name"},
	"option_value_description": {"option_value_id", "language_id", "name"},
	"attribute_description":    {"attribute_id", "language_id", "name"},
	"stock_status":             {"stock_status_id", "language_id", "name"},
	"weight_class_description": {"weight_class_id", "language_id", "unit"},
	"length_class_description": {"length_class_id", "language_id", "unit"},
	"category":                 {"category_id", "parent_id", "status", "sort_order"},
	"category_description":     {"category_id", "language_id", "name"},
	"category_path":            {"category_id", "path_id", "level"},
	"category_to_store":        {"category_id", "store_id"},
	"seo_url":                  {"store_id", "language_id", "keyword"},
	"url_alias":                {"query", "keyword"},
	"setting":                  {"store_id", "key", "value"},
	"language":                 {"language_id", "code"},
	"currency":                 {"code", "decimal_place"},
	"country":                  {"country_id", "iso_code_2"},
	"country_description":      {"country_id", "language_id", "name"},
	"zone":                     {"zone_id", "code"},
	"zone_description":         {"zone_id", "language_id", "name"},
	"tax_class":                {"tax_class_id", "title"},
	"tax_rate":                 {"name", "rate", "type"},
}

// Needed lists the columns of a table without which documents would be wrong.
func Needed(table string) []string { return needed[table] }

// LeftOver reports whether an upgrade of the shop left the table behind: it is not read.
func LeftOver(s *shop.Schema, table string) bool { return leftOver(s, table) }
