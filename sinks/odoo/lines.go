package odoo

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/shopspring/decimal"

	"octail/transform/document"
)

// builder makes the lines of one order.
type builder struct {
	reckoning
	o    *document.Order
	sum  *sum // rows that nothing explains are marked in it
	byID map[int64]tax

	lines []priceLine
	names map[string]bool
	// cut is what prices lost to Odoo's digits, without tax, by the set of rows.
	cut   map[rowSet]decimal.Decimal
	order []rowSet // of cut
}

// build makes all lines but the rounding.
func (b *builder) build() []priceLine {
	b.names, b.cut = map[string]bool{}, map[rowSet]decimal.Decimal{}
	rows := b.sum.rows[:min(len(b.sum.rows), mostRows)]
	goods := groups(b.o, b.sum.units, b.sum.taxes, rows)
	extras := make([]extra, len(b.sum.extras))
	for i, e := range b.sum.extras {
		extras[i] = e.extra
	}
	var units int64
	for i := range b.o.Lines {
		units += max(b.o.Lines[i].Quantity, -b.o.Lines[i].Quantity)
	}
	found := split(goods, extras, rows, units)
	own := rowSet(0)
	for row := range rows {
		if found.own.has(row) {
			rows[row].own = true
		}
		if rows[row].own {
			own |= 1 << row
		}
	}
	sets := make([]rowSet, len(b.o.Lines))
	for i, g := range goods {
		for _, line := range g.lines {
			sets[line] = found.groups[i] &^ own
		}
	}
	one := decimal.NewFromInt(1)
	for i := range b.o.Lines {
		l := &b.o.Lines[i]
		b.add(priceLine{name: lineName(b.o.ID, l.Line), kind: goodsLine, line: l.Line, quantity: decimal.NewFromInt(l.Quantity), text: b.lineText(l)}, b.sum.units[i], sets[i])
	}
	for i, amount := range b.sum.gifts {
		b.add(priceLine{name: fmt.Sprintf("%s_v_%d", orderName(b.o.ID), i+1), kind: voucherLine, code: "voucher", quantity: one, text: bounded(b.o.Vouchers[i].Description, mostLineText)}, amount, 0)
	}
	count := map[string]int{}
	for i, e := range b.sum.extras {
		count[word(e.code)]++
		name := totalName(b.o.ID, e.code, count[word(e.code)])
		parts := merged(found.extras[i], own)
		for _, part := range parts {
			if part.amount.IsZero() && e.code != "shipping" { // shipping names the carrier even when it is free
				continue
			}
			l := priceLine{name: name, kind: totalLine, code: e.code, quantity: one, text: bounded(e.title, mostLineText)}
			if len(parts) > 1 {
				l.name += "_" + b.rateName(part.set)
			}
			b.add(l, part.amount, part.set)
		}
	}
	for _, r := range b.sum.rows {
		if r.own && !r.value.IsZero() {
			b.add(priceLine{name: totalName(b.o.ID, "tax", r.n), kind: taxLine, code: "tax", quantity: one, text: bounded(r.title, mostLineText)}, r.value, 0)
		}
	}
	b.restore()
	return b.lines
}

// merged puts parts together whose sets only differed in rows that are lines now.
func merged(parts []share, own rowSet) []share {
	var list []share
	for _, part := range parts {
		part.set &^= own
		if at := slices.IndexFunc(list, func(s share) bool { return s.set == part.set }); at >= 0 {
			list[at].amount = list[at].amount.Add(part.amount)
		} else {
			list = append(list, part)
		}
	}
	return list
}

// add puts a net amount of the shop's currency into a line: in the order's currency,
// with the taxes that are in the price.
func (b *builder) add(l priceLine, net decimal.Decimal, set rowSet) {
	factor := decimal.NewFromInt(1)
	for _, row := range set.rows() {
		r := b.sum.rows[row]
		l.taxes = append(l.taxes, r.tax.id)
		if r.tax.included {
			factor = factor.Add(r.rate.Shift(-2))
		}
	}
	exact := net.Mul(b.sum.rate).Mul(factor)
	l.price = b.fit(exact)
	for n := 2; b.names[l.name]; n++ { // two taxes of one rate
		l.name = fmt.Sprintf("%s_%d", l.name, n)
	}
	b.names[l.name] = true
	l.text = printable(l.text)
	b.lines = append(b.lines, l)
	if lost := exact.Sub(l.price).Mul(l.quantity); !lost.IsZero() {
		if _, seen := b.cut[set]; !seen {
			b.order = append(b.order, set)
		}
		b.cut[set] = b.cut[set].Add(lost)
	}
}

// fit is a price as Odoo keeps it.
func (r reckoning) fit(price decimal.Decimal) decimal.Decimal {
	if r.digits < 0 || r.digits > priceDecimals {
		return price.Round(priceDecimals)
	}
	return price.Round(r.digits)
}

// restore gives back what many units lost to a price of two decimals, with the taxes it
// has: a hundred at 0.0333 each would lack 0.33. A cent or two are the rounding line's.
func (b *builder) restore() {
	for _, set := range b.order {
		if b.cut[set].Abs().LessThan(b.rounding.Mul(decimal.NewFromInt(3))) || b.fit(b.cut[set]).IsZero() {
			continue
		}
		l := priceLine{name: orderName(b.o.ID) + "_rounding_" + b.rateName(set), kind: roundingLine, code: "rounding", quantity: decimal.NewFromInt(1), price: b.fit(b.cut[set]), text: "Rounding"}
		for _, row := range set.rows() {
			l.taxes = append(l.taxes, b.sum.rows[row].tax.id)
		}
		for n := 2; b.names[l.name]; n++ {
			l.name = fmt.Sprintf("%s_%d", l.name, n)
		}
		b.names[l.name] = true
		b.lines = append(b.lines, l)
	}
}

// correction is the rounding line of an order for an amount, of either sign. Where prices
// keep fewer decimals than the currency has, a tenth of a unit at ten times the price is
// the same.
func (r reckoning) correction(order int64, amount decimal.Decimal) priceLine {
	l := priceLine{name: orderName(order) + "_rounding", kind: roundingLine, code: "rounding", quantity: decimal.NewFromInt(1), price: amount, text: "Rounding"}
	if r.digits >= 0 && r.digits < r.places() {
		l.quantity, l.price = decimal.New(1, -1), r.fit(amount.Shift(1))
	}
	return l
}

// rateName names a set of rates within a name: 20, 20_5; 0 is no tax.
func (b *builder) rateName(set rowSet) string {
	var names []string
	for _, row := range set.rows() {
		names = append(names, word(b.sum.rows[row].rate.String()))
	}
	if len(names) == 0 {
		return "0"
	}
	return strings.Join(names, "_")
}

// Bounds of a line's text, in characters: what a customer typed may be a novel.
const (
	mostLineText = 2000
	mostValue    = 500
)

// lineText is the name of a line: the product's, and a row for each option that is not
// part of the product.
func (b *builder) lineText(l *document.Line) string {
	text := l.Name
	for i := range l.Options {
		option := &l.Options[i]
		if b.variant != nil && b.variant(l, option) {
			continue
		}
		text += "\n" + bounded(option.Name, mostValue) + ": " + bounded(option.Value, mostValue)
	}
	return bounded(text, mostLineText)
}

// printable is text as Odoo gives it back: without what its database or XML does not take.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
}

// bounded cuts a text to a number of characters.
func bounded(text string, most int) string {
	if len(text) <= most {
		return text
	}
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
