package dispatch_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// TestParkedAfterRestart: what is parked is tried in its time by the next agent too,
// though nothing else happens.
func TestParkedAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1})
		s.answer = func(context.Context, *sinks.Delivery) error { return sinks.Hold("payment", errors.New("no mapping")) }
		revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"id": 1})
		l := stateLane(t, j, s)
		l.run(t)
		pass(time.Minute)
		l.end()
		s.does(nil)
		l = stateLane(t, j, s)
		l.run(t)
		pass(2 * time.Minute)
		if st := l.Status(t.Context()); s.holds() != 1 || st.Parked != 0 {
			t.Errorf("%d held, %+v", s.holds(), st)
		}
		l.end()
	})
}

// TestRefusedAlone: the ten that were refused come back to life when a person says so,
// also when nothing else waits, and however many others were refused before.
func TestRefusedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1})
		l := stateLane(t, j, s)
		l.run(t)
		order := int64(0)
		refused := func(n int, err error) {
			for range n {
				order++
				s.does(func(context.Context, *sinks.Delivery) error { return err })
				revise(t, j, document.FromShop, key(document.OrderEntity, order), fields{"id": order})
				pass(time.Second)
			}
		}
		for range 26 { // one after the other, with a success between
			refused(4, sinks.Mark(sinks.Permanent, errors.New("422")))
			refused(1, nil)
		}
		refused(10, sinks.Mark(sinks.Permanent, errors.New("404")))
		if st := l.Status(t.Context()); st.Stopped != "refused" || st.Dead != 114 || st.Pending != 0 {
			t.Fatalf("%+v", st)
		}
		s.does(nil)
		check(t, l.Resume(t.Context()))
		pass(time.Second)
		if st := l.Status(t.Context()); st.Stopped != "" || st.Dead != 104 || s.holds() != 36 {
			t.Errorf("%d held, %+v", s.holds(), st)
		}
		l.end()
	})
}

// TestLiveBeforeOthers: a live order does not wait behind what is delivered once more,
// nor behind what is tried again.
func TestLiveBeforeOthers(t *testing.T) {
	for _, what := range []string{"once more", "tried again"} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := newTarget(t, sinks.Needs{Batch: 1})
				var held atomic.Bool
				held.Store(what == "tried again")
				s.answer = func(_ context.Context, d *sinks.Delivery) error {
					if held.Load() && d.Entity == document.ProductEntity {
						return sinks.Hold("tax", errors.New("no mapping"))
					}
					return nil
				}
				var keys []document.Key
				for n := range int64(200) {
					keys = append(keys, key(document.ProductEntity, n+1))
					revise(t, j, document.FromSnapshot, keys[n], fields{"id": n})
				}
				l := stateLane(t, j, s)
				l.run(t)
				pass(time.Minute)
				s.mu.Lock()
				s.takes = time.Second
				s.mu.Unlock()
				if held.Swap(false) {
					l.Wake()
				} else {
					check(t, j.Resend(t.Context(), "log", keys))
				}
				pass(4500 * time.Millisecond)
				for n := range int64(20) {
					revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"id": n})
				}
				pass(4 * time.Second)
				if s.revision(key(document.OrderEntity, 1)) != 1 {
					t.Errorf("the first order waits: %v", s.took())
				}
				pass(50 * time.Second)
				if s.revision(key(document.OrderEntity, 20)) != 1 {
					t.Errorf("the last order waits: %v", s.took())
				}
				pass(5 * time.Minute)
				if st := l.Status(t.Context()); st.Pending+st.Parked != 0 {
					t.Errorf("%+v", st)
				}
				l.end()
			})
		})
	}
}

// broken is a filter that fails at some documents.
type broken struct{ at int64 }

func (f broken) Matches(e *document.Event) (bool, error) {
	if e.ID == f.at {
		return false, errors.New("where.expr: index out of range")
	}
	return true, nil
}
func (broken) MayCreate(*document.Event) (bool, string)      { return true, "" }
func (broken) MayCreateNamed(*document.Event) (bool, string) { return true, "" }
func (broken) ReleaseKnown() bool                            { return true }

// counting counts the questions of a filter.
type counting struct {
	broken
	asked *atomic.Int64
}

func (f counting) Matches(e *document.Event) (bool, error) {
	if f.asked.Add(1) > 100000 {
		panic("asked without a pause")
	}
	return f.broken.Matches(e)
}

