package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/sinks"
	"octail/transform/document"
)

// said counts the lines of a lane's log that have a text.
func (l *lane) said(text string) (n int) {
	for line := range strings.Lines(l.log.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// TestOutageIsOneLine: whatever a target of states says of the twenty deliveries it was
// given while it is down, and however often, the log has one line when it goes down and
// one when it is back. The trace has every attempt, and a short outage costs no long wait.
func TestOutageIsOneLine(t *testing.T) {
	for name, down := range map[string]func([]sinks.Delivery) error{
		"each by its name": func(batch []sinks.Delivery) error {
			failed := map[int]error{}
			for i := range batch {
				failed[i] = fmt.Errorf("write %s: connection refused", batch[i].Key)
			}
			return &sinks.BatchError{Failed: failed}
		},
		"as a whole": func(batch []sinks.Delivery) error {
			return fmt.Errorf("%d of them, %s first: connection refused", len(batch), batch[0].Key)
		},
		"and locks the door": func(batch []sinks.Delivery) error {
			return sinks.Mark(sinks.Blocked, fmt.Errorf("write %s: 401", batch[0].Key))
		},
		"and asks for calm": func(batch []sinks.Delivery) error {
			return sinks.SlowDown(5*time.Second, fmt.Errorf("write %s: 503", batch[0].Key))
		},
	} {
		long, after := time.Hour, "after=1h"
		if name == "and asks for calm" { // each five seconds
			long, after = 4*time.Minute, "after=4m"
		}
		for _, parallel := range []int{1, 4} {
			t.Run(fmt.Sprint(name, ", ", parallel, " at a time"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					j := newJournal(t)
					fill(t, j, 40)
					var up atomic.Bool
					s := newTarget(t, sinks.Needs{States: true, Batch: 20, Parallel: parallel})
					failing := &sink{answer: func(ctx context.Context, _ int, batch []sinks.Delivery) error {
						if up.Load() {
							return s.Deliver(ctx, batch)
						}
						time.Sleep(10 * time.Millisecond)
						return down(batch)
					}}
					l := stateLane(t, j, s, func(c *dispatch.Config) { c.Sink = failing })
					l.run(t)
					pass(10 * time.Second)
					tries := failing.count()
					if tries < 2 && name != "and locks the door" {
						t.Errorf("%d tries in 10 s", tries)
					}
					if strings.Count(l.log.String(), "\n") != 1 || !strings.Contains(l.log.String(), "waiting=40") {
						t.Errorf("10 s after it went down:\n%s", l.log)
					}
					pass(long)
					up.Store(true)
					pass(8 * time.Minute)
					if s.holds() != 40 {
						t.Errorf("%d are there", s.holds())
					}
					if n := strings.Count(l.log.String(), "\n"); n != 2 || l.said("level=INFO msg=\"the sink works again\"") != 1 || l.said(after) != 1 || l.said("sink=log") != 2 {
						t.Errorf("%d lines:\n%s", n, l.log)
					}
					l.end()
					attempts, err := j.Attempts(t.Context(), key(document.Entities[0], 1), 50)
					check(t, err)
					if len(attempts) < 2 || attempts[0].Class != "ok" {
						t.Errorf("the trace has %+v", attempts)
					}
				})
			})
		}
	}
}

// TestShortOutage: one call with twenty failures is one failure of the target: it is tried
// again after a second, not after minutes.
func TestShortOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		fill(t, j, 20)
		began := time.Now()
		s := newTarget(t, sinks.Needs{Batch: 20})
		s.answer = func(context.Context, *sinks.Delivery) error {
			if time.Since(began) < 3*time.Second {
				return errors.New("starting")
			}
			return nil
		}
		l := stateLane(t, j, s)
		l.run(t)
		pass(12 * time.Second)
		if s.holds() != 20 {
			t.Errorf("%d of 20 are there 9 s after it was back:\n%s", s.holds(), l.log)
		}
		l.end()
	})
}

