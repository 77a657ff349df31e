package dispatch

import (
	"context"
	"slices"
	"time"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

const (
	// flyingBytes bounds the data of all calls that run.
	flyingBytes = 8 << 20
	// statesBatch is how many deliveries are in one call of a sink that sets no limit.
	statesBatch = 100
	// bulkTurn: of so many calls at least one is of the bulk queue, when that waits.
	bulkTurn = 10
)

// states is the delivery loop of a sink that wants states: two queues of entities,
// several calls at once. All but the calls runs in one goroutine.
type states struct {
	*Lane
	live, bulk window
	due        []*item                    // parked ones whose time has come, parents that are pulled along, what is asked for once more
	flying     map[document.Key]time.Time // in a call, since when
	looked     map[document.Key]looked    // asked of the journal for the call that is being made
	calls      int
	bulkCalls  int // of them
	bytes      int
	results    chan result
	turn       int       // calls since one of the bulk queue
	next       time.Time // when a parked one is due; zero: none
	settledAt  time.Time

	began span // what an agent before this one may have been delivering when it ended
}

// span is a part of the journal.
type span struct{ from, to int64 }

// result is what became of a call.
type result struct {
	items []*item
	batch []sinks.Delivery
	known []journal.Known
	bytes int
	bulk  bool // of the bulk queue
	began time.Time
	took  time.Duration
	err   error
}

// runStates delivers until ctx ends.
func (l *Lane) runStates(ctx context.Context) {
	s := &states{Lane: l, flying: map[document.Key]time.Time{}, results: make(chan result, max(1, l.cfg.Needs.Parallel)), next: time.Now()}
	s.live = window{read: max(l.cursors[journal.Live], l.fillTo)}
	s.bulk = window{bulk: true, read: l.cursors[journal.Bulk]}
	if l.known {
		s.began = span{min(s.live.read, s.bulk.read), l.cfg.Journal.Last()}
	}
	for ctx.Err() == nil {
		changed := l.cfg.Journal.Changed() // before reading, so that no append is missed
		wait, err := s.round(ctx)
		if err != nil && ctx.Err() == nil {
			wait = l.journalFailed(err)
		}
		if s.calls >= s.slots() {
			changed = nil // nothing could be begun
		}
		if !s.stuck() {
			l.alive(wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		case <-l.wake:
			s.renew(ctx)
		case ask := <-l.asks:
			ask.answer <- ask.do(ctx)
		case r := <-s.results:
			for s.landed(ctx, r); len(s.results) > 0; { // one note for all of them
				s.landed(ctx, <-s.results)
			}
		}
		timer.Stop()
	}
	for s.calls > 0 { // their context has ended: they come back
		s.landed(ctx, <-s.results)
	}
	if err := s.settle(context.WithoutCancel(ctx), true); err != nil {
		l.cfg.Log.Warn("what was delivered last is not noted, and will be delivered again", "sink", l.cfg.Name, "err", err)
	}
}

// round begins as many calls as it can, and says how long there is nothing to do but
// wait.
func (s *states) round(ctx context.Context) (time.Duration, error) {
	s.steered()
	if err := s.settle(ctx, false); err != nil {
		return 0, err
	}
	s.journalWorks()
	if s.unstored == "" {
		if err := s.reviveDue(ctx); err != nil {
			return 0, err
		}
	}
	if wait, closed := s.gate.closed(time.Now()); closed {
		return min(wait, idleCheck), nil
	}
	if err := s.read(ctx); err != nil {
		return 0, err
	}
	for s.calls < s.slots() {
		batch, err := s.pick(ctx)
		if err != nil {
			return 0, err
		}
		if len(batch.items) == 0 {
			break
		}
		s.fly(ctx, batch)
	}
	if err := s.settle(ctx, false); err != nil { // what needed no call
		return 0, err
	}
	wait := idleCheck
	if s.calls < s.slots() && (s.live.readsOn(s.cfg.Journal.Last()) || s.bulk.readsOn(s.cfg.Journal.Last())) { // nothing of what was read was for the sink
		return 0, nil
	}
	if !s.next.IsZero() && !s.anyDue() && s.unstored == "" {
		wait = max(0, min(wait, time.Until(s.next)))
	}
	if s.unsettled() {
		wait = min(wait, cursorEvery)
	}
	return wait, nil
}

// stuck reports whether no call can be begun because those that run do not come back:
// then the lane shows no life, and the service's watchdog ends the process.
func (s *states) stuck() bool {
	late := 0
	for _, since := range s.flying {
		if time.Since(since) > s.cfg.Timeout+grace {
			late++
		}
	}
	return late > 0 && s.calls >= s.slots() && late == len(s.flying)
}

// slots is how many calls may run: one while it is not known whether the target works.
func (s *states) slots() int {
	if s.gate.probing() {
		return 1
	}
	return max(1, s.cfg.Needs.Parallel)
}

// read fills the queues, and finds what is parked and due.
func (s *states) read(ctx context.Context) error {
	for _, w := range []*window{&s.live, &s.bulk} {
		renewed, err := w.fill(ctx, s.cfg.Journal, s.cfg.Name, s.fillTo, s.leaving)
		if err != nil {
			return err
		}
		if err := s.nudge(ctx, renewed); err != nil {
			return err
		}
	}
	if s.unstored != "" { // what is done with would be found there once more
		return nil
	}
	now := time.Now()
	if setBack(s.next) {
		s.next = now
	}
	if waiting := s.anyDue(); !waiting && !s.next.IsZero() && !now.Before(s.next) {
		parked, err := s.cfg.Journal.ParkedDue(ctx, s.cfg.Name, now, windowItems)
		if err != nil {
			return err
		}
		for i := range parked {
			p := &parked[i]
			if _, busy := s.flying[p.Key]; !busy {
				s.due = append(s.due, &item{key: p.Key, sequence: p.Sequence, parked: p, again: p.Queue == queueAgain, tried: p.Tried})
			}
		}
		s.next = time.Time{}
		if len(parked) < windowItems {
			if s.next, err = s.nextParked(ctx); err != nil {
				return err
			}
			if len(parked) > 0 && !s.next.After(now) { // those that are in due
				s.next = now.Add(idleCheck)
			}
		}
	}
	if len(s.due) == 0 && len(s.bulk.items) == 0 { // what a person asks for comes behind
		keys, err := s.cfg.Journal.Resends(ctx, s.cfg.Name, statesBatch)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if _, busy := s.flying[k]; !busy {
				s.due = append(s.due, &item{key: k, again: true, back: true})
			}
		}
	}
	return nil
}

// leaving reports whether an entity that is parked is being tried, or is parked no
// more.
func (s *states) leaving(k document.Key) bool {
	_, busy := s.flying[k]
	return busy || slices.Contains(s.outcome.Unpark, k)
}

// anyDue reports whether parked ones wait to be called; it forgets what is done.
func (s *states) anyDue() bool {
	left, any := s.due[:0], false
	for _, it := range s.due {
		if !it.done {
			left = append(left, it)
			any = any || it.parked != nil
		}
	}
	clear(s.due[len(left):])
	s.due = left
	return any
}

// nudge makes parked entities due that have got a new revision, which may be what
// mends them.
func (s *states) nudge(ctx context.Context, keys []document.Key) error {
	if len(keys) == 0 {
		return nil
	}
	parked, err := s.cfg.Journal.ParkedOf(ctx, s.cfg.Name, keys)
	if err != nil {
		return err
	}
	soon := time.Now().Add(s.hurried(nudgeAfter))
	for _, p := range parked {
		if p.Next.After(soon) {
			p.Next = soon
			s.outcome.Park = append(s.outcome.Park, p)
		}
	}
	return nil
}

// renew looks anew at what is parked: somebody has changed the journal, or wants it
// to be tried.
func (s *states) renew(ctx context.Context) {
	s.woken(ctx)
	s.next = time.Now()
	for _, it := range s.due {
		it.done = it.done || !it.busy
	}
	for _, w := range []*window{&s.live, &s.bulk} {
		for _, it := range w.items {
			it.waits = document.Key{}
		}
	}
}

// fly begins a call.
func (s *states) fly(ctx context.Context, r result) {
	if s.calls++; r.bulk {
		s.bulkCalls++
	}
	s.bytes += r.bytes
	for _, it := range r.items {
		it.busy, it.tried = true, time.Now()
		s.flying[it.key] = it.tried
	}
	s.alive(0)
	go func() {
		r.began = time.Now()
		r.err = s.call(ctx, r.batch)
		r.took = time.Since(r.began)
		s.failpoint("after-deliver")
		s.results <- r
	}()
}

// landed takes note of a call that came back.
func (s *states) landed(ctx context.Context, r result) {
	if s.calls--; r.bulk {
		s.bulkCalls--
	}
	s.bytes -= r.bytes
	for _, it := range r.items {
		it.busy = false
		delete(s.flying, it.key)
	}
	if r.err != nil && ctx.Err() != nil { // octail stops: nobody's fault
		return
	}
	s.judge(&r)
}

// reviveDue has what was refused tried once more, when it is time to.
func (s *states) reviveDue(ctx context.Context) error {
	if s.revive.IsZero() {
		return nil
	}
	s.next = time.Now()
	return s.revived(ctx)
}

// unsettled reports whether the journal does not know yet where the lane stands.
func (s *states) unsettled() bool {
	return s.live.cursor() != s.cursors[journal.Live] || s.bulk.cursor() != s.cursors[journal.Bulk] || !s.kept
}

// settle writes down what happened, in one transaction: at once when something was
// delivered or failed, the cursors alone once a second.
func (s *states) settle(ctx context.Context, now bool) error {
	some := !empty(&s.outcome)
	if !some && !s.unsettled() || (!some || s.unstored != "") && !now && time.Since(s.settledAt) < cursorEvery {
		return nil
	}
	s.outcome.Cursors = map[string]int64{journal.Live: s.live.cursor(), journal.Bulk: s.bulk.cursor()}
	s.failpoint("before-cursor")
	o := s.outcome
	s.settledAt = time.Now()
	if !s.settled(ctx) {
		return nil
	}
	s.cursors, s.kept = o.Cursors, true
	s.showCursor(o.Cursors[journal.Live])
	if len(o.Park)+len(o.Unpark)+len(o.Accepted)+len(o.Close) == 0 && !o.Wake {
		return nil
	}
	next, err := s.nextParked(ctx)
	if s.next = next; s.anyDue() && !next.IsZero() && !next.After(time.Now()) { // those that are in due
		s.next = time.Now().Add(idleCheck)
	}
	return err
}
