package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// TestStates: the newest revision of each entity, once; later ones when they come;
// changed and previous speak of what this sink has.
func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{})
		order := key(document.OrderEntity, 7)
		for n := range 9 {
			revise(t, j, document.FromShop, order, fields{"id": 7, "status": n, "total": "1.00"})
		}
		l := stateLane(t, j, s)
		l.run(t)
		synctest.Wait()
		if d := s.state(order); s.called() != 1 || d.Revision != 9 || !strings.HasPrefix(string(d.Data), `{"changed":["id","status","total"],"document":`) {
			t.Errorf("%d calls, %s %s", s.called(), d.EventID(), d.Data)
		}
		s.does(func(context.Context, *sinks.Delivery) error { return errors.New("down") })
		revise(t, j, document.FromShop, order, fields{"id": 7, "status": 20, "total": "1.00"})
		revise(t, j, document.FromShop, order, fields{"id": 7, "status": 20, "total": "2.00"})
		revise(t, j, document.FromShop, order, fields{"id": 7, "status": 20, "total": "3.00"})
		synctest.Wait()
		s.does(nil)
		pass(time.Minute)
		if d := s.state(order); d.Revision != 12 || !strings.HasPrefix(string(d.Data), `{"changed":["status","total"],"previous":{"status":8,"total":"1.00"},"document":`) {
			t.Errorf("%s %s", d.EventID(), d.Data)
		}
		revise(t, j, document.FromShop, order, nil)
		synctest.Wait()
		if d := s.state(order); d.Revision != 13 || d.Kind != document.Deleted {
			t.Errorf("%s %s", d.EventID(), d.Kind)
		}
		gone := key(document.OrderEntity, 8)
		s.does(func(_ context.Context, d *sinks.Delivery) error {
			if d.Key == gone {
				t.Errorf("%s, which the sink never had", d.Kind)
			}
			return nil
		})
		check(t, l.Pause(t.Context()))
		revise(t, j, document.FromShop, gone, fields{"id": 8})
		revise(t, j, document.FromShop, gone, nil)
		check(t, l.Resume(t.Context()))
		pass(time.Minute)
		if st := l.Status(t.Context()); st.Pending != 0 || st.LastError != "" || st.Cursor != j.Last() {
			t.Errorf("%+v", st)
		}
		calls := s.called()
		l.end()
		l = stateLane(t, j, s)
		l.run(t)
		pass(time.Minute)
		l.end()
		if s.called() != calls {
			t.Error("delivered again after a restart")
		}
	})
}

// TestFieldsRead: a revision that changes nothing the sink reads is not delivered, and
// the next one tells what changed since the one it has.
func TestFieldsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Fields: map[string][]string{document.StockEntity: {"quantity"}}})
		l := stateLane(t, j, s)
		l.run(t)
		k := key(document.StockEntity, 42)
		revise(t, j, document.FromShop, k, fields{"quantity": 1, "model": "a"})
		synctest.Wait()
		revise(t, j, document.FromShop, k, fields{"quantity": 1, "model": "b"})
		synctest.Wait()
		if s.called() != 1 {
			t.Errorf("%d calls", s.called())
		}
		revise(t, j, document.FromShop, k, fields{"quantity": 2, "model": "c"})
		synctest.Wait()
		if d := s.state(k); s.called() != 2 || !strings.HasPrefix(string(d.Data), `{"changed":["model","quantity"],"previous":{"model":"b","quantity":1}`) {
			t.Errorf("%d calls, %s", s.called(), d.Data)
		}
		l.end()
	})
}

