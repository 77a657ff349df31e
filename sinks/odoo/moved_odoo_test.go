//go:build odoo

package odoo

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"octail/sinks"
	"octail/transform/document"
)

// restarted is the same sink after octail was started anew: it knows its links.
func (b *bed) restarted() {
	b.sink = &sink{cfg: b.cfg, shop: b.shop, prefix: b.prefix, log: b.sink.log, links: b.sink.links, rpc: b.rpc, entities: b.entities}
}

// TestOneSKUForTwoProducts: what was adopted for one product of the shop is not adopted
// for another, also by an octail that was started since; nor what a person has tied.
func TestOneSKUForTwoProducts(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		ids, err := b.admin.Create(t.Context(), productModel, []map[string]any{{"name": "Cup", "default_code": "SAME"}, {"name": "Bowl", "default_code": "TIED"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.links.Set(document.Key{Entity: document.ProductEntity, ID: 3}, sinks.Link{Target: fmt.Sprint(ids[1]), Person: true})
		one, two, other := b.mug(1), b.mug(2), b.mug(4)
		one.Codes["sku"], two.Codes["sku"], other.Codes["sku"] = "SAME", "SAME", "TIED"
		b.deliver(t, productDelivery(one))
		if got := b.at(t, document.ProductEntity, 1); got.id != ids[0] {
			t.Fatalf("it is not adopted: %v", got)
		}
		b.restarted()
		b.deliver(t, productDelivery(two))
		b.deliver(t, productDelivery(other))
		if got := b.at(t, document.ProductEntity, 2); got.id == ids[0] {
			t.Error("two products of the shop are one in Odoo")
		}
		if got := b.at(t, document.ProductEntity, 4); got.id == ids[1] {
			t.Error("what a person tied to another product was adopted")
		}
	})
}

// TestBarcodeMoves: from one product to another, in one batch or in two.
func TestBarcodeMoves(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		with := func(id int64, ean string) document.Product {
			p := b.mug(id)
			p.Codes["ean"] = ean
			return p
		}
		codes := func(id int64, ean string) map[string][]byte {
			raw, err := json.Marshal(with(id, ean).Codes)
			if err != nil {
				t.Fatal(err)
			}
			return map[string][]byte{"codes": raw}
		}
		has := func(id int64) string {
			t.Helper()
			return fmt.Sprint(b.one(t, productModel, b.at(t, document.ProductEntity, id).id, "barcode")["barcode"])
		}
		for id, ean := range map[int64]string{1: "4006381333931", 2: "", 3: "", 4: "4006381333948"} {
			b.deliver(t, productDelivery(with(id, ean)))
		}
		// Who gets it comes first in the batch.
		b.deliver(t,
			delivery(document.ProductEntity, 2, document.Updated, with(2, "4006381333931"), []string{"codes"}, codes(2, "")),
			delivery(document.ProductEntity, 1, document.Updated, with(1, ""), []string{"codes"}, codes(1, "4006381333931")))
		if has(1) != "false" || has(2) != "4006381333931" {
			t.Errorf("in one batch: %s and %s", has(1), has(2))
		}
		// In two batches it is left out, and the comparison tells when it is free.
		got := delivery(document.ProductEntity, 3, document.Updated, with(3, "4006381333948"), []string{"codes"}, codes(3, ""))
		b.deliver(t, got)
		if diffs, err := b.compareProducts(t.Context(), []sinks.Delivery{got}); err != nil || len(diffs) != 0 {
			t.Errorf("a barcode that another has: %+v, %v", diffs, err)
		}
		b.deliver(t, delivery(document.ProductEntity, 4, document.Updated, with(4, ""), []string{"codes"}, codes(4, "4006381333948")))
		if diffs, err := b.compareProducts(t.Context(), []sinks.Delivery{got}); err != nil || len(diffs) != 1 || strings.Join(diffs[0].Fields, " ") != "codes" {
			t.Errorf("a barcode that is free now: %+v, %v", diffs, err)
		}
		got.Again = true
		b.deliver(t, got)
		if has(3) != "4006381333948" || has(4) != "false" {
			t.Errorf("in two batches: %s and %s", has(3), has(4))
		}
		if diffs, err := b.compareProducts(t.Context(), []sinks.Delivery{got}); err != nil || len(diffs) != 0 {
			t.Errorf("afterwards: %+v, %v", diffs, err)
		}
	})
}

// TestProductsComeBack: a product that was deleted in the shop and made anew is for sale
// again, and so is one of which only a later revision is heard.
func TestProductsComeBack(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		one, two := b.mug(1), b.mug(2)
		b.deliver(t, productDelivery(one), productDelivery(two))
		for _, p := range []document.Product{one, two} {
			gone := delivery(document.ProductEntity, p.ID, document.Deleted, p, nil, nil)
			gone.Revision = 2
			b.deliver(t, gone)
		}
		active := func(id int64) bool {
			t.Helper()
			return b.one(t, productModel, b.at(t, document.ProductEntity, id).id, "active")["active"].(bool)
		}
		if active(1) || active(2) {
			t.Fatal("what is deleted is not archived")
		}
		back, later := productDelivery(one), delivery(document.ProductEntity, 2, document.Updated, two, []string{"categories", "codes", "model", "price"}, nil)
		back.Revision, later.Revision = 3, 4
		b.deliver(t, back, later)
		if !active(1) || !active(2) {
			t.Errorf("made anew in the shop: active %v and %v", active(1), active(2))
		}
	})
}
