package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

// history writes a shop's past into a journal: revisions of orders and products of
// about 1.5 KB each, as transform would have made them.
type history struct {
	journal *journal.Journal
	random  *rand.Rand
	newest  map[document.Key]revision
	at      time.Time
}

// revision is the newest one of an entity.
type revision struct {
	known journal.Known
	enc   document.Encoded
}

func newHistory(j *journal.Journal) *history {
	return &history{journal: j, random: rand.New(rand.NewPCG(1, 2)), newest: map[document.Key]revision{}, at: time.Now()}
}

// atOnce is how many events one Append takes.
const atOnce = 500

// keys are the first n entities: orders and products by turns.
func keys(n int) []document.Key {
	out := make([]document.Key, n)
	for i := range out {
		out[i] = document.Key{Entity: document.OrderEntity, ID: int64(i/2 + 1)}
		if i%2 == 1 {
			out[i].Entity = document.ProductEntity
		}
	}
	return out
}

// spread writes so many revisions of the entities: one of each, then whichever
// comes. It calls each after every Append.
func (h *history) spread(ctx context.Context, of []document.Key, revisions int, each func(done int) error) error {
	for done := 0; done < revisions; {
		var batch []document.Key
		taken := map[document.Key]bool{}
		for len(batch) < atOnce && done < revisions {
			key := of[h.random.IntN(len(of))]
			if done < len(of) {
				key = of[done]
			}
			if taken[key] { // its revision before is not written yet
				continue
			}
			taken[key] = true
			batch = append(batch, key)
			done++
		}
		if err := h.write(ctx, document.FromShop, batch); err != nil {
			return err
		}
		if err := each(done); err != nil {
			return err
		}
	}
	return nil
}

// write journals one more revision of each of the keys in one commit.
func (h *history) write(ctx context.Context, origin string, batch []document.Key) error {
	events := make([]journal.NewEvent, len(batch))
	encoded := make([]document.Encoded, len(batch))
	for i, key := range batch {
		before := h.newest[key]
		enc := document.Encode(documentOf(key, before.known.Revision+1))
		e := journal.NewEvent{Key: key, Kind: document.Created, Time: h.at, Origin: origin, Schema: document.Schema[key.Entity], Prior: before.known, Hash: enc.Hash, Fields: enc.Sums()}
		changed, former := enc.Names(), map[string][]byte(nil)
		if before.known.Revision > 0 {
			sums := map[string]uint64{}
			raw := map[string][]byte{}
			for _, f := range before.enc.Fields {
				sums[f.Name], raw[f.Name] = f.Sum, f.Raw
			}
			e.Kind, changed, former = document.Updated, enc.Changed(sums), raw
		}
		e.Data = document.AppendData(make([]byte, 0, len(enc.JSON)+512), changed, former, enc.JSON)
		events[i], encoded[i] = e, enc
	}
	first, err := h.journal.Append(ctx, journal.Commit{Events: events})
	if err != nil {
		return fmt.Errorf("write %d revisions: %w", len(events), err)
	}
	for i, e := range events {
		h.newest[e.Key] = revision{journal.Known{Revision: e.Prior.Revision + 1, Sequence: first + int64(i), Schema: e.Schema, Hash: e.Hash, Fields: e.Fields}, encoded[i]}
	}
	return nil
}

// documentOf is what an entity is at a revision: of an order the status changes, of a
// product the price.
func documentOf(key document.Key, revision int64) any {
	if key.Entity == document.ProductEntity {
		return productOf(key.ID, revision)
	}
	return orderOf(key.ID, revision)
}

func orderOf(id, revision int64) *document.Order {
	text := words{rand.New(rand.NewPCG(1, uint64(id)))}
	status, at, country := "Status "+strconv.FormatInt(revision, 10), "2026-11-20T10:00:00Z", "GB"
	customer := 1 + id%500
	address := &document.Address{FirstName: "Example", LastName: text.one(), Address1: strconv.FormatInt(id, 10) + " High Street", City: "Example", Postcode: "AB1 2CD",
		Country: &document.Country{Code: &country, Name: "United Kingdom"}}
	o := &document.Order{ID: id, Number: strconv.FormatInt(id, 10), Store: document.Store{Name: "Example", URL: "https://shop.example.com/"},
		Status: document.Status{ID: revision, Name: &status}, PlacedAt: &at, Currency: document.Currency{Code: "GBP", Rate: "1.00000000", Decimals: 2, Base: "GBP"},
		Customer:       document.OrderCustomer{ID: &customer, Group: document.Named{ID: 1}, FirstName: "Example", LastName: "Customer", Email: fmt.Sprintf("customer%d@example.com", customer), Phone: "0"},
		BillingAddress: address, ShippingAddress: address, Payment: &document.Payment{Method: "cod", Code: "cod.cod", Name: "Cash On Delivery"},
		Shipping: &document.Shipping{Method: "flat", Code: "flat.flat", Name: "Flat Rate"}, Vouchers: []document.Voucher{},
		Totals: []document.Total{{Code: "sub_total", Title: "Sub-Total", Value: "96.0000"}, {Code: "shipping", Title: "Flat Rate", Value: "5.0000"}, {Code: "total", Title: "Total", Value: "101.0000"}},
		Total:  "101.0000", History: []document.HistoryStep{{Status: document.Status{ID: revision, Name: &status}, At: &at}}}
	o.Lines = append(o.Lines, document.Line{Line: 1, ProductID: 1 + id%10_000, SKU: "SKU-" + strconv.FormatInt(id, 10), Codes: map[string]string{}, Model: text.one(), Name: text.some(4),
		Quantity: 1, Price: "96.0000", Tax: "0.0000", Total: "96.0000", Options: []document.LineOption{}})
	return o
}

func productOf(id, revision int64) *document.Product {
	text := words{rand.New(rand.NewPCG(2, uint64(id)))}
	return &document.Product{ID: id, Model: "model-" + strconv.FormatInt(id, 10), Codes: map[string]string{"sku": "SKU-" + strconv.FormatInt(id, 10)}, Enabled: true, Minimum: 1,
		Price: fmt.Sprintf("%d.0000", revision), Specials: []document.Special{}, Discounts: []document.Discount{}, RequiresShipping: true,
		Weight: document.Measure{Value: "12.50000000", Unit: "kg"}, Dimensions: document.Dimensions{Unit: "cm"}, Images: []string{},
		Texts:   map[string]document.ProductText{"en-gb": {Name: text.some(3), Description: "<p>" + text.some(110) + "</p>"}},
		SEOURLs: []document.SEOURL{}, Categories: []document.CategoryRef{{ID: 20, Path: []string{"Desktops"}}}, StoreIDs: []int64{0},
		Attributes: []document.Attribute{}, Options: []document.Option{}, Related: []int64{}}
}

// words are the same for the same entity.
type words struct{ *rand.Rand }

// one is one of some ten thousand.
func (w words) one() string { return "w" + strconv.FormatInt(int64(w.IntN(10_000)+7_000_000), 36) }

func (w words) some(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = w.one()
	}
	return strings.Join(out, " ")
}
