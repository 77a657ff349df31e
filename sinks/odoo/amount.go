package odoo

import (
	"errors"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/transform/document"
)

// priced is an order in Odoo's terms.
type priced struct {
	lines    []priceLine
	expected decimal.Decimal // amount_total as octail computes it, in the order's currency; equal to want unless there is an error
	tax      decimal.Decimal // amount_tax likewise; the shop's own tax where no tax is a line
	want     decimal.Decimal // round(total x rate, decimals): what the customer saw
	by       reckoning       // that made it
}

// correction is the rounding line of amount, for who has read another total than expected.
func (p priced) correction(order int64, amount decimal.Decimal) priceLine {
	return p.by.correction(order, amount)
}

// lineKind is what an order line stands for.
type lineKind int

const (
	goodsLine    lineKind = iota // a line of the shop: its product
	totalLine                    // a row of the sum: shipping, coupon, fee
	voucherLine                  // a gift voucher that was bought
	taxLine                      // a tax that is none in Odoo
	roundingLine                 // what Odoo's rounding lacks of the shop's total
)

// priceLine is one line of a sale.order. Quantity, price and taxes are always written
// together: Odoo computes a new price when only one of them comes.
type priceLine struct {
	name     string // of the external id, after the prefix
	kind     lineKind
	line     int64  // of goods: the document's line number
	code     string // of others: the total's code, "voucher", "tax", "rounding"; it names the service product
	quantity decimal.Decimal
	price    decimal.Decimal // of one, in the order's currency, with the included taxes
	taxes    []int64         // Odoo's; none: no tax
	text     string
}

// mostRounding is the largest rounding line, in units of the currency's rounding for
// each line: five cents. What lacks more than that is no rounding.
const mostRounding = 5

// priceDecimals are those of a price where Odoo keeps all it gets.
const priceDecimals = 8

// reckoning are the settings of price.
type reckoning struct {
	arithmetic
	// variant tells which options of a line are part of its product; the others become
	// text. nil: none is.
	variant func(*document.Line, *document.LineOption) bool
}

// price makes the lines of an order, and computes what Odoo makes of them: the total is
// equal to the shop's, by a rounding line where Odoo rounds otherwise. taxes are what
// the mapping gave for the tax rows of Totals, in their order. Nothing is asked and
// nothing is written; the same order gives the same lines, with the same names. Called
// for each order that is written, and to compare.
//
// Errors hold the order (sinks.Hold): a tax of another rate than the shop's, a currency
// that Odoo rounds coarser than the shop, a total that no rounding explains. The lines
// are returned with these too, for columns. An amount that is no number is Permanent.
func price(o *document.Order, taxes []tax, r reckoning) (priced, error) {
	s, err := readSum(o, taxes)
	if err != nil {
		return priced{}, err
	}
	p := priced{want: s.total.Mul(s.rate).Round(int32(o.Currency.Decimals)), by: r}
	if !p.want.Div(r.rounding).IsInteger() {
		return p, sinks.Hold("currency", fmt.Errorf("the shop rounds %s to %d decimals, Odoo to %s: give the currency the same rounding in Odoo, or the same decimals in the shop",
			o.Currency.Code, o.Currency.Decimals, r.rounding))
	}
	p, err = s.price(o, p.want, r)
	if err == nil || len(s.rows) == 0 {
		return p, err
	}
	// Without Odoo's taxes there is less that is rounded.
	for i := range s.rows {
		s.rows[i].own = true
	}
	if plain, again := s.price(o, p.want, r); again == nil {
		return plain, nil
	}
	return p, err
}

// tooMuch tells whether an amount is more than rounding explains, in an order of so many
// lines.
func (r reckoning) tooMuch(off decimal.Decimal, lines int) bool {
	return off.Abs().GreaterThan(r.rounding.Mul(decimal.NewFromInt(mostRounding * int64(max(lines, 1)))))
}

