package odoo

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// write does edits: first what goes, then the headers, then what is to be sent less, then
// the lines of all of them in one call.
func (s *sink) write(ctx context.Context, edits []*edit) error {
	byOrder := map[*saleOrder]*edit{}
	var orders []*saleOrder
	for _, e := range edits {
		byOrder[e.order] = e
		orders = append(orders, e.order)
	}
	columns, err := s.lineColumns(ctx)
	if err != nil {
		return err
	}
	err = halves(ctx, going(orders), func(ctx context.Context, orders []*saleOrder) error {
		var ids []int64
		for _, o := range orders {
			if !o.held.confirmed() {
				for _, h := range byOrder[o].drop {
					ids = append(ids, h.ID)
				}
			}
		}
		if len(ids) == 0 {
			return nil
		}
		if err := s.rpc.Call(ctx, "sale.order.line", "unlink", rpc.Args{IDs: ids, Context: quiet}, nil); err != nil {
			return fmt.Errorf("take %d lines away: %w", len(ids), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, o := range going(orders) {
		if err := aside(o, s.writeHeader(ctx, byOrder[o])); err != nil {
			return err
		}
	}
	err = halves(ctx, going(orders), func(ctx context.Context, orders []*saleOrder) error {
		return s.lowerDemands(ctx, orders, byOrder)
	})
	if err != nil {
		return err
	}
	return halves(ctx, going(orders), func(ctx context.Context, orders []*saleOrder) error {
		var records []*record
		for _, o := range orders {
			e := byOrder[o]
			lines := e.lines
			if o.held.confirmed() {
				for _, h := range e.drop {
					lines = append(lines, h.emptied())
				}
			}
			if len(lines) > 0 {
				records = append(records, &record{xid: s.xid(orderName(o.doc.ID)), item: o.item,
					under: map[string][]record{"order_line": s.lineRecords(lines, columns)}})
			}
		}
		if len(records) == 0 {
			return nil
		}
		return s.load(ctx, "sale.order", records, nil)
	})
}

// emptied is a line of a confirmed order that the shop has no more: Odoo keeps it.
func (l *heldLine) emptied() wantLine {
	return wantLine{product: l.Product.ID, sequence: goneSequence,
		priceLine: priceLine{name: l.name, quantity: decimal.Zero, price: number(l.Price), taxes: l.taxes(), text: string(l.Text)}}
}

// writeHeader changes fields of an order. A new delivery address reaches the transfers
// that are still open; those go first, so that whoever is killed in between comes again.
func (s *sink) writeHeader(ctx context.Context, e *edit) error {
	if len(e.header) == 0 {
		return nil
	}
	context := maps.Clone(quiet)
	if to := e.header["partner_shipping_id"]; to != nil && len(e.order.held.Pickings) > 0 {
		var transfers []struct {
			ID    int64  `json:"id"`
			State string `json:"state"`
		}
		if err := s.rpc.Read(ctx, "stock.picking", e.order.held.Pickings, []string{"state"}, nil, &transfers); err != nil {
			return fmt.Errorf("read the transfers of an order: %w", err)
		}
		var open []int64
		for _, t := range transfers {
			if t.State != "done" && t.State != "cancel" {
				open = append(open, t.ID)
			}
		}
		if len(open) > 0 {
			if err := s.rpc.Write(ctx, "stock.picking", open, map[string]any{"partner_id": to}, quiet); err != nil {
				return fmt.Errorf("give %d transfers the new address: %w", len(open), err)
			}
		}
		if len(open) == len(transfers) { // or Odoo asks a person to do what was just done
			context["update_delivery_shipping_partner"] = true
		}
	}
	err := s.rpc.Write(ctx, "sale.order", []int64{e.order.id}, e.header, context)
	// The order is gone, or what the header names; of some fields the database finds that
	// out, and Odoo's words, in any language, have the name of the constraint.
	if refused, ok := rpc.As(err); ok && (refused.Kind == rpc.Missing || refused.Kind == rpc.Refused && strings.Contains(refused.Message, "_fkey")) {
		s.forget()
		err = sinks.Mark(sinks.Retryable, fmt.Errorf("%w: %w", errStale, err))
	}
	if err != nil {
		return fmt.Errorf("change the header of an order: %w", err)
	}
	return nil
}
