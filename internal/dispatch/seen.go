package dispatch

import "time"

// Seen is when the lane has last shown life: at each step and
// before each of the sink's calls, and an idle one looks every quarter of a minute
// whether that is right. While it waits to try again it lies ahead; zero: Run has not
// begun.
func (l *Lane) Seen() time.Time {
	if at := l.seen.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// Patience is how long the lane may be busy without a sign of life: asking the
// target what it holds, and one call.
func (l *Lane) Patience() time.Duration { return 2*l.cfg.Timeout + grace }

// alive is a sign of life, and of a wait that follows it.
func (l *Lane) alive(wait time.Duration) {
	at := time.Now().Add(wait)
	l.seen.Store(&at)
}
