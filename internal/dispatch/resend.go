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

const (
	// resendBatch is how many entities are delivered once more in one call.
	resendBatch = 100
	// resendTries is how often one is tried that fails. With the waits between, from
	// idleCheck to longestWait, that is more than an hour.
	resendTries = 20
)

// Resends reports whether the lane's sink can be given once more what it has. One
// that can tell what it holds keeps a log of its own, in order: nothing older than its
// end goes into it.
func (l *Lane) Resends() bool {
	return !l.resumes()
}

// Takes reports whether the sink is given this kind of entity.
func (l *Lane) Takes(entity string) bool {
	return (l.cfg.Entities == nil || slices.Contains(l.cfg.Entities, entity)) && (l.cfg.Needs.Entities == nil || slices.Contains(l.cfg.Needs.Entities, entity))
}

// refused is what the lane remembers of a key that could not be delivered once more.
type refused struct {
	tries int
	until time.Time // the next try comes after it
}

// resend delivers once more what a person has asked for, while nothing else waits:
// the newest revision of each entity, under its old id. What fails is tried again on
// its own, and is no failure of the lane: neither new events nor the other ones wait
// for it. more is false when there is nothing to do at present.
func (l *Lane) resend(ctx context.Context) (more bool) {
	if time.Now().Before(l.log.calm) {
		return false
	}
	keys, err := l.toResend(ctx)
	if err == nil && len(keys) > 0 {
		err = l.resendThese(ctx, keys)
	}
	switch {
	case err != nil && ctx.Err() == nil:
		l.rest(longestWait)
		l.resendFailing("", 0, err)
	case err == nil && len(keys) == 0 && len(l.log.refused) == 0:
		l.setResendError("")
	}
	return err == nil && len(keys) > 0
}

// toResend is what the next call is about: keys that have not failed, or one that has
// and whose time has come.
func (l *Lane) toResend(ctx context.Context) ([]document.Key, error) {
	limit := resendBatch
	if l.cfg.Needs.Batch > 0 {
		limit = min(limit, l.cfg.Needs.Batch)
	}
	all, err := l.cfg.Journal.Resends(ctx, l.cfg.Name, limit+len(l.log.refused)) // past those that wait
	if err != nil {
		return nil, err
	}
	var fresh, again []document.Key
	for _, k := range all {
		if r, failed := l.log.refused[k]; !failed {
			fresh = append(fresh, k)
		} else if !time.Now().Before(r.until) {
			again = append(again, k)
		}
	}
	if len(fresh) > 0 {
		return fresh[:min(limit, len(fresh))], nil
	}
	slices.SortStableFunc(again, func(a, b document.Key) int { return l.log.refused[a].tries - l.log.refused[b].tries })
	return again[:min(1, len(again))], nil
}

// resendThese makes one call, and notes of each key that it is done or has failed.
// An error is the journal's.
func (l *Lane) resendThese(ctx context.Context, keys []document.Key) error {
	var batch []sinks.Delivery
	causes := map[document.Key]error{}
	for _, k := range keys {
		event, ok, err := l.newest(ctx, k)
		switch {
		case err != nil:
			causes[k] = err
		case ok && l.Resends() && l.Takes(k.Entity):
			event.Shop = l.cfg.Shop
			wanted, err := l.isForNamed(ctx, &event)
			if err != nil {
				causes[k] = err
			}
			if !wanted {
				continue
			}
			batch = append(batch, sinks.Delivery{Event: event.Event, Attempt: l.log.refused[k].tries + 1, Again: true})
		}
	}
	if len(batch) > 0 {
		began := time.Now()
		failed := refusals(batch, l.call(ctx, batch))
		l.cfg.Metrics.call(l.cfg.Name, len(batch)-len(failed), len(failed), time.Since(began))
		for i, cause := range failed {
			causes[batch[i].Key] = cause
		}
	}
	if len(causes) > 0 && ctx.Err() != nil { // octail stops: nobody's fault
		return ctx.Err()
	}
	var done []document.Key
	for _, k := range keys {
		if cause := causes[k]; cause == nil || l.givesUp(k, cause) {
			done = append(done, k)
			delete(l.log.refused, k)
		}
	}
	if len(done) == 0 {
		return nil
	}
	return l.cfg.Journal.Resent(context.WithoutCancel(ctx), l.cfg.Name, done)
}

