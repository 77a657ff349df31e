package filter_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/config"
	"octail/internal/filter"
	"octail/sinks"
	"octail/transform/document"
)

var (
	logSink   = sinks.Needs{}
	stateSink = sinks.Needs{States: true}
)

// made is a filter as the config file would have it.
func made(t *testing.T, keys string, needs sinks.Needs, shop filter.Shop) *filter.Filter {
	t.Helper()
	f, err := filter.New(section(t, keys), needs, shop)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// section reads the keys of a sink.
func section(t *testing.T, keys string) config.Sink {
	t.Helper()
	type settings struct{}
	text := "shop: {name: main-shop, mysql: {address: \"127.0.0.1:3306\", user: octail, database: opencart}}\njournal: {path: /var/lib/octail/octail.db}\nsinks:\n  - name: erp\n    type: test\n"
	for line := range strings.Lines(keys) {
		text += "    " + strings.TrimRight(line, "\n") + "\n"
	}
	c, warnings, err := config.Parse("config.yaml", []byte(text), config.Types{"test": func() any { return &settings{} }})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	return c.Sinks[0]
}

func event(entity, doc string) *document.Event {
	return &document.Event{Key: document.Key{Entity: entity, ID: 7}, Origin: document.FromShop, Data: document.AppendData(nil, []string{}, nil, []byte(doc))}
}

// TestWhere: one folder a case. where.yaml is the section's where; each document's name
// says what becomes of it: order_passes.json, customer_out.json, order_error.json.
func TestWhere(t *testing.T) {
	cases, err := filepath.Glob("testdata/where/*")
	if err != nil || len(cases) < 10 {
		t.Fatal(cases, err)
	}
	for _, folder := range cases {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			keys, err := os.ReadFile(filepath.Join(folder, "where.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			f := made(t, string(keys), logSink, filter.Shop{})
			f.SetStores(map[int64]string{0: "Example Shop", 1: "Example Outlet"})
			docs, err := filepath.Glob(filepath.Join(folder, "*.json"))
			if err != nil || len(docs) == 0 {
				t.Fatal(docs, err)
			}
			for _, file := range docs {
				doc, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				parts := strings.Split(strings.TrimSuffix(filepath.Base(file), ".json"), "_")
				ok, err := f.Matches(event(parts[0], string(doc)))
				got := map[bool]string{true: "passes", false: "out"}[ok]
				if err != nil {
					got = "error"
				}
				if want := parts[len(parts)-1]; got != want {
					t.Errorf("%s: %s (%v)", filepath.Base(file), got, err)
				}
			}
		})
	}
}

// TestMatchesAll: a sink without where takes everything, unread.
func TestMatchesAll(t *testing.T) {
	f := made(t, "", stateSink, filter.Shop{})
	for _, e := range document.Entities {
		if ok, err := f.Matches(&document.Event{Key: document.Key{Entity: e}, Data: []byte("no JSON")}); !ok || err != nil {
			t.Error(e, ok, err)
		}
	}
	f = made(t, "where: {stores: [1]}", stateSink, filter.Shop{})
	if ok, err := f.Matches(&document.Event{Key: document.Key{Entity: "order"}, Data: []byte("no JSON")}); ok || err == nil {
		t.Error("a broken event", ok, err)
	}
	if ok, err := f.Matches(&document.Event{Key: document.Key{Entity: "order"}, Data: []byte(`{"erased":true}`)}); !ok || err != nil {
		t.Error("a scrubbed event", ok, err)
	}
}

// TestStoresUnknown: a name of a store means nothing before the shop was reached.
func TestStoresUnknown(t *testing.T) {
	f := made(t, "where: {stores: [Example Outlet]}", stateSink, filter.Shop{})
	if ok, err := f.Matches(event("customer", `{"store_id": 1}`)); ok || err == nil || !strings.Contains(err.Error(), "not known yet") {
		t.Error(ok, err)
	}
	if ok, err := f.Matches(event("order", `{"store": {"id": 1, "name": "Example Outlet"}}`)); !ok || err != nil {
		t.Error("an order has the name", ok, err)
	}
	f.SetStores(map[int64]string{1: "Example Outlet"})
	if ok, err := f.Matches(event("customer", `{"store_id": 1}`)); !ok || err != nil {
		t.Error(ok, err)
	}
}

func TestMayCreate(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	covered := filter.Shop{Since: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), Zone: berlin}
	const (
		unknown = "the shop's processing and complete statuses, which release is by default, are not known yet"
		pending = "status Pending is not among the release statuses"
		shops   = pending + " (the shop's processing and complete statuses)"
	)
	order := func(status int64, placed string) string {
		name := map[int64]string{0: "null", 1: `"Pending"`, 2: `"Processing"`, 5: `"Complete"`}[status]
		return fmt.Sprintf(`{"id":7,"status":{"id":%d,"name":%s},"placed_at":%s}`, status, name, placed)
	}
	const january, before = `"2026-01-31T10:00:00Z"`, `"2025-12-31T10:00:00Z"`
	for _, c := range []struct {
		keys  string
		needs sinks.Needs
		known []int64 // the shop's; nil: not yet
		doc   string
		why   string
	}{
		{"", logSink, nil, order(1, before), ""},
		{"", logSink, nil, "no JSON", ""},
		{"", stateSink, nil, order(5, january), unknown},
		{"", stateSink, []int64{2, 5}, order(5, january), ""},
		{"", stateSink, []int64{2, 5}, order(1, january), shops},
		{"", stateSink, []int64{}, order(5, january), "status Complete is not among the release statuses (the shop's processing and complete statuses)"},
		{"", stateSink, []int64{2, 5}, order(0, january), "status 0 is not among the release statuses (the shop's processing and complete statuses)"},
		{"", stateSink, []int64{2, 5}, order(5, before), "placed at 2025-12-31T10:00:00Z, older than since 2026-01-01T12:00:00Z"},
		{"", stateSink, []int64{2, 5}, order(5, "null"), ""},
		{"release: any", stateSink, nil, order(1, january), ""},
		{"release: any", stateSink, nil, order(1, before), "placed at 2025-12-31T10:00:00Z, older than since 2026-01-01T12:00:00Z"},
		{"release: [complete, 2]", stateSink, nil, order(2, january), ""},
		{"release: [complete, 2]", stateSink, []int64{1}, order(5, january), ""},
		{"release: [complete, 2]", stateSink, []int64{1}, order(1, january), pending},
		{"release: [complete, 2]", logSink, nil, order(1, january), pending},
		// in Berlin it is an hour later
		{"{release: any, since: 2026-02-01}", stateSink, nil, order(1, `"2026-01-31T22:59:59Z"`), "placed at 2026-01-31T22:59:59Z, older than since 2026-01-31T23:00:00Z"},
		{"{release: any, since: 2026-02-01}", stateSink, nil, order(1, `"2026-01-31T23:00:00Z"`), ""},
		{"since: 2026-02-01T00:00:00Z", logSink, nil, order(1, `"2026-01-31T23:00:00Z"`), "placed at 2026-01-31T23:00:00Z, older than since 2026-02-01T00:00:00Z"},
		{"since: 2026-02-01T00:00:00Z", logSink, nil, order(1, `"yesterday"`), "its placed_at is no time"},
		{"since: 2020-01-01", stateSink, []int64{5}, order(5, before), ""},
	} {
		c.keys = strings.NewReplacer("{", "", "}", "", ", since", "\nsince").Replace(c.keys)
		f := made(t, c.keys, c.needs, covered)
		if c.known != nil {
			f.SetReleased(c.known)
		}
		ok, why := f.MayCreate(event("order", c.doc))
		if ok != (c.why == "") || why != c.why {
			t.Errorf("%s %v %s: %v %q, want %q", c.keys, c.known, c.doc, ok, why, c.why)
		}
		for _, entity := range []string{"customer", "product", "stock", "category"} {
			if ok, why := f.MayCreate(event(entity, c.doc)); !ok || why != "" {
				t.Errorf("%s: %s", entity, why)
			}
		}
		if f.ReleaseKnown() != (c.why != unknown) {
			t.Errorf("%s: release known %v", c.keys, f.ReleaseKnown())
		}
	}

	f := made(t, "", stateSink, filter.Shop{})
	f.SetReleased([]int64{5})
	old := event("order", order(5, before))
	if ok, why := f.MayCreate(old); !ok {
		t.Error("without a limit: " + why)
	}
	f.SetSince(covered.Since)
	if ok, _ := f.MayCreate(old); ok {
		t.Error("the limit came later and does not count")
	}
	if ok, why := f.MayCreateNamed(old); !ok {
		t.Error("named by a person: " + why)
	}
	old.Origin = document.FromSync
	if ok, why := f.MayCreate(old); !ok {
		t.Error("read by sync: " + why)
	}
	if ok, _ := f.MayCreateNamed(event("order", order(1, january))); ok {
		t.Error("a person does not release")
	}
	for _, data := range []string{`{"erased":true}`, `no JSON`, `{"document":7}`} {
		if ok, why := f.MayCreate(&document.Event{Key: document.Key{Entity: "order"}, Data: []byte(data)}); ok || why == "" {
			t.Error(data, ok, why)
		}
	}
	f.SetReleased([]int64{1})
	if ok, why := f.MayCreate(event("order", order(1, january))); !ok {
		t.Error("the shop's statuses changed: " + why)
	}
}

