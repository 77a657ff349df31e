package oracle

import (
	"context"
	"testing"
)

// aProduct is a product of 3.x with all its tables.
const aProduct = `{
	"product": {"product_id": 42, "model": "P &amp; Q", "sku": "s&amp;1", "upc": "", "ean": "E", "jan": "", "isbn": "", "mpn": "",
		"location": "", "quantity": 990, "stock_status_id": 5, "image": null, "manufacturer_id": 8, "shipping": 1, "price": "100.0000",
		"points": 400, "tax_class_id": 9, "date_available": "2009-02-04", "weight": "12.50000000", "weight_class_id": 1, "length": "1.00000000",
		"width": "0E-8", "height": "3.00000000", "length_class_id": 99, "subtract": 1, "minimum": 2, "sort_order": 3, "status": 1,
		"viewed": 7, "date_added": "2009-02-03 21:07:37"},
	"product_description": [
		{"language_id": 2, "name": "d", "description": "", "tag": "", "meta_title": "", "meta_description": "", "meta_keyword": ""},
		{"language_id": 9, "name": "of no language"},
		{"language_id": 1, "name": "30&quot;", "description": "&lt;p&gt;a &amp;amp; b&lt;/p&gt;", "tag": "t", "meta_title": "mt", "meta_description": "md", "meta_keyword": "mk"}],
	"product_to_category": [{"category_id": 28}, {"category_id": 20}, {"category_id": 99}],
	"product_to_store": [{"store_id": 1}, {"store_id": 0}],
	"product_option": [
		{"product_option_id": 3, "option_id": 5, "required": 1}, {"product_option_id": 2, "option_id": 5, "required": 0}, {"product_option_id": 9, "option_id": 4, "required": 1, "value": "x"}],
	"product_option_value": [
		{"product_option_value_id": 6, "product_option_id": 3, "option_id": 5, "option_value_id": 41, "quantity": 1, "subtract": 0, "price": "1.0000", "price_prefix": "-", "points": 2, "points_prefix": "-", "weight": "0E-8", "weight_prefix": "+"},
		{"product_option_value_id": 7, "product_option_id": 3, "option_id": 5, "option_value_id": 40, "quantity": 2, "subtract": 1, "price": "3.0000", "price_prefix": "+", "points": 0, "points_prefix": "+", "weight": "3.00000000", "weight_prefix": "-"}],
	"product_special": [
		{"product_special_id": 1, "customer_group_id": 1, "priority": 1, "price": "90.0000", "date_start": "0000-00-00", "date_end": "2027-01-01"},
		{"product_special_id": 2, "customer_group_id": 1, "priority": 1, "price": "9.0000", "date_start": "2026-01-01", "date_end": null},
		{"product_special_id": 3, "customer_group_id": 1, "priority": 0, "price": "95.0000", "date_start": "0000-00-00", "date_end": "0000-00-00"},
		{"product_special_id": 4, "customer_group_id": 1, "priority": 1, "price": "90.0000", "date_start": "0000-00-00", "date_end": "0000-00-00"}],
	"product_discount": [
		{"product_discount_id": 1, "customer_group_id": 1, "quantity": 20, "priority": 1, "price": "77.0000", "date_start": "0000-00-00", "date_end": "0000-00-00"},
		{"product_discount_id": 2, "customer_group_id": 1, "quantity": 5, "priority": 1, "price": "88.0000", "date_start": "0000-00-00", "date_end": "0000-00-00"}],
	"product_attribute": [{"attribute_id": 3, "language_id": 2, "text": "1 &lt; 2"}, {"attribute_id": 3, "language_id": 1, "text": "x"}, {"attribute_id": 1, "language_id": 1, "text": "y"}],
	"product_image": [{"product_image_id": 2, "image": "b &amp; c.jpg", "sort_order": 0}, {"product_image_id": 1, "image": "z.jpg", "sort_order": 1}, {"product_image_id": 3, "image": "a.jpg", "sort_order": 0}],
	"product_related": [{"product_id": 42, "related_id": 41}, {"product_id": 42, "related_id": 40}],
	"seo_url": [{"store_id": 1, "language_id": 1, "keyword": "a"}, {"store_id": 0, "language_id": 1, "keyword": "b"}, {"store_id": 0, "language_id": 2, "keyword": "c"}, {"store_id": 0, "language_id": 9, "keyword": "d"}]
}`

