package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"octail/internal/console"
	"octail/internal/erase"
	"octail/internal/reconcile"
	"octail/internal/reread"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// traces of a person, each found nowhere else.
var traces = []string{"zebedee", "Quixwood", "991199", "Nowhere Crescent", "goldfish", "Grandma Quix", "old.address@example.com", "hermione"}

// hits counts them in files.
func hits(t *testing.T, pattern string, from int) (n int) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n += hitsIn(b[min(from, len(b)):])
	}
	return n
}

func hitsIn(b []byte) (n int) {
	for _, text := range traces {
		n += bytes.Count(bytes.ToLower(b), []byte(strings.ToLower(text)))
	}
	return n
}

// TestErase: a customer and a guest are erased while one sink has everything and the
// other one nothing yet. The journal's files hold nothing of them any more, whatever
// happens to their orders later.
func TestErase(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, shop := openShop(t, server, shoptest.V3)
	place(t, shop, 30)
	// A customer with orders, a guest, and a revision before with another address.
	who := []string{
		"UPDATE oc_order SET customer_id = 3, firstname = 'Zebedee', lastname = 'Quixwood', email = 'zebedee@example.com', telephone = '+44 0000 991199', payment_address_1 = '1 Nowhere Crescent', comment = 'mind the goldfish', fax = '991199' WHERE order_id IN (5, 6, 7)",
		"UPDATE oc_order_product SET name = name WHERE order_id = 5",
		"UPDATE oc_customer SET firstname = 'Zebedee', lastname = 'Quixwood', email = 'zebedee@example.com', telephone = '+44 0000 991199' WHERE customer_id = 3",
		"UPDATE oc_address SET address_1 = '1 Nowhere Crescent' WHERE customer_id = 3",
		"UPDATE oc_order_history SET comment = 'sent to Nowhere Crescent' WHERE order_id = 6",
		"INSERT INTO oc_order_voucher (order_id, voucher_id, description, code, from_name, from_email, to_name, to_email, voucher_theme_id, message, amount) VALUES (7, 0, 'for Grandma Quix', 'ab12', 'Zebedee', 'zebedee@example.com', 'Grandma Quix', 'g@example.com', 1, '', 0)",
		"UPDATE oc_order SET customer_id = 0, firstname = 'Hermione', lastname = 'Guest', email = 'Hermione@example.com' WHERE order_id IN (8, 9)",
	}
	// One sink is down for now, so that old events are still to come to it.
	var mu sync.Mutex
	var bodies [][]byte
	down := true
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		bodies = append(bodies, b.Bytes())
	}))
	t.Cleanup(hook.Close)
	must(t, db, "SET sql_mode = ''", "UPDATE oc_customer SET email = 'old.address@example.com' WHERE customer_id = 3", "UPDATE oc_order SET email = 'old.address@example.com', customer_id = 0 WHERE order_id = 10")
	cfg := configure(t, server, database, settings{prefix: "oc_", snapshot: "[customer, product, stock, category, order]",
		extra: fmt.Sprintf("  - {name: hook, type: webhook, url: %q, timeout: 5m}\n", hook.URL)})
	a := start(t, server, cfg)
	a.quiet()
	must(t, db, who...)
	a.quiet()
	journal := cfg.Journal.Path + "*"
	if hits(t, journal, 0) == 0 {
		t.Fatal("the journal does not hold what is to be erased")
	}
	info, err := os.Stat(a.file)
	if err != nil {
		t.Fatal(err)
	}
	before := a.look().Last()

	r, err := post[erase.Report](a, "/api/v1/erase", erase.Request{Customer: 3})
	if err != nil || !r.Done() || r.Customers != 1 || r.Orders != 4 || r.Events < 6 {
		t.Fatalf("%+v %v", r, err)
	}
	if len(r.Sinks) != 2 || !strings.Contains(r.Sinks[0].What, "lines") || !strings.Contains(r.Sinks[1].What, "before") {
		t.Errorf("%+v", r.Sinks)
	}
	guest, err := post[erase.Report](a, "/api/v1/erase", erase.Request{Email: " hermione@EXAMPLE.com"})
	if err != nil || !guest.Done() || guest.Customers != 0 || guest.Orders != 2 {
		t.Fatalf("%+v %v", guest, err)
	}
	n := hits(t, journal, 0)
	t.Logf("events=%d orders=%d hits=%d", r.Events+guest.Events, r.Orders+guest.Orders, n)
	if n > 0 {
		t.Errorf("%d hits in the journal's files", n)
	}
	for _, text := range []string{"zebedee@example.com", "old.address@example.com", "hermione@example.com"} {
		var found []console.Trace
		if err := a.get("/api/v1/trace?key="+text, &found); err != nil || len(found) > 0 {
			t.Errorf("%s is found: %v %v", text, found, err)
		}
	}

	// The sink that was down gets every event, and none with the person.
	mu.Lock()
	down = false
	mu.Unlock()
	var st console.Status
	waitFor(t, "the sink that was down", func() bool {
		return a.get("/api/v1/status", &st) == nil && len(st.Sinks) == 2 && st.Sinks[0].Pending+st.Sinks[1].Pending == 0
	})
	mu.Lock()
	erased := 0
	for _, b := range bodies {
		if hitsIn(b) > 0 {
			t.Errorf("%s", b)
		}
		if bytes.Contains(b, []byte(`"data":{"erased":true}`)) {
			erased++
		}
	}
	if int64(len(bodies)) <= before || int64(erased) != r.Events+guest.Events {
		t.Errorf("%d events came, %d of them erased, want %d", len(bodies), erased, r.Events+guest.Events)
	}
	mu.Unlock()

	// Nothing differs by it, and nothing brings it back.
	if r, err := post[reconcile.Report](a, "/api/v1/reconcile", nil); err != nil || !r.Equal() || r.Total.Differences() > 0 {
		t.Errorf("%+v %v", r, err)
	}
	for _, req := range []reread.Request{{Entity: "order", Refresh: true}, {Entity: "customer"}} {
		if r, err := post[reread.Report](a, "/api/v1/sync", req); err != nil || r.Changed > 0 {
			t.Errorf("%s: %+v %v", req.Entity, r, err)
		}
	}
	again, err := post[erase.Report](a, "/api/v1/erase", erase.Request{Customer: 3})
	if err != nil || !again.Done() || again.Customers+again.Orders+again.Events != 0 {
		t.Errorf("again: %+v %v", again, err)
	}
	a.stop()
	a = start(t, server, cfg)
	a.quiet()
	must(t, db, "SET sql_mode = ''", "UPDATE oc_order SET comment = 'two goldfish', tracking = 'x', language_id = 2 WHERE order_id IN (5, 8)", "UPDATE oc_customer SET telephone = '+44 0000 991199 5', customer_group_id = 1, status = 0 WHERE customer_id = 3",
		"INSERT INTO oc_order SELECT * FROM (SELECT * FROM oc_order WHERE order_id = 6) o ON DUPLICATE KEY UPDATE tracking = 'y'",
		"CREATE TEMPORARY TABLE copy SELECT * FROM oc_order WHERE order_id = 8", "UPDATE copy SET order_id = 777", "INSERT INTO oc_order SELECT * FROM copy", "DROP TEMPORARY TABLE copy")
	a.quiet()
	if newer := a.look().Last() - before; newer < 10 {
		t.Errorf("only %d events came since", newer)
	}
	if n := hits(t, journal, 0) + hits(t, a.file, int(info.Size())); n > 0 {
		t.Errorf("%d hits after the shop went on", n)
	}
	for _, text := range traces {
		if lines := a.log.with(text); len(lines) > 0 {
			t.Errorf("logged: %v", lines)
		}
	}
}

