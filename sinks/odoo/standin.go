package odoo

// What other parts of the sink bring: thin until those are merged.

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// Odoo's states of an order.
const (
	stateDraft  = "draft"
	stateSent   = "sent"
	stateSale   = "sale"
	stateDone   = "done"
	stateCancel = "cancel"
)

type saleState int

const (
	saleDraft saleState = iota
	saleSent
	saleConfirmed
	saleDelivered
	saleInvoiced
	salePaid
	saleCancelled
	saleLocked
)

type payment struct{ term, journal int64 }
type carrier struct{ id, product int64 }
type currency struct {
	id, pricelist int64
	decimals      int
}
type store struct{ company, team, warehouse int64 }
type tax struct {
	id       int64
	rate     decimal.Decimal
	fixed    bool
	included bool
	lines    bool
}
type addressee struct{ partner, invoice, delivery int64 }
type lineKind int

const (
	lineProduct lineKind = iota
	lineTotal
	lineVoucher
	lineTax
	lineRounding
)

type priceLine struct {
	name            string
	kind            lineKind
	line            int64
	code            string
	quantity, price decimal.Decimal
	taxes           []int64
	text            string
}
type priced struct {
	lines          []priceLine
	expected, want decimal.Decimal
}

func (s *sink) has(ctx context.Context, model, field string) (bool, error) {
	s.mu.Lock()
	if s.base == nil {
		s.base = &base{fields: map[string]map[string]bool{}}
	}
	known := s.base.fields[model]
	s.mu.Unlock()
	if known == nil {
		var got map[string]struct{}
		if err := s.rpc.Call(ctx, model, "fields_get", rpc.Args{Named: map[string]any{"attributes": []string{"type"}}}, &got); err != nil {
			return false, err
		}
		known = map[string]bool{}
		for f := range got {
			known[f] = true
		}
		s.mu.Lock()
		s.base.fields[model] = known
		s.mu.Unlock()
	}
	return known[field], nil
}

func (s *sink) mapStatus(ctx context.Context, st document.Status) (saleState, error) {
	if st.Name == nil {
		return saleConfirmed, nil
	}
	switch *st.Name {
	case "Pending":
		return saleDraft, nil
	case "Canceled":
		return saleCancelled, nil
	}
	return saleConfirmed, nil
}
func (s *sink) mapPayment(ctx context.Context, p *document.Payment) (payment, error) {
	return payment{}, nil
}
func (s *sink) mapCarrier(ctx context.Context, p *document.Shipping) (carrier, error) {
	return carrier{}, nil
}
func (s *sink) mapTax(ctx context.Context, t document.TotalTax, title string) (tax, error) {
	return tax{lines: true}, nil
}
func (s *sink) mapStore(ctx context.Context, st document.Store) (store, error) { return store{}, nil }
func (s *sink) mapCurrency(ctx context.Context, code string) (currency, error) {
	return currency{id: 1, decimals: 2}, nil
}

var standinServices = map[string]int64{}

func (s *sink) service(ctx context.Context, code string) (int64, error) {
	key := s.cfg.Database + serviceName(code)
	if id := standinServices[key]; id != 0 {
		return id, nil
	}
	r := &record{xid: s.xid(serviceName(code)), cells: map[string]string{"name": code, "type": "service", "taxes_id/.id": "", "invoice_policy": "order"}}
	if err := s.load(ctx, "product.product", []*record{r}, nil); err != nil {
		return 0, err
	}
	standinServices[key] = r.id
	return r.id, nil
}

func (s *sink) addressees(ctx context.Context, orders []*saleOrder) error {
	var rs []*record
	for _, o := range orders {
		name := guestName(o.doc.ID)
		if o.doc.Customer.ID != nil {
			name = customerName(*o.doc.Customer.ID)
		}
		rs = append(rs, &record{xid: s.xid(name), cells: map[string]string{"name": o.doc.Customer.FirstName}, item: o.item})
	}
	if err := s.load(ctx, "res.partner", rs, nil); err != nil {
		return err
	}
	for i, o := range orders {
		o.to = addressee{rs[i].id, rs[i].id, rs[i].id}
	}
	return nil
}