func TestProduct(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	doc := document(t, o, "product", aProduct)
	check(t, doc, `{
		"id": 42, "model": "P & Q", "codes": {"sku": "s&1", "ean": "E"}, "enabled": true, "minimum": 2, "price": "100.0000",
		"tax_class": {"id": 9, "name": "Taxable"}, "manufacturer": {"id": 8, "name": "Apple & Co"}, "requires_shipping": true,
		"weight": {"value": "12.50000000", "unit": "kg"}, "dimensions": {"length": "1.00000000", "width": "0.00000000", "height": "3.00000000", "unit": ""},
		"available_from": "2009-02-04", "points": 400, "location": "", "sort_order": 3, "image": "", "images": ["b & c.jpg", "a.jpg", "z.jpg"],
		"texts": {
			"en-gb": {"name": "30\"", "description": "<p>a &amp; b</p>", "tags": "t", "meta_title": "mt", "meta_description": "md", "meta_keyword": "mk"},
			"de-de": {"name": "d", "description": "", "tags": "", "meta_title": "", "meta_description": "", "meta_keyword": ""}},
		"categories": [{"id": 20, "path": ["Desktops"]}, {"id": 28, "path": ["Desktops", "Mice & more"]}, {"id": 99, "path": []}],
		"store_ids": [0, 1], "related": [40, 41], "created_at": "2009-02-03T20:07:37Z",
		"attributes": [{"id": 1, "name": null, "texts": {"en-gb": "y"}}, {"id": 3, "name": "Clock", "texts": {"en-gb": "x", "de-de": "1 < 2"}}],
		"options": [
			{"option_id": 4, "name": "Engraving", "type": "text", "required": true, "values": []},
			{"option_id": 5, "name": "Colour", "type": "select", "required": false, "values": []},
			{"option_id": 5, "name": "Colour", "type": "select", "required": true, "values": [
				{"option_value_id": 40, "name": "Blue", "price": "+3.0000", "weight": "-3.00000000", "points": "+0"},
				{"option_value_id": 41, "name": "Red", "price": "-1.0000", "weight": "+0.00000000", "points": "-2"}]}],
		"specials": [
			{"customer_group_id": 1, "priority": 0, "price": "95.0000", "from": null, "until": null},
			{"customer_group_id": 1, "priority": 1, "price": "9.0000", "from": "2026-01-01", "until": null},
			{"customer_group_id": 1, "priority": 1, "price": "90.0000", "from": null, "until": null},
			{"customer_group_id": 1, "priority": 1, "price": "90.0000", "from": null, "until": "2027-01-01"}],
		"discounts": [
			{"customer_group_id": 1, "quantity": 5, "priority": 1, "price": "88.0000", "from": null, "until": null},
			{"customer_group_id": 1, "quantity": 20, "priority": 1, "price": "77.0000", "from": null, "until": null}],
		"seo_urls": [
			{"store_id": 0, "language": null, "keyword": "d"}, {"store_id": 0, "language": "de-de", "keyword": "c"},
			{"store_id": 0, "language": "en-gb", "keyword": "b"}, {"store_id": 1, "language": "en-gb", "keyword": "a"}]
	}`)
	checkAbsent(t, doc, "master_id", "variant")
}

// TestModernProduct is 4.1: codes and specials lie elsewhere, there are variants, and almost everything may be NULL.
func TestModernProduct(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	row := func(master, variant string) string {
		return `{"product": {"product_id": 42, "master_id": ` + master + `, "variant": ` + variant + `, "manufacturer_id": 0, "tax_class_id": null,
				"date_available": "0000-00-00", "date_added": null, "location": null},
			"product_code": [{"product_code_id": 1, "product_id": 42, "code": "SKU", "value": "S"}, {"product_code_id": 2, "product_id": 42, "code": "Gtin", "value": "G"}],
			"product_discount": [
				{"product_discount_id": 1, "customer_group_id": 1, "quantity": 1, "priority": 1, "price": "9.9900", "type": "F", "special": 1, "date_start": "2026-01-01", "date_end": "2027-12-31"},
				{"product_discount_id": 2, "customer_group_id": 1, "quantity": 10, "priority": 1, "price": "88.0000", "type": "P", "special": 0, "date_start": null, "date_end": null},
				{"product_discount_id": 3, "customer_group_id": 1, "quantity": 10, "priority": 2, "price": "5.0000", "type": "S", "special": 0, "date_start": null, "date_end": null}]}`
	}
	check(t, document(t, o, "product", row("0", `"{\"226\":\"17\"}"`)), `{"master_id": null, "variant": null, "manufacturer": null, "tax_class": null,
		"codes": {"sku": "S", "gtin": "G"}, "available_from": null, "created_at": null, "location": "", "price": null,
		"specials": [{"customer_group_id": 1, "priority": 1, "price": "9.9900", "from": "2026-01-01", "until": "2027-12-31"}],
		"discounts": [
			{"customer_group_id": 1, "quantity": 10, "priority": 1, "percent": "88.0000", "from": null, "until": null},
			{"customer_group_id": 1, "quantity": 10, "priority": 2, "subtract": "5.0000", "from": null, "until": null}]}`)
	check(t, document(t, o, "product", row("40", `"{\"226\":\"17\",\"227\":18,\"228\":[\"1\"]}"`)),
		`{"master_id": 40, "variant": {"226": "17", "227": 18, "228": ["1"]}}`)
	check(t, document(t, o, "product", row("40", `""`)), `{"variant": {}}`)
	if _, err := o.Document(context.Background(), "product", parse(t, row("40", `"{"`))); err == nil {
		t.Error("a product with a broken variant")
	}
}

