package dispatch_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/sinks"
	"octail/transform/document"
)

// TestRemembers: a log with release is given what follows a released revision, however soon
// it follows.
func TestRemembers(t *testing.T) {
	for _, resumes := range []bool{false, true} {
		for _, apart := range []time.Duration{0, 300 * time.Millisecond} {
			bubble(t, fmt.Sprintf("resumes %v apart %s", resumes, apart), func(t *testing.T) {
				j := newJournal(t)
				s := &teller{}
				var it sinks.Sink = &s.sink
				if resumes {
					it = s
				}
				l := newLane(t, j, it, func(c *dispatch.Config) { c.Filter, c.Remember = byStatus{2}, true })
				k := key(document.OrderEntity, 1)
				if apart == 0 {
					revise(t, j, document.FromShop, k, fields{"status": 2})
					revise(t, j, document.FromShop, k, fields{"status": 7})
					l.run(t)
				} else {
					l.run(t)
					pass(time.Minute)
					revise(t, j, document.FromShop, key(document.OrderEntity, 2), fields{"status": 2})
					synctest.Wait()
					revise(t, j, document.FromShop, k, fields{"status": 2})
					pass(apart)
					revise(t, j, document.FromShop, k, fields{"status": 7})
				}
				pass(time.Minute)
				want := []int64{1, 2}
				if apart > 0 {
					want = []int64{1, 2, 3}
				}
				if got := s.sequences(); !slices.Equal(got, want) {
					t.Errorf("delivered %v, want %v", got, want)
				}
				l.end()
			})
		}
	}
}
