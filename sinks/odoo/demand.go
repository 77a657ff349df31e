package odoo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"octail/sinks/odoo/rpc"
)

// demand is a stock.move that is still to be done, for a line of an order.
type demand struct {
	ID       int64      `json:"id"`
	Line     rpc.Ref    `json:"sale_line_id"`
	Product  rpc.Ref    `json:"product_id"`
	Quantity rpc.Number `json:"product_uom_qty"`
	Type     rpc.Ref    `json:"picking_type_id"`
	Code     rpc.Text   `json:"picking_code"`
}

// lowerDemands takes off the open transfers of confirmed orders what an edit takes off
// their lines. Odoo 14 does not do that at all, a later one makes a receipt of it when the
// transfer has another date than the order. It goes before the lines: then Odoo finds its
// transfers right, and whoever is killed in between comes again. What is made or bought for
// an order, and the parts of a kit, are left to Odoo.
func (s *sink) lowerDemands(ctx context.Context, orders []*saleOrder, byOrder map[*saleOrder]*edit) error {
	less := map[int64]lowered{}
	for _, o := range orders {
		if o.held.confirmed() {
			byOrder[o].less(less)
		}
	}
	if len(less) == 0 {
		return nil
	}
	if has, err := s.has(ctx, "stock.move", "sale_line_id"); err != nil || !has {
		return err
	}
	var ids []int64
	for id := range less {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var moves []demand
	if err := s.rpc.SearchRead(ctx, "stock.move", rpc.Find{
		Domain: []any{[]any{"sale_line_id", "in", ids}, []any{"state", "not in", []string{"done", "cancel"}}, []any{"procure_method", "=", "make_to_stock"}},
		Fields: []string{"sale_line_id", "product_id", "product_uom_qty", "picking_type_id", "picking_code"}, Order: "id desc",
	}, &moves); err != nil {
		return fmt.Errorf("read what is to be sent of %d lines: %w", len(ids), err)
	}
	type step struct{ line, kind int64 } // a line may be moved in several steps, each the whole of it
	over := map[step]decimal.Decimal{}
	moves = slices.DeleteFunc(moves, func(m demand) bool { return m.Code == "incoming" || m.Product.ID != less[m.Line.ID].product })
	for _, m := range moves {
		at := step{m.Line.ID, m.Type.ID}
		over[at] = over[at].Add(number(m.Quantity))
	}
	for at := range over {
		over[at] = over[at].Sub(less[at.line].to)
	}
	for _, m := range moves {
		at := step{m.Line.ID, m.Type.ID}
		off := decimal.Min(over[at], number(m.Quantity))
		if !off.IsPositive() {
			continue
		}
		over[at] = over[at].Sub(off)
		left := json.Number(number(m.Quantity).Sub(off).String())
		if err := s.rpc.Write(ctx, "stock.move", []int64{m.ID}, map[string]any{"product_uom_qty": left}, silent(nil)); err != nil {
			return fmt.Errorf("send less of a line: %w", err)
		}
	}
	return nil
}

// lowered is what a line of a confirmed order is to come to.
type lowered struct {
	product int64
	to      decimal.Decimal
}

// less collects the lines of which an edit leaves less, by their ids.
func (e *edit) less(into map[int64]lowered) {
	to := map[string]decimal.Decimal{}
	for _, w := range e.lines {
		to[w.name] = w.quantity
	}
	for _, h := range e.drop {
		to[h.name] = decimal.Zero
	}
	for _, h := range e.order.held.lines {
		if n, ok := to[h.name]; ok && h.name != "" && n.LessThan(number(h.Quantity)) {
			into[h.ID] = lowered{h.Product.ID, decimal.Max(n, decimal.Zero)}
		}
	}
}