func TestStock(t *testing.T) {
	o, _ := newUnit(t, aProduct)
	options := `"options": [{"option_id": 5, "option_value_id": 40, "quantity": 2, "subtract_stock": true},
		{"option_id": 5, "option_value_id": 41, "quantity": 1, "subtract_stock": false}]`
	check(t, document(t, o, "stock", aProduct), `{"product_id": 42, "sku": "s&1", "model": "P & Q", "quantity": 990, "subtract_stock": true,
		"stock_status": {"id": 5, "name": "Out of stock"}, `+options+`}`)
	check(t, document(t, o, "stock", `{"stock": {"product_id": 42, "quantity": 7}, "product_option_value": []}`),
		`{"product_id": 42, "model": "P & Q", "quantity": 7, "options": []}`)
}

func TestCategory(t *testing.T) {
	o, _ := newUnit(t, `{"category_to_store": [{"category_id": 28, "store_id": 0}], "seo_url": [
		{"store_id": 0, "language_id": 1, "key": "path", "value": "20_28", "keyword": "desktops/mice"},
		{"store_id": 0, "language_id": 1, "key": "path", "value": "28_21", "keyword": "other"},
		{"store_id": 0, "language_id": 1, "key": "path", "value": "128", "keyword": "other"},
		{"store_id": 0, "language_id": 1, "key": "product_id", "value": "28", "keyword": "product"}]}`)
	rows := `{"category": {"category_id": 28, "parent_id": 20, "image": "a &amp; b.jpg", "sort_order": 4, "status": 1, "top": 1},
		"category_description": [{"language_id": 1, "name": "Mice &amp; more", "description": "", "meta_title": "", "meta_description": "", "meta_keyword": ""}],
		"category_path": [{"category_id": 28, "path_id": 28, "level": 1}, {"category_id": 28, "path_id": 20, "level": 0}]}`
	check(t, document(t, o, "category", rows), `{"id": 28, "parent_id": 20, "path": ["Desktops", "Mice & more"], "enabled": true, "sort_order": 4,
		"image": "a & b.jpg", "store_ids": [0], "seo_urls": [{"store_id": 0, "language": "en-gb", "keyword": "desktops/mice"}],
		"texts": {"en-gb": {"name": "Mice & more", "description": "", "meta_title": "", "meta_description": "", "meta_keyword": ""}}}`)

	check(t, document(t, o, "category", `{"category": {"category_id": 20, "parent_id": 0, "status": 0}}`),
		`{"parent_id": null, "path": ["Desktops"], "enabled": false, "image": "", "seo_urls": [], "store_ids": []}`)
}

// TestWebAddressesByVersion reads them from the database as each version keeps them.
func TestWebAddressesByVersion(t *testing.T) {
	rows := `{"product": {"product_id": 42}}`
	for name, c := range map[string]struct{ shop, want string }{
		"2.x": {`{"url_alias": [{"query": "product_id=42", "keyword": "b"}, {"query": "product_id=42", "keyword": "a"}, {"query": "category_id=42", "keyword": "c"}]}`,
			`[{"keyword": "a"}, {"keyword": "b"}]`},
		"3.x": {`{"seo_url": [{"store_id": 0, "language_id": 1, "query": "product_id=42", "keyword": "a"}, {"store_id": 0, "language_id": 1, "query": "product_id=4", "keyword": "b"}]}`,
			`[{"store_id": 0, "language": "en-gb", "keyword": "a"}]`},
		"4.x": {`{"seo_url": [{"store_id": 0, "language_id": 1, "key": "product_id", "value": "42", "keyword": "a"}, {"store_id": 0, "language_id": 1, "key": "product_id", "value": "4", "keyword": "b"},
			{"store_id": 0, "language_id": 1, "key": "path", "value": "42", "keyword": "c"}]}`,
			`[{"store_id": 0, "language": "en-gb", "keyword": "a"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := newUnit(t, c.shop)
			check(t, document(t, o, "product", rows), `{"seo_urls": `+c.want+`}`)
		})
	}
}