// TestLiveBeforeBulk: what the shop does goes before a fill, which moves on all the
// same.
func TestLiveBeforeBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1})
		s.takes = time.Second
		for n := range int64(50) {
			revise(t, j, document.FromSnapshot, key(document.ProductEntity, n+1), fields{"id": n})
		}
		l := stateLane(t, j, s)
		l.run(t)
		pass(3500 * time.Millisecond)
		for n := range int64(30) {
			revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"id": n})
		}
		pass(2 * time.Second)
		if took := s.took(); !slices.Contains(took, "order/1") {
			t.Errorf("the order waits behind %v", took)
		}
		pass(30 * time.Second)
		took := s.took()
		orders := 0
		for _, k := range took[4:34] {
			if strings.HasPrefix(k, "order/") {
				orders++
			}
		}
		if orders < 25 || orders > 28 {
			t.Errorf("%d of 30 calls were live: %v", orders, took)
		}
		pass(2 * time.Minute)
		if st := l.Status(t.Context()); st.Pending != 0 || s.holds() != 80 || len(s.took()) != 80 {
			t.Errorf("%d held, %d taken, %+v", s.holds(), len(s.took()), st)
		}
		l.end()
	})
}

// TestParents: an order waits for a customer that the lane still has, and pulls it
// along; one that is not for the sink, unknown or deleted is not waited for.
func TestParents(t *testing.T) {
	needs := sinks.Needs{Batch: 1, Parents: map[string][]string{document.OrderEntity: {document.CustomerEntity, document.ProductEntity}, document.CategoryEntity: {document.CategoryEntity}}}
	order := func(customer int64, products ...int64) fields {
		lines := []any{}
		for _, p := range products {
			lines = append(lines, fields{"product_id": p})
		}
		return fields{"customer": fields{"id": customer}, "lines": lines}
	}
	t.Run("pulled along", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := newTarget(t, needs)
			s.takes = time.Second
			for n := range int64(20) {
				revise(t, j, document.FromSnapshot, key(document.ProductEntity, n+1), fields{"id": n})
			}
			revise(t, j, document.FromSnapshot, key(document.CustomerEntity, 17), fields{"id": 17})
			revise(t, j, document.FromShop, key(document.ProductEntity, 99), fields{"id": 99})
			revise(t, j, document.FromShop, key(document.ProductEntity, 99), nil)
			l := stateLane(t, j, s)
			l.run(t)
			pass(1500 * time.Millisecond)
			revise(t, j, document.FromShop, key(document.OrderEntity, 1), order(17, 20, 99, 1234))
			pass(4 * time.Second)
			if got := s.took()[2:]; !slices.Equal(got, []string{"customer/17", "product/20", "order/1"}) {
				t.Errorf("delivered %v", s.took())
			}
			pass(time.Minute)
			if s.holds() != 22 || len(s.took()) != 22 {
				t.Errorf("%d held, %d taken: %v", s.holds(), len(s.took()), s.took())
			}
			l.end()
		})
	})
	t.Run("in the background", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // parents of what a fill brings do not go before what the shop does
			j := newJournal(t)
			s := newTarget(t, sinks.Needs{Batch: 1, Parents: needs.Parents})
			s.takes = time.Second
			var products []int64
			for n := range int64(30) {
				products = append(products, n+1)
			}
			revise(t, j, document.FromSnapshot, key(document.OrderEntity, 1), order(17, products...))
			for _, p := range products {
				revise(t, j, document.FromSnapshot, key(document.ProductEntity, p), fields{"id": p})
			}
			l := stateLane(t, j, s)
			l.run(t)
			pass(1500 * time.Millisecond)
			revise(t, j, document.FromShop, key(document.OrderEntity, 2), order(18))
			pass(3 * time.Second)
			if !slices.Contains(s.took(), "order/2") {
				t.Errorf("the order waits behind %v", s.took())
			}
			pass(time.Minute)
			if took := s.took(); len(took) != 32 || took[31] != "order/1" {
				t.Errorf("delivered %v", took)
			}
			l.end()
		})
	})
	t.Run("in a circle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := newTarget(t, needs)
			for id, parent := range map[int64]int64{1: 2, 2: 3, 3: 1, 4: 4} {
				revise(t, j, document.FromShop, key(document.CategoryEntity, id), fields{"id": id, "parent_id": parent})
			}
			l := stateLane(t, j, s)
			l.run(t)
			pass(time.Minute)
			l.end()
			if len(s.took()) != 4 {
				t.Errorf("delivered %v", s.took())
			}
		})
	})
	t.Run("dead, and healed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := newTarget(t, needs)
			s.answer = func(_ context.Context, d *sinks.Delivery) error {
				if d.Entity == document.CustomerEntity && d.Revision == 1 {
					return sinks.Mark(sinks.Permanent, errors.New("no country"))
				}
				return nil
			}
			revise(t, j, document.FromShop, key(document.CustomerEntity, 17), fields{"id": 17})
			revise(t, j, document.FromShop, key(document.OrderEntity, 1), order(17))
			revise(t, j, document.FromShop, key(document.OrderEntity, 2), order(18))
			l := stateLane(t, j, s)
			l.run(t)
			pass(time.Minute)
			if st := l.Status(t.Context()); !slices.Equal(s.took(), []string{"order/2"}) || st.Parked != 1 || st.Dead != 1 || st.Pending != 1 {
				t.Errorf("delivered %v, %+v", s.took(), st)
			}
			parked, err := j.ParkedOf(t.Context(), "log", []document.Key{key(document.OrderEntity, 1)})
			check(t, err)
			if p := parked[key(document.OrderEntity, 1)]; p.Reason != "parent" || p.Waits != "customer/17" || p.Attempts != 0 {
				t.Errorf("%+v", p)
			}
			revise(t, j, document.FromShop, key(document.CustomerEntity, 17), fields{"id": 17, "country": "DE"})
			pass(time.Second)
			if st := l.Status(t.Context()); !slices.Equal(s.took(), []string{"order/2", "customer/17", "order/1"}) || st.Parked != 0 || st.Dead != 0 {
				t.Errorf("delivered %v, %+v", s.took(), st)
			}
			l.end()
		})
	})
}

