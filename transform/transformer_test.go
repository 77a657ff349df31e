package transform

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/shop"
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

// TestFailedCommit: an append fails (the disk is full) behind the decisions of a
// batch. They have not happened: the same holds, the same counts, one revision.
func TestFailedCommit(t *testing.T) {
	t.Parallel()
	ctx, fail := context.WithCancel(t.Context())
	failing := false
	o := options(shopWithOrder)
	o.failed = func(point string) {
		if point == "before-commit" && failing {
			fail()
		}
	}
	f := newFixture(t, o)
	// failed takes a step that does not reach the disk.
	failed := func() {
		t.Helper()
		ctx, fail = context.WithCancel(t.Context())
		failing = true
		if _, _, err := f.tr.step(ctx); err == nil {
			t.Fatal("the step did not fail")
		}
		failing = false
	}
	before := f.tr.Watermark()
	f.touch("order", 7)
	f.touch("product", 42)
	failed()
	if got := f.ids(); got != "" || f.tr.Pending() != 2 || f.tr.Watermark() != before {
		t.Fatalf("journaled %q, %d pending, watermark %s", got, f.tr.Pending(), f.tr.Watermark())
	}
	f.steps()
	if got := f.ids(); got != "order/7@1 product/42@1" {
		t.Fatalf("journaled %q", got)
	}

	// Both half-way: the waits begin with the first read that counts.
	f.exec("UPDATE oc_order SET order_status_id = 16;\nDELETE FROM oc_product_description WHERE product_id = 42;")
	f.touch("order", 7)
	f.touch("product", 42, 43) // 43 is new: there is something to write
	failed()
	if len(f.tr.holds) != 0 {
		t.Error("a hold was kept of a reading that came to nothing")
	}
	f.steps()
	f.turn(400 * time.Millisecond)
	f.steps()
	if got := f.ids(); got != "order/7@1 product/42@1 product/43@1" {
		t.Fatalf("a half-way read was taken at once: %q", got)
	}
	f.turn(15 * time.Second) // both waits are over
	failed()
	if n := f.metric("octail_documents_halfway_total", "order", "status"); n != 0 {
		t.Errorf("%v half-way reads counted, nothing was journaled", n)
	}
	f.steps()
	if got := f.ids(); got != "order/7@1 product/42@1 product/43@1 order/7@2 product/42@2" {
		t.Errorf("journaled %q", got)
	}
	if n := f.metric("octail_documents_halfway_total", "order", "status"); n != 1 || len(f.tr.holds) != 0 {
		t.Errorf("%v half-way reads counted, %d holds left", n, len(f.tr.holds))
	}
	if n := f.metric("octail_documents_total", "order", "changed"); n != 2 {
		t.Errorf("%v changes counted", n)
	}
}

// TestOneKeyFails: a key that cannot be assembled waits alone, visibly, and keeps
// neither the watermark nor the others back. When it can be, nothing is lost.
func TestOneKeyFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(func(f *fixture) {
		shopWithOrder(f)
		f.exec("INSERT INTO oc_order (order_id, order_status_id, firstname, currency_code) VALUES (8, 1, 'Dave', 'EUR');")
	}))
	f.touch("order", 7, 8)
	f.steps()
	good := f.of("order", 7)[0]
	f.sqlite("UPDATE events SET data = CAST('{\"document\":{\"lines\":7}}' AS BLOB) WHERE sequence = ?", good.Sequence)

	f.exec("UPDATE oc_order SET comment = 'changed';")
	last := f.touch("order", 7, 8)
	f.steps()
	if got := f.ids(); got != "order/7@1 order/8@1 order/8@2" {
		t.Fatalf("journaled %q", got)
	}
	if f.tr.Pending() != 0 || f.tr.Watermark() != last {
		t.Errorf("%d pending, watermark %s: kept back by a key that fails", f.tr.Pending(), f.tr.Watermark())
	}
	failing, err := f.journal.Failing(t.Context(), 10)
	if err != nil || len(failing) != 1 || failing[0].ID != 7 || failing[0].Attempts != 1 || failing[0].Error == "" {
		t.Fatalf("failing: %+v, %v", failing, err)
	}
	for i := range 5 { // 5, 10, 20, ... seconds
		f.turn(5*time.Second<<i - time.Second)
		f.steps()
		if d := f.dirty(); len(d) != 1 || d[0].Attempts != i+1 {
			t.Fatalf("after %d failures it is tried again too soon: %+v", i+1, d)
		}
		f.turn(time.Second)
		f.steps()
	}
	errs := f.log.lines(slog.LevelError)
	if len(errs) != 1 || !strings.Contains(errs[0], "kinds=[order] first=order/7 count=1") {
		t.Errorf("logged %q, want one line", errs)
	}
	// It was touched all the while: still one key, at the next turn.
	f.exec("UPDATE oc_order SET comment = 'and again' WHERE order_id = 7;")
	f.touch("order", 7)
	f.steps()
	f.sqlite("UPDATE events SET data = ? WHERE sequence = ?", good.Data, good.Sequence)
	f.turn(20 * time.Minute)
	f.steps()
	events := f.of("order", 7)
	if len(events) != 2 || documentOf[document.Order](t, events[1]).Comment != "and again" || events[1].Origin != document.FromShop {
		t.Fatalf("%d revisions", len(events))
	}
	if d := f.dirty(); len(d) != 0 {
		t.Errorf("left dirty: %+v", d)
	}
}

