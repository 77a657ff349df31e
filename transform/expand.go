package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"octail/internal/journal"
	"octail/internal/shop"
	"octail/transform/document"
)

// users says which table, by which column, names the products that use a reference
// row whose names are their content.
var users = map[string]struct{ table, column string }{
	byManufacturer: {"product", "manufacturer_id"},
	byOption:       {"product_option", "option_id"},
	byOptionValue:  {"product_option_value", "option_value_id"},
	byAttribute:    {"product_attribute", "attribute_id"},
	byWeightClass:  {"product", "weight_class_id"},
	byLengthClass:  {"product", "length_class_id"},
}

// hasKeys reports whether a target stands for single rows, so that key 0 means all
// of them.
func hasKeys(name string) bool {
	_, ok := users[name]
	return ok || name == byCategory || entityByName(name) != nil
}

// spread is keys of an entity that are to be read in the background, and why.
type spread struct {
	entity string
	ids    []int64
	more   int64 // of the same entity, to be marked later
	first  bool  // all of the entity is marked, and these are its first keys
	source source
}

// expand answers what is no single entity: whole entities, reference rows whose
// names are content of others, and cached reference data (read again already). It
// only reads; spread marks.
func (w *work) expand(ctx context.Context, r *shop.Reader, fresh bool) error {
	rows := map[string][]target{} // reference rows, by name: asked for together
	for _, k := range w.targets {
		var err error
		switch e := entityByName(k.name); {
		case e != nil && k.id != 0:
			continue
		case isReference(k.name):
		case e != nil && w.sources[k].mark != nil:
			done := false
			if done, err = w.list(ctx, r, k, e); err == nil && !done {
				continue
			}
		case e != nil:
			w.markWhole(k, e.name)
		case k.name == byLanguage:
			w.markWhole(k, document.ProductEntity, document.CategoryEntity, document.CustomerEntity)
		case !hasKeys(k.name):
			err = fmt.Errorf("%q %w: this version of octail does not know what it is", k.name, errUnreadable)
		case k.id == 0: // a reference table as a whole
			w.markWhole(k, document.ProductEntity, document.CategoryEntity)
		default:
			rows[k.name] = append(rows[k.name], k)
			continue
		}
		if err := w.expanded(err, fresh, k); err != nil {
			return err
		}
	}
	for name, list := range rows {
		if err := w.expanded(w.expandRows(r, name, list), fresh, list...); err != nil {
			return err
		}
	}
	return nil
}

// expanded answers targets, or parks them when the error concerns them alone.
func (w *work) expanded(err error, fresh bool, targets ...target) error {
	if err != nil && !onlyThis(err, fresh) {
		return err
	}
	for _, k := range targets {
		if err != nil {
			w.park(k, err)
		} else {
			w.done(k, "")
		}
	}
	return nil
}

// expandRows finds what uses some rows of one reference table.
func (w *work) expandRows(r *shop.Reader, name string, rows []target) error {
	var ids idSet
	s := w.sources[rows[0]]
	for _, k := range rows {
		ids.add(k.id)
		if o := w.sources[k]; o.time.After(s.time) {
			s = o
		}
	}
	user := users[name]
	if name == byCategory { // the categories below, and the products in them
		below, err := r.Select(shop.Query{Table: "category_path", Columns: []string{"category_id"}, Where: "path_id", Keys: ids.list})
		if err != nil {
			return err
		}
		for _, row := range below.All() {
			ids.add(row.Int("category_id"))
		}
		w.spreads = append(w.spreads, spread{entity: document.CategoryEntity, ids: ids.list, source: s})
		user.table, user.column = "product_to_category", "category_id"
	}
	found, err := r.Select(shop.Query{Table: user.table, Columns: []string{"product_id"}, Where: user.column, Keys: ids.list})
	if err != nil {
		return err
	}
	var products idSet
	for _, row := range found.All() {
		products.add(row.Int("product_id"))
	}
	w.spreads = append(w.spreads, spread{entity: document.ProductEntity, ids: products.list, source: s})
	return nil
}

// markWhole marks entities as wholes; list then marks their keys, some at a time.
func (w *work) markWhole(k target, entities ...string) {
	m := w.mark(w.sources[k])
	for _, e := range entities {
		m.Key = document.Key{Entity: e}
		w.commit.Marks = append(w.commit.Marks, m)
	}
}

// mark is how what a source stands for is marked.
func (w *work) mark(s source) journal.Mark {
	m := journal.Mark{Reason: s.reason, Origin: s.origin}
	if m.Reason == "" {
		m.Reason = "reference"
	}
	switch {
	case s.mark != nil:
		m.Touched = s.mark.Touched
	case s.reason != "": // a resync: nobody has touched them
		m.Origin = document.FromReconcile
	default:
		m.Touched = s.time
	}
	return m
}

