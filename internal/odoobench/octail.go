package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"octail/sinks"
	"octail/sinks/odoo"
	"octail/transform/document"
)

// batch is how many deliveries the engine gives the sink at once.
func batch() int { return odoo.Plugin.Needs(odoo.Plugin.Settings()).Batch }

// catalogue brings the products there, which nobody is measured by.
func (b *bench) catalogue(ctx context.Context) error {
	var all []sinks.Delivery
	for p := int64(1); p <= goods; p++ {
		all = append(all, product(p))
	}
	if err := b.sink.Deliver(ctx, all); err != nil {
		return fmt.Errorf("bring the products to Odoo: %w", err)
	}
	return nil
}

// bulk delivers orders with new customers as a fill does: parents first, by batches.
func (b *bench) bulk(ctx context.Context, orders int) (measured, error) {
	var people, bought []sinks.Delivery
	for range orders {
		b.next++
		people, bought = append(people, customer(b.next)), append(bought, order(b.next))
		b.ours = append(b.ours, b.next)
	}
	before, began := b.sent.Load(), time.Now()
	for _, all := range [][]sinks.Delivery{people, bought} {
		for part := range slices.Chunk(all, batch()) {
			if err := b.sink.Deliver(ctx, part); err != nil {
				return measured{}, err
			}
		}
	}
	return measured{orders, b.sent.Load() - before, time.Since(began)}, nil
}

// live delivers each customer and order alone, as they come from a shop.
func (b *bench) live(ctx context.Context, orders int) (m measured, each []time.Duration, err error) {
	before, began := b.sent.Load(), time.Now()
	for range orders {
		b.next++
		b.ours = append(b.ours, b.next)
		at := time.Now()
		for _, d := range []sinks.Delivery{customer(b.next), order(b.next)} {
			d.Origin = document.FromShop
			if err := b.sink.Deliver(ctx, []sinks.Delivery{d}); err != nil {
				return m, nil, err
			}
		}
		each = append(each, time.Since(at))
	}
	return measured{orders, b.sent.Load() - before, time.Since(began)}, each, nil
}

// verify reads the orders of both back: a connector that is fast and wrong is no
// reference, and no product.
func (b *bench) verify(ctx context.Context) error {
	type found struct {
		ID     int64   `json:"id"`
		Ref    string  `json:"client_order_ref"`
		State  string  `json:"state"`
		Amount float64 `json:"amount_total"`
	}
	wrong := 0
	right := map[string]int{}
	for _, n := range b.ours {
		var got []found
		if err := b.read(ctx, []any{[]any{"client_order_ref", "=", fmt.Sprint(n)}}, &got); err != nil {
			return err
		}
		if len(got) != 1 || got[0].State != "sale" || int64(got[0].Amount*100+0.5) != total(n) {
			wrong++
			continue
		}
		right["octail"]++
	}
	var got []found
	ids := []any{}
	for _, id := range b.theirs {
		ids = append(ids, id)
	}
	if err := b.read(ctx, []any{[]any{"id", "in", ids}}, &got); err != nil {
		return err
	}
	for _, o := range got {
		if o.State == "sale" && o.Amount > 0 {
			right["naive"]++
		}
	}
	fmt.Printf("read back: %d of octail's %d orders and %d of the naive connector's %d are confirmed with their total\n", right["octail"], len(b.ours), right["naive"], len(b.theirs))
	if wrong > 0 || right["naive"] != len(b.theirs) {
		return fmt.Errorf("%d orders are not in Odoo as they should be", wrong)
	}
	return nil
}