func (s *sink) goods(ctx context.Context, orders []*saleOrder) error {
	for _, o := range orders {
		o.products = map[int64]int64{}
		for _, l := range o.doc.Lines {
			key := fmt.Sprint(s.cfg.Database, "p", l.ProductID)
			if standinServices[key] == 0 {
				cells := map[string]string{"name": l.Name, "type": "consu", "taxes_id/.id": ""}
				if ok, _ := s.has(ctx, "product.product", "is_storable"); ok {
					cells["is_storable"] = "True"
				} else {
					cells["type"] = "product"
				}
				r := &record{xid: s.xid(productName(l.ProductID)), cells: cells, item: o.item}
				if err := s.load(ctx, "product.product", []*record{r}, nil); err != nil {
					return err
				}
				standinServices[key] = r.id
			}
			o.products[l.Line] = standinServices[key]
		}
	}
	return nil
}

func price(o *document.Order, taxes []tax, roundPerLine bool, digits int) (priced, error) {
	rate := decimal.RequireFromString(o.Currency.Rate)
	p := priced{want: decimal.RequireFromString(o.Total).Mul(rate).Round(int32(o.Currency.Decimals))}
	for _, l := range o.Lines {
		x := priceLine{name: strings.TrimPrefix(lineName(o.ID, l.Line), ""), line: l.Line, quantity: decimal.NewFromInt(l.Quantity), price: decimal.RequireFromString(l.Price).Mul(rate).Round(int32(digits)), text: l.Name}
		p.lines = append(p.lines, x)
		p.expected = p.expected.Add(x.price.Mul(x.quantity))
	}
	n := map[string]int{}
	for _, t := range o.Totals {
		if t.Code == "sub_total" || t.Code == "total" {
			continue
		}
		n[t.Code]++
		x := priceLine{name: totalName(o.ID, t.Code, n[t.Code]), kind: lineTotal, code: t.Code, quantity: decimal.NewFromInt(1), price: decimal.RequireFromString(t.Value).Mul(rate).Round(int32(digits)), text: t.Title}
		p.lines = append(p.lines, x)
		p.expected = p.expected.Add(x.price)
	}
	p.expected = p.expected.Round(int32(o.Currency.Decimals))
	if d := p.want.Sub(p.expected); !d.IsZero() {
		p.lines = append(p.lines, priceLine{name: orderName(o.ID) + "_rounding", kind: lineRounding, code: "rounding", quantity: decimal.NewFromInt(1), price: d, text: "Rounding"})
	}
	return p, nil
}

func (s *sink) advance(ctx context.Context, orders []*saleOrder) error {
	var ids, cancel []int64
	for _, o := range orders {
		if o.want >= saleConfirmed && o.want != saleCancelled && (o.held.State == "draft" || o.held.State == "sent") {
			ids = append(ids, o.id)
		}
		if o.want == saleCancelled && o.held.State != "cancel" {
			cancel = append(cancel, o.id)
		}
	}
	if len(ids) > 0 {
		if err := s.rpc.Call(ctx, "sale.order", "action_confirm", rpc.Args{IDs: ids, Context: quiet}, nil); err != nil {
			return err
		}
	}
	if len(cancel) > 0 {
		if err := s.rpc.Call(ctx, "sale.order", "action_cancel", rpc.Args{IDs: cancel, Context: quiet}, nil); err != nil {
			return err
		}
	}
	if len(ids)+len(cancel) > 0 {
		return s.reread(ctx, orders)
	}
	return nil
}
func (s *sink) notes(ctx context.Context, orders []*saleOrder) error           { return nil }
func (s *sink) tell(ctx context.Context, o *saleOrder, key, text string) error { return nil }