// TestOneRowFails: the server refuses a query because of one key's rows. The others of
// its batch are read alone and go on.
func TestOneRowFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(func(f *fixture) {
		shopOfCustomers(20)(f)
		f.exec(`RENAME TABLE oc_address TO real_address;
			CREATE VIEW oc_address AS SELECT address_id, customer_id, firstname, lastname, company, address_1, address_2, city, postcode, country_id,
				IF(customer_id = 7, (SELECT 1 UNION SELECT 2), zone_id) AS zone_id, custom_field, ` + "`default`" + ` FROM real_address;
			INSERT INTO real_address (customer_id, firstname) VALUES (7, 'x'), (8, 'y');`)
	}))
	f.mark("customer", 0)
	f.touch("customer", 3, 7)
	f.steps()
	f.turn(5 * time.Second)
	f.steps()
	var got []int64
	for _, e := range f.events() {
		got = append(got, e.ID)
	}
	slices.Sort(got)
	if len(got) != 19 || slices.Contains(got, 7) {
		t.Errorf("journaled %v", got)
	}
	if d := f.dirty(); len(d) != 1 || d[0].ID != 7 || !strings.Contains(d[0].Error, "1242") {
		t.Errorf("dirty: %+v", d)
	}
	if n := len(f.log.lines(slog.LevelError)); n != 1 { // once for the cause, touches and marks
		t.Errorf("%d errors logged: %q", n, f.log.lines(slog.LevelError))
	}
	f.exec("DROP VIEW oc_address;\nRENAME TABLE real_address TO oc_address;")
	f.turn(time.Minute)
	f.steps()
	if len(f.of("customer", 7)) != 1 || len(f.dirty()) != 0 {
		t.Errorf("%d revisions, dirty %+v", len(f.of("customer", 7)), f.dirty())
	}
}

// TestTableVanishes: while a backup is put back a table is not there. No document is
// made without it; others are.
func TestTableVanishes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(func(f *fixture) {
		shopWithOrder(f)
		shopOfCustomers(1)(f)
	}))
	f.touch("order", 7)
	f.steps()
	f.exec("RENAME TABLE oc_order_product TO away;\nUPDATE oc_order SET comment = 'x';\nUPDATE oc_customer SET lastname = 'x';")
	f.touch("order", 7)
	f.touch("customer", 1)
	f.mark("order", 0)
	f.steps()
	if got := f.ids(); got != "order/7@1 customer/1@1" {
		t.Fatalf("journaled %q", got)
	}
	errs := f.log.lines(slog.LevelError)
	if len(errs) == 0 || !strings.Contains(errs[0], "oc_order_product") {
		t.Errorf("the log does not name the table: %q", errs)
	}
	f.turn(20 * time.Second)
	f.steps()
	f.exec("RENAME TABLE away TO oc_order_product;")
	f.turn(20 * time.Second)
	f.steps()
	if got := f.ids(); got != "order/7@1 customer/1@1 order/7@2" {
		t.Fatalf("journaled %q", got)
	}
	if o := documentOf[document.Order](t, f.of("order", 7)[1]); len(o.Lines) != 2 || o.Lines[1].Line != 2 {
		t.Errorf("lines %+v", o.Lines)
	}
	if d := f.dirty(); len(d) != 0 {
		t.Errorf("left dirty: %+v", d)
	}
}

