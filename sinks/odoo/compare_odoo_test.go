//go:build odoo

package odoo

import (
	"fmt"
	"strings"
	"testing"

	"octail/sinks"
	"octail/transform/document"
)

// strangeTexts are what people type.
var strangeTexts = []string{`O"Neil's; -- \ / "quoted", comma`, "🎉 Zoë 日本語 \u202e", strings.Repeat("Long ", 60), "<script>alert(1)</script><b>x</b> &amp; 1 < 2",
	"two\nlines\r\n\ttab", "=1+1", "False", "0", "a / b", "  spaces   between  ", "%s %(x)s {0}", "\x00nul\x07", "non\u00a0breaking", "e\u0301 combined"}

// TestCompareIsQuiet: what was just delivered is equal, whatever is in it; a comparison
// each night that says otherwise would have the shop delivered each night.
func TestCompareIsQuiet(t *testing.T) {
	on(t, everywhere, "customers: {match: [email], groups: tag}\nproducts: {variants: always}\nstock: push\n", func(t *testing.T, b *till) {
		var categories, products, stocks, customers, orders []sinks.Delivery
		if _, err := b.admin.Create(t.Context(), partnerModel, []map[string]any{{"name": "A Person", "email": "Strange1@Example.com ", "street": "Elsewhere", "phone": "+32 2 123 45 67"}}, nil); err != nil {
			t.Fatal(err)
		}
		for i, text := range strangeTexts {
			id := int64(i + 1)
			c := document.Category{ID: id, Path: []string{text}, Enabled: true}
			if i > 0 {
				c.ParentID, c.Path = &[]int64{id - 1}[0], append([]string{}, strangeTexts[:i+1]...)
			}
			categories = append(categories, created(document.CategoryEntity, id, c))
			p := b.mug(id)
			p.Model, p.Codes["sku"], p.Codes["ean"] = text, text, fmt.Sprintf("40000%d", i/2) // two of each
			p.Texts = map[string]document.ProductText{"en-gb": {Name: text, Description: text}}
			p.Enabled = i%4 != 3
			p.RequiresShipping = i%5 != 4
			p.Price = fmt.Sprintf("%d.%04d", i, i*1234%10000)
			p.Weight = document.Measure{Value: fmt.Sprintf("%d.12345678", i), Unit: []string{"g", "kg", "lb", "stone"}[i%4]}
			p.Categories = []document.CategoryRef{{ID: id, Path: c.Path}}
			if i%3 == 2 {
				p.Options = []document.Option{choose(id, text, id*100, "S", text)}
			}
			products = append(products, productDelivery(p))
			stocks = append(stocks, created(document.StockEntity, id, document.Stock{ProductID: id, Quantity: id * 3, SubtractStock: i%2 == 0,
				Options: []document.StockOption{{OptionID: id, OptionValueID: id * 100, Quantity: 4, SubtractStock: true}}}))
			customer := shopCustomer(id)
			customer.FirstName, customer.LastName, customer.Phone, customer.Email = text, "", text, fmt.Sprintf("Strange%d@Example.COM", i)
			a := &customer.Addresses[0]
			a.FirstName, a.LastName, a.Company, a.Address1, a.Address2, a.City, a.Postcode = text, "", text, text, text, text, text
			if i%4 == 1 {
				customer.Addresses = nil
			}
			customers = append(customers, newCustomer(customer))
			x := two(100+id, []int64{1, 2, 3, 7, 8, 9}[i%6])
			x.customer, x.street, x.comment = id, text, text
			if i%3 == 0 {
				x.customer, x.coupon = 0, "-10"
			}
			o := x.order()
			o.Lines[0].Name, o.Lines[0].ProductID = text, id
			o.Lines[1].Options = []document.LineOption{{Name: text, Value: text, Type: "text"}}
			o.BillingAddress.FirstName, o.BillingAddress.City, o.BillingAddress.Postcode = text, text, text
			o.History[1].Comment = text
			orders = append(orders, created(document.OrderEntity, o.ID, o))
		}
		(&bench{t: t, sink: b.sink, admin: b.admin}).plainInvoices()

		for _, batch := range [][]sinks.Delivery{categories, products, stocks, customers, orders} {
			if err := b.Deliver(t.Context(), batch); err != nil {
				t.Fatal(inFull(err))
			}
		}
		for _, batch := range [][]sinks.Delivery{categories, products, customers, orders} {
			diffs, err := b.Compare(t.Context(), batch)
			if err != nil {
				t.Error(err)
			}
			for _, d := range diffs {
				t.Errorf("%s %q differs: %+v", batch[d.Index].Key, strangeTexts[(batch[d.Index].ID-1)%100], d)
			}
		}
		b.restarted()
		if diffs, err := b.Compare(t.Context(), append(append(categories[:len(categories):len(categories)], customers...), orders...)); err != nil || len(diffs) != 0 {
			t.Errorf("after a restart: %+v, %v", diffs, err)
		}
	})
}
