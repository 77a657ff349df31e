package transform

import "time"

// Seen is when Run has last shown life: at each of its steps, of which there is one
// a second at least. While it waits after a failure it lies ahead; zero: Run has not
// begun.
func (t *Transformer) Seen() time.Time {
	if at := t.seen.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// alive is a sign of life, and of a wait that follows it.
func (t *Transformer) alive(wait time.Duration) {
	at := t.now().Add(wait)
	t.seen.Store(&at)
}

// Full tells whether capture has to wait in Commit, until some of what was touched
// has been read or the journal can be written.
func (t *Transformer) Full() bool { return t.tracker.size() > pendingOK || t.Blocked() != "" }