// isForNamed asks the filter about an event that a person has named.
func (l *Lane) isForNamed(ctx context.Context, e *journal.Stored) (bool, error) {
	if l.cfg.Filter == nil {
		return true, nil
	}
	if ok, err := l.cfg.Filter.Matches(&e.Event); err != nil || !ok {
		return false, err
	}
	if ok, _ := l.cfg.Filter.MayCreateNamed(&e.Event); ok || !l.cfg.Remember {
		return ok, nil
	}
	return l.wasGiven(ctx, e.Key, nil)
}

// refusals says which deliveries of a batch failed, and why. Of a batch that was
// refused as a whole, nobody knows what is wrong with which.
func refusals(batch []sinks.Delivery, err error) map[int]error {
	if class, _ := sinks.ClassOf(err); class == sinks.Permanent && len(batch) > 1 && !named(batch, err) {
		err = fmt.Errorf("one of %d: %v", len(batch), err) // loses its class: each is tried alone
	}
	return failures(batch, err)
}

// givesUp takes note of a failure. It is true when the key is not tried any more.
func (l *Lane) givesUp(k document.Key, cause error) bool {
	r := l.log.refused[k]
	class, asked := sinks.ClassOf(cause)
	switch class {
	case sinks.RateLimited: // no fault of the document: not counted as a try
		l.rest(min(max(asked, idleCheck), longestAsked))
	case sinks.Blocked:
		l.rest(longestWait)
	case sinks.Permanent:
		r.tries = resendTries
	default:
		l.rest(idleCheck) // it may be the target: not all the others at once
		r.tries++
		r.until = time.Now().Add(min(longestWait, idleCheck<<min(r.tries-1, 8)))
		l.log.refused[k] = r
	}
	if r.tries < resendTries {
		l.resendFailing(k.String(), r.tries, cause)
		return false
	}
	l.cfg.Log.Error("not delivered once more, and not tried again: when the cause is mended, ask again with octail sync --force",
		"sink", l.cfg.Name, "subject", k.String(), "class", class.String(), "err", cause)
	return true
}

// rest puts off all that is to be delivered once more.
func (l *Lane) rest(d time.Duration) {
	if until := time.Now().Add(d); until.After(l.log.calm) {
		l.log.calm = until
	}
}

// tryResendsNow ends the waits.
func (l *Lane) tryResendsNow() {
	l.log.calm = time.Time{}
	for k, r := range l.log.refused {
		l.log.refused[k] = refused{tries: r.tries}
	}
}

// resendFailing says a cause once: an outage would say it for each key, and of two that
// are refused each would with every try.
func (l *Lane) resendFailing(subject string, tries int, cause error) {
	if l.setResendError(cause.Error()) && tries <= 1 {
		l.cfg.Log.Warn("what was asked for once more is not delivered, trying again; new events go on", "sink", l.cfg.Name, "subject", subject, "err", cause)
	}
}

// setResendError is for Status. It reports whether that is news.
func (l *Lane) setResendError(message string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	news := l.status.ResendError != message
	l.status.ResendError = message
	return news
}

// newest is an entity's newest event. ok is false when the journal has none, or when
// it is still to come: then it is delivered anyway.
func (l *Lane) newest(ctx context.Context, k document.Key) (event journal.Stored, ok bool, err error) {
	known, err := l.cfg.Journal.Known(ctx, k.Entity, []int64{k.ID})
	if err != nil {
		return event, false, err
	}
	sequence := known[k.ID].Sequence
	if sequence > l.log.at.cursor {
		return event, false, nil
	}
	event, err = l.cfg.Journal.Event(ctx, sequence)
	if errors.Is(err, journal.ErrNoEvent) { // also of a key that it does not know
		l.cfg.Log.Warn("cannot be delivered once more: the journal has no event of it, or none any more (journal.retention)", "sink", l.cfg.Name, "subject", k.String())
		return event, false, nil
	}
	return event, err == nil, err
}
