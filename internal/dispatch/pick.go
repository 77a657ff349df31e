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

// pick chooses the deliveries of the next call: parents that are pulled along first, then
// live and what is parked and due by turns, then what is asked for once more and bulk,
// which get their turn now and then. No items: there is nothing to call.
func (s *states) pick(ctx context.Context) (result, error) {
	var pulled, parked, back []*item
	for _, it := range s.due {
		switch {
		case it.parked != nil:
			parked = append(parked, it)
		case it.back:
			back = append(back, it)
		default:
			pulled = append(pulled, it)
		}
	}
	bulk := s.bulk.items
	if slots := s.slots(); slots > 1 && s.bulkCalls >= slots-1 { // one is kept for what the shop does
		back, bulk = nil, nil
	}
	sources := [][]*item{pulled, s.live.items, parked, back, bulk}
	switch {
	case s.turn >= bulkTurn-1:
		sources = [][]*item{back, bulk, pulled, s.live.items, parked}
	case s.turn%2 == 1:
		sources = [][]*item{pulled, parked, s.live.items, back, bulk}
	}
	if s.gate.probing() { // another one each time: it may be the entity and not the target
		all := slices.Concat(sources...)
		slices.SortStableFunc(all, func(a, b *item) int { return a.tried.Compare(b.tried) })
		sources = [][]*item{all}
	}
	for _, items := range sources {
		due := len(s.due)
		r, err := s.gather(ctx, items)
		for err == nil && len(r.items) == 0 && len(s.due) > due { // parents of theirs, and of those
			more := s.due[due:]
			due = len(s.due)
			r, err = s.gather(ctx, more)
		}
		if err != nil || len(r.items) > 0 {
			if s.turn++; len(r.items) > 0 && r.items[0].back {
				s.turn, r.bulk = 0, true
			}
			return r, err
		}
	}
	return result{}, nil
}

// gather makes one call of the items of a queue, in their order, as many as fit.
func (s *states) gather(ctx context.Context, items []*item) (r result, err error) {
	s.looked = nil // an entity may have got another revision since
	limit := s.cfg.Needs.Batch
	if limit <= 0 {
		limit = statesBatch
	}
	if s.gate.probing() {
		limit = 1
	}
	for i := 0; i < len(items) && len(r.items) < limit; i++ {
		it := items[i]
		if _, busy := s.flying[it.key]; busy || it.busy || it.done || it.alone && len(r.items) > 0 || slices.ContainsFunc(r.items, func(o *item) bool { return o.key == it.key }) {
			continue
		}
		if it.waits != (document.Key{}) && s.pending(it.waits) {
			continue
		}
		if err := s.lookUp(ctx, it, items[i:], limit); err != nil {
			return r, err
		}
		d, known, ok, err := s.prepare(ctx, it)
		if err != nil {
			return r, err
		}
		if !ok {
			continue
		}
		if size := len(d.Data); r.bytes+size > batchBytes && len(r.items) > 0 || s.bytes+r.bytes+size > flyingBytes && s.calls+len(r.items) > 0 {
			break
		}
		r.items, r.batch, r.known = append(r.items, it), append(r.batch, d), append(r.known, known)
		if r.bytes += len(d.Data); it.alone {
			break
		}
	}
	return r, nil
}

// looked is what the journal knows of an entity that is about to be delivered.
type looked struct {
	known    journal.Known
	accepted *journal.Accepted
}

// lookUp asks the journal about an item, unless it has been asked already, and with it
// about those behind it that may go with it: one question instead of many.
func (s *states) lookUp(ctx context.Context, it *item, behind []*item, limit int) error {
	if _, ok := s.looked[it.key]; ok {
		return nil
	}
	s.looked = map[document.Key]looked{}
	ids, n := map[string][]int64{}, 0
	for _, o := range behind {
		if _, busy := s.flying[o.key]; busy || o.busy || o.done {
			continue
		}
		ids[o.key.Entity] = append(ids[o.key.Entity], o.key.ID)
		if n++; n == limit {
			break
		}
	}
	for entity, list := range ids {
		known, err := s.cfg.Journal.Known(ctx, entity, list)
		if err != nil {
			return err
		}
		accepted, err := s.cfg.Journal.AcceptedOf(ctx, s.cfg.Name, entity, list)
		if err != nil {
			return err
		}
		for _, id := range list {
			k := document.Key{Entity: entity, ID: id}
			about := looked{known: known[id]}
			if a, ok := accepted[id]; ok {
				about.accepted = &a
			}
			if a := s.unnoted(k); a != nil {
				about.accepted = a
			}
			s.looked[k] = about
		}
	}
	return nil
}