// TestFilterFailsStrict: a log that is strictly in order waits at an event its filter
// cannot judge, says why, and does not ask without a pause.
func TestFilterFailsStrict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &teller{}
		var asked atomic.Int64
		l := newLane(t, j, s, func(c *dispatch.Config) { c.Filter = counting{broken{3}, &asked} })
		fill(t, j, 5)
		l.run(t)
		pass(time.Hour)
		if st := l.Status(t.Context()); st.LastError == "" || st.Pending == 0 {
			t.Errorf("%+v", st)
		}
		if n := asked.Load(); n > 500 {
			t.Errorf("asked %d times in an hour", n)
		}
		same(t, s.sequences(), from(1, 2))
		l.end()
	})
}

// TestPortionsPutAside: of a call that is refused or held nothing is passed over.
func TestPortionsPutAside(t *testing.T) {
	for what, cause := range map[string]func(batch []sinks.Delivery) error{
		"refused as a whole": func([]sinks.Delivery) error { return sinks.Mark(sinks.Permanent, errors.New("422")) },
		"one refused": func(batch []sinks.Delivery) error {
			return &sinks.BatchError{Failed: map[int]error{slices.IndexFunc(batch, isBad): sinks.Mark(sinks.Permanent, errors.New("422"))}}
		},
		"one held": func(batch []sinks.Delivery) error {
			return &sinks.BatchError{Failed: map[int]error{slices.IndexFunc(batch, isBad): sinks.Hold("tax", errors.New("no mapping"))}}
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := &sink{}
				taken := map[int64]bool{}
				s.answer = func(_ context.Context, _ int, batch []sinks.Delivery) error {
					i := slices.IndexFunc(batch, isBad)
					var part *sinks.BatchError
					var err error
					if i >= 0 {
						if err = cause(batch); !errors.As(err, &part) {
							return err
						}
						batch = batch[:i]
					}
					for _, d := range batch {
						taken[d.Sequence] = true
					}
					return err
				}
				fill(t, j, 50)
				l := newLane(t, j, s, func(c *dispatch.Config) { c.Needs.Batch = 10; c.Start.Documents = true })
				l.run(t)
				pass(time.Minute)
				var missing []int64
				for n := range int64(50) {
					if !taken[n+1] && n+1 != 24 {
						missing = append(missing, n+1)
					}
				}
				if st := l.Status(t.Context()); st.Dead+st.Parked != 1 || len(missing) > 0 {
					t.Errorf("never delivered: %v, %+v", missing, st)
				}
				l.end()
			})
		})
	}
}

func isBad(d sinks.Delivery) bool { return d.Sequence == 24 }

// TestPoisonInLog: entities of a log that fail alone are put aside, though events follow
// that are not for the sink, and though they come one after the other.
func TestPoisonInLog(t *testing.T) {
	for _, c := range []struct {
		bad    int64
		others int // that are not for the sink, behind each
	}{{1, 0}, {1, 1200}, {2, 0}, {3, 600}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := &sink{}
				var healthy atomic.Bool
				s.answer = func(_ context.Context, _ int, batch []sinks.Delivery) error {
					if batch[0].ID <= c.bad && !healthy.Load() {
						return errors.New("500")
					}
					return nil
				}
				var commit journal.Commit
				for n := range c.bad {
					commit.Events = append(commit.Events, plain(document.OrderEntity, n+1))
					for m := range c.others {
						commit.Events = append(commit.Events, plain(document.StockEntity, n*1000000+int64(m)+1))
					}
				}
				_, err := j.Append(t.Context(), commit)
				check(t, err)
				for n := range 4 {
					revise(t, j, document.FromShop, key(document.OrderEntity, 100), fields{"n": n})
				}
				l := newLane(t, j, s, ofOne, only(document.OrderEntity), func(c *dispatch.Config) { c.Start.Documents = true })
				l.run(t)
				pass(3 * time.Hour)
				last := j.Last()
				if got := s.sequences(); !slices.Equal(got, from(last-3, last)) {
					t.Errorf("delivered %v", got)
				}
				if st := l.Status(t.Context()); st.Parked != c.bad || st.Cursor != last {
					t.Errorf("%+v", st)
				}
				healthy.Store(true)
				pass(6 * time.Hour)
				if st := l.Status(t.Context()); st.Parked != 0 || len(s.sequences()) != 4+int(c.bad) {
					t.Errorf("delivered %v, %+v", s.sequences(), st)
				}
				l.end()
			})
		})
	}
}

