package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
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

// even lets in what has an even number.
type even struct{ broken }

func (even) Matches(e *document.Event) (bool, error) { return e.ID%2 == 0, nil }

// TestKilledProperty: whatever the target does, however often the lane is killed with
// nothing noted of its last calls, the journal opened anew, the sink paused and resumed,
// entities deleted and made again, asked for once more: a target of states has the newest
// revision of each entity in the end, a log was given every revision and the newest last.
func TestKilledProperty(t *testing.T) {
	for _, states := range []bool{true, false} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint("states ", states, " seed ", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { killed(t, states, seed) })
			})
		}
	}
}

func killed(t *testing.T, states bool, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 11))
	path := filepath.Join(t.TempDir(), "octail.db")
	open := func() *journal.Journal {
		j, err := journal.Open(context.Background(), path)
		check(t, err)
		return j
	}
	j := open()
	defer func() { check(t, j.Close()) }()
	s := newTarget(t, sinks.Needs{Batch: 1 + r.IntN(5), Parallel: 1 + r.IntN(4), Parents: map[string][]string{document.OrderEntity: {document.CustomerEntity}}})
	s.needs.States = states
	if !states {
		s.needs.Parallel = 1
	}
	s.takes = time.Duration(r.IntN(3)) * time.Second
	last, given := map[document.Key]int64{}, map[int64]bool{}
	var mu sync.Mutex
	trouble, own := 0.5, rand.New(rand.NewPCG(seed, 12))
	s.answer = func(ctx context.Context, d *sinks.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		if own.Float64() > trouble {
			last[d.Key], given[d.Sequence] = d.Sequence, true
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
	linked := key(document.OrderEntity, 3) // which the filter leaves out
	check(t, j.SetLink(t.Context(), journal.Link{Sink: "log", Key: linked, Target: "77", Person: true}))
	begin := func() *lane {
		l := stateLane(t, j, s, func(c *dispatch.Config) { c.Needs, c.Filter = s.needs, even{} })
		l.run(t)
		return l
	}
	l := begin()
	for range 25 {
		for range r.IntN(12) {
			entity, origin := document.OrderEntity, document.FromShop
			if r.IntN(3) == 0 {
				entity = document.CustomerEntity
			}
			if r.IntN(3) == 0 {
				origin = document.FromSnapshot
			}
			k := key(entity, r.Int64N(12)+1)
			known, err := j.Known(t.Context(), entity, []int64{k.ID})
			check(t, err)
			if now := known[k.ID]; r.IntN(5) == 0 && now.Revision > 0 && !now.Deleted {
				revise(t, j, origin, k, nil)
			} else {
				revise(t, j, origin, k, fields{"n": r.Int(), "customer": fields{"id": r.Int64N(12) + 1}})
			}
		}
		pass(time.Duration(r.IntN(600_000)) * time.Millisecond)
		switch r.IntN(9) {
		case 0:
			l.end()
			l = begin()
		case 1, 2: // killed
			freed := full(t, j)
			pass(time.Duration(r.IntN(20)) * time.Second)
			l.end()
			freed()
			if r.IntN(2) == 0 {
				check(t, j.Close())
				j = open()
			}
			l = begin()
		case 3:
			_, err := j.Revive(t.Context(), journal.DeadFilter{})
			check(t, err)
			l.Wake()
		case 4:
			check(t, l.Resume(t.Context()))
		case 5:
			check(t, l.Pause(t.Context()))
			pass(time.Minute)
			check(t, l.Resume(t.Context()))
		case 6:
			check(t, j.Resend(t.Context(), "log", []document.Key{key(document.OrderEntity, r.Int64N(12)+1), key(document.CustomerEntity, r.Int64N(12)+1)}))
		}
	}
	mu.Lock()
	trouble = 0
	mu.Unlock()
	_, err := j.Revive(t.Context(), journal.DeadFilter{})
	check(t, err)
	check(t, l.Resume(t.Context()))
	pass(3 * time.Hour)
	st := l.Status(t.Context())
	if st.Pending+st.Parked+st.Dead != 0 || st.LastError != "" || st.Stopped != "" {
		t.Errorf("%+v", st)
	}
	l.end()
	events, err := j.Events(t.Context(), 0, 100000, 1<<30)
	check(t, err)
	newest := map[document.Key]int64{}
	for _, e := range events {
		newest[e.Key] = e.Sequence
		if !states && e.ID%2 == 0 && !given[e.Sequence] {
			t.Errorf("%s (%d) was never delivered", e.EventID(), e.Sequence)
		}
	}
	keys := make([]document.Key, 0, len(newest))
	for k := range newest {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b document.Key) int { return int(newest[a] - newest[b]) })
	for _, k := range keys {
		e, err := j.Event(t.Context(), newest[k])
		check(t, err)
		_, had := last[k]
		wanted := had || e.Kind != document.Deleted && (k.ID%2 == 0 || states && k == linked)
		if s.state(k).Kind == document.Deleted && e.Kind == document.Deleted && states {
			continue
		}
		if wanted && last[k] != newest[k] {
			t.Errorf("%s: the newest is %d (%s), it was given %d last", k, newest[k], e.EventID(), last[k])
		}
	}
}
