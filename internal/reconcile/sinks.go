package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// Lane is a running lane whose sink can read back what its target holds. It has its sink
// compare between two deliveries, or beside them where the sink can take that.
type Lane interface {
	Name() string
	Takes(entity string) bool
	// Compare tells what differs in the target of what the sink accepted; Difference.Index
	// is the place in batch. It returns within the sink's timeout.
	Compare(ctx context.Context, batch []journal.Accepted) ([]sinks.Difference, error)
	// Wake makes the lane look for deliveries that were asked for once more.
	Wake()
}

// Target is a Lane to be compared.
type Target struct {
	Lane
	Batch int    // entities in one call; 0: hundreds
	Why   string // why it cannot be compared at present: it is paused, stopped or failing
}

// Limits of comparing with a sink.
const (
	acceptedFor = time.Minute // what was accepted later is not looked at: a target may take its time
	sinkBatch   = 500         // entities in one call of a sink that names no number
	// heldFrom: as many missing ones, when they are most of their kind, are not made anew
	// by the daily run: the target may be another one than before.
	heldFrom = 20
)

// secondLook is the wait before what differs is looked at once more.
var secondLook = 2 * time.Second // tests do not wait

// Request says what is to be compared.
type Request struct {
	Repair bool
	// Sinks: these alone, and not the shop. None: the shop and all that can be.
	Sinks []string
}

// RunSinks compares with some sinks alone. What the last comparison said of them is
// replaced by it.
func RunSinks(ctx context.Context, j *journal.Journal, targets []Target, repair bool) (*Report, error) {
	r := &Report{Started: time.Now().UTC(), Repair: repair, SinksOnly: true, Entities: map[string]Counts{}}
	var err error
	if r.Sinks, err = Sinks(ctx, j, targets, repair, false); err != nil {
		return nil, err
	}
	r.Finished = time.Now().UTC()
	last, err := Last(ctx, j)
	if err != nil || last == nil {
		return r, err
	}
	if last.Sinks == nil {
		last.Sinks = map[string]*SinkReport{}
	}
	maps.Copy(last.Sinks, r.Sinks)
	return r, keep(ctx, j, last)
}