// TestPoison: what fails alone delays nobody, is a dead letter after a day, and heals
// with its next revision.
func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1, Parallel: 2})
		bad := key(document.OrderEntity, 13)
		var tries atomic.Int64
		s.answer = func(_ context.Context, d *sinks.Delivery) error {
			if d.Key == bad && d.Revision == 1 {
				tries.Add(1)
				return errors.New("500 for alice@example.com")
			}
			return nil
		}
		l := stateLane(t, j, s)
		l.run(t)
		revise(t, j, document.FromShop, bad, fields{"id": 13})
		for hour := range int64(48) {
			for n := range int64(6) {
				k := key(document.OrderEntity, 100+hour*10+n)
				revise(t, j, document.FromShop, k, fields{"id": k.ID})
				synctest.Wait()
				if s.revision(k) != 1 {
					t.Fatalf("%s waits in hour %d, %d tries of the bad one", k, hour, tries.Load())
				}
				pass(10 * time.Minute)
			}
			st := l.Status(t.Context())
			if dead := st.Dead == 1; dead != (st.Parked == 0) || dead && hour < 20 || !dead && hour > 30 {
				t.Fatalf("hour %d, %d tries: %+v", hour, tries.Load(), st)
			}
		}
		if n := tries.Load(); n < 20 || n > 45 {
			t.Errorf("%d tries", n)
		}
		dead, err := j.DeadLetters(t.Context(), journal.DeadFilter{}, 10)
		check(t, err)
		if d := dead[0]; d.Key != bad || d.Reason != dispatch.ReasonTries || d.Attempts < 20 {
			t.Errorf("%+v", d)
		}
		revise(t, j, document.FromShop, bad, fields{"id": 13, "fixed": true})
		synctest.Wait()
		if st := l.Status(t.Context()); s.revision(bad) != 2 || st.Dead != 0 {
			t.Errorf("%+v", st)
		}
		l.end()
	})
}

