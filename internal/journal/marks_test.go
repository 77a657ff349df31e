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
