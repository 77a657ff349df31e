package dispatch_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// TestOrder: every event once, in the order of the journal, only what the sink
// takes; and the cursor of a sink that cannot tell is stored with every batch.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		every, orders := &sink{}, &sink{}
		a, b := newLane(t, j, every), newLane(t, j, orders, named("orders"), only(document.OrderEntity))
		orders.answer = func(_ context.Context, _ int, batch []sinks.Delivery) error {
			for _, d := range batch {
				if d.Entity != document.OrderEntity || d.Shop != shop || d.Attempt != 1 {
					t.Errorf("%+v", d)
				}
			}
			return nil
		}
		a.run(t)
		b.run(t)
		var want []int64
		for range 4 {
			fill(t, j, 400)
			synctest.Wait()
		}
		for n := range j.Last() {
			if document.Entities[n%5] == document.OrderEntity {
				want = append(want, n+1)
			}
		}
		same(t, every.sequences(), from(1, 1600))
		same(t, orders.sequences(), want)
		for _, l := range []*lane{a, b} {
			if at := cursor(t, j, l.Name()); at != 1600 {
				t.Errorf("the cursor of %s is %d", l.Name(), at)
			}
			s := l.Status(t.Context())
			if s.Pending != 0 || s.Cursor != 1600 || s.LastError != "" || s.LastSuccess.IsZero() || !s.Oldest.IsZero() {
				t.Errorf("%+v", s)
			}
		}
		taken, _, err := j.Cursor(t.Context(), "orders", journal.Taken)
		if err != nil || taken != want[len(want)-1] {
			t.Errorf("taken %d", taken)
		}
		a.end()
		b.end()
	})
}

// TestNothingTaken: passing what is not for the sink is no success of it.
func TestNothingTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &sink{}
		l := newLane(t, j, s, only(document.Entities[4]))
		l.run(t)
		fill(t, j, 4)
		synctest.Wait()
		if st := l.Status(t.Context()); s.count() != 0 || st.Pending != 0 || !st.LastSuccess.IsZero() {
			t.Errorf("%d calls, %+v", s.count(), st)
		}
		fill(t, j, 1)
		synctest.Wait()
		if st := l.Status(t.Context()); s.count() != 1 || !st.LastSuccess.Equal(time.Now()) {
			t.Errorf("%d calls, %+v", s.count(), st)
		}
		l.end()
	})
}

// TestWaitsForItsOwn: while a sink fails, the oldest event that waits is one that
// it takes.
func TestWaitsForItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &sink{answer: func(context.Context, int, []sinks.Delivery) error { return errors.New("down") }}
		l := newLane(t, j, s, only(document.Entities[4]))
		l.run(t)
		fill(t, j, 3)
		pass(time.Hour)
		fill(t, j, 3)
		synctest.Wait()
		if st := l.Status(t.Context()); st.Cursor != 4 || st.Pending != 2 || time.Since(st.Oldest) > time.Minute {
			t.Errorf("%+v", st)
		}
		l.end()
	})
}

// TestDownForThreeDays: tried again and again with growing waits, each time from
// the first event not taken; nobody else waits; one line in the log says it, one
// that it is over.
func TestDownForThreeDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		fill(t, j, 1)
		var up atomic.Bool
		down, well, probes := &sink{}, &sink{}, 0
		down.answer = func(_ context.Context, call int, batch []sinks.Delivery) error {
			if up.Load() {
				return nil
			}
			if batch[0].Sequence > 2 && len(batch) == 1 && batch[0].Attempt == 1 { // whether it is the event or the target
				probes++
			} else if batch[0].Sequence != 2 || batch[0].Attempt != call-probes {
				t.Errorf("call %d begins with %d, attempt %d", call, batch[0].Sequence, batch[0].Attempt)
			}
			return errors.New("connection refused")
		}
		a, b := newLane(t, j, down), newLane(t, j, well, named("well"))
		a.run(t)
		b.run(t)
		for range 72 {
			fill(t, j, 3)
			pass(time.Hour)
		}
		same(t, well.sequences(), from(2, 217))
		st := a.Status(t.Context())
		if st.Pending != 216 || st.LastError != "connection refused" || time.Since(st.FailingFrom) < 71*time.Hour || time.Since(st.Oldest) < 71*time.Hour || !st.LastSuccess.IsZero() {
			t.Errorf("%+v", st)
		}
		tries := down.count()
		if tries-probes < 72*60/8 || tries > 72*60/2 || probes < tries/5 || probes > tries/3 {
			t.Errorf("%d tries in 72 hours, %d of them with another event", tries, probes)
		}
		at := down.times()
		for i := range at[:len(at)-1] {
			wait := at[i+1].Sub(at[i])
			if wait == 0 { // a probe
				continue
			}
			if wait > 5*time.Minute*3/2 || wait < time.Second/2 || i > 30 && wait < 2*time.Minute {
				t.Errorf("%s between tries %d and %d", wait, i+1, i+2)
			}
		}
		up.Store(true)
		pass(8 * time.Minute)
		same(t, down.sequences(), from(2, 217))
		if st := a.Status(t.Context()); st.Pending != 0 || st.LastError != "" || !st.FailingFrom.IsZero() {
			t.Errorf("%+v", st)
		}
		a.end()
		b.end()
		log := a.log.String()
		if n := strings.Count(log, "still down"); n < 10 || n > 12 || strings.Count(log, "\n") != n+2 || strings.Count(log, "the sink is down") != 1 || !strings.Contains(log, "works again\" sink=log after=72h") {
			t.Error(log)
		}
	})
}

