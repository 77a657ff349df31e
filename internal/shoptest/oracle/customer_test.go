package oracle

import (
	"context"
	"fmt"
	"testing"
)

func TestCustomer(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	address := func(id int, more string) string {
		return fmt.Sprintf(`{"address_id": %d, "customer_id": 3, "firstname": "A", "lastname": "B", "company": "C &amp; D", "address_1": "1",
			"address_2": "", "city": "X", "postcode": "P", "country_id": 3, "zone_id": 5 %s}`, id, more)
	}
	shown := func(id int, isDefault bool, more string) string {
		return fmt.Sprintf(`{"id": %d, "default": %t, "first_name": "A", "last_name": "B", "company": "C & D", "address_1": "1", "address_2": "",
			"city": "X", "postcode": "P", "country": {"code": "CI", "code3": "CIV", "name": "C&ocirc;te & Sea"},
			"zone": {"code": "AQ", "name": "L'Aquila"} %s}`, id, isDefault, more)
	}
	root := func(more string) string {
		return `{"customer_id": 3, "store_id": 1, "customer_group_id": 1, "firstname": "J", "lastname": "&lt;X&gt;", "email": "e", "telephone": "1",
			"newsletter": 1, "status": 0, "date_added": "2026-01-01 00:30:00" ` + more + `}`
	}
	old := document(t, o, "customer", fmt.Sprintf(`{"customer": %s, "address": [%s, %s]}`,
		root(`, "address_id": 8, "fax": "f", "approved": 1`), address(9, `, "tax_id": "T"`), address(8, "")))
	check(t, old, fmt.Sprintf(`{"id": 3, "store_id": 1, "group": {"id": 1, "name": "Default"}, "first_name": "J", "last_name": "<X>", "email": "e",
		"phone": "1", "fax": "f", "newsletter": true, "enabled": false, "approved": true, "created_at": "2025-12-31T23:30:00Z",
		"addresses": [%s, %s]}`, shown(8, true, ""), shown(9, false, `, "tax_id": "T"`)))
	checkAbsent(t, old, "language", "custom_fields")

	modern := document(t, o, "customer", fmt.Sprintf(`{"customer": %s, "address": [%s, %s]}`,
		root(`, "language_id": 2, "custom_field": ""`), address(8, `, "default": 0, "custom_field": null`), address(9, `, "default": 1, "custom_field": "{}"`)))
	check(t, modern, fmt.Sprintf(`{"language": "de-de", "custom_fields": [], "addresses": [%s, %s]}`,
		shown(8, false, `, "custom_fields": []`), shown(9, true, `, "custom_fields": []`)))
	checkAbsent(t, modern, "fax", "approved")
}

func TestOrderAddress(t *testing.T) {
	filled := `{"first_name": "", "last_name": "", "company": "", "address_1": "", "address_2": "", "city": "%s", "postcode": "", "country": %s, "zone": %s}`
	for name, c := range map[string]struct{ columns, want string }{
		"country by id":   {`, "payment_country_id": 3`, fmt.Sprintf(filled, "", `{"code": "CI", "code3": "CIV", "name": "C&ocirc;te & Sea"}`, "null")},
		"own copy wins":   {`, "payment_country_id": 3, "payment_country": "Ivory &amp; Coast"`, fmt.Sprintf(filled, "", `{"code": "CI", "code3": "CIV", "name": "Ivory & Coast"}`, "null")},
		"only a name":     {`, "payment_country_id": 99, "payment_country": "Elsewhere", "payment_zone": "Z"`, fmt.Sprintf(filled, "", `{"code": null, "code3": null, "name": "Elsewhere"}`, `{"code": null, "name": "Z"}`)},
		"unknown country": {`, "payment_city": "X", "payment_country_id": 99, "payment_zone_id": 99`, fmt.Sprintf(filled, "X", "null", "null")},
		"zone by id":      {`, "payment_city": "X", "payment_zone_id": 5`, fmt.Sprintf(filled, "X", "null", `{"code": "AQ", "name": "L'Aquila"}`)},
		"empty":           {`, "payment_zone": "", "payment_custom_field": "[]"`, "null"},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := newUnit(t, `{}`)
			doc := document(t, o, "order", anOrder(c.columns, ""))
			check(t, doc, `{"billing_address": `+c.want+`, "shipping_address": null}`)
		})
	}
}

