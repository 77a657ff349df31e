package dispatch_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// eraser is a target that keeps more of a person than its record.
type eraser struct {
	*target
	mu     sync.Mutex
	erased []string
}

func (s *eraser) Erase(_ context.Context, d sinks.Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erased = append(s.erased, d.EventID())
	return nil
}

// never is a filter that lets nothing in.
type never struct{}

func (never) Matches(*document.Event) (bool, error)              { return false, nil }
func (never) MayCreate(*document.Event) (bool, string)           { return false, "never" }
func (never) MayCreateNamed(*document.Event) (ok bool, _ string) { return false, "never" }
func (never) ReleaseKnown() bool                                 { return true }

// TestErasedAfterDeleted: of an entity that the target has deleted a second `deleted`,
// without the person, is delivered and erased: the target may have kept the record. One
// that the target never had is not.
func TestErasedAfterDeleted(t *testing.T) {
	for _, filtered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			j := newJournal(t)
			s := &eraser{target: newTarget(t, sinks.Needs{})}
			k := key(document.OrderEntity, 1)
			revise(t, j, document.FromShop, k, map[string]any{"id": 1, "customer": map[string]any{"first_name": "Zebedee"}})
			run := func(f dispatch.Filter) *lane {
				l := newLane(t, j, s, func(c *dispatch.Config) { c.Needs, c.Start.Documents, c.Filter = s.needs, true, f })
				l.run(t)
				pass(time.Second)
				return l
			}
			l := run(nil)
			revise(t, j, document.FromShop, k, nil)
			pass(time.Second)
			l.end()
			gone := key(document.OrderEntity, 2) // was deleted before the target heard of it
			for _, key := range []document.Key{k, gone} {
				known, err := j.Known(t.Context(), key.Entity, []int64{key.ID})
				check(t, err)
				_, err = j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: key, Kind: document.Deleted, Time: time.Now(), Origin: document.FromReconcile, Schema: 1, Prior: known[key.ID], Fields: append([]byte{}, known[key.ID].Fields...),
					Data: []byte(`{"changed":[],"document":{"id":1,"customer":{"erased":true}}}`)}}})
				check(t, err)
			}
			var f dispatch.Filter
			if filtered {
				f = never{}
			}
			l = run(f)
			st := l.Status(t.Context())
			l.end()
			if !slices.Equal(s.erased, []string{"order/1@3"}) || !slices.Equal(s.took(), []string{"order/1", "order/1", "order/1"}) || st.Pending != 0 {
				t.Errorf("erased %v, took %v, %+v", s.erased, s.took(), st)
			}
		})
	}
}

// TestErasedBesideAFailure: a person is erased although another delivery of the batch fails.
func TestErasedBesideAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &eraser{target: newTarget(t, sinks.Needs{Batch: 10})}
		s.answer = func(_ context.Context, d *sinks.Delivery) error {
			if d.ID == 2 {
				return sinks.Hold("tax", errors.New("no mapping"))
			}
			return nil
		}
		revise(t, j, document.FromShop, key(document.OrderEntity, 1), map[string]any{"id": 1, "customer": map[string]any{"erased": true}})
		revise(t, j, document.FromShop, key(document.OrderEntity, 2), map[string]any{"id": 2})
		l := newLane(t, j, s, func(c *dispatch.Config) { c.Needs, c.Start.Documents = s.needs, true })
		l.run(t)
		pass(time.Hour)
		if !slices.Equal(s.erased, []string{"order/1@1"}) {
			t.Errorf("erased %v", s.erased)
		}
		l.end()
	})
}
