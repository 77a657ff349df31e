package dispatch_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"octail/sinks"
	"octail/transform/document"
)

// TestStoppedBuriesNothing: a log that has stopped because of refusals makes no more dead
// letters of what it had parked before.
func TestStoppedBuriesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		var mode atomic.Int32
		s := &sink{answer: func(_ context.Context, _ int, batch []sinks.Delivery) error {
			switch {
			case mode.Load() == 0 && batch[0].ID <= 15:
				return sinks.Hold("tax", errors.New("no mapping"))
			case mode.Load() == 1:
				return sinks.Mark(sinks.Permanent, errors.New("404"))
			}
			return nil
		}}
		l := newLane(t, j, s, ofOne)
		l.run(t)
		for n := range int64(16) {
			revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"n": n})
		}
		pass(time.Minute)
		mode.Store(1)
		for n := range int64(12) {
			revise(t, j, document.FromShop, key(document.OrderEntity, n+101), fields{"n": n})
		}
		l.Wake()
		pass(12 * time.Hour)
		st := l.Status(t.Context())
		if st.Stopped == "" || st.Dead > 10 {
			t.Errorf("%+v", st)
		}
		l.end()
	})
}

// TestParkedNotTaken: what is parked is not delivered to a sink that is not given its kind any
// more.
func TestParkedNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		var healthy atomic.Bool
		s := &sink{answer: func(_ context.Context, _ int, batch []sinks.Delivery) error {
			if batch[0].Entity == document.CustomerEntity && !healthy.Load() {
				return sinks.Hold("tax", errors.New("no mapping"))
			}
			return nil
		}}
		l := newLane(t, j, s, ofOne)
		l.run(t)
		revise(t, j, document.FromShop, key(document.CustomerEntity, 1), fields{"n": 1})
		revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"n": 1})
		pass(time.Minute)
		l.end()
		healthy.Store(true)
		l = newLane(t, j, s, ofOne, only(document.OrderEntity))
		l.run(t)
		pass(3 * time.Hour)
		if got := s.sequences(); !slices.Equal(got, []int64{2}) {
			t.Errorf("delivered %v", got)
		}
		if st := l.Status(t.Context()); st.Parked != 0 {
			t.Errorf("%+v", st)
		}
		l.end()
	})
}
