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

// judge decides what becomes of a call's deliveries.
func (s *states) judge(r *result) {
	s.gate.judging()
	defer s.tellOutage(failedCalls)
	failed := failures(r.batch, r.err)
	absent := notThere(r.batch, failed)
	good := len(r.batch) - len(failed)
	s.cfg.Metrics.call(s.cfg.Name, good, len(failed), r.took)
	if good > 0 {
		s.works(r.began)
	}
	if len(failed) > 1 && !named(r.batch, r.err) {
		s.failedWhole(r, failed)
		return
	}
	for i, it := range r.items {
		if cause := failed[i]; cause != nil {
			s.failedOne(it, r, i, cause)
			continue
		}
		if absent[i] {
			s.pass(it)
			continue
		}
		s.cfg.Metrics.endToEnd(s.cfg.Name, time.Since(r.batch[i].Time))
		s.attempt(&r.batch[i], r.began, r.took, nil, time.Time{})
		s.accept(it.key, r.known[i])
		s.pass(it)
	}
}

// notThere takes out of the failures what is none: that the target does not have what it
// was to be given only if it has it.
func notThere(batch []sinks.Delivery, failed map[int]error) map[int]bool {
	absent := map[int]bool{}
	for i, cause := range failed {
		if batch[i].Existing && errors.Is(cause, sinks.ErrAbsent) {
			absent[i] = true
			delete(failed, i)
		}
	}
	return absent
}

// failedWhole is a call that failed, and nobody knows which of its deliveries is the
// cause. Unless it is the target that speaks of itself, each is tried alone.
func (s *states) failedWhole(r *result, failed map[int]error) {
	class, asked := sinks.ClassOf(r.err)
	if class != sinks.Blocked && class != sinks.RateLimited {
		class, asked = sinks.Retryable, 0
		for _, it := range r.items {
			it.alone = true
		}
	}
	s.troubled(r.err, class, asked, r.items[0].key, r.items[1].key)
	if class == sinks.Retryable { // it may be one of them, which the next call tells, but for one that hangs
		s.outage.sure = errors.Is(r.err, context.DeadlineExceeded)
	}
	for i := range r.items {
		s.attempt(&r.batch[i], r.began, r.took, failed[i], s.gate.next)
	}
}

// failedOne decides about one delivery that failed.
func (s *states) failedOne(it *item, r *result, i int, cause error) {
	class, asked := sinks.ClassOf(cause)
	t, d := s.ticket(it, &r.known[i]), &r.batch[i]
	next := time.Time{}
	switch _, held := sinks.HeldFor(cause); {
	case held:
		s.hold(t, cause, "", r.began)
		next = s.parkedNow(it)
	case class == sinks.RateLimited, class == sinks.Blocked: // no fault of the document: it stays where it is
		s.troubled(cause, class, asked)
	case class == sinks.Permanent && s.gate.stopped != "": // not one after the other into the dead letters
		s.troubled(cause, class, asked)
	case class == sinks.Permanent:
		s.buried(it, t, ReasonRefused, d, cause)
		s.troubled(cause, class, asked)
	case s.proven(t):
		if s.retry(t, d, cause, true, r.began, 0) {
			s.dead(it, t)
		} else {
			next = s.parkedNow(it)
		}
	case s.gate.probing(): // it is the target, as far as one knows
		s.troubled(cause, class, asked, it.key)
		if it.parked != nil {
			it.parked.Tried = r.began
		}
	default: // it may be this one alone: the others will tell
		wait := s.troubled(cause, class, asked, it.key)
		s.retry(t, d, cause, false, r.began, wait)
		next = s.parkedNow(it)
	}
	if next.IsZero() {
		next = s.gate.next
	}
	s.attempt(d, r.began, r.took, cause, next)
}

func (s *states) ticket(it *item, known *journal.Known) *ticket {
	t := &ticket{key: it.key, revision: known.Revision, sequence: known.Sequence, queue: journal.Live, parked: it.parked}
	if it.again {
		t.queue = queueAgain
	}
	return t
}

// parkedNow takes an entity that has just been parked out of the queues, and says when
// it is tried again.
func (s *states) parkedNow(it *item) time.Time {
	it.done = true
	if it.again && it.parked == nil {
		s.outcome.Resent = append(s.outcome.Resent, it.key)
	}
	p := &s.outcome.Park[len(s.outcome.Park)-1]
	if soon := time.Now().Add(s.hurried(nudgeAfter)); s.finish(it.key, s.cfg.Journal.Last()) > p.Sequence && p.Next.After(soon) {
		p.Next = soon // another revision has come meanwhile
	}
	return p.Next
}

func (s *states) buried(it *item, t *ticket, reason string, d *sinks.Delivery, cause error) {
	s.bury(t, reason, d, cause)
	s.dead(it, t)
}

// dead takes a revision that has become a dead letter out of the queues; a later one
// is tried.
func (s *states) dead(it *item, t *ticket) {
	s.outcome.Close = append(s.outcome.Close, it.key) // its older dead letter
	s.finish(it.key, t.sequence)
	s.pass(it)
}

// finish takes an entity out of the queues, up to a revision, and returns the last one that
// was there.
func (s *states) finish(k document.Key, upTo int64) (last int64) {
	for _, w := range []*window{&s.live, &s.bulk} {
		for _, o := range w.items {
			if o.key == k && o.sequence <= upTo {
				o.done, last = true, max(last, o.sequence)
			}
		}
	}
	return last
}

// pass is done with an item.
func (s *states) pass(it *item) {
	if it.done = true; it.parked != nil {
		s.outcome.Unpark = append(s.outcome.Unpark, it.key)
	}
	if it.again && it.parked == nil {
		s.outcome.Resent = append(s.outcome.Resent, it.key)
	}
}

// accept notes what the sink has. What could not be noted before is not true any more.
func (s *states) accept(k document.Key, known journal.Known) {
	s.outcome.Dead = slices.DeleteFunc(s.outcome.Dead, func(d journal.Dead) bool { return d.Key == k })
	s.outcome.Park = slices.DeleteFunc(s.outcome.Park, func(p journal.Parked) bool { return p.Key == k })
	s.outcome.Accepted = append(s.outcome.Accepted, journal.Accepted{Key: k, Revision: known.Revision, Sequence: known.Sequence, Time: time.Now(), Deleted: known.Deleted, Fields: known.Fields})
	s.outcome.Close = append(s.outcome.Close, k)
}
