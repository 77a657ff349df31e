package dispatch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"octail/sinks"
)

// TestSeen: a lane shows life while it is idle, busy and failing, and shows none
// while it is in a call that does not end.
func TestSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		var answer error
		hang := make(chan struct{})
		s := &sink{answer: func(_ context.Context, call int, _ []sinks.Delivery) error {
			if call == 100 {
				<-hang
			}
			return answer
		}}
		l := newLane(t, j, s)
		if !l.Seen().IsZero() {
			t.Error("life before Run")
		}
		if l.Patience() != 65*time.Second {
			t.Error(l.Patience())
		}
		l.run(t)
		alive := func(when string) {
			t.Helper()
			if late := time.Since(l.Seen()); late > 0 {
				t.Errorf("%s: no sign of life for %s", when, late)
			}
		}
		for range 100 {
			pass(7 * time.Minute)
			alive("idle")
		}
		answer = errors.New("connection refused")
		fill(t, j, 1)
		for range 300 {
			pass(time.Minute)
			alive("failing")
			if s.count() == 99 {
				break
			}
		}
		for s.count() < 100 {
			pass(time.Second)
		}
		at := l.Seen()
		pass(time.Hour)
		if got := l.Seen(); !got.Equal(at) || time.Since(got) < time.Hour {
			t.Errorf("life after an hour in a call: %s", time.Since(got))
		}
		answer = nil
		close(hang)
		pass(time.Minute)
		alive("again")
		l.end()
	})
}
