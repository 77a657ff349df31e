package expression_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octail/internal/expression"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

const order = `{
 "id": 1042, "store": {"id": 0, "name": "Example Shop"}, "status": {"id": 5, "name": "Complete"}, "placed_at": "2026-01-31T10:00:00Z",
 "currency": {"code": "EUR", "rate": "1.10000000", "decimals": 2, "base": "EUR"},
 "customer": {"id": null, "group": {"id": 1, "name": "Default"}, "email": "dave@example.com",
  "custom_fields": [{"id": 1, "name": "VAT", "value": "DE1"}, {"id": 2, "name": "Colours", "value": ["1", "2"]}]},
 "billing_address": null, "shipping_address": {"city": "Testville", "country": {"code": "GB", "code3": "GBR"}, "zone": null},
 "shipping": {"method": "flat", "code": "flat.flat", "name": "Flat", "cost": "5.0000"},
 "lines": [
  {"line": 1, "sku": "B2B-1", "quantity": 3, "price": "0.1000", "total": "0.3000", "codes": {"ean": "4"}, "requires_shipping": true, "weight": {"value": "0.50000000", "unit": "kg"}},
  {"line": 2, "sku": "X", "quantity": 1, "price": "100.0000", "total": "100.0000", "codes": {}, "requires_shipping": null, "weight": null}],
 "totals": [{"code": "total", "title": "Total", "value": "105.3000", "tax": null}], "total": "105.3000", "coupon_code": null, "comment": ""}`

