package odoo

import (
	"context"
	"slices"

	"octail/sinks"
	"octail/transform/document"
)

// differs is what a comparison found of one delivery.
type differs struct {
	item    *item
	missing bool     // Odoo has no such record
	fields  []string // top-level fields of the document
}

// compareOrders tells which orders are not in Odoo as they are in the shop: their lines
// and totals, their state (see statesApart), and the time, where octail was the last who
// wrote into the order. Not compared is what a person may decide in Odoo until the shop says
// something new of it (see saleOrder.says): nothing there tells a person's word from one
// that was lost. It writes nothing. Called by Compare, with revisions that the sink has
// accepted.
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
	var there, living []*saleOrder
	var out []differs
	for _, o := range orders {
		switch {
		case o.held == nil && o.item.deleted():
		case o.held == nil:
			out = append(out, differs{item: o.item, missing: true})
		case !o.item.deleted():
			there, living = append(there, o), append(living, o)
		case s.cfg.Orders.Deleted != "ignore":
			there = append(there, o)
		}
	}
	is, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	moved, err := s.statesApart(ctx, there, is.user)
	if err != nil {
		return nil, err
	}
	if err := s.readAll(ctx, living); err != nil {
		return nil, err
	}
	for _, o := range there {
		var fields []string
		if !o.item.deleted() && o.held.State != stateCancel { // of what is cancelled nothing is sold
			lines, total, err := s.sumApart(ctx, o)
			if err != nil {
				return nil, err
			}
			if lines {
				fields = append(fields, "lines")
			}
			if total {
				fields = append(fields, "total")
			}
			if at := o.placed(); !o.linked && o.writer == is.user && at != "" && at != string(o.held.Date) {
				fields = append(fields, "placed_at")
			}
		}
		if moved[o] && !o.item.deleted() {
			fields = append(fields, "status")
		}
		slices.Sort(fields)
		if len(fields) > 0 || moved[o] {
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

// sumApart compares the lines, without the products behind them and what a person may have
// called them, and the total. Of an order that would be held now the total alone is compared.
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
		if h == nil {
			return true, total, nil
		}
		l.text = string(h.Text)
		if !h.same(&wantLine{priceLine: l, product: h.Product.ID}) {
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
