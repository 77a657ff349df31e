package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

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

// SinkCounts are those of one kind of entity in one sink.
type SinkCounts struct {
	Compared  int64 `json:"compared"`
	Missing   int64 `json:"missing"`         // accepted, and not in the target
	Different int64 `json:"different"`       // also deleted ones that the target still has
	Again     int64 `json:"again,omitempty"` // of both, those that are delivered once more
}

// Differences is how many entities are not equal.
func (c SinkCounts) Differences() int64 { return c.Missing + c.Different }

// SinkReport is how a sink's target compares with what the sink has accepted.
type SinkReport struct {
	Finished    time.Time             `json:"finished,omitzero"`
	Entities    map[string]SinkCounts `json:"entities"`
	Differences []SinkDifference      `json:"differences,omitempty"` // the first of them
	// Skipped is why it was not compared, or not to its end.
	Skipped string `json:"skipped,omitempty"`
	// Held: so much is missing that it is not delivered once more without being asked for.
	Held bool `json:"held,omitempty"`
}

// SinkDifference is one entity that is not equal in a sink's target.
type SinkDifference struct {
	Subject string   `json:"subject"`
	Missing bool     `json:"missing,omitempty"`
	Fields  []string `json:"fields,omitempty"`
}

// Total is the sum of all kinds.
func (r *SinkReport) Total() (c SinkCounts) {
	for _, e := range r.Entities {
		c.Compared += e.Compared
		c.Missing += e.Missing
		c.Different += e.Different
		c.Again += e.Again
	}
	return c
}

func (r *SinkReport) add(entity string, c SinkCounts) {
	all := r.Entities[entity]
	all.Compared += c.Compared
	all.Missing += c.Missing
	all.Different += c.Different
	all.Again += c.Again
	r.Entities[entity] = all
}

// Limits of comparing with a sink.
const (
	acceptedFor = time.Minute // what was accepted later is not looked at: a target may take its time
	sinkBatch   = 500         // entities in one call of a sink that names no number
	// secondLook is the wait before what differs is looked at once more.
	secondLook = 2 * time.Second
	// heldFrom: as many missing ones, when they are most of their kind, are not made anew
	// by the daily run: the target may be another one than before.
	heldFrom = 20
)

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
	var again []document.Key
	var counts SinkCounts
	for after := int64(0); ; {
		page, err := r.journal.AcceptedPage(ctx, r.target.Name(), entity, after, before, limit)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1].ID
		found, err := r.differing(ctx, entity, page)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.Skipped = err.Error()
			break
		}
		counts.Compared += int64(len(page))
		for _, d := range found {
			again = append(again, d.key)
			if d.Missing {
				counts.Missing++
			} else {
				counts.Different++
			}
			if len(r.Differences) < shownDifferences {
				r.Differences = append(r.Differences, d.SinkDifference)
			}
		}
		if len(page) < limit {
			break
		}
	}
	if r.repair && len(again) > 0 {
		if r.daily && counts.Missing > heldFrom && 2*counts.Missing > counts.Compared {
			r.Held = true
		} else {
			if err := r.journal.Resend(ctx, r.target.Name(), again); err != nil {
				return err
			}
			r.target.Wake()
			counts.Again = int64(len(again))
		}
	}
	if counts.Compared > 0 {
		r.add(entity, counts)
	}
	return nil
}

// found is a difference that stands.
type found struct {
	SinkDifference
	key document.Key
}

// differing compares a page and, a while later, what differs once more: a target may
// have been at work on it, or have got something newer meanwhile.
func (r *sinkRun) differing(ctx context.Context, entity string, page []journal.Accepted) ([]found, error) {
	suspects, err := r.compare(ctx, page)
	if err != nil || len(suspects) == 0 {
		return nil, err
	}
	if err := pause(ctx, secondLook); err != nil {
		return nil, err
	}
	var ids []int64
	for _, s := range suspects {
		ids = append(ids, page[s.Index].ID)
	}
	accepted, err := r.journal.AcceptedOf(ctx, r.target.Name(), entity, ids)
	if err != nil {
		return nil, err
	}
	newest, err := r.journal.Known(ctx, entity, ids)
	if err != nil {
		return nil, err
	}
	var still []journal.Accepted
	for _, s := range suspects {
		a := page[s.Index]
		if accepted[a.ID].Sequence == a.Sequence && newest[a.ID].Sequence == a.Sequence {
			still = append(still, a)
		}
	}
	if len(still) == 0 {
		return nil, nil
	}
	if suspects, err = r.compare(ctx, still); err != nil {
		return nil, err
	}
	var out []found
	for _, s := range suspects {
		key := still[s.Index].Key
		out = append(out, found{SinkDifference{Subject: key.String(), Missing: s.Missing, Fields: s.Fields}, key})
	}
	return out, nil
}

// compare asks the lane, and believes it no more than it can mean.
func (r *sinkRun) compare(ctx context.Context, batch []journal.Accepted) ([]sinks.Difference, error) {
	list, err := r.target.Compare(ctx, batch)
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{}
	for _, d := range list {
		if d.Index < 0 || d.Index >= len(batch) || seen[d.Index] {
			return nil, fmt.Errorf("the sink names entity %d of %d as different, or names one twice: this is a mistake of its program", d.Index, len(batch))
		}
		seen[d.Index] = true
	}
	return list, nil
}

// equal reports whether nothing is left to be done in a sink.
func (r *SinkReport) equal() bool {
	t := r.Total()
	return t.Differences() <= t.Again
}

// String is the one line about it.
func (r *SinkReport) String() string {
	t := r.Total()
	if r.Skipped != "" && t.Compared == 0 {
		return "not compared: " + oneLine(r.Skipped)
	}
	text := fmt.Sprintf("%s compared · %s missing · %s different", thousands(t.Compared), thousands(t.Missing), thousands(t.Different))
	if t.Again > 0 {
		text += " · " + thousands(t.Again) + " delivered once more"
	}
	if r.Skipped != "" {
		text += "; not all of it: " + oneLine(r.Skipped)
	}
	return text
}

// oneLine makes a target's words fit to be shown.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// sinksText writes what the sinks' targets lack.
func (r *Report) sinksText(line func(format string, args ...any)) {
	for _, name := range slices.Sorted(maps.Keys(r.Sinks)) {
		s := r.Sinks[name]
		line("sink %s: %s", name, s)
		for _, d := range s.Differences {
			switch {
			case d.Missing:
				line("  %s: not in the target", d.Subject)
			case len(d.Fields) > 0:
				line("  %s: other %s", d.Subject, strings.Join(d.Fields, ", "))
			default:
				line("  %s: other than it was accepted", d.Subject)
			}
		}
		t := s.Total()
		if n := t.Differences() - int64(len(s.Differences)); n > 0 {
			line("  and %s more", thousands(n))
		}
		switch {
		case s.Held:
			line("  most of it is missing, perhaps because the target is another one: nothing was delivered once more. `octail reconcile --repair --sink %s` does it", name)
		case !s.equal():
			line("  `octail reconcile --repair --sink %s` delivers them once more", name)
		}
	}
}
