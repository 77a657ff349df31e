package odoo

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"octail/sinks"
)

// roundingEach is what each line may contribute to a difference that is rounding.
var roundingEach = decimal.New(5, -2)

// Where lines are in an order: products by their numbers, then the sums, then what is
// not sold any more.
const (
	sumSequence  = 10_000
	goneSequence = 20_000
)

// roundingName is that of the line that makes the total what the shop's is.
func roundingName(order int64) string { return orderName(order) + "_rounding" }

// priceOrder makes the lines that Odoo is to hold of an order.
func (s *sink) priceOrder(ctx context.Context, o *saleOrder) error {
	c, err := s.companyBy(ctx, o.store.company)
	if err != nil {
		return err
	}
	if o.priced, err = price(o.doc, o.taxes, c.roundPerLine, 6); err != nil {
		return err
	}
	if o.rounding, err = s.service(ctx, svcRounding); err != nil {
		return err
	}
	o.lines = make([]wantLine, len(o.priced.lines))
	for i, l := range o.priced.lines {
		w := wantLine{priceLine: l, sequence: sumSequence + i}
		switch {
		case l.kind == lineProduct:
			w.product, w.sequence = o.products[l.line], int(min(l.line, sumSequence-1))
		case l.code == svcShipping:
			w.product, w.shipping = o.carrier.product, true
		default:
			w.product, err = s.service(ctx, l.code)
		}
		if err != nil {
			return err
		}
		if w.text == "" {
			w.text = l.code
		}
		if l.kind == lineRounding && o.tooMuch(l.price) {
			return o.unequal()
		}
		o.lines[i] = w
	}
	return nil
}

// tooMuch tells whether rounding cannot explain a difference.
func (o *saleOrder) tooMuch(d decimal.Decimal) bool {
	return d.Abs().GreaterThan(roundingEach.Mul(decimal.NewFromInt(int64(max(1, len(o.priced.lines))))))
}

// correct changes the line that rounds so that the total becomes the shop's, once.
func (o *saleOrder) correct(e *edit) error {
	for _, l := range o.held.lines {
		if l.name == "" && !number(l.Total).IsZero() {
			return o.foreign()
		}
	}
	rounds := wantLine{sequence: sumSequence + len(o.lines), priceLine: priceLine{
		name: roundingName(o.doc.ID), kind: lineRounding, code: svcRounding, quantity: decimal.NewFromInt(1), text: services[svcRounding]}}
	for _, w := range o.lines {
		if w.kind == lineRounding {
			rounds = w
		}
	}
	rounds.product, rounds.price = o.rounding, o.priced.want.Sub(o.held.total())
	for _, l := range o.held.lines {
		if l.name == rounds.name {
			rounds.price = rounds.price.Add(number(l.Total))
			rounds.product = l.Product.ID
		}
	}
	if o.corrected || o.tooMuch(rounds.price) {
		return o.unequal()
	}
	o.corrected = true
	e.lines = append(e.lines, rounds)
	return nil
}

// unequal holds an order whose total is not the shop's, with both columns beside it.
func (o *saleOrder) unequal() error {
	total := "no total"
	if o.held != nil {
		total = o.held.total().String()
	}
	return sinks.Hold("tax", sinks.WithExchange(fmt.Errorf("the order's total is %s in the shop and %s in Odoo, which rounding does not explain: compare both columns (octail trace), and correct mappings.tax, or set orders.tax: lines", o.priced.want, total),
		sinks.Exchange{Request: o.shopColumn(), Answer: o.odooColumn()}))
}

// foreign holds an order into which a person has put lines of their own.
func (o *saleOrder) foreign() error {
	var ids []string
	for _, l := range o.held.lines {
		if l.name == "" && !number(l.Total).IsZero() {
			ids = append(ids, fmt.Sprintf("%d (%s)", l.ID, number(l.Total)))
		}
	}
	return sinks.Hold("tax", sinks.WithExchange(fmt.Errorf("the order's total is %s in the shop and %s in Odoo, where it has lines that are not the shop's, with the ids %s: take them away there, or make the same change in the shop", o.priced.want, o.held.total(), strings.Join(ids, ", ")),
		sinks.Exchange{Request: o.shopColumn(), Answer: o.odooColumn()}))
}

// shopColumn are the rows of the shop's sum, in the order's currency.
func (o *saleOrder) shopColumn() string {
	var b strings.Builder
	rate, err := decimal.NewFromString(o.doc.Currency.Rate)
	if err != nil {
		return ""
	}
	fmt.Fprintf(&b, "the shop, in %s:\n", o.doc.Currency.Code)
	for _, l := range o.doc.Lines {
		each, _ := decimal.NewFromString(l.Price)
		unitTax, _ := decimal.NewFromString(l.Tax)
		fmt.Fprintf(&b, "line %d: %d x %s + tax %s\n", l.Line, l.Quantity, each.Mul(rate), unitTax.Mul(rate))
	}
	for _, t := range o.doc.Totals {
		value, _ := decimal.NewFromString(t.Value)
		fmt.Fprintf(&b, "%s: %s\n", t.Code, value.Mul(rate))
	}
	fmt.Fprintf(&b, "= %s\n", o.priced.want)
	return b.String()
}

// odooColumn are the lines that Odoo holds, or those it was to be given.
func (o *saleOrder) odooColumn() string {
	var b strings.Builder
	if o.held == nil {
		b.WriteString("for Odoo:\n")
		for _, l := range o.priced.lines {
			fmt.Fprintf(&b, "%s: %s x %s, taxes %d\n", l.name, l.quantity, l.price, l.taxes)
		}
		fmt.Fprintf(&b, "= %s\n", o.priced.expected)
		return b.String()
	}
	b.WriteString("Odoo:\n")
	for _, l := range o.held.lines {
		fmt.Fprintf(&b, "%s: %s x %s, taxes %d = %s\n", l.name, l.Quantity, l.Price, l.taxes(), l.Total)
	}
	fmt.Fprintf(&b, "tax %s\n= %s\n", o.held.Tax, o.held.Amount)
	return b.String()
}
