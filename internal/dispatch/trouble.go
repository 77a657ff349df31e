package dispatch

import (
	"context"
	"errors"
	"time"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// ErrNotComparable: the sink cannot tell what its target holds.
var ErrNotComparable = errors.New("this type of sink cannot read back what its target holds")

// troubled takes note of a failure that may be the target's, and says how long to wait;
// tellOutage, behind the call, says so.
// keys are the entities of a Retryable one.
func (l *Lane) troubled(err error, class sinks.Class, asked time.Duration, keys ...document.Key) time.Duration {
	stopped := l.gate.stopped
	wait := l.gate.failure(class, asked, l.hurried, keys...)
	message := err.Error()
	l.mu.Lock()
	l.status.LastError, l.status.Class, l.status.Next, l.status.Stopped = message, class.String(), l.gate.next, l.why()
	if l.status.FailingFrom.IsZero() {
		l.status.FailingFrom = time.Now()
	}
	l.record.Error, l.record.Since, l.record.Stopped, l.record.Refused = message, l.status.FailingFrom, l.why(), l.gate.refused
	if l.record.Attempts++; class == sinks.RateLimited {
		l.record.Next = l.gate.next
	}
	record := l.record
	l.mu.Unlock()
	l.outcome.Sink = &record
	if class != sinks.Permanent || l.gate.stopped != stopped { // a dead letter says so of itself
		sure := class == sinks.Retryable && l.gate.probing() || class == sinks.RateLimited && wait >= calmSaid
		l.outage.note(class, message, time.Now().Add(wait), sure)
	}
	return wait
}

// works takes note that the target has taken something in a call.
func (l *Lane) works(began time.Time) {
	if l.succeeded(began) {
		l.tellWorks(began)
	}
}

// succeeded opens the gate, unless the target has asked for calm since the call began.
func (l *Lane) succeeded(began time.Time) bool {
	l.lastSuccess = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status.LastSuccess = l.lastSuccess
	if l.gate.calm(began) {
		return false
	}
	if l.gate.stopped == StoppedRefused {
		l.revive = l.record.Since
	}
	failed := l.status.LastError != "" || len(l.gate.failed) > 0
	l.gate.succeeded()
	if !failed && l.record.Refused == 0 {
		return true
	}
	l.status.LastError, l.status.Class, l.status.FailingFrom, l.status.Next, l.status.Stopped = "", "", time.Time{}, time.Time{}, l.why()
	l.record.Error, l.record.Since, l.record.Stopped, l.record.Refused, l.record.Attempts, l.record.Next = "", time.Time{}, l.why(), 0, 0, time.Time{}
	record := l.record
	l.outcome.Sink, l.outcome.Wake = &record, true
	return true
}

// revived tries once more what was refused before the lane stopped.
func (l *Lane) revived(ctx context.Context) error {
	if l.revive.IsZero() {
		return nil
	}
	since := l.revive.Add(-time.Second) // the first one was noted just before
	if _, err := l.cfg.Journal.Revive(ctx, journal.DeadFilter{Sink: l.cfg.Name, Reason: ReasonRefused, Since: since}); err != nil {
		return err
	}
	l.revive = time.Time{}
	l.lookAtParked()
	return nil
}

// nextParked is when the next parked entity is due; zero: none is parked. What lies further
// ahead than anything waits was noted before the clock was set back: it is due now.
func (l *Lane) nextParked(ctx context.Context) (time.Time, error) {
	next, err := l.cfg.Journal.NextParked(ctx, l.cfg.Name)
	if err != nil || !setBack(next) {
		return next, err
	}
	l.cfg.Log.Warn("the clock was set back: what is parked is tried now", "sink", l.cfg.Name)
	return time.Now(), l.cfg.Journal.MakeDue(ctx, l.cfg.Name, true)
}

// setBack reports whether a parked entity cannot have been given so late a time.
func setBack(next time.Time) bool { return time.Until(next) > longestParked }

// journalFailed takes note that the journal could not be read or written, and says how
// long to wait.
func (l *Lane) journalFailed(err error) time.Duration {
	l.mu.Lock()
	news := l.status.Journal != err.Error()
	l.status.Journal = err.Error()
	l.mu.Unlock()
	if news {
		l.cfg.Log.Error("the journal does not answer: nothing is delivered until it does", "sink", l.cfg.Name, "err", err)
	}
	return l.gate.wait.NextBackOff()
}

func (l *Lane) journalWorks() {
	l.mu.Lock()
	l.status.Journal = ""
	l.mu.Unlock()
}
