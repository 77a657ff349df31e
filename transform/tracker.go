package transform

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"octail/canal"
	"octail/internal/journal"
)

// target is what a touch is for: an entity's key, all of an entity (ID 0), or a
// reference row.
type target struct {
	name string
	id   int64
}

// touches is what is known of a target since it was last answered.
type touches struct {
	count   uint64    // rises with every touch
	first   arrival   // of the first one: it keeps the watermark back
	lastAt  time.Time // when the last one arrived here
	time    time.Time // commit time of the last one
	reason  string    // of a resync
	notYet  time.Time // not to be read before, unless it is touched again
	confirm bool      // read without proof once, and not touched since
	mark    int64     // number of a stored mark that the next answer clears too
	why     string    // that mark's reason
	refresh bool      // that mark asks for what order lines once looked up
}

// arrival is a place in what capture handed over.
type arrival struct {
	number uint64         // of the transaction, counted here from 1
	before canal.Position // the log position in front of it
	at     time.Time
	upTo   time.Time // all that was committed before this is in front of it; zero: not known
}

// pending is a target that waits to be answered.
type pending struct {
	target
	touches
	reading bool
	next    arrival // of the first touch that came while it was being read
}

// taken is a target that is being read, with its touches as they were when it was
// taken: those that came since are not what the reading answers.
type taken struct {
	touches
	target
	of *pending
}

// tracker keeps the touched targets until they are quiet. Capture adds (and is
// held back when there are too many), the transformer's loop takes.
type tracker struct {
	settle time.Duration
	most   int // targets kept before capture has to wait
	now    func() time.Time

	mu        sync.Mutex
	room      *sync.Cond
	items     map[target]*pending
	number    uint64         // of the last transaction
	seen      canal.Position // behind all that capture has handed over
	upTo      time.Time      // all that was committed before this is in front of seen; zero: not known
	announced canal.Position // seen, or behind a transaction that is being taken over
	lost      bool           // the log has a hole: no position is known
	soonest   time.Time      // nothing is due before; zero: not known
	wake      chan struct{}
	done      chan struct{} // closed by stop
	stopped   bool
}

func newTracker(settle time.Duration, most int, from canal.Position, now func() time.Time) *tracker {
	t := &tracker{settle: settle, most: most, now: now, items: map[target]*pending{}, seen: from, announced: from,
		wake: make(chan struct{}, 1), done: make(chan struct{})}
	t.room = sync.NewCond(&t.mu)
	return t
}

// announce notes that a transaction is about to be taken over: what is read from
// now on has to hold it.
func (t *tracker) announce(p canal.Position) {
	t.mu.Lock()
	t.announced = p
	t.mu.Unlock()
}

// add notes a transaction's touches and waits while there are too many pending.
// It returns false when the tracker was stopped.
func (t *tracker) add(tx canal.Transaction, targets []target, reasons map[target]string) bool {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.number++
	arrived := arrival{t.number, t.seen, now, t.upTo}
	t.seen, t.announced, t.upTo = tx.Position, tx.Position, tx.Time
	for _, k := range targets {
		p := t.items[k]
		if p == nil {
			p = &pending{target: k, touches: touches{first: arrived}}
			t.items[k] = p
		}
		if p.reading && p.next.number == 0 {
			p.next = arrived
		}
		p.count++
		p.lastAt, p.time, p.confirm, p.notYet = now, tx.Time, false, time.Time{}
		if r := reasons[k]; r != "" {
			p.reason = r
		}
		if at := t.due(p); at.Before(t.soonest) {
			t.soonest = at
		}
	}
	t.signal()
	for len(t.items) > t.most && !t.stopped {
		t.room.Wait()
	}
	return !t.stopped
}

// progress notes that the log moved on without touches.
func (t *tracker) progress(p canal.Position) {
	t.mu.Lock()
	t.seen, t.announced, t.lost = p, p, false
	t.mu.Unlock()
}

// readUpTo notes that all that was committed before at is in front of what was handed
// over.
func (t *tracker) readUpTo(at time.Time) {
	t.mu.Lock()
	if at.After(t.upTo) {
		t.upTo = at
	}
	t.mu.Unlock()
}

// elsewhere notes that the log goes on at p on another server: files and offsets known so
// far mean nothing there.
func (t *tracker) elsewhere(p canal.Position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen, t.announced = p, p
	for _, k := range t.items {
		for _, a := range []*arrival{&k.first, &k.next} {
			a.before.File, a.before.Offset = "", 0
		}
	}
}

