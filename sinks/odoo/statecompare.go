package odoo

import (
	"context"
	"fmt"
	"slices"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// statesApart tells which orders octail would lead on, were they delivered once more: a
// line in mappings.status says another state now, or Odoo has lost what it had. What a
// person did is none of that: it stays until the shop says something new of the order. It
// costs a call for the transfers of the orders, and one for their invoices, where they
// matter. user is octail's.
func (s *sink) statesApart(ctx context.Context, orders []*saleOrder, user int64) (map[*saleOrder]bool, error) {
	var walks []*walk
	for _, o := range orders {
		g, err := s.goal(ctx, o)
		if _, held := sinks.HeldFor(err); held {
			continue // what is not mapped is to be nothing
		}
		if err != nil {
			return nil, err
		}
		g.reached = false
		walks = append(walks, &walk{saleOrder: o, goal: g, have: standing{state: o.held.State, locked: o.held.locked()}})
	}
	var deep []*walk
	for _, w := range walks {
		if w.goal.next(w.have) == stepLook {
			deep = append(deep, w)
		}
	}
	if err := s.lookBelow(ctx, deep); err != nil {
		return nil, err
	}
	out := map[*saleOrder]bool{}
	var unpaid []*walk
	for _, w := range walks {
		switch st := w.goal.next(w.have); {
		case st == stepPay:
			unpaid = append(unpaid, w)
		case w.octails(st, w.writer == user):
			out[w.saleOrder] = true
		}
	}
	paid, err := s.paidBefore(ctx, unpaid)
	for _, w := range unpaid {
		if !paid[w] {
			out[w.saleOrder] = true
		}
	}
	return out, err
}

// octails tells whether that a step is still to be done is no person's doing. alone:
// octail was the last who wrote into the order.
func (w *walk) octails(st step, alone bool) bool {
	switch st {
	case stepConfirm: // a quotation with transfers was an order, and somebody took it back
		return alone || len(w.held.Pickings) == 0
	case stepUnlock, stepCancel: // one with cancelled transfers somebody has taken up again
		return alone || !slices.ContainsFunc(w.transfers, func(t transfer) bool { return t.State == "cancel" })
	case stepReopen, stepSend, stepLock:
		return alone
	case stepDeliver:
		return w.have.shipped == 0 // else somebody sends something once more, or the rest later
	case stepInvoice:
		return len(w.bills) == 0 // else somebody has cancelled or credited one
	}
	// A draft of an invoice is somebody's, who writes it or corrects it. What only a person
	// can lead on has a note, and had a dead letter.
	return false
}

// paidBefore are the orders with a payment of octail's: it is a person's matter that the
// invoice is open all the same.
func (s *sink) paidBefore(ctx context.Context, walks []*walk) (map[*walk]bool, error) {
	if len(walks) == 0 {
		return nil, nil
	}
	memo, err := s.has(ctx, "account.payment", "memo")
	if err != nil {
		return nil, err
	}
	field := "ref" // before 18
	if memo {
		field = "memo"
	}
	var numbers []string
	for _, w := range walks {
		numbers = append(numbers, w.doc.Number)
	}
	var found []map[string]any
	if err := s.rpc.SearchRead(ctx, "account.payment", rpc.Find{Domain: []any{[]any{field, "in", numbers}}, Fields: []string{field}}, &found); err != nil {
		return nil, fmt.Errorf("look for the payments of %d orders: %w", len(walks), err)
	}
	out := map[*walk]bool{}
	for _, w := range walks {
		out[w] = slices.ContainsFunc(found, func(p map[string]any) bool { return p[field] == w.doc.Number })
	}
	return out, nil
}
