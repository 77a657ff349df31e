package oracle

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octail/internal/shoptest/shoptesting"
)

// example says when the document of an example was true in the recording it was made from, and where the example
// knowingly differs: it is shortened, made anonymous, or has rows that the recorded shop does not have.
type example struct {
	file, entity string
	key          int64
	at           uint64 // offset in the binlog
	differs      []string
	changed      []string // since the state before; nil when that state is not in the recording
}

func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("LEFT OUT with -short: no example was compared")
	}
	folder := shoptesting.Examples(t)
	recording := filepath.Join(shoptesting.Recordings(t), folderOf("4.1.0.4"))
	flows, err := Flows(filepath.Join(recording, "flows.md"))
	if err != nil {
		t.Fatal(err)
	}
	end := func(name string) uint64 {
		return flows[slices.IndexFunc(flows, func(f Flow) bool { return f.Name == name })].Stop
	}
	processing := flows[slices.IndexFunc(flows, func(f Flow) bool { return f.Name == "F07" })].Steps[0].To
	const start = 0
	guest := []string{
		"customer.phone", "history[0].at", "store.url",
		"shipping_address.address_1", "shipping_address.first_name", "shipping_address.last_name",
	}
	examples := []example{
		{"category.json", "category", 28, start, []string{"seo_urls[0]"}, nil},
		{"product.json", "product", 42, start, []string{
			"discounts[2]", "images[2]", "images[3]", "images[4]", "options", "texts.en-gb.description",
			"specials[0]", "seo_urls[0].keyword", // of another release's demo data
		}, nil},
		{"", "stock", 42, start, nil, nil}, // the revision before
		{"customer.json", "customer", 1, end("F02"), nil, nil},
		{"stock.json", "stock", 42, end("F03"), []string{"options"}, []string{"options", "quantity"}},
		{"", "order", 1, end("F03"), nil, nil}, // the revision before
		{"order-guest-gbp.json", "order", 6, end("F06"), guest, nil},
		{"order-deleted.json", "order", 6, end("F06"), guest, nil},
		{"order.json", "order", 1, processing, []string{"lines[1].options", "store.url"}, []string{"history", "status"}},
	}

	shop := openShop(t, recording, "examples", "")
	o := shop.oracle(t)
	ctx := context.Background()
	for _, e := range examples {
		shop.Replay(t, e.at)
		if err := o.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		before := o.Previous(e.entity, e.key)
		rows, err := o.Rows(ctx, e.entity, e.key)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := o.Document(ctx, e.entity, rows)
		if err != nil {
			t.Fatal(err)
		}
		if e.file == "" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, e.file))
		if err != nil {
			t.Fatal(err)
		}
		var event struct {
			Data struct {
				Document json.RawMessage `json:"document"`
				Changed  []string        `json:"changed"`
			} `json:"data"`
		}
		if err := json.Unmarshal(text, &event); err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		for _, difference := range Compare(doc, event.Data.Document) {
			i := slices.IndexFunc(e.differs, func(path string) bool { return strings.HasPrefix(difference, path) })
			if i < 0 {
				t.Errorf("%s: %s", e.file, difference)
				continue
			}
			used[e.differs[i]] = true
		}
		for _, path := range e.differs {
			if !used[path] {
				t.Errorf("%s: no difference at %s any more", e.file, path)
			}
		}
		if e.changed != nil {
			if diff := cmp.Diff(e.changed, event.Data.Changed); diff != "" {
				t.Errorf("%s: changed in the example (-want +got):\n%s", e.file, diff)
			}
			if diff := cmp.Diff(e.changed, Changed(before, doc, e.entity)); diff != "" {
				t.Errorf("%s: Changed (-want +got):\n%s", e.file, diff)
			}
		}
		if strings.Contains(string(text), ".created") {
			if diff := cmp.Diff(event.Data.Changed, Changed(nil, doc, e.entity)); diff != "" {
				t.Errorf("%s: fields (-example +document):\n%s", e.file, diff)
			}
		}
	}
}
