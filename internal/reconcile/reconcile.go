// Package reconcile compares the shop with the journal, key by key, and what sinks have
// accepted with what their targets hold, and mends what differs. In a healthy agent nothing ever does: it is the proof of that, and the net
// below it.
package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"octail/internal/journal"
	"octail/transform"
	"octail/transform/document"
)

// Config is what a reconciliation needs.
type Config struct {
	Journal   *journal.Journal
	Transform *transform.Transformer
	// CaughtUp returns when all that the shop had committed at the call has been handed
	// over, and is journaled or marked to be read. ErrBehind: that takes too long.
	CaughtUp func(context.Context) error
	// Pending reports of a key that it is about to be captured although it is neither
	// touched nor marked. May be nil.
	Pending func(document.Key) bool
	// Hold is how long an order may look half-way before it is taken as it is.
	Hold   time.Duration
	Repair bool
	// Daily: it is the daily one. A person's is never gone on with by it, nor it by a
	// person's.
	Daily bool
	// Targets are those that can read back what they hold: they are compared after the shop.
	Targets []Target
	// Progress is told how far it is, now and then. May be nil.
	Progress func(Report)
}

// Reasons not to compare at present; what was compared already is kept.
var (
	// ErrBehind is returned by CaughtUp.
	ErrBehind = errors.New("capture is too far behind the shop")
	// ErrFilling: the shop, or a kind of its entities, is being read as a whole. Of
	// what is still to be read a difference says nothing.
	ErrFilling = errors.New("the shop is being read as a whole at present (`octail status` shows how far it is)")
)

// Sizes of the steps.
const (
	pageSize = 2000 // keys between two entries of the place in the journal
	doubts   = 500  // suspected differences that are looked at together
	// again is the wait before keys that are on the move are looked at again, patience
	// how long, beyond Hold, they are waited for.
	again, patience = 500 * time.Millisecond, 5 * time.Second
)

// place is how far a reconciliation has come, as the journal keeps it.
type place struct {
	Report
	Daily    bool           `json:"daily"`
	Entity   string         `json:"entity"`
	After    int64          `json:"after"`
	Suspects []document.Key `json:"suspects,omitempty"` // seen to differ, not decided yet
	Found    []document.Key `json:"found,omitempty"`    // marked to be read again
}

// metaPlace and metaLast are where the journal keeps the place of an unfinished
// reconciliation, and the report of the last finished one.
const metaPlace, metaLast = "reconcile", "reconciled"

// Unfinished reports whether a daily reconciliation was begun and not finished, and
// whether it repairs.
func Unfinished(ctx context.Context, j *journal.Journal) (repair, unfinished bool, err error) {
	text, err := j.Meta(ctx, metaPlace)
	if err != nil || text == "" {
		return false, false, err
	}
	var p place
	if err := json.Unmarshal([]byte(text), &p); err != nil || !p.Daily || !p.fresh() {
		return false, false, nil // a person's, of another version, or too long ago: the next one begins anew
	}
	return p.Repair, true, nil
}

// Last is the report of the last finished reconciliation; nil when there was none.
func Last(ctx context.Context, j *journal.Journal) (*Report, error) {
	text, err := j.Meta(ctx, metaLast)
	if err != nil || text == "" {
		return nil, err
	}
	var r Report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, fmt.Errorf("read the last reconciliation's report: %w", err)
	}
	return &r, nil
}

// Run compares everything, from where an unfinished reconciliation of the same kind
// stopped. A difference counts when it is still there after all that the shop had
// committed by then was read the normal way.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	r := &run{cfg: cfg, comparison: cfg.Transform.Comparison(), moved: map[document.Key]int{}}
	if err := r.quiet(ctx); err != nil {
		return nil, err
	}
	if err := r.load(ctx); err != nil {
		return nil, err
	}
	for i := slices.Index(document.Entities, r.Entity); i < len(document.Entities); i++ {
		if r.Entity != document.Entities[i] {
			r.Entity, r.After = document.Entities[i], 0
		}
		if err := r.entity(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.decide(ctx); err != nil {
		return nil, err
	}
	if err := r.repaired(ctx); err != nil {
		return nil, err
	}
	if len(cfg.Targets) > 0 {
		var err error
		if r.Sinks, err = Sinks(ctx, cfg.Journal, cfg.Targets, cfg.Repair, cfg.Daily); err != nil {
			return nil, err
		}
	}
	r.Finished = time.Now().UTC()
	return &r.Report, r.finish(ctx)
}

type run struct {
	cfg        Config
	comparison *transform.Comparison
	moved      map[document.Key]int // how often a suspect was seen to be captured meanwhile
	place
}

// quiet is ErrFilling while any kind is marked as a whole.
func (r *run) quiet(ctx context.Context) error {
	marks, err := r.cfg.Journal.MarksByReason(ctx)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if m.Whole {
			return fmt.Errorf("%w: %s, because of %s", ErrFilling, m.Entity, m.Reason)
		}
	}
	return nil
}

