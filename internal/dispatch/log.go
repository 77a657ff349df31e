package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// headTries is how often the event at the head of a log is tried before another
// entity's is, to tell whether it is the event or the target.
const headTries = 3

// mostOthers bounds how many other entities are tried before the first one is again.
const mostOthers = 100

// logState is what a lane knows that delivers a log.
type logState struct {
	attempt int // of the next delivery

	// at is where the lane stands, stored what the journal knows of it.
	at, stored place
	storedAt   time.Time
	unknown    bool       // the target has to be asked what it holds
	foreign    sinks.Held // another journal's event that the target ends with

	ahead    []int64        // events behind the head that were delivered
	others   []document.Key // that failed too, tried to tell whether it is the head
	parkedAt time.Time      // when a parked entity is due; zero: none is parked

	refused map[document.Key]refused // what could not be delivered once more
	calm    time.Time                // until then nothing is delivered once more
}

// place is how far a lane has come.
type place struct {
	cursor int64 // delivered, or not for this sink
	taken  int64 // the last event that was delivered
}

// newLog finds out where the lane goes on.
func (l *Lane) newLog(ctx context.Context) error {
	l.log = logState{attempt: 1, refused: map[document.Key]refused{}}
	l.log.at = place{l.cursors[journal.Live], l.cursors[journal.Taken]}
	l.log.stored = l.log.at
	if last := l.cfg.Journal.Last(); l.log.at.cursor > last { // the journal was cut back, see journal.Restored
		l.setBack(ctx, place{last, min(l.log.at.taken, last)})
	}
	l.log.unknown = l.resumes()
	if err := l.locate(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.failedLog(err, nil)
	}
	var err error
	if l.log.parkedAt, err = l.nextParked(ctx); err != nil {
		return err
	}
	l.cursors[journal.Live] = l.log.at.cursor
	return l.warnOfRemoved(ctx)
}

// resumes reports whether the target can tell what it holds. Such a log is strictly in
// order: no event of it is put aside.
func (l *Lane) resumes() bool {
	_, ok := l.cfg.Sink.(sinks.Resumer)
	return ok
}

// runLog delivers until ctx ends.
func (l *Lane) runLog(ctx context.Context) {
	for ctx.Err() == nil {
		l.alive(0)
		full := l.gate.full
		if l.steered(); full && !l.gate.full {
			if err := l.warnOfRemoved(ctx); err != nil {
				l.journalFailed(err)
			}
		}
		l.gate.judging()
		changed := l.cfg.Journal.Changed() // before reading, so that no append is missed
		if wait, closed := l.gate.closed(time.Now()); closed {
			l.idle(ctx, nil, min(wait, idleCheck))
			continue
		}
		more, err := l.step(ctx)
		switch {
		case err == nil && more:
		case err == nil:
			l.idle(ctx, changed, l.restFor())
		case ctx.Err() == nil && errors.Is(err, errJournal):
			l.idle(ctx, nil, l.journalFailed(err))
		}
	}
	if err := l.store(context.WithoutCancel(ctx), true); err != nil {
		l.cfg.Log.Warn("cursor not stored", "sink", l.cfg.Name, "err", err)
	}
}

// restFor is how long there is nothing to do but wait.
func (l *Lane) restFor() time.Duration {
	wait := idleCheck
	if !l.kept || l.log.stored != l.log.at { // come back to store the rest
		wait = cursorEvery
	}
	if at := l.log.parkedAt; !at.IsZero() {
		wait = max(0, min(wait, time.Until(at)))
	}
	return wait
}

// errJournal marks errors that are not the sink's.
var errJournal = errors.New("journal")

func ofJournal(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errJournal, err)
}

