package dispatch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// wants reports whether an event is to be delivered in its turn; before are those that go
// with it.
func (l *Lane) wants(ctx context.Context, e *journal.Stored, before []sinks.Delivery) (bool, error) {
	if !l.Takes(e.Entity) || slices.Contains(l.log.ahead, e.Sequence) || e.Origin == l.cfg.Name {
		return false, nil
	}
	if !l.log.parkedAt.IsZero() || len(l.outcome.Park) > 0 {
		if parked, err := l.isParked(ctx, e.Key); err != nil || parked { // it comes behind what is parked
			return false, err
		}
	}
	return l.isFor(ctx, e, before)
}

// isParked reports whether an earlier event of an entity is parked.
func (l *Lane) isParked(ctx context.Context, k document.Key) (bool, error) {
	if slices.ContainsFunc(l.outcome.Park, func(p journal.Parked) bool { return p.Key == k }) {
		return true, nil
	}
	if slices.Contains(l.outcome.Unpark, k) {
		return false, nil
	}
	parked, err := l.cfg.Journal.ParkedOf(ctx, l.cfg.Name, []document.Key{k})
	return len(parked) > 0, ofJournal(err)
}

// isFor asks the filter of the sink. An event it fails at is parked.
func (l *Lane) isFor(ctx context.Context, e *journal.Stored, before []sinks.Delivery) (bool, error) {
	if l.cfg.Filter == nil {
		return true, nil
	}
	e.Shop = l.cfg.Shop
	ok, err := l.cfg.Filter.Matches(&e.Event)
	if err != nil && !l.resumes() {
		l.hold(l.ticketOf(e, nil), sinks.Hold(heldByFilter, err), "", time.Time{})
		l.log.parkedAt = time.Now()
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", e.EventID(), err)
	}
	if ok {
		ok, _ = l.cfg.Filter.MayCreate(&e.Event)
		if !ok && l.cfg.Remember {
			if ok, err = l.wasGiven(ctx, e.Key, before); err != nil {
				return false, ofJournal(err)
			}
		}
	}
	if !ok {
		l.cfg.Metrics.dropped(l.cfg.Name)
	}
	return ok, nil
}

// wasGiven reports whether a log that remembers it has been given an entity, or is given it
// before.
func (l *Lane) wasGiven(ctx context.Context, k document.Key, before []sinks.Delivery) (bool, error) {
	if slices.ContainsFunc(before, func(d sinks.Delivery) bool { return d.Key == k }) || slices.ContainsFunc(l.outcome.Accepted, func(a journal.Accepted) bool { return a.Key == k }) {
		return true, nil
	}
	accepted, err := l.cfg.Journal.AcceptedOf(ctx, l.cfg.Name, k.Entity, []int64{k.ID})
	_, given := accepted[k.ID]
	return given, err
}