// TestColumnVanishes: a column that was selected is gone before capture says so. The
// batch is read again with the columns of now, and nobody is troubled.
func TestColumnVanishes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(shopOfCustomers(2)))
	f.touch("customer", 1, 2)
	f.steps()
	f.exec("ALTER TABLE oc_customer DROP COLUMN custom_field;\nALTER TABLE oc_tax_rate DROP COLUMN type;\nUPDATE oc_customer SET firstname = 'new';")
	f.touch(refPrefix+"tax", 0)
	f.touch("customer", 1, 2)
	f.steps()
	if got := f.ids(); got != "customer/1@1 customer/2@1 customer/1@2 customer/2@2" {
		t.Errorf("journaled %q", got)
	}
	if errs := f.log.lines(slog.LevelError); len(errs) > 0 || len(f.dirty()) > 0 {
		t.Errorf("logged %q, dirty %+v", errs, f.dirty())
	}
	// Without one that documents need nothing is believed: the keys wait.
	f.exec("ALTER TABLE oc_customer DROP COLUMN lastname;\nUPDATE oc_customer SET firstname = 'newer';")
	f.touch("customer", 1, 2)
	f.steps()
	if got := f.ids(); got != "customer/1@1 customer/2@1 customer/1@2 customer/2@2" || len(f.dirty()) != 2 {
		t.Errorf("journaled %q, dirty %+v", got, f.dirty())
	}
}

// TestLargeTransaction: an import of thousands of keys goes to the background. An
// order of the same moment does not wait behind it, and a kill loses nothing.
func TestLargeTransaction(t *testing.T) {
	t.Parallel()
	const n = spillAt + 500
	o := options(func(f *fixture) {
		shopWithOrder(f)
		shopOfCustomers(n)(f)
	})
	f := newFixture(t, o)
	tx := canal.Transaction{Position: f.here(), Time: start.Add(-time.Hour)}
	for id := range n {
		tx.Touches = append(tx.Touches, canal.Touch{Target: "customer", Key: int64(id + 1)})
	}
	tx.Touches = append(tx.Touches, canal.Touch{Target: byManufacturer, Key: 1})
	if err := f.tr.Commit(tx); err != nil {
		t.Fatal(err)
	}
	if d := f.dirty(); len(d) != n {
		t.Fatalf("%d marks, want %d", len(d), n)
	}
	f.exec("UPDATE oc_order SET comment = 'meanwhile';")
	f.touch("order", 7)
	f.turn(confirmAfter)
	for f.step() && len(f.of("order", 7)) == 0 {
	}
	if ids := strings.Fields(f.ids()); slices.Index(ids, "order/7@1") > liveTurns*bulkSize {
		t.Errorf("the order came as number %d", slices.Index(ids, "order/7@1"))
	}
	f.restart(o) // the position is behind the import: only the marks know of it
	f.step()
	seen := map[int64]bool{}
	for _, e := range f.events() {
		if e.Entity != "customer" {
			continue
		}
		if e.Origin != document.FromShop || !e.Time.Equal(tx.Time) || seen[e.ID] {
			t.Fatalf("%s: origin %s, time %s", e.EventID(), e.Origin, e.Time)
		}
		seen[e.ID] = true
	}
	if left := len(f.dirty()); len(seen) == 0 || len(seen)+left != n {
		t.Errorf("%d customers of %d are journaled, %d marked", len(seen), n, left)
	}
}