// TestRefusedInARow: a wrong address makes ten dead letters, not a night of them; when
// it is right again all arrive.
func TestRefusedInARow(t *testing.T) {
	for _, states := range []bool{true, false} {
		for _, person := range []bool{true, false} {
			t.Run(fmt.Sprint("states ", states, ", by a person ", person), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					j := newJournal(t)
					s := newTarget(t, sinks.Needs{Batch: 1})
					wrong := func(context.Context, *sinks.Delivery) error { return sinks.Mark(sinks.Permanent, errors.New("404")) }
					s.answer = wrong
					l := stateLane(t, j, s, func(c *dispatch.Config) { c.Needs.States = states })
					l.run(t)
					for n := range int64(40) {
						revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"id": n})
					}
					pass(8 * time.Hour)
					st := l.Status(t.Context())
					if st.Dead != 10 || st.Stopped != "refused" || s.holds() != 0 || s.called() < 50 || s.called() > 150 {
						t.Errorf("%d calls, %+v", s.called(), st)
					}
					if n := strings.Count(l.log.String(), "octail resume log"); n != 1 {
						t.Errorf("said %d times", n)
					}
					l.end() // and what was stopped stays so
					l = stateLane(t, j, s, func(c *dispatch.Config) { c.Needs.States = states })
					l.run(t)
					pass(time.Hour)
					if st := l.Status(t.Context()); st.Dead != 10 || st.Stopped != "refused" {
						t.Errorf("after a restart: %+v", st)
					}
					s.does(nil)
					if person {
						check(t, l.Resume(t.Context()))
						pass(time.Second)
					} else {
						pass(8 * time.Minute)
					}
					if st := l.Status(t.Context()); st.Dead != 0 || st.Stopped != "" || st.Pending != 0 || s.holds() != 40 || st.Parked != 0 {
						t.Errorf("%d held, %+v", s.holds(), st)
					}
					l.end()
				})
			})
		}
	}
}

// TestBlocked: a password that is refused makes no dead letter; it is tried now and
// then.
func TestBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 10, Parallel: 4})
		s.answer = func(context.Context, *sinks.Delivery) error { return sinks.Mark(sinks.Blocked, errors.New("401")) }
		l := stateLane(t, j, s)
		l.run(t)
		for n := range int64(100) {
			revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"id": n})
		}
		pass(24 * time.Hour)
		if st := l.Status(t.Context()); st.Dead+st.Parked != 0 || st.Stopped != "blocked" || st.Class != "blocked" || st.Pending != 100 || s.called() < 280 || s.called() > 300 {
			t.Errorf("%d calls, %+v", s.called(), st)
		}
		s.does(nil)
		check(t, l.Resume(t.Context()))
		pass(time.Second)
		if st := l.Status(t.Context()); st.Pending != 0 || st.Stopped != "" || len(s.took()) != 100 {
			t.Errorf("%+v", st)
		}
		l.end()
	})
}

// TestCalm: who asks for calm gets it, as a whole.
func TestCalm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := newTarget(t, sinks.Needs{Batch: 1, Parallel: 3})
		var asked atomic.Bool
		asked.Store(true)
		s.answer = func(context.Context, *sinks.Delivery) error {
			if asked.Load() {
				return sinks.SlowDown(17*time.Minute, errors.New("429"))
			}
			return nil
		}
		l := stateLane(t, j, s)
		l.run(t)
		for n := range int64(9) {
			revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"id": n})
		}
		pass(16 * time.Minute)
		if st := l.Status(t.Context()); s.called() > 3 || st.Parked+st.Dead != 0 || st.Class != "rate_limited" || st.Next.IsZero() {
			t.Errorf("%d calls, %+v", s.called(), st)
		}
		l.end() // the wait outlives the process
		asked.Store(false)
		l = stateLane(t, j, s)
		l.run(t)
		pass(time.Second)
		if s.called() > 3 {
			t.Error("the calm was not kept")
		}
		pass(2 * time.Minute)
		if len(s.took()) != 9 {
			t.Errorf("%d taken", len(s.took()))
		}
		l.end()
	})
}

// TestPause: nothing is delivered while a person wants it so, also by the next agent.
func TestPause(t *testing.T) {
	for _, states := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := newTarget(t, sinks.Needs{})
			with := func(c *dispatch.Config) { c.Needs.States = states }
			l := stateLane(t, j, s, with)
			l.run(t)
			synctest.Wait()
			check(t, l.Pause(t.Context()))
			revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"id": 1})
			pass(time.Hour)
			l.end()
			l = stateLane(t, j, s, with)
			l.run(t)
			pass(time.Hour)
			if st := l.Status(t.Context()); s.called() != 0 || !st.Paused || st.Pending != 1 {
				t.Errorf("%d calls, %+v", s.called(), st)
			}
			check(t, l.Resume(t.Context()))
			synctest.Wait()
			if st := l.Status(t.Context()); s.called() != 1 || st.Paused || st.Pending != 0 {
				t.Errorf("%d calls, %+v", s.called(), st)
			}
			l.end()
		})
	}
}