func TestStart(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		keys  string
		needs sinks.Needs
		kind  string
		at    time.Time
	}{
		{"", logSink, config.StartNow, time.Time{}},
		{"", stateSink, config.StartDocuments, time.Time{}},
		{"start: now", stateSink, config.StartNow, time.Time{}},
		{"start: documents", logSink, config.StartDocuments, time.Time{}},
		{"start: 2026-07-01", logSink, config.StartDate, time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)},
		{"start: 2026-07-01T00:00:00+02:00", logSink, config.StartDate, time.Date(2026, 6, 30, 22, 0, 0, 0, time.UTC)},
	} {
		f := made(t, c.keys, c.needs, filter.Shop{})
		f.SetZone(newYork)
		if kind, at := f.Start(); kind != c.kind || !at.Equal(c.at) {
			t.Error(c.keys, kind, at)
		}
	}
}

func TestCoveredOrders(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for note, want := range map[string]time.Time{"": {}, "{}": {}, "x": {}, `{"order":"2026-01-01T00:00:00Z","stock":"2026-01-02T00:00:00Z"}`: at.Add(-time.Minute),
		`{"order":"2026-01-01T00:00:00.75Z"}`: at.Add(-time.Minute)} {
		if got := filter.CoveredOrders(note); !got.Equal(want) {
			t.Error(note, got)
		}
	}
}