// Sinks compares each target with what its sink accepted, all at the same time, and with
// repair asks for the delivery of what differs. An error is the journal's, or ctx's.
func Sinks(ctx context.Context, j *journal.Journal, targets []Target, repair, daily bool) (map[string]*SinkReport, error) {
	out := map[string]*SinkReport{}
	errs := make([]error, len(targets))
	var group sync.WaitGroup
	for i, t := range targets {
		r := &SinkReport{Entities: map[string]SinkCounts{}, Skipped: t.Why}
		out[t.Name()] = r
		if t.Why == "" {
			c := &sinkRun{journal: j, target: t, repair: repair, daily: daily, SinkReport: r}
			group.Go(func() { errs[i] = c.run(ctx) })
		}
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

type sinkRun struct {
	journal       *journal.Journal
	target        Target
	repair, daily bool
	*SinkReport
}

func (r *sinkRun) run(ctx context.Context) error {
	before := time.Now().Add(-acceptedFor)
	for _, entity := range document.Entities {
		if !r.target.Takes(entity) {
			continue
		}
		if err := r.entity(ctx, entity, before); err != nil {
			return err
		}
		if r.Skipped != "" {
			break
		}
	}
	r.Finished = time.Now().UTC()
	return nil
}

// entity compares one kind. That the target cannot be asked ends it, and is no error.
func (r *sinkRun) entity(ctx context.Context, entity string, before time.Time) error {
	limit := sinkBatch
	if r.target.Batch > 0 {
		limit = min(limit, r.target.Batch)
	}
	c := &kindRun{sinkRun: r, entity: entity, limit: limit}
	err := c.compareAll(ctx, before)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var failed *askError
	if errors.As(err, &failed) {
		r.Skipped, err = failed.Error(), nil
	}
	if err != nil {
		return err
	}
	if err := c.again(ctx); err != nil {
		return err
	}
	if c.counts.Compared > 0 {
		r.Entities[entity] = c.counts
	}
	return nil
}

// kindRun is the comparison of one kind.
type kindRun struct {
	*sinkRun
	entity   string
	limit    int // entities in one call
	counts   SinkCounts
	suspects []journal.Accepted // seen to differ once
	differ   []document.Key
}

func (r *kindRun) compareAll(ctx context.Context, before time.Time) error {
	for after, done := int64(0), false; !done; {
		page, err := r.journal.AcceptedPage(ctx, r.target.Name(), r.entity, after, before, r.limit)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			after = page[len(page)-1].ID
			list, err := r.compare(ctx, page)
			if err != nil {
				return err
			}
			r.counts.Compared += int64(len(page))
			for _, d := range list {
				r.suspects = append(r.suspects, page[d.Index])
			}
		}
		done = len(page) < r.limit
		if done || len(r.suspects) >= doubts {
			if err := r.decide(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// decide looks at suspects once more, a while later: a target may have been at work on
// them, or have got something newer meanwhile.
func (r *kindRun) decide(ctx context.Context) error {
	suspects := r.suspects
	r.suspects = nil
	if len(suspects) == 0 {
		return nil
	}
	if err := pause(ctx, secondLook); err != nil {
		return err
	}
	for part := range slices.Chunk(suspects, r.limit) {
		still, err := r.unchanged(ctx, part)
		if err != nil {
			return err
		}
		if len(still) == 0 {
			continue
		}
		list, err := r.compare(ctx, still)
		if err != nil {
			return err
		}
		for _, d := range list {
			r.differs(still[d.Index].Key, d)
		}
	}
	return nil
}

// unchanged are those whose newest revision is still the one that was accepted.
func (r *kindRun) unchanged(ctx context.Context, suspects []journal.Accepted) (still []journal.Accepted, err error) {
	var ids []int64
	for _, a := range suspects {
		ids = append(ids, a.ID)
	}
	accepted, err := r.journal.AcceptedOf(ctx, r.target.Name(), r.entity, ids)
	if err != nil {
		return nil, err
	}
	newest, err := r.journal.Known(ctx, r.entity, ids)
	if err != nil {
		return nil, err
	}
	for _, a := range suspects {
		if now := accepted[a.ID]; now.Sequence == a.Sequence && now.Time.Equal(a.Time) && newest[a.ID].Sequence == a.Sequence {
			still = append(still, a)
		}
	}
	return still, nil
}

func (r *kindRun) differs(key document.Key, d sinks.Difference) {
	if d.Missing {
		r.counts.Missing++
	} else {
		r.counts.Different++
	}
	r.differ = append(r.differ, key)
	if len(r.Differences) < shownDifferences {
		r.Differences = append(r.Differences, SinkDifference{Subject: key.String(), Missing: d.Missing, Fields: d.Fields})
	}
}

// again asks for the delivery of what differs.
func (r *kindRun) again(ctx context.Context) error {
	if !r.repair || len(r.differ) == 0 {
		return nil
	}
	if r.daily && r.counts.Missing > heldFrom && 2*r.counts.Missing > r.counts.Compared {
		r.Held = true
		return nil
	}
	if err := r.journal.Resend(ctx, r.target.Name(), r.differ); err != nil {
		return err
	}
	r.target.Wake()
	r.counts.Again = int64(len(r.differ))
	return nil
}

// askError: the target could not be asked.
type askError struct{ error }

// compare asks the lane, and believes it no more than it can mean.
func (r *sinkRun) compare(ctx context.Context, batch []journal.Accepted) ([]sinks.Difference, error) {
	list, err := r.target.Compare(ctx, batch)
	if err != nil {
		return nil, &askError{err}
	}
	seen := map[int]bool{}
	for _, d := range list {
		if d.Index < 0 || d.Index >= len(batch) || seen[d.Index] {
			return nil, &askError{fmt.Errorf("the sink names entity %d of %d as different, or one twice: this is a mistake of its program", d.Index, len(batch))}
		}
		seen[d.Index] = true
	}
	return list, nil
}