// list marks the next keys of an entity that is marked as a whole: those that the
// journal has, and in the shop those that it covers. A mark with a window stands for
// what was added since alone. done reports that there are no more; else the mark waits
// behind the keys, which are read first, so that neither the dirty table nor the wait
// of a live key grows with the shop.
func (w *work) list(ctx context.Context, r *shop.Reader, k target, e *entity) (done bool, err error) {
	t, m := w.t, w.sources[k].mark
	if err := unreadable(r.Schema(), e); err != nil {
		return false, err
	}
	window, journaled := t.covers(r.Schema(), e), true
	if !m.AddedSince.IsZero() {
		if added := t.dated(r.Schema(), e, m.AddedSince, "date_added"); added != "" {
			window, journaled = added, false
		}
	}
	inShop, err := rootIDs(r, e, m.After, window, listPage)
	if err != nil {
		return false, err
	}
	var inJournal []int64
	if journaled {
		if inJournal, err = t.cfg.Journal.KnownIDs(ctx, e.name, m.After, listPage); err != nil {
			return false, failure{readJournal, err}
		}
	}
	more, counted := t.unlisted[k]
	if !counted || m.After == 0 {
		if more, err = r.Count(e.root, fmt.Sprintf("`%s` > %d", e.id, m.After)+window); err != nil {
			more = 0 // it is only shown
		}
	}
	ids, last, done := merge(inShop, inJournal, listPage)
	if more = max(0, more-int64(len(inShop))); done {
		more = 0
	}
	w.spreads = append(w.spreads, spread{entity: e.name, ids: ids, more: more, first: m.After == 0, source: w.sources[k]})
	if done {
		w.after = append(w.after, func() { delete(t.unlisted, k) })
		return true, nil
	}
	w.after = append(w.after, func() { t.unlisted[k] = more })
	if !w.reader.Proven && w.now.Sub(t.markedBy(m)) < confirmAfter { // they are listed once more
		w.later(k, w.now.Add(confirmAfter))
	} else {
		w.commit.Listed = append(w.commit.Listed, journal.Listed{Seen: journal.Seen{Key: m.Key, Mark: m.Number}, After: last, Next: w.now})
	}
	return false, nil
}

// merge joins two ascending pages of keys, each of at most limit and cut off where it has
// that many. last is up to where they say everything; done: there are no more.
func merge(a, b []int64, limit int) (ids []int64, last int64, done bool) {
	done = true
	for _, page := range [][]int64{a, b} {
		if len(page) == limit && (done || page[limit-1] < last) {
			last, done = page[limit-1], false
		}
	}
	ids = slices.Concat(a, b)
	if !done {
		ids = slices.DeleteFunc(ids, func(id int64) bool { return id > last })
	}
	slices.Sort(ids)
	return slices.Compact(ids), last, done
}

// rootIDs lists an entity's keys in the shop behind after, ascending, at most limit.
func rootIDs(r *shop.Reader, e *entity, after int64, condition string, limit int) ([]int64, error) {
	rows, err := r.Select(shop.Query{Table: e.root, Columns: []string{e.id}, And: fmt.Sprintf("`%s` > %d", e.id, after) + condition, Order: []string{e.id}, Limit: limit})
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(rows.All()))
	for _, row := range rows.All() {
		ids = append(ids, row.Int(e.id))
	}
	return ids, nil
}

// covers is the condition that the journal covers an entity; empty: all of it.
func (t *Transformer) covers(s *shop.Schema, e *entity) string {
	since, limited := t.cfg.Covered[e.name]
	if !limited {
		return ""
	}
	since = since.Truncate(time.Second).Add(time.Second) // what the shop wrote in that very second was there already, or was captured
	if dated := t.dated(s, e, since, "date_added", "date_modified"); dated != "" {
		return dated
	}
	return fmt.Sprintf(" AND `%s` > %d", e.id, t.cfg.CoveredAbove[e.name])
}

// Undated lists, of the entities that keep no dates in this shop, the highest key there
// is: see Config.CoveredAbove.
func Undated(r *shop.Reader) (map[string]int64, error) {
	out := map[string]int64{}
	for _, e := range allEntities {
		s := r.Schema()
		if !s.Has(e.root, e.id) || s.Has(e.root, "date_added") || s.Has(e.root, "date_modified") {
			continue
		}
		highest, err := r.Highest(e.root, e.id)
		if err != nil {
			return nil, err
		}
		out[e.name] = highest
	}
	return out, nil
}

// dated is the condition that one of the root's dates is not before a time; empty for
// no time, and where the root has none of them.
func (t *Transformer) dated(s *shop.Schema, e *entity, since time.Time, columns ...string) string {
	return dated(t.cfg.Zone, s, e, since, columns...)
}

// dated is the same for a zone of the shop's.
func dated(zone *time.Location, s *shop.Schema, e *entity, since time.Time, columns ...string) string {
	var any []string
	for _, c := range columns {
		if !since.IsZero() && s.Has(e.root, c) {
			any = append(any, "`"+c+"` >= '"+since.In(zone).Format(time.DateTime)+"'")
		}
	}
	if len(any) == 0 {
		return ""
	}
	return " AND (" + strings.Join(any, " OR ") + ")"
}

// spread marks what expand found, for the reason its target was touched or marked.
// All but the last marks go ahead of the commit that answers the target; should we
// be killed in between, it is expanded again.
func (w *work) spread(ctx context.Context) error {
	for _, sp := range w.spreads {
		slices.Sort(sp.ids)
		m := w.mark(sp.source)
		if w.t.cfg.Marked != nil {
			marked := int64(len(sp.ids))
			w.after = append(w.after, func() { w.t.cfg.Marked(m.Reason, sp.entity, marked, sp.more) })
		}
		if sp.first {
			w.begun(m, sp.entity)
		}
		for chunk := range slices.Chunk(slices.Compact(sp.ids), markChunk) {
			if len(w.commit.Marks)+len(chunk) > markChunk {
				if _, err := w.t.cfg.Journal.Append(ctx, journal.Commit{Marks: w.commit.Marks}); err != nil {
					return failure{writeJournal, err}
				}
				w.commit.Marks = nil
				w.t.marksAt(w.now)
			}
			for _, id := range chunk {
				m.Key = document.Key{Entity: sp.entity, ID: id}
				w.commit.Marks = append(w.commit.Marks, m)
			}
		}
	}
	return nil
}
