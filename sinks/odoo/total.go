package odoo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// Where lines are in an order: products by their numbers, then the sums, then what is
// not sold any more.
const (
	sumSequence  = 10_000
	goneSequence = 20_000
)

// roundingName is that of the line that makes the total what the shop's is.
func roundingName(order int64) string { return orderName(order) + "_rounding" }

// reckon computes the lines of an order, which asks nothing of Odoo but the settings.
func (s *sink) reckon(ctx context.Context, o *saleOrder) (err error) {
	if o.store.company == 0 {
		if o.store, err = s.mapStore(ctx, o.doc.Store); err != nil {
			return err
		}
	}
	c, err := s.companyBy(ctx, o.store.company)
	if err != nil {
		return err
	}
	if o.taxes == nil {
		if o.taxes, err = s.mapTaxes(ctx, o); err != nil {
			return err
		}
	}
	in := o.currency
	if in.id == 0 {
		if in, err = s.findCurrency(ctx, c, o.doc.Currency.Code); err != nil {
			return err
		}
	}
	r, err := s.reckoning(ctx, c, in)
	if err != nil {
		return err
	}
	if o.priced, err = price(o.doc, o.taxes, r); err != nil {
		return sinks.WithExchange(err, sinks.Exchange{Answer: columns(o.doc, o.priced)})
	}
	return nil
}

// priceOrder makes the lines that Odoo is to hold of an order.
func (s *sink) priceOrder(ctx context.Context, o *saleOrder) error {
	err := s.reckon(ctx, o)
	if err != nil {
		return err
	}
	if o.rounding, err = s.service(ctx, svcRounding); err != nil {
		return err
	}
	o.lines = make([]wantLine, len(o.priced.lines))
	for i, l := range o.priced.lines {
		w := wantLine{priceLine: l, sequence: sumSequence + i}
		switch {
		case l.kind == goodsLine:
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
		o.lines[i] = w
	}
	return nil
}

// tooMuch tells whether rounding cannot explain a difference.
func (o *saleOrder) tooMuch(d decimal.Decimal) bool {
	return o.priced.by.tooMuch(d, len(o.priced.lines))
}

// correct changes the line that rounds so that the total becomes the shop's, once.
func (o *saleOrder) correct(e *edit) error {
	for _, l := range o.held.lines {
		if l.name == "" && !number(l.Total).IsZero() {
			return o.foreign()
		}
	}
	name, product, off, sequence := roundingName(o.doc.ID), o.rounding, o.priced.want.Sub(o.held.total()), sumSequence+len(o.lines)
	for _, w := range o.lines {
		if w.name == name {
			sequence = w.sequence
		}
	}
	for _, l := range o.held.lines {
		if l.name == name {
			off, product = off.Add(number(l.Total)), l.Product.ID
		}
	}
	if o.corrected || o.tooMuch(off) {
		return o.unequal()
	}
	rounds := wantLine{sequence: sequence, product: product, priceLine: o.priced.correction(o.doc.ID, off)}
	o.corrected = true
	e.lines = append(e.lines, rounds)
	return nil
}

// unequal holds an order whose total is not the shop's, with both columns beside it.
func (o *saleOrder) unequal() error {
	return o.apart(fmt.Errorf("the order's total is %s in the shop and %s in Odoo, which rounding does not explain: compare both columns (octail trace), and correct mappings.tax, or set orders.tax: lines", o.priced.want, o.held.total()))
}

func (o *saleOrder) apart(err error) error {
	return sinks.Hold("tax", sinks.WithExchange(err, sinks.Exchange{Request: columns(o.doc, o.priced), Answer: o.odooColumn()}))
}

// foreign holds an order into which a person has put lines of their own.
func (o *saleOrder) foreign() error {
	var ids []string
	for _, l := range o.held.lines {
		if l.name == "" && !number(l.Total).IsZero() {
			ids = append(ids, fmt.Sprintf("%d (%s)", l.ID, number(l.Total)))
		}
	}
	return o.apart(fmt.Errorf("the order's total is %s in the shop and %s in Odoo, where it has lines that are not the shop's, with the ids %s: take them away there, or make the same change in the shop", o.priced.want, o.held.total(), strings.Join(ids, ", ")))
}

// odooColumn are the lines that Odoo holds.
func (o *saleOrder) odooColumn() string {
	var b strings.Builder
	for _, l := range o.held.lines {
		fmt.Fprintf(&b, "  %s: %s x %s, taxes %v = %s\n", cmp.Or(l.name, fmt.Sprintf("line %d, not octail's", l.ID)), l.Quantity, l.Price, l.taxes(), l.Total)
	}
	fmt.Fprintf(&b, "  = %s %s, of it tax %s\n", o.held.Amount, o.held.Currency.Name, o.held.Tax)
	return b.String()
}

// reckoning is how this Odoo adds up an order in a currency.
func (s *sink) reckoning(ctx context.Context, c *company, in currency) (r reckoning, err error) {
	r.perLine, r.rounding = c.roundPerLine, in.rounding
	if !r.rounding.IsPositive() {
		r.rounding = decimal.New(1, -int32(in.decimals))
	}
	fresh, err := s.has(ctx, "account.tax", "price_include_override")
	if err != nil {
		return r, err
	}
	r.oldBases = !fresh
	r.digits, err = s.priceDigits(ctx)
	return r, err
}

// priceDigits are the decimals that the price of an order line keeps; negative: all.
func (s *sink) priceDigits(ctx context.Context) (int32, error) {
	s.memory.mu.Lock()
	known := s.memory.digits
	s.memory.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	var got map[string]struct {
		Digits json.RawMessage `json:"digits"` // all, and those behind the point; anything else means that none is cut
	}
	err := s.rpc.Call(ctx, "sale.order.line", "fields_get", rpc.Args{Named: map[string]any{"allfields": []string{"price_unit"}, "attributes": []string{"digits"}}}, &got)
	if err != nil {
		return 0, fmt.Errorf("ask how many decimals a price keeps: %w", err)
	}
	digits, pair := int32(-1), []int32{}
	if json.Unmarshal(got["price_unit"].Digits, &pair) == nil && len(pair) == 2 {
		digits = pair[1]
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.memory.digits = &digits
	return digits, nil
}
