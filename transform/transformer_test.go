package transform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

// shopOfCustomers has customers 1 to n and nothing else.
func shopOfCustomers(n int) func(*fixture) {
	return func(f *fixture) {
		f.exec(fmt.Sprintf("INSERT INTO oc_customer (customer_id, firstname, email, status) SELECT seq, CONCAT('c', seq), CONCAT('c', seq, '@example.com'), 1 FROM seq_1_to_%d;", n))
	}
}

// shopWithOrder has the products and order 7 of the golden tests.
func shopWithOrder(f *fixture) {
	f.exec(readFile(f.t, "testdata/include", "product_v4.sql"))
	f.exec(readFile(f.t, "testdata/include", "order_v4.sql"))
}

func options(setup func(*fixture)) fixtureOptions {
	return fixtureOptions{gen: shoptest.V4, load: []shoptest.LoadOption{shoptest.WithoutCatalogue()}, setup: setup, editHold: 15 * time.Second, noCanal: true}
}

// TestTouchedWhileBeingRead: what is read while it is still being written does not
// count, however late the touch came; and the touch is not lost.
func TestTouchedWhileBeingRead(t *testing.T) {
	for _, settle := range []time.Duration{0, time.Second} {
		t.Run(settle.String(), func(t *testing.T) {
			t.Parallel()
			var f *fixture
			var last canal.Position
			rename := ""
			o := options(shopOfCustomers(1))
			o.settle = settle
			o.failed = func(point string) {
				if point == "after-read" && rename != "" {
					f.exec("UPDATE oc_customer SET firstname = '" + rename + "';")
					rename = ""
					f.turn(time.Millisecond)
					last = f.touch("customer", 1)
				}
			}
			f = newFixture(t, o)
			before := f.tr.Watermark()
			f.touch("customer", 1)
			f.turn(settle)
			rename = "second"
			first := f.now()
			f.steps()
			if settle > 0 {
				if got := f.ids(); got != "" {
					t.Fatalf("journaled %s although it was touched while being read", got)
				}
				if at := f.tr.Watermark(); at != before {
					t.Errorf("the watermark %s has passed a touch that is not answered", at)
				}
			}
			f.turn(settle)
			f.steps()
			events := f.of("customer", 1)
			want := []string{"second"}
			if settle == 0 { // read at once, and once more
				want = []string{"c1", "second"}
			}
			for i, name := range want {
				if i >= len(events) || documentOf[document.Customer](t, events[i]).FirstName != name {
					t.Fatalf("%d events, want names %v", len(events), want)
				}
			}
			if settle == 0 {
				if !events[0].Time.Equal(first) || !events[1].Time.Equal(first.Add(time.Millisecond)) {
					t.Errorf("times %s, %s: not those of the last touch each read covers", events[0].Time, events[1].Time)
				}
			}
			if f.tr.Pending() != 0 || f.tr.Watermark() != last {
				t.Errorf("%d pending, watermark %s", f.tr.Pending(), f.tr.Watermark())
			}
		})
	}
}

// TestWindow: a snapshot of orders with a window takes those added since, by the
// shop's wall clock.
func TestWindow(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(func(f *fixture) {
		f.exec(`INSERT INTO oc_order (order_id, order_status_id, date_added) VALUES (1, 1, '2026-11-01 08:59:59'), (2, 1, '2026-11-01 09:00:00'), (3, 1, '2026-11-01 10:00:00');`)
	}))
	mark := journal.Mark{Key: document.Key{Entity: "order"}, Reason: "snapshot", Origin: document.FromSnapshot, AddedSince: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)}
	if err := f.tr.Mark(t.Context(), []journal.Mark{mark}); err != nil {
		t.Fatal(err)
	}
	f.steps()
	if got := f.ids(); got != "order/2@1 order/3@1" { // 08:00 UTC is 09:00 in Berlin
		t.Errorf("journaled %q", got)
	}
	if e := f.events(); len(e) > 0 && (!e[0].Time.Equal(f.now()) || e[0].Origin != document.FromSnapshot) {
		t.Errorf("time %s, origin %s", e[0].Time, e[0].Origin)
	}
	// A hole in the log before the snapshot was read: then all orders are compared.
	for _, m := range []journal.Mark{mark, {Key: mark.Key, Reason: "gap", Origin: document.FromReconcile}} {
		if err := f.tr.Mark(t.Context(), []journal.Mark{m}); err != nil {
			t.Fatal(err)
		}
	}
	f.steps()
	if got := f.ids(); got != "order/2@1 order/3@1 order/1@1" {
		t.Errorf("journaled %q", got)
	}
}