// pending reports whether a parent is in a call, or about to be.
func (s *states) pending(parent document.Key) bool {
	if _, busy := s.flying[parent]; busy {
		return true
	}
	return slices.ContainsFunc(s.due, func(it *item) bool { return it.key == parent && !it.done })
}

// prepare looks whether an entity's newest revision is for the sink, and makes the
// delivery of it. What is not is done with; what waits for a parent stays.
func (s *states) prepare(ctx context.Context, it *item) (d sinks.Delivery, known journal.Known, ok bool, err error) {
	it.waits = document.Key{}
	known, accepted := s.looked[it.key].known, s.looked[it.key].accepted
	delete(s.looked, it.key)
	unknown := false // whether the target has what was deleted
	if known.Deleted && (accepted == nil || accepted.Deleted) {
		if unknown, err = s.mayHave(ctx, it, &known, priorTo(accepted)); err != nil {
			return d, known, false, err
		}
		unknown = unknown || accepted != nil && s.erasedSince(ctx, &known)
	}
	switch {
	case known.Sequence == 0, accepted != nil && accepted.Sequence >= known.Sequence && !it.again,
		known.Deleted && (accepted == nil || accepted.Deleted) && !unknown, !s.Takes(it.key.Entity):
		if known.Deleted { // no dead letter of it is of any use
			s.outcome.Close = append(s.outcome.Close, it.key)
		}
		s.pass(it)
		return d, known, false, nil
	}
	event, err := s.cfg.Journal.Event(ctx, known.Sequence)
	if errors.Is(err, journal.ErrNoEvent) {
		return s.gone(ctx, it, known)
	}
	if err != nil {
		return d, known, false, err
	}
	event.Shop = s.cfg.Shop
	if before := priorTo(accepted); event.Origin == s.cfg.Name && before == event.Prior && !it.again { // the echo of what it wrote itself, and it has all else
		s.accept(it.key, known)
		s.pass(it)
		return d, known, false, nil
	}
	doubted, existing := doubt{}, false
	if accepted == nil || accepted.Deleted && !known.Deleted {
		var in bool
		if in, existing, err = s.letIn(ctx, it, &event, &known, priorTo(accepted)); err != nil || !in {
			return d, known, false, err
		}
	} else if doubted, err = s.doubtOf(ctx, &event, accepted.Sequence); err != nil {
		return d, known, false, err
	}
	data, changed, err := s.relative(ctx, &event, known, accepted, doubted, it.again)
	if err != nil {
		return d, known, false, err
	}
	if accepted != nil && !accepted.Deleted && !known.Deleted && !it.again && !reads(s.cfg.Needs.Fields, it.key.Entity, changed) {
		s.accept(it.key, known)
		s.pass(it)
		return d, known, false, nil
	}
	if waits, err := s.waitsForParent(ctx, it, &event.Event, &known); err != nil || waits {
		return d, known, false, err
	}
	event.Data = data
	attempt := 1
	if it.parked != nil {
		attempt = it.parked.Attempts + 1
	}
	return sinks.Delivery{Event: event.Event, Attempt: attempt, Existing: existing && !known.Deleted, Again: it.again && accepted != nil && accepted.Sequence >= known.Sequence}, known, true, nil
}

