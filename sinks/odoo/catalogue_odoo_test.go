//go:build odoo

package odoo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// picture is a PNG of some pixels.
func picture(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestImages(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		folder := t.TempDir()
		for name, content := range map[string][]byte{
			"good.png": picture(t, 40), "text.png": []byte("no picture"), "broken.png": append(picture(t, 40)[:8], "no picture behind the mark"...), "huge.png": append(picture(t, 4), make([]byte, mostImage)...),
		} {
			if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		web := httptest.NewServer(http.FileServer(http.Dir(folder)))
		defer web.Close()
		var batch []sinks.Delivery
		for i, at := range []string{folder + "/good.png", web.URL + "/good.png", folder + "/text.png", folder + "/broken.png", web.URL + "/huge.png", web.URL + "/none.png", folder + "/../../etc/passwd"} {
			p := b.mug(int64(i + 1))
			p.Image, p.ImageURL = "catalog/a.png", &at
			batch = append(batch, productDelivery(p))
		}
		b.deliver(t, batch...)
		has := func(id int64) bool {
			t.Helper()
			return b.one(t, productModel, b.at(t, document.ProductEntity, id).id, "image_128")["image_128"] != false
		}
		for id := int64(1); id <= 7; id++ {
			if has(id) != (id <= 2) {
				t.Errorf("product %d: its image is in Odoo: %v", id, has(id))
			}
		}
		if n := strings.Count(b.log.String(), "without its image"); n != 5 {
			t.Errorf("%d images were said to be missing, want 5:\n%s", n, b.log)
		}
		// Only when it has changed, and away when the shop has none any more.
		p := b.mug(1)
		if n := b.calls(func() {
			b.deliver(t, delivery(document.ProductEntity, 1, document.Updated, p, []string{"price"}, nil))
		}); n != 1 {
			t.Errorf("a price took %d calls", n)
		}
		b.deliver(t, delivery(document.ProductEntity, 1, document.Updated, p, []string{"image"}, nil))
		if has(1) {
			t.Error("the image is still there")
		}
	})
}

func TestLanguages(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		var german []struct {
			ID int64 `json:"id"`
		}
		if err := b.admin.SearchRead(t.Context(), "res.lang", rpc.Find{Domain: []any{[]any{"code", "=", "de_DE"}}, Fields: []string{"id"}, Context: map[string]any{"active_test": false}}, &german); err != nil || len(german) != 1 {
			t.Fatal(err, german)
		}
		if err := b.admin.Write(t.Context(), "res.lang", []int64{german[0].ID}, map[string]any{"active": true}, nil); err != nil {
			t.Fatal(err)
		}
		p := b.mug(1)
		p.Texts = map[string]document.ProductText{
			"en-gb": {Name: "Mug", Description: "For tea"}, "de-de": {Name: "Becher", Description: "F\u00fcr Tee"}, "fr-fr": {Name: "Tasse"},
		}
		b.deliver(t, productDelivery(p))
		read := func(lang string) map[string]any {
			t.Helper()
			var rows []map[string]any
			if err := b.admin.Read(t.Context(), productModel, []int64{b.at(t, document.ProductEntity, 1).id}, []string{"name", "description_sale"}, map[string]any{"lang": lang}, &rows); err != nil {
				t.Fatal(err)
			}
			return rows[0]
		}
		same(t, read("en_US"), map[string]any{"name": "Mug", "description_sale": "For tea"})
		same(t, read("de_DE"), map[string]any{"name": "Becher", "description_sale": "F\u00fcr Tee"})
		p.Texts = map[string]document.ProductText{"en-gb": {Name: "Cup"}, "de-de": {Name: "Tasse"}}
		b.deliver(t, delivery(document.ProductEntity, 1, document.Updated, p, []string{"texts"}, nil))
		same(t, read("en_US"), map[string]any{"name": "Cup", "description_sale": false})
		same(t, read("de_DE"), map[string]any{"name": "Tasse"})
	})
}

