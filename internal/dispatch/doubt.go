package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// doubt is what the target may hold of an entity although it is not noted: an answer was
// lost, or the process was killed before it could be noted.
type doubt struct {
	revisions []journal.Stored // newest first
	unknown   bool             // and others that nobody looks for any more
}

// How many revisions of an entity are looked at: where a delivery failed, and where the
// lane knows only that it began since.
const (
	mostFailed  = 100
	mostUnnoted = 5
)

// doubtOf looks at the revisions between the newest one and the one that is noted: those up
// to the last one whose delivery failed, or that was there when the lane began.
func (s *states) doubtOf(ctx context.Context, newest *journal.Stored, noted int64) (doubt, error) {
	var d doubt
	if newest.Prior <= noted {
		return d, nil
	}
	failed, err := s.failedLast(ctx, newest.Key, newest.Sequence)
	if err != nil {
		return d, err
	}
	upTo := max(failed, s.began.to)
	if upTo <= noted {
		return d, nil
	}
	most := mostUnnoted
	if failed > noted {
		most = mostFailed
	}
	for at := newest.Prior; at > noted; most-- {
		e, err := s.cfg.Journal.Event(ctx, at)
		if most == 0 || errors.Is(err, journal.ErrNoEvent) {
			d.unknown = true
			break
		}
		if err != nil {
			return d, err
		}
		if at <= upTo {
			d.revisions = append(d.revisions, e)
		}
		at = e.Prior
	}
	if d.unknown && failed <= noted { // too unlikely to write all that was made meanwhile
		return doubt{}, nil
	}
	return d, nil
}

// failedLast is the sequence of the last revision before one whose delivery failed so that
// the target may have it all the same; 0: none.
func (s *states) failedLast(ctx context.Context, k document.Key, before int64) (int64, error) {
	class := sinks.Retryable.String()
	last, err := s.cfg.Journal.TriedBefore(ctx, s.cfg.Name, k, class, before)
	for i := range s.outcome.Attempts { // not noted yet
		if a := &s.outcome.Attempts[i]; a.Key == k && a.Class == class && a.Sequence < before {
			last = max(last, a.Sequence)
		}
	}
	return last, err
}

// entered reports whether a revision in doubt was let in by the filter, which keeps the
// newest one out.
func (s *states) entered(ctx context.Context, newest *journal.Stored, noted int64) (bool, error) {
	d, err := s.doubtOf(ctx, newest, noted)
	if err != nil {
		return false, err
	}
	for i := range d.revisions {
		e := &d.revisions[i]
		if e.Shop = s.cfg.Shop; e.Kind == document.Deleted {
			continue
		}
		if in, err := s.enters(ctx, &e.Event, false); err == nil && in { // of what cannot be told the newest tells
			return true, nil
		}
	}
	return d.unknown, nil
}

// fields are those that differ in a doubted revision from what is noted; all is true when
// that may be any.
func (d doubt) fields() (names []string, all bool) {
	for i := range d.revisions {
		var data struct{ Changed []string }
		if err := json.Unmarshal(d.revisions[i].Data, &data); err != nil || d.revisions[i].Kind != document.Updated {
			return nil, true // it was scrubbed, or is another one altogether
		}
		names = append(names, data.Changed...)
	}
	slices.Sort(names)
	return slices.Compact(names), d.unknown
}
