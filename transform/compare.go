package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"octail/internal/shop"
	"octail/transform/document"
)

// State is how an entity in the shop compares with the newest revision in the
// journal.
type State string

// States of a Verdict.
const (
	Same      State = "same"
	Missing   State = "missing"    // in the shop, and the journal has never had it (or had it deleted)
	Different State = "different"  // content differs
	Gone      State = "gone"       // in the journal, and not in the shop any more
	Draft     State = "draft"      // an order that is none yet, and never was one
	Nowhere   State = "nowhere"    // in neither
	Broken    State = "unreadable" // no document could be made of it
)

// Verdict is what comparing one entity gave.
type Verdict struct {
	document.Key
	State    State
	Fields   []string // of Different: what differs
	Why      string   // of Broken
	HalfWay  string   // why its rows look like the middle of a change, "" when they do not
	Revision int64    // of the journal that was compared; 0: none
	// InShop: its root row is there and is no draft. InJournal: the newest revision is
	// not a deletion.
	InShop, InJournal bool
}

// Selection says which of an entity's keys are meant. Conditions are joined by "and".
type Selection struct {
	// Covered: what the journal covers, see Config.Covered.
	Covered  bool
	Since    time.Time // added since; products and categories also changed since
	Statuses []int64   // orders
	Stores   []int64
}

// Comparison compares entities of the shop with the journal. It journals nothing, and
// has its own reference data, so that it may run beside the loop: from one goroutine.
// Its reads take at most half of the time.
type Comparison struct {
	t       *Transformer
	ref     *reference
	schema  *shop.Schema
	portion portion
	pace    pace
}

// Comparison prepares a comparison.
func (t *Transformer) Comparison() *Comparison {
	return &Comparison{t: t, ref: newReference(&texts{}, t.cfg.Zone), portion: newPortion(batchSize, bulkBytes)}
}

// Renew makes the shop's tables and its reference data be read again.
func (c *Comparison) Renew() {
	c.schema = nil
	c.ref.forgetAll()
}

// read runs fn in a snapshot that holds all that capture has handed over so far.
func (c *Comparison) read(ctx context.Context, fn func(*shop.Reader) error) error {
	if err := c.pace.wait(ctx, time.Now()); err != nil {
		return err
	}
	for fresh := false; ; fresh = true {
		if c.schema == nil {
			schema, err := c.t.cfg.Shop.Schema(ctx)
			if err != nil {
				return asFailure(readShop, err)
			}
			c.schema = schema
		}
		after, _ := c.t.tracker.latest()
		began := time.Now()
		err := c.t.cfg.Shop.Read(ctx, after, c.schema, func(r *shop.Reader) error {
			began = time.Now()
			if err := c.ref.refresh(r); err != nil {
				return err
			}
			return fn(r)
		})
		c.pace.took(began, time.Now())
		switch {
		case err == nil, errors.Is(err, shop.ErrTooMuch), errors.Is(err, ErrSelection):
			return err
		case shop.Classify(err) == shop.Missing && !fresh:
			c.Renew()
		default:
			return asFailure(readShop, err)
		}
	}
}

// InShop lists an entity's keys in the shop behind after, ascending, at most limit.
func (c *Comparison) InShop(ctx context.Context, entity string, sel Selection, after int64, limit int) ([]int64, error) {
	e := entityByName(entity)
	var ids []int64
	err := c.read(ctx, func(r *shop.Reader) (err error) {
		if err := unreadable(r.Schema(), e); err != nil {
			return err
		}
		condition, err := c.condition(r.Schema(), e, sel)
		if err != nil {
			return err
		}
		ids, err = rootIDs(r, e, after, condition, limit)
		return err
	})
	return ids, err
}

// Statuses are the shop's order statuses: names in its default language by id.
func (c *Comparison) Statuses(ctx context.Context) (map[int64]string, error) {
	var names map[int64]string
	err := c.read(ctx, func(*shop.Reader) error {
		names = maps.Clone(c.ref.statuses)
		return nil
	})
	return names, err
}

// ErrSelection: this shop does not keep what a Selection asks for.
var ErrSelection = errors.New("this shop cannot be asked that")

// condition is a selection in SQL.
func (c *Comparison) condition(s *shop.Schema, e *entity, sel Selection) (string, error) {
	var b strings.Builder
	if sel.Covered {
		b.WriteString(c.t.covers(s, e))
	}
	if !sel.Since.IsZero() {
		columns := []string{"date_added"}
		if e.root != "order" && e.root != "customer" {
			columns = append(columns, "date_modified")
		}
		dated := c.t.dated(s, e, sel.Since, columns...)
		if dated == "" {
			return "", fmt.Errorf("%w: it does not keep when a %s was added. Name them with --id", ErrSelection, e.name)
		}
		b.WriteString(dated)
	}
	if len(sel.Statuses) > 0 {
		b.WriteString(" AND `order_status_id` IN (" + list(sel.Statuses) + ")")
	}
	if len(sel.Stores) > 0 {
		switch link := e.root + "_to_store"; {
		case s.Has(e.root, "store_id"):
			b.WriteString(" AND `store_id` IN (" + list(sel.Stores) + ")")
		case s.Has(link, e.id, "store_id"):
			b.WriteString(" AND `" + e.id + "` IN (SELECT `" + e.id + "` FROM `" + s.Prefix + link + "` WHERE `store_id` IN (" + list(sel.Stores) + "))")
		default:
			return "", fmt.Errorf("%w: a %s belongs to no store there. Leave out --store", ErrSelection, e.name)
		}
	}
	return b.String(), nil
}

