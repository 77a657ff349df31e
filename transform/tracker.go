package transform

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"octail/canal"
)

// target is what a touch is for: an entity's key, all of an entity (ID 0), or a
// reference row.
type target struct {
	name string
	id   int64
}

// pending is a target that has been touched and not been answered yet.
type pending struct {
	target
	count   uint64         // rises with every touch
	before  canal.Position // the log position before its first touch
	fromLog bool           // before is set: it keeps the watermark back
	last    canal.Position // behind its last touch
	time    time.Time      // commit time of its last touch
	firstAt time.Time      // when the first touch arrived here
	lastAt  time.Time
	notYet  time.Time // do not read before (a second look at a half-way read)
	reason  string    // of a resync
	reading bool
	confirm bool // already read without proof once

	// what arrives while it is being read
	nextBefore canal.Position
	nextAt     time.Time
}

// batch is what has been taken for reading, with the counters as they were.
type batch struct {
	items  []*pending
	counts []uint64
}

// tracker keeps the touched targets until they are quiet. Capture adds (and is
// held back when there are too many), the transformer's loop takes.
type tracker struct {
	settle time.Duration
	most   int // targets kept before capture has to wait

	mu      sync.Mutex
	room    *sync.Cond
	items   map[target]*pending
	seen    canal.Position // behind all that capture has handed over
	wake    chan struct{}
	stopped bool
}

func newTracker(settle time.Duration, most int, from canal.Position) *tracker {
	t := &tracker{settle: settle, most: most, items: map[target]*pending{}, seen: from, wake: make(chan struct{}, 1)}
	t.room = sync.NewCond(&t.mu)
	return t
}

// add notes a transaction's touches and waits while there are too many pending.
// It returns false when the tracker was stopped.
func (t *tracker) add(tx canal.Transaction, targets []target, reasons map[target]string) bool {
	now := time.Now()
	t.mu.Lock()
	before := t.seen
	t.seen = tx.Position
	for _, k := range targets {
		p := t.items[k]
		if p == nil {
			p = &pending{target: k, firstAt: now}
			t.items[k] = p
		}
		p.count++
		if !p.fromLog {
			p.before, p.fromLog = before, true
		}
		if p.reading && p.nextAt.IsZero() {
			p.nextBefore, p.nextAt = before, now
		}
		p.last, p.time, p.lastAt, p.confirm = tx.Position, tx.Time, now, false
		if r := reasons[k]; r != "" {
			p.reason = r
		}
	}
	t.signal()
	for len(t.items) > t.most && !t.stopped {
		t.room.Wait()
	}
	ok := !t.stopped
	t.mu.Unlock()
	return ok
}

// progress notes that the log moved on without touches.
func (t *tracker) progress(p canal.Position) {
	t.mu.Lock()
	t.seen = p
	t.mu.Unlock()
}

// drop forgets everything pending, and keeps the watermark from being stored
// until progress tells where the log goes on.
func (t *tracker) drop() {
	t.mu.Lock()
	clear(t.items)
	t.seen = canal.Position{}
	t.room.Broadcast()
	t.mu.Unlock()
}

func (t *tracker) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *tracker) stop() {
	t.mu.Lock()
	t.stopped = true
	t.room.Broadcast()
	t.mu.Unlock()
}

// due is when a target may be read: when it was quiet for settle, or waited ten
// times as long.
func (t *tracker) due(p *pending) time.Time {
	at := p.lastAt.Add(t.settle)
	if late := p.firstAt.Add(10 * t.settle); late.Before(at) {
		at = late
	}
	if at.Before(p.notYet) {
		at = p.notYet
	}
	return at
}

// take returns up to most targets that are due, oldest first; without any, when
// the next one will be (zero: nothing pending). Over the limit all count as due
// that are not told to wait.
func (t *tracker) take(now time.Time, most int) (batch, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	crowded := len(t.items) > t.most
	var ready []*pending
	var next time.Time
	for _, p := range t.items {
		at := t.due(p)
		if crowded && !p.notYet.After(now) {
			at = now
		}
		if at.After(now) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
			continue
		}
		ready = append(ready, p)
	}
	if len(ready) == 0 {
		return batch{}, next
	}
	slices.SortFunc(ready, func(a, b *pending) int {
		return cmp.Or(a.firstAt.Compare(b.firstAt), cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
	})
	ready = ready[:min(len(ready), most)]
	b := batch{items: ready}
	for _, p := range ready {
		p.reading, p.nextAt = true, time.Time{}
		b.counts = append(b.counts, p.count)
	}
	return b, time.Time{}
}

// moved reports whether a target was touched since the batch was taken.
func (t *tracker) moved(p *pending, count uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return p.count != count
}

// overdue reports whether a target has waited as long as it may.
func (t *tracker) overdue(p *pending, now time.Time) bool {
	return !now.Before(p.firstAt.Add(10 * t.settle))
}

// settled ends the reading of a target. answered: what was touched before the
// batch was taken is in the journal (or about to be, in the same commit); touches
// that came since keep it pending. Not answered: it stays as it was, not to be
// read before notYet.
func (t *tracker) settled(p *pending, count uint64, answered bool, notYet time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.reading = false
	switch {
	case !answered:
		p.notYet = notYet
	case t.items[p.target] != p: // dropped meanwhile
	case p.count == count:
		delete(t.items, p.target)
		t.room.Broadcast()
	default:
		p.before, p.firstAt, p.notYet = p.nextBefore, p.nextAt, time.Time{}
	}
	p.nextAt = time.Time{}
}

// again puts a target back for one more read although nothing touched it.
func (t *tracker) again(p *pending, notYet time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.reading, p.confirm, p.notYet, p.nextAt = false, true, notYet, time.Time{}
}

// old lists the targets that keep the watermark back since before limit, with
// their counters.
func (t *tracker) old(limit time.Time) batch {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b batch
	for _, p := range t.items {
		if p.fromLog && !p.reading && p.firstAt.Before(limit) {
			b.items = append(b.items, p)
			b.counts = append(b.counts, p.count)
			p.reading, p.nextAt = true, time.Time{}
		}
	}
	return b
}

// watermark is the position before the first touch that is still pending,
// leaving out what the batch answers. It is safe to start from there again.
func (t *tracker) watermark(answered batch) canal.Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	done := make(map[*pending]uint64, len(answered.items))
	for i, p := range answered.items {
		done[p] = answered.counts[i]
	}
	low, lowAt := t.seen, time.Time{}
	for _, p := range t.items {
		if !p.fromLog {
			continue
		}
		before, at := p.before, p.firstAt
		if count, ok := done[p]; ok {
			if p.count == count {
				continue
			}
			before, at = p.nextBefore, p.nextAt
		}
		if lowAt.IsZero() || at.Before(lowAt) {
			low, lowAt = before, at
		}
	}
	return low
}

func (t *tracker) latest() canal.Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen
}

func (t *tracker) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.items)
}
