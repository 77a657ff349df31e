package dispatch_test

import (
	"context"
	"errors"
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
		down := true
		plain.answer = func(context.Context, int, []sinks.Delivery) error {
			if down {
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
		down = false
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
	})
}

// TestResendFails: it is tried again, also by the next agent.
func TestResendFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &sink{}
		l := newLane(t, j, s)
		fill(t, j, 3)
		l.run(t)
		synctest.Wait()
		s.answer = func(context.Context, int, []sinks.Delivery) error { return errors.New("down") }
		check(t, j.Resend(t.Context(), "log", []document.Key{{Entity: document.CategoryEntity, ID: 2}}))
		pass(10 * time.Second)
		if st := l.Status(t.Context()); st.LastError == "" || s.count() < 3 {
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