// TestHeld: what waits for a mapping delays nobody and is tried when somebody says
// that it may go.
func TestHeld(t *testing.T) {
	for _, states := range []bool{true, false} {
		t.Run(fmt.Sprint("states ", states), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := newTarget(t, sinks.Needs{Batch: 1})
				var mapped atomic.Bool
				s.answer = func(_ context.Context, d *sinks.Delivery) error {
					if d.ID == 1 && !mapped.Load() {
						return sinks.Hold("payment", errors.New("payment method bitcoin has no mapping"))
					}
					return nil
				}
				l := stateLane(t, j, s, func(c *dispatch.Config) { c.Needs.States = states })
				l.run(t)
				for n := range int64(3) {
					revise(t, j, document.FromShop, key(document.OrderEntity, n+1), fields{"id": n})
				}
				revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"id": 1, "more": 1})
				pass(100 * time.Hour)
				if st := l.Status(t.Context()); len(s.took()) != 2 || st.Parked != 1 || st.Dead != 0 || st.LastError != "" {
					t.Errorf("took %v, %+v", s.took(), st)
				}
				mapped.Store(true)
				l.Wake()
				pass(time.Second)
				if st := l.Status(t.Context()); st.Parked != 0 || st.Pending != 0 || s.revision(key(document.OrderEntity, 1)) != 2 {
					t.Errorf("took %v, %+v", s.took(), st)
				}
				l.end()
				if n := strings.Count(l.log.String(), "payment method bitcoin has no mapping"); n != 1 {
					t.Errorf("said %d times:\n%s", n, l.log.String())
				}
			})
		})
	}
}

// TestLogParks: an event of a log that fails alone is put aside with what follows of
// its entity, and all of it comes in its order.
func TestLogParks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &sink{}
		bad := key(document.OrderEntity, 13)
		var healthy atomic.Bool
		s.answer = func(_ context.Context, _ int, batch []sinks.Delivery) error {
			if batch[0].Key == bad && !healthy.Load() {
				return errors.New("500")
			}
			return nil
		}
		l := newLane(t, j, s, ofOne)
		l.run(t)
		for n := range 4 {
			revise(t, j, document.FromShop, bad, fields{"n": n})
			revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"n": n})
		}
		pass(time.Minute)
		same(t, s.sequences(), []int64{2, 4, 6, 8})
		l.end()
		l = newLane(t, j, s, ofOne)
		l.run(t)
		pass(time.Hour)
		if st := l.Status(t.Context()); st.Parked != 1 || st.Cursor != 8 {
			t.Errorf("%+v", st)
		}
		if _, behind, err := j.Slowest(t.Context(), []string{"log"}); err != nil || behind != 0 {
			t.Errorf("retention may take up to %d %v", behind, err)
		}
		healthy.Store(true)
		pass(3 * time.Hour)
		same(t, s.sequences(), []int64{2, 4, 6, 8, 1, 3, 5, 7})
		revise(t, j, document.FromShop, bad, fields{"n": 9})
		synctest.Wait()
		same(t, s.sequences(), []int64{2, 4, 6, 8, 1, 3, 5, 7, 9})
		l.end()
	})
}

