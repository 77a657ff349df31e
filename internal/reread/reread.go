// Package reread is `octail sync`: chosen entities are read again from the shop, and
// what changed is delivered.
package reread

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"octail/internal/journal"
	"octail/transform"
	"octail/transform/document"
)

// Request says what is to be read again.
type Request struct {
	Entity   string    `json:"entity"`
	IDs      []int64   `json:"ids,omitempty"` // none: all that the conditions name
	Since    time.Time `json:"since,omitzero"`
	SinceDay string    `json:"since_day,omitempty"` // Since as a day of the shop's, 2026-01-31
	Statuses []int64   `json:"statuses,omitempty"`
	// StatusNames are further statuses, by their names in the shop's default language.
	StatusNames []string `json:"status_names,omitempty"`
	Stores      []int64  `json:"stores,omitempty"`
	DryRun      bool     `json:"dry_run,omitempty"` // only say what would happen
	Force       bool     `json:"force,omitempty"`   // deliver once more what did not change
	Refresh     bool     `json:"refresh,omitempty"` // also what order lines once looked up
	Sinks       []string `json:"sinks,omitempty"`   // Force: these alone are given once more what they have
}

// shownChanges bounds the changes a Report names; all are counted.
const shownChanges = 100

// Change is one entity that was delivered, or would be.
type Change struct {
	Subject  string   `json:"subject"`
	Revision int64    `json:"revision,omitempty"` // the new one
	Fields   []string `json:"fields,omitempty"`   // DryRun: what differs
	What     string   `json:"what"`               // created, updated, deleted
}

// Problem is one entity that could not be read or is not there.
type Problem struct {
	Subject string `json:"subject"`
	Cause   string `json:"cause"`
}

// Report is the result, or how far it is.
type Report struct {
	Request  Request   `json:"request"`
	Read     int64     `json:"read"`
	Changed  int64     `json:"changed"`
	Same     int64     `json:"same"`
	Drafts   int64     `json:"drafts"` // orders that are none yet
	Again    int64     `json:"again"`  // Force: unchanged ones that are delivered once more
	Changes  []Change  `json:"changes,omitempty"`
	Failed   int64     `json:"failed"`
	Problems []Problem `json:"problems,omitempty"`
	// To are the sinks that take what changed; Once those that cannot be given once more
	// what they have.
	To   []string `json:"to"`
	Once []string `json:"once,omitempty"`
}

func (r *Report) change(c Change) {
	r.Changed++
	if len(r.Changes) < shownChanges {
		r.Changes = append(r.Changes, c)
	}
}

func (r *Report) problem(key document.Key, cause string) {
	r.Failed++
	if len(r.Problems) < shownChanges {
		r.Problems = append(r.Problems, Problem{key.String(), cause})
	}
}

// Sink is one that takes the entity.
type Sink struct {
	Name string
	// Resends: it can be given once more what it has. Asked: it is to be, with Force.
	Resends, Asked bool
}

// Config is what reading again needs.
type Config struct {
	Journal   *journal.Journal
	Transform *transform.Transformer
	Sinks     []Sink // those that take the entity
	Progress  func(Report)
}

// ErrBlocked: nothing can be read or journaled at present.
var ErrBlocked = errors.New("this takes longer than it should")

// blockedFor is how long it is waited for.
const blockedFor = 10 * time.Second

// pageSize is how many keys are marked and waited for together.
const pageSize = 1000

