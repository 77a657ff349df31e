package dispatch_test

import (
	"fmt"
	"testing"
	"time"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// TestClockSetBack: what was noted by a clock that was a year ahead is tried soon.
func TestClockSetBack(t *testing.T) {
	for _, states := range []bool{true, false} {
		bubble(t, fmt.Sprint("states ", states), func(t *testing.T) {
			j := newJournal(t)
			s := newTarget(t, sinks.Needs{Batch: 1})
			setting := func(c *dispatch.Config) { c.Needs.States = states }
			stateLane(t, j, s, setting)
			k := key(document.OrderEntity, 1)
			revise(t, j, document.FromShop, k, fields{"n": 1})
			// as an agent has left it whose clock was a year ahead
			wrong := time.Now().Add(365 * 24 * time.Hour)
			record, _, err := j.Sink(t.Context(), "log")
			check(t, err)
			record.Next, record.Error = wrong, "429"
			check(t, j.Settle(t.Context(), "log", journal.Outcome{Sink: &record, Cursors: map[string]int64{journal.Live: 1, journal.Bulk: 1},
				Park: []journal.Parked{{Key: k, Queue: journal.Live, Revision: 1, Sequence: 1, Reason: journal.Failing, Class: "retryable", Attempts: 2, Since: wrong, Tried: wrong, Next: wrong.Add(time.Hour)}}}))
			l := stateLane(t, j, s, setting)
			l.run(t)
			pass(5 * time.Hour)
			if st := l.Status(t.Context()); s.revision(k) != 1 {
				t.Errorf("%+v", st)
			}
			l.end()
		})
	}
}
