package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/reconcile"
	"octail/internal/reread"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// errMistake: the agent says that the request is wrong.
var errMistake = errors.New("a mistake of who asks")

// post asks the agent to do something, and returns the last line of its answer.
func post[R any](a *agent, path string, body any) (*R, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", a.cfg.HTTP.Socket)
		}}}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	res, err := client.Post("http://octail"+path, "application/json", bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	for lines := json.NewDecoder(res.Body); ; {
		var m console.Message[R]
		if err := lines.Decode(&m); err != nil {
			return nil, fmt.Errorf("%s: %w", res.Status, err)
		}
		if m.Mistake {
			return nil, fmt.Errorf("%w: %s", errMistake, m.Error)
		}
		if m.Error != "" {
			return nil, errors.New(m.Error)
		}
		if m.Report != nil {
			return m.Report, nil
		}
	}
}

// hidden are changes that the binlog does not have: 5 orders differ, 4 are gone, 3 are
// missing; and one draft more, which is none.
var hidden = []string{
	"SET SESSION sql_log_bin = 0", "SET SESSION sql_mode = ''",
	"UPDATE oc_order SET comment = 'hidden' WHERE order_id BETWEEN 1 AND 5",
	"DELETE FROM oc_order WHERE order_id BETWEEN 11 AND 14", "DELETE FROM oc_order_product WHERE order_id BETWEEN 11 AND 14",
	"DELETE FROM oc_order_total WHERE order_id BETWEEN 11 AND 14", "DELETE FROM oc_order_history WHERE order_id BETWEEN 11 AND 14",
	"CREATE TEMPORARY TABLE copy SELECT * FROM oc_order WHERE order_id BETWEEN 21 AND 24",
	"UPDATE copy SET order_id = order_id + 1000, order_status_id = IF(order_id = 1024, 0, order_status_id)",
	"INSERT INTO oc_order SELECT * FROM copy",
	"INSERT INTO oc_order_total (order_id, code, title, value, sort_order) SELECT order_id + 1000, code, title, value, sort_order FROM oc_order_total WHERE order_id BETWEEN 21 AND 24",
	"INSERT INTO oc_order_product (order_id, product_id, name, model, quantity, price, total, tax, reward) SELECT order_id + 1000, product_id, name, model, quantity, price, total, tax, reward FROM oc_order_product WHERE order_id BETWEEN 21 AND 24",
	"DROP TEMPORARY TABLE copy", "SET SESSION sql_log_bin = 1",
}

// TestReconcile: what capture never saw is found, and nothing else, in a shop in use.
func TestReconcile(t *testing.T) {
	t.Parallel()
	for _, gen := range []shoptest.Generation{shoptest.V3, shoptest.V4} {
		t.Run(gen.String(), func(t *testing.T) {
			server := shoptesting.Default(t)
			database, db, shop := openShop(t, server, gen)
			place(t, shop, 30)
			// The hold is also how long a comparison waits for what is on its way to come.
			cfg := configure(t, server, database, settings{prefix: "oc_", hold: "1m", snapshot: "[customer, product, stock, category, order]"})
			a := start(t, server, cfg)
			a.quiet()
			r, err := post[reconcile.Report](a, "/api/v1/reconcile", nil)
			if err != nil || r.Total.Differences() != 0 || r.Entities["order"].InShop != 30 || r.Entities["order"].InJournal != 30 || !r.Equal() {
				t.Fatalf("%+v %v", r, err)
			}
			_, lines := arrived(t, a, 0)
			must(t, db, hidden...)

			// The shop goes on being used: what is on its way is no difference.
			ctx, cancel := context.WithCancel(t.Context())
			used := make(chan error, 1)
			go func() { used <- shoptest.Run(ctx, shop, 20, func(shoptest.Step) {}) }()
			for range 3 {
				r, err = post[reconcile.Report](a, "/api/v1/reconcile", nil)
				if err != nil {
					t.Fatal(err)
				}
				// The shopper may touch a hidden change and so bring it in.
				if o := r.Entities["order"]; o.Missing > 3 || o.Different > 5 || o.Gone > 4 || o.Undecided+o.Unreadable > 0 || r.Total.Differences() > o.Differences() {
					t.Errorf("%+v", r)
				}
			}
			cancel()
			<-used
			a.quiet()
			if counts, _ := arrived(t, a, lines); counts["order.created by reconcile"] != 0 {
				t.Errorf("without --repair something was delivered: %v", counts)
			}
			before := a.quiet()
			if before.Level != console.Red || !strings.Contains(before.Sentence, "--repair") {
				t.Errorf("%s: %s", before.Level, before.Sentence)
			}
			r, err = post[reconcile.Report](a, "/api/v1/reconcile?repair=true", nil)
			if err != nil || r.Total.Differences() < 3 || r.Total.Repaired != r.Total.Differences() || !r.Equal() {
				t.Fatalf("%+v %v", r, err)
			}
			a.quiet()
			compareAll(t, a.look(), server, database, "oc_")
			r, err = post[reconcile.Report](a, "/api/v1/reconcile", nil)
			if err != nil || r.Total.Differences() != 0 || !r.Equal() {
				t.Errorf("%+v %v", r, err)
			}
			if st := a.quiet(); st.Level != console.Green {
				t.Errorf("%s: %s", st.Level, st.Sentence)
			}
		})
	}
}

