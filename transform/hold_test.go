package transform

import (
	"testing"
	"time"

	"octail/transform/document"
)

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
