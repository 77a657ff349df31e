package transform

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"octail/internal/shop"
	"octail/transform/document"
)

// lines gives order lines their numbers, and looks up what a line does not hold
// itself (SKU, codes, option ids, weight, tax class) when it is first seen; and once
// more when `octail sync --refresh` asks for it. What a deleted product cannot tell any
// more is kept.
//
// A line is the one of the revision before that has the same product and the same
// options, by their texts or, should the catalogue have been renamed, by their ids;
// among several, one with the same quantity and price first. Its number and
// looked-up fields are kept. All others are new and get numbers that the order
// never had.
type lines struct {
	a      *assembly
	orders map[int64]*orderLines
}

// orderLines are the lines of one order.
type orderLines struct {
	lines   []document.Line
	chosen  [][]shop.Row    // option rows, by line
	old     []document.Line // of the revision before that are not found again yet
	highest int64           // line number ever given
	refresh bool            // look up anew what lines hold since they were first seen
}

// toLookUp reports whether a line's product is to be looked up.
func (ol *orderLines) toLookUp(l *document.Line) bool { return l.Line == 0 || ol.refresh }

func newLines(a *assembly) *lines { return &lines{a: a, orders: map[int64]*orderLines{}} }

// read makes the lines of one order and finds them in the revision before.
func (ls *lines) read(id int64, o *orderRows, before *document.Order, highest int64) {
	options := map[int64][]shop.Row{}
	for _, r := range o.options {
		k := r.Int("order_product_id")
		options[k] = append(options[k], r)
	}
	ol := &orderLines{lines: make([]document.Line, len(o.products)), chosen: make([][]shop.Row, len(o.products)), highest: highest, refresh: ls.a.refresh[id]}
	for i, r := range o.products {
		ol.chosen[i] = sortedOptions(options[r.Int("order_product_id")])
		ol.lines[i] = ls.line(r, ol.chosen[i])
	}
	if o.forgotten { // what was typed cannot tell lines apart any more
		forgetTyped(ol.lines)
		if before != nil {
			forgetTyped(before.Lines)
		}
	}
	ls.orders[id] = ol
	if before != nil {
		ol.find(before.Lines)
	}
}

// find gives the lines that the revision before has their numbers.
func (ol *orderLines) find(before []document.Line) {
	for _, l := range before {
		ol.highest = max(ol.highest, l.Line)
	}
	if slices.EqualFunc(ol.lines, before, sameLine) { // no edit: the usual case
		for i := range ol.lines {
			keepAsSold(&ol.lines[i], &before[i])
		}
		return
	}
	ol.old = before
	ol.match(exactKey)
	ol.match(textKey)
}

// match finds lines without a number among the old ones, by a key.
func (ol *orderLines) match(key func(*document.Line) string) {
	if len(ol.old) == 0 {
		return
	}
	places := map[string][]int{} // in old
	for k := range ol.old {
		s := key(&ol.old[k])
		places[s] = append(places[s], k)
	}
	found := make([]bool, len(ol.old))
	for i := range ol.lines {
		if ol.lines[i].Line != 0 {
			continue
		}
		s := key(&ol.lines[i])
		if p := places[s]; len(p) > 0 {
			keepAsSold(&ol.lines[i], &ol.old[p[0]])
			found[p[0]], places[s] = true, p[1:]
		}
	}
	var rest []document.Line
	for k, l := range ol.old {
		if !found[k] {
			rest = append(rest, l)
		}
	}
	ol.old = rest
}

// number gives all other lines their numbers, once their option ids are known, and
// sorts.
func (ol *orderLines) number() {
	ol.match(idKey)
	for i := range ol.lines {
		if ol.lines[i].Line == 0 {
			ol.highest++
			ol.lines[i].Line = ol.highest
		}
	}
	slices.SortFunc(ol.lines, func(x, y document.Line) int { return cmp.Compare(x.Line, y.Line) })
}