// price makes the lines, and the one for the rounding.
func (s *sum) price(o *document.Order, want decimal.Decimal, r reckoning) (priced, error) {
	b := builder{o: o, sum: s, reckoning: r, byID: map[int64]tax{}}
	for _, row := range s.rows {
		b.byID[row.tax.id] = row.tax
	}
	lines := b.build()
	p := priced{lines: lines, want: want, by: r}
	p.expected, p.tax = r.total(lines, b.byID)
	before := p.expected
	off := want.Sub(before)
	switch {
	case off.IsZero():
		return p, nil
	case r.tooMuch(off, len(lines)):
		return p, sinks.Hold("tax", fmt.Errorf("the order's total is %s in the shop and its lines make %s in Odoo, which is more than rounding: see which rows are not in both", want, before))
	}
	for _, part := range []string{"0", "0.4", "-0.4"} {
		if b.correct(&p, lines, before, r.rounding.Mul(decimal.RequireFromString(part))) {
			return p, nil
		}
	}
	return p, sinks.Hold("tax", fmt.Errorf("the order's total is %s in the shop and Odoo's rounding only reaches %s: have an administrator set the decimal precision \"Product Price\" to the currency's decimals", want, p.expected))
}

// correct adds a rounding line for what is missing, and tells whether that makes the
// total. Another line changes the sum that is rounded, so the first difference may not
// be the answer yet. more is a part of a cent beside it: Odoo does not round a sum of
// exactly nothing, and is then a cent away from it on either side.
func (b *builder) correct(p *priced, lines []priceLine, expected, more decimal.Decimal) bool {
	off := p.want.Sub(expected).Add(more)
	for range 8 {
		p.lines = append(lines[:len(lines):len(lines)], b.correction(b.o.ID, off))
		if p.expected, p.tax = b.total(p.lines, b.byID); p.expected.Equal(p.want) {
			return true
		}
		off = off.Add(p.want.Sub(p.expected))
	}
	return false
}

// sum is an order's sum in numbers.
type sum struct {
	rate   decimal.Decimal
	total  decimal.Decimal
	units  []decimal.Decimal // price of one, by line
	taxes  []decimal.Decimal // tax of one, by line
	rows   []taxRow
	extras []extraRow
	gifts  []decimal.Decimal // by voucher
}

// extraRow is a row that is neither goods nor tax nor a sum.
type extraRow struct {
	extra
	code, title string
}

// errAmount: the amount itself stays out of the error.
var errAmount = errors.New("the document has an amount that is no number")

type numbers struct{ bad bool }

func (n *numbers) of(text string) decimal.Decimal {
	d, err := decimal.NewFromString(text)
	if err != nil {
		n.bad = true
	}
	return d
}

func readSum(o *document.Order, taxes []tax) (sum, error) {
	var n numbers
	s := sum{rate: n.of(o.Currency.Rate), total: n.of(o.Total)}
	if s.rate.IsZero() {
		s.rate = decimal.NewFromInt(1)
	}
	var subTotal *decimal.Decimal
	for i := range o.Totals {
		t := &o.Totals[i]
		value := n.of(t.Value)
		switch t.Code {
		case "sub_total":
			subTotal = &value
		case "total":
		case "tax":
			row := taxRow{n: len(s.rows) + 1, title: t.Title, value: value}
			if len(s.rows) >= len(taxes) {
				return s, sinks.Mark(sinks.Permanent, errors.New("the order has more tax rows than were mapped"))
			}
			row.tax = taxes[len(s.rows)]
			row.rate, row.fixed = row.tax.rate, row.tax.fixed
			if t.Tax != nil {
				row.rate, row.fixed = n.of(t.Tax.Rate), t.Tax.Type == "fixed"
			}
			// A fixed tax is an amount for each unit in some releases, for each line in
			// others, and in the shop's currency: only as a line is it always right.
			row.own = row.fixed || row.tax.fixed || row.tax.lines || row.n > mostRows
			if !row.own && !row.rate.Equal(row.tax.rate) {
				return s, sinks.Hold("tax", fmt.Errorf("the shop's tax has a rate of %s %% and the tax of Odoo that it is mapped to %s %%: map one of the same rate in mappings.tax", row.rate, row.tax.rate))
			}
			s.rows = append(s.rows, row)
		default:
			s.extras = append(s.extras, extraRow{extra{value, t.Code == "credit" || t.Code == "voucher"}, t.Code, t.Title})
		}
	}
	for i := range o.Vouchers {
		s.gifts = append(s.gifts, n.of(o.Vouchers[i].Amount))
	}
	s.readLines(o, &n, subTotal)
	if n.bad {
		return s, sinks.Mark(sinks.Permanent, errAmount)
	}
	s.leaveOut(subTotal)
	return s, nil
}

