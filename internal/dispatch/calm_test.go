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

// TestCalmIsNotShortened: calls that fail beside the one whose answer asks for calm do not
// end it.
func TestCalmIsNotShortened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1, Parallel: 4})
		s.answer = func(_ context.Context, d *sinks.Delivery) error {
			if d.ID == 1 {
				return sinks.SlowDown(10*time.Minute, errors.New("429"))
			}
			time.Sleep(time.Second)
			return errors.New("503")
		}
		for n := range int64(10) {
			revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"id": n})
		}
		l := stateLane(t, j, s)
		l.run(t)
		pass(2 * time.Second)
		before := s.called()
		pass(9 * time.Minute)
		if n := s.called() - before; n > 0 {
			t.Errorf("%d calls while the target wants calm", n)
		}
		pass(2 * time.Minute)
		if s.called() == before {
			t.Error("it is not tried again")
		}
		l.end()
	})
}

// TestRenewedWhileTried: a revision that comes while the one before is being tried makes its
// entity due soon, as one does that comes later.
func TestRenewedWhileTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1, Parallel: 2})
		s.takes = 2 * time.Second
		s.answer = func(_ context.Context, d *sinks.Delivery) error {
			if d.Revision == 1 {
				return sinks.Hold("payment", errors.New("no mapping"))
			}
			return nil
		}
		l := stateLane(t, j, s)
		l.run(t)
		k := key(document.OrderEntity, 1)
		revise(t, j, document.FromShop, k, fields{"payment": "bitcoin"})
		pass(time.Second)
		revise(t, j, document.FromShop, k, fields{"payment": "cod"})
		pass(2 * time.Minute)
		if s.revision(k) != 2 {
			t.Errorf("%+v", l.Status(t.Context()))
		}
		l.end()
	})
}
