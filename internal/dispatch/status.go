package dispatch

import (
	"context"
	"time"

	"octail/sinks"
)

// failed takes note of an error and says how long to wait before the next try.
func (l *Lane) failed(err error, attempt int) time.Duration {
	_, resumes := l.cfg.Sink.(sinks.Resumer)
	l.unknown = resumes
	class, asked := sinks.ClassOf(err)
	var wait time.Duration
	switch {
	case class == sinks.RateLimited && asked > 0: // no fault of anybody's: not counted as a try
		wait = min(asked, longestAsked)
	case class == sinks.Blocked: // probed slowly: each try may lock the account for longer
		wait = longestWait
		l.attempt++
	default:
		wait = l.wait.NextBackOff()
		l.attempt++
	}
	l.failing(err.Error(), class, attempt, wait)
	return wait
}

func (l *Lane) failing(message string, class sinks.Class, attempt int, wait time.Duration) {
	l.mu.Lock()
	news := l.status.LastError != message
	l.status.LastError = message
	if l.status.FailingFrom.IsZero() {
		l.status.FailingFrom = time.Now()
	}
	l.mu.Unlock()
	if !news {
		return
	}
	log := l.cfg.Log.With("sink", l.cfg.Name, "class", class.String(), "wait", wait.Round(time.Millisecond).String(), "err", message)
	if attempt == 0 { // nothing was to be delivered yet
		log.Warn("sink cannot be used, trying again")
	} else {
		log.Warn("sink failed, trying again", "attempt", attempt)
	}
}

func (l *Lane) succeeded() {
	l.mu.Lock()
	recovered := l.status.LastError != ""
	l.status.LastError, l.status.FailingFrom = "", time.Time{}
	l.mu.Unlock()
	if recovered {
		l.cfg.Log.Info("sink works again", "sink", l.cfg.Name, "attempt", l.attempt)
	}
	l.attempt = 1
	l.wait.Reset()
}

// Status may be called at any time.
func (l *Lane) Status(ctx context.Context) Status {
	l.mu.Lock()
	s := l.status
	l.mu.Unlock()
	s.Pending = max(0, l.cfg.Journal.Last()-s.Cursor)
	if s.Pending > 0 {
		if next, err := l.cfg.Journal.Events(ctx, s.Cursor, 1, 1); err == nil && len(next) > 0 {
			s.Oldest = next[0].Added
		}
	}
	return s
}
