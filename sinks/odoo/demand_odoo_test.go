//go:build odoo

package odoo

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"octail/sinks/odoo/rpc"
)

// demands fails unless the open transfers of an order send just these quantities, by
// product of the shop, and nothing is to come back.
func (b *till) demands(when string, h seen, want map[int64]int64) {
	b.t.Helper()
	var moves []struct {
		Product rpc.Ref    `json:"product_id"`
		Demand  rpc.Number `json:"product_uom_qty"`
		State   string     `json:"state"`
		Code    rpc.Text   `json:"picking_code"`
	}
	find := rpc.Find{Domain: []any{[]any{"picking_id", "in", h.Pickings}}, Fields: []string{"product_id", "product_uom_qty", "state", "picking_code"}}
	if err := b.admin.SearchRead(b.t.Context(), "stock.move", find, &moves); err != nil {
		b.t.Fatal(err)
	}
	has := map[int64]decimal.Decimal{}
	for _, m := range moves {
		if m.State == "done" || m.State == "cancel" {
			continue
		}
		if m.Code != "outgoing" {
			b.t.Errorf("%s: %s of product %d are to come back, which never left", when, m.Demand, m.Product.ID)
			continue
		}
		has[m.Product.ID] = has[m.Product.ID].Add(number(m.Demand))
	}
	for product, quantity := range want {
		id := b.goodsAt(product)
		if !has[id].Equal(decimal.NewFromInt(quantity)) {
			b.t.Errorf("%s: %s of product %d are to be sent, want %d", when, has[id], product, quantity)
		}
		delete(has, id)
	}
	for id, quantity := range has {
		if !quantity.IsZero() {
			b.t.Errorf("%s: %s of the product with the id %d are to be sent, which the order does not have", when, quantity, id)
		}
	}
}

// goodsAt is the record of a product of the shop.
func (b *till) goodsAt(product int64) int64 {
	b.t.Helper()
	id, err := b.recordOf(b.t.Context(), productModel, productName(product))
	if err != nil || id == 0 {
		b.t.Fatalf("product %d is not in Odoo: %v", product, err)
	}
	return id
}

// TestEditReachesTransfers: what the shop takes off a confirmed order is not sent any
// more, and nothing is expected back.
func TestEditReachesTransfers(t *testing.T) {
	on(t, everywhere, "", func(t *testing.T, b *till) {
		x := two(101, 2)
		b.put(edited(two(100, 1)), two(99, 1)) // their products are there now
		slow := b.goodsAt(41)                  // it leaves five days after the order, the others at once
		if err := b.admin.Write(t.Context(), productModel, []int64{slow}, map[string]any{"sale_delay": 5}, nil); err != nil {
			t.Fatal(err)
		}
		b.put(x)
		b.demands("confirmed", b.is(x, stateSale), map[int64]int64{40: 2, 41: 1})
		x.lines = []sold{{1, 40, 5, "101"}, {2, 41, 4, "33.3333"}, {3, 42, 2, "7.7777"}}
		b.put(x)
		b.demands("more", b.is(x, stateSale), map[int64]int64{40: 5, 41: 4, 42: 2})
		x.lines = []sold{{1, 40, 1, "101"}, {2, 41, 3, "33.3333"}}
		b.put(x)
		b.demands("less", b.is(x, stateSale), map[int64]int64{40: 1, 41: 3})
		x.lines = []sold{{1, 40, 1, "101"}}
		x.street = "2 Low Street"
		b.put(x)
		b.demands("one is gone", b.is(x, stateSale), map[int64]int64{40: 1})
		x.status = 3
		b.put(x)
		h := b.is(x, stateSale)
		for _, p := range b.transfers(h) {
			if p.State != "done" {
				t.Errorf("transfer %d is %s", p.ID, p.State)
			}
		}
		for _, l := range h.lines {
			if number(l.Quantity).IsZero() && !number(l.Delivered).IsZero() {
				t.Errorf("%s of %q are delivered, which the shop has taken off", l.Delivered, l.Text)
			}
		}
	})
}

// TestPersonTakesSomeOff: the date of an order is when it was placed, which must not
// keep Odoo from what a person changes in it.
func TestPersonTakesSomeOff(t *testing.T) {
	on(t, newest, "", func(t *testing.T, b *till) {
		x := two(101, 2)
		b.put(x)
		h := b.is(x, stateSale)
		line := h.line(t, fmt.Sprint("Product ", 40))
		if err := b.admin.Write(t.Context(), "sale.order.line", []int64{line.ID}, map[string]any{"product_uom_qty": 1}, nil); err != nil {
			t.Fatal(err)
		}
		b.demands("a person takes one off", b.see(x.id)[0], map[int64]int64{40: 1, 41: 1})
	})
}
