package journal_test

import (
	"testing"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

// TestWindows: a key that is marked with and without a window, or with two, is read
// for the wider one, in whichever order they come.
func TestWindows(t *testing.T) {
	all, early, late := time.Time{}, began.Add(-90*24*time.Hour), began
	for _, c := range []struct {
		name                string
		first, second, want time.Time
	}{
		{"a window, then all", late, all, all},
		{"all, then a window", all, late, all},
		{"a window, then a longer one", late, early, early},
		{"a window, then a shorter one", early, late, early},
		{"the same again", late, late, late},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := open(t, newPath(t))
			for i, since := range []time.Time{c.first, c.second} {
				mark := journal.Mark{Key: order(0), Reason: []string{"snapshot", "gap"}[i], Origin: document.FromReconcile, AddedSince: since}
				must[int64](t)(j.Append(t.Context(), journal.Commit{Marks: []journal.Mark{mark}}))
			}
			list := must[[]journal.Dirty](t)(j.Due(t.Context(), time.Now(), 2))
			if len(list) != 1 || !list[0].AddedSince.Equal(c.want) || list[0].Reason != "gap" || list[0].Number != 2 {
				t.Errorf("%+v, want one since %s", list, c.want)
			}
		})
	}
}

// TestFailingMarks: they are counted by reason, and can be made due before their time.
func TestFailingMarks(t *testing.T) {
	j := open(t, newPath(t))
	later := time.Now().Add(time.Hour)
	must[int64](t)(j.Append(t.Context(), journal.Commit{Marks: []journal.Mark{
		{Key: order(1), Reason: "gap", Error: "table gone", Attempts: 3, Next: later},
		{Key: order(2), Reason: "gap", Next: later},
		{Key: order(3), Reason: "sync", Error: "table gone", Next: later},
	}}))
	for reason, want := range map[string][2]int64{"gap": {2, 1}, "sync": {1, 1}, "reconcile": {0, 0}} {
		if all, failing, err := j.MarkedFor(t.Context(), reason); err != nil || all != want[0] || failing != want[1] {
			t.Errorf("%s: %d, %d failing, %v", reason, all, failing, err)
		}
	}
	if list := must[[]journal.Dirty](t)(j.Due(t.Context(), time.Now(), 9)); len(list) != 0 {
		t.Errorf("due: %+v", list)
	}
	if err := j.RetryFailing(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := must[[]journal.Dirty](t)(j.Due(t.Context(), time.Now(), 9))
	if len(list) != 2 || list[0].Error == "" || list[1].Error == "" || list[0].Attempts+list[1].Attempts != 3 {
		t.Errorf("due: %+v", list)
	}
}

// BenchmarkDue asks for a batch of a whole shop's marks, as a snapshot does again and
// again.
func BenchmarkDue(b *testing.B) {
	j := open(b, newPath(b))
	const total, chunk = 300_000, 5000
	for first := int64(0); first < total; first += chunk {
		var c journal.Commit
		for i := range int64(chunk) {
			c.Marks = append(c.Marks, journal.Mark{Key: order(first + i + 1), Reason: "snapshot", Origin: document.FromSnapshot})
		}
		must[int64](b)(j.Append(b.Context(), c))
	}
	for b.Loop() {
		if list := must[[]journal.Dirty](b)(j.Due(b.Context(), time.Now(), 200)); len(list) != 200 {
			b.Fatal(len(list))
		}
	}
}