// TestHangs: a sink that does not come back, with and without heeding its context.
func TestHangs(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		t.Run(fmt.Sprint("deaf ", deaf), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				hanging, well := &sink{}, &sink{}
				hanging.answer = func(ctx context.Context, call int, _ []sinks.Delivery) error {
					if call > 1 {
						return nil
					}
					if deaf {
						time.Sleep(10 * time.Minute)
						return nil
					}
					<-ctx.Done()
					return ctx.Err()
				}
				a, b := newLane(t, j, hanging), newLane(t, j, well, named("well"))
				a.run(t)
				b.run(t)
				fill(t, j, 5)
				pass(29 * time.Second)
				if st := a.Status(t.Context()); st.LastError != "" || st.Pending != 5 {
					t.Errorf("before its time: %+v", st)
				}
				pass(7 * time.Second)
				st := a.Status(t.Context())
				if deaf && !strings.Contains(st.LastError, "does not come back") || !deaf && st.LastError != "" {
					t.Errorf("%+v", st)
				}
				same(t, well.sequences(), from(1, 5))
				pass(11 * time.Minute)
				same(t, hanging.sequences(), from(1, 5))
				if st := a.Status(t.Context()); st.LastError != "" || st.Pending != 0 {
					t.Errorf("%+v", st)
				}
				a.end()
				b.end()
			})
		})
	}
}

// TestStop: a lane that is stopped during a call waits for it, and stores what it
// has done.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &sink{answer: func(ctx context.Context, call int, _ []sinks.Delivery) error {
			if call == 2 {
				<-ctx.Done()
				time.Sleep(2 * time.Second) // it has its own to bring to an end
			}
			return nil
		}}
		l := newLane(t, j, s)
		l.run(t)
		fill(t, j, 3)
		synctest.Wait()
		fill(t, j, 3)
		synctest.Wait()
		began := time.Now()
		l.end()
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("stopped after %s", took)
		}
		if at := cursor(t, j, "log"); at != 6 {
			t.Errorf("what was delivered while stopping is forgotten: cursor %d", at)
		}
		if st := l.Status(t.Context()); st.LastError != "" {
			t.Errorf("stopping is taken for a failure: %+v", st)
		}
	})
}

// TestBatchError: what succeeded before the first failure is behind us, the rest
// comes again, in order.
func TestBatchError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		refused := errors.New("no such tax")
		var begins []int64
		s := &sink{}
		s.answer = func(_ context.Context, call int, batch []sinks.Delivery) error {
			begins = append(begins, batch[0].Sequence)
			if call > 2 {
				return nil
			}
			failed := map[int]error{}
			for i, d := range batch {
				if d.Sequence == 4 || d.Sequence == 7 {
					failed[i] = fmt.Errorf("%w in %s", refused, d.Key)
				} else if d.Sequence < 4 {
					s.take(d)
				}
			}
			return fmt.Errorf("post: %w", &sinks.BatchError{Failed: failed})
		}
		l := newLane(t, j, s)
		l.run(t)
		fill(t, j, 9)
		synctest.Wait()
		st := l.Status(t.Context())
		if st.Cursor != 3 || st.Pending != 6 || st.LastSuccess.IsZero() || !strings.Contains(st.LastError, "(and 1 more): no such tax") || !strings.Contains(st.LastError, "@1") {
			t.Errorf("%+v", st)
		}
		pass(time.Minute)
		same(t, s.sequences(), from(1, 9))
		same(t, begins, []int64{1, 4, 4, 5})
		if at := cursor(t, j, "log"); at != 9 {
			t.Error(at)
		}
		l.end()
	})
}

