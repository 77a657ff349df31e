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

func text(name, description string) map[string]document.ProductText {
	return map[string]document.ProductText{"en-gb": {Name: name, Description: description}}
}

func shopCategory(id, parent int64, path ...string) sinks.Delivery {
	c := document.Category{ID: id, Path: path, Enabled: true}
	if parent != 0 {
		c.ParentID = &parent
	}
	return created(document.CategoryEntity, id, c)
}

// mug is a product whose codes no other test has: the database is shared.
func (b *bed) mug(id int64) document.Product {
	return document.Product{
		ID: id, Model: fmt.Sprint("MUG-", id), Codes: map[string]string{"sku": b.sku(id)}, Enabled: true, Price: "9.9900",
		RequiresShipping: true, Weight: document.Measure{Value: "500.00000000", Unit: "g"}, Texts: text(fmt.Sprint("Mug ", id), "<p>Holds <b>tea</b> &amp; more</p><p>Twice</p>"),
	}
}

func (b *bed) sku(id int64) string { return fmt.Sprintf("%s-%d", b.prefix, id) }

func productDelivery(p document.Product) sinks.Delivery {
	return created(document.ProductEntity, p.ID, p)
}

func TestCategoryTree(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		// A child whose parent nobody has seen, then the parents in a later batch, children first.
		b.deliver(t, shopCategory(3, 2, "Computers", "Laptops", "Small"))
		b.deliver(t, shopCategory(2, 1, "Computers", "Laptops"), shopCategory(1, 0, "Computers"), shopCategory(4, 2, "Computers", "Laptops", "Big"))
		for id, want := range map[int64]string{1: "Computers", 2: "Computers / Laptops", 3: "Computers / Laptops / Small", 4: "Computers / Laptops / Big"} {
			same(t, b.one(t, categoryModel, b.at(t, document.CategoryEntity, id).id, "complete_name"), map[string]any{"complete_name": want})
		}
		if n := b.calls(func() { b.deliver(t, shopCategory(4, 1, "Computers", "Big"), shopCategory(2, 0, "Laptops")) }); n > 1 {
			t.Errorf("two categories that are known took %d calls", n)
		}
		same(t, b.one(t, categoryModel, b.at(t, document.CategoryEntity, 4).id, "complete_name"), map[string]any{"complete_name": "Computers / Big"})
		same(t, b.one(t, categoryModel, b.at(t, document.CategoryEntity, 3).id, "complete_name"), map[string]any{"complete_name": "Laptops / Small"})

		// A ring in the shop: the two in it are refused, the third is not.
		err := b.Deliver(t.Context(), []sinks.Delivery{shopCategory(11, 12, "A"), shopCategory(12, 11, "B"), shopCategory(13, 0, "C")})
		if err == nil || !strings.Contains(err.Error(), "below itself") {
			t.Fatalf("a ring of categories: %v", err)
		}
		b.at(t, document.CategoryEntity, 13)
		// The same over two deliveries: Odoo sees it.
		b.deliver(t, shopCategory(21, 22, "A", "B"), shopCategory(23, 0, "C"))
		if err := b.Deliver(t.Context(), []sinks.Delivery{shopCategory(22, 21, "A")}); err == nil {
			t.Error("a ring over two batches was taken")
		} else if class, _ := sinks.ClassOf(err); class != sinks.Permanent {
			t.Errorf("a ring over two batches is %s: %v", class, err)
		}
	})
}

