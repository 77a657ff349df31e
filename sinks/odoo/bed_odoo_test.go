//go:build odoo

package odoo

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"octail/internal/config"
	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/sinks/sinktest"
	"octail/transform/document"
)

// bed is a sink on a real Odoo, and an administrator to look at what it wrote.
type bed struct {
	*sink
	admin *rpc.Client
	links *sinktest.Links
	log   *strings.Builder
}

// eachVersion runs a test on versions of Odoo, beside other tests, with databases of its own. When
// it returns the test has not run yet.
func eachVersion(t *testing.T, versions []int, test func(t *testing.T, version int)) {
	t.Helper()
	t.Parallel()
	for _, version := range versions {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}

// catalogue runs a test on a database of its own, for each version.
func catalogue(t *testing.T, settings string, test func(t *testing.T, b *bed)) {
	t.Helper()
	eachVersion(t, everywhere, func(t *testing.T, version int) {
		o := odootest.Database(t, version)
		test(t, newBed(t, o.URL, o.Database, o.Login, o.Key, o.AdminLogin, o.AdminKey, settings))
	})
}

func newBed(t *testing.T, url, database, login, key, admin, adminKey, settings string) *bed {
	b := &bed{links: &sinktest.Links{}, log: &strings.Builder{}}
	into := Plugin.Settings()
	text := fmt.Sprintf("url: %s\ndatabase: %s\nlogin: %s\napi_key: %s\n%s", url, database, login, key, settings)
	if _, err := config.Decode("sink.yaml", []byte(text), into); err != nil {
		t.Fatal(err)
	}
	shop := word(fmt.Sprint(t.Name()))
	opened, err := Plugin.Open(into, sinks.Env{Name: "erp", Shop: shop, Links: b.links, Log: slog.New(slog.NewTextHandler(b.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	b.sink = opened.(*sink)
	if b.admin, err = rpc.New(rpc.Options{URL: url, Database: database, Login: admin, Key: adminKey}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Close()
		b.admin.Close()
		if t.Failed() {
			t.Log(b.log.String())
		}
	})
	return b
}

// created is the delivery of a new entity.
func created(entity string, id int64, doc any) sinks.Delivery {
	return delivery(entity, id, document.Created, doc, nil, nil)
}

func delivery(entity string, id int64, kind string, doc any, changed []string, previous map[string][]byte) sinks.Delivery {
	raw, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return sinks.Delivery{Attempt: 1, Event: document.Event{
		Key: document.Key{Entity: entity, ID: id}, Kind: kind, Revision: 1, Data: document.AppendData(nil, changed, previous, raw),
	}}
}

// deliver fails the test when anything is refused.
func (b *bed) deliver(t *testing.T, batch ...sinks.Delivery) {
	t.Helper()
	if err := b.Deliver(t.Context(), batch); err != nil {
		t.Fatalf("%v\n%+v", err, sinks.ExchangeOf(err))
	}
}

// calls is how many calls something took.
func (b *bed) calls(does func()) int64 {
	before := b.rpc.Calls()
	does()
	return b.rpc.Calls() - before
}

// rows reads records as the administrator, archived ones too; no ids: all.
func (b *bed) rows(t *testing.T, model string, ids []int64, fields ...string) []map[string]any {
	t.Helper()
	var out []map[string]any
	domain := []any{[]any{"id", "in", ids}}
	if ids == nil {
		domain = []any{}
	}
	err := b.admin.SearchRead(t.Context(), model, rpc.Find{Domain: domain, Fields: fields, Order: "id", Context: map[string]any{"active_test": false}}, &out)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// one reads one record.
func (b *bed) one(t *testing.T, model string, id int64, fields ...string) map[string]any {
	t.Helper()
	rows := b.rows(t, model, []int64{id}, fields...)
	if len(rows) != 1 {
		t.Fatalf("%s %d: there are %d", model, id, len(rows))
	}
	return rows[0]
}

// record of an entity, as the links have it.
func (b *bed) at(t *testing.T, entity string, id int64) target {
	t.Helper()
	l, _, _ := b.links.Link(t.Context(), document.Key{Entity: entity, ID: id})
	at := parseTarget(l.Target)
	if at.id == 0 {
		t.Fatalf("%s/%d has no link", entity, id)
	}
	return at
}

// same compares the fields named, as JSON gave them.
func same(t *testing.T, got map[string]any, want map[string]any) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if fmt.Sprint(got[name]) != fmt.Sprint(want[name]) {
			t.Errorf("%s is %v, want %v", name, got[name], want[name])
		}
	}
}
