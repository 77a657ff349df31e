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

// TestHealedBeforeNoted: a dead letter that could not be noted before a later revision was
// taken is none.
func TestHealedBeforeNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1})
		s.answer = func(_ context.Context, d *sinks.Delivery) error {
			if d.Revision == 1 {
				return sinks.Mark(sinks.Permanent, errors.New("422"))
			}
			return nil
		}
		l := stateLane(t, j, s)
		l.run(t)
		synctest.Wait()
		freed := full(t, j)
		k := key(document.OrderEntity, 1)
		revise(t, j, document.FromShop, k, fields{"n": 1})
		pass(10 * time.Second)
		revise(t, j, document.FromShop, k, fields{"n": 2})
		pass(10 * time.Second)
		freed()
		pass(time.Hour)
		if st := l.Status(t.Context()); st.Dead != 0 || s.revision(k) != 2 {
			t.Errorf("%+v", st)
		}
		l.end()
	})
}

// TestParentFailsUnnoted: a parent that is held while nothing can be noted is not tried again
// and again for its child.
func TestParentFailsUnnoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1, Parents: map[string][]string{document.OrderEntity: {document.CustomerEntity}}})
		s.takes = time.Millisecond
		s.answer = func(_ context.Context, d *sinks.Delivery) error {
			if d.Entity == document.CustomerEntity {
				return sinks.Hold("tax", errors.New("no mapping"))
			}
			return nil
		}
		l := stateLane(t, j, s)
		l.run(t)
		synctest.Wait()
		defer full(t, j)()
		revise(t, j, document.FromShop, key(document.CustomerEntity, 1), fields{"n": 1})
		revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"id": 1, "customer": fields{"id": 1}})
		pass(time.Minute)
		if n := s.called(); n > 10 {
			t.Errorf("%d calls in a minute", n)
		}
		l.end()
	})
}