// drop forgets everything pending, and every position until progress tells where
// the log goes on.
func (t *tracker) drop() {
	t.mu.Lock()
	clear(t.items)
	t.seen, t.announced, t.upTo, t.lost = canal.Position{}, canal.Position{}, time.Time{}, true
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
	defer t.mu.Unlock()
	if !t.stopped {
		t.stopped = true
		close(t.done)
	}
	t.room.Broadcast()
}

// patience is how long a target that is never quiet waits for a reading.
func (t *tracker) patience() time.Duration { return 10 * t.settle }

// due is when a target may be read: when it was quiet for settle or has waited
// long enough, and not before notYet.
func (t *tracker) due(p *pending) time.Time {
	at := p.lastAt.Add(t.settle)
	if late := p.first.at.Add(t.patience()); late.Before(at) {
		at = late
	}
	if at.Before(p.notYet) {
		at = p.notYet
	}
	return at
}

// take returns up to most targets that are due, longest waiting first; without
// any, when the next one will be (zero: nothing pending). Over the limit all count
// as due that are not told to wait.
func (t *tracker) take(now time.Time, most int) ([]taken, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	crowded := len(t.items) > t.most
	if now.Before(t.soonest) && !crowded {
		return nil, t.soonest // without a look at each, for every transaction
	}
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
		t.soonest = next
		return nil, next
	}
	slices.SortFunc(ready, func(a, b *pending) int {
		return cmp.Or(cmp.Compare(a.first.number, b.first.number), cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
	})
	return t.hold(ready[:min(len(ready), most)]), time.Time{}
}

// old takes the targets that have kept the watermark back since before limit.
func (t *tracker) old(limit time.Time) []taken {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []*pending
	for _, p := range t.items {
		if p.first.at.Before(limit) {
			list = append(list, p)
		}
	}
	return t.hold(list)
}

func (t *tracker) hold(list []*pending) []taken {
	t.soonest = time.Time{}
	out := make([]taken, len(list))
	for i, p := range list {
		p.reading, p.next = true, arrival{}
		out[i] = taken{p.touches, p.target, p}
	}
	return out
}

// moved reports whether a target was touched since it was taken.
func (t *tracker) moved(k taken) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return k.of.count != k.count
}

// overdue reports whether a target has waited as long as it may.
func (t *tracker) overdue(k taken, now time.Time) bool {
	return !now.Before(k.first.at.Add(t.patience()))
}

// answered ends the reading of targets: what was touched before they were taken
// is in the journal. Touches that came since keep them pending.
func (t *tracker) answered(keys []taken) {
	if len(keys) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range keys {
		p := k.of
		p.reading, t.soonest = false, time.Time{}
		switch {
		case t.items[p.target] != p: // dropped meanwhile
		case p.count == k.count:
			delete(t.items, p.target)
		default:
			p.first = p.next
			if p.mark == k.mark {
				p.mark, p.why, p.refresh = 0, "", false
			}
		}
		p.next = arrival{}
	}
	t.room.Broadcast()
}

// postponed ends the reading of a target without an answer. It is not read again
// before notYet, unless it was or will be touched again. confirm: the read was
// good, but nothing proves that it was not too early.
func (t *tracker) postponed(k taken, notYet time.Time, confirm bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := k.of
	p.reading, p.next, t.soonest = false, arrival{}, time.Time{}
	if p.count == k.count {
		p.notYet, p.confirm = notYet, confirm
	}
}

// has reports whether a target waits to be answered.
func (t *tracker) has(k target) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.items[k] != nil
}

// join makes the next answer of a pending target clear a stored mark too. It
// reports false when the target is not pending.
func (t *tracker) join(k target, mark journal.Dirty) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.items[k]
	if p == nil {
		return false
	}
	p.mark, p.why, p.refresh = mark.Number, mark.Reason, mark.Refresh
	return true
}

// watermark is the position before the first touch that is still pending,
// leaving out what is about to be answered. It is safe to start from there again.
// Zero: none is known.
func (t *tracker) watermark(answered []taken) canal.Position { return t.low(answered).before }

// low is the watermark with its time.
func (t *tracker) low(answered []taken) arrival {
	t.mu.Lock()
	defer t.mu.Unlock()
	done := make(map[*pending]uint64, len(answered))
	for _, k := range answered {
		done[k.of] = k.count
	}
	low := arrival{before: t.seen, upTo: t.upTo}
	for _, p := range t.items {
		first := p.first
		if count, ok := done[p]; ok {
			if p.count == count {
				continue
			}
			first = p.next
		}
		if low.number == 0 || first.number < low.number {
			low = first
		}
	}
	return low
}

// latest is what a reading has to hold; known is false while the log has a hole.
func (t *tracker) latest() (p canal.Position, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.announced, !t.lost
}

func (t *tracker) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.items)
}