// letIn asks the filter about an entity that the target is not noted to have. What it keeps
// out is done with, unless it may be there all the same (existing); what it cannot tell of
// is held.
func (s *states) letIn(ctx context.Context, it *item, e *journal.Stored, known *journal.Known, noted int64) (in, existing bool, err error) {
	enters, err := s.enters(ctx, &e.Event, it.again)
	if err != nil {
		s.hold(s.ticket(it, known), sinks.Hold(heldByFilter, err), "", time.Time{})
		s.parkedNow(it)
		return false, false, nil
	}
	if enters {
		return true, false, nil
	}
	if existing, err = s.entered(ctx, e, noted); err != nil || existing {
		return existing, existing, err
	}
	s.cfg.Metrics.dropped(s.cfg.Name)
	s.pass(it)
	return false, false, nil
}

// erasedSince reports whether the newest revision says once more that an entity is gone,
// because a person was erased: the target may have kept the record.
func (s *states) erasedSince(ctx context.Context, known *journal.Known) bool {
	event, err := s.cfg.Journal.Event(ctx, known.Sequence)
	return err == nil && document.Erased(event.Data)
}

// mayHave reports whether the target may have a later revision of an entity than it is
// noted to: a call of it came back with an error, or could not be noted before the process
// was killed.
func (s *states) mayHave(ctx context.Context, it *item, deleted *journal.Known, noted int64) (bool, error) {
	if it.again || !it.tried.IsZero() || it.parked != nil && it.parked.Reason != heldByFilter {
		return true, nil
	}
	before, err := s.cfg.Journal.RevisionsAfter(ctx, it.key, max(noted, s.began.from), min(s.began.to, deleted.Sequence-1))
	return len(before) > 0, err
}

// gone is an entity whose newest event is not in the journal any more: it was deleted
// long ago.
func (s *states) gone(ctx context.Context, it *item, known journal.Known) (sinks.Delivery, journal.Known, bool, error) {
	again, err := s.cfg.Journal.Known(ctx, it.key.Entity, []int64{it.key.ID})
	if err != nil {
		return sinks.Delivery{}, known, false, err
	}
	if again[it.key.ID].Sequence != known.Sequence { // it has just got another one
		return sinks.Delivery{}, known, false, nil
	}
	s.cfg.Log.Warn("cannot be delivered: its last revision has left the journal (journal.retention)", "sink", s.cfg.Name, "subject", it.key.String())
	s.pass(it)
	return sinks.Delivery{}, known, false, nil
}

// priorTo is the sequence of what the sink has, 0 for nothing.
func priorTo(accepted *journal.Accepted) int64 {
	if accepted == nil {
		return 0
	}
	return accepted.Sequence
}

// accepted is what the sink took last of an entity, nil for nothing.
func (s *states) accepted(ctx context.Context, k document.Key) (*journal.Accepted, error) {
	if a := s.unnoted(k); a != nil {
		return a, nil
	}
	list, err := s.cfg.Journal.AcceptedOf(ctx, s.cfg.Name, k.Entity, []int64{k.ID})
	if err != nil {
		return nil, err
	}
	if a, ok := list[k.ID]; ok {
		return &a, nil
	}
	return nil, nil
}

// unnoted is what the sink took last of an entity, and the journal could not note yet.
func (s *states) unnoted(k document.Key) *journal.Accepted {
	for i := range slices.Backward(s.outcome.Accepted) {
		if a := &s.outcome.Accepted[i]; a.Key == k {
			return a
		}
	}
	return nil
}

// enters reports whether an entity that the target does not have may come into it.
// It is an error when that is not known. named: a person has asked for it.
func (s *states) enters(ctx context.Context, e *document.Event, named bool) (bool, error) {
	if s.cfg.Filter == nil {
		return true, nil
	}
	link, linked, err := s.cfg.Journal.Link(ctx, s.cfg.Name, e.Key)
	if err != nil {
		return false, fmt.Errorf("%s: %w", e.Key, err)
	}
	if linked && link.Person {
		return true, nil
	}
	if ok, err := s.cfg.Filter.Matches(e); err != nil || !ok {
		return false, err
	}
	if e.Entity == document.OrderEntity && !s.cfg.Filter.ReleaseKnown() {
		return false, errors.New("the shop's processing and complete statuses, in which orders are created, are not known yet: they are read when the shop's database is reached; or set release")
	}
	if named {
		ok, _ := s.cfg.Filter.MayCreateNamed(e)
		return ok, nil
	}
	ok, _ := s.cfg.Filter.MayCreate(e)
	return ok, nil
}

