package journal_test

import (
	"maps"
	"testing"

	"octail/internal/journal"
	"octail/transform/document"
)

// TestPolled: states are stored with the marks made of them, by target and range, and
// survive; those of keys that are gone are forgotten.
func TestPolled(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	must[int64](t)(j.Append(t.Context(), journal.Commit{
		Polled: []journal.Polled{{Target: "order", Key: 1, State: -5}, {Target: "order", Key: 2, State: 6}, {Target: "order", Key: 900, State: 7}, {Target: "product", Key: 2, State: 8}, {Target: "ref:tax", State: 9}},
		Marks:  []journal.Mark{{Key: order(2), Reason: "poll", Origin: document.FromShop}},
	}))
	closeIt(t, j)
	j = open(t, path)
	must[int64](t)(j.Append(t.Context(), journal.Commit{Polled: []journal.Polled{{Target: "order", Key: 1, Gone: true}, {Target: "order", Key: 2, State: 66}, {Target: "order", Key: 77, Gone: true}}}))
	for _, c := range []struct {
		target      string
		after, upTo int64
		want        map[int64]int64
	}{
		{"order", 0, 1 << 62, map[int64]int64{2: 66, 900: 7}},
		{"order", 0, 899, map[int64]int64{2: 66}},
		{"order", 2, 900, map[int64]int64{900: 7}},
		{"product", 0, 1 << 62, map[int64]int64{2: 8}},
		{"ref:tax", -1, 0, map[int64]int64{0: 9}},
		{"ref:zone", -1, 0, map[int64]int64{}},
	} {
		if got := must[map[int64]int64](t)(j.Polled(t.Context(), c.target, c.after, c.upTo)); !maps.Equal(got, c.want) {
			t.Errorf("%s above %d up to %d: %v, want %v", c.target, c.after, c.upTo, got, c.want)
		}
	}
	if _, marked, err := j.Marked(t.Context(), order(2)); err != nil || !marked {
		t.Errorf("marked %v, %v", marked, err)
	}
}
