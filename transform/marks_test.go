package transform

import (
	"slices"
	"strings"
	"testing"
	"time"

	"octail/transform/document"
)

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
