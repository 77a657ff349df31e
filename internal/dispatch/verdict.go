package dispatch

import (
	"errors"
	"time"

	"github.com/cenkalti/backoff/v4"

	"octail/internal/journal"
	"octail/internal/mask"
	"octail/sinks"
	"octail/transform/document"
)

// What becomes of an entity that fails alone.
const (
	// deadTries over at least deadAfter make it a dead letter. Only tries count between
	// which the sink has taken something else.
	deadTries = 20
	deadAfter = 24 * time.Hour
	// firstRetry to longestRetry are the waits between those tries.
	firstRetry   = 5 * time.Second
	longestRetry = 2 * time.Hour
	// longestParked is more than any parked entity waits: those waits vary by a half.
	longestParked = 2 * longestRetry
	// heldFor is when one is tried again that waits for a change of the configuration,
	// or for a parent, should nobody say that it has come.
	heldFor = time.Hour
	// nudgeAfter is when a parked entity is tried that has got a new revision.
	nudgeAfter = 15 * time.Second
)

// Reasons of dead letters: a closed list, they are labels of metrics.
const (
	ReasonTries   = "tries"   // dead: it has failed too often
	ReasonRefused = "refused" // dead: refused for good
)

// Why entities are held that wait for no mapping.
const (
	heldByParent = "parent"
	heldByFilter = "filter"
)

// queueAgain is the queue of parked entities that a person has asked for once more.
const queueAgain = "again"

// ticket is an entity's revision that something becomes of.
type ticket struct {
	key      document.Key
	revision int64
	sequence int64
	queue    string
	parked   *journal.Parked // its row, nil when it has none
}

// row is what is noted of an entity that is parked.
func (t *ticket) row() journal.Parked {
	p := journal.Parked{Key: t.key, Since: time.Now()}
	if t.parked != nil {
		p = *t.parked
	}
	p.Queue, p.Revision, p.Sequence = t.queue, t.revision, t.sequence
	return p
}

// proven reports whether it is the entity that fails: the target has taken something
// else since it was tried last, or had before, and nothing says that it fails now.
func (l *Lane) proven(t *ticket) bool {
	p := t.parked
	return p != nil && (!p.Tried.IsZero() && l.lastSuccess.After(p.Tried) || p.Attempts > 0 && !l.gate.probing())
}

// retry parks an entity that fails, or makes it a dead letter, which it reports. A try
// counts when it is proven that it is the entity. wait is for one of which it is not.
func (l *Lane) retry(t *ticket, d *sinks.Delivery, cause error, proven bool, tried time.Time, wait time.Duration) (dead bool) {
	p := t.row()
	if proven {
		p.Attempts++
		wait = l.hurried(retryAfter(p.Attempts))
	}
	if p.Attempts >= deadTries && time.Since(p.Since) >= l.hurried(deadAfter) {
		l.bury(t, ReasonTries, d, cause)
		return true
	}
	p.Class, p.Reason, p.Waits, p.Error = sinks.Retryable.String(), journal.Failing, "", mask.Text(cause.Error(), d.Data)
	p.Tried, p.Next = tried, time.Now().Add(wait)
	if proven && p.Attempts == 1 {
		l.cfg.Log.Warn("one entity fails and is tried again alone; the others go on", "sink", l.cfg.Name, "entity", t.key.String(), "err", p.Error, "next", p.Next.UTC().Format(time.TimeOnly))
	}
	l.outcome.Park = append(l.outcome.Park, p)
	return false
}

// hold parks an entity that waits for something that is not the target's: a mapping, a
// filter, a parent. tried is zero when it was not called.
func (l *Lane) hold(t *ticket, cause error, waits string, tried time.Time) {
	kind, _ := sinks.HeldFor(cause)
	p := t.row()
	p.Class, p.Reason, p.Waits, p.Error = sinks.Retryable.String(), kind, waits, cause.Error()
	p.Next = time.Now().Add(l.hurried(heldFor))
	if !tried.IsZero() {
		p.Tried = tried
	}
	l.outcome.Park = append(l.outcome.Park, p)
	if waits == "" && (t.parked == nil || t.parked.Reason != kind) { // what becomes of a parent is said as its own
		l.cfg.Log.Warn("one entity waits alone until the configuration has what it needs; the others go on", "sink", l.cfg.Name, "entity", t.key.String(), "reason", kind, "err", mask.Text(cause.Error(), nil))
	}
}

// bury makes a dead letter.
func (l *Lane) bury(t *ticket, reason string, d *sinks.Delivery, cause error) {
	class, _ := sinks.ClassOf(cause)
	x, p, text := sinks.ExchangeOf(cause), t.row(), mask.Text(cause.Error(), d.Data)
	l.outcome.Dead = append(l.outcome.Dead, journal.Dead{Sink: l.cfg.Name, Key: t.key, Revision: t.revision, Sequence: t.sequence, Class: class.String(), Reason: reason,
		Cause: text, Attempts: p.Attempts + 1, Since: time.Now(), Request: mask.Text(x.Request, d.Data), Answer: mask.Text(x.Answer, d.Data)})
	l.cfg.Metrics.dead(l.cfg.Name)
	l.cfg.Log.Error("a dead letter: it is tried again when it changes in the shop, or by `octail dead retry`", "sink", l.cfg.Name, "event", d.EventID(), "reason", reason, "err", text)
}

// attempt notes a try, for `octail trace`.
func (l *Lane) attempt(d *sinks.Delivery, began time.Time, took time.Duration, cause error, next time.Time) {
	a := journal.Attempt{Sink: l.cfg.Name, Key: d.Key, Revision: d.Revision, First: d.Sequence, Sequence: d.Sequence, Started: began, Duration: took, Class: "ok"}
	if cause != nil {
		class, _ := sinks.ClassOf(cause)
		x := sinks.ExchangeOf(cause)
		a.Class, a.Next = class.String(), next
		a.Request, a.Answer = mask.Text(x.Request, d.Data), mask.Text(cause.Error(), d.Data)
		if x.Answer != "" {
			a.Answer += "\n" + mask.Text(x.Answer, d.Data)
		}
	}
	l.outcome.Attempts = append(l.outcome.Attempts, a)
}

// retryAfter is the wait after so many tries that counted.
func retryAfter(tries int) time.Duration {
	b := backoff.NewExponentialBackOff(backoff.WithInitialInterval(firstRetry), backoff.WithMultiplier(2), backoff.WithMaxInterval(longestRetry), backoff.WithMaxElapsedTime(0))
	var wait time.Duration
	for range min(max(1, tries), deadTries) {
		wait = b.NextBackOff()
	}
	return wait
}

// named reports whether an error says which deliveries of a batch failed.
func named(batch []sinks.Delivery, err error) bool {
	var part *sinks.BatchError
	if !errors.As(err, &part) || part == nil || len(part.Failed) == 0 {
		return false
	}
	for i, cause := range part.Failed {
		if i < 0 || i >= len(batch) || cause == nil { // names nothing we sent: believe nothing
			return false
		}
	}
	return true
}

// failures says which deliveries of a batch failed, and why: all of them unless the
// error names some.
func failures(batch []sinks.Delivery, err error) map[int]error {
	if err == nil {
		return nil
	}
	if named(batch, err) {
		var part *sinks.BatchError
		errors.As(err, &part)
		return part.Failed
	}
	failed := map[int]error{}
	for i := range batch {
		failed[i] = err
	}
	return failed
}
