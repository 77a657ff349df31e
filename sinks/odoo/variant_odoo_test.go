//go:build odoo

package odoo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"octail/sinks"
	"octail/transform/document"
)

func ptr[T any](v T) *T { return &v }

// choose is an option of a product whose values are numbered from first on.
func choose(option int64, name string, first int64, values ...string) document.Option {
	o := document.Option{OptionID: option, Name: &name, Type: ptr("select"), Required: true}
	for i, v := range values {
		o.Values = append(o.Values, document.OptionValue{OptionValueID: first + int64(i), Name: &v, Price: fmt.Sprintf("+%d.5000", i), Weight: "+100.00000000", Points: "+0"})
	}
	return o
}

// shown are the living variants of a product, by name.
func (b *bed) shown(t *testing.T, id int64) map[string]map[string]any {
	t.Helper()
	at := b.at(t, document.ProductEntity, id)
	if !at.template {
		t.Fatalf("product %d is %s, no template", id, at)
	}
	out := map[string]map[string]any{}
	for _, r := range b.rows(t, productModel, nil, "product_tmpl_id", "active", "display_name", "default_code", "weight", "lst_price") {
		if ref := r["product_tmpl_id"].([]any); fmt.Sprint(ref[0]) == fmt.Sprint(at.id) && r["active"] == true {
			name := fmt.Sprint(r["display_name"])
			if _, after, found := strings.Cut(name, "] "); found {
				name = after
			}
			out[name] = r
		}
	}
	return out
}

func labels(m map[string]map[string]any) string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestVariants(t *testing.T) {
	catalogue(t, "products: {options: {Engraving: text}}", func(t *testing.T, b *bed) {
		tee := b.mug(1)
		tee.Texts = text("Tee", "")
		tee.Options = []document.Option{choose(1, "Size", 11, "S", "M"), choose(2, "Colour", 21, "Red", "Blue"), choose(3, "Engraving", 31, "Yes")}
		other := b.mug(2)
		other.Texts = text("Cap", "")
		other.Options = []document.Option{choose(1, "Size", 11, "S", "M")}
		b.deliver(t, productDelivery(b.mug(3))) // what is asked once is asked
		if n := b.calls(func() { b.deliver(t, productDelivery(tee), productDelivery(other), productDelivery(b.mug(3))) }); n > 14 {
			t.Errorf("it took %d calls", n)
		} else {
			t.Logf("two products with variants and one without: %d calls", n)
		}
		got := b.shown(t, 1)
		if labels(got) != "Tee (M, Blue), Tee (M, Red), Tee (S, Blue), Tee (S, Red)" {
			t.Fatalf("variants: %s", labels(got))
		}
		same(t, got["Tee (M, Blue)"], map[string]any{"default_code": b.sku(1), "weight": 0.7, "lst_price": 12.99})
		same(t, got["Tee (S, Red)"], map[string]any{"weight": 0.7, "lst_price": 10.99})
		if caps := b.shown(t, 2); labels(caps) != "Cap (M), Cap (S)" {
			t.Errorf("variants: %s", labels(caps))
		}

		line := func(n, product int64, options ...document.LineOption) document.Line {
			return document.Line{Line: n, ProductID: product, Name: "Tee", Price: "1.0000", Options: options}
		}
		by := func(option, value int64) document.LineOption {
			return document.LineOption{OptionID: &option, OptionValueID: &value, Name: "?", Value: "?"}
		}
		find := func() map[int64]int64 {
			t.Helper()
			o := &saleOrder{item: &item{}, doc: &document.Order{Lines: []document.Line{
				line(1, 1, by(1, 12), by(3, 31), by(2, 22)), line(2, 1, by(1, 11), by(2, 21)),
				line(3, 1, document.LineOption{Name: "Colour", Value: "blue"}, document.LineOption{Name: "Size", Value: "S"}), line(4, 1, by(1, 11)),
			}}}
			if err := b.goods(t.Context(), []*saleOrder{o}); err != nil {
				t.Fatal(err)
			}
			return o.products
		}
		check := func(what string) {
			t.Helper()
			p := find()
			for n, name := range map[int64]string{1: "Tee (M, Blue)", 2: "Tee (S, Red)", 3: "Tee (S, Blue)"} {
				if fmt.Sprint(p[n]) != fmt.Sprint(got[name]["id"]) {
					t.Errorf("%s: line %d has product %d, want %s, %v", what, n, p[n], name, got[name]["id"])
				}
			}
			for _, v := range got {
				if fmt.Sprint(v["id"]) == fmt.Sprint(p[4]) || p[4] == 0 {
					t.Errorf("%s: a line with half of its options has %d", what, p[4])
				}
			}
		}
		check("with links")
		b.links.Clear()
		b.forget()
		check("without links")

		// The same again writes the same; a value goes, an option goes, and comes back.
		b.deliver(t, productDelivery(tee))
		if now := b.shown(t, 1); labels(now) != labels(got) || fmt.Sprint(now["Tee (S, Red)"]["id"]) != fmt.Sprint(got["Tee (S, Red)"]["id"]) {
			t.Errorf("again: %s", labels(now))
		}
		edit := func(options ...document.Option) sinks.Delivery {
			p := tee
			p.Options = options
			return delivery(document.ProductEntity, 1, document.Updated, p, []string{"options"}, nil)
		}
		b.deliver(t, edit(choose(1, "Size", 11, "S", "M"), choose(2, "Colour", 21, "Red")))
		if now := b.shown(t, 1); len(now) != 2 {
			t.Errorf("without blue: %s", labels(now))
		}
		b.deliver(t, edit(choose(1, "Size", 11, "S", "M", "L")))
		if now := b.shown(t, 1); labels(now) != "Tee (L), Tee (M), Tee (S)" {
			t.Errorf("without colours: %s", labels(now))
		}
		b.deliver(t, edit(tee.Options...))
		if now := b.shown(t, 1); labels(now) != labels(got) {
			t.Errorf("all again: %s", labels(now))
		}

		// Disabled and enabled again: the variants too.
		p := tee
		p.Enabled = false
		b.deliver(t, delivery(document.ProductEntity, 1, document.Updated, p, []string{"enabled"}, nil))
		if now := b.shown(t, 1); len(now) != 0 {
			t.Errorf("disabled: %s", labels(now))
		}
		if id := find()[2]; id == 0 {
			t.Error("an order of a disabled product finds no variant")
		}
		p.Enabled = true
		b.deliver(t, delivery(document.ProductEntity, 1, document.Updated, p, []string{"enabled"}, nil))
		if now := b.shown(t, 1); labels(now) != labels(got) {
			t.Errorf("enabled: %s", labels(now))
		}

		// No options any more: a simple product, and the template is out of sight.
		former := b.at(t, document.ProductEntity, 1)
		b.deliver(t, edit())
		if at := b.at(t, document.ProductEntity, 1); at.template {
			t.Errorf("without options it is %s", at)
		}
		same(t, b.one(t, templateModel, former.id, "active"), map[string]any{"active": false})
		b.deliver(t, edit(tee.Options...))
		if at := b.at(t, document.ProductEntity, 1); at != former {
			t.Errorf("with options again it is %s, was %s", at, former)
		}
		if now := b.shown(t, 1); labels(now) != labels(got) {
			t.Errorf("with options again: %s", labels(now))
		}
	})
}

