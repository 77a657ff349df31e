package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// book is a target that is given a log, and keeps each id once, as the contract asks. It
// takes a batch up to the first that fails.
type book struct {
	t      testing.TB
	mu     sync.Mutex
	answer func() error           // nil: all is taken
	last   map[document.Key]int64 // sequence of the newest revision it has
	has    map[int64]bool         // by sequence
	twice  int                    // that came again
	order  []*sinks.Delivery      // as they were taken
}

func newBook(t testing.TB) *book {
	return &book{t: t, last: map[document.Key]int64{}, has: map[int64]bool{}}
}

func (b *book) Deliver(_ context.Context, batch []sinks.Delivery) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range batch {
		d := &batch[i]
		if b.answer != nil {
			if err := b.answer(); err != nil {
				return &sinks.BatchError{Failed: map[int]error{i: err}}
			}
		}
		if b.has[d.Sequence] {
			b.twice++
			continue
		}
		if d.Sequence < b.last[d.Key] {
			b.t.Errorf("%s (%d) is new and comes behind %d", d.EventID(), d.Sequence, b.last[d.Key])
		}
		b.has[d.Sequence], b.last[d.Key], b.order = true, d.Sequence, append(b.order, d)
	}
	return nil
}

func (b *book) Close() error { return nil }

// diary is one that can tell what it holds.
type diary struct{ *book }

func (b diary) Resume(context.Context) (sinks.Held, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.order) == 0 {
		return sinks.Held{}, false, nil
	}
	d := b.order[len(b.order)-1]
	return sinks.Held{Source: "octail://" + shop, ID: d.EventID(), Sequence: d.Sequence}, true, nil
}

// TestFullProperty: a log that is stopped because the journal is full, whose journal goes
// on without it, and that is resumed, killed and stopped again at any time, has the newest
// revision of each entity in the end, deleted ones too; it is never given an older revision
// behind a newer one, and none twice but after a kill.
func TestFullProperty(t *testing.T) {
	for _, tells := range []bool{false, true} {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint("tells what it holds ", tells, " seed ", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { filled(t, tells, seed) })
			})
		}
	}
}

func filled(t *testing.T, tells bool, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 21))
	kills := seed%2 == 1
	path := filepath.Join(t.TempDir(), "octail.db")
	open := func() *journal.Journal {
		j, err := journal.Open(context.Background(), path)
		check(t, err)
		return j
	}
	j := open()
	defer func() { check(t, j.Close()) }()
	b := newBook(t)
	target := sinks.Sink(b)
	if tells {
		target = diary{b}
	}
	trouble, own := 0.3, rand.New(rand.NewPCG(seed, 22))
	b.answer = func() error {
		if own.Float64() > trouble {
			return nil
		}
		switch own.IntN(4) {
		case 0:
			return sinks.Mark(sinks.Blocked, errors.New("403"))
		case 1:
			return sinks.SlowDown(time.Minute, errors.New("429"))
		case 2:
			return sinks.Hold("payment", errors.New("no mapping"))
		}
		return errors.New("500")
	}
	batch := 1 + r.IntN(5)
	begin := func() *lane {
		l := newLane(t, j, target, func(c *dispatch.Config) { c.Needs.Batch, c.Start.Documents = batch, true })
		l.run(t)
		return l
	}
	l := begin()
	retain := func() { // as housekeeping does when the journal is over its limit
		var logs, states []string
		if l.Full() {
			states = []string{"log"}
		} else {
			logs = []string{"log"}
		}
		_, err := j.Retain(t.Context(), time.Now(), 1000*time.Hour, 1, logs, states...)
		if err != nil {
			t.Error(err)
		}
	}
	stops, gone, known := 0, 0, map[document.Key]bool{}
	for range 30 {
		for range r.IntN(12) {
			k := key([]string{document.OrderEntity, document.CustomerEntity}[r.IntN(2)], r.Int64N(8)+1)
			now, err := j.Known(t.Context(), k.Entity, []int64{k.ID})
			check(t, err)
			if n := now[k.ID]; r.IntN(5) == 0 && n.Revision > 0 && !n.Deleted {
				revise(t, j, document.FromShop, k, nil)
			} else {
				revise(t, j, document.FromShop, k, fields{"n": r.Int()})
			}
			known[k] = true
		}
		pass(time.Duration(r.IntN(60_000)) * time.Millisecond)
		switch r.IntN(7) {
		case 0, 1:
			check(t, l.StopFull(t.Context()))
			stops++
			pass(time.Second) // what it was about
			calls := len(b.order)
			retain()
			pass(time.Hour)
			if n := len(b.order); n != calls {
				t.Errorf("%d were delivered to a sink that is stopped", n-calls)
			}
			if st := l.Status(t.Context()); st.Stopped != dispatch.StoppedFull {
				t.Errorf("it is not stopped: %+v", st)
			}
		case 2:
			done := make(chan struct{})
			go func() {
				defer close(done)
				retain()
			}()
			if r.IntN(2) == 0 {
				<-done
			}
			check(t, l.Resume(t.Context())) // also while old events are being removed
			<-done
		case 3:
			was := l.Full()
			l.end()
			if l = begin(); l.Full() != was {
				t.Error("a restart has forgotten that it is stopped")
			}
		case 4:
			if !kills {
				break
			}
			freed := full(t, j)
			pass(time.Duration(r.IntN(20)) * time.Second)
			l.end()
			freed()
			check(t, j.Close())
			j = open()
			l = begin()
		case 5:
			retain()
		}
	}
	b.mu.Lock()
	trouble = 0
	b.mu.Unlock()
	retain()
	check(t, l.Resume(t.Context()))
	pass(3 * time.Hour)
	if st := l.Status(t.Context()); st.Pending+st.Parked+st.Dead != 0 || st.LastError != "" || st.Stopped != "" {
		t.Errorf("%+v", st)
	}
	l.end()
	for k := range known {
		now, err := j.Known(t.Context(), k.Entity, []int64{k.ID})
		check(t, err)
		if b.last[k] != now[k.ID].Sequence {
			t.Errorf("%s: the newest is %d, it was given %d last", k, now[k.ID].Sequence, b.last[k])
		}
	}
	for n := int64(1); n <= j.Last(); n++ {
		if !b.has[n] {
			gone++
		}
	}
	if stops == 0 || gone == 0 {
		t.Errorf("stopped %d times, %d revisions left the journal before it had them: nothing was tried", stops, gone)
	}
	if !kills && b.twice > 0 {
		t.Errorf("%d came twice", b.twice)
	}
	t.Logf("stopped %d times, %d of %d revisions left the journal before it had them, %d came again", stops, gone, j.Last(), b.twice)
}