func (r *run) load(ctx context.Context) error {
	text, err := r.cfg.Journal.Meta(ctx, metaPlace)
	if err != nil {
		return err
	}
	if text != "" && json.Unmarshal([]byte(text), &r.place) == nil && r.Repair == r.cfg.Repair && r.Daily == r.cfg.Daily && r.fresh() {
		if r.Entities == nil {
			r.Entities = map[string]Counts{}
		}
		if r.Skipped == nil {
			r.Skipped = map[string]string{}
		}
		return r.mark(ctx, r.Found)
	}
	r.place = place{Report: Report{Started: time.Now().UTC(), Repair: r.cfg.Repair, Entities: map[string]Counts{}, Skipped: map[string]string{}}, Daily: r.cfg.Daily, Entity: document.Entities[0]}
	return nil
}

// How long an unfinished reconciliation is gone on with: the daily one, and a person's,
// who asks again after the agent was stopped meanwhile.
const freshDaily, freshPerson = 12 * time.Hour, 10 * time.Minute

func (p *place) fresh() bool {
	limit := freshPerson
	if p.Daily {
		limit = freshDaily
	}
	return slices.Contains(document.Entities, p.Entity) && time.Since(p.Started) < limit
}

func (r *run) save(ctx context.Context) error {
	text, err := json.Marshal(r.place)
	if err != nil {
		return fmt.Errorf("note how far it is: %w", err)
	}
	return r.cfg.Journal.SetMeta(ctx, metaPlace, string(text))
}

func (r *run) finish(ctx context.Context) error {
	if err := keep(ctx, r.cfg.Journal, &r.Report); err != nil {
		return err
	}
	return r.cfg.Journal.SetMeta(ctx, metaPlace, "")
}

// keep stores a report as the last one.
func keep(ctx context.Context, j *journal.Journal, r *Report) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("note the result: %w", err)
	}
	return j.SetMeta(ctx, metaLast, string(text))
}

// entity compares all of one kind. One that cannot be read at all is skipped.
func (r *run) entity(ctx context.Context) error {
	for done := false; !done; {
		ids, last, end, err := r.comparison.Both(ctx, r.Entity, transform.Selection{Covered: true}, r.After, pageSize)
		var verdicts []transform.Verdict
		if err == nil {
			verdicts, err = r.comparison.Compare(ctx, r.Entity, ids)
		}
		if transform.Unreadable(err) {
			r.Skipped[r.Entity] = err.Error()
			return nil
		}
		if err != nil {
			return fmt.Errorf("compare %s: %w", r.Entity, err)
		}
		for _, v := range verdicts {
			if settled(v) {
				r.tally(v)
			} else {
				r.Suspects = append(r.Suspects, v.Key)
			}
		}
		if r.After, done = last, end; len(r.Suspects) >= doubts {
			if err := r.decide(ctx); err != nil {
				return err
			}
		}
		if err := r.save(ctx); err != nil {
			return err
		}
		if r.cfg.Progress != nil {
			r.cfg.Progress(r.clone())
		}
	}
	return nil
}

// settled reports whether a verdict needs no second look.
func settled(v transform.Verdict) bool {
	switch v.State {
	case transform.Same, transform.Draft, transform.Nowhere:
		return true
	}
	return false
}

// tally counts what is decided.
func (r *run) tally(v transform.Verdict) {
	var c Counts
	if v.InShop {
		c.InShop = 1
	}
	if v.InJournal {
		c.InJournal = 1
	}
	switch v.State {
	case transform.Missing:
		c.Missing = 1
	case transform.Different:
		c.Different = 1
	case transform.Gone:
		c.Gone = 1
	case transform.Broken:
		c.Unreadable = 1
	}
	r.count(v.Entity, c)
	if c.Differences() > 0 && len(r.Differences) < shownDifferences {
		r.Differences = append(r.Differences, Difference{Subject: v.Key.String(), State: v.State, Fields: v.Fields})
	}
}

