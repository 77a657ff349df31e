package dispatch

import (
	"context"
	"time"
)

// StopFull stops a log because the journal has reached its limit and this sink is what
// keeps it from shrinking: nothing is delivered until Resume, also by the next agent, and
// it holds nothing back (see Full). The journal's housekeeping calls it. An error is the
// journal's; then the lane goes on.
//
// When it is resumed it goes on behind its cursor with what the journal still has. The
// newest revision of an entity never leaves the journal, so none is lost: of what was
// removed meanwhile the sink gets the newest revision, in its place.
func (l *Lane) StopFull(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	record := l.record
	if record.Stopped = StoppedFull; record.Since.IsZero() {
		record.Since = time.Now()
	}
	if err := l.cfg.Journal.KeepSink(ctx, record); err != nil {
		return err
	}
	l.record = record
	l.status.Stopped, l.status.Next = StoppedFull, time.Time{}
	if l.status.FailingFrom.IsZero() {
		l.status.FailingFrom = record.Since
	}
	l.full.Store(true)
	return nil
}

// Full reports whether the lane is stopped by StopFull: then retention has not to wait for
// it, but for the last documents of deleted entities.
func (l *Lane) Full() bool { return l.full.Load() }

// why is the reason that the lane is stopped, as it is shown and kept. l.mu is held.
func (l *Lane) why() string {
	if l.full.Load() {
		return StoppedFull
	}
	return l.gate.stopped
}
