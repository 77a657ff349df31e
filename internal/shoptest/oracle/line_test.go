package oracle

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// lineRow is a row of oc_order_product.
func lineRow(id, product, quantity int) string {
	return fmt.Sprintf(`{"order_product_id": %d, "product_id": %d, "name": "N &quot;", "model": "M", "quantity": %d,
		"price": "1.0000", "total": "2.0000", "tax": "0.2000", "reward": 3}`, id, product, quantity)
}

// optionRow is a row of oc_order_option.
func optionRow(id, line, productOption, productOptionValue int, name, value string) string {
	return fmt.Sprintf(`{"order_option_id": %d, "order_product_id": %d, "product_option_id": %d, "product_option_value_id": %d,
		"name": "%s", "value": "%s", "type": "select"}`, id, line, productOption, productOptionValue, name, value)
}

// linesOf makes an order with these lines and options.
func linesOf(t *testing.T, o *Oracle, lines, options []string) []map[string]any {
	t.Helper()
	doc := document(t, o, "order", anOrder("", fmt.Sprintf(`, "order_product": [%s], "order_option": [%s]`,
		strings.Join(lines, ","), strings.Join(options, ","))))
	var found []map[string]any
	for _, line := range doc["lines"].([]any) {
		found = append(found, line.(map[string]any))
	}
	return found
}

// numbers prints line, product and quantity of each line.
func numbers(lines []map[string]any) string {
	var out []string
	for _, l := range lines {
		out = append(out, fmt.Sprintf("%v:%vx%v", l["line"], l["product_id"], l["quantity"]))
	}
	return strings.Join(out, " ")
}

func TestLine(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	lines := linesOf(t, o, []string{lineRow(5, 40, 2)}, []string{
		optionRow(3, 5, 217, 3, "Colour", "Blue"), optionRow(2, 5, 208, 0, "Engraving", "&lt;3"), optionRow(4, 5, 999, 999, "Gone", "x"),
		optionRow(1, 6, 208, 0, "Engraving", "of another line"),
	})
	check(t, lines[0], `{"line": 1, "product_id": 40, "sku": "S-40", "codes": {"upc": "U"}, "model": "M", "name": "N \"", "quantity": 2,
		"price": "1.0000", "tax": "0.2000", "total": "2.0000", "reward": 3, "tax_class": {"id": 9, "name": "Taxable"},
		"weight": {"value": "1.50000000", "unit": "kg"}, "requires_shipping": true, "options": [
			{"option_id": 4, "option_value_id": 0, "name": "Engraving", "value": "<3", "type": "select"},
			{"option_id": 5, "option_value_id": 40, "name": "Colour", "value": "Blue", "type": "select"},
			{"option_id": null, "option_value_id": null, "name": "Gone", "value": "x", "type": "select"}]}`)
	checkAbsent(t, lines[0], "master_id")
}

func TestLineOfAMissingProduct(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	row := strings.Replace(lineRow(5, 77, 1), "{", `{"master_id": 0,`, 1)
	check(t, linesOf(t, o, []string{row}, nil)[0],
		`{"master_id": null, "sku": "", "codes": {}, "tax_class": null, "weight": null, "requires_shipping": null, "options": []}`)
	row = strings.Replace(lineRow(6, 78, 1), "{", `{"master_id": 40,`, 1)
	check(t, linesOf(t, o, []string{row}, nil)[0], `{"line": 2, "master_id": 40}`)
}

func TestLineCodesAsRows(t *testing.T) {
	o, _ := newUnit(t, `{"product": [{"product_id": 40, "tax_class_id": 0}], "product_code": [
		{"product_code_id": 1, "product_id": 40, "code": "SKU", "value": "S&amp;1"}, {"product_code_id": 2, "product_id": 40, "code": "EAN", "value": "E"},
		{"product_code_id": 3, "product_id": 40, "code": "MPN", "value": ""}, {"product_code_id": 4, "product_id": 41, "code": "MPN", "value": "other"}]}`)
	check(t, linesOf(t, o, []string{lineRow(5, 40, 1)}, nil)[0], `{"sku": "S&1", "codes": {"ean": "E"}, "tax_class": null}`)
}

