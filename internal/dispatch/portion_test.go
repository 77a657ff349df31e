package dispatch_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/sinks"
	"octail/transform/document"
)

// one is a sink that takes one delivery in a call, each within a second.
type one struct{ sink }

func ofOne(c *dispatch.Config) { c.Needs.Batch = 1 }

func slow(ctx context.Context, _ int, _ []sinks.Delivery) error {
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestPortions: a sink gets no more in one call than it takes, the timeout is that
// of each call, and what is delivered on the way through a backlog is not forgotten.
func TestPortions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &one{}
		s.answer = func(ctx context.Context, call int, batch []sinks.Delivery) error {
			if len(batch) != 1 || batch[0].Entity != document.OrderEntity {
				t.Errorf("call %d: %d deliveries, the first %s", call, len(batch), batch[0].Key)
			}
			return slow(ctx, call, batch)
		}
		l := newLane(t, j, s, ofOne, only(document.OrderEntity))
		fill(t, j, 500)
		var want []int64
		for n := range j.Last() {
			if document.Entities[n%5] == document.OrderEntity {
				want = append(want, n+1)
			}
		}
		l.run(t)
		for range 30 { // beyond the timeout of one call
			pass(time.Second)
		}
		got := s.sequences()
		if len(got) < 29 || len(got) > 30 {
			t.Errorf("%d delivered in 30 s", len(got))
		}
		if at := cursor(t, j, "log"); at < want[len(got)-3] || at >= want[len(got)] {
			t.Errorf("cursor %d after %v", at, got)
		}
		pass(80 * time.Second)
		same(t, s.sequences(), want)
		if st := l.Status(t.Context()); st.LastError != "" || st.Pending != 0 || cursor(t, j, "log") != 500 {
			t.Errorf("%+v", st)
		}
		l.end()
	})
}

// TestPortionsSeen: a step through a backlog is one call after the other for longer
// than the watchdog waits, and so are deliveries once more; each call is a sign of
// life. One that does not come back is not.
func TestPortionsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &one{}
		s.answer = slow
		l := newLane(t, j, s, ofOne)
		fill(t, j, 300)
		l.run(t)
		alive := func(what string, seconds, delivered int) {
			t.Helper()
			var late time.Duration
			for range seconds {
				pass(time.Second)
				late = max(late, time.Since(l.Seen()))
			}
			if n := len(s.sequences()); n != delivered {
				t.Errorf("%s: %d delivered", what, n)
			}
			if late > 2*time.Second { // a call takes one
				t.Errorf("%s: no sign of life for %s, patience %s", what, late, l.Patience())
			}
		}
		alive("backlog", 300, 300)
		var keys []document.Key
		for n := range int64(200) {
			keys = append(keys, document.Key{Entity: document.Entities[n%5], ID: n + 1})
		}
		check(t, j.Resend(t.Context(), "log", keys))
		synctest.Wait()
		alive("once more", 200, 500)

		hang := make(chan struct{})
		s.answer = func(context.Context, int, []sinks.Delivery) error { <-hang; return nil }
		fill(t, j, 1)
		pass(10 * time.Minute)
		if late := time.Since(l.Seen()); late < 10*time.Minute {
			t.Errorf("life %s ago while it hangs", late)
		}
		close(hang)
		l.end()
	})
}

// TestPortionFails: what was delivered before a failure is stored before the wait,
// and does not come again.
func TestPortionFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &one{}
		var good atomic.Bool
		s.answer = func(_ context.Context, _ int, batch []sinks.Delivery) error {
			if batch[0].Sequence == 4 && !good.Load() {
				return sinks.Mark(sinks.Blocked, errors.New("410 Gone"))
			}
			return nil
		}
		l := newLane(t, j, s, ofOne)
		fill(t, j, 6)
		l.run(t)
		synctest.Wait()
		same(t, s.sequences(), from(1, 3))
		if at := cursor(t, j, "log"); at != 3 {
			t.Errorf("cursor %d while it waits", at)
		}
		good.Store(true)
		pass(6 * time.Minute)
		same(t, s.sequences(), from(1, 6))
		l.end()
	})
}