func (ls *lines) line(r shop.Row, options []shop.Row) document.Line {
	l := document.Line{
		ProductID: r.Int("product_id"), Model: ls.a.plain(r.Raw("model")), Name: ls.a.plain(r.Raw("name")),
		Quantity: r.Int("quantity"), Price: money(r.Raw("price")), Tax: money(r.Raw("tax")), Total: money(r.Raw("total")), Reward: r.Int("reward"),
		Codes: map[string]string{}, Options: make([]document.LineOption, 0, len(options)),
	}
	if r.Has("master_id") {
		l.MasterID = idOrNull(r.Int("master_id"))
	}
	for _, o := range options {
		l.Options = append(l.Options, document.LineOption{Name: ls.a.plain(o.Raw("name")), Value: ls.a.plain(o.Raw("value")), Type: ls.a.plain(o.Raw("type"))})
	}
	return l
}

// sameLine reports whether nothing that tells lines apart differs.
func sameLine(x, y document.Line) bool {
	return x.ProductID == y.ProductID && x.Quantity == y.Quantity && x.Price == y.Price && x.Name == y.Name &&
		slices.EqualFunc(x.Options, y.Options, sameOption)
}

func sameOption(x, y document.LineOption) bool {
	return x.Name == y.Name && x.Value == y.Value && x.Type == y.Type
}

// exactKey, textKey and idKey say what two lines have in common that are the same.
func exactKey(l *document.Line) string {
	return textKey(l) + "\x00" + strconv.FormatInt(l.Quantity, 10) + "\x00" + l.Price + "\x00" + l.Name
}

func textKey(l *document.Line) string {
	return lineKey(l, func(o *document.LineOption) string { return o.Type + "\x01" + o.Name + "\x01" + o.Value })
}

func idKey(l *document.Line) string {
	return lineKey(l, func(o *document.LineOption) string {
		if o.OptionID == nil || o.OptionValueID == nil {
			return "?" + o.Name + "\x01" + o.Value
		}
		key := strconv.FormatInt(*o.OptionID, 10) + "\x01" + strconv.FormatInt(*o.OptionValueID, 10)
		if *o.OptionValueID == 0 { // typed
			key += "\x01" + o.Value
		}
		return key
	})
}

func lineKey(l *document.Line, option func(*document.LineOption) string) string {
	parts := make([]string, 0, len(l.Options)+1)
	for i := range l.Options {
		parts = append(parts, option(&l.Options[i]))
	}
	slices.Sort(parts)
	return strconv.FormatInt(l.ProductID, 10) + "\x02" + strings.Join(parts, "\x02")
}

// keepAsSold copies the number and what was looked up when the line was new.
func keepAsSold(l, old *document.Line) {
	l.Line, l.SKU, l.Codes = old.Line, old.SKU, old.Codes
	l.TaxClass, l.Weight, l.RequiresShipping = old.TaxClass, old.Weight, old.RequiresShipping
	if l.Codes == nil {
		l.Codes = map[string]string{}
	}
	used := make([]bool, len(old.Options))
	for i := range l.Options {
		for k := range old.Options {
			if !used[k] && sameOption(l.Options[i], old.Options[k]) {
				used[k] = true
				l.Options[i].OptionID, l.Options[i].OptionValueID = old.Options[k].OptionID, old.Options[k].OptionValueID
				break
			}
		}
	}
}

// productColumns is what a line takes from its product.
var productColumns = []string{"product_id", "sku", "upc", "ean", "jan", "isbn", "mpn", "tax_class_id", "weight", "weight_class_id", "shipping"}

// finish looks up what the new lines of all orders lack, and numbers them.
func (ls *lines) finish() error {
	var products, options, values idSet
	news := false
	for _, ol := range ls.orders {
		for i := range ol.lines {
			if !ol.toLookUp(&ol.lines[i]) {
				continue
			}
			news = true
			products.add(ol.lines[i].ProductID)
			for _, o := range ol.chosen[i] {
				options.add(o.Int("product_option_id"))
				values.add(o.Int("product_option_value_id"))
			}
		}
	}
	if news {
		if err := ls.lookUp(products, options, values); err != nil {
			return err
		}
	}
	for _, ol := range ls.orders {
		ol.number()
	}
	return nil
}

