package main

import (
	"fmt"
	"time"

	"octail/sinks"
	"octail/transform/document"
)

// The catalogue that both sell from.
const goods = 20

func sku(product int64) string { return fmt.Sprintf("BENCH-%02d", product) }

// price in whole cents, so that no rounding is in the way.
func price(product int64) string { return fmt.Sprintf("%d.5000", 5+product) }

func delivery(entity string, id int64, doc any) sinks.Delivery {
	enc := document.Encode(doc)
	return sinks.Delivery{Attempt: 1, Event: document.Event{
		Key: document.Key{Entity: entity, ID: id}, Shop: "bench-shop", Revision: 1, Sequence: id, Kind: document.Created, Time: time.Now().UTC().Truncate(time.Second),
		Origin: document.FromSnapshot, Schema: 1, Data: document.AppendData(nil, enc.Names(), nil, enc.JSON),
	}}
}

func product(id int64) sinks.Delivery {
	return delivery(document.ProductEntity, id, &document.Product{
		ID: id, Model: sku(id), Codes: map[string]string{"sku": sku(id)}, Enabled: true, Minimum: 1, Price: price(id), RequiresShipping: true,
		Specials: []document.Special{}, Discounts: []document.Discount{}, Weight: document.Measure{Value: "0.30000000", Unit: "kg"},
		Dimensions: document.Dimensions{Length: "0", Width: "0", Height: "0", Unit: "cm"}, Images: []string{},
		Texts:   map[string]document.ProductText{"en-gb": {Name: fmt.Sprintf("Product %d", id)}},
		SEOURLs: []document.SEOURL{}, Categories: []document.CategoryRef{}, StoreIDs: []int64{0}, Attributes: []document.Attribute{}, Options: []document.Option{}, Related: []int64{},
	})
}

func address(n int64) document.Address {
	code, code3 := "US", "USA"
	state := "CA"
	return document.Address{
		FirstName: "Ann", LastName: fmt.Sprintf("Example %d", n), Address1: fmt.Sprintf("%d Main Street", n), City: "Testville", Postcode: "90001",
		Country: &document.Country{Code: &code, Code3: &code3, Name: "United States"}, Zone: &document.Zone{Code: &state, Name: "California"}, CustomFields: []document.CustomField{},
	}
}

func email(n int64) string { return fmt.Sprintf("ann.%d@example.com", n) }

func customer(n int64) sinks.Delivery {
	a, main := address(n), true
	a.ID, a.Default = &n, &main
	return delivery(document.CustomerEntity, n, &document.Customer{
		ID: n, Group: document.Named{ID: 1}, FirstName: "Ann", LastName: fmt.Sprintf("Example %d", n), Email: email(n), Phone: fmt.Sprintf("+1 555 %07d", n), Enabled: true,
		CustomFields: []document.CustomField{}, Addresses: []document.Address{a},
	})
}

// chosen are the three products of an order.
func chosen(n int64) []int64 {
	return []int64{1 + n%goods, 1 + (n+7)%goods, 1 + (n+13)%goods}
}

// total of an order in cents: one of each.
func total(n int64) (cents int64) {
	for _, p := range chosen(n) {
		cents += (5+p)*100 + 50
	}
	return cents
}

func order(n int64) sinks.Delivery {
	a := address(n)
	name := "Processing"
	placed := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	sum := fmt.Sprintf("%d.%02d00", total(n)/100, total(n)%100)
	o := &document.Order{
		ID: n, Number: fmt.Sprint(n), Store: document.Store{Name: "Example Shop"}, Status: document.Status{ID: 2, Name: &name}, PlacedAt: &placed,
		Currency:       document.Currency{Code: "USD", Rate: "1.00000000", Decimals: 2, Base: "USD"},
		Customer:       document.OrderCustomer{ID: &n, Group: document.Named{ID: 1}, FirstName: "Ann", LastName: fmt.Sprintf("Example %d", n), Email: email(n), Phone: fmt.Sprintf("+1 555 %07d", n), CustomFields: []document.CustomField{}},
		BillingAddress: &a, ShippingAddress: &a, Vouchers: []document.Voucher{},
		Totals:  []document.Total{{Code: "sub_total", Title: "Sub-Total", Value: sum}, {Code: "total", Title: "Total", Value: sum}},
		Total:   sum,
		History: []document.HistoryStep{{Status: document.Status{ID: 2, Name: &name}, At: &placed}},
	}
	for i, p := range chosen(n) {
		o.Lines = append(o.Lines, document.Line{
			Line: int64(i + 1), ProductID: p, SKU: sku(p), Codes: map[string]string{"sku": sku(p)}, Model: sku(p), Name: fmt.Sprintf("Product %d", p), Quantity: 1,
			Price: price(p), Tax: "0.0000", Total: price(p), Options: []document.LineOption{},
		})
	}
	return delivery(document.OrderEntity, n, o)
}