func TestSpecials(t *testing.T) {
	catalogue(t, "products: {specials: true}", func(t *testing.T, b *bed) {
		p := b.mug(1)
		special := func(group int64, r document.Reduction, from, until *string) document.Special {
			return document.Special{CustomerGroupID: group, Reduction: r, From: from, Until: until}
		}
		p.Specials = []document.Special{
			special(1, document.Reduction{Price: ptr("8.0000")}, nil, ptr("2030-01-31")), special(2, document.Reduction{Percent: ptr("50.0000")}, ptr("2026-01-01"), nil),
			special(2, document.Reduction{Subtract: ptr("1.0000")}, ptr("2030-01-01"), ptr("2030-02-01")),
		}
		tee := b.mug(2)
		tee.Options = []document.Option{choose(1, "Size", 11, "S", "M")}
		tee.Specials = []document.Special{special(1, document.Reduction{Price: ptr("7.0000")}, nil, nil)}
		for range 2 { // the same twice is the same
			b.deliver(t, productDelivery(p), productDelivery(tee))
		}
		prices := func(id int64) string {
			t.Helper()
			field, at := "product_id", b.at(t, document.ProductEntity, id)
			if at.template {
				field = "product_tmpl_id"
			}
			var rows []struct {
				List  rpc.Ref    `json:"pricelist_id"`
				Price rpc.Number `json:"fixed_price"`
				Start rpc.Text   `json:"date_start"`
				End   rpc.Text   `json:"date_end"`
			}
			if err := b.admin.SearchRead(t.Context(), priceItemModel, rpc.Find{Domain: []any{[]any{field, "=", at.id}}, Fields: []string{"pricelist_id", "fixed_price", "date_start", "date_end"}, Order: "fixed_price"}, &rows); err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, r := range rows {
				f := json.Number(r.Price)
				x, _ := f.Float64()
				out = append(out, strings.TrimSpace(fmt.Sprintf("%.2f %s %s", x, r.Start, r.End)))
			}
			return strings.Join(out, ", ")
		}
		if got := prices(1); got != "5.00 2026-01-01 00:00:00, 8.00  2030-01-31 00:00:00, 8.99 2030-01-01 00:00:00 2030-02-01 00:00:00" {
			t.Errorf("special prices: %s", got)
		}
		if got := prices(2); got != "7.00" {
			t.Errorf("special prices of a template: %s", got)
		}
		p.Specials = p.Specials[:1]
		b.deliver(t, delivery(document.ProductEntity, 1, document.Updated, p, []string{"specials"}, nil))
		if got := prices(1); got != "8.00  2030-01-31 00:00:00" {
			t.Errorf("with one left: %s", got)
		}
		p.Specials = nil
		b.deliver(t, delivery(document.ProductEntity, 1, document.Updated, p, []string{"specials"}, nil))
		if got := prices(1); got != "" {
			t.Errorf("with none left: %s", got)
		}
	})
}

func TestCompareCatalogue(t *testing.T) {
	catalogue(t, "stock: push", func(t *testing.T, b *bed) {
		var stocks, products []sinks.Delivery
		for id := int64(1); id <= 5; id++ {
			p := b.mug(id)
			if id == 2 {
				p.Options = []document.Option{choose(1, "Size", 11, "S", "M")}
			}
			products = append(products, productDelivery(p))
			stocks = append(stocks, created(document.StockEntity, id, document.Stock{ProductID: id, Quantity: 5, SubtractStock: true}))
		}
		categories := []sinks.Delivery{shopCategory(1, 0, "One"), shopCategory(2, 1, "One", "Two")}
		b.deliver(t, categories...)
		b.deliver(t, products...)
		b.deliver(t, stocks...)
		for name, compare := range map[string]struct {
			batch []sinks.Delivery
			by    func(context.Context, []sinks.Delivery) ([]sinks.Difference, error)
		}{"categories": {categories, b.compareCategories}, "products": {products, b.compareProducts}, "stocks": {stocks, b.compareStocks}} {
			if got, err := compare.by(t.Context(), compare.batch); err != nil || len(got) != 0 {
				t.Errorf("%s that are equal: %v, %+v", name, err, got)
			}
		}
		at := func(id int64) int64 { return b.at(t, document.ProductEntity, id).id }
		write := func(model string, id int64, values map[string]any) {
			t.Helper()
			if err := b.admin.Write(t.Context(), model, []int64{id}, values, nil); err != nil {
				t.Fatal(err)
			}
		}
		write(productModel, at(1), map[string]any{"default_code": "other", "list_price": 1})
		// Archived by a person, who wants it to stay so; and by the shop, of which Odoo has not heard.
		write(templateModel, at(2), map[string]any{"active": false, "list_price": 1})
		off := b.mug(3)
		off.Enabled = false
		products[2] = productDelivery(off)
		if err := b.admin.Call(t.Context(), productModel, "unlink", rpc.Args{IDs: []int64{at(4)}}, nil); err != nil {
			t.Log(err) // 14 keeps what has stock moves
		}
		products[4].Kind = document.Deleted
		got, err := b.compareProducts(t.Context(), products)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%+v", got)
		for _, want := range []string{"{Index:0 Missing:false Fields:[codes price]}", "{Index:2 Missing:false Fields:[enabled]}", "{Index:4 Missing:false Fields:[]}"} {
			if !strings.Contains(text, want) {
				t.Errorf("products: %s, want %s", text, want)
			}
		}
		if strings.Contains(text, "{Index:1 ") {
			t.Errorf("products: %s, what a person has archived is among them", text)
		}
		stocks[2] = created(document.StockEntity, 3, document.Stock{ProductID: 3, Quantity: 6, SubtractStock: true})
		if got, err := b.compareStocks(t.Context(), stocks[:3]); err != nil || fmt.Sprintf("%+v", got) != "[{Index:2 Missing:false Fields:[quantity]}]" {
			t.Errorf("stocks: %v, %+v", err, got)
		}
		write(categoryModel, b.at(t, document.CategoryEntity, 2).id, map[string]any{"name": "Three"})
		if got, err := b.compareCategories(t.Context(), categories); err != nil || fmt.Sprintf("%+v", got) != "[{Index:1 Missing:false Fields:[texts]}]" {
			t.Errorf("categories: %v, %+v", err, got)
		}
	})
}