// TestLargeTransactionIsAnnounced: while its marks are written, no reading counts
// that does not hold it.
func TestLargeTransactionIsAnnounced(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(nil))
	tx := canal.Transaction{Position: canal.Position{File: "binlog.999999", Offset: 4}, Time: f.now()}
	for id := range spillAt + 1 {
		tx.Touches = append(tx.Touches, canal.Touch{Target: "customer", Key: int64(id + 1)})
	}
	before := f.tr.Watermark()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(f.dir, "octail.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- f.tr.Commit(tx) }()
	f.eventually("the announcement", func() bool {
		p, _ := f.tr.tracker.latest()
		return p == tx.Position
	})
	if f.tr.Watermark() != before {
		t.Error("the watermark has passed a transaction whose marks are not written")
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || len(f.dirty()) != spillAt+1 {
		t.Errorf("%v, %d marks", err, len(f.dirty()))
	}
}

// TestNotVisible: the server does not show yet what its binlog announced. Nothing is
// read that might be older, the operator sees why, and it goes on by itself.
func TestNotVisible(t *testing.T) {
	t.Parallel()
	o := options(shopOfCustomers(1))
	o.visible = time.Millisecond
	f := newFixture(t, o)
	f.mark("customer", 1)
	ahead := f.here()
	ahead.Offset += 1 << 30 // other tests write to the same log meanwhile
	if err := f.tr.Commit(canal.Transaction{Position: ahead, Time: f.now(), Touches: []canal.Touch{{Target: "order", Key: 1}}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.tr.step(t.Context()); !errors.Is(err, shop.ErrNotVisible) {
		t.Fatalf("live: %v", err)
	} else {
		f.tr.failed(err)
		f.tr.failed(err)
	}
	if f.tr.bulk(t.Context(), f.now()) {
		t.Error("bulk read a mark without proof")
	}
	if got := f.tr.Blocked(); !strings.Contains(got, readShop) || !strings.Contains(got, shop.ErrNotVisible.Error()) {
		t.Errorf("blocked: %q", got)
	}
	if errs := f.log.lines(slog.LevelError); len(errs) != 1 {
		t.Errorf("logged %q, want one line", errs)
	}
	if got := f.ids(); got != "" || f.metric("octail_documents_reads_retaken_total") == 0 {
		t.Errorf("journaled %q", got)
	}
	if err := f.tr.Progress(f.here()); err != nil { // what a failover to another server looks like
		t.Fatal(err)
	}
	f.turn(time.Second)
	f.steps()
	if got := f.ids(); got != "customer/1@1" || f.tr.Blocked() != "" || f.tr.Pending() != 0 {
		t.Errorf("journaled %q, blocked %q, %d pending", got, f.tr.Blocked(), f.tr.Pending())
	}
}

// TestWithoutProof: a server that offers none (MySQL without GTIDs) may show rows that
// are older than the touch. Every read is confirmed by another one, a second later.
func TestWithoutProof(t *testing.T) {
	t.Parallel()
	o := options(shopOfCustomers(3))
	o.identity = func(s *canal.Server) { s.Flavor, s.Version, s.GTID = canal.MySQL, "5.7.44", false }
	f := newFixture(t, o)
	const file = "binlog.999999999" // the server never comes so far
	f.tr.tracker.progress(canal.Position{File: file, Offset: 4})
	before := f.tr.Watermark()
	commit := func(offset uint64, id int64) {
		t.Helper()
		tx := canal.Transaction{Position: canal.Position{File: file, Offset: offset}, Time: f.now(), Touches: []canal.Touch{{Target: "customer", Key: id}}}
		if err := f.tr.Commit(tx); err != nil {
			t.Fatal(err)
		}
	}
	commit(100, 1)
	f.steps()
	if got := f.ids(); got != "customer/1@1" {
		t.Fatalf("journaled %q", got)
	}
	if f.tr.Pending() != 1 || f.tr.Watermark() != before {
		t.Errorf("%d pending, watermark %s: answered without proof", f.tr.Pending(), f.tr.Watermark())
	}
	f.exec("UPDATE oc_customer SET firstname = 'late' WHERE customer_id = 1;") // what was not visible
	f.turn(confirmAfter - time.Millisecond)
	f.steps()
	if got := f.ids(); got != "customer/1@1" {
		t.Fatalf("confirmed too soon: %q", got)
	}
	f.turn(time.Millisecond)
	f.steps()
	if got := f.ids(); got != "customer/1@1 customer/1@2" || f.tr.Pending() != 0 {
		t.Fatalf("journaled %q, %d pending", got, f.tr.Pending())
	}
	if f.tr.Watermark().Offset != 100 {
		t.Errorf("watermark %s", f.tr.Watermark())
	}

	// A touch in between needs a confirmation of its own.
	commit(200, 2)
	f.steps()
	commit(300, 2)
	f.steps()
	f.turn(confirmAfter)
	f.steps()
	if f.tr.Pending() != 0 || len(f.of("customer", 2)) != 1 {
		t.Errorf("%d pending, %d revisions", f.tr.Pending(), len(f.of("customer", 2)))
	}

	// A mark that is a second old needs none.
	f.clock = time.Now()
	f.mark("customer", 3)
	f.turn(500 * time.Millisecond)
	f.steps()
	if len(f.dirty()) != 1 || len(f.of("customer", 3)) != 1 {
		t.Errorf("a new mark: %d dirty, %d revisions", len(f.dirty()), len(f.of("customer", 3)))
	}
	f.turn(confirmAfter)
	f.steps()
	if len(f.dirty()) != 0 || len(f.of("customer", 3)) != 1 {
		t.Errorf("a confirmed mark: %d dirty, %d revisions", len(f.dirty()), len(f.of("customer", 3)))
	}
}

// TestHole: the log has a hole. Until it is closed nothing is read, because nothing
// says what the shop's rows have to hold; then everything marked is.
func TestHole(t *testing.T) {
	t.Parallel()
	o := options(shopOfCustomers(2))
	o.settle = time.Second
	f := newFixture(t, o)
	stored := f.tr.Watermark()
	f.touch("customer", 1)
	f.tr.holds[target{"customer", 1}] = hold{since: start}
	f.tr.Drop()
	f.mark("customer", 0)
	f.turn(time.Minute)
	f.steps()
	if got := f.ids(); got != "" || f.tr.Pending() != 0 || !f.tr.Watermark().IsZero() || len(f.tr.holds) != 0 {
		t.Fatalf("journaled %q, %d pending, watermark %s, %d holds", got, f.tr.Pending(), f.tr.Watermark(), len(f.tr.holds))
	}
	position, err := f.journal.Position(t.Context())
	if err != nil || position != stored.Encode() {
		t.Errorf("stored %q, %v", position, err)
	}
	from := f.here()
	f.tr.Restart(from)
	f.turn(time.Second)
	f.steps()
	if got := f.ids(); got != "customer/1@1 customer/2@1" || f.tr.Watermark() != from {
		t.Errorf("journaled %q, watermark %s", got, f.tr.Watermark())
	}
	if position, _ = f.journal.Position(t.Context()); position != from.Encode() {
		t.Errorf("stored %s, want %s", position, from.Encode())
	}
}

// TestHoleWhileReading: the hole is found while a batch is being read. Its answer
// forgets nothing of what came after.
func TestHoleWhileReading(t *testing.T) {
	t.Parallel()
	var f *fixture
	dropped := false
	o := options(shopOfCustomers(1))
	o.failed = func(point string) {
		if point == "after-read" && !dropped {
			dropped = true
			f.tr.Drop()
			f.tr.Restart(f.here())
			f.touch("customer", 1)
			f.exec("UPDATE oc_customer SET firstname = 'behind the hole';")
		}
	}
	f = newFixture(t, o)
	f.touch("customer", 1)
	f.steps()
	events := f.of("customer", 1)
	if len(events) != 2 || documentOf[document.Customer](t, events[1]).FirstName != "behind the hole" || f.tr.Pending() != 0 {
		t.Errorf("%d revisions, %d pending", len(events), f.tr.Pending())
	}
}

// TestHeldForLong: a touch that cannot be answered for half a minute goes to the dirty
// table, so that the watermark moves on and a kill loses nothing.
func TestHeldForLong(t *testing.T) {
	t.Parallel()
	o := options(shopWithOrder)
	o.editHold = 2 * time.Minute
	f := newFixture(t, o)
	f.touch("order", 7)
	f.steps()
	f.exec("UPDATE oc_order SET order_status_id = 16;")
	f.turn(time.Second)
	last := f.touch("order", 7)
	touched := f.now()
	f.steps()
	f.turn(heldFor)
	f.steps()
	if f.tr.Pending() != 1 {
		t.Error("moved too soon")
	}
	f.turn(time.Second)
	f.steps()
	d := f.dirty()
	if len(d) != 1 || d[0].Reason != "held" || !d[0].Touched.Equal(touched) || f.tr.Pending() != 0 || f.tr.Watermark() != last {
		t.Fatalf("dirty %+v, %d pending, watermark %s", d, f.tr.Pending(), f.tr.Watermark())
	}
	f.restart(o)
	f.turn(time.Minute + 30*time.Second)
	f.steps() // looked at for the first time after the restart
	if got := f.ids(); got != "order/7@1" {
		t.Fatalf("journaled %q", got)
	}
	f.turn(2 * time.Minute)
	f.steps()
	events := f.of("order", 7)
	if len(events) != 2 || !events[1].Time.Equal(touched) || events[1].Origin != document.FromShop || len(f.dirty()) != 0 {
		t.Errorf("%d revisions, dirty %+v", len(events), f.dirty())
	}
}

// TestNoHold: with edit_hold 0 a half-way order is taken at once.
func TestNoHold(t *testing.T) {
	t.Parallel()
	o := options(shopWithOrder)
	o.editHold = 0
	f := newFixture(t, o)
	f.touch("order", 7)
	f.steps()
	f.exec("UPDATE oc_order SET order_status_id = 0;")
	f.touch("order", 7)
	f.steps()
	events := f.of("order", 7)
	if len(events) != 2 {
		t.Fatalf("%d revisions", len(events))
	}
	if status := documentOf[document.Order](t, events[1]).Status; status != (document.Status{}) {
		t.Errorf("status %+v, want 0 without a name", status)
	}
}

// TestForgottenDocument: retention has removed the last document of a deleted order.
// Whatever touches it is answered; a new one of the id counts on.
func TestForgottenDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(shopWithOrder))
	f.touch("order", 7)
	f.steps()
	f.exec("DELETE FROM oc_order WHERE order_id = 7;")
	f.touch("order", 7)
	f.steps()
	f.turn(time.Second)
	f.steps()
	if keys, err := f.journal.Find(t.Context(), "carol@EXAMPLE.com"); err != nil || len(keys) != 1 {
		t.Errorf("a deleted order is not found by its e-mail address: %v, %v", keys, err)
	}
	f.sqlite("DELETE FROM events")
	f.touch("order", 7)
	f.steps()
	if f.tr.Pending() != 0 || len(f.dirty()) != 0 {
		t.Fatalf("%d pending, dirty %+v", f.tr.Pending(), f.dirty())
	}
	f.exec(readFile(t, "testdata/include", "order_row_v4.sql"))
	f.touch("order", 7)
	f.steps()
	events := f.of("order", 7)
	last := events[len(events)-1]
	if last.EventID() != "order/7@3" || last.Kind != document.Created {
		t.Fatalf("events %v", f.ids())
	}
	if o := documentOf[document.Order](t, last); len(o.Lines) != 2 || o.Lines[0].Line != 3 {
		t.Errorf("line numbers are given again: %+v", o.Lines)
	}
}

// TestStrangeMarks: what another version of octail left in the dirty table stays
// there, with its cause, and stops nothing.
func TestStrangeMarks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(shopOfCustomers(1)))
	f.mark("of-something", 5)
	f.mark("return", 0)
	f.mark(refPrefix+"nothing", 0)
	f.mark("customer", 1)
	f.steps()
	if got := f.ids(); got != "customer/1@1" {
		t.Errorf("journaled %q", got)
	}
	var left []string
	for _, d := range f.dirty() {
		left = append(left, d.Entity)
		if !strings.Contains(d.Error, "does not know") {
			t.Errorf("%s: %s", d.Entity, d.Error)
		}
	}
	if slices.Sort(left); !slices.Equal(left, []string{"of-something", "return"}) {
		t.Errorf("left %v", left)
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

// TestManyKeys: all of an entity is more than is marked at a time, and holds what only
// the journal has. Each key is read once, and few are marked at any moment.
func TestManyKeys(t *testing.T) {
	t.Parallel()
	const n, extra = 2*listPage + 700, 30
	f := newFixture(t, options(shopOfCustomers(n)))
	var c journal.Commit
	for i := range int64(extra) { // every other one is in the shop too
		id := n - 10 + i
		c.Events = append(c.Events, journal.NewEvent{Key: document.Key{Entity: "customer", ID: id}, Kind: document.Created, Time: f.now(), Origin: document.FromShop, Schema: 1,
			Data: []byte(`{"document":{}}`), Fields: document.Encode(&document.Customer{}).Sums()})
	}
	if _, err := f.journal.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	var told []string
	f.tr.cfg.Marked = func(reason, entity string, keys, more int64) {
		told = append(told, fmt.Sprint(reason, " ", entity, " ", keys, " ", more))
	}
	tx := canal.Transaction{Position: f.here(), Time: f.now(), Resyncs: []canal.Resync{{Target: "customer", Table: "oc_customer", Reason: "ddl"}}}
	if err := f.tr.Commit(tx); err != nil {
		t.Fatal(err)
	}
	f.turn(calmAfter) // a dump may be being loaded
	f.step()
	if n := f.metric("octail_documents_resyncs_total", "ddl"); n != 1 || f.tr.Pending() != 0 {
		t.Errorf("%v resyncs, %d pending", n, f.tr.Pending())
	}
	for rounds := 0; len(f.dirty()) > 0; rounds++ {
		f.step()
		marked := 0
		for _, d := range f.dirty() {
			if d.Entity != "customer" || d.Reason != "ddl" || d.Origin != document.FromReconcile || !d.Touched.IsZero() {
				t.Fatalf("mark %+v", d)
			}
			marked++
		}
		if marked > listPage+bulkSize+1 {
			t.Fatalf("%d keys are marked at once", marked)
		}
		if marked <= extra { // those that are gone from the shop are believed when no dump brings them back
			if f.turn(restoredWithin / 10); rounds > 500 {
				t.Fatal("it does not end")
			}
		}
	}
	kinds := map[string]int{}
	seen := map[int64]bool{}
	for _, e := range f.events()[extra:] {
		if seen[e.ID] {
			t.Fatalf("%s comes twice", e.EventID())
		}
		seen[e.ID] = true
		kinds[e.Kind]++
	}
	if kinds[document.Created] != n-11 || kinds[document.Updated] != 11 || kinds[document.Deleted] != extra-11 {
		t.Errorf("%v", kinds)
	}
	want := []string{"ddl customer 1000 1700", "ddl customer 1000 700", fmt.Sprintf("ddl customer %d 0", 700+extra-11)}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// TestListedAgain: a kind that is marked once more while its keys are being listed is
// listed from the first key on.
func TestListedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(shopOfCustomers(listPage+50)))
	f.mark("customer", 0)
	f.step()
	for _, d := range f.dirty() {
		if d.ID == 0 && d.After != listPage {
			t.Errorf("listed up to %d", d.After)
		}
	}
	for range 5 { // the first thousand is read
		f.step()
	}
	f.exec("UPDATE oc_customer SET firstname = 'again' WHERE customer_id = 3;")
	f.mark("customer", 0)
	for _, d := range f.dirty() {
		if d.ID == 0 && d.After != 0 {
			t.Errorf("marked again, and listed up to %d", d.After)
		}
	}
	f.steps()
	f.turn(time.Second)
	f.steps()
	if events := f.of("customer", 3); len(events) != 2 || documentOf[document.Customer](t, events[1]).FirstName != "again" {
		t.Errorf("%d events of customer 3", len(events))
	}
}

