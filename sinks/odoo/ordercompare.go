package odoo

import (
	"context"
	"fmt"
	"slices"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// differs is what a comparison found of one delivery.
type differs struct {
	item    *item
	missing bool     // Odoo has no such record
	fields  []string // top-level fields of the document
}

// compareOrders tells which orders are not in Odoo as they are in the shop: their lines,
// totals, status, addresses, the time and the comment. It writes nothing. Called by
// Compare, with revisions that the sink has accepted.
func (s *sink) compareOrders(ctx context.Context, items []*item) ([]differs, error) {
	var orders []*saleOrder
	for _, it := range items {
		if doc, ok := read[document.Order](it); ok {
			orders = append(orders, &saleOrder{item: it, doc: doc})
		}
	}
	if len(orders) == 0 {
		return nil, nil
	}
	if err := s.findOrders(ctx, orders); err != nil {
		return nil, err
	}
	var there []*saleOrder
	var out []differs
	for _, o := range orders {
		switch {
		case o.item.deleted():
			if o.held != nil && o.held.State != stateCancel && s.cfg.Orders.Deleted != "ignore" {
				out = append(out, differs{item: o.item})
			}
		case o.held == nil:
			out = append(out, differs{item: o.item, missing: true})
		default:
			there = append(there, o)
		}
	}
	if err := s.readAll(ctx, there); err != nil {
		return nil, err
	}
	lives, err := s.addressesHeld(ctx, there)
	if err != nil {
		return nil, err
	}
	for _, o := range there {
		fields, err := s.fieldsApart(ctx, o, lives)
		if err != nil {
			return nil, err
		}
		if len(fields) > 0 {
			out = append(out, differs{item: o.item, fields: fields})
		}
	}
	return out, nil
}

// readAll reads the lines of orders with their names.
func (s *sink) readAll(ctx context.Context, orders []*saleOrder) error {
	for _, o := range orders {
		o.named = true
	}
	return s.readLines(ctx, orders)
}

// fieldsApart are the fields in which Odoo holds something else than the shop.
func (s *sink) fieldsApart(ctx context.Context, o *saleOrder, lives map[int64]map[string]rpc.Text) ([]string, error) {
	var fields []string
	apart := func(field string, is bool) {
		if is {
			fields = append(fields, field)
		}
	}
	h := o.held
	billing, shipping := orderAddresses(o.doc)
	for _, a := range []struct {
		field string
		want  *document.Address
		at    int64
	}{{"billing_address", billing, h.Invoice.ID}, {"shipping_address", shipping, h.Shipping.ID}} {
		if a.want == nil || emptyAddress(a.want) {
			continue
		}
		cells, err := s.where(ctx, a.want)
		if err != nil {
			return nil, err
		}
		for _, f := range addressCompared {
			if cells[f] != string(lives[a.at][f]) {
				fields = append(fields, a.field)
				break
			}
		}
	}
	apart("comment", o.said() != "" && !sameNote(string(h.Note), o.said()))
	lines, total, err := s.sumApart(ctx, o)
	if err != nil {
		return nil, err
	}
	apart("lines", lines)
	apart("placed_at", o.placed() != "" && o.placed() != string(h.Date))
	status, err := s.statusApart(ctx, o)
	if err != nil {
		return nil, err
	}
	apart("status", status)
	apart("total", total)
	slices.Sort(fields)
	return fields, nil
}

// sumApart compares the lines, without the products behind them, and the total. Of an
// order that would be held now the total alone is compared.
func (s *sink) sumApart(ctx context.Context, o *saleOrder) (lines, total bool, err error) {
	err = s.reckon(ctx, o)
	if _, held := sinks.HeldFor(err); err != nil && !held {
		return false, false, err
	}
	total = !o.held.total().Equal(o.priced.want)
	if err != nil || o.linked {
		return false, total, nil
	}
	byName := map[string]*heldLine{}
	for _, l := range o.held.lines {
		byName[l.name] = l
	}
	for _, l := range o.priced.lines {
		if l.name == roundingName(o.doc.ID) {
			continue
		}
		h := byName[l.name]
		if h == nil || !h.same(&wantLine{priceLine: l, product: h.Product.ID}) {
			return true, total, nil
		}
		delete(byName, l.name)
	}
	for name, h := range byName {
		if name != "" && name != roundingName(o.doc.ID) && !o.dropped(h) {
			return true, total, nil
		}
	}
	return false, total, nil
}

// statusApart compares the state. What a person did beyond the shop's status is no
// difference.
func (s *sink) statusApart(ctx context.Context, o *saleOrder) (bool, error) {
	g, err := s.goal(ctx, o)
	if _, held := sinks.HeldFor(err); held {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	h := o.held
	switch {
	case g.end == cancelled:
		return h.State != stateCancel, nil
	case h.State == stateCancel, g.confirmed && !h.confirmed(), g.lock && !h.locked():
		return true, nil
	}
	return g.delivered && h.Delivery != "" && h.Delivery != "full", nil
}

// addressCompared are the fields of an address that tell where something goes.
var addressCompared = []string{"street", "street2", "zip", "city"}

// addressesHeld reads the addresses of orders, by the partner.
func (s *sink) addressesHeld(ctx context.Context, orders []*saleOrder) (map[int64]map[string]rpc.Text, error) {
	var ids []int64
	for _, o := range orders {
		ids = append(ids, o.held.Invoice.ID, o.held.Shipping.ID)
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil, nil
	}
	var got []struct {
		ID      int64    `json:"id"`
		Street  rpc.Text `json:"street"`
		Street2 rpc.Text `json:"street2"`
		Zip     rpc.Text `json:"zip"`
		City    rpc.Text `json:"city"`
	}
	if err := s.rpc.Read(ctx, "res.partner", ids, addressCompared, nil, &got); err != nil {
		return nil, fmt.Errorf("read the addresses of %d orders: %w", len(orders), err)
	}
	lives := map[int64]map[string]rpc.Text{}
	for _, a := range got {
		lives[a.ID] = map[string]rpc.Text{"street": a.Street, "street2": a.Street2, "zip": a.Zip, "city": a.City}
	}
	return lives, nil
}