// step delivers one batch; more is false when nothing waits. Errors of the sink have
// been taken note of.
func (l *Lane) step(ctx context.Context) (more bool, err error) {
	if err := l.locate(ctx); err != nil {
		if ctx.Err() == nil {
			l.failedLog(err, nil)
		}
		return false, err
	}
	if err := ofJournal(l.revived(ctx)); err != nil {
		return false, err
	}
	tried, err := l.parkedDue(ctx) // one, so that those that hang keep no new events
	if err != nil {
		return false, err
	}
	events, err := l.cfg.Journal.Events(ctx, l.log.at.cursor, batchEvents, batchBytes)
	if err != nil {
		return false, ofJournal(err)
	}
	l.journalWorks()
	for rest := events; len(rest) > 0; {
		portion, batch, err := l.portion(ctx, rest)
		if err != nil {
			if !errors.Is(err, errJournal) { // the filter's
				l.failedLog(err, nil)
			}
			return false, err
		}
		rest = rest[len(portion):]
		if err := l.deliver(ctx, portion, batch); err != nil {
			if !l.resumes() && ctx.Err() == nil { // the wait may be long, and end with a kill
				err = errors.Join(err, l.store(ctx, true))
			}
			return false, err
		}
		if err := l.store(ctx, len(rest) == 0 && !l.resumes()); err != nil {
			return false, err
		}
		if l.serve(ctx); l.log.unknown || l.pause.Load() || l.full.Load() || l.log.at.cursor < portion[len(portion)-1].Sequence {
			return true, nil // the target has to be asked where to go on, or a part was put aside
		}
	}
	if len(events) == 0 && !tried {
		more = l.resend(ctx)
		if err := l.store(ctx, false); err != nil {
			return false, err
		}
	}
	return len(events) > 0 || tried || more, nil
}