// waitsForParent reports whether an entity has to wait until another one is in the
// target. A parent that the lane still has before it is pulled along; with one that is
// parked or dead the entity is parked too.
func (s *states) waitsForParent(ctx context.Context, it *item, e *document.Event, known *journal.Known) (bool, error) {
	kinds := s.cfg.Needs.Parents[e.Entity]
	if len(kinds) == 0 || known.Deleted {
		return false, nil
	}
	parents, err := document.Parents(e.Entity, e.Data)
	if err != nil {
		return false, fmt.Errorf("%s: %w", e.Key, err)
	}
	waits := false
	for _, p := range parents {
		if !slices.Contains(kinds, p.Entity) || !s.Takes(p.Entity) || p == it.key {
			continue
		}
		state, err := s.parent(ctx, p)
		if err != nil {
			return false, err
		}
		switch state {
		case parentStuck:
			s.hold(s.ticket(it, known), sinks.Hold(heldByParent, fmt.Errorf("waits for %s, which could not be delivered", p)), p.String(), time.Time{})
			s.parkedNow(it)
			return true, nil
		case parentPending:
			if s.waitsFor(p, it.key) { // each for the other: somebody has to be first
				continue
			}
			waits = true
			s.pull(p, it.back)
			it.waits = p
		}
	}
	return waits, nil
}

// pull makes a parent go before what waits for it; back says whether that is in the
// background.
func (s *states) pull(p document.Key, back bool) {
	for _, it := range s.due {
		if it.key == p && !it.done {
			it.back = it.back && back
			return
		}
	}
	if _, busy := s.flying[p]; !busy {
		s.due = append(s.due, &item{key: p, back: back})
	}
}

// waitsFor reports whether one entity that is pulled along waits for another one, by
// way of others too.
func (s *states) waitsFor(k, other document.Key) bool {
	for range len(s.due) {
		i := slices.IndexFunc(s.due, func(it *item) bool { return it.key == k && !it.done })
		if i < 0 || s.due[i].waits == (document.Key{}) {
			return false
		}
		if k = s.due[i].waits; k == other {
			return true
		}
	}
	return false
}

// What a parent may be.
const (
	parentThere   = iota // in the target, or never to come there
	parentPending        // the lane has it before it
	parentStuck          // parked or dead
)

func (s *states) parent(ctx context.Context, p document.Key) (int, error) {
	if s.pending(p) {
		return parentPending, nil
	}
	accepted, err := s.accepted(ctx, p)
	if err != nil || accepted != nil && !accepted.Deleted {
		return parentThere, err
	}
	known, err := s.cfg.Journal.Known(ctx, p.Entity, []int64{p.ID})
	if err != nil {
		return 0, err
	}
	k := known[p.ID]
	if k.Sequence == 0 || k.Deleted {
		return parentThere, nil
	}
	found, err := s.cfg.Journal.Queue(ctx, s.cfg.Name, k.Sequence-1, k.Sequence, 1, false)
	if err != nil || len(found) == 0 || found[0].Key != p {
		return parentThere, err // it has just got another revision: it comes by itself
	}
	behind := s.live.cursor()
	if found[0].Bulk || k.Sequence <= s.fillTo {
		behind = s.bulk.cursor()
	}
	switch {
	case found[0].Parked, found[0].DeadAt >= k.Sequence:
		return parentStuck, nil
	case k.Sequence <= behind: // it was not for this sink
		return parentThere, nil
	}
	event, err := s.cfg.Journal.Event(ctx, k.Sequence)
	if err != nil {
		return parentThere, nil
	}
	if enters, err := s.enters(ctx, &event.Event, false); err != nil || !enters {
		return parentThere, nil
	}
	return parentPending, nil
}
