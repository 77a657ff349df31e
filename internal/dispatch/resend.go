package dispatch

import (
	"context"
	"errors"
	"slices"
	"time"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// resendBatch is how many entities are delivered once more in one call.
const resendBatch = 100

// Resends reports whether the lane's sink can be given once more what it has. One
// that can tell what it holds keeps a log of its own, in order: nothing older than its
// end goes into it.
func (l *Lane) Resends() bool {
	_, resumes := l.cfg.Sink.(sinks.Resumer)
	return !resumes
}

// Takes reports whether the sink is given this kind of entity.
func (l *Lane) Takes(entity string) bool {
	return l.cfg.Entities == nil || slices.Contains(l.cfg.Entities, entity)
}

// resend delivers once more what a person has asked for, while nothing else waits:
// the newest revision of each entity, under its old id. more is false when there was
// nothing.
func (l *Lane) resend(ctx context.Context) (more bool, err error) {
	limit := resendBatch
	if p, ok := l.cfg.Sink.(sinks.Portioner); ok {
		limit = min(limit, max(1, p.Portion()))
	}
	keys, err := l.cfg.Journal.Resends(ctx, l.cfg.Name, limit)
	if err != nil || len(keys) == 0 {
		return false, err
	}
	var batch []sinks.Delivery
	for _, k := range keys {
		event, ok, err := l.newest(ctx, k)
		if err != nil {
			return false, err
		}
		if ok && l.Resends() && l.Takes(k.Entity) {
			event.Shop = l.cfg.Shop
			batch = append(batch, sinks.Delivery{Event: event.Event, Attempt: l.attempt})
		}
	}
	if len(batch) > 0 {
		began := time.Now()
		if err := l.call(ctx, batch); err != nil { // those that succeeded come again: nobody counts on one time
			l.cfg.Metrics.call(l.cfg.Name, 0, len(batch), time.Since(began))
			return false, err
		}
		l.cfg.Metrics.call(l.cfg.Name, len(batch), 0, time.Since(began))
	}
	return true, l.cfg.Journal.Resent(ctx, l.cfg.Name, keys)
}

// newest is an entity's newest event. ok is false when the journal has none, or when
// it is still to come: then it is delivered anyway.
func (l *Lane) newest(ctx context.Context, k document.Key) (event journal.Stored, ok bool, err error) {
	known, err := l.cfg.Journal.Known(ctx, k.Entity, []int64{k.ID})
	if err != nil {
		return event, false, err
	}
	sequence := known[k.ID].Sequence
	if sequence == 0 || sequence > l.at.cursor {
		return event, false, nil
	}
	event, err = l.cfg.Journal.Event(ctx, sequence)
	if errors.Is(err, journal.ErrNoEvent) {
		return event, false, nil
	}
	return event, err == nil, err
}