// decide looks at suspects until it is known of each whether it differs.
//
// A shop in use always differs somewhere from a journal that follows it. So: compare;
// wait until capture has taken over all that was committed by then; what is neither
// touched nor marked after that, and has the revision in the journal that was compared,
// was not going to be delivered.
func (r *run) decide(ctx context.Context) error {
	suspects, found := r.Suspects, []document.Key(nil)
	deadline := time.Now().Add(r.cfg.Hold + patience)
	for len(suspects) > 0 {
		late := time.Now().After(deadline)
		r.comparison.Renew()
		verdicts, err := r.compare(ctx, suspects)
		if err != nil {
			return err
		}
		if err := r.cfg.CaughtUp(ctx); err != nil {
			return err
		}
		if err := r.quiet(ctx); err != nil {
			return err
		}
		suspects = nil
		var moving []transform.Verdict
		for _, v := range verdicts {
			sure, err := r.sure(ctx, &v, late)
			if err != nil {
				return err
			}
			if !sure {
				suspects, moving = append(suspects, v.Key), append(moving, v)
				continue
			}
			r.tally(v)
			if !settled(v) && v.State != transform.Broken {
				found = append(found, v.Key)
			}
		}
		if late && len(suspects) > 0 {
			r.undecided(moving)
			break
		}
		if len(suspects) > 0 {
			if err := pause(ctx, again); err != nil {
				return err
			}
		}
	}
	r.Suspects = nil
	if !r.cfg.Repair || len(found) == 0 {
		return nil
	}
	r.Found = append(r.Found, found...)
	if err := r.save(ctx); err != nil { // counted before they are mended: then they differ no more
		return err
	}
	return r.mark(ctx, found)
}

// mark makes keys be read again. It is safe to repeat.
func (r *run) mark(ctx context.Context, keys []document.Key) error {
	if len(keys) == 0 {
		return nil
	}
	var marks []journal.Mark
	for _, k := range keys {
		marks = append(marks, journal.Mark{Key: k, Reason: "reconcile", Origin: document.FromReconcile})
	}
	return r.cfg.Transform.Mark(ctx, marks)
}

// sure reports whether a verdict stands. Of what cannot be read it makes Broken.
func (r *run) sure(ctx context.Context, v *transform.Verdict, late bool) (bool, error) {
	if settled(*v) {
		return true, nil
	}
	waiting, cause, err := r.cfg.Transform.Waiting(ctx, v.Key)
	if err != nil {
		return false, err
	}
	waiting = waiting || r.cfg.Pending != nil && r.cfg.Pending(v.Key)
	if cause != "" {
		v.State, v.Why = transform.Broken, cause
		return true, nil
	}
	known, err := r.cfg.Journal.Known(ctx, v.Entity, []int64{v.ID})
	if err != nil {
		return false, err
	}
	if waiting || known[v.ID].Revision != v.Revision {
		// It is captured, and still changing: what is at work cannot have missed it.
		if r.moved[v.Key]++; r.moved[v.Key] >= followed {
			v.State = transform.Same
			return true, nil
		}
		return false, nil
	}
	return v.HalfWay == "" || late, nil
}

// followed is how often a suspect has to be seen to be captured to be no suspect.
const followed = 3

func (r *run) undecided(verdicts []transform.Verdict) {
	for _, v := range verdicts {
		if settled(v) {
			r.tally(v)
			continue
		}
		v.State = ""
		r.tally(v)
		r.count(v.Entity, Counts{Undecided: 1})
	}
}

// compare compares keys of any kinds.
func (r *run) compare(ctx context.Context, keys []document.Key) ([]transform.Verdict, error) {
	var out []transform.Verdict
	for _, e := range document.Entities {
		var ids []int64
		for _, k := range keys {
			if k.Entity == e {
				ids = append(ids, k.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		verdicts, err := r.comparison.Compare(ctx, e, ids)
		if transform.Unreadable(err) { // since it was suspected
			r.Skipped[e] = err.Error()
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", e, err)
		}
		out = append(out, verdicts...)
	}
	return out, nil
}

// readWithin is how long, beyond Hold, what was marked may take to be read.
const readWithin = time.Minute

// repaired waits until what was marked is read, and counts what is equal now.
func (r *run) repaired(ctx context.Context) error {
	waiting := r.Found
	for deadline := time.Now().Add(r.cfg.Hold + readWithin); len(waiting) > 0 && time.Now().Before(deadline); {
		var still []document.Key
		for _, k := range waiting {
			wait, cause, err := r.cfg.Transform.Waiting(ctx, k)
			if err != nil {
				return err
			}
			if wait && cause == "" {
				still = append(still, k)
			}
		}
		if waiting = still; len(waiting) > 0 {
			if err := pause(ctx, again/5); err != nil {
				return err
			}
		}
	}
	r.comparison.Renew()
	verdicts, err := r.compare(ctx, r.Found)
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		if settled(v) {
			r.count(v.Entity, Counts{Repaired: 1})
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