// TestVariantsInUse: what was sold cannot be deleted by Odoo, it is archived, and comes back.
func TestVariantsInUse(t *testing.T) {
	catalogue(t, "stock: push", func(t *testing.T, b *bed) {
		tee := b.mug(1)
		tee.Texts = text("Tee", "")
		edit := func(options ...document.Option) sinks.Delivery {
			tee.Options = options
			return delivery(document.ProductEntity, 1, document.Updated, tee, []string{"options"}, nil)
		}
		size, colour := choose(1, "Size", 11, "S", "M"), choose(2, "Colour", 21, "Red", "Blue")
		b.deliver(t, edit(size))
		before := b.shown(t, 1)
		b.deliver(t, created(document.StockEntity, 1, document.Stock{ProductID: 1, SubtractStock: true, Options: []document.StockOption{
			{OptionID: 1, OptionValueID: 11, Quantity: 5, SubtractStock: true}, {OptionID: 1, OptionValueID: 12, Quantity: 6, SubtractStock: true},
		}}))
		b.deliver(t, edit(choose(1, "Size", 11, "S")))
		if now := b.shown(t, 1); len(now) != 1 {
			t.Errorf("with one size: %s", labels(now))
		}
		b.deliver(t, edit(size))
		if now := b.shown(t, 1); labels(now) != labels(before) || fmt.Sprint(now["Tee (M)"]["id"]) != fmt.Sprint(before["Tee (M)"]["id"]) {
			t.Errorf("with both again: %s, %v, before %v", labels(now), now["Tee (M)"]["id"], before["Tee (M)"]["id"])
		}
		b.deliver(t, edit(size, colour))
		if now := b.shown(t, 1); len(now) != 4 {
			t.Errorf("with colours: %s", labels(now))
		}
		b.deliver(t, edit(size))
		if now := b.shown(t, 1); labels(now) != labels(before) {
			t.Errorf("without colours: %s", labels(now))
		}
		b.deliver(t, edit(colour))
		if now := b.shown(t, 1); labels(now) != "Tee (Blue), Tee (Red)" {
			t.Errorf("with colours alone: %s", labels(now))
		}
		b.deliver(t, edit(size))
		if now := b.shown(t, 1); labels(now) != labels(before) {
			t.Errorf("with sizes alone: %s", labels(now))
		}
	})
}