func (ls *lines) lookUp(products, options, values idSet) error {
	a := ls.a
	rows, err := a.Select(shop.Query{Table: "product", Columns: productColumns, Where: "product_id", Keys: products.list})
	if err != nil {
		return err
	}
	product := rows.By("product_id")
	rows, err = a.Select(shop.Query{Table: "product_code", Columns: []string{"product_id", "code", "value"}, Where: "product_id", Keys: products.list, Order: []string{"product_code_id"}})
	if err != nil {
		return err
	}
	codes := rows.By("product_id")
	rows, err = a.Select(shop.Query{Table: "product_option", Columns: []string{"product_option_id", "option_id"}, Where: "product_option_id", Keys: options.list})
	if err != nil {
		return err
	}
	option := rows.By("product_option_id")
	rows, err = a.Select(shop.Query{Table: "product_option_value", Columns: []string{"product_option_value_id", "option_value_id"}, Where: "product_option_value_id", Keys: values.list})
	if err != nil {
		return err
	}
	value := rows.By("product_option_value_id")

	for _, ol := range ls.orders {
		for i := range ol.lines {
			l := &ol.lines[i]
			if !ol.toLookUp(l) {
				continue
			}
			if p := product[l.ProductID]; len(p) > 0 {
				l.Codes = a.codes(p[0], codes[l.ProductID])
				l.SKU = l.Codes["sku"]
				delete(l.Codes, "sku")
				l.TaxClass = namedOrNull(a.ref.taxClasses, p[0].Int("tax_class_id"))
				l.Weight = pointer(a.weight(p[0]))
				l.RequiresShipping = pointer(p[0].Bool("shipping"))
			}
			for n, o := range ol.chosen[i] {
				if found := option[o.Int("product_option_id")]; len(found) > 0 {
					l.Options[n].OptionID = pointer(found[0].Int("option_id"))
				}
				if id := o.Int("product_option_value_id"); id == 0 {
					l.Options[n].OptionValueID = pointer(int64(0))
				} else if found := value[id]; len(found) > 0 {
					l.Options[n].OptionValueID = pointer(found[0].Int("option_value_id"))
				}
			}
		}
	}
	return nil
}

// weight is what one piece of a product weighs.
func (a *assembly) weight(product shop.Row) document.Measure {
	return document.Measure{Value: measure(product.Raw("weight")), Unit: a.ref.weightUnits[product.Int("weight_class_id")]}
}

// codes collects a product's identifiers: columns up to 4.0, rows of
// oc_product_code since 4.1. Where an upgraded shop has both, a product with rows has
// those alone, and one that got none yet its columns: losing a SKU would cut the product
// off from all that knows it by that. Empty ones are left out.
func (a *assembly) codes(product shop.Row, rows []shop.Row) map[string]string {
	out := map[string]string{}
	if len(rows) > 0 {
		product = shop.Row{}
	}
	for _, c := range []string{"sku", "upc", "ean", "jan", "isbn", "mpn"} {
		if v := a.plain(product.Raw(c)); v != "" {
			out[c] = v
		}
	}
	for _, r := range rows {
		if k, v := strings.ToLower(a.plain(r.Raw("code"))), a.plain(r.Raw("value")); k != "" && v != "" {
			out[k] = v
		}
	}
	return out
}

// codesVanished reports whether the rows of a product's codes are gone, although a field
// made of them is another one than before: a save deletes them before it inserts them
// again, and columns that an upgrade left behind must not stand in for them meanwhile.
func codesVanished[T any](a *assembly, id int64, rows []shop.Row, field string, value T) bool {
	p := a.previous[id]
	if len(rows) > 0 || !p.exists() || !a.Schema().Has("product_code") {
		return false
	}
	sum, known := p.sums[field]
	return known && sum != document.Encode(&struct {
		Value T `json:"value"`
	}{value}).Fields[0].Sum
}

// idSet collects ids, each once, without 0.
type idSet struct {
	list []int64
	seen map[int64]bool
}

func (s *idSet) add(id int64) {
	if id == 0 || s.seen[id] {
		return
	}
	if s.seen == nil {
		s.seen = map[int64]bool{}
	}
	s.seen[id] = true
	s.list = append(s.list, id)
}
