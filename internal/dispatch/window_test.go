package dispatch_test

import (
	"testing"
	"testing/synctest"

	"octail/internal/dispatch"
	"octail/sinks"
	"octail/transform/document"
)

// TestLeftOut: what the filter leaves out keeps nobody waiting.
func TestLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1})
		for n := range int64(1500) {
			revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"status": 1})
		}
		revise(t, j, document.FromShop, key(document.OrderEntity, 9999), fields{"status": 2})
		l := stateLane(t, j, s, func(c *dispatch.Config) { c.Filter = byStatus{2} })
		l.run(t)
		synctest.Wait()
		if s.holds() != 1 {
			t.Error("it waits behind what the filter leaves out")
		}
		l.end()
	})
}
