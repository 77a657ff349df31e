package app

import "testing"

// TestPauseMeetsReload: a pause that was asked for while a reload replaced the lane is the
// successor's, which has read of none in the journal.
func TestPauseMeetsReload(t *testing.T) {
	r := beginReloading(t, "sinks:\n- {name: a, type: file, path: a}\n")
	before := r.Desk().Lane("a")
	if out := r.change("sinks:\n- {name: a, type: file, path: b}\n"); !out.Applied {
		t.Fatalf("%+v", out)
	}
	paused := func() bool { return r.lanes.all()[0].Status(t.Context()).Paused }
	r.must(before.Pause(t.Context()))
	if !paused() {
		t.Error("it goes on delivering")
	}
	r.must(before.Resume(t.Context()))
	if paused() {
		t.Error("it stays paused")
	}
}