func plain(entity string, id int64) journal.NewEvent {
	return journal.NewEvent{Key: key(entity, id), Kind: document.Created, Time: time.Now(), Origin: document.FromShop, Schema: 1,
		Data: fmt.Appendf(nil, `{"changed":["n"],"document":{"n":%d}}`, id), Fields: []byte{}}
}

// TestPauseWhileItFails: a pause outlives the process, also of a sink of which something
// else is noted behind it.
func TestPauseWhileItFails(t *testing.T) {
	for _, states := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := newTarget(t, sinks.Needs{})
			s.answer = func(context.Context, *sinks.Delivery) error { return sinks.Mark(sinks.Blocked, errors.New("401")) }
			with := func(c *dispatch.Config) { c.Needs.States = states }
			l := stateLane(t, j, s, with)
			l.run(t)
			synctest.Wait()
			freed := full(t, j)
			revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"id": 1})
			pass(10 * time.Second)
			check(t, l.Pause(t.Context()))
			freed()
			pass(time.Hour)
			l.end()
			if st := stateLane(t, j, s, with).Status(t.Context()); !st.Paused || st.Stopped != "blocked" {
				t.Errorf("states %v: %+v", states, st)
			}
		})
	}
}

// TestEcho: what a sink wrote itself is not given back to it, unless something that it
// does not have was changed before.
func TestEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{})
		l := stateLane(t, j, s)
		l.run(t)
		k := key(document.StockEntity, 1)
		revise(t, j, document.FromShop, k, fields{"quantity": 1})
		synctest.Wait()
		revise(t, j, "log", k, fields{"quantity": 2})
		synctest.Wait()
		if s.called() != 1 {
			t.Errorf("%d calls", s.called())
		}
		check(t, l.Pause(t.Context()))
		revise(t, j, document.FromShop, k, fields{"quantity": 2, "model": "new"})
		revise(t, j, "log", k, fields{"quantity": 3, "model": "new"})
		check(t, l.Resume(t.Context()))
		pass(time.Second)
		if s.revision(k) != 4 {
			t.Errorf("has revision %d: it never heard of the new model", s.revision(k))
		}
		l.end()
	})
}

// TestResumeOfBusy: who resumes a sink has what is parked tried at once, also while it
// is at work.
func TestResumeOfBusy(t *testing.T) {
	for _, states := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := newTarget(t, sinks.Needs{Batch: 1})
			var healthy atomic.Bool
			s.answer = func(_ context.Context, d *sinks.Delivery) error {
				if d.ID == 1 && !healthy.Load() {
					return errors.New("500")
				}
				return nil
			}
			l := stateLane(t, j, s, func(c *dispatch.Config) { c.Needs.States = states })
			l.run(t)
			id := int64(0)
			busy := func(d time.Duration) {
				for until := time.Now().Add(d); time.Now().Before(until); pass(20 * time.Second) {
					id++
					revise(t, j, document.FromShop, key(document.OrderEntity, id), fields{"id": id})
				}
			}
			busy(30 * time.Minute) // the next try is far away
			healthy.Store(true)
			s.mu.Lock()
			s.takes = time.Second
			s.mu.Unlock()
			for range 30 {
				id++
				revise(t, j, document.FromShop, key(document.OrderEntity, id), fields{"id": id})
			}
			pass(2500 * time.Millisecond)
			check(t, l.Resume(t.Context()))
			pass(50 * time.Second)
			if st := l.Status(t.Context()); st.Parked != 0 {
				t.Errorf("states %v: %+v", states, st)
			}
			l.end()
		})
	}
}

// full makes the journal refuse what lanes note, until the answer is called.
func full(t testing.TB, j *journal.Journal) (freed func()) {
	db, err := sql.Open("sqlite", "file:"+j.Path()+"?_pragma=busy_timeout(5000)")
	check(t, err)
	for _, table := range []string{"cursors", "accepted", "parked"} {
		_, err = db.Exec(`CREATE TRIGGER full_` + table + ` BEFORE INSERT ON ` + table + ` BEGIN SELECT RAISE(FAIL, 'disk full'); END`)
		check(t, err)
	}
	return func() {
		for _, table := range []string{"cursors", "accepted", "parked"} {
			_, err := db.Exec("DROP TRIGGER full_" + table)
			check(t, err)
		}
		check(t, db.Close())
	}
}

