//go:build odoo

package odoo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// TestCompareReadsAllThatIsWritten: whatever the shop is the master of and somebody changes
// in Odoo is named by the field it comes from, and is the shop's again when it is delivered
// once more.
func TestCompareReadsAllThatIsWritten(t *testing.T) {
	on(t, everywhere, "customers: {groups: tag}\n", func(t *testing.T, b *till) {
		group := "Wholesale"
		var batch []sinks.Delivery
		docs := map[int64]document.Product{}
		batch = append(batch, created(document.CategoryEntity, 1, document.Category{ID: 1, Path: []string{"Cups"}, Enabled: true}),
			created(document.CategoryEntity, 2, document.Category{ID: 2, Path: []string{"Bowls"}, Enabled: true}))
		for id := range int64(9) {
			p := b.mug(id + 1)
			p.Categories = []document.CategoryRef{{ID: 1, Path: []string{"Cups"}}}
			p.Weight = document.Measure{Value: "1.5", Unit: "kg"}
			if id >= 6 {
				p.Options = []document.Option{choose(1, "Size", 11, "S", "M")}
			}
			docs[p.ID] = p
			batch = append(batch, productDelivery(p))
		}
		for id := range int64(6) {
			c := shopCustomer(id + 1)
			c.Group.Name = &group
			second := c.Addresses[0]
			second.Address1 = "2 Second Street"
			c.Addresses = append(c.Addresses, second)
			batch = append(batch, newCustomer(c))
		}
		b.deliver(t, batch...)
		compare := func() map[string]string {
			t.Helper()
			diffs, err := b.Compare(t.Context(), batch)
			if err != nil {
				t.Fatal(inFull(err))
			}
			out := map[string]string{}
			for _, d := range diffs {
				out[batch[d.Index].Key.String()] = strings.Join(d.Fields, " ")
			}
			return out
		}
		if got := compare(); len(got) > 0 {
			t.Fatalf("at first: %v", got)
		}
		writes := func(model string, id int64, values map[string]any) {
			t.Helper()
			if err := b.admin.Write(t.Context(), model, []int64{id}, values, nil); err != nil {
				t.Fatal(err)
			}
		}
		product := func(id int64) int64 { return b.at(t, document.ProductEntity, id).id }
		writes(productModel, product(1), map[string]any{"name": "Cup"})
		writes(productModel, product(2), map[string]any{"weight": 7})
		writes(productModel, product(3), map[string]any{"description_sale": "not the shop's"})
		writes(productModel, product(4), map[string]any{"categ_id": b.at(t, document.CategoryEntity, 2).id})
		writes(productModel, product(5), map[string]any{"list_price": 1, "default_code": "X"})
		writes(templateModel, product(7), map[string]any{"name": "Mugs"})
		variants := func(id int64) (ids []int64) {
			t.Helper()
			var rows []row
			if err := b.admin.SearchRead(t.Context(), productModel, rpc.Find{Domain: []any{[]any{"product_tmpl_id", "=", product(id)}}, Fields: []string{"id"}}, &rows); err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				ids = append(ids, r.ID)
			}
			return ids
		}
		writes(productModel, variants(8)[0], map[string]any{"weight": 9, "default_code": "Y"})
		if err := b.admin.Call(t.Context(), productModel, "unlink", rpc.Args{IDs: variants(9)[:1]}, nil); err != nil {
			t.Fatal(err)
		}
		contact := func(id int64) int64 {
			t.Helper()
			c, _, err := b.linkOf(t.Context(), document.Key{Entity: document.CustomerEntity, ID: id})
			if err != nil || c.id == 0 {
				t.Fatal(c, err)
			}
			return c.id
		}
		writes(partnerModel, contact(1), map[string]any{"name": "Somebody"})
		writes(partnerModel, contact(2), map[string]any{"phone": "1"})
		writes(partnerModel, contact(3), map[string]any{"street": "Elsewhere"})
		writes(partnerModel, contact(4), map[string]any{"category_id": []any{[]any{5, 0, 0}}})
		places, err := b.placesBelow(t.Context(), []int64{contact(5)})
		if err != nil || len(places) != 2 {
			t.Fatal(places, err)
		}
		if err := b.admin.Call(t.Context(), partnerModel, "unlink", rpc.Args{IDs: slices.Collect(maps.Values(places))[:1]}, nil); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"product/1": "texts", "product/2": "weight", "product/3": "texts", "product/4": "categories", "product/5": "codes price", "product/7": "texts", "product/8": "codes weight", "product/9": "options",
			"customer/1": "first_name last_name", "customer/2": "phone", "customer/3": "addresses", "customer/4": "group", "customer/5": "addresses",
		}
		got := compare()
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if got[key] != want[key] {
				t.Errorf("%s differs in %q, want %q", key, got[key], want[key])
			}
		}
		if len(got) != len(want) {
			t.Errorf("it names %v", got)
		}
		b.restarted()
		if again := compare(); fmt.Sprint(again) != fmt.Sprint(got) {
			t.Errorf("after a restart it names %v", again)
		}
		var again []sinks.Delivery
		for _, d := range batch {
			if d.Again = true; got[d.Key.String()] != "" {
				again = append(again, d)
			}
		}
		b.deliver(t, again...)
		if got := compare(); len(got) > 0 {
			t.Errorf("afterwards: %v", got)
		}
		// What a person added or archived stays.
		writes(productModel, variants(8)[0], map[string]any{"active": false})
		if _, err := b.admin.Create(t.Context(), partnerModel, []map[string]any{{"name": "A colleague", "parent_id": contact(1)}}, nil); err != nil {
			t.Fatal(err)
		}
		if got := compare(); len(got) > 0 {
			t.Errorf("with a person's: %v", got)
		}
	})
}

// TestCompareCalls counts what a comparison of a hundred of each costs.
func TestCompareCalls(t *testing.T) {
	on(t, newest, "", func(t *testing.T, b *till) {
		const many, size = 100, 25
		kinds := map[string][]sinks.Delivery{}
		for id := int64(1); id <= many; id++ {
			p := b.mug(id)
			if id%4 == 0 {
				p.Options = []document.Option{choose(1, "Size", 11, "S", "M")}
			}
			kinds[document.ProductEntity] = append(kinds[document.ProductEntity], productDelivery(p))
			kinds[document.CustomerEntity] = append(kinds[document.CustomerEntity], newCustomer(shopCustomer(id)))
			x := two(id, 2)
			x.lines[0].product, x.lines[1].product = 1, 2
			kinds[document.OrderEntity] = append(kinds[document.OrderEntity], deliveries(x)...)
		}
		for _, kind := range []string{document.ProductEntity, document.CustomerEntity, document.OrderEntity} {
			for part := range slices.Chunk(kinds[kind], size) {
				b.deliver(t, part...)
			}
		}
		for _, kind := range []string{document.ProductEntity, document.CustomerEntity, document.OrderEntity} {
			n := b.calls(func() {
				for part := range slices.Chunk(kinds[kind], size) {
					if diffs, err := b.Compare(t.Context(), part); err != nil || len(diffs) > 0 {
						t.Errorf("%s: %+v, %v", kind, diffs, err)
					}
				}
			})
			t.Logf("calls to compare %d of %s: %d", many, kind, n)
			if n > many*3/10 {
				t.Errorf("%d calls to compare %d of %s, want at most 0.3 each", n, many, kind)
			}
		}
	})
}