// readLines takes the price of one. The shop multiplied before it cut to four decimals,
// so that total / quantity is the price it reckoned with; the price itself where the
// totals are something else than the sum of the goods.
func (s *sum) readLines(o *document.Order, n *numbers, subTotal *decimal.Decimal) {
	var byTotal, byPrice decimal.Decimal
	for i := range o.Lines {
		l := &o.Lines[i]
		byTotal = byTotal.Add(n.of(l.Total))
		byPrice = byPrice.Add(n.of(l.Price).Mul(decimal.NewFromInt(l.Quantity)))
	}
	useTotals := true
	if subTotal != nil {
		goods := *subTotal
		for _, gift := range s.gifts {
			goods = goods.Sub(gift)
		}
		useTotals = byTotal.Sub(goods).Abs().LessThanOrEqual(byPrice.Sub(goods).Abs())
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		unit, quantity, total := n.of(l.Price), decimal.NewFromInt(l.Quantity), n.of(l.Total)
		if useTotals && l.Quantity != 0 && !unit.Mul(quantity).Equal(total) {
			unit = total.DivRound(quantity, 10)
		}
		s.units, s.taxes = append(s.units, unit), append(s.taxes, n.of(l.Tax))
	}
}

// leaveOut drops a row that only informs, an extension's sum in between: one without
// which the rows make the total, and with which they do not.
func (s *sum) leaveOut(subTotal *decimal.Decimal) {
	if subTotal == nil {
		return
	}
	over := subTotal.Sub(s.total)
	for _, e := range s.extras {
		over = over.Add(e.value)
	}
	for _, r := range s.rows {
		over = over.Add(r.value)
	}
	if over.Abs().LessThanOrEqual(centTolerance) {
		return
	}
	for i, e := range s.extras {
		if e.value.Sub(over).Abs().LessThanOrEqual(exactTolerance) {
			s.extras = append(s.extras[:i], s.extras[i+1:]...)
			return
		}
	}
}

// columns is the sum of an order as the shop has it and as Odoo would, for the operator
// of an order that is held. Amounts, codes and ids, nothing of the customer.
func columns(o *document.Order, p priced) string {
	var b strings.Builder
	fmt.Fprintf(&b, "shop, in %s, rate %s:\n", o.Currency.Base, o.Currency.Rate)
	for i := range o.Lines {
		l := &o.Lines[i]
		fmt.Fprintf(&b, "  line %d: %d x %s = %s, tax of one %s\n", l.Line, l.Quantity, l.Price, l.Total, l.Tax)
	}
	for i := range o.Vouchers {
		fmt.Fprintf(&b, "  voucher: %s\n", o.Vouchers[i].Amount)
	}
	for i := range o.Totals {
		t := &o.Totals[i]
		fmt.Fprintf(&b, "  %s: %s", t.Code, t.Value)
		if t.Tax != nil {
			fmt.Fprintf(&b, " (%s %s)", t.Tax.Type, t.Tax.Rate)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "  = %s %s\nOdoo:\n", p.want, o.Currency.Code)
	for i := range p.lines {
		l := &p.lines[i]
		fmt.Fprintf(&b, "  %s: %s x %s, taxes %v\n", l.name, l.quantity, l.price, l.taxes)
	}
	fmt.Fprintf(&b, "  = %s %s, of it tax %s\n", p.expected, o.Currency.Code, p.tax)
	return b.String()
}