func TestProductTaxes(t *testing.T) {
	catalogue(t, "mappings: {tax: {Books: Books tax, Lost: Nothing}}", func(t *testing.T, b *bed) {
		values := map[string]any{"name": "Books tax", "amount": 20, "amount_type": "percent", "type_tax_use": "sale", "price_include": true}
		if has, err := b.has(t.Context(), "account.tax", "price_include_override"); err != nil {
			t.Fatal(err)
		} else if has {
			delete(values, "price_include")
			values["price_include_override"] = "tax_included"
		}
		tax, err := b.admin.Create(t.Context(), "account.tax", []map[string]any{values}, nil)
		if err != nil {
			t.Fatal(err)
		}
		of := func(id int64, class string) document.Product {
			p := b.mug(id)
			p.Price = "10.0000"
			if class != "" {
				p.TaxClass = &document.Named{ID: id, Name: &class}
			}
			return p
		}
		tee := of(2, "Books")
		tee.Options = []document.Option{choose(1, "Size", 11, "S", "M")}
		batch := []sinks.Delivery{productDelivery(of(1, "Books")), productDelivery(tee), productDelivery(of(3, "Unmapped")), productDelivery(of(4, "")), productDelivery(of(5, "Lost"))}
		err = b.Deliver(t.Context(), batch)
		var failed *sinks.BatchError
		if !errors.As(err, &failed) || len(failed.Failed) != 1 {
			t.Fatalf("with one class that is mapped to nothing: %v", err)
		}
		if kind, held := sinks.HeldFor(failed.Failed[4]); !held || kind != "tax" || !strings.Contains(err.Error(), "Nothing") {
			t.Errorf("a tax that is not there: %v", err)
		}
		same(t, b.one(t, productModel, b.at(t, document.ProductEntity, 1).id, "list_price", "taxes_id"), map[string]any{"list_price": 12, "taxes_id": tax})
		same(t, b.one(t, templateModel, b.at(t, document.ProductEntity, 2).id, "list_price", "taxes_id"), map[string]any{"list_price": 12, "taxes_id": tax})
		for name, price := range map[string]float64{"(S)": 12.6, "(M)": 13.8} {
			for shown, r := range b.shown(t, 2) {
				if strings.HasSuffix(shown, name) && r["lst_price"] != price {
					t.Errorf("%s costs %v, want %v", shown, r["lst_price"], price)
				}
			}
		}
		for _, id := range []int64{3, 4} {
			same(t, b.one(t, productModel, b.at(t, document.ProductEntity, id).id, "list_price"), map[string]any{"list_price": 10})
		}
		if got, err := b.compareProducts(t.Context(), batch[:4]); err != nil || len(got) != 0 {
			t.Errorf("they differ: %v, %+v", err, got)
		}
	})
}

func TestLinkedTemplate(t *testing.T) {
	catalogue(t, "", func(t *testing.T, b *bed) {
		ids, err := b.admin.Create(t.Context(), templateModel, []map[string]any{{"name": "Theirs"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.links.Set(document.Key{Entity: document.ProductEntity, ID: 1}, sinks.Link{Target: fmt.Sprint("template/", ids[0]), Person: true})
		p := b.mug(1)
		p.Options = []document.Option{choose(1, "Size", 11, "S", "M")}
		b.deliver(t, productDelivery(p))
		same(t, b.one(t, templateModel, ids[0], "name", "list_price", "attribute_line_ids", "product_variant_count"), map[string]any{
			"name": "Mug 1", "list_price": 9.99, "attribute_line_ids": []any{}, "product_variant_count": 1,
		})
		o := &saleOrder{item: &item{}, doc: &document.Order{Lines: []document.Line{{Line: 1, ProductID: 1, Name: "Mug"}}}}
		if err := b.goods(t.Context(), []*saleOrder{o}); err != nil {
			t.Fatal(err)
		}
		if ref := b.one(t, productModel, o.products[1], "product_tmpl_id")["product_tmpl_id"].([]any); fmt.Sprint(ref[0]) != fmt.Sprint(ids[0]) {
			t.Errorf("an order has a product of template %v, want %d", ref[0], ids[0])
		}

		// It is deleted in Odoo: the person is told.
		if err := b.admin.Call(t.Context(), templateModel, "unlink", rpc.Args{IDs: ids}, nil); err != nil {
			t.Fatal(err)
		}
		err = b.Deliver(t.Context(), []sinks.Delivery{productDelivery(p)})
		if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Permanent || !strings.Contains(err.Error(), "unlink") {
			t.Errorf("a link to nothing: %v", err)
		}
	})
}