// TestLineNumbers follows one order through edits, which give every row a new id.
func TestLineNumbers(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	blue := func(id, line int) string { return optionRow(id, line, 217, 3, "Colour", "Blue") }
	red := func(id, line int) string { return optionRow(id, line, 217, 4, "Colour", "Red") }
	for _, step := range []struct {
		why            string
		lines, options []string
		want           string
	}{
		{"by order_product_id", []string{lineRow(2, 41, 1), lineRow(1, 40, 1)}, nil, "1:40x1 2:41x1"},
		{"kept when rewritten in another order", []string{lineRow(3, 41, 5), lineRow(4, 40, 1)}, nil, "1:40x1 2:41x5"},
		{"a new one gets the next number", []string{lineRow(5, 42, 1), lineRow(6, 41, 5), lineRow(7, 40, 1)}, nil, "1:40x1 2:41x5 3:42x1"},
		{"removed", []string{lineRow(8, 41, 5), lineRow(9, 40, 1)}, nil, "1:40x1 2:41x5"},
		{"never reused", []string{lineRow(10, 42, 1), lineRow(11, 41, 5), lineRow(12, 40, 1)}, nil, "1:40x1 2:41x5 4:42x1"},
		{"other options are another line", []string{lineRow(13, 40, 1), lineRow(14, 40, 2), lineRow(15, 40, 3)},
			[]string{blue(1, 13), red(2, 14)}, "1:40x3 5:40x1 6:40x2"},
		{"options tell lines apart", []string{lineRow(16, 40, 2), lineRow(17, 40, 3), lineRow(18, 40, 1)},
			[]string{red(3, 16), blue(4, 18)}, "1:40x3 5:40x1 6:40x2"},
		{"equal lines in their order", []string{lineRow(19, 40, 1), lineRow(20, 40, 2)}, []string{red(5, 19), red(6, 20)}, "6:40x1 7:40x2"},
		{"equal lines again", []string{lineRow(21, 40, 1), lineRow(22, 40, 2)}, []string{red(7, 21), red(8, 22)}, "6:40x1 7:40x2"},
		{"an option renamed in the catalogue", []string{lineRow(23, 40, 1), lineRow(24, 40, 2)},
			[]string{optionRow(9, 23, 217, 4, "Color", "Red"), red(10, 24)}, "6:40x2 7:40x1"},
		{"options with new ids", []string{lineRow(25, 40, 2)}, []string{optionRow(11, 25, 800, 801, "Colour", "Red")}, "6:40x2"},
	} {
		if got := numbers(linesOf(t, o, step.lines, step.options)); got != step.want {
			t.Errorf("%s: %s, want %s", step.why, got, step.want)
		}
	}
	o.Reset()
	if got := numbers(linesOf(t, o, []string{lineRow(30, 42, 1)}, nil)); got != "1:42x1" {
		t.Errorf("after Reset: %s", got)
	}
}

// TestLinesStayAsSold deletes the product after the sale.
func TestLinesStayAsSold(t *testing.T) {
	o, shop := newUnit(t, `{}`)
	options := []string{optionRow(1, 5, 217, 3, "Colour", "Blue")}
	before := linesOf(t, o, []string{lineRow(5, 40, 2)}, options)[0]
	for _, table := range []string{"product", "product_option", "product_option_value", "tax_class"} {
		shop[table] = nil
	}
	if err := o.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	after := linesOf(t, o, []string{lineRow(9, 40, 2)}, []string{optionRow(7, 9, 217, 3, "Colour", "Blue")})[0]
	for _, difference := range Compare(before, []byte(text(after))) {
		t.Error(difference)
	}
	o.Forget("order", 7)
	check(t, linesOf(t, o, []string{lineRow(9, 40, 2)}, options)[0], `{"sku": "", "weight": null}`)
}