// TestOneEntityIsOneLine: what a target refuses of one entity is said of that one, once,
// and nothing is said of the target.
func TestOneEntityIsOneLine(t *testing.T) {
	bad := key(document.OrderEntity, 3)
	for name, c := range map[string]struct {
		states bool
		cause  error
		whole  bool // nobody says which of a batch it is
		line   string
	}{
		"states, fails":            {true, errors.New("500"), false, "one entity fails and is tried again alone"},
		"states, fails as a whole": {true, errors.New("500"), true, "one entity fails and is tried again alone"},
		"states, refused":          {true, sinks.Mark(sinks.Permanent, errors.New("422")), false, "a dead letter"},
		"states, refused, whole":   {true, sinks.Mark(sinks.Permanent, errors.New("422")), true, "a dead letter"},
		"states, held":             {true, sinks.Hold("payment", errors.New("no mapping")), false, "one entity waits alone"},
		"log, fails":               {false, errors.New("500"), false, "one entity fails and is tried again alone"},
		"log, refused":             {false, sinks.Mark(sinks.Permanent, errors.New("422")), false, "a dead letter"},
		"log, refused, whole":      {false, sinks.Mark(sinks.Permanent, errors.New("422")), true, "a dead letter"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := newTarget(t, sinks.Needs{Batch: 4})
				s.needs.States, s.takes = c.states, 10*time.Millisecond
				var mu sync.Mutex
				s.answer = func(_ context.Context, d *sinks.Delivery) error {
					mu.Lock()
					defer mu.Unlock()
					if d.Key == bad {
						return c.cause
					}
					return nil
				}
				called := sinks.Sink(s)
				if c.whole {
					called = &sink{answer: func(ctx context.Context, _ int, batch []sinks.Delivery) error {
						for _, d := range batch {
							if d.Key == bad {
								return c.cause
							}
						}
						return s.Deliver(ctx, batch)
					}}
				}
				l := stateLane(t, j, s, func(c *dispatch.Config) { c.Sink = called })
				for n := range int64(30) {
					if n == 15 { // the first come as a batch
						l.run(t)
						pass(time.Minute)
					}
					revise(t, j, document.FromShop, key(document.OrderEntity, n%10+1), fields{"id": n})
					if n >= 15 {
						pass(300 * time.Millisecond)
					}
				}
				pass(5 * time.Hour)
				l.end()
				if s.holds() != 9 {
					t.Errorf("%d of the 9 others are there", s.holds())
				}
				want := 1
				if strings.Contains(c.line, "dead") {
					want = 3 // each revision that it is given is one of its own
					if c.states {
						want = 2
					}
				}
				if n := l.said(c.line); n != want || l.said("level=") != n {
					t.Error(l.log)
				}
			})
		})
	}
}

// TestQuota: a target that asks for ten minutes' calm after every tenth delivery, all day,
// is said to do so now and then; that it takes nothing at all is said at once.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1})
		var n atomic.Int64
		var closed atomic.Bool
		s.answer = func(context.Context, *sinks.Delivery) error {
			if closed.Load() || n.Add(1)%10 == 0 {
				return sinks.SlowDown(10*time.Minute, errors.New("429"))
			}
			return nil
		}
		l := stateLane(t, j, s)
		fill(t, j, 300)
		l.run(t)
		pass(7 * time.Hour)
		if n := l.said("level=WARN"); s.holds() != 300 || n != 1 || l.said("level=") != 2 {
			t.Errorf("%d of 300 are there, %d warnings:\n%s", s.holds(), n, l.log)
		}
		closed.Store(true)
		fill(t, j, 1)
		pass(25 * time.Minute)
		if n := l.said("level=WARN"); n != 2 {
			t.Errorf("%d warnings:\n%s", n, l.log)
		}
		l.end()
	})
}

// TestStoppedAgain: a person who resumes a sink that lets nobody in is told so again.
func TestStoppedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{})
		s.answer = func(context.Context, *sinks.Delivery) error { return sinks.Mark(sinks.Blocked, errors.New("401")) }
		l := stateLane(t, j, s)
		l.run(t)
		revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"id": 1})
		pass(time.Hour)
		if l.said("lets octail in no more") != 1 || l.said("level=") != 1 {
			t.Error(l.log)
		}
		check(t, l.Resume(t.Context()))
		pass(time.Hour)
		if l.said("lets octail in no more") != 2 {
			t.Error(l.log)
		}
		l.end()
		next := stateLane(t, j, s) // which finds it mended
		s.does(nil)
		next.run(t)
		pass(10 * time.Minute)
		next.end()
		if next.said("works again") != 1 || next.said("level=") != 1 {
			t.Error(next.log)
		}
	})
}