// TestStatesProperty: whatever the target does and however often the lane is ended,
// the target has the newest revision of every entity in the end, each in order.
func TestStatesProperty(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 7))
				j := newJournal(t)
				s := newTarget(t, sinks.Needs{Batch: 1 + r.IntN(5), Parallel: 1 + r.IntN(4), Parents: map[string][]string{document.OrderEntity: {document.CustomerEntity}}})
				s.takes = time.Duration(r.IntN(3)) * time.Second
				var mu sync.Mutex
				trouble, own := 0.5, rand.New(rand.NewPCG(seed, 8))
				s.answer = func(ctx context.Context, d *sinks.Delivery) error {
					mu.Lock()
					defer mu.Unlock()
					if own.Float64() > trouble {
						return nil
					}
					switch own.IntN(6) {
					case 0:
						return sinks.Mark(sinks.Permanent, errors.New("422"))
					case 1:
						return sinks.Mark(sinks.Blocked, errors.New("403"))
					case 2:
						return sinks.SlowDown(time.Minute, errors.New("429"))
					case 3:
						return sinks.Hold("payment", errors.New("no mapping"))
					}
					return errors.New("500")
				}
				var l *lane
				for range 12 {
					if l == nil {
						l = stateLane(t, j, s)
						l.run(t)
					}
					for range r.IntN(20) {
						entity, origin := document.OrderEntity, document.FromShop
						if r.IntN(3) == 0 {
							entity = document.CustomerEntity
						}
						if r.IntN(3) == 0 {
							origin = document.FromSnapshot
						}
						revise(t, j, origin, key(entity, r.Int64N(12)+1), fields{"n": r.Int(), "customer": fields{"id": r.Int64N(12) + 1}})
					}
					pass(time.Duration(r.IntN(600)) * time.Second)
					switch r.IntN(6) {
					case 0:
						l.end()
						l = nil
					case 1:
						_, err := j.Revive(t.Context(), journal.DeadFilter{})
						check(t, err)
						l.Wake()
					case 2:
						check(t, l.Resume(t.Context()))
					}
				}
				mu.Lock()
				trouble = 0
				mu.Unlock()
				if l == nil {
					l = stateLane(t, j, s)
					l.run(t)
				}
				_, err := j.Revive(t.Context(), journal.DeadFilter{})
				check(t, err)
				check(t, l.Resume(t.Context()))
				pass(20 * time.Minute)
				for _, entity := range []string{document.OrderEntity, document.CustomerEntity} {
					ids, err := j.KnownIDs(t.Context(), entity, 0, 100)
					check(t, err)
					known, err := j.Known(t.Context(), entity, ids)
					check(t, err)
					for id, k := range known {
						if have := s.revision(key(entity, id)); have != k.Revision {
							t.Errorf("%s/%d: revision %d, has %d", entity, id, k.Revision, have)
						}
					}
				}
				if st := l.Status(t.Context()); st.Pending+st.Parked+st.Dead != 0 || st.LastError != "" {
					t.Errorf("%+v", st)
				}
				l.end()
			})
		})
	}
}

// TestStart: where a sink begins that is added later, fixed at its first start.
func TestStart(t *testing.T) {
	for _, states := range []bool{true, false} {
		for _, c := range []struct {
			name  string
			start func(half time.Time) dispatch.Start
			want  []string
		}{
			{"documents", func(time.Time) dispatch.Start { return dispatch.Start{Documents: true} }, []string{"order/1", "order/2", "order/3"}},
			{"a date", func(half time.Time) dispatch.Start { return dispatch.Start{Since: half} }, []string{"order/2", "order/3"}},
			{"now", func(time.Time) dispatch.Start { return dispatch.Start{} }, []string{"order/3"}},
		} {
			t.Run(fmt.Sprint(c.name, ", states ", states), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					j := newJournal(t)
					revise(t, j, document.FromShop, key(document.OrderEntity, 1), fields{"id": 1})
					pass(time.Hour)
					half := time.Now()
					pass(time.Hour)
					revise(t, j, document.FromShop, key(document.OrderEntity, 2), fields{"id": 2})
					s := newTarget(t, sinks.Needs{})
					with := func(start dispatch.Start) setting {
						return func(cfg *dispatch.Config) { cfg.Needs.States, cfg.Start = states, start }
					}
					stateLane(t, j, s, with(c.start(half)))                        // its first start
					l := stateLane(t, j, s, with(dispatch.Start{Documents: true})) // changes nothing any more
					l.run(t)
					revise(t, j, document.FromShop, key(document.OrderEntity, 3), fields{"id": 3})
					pass(time.Minute)
					l.end()
					took := s.took()
					slices.Sort(took)
					if !slices.Equal(took, c.want) {
						t.Errorf("delivered %v, want %v", took, c.want)
					}
				})
			})
		}
	}
}