// TestReconcilePolled: where the shop is polled a sweep comes before a verdict.
func TestReconcilePolled(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{Args: []string{"--skip-log-bin"}})
	database, db, shop := openShop(t, server, shoptest.V3)
	grantReader(t, server, database)
	place(t, shop, 10)
	a := start(t, server, configure(t, server, database, settings{prefix: "oc_", hold: "1m", poll: "1h", snapshot: "[customer, product, stock, category, order]"}))
	a.swept()
	must(t, db, "UPDATE oc_order SET comment = 'changed' WHERE order_id = 3", "DELETE FROM oc_customer WHERE customer_id = 2")
	place(t, shop, 2)
	r, err := post[reconcile.Report](a, "/api/v1/reconcile", nil) // the next sweep is an hour away
	if err != nil || r.Total.Differences() != 0 || r.Entities["order"].InShop != 12 || !r.Equal() {
		t.Errorf("%+v %v", r, err)
	}
	waitFor(t, "the deletion", func() bool {
		var st console.Status
		return a.get("/api/v1/status", &st) == nil && int64(st.Source.Poll.Missing)+st.Journal.Dirty == 0
	})
	compareAll(t, a.look(), server, database, "oc_")
}

// TestReconcileCutShort: an unfinished comparison is gone on with by the next agent.
func TestReconcileCutShort(t *testing.T) {
	t.Parallel()
	server := shoptesting.MariaDB(t)
	database, db, shop := openShop(t, server, shoptest.V4)
	place(t, shop, 30)
	cfg := configure(t, server, database, settings{prefix: "oc_", hold: "1m", snapshot: "[customer, product, stock, category, order]"})
	a := start(t, server, cfg)
	a.quiet()
	must(t, db, hidden...)
	// Between two pages, the differences of the first ones known.
	place := fmt.Sprintf(`{"started":%q,"repair":true,"daily":true,"total":{"in_shop":9,"in_journal":9},"entities":{"customer":{"in_shop":9,"in_journal":9}},
		"entity":"order","after":2,"suspects":[{"Entity":"order","ID":1},{"Entity":"order","ID":2}]}`, time.Now().UTC().Format(time.RFC3339))
	a.stop()
	j := a.open()
	if err := j.SetMeta(t.Context(), "reconcile", place); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	a = start(t, server, cfg)
	var st console.Status
	waitFor(t, "the comparison to be gone on with", func() bool {
		st = a.quiet()
		return st.Compared != nil
	})
	r := st.Compared
	if r.Total.Missing != 3 || r.Total.Different != 5 || r.Total.Gone != 4 || r.Total.Repaired != 12 || r.Entities["customer"].InShop != 9 {
		t.Errorf("%+v", r)
	}
	compareAll(t, a.look(), server, database, "oc_")
}