func TestWidened(t *testing.T) {
	shop := filter.Shop{Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	all := document.Entities
	for _, c := range []struct {
		before, now string
		needs       sinks.Needs
		entities    []string // none: takes no more
		maybe       bool
		remedy      string
	}{
		{"", "", stateSink, nil, false, ""},
		{"", "where: {stores: [1]}", stateSink, nil, false, ""},
		{"where: {stores: [0, 1]}", "where: {stores: [1]}", stateSink, nil, false, ""},
		{"where: {stores: [1]}", "", stateSink, []string{"order", "customer", "product", "category"}, false, ""},
		{"where: {stores: [1]}", "where: {stores: [1, 2]}", logSink, []string{"order", "customer", "product", "category"}, false, ""},
		{"entities: [product]\nwhere: {stores: [1]}", "entities: [product]", stateSink, []string{"product"}, false, "octail sync product --force --sink erp"},
		{"entities: [stock]\nwhere: {stores: [1]}", "entities: [stock]", stateSink, nil, false, ""},
		{"where: {statuses: [2, 3]}", "where: {statuses: [3, 2]}", stateSink, nil, false, ""},
		{"where: {statuses: [2]}", "where: {statuses: [5]}", stateSink, []string{"order"}, false, "octail sync order --force --sink erp --since 2026-01-01T00:00:00Z"},
		{"where: {statuses: [2]}", "where: {statuses: [Processing]}", stateSink, []string{"order"}, true, ""},
		{"where: {statuses: [Complete]}", "where: {statuses: [complete]}", stateSink, nil, false, ""},
		{"where: {customer_groups: [1]}", "", logSink, []string{"order", "customer"}, false, "octail sync customer --force --sink erp\noctail sync order --force --sink erp"},
		{"where: {countries: [DE]}", "where: {countries: [de, AT]}", logSink, []string{"order", "customer"}, false, ""},
		{"where: {countries: [DE, AT]}", "where: {countries: [de]}", logSink, nil, false, ""},
		{`where: {min_total: "50"}`, `where: {min_total: "50.00"}`, logSink, nil, false, ""},
		{`where: {min_total: "50"}`, `where: {min_total: "49.99"}`, logSink, []string{"order"}, false, ""},
		{`where: {min_total: "50"}`, "", logSink, []string{"order"}, false, ""},
		{"", `where: {min_total: "50"}`, logSink, nil, false, ""},
		{"", "where: {expr: total > 5}", logSink, nil, false, ""},
		{"where: {expr: total > 5}", "", logSink, []string{"order"}, false, ""},
		{"where: {expr: {customer: newsletter}}", "where: {expr: {customer: enabled}}", logSink, []string{"customer"}, true, "octail sync customer --force --sink erp"},
		{"entities: [order]", "", logSink, []string{"customer", "category", "product", "stock"}, false, ""},
		{"entities: [order]", "entities: [order, stock]", logSink, []string{"stock"}, false, ""},
		{"", "release: any", stateSink, []string{"order"}, false, ""},
		{"", "release: [5]", stateSink, []string{"order"}, true, ""},
		{"release: [5]", "", stateSink, []string{"order"}, true, ""},
		{"release: any", "", stateSink, nil, false, ""},
		{"", "release: [5]", logSink, nil, false, ""},
		{"release: [5]", "release: [5, 2]", stateSink, []string{"order"}, false, ""},
		{"release: [5, 2]", "release: [2]", stateSink, nil, false, ""},
		{"", "since: 2025-06-01", stateSink, []string{"order"}, false, "octail sync order --force --sink erp --since 2025-06-01T00:00:00Z"},
		{"", "since: 2026-06-01", stateSink, nil, false, ""},
		{"since: 2026-06-01", "", stateSink, []string{"order"}, false, ""},
		{"since: 2026-06-01", "since: 2026-05-01", logSink, []string{"order"}, false, ""},
		{"", "since: 2026-06-01", logSink, nil, false, ""},
		{"since: 2026-06-01", "", logSink, []string{"order"}, false, "octail sync order --force --sink erp"},
		{"release: [5]\nwhere: {expr: total > 5}", "release: [2]\nwhere: {expr: total > 6}", stateSink, []string{"order"}, false, ""},
	} {
		before, err := filter.ReadSpec(filter.SpecOf(section(t, c.before), c.needs, shop).String())
		if err != nil {
			t.Fatal(err)
		}
		now := filter.SpecOf(section(t, c.now), c.needs, shop)
		w, ok := filter.Widened(before, now)
		slices.SortFunc(c.entities, func(a, b string) int { return slices.Index(all, a) - slices.Index(all, b) })
		if ok != (c.entities != nil) || !slices.Equal(w.Entities, c.entities) || ok && w.Maybe != c.maybe {
			t.Errorf("%q to %q: %v %+v", c.before, c.now, ok, w)
		}
		for _, e := range w.Entities {
			if !slices.Contains(all, e) || !strings.Contains(w.Remedy("erp", now), "octail sync "+e+" --force --sink erp") {
				t.Errorf("%s: %s", e, w.Remedy("erp", now))
			}
		}
		if got := w.Remedy("erp", now); c.remedy != "" && got != c.remedy {
			t.Errorf("%q to %q: %s", c.before, c.now, got)
		}
		if ok && strings.Contains(w.String(), "may take more") != c.maybe {
			t.Error(w)
		}
	}
	if _, err := filter.ReadSpec("{"); err == nil {
		t.Error("a broken note was read")
	}
}

func TestMissing(t *testing.T) {
	known := map[int64]string{0: "Example", 2: "Processing"}
	for _, c := range []struct {
		listed []string
		want   string
	}{{nil, "[]"}, {[]string{"2", "processing", "0", "example"}, "[]"}, {[]string{"2", "Nonsense", "17"}, `["Nonsense" "17"]`}} {
		if got := fmt.Sprint(filter.Missing(c.listed, known)); got != c.want {
			t.Errorf("%q: %s", c.listed, got)
		}
	}
}
