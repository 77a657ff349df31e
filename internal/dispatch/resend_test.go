package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// TestResend: what a person asks for is delivered once more under its old id, behind
// what waits, and not to who keeps a log of its own.
func TestResend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		plain, log := &sink{}, &teller{}
		a, b := newLane(t, j, plain, only(document.CustomerEntity, document.CategoryEntity)), newLane(t, j, log, named("file"))
		if !a.Resends() || b.Resends() || !a.Takes(document.CategoryEntity) || a.Takes(document.OrderEntity) || !b.Takes(document.OrderEntity) {
			t.Error("who is given what")
		}
		fill(t, j, 5)
		a.run(t)
		b.run(t)
		synctest.Wait()
		same(t, plain.sequences(), []int64{1, 2})
		customer, category, order, unknown := document.Key{Entity: document.CustomerEntity, ID: 1}, document.Key{Entity: document.CategoryEntity, ID: 2},
			document.Key{Entity: document.OrderEntity, ID: 5}, document.Key{Entity: document.CustomerEntity, ID: 77}

		// A new revision of the customer is on its way: the newest one goes, never the old.
		var down atomic.Bool
		down.Store(true)
		plain.answer = func(context.Context, int, []sinks.Delivery) error {
			if down.Load() {
				return errors.New("down")
			}
			return nil
		}
		known, err := j.Known(t.Context(), customer.Entity, []int64{1})
		check(t, err)
		_, err = j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: customer, Kind: document.Updated, Origin: document.FromShop, Schema: 1, Prior: known[1],
			Data: []byte(`{"changed":["n"],"document":{"n":6}}`), Fields: []byte{}}}})
		check(t, err)
		check(t, j.Resend(t.Context(), "log", []document.Key{customer, category, order, unknown}))
		check(t, j.Resend(t.Context(), "log", []document.Key{category}))
		check(t, j.Resend(t.Context(), "file", []document.Key{category}))
		synctest.Wait()
		down.Store(false)
		pass(10 * time.Second)
		a.end()
		b.end()
		same(t, plain.sequences(), []int64{1, 2, 6, 2, 6})
		same(t, log.sequences(), []int64{1, 2, 3, 4, 5, 6})
		if id := plain.got[3].EventID(); id != "category/2@1" {
			t.Errorf("delivered once more as %s", id)
		}
		for _, name := range []string{"log", "file"} {
			if left, err := j.Resends(t.Context(), name, 10); err != nil || len(left) > 0 {
				t.Errorf("%s is still to be given %v %v", name, left, err)
			}
		}
		if at := cursor(t, j, "log"); at != 6 {
			t.Errorf("the cursor went to %d", at)
		}
		if n := strings.Count(a.log.String(), "cannot be delivered once more"); n != 1 || !strings.Contains(a.log.String(), "subject=customer/77") {
			t.Errorf("of the unknown one:\n%s", a.log)
		}
	})
}

// TestResendFails: it is tried again, also by the next agent, and is no failure of the
// lane.
func TestResendFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &sink{}
		l := newLane(t, j, s)
		fill(t, j, 3)
		l.run(t)
		synctest.Wait()
		s.answer = func(context.Context, int, []sinks.Delivery) error { return errors.New("down") }
		check(t, j.Resend(t.Context(), "log", keys(2)))
		pass(time.Minute)
		if st := l.Status(t.Context()); st.LastError != "" || st.ResendError != "down" || s.count() < 3 {
			t.Errorf("%+v after %d calls", st, s.count())
		}
		l.end()
		s.answer = nil
		l = newLane(t, j, s)
		l.run(t)
		synctest.Wait()
		l.end()
		same(t, s.sequences(), []int64{1, 2, 3, 2})
	})
}

// keys are those of events that fill made.
func keys(ids ...int64) []document.Key {
	var out []document.Key
	for _, id := range ids {
		out = append(out, document.Key{Entity: document.Entities[(id-1)%5], ID: id})
	}
	return out
}

func waiting(t *testing.T, j *journal.Journal) []document.Key {
	t.Helper()
	left, err := j.Resends(t.Context(), "log", 1000)
	check(t, err)
	return left
}

// TestResendRefused: one that is refused holds up neither new events nor the others,
// is said once, and is given up in the end; nothing is said of the lane.
func TestResendRefused(t *testing.T) {
	for _, name := range []string{"one in a call", "many in a call"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				portions := &one{}
				s, target := &portions.sink, sinks.Sink(portions)
				if name != "one in a call" {
					s = &sink{}
					target = s
				}
				l := newLane(t, j, target)
				fill(t, j, 10)
				l.run(t)
				synctest.Wait()
				refused := 0
				s.answer = func(_ context.Context, _ int, batch []sinks.Delivery) error {
					for _, d := range batch {
						if d.Sequence == 4 || d.Sequence == 6 {
							if d.Attempt > 1 && len(batch) > 1 {
								t.Errorf("one that was refused comes with %d others", len(batch)-1)
							}
							refused++
							return fmt.Errorf("500 of %d", d.Sequence)
						}
					}
					return nil
				}
				check(t, j.Resend(t.Context(), "log", keys(1, 2, 3, 4, 5, 6, 7, 8)))
				pass(5 * time.Minute)
				got := s.sequences()[10:]
				slices.Sort(got)
				same(t, got, []int64{1, 2, 3, 5, 7, 8})
				if left := waiting(t, j); len(left) != 2 {
					t.Errorf("waiting: %v", left)
				}
				for range 100 { // new events go at once, whenever they come
					pass(97 * time.Second)
					fill(t, j, 1)
					synctest.Wait()
					if got := s.sequences(); got[len(got)-1] != j.Last() {
						t.Fatalf("a new event waits: %d of %d", got[len(got)-1], j.Last())
					}
					if st := l.Status(t.Context()); st.LastError != "" {
						t.Errorf("%+v", st)
					}
				}
				if left, st := waiting(t, j), l.Status(t.Context()); len(left) > 0 || refused < 38 || refused > 42 || st.ResendError != "" {
					t.Errorf("after %d tries: waiting %v, %+v", refused, left, st)
				}
				l.end()
				log := l.log.String()
				if n := strings.Count(log, "not delivered once more"); n != 2 || !strings.Contains(log, "500 of 4") || !strings.Contains(log, keys(6)[0].String()) {
					t.Errorf("given up: %d times", n)
				}
				if n := strings.Count(log, "new events go on"); n < 1 || n > 2 || strings.Contains(log, "works again") || strings.Contains(log, "sink failed") {
					t.Errorf("log:\n%s", log)
				}
			})
		})
	}
}