func list(ids []int64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(texts, ",")
}

// Compare reads some keys of one entity and says how each compares, in their order.
// Where it can only read some of them at once it takes several snapshots.
func (c *Comparison) Compare(ctx context.Context, entity string, ids []int64) ([]Verdict, error) {
	e := entityByName(entity)
	out := make([]Verdict, 0, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), c.portion.size)
		verdicts, bytes, err := c.compare(ctx, e, ids[:n])
		if errors.Is(err, shop.ErrTooMuch) {
			c.portion.tooMuch(n)
			continue
		}
		if err != nil {
			return nil, err
		}
		c.portion.fitted(n, bytes)
		out = append(out, verdicts...)
		ids = ids[n:]
	}
	return out, nil
}

func (c *Comparison) compare(ctx context.Context, e *entity, ids []int64) (out []Verdict, bytes int, err error) {
	most := c.portion.bytes
	if len(ids) == 1 {
		most = -1
	}
	known, bytes, err := readPrevious(ctx, c.t.cfg.Journal, e, ids, most)
	if err != nil {
		return nil, bytes, err
	}
	var results map[int64]*result
	err = c.read(ctx, func(r *shop.Reader) error {
		if err := unreadable(r.Schema(), e); err != nil {
			return err
		}
		r.Bound(most)
		a := c.t.assembly(r, c.ref, e, known)
		a.ids = ids
		err := e.read(a)
		results, bytes = a.results, max(bytes, r.Bytes())
		return err
	})
	if err != nil {
		return nil, bytes, err
	}
	for _, id := range ids {
		out = append(out, verdict(document.Key{Entity: e.name, ID: id}, known[id], results[id]))
	}
	return out, bytes, nil
}

// verdict compares a reading with the newest revision.
func verdict(key document.Key, prior *previous, res *result) Verdict {
	v := Verdict{Key: key, InJournal: prior.exists(), InShop: res != nil && !res.draft}
	if prior != nil {
		v.Revision = prior.Revision
	}
	switch {
	case prior != nil && prior.err != nil:
		v.State, v.Why = Broken, shop.Explain(prior.err)
	case res != nil && res.err != nil:
		v.State, v.Why = Broken, shop.Explain(res.err)
	case res != nil && res.draft:
		v.State = Draft
	case res == nil && v.InJournal:
		v.State = Gone
	case res == nil:
		v.State = Nowhere
	case !v.InJournal:
		v.State = Missing
	default:
		v.State = Same
		if enc := document.Encode(res.doc); enc.Hash != prior.Hash {
			if v.Fields = enc.Changed(prior.sums); len(v.Fields) > 0 {
				v.State = Different
			}
		}
	}
	if (v.State == Missing || v.State == Different) && res.halfway != "" {
		v.HalfWay = res.halfway
	}
	return v
}

// InJournal lists the keys of an entity that the journal has, behind after, ascending,
// at most limit; deleted ones are not among them.
func (c *Comparison) InJournal(ctx context.Context, entity string, after int64, limit int) ([]int64, error) {
	ids, err := c.t.cfg.Journal.KnownIDs(ctx, entity, after, limit)
	if err != nil {
		return nil, failure{readJournal, err}
	}
	return ids, nil
}

// Both lists the keys behind after of which the shop (within sel) or the journal has
// any, ascending, about limit of them; last is where the next page begins, done
// reports that there is none.
func (c *Comparison) Both(ctx context.Context, entity string, sel Selection, after int64, limit int) (ids []int64, last int64, done bool, err error) {
	inShop, err := c.InShop(ctx, entity, sel, after, limit)
	if err != nil {
		return nil, 0, false, err
	}
	inJournal, err := c.InJournal(ctx, entity, after, limit)
	if err != nil {
		return nil, 0, false, err
	}
	ids, last, done = merge(inShop, inJournal, limit)
	return ids, last, done, nil
}

// Unreadable reports whether err says that a kind of entity cannot be read at all for
// the present: its tables are missing or not granted.
func Unreadable(err error) bool { return errors.Is(err, errUnreadable) }

// Waiting reports whether a key was touched or is marked and has not been answered
// yet: a difference of it says nothing. cause is why it cannot be read, "" when it was
// not tried.
func (t *Transformer) Waiting(ctx context.Context, key document.Key) (waiting bool, cause string, err error) {
	all, found, err := t.cfg.Journal.Marked(ctx, document.Key{Entity: key.Entity})
	if err != nil {
		return false, "", failure{readJournal, err}
	}
	if found { // all of its kind is to be read
		return true, all.Error, nil
	}
	ids, causes, err := t.WaitingOf(ctx, key.Entity, []int64{key.ID})
	return len(ids)+len(causes) > 0, causes[key.ID], err
}

// WaitingOf tells, of some keys of an entity, those that were touched or marked and have
// not been answered yet, and why others cannot be read at present.
func (t *Transformer) WaitingOf(ctx context.Context, entity string, ids []int64) (waiting []int64, causes map[int64]string, err error) {
	touched := map[int64]bool{} // asked for first: touches become marks, never the other way round
	for _, id := range ids {
		touched[id] = t.tracker.has(target{entity, id})
	}
	marks, err := t.cfg.Journal.MarkedOf(ctx, entity, ids)
	if err != nil {
		return nil, nil, failure{readJournal, err}
	}
	causes = map[int64]string{}
	for _, id := range ids {
		switch mark, marked := marks[id]; {
		case mark.Error != "":
			causes[id] = mark.Error
		case marked, touched[id]:
			waiting = append(waiting, id)
		}
	}
	return waiting, causes, nil
}
