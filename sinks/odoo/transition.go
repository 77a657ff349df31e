package odoo

import (
	"context"
	"errors"
	"fmt"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// walk is an order on its way to where the shop wants it.
type walk struct {
	*saleOrder
	goal goal
	have standing

	last      step     // what was done
	before    standing // and where it stood then
	err       error    // what came of it; it counts only when the order has not moved
	transfers []transfer
	bills     []bill
}

// mostSteps bounds a walk; the longest is half of it.
const mostSteps = 20

// advance brings each order of a batch to the state the shop wants, one call for many
// where Odoo allows that. What a call answers is never believed: the orders are read
// after it, and held has what was read last. Orders whose item has failed are left
// alone; one that cannot get there fails its item. An error is about all. Called by the
// orders' writer once they have ids.
func (s *sink) advance(ctx context.Context, orders []*saleOrder) error {
	var walks, unread []*walk
	for _, o := range orders {
		if o.failed() || o.id == 0 {
			continue
		}
		g := goalOf(cancelled, nil)
		if !o.item.deleted() { // whatever its last status was
			var err error
			if g, err = s.goal(ctx, o.doc); err != nil {
				o.item.fail(err)
				continue
			}
		}
		w := &walk{saleOrder: o, goal: g}
		if o.held != nil { // as read a moment ago
			w.have = standing{state: o.held.State, locked: o.held.locked()}
		} else {
			unread = append(unread, w)
		}
		walks = append(walks, w)
	}
	if err := s.look(ctx, unread); err != nil {
		return err
	}
	for range mostSteps {
		groups := map[step][]*walk{}
		for _, w := range walks {
			if !w.failed() {
				st := w.goal.next(w.have)
				groups[st] = append(groups[st], w)
			}
		}
		if err := s.look(ctx, groups[stepLook]); err != nil {
			return err
		}
		moved := len(groups[stepLook]) > 0
		for st := stepReopen; st <= stepPerson; st++ {
			of := groups[st]
			if len(of) == 0 {
				continue
			}
			moved = true
			if err := s.take(ctx, st, of); err != nil {
				return err
			}
		}
		if !moved {
			return s.arrived(ctx, walks)
		}
	}
	return sinks.Mark(sinks.Retryable, errors.New("the orders of the batch do not come to rest in Odoo: does an automation there change their state?"))
}

// goal of an order, by its status and its history.
func (s *sink) goal(ctx context.Context, o *document.Order) (goal, error) {
	end, err := s.mapStatus(ctx, o.Status)
	if err != nil {
		return goal{}, err
	}
	var history []reached
	for _, h := range o.History {
		st, err := s.mapStatus(ctx, h.Status)
		if err != nil {
			if h.Status.ID == o.Status.ID {
				return goal{}, err
			}
			continue // a status nobody uses any more says nothing about now
		}
		r := reached{state: st}
		if h.At != nil {
			r.at = *h.At
		}
		history = append(history, r)
	}
	return goalOf(end, history), nil
}

// confirmsInLoad tells whether the load that makes an order is to confirm it as well
// (column state, key "sale"): it keeps the date, and skips what other modules do on a
// confirmation.
func (s *sink) confirmsInLoad(ctx context.Context, o *saleOrder) (bool, error) {
	if s.cfg.Orders.Confirm != confirmState || !o.isNew {
		return false, nil
	}
	g, err := s.goal(ctx, o.doc)
	return g.confirmed, err
}

// take does one step with the orders that need it, and reads them.
func (s *sink) take(ctx context.Context, st step, of []*walk) error {
	for _, w := range of {
		w.last, w.before, w.err = st, w.have, nil
	}
	if err := s.perform(ctx, st, of); err != nil {
		return err
	}
	if err := s.look(ctx, of); err != nil {
		return err
	}
	for _, w := range of {
		if w.failed() || w.have != w.before {
			continue
		}
		if w.err == nil {
			w.err = sinks.Mark(sinks.Permanent, errors.New("Odoo took the call and nothing came of it: look at the order in Odoo, do there what it asks for, then octail dead retry"))
		}
		w.item.fail(fmt.Errorf("%s order %d in Odoo: %w", st, w.id, w.err))
	}
	return nil
}

// perform makes the calls of a step. An error is about all, and ends the batch: nobody
// knows what came of it.
func (s *sink) perform(ctx context.Context, st step, of []*walk) error {
	switch st {
	case stepReopen:
		return s.together(ctx, of, "action_draft", nil)
	case stepSend:
		return s.together(ctx, of, "action_quotation_sent", nil)
	case stepConfirm:
		return s.together(ctx, of, "action_confirm", nil)
	case stepUnlock:
		return s.together(ctx, of, "action_unlock", nil)
	case stepCancel:
		return s.together(ctx, of, "action_cancel", map[string]any{"disable_cancel_warning": true})
	case stepLock:
		locks, err := s.has(ctx, "sale.order", "locked")
		if err != nil {
			return err
		}
		if locks {
			return s.together(ctx, of, "action_lock", nil)
		}
		return s.together(ctx, of, "action_done", nil)
	case stepPerson:
		return each(of, func(w *walk) error { return s.refuse(ctx, w) })
	case stepDeliver:
		return s.deliver(ctx, of)
	case stepInvoice:
		return each(of, func(w *walk) error { return s.invoice(ctx, w) })
	case stepPost:
		return each(of, func(w *walk) error { return s.post(ctx, w) })
	case stepPay:
		return each(of, func(w *walk) error { return s.pay(ctx, w) })
	}
	return nil
}

// each runs f for one order after the other. What is wrong with one order is remembered
// with it; anything else is returned.
func each(of []*walk, f func(*walk) error) error {
	for _, w := range of {
		if err := f(w); err != nil {
			if !own(err) {
				return err
			}
			w.err = err
		}
	}
	return nil
}

// own tells whether an error is about one record, and not about Odoo as a whole.
// XML-RPC answers some calls that were done with a fault, since it cannot write what
// they return: then the order is read as well.
func own(err error) bool {
	if class, _ := sinks.ClassOf(err); class == sinks.Permanent {
		return true
	}
	if _, held := sinks.HeldFor(err); held {
		return true
	}
	e, ok := rpc.As(err)
	return ok && e.Kind == rpc.Unknown
}

// together calls a method for many orders at once. Odoo does it for all or for none, so
// when it refuses they are called one by one.
func (s *sink) together(ctx context.Context, of []*walk, method string, extra map[string]any) error {
	ids := make([]int64, len(of))
	for i, w := range of {
		ids[i] = w.id
	}
	err := s.rpc.Call(ctx, "sale.order", method, rpc.Args{IDs: ids, Context: silent(extra)}, nil)
	switch {
	case err == nil:
		return nil
	case !own(err):
		return err
	case len(of) == 1:
		of[0].err = err
		return nil
	}
	return each(of, func(w *walk) error {
		return s.rpc.Call(ctx, "sale.order", method, rpc.Args{IDs: []int64{w.id}, Context: silent(extra)}, nil)
	})
}

// silent is the context quiet with something added.
func silent(extra map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range []map[string]any{quiet, extra} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// errUndo: what only a person may do.
var errUndo = errors.New("the shop has cancelled or reopened an order that Odoo has delivered or invoiced, and octail undoes neither: make the return and the credit note in Odoo and cancel the order there, then octail dead retry; or leave it as it is, with octail dead discard")

// refuse leaves an order alone that is delivered or invoiced, and says so.
func (s *sink) refuse(ctx context.Context, w *walk) error {
	text := "The shop has cancelled this order, and it is delivered or invoiced here. Make the return and the credit note, and cancel it, or leave it."
	if w.goal.end != cancelled {
		text = "The shop goes on with this order, and it is cancelled here after it was delivered or invoiced. Decide by hand."
	}
	if err := s.tell(ctx, w.saleOrder, "undo_"+w.have.state, text); err != nil {
		return err
	}
	return sinks.Mark(sinks.Permanent, errUndo)
}

// arrived tells people what could not be done yet.
func (s *sink) arrived(ctx context.Context, walks []*walk) error {
	for _, w := range walks {
		if w.failed() || !w.goal.short(w.have) || w.held.total().IsZero() {
			continue
		}
		text := "The shop says that this order is invoiced or paid. Odoo has nothing to invoice before it is delivered; octail makes the invoice when the shop says that it is shipped."
		if err := s.note(ctx, w.saleOrder, "short", text); err != nil {
			return err
		}
	}
	return nil
}