// Run reads again what the request names and returns when all of it is journaled; the
// sinks deliver on their own. When ctx ends before, what was marked is read all the
// same.
func Run(ctx context.Context, cfg Config, req Request) (*Report, error) {
	r := &run{cfg: cfg, comparison: cfg.Transform.Comparison(), Report: Report{Request: req, To: []string{}}}
	for _, s := range cfg.Sinks {
		r.To = append(r.To, s.Name)
		if req.Force && s.Asked && !s.Resends {
			r.Once = append(r.Once, s.Name)
		}
	}
	if _, err := r.comparison.InShop(ctx, req.Entity, transform.Selection{}, 0, 1); err != nil { // a shop that cannot be read is told of at once
		return nil, err
	}
	if err := r.named(ctx, &req); err != nil {
		return nil, err
	}
	if len(req.IDs) > 0 {
		ids := slices.Clone(req.IDs)
		slices.Sort(ids)
		for page := range slices.Chunk(slices.Compact(ids), pageSize) {
			if err := r.page(ctx, page); err != nil {
				return nil, err
			}
		}
		return &r.Report, nil
	}
	sel := transform.Selection{Since: req.Since, Statuses: req.Statuses, Stores: req.Stores}
	for after := int64(0); ; {
		page, err := r.comparison.InShop(ctx, req.Entity, sel, after, pageSize)
		if err != nil {
			return nil, err
		}
		if err := r.page(ctx, page); err != nil {
			return nil, err
		}
		if len(page) < pageSize {
			return &r.Report, nil
		}
		after = page[len(page)-1]
	}
}

// ErrNoStatus: the shop has no order status of that name or id. The message lists those
// that it has.
var ErrNoStatus = errors.New("no such order status")

// named finds the statuses that are asked for by name; upper and lower case are the same.
// One that is asked for by its id is there, or an order has it still.
func (r *run) named(ctx context.Context, req *Request) error {
	if len(req.StatusNames)+len(req.Statuses) == 0 {
		return nil
	}
	statuses, err := r.comparison.Statuses(ctx)
	if err != nil {
		return err
	}
	refuse := func(status any) error {
		var has []string
		for _, id := range slices.Sorted(maps.Keys(statuses)) {
			has = append(has, fmt.Sprintf("%s (%d)", statuses[id], id))
		}
		return fmt.Errorf("%w: %v; the shop has %s", ErrNoStatus, status, strings.Join(has, ", "))
	}
	for _, id := range req.Statuses {
		if _, is := statuses[id]; is || id == 0 {
			continue
		}
		of, err := r.comparison.InShop(ctx, req.Entity, transform.Selection{Statuses: []int64{id}}, 0, 1)
		if err != nil {
			return err
		}
		if len(of) == 0 {
			return refuse(id)
		}
	}
	ids := slices.Clone(req.Statuses)
	for _, name := range req.StatusNames {
		before := len(ids)
		for id, is := range statuses {
			if strings.EqualFold(is, name) {
				ids = append(ids, id)
			}
		}
		if len(ids) == before {
			return refuse(strconv.Quote(name))
		}
	}
	req.Statuses = ids
	return nil
}

type run struct {
	cfg        Config
	comparison *transform.Comparison
	once       []document.Key // to be delivered once more
	Report
}

func (r *run) page(ctx context.Context, ids []int64) (err error) {
	if len(ids) == 0 {
		return nil
	}
	if r.Request.DryRun {
		err = r.look(ctx, ids)
	} else {
		err = r.read(ctx, ids)
	}
	if err == nil {
		err = r.resend(ctx)
	}
	if err == nil && r.cfg.Progress != nil {
		r.cfg.Progress(r.Report)
	}
	return err
}

func (r *run) key(id int64) document.Key { return document.Key{Entity: r.Request.Entity, ID: id} }

// what says what happens to an entity that differs.
var what = map[transform.State]string{transform.Missing: document.Created, transform.Different: document.Updated, transform.Gone: document.Deleted}

// look compares only.
func (r *run) look(ctx context.Context, ids []int64) error {
	verdicts, err := r.comparison.Compare(ctx, r.Request.Entity, ids)
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		r.Read++
		if kind, differs := what[v.State]; differs {
			r.change(Change{Subject: v.Key.String(), Fields: v.Fields, What: kind})
			continue
		}
		r.same(v)
	}
	return nil
}

