package dispatch

import (
	"slices"
	"time"

	"github.com/cenkalti/backoff/v4"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// Why a lane has stopped by itself, as the journal keeps it.
const (
	StoppedBlocked = "blocked"           // the target lets nobody in
	StoppedRefused = "refused"           // it has refused one after the other
	StoppedFull    = journal.StoppedFull // the journal has reached its limit because of it
)

const (
	// refusedInARow is how many permanent refusals with no success between stop a
	// lane: a wrong address that answers 404 is likelier than as many bad documents.
	refusedInARow = 10
	// failedInARow is how many entities may fail with no success between until the
	// target counts as failing as a whole.
	failedInARow = 2
	// probeStopped is how often a lane that stopped itself tries one delivery.
	probeStopped = 5 * time.Minute
)

// gate says whether a lane may call its sink. It is closed by a person (pause), by the
// target (calm, no entry), by a run of failures or refusals; a closed one is opened
// for one call now and then, unless a person has paused it or the journal is full.
type gate struct {
	paused  bool
	full    bool           // stopped because the journal is full, until a person resumes it
	stopped string         // StoppedBlocked, StoppedRefused, "" while it is not
	failed  []document.Key // that failed in a row, at most failedInARow
	refused int            // that were refused for good in a row
	next    time.Time
	calmed  time.Time // when the target asked for calm last
	wait    *backoff.ExponentialBackOff
	step    time.Duration // the wait of the call that is judged; 0: it has none yet
}

func newGate() gate {
	return gate{wait: backoff.NewExponentialBackOff(backoff.WithInitialInterval(firstWait), backoff.WithMaxInterval(longestWait), backoff.WithMaxElapsedTime(0))}
}

// closed says how long nothing may be called.
func (g *gate) closed(now time.Time) (time.Duration, bool) {
	if g.paused || g.full {
		return longestWait, true
	}
	d := g.next.Sub(now)
	return d, d > 0
}

// probing reports whether it is not known that the target works: one call at a time.
func (g *gate) probing() bool { return g.stopped != "" || len(g.failed) >= failedInARow }

// calm reports whether the target asked for calm behind the begin of a call: that this
// one succeeds does not end it.
func (g *gate) calm(began time.Time) bool {
	return !began.After(g.calmed) && time.Now().Before(g.next)
}

// judging begins with another call: all that fails in one makes one wait longer.
func (g *gate) judging() { g.step = 0 }

func (g *gate) backoff() time.Duration {
	if g.step == 0 {
		g.step = g.wait.NextBackOff()
	}
	return g.step
}

// succeeded opens it.
func (g *gate) succeeded() {
	g.stopped, g.failed, g.refused, g.next = "", nil, 0, time.Time{}
	g.wait.Reset()
}

// resumed opens it because a person says so.
func (g *gate) resumed() {
	g.succeeded()
	g.paused = false
}

// failure closes it, as far as an error tells of the target as a whole; keys are those
// of a Retryable error. It returns how long to wait.
func (g *gate) failure(class sinks.Class, asked time.Duration, hurried func(time.Duration) time.Duration, keys ...document.Key) (wait time.Duration) {
	close := true
	switch class {
	case sinks.RateLimited:
		g.calmed = time.Now()
		if wait = min(asked, longestAsked); wait <= 0 {
			wait = hurried(g.backoff())
		}
	case sinks.Blocked:
		g.stopped, wait = StoppedBlocked, hurried(probeStopped)
	case sinks.Permanent:
		if g.refused++; g.refused >= refusedInARow && g.stopped == "" {
			g.stopped = StoppedRefused
		}
		close, wait = g.stopped != "", hurried(probeStopped)
	default:
		for _, k := range keys {
			if len(g.failed) < failedInARow && !slices.Contains(g.failed, k) {
				g.failed = append(g.failed, k)
			}
		}
		close, wait = g.probing(), hurried(g.backoff())
	}
	if next := time.Now().Add(wait); close && next.After(g.next) { // calls that ran beside do not end a longer wait
		g.next = next
	}
	return wait
}