func TestTrue(t *testing.T) {
	for _, text := range []string{
		"total >= 105.3", `total == "105.30"`, "total > 105", "total > 105.2999 and total < 105.3001", "total != 105", "105.3 == total", "total > -9.5",
		// exact where floating point is not: 0.1 * 3
		"lines[0].price * lines[0].quantity == 0.3", "sum(map(lines, .total)) == 100.3", "sum(map(lines, .total)) + shipping.cost == total",
		"sum(map(lines, .quantity)) == 4", `total < "100000000000000000000.01"`, "currency.rate == 1.1", "let twice = total * 2; twice == 210.6 && twice - total == total",
		"lines[0].weight.value * 2 == 1", "lines[1].weight.value == 0",
		// null is the empty value
		"customer.id == 0", `coupon_code == ""`, `not (coupon_code startsWith "X")`, `billing_address.country.code == ""`, `shipping_address.zone.code != "X"`,
		"not lines[1].requires_shipping", "subscription_id == 0", "len(vouchers) == 0",
		`status.id in [2, 5]`, `status.name in ["Complete"]`, `any(lines, .sku startsWith "B2B-")`, `all(lines, .quantity > 0)`, `none(lines, .sku == "")`,
		`one(lines, .sku == "X")`, `count(lines, .quantity > 1) == 1`, `len(filter(lines, .price >= 100)) == 1`, `any(totals, .code == "total" && .value > 105)`,
		`lower("ABC") == "abc" and upper("d") == "D"`, `customer.email matches "^[a-z]+@example\\.com$"`, `lines[0].codes.ean == "4"`, `lines[0].codes["isbn"] == ""`,
		`any(customer.custom_fields, .value == "DE1")`, `placed_at >= "2026-01-01"`, `shipping_address?.country?.code == "GB"`, "total > 1 ? true : false",
		"any(lines, any(totals, .value > 1))",
	} {
		p, err := expression.Compile("order", text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if ok, err := p.Run([]byte(order)); !ok || err != nil {
			t.Errorf("%s: %v %v", text, ok, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "is empty",
		"  ":                          "is empty",
		"totl >= 100":                 "unknown name totl (column 1 of the expression); known: id, number, ",
		"quantity > 1":                "unknown name quantity",
		"status = 2":                  "unexpected token Operator",
		"status.nam == 'x'":           `unknown field "nam"; known: id, name (column 8 of the expression)`,
		"any(lines, .sk == 1)":        `unknown field "sk"; known: line, product_id, `,
		"true and\ntotl > 1":          "(line 2, column 1 of the expression)",
		"total":                       "must be true or false, but is of type amount",
		"customer":                    "must be true or false, but is of type object",
		"status.id":                   "must be true or false",
		`total > "much"`:              `an amount is written 99.95 or "99.95"`,
		`total > "1e5"`:               `an amount is written 99.95 or "99.95"`,
		"total > 0.12345678901234567": "has to be in quotes",
		"total > customer.email":      "with numbers only",
		"status.id > 'x'":             "mismatched types",
		"status.name > 3":             "mismatched types",
		"total in [1, 2]":             "in is not possible with an amount",
		"total ?? 1":                  "?? is not possible",
		"total / 2 > 1":               "there is no exact result",
		"status.id % 2 == 1":          "there is no exact result",
		"2 ** 70 > 1":                 "there is no exact result",
		"total.String() == ''":        "an amount has no fields",
		"lines == lines":              "cannot be compared as a whole",
		"map(lines, .price) == [1]":   "cannot be compared as a whole",
		"coupon_code == nil":          "there is no nil",
		"$env.total > 1":              "$env is not possible",
		"len(1..100000000) > 1":       "ranges (..) are not possible",
		"any(lines, any(lines, any(lines, true)))": "more than 2 loops",
		"now() > 1":                            "unknown name now",
		"repeat('a', 100000000) == ''":         "unknown name repeat",
		"comment matches number":               "its pattern in quotes",
		"comment matches '['":                  "missing closing",
		"float(total) > 1":                     "unknown name float",
		"(((":                                  "unexpected token EOF",
		"total > 1; total":                     "must be true or false",
		strings.Repeat("(", 5000):              "longer than 4096",
		"true" + strings.Repeat("&&true", 600): "exceeds",
	} {
		p, err := expression.Compile("order", text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "struct") || strings.Contains(err.Error(), "\n") || len(err.Error()) > 1000) {
			t.Errorf("%.60q: no message for people: %v", text, err)
		}
		if p != nil {
			t.Errorf("%.60q gave a program", text)
		}
	}
	if _, err := expression.Compile("invoice", "true"); err == nil {
		t.Error("an entity that is none")
	}
}

// TestFails: what is found only with a document is an error of the run, and says nothing
// of its content.
func TestFails(t *testing.T) {
	for text, want := range map[string]string{
		"lines[7].quantity > 1":                                   "index out of range: 7",
		"sum(map(lines, .sku)) > 1":                               "sum takes a list of numbers",
		`all(customer.custom_fields, .value startsWith "DE")`:     "interface conversion",
		`any(customer.custom_fields, .value.secret == "dave")`:    "invalid operation",
		`any(map(lines, .total), # > 1) and lines[9].line == 1`:   "index out of range",
		`len(filter(lines, lines[.quantity * 99].line > 1)) == 1`: "index out of range",
	} {
		p, err := expression.Compile("order", text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		ok, err := p.Run([]byte(order))
		if ok || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %v, want %s", text, ok, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "DE1") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v", text, err)
		}
	}
	p, err := expression.Compile("order", "total > 1")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range []string{``, `[]`, `{"total": "much"}`, `{"total": 5}`, `{"id": "x"}`} {
		if ok, err := p.Run([]byte(doc)); ok || err == nil || strings.Contains(err.Error(), "much") {
			t.Errorf("%s: %v %v", doc, ok, err)
		}
	}
	for _, doc := range []string{`null`, `{}`, `{"total": ""}`, `{"total": null}`} {
		if ok, err := p.Run([]byte(doc)); ok || err != nil {
			t.Errorf("%s: %v %v", doc, ok, err)
		}
	}
}

// TestEnds: two loops over a long order, that make a list each time.
func TestEnds(t *testing.T) {
	long := `{"lines": [` + strings.TrimSuffix(strings.Repeat(`{"sku": "x"},`, 1100), ",") + `]}`
	p, err := expression.Compile("order", `any(lines, len(map(lines, upper(.sku))) == 1)`)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := p.Run([]byte(long)); ok || err == nil || !strings.Contains(err.Error(), "memory budget exceeded") {
		t.Error(ok, err)
	}
}

// TestGrows: what multiplies itself by let does not take all memory.
func TestGrows(t *testing.T) {
	p, err := expression.Compile("order", `let a = total * 99999.1; let b = a*a*a*a*a*a*a*a; let c = b*b*b*b*b*b*b*b; let d = c*c*c*c*c*c*c*c; let e = d*d*d*d*d*d*d*d; let f = e*e*e*e*e*e*e*e; let g = f*f*f*f*f*f*f*f; g > 1`)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := p.Run([]byte(`{"total": "99999.9999"}`)); ok || err == nil || !strings.Contains(err.Error(), "more than 300 digits") {
		t.Error(ok, err)
	}
	for _, text := range []string{`let a = comment + comment; len(a) > 0`, `any(lines, .sku + "y" == "xy")`} {
		if _, err := expression.Compile("order", text); err == nil || !strings.Contains(err.Error(), "texts cannot be joined") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{`quantity + 1 > 0`, `quantity + product_id - 1 != 7`} {
		if _, err := expression.Compile("stock", text); err != nil {
			t.Error(err)
		}
	}
}

// documents of the examples, by entity.
func examples(tb testing.TB) map[string][]byte {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(shoptesting.Examples(tb), "*.json"))
	if err != nil || len(files) == 0 {
		tb.Fatal(files, err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		var e struct {
			Subject string
			Data    json.RawMessage
		}
		if err := json.Unmarshal(b, &e); err != nil {
			tb.Fatal(err)
		}
		entity, _, _ := strings.Cut(e.Subject, "/")
		if out[entity], err = document.DocumentOf(e.Data); err != nil {
			tb.Fatal(err)
		}
	}
	return out
}

// TestExamples: documents of all kinds can be judged.
func TestExamples(t *testing.T) {
	docs := examples(t)
	for entity, text := range map[string]string{
		"order":    `total > 1 and len(lines) > 0 and all(totals, .value != 0)`,
		"customer": `id > 0 and any(addresses, .country.code != "")`,
		"product":  `price > 1 and weight.value >= 0 and any(options, any(.values, .price > 0))`,
		"stock":    `quantity != -77777`,
		"category": `id > 0 and len(path) > 0`,
	} {
		p, err := expression.Compile(entity, text)
		if err != nil {
			t.Errorf("%s: %v", entity, err)
			continue
		}
		if docs[entity] == nil {
			t.Errorf("there is no example of a %s", entity)
		}
		if ok, err := p.Run(docs[entity]); !ok || err != nil {
			t.Errorf("%s: %v %v", entity, ok, err)
		}
	}
}

// FuzzExpression: no text hangs or panics, neither compiled nor run, and every message is
// one line.
func FuzzExpression(f *testing.F) {
	docs := examples(f)
	for _, text := range []string{
		`total >= 99.95`, `any(lines, .sku startsWith "B2B-" and .price * .quantity > 5)`, `let t = total * 2; t > 5 ? customer.id == 0 : false`,
		`sum(map(filter(lines, .quantity > 1), .total)) > 10`, `customer.email matches "a+$"`, `lines[0].codes["ean"] in ["", "4"]`, `not any(totals, .code == "coupon")`,
		`1..5 == nil`, `{"a": total}.a > -1.5`, `"a" + "b" == comment[0:2]`, `reduce(lines, #acc + .total, 0) > 1`, `quantity - 1 < 5`, `-total`, `options[0].values`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for entity, doc := range docs {
			p, err := expression.Compile(entity, text)
			if err == nil {
				_, err = p.Run(doc)
			}
			if err != nil && strings.ContainsAny(strings.ReplaceAll(err.Error(), text, ""), "\n") {
				t.Errorf("%q", err)
			}
		}
	})
}
