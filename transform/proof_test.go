package transform

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/shop"
	"octail/transform/document"
)

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
