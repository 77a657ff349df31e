// Package erase is `octail erase`: a person is taken out of the journal, kept out of it
// from then on, and the sinks are told by new revisions in which the person is missing.
// What a person is in a document, transform knows.
package erase

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"octail/internal/journal"
	"octail/transform"
	"octail/transform/document"
)

// Request names a person: by the customer's id, or by an e-mail address (guests).
type Request struct {
	Customer int64  `json:"customer,omitempty"`
	Email    string `json:"email,omitempty"`
	// Unknown: also one of whom neither shop nor journal know anything.
	Unknown bool `json:"unknown,omitempty"`
}

// Check says what is wrong with a request.
func (r Request) Check() error {
	switch {
	case r.Customer == 0 && r.Email == "":
		return errors.New("name a customer's id or an e-mail address")
	case r.Customer != 0 && r.Email != "":
		return errors.New("name a customer's id or an e-mail address, not both: a customer's addresses are found by the id")
	case r.Customer < 0:
		return errors.New("a customer's id is a number above 0")
	case r.Email != "" && !strings.Contains(strings.Trim(journal.NormalEmail(r.Email), "@"), "@"):
		return errors.New("that is no e-mail address")
	}
	return nil
}

// Sink is a configured one.
type Sink struct {
	Name string
	Type string
	// States: its target holds the newest revisions alone. Erases: it removes more than
	// they say. Takes: customers or orders are for it.
	States, Erases, Takes bool
	AtRest                string // why it is given nothing at present, "" when it is
}

// Config is what erasing needs.
type Config struct {
	Journal   *journal.Journal
	Transform *transform.Transformer
	Sinks     []Sink
	Progress  func(Report) // may be nil
}

// kinds are the entities that speak of people.
var kinds = []string{document.CustomerEntity, document.OrderEntity}

// rounds bounds how often it is looked for what was journaled meanwhile: documents that
// were being made when the person was asked to be forgotten.
const rounds = 10

// Run forgets a person. When it returns with an error, who it was is kept out all the
// same, and the rest is done by asking again: it is safe to repeat.
func Run(ctx context.Context, cfg Config, req Request) (*Report, error) {
	r := &run{cfg: cfg, keys: map[document.Key]bool{}, emails: map[string]bool{}, Report: Report{Customer: req.Customer, Sinks: told(cfg.Sinks)}}
	if err := req.Check(); err != nil {
		return nil, err
	}
	if err := r.identify(ctx, req); err != nil {
		return nil, err
	}
	if err := r.mustBeKnown(ctx, req); err != nil {
		return nil, err
	}
	if err := cfg.Journal.Forget(ctx, r.ids, slices.Collect(maps.Keys(r.emails))); err != nil {
		return nil, err
	}
	for _, id := range r.ids {
		r.keys[document.Key{Entity: document.CustomerEntity, ID: id}] = true
	}
	if err := cfg.Transform.Made(ctx); err != nil {
		return nil, err
	}
	if err := r.everywhere(ctx); err != nil {
		return nil, err
	}
	if err := r.clean(ctx); err != nil {
		return nil, err
	}
	return &r.Report, nil
}

type run struct {
	cfg    Config
	ids    []int64 // of customers
	emails map[string]bool
	known  bool                  // shop or journal have the customer, or the address
	keys   map[document.Key]bool // whose deliveries are scrubbed
	events []int64               // to be scrubbed
	Report
}

// identify finds the ids and addresses of the person: those in the shop, and those the
// journal has ever had.
func (r *run) identify(ctx context.Context, req Request) error {
	if req.Customer > 0 {
		r.ids = append(r.ids, req.Customer)
	} else {
		r.emails[journal.NormalEmail(req.Email)] = true
		keys, err := r.cfg.Journal.Find(ctx, journal.NormalEmail(req.Email))
		if err != nil {
			return err
		}
		r.known = len(keys) > 0
		for _, k := range keys {
			if k.Entity == document.CustomerEntity {
				r.ids = append(r.ids, k.ID)
			}
		}
	}
	comparison := r.cfg.Transform.Comparison()
	for _, id := range append([]int64{0}, r.ids...) { // 0: a shop that cannot be read is told of at once
		emails, err := comparison.Emails(ctx, id)
		if err != nil {
			return err
		}
		r.known = r.known || len(emails) > 0
		r.address(emails...)
	}
	if len(r.ids) == 0 {
		return nil
	}
	_, err := r.cfg.Journal.Scan(ctx, 0, kinds[:1], func(e journal.Stored) error {
		if !slices.Contains(r.ids, e.ID) {
			return nil
		}
		var d struct {
			Document struct{ Email string }
			Previous struct{ Email string }
		}
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return fmt.Errorf("read event %d: %w", e.Sequence, err)
		}
		r.address(d.Document.Email, d.Previous.Email)
		return nil
	})
	return err
}