func TestMappedCategory(t *testing.T) {
	catalogue(t, "mappings: {category: {\"Mapped > Deep\": \"Own / Goods\", 9: \"Nowhere\"}}", func(t *testing.T, b *bed) {
		own, err := b.admin.Create(t.Context(), categoryModel, []map[string]any{{"name": "Own"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		goods, err := b.admin.Create(t.Context(), categoryModel, []map[string]any{{"name": "Goods", "parent_id": own[0]}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.deliver(t, shopCategory(1, 0, "Mapped"), shopCategory(2, 1, "Mapped", "Deep"), shopCategory(3, 2, "Mapped", "Deep", "Deeper"))
		same(t, b.one(t, categoryModel, b.at(t, document.CategoryEntity, 3).id, "complete_name"), map[string]any{"complete_name": "Own / Goods / Deeper"})
		p := b.mug(1)
		p.Categories = []document.CategoryRef{{ID: 1, Path: []string{"Mapped"}}, {ID: 2, Path: []string{"Mapped", "Deep"}}}
		q := b.mug(2)
		q.Categories = []document.CategoryRef{{ID: 9, Path: []string{"Lost"}}}
		err = b.Deliver(t.Context(), []sinks.Delivery{productDelivery(p), productDelivery(q)})
		if _, held := sinks.HeldFor(err.(*sinks.BatchError).Failed[1]); !held || len(err.(*sinks.BatchError).Failed) != 1 {
			t.Errorf("a mapping to nothing: %v", err)
		}
		got := b.one(t, productModel, b.at(t, document.ProductEntity, 1).id, "categ_id")
		if ref := got["categ_id"].([]any); fmt.Sprint(ref[0]) != fmt.Sprint(goods[0]) {
			t.Errorf("the product is in %v, want %d", ref, goods[0])
		}
	})
}

func TestSimpleProducts(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		b.deliver(t, shopCategory(1, 0, "Kitchen"), shopCategory(2, 1, "Kitchen", "Cups"))
		var batch []sinks.Delivery
		for id := int64(1); id <= 20; id++ {
			p := b.mug(id)
			p.Codes["ean"] = b.sku(id)
			p.Categories = []document.CategoryRef{{ID: 1, Path: []string{"Kitchen"}}, {ID: 2, Path: []string{"Kitchen", "Cups"}}}
			batch = append(batch, productDelivery(p))
		}
		b.deliver(t, batch[0]) // what is asked once is asked
		if n := b.calls(func() { b.deliver(t, batch...) }); n > 3 {
			t.Errorf("20 new products took %d calls", n)
		} else {
			t.Logf("20 new products: %d calls", n)
		}
		id := b.at(t, document.ProductEntity, 7).id
		same(t, b.one(t, productModel, id, "name", "default_code", "barcode", "list_price", "weight", "description_sale", "active", "sale_ok", "type"), map[string]any{
			"name": "Mug 7", "default_code": b.sku(7), "barcode": b.sku(7), "list_price": 9.99, "weight": 0.5,
			"description_sale": "Holds tea & more\nTwice", "active": true, "sale_ok": true, "type": map[bool]string{true: "consu", false: "product"}[strings.HasSuffix(t.Name(), "19")],
		})
		if ref := b.one(t, productModel, id, "categ_id")["categ_id"].([]any); !strings.HasSuffix(fmt.Sprint(ref[1]), "Kitchen / Cups") {
			t.Errorf("the category is %v", ref)
		}

		// An edit: one call, the same record.
		p := b.mug(7)
		p.Price, p.Codes["ean"] = "12.5000", b.sku(7)
		edit := delivery(document.ProductEntity, 7, document.Updated, p, []string{"price"}, map[string][]byte{"price": []byte(`"9.9900"`)})
		if n := b.calls(func() { b.deliver(t, edit) }); n != 1 {
			t.Errorf("an edit took %d calls", n)
		}
		same(t, b.one(t, productModel, id, "list_price"), map[string]any{"list_price": 12.5})

		// Disabled, archived; enabled again, back; archived by a person, it stays so.
		active := func(want bool) {
			t.Helper()
			got := b.one(t, productModel, id, "active", "product_tmpl_id")
			same(t, got, map[string]any{"active": want})
			same(t, b.one(t, templateModel, int64(got["product_tmpl_id"].([]any)[0].(float64)), "active"), map[string]any{"active": want})
		}
		p.Enabled = false
		b.deliver(t, delivery(document.ProductEntity, 7, document.Updated, p, []string{"enabled"}, nil))
		active(false)
		p.Enabled = true
		b.deliver(t, delivery(document.ProductEntity, 7, document.Updated, p, []string{"enabled"}, nil))
		active(true)
		b.deliver(t, delivery(document.ProductEntity, 7, document.Deleted, p, nil, nil))
		active(false)
		b.deliver(t, edit)
		active(false)
		b.deliver(t, delivery(document.ProductEntity, 7, document.Updated, p, []string{"enabled"}, nil))
		active(true)

		// Deleted in Odoo: it comes back.
		if err := b.admin.Call(t.Context(), productModel, "unlink", rpc.Args{IDs: []int64{id}}, nil); err != nil {
			t.Fatal(err)
		}
		b.deliver(t, edit)
		if again := b.at(t, document.ProductEntity, 7).id; again == id {
			t.Error("the link has the record that was deleted")
		} else {
			same(t, b.one(t, productModel, again, "default_code", "list_price"), map[string]any{"default_code": b.sku(7), "list_price": 12.5})
		}
	})
}

func TestProductsThatAreBad(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		mark := b.prefix
		long := b.mug(1)
		long.Texts = text(strings.Repeat("x", 300)+" \U0001F375 \"<b>'\x00", "<script>evil()</script><p>\U0001F375</p>")
		zero := b.mug(2)
		zero.Price, zero.Weight, zero.RequiresShipping = "0.0000", document.Measure{Value: "0.00000000", Unit: "stone"}, false
		minus := b.mug(3)
		minus.Price = "-4.0000"
		nameless := b.mug(4)
		nameless.Texts = nil
		one, two, three := b.mug(5), b.mug(6), b.mug(7)
		one.Codes["ean"], two.Codes["ean"], three.Codes["ean"] = mark+"1", mark+"1", mark+"2"
		two.Codes["sku"] = one.Codes["sku"]
		b.deliver(t, productDelivery(long), productDelivery(zero), productDelivery(minus), productDelivery(nameless), productDelivery(one), productDelivery(two), productDelivery(three))
		get := func(id int64, fields ...string) map[string]any {
			t.Helper()
			return b.one(t, productModel, b.at(t, document.ProductEntity, id).id, fields...)
		}
		same(t, get(1, "name", "description_sale"), map[string]any{"name": strings.Repeat("x", 300) + " \U0001F375 \"<b>'", "description_sale": "\U0001F375"})
		same(t, get(2, "list_price", "weight", "type"), map[string]any{"list_price": 0, "weight": 0, "type": "service"})
		same(t, get(3, "list_price"), map[string]any{"list_price": -4})
		same(t, get(4, "name"), map[string]any{"name": "MUG-4"})
		same(t, get(5, "barcode", "default_code"), map[string]any{"barcode": mark + "1", "default_code": b.sku(5)})
		same(t, get(6, "barcode", "default_code"), map[string]any{"barcode": false, "default_code": b.sku(5)})
		same(t, get(7, "barcode"), map[string]any{"barcode": mark + "2"})

		// A barcode that a later product of the shop has too.
		late := b.mug(8)
		late.Codes["ean"] = mark + "2"
		b.deliver(t, productDelivery(late))
		same(t, get(8, "barcode"), map[string]any{"barcode": false})
		if n := strings.Count(b.log.String(), "another product has the barcode"); n != 2 {
			t.Errorf("it was said %d times:\n%s", n, b.log)
		}
	})
}

func TestMatchProducts(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		mark := word(b.prefix)
		has := func(sku string) int64 {
			ids, err := b.admin.Create(t.Context(), productModel, []map[string]any{{"name": "Theirs", "default_code": sku, "type": "service"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return ids[0]
		}
		theirs := has(mark + "A")
		has(mark + "B")
		has(mark + "B")
		named := has(mark + "C")
		b.links.Set(document.Key{Entity: document.ProductEntity, ID: 4}, sinks.Link{Target: fmt.Sprint(named), Person: true})
		p, q, r, n := b.mug(1), b.mug(2), b.mug(3), b.mug(4)
		p.Codes["sku"], q.Codes["sku"], r.Codes["sku"], n.Codes["sku"] = mark+"A", mark+"B", mark+"A2", "other"
		b.deliver(t, productDelivery(p), productDelivery(q), productDelivery(r), productDelivery(n))
		if at := b.at(t, document.ProductEntity, 1); at.id != theirs || !at.foreign {
			t.Errorf("the product of the same SKU is %v, want %d", at, theirs)
		}
		same(t, b.one(t, productModel, theirs, "name", "type"), map[string]any{"name": "Mug 1", "type": "service"})
		if at := b.at(t, document.ProductEntity, 2); at.foreign {
			t.Error("one of two of a SKU was taken")
		}
		same(t, b.one(t, productModel, named, "name", "default_code"), map[string]any{"name": "Mug 4", "default_code": "other"})

		// The journal is lost: nothing is made twice.
		before := b.at(t, document.ProductEntity, 3).id
		b.links.Clear()
		b.forget()
		b.deliver(t, productDelivery(p), productDelivery(q), productDelivery(r))
		if at := b.at(t, document.ProductEntity, 1); at.id != theirs {
			t.Errorf("without the journal it is %v", at)
		}
		if at := b.at(t, document.ProductEntity, 3); at.id != before || at.foreign {
			t.Errorf("without the journal it is %v, want %d", at, before)
		}

		// Theirs is deleted in Odoo: then it is made.
		if err := b.admin.Call(t.Context(), productModel, "unlink", rpc.Args{IDs: []int64{theirs}}, nil); err != nil {
			t.Fatal(err)
		}
		b.deliver(t, delivery(document.ProductEntity, 1, document.Updated, p, []string{"price"}, nil))
		if at := b.at(t, document.ProductEntity, 1); at.id == theirs || at.foreign {
			t.Errorf("after it was deleted it is %v", at)
		}
	})
}

func TestGoods(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		b.deliver(t, productDelivery(b.mug(1)), productDelivery(b.mug(2)))
		ids, err := b.admin.Create(t.Context(), productModel, []map[string]any{{"name": "Theirs", "default_code": word(b.prefix) + "M"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		order := func() *saleOrder {
			return &saleOrder{item: &item{}, doc: &document.Order{Lines: []document.Line{
				{Line: 1, ProductID: 1}, {Line: 2, ProductID: 2}, {Line: 3, ProductID: 1},
				{Line: 4, ProductID: 77, Name: "Gone", SKU: b.sku(77), Price: "3.0000"},
				{Line: 5, ProductID: 78, Name: "Match", SKU: word(b.prefix) + "M"}, {Line: 6},
			}}}
		}
		for _, what := range []string{"with links", "without links"} {
			if what == "without links" {
				b.links.Clear()
				b.forget()
			}
			o := order()
			n := b.calls(func() {
				if err := b.goods(t.Context(), []*saleOrder{o}); err != nil {
					t.Fatal(err)
				}
			})
			t.Logf("%s: %d calls, %v", what, n, o.products)
			if o.products[1] == 0 || o.products[1] != o.products[3] || o.products[2] == o.products[1] {
				t.Errorf("%s: %v", what, o.products)
			}
			same(t, b.one(t, productModel, o.products[1], "default_code"), map[string]any{"default_code": b.sku(1)})
			same(t, b.one(t, productModel, o.products[4], "default_code", "name", "sale_ok"), map[string]any{"default_code": b.sku(77), "name": "Gone", "sale_ok": false})
			if o.products[5] != ids[0] {
				t.Errorf("%s: a product of that SKU is there and was not taken", what)
			}
			if o.products[6] == 0 {
				t.Errorf("%s: a line without a product has none", what)
			}
			again := order()
			if n := b.calls(func() {
				if err := b.goods(t.Context(), []*saleOrder{again}); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s: what is known took %d calls", what, n)
			}
		}
		// Its own delivery fills it.
		made := order()
		if err := b.goods(t.Context(), []*saleOrder{made}); err != nil {
			t.Fatal(err)
		}
		b.deliver(t, productDelivery(b.mug(77)))
		if at := b.at(t, document.ProductEntity, 77); at.id != made.products[4] {
			t.Errorf("its own delivery made another: %v", at)
		}
		same(t, b.one(t, productModel, made.products[4], "default_code", "sale_ok"), map[string]any{"default_code": b.sku(77), "sale_ok": true})

		// Archived by a person: an order may name it, and can be confirmed.
		if err := b.setActive(t.Context(), []target{{id: made.products[1]}}, false); err != nil {
			t.Fatal(err)
		}
		partner, err := b.rpc.Create(t.Context(), "res.partner", []map[string]any{{"name": "Somebody"}}, quiet)
		if err != nil {
			t.Fatal(err)
		}
		r := &record{xid: b.xid("o_1"), cells: map[string]string{"partner_id/.id": fmt.Sprint(partner[0])}, under: map[string][]record{"order_line": {
			{xid: b.xid("o_1_l1"), cells: map[string]string{"product_id/.id": fmt.Sprint(made.products[1]), "product_uom_qty": "1", "price_unit": "1"}},
		}}}
		if lists := b.rows(t, "product.pricelist", nil); len(lists) > 0 { // 14 has one, and needs it
			r.cells["pricelist_id/.id"] = fmt.Sprint(lists[0]["id"])
		}
		if err := b.load(t.Context(), "sale.order", []*record{r}, map[string]any{"active_test": false}); err != nil || r.id == 0 {
			t.Fatalf("an order with an archived product: %v, %d", err, r.id)
		}
		if err := b.rpc.Call(t.Context(), "sale.order", "action_confirm", rpc.Args{IDs: []int64{r.id}}, nil); err != nil {
			t.Error(err)
		}
	})
}
