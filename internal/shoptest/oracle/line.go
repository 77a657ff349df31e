package oracle

import (
	"maps"
	"slices"
	"strings"
)

// sold is what an order remembers from the document before.
type sold struct {
	lastLine    int64 // highest line number ever given
	knownLines  []soldLine
	knownTotals []soldTotal
}

// soldLine is a line as it was when it was first seen.
type soldLine struct {
	number    int64
	product   int64
	options   []soldOption
	lookedUp  map[string]any // the fields that do not come from the order itself
	orderLine Row
}

// soldOption is one chosen option of a line. The ids of the catalogue tell options apart as well as their texts do,
// but only the texts survive a product that is imported anew.
type soldOption struct {
	name, value, kind     string
	product, productValue int64 // product_option_id, product_option_value_id
	option, optionValue   any   // option_id, option_value_id as first looked up
}

func (a soldOption) sameText(b soldOption) bool {
	return a.name == b.name && a.value == b.value && a.kind == b.kind
}

func (a soldOption) sameIDs(b soldOption) bool {
	return a.product == b.product && a.productValue == b.productValue && a.value == b.value
}

// lines makes the lines of an order. A line with the product and options of a line of the document before has its
// number and its looked-up fields; of several such lines the first takes the first.
func (s *sold) lines(r *reference, rows Rows) []any {
	var lines []soldLine
	for _, row := range sorted(rows["order_product"], by("order_product_id")) {
		lines = append(lines, soldLine{
			product:   row.integer("product_id"),
			options:   chosenOptions(rows, row.integer("order_product_id")),
			orderLine: row,
		})
	}
	for _, same := range []func(a, b soldOption) bool{soldOption.sameText, soldOption.sameIDs} {
		for i := range lines {
			if lines[i].number == 0 {
				s.match(&lines[i], lines, same)
			}
		}
	}
	for i := range lines {
		if lines[i].number == 0 {
			s.lastLine++
			lines[i].number = s.lastLine
			lines[i].lookUp(r, rows)
		}
	}
	slices.SortFunc(lines, func(a, b soldLine) int { return int(a.number - b.number) })
	s.knownLines = lines
	documents := []any{}
	for _, l := range lines {
		documents = append(documents, l.document())
	}
	return documents
}

// match finds the line of the document before that is the same line and not yet taken.
func (s *sold) match(line *soldLine, taken []soldLine, same func(a, b soldOption) bool) {
	for _, known := range s.knownLines {
		isTaken := slices.ContainsFunc(taken, func(l soldLine) bool { return l.number == known.number })
		if isTaken || known.product != line.product || len(known.options) != len(line.options) {
			continue
		}
		left, options := slices.Clone(known.options), slices.Clone(line.options)
		for i := range options {
			at := slices.IndexFunc(left, func(k soldOption) bool { return same(k, options[i]) })
			if at < 0 {
				break
			}
			options[i].option, options[i].optionValue = left[at].option, left[at].optionValue
			left = slices.Delete(left, at, at+1)
		}
		if len(left) == 0 {
			line.number, line.lookedUp, line.options = known.number, known.lookedUp, options
			return
		}
	}
}

// chosenOptions are the options of one order line.
func chosenOptions(rows Rows, line int64) []soldOption {
	var options []soldOption
	for _, row := range sorted(rows["order_option"], by("product_option_id"), by("product_option_value_id"), byText("value")) {
		if row.integer("order_product_id") == line {
			options = append(options, soldOption{
				name: row.text("name"), value: row.text("value"), kind: row.text("type"),
				product: row.integer("product_option_id"), productValue: row.integer("product_option_value_id"),
			})
		}
	}
	return options
}

// lookUp takes from the catalogue what the order itself does not hold.
func (l *soldLine) lookUp(r *reference, rows Rows) {
	l.lookedUp = map[string]any{
		"sku": "", "codes": map[string]any{}, "tax_class": nil, "weight": nil, "requires_shipping": nil,
	}
	if product := find(rows["product"], "product_id", l.product); product != nil {
		codes := codesOf(product, rows["product_code"])
		l.lookedUp["sku"] = skuOf(codes)
		delete(codes, "sku")
		l.lookedUp["codes"] = codes
		l.lookedUp["tax_class"] = namedOrNil(product.integer("tax_class_id"), r.taxClasses)
		l.lookedUp["weight"] = r.weight(product)
		l.lookedUp["requires_shipping"] = product.flag("shipping")
	}
	for i, option := range l.options {
		if row := find(rows["product_option"], "product_option_id", option.product); row != nil {
			l.options[i].option = row.integer("option_id")
		}
		if option.productValue == 0 { // text, date, file, ...
			l.options[i].optionValue = int64(0)
		} else if row := find(rows["product_option_value"], "product_option_value_id", option.productValue); row != nil {
			l.options[i].optionValue = row.integer("option_value_id")
		}
	}
}

// document makes the line as it is shown.
func (l *soldLine) document() map[string]any {
	row := l.orderLine
	doc := map[string]any{
		"line":       l.number,
		"product_id": l.product,
		"model":      row.text("model"),
		"name":       row.text("name"),
		"quantity":   row.integer("quantity"),
		"price":      row.amount("price"),
		"tax":        row.amount("tax"),
		"total":      row.amount("total"),
		"reward":     row.integer("reward"),
	}
	if row.has("master_id") {
		doc["master_id"] = row.reference("master_id")
	}
	maps.Copy(doc, l.lookedUp)
	options := []any{}
	for _, o := range l.options {
		options = append(options, map[string]any{
			"option_id": o.option, "option_value_id": o.optionValue, "name": o.name, "value": o.value, "type": o.kind,
		})
	}
	doc["options"] = options
	return doc
}

// codesOf are the identifiers of a product that are not empty, by lower-case name: rows (from 4.1 on), where a
// product has none columns.
func codesOf(product Row, rows []Row) map[string]any {
	codes := map[string]any{}
	if rows = slices.DeleteFunc(slices.Clone(rows), func(row Row) bool { return row.integer("product_id") != product.integer("product_id") }); len(rows) > 0 {
		product = Row{"product_id": product["product_id"]} // columns that an upgrade left behind do not count
	}
	for _, column := range []string{"sku", "upc", "ean", "jan", "isbn", "mpn"} {
		if code := product.text(column); code != "" {
			codes[column] = code
		}
	}
	for _, row := range sorted(rows, by("product_code_id")) {
		name, code := strings.ToLower(row.text("code")), row.text("value")
		if row.integer("product_id") == product.integer("product_id") && code != "" {
			codes[name] = code
		}
	}
	return codes
}

// skuOf is the SKU, "" when there is none.
func skuOf(codes map[string]any) string {
	sku, _ := codes["sku"].(string)
	return sku
}

// find is the row with an id, nil when there is none.
func find(rows []Row, column string, id int64) Row {
	for _, row := range rows {
		if row.integer(column) == id {
			return row
		}
	}
	return nil
}