func (r *run) address(emails ...string) {
	for _, e := range emails {
		if e = journal.NormalEmail(e); e != "" {
			r.emails[e] = true
		}
	}
}

// everywhere finds the events that hold the person, and has their entities read again,
// until no newest revision holds it.
func (r *run) everywhere(ctx context.Context) error {
	after := int64(0)
	for range rounds {
		found := map[document.Key]int64{} // the newest that holds the person
		last, err := r.cfg.Journal.Scan(ctx, after, kinds, func(e journal.Stored) error {
			holds, err := r.cfg.Transform.HoldsForgotten(e.Entity, e.Data)
			if err != nil {
				return fmt.Errorf("event %d: %w", e.Sequence, err)
			}
			if holds {
				found[e.Key] = e.Sequence
				r.events = append(r.events, e.Sequence)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return nil
		}
		if err := r.reread(ctx, found); err != nil {
			return err
		}
		after = last
	}
	return errors.New("documents of the person were still being made: ask again")
}

// reread makes new revisions of entities, without the person.
func (r *run) reread(ctx context.Context, found map[document.Key]int64) error {
	byKind := map[string][]int64{}
	var marks []journal.Mark
	for k := range found {
		r.keys[k] = true
		byKind[k.Entity] = append(byKind[k.Entity], k.ID)
		// Not sync's origin: that would make a target take old orders that it never had.
		marks = append(marks, journal.Mark{Key: k, Reason: "erase", Origin: document.FromReconcile})
	}
	if err := r.cfg.Transform.Mark(ctx, marks); err != nil {
		return err
	}
	for kind, ids := range byKind {
		causes, err := r.answered(ctx, kind, ids)
		if err != nil {
			return err
		}
		known, err := r.cfg.Journal.Known(ctx, kind, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			key := document.Key{Entity: kind, ID: id}
			sequence := known[id].Sequence
			if sequence > found[key] {
				r.replaced(kind)
				continue
			}
			if sequence < found[key] { // cannot be: the journal has lost it
				return fmt.Errorf("%s: the journal's newest revision is not the newest event", key)
			}
			// Nothing else tells what lines were numbered by: it stays until the shop can be read.
			r.events = slices.DeleteFunc(r.events, func(n int64) bool { return n == sequence })
			cause := causes[id]
			if cause == "" {
				cause = "no new revision was made of it"
			}
			r.Failed = append(r.Failed, Problem{Subject: key.String(), Cause: cause})
		}
		if r.cfg.Progress != nil {
			r.cfg.Progress(r.Report)
		}
	}
	return nil
}

func (r *run) replaced(kind string) {
	if kind == document.CustomerEntity {
		r.Customers++
	} else {
		r.Orders++
	}
}

// blockedFor is how long it is waited for a shop or journal that cannot be used.
const blockedFor = 10 * time.Second

// answered waits until no key waits any more. causes says of those that cannot be read
// why; they go on being tried.
func (r *run) answered(ctx context.Context, kind string, ids []int64) (causes map[int64]string, err error) {
	causes = map[int64]string{}
	since := time.Now()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		waiting, failing, err := r.cfg.Transform.WaitingOf(ctx, kind, ids)
		if err != nil {
			return nil, fmt.Errorf("wait for what is read: %w", err)
		}
		maps.Copy(causes, failing)
		if ids = waiting; len(ids) == 0 {
			return causes, nil
		}
		switch why := r.cfg.Transform.Stuck(); {
		case why == nil:
			since = time.Now()
		case time.Since(since) > blockedFor:
			return nil, fmt.Errorf("this takes longer than it should: %w. The person is kept out from now on; ask again to remove what was there", why)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// clean takes the person out of the journal's files.
func (r *run) clean(ctx context.Context) (err error) {
	emails := slices.Sorted(maps.Keys(r.emails))
	keys := slices.Collect(maps.Keys(r.keys))
	if r.Events, err = r.cfg.Journal.Scrub(ctx, r.events, keys, emails); err != nil {
		return err
	}
	if err := r.cfg.Journal.Clean(ctx); err != nil {
		return err
	}
	r.Left, err = r.cfg.Journal.Hits(ctx, emails)
	return err
}
