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

// spread is what a target stands for: keys of an entity that are to be read in the
// background.
type spread struct {
	entity  string
	ids     []int64
	journal bool // and those that the journal has and the shop may have lost
	source  source
}

// expand answers what is no single entity: whole entities, reference rows whose
// names are content of others, and cached reference data (read again already). It
// only reads; spread marks.
func (w *work) expand(r *shop.Reader, fresh bool) error {
	rows := map[string][]target{} // reference rows, by name: asked for together
	for _, k := range w.targets {
		var err error
		switch e := entityByName(k.name); {
		case e != nil && k.id != 0:
			continue
		case isReference(k.name):
		case e != nil:
			err = w.expandAll(r, w.sources[k], e)
		case k.name == byLanguage:
			err = w.expandAll(r, w.sources[k], &productEntity, &categoryEntity, &customerEntity)
		case !hasKeys(k.name):
			err = fmt.Errorf("%q %w: this version of octail does not know what it is", k.name, errUnreadable)
		case k.id == 0: // a reference table as a whole
			err = w.expandAll(r, w.sources[k], &productEntity, &categoryEntity)
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

// expandAll finds every key of some entities, page by page: those that the journal
// has, and in the shop those that it covers. A mark with a window stands for what was
// added since alone.
func (w *work) expandAll(r *shop.Reader, s source, entities ...*entity) error {
	for _, e := range entities {
		if err := unreadable(r.Schema(), e); err != nil {
			return err
		}
		all := spread{entity: e.name, journal: true, source: s}
		window := w.dated(r.Schema(), e, w.t.cfg.Covered[e.name], "date_added", "date_modified")
		if s.mark != nil && !s.mark.AddedSince.IsZero() {
			if added := w.dated(r.Schema(), e, s.mark.AddedSince, "date_added"); added != "" {
				window, all.journal = added, false
			}
		}
		for after := int64(0); ; after = all.ids[len(all.ids)-1] {
			page, err := r.Select(shop.Query{Table: e.root, Columns: []string{e.id}, And: fmt.Sprintf("`%s` > %d", e.id, after) + window, Order: []string{e.id}, Limit: markChunk})
			if err != nil {
				return err
			}
			for _, row := range page.All() {
				all.ids = append(all.ids, row.Int(e.id))
			}
			if len(page.All()) < markChunk {
				break
			}
		}
		w.spreads = append(w.spreads, all)
	}
	return nil
}

// dated is the condition that one of the root's dates is not before a time; empty for
// no time, and where the root has none of them.
func (w *work) dated(s *shop.Schema, e *entity, since time.Time, columns ...string) string {
	var any []string
	for _, c := range columns {
		if !since.IsZero() && s.Has(e.root, c) {
			any = append(any, "`"+c+"` >= '"+since.In(w.t.cfg.Zone).Format(time.DateTime)+"'")
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
	j := w.t.cfg.Journal
	for _, sp := range w.spreads {
		for after := int64(0); sp.journal; {
			known, err := j.KnownIDs(ctx, sp.entity, after, markChunk)
			if err != nil {
				return failure{readJournal, err}
			}
			sp.ids = append(sp.ids, known...)
			if len(known) < markChunk {
				break
			}
			after = known[len(known)-1]
		}
		slices.Sort(sp.ids)
		sp.ids = slices.Compact(sp.ids)
		m := journal.Mark{Reason: sp.source.reason, Origin: sp.source.origin}
		if m.Reason == "" {
			m.Reason = "reference"
		}
		switch {
		case sp.source.mark != nil:
			m.Touched = sp.source.mark.Touched
		case sp.source.reason != "": // a resync: nobody has touched them
			m.Origin = document.FromReconcile
		default:
			m.Touched = sp.source.time
		}
		w.begun(m, sp.entity)
		for chunk := range slices.Chunk(sp.ids, markChunk) {
			if len(w.commit.Marks)+len(chunk) > markChunk {
				if _, err := j.Append(ctx, journal.Commit{Marks: w.commit.Marks}); err != nil {
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