// TestStoredMarksGetTheirTurn: touches never cease, and stored marks are read all the
// same; and the other way round no touch waits for all of them.
func TestStoredMarksGetTheirTurn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(shopOfCustomers(3*bulkSize)))
	f.mark("customer", 0)
	f.step() // expands it
	for n := range liveTurns + 2 {
		f.touch("order", int64(n+1))
		f.step()
	}
	if got := len(f.events()); got != bulkSize {
		t.Errorf("%d marks answered in %d turns, want %d", got, liveTurns+2, bulkSize)
	}
	// A key that is touched again and again is left to its touches, whose answer
	// clears its mark; it does not keep other marks from being read.
	for n := range 3 * bulkSize {
		f.touch("customer", int64(n+1))
	}
	f.tr.tracker.settle = time.Hour
	f.exec("INSERT INTO oc_customer (customer_id) VALUES (5000);")
	f.mark("customer", 5000)
	f.steps()
	if len(f.of("customer", 5000)) != 1 {
		t.Error("marks of touched keys keep others from being read")
	}
	if len(f.events()) != bulkSize+1 {
		t.Errorf("%d events: marks of touched keys were read", len(f.events()))
	}
	f.tr.tracker.settle, f.tr.tracker.soonest = 0, time.Time{}
	f.steps()
	if len(f.dirty()) != 0 || len(f.events()) != 3*bulkSize+1 {
		t.Errorf("%d dirty, %d events", len(f.dirty()), len(f.events()))
	}
}

