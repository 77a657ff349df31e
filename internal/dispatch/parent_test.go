package dispatch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"octail/sinks"
	"octail/transform/document"
)

// TestParentGone: an order whose parent was refused goes on when that is deleted in the shop.
func TestParentGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1, Parents: map[string][]string{document.OrderEntity: {document.CustomerEntity}}})
		s.answer = func(_ context.Context, d *sinks.Delivery) error {
			if d.Entity == document.CustomerEntity && d.Kind != document.Deleted {
				return sinks.Mark(sinks.Permanent, errors.New("no country"))
			}
			return nil
		}
		customer := key(document.CustomerEntity, 17)
		revise(t, j, document.FromShop, customer, fields{"id": 17})
		revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"customer": fields{"id": 17}})
		l := stateLane(t, j, s)
		l.run(t)
		pass(time.Minute)
		revise(t, j, document.FromShop, customer, nil)
		pass(time.Minute)
		if st := l.Status(t.Context()); s.revision(key(document.OrderEntity, 1)) != 1 || st.Parked != 0 || st.Dead != 0 {
			t.Errorf("took %v, %+v", s.took(), st)
		}
		l.end()
	})
}
