package odoo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
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
		g, err := s.goal(ctx, o)
		if err != nil {
			o.item.fail(err)
			continue
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
	var restless []*walk
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
		restless = slices.Clone(groups[stepLook])
		for st := stepReopen; st <= stepPerson; st++ {
			of := groups[st]
			if len(of) == 0 {
				continue
			}
			moved = true
			restless = append(restless, of...)
			if err := s.take(ctx, st, of); err != nil {
				return err
			}
		}
		if !moved {
			return s.arrived(ctx, walks)
		}
	}
	for _, w := range restless {
		w.item.fail(sinks.Mark(sinks.Retryable, errRestless))
	}
	return s.arrived(ctx, walks)
}

var errRestless = errors.New("the order does not come to rest in Odoo: does an automation there change its state?")

// goal of an order, by its status and its history. One that the shop has deleted is to be
// cancelled.
func (s *sink) goal(ctx context.Context, o *saleOrder) (goal, error) {
	if o.item.deleted() {
		return goalOf(cancelled, nil), nil
	}
	end, err := s.mapStatus(ctx, o.doc.Status)
	if err != nil {
		return goal{}, err
	}
	var history []reached
	for _, h := range o.doc.History {
		st, err := s.mapStatus(ctx, h.Status)
		if err != nil {
			if h.Status.ID == o.doc.Status.ID {
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
	g := goalOf(end, history)
	g.reached = o.left()
	return g, nil
}

// take does one step with the orders that need it, and reads them.
func (s *sink) take(ctx context.Context, st step, of []*walk) error {
	for _, w := range of {
		w.last, w.before, w.err = st, w.have, nil
	}
	err := s.perform(ctx, st, of)
	if err != nil && !own(err) {
		return err
	}
	if err != nil && len(of) > 1 { // one of them is the cause: each is tried alone, from where it stands now
		if err := s.look(ctx, of); err != nil {
			return err
		}
		for _, w := range of {
			if w.failed() || w.have != w.before {
				continue
			}
			if err := s.take(ctx, st, []*walk{w}); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		of[0].err = err
	}
	if err := s.look(ctx, of); err != nil {
		return err
	}
	for _, w := range of {
		if w.failed() || w.have != w.before {
			continue
		}
		if w.err == nil {
			w.err = sinks.Mark(sinks.Permanent, errors.New("nothing came of it though Odoo took the call: look at the order in Odoo, do there what it asks for, then octail dead retry"))
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
		return s.together(ctx, of, "action_draft")
	case stepSend:
		return s.together(ctx, of, "action_quotation_sent")
	case stepConfirm:
		return s.together(ctx, of, "action_confirm")
	case stepUnlock:
		return s.together(ctx, of, "action_unlock")
	case stepCancel:
		return s.together(ctx, of, "action_cancel")
	case stepLock:
		locks, err := s.has(ctx, "sale.order", "locked")
		if err != nil {
			return err
		}
		if locks {
			return s.together(ctx, of, "action_lock")
		}
		return s.together(ctx, of, "action_done")
	case stepPerson:
		return each(of, func(w *walk) error { return s.refuse(ctx, w) })
	case stepDeliver:
		return s.deliver(ctx, of)
	case stepInvoice:
		return s.invoice(ctx, of)
	case stepPost:
		return s.post(ctx, of)
	case stepPay:
		return s.pay(ctx, of)
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

// together calls a method for many orders at once.
func (s *sink) together(ctx context.Context, of []*walk, method string) error {
	owner := map[int64]*walk{}
	ids := make([]int64, len(of))
	for i, w := range of {
		owner[w.id], ids[i] = w, w.id
	}
	return s.all(ctx, "sale.order", method, ids, func(id int64, err error) { owner[id].err = err })
}

// all calls a method for many records at once. Odoo does it for all or for none, so when
// it refuses they are called one by one, and failed hears of those that are refused.
func (s *sink) all(ctx context.Context, model, method string, ids []int64, failed func(id int64, err error)) error {
	if len(ids) == 0 {
		return nil
	}
	// The other answer of action_cancel is a question, before 17.
	silent := silent(map[string]any{"disable_cancel_warning": true})
	err := s.rpc.Call(ctx, model, method, rpc.Args{IDs: ids, Context: silent}, nil)
	if err == nil || !own(err) {
		return err
	}
	if len(ids) == 1 {
		failed(ids[0], err)
		return nil
	}
	for _, id := range ids {
		err := s.rpc.Call(ctx, model, method, rpc.Args{IDs: []int64{id}, Context: silent}, nil)
		if err == nil {
			continue
		}
		if !own(err) {
			return err
		}
		failed(id, err)
	}
	return nil
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
var errUndo = errors.New("the shop has cancelled, deleted or reopened an order that Odoo has delivered or invoiced, and octail undoes neither: make the return and the credit note in Odoo and cancel the order there, then octail dead retry; or leave it as it is, with octail dead discard")

// refuse leaves an order alone that is delivered or invoiced, and says so.
func (s *sink) refuse(ctx context.Context, w *walk) error {
	text := "The shop has cancelled or deleted this order, and it is delivered or invoiced here. Make the return and the credit note, and cancel it, or leave it."
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