// TestMarkedWhileTouched: a mark that comes while its key is being read for a touch
// is not cleared by that reading.
func TestMarkedWhileTouched(t *testing.T) {
	t.Parallel()
	var f *fixture
	o := options(shopOfCustomers(1))
	marked := false
	o.failed = func(point string) {
		if point == "after-read" && !marked {
			marked = true
			f.exec("UPDATE oc_customer SET firstname = 'unseen';") // no row event will tell
			f.mark("customer", 1)
			if marks, err := f.tr.dueMarks(t.Context(), f.now()); err != nil || len(marks) != 0 {
				t.Errorf("the mark of a touched key is read by itself: %v, %v", marks, err)
			}
		}
	}
	f = newFixture(t, o)
	f.touch("customer", 1)
	f.steps()
	f.turn(time.Second)
	f.steps()
	events := f.of("customer", 1)
	if len(events) != 2 || documentOf[document.Customer](t, events[1]).FirstName != "unseen" || len(f.dirty()) != 0 {
		t.Errorf("%d revisions, dirty %+v", len(events), f.dirty())
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

// TestHugeOrder: 5,000 lines and a comment of a megabyte arrive whole; adding a line
// is one revision, of the lines alone.
func TestHugeOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(func(f *fixture) {
		f.exec(`ALTER TABLE oc_order MODIFY comment mediumtext;
			INSERT INTO oc_order (order_id, order_status_id, total, currency_code, comment) VALUES (7, 1, 5000.0000, 'EUR', REPEAT('é✓"\\\\', 131072));
			INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, quantity, price, total, tax) SELECT seq, 7, seq % 100 + 1, CONCAT('Product ', seq), 1, 1, 1, 0 FROM seq_1_to_5000;
			INSERT INTO oc_order_option (order_id, order_product_id, product_option_id, name, value, type) SELECT 7, seq, 0, 'Text', CONCAT('no ', seq), 'text' FROM seq_1_to_5000;`)
	}))
	f.touch("order", 7)
	f.steps()
	events := f.of("order", 7)
	if len(events) != 1 {
		t.Fatalf("%d revisions", len(events))
	}
	doc := documentOf[document.Order](t, events[0])
	if len(doc.Comment) != 1<<20 || !strings.HasSuffix(doc.Comment, `é✓"\\`) || len(doc.Lines) != 5000 {
		t.Fatalf("a comment of %d bytes, %d lines", len(doc.Comment), len(doc.Lines))
	}
	for i, l := range doc.Lines {
		if l.Line != int64(i+1) || l.Name != fmt.Sprintf("Product %d", i+1) || len(l.Options) != 1 || l.Options[0].Value != fmt.Sprintf("no %d", i+1) {
			t.Fatalf("line %d: %+v", i+1, l)
		}
	}
	f.exec(`DELETE FROM oc_order_product;
		INSERT INTO oc_order_product (order_product_id, order_id, product_id, name, quantity, price, total, tax) SELECT 20000 - seq, 7, seq % 100 + 1, CONCAT('Product ', seq), 1, 1, 1, 0 FROM seq_1_to_5001;
		UPDATE oc_order_option SET order_product_id = 20000 - order_product_id;`)
	f.touch("order", 7)
	f.steps()
	events = f.of("order", 7)
	if len(events) != 2 || !strings.HasPrefix(string(events[1].Data), `{"changed":["lines"],`) {
		t.Fatalf("%d revisions", len(events))
	}
	doc = documentOf[document.Order](t, events[1])
	if n := len(doc.Lines); n != 5001 || doc.Lines[0].Name != "Product 1" || doc.Lines[4999].Options[0].Value != "no 5000" || doc.Lines[5000].Name != "Product 5001" {
		t.Errorf("%d lines", n)
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

// TestEndIsNoFailure: ending in the middle of a reading is not reported as trouble.
func TestEndIsNoFailure(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	o := options(shopOfCustomers(1))
	o.failed = func(point string) {
		if point == "after-read" {
			cancel()
		}
	}
	f := newFixture(t, o)
	f.tr.now = time.Now
	f.touch("customer", 1)
	if err := f.tr.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if errs := f.log.lines(slog.LevelError); len(errs) > 0 || f.tr.Blocked() != "" {
		t.Errorf("logged %q, blocked %q", errs, f.tr.Blocked())
	}
}

// TestShopAway: the database goes away and comes back; what was touched is read then.
func TestShopAway(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{})
	o := options(shopOfCustomers(2))
	o.server = server
	f := newFixture(t, o)
	f.tr.now = time.Now
	f.touch("customer", 1)
	f.mark("customer", 2)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.tr.Run(ctx) }()
	f.eventually("it to say what it cannot do", func() bool { return strings.HasPrefix(f.tr.Blocked(), readShop) })
	if f.journal.Last() != 0 || f.tr.Pending() != 1 {
		t.Errorf("%d events, %d pending", f.journal.Last(), f.tr.Pending())
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.eventually("both customers", func() bool { return f.journal.Last() == 2 && f.tr.Blocked() == "" })
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
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