// TestPlaceNamesInTheirOwnTables is 4.1, where country and zone have translations.
func TestPlaceNamesInTheirOwnTables(t *testing.T) {
	o, _ := newUnit(t, `{"country": [{"country_id": 3, "iso_code_2": "CI", "iso_code_3": "CIV"}], "zone": [{"zone_id": 5, "code": "AQ"}],
		"country_description": [{"country_id": 3, "language_id": 1, "name": "Ivory &amp; Coast"}, {"country_id": 3, "language_id": 2, "name": "x"}],
		"zone_description": [{"zone_id": 5, "language_id": 2, "name": "y"}]}`)
	address, err := o.ref.address(Row{"country_id": int64(3), "zone_id": int64(5)}, "")
	if err != nil {
		t.Fatal(err)
	}
	check(t, address, `{"country": {"code": "CI", "code3": "CIV", "name": "Ivory & Coast"}, "zone": {"code": "AQ", "name": null}}`)
}

func TestCustomFields(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	for stored, want := range map[string]string{
		``: `[]`, `[]`: `[]`, `{}`: `[]`, `null`: `[]`, ` `: `[]`,
		`{"10":"a &amp; b","1":"7"}`:                   `[{"id": 1, "name": "How", "value": "7", "text": "By <mail>"}, {"id": 10, "name": "VAT id", "value": "a & b"}]`,
		`{"2":["8","7","99"]}`:                         `[{"id": 2, "name": null, "value": ["8", "7", "99"], "text": ["By phone", "By <mail>", ""]}]`,
		`{"2":{"0":"8","2":"7","10":"7"}}`:             `[{"id": 2, "name": null, "value": ["8", "7", "7"], "text": ["By phone", "By <mail>", "By <mail>"]}]`,
		`{"2":[],"1":""}`:                              `[{"id": 1, "name": "How", "value": "", "text": ""}, {"id": 2, "name": null, "value": [], "text": []}]`,
		`{"99":5,"98":null}`:                           `[{"id": 98, "name": null, "value": ""}, {"id": 99, "name": null, "value": "5"}]`,
		`["zero"]`:                                     `[{"id": 0, "name": null, "value": "zero"}]`,
		`a:2:{i:10;s:5:"café";i:2;a:1:{i:0;s:1:"7";}}`: `[{"id": 2, "name": null, "value": ["7"], "text": ["By <mail>"]}, {"id": 10, "name": "VAT id", "value": "café"}]`,
		`{"10":"caf\u00e9 \u2713 &amp;lt;"}`:           `[{"id": 10, "name": "VAT id", "value": "café ✓ &lt;"}]`,
	} {
		fields, err := o.ref.customFields(stored)
		if err != nil {
			t.Fatal(err)
		}
		check(t, map[string]any{"f": fields}, `{"f": `+want+`}`)
	}
	for _, stored := range []string{`{`, `"x"`, `{"a":"b"}`, `{"1":true}`, `a:1:{i:1;s:2:"x";}`, `a:1:{i:1;s:1:"x";`, `a:1:{i:1;O:1:"x";}`} {
		if fields, err := o.ref.customFields(stored); err == nil {
			t.Errorf("%s: %v instead of an error", stored, fields)
		}
	}
	if _, err := o.Document(context.Background(), "customer", parse(t, `{"customer": {"customer_id": 1, "custom_field": "{"}, "address": []}`)); err == nil {
		t.Error("a customer with broken custom fields")
	}
}
