package oracle

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
)

// aShop are the reference tables of a small 3.x shop.
const aShop = `{
	"language": [{"language_id": 1, "code": "en-gb"}, {"language_id": 2, "code": "de-de"}],
	"setting": [
		{"store_id": 0, "key": "config_language", "value": "en-gb"},
		{"store_id": 0, "key": "config_currency", "value": "EUR"},
		{"store_id": 0, "key": "config_timezone", "value": "Europe/Berlin"},
		{"store_id": 1, "key": "config_currency", "value": "USD"}
	],
	"currency": [{"code": "EUR", "decimal_place": "2"}, {"code": "JPY", "decimal_place": "0"}],
	"tax_rate": [{"name": "VAT &amp; more", "rate": "20.0000", "type": "P"}, {"name": "Eco", "rate": "2.0000", "type": "F"}],
	"tax_class": [{"tax_class_id": 9, "title": "Taxable"}],
	"country": [{"country_id": 3, "name": "C&ocirc;te &amp; Sea", "iso_code_2": "CI", "iso_code_3": "CIV"}],
	"zone": [{"zone_id": 5, "name": "L&#039;Aquila", "code": "AQ"}],
	"order_status": [
		{"order_status_id": 1, "language_id": 1, "name": "Pending"}, {"order_status_id": 1, "language_id": 2, "name": "Offen"},
		{"order_status_id": 2, "language_id": 1, "name": "Processing"}, {"order_status_id": 16, "language_id": 1, "name": "Voided"}
	],
	"customer_group_description": [{"customer_group_id": 1, "language_id": 1, "name": "Default"}],
	"stock_status": [{"stock_status_id": 5, "language_id": 1, "name": "Out of stock"}],
	"weight_class_description": [{"weight_class_id": 1, "language_id": 1, "unit": "kg"}, {"weight_class_id": 1, "language_id": 2, "unit": "Kilo"}],
	"length_class_description": [{"length_class_id": 1, "language_id": 1, "unit": "cm"}],
	"manufacturer": [{"manufacturer_id": 8, "name": "Apple &amp; Co"}],
	"attribute_description": [{"attribute_id": 3, "language_id": 1, "name": "Clock"}],
	"option": [{"option_id": 5, "type": "select"}, {"option_id": 4, "type": "text"}],
	"option_description": [{"option_id": 5, "language_id": 1, "name": "Colour"}, {"option_id": 4, "language_id": 1, "name": "Engraving"}],
	"option_value_description": [{"option_value_id": 40, "language_id": 1, "name": "Blue"}, {"option_value_id": 41, "language_id": 1, "name": "Red"}],
	"custom_field": [{"custom_field_id": 1, "type": "select"}, {"custom_field_id": 2, "type": "checkbox"}, {"custom_field_id": 10, "type": "text"}],
	"custom_field_description": [{"custom_field_id": 1, "language_id": 1, "name": "How"}, {"custom_field_id": 10, "language_id": 1, "name": "VAT id"}],
	"custom_field_value_description": [{"custom_field_value_id": 7, "language_id": 1, "name": "By &lt;mail&gt;"}, {"custom_field_value_id": 8, "language_id": 1, "name": "By phone"}],
	"category_description": [{"category_id": 20, "language_id": 1, "name": "Desktops"}, {"category_id": 28, "language_id": 1, "name": "Mice &amp; more"}],
	"category_path": [{"category_id": 20, "path_id": 20, "level": 0}, {"category_id": 28, "path_id": 28, "level": 1}, {"category_id": 28, "path_id": 20, "level": 0}],
	"product": [{"product_id": 40, "model": "m", "sku": "S-40", "upc": "U", "ean": "", "tax_class_id": 9, "weight": "1.50000000", "weight_class_id": 1, "shipping": 1}],
	"product_option": [{"product_option_id": 217, "product_id": 40, "option_id": 5}, {"product_option_id": 208, "product_id": 40, "option_id": 4}],
	"product_option_value": [{"product_option_value_id": 3, "product_option_id": 217, "product_id": 40, "option_id": 5, "option_value_id": 40}]
}`

// parse reads tables from JSON.
func parse(t *testing.T, text string) Rows {
	t.Helper()
	v, err := parseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readTables(v.(map[string]any))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// newUnit opens an oracle on aShop; tables replaces or adds tables.
func newUnit(t *testing.T, replace string) (*Oracle, tables) {
	t.Helper()
	shop := tables(parse(t, aShop))
	maps.Copy(shop, parse(t, replace))
	o := &Oracle{source: shop}
	o.Reset()
	if err := o.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	return o, shop
}

// document makes a document from JSON tables.
func document(t *testing.T, o *Oracle, entity, rows string) map[string]any {
	t.Helper()
	doc, err := o.Document(context.Background(), entity, parse(t, rows))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// check compares fields of a document with JSON: every field in want must be there and equal.
func check(t *testing.T, doc map[string]any, want string) {
	t.Helper()
	v, err := parseJSON([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	some := map[string]any{}
	for field := range v.(map[string]any) {
		if value, ok := doc[field]; ok {
			some[field] = value
		}
	}
	text, err := json.Marshal(some)
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range Compare(v.(map[string]any), text) {
		t.Error(difference)
	}
}

// checkAbsent says that an OpenCart version without the columns has no such fields.
func checkAbsent(t *testing.T, doc map[string]any, fields ...string) {
	t.Helper()
	for _, field := range fields {
		if value, ok := doc[field]; ok {
			t.Errorf("%s is there: %s", field, text(value))
		}
	}
}
