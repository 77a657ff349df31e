package dispatch

import (
	"context"
	"errors"
	"time"

	"octail/internal/journal"
	"octail/sinks"
)

// attemptsUnstored bounds what is remembered for the trace while the journal takes
// nothing.
const attemptsUnstored = 5000

// empty reports whether nothing is to be written down but cursors.
func empty(o *journal.Outcome) bool {
	return len(o.Accepted)+len(o.Park)+len(o.Unpark)+len(o.Dead)+len(o.Close)+len(o.Attempts)+len(o.Resent) == 0 && o.Sink == nil && !o.Wake
}

// setBack moves to an earlier place and lets the journal know at once, before
// retention takes what is to be delivered again.
func (l *Lane) setBack(ctx context.Context, to place) {
	l.moveOn(to)
	if err := l.cfg.Journal.SetBack(ctx, l.cfg.Name, to.cursor); err != nil {
		l.cfg.Log.Error("cursor not set back; deliveries go on", "sink", l.cfg.Name, "err", err)
		return
	}
	l.log.stored = place{min(l.log.stored.cursor, to.cursor), min(l.log.stored.taken, to.cursor)}
}

// store saves the place of a log and what came of its deliveries: now, or when it is
// time to. What a sink has not made durable counts as not delivered; such an error is
// the sink's, and has been taken note of. That the journal cannot take the place (its
// disk is full) keeps nothing from being delivered.
func (l *Lane) store(ctx context.Context, now bool) error {
	moved := !l.kept || l.log.stored != l.log.at
	if l.log.unknown || !moved && empty(&l.outcome) || !now && time.Since(l.log.storedAt) < cursorEvery {
		return nil
	}
	if err := l.flush(ctx); err != nil {
		l.forget()
		if ctx.Err() == nil {
			l.failedLog(err, nil)
		}
		return err
	}
	l.log.storedAt = time.Now()
	l.outcome.Cursors = map[string]int64{journal.Live: l.log.at.cursor, journal.Taken: l.log.at.taken}
	l.failpoint("before-cursor")
	if l.settled(ctx) {
		l.log.stored, l.kept = l.log.at, true
	}
	return nil
}

// settled writes the outcome down, and reports whether it could. Also while octail
// stops: what was delivered need not come again.
func (l *Lane) settled(ctx context.Context) bool {
	if l.outcome.Sink != nil { // as it is now, and nobody may pause or resume it meanwhile
		l.mu.Lock()
		defer l.mu.Unlock()
		record := l.record
		l.outcome.Sink = &record
	}
	err := l.cfg.Journal.Settle(context.WithoutCancel(ctx), l.cfg.Name, l.outcome)
	if err == nil {
		l.outcome, l.unstored = journal.Outcome{}, ""
		return true
	}
	if message := err.Error(); message != l.unstored {
		l.unstored = message
		l.cfg.Log.Error("what was delivered cannot be noted, trying again; deliveries go on", "sink", l.cfg.Name, "err", err)
	}
	if n := len(l.outcome.Attempts); n > attemptsUnstored {
		l.outcome.Attempts = l.outcome.Attempts[n-attemptsUnstored:]
	}
	return false
}

func (l *Lane) flush(ctx context.Context) (err error) {
	f, ok := l.cfg.Sink.(sinks.Flusher)
	if !ok {
		return nil
	}
	defer l.caught("flush", nil, &err)
	return f.Flush(ctx)
}

// idle waits for an append, the time, or somebody who asks. Nothing makes it wait
// without end.
func (l *Lane) idle(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	l.alive(d)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer.C:
	case <-l.wake:
		l.woken(ctx)
	case ask := <-l.asks:
		ask.answer <- ask.do(ctx)
	}
}

// serve answers who asks between two batches.
func (l *Lane) serve(ctx context.Context) {
	select {
	case ask := <-l.asks:
		ask.answer <- ask.do(ctx)
	default:
	}
}

// woken makes due what waits for something that somebody may have changed.
func (l *Lane) woken(ctx context.Context) {
	all := l.retryAll.Swap(false)
	if err := l.cfg.Journal.MakeDue(ctx, l.cfg.Name, all); err != nil {
		l.cfg.Log.Error("what is parked is tried in its own time", "sink", l.cfg.Name, "err", err)
	}
	l.lookAtParked()
}

// Reopen asks the sink to open its target anew, between two batches. A lane that
// waits to try again tries at once.
func (l *Lane) Reopen(ctx context.Context) error {
	return l.between(ctx, func(ctx context.Context) (err error) {
		l.tryResendsNow()
		l.gate.next = time.Time{}
		r, ok := l.cfg.Sink.(sinks.Reopener)
		if !ok {
			return nil
		}
		err = l.store(ctx, true) // the new file will not tell where we are
		l.log.unknown = l.resumes()
		defer l.caught("reopen", nil, &err)
		return errors.Join(err, r.Reopen())
	})
}