// TestOddErrors: answers of a sink that make no sense lose nothing.
func TestOddErrors(t *testing.T) {
	var none *sinks.BatchError
	for name, odd := range map[string]error{
		"no batch error":  none,
		"empty":           &sinks.BatchError{},
		"out of range":    &sinks.BatchError{Failed: map[int]error{12: errors.New("x")}},
		"negative":        &sinks.BatchError{Failed: map[int]error{-3: errors.New("x")}},
		"without a cause": &sinks.BatchError{Failed: map[int]error{0: nil}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := &sink{answer: func(_ context.Context, call int, _ []sinks.Delivery) error {
					if call < 3 {
						return odd
					}
					return nil
				}}
				l := newLane(t, j, s)
				l.run(t)
				fill(t, j, 3)
				pass(time.Minute)
				same(t, s.sequences(), from(1, 3))
				if n := s.count(); n < 3 || n > 4 {
					t.Errorf("%d calls", n)
				}
				l.end()
			})
		})
	}
}

// TestPanics: a panic anywhere in a sink is an error of this sink.
func TestPanics(t *testing.T) {
	for _, where := range []string{"deliver", "resume", "flush", "reopen"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := &fragile{where: where, left: 2}
				well := &sink{}
				a, b := newLane(t, j, s), newLane(t, j, well, named("well"))
				a.run(t)
				b.run(t)
				fill(t, j, 3)
				synctest.Wait()
				if where == "reopen" {
					for range 2 {
						if err := a.Reopen(t.Context()); err == nil || !strings.Contains(err.Error(), "panicked") {
							t.Error(err)
						}
					}
				} else {
					pass(1200 * time.Millisecond)
					if st := a.Status(t.Context()); where != "flush" && !strings.Contains(st.LastError, "the sink panicked: the plugin's mistake") {
						t.Errorf("%+v", st)
					}
				}
				pass(time.Minute)
				same(t, well.sequences(), from(1, 3))
				if got := s.sequences(); len(got) < 3 || got[len(got)-1] != 3 || s.left != 0 {
					t.Errorf("%v, %d panics left", got, s.left)
				}
				if st := a.Status(t.Context()); st.LastError != "" || st.Pending != 0 {
					t.Errorf("%+v", st)
				}
				if !strings.Contains(a.log.String(), "helper_test.go") && !strings.Contains(a.log.String(), "lane_test.go") {
					t.Error("the log does not say where")
				}
				a.end()
				b.end()
			})
		})
	}
}

// fragile panics the first times somewhere.
type fragile struct {
	sink
	where string
	left  int
}

func (s *fragile) maybe(where string) {
	if where == s.where && s.left > 0 {
		s.left--
		panic("the plugin's mistake")
	}
}

func (s *fragile) Deliver(ctx context.Context, batch []sinks.Delivery) error {
	s.maybe("deliver")
	return s.sink.Deliver(ctx, batch)
}
func (s *fragile) Resume(context.Context) (h sinks.Held, ok bool, err error) {
	s.maybe("resume")
	return
}
func (s *fragile) Flush(context.Context) error { s.maybe("flush"); return nil }
func (s *fragile) Reopen() error               { s.maybe("reopen"); return nil }