// TestDiskFull: while the journal notes nothing, what is to be delivered once more, or
// again, is not delivered again and again; what is in the target is known to be there.
func TestDiskFull(t *testing.T) {
	for _, states := range []bool{true, false} {
		t.Run(fmt.Sprint("states ", states), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := newTarget(t, sinks.Needs{Batch: 1})
				var held atomic.Bool
				held.Store(true)
				s.answer = func(_ context.Context, d *sinks.Delivery) error {
					if d.ID == 1 && held.Load() {
						return sinks.Hold("tax", errors.New("no mapping"))
					}
					return nil
				}
				l := stateLane(t, j, s, func(c *dispatch.Config) { c.Needs.States = states })
				l.run(t)
				for n := range int64(3) {
					revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"id": n})
				}
				pass(time.Minute)
				freed := full(t, j)
				held.Store(false)
				check(t, j.Resend(t.Context(), "log", []document.Key{key(document.OrderEntity, 2)}))
				check(t, j.MakeDue(t.Context(), "log", true))
				l.Wake()
				calls := s.called()
				s.mu.Lock()
				s.takes = time.Millisecond
				s.mu.Unlock()
				pass(10 * time.Minute)
				if n := s.called() - calls; n > 10 {
					t.Errorf("%d calls in ten minutes", n)
				}
				if states { // made and deleted while nothing can be noted
					k := key(document.OrderEntity, 9)
					revise(t, j, document.FromShop, k, fields{"id": 9})
					pass(10 * time.Second)
					revise(t, j, document.FromShop, k, nil)
					pass(10 * time.Second)
					if s.revision(k) != 2 {
						t.Errorf("%s is for ever in the target", k)
					}
				}
				freed()
				pass(time.Hour)
				if st := l.Status(t.Context()); st.Parked+st.Pending != 0 || s.revision(key(document.OrderEntity, 1)) != 1 {
					t.Errorf("%+v", st)
				}
				l.end()
			})
		})
	}
}

// TestCalmStays: a call that began before the target asked for calm, and succeeds
// behind it, does not end the calm.
func TestCalmStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1, Parallel: 2})
		var asked time.Time
		s.answer = func(_ context.Context, d *sinks.Delivery) error {
			if d.ID == 1 && asked.IsZero() {
				asked = time.Now()
				return sinks.SlowDown(10*time.Minute, errors.New("429"))
			}
			if d.ID == 2 {
				time.Sleep(2 * time.Second)
				return nil
			}
			if wait := time.Since(asked); d.ID > 2 && wait < 10*time.Minute {
				t.Errorf("%s after %s", d.Key, wait)
			}
			return nil
		}
		for n := range int64(6) {
			revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"id": n})
		}
		l := stateLane(t, j, s)
		l.run(t)
		pass(12 * time.Minute)
		if s.holds() != 6 {
			t.Errorf("%d held", s.holds())
		}
		l.end()
	})
}

// TestLogBesideParked: entities of a log that hang when they are tried again do not keep
// new events.
func TestLogBesideParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &sink{}
		var hangs atomic.Bool
		s.answer = func(ctx context.Context, _ int, batch []sinks.Delivery) error {
			if batch[0].Entity == document.ProductEntity {
				if hangs.Load() {
					<-ctx.Done()
				}
				return sinks.Hold("tax", errors.New("no mapping"))
			}
			return nil
		}
		for n := range int64(100) {
			revise(t, j, document.FromShop, key(document.ProductEntity, n+1), fields{"id": n})
		}
		l := newLane(t, j, s, ofOne, func(c *dispatch.Config) { c.Start.Documents = true })
		l.run(t)
		pass(time.Minute)
		hangs.Store(true)
		l.Wake()
		pass(time.Second)
		revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"id": 1})
		pass(2 * time.Minute)
		if len(s.sequences()) != 1 {
			t.Error("the order waits behind what is tried again")
		}
		l.end()
	})
}

