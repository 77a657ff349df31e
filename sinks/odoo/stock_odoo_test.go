//go:build odoo

package odoo

import (
	"fmt"
	"strings"
	"testing"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

func TestStock(t *testing.T) {
	catalogue(t, "stock: push", func(t *testing.T, b *bed) {
		tee, service := b.mug(2), b.mug(4)
		tee.Options = []document.Option{choose(1, "Size", 11, "S", "M")}
		service.RequiresShipping = false
		both := b.mug(5)
		both.Options = []document.Option{choose(1, "Size", 11, "S", "M"), choose(2, "Colour", 21, "Red", "Blue")}
		b.deliver(t, productDelivery(b.mug(1)), productDelivery(tee), productDelivery(b.mug(3)), productDelivery(service), productDelivery(both))
		stock := func(id, quantity int64, subtract bool, options ...document.StockOption) sinks.Delivery {
			return created(document.StockEntity, id, document.Stock{ProductID: id, Quantity: quantity, SubtractStock: subtract, Options: options})
		}
		of := func(value, quantity int64, subtract bool) document.StockOption {
			return document.StockOption{OptionID: 1, OptionValueID: value, Quantity: quantity, SubtractStock: subtract}
		}
		there := func(product int64) float64 {
			t.Helper()
			return b.one(t, productModel, product, "qty_available")["qty_available"].(float64)
		}
		variants := b.shown(t, 2)
		id := b.at(t, document.ProductEntity, 1).id
		size := func(s string) int64 {
			for name, v := range variants {
				if strings.HasSuffix(name, "("+s+")") {
					return int64(v["id"].(float64))
				}
			}
			t.Fatalf("no variant %s among %s", s, labels(variants))
			return 0
		}
		all := []sinks.Delivery{
			stock(1, 10, true), stock(2, 99, true, of(11, 4, true), of(12, 5, false)), stock(3, 7, false), stock(4, 3, true),
			stock(5, 9, true, of(11, 4, true), document.StockOption{OptionID: 2, OptionValueID: 21, Quantity: 2, SubtractStock: true}),
		}
		b.deliver(t, all...)
		for product, want := range map[int64]float64{id: 10, size("S"): 4, size("M"): 0, b.at(t, document.ProductEntity, 3).id: 0} {
			if got := there(product); got != want {
				t.Errorf("product %d: Odoo has %v, want %v", product, got, want)
			}
		}
		n := b.calls(func() { b.deliver(t, all...) })
		t.Logf("stock of 5 products that is right: %d calls", n)
		if n != 1 {
			t.Errorf("stock that is right took %d calls", n)
		}
		if !strings.Contains(b.log.String(), "combinations") {
			t.Error("nothing was said of two options")
		}

		// An order: the shop has one less at once, Odoo after the delivery. Nothing is counted twice.
		partner, err := b.rpc.Create(t.Context(), "res.partner", []map[string]any{{"name": "Somebody"}}, quiet)
		if err != nil {
			t.Fatal(err)
		}
		r := &record{xid: b.xid("o_1"), cells: map[string]string{"partner_id/.id": fmt.Sprint(partner[0])}, under: map[string][]record{"order_line": {
			{xid: b.xid("o_1_l1"), cells: map[string]string{"product_id/.id": fmt.Sprint(id), "product_uom_qty": "3", "price_unit": "1"}},
		}}}
		if lists := b.rows(t, "product.pricelist", nil); len(lists) > 0 {
			r.cells["pricelist_id/.id"] = fmt.Sprint(lists[0]["id"])
		}
		if err := b.load(t.Context(), "sale.order", []*record{r}, nil); err != nil || r.id == 0 {
			t.Fatal(err, r.id)
		}
		if err := b.rpc.Call(t.Context(), "sale.order", "action_confirm", rpc.Args{IDs: []int64{r.id}}, nil); err != nil {
			t.Fatal(err)
		}
		b.deliver(t, stock(1, 7, true))
		if got := there(id); got != 10 {
			t.Errorf("with an order of 3 that is not delivered Odoo has %v, want 10", got)
		}
		b.deliver(t, stock(1, 20, true))
		if got := there(id); got != 23 {
			t.Errorf("20 to sell and 3 sold: Odoo has %v, want 23", got)
		}
		b.deliver(t, stock(1, -8, true))
		if got := there(id); got != 0 {
			t.Errorf("oversold: Odoo has %v, want 0", got)
		}
		if err := b.Deliver(t.Context(), []sinks.Delivery{stock(99, 1, true)}); err == nil || !strings.Contains(err.Error(), "product 99 is not in Odoo") {
			t.Errorf("of an unknown product: %v", err)
		}
	})
}

func TestLocation(t *testing.T) {
	catalogue(t, "stock: push\nlocation: WH/Stock/Nowhere", func(t *testing.T, b *bed) {
		_, err := b.location(t.Context())
		if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Blocked || !strings.Contains(err.Error(), "WH/Stock/Nowhere") {
			t.Errorf("a location that is not there: %v", err)
		}
	})
}