// TestSlowDown: a target that asks for calm is given it, within reason.
func TestSlowDown(t *testing.T) {
	for _, c := range []struct {
		err  error
		wait time.Duration
	}{
		{sinks.SlowDown(17*time.Minute, errors.New("429")), 17 * time.Minute},
		{sinks.SlowDown(10*365*24*time.Hour, errors.New("429")), time.Hour},
		{sinks.Mark(sinks.Blocked, errors.New("401")), 5 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := &sink{answer: func(_ context.Context, call int, batch []sinks.Delivery) error {
				class, _ := sinks.ClassOf(c.err)
				if counted := batch[0].Attempt == call; counted != (class == sinks.Blocked || call == 1) {
					t.Errorf("call %d is attempt %d", call, batch[0].Attempt)
				}
				if call < 5 {
					return c.err
				}
				return nil
			}}
			l := newLane(t, j, s)
			l.run(t)
			fill(t, j, 1)
			pass(5 * time.Hour)
			l.end()
			if len(s.at) != 5 {
				t.Fatalf("%d calls", len(s.at))
			}
			for i := range 4 {
				if wait := s.at[i+1].Sub(s.at[i]); wait != c.wait {
					t.Errorf("%v: waited %s", c.err, wait)
				}
			}
		})
	}
}

// TestCursorNotStored: that the journal cannot take the cursor keeps nothing from
// being delivered, and is said once.
func TestCursorNotStored(t *testing.T) {
	j := newJournal(t)
	db, err := sql.Open("sqlite", "file:"+j.Path())
	check(t, err)
	defer db.Close()
	_, err = db.Exec(`CREATE TRIGGER full BEFORE INSERT ON cursors BEGIN SELECT RAISE(FAIL, 'disk full'); END`)
	check(t, err)
	s := &sink{}
	l := newLane(t, j, s)
	for range 5 {
		fill(t, j, 2)
		if _, err := l.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	same(t, s.sequences(), from(1, 10))
	if n := strings.Count(l.log.String(), "what was delivered cannot be noted"); n != 1 {
		t.Errorf("said %d times:\n%s", n, l.log)
	}
	_, err = db.Exec("DROP TRIGGER full")
	check(t, err)
	fill(t, j, 1)
	_, err = l.Step(t.Context())
	check(t, err)
	if at := cursor(t, j, "log"); at != 11 {
		t.Errorf("cursor %d", at)
	}
}

// TestReopen: answered when idle, between batches and during a wait, which it ends.
func TestReopen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		var down atomic.Bool
		s := &teller{}
		s.answer = func(context.Context, int, []sinks.Delivery) error {
			if down.Load() {
				return errors.New("no space left on device")
			}
			return nil
		}
		l := newLane(t, j, s)
		l.run(t)
		fill(t, j, 2)
		synctest.Wait()
		check(t, l.Reopen(t.Context()))
		synctest.Wait()
		if s.reopens != 1 || s.asked != 2 {
			t.Errorf("reopened %d times, asked %d times", s.reopens, s.asked)
		}
		if at := cursor(t, j, "log"); at != 2 {
			t.Errorf("the cursor is %d before the file that tells is gone", at)
		}
		down.Store(true)
		fill(t, j, 1)
		pass(time.Hour)
		down.Store(false)
		calls := s.count()
		check(t, l.Reopen(t.Context()))
		synctest.Wait()
		if s.count() != calls+1 {
			t.Error("it goes on waiting although somebody has done something")
		}
		same(t, s.sequences(), from(1, 3))
		l.end()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := l.Reopen(ctx); !errors.Is(err, context.DeadlineExceeded) { // nobody is there to answer
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := newLane(t, newJournal(t), &sink{}) // a sink that has nothing to reopen
		l.run(t)
		synctest.Wait()
		check(t, l.Reopen(t.Context()))
		l.end()
	})
}

// TestStoresWhenQuiet: the place of a sink that can tell is stored within a second
// of the last delivery, though nothing more happens, and not with every batch.
func TestStoresWhenQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &teller{}
		l := newLane(t, j, s)
		l.run(t)
		synctest.Wait()
		pass(1100 * time.Millisecond) // its first place is stored: retention waits for it
		if _, ok, err := j.Cursor(t.Context(), "log", journal.Live); err != nil || !ok {
			t.Error("no cursor")
		}
		flushes := 0
		s.flush = func() error { flushes++; return nil }
		for range 50 {
			fill(t, j, 1)
			pass(10 * time.Millisecond)
		}
		pass(1100 * time.Millisecond)
		if at := cursor(t, j, "log"); at != 50 {
			t.Errorf("cursor %d", at)
		}
		if flushes < 1 || flushes > 3 {
			t.Errorf("%d flushes in a second and a half", flushes)
		}
		l.end()
	})
}
