package transform

import (
	"strings"

	"octail/internal/shop"
	"octail/transform/document"
)

// lines gives order lines their numbers, and looks up what a line does not hold
// itself (SKU, codes, option ids, weight, tax class) when it is first seen.
type lines struct {
	a       *assembly
	of      map[int64][]document.Line // by order id, sorted by line number
	highest map[int64]int64
	news    []newLine
}

// newLine is a line that the revision before did not have.
type newLine struct {
	order   int64
	index   int // in of[order]
	options []shop.Row
}

func newLines(a *assembly) *lines {
	return &lines{a: a, of: map[int64][]document.Line{}, highest: map[int64]int64{}}
}

// match makes the lines of one order. A line is the one of the revision before
// that has the same product and the same options; among several, one with the
// same quantity and price first. Its number and looked-up fields are kept. All
// others are new and get numbers that the order never had.
func (ls *lines) match(id int64, o *orderRows, before *document.Order, highest int64) {
	options := map[int64][]shop.Row{}
	for _, r := range o.options {
		k := r.Int("order_product_id")
		options[k] = append(options[k], r)
	}
	fresh := make([]document.Line, len(o.products))
	chosen := make([][]shop.Row, len(o.products))
	for i, r := range o.products {
		chosen[i] = sortedOptions(options[r.Int("order_product_id")])
		fresh[i] = ls.line(r, chosen[i])
	}
	var old []document.Line
	if before != nil {
		old = before.Lines
		for _, l := range old {
			highest = max(highest, l.Line)
		}
	}
	taken := make([]bool, len(old))
	numbered := make([]bool, len(fresh))
	for _, exact := range []bool{true, false} {
		for i := range fresh {
			if numbered[i] {
				continue
			}
			for k := range old {
				if !taken[k] && sameLine(&fresh[i], &old[k], exact) {
					taken[k], numbered[i] = true, true
					keepAsSold(&fresh[i], &old[k])
					break
				}
			}
		}
	}
	isNew := map[int64][]shop.Row{}
	for i := range fresh {
		if !numbered[i] {
			highest++
			fresh[i].Line = highest
			isNew[highest] = chosen[i]
		}
	}
	sortLines(fresh)
	for i := range fresh {
		if rows, ok := isNew[fresh[i].Line]; ok {
			ls.news = append(ls.news, newLine{id, i, rows})
		}
	}
	ls.of[id], ls.highest[id] = fresh, highest
}

func sortLines(l []document.Line) {
	for i := 1; i < len(l); i++ { // nearly sorted already
		for k := i; k > 0 && l[k-1].Line > l[k].Line; k-- {
			l[k-1], l[k] = l[k], l[k-1]
		}
	}
}

func (ls *lines) line(r shop.Row, options []shop.Row) document.Line {
	l := document.Line{
		ProductID: r.Int("product_id"), Model: ls.a.plain(r.Raw("model")), Name: ls.a.plain(r.Raw("name")),
		Quantity: r.Int("quantity"), Price: money(r.Raw("price")), Tax: money(r.Raw("tax")), Total: money(r.Raw("total")), Reward: r.Int("reward"),
		Codes: map[string]string{}, Options: []document.LineOption{},
	}
	if r.Has("master_id") {
		l.MasterID = idOrNull(r.Int("master_id"))
	}
	for _, o := range options {
		l.Options = append(l.Options, document.LineOption{Name: ls.a.plain(o.Raw("name")), Value: ls.a.plain(o.Raw("value")), Type: o.Raw("type")})
	}
	return l
}

func sameLine(x, y *document.Line, exact bool) bool {
	if x.ProductID != y.ProductID || len(x.Options) != len(y.Options) {
		return false
	}
	if exact && (x.Quantity != y.Quantity || x.Price != y.Price || x.Name != y.Name) {
		return false
	}
	for _, o := range x.Options {
		if countOption(x.Options, o) != countOption(y.Options, o) {
			return false
		}
	}
	return true
}

func sameOption(x, y document.LineOption) bool {
	return x.Name == y.Name && x.Value == y.Value && x.Type == y.Type
}

func countOption(list []document.LineOption, o document.LineOption) (n int) {
	for _, x := range list {
		if sameOption(x, o) {
			n++
		}
	}
	return n
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

// lookUp fills in the new lines of all orders.
func (ls *lines) lookUp() error {
	if len(ls.news) == 0 {
		return nil
	}
	var products, options, values idSet
	for _, n := range ls.news {
		products.add(ls.of[n.order][n.index].ProductID)
		for _, o := range n.options {
			options.add(o.Int("product_option_id"))
			values.add(o.Int("product_option_value_id"))
		}
	}
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

	for _, n := range ls.news {
		l := &ls.of[n.order][n.index]
		if p := product[l.ProductID]; len(p) > 0 {
			l.Codes = a.codes(p[0], codes[l.ProductID])
			l.SKU = l.Codes["sku"]
			delete(l.Codes, "sku")
			l.TaxClass = namedOrNull(a.ref.taxClasses, p[0].Int("tax_class_id"))
			l.Weight = &document.Measure{Value: p[0].Raw("weight"), Unit: a.ref.weightUnits[p[0].Int("weight_class_id")]}
			l.RequiresShipping = pointer(p[0].Bool("shipping"))
		}
		for i, o := range n.options {
			if found := option[o.Int("product_option_id")]; len(found) > 0 {
				l.Options[i].OptionID = pointer(found[0].Int("option_id"))
			}
			if id := o.Int("product_option_value_id"); id == 0 {
				l.Options[i].OptionValueID = pointer(int64(0))
			} else if found := value[id]; len(found) > 0 {
				l.Options[i].OptionValueID = pointer(found[0].Int("option_value_id"))
			}
		}
	}
	return nil
}

// codes collects a product's identifiers: columns up to 4.0, rows of
// oc_product_code since 4.1. Empty ones are left out.
func (a *assembly) codes(product shop.Row, rows []shop.Row) map[string]string {
	out := map[string]string{}
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