// same counts an entity that is not delivered, unless it is to be all the same.
func (r *run) same(v transform.Verdict) {
	switch v.State {
	case transform.Draft:
		r.Drafts++
	case transform.Nowhere:
		r.problem(v.Key, "neither in the shop nor in the journal")
	case transform.Broken:
		r.problem(v.Key, v.Why)
	default:
		r.Same++
		r.again(v.Key)
	}
}

// again notes an unchanged entity that is to be delivered once more.
func (r *run) again(key document.Key) {
	if r.Request.Force && slices.ContainsFunc(r.cfg.Sinks, func(s Sink) bool { return s.Asked && s.Resends }) {
		r.Again++
		r.once = append(r.once, key)
	}
}

// resend asks the sinks for the deliveries of a page.
func (r *run) resend(ctx context.Context) error {
	for _, s := range r.cfg.Sinks {
		if s.Asked && s.Resends && !r.Request.DryRun && len(r.once) > 0 {
			if err := r.cfg.Journal.Resend(ctx, s.Name, r.once); err != nil {
				return err
			}
		}
	}
	r.once = nil
	return nil
}

// read marks keys and waits for the answers.
func (r *run) read(ctx context.Context, ids []int64) error {
	before, err := r.cfg.Journal.Known(ctx, r.Request.Entity, ids)
	if err != nil {
		return err
	}
	marks := make([]journal.Mark, len(ids))
	for i, id := range ids {
		marks[i] = journal.Mark{Key: r.key(id), Reason: "sync", Origin: document.FromSync, Refresh: r.Request.Refresh}
	}
	if err := r.cfg.Transform.Mark(ctx, marks); err != nil {
		return err
	}
	failed, err := r.answered(ctx, ids)
	if err != nil {
		return err
	}
	after, err := r.cfg.Journal.Known(ctx, r.Request.Entity, ids)
	if err != nil {
		return err
	}
	var unchanged []int64
	for _, id := range ids {
		r.Read++
		switch was, is := before[id], after[id]; {
		case failed[id] != "":
			r.problem(r.key(id), failed[id])
		case is.Revision == was.Revision:
			unchanged = append(unchanged, id)
		case is.Deleted:
			r.change(Change{Subject: r.key(id).String(), Revision: is.Revision, What: document.Deleted})
		case was.Revision == 0 || was.Deleted:
			r.change(Change{Subject: r.key(id).String(), Revision: is.Revision, What: document.Created})
		default:
			r.change(Change{Subject: r.key(id).String(), Revision: is.Revision, What: document.Updated})
		}
	}
	return r.unchanged(ctx, unchanged, after)
}

// unchanged tells those that are the same from those that are nothing yet.
func (r *run) unchanged(ctx context.Context, ids []int64, known map[int64]journal.Known) error {
	var unknown []int64
	for _, id := range ids {
		if k, ok := known[id]; !ok || k.Deleted {
			unknown = append(unknown, id)
			continue
		}
		r.Same++
		r.again(r.key(id))
	}
	if len(unknown) == 0 {
		return nil
	}
	verdicts, err := r.comparison.Compare(ctx, r.Request.Entity, unknown)
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		r.same(v)
	}
	return nil
}

// answered waits until no key waits any more. failed says of those that cannot be read
// why; they go on being tried.
func (r *run) answered(ctx context.Context, ids []int64) (failed map[int64]string, err error) {
	failed = map[int64]string{}
	since := time.Now()
	for wait := 5 * time.Millisecond; len(ids) > 0; wait = min(2*wait, 200*time.Millisecond) {
		waiting, causes, err := r.cfg.Transform.WaitingOf(ctx, r.Request.Entity, ids)
		if err != nil {
			return nil, fmt.Errorf("wait for what is read: %w", err)
		}
		for id, cause := range causes {
			failed[id] = cause
		}
		if ids = waiting; len(ids) == 0 {
			break
		}
		switch why := r.cfg.Transform.Stuck(); {
		case why == nil:
			since = time.Now()
		case time.Since(since) > blockedFor:
			return nil, fmt.Errorf("%w: %w. What was asked for is read as soon as that works again", ErrBlocked, why)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
	return failed, nil
}