// TestResumedIsShown: a stop that a person has ended is shown no more.
func TestResumedIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{})
		s.answer = func(context.Context, *sinks.Delivery) error { return sinks.Mark(sinks.Blocked, errors.New("401")) }
		l := stateLane(t, j, s)
		l.run(t)
		revise(t, j, document.FromSnapshot, key(document.OrderEntity, 1), fields{"id": 1})
		revise(t, j, document.FromSnapshot, key(document.OrderEntity, 1), nil)
		revise(t, j, document.FromShop, key(document.OrderEntity, 2), fields{"id": 2})
		pass(time.Minute)
		revise(t, j, document.FromShop, key(document.OrderEntity, 2), nil)
		if st := l.Status(t.Context()); st.Stopped != "blocked" {
			t.Fatalf("%+v", st)
		}
		s.mu.Lock()
		s.takes = 10 * time.Second // the next answer is still to come
		s.mu.Unlock()
		check(t, l.Resume(t.Context()))
		pass(time.Second)
		if st := l.Status(t.Context()); st.Stopped != "" || !st.Next.IsZero() {
			t.Errorf("%+v", st)
		}
		l.end()
	})
}

// TestDeletedUnknown: what the target may have, though nobody noted that it took it, is
// deleted there: its call came back with an error, or the agent was killed behind it.
func TestDeletedUnknown(t *testing.T) {
	for _, killed := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := newTarget(t, sinks.Needs{Batch: 1})
			k := key(document.OrderEntity, 1)
			l := stateLane(t, j, s)
			l.run(t)
			synctest.Wait()
			if killed {
				freed := full(t, j)
				revise(t, j, document.FromShop, k, fields{"id": 1})
				synctest.Wait()
				l.end()
				freed()
				revise(t, j, document.FromShop, k, nil)
				l = stateLane(t, j, s)
				l.run(t)
			} else {
				s.does(func(_ context.Context, d *sinks.Delivery) error {
					if d.Kind == document.Created { // and has it all the same
						return errors.New("504")
					}
					return nil
				})
				revise(t, j, document.FromShop, k, fields{"id": 1})
				pass(100 * time.Millisecond)
				revise(t, j, document.FromShop, k, nil)
			}
			pass(time.Hour)
			if s.revision(k) != 2 {
				t.Errorf("killed %v: it is for ever in the target", killed)
			}
			l.end()
		})
	}
}

// TestReviveWhileTried: a dead letter of a log that is retried while a later event of
// its entity is just being tried is delivered.
func TestReviveWhileTried(t *testing.T) {
	for _, good := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := &sink{}
			var mode atomic.Int32
			s.answer = func(_ context.Context, _ int, batch []sinks.Delivery) error {
				switch d := batch[0]; {
				case mode.Load() == 0 && d.Revision == 1:
					return sinks.Mark(sinks.Permanent, errors.New("422"))
				case mode.Load() == 0 && d.Revision == 2:
					return sinks.Hold("tax", errors.New("no mapping"))
				case mode.Load() == 1:
					time.Sleep(10 * time.Second)
					if !good {
						return sinks.Hold("tax", errors.New("no mapping"))
					}
				}
				return nil
			}
			l := newLane(t, j, s, ofOne)
			l.run(t)
			k := key(document.OrderEntity, 1)
			for n := range 3 {
				revise(t, j, document.FromShop, k, fields{"n": n})
			}
			pass(time.Minute)
			mode.Store(1)
			l.Wake()
			pass(time.Second)
			n, err := j.Revive(t.Context(), journal.DeadFilter{})
			check(t, err)
			mode.Store(2)
			l.Wake()
			pass(2 * time.Minute)
			got := s.sequences()
			if st := l.Status(t.Context()); n != 1 || !slices.Contains(got, 1) || got[len(got)-1] != 3 || st.Parked+st.Dead != 0 {
				t.Errorf("good %v: %d revived, delivered %v, %+v", good, n, got, st)
			}
			l.end()
		})
	}
}

// TestOtherType: what a sink has is remembered by its name; one of another type has
// something else.
func TestOtherType(t *testing.T) {
	j := newJournal(t)
	newLane(t, j, &sink{})
	_, err := tryLane(t, j, &sink{}, func(c *dispatch.Config) { c.Type = "odoo" })
	if err == nil || !strings.Contains(err.Error(), "another name") {
		t.Error(err)
	}
}
