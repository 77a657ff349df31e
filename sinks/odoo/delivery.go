package odoo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// move is a stock.move: so many of a product in a transfer.
type move struct {
	ID       int64      `json:"id"`
	Transfer rpc.Ref    `json:"picking_id"`
	Demand   rpc.Number `json:"product_uom_qty"`
	Tracking rpc.Text   `json:"has_tracking"` // none, lot, serial
	Lines    []int64    `json:"move_line_ids"`
}

var (
	errTracked = errors.New("the order has products with lots or serial numbers, and the shop does not know which were shipped: validate the transfer in Odoo, then octail dead retry")
	errLabel   = errors.New("the order's carrier would order a shipping label when Odoo validates the transfer, and the shop has shipped it: validate the transfer in Odoo, then octail dead retry")
)

// shipment is a transfer of an order with what is to be moved.
type shipment struct {
	walk  *walk
	of    transfer
	moves []move
}

// deliver does the transfers of orders that can be done now: all quantities, also where
// Odoo has no stock, since the goods have left. A transfer that waits for another one
// (pick, pack, ship) is done after it, when the order is looked at again. What Odoo does
// not do for all of them it is asked to do one by one.
func (s *sink) deliver(ctx context.Context, of []*walk) error {
	list, err := s.shipments(ctx, of)
	if err != nil || len(list) == 0 {
		return err
	}
	if len(list) > 1 {
		asks, err := s.validate(ctx, list)
		if err == nil && asks == "" || err != nil && !own(err) {
			return err
		}
	}
	for i, sh := range list {
		asks, err := s.validate(ctx, list[i:i+1])
		switch {
		case err != nil && !own(err):
			return err
		case err != nil:
			sh.walk.err = err
		case asks != "":
			sh.walk.err = sinks.Mark(sinks.Permanent, fmt.Errorf("a person is asked about transfer %d (%s): validate it in Odoo, then octail dead retry", sh.of.ID, asks))
		}
	}
	return nil
}

// shipments are the transfers that can be done now, but for those that only a person can
// do.
func (s *sink) shipments(ctx context.Context, of []*walk) ([]shipment, error) {
	var ids []int64
	for _, w := range of {
		for _, t := range w.ready() {
			ids = append(ids, t.ID)
		}
	}
	var moves []move
	fields := []string{"picking_id", "product_uom_qty", "has_tracking", "move_line_ids"}
	domain := []any{[]any{"picking_id", "in", ids}, []any{"state", "not in", []string{"done", "cancel"}}}
	if err := s.rpc.SearchRead(ctx, "stock.move", rpc.Find{Domain: domain, Fields: fields, Order: "id"}, &moves); err != nil {
		return nil, fmt.Errorf("read the moves of transfers: %w", err)
	}
	labels, err := s.labelled(ctx, of)
	if err != nil {
		return nil, err
	}
	var out []shipment
	err = each(of, func(w *walk) error {
		var list []shipment
		for _, t := range w.ready() {
			sh := shipment{walk: w, of: t}
			for _, m := range moves {
				if m.Transfer.ID == t.ID {
					sh.moves = append(sh.moves, m)
				}
			}
			switch {
			case slices.ContainsFunc(sh.moves, func(m move) bool { return m.Tracking == "lot" || m.Tracking == "serial" }):
				return s.leave(ctx, w, "lots", "The shop has shipped this order. Which lots or serial numbers were shipped is not known to it: please validate the transfer.", errTracked)
			case labels[t.Carrier.ID] && t.Label == "" && t.Code == "outgoing":
				return s.leave(ctx, w, "label", "The shop has shipped this order. Validating its transfer would order a shipping label from the carrier, so it is left to you.", errLabel)
			}
			list = append(list, sh)
		}
		out = append(out, list...)
		return nil
	})
	return out, err
}

// ready are the transfers to be done now: those that wait for no other one. When all
// wait, for what is no transfer of this order (a purchase, say), it is all: the goods
// have left.
func (w *walk) ready() []transfer {
	var open, ready []transfer
	for _, t := range w.transfers {
		if t.open() {
			open = append(open, t)
			if t.State != "waiting" {
				ready = append(ready, t)
			}
		}
	}
	if len(ready) == 0 {
		ready = open
	}
	slices.SortFunc(ready, func(a, b transfer) int { return int(a.ID - b.ID) })
	return ready
}

// doneField is the field with the quantity that was moved.
func (s *sink) doneField(ctx context.Context) (string, error) {
	old, err := s.has(ctx, "stock.move", "quantity_done") // before 17
	if old {
		return "quantity_done", err
	}
	return "quantity", err
}

