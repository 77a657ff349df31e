package sinktest

import (
	"fmt"
	"slices"
	"time"

	"octail/sinks"
	"octail/transform/document"
)

const shop = "main-shop"

// markers are personal data in the documents: they must not be in any error.
var markers = []string{"Quillfeather", "quillfeather", "Zebulon", "Marzipan Lane", "7946 0", "79460", "Snodgrass", "Ghorn"}

// targetsWords are in what a broken target says.
const targetsWords = "w0rds-of-the-target"

// kinds are those that the sink takes, parents before children.
func (h *harness) kinds() []string {
	if h.needs.Entities == nil {
		return document.Entities
	}
	return slices.DeleteFunc(slices.Clone(document.Entities), func(kind string) bool { return !slices.Contains(h.needs.Entities, kind) })
}

// kind is the one that most is tried with: orders, where it takes them.
func (h *harness) kind() string {
	kinds := h.kinds()
	return kinds[len(kinds)-1]
}

// short is the kind with the shortest document.
func (h *harness) short() string {
	return slices.MinFunc(h.kinds(), func(a, b string) int {
		return len(document.Encode(documentOf(a, 1, 1)).JSON) - len(document.Encode(documentOf(b, 1, 1)).JSON)
	})
}

// sequence rises with each delivery made.
var sequence int64

// revision makes a revision of an entity, the next in the journal.
func revision(entity string, id, revision int64) sinks.Delivery {
	sequence++
	kind := document.Updated
	if revision == 1 {
		kind = document.Created
	}
	enc := document.Encode(documentOf(entity, id, revision))
	var changed []string
	for _, f := range enc.Fields {
		changed = append(changed, f.Name)
	}
	return sinks.Delivery{Attempt: 1, Event: document.Event{
		Key: document.Key{Entity: entity, ID: id}, Shop: shop, Sequence: sequence, Revision: revision, Kind: kind, Schema: document.Schema[entity],
		Time: time.Date(2026, 11, 22, 1, 3, 22, 0, time.UTC).Add(time.Duration(sequence) * time.Second), Origin: document.FromShop,
		Data: document.AppendData(nil, changed, nil, enc.JSON),
	}}
}

// deleted makes the revision in which an entity is gone.
func deleted(entity string, id, n int64) sinks.Delivery {
	d := revision(entity, id, n)
	d.Kind = document.Deleted
	return d
}

func held(list ...sinks.Delivery) []Held {
	var out []Held
	for _, d := range list {
		out = append(out, Held{Subject: d.Key.String(), Revision: d.Revision, Deleted: d.Kind == document.Deleted})
	}
	return out
}

func text(s string) *string { return &s }

// money is an amount as documents have it: an order's rows have to add up, for a target
// that does the sum itself.
func money(n int64) string { return fmt.Sprintf("%d.0000", n) }

// documentOf makes a whole document with a person in it.
func documentOf(entity string, id, n int64) any {
	address := document.Address{FirstName: "Zebulon", LastName: "Quillfeather", Company: "Ghorn & \"Sons\"", Address1: "12 Marzipan Lane", City: "Testville", Postcode: "AB1 2CD",
		Country: &document.Country{Code: text("GB"), Code3: text("GBR"), Name: "United Kingdom"}, CustomFields: []document.CustomField{}}
	customer := int64(17)
	switch entity {
	case document.OrderEntity:
		return &document.Order{ID: id, Number: fmt.Sprint(id), Store: document.Store{Name: "Example Shop", URL: "http://shop.example.com/"}, Status: document.Status{ID: 2, Name: text("Processing")},
			PlacedAt: text("2026-11-22T01:23:32Z"), Currency: document.Currency{Code: "GBP", Rate: "1.00000000", Decimals: 2, Base: "GBP"},
			Customer:       document.OrderCustomer{ID: &customer, Group: document.Named{ID: 1, Name: text("Default")}, FirstName: "Zebulon", LastName: "Quillfeather", Email: "quillfeather@example.com", Phone: "+44 20 7946 0999"},
			BillingAddress: &address, ShippingAddress: &address, Payment: &document.Payment{Method: "cod", Code: "cod.cod", Name: "Cash On Delivery"},
			Shipping: &document.Shipping{Method: "flat", Code: "flat.flat", Name: "Flat Shipping Rate"},
			Lines:    []document.Line{{Line: 1, ProductID: 42, SKU: "SKU-42", Codes: map[string]string{}, Model: "P42", Name: "Apple Cinema 30\"", Quantity: n, Price: "10.0000", Tax: "2.0000", Total: money(10 * n), Options: []document.LineOption{}}},
			Vouchers: []document.Voucher{}, Totals: []document.Total{
				{Code: "sub_total", Title: "Sub-Total", Value: money(10 * n)}, {Code: "tax", Title: "VAT (20%)", Value: money(2 * n), Tax: &document.TotalTax{Rate: "20.0000", Type: "percent"}},
				{Code: "total", Title: "Total", Value: money(12 * n)}}, Total: money(12 * n),
			Comment: fmt.Sprintf("revision %d: leave it with Snodgrass <b>&amp; \"co\"\nor so", n), History: []document.HistoryStep{}}
	case document.CustomerEntity:
		return &document.Customer{ID: id, Group: document.Named{ID: 1, Name: text("Default")}, FirstName: "Zebulon", LastName: "Quillfeather", Email: "quillfeather@example.com",
			Phone: fmt.Sprintf("+44 20 7946 0%03d", n), Enabled: true, CreatedAt: text("2026-01-01T00:00:00Z"), Addresses: []document.Address{address}}
	case document.ProductEntity:
		return &document.Product{ID: id, Model: fmt.Sprintf("P%d", id), Codes: map[string]string{"sku": fmt.Sprintf("SKU-%d", id)}, Enabled: true, RequiresShipping: true, Minimum: 1, Price: fmt.Sprintf("%d.0000", n),
			Specials: []document.Special{}, Discounts: []document.Discount{}, Images: []string{}, Texts: map[string]document.ProductText{"en-gb": {Name: "Apple Cinema 30\""}}, SEOURLs: []document.SEOURL{},
			Categories: []document.CategoryRef{}, StoreIDs: []int64{0}, Attributes: []document.Attribute{}, Options: []document.Option{}, Related: []int64{}}
	case document.StockEntity:
		return &document.Stock{ProductID: id, SKU: fmt.Sprintf("SKU-%d", id), Model: fmt.Sprintf("P%d", id), SubtractStock: true, Quantity: n}
	}
	return &document.Category{ID: id, Path: []string{fmt.Sprintf("Kind %d", n)}, Enabled: true, Texts: map[string]document.CategoryText{}, StoreIDs: []int64{0}}
}