// TestSync reads orders from before octail's first start, what changed unseen, and
// delivers what did not change once more.
func TestSync(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, shop := openShop(t, server, shoptest.V4)
	place(t, shop, 30)
	must(t, db, "UPDATE oc_order SET date_added = '2026-03-01' WHERE order_id > 10", "UPDATE oc_order SET order_status_id = 0 WHERE order_id = 20", "UPDATE oc_order SET store_id = 1 WHERE order_id = 21")
	cfg := configure(t, server, database, settings{prefix: "oc_"})
	a := start(t, server, cfg)
	a.quiet()
	_, lines := arrived(t, a, 0)
	ask := func(req reread.Request) *reread.Report {
		t.Helper()
		r, err := post[reread.Report](a, "/api/v1/sync", req)
		if err != nil {
			t.Fatal(err)
		}
		a.quiet()
		return r
	}
	want := func(r *reread.Report, line string, events map[string]int) {
		t.Helper()
		if r.Line() != line {
			t.Errorf("%s, want %s", r.Line(), line)
		}
		var counts map[string]int
		counts, lines = arrived(t, a, lines)
		wantArrived(t, counts, events)
	}
	want(ask(reread.Request{Entity: "order", IDs: []int64{7, 8, 20, 999}, DryRun: true}),
		"3 read · 2 changed and would be delivered · 0 unchanged · 1 not confirmed yet · 1 could not be read", map[string]int{})
	want(ask(reread.Request{Entity: "order", IDs: []int64{7, 8, 20, 999}}),
		"3 read · 2 changed and delivered · 0 unchanged · 1 not confirmed yet · 1 could not be read", map[string]int{"order.created by sync": 2})
	want(ask(reread.Request{Entity: "order", IDs: []int64{7, 8}, Force: true}),
		"2 read · 0 changed and delivered · 2 unchanged · 0 of them delivered once more", map[string]int{}) // a file keeps its own log
	want(ask(reread.Request{Entity: "order", SinceDay: "2026-02-28", Stores: []int64{1}}),
		"1 read · 1 changed and delivered · 0 unchanged", map[string]int{"order.created by sync": 1})
	want(ask(reread.Request{Entity: "order", SinceDay: "2026-03-02", Statuses: []int64{1, 2, 3, 5}}),
		"10 read · 8 changed and delivered · 2 unchanged", map[string]int{"order.created by sync": 8})
	want(ask(reread.Request{Entity: "order", SinceDay: "2026-03-02", Statuses: []int64{1}, StatusNames: []string{"processing", "Shipped", "Complete"}}),
		"10 read · 0 changed and delivered · 10 unchanged", map[string]int{})
	for text, req := range map[string]reread.Request{
		`no such order status: "shiped"; the shop has `: {Entity: "order", StatusNames: []string{"shiped"}},
		`no such order status: 77; the shop has `:       {Entity: "order", Statuses: []int64{2, 77}},
		`there is no sink "nope" in the configuration`:  {Entity: "order", Force: true, Sinks: []string{"nope"}},
	} {
		if _, err := post[reread.Report](a, "/api/v1/sync", req); !errors.Is(err, errMistake) || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "does not answer") || strings.Contains(text, "status") && !strings.Contains(err.Error(), "Shipped (3)") {
			t.Errorf("%+v: %v", req, err)
		}
	}
	if _, err := post[reconcile.Report](a, "/api/v1/reconcile?sink=log", nil); !errors.Is(err, errMistake) || !strings.Contains(err.Error(), "sink log cannot be asked") {
		t.Errorf("a sink that cannot be asked: %v", err)
	}
	must(t, db, hidden[0], "UPDATE oc_product SET price = price + 1 WHERE product_id = 2", "SET SESSION sql_log_bin = 1")
	want(ask(reread.Request{Entity: "product", DryRun: true}), fmt.Sprintf("%d read · 1 changed and would be delivered · %d unchanged", len(shoptest.Catalogue()), len(shoptest.Catalogue())-1), map[string]int{})
	want(ask(reread.Request{Entity: "product"}), fmt.Sprintf("%d read · 1 changed and delivered · %d unchanged", len(shoptest.Catalogue()), len(shoptest.Catalogue())-1),
		map[string]int{"product.updated by sync": 1})

	// What a line took from its product stays as sold, until --refresh.
	must(t, db, "SET sql_mode = ''", "UPDATE oc_product_code SET value = CONCAT('new-', value)", "UPDATE oc_product SET weight = weight + 1")
	a.quiet()
	_, lines = arrived(t, a, 0)
	want(ask(reread.Request{Entity: "order", IDs: []int64{7}}), "1 read · 0 changed and delivered · 1 unchanged", map[string]int{})
	r := ask(reread.Request{Entity: "order", IDs: []int64{7}, Refresh: true})
	want(r, "1 read · 1 changed and delivered · 0 unchanged", map[string]int{"order.updated by sync": 1})
	events, err := a.look().Revisions(t.Context(), keyOf("order", 7))
	if err != nil || len(events) != 2 || !strings.Contains(string(events[0].Data), `"changed":["lines"]`) {
		t.Errorf("%d revisions, %v: %.200s", len(events), err, events[0].Data)
	}
}
