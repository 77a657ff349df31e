package odoo

import (
	"context"
	"fmt"

	"octail/sinks/odoo/rpc"
)

// ordersGone does to orders that the shop has deleted what orders.deleted says. Nothing
// is deleted in Odoo. An order that Odoo never had stays so; one that is delivered or
// invoiced is not cancelled, a person is told.
func (s *sink) ordersGone(ctx context.Context, orders []*saleOrder) error {
	if s.cfg.Orders.Deleted == "ignore" || len(orders) == 0 {
		return nil
	}
	if err := s.findOrders(ctx, orders); err != nil {
		return err
	}
	there := those(orders, func(o *saleOrder) bool { return o.held != nil })
	if s.cfg.Orders.Deleted == deletedArchive {
		// Odoo's own orders have no archive, those of some modules do.
		has, err := s.has(ctx, "sale.order", "active")
		if err != nil {
			return err
		}
		if has {
			return s.archiveOrders(ctx, there)
		}
	}
	for _, o := range there {
		o.want = cancelled
	}
	if len(there) == 0 {
		return nil
	}
	if err := s.advance(ctx, there); err != nil {
		return err
	}
	for _, o := range going(there) {
		if o.held != nil && o.held.State != stateCancel {
			o.item.fail(fmt.Errorf("the order was deleted in the shop and is still %q in Odoo", o.held.State))
		}
	}
	return nil
}

func (s *sink) archiveOrders(ctx context.Context, orders []*saleOrder) error {
	var ids []int64
	for _, o := range orders {
		ids = append(ids, o.id)
	}
	if len(ids) == 0 {
		return nil
	}
	if err := s.rpc.Call(ctx, "sale.order", "write", rpc.Args{IDs: ids, Named: map[string]any{"vals": map[string]any{"active": false}}, Context: quiet}, nil); err != nil {
		return fmt.Errorf("archive %d orders: %w", len(ids), err)
	}
	return nil
}