// TestEraseLater: what cannot be read again is told, its lines are not forgotten for it,
// and asking again finishes the work.
func TestEraseLater(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, shop := openShop(t, server, shoptest.V4)
	place(t, shop, 8)
	must(t, db, "SET sql_mode = ''", "UPDATE oc_order SET customer_id = 0, firstname = 'Zebedee', lastname = 'Quixwood', email = 'zebedee@example.com', telephone = '991199' WHERE order_id IN (3, 4)")
	cfg := configure(t, server, database, settings{prefix: "oc_", hold: "1s", snapshot: "[customer, order]"})
	a := start(t, server, cfg)
	a.quiet()
	must(t, db, "RENAME TABLE oc_order_history TO away")
	req := erase.Request{Email: "zebedee@example.com"}
	r, err := post[erase.Report](a, "/api/v1/erase", req)
	if err != nil || r.Done() || len(r.Failed) != 2 || r.Orders != 0 || len(r.Left) == 0 || !strings.Contains(r.Failed[0].Cause, "order_history") {
		t.Fatalf("%+v %v", r, err)
	}
	must(t, db, "RENAME TABLE away TO oc_order_history")
	a.quiet()
	if r, err = post[erase.Report](a, "/api/v1/erase", req); err != nil || !r.Done() || r.Events != 2 {
		t.Fatalf("%+v %v", r, err)
	}
	if n := hits(t, cfg.Journal.Path+"*", 0); n > 0 {
		t.Errorf("%d hits", n)
	}
	events, err := a.look().Revisions(t.Context(), keyOf("order", 3))
	if err != nil || len(events) != 2 || !bytes.Contains(events[0].Data, []byte(`"line":1,`)) || string(events[1].Data) != `{"erased":true}` {
		t.Errorf("%d revisions, %v", len(events), err)
	}
}