// TestResendRemoved: what retention has taken cannot be delivered once more; it is
// said, and does not stay.
func TestResendRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &sink{}
		l := newLane(t, j, s)
		fill(t, j, 2)
		gone := keys(2)[0]
		known, err := j.Known(t.Context(), gone.Entity, []int64{gone.ID})
		check(t, err)
		_, err = j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: gone, Kind: document.Deleted, Origin: document.FromShop, Schema: 1, Prior: known[gone.ID],
			Data: []byte(`{"document":{"n":2}}`), Fields: []byte{}}}})
		check(t, err)
		l.run(t)
		pass(time.Minute)
		removed, err := j.Retain(t.Context(), time.Now().Add(time.Hour), time.Minute, 0, []string{"log"})
		if check(t, err); removed != 2 {
			t.Fatalf("retention removed %d", removed)
		}
		check(t, j.Resend(t.Context(), "log", keys(1, 2)))
		pass(time.Minute)
		l.end()
		same(t, s.sequences(), []int64{1, 2, 3, 1})
		if left := waiting(t, j); len(left) > 0 {
			t.Errorf("waiting: %v", left)
		}
		if log := l.log.String(); strings.Count(log, "cannot be delivered once more") != 1 || !strings.Contains(log, "subject="+gone.String()) {
			t.Errorf("log:\n%s", log)
		}
	})
}

// TestResendForGood: what the target will never take is given up at once, also in a
// call with others, which are not.
func TestResendForGood(t *testing.T) {
	never := sinks.Mark(sinks.Permanent, errors.New("422 Unprocessable Entity"))
	for name, answer := range map[string]func(i int) error{
		"named": func(i int) error { return &sinks.BatchError{Failed: map[int]error{i: never}} },
		"whole": func(int) error { return never },
		"wrong": func(i int) error { return &sinks.BatchError{Failed: map[int]error{i: never, 99: never}} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := &sink{}
				l := newLane(t, j, s)
				fill(t, j, 5)
				l.run(t)
				synctest.Wait()
				tries := 0
				s.answer = func(_ context.Context, _ int, batch []sinks.Delivery) error {
					for i, d := range batch {
						if d.Sequence != 3 {
							continue
						}
						tries++
						err := answer(i)
						if name == "named" {
							s.take(slices.Delete(slices.Clone(batch), i, i+1)...)
						} else if len(batch) == 1 {
							return never
						}
						return err
					}
					return nil
				}
				check(t, j.Resend(t.Context(), "log", keys(1, 2, 3, 4, 5)))
				pass(3 * time.Minute)
				l.end()
				got := s.sequences()[5:]
				slices.Sort(got)
				same(t, got, []int64{1, 2, 4, 5})
				if tries > 2 { // with the others, and alone
					t.Errorf("tried %d times", tries)
				}
				if left := waiting(t, j); len(left) > 0 {
					t.Errorf("waiting: %v", left)
				}
				if log := l.log.String(); strings.Count(log, "level=ERROR") != 1 || !strings.Contains(log, "subject="+keys(3)[0].String()) || !strings.Contains(log, "422") {
					t.Errorf("log:\n%s", log)
				}
			})
		})
	}
}

// TestResendDown: while the target is down, or asks for calm, it is not asked for each
// one at full speed, and none is given up for that.
func TestResendDown(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		most int // calls in half an hour
	}{
		"down":    {errors.New("connection refused"), 121},
		"blocked": {sinks.Mark(sinks.Blocked, errors.New("401 Unauthorized")), 7},
		"limited": {sinks.SlowDown(2*time.Minute, errors.New("429 Too Many Requests")), 16},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal(t)
				s := &one{}
				l := newLane(t, j, s)
				fill(t, j, 200)
				l.run(t)
				synctest.Wait()
				before := s.count()
				s.answer = func(context.Context, int, []sinks.Delivery) error { return c.err }
				check(t, j.Resend(t.Context(), "log", keys(from(1, 200)...)))
				pass(30 * time.Minute)
				if n := s.count() - before; n < c.most/2 || n > c.most {
					t.Errorf("%d calls", n)
				}
				if left := waiting(t, j); len(left) != 200 {
					t.Errorf("%d left", len(left))
				}
				s.answer = nil
				check(t, l.Reopen(t.Context())) // a person has mended it: at once
				synctest.Wait()
				l.end()
				if n := len(s.sequences()); n != 400 || len(waiting(t, j)) > 0 {
					t.Errorf("%d delivered", n)
				}
				if n := strings.Count(l.log.String(), "new events go on"); n != 1 {
					t.Errorf("said %d times", n)
				}
			})
		})
	}
}