// TestInvalidBytes puts bytes that are no UTF-8 into a utf8mb4 column, as old servers
// let them in: into the table's file.
func TestInvalidBytes(t *testing.T) {
	t.Parallel()
	o := options(func(f *fixture) {
		f.exec(readFile(t, "testdata/include", "order_v3.sql") + "UPDATE oc_order SET comment = 'aXXXXb', email = 'eve-XXXX@example.com';")
		f.exec("FLUSH TABLES oc_order;")
		path := filepath.Join(f.server.DataDir(), f.database, "oc_order.MYD")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		broken := strings.ReplaceAll(string(raw), "XXXX", "\xff\xc3\xed\xa0")
		if broken == string(raw) {
			t.Fatal("the text is not in the table's file")
		}
		if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	o.gen = shoptest.V3
	f := newFixture(t, o)
	f.touch("order", 7)
	f.steps()
	events := f.of("order", 7)
	if len(events) != 1 {
		t.Fatalf("%d revisions", len(events))
	}
	doc := documentOf[document.Order](t, events[0])
	if doc.Comment != "a\uFFFDb" || doc.Customer.Email != "eve-\uFFFD@example.com" {
		t.Errorf("comment %q, e-mail %q", doc.Comment, doc.Customer.Email)
	}
	if n := f.tr.InvalidTexts(); n != 2 || f.metric("octail_documents_invalid_texts_total") != 2 {
		t.Errorf("%d invalid texts counted, want 2", n)
	}
	f.touch("order", 7)
	f.steps()
	if n := len(f.of("order", 7)); n != 1 {
		t.Errorf("%d revisions of the same bytes", n)
	}
}

// TestRun is the loop itself, on the real clock: it reads what is touched, sleeps, is
// woken, says what it cannot do, and stores the position before it ends.
func TestRun(t *testing.T) {
	t.Parallel()
	o := options(shopOfCustomers(2))
	o.settle, o.visible = 20*time.Millisecond, 10*time.Millisecond
	f := newFixture(t, o)
	f.tr.now = time.Now
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.tr.Run(ctx) }()
	f.touch("customer", 1)
	f.eventually("customer 1", func() bool { return f.journal.Last() == 1 })
	f.mark("customer", 2)
	f.eventually("customer 2", func() bool { return f.journal.Last() == 2 })
	ahead := f.here()
	ahead.Offset += 1 << 30 // other tests write to the same log meanwhile
	if err := f.tr.Commit(canal.Transaction{Position: ahead, Time: f.now(), Touches: []canal.Touch{{Target: "customer", Key: 1}}}); err != nil {
		t.Fatal(err)
	}
	f.eventually("it to say what it cannot do", func() bool { return f.tr.Blocked() != "" })
	if err := f.tr.Progress(f.here()); err != nil {
		t.Fatal(err)
	}
	f.eventually("it to go on", func() bool { return f.tr.Blocked() == "" && f.tr.Pending() == 0 })
	end := f.here()
	if err := f.tr.Progress(end); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if position, err := f.journal.Position(t.Context()); err != nil || position != end.EncodeAt(f.now()) {
		t.Errorf("stored %s, want %s (%v)", position, end.EncodeAt(f.now()), err)
	}
	if errs := f.log.lines(slog.LevelError); len(errs) != 1 {
		t.Errorf("logged %q, want one line", errs)
	}
	f.tr.Stop()
	if err := f.tr.Commit(canal.Transaction{Position: end}); !errors.Is(err, context.Canceled) {
		t.Errorf("after Stop, Commit returns %v", err)
	}
}

// TestMySQL follows a MySQL server, where the proof is its GTID set.
func TestMySQL(t *testing.T) {
	t.Parallel()
	o := options(shopWithOrder)
	o.server, o.noCanal = shoptesting.MySQL(t), false
	f := newFixture(t, o)
	f.exec("UPDATE oc_order SET comment = 'one' WHERE order_id = 7;")
	f.read()
	f.exec("UPDATE oc_order SET order_status_id = 2 WHERE order_id = 7;\nALTER TABLE oc_order DROP COLUMN tracking;\nUPDATE oc_order SET comment = 'two' WHERE order_id = 7;")
	f.read()
	if n := len(f.of("order", 7)); n != 1 {
		t.Errorf("%d revisions while the table is being altered", n)
	}
	f.turn(calmAfter)
	f.read()
	events := f.of("order", 7)
	if len(events) != 2 || f.tr.Pending() != 0 {
		t.Fatalf("%d revisions, %d pending", len(events), f.tr.Pending())
	}
	if doc := documentOf[document.Order](t, events[1]); doc.Comment != "two" || doc.Status.ID != 2 {
		t.Errorf("comment %q, status %d", doc.Comment, doc.Status.ID)
	}
	if f.tr.Watermark().GTID == "" {
		t.Error("the watermark has no GTID")
	}
}

// TestPrivacy: no log line and no stored cause holds what customers typed.
func TestPrivacy(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(shopWithOrder))
	f.touch("order", 7)
	f.steps()
	f.sqlite(`UPDATE events SET data = CAST('{"document":{"lines":"Carol"' AS BLOB)`)
	f.exec("UPDATE oc_order SET comment = 'Carol moved';")
	f.touch("order", 7)
	f.steps()
	f.exec("RENAME TABLE oc_order_history TO away;")
	f.touch("order", 7)
	f.steps()
	all := f.log.records
	for _, d := range f.dirty() {
		all = append(all, d.Error)
	}
	if len(all) < 2 {
		t.Fatalf("nothing was logged: %q", all)
	}
	for _, line := range all {
		if strings.Contains(strings.ToLower(line), "carol") {
			t.Errorf("personal data: %s", line)
		}
	}
}
