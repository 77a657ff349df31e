package main

import (
	"context"
	"fmt"
	"time"

	"octail/sinks/odoo/rpc"
)

// naive brings orders to Odoo as connectors of one call a record do.
func (b *bench) naive(ctx context.Context, orders int) (measured, error) {
	before, began := b.sent.Load(), time.Now()
	for range orders {
		b.next++
		id, err := b.naiveOrder(ctx, b.next)
		if err != nil {
			return measured{}, err
		}
		b.theirs = append(b.theirs, id)
	}
	return measured{orders, b.sent.Load() - before, time.Since(began)}, nil
}

func (b *bench) naiveOrder(ctx context.Context, n int64) (int64, error) {
	mail := fmt.Sprintf("naive.%d@example.com", n)
	if _, err := b.search(ctx, "res.partner", "email", mail); err != nil {
		return 0, err
	}
	country, err := b.search(ctx, "res.country", "code", "US")
	if err != nil {
		return 0, err
	}
	who := map[string]any{"name": fmt.Sprintf("Ann Example %d", n), "email": mail, "phone": "+1 555 0100", "street": fmt.Sprintf("%d Main Street", n), "city": "Testville", "zip": "90001", "country_id": country}
	partner, err := b.create(ctx, "res.partner", who)
	if err != nil {
		return 0, err
	}
	who["type"], who["parent_id"] = "delivery", partner
	shipping, err := b.create(ctx, "res.partner", who)
	if err != nil {
		return 0, err
	}
	if _, err := b.search(ctx, "res.currency", "name", "USD"); err != nil {
		return 0, err
	}
	order, err := b.create(ctx, "sale.order", map[string]any{"partner_id": partner, "partner_shipping_id": shipping, "client_order_ref": fmt.Sprintf("N-%d", n), "date_order": time.Now().UTC().Format(time.DateTime)})
	if err != nil {
		return 0, err
	}
	for _, p := range chosen(n) {
		id, err := b.search(ctx, "product.product", "default_code", sku(p))
		if err != nil {
			return 0, err
		}
		if _, err := b.create(ctx, "sale.order.line", map[string]any{"order_id": order, "product_id": id, "product_uom_qty": 1, "price_unit": float64(5+p) + 0.5, "tax_ids": []any{[]any{6, 0, []any{}}}}); err != nil {
			return 0, err
		}
	}
	return order, b.rpc.Call(ctx, "sale.order", "action_confirm", rpc.Args{IDs: []int64{order}}, nil)
}

func (b *bench) search(ctx context.Context, model, field, value string) (int64, error) {
	var found []struct {
		ID int64 `json:"id"`
	}
	err := b.rpc.SearchRead(ctx, model, rpc.Find{Domain: []any{[]any{field, "=", value}}, Fields: []string{"id"}, Limit: 1}, &found)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[0].ID, nil
}

func (b *bench) create(ctx context.Context, model string, values map[string]any) (int64, error) {
	ids, err := b.rpc.Create(ctx, model, []map[string]any{values}, nil)
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// read reads orders beside the proxy.
func (b *bench) read(ctx context.Context, domain []any, out any) error {
	return b.reader.SearchRead(ctx, "sale.order", rpc.Find{Domain: domain, Fields: []string{"client_order_ref", "state", "amount_total"}}, out)
}
