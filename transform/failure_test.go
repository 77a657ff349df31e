package transform

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

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