// validate sets the quantities of transfers, and validates them all or none. asks is what
// Odoo wants to ask a person instead of doing so.
func (s *sink) validate(ctx context.Context, list []shipment) (asks string, err error) {
	field, err := s.doneField(ctx)
	if err != nil {
		return "", err
	}
	var ids []int64
	same := map[rpc.Number][]int64{} // moves of one quantity are written in one call
	var quantities []rpc.Number
	for _, sh := range list {
		ids = append(ids, sh.of.ID)
		for _, m := range sh.moves {
			if field == "quantity_done" && len(m.Lines) > 1 {
				if err := s.fillLines(ctx, m); err != nil {
					return "", err
				}
				continue
			}
			if same[m.Demand] == nil {
				quantities = append(quantities, m.Demand)
			}
			same[m.Demand] = append(same[m.Demand], m.ID)
		}
	}
	for _, n := range quantities {
		values := map[string]any{field: json.Number(n)}
		if field == "quantity" {
			values["picked"] = true
		}
		if err := s.rpc.Write(ctx, "stock.move", same[n], values, silent(nil)); err != nil {
			return "", fmt.Errorf("set the quantities of %d transfers: %w", len(list), err)
		}
	}
	var answer json.RawMessage
	no := map[string]any{"skip_backorder": true, "skip_sms": true, "skip_immediate": true, "skip_expired": true}
	if err := s.rpc.Call(ctx, "stock.picking", "button_validate", rpc.Args{IDs: ids, Context: silent(no)}, &answer); err != nil {
		return "", fmt.Errorf("validate %d transfers: %w", len(list), err)
	}
	// An object is a question to a person, or a paper to print.
	var asked struct {
		Model rpc.Text `json:"res_model"`
	}
	if json.Unmarshal(answer, &asked) != nil {
		return "", nil // true
	}
	return string(asked.Model), nil
}

// fillLines writes what was moved into the lines of a move that is reserved from several
// places: before 17 that is refused on the move itself. What is not reserved goes to the
// last of them.
func (s *sink) fillLines(ctx context.Context, m move) error {
	var lines []struct {
		ID       int64      `json:"id"`
		Reserved rpc.Number `json:"product_uom_qty"`
	}
	if err := s.rpc.Read(ctx, "stock.move.line", m.Lines, []string{"product_uom_qty"}, nil, &lines); err != nil {
		return fmt.Errorf("read the lines of a move: %w", err)
	}
	left := number(m.Demand)
	for i, l := range lines {
		quantity := number(l.Reserved)
		if i == len(lines)-1 {
			quantity = left
		}
		left = left.Sub(quantity)
		if err := s.rpc.Write(ctx, "stock.move.line", []int64{l.ID}, map[string]any{"qty_done": json.Number(quantity.String())}, silent(nil)); err != nil {
			return fmt.Errorf("set the quantity of a move's line: %w", err)
		}
	}
	return nil
}

// labelled are the carriers of the open transfers that order labels when a transfer is
// validated.
func (s *sink) labelled(ctx context.Context, of []*walk) (map[int64]bool, error) {
	ids := map[int64]bool{}
	for _, w := range of {
		for _, t := range w.ready() {
			if t.Carrier.ID != 0 && t.Label == "" {
				ids[t.Carrier.ID] = true
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var carriers []struct {
		ID    int64    `json:"id"`
		Level rpc.Text `json:"integration_level"`
		Type  rpc.Text `json:"delivery_type"`
	}
	var list []int64
	for id := range ids {
		list = append(list, id)
	}
	slices.Sort(list)
	if err := s.rpc.Read(ctx, "delivery.carrier", list, []string{"integration_level", "delivery_type"}, nil, &carriers); err != nil {
		return nil, fmt.Errorf("read the carriers of transfers: %w", err)
	}
	out := map[int64]bool{}
	for _, c := range carriers {
		// fixed and base_on_rule are Odoo's own: they order nothing.
		out[c.ID] = c.Level == "rate_and_ship" && c.Type != "fixed" && c.Type != "base_on_rule"
	}
	return out, nil
}

// leave hands an order over to a person: a note, a to-do and an error for good.
func (s *sink) leave(ctx context.Context, w *walk, key, text string, err error) error {
	if e := s.tell(ctx, w.saleOrder, key, text); e != nil {
		return e
	}
	return sinks.Mark(sinks.Permanent, err)
}