// portion is the head of events, and those of it that are for the sink: as many as it
// takes in one call.
func (l *Lane) portion(ctx context.Context, events []journal.Stored) (head []journal.Stored, batch []sinks.Delivery, err error) {
	limit := len(events)
	if l.cfg.Needs.Batch > 0 {
		limit = l.cfg.Needs.Batch
	}
	if l.gate.probing() && !l.resumes() {
		limit = 1
	}
	for i := range events {
		wanted, err := l.wants(ctx, &events[i], batch)
		if err != nil && i > 0 { // it will be the first
			return events[:i], batch, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if !wanted {
			continue
		}
		if len(batch) == limit {
			return events[:i], batch, nil
		}
		events[i].Shop = l.cfg.Shop
		batch = append(batch, sinks.Delivery{Event: events[i].Event, Attempt: l.log.attempt})
		if l.log.attempt > 1 {
			limit = len(batch) // the one that failed comes alone
		}
	}
	return events, batch, nil
}

func (l *Lane) ticketOf(e *journal.Stored, parked *journal.Parked) *ticket {
	return &ticket{key: e.Key, revision: e.Revision, sequence: e.Sequence, queue: journal.Live, parked: parked}
}

// deliver hands a batch to the sink and moves on behind the events it took. An error
// of the sink has been taken note of.
func (l *Lane) deliver(ctx context.Context, events []journal.Stored, batch []sinks.Delivery) error {
	last := events[len(events)-1].Sequence
	if len(batch) == 0 {
		l.moveOn(place{last, l.log.at.taken})
		return nil
	}
	began := time.Now()
	err := l.call(ctx, batch)
	took := time.Since(began)
	good := len(batch)
	var part *sinks.BatchError
	if errors.As(err, &part) {
		good, err = within(batch, part, err)
	} else if err != nil {
		good = 0
	}
	l.failpoint("after-deliver")
	l.cfg.Metrics.call(l.cfg.Name, good, len(batch)-good, took)
	l.delivered(batch[:good], began, took)
	switch {
	case err == nil:
		l.moveOn(place{last, batch[good-1].Sequence})
	case good > 0:
		l.moveOn(place{batch[good].Sequence - 1, batch[good-1].Sequence})
	default: // behind what is not for this sink
		l.moveOn(place{max(l.log.at.cursor, batch[0].Sequence-1), l.log.at.taken})
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	return l.refusedHead(ctx, batch[good:], began, took, err)
}

// delivered takes note of what the sink took.
func (l *Lane) delivered(batch []sinks.Delivery, began time.Time, took time.Duration) {
	if len(batch) == 0 {
		return
	}
	l.works(began)
	l.log.attempt, l.log.others = 1, nil
	for i := range batch {
		d := &batch[i]
		l.cfg.Metrics.endToEnd(l.cfg.Name, time.Since(d.Time))
		if l.cfg.Remember {
			l.outcome.Accepted = append(l.outcome.Accepted, journal.Accepted{Key: d.Key, Revision: d.Revision, Sequence: d.Sequence, Time: began, Deleted: d.Kind == document.Deleted, Fields: []byte{}})
		}
	}
	first, last := batch[0].Sequence, batch[len(batch)-1].Sequence
	if n := len(l.outcome.Attempts); l.resumes() && n > 0 && l.outcome.Attempts[n-1].Class == "ok" { // many calls between two notes
		l.outcome.Attempts[n-1].Sequence = last
		l.outcome.Attempts[n-1].Duration += took
		return
	}
	l.outcome.Attempts = append(l.outcome.Attempts, journal.Attempt{Sink: l.cfg.Name, First: first, Sequence: last, Started: began, Duration: took, Class: "ok"})
}

// refusedHead decides about the first delivery of a batch, which failed. What it
// returns ends the step.
func (l *Lane) refusedHead(ctx context.Context, batch []sinks.Delivery, began time.Time, took time.Duration, cause error) error {
	defer l.tellOutage(headTries) // before, it may be this one alone
	d := &batch[0]
	class, asked := sinks.ClassOf(cause)
	t := &ticket{key: d.Key, revision: d.Revision, sequence: d.Sequence, queue: journal.Live}
	_, held := sinks.HeldFor(cause)
	alone := len(batch) == 1
	switch {
	case l.resumes():
		l.failedLog(cause, d)
	case held:
		l.hold(t, cause, "", began)
		l.passHead(d)
		l.attempt(d, began, took, cause, l.parkedLast())
		return nil
	case class == sinks.Permanent && alone && l.gate.stopped == "":
		l.bury(t, ReasonRefused, d, cause)
		l.troubled(cause, class, asked)
		l.passHead(d)
	case class == sinks.Permanent && !alone: // one of them; each comes alone
		l.log.attempt = max(2, l.log.attempt+1)
		return l.store(ctx, true)
	default:
		l.failedLog(cause, d)
		if class == sinks.Retryable && l.log.attempt%headTries == 1 && l.another(ctx, d) { // it is this one alone
			l.retry(t, d, cause, true, began, 0)
			l.passHead(d)
			l.attempt(d, began, took, cause, l.parkedLast())
			return nil
		}
	}
	l.attempt(d, began, took, cause, l.gate.next)
	if l.gate.next.IsZero() {
		return nil
	}
	return cause
}

// passHead goes on behind an event that was put aside.
func (l *Lane) passHead(d *sinks.Delivery) {
	l.log.attempt, l.log.others = 1, nil
	l.moveOn(place{d.Sequence, l.log.at.taken})
}

// parkedLast is when the entity is due that was parked last.
func (l *Lane) parkedLast() time.Time {
	next := l.outcome.Park[len(l.outcome.Park)-1].Next
	if l.log.parkedAt.IsZero() || next.Before(l.log.parkedAt) {
		l.log.parkedAt = next
	}
	return next
}

// another tries the next event of another entity, each time of another one, and reports
// whether the sink takes it: then it is the head that fails and not the target.
func (l *Lane) another(ctx context.Context, head *sinks.Delivery) bool {
	for after := head.Sequence; ctx.Err() == nil; {
		events, err := l.cfg.Journal.Events(ctx, after, batchEvents, batchBytes)
		if err != nil || len(events) == 0 {
			break
		}
		for i := range events {
			if taken, tried := l.tryOther(ctx, head, &events[i]); tried {
				return taken
			}
		}
		l.alive(0)
		after = events[len(events)-1].Sequence
	}
	l.log.others = nil // all over again
	return false
}

// tryOther tries an event instead of the head, and reports whether the sink took it; one
// that failed is not tried for the same head again before all others have been.
func (l *Lane) tryOther(ctx context.Context, head *sinks.Delivery, e *journal.Stored) (taken, tried bool) {
	if e.Key == head.Key || slices.Contains(l.log.others, e.Key) {
		return false, false
	}
	if wanted, err := l.wants(ctx, e, nil); err != nil {
		return false, true
	} else if !wanted {
		return false, false
	}
	e.Shop = l.cfg.Shop
	d := []sinks.Delivery{{Event: e.Event, Attempt: 1}}
	began := time.Now()
	err := l.call(ctx, d)
	l.failpoint("after-deliver")
	if err != nil {
		l.cfg.Metrics.call(l.cfg.Name, 0, 1, time.Since(began))
		l.attempt(&d[0], began, time.Since(began), err, l.gate.next)
		if l.log.others = append(l.log.others, e.Key); len(l.log.others) > mostOthers {
			l.log.others = nil
		}
		return false, true
	}
	l.cfg.Metrics.call(l.cfg.Name, 1, 0, time.Since(began))
	l.delivered(d, began, time.Since(began))
	l.log.ahead = append(l.log.ahead, e.Sequence)
	return true, true
}

// failedLog takes note of a failure of the sink as a whole, or of one that may be; d
// is what was to be delivered, nil for nothing yet.
func (l *Lane) failedLog(err error, d *sinks.Delivery) {
	l.log.unknown = l.resumes()
	class, asked := sinks.ClassOf(err)
	if class == sinks.Permanent { // of a log that is strictly in order, it may heal
		class = sinks.Retryable
	}
	if d != nil && !(class == sinks.RateLimited && asked > 0) { // no fault of anybody's: not counted as a try
		l.log.attempt++
	}
	wait := l.troubled(err, class, asked)
	l.gate.next = time.Now().Add(wait)
	if d == nil || l.resumes() {
		l.tellOutage(failedCalls)
	}
}

// within says how many deliveries at the head of a batch succeeded, and why the
// next one did not. A log goes on in order: what succeeded behind it comes again.
func within(batch []sinks.Delivery, part *sinks.BatchError, whole error) (good int, err error) {
	if !named(batch, whole) {
		return 0, whole
	}
	i, cause := part.First()
	if n := len(part.Failed) - 1; n > 0 {
		return i, fmt.Errorf("%s (and %d more): %w", batch[i].EventID(), n, cause)
	}
	return i, fmt.Errorf("%s: %w", batch[i].EventID(), cause)
}

// parkedDue delivers the next event of an entity that is parked and due; more is
// true when there was one.
func (l *Lane) parkedDue(ctx context.Context) (more bool, err error) {
	if l.log.parkedAt.IsZero() || time.Now().Before(l.log.parkedAt) && !setBack(l.log.parkedAt) || l.resumes() {
		return false, nil
	}
	if err := l.store(ctx, true); err != nil {
		return false, err
	}
	if l.unstored != "" { // it would be found there once more
		l.log.parkedAt = time.Now().Add(cursorEvery)
		return false, nil
	}
	due, err := l.cfg.Journal.ParkedDue(ctx, l.cfg.Name, time.Now(), 1)
	if err == nil && len(due) == 0 {
		l.log.parkedAt, err = l.nextParked(ctx)
	}
	if err != nil || len(due) == 0 {
		return false, ofJournal(err)
	}
	if err := l.unpark(ctx, &due[0]); err != nil {
		return false, err
	}
	return true, nil
}

// unpark tries the event an entity is parked at; behind it come its later ones that
// have been passed.
func (l *Lane) unpark(ctx context.Context, p *journal.Parked) error {
	event, err := l.cfg.Journal.Event(ctx, p.Sequence)
	if errors.Is(err, journal.ErrNoEvent) {
		l.cfg.Log.Warn("cannot be delivered: the revision has left the journal", "sink", l.cfg.Name, "subject", p.Key.String(), "seq", p.Sequence)
		return l.goOn(ctx, p)
	}
	if err != nil {
		return ofJournal(err)
	}
	if !l.Takes(p.Entity) { // it did when the entity was parked
		return l.goOn(ctx, p)
	}
	if wanted, err := l.isFor(ctx, &event, nil); err != nil || !wanted {
		if err == nil && len(l.outcome.Park) == 0 { // the filter answers, and does not want it
			err = l.goOn(ctx, p)
		}
		return errors.Join(err, l.store(ctx, true))
	}
	event.Shop = l.cfg.Shop
	batch := []sinks.Delivery{{Event: event.Event, Attempt: p.Attempts + 1}}
	d, began := &batch[0], time.Now()
	cause := l.call(ctx, batch)
	took := time.Since(began)
	l.failpoint("after-deliver")
	now, err := l.cfg.Journal.ParkedOf(ctx, l.cfg.Name, []document.Key{p.Key})
	if err != nil {
		return ofJournal(err)
	}
	if earlier, ok := now[p.Key]; ok && earlier.Sequence < p.Sequence { // a dead letter has come back to life meanwhile: all again from there
		l.log.parkedAt = time.Now()
		return nil
	}
	if cause == nil {
		l.cfg.Metrics.call(l.cfg.Name, 1, 0, took)
		l.delivered(batch, began, took)
		return l.goOn(ctx, p)
	}
	if ctx.Err() != nil {
		return cause
	}
	l.cfg.Metrics.call(l.cfg.Name, 0, 1, took)
	t := l.ticketOf(&event, p)
	class, asked := sinks.ClassOf(cause)
	_, held := sinks.HeldFor(cause)
	defer l.tellOutage(headTries)
	switch {
	case held:
		l.hold(t, cause, "", began)
	case class == sinks.RateLimited, class == sinks.Blocked, class == sinks.Permanent && l.gate.stopped != "": // not one after the other into the dead letters
		l.troubled(cause, class, asked)
		again := *p
		again.Next = l.gate.next
		l.outcome.Park = append(l.outcome.Park, again)
	case class == sinks.Permanent:
		l.bury(t, ReasonRefused, d, cause)
		l.troubled(cause, class, asked)
		l.attempt(d, began, took, cause, time.Time{})
		return l.goOn(ctx, p)
	default:
		proven := l.proven(t)
		if l.retry(t, d, cause, proven, began, longestWait/time.Duration(l.cfg.Hurry)) {
			l.attempt(d, began, took, cause, time.Time{})
			return l.goOn(ctx, p)
		}
	}
	l.attempt(d, began, took, cause, l.outcome.Park[len(l.outcome.Park)-1].Next)
	return l.store(ctx, true)
}

// lookAtParked lets a log look at once at what is parked. One that is strictly in order
// parks nothing: it would look without end.
func (l *Lane) lookAtParked() {
	if !l.resumes() {
		l.log.parkedAt = time.Now()
	}
}

// goOn parks an entity at its next event that was passed, or frees it.
func (l *Lane) goOn(ctx context.Context, p *journal.Parked) error {
	later, err := l.cfg.Journal.RevisionsAfter(ctx, p.Key, p.Sequence, l.log.at.cursor)
	if err != nil {
		return ofJournal(err)
	}
	later = slices.DeleteFunc(later, func(sequence int64) bool { return slices.Contains(l.log.ahead, sequence) })
	if len(later) == 0 {
		l.outcome.Unpark = append(l.outcome.Unpark, p.Key)
		return l.store(ctx, true)
	}
	next := *p
	next.Sequence, next.Revision, next.Attempts, next.Next = later[0], 0, 0, time.Now()
	l.outcome.Park = append(l.outcome.Park, next)
	return l.store(ctx, true)
}

func (l *Lane) moveOn(p place) {
	l.log.at = p
	l.log.ahead = slices.DeleteFunc(l.log.ahead, func(sequence int64) bool { return sequence <= p.cursor })
	l.showCursor(p.cursor)
}

func (l *Lane) showCursor(at int64) {
	l.mu.Lock()
	l.status.Cursor = at
	l.mu.Unlock()
}
