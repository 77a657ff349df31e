package odoo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

const categoryModel = "product.category"

// category is one category of a batch.
type category struct {
	item   *item
	doc    *document.Category
	link   target
	person bool
	record *record
}

// categories writes the categories of a batch as product.category: a parent before its
// children, and a parent that is not in Odoo yet as a record with its name alone, which
// its own delivery puts in its place. One that is mapped is the person's in Odoo and not
// written; one that was deleted in the shop stays, since products are in it.
func (s *sink) categories(ctx context.Context, items []*item) error {
	var list []*category
	for _, it := range items {
		if it.deleted() {
			continue
		}
		doc, ok := read[document.Category](it)
		if !ok {
			continue
		}
		c := &category{item: it, doc: doc}
		var err error
		if c.link, c.person, err = s.linked(ctx, it.Key); err != nil {
			return err
		}
		mapped, err := s.mapCategory(ctx, doc.ID, doc.Path)
		switch {
		case err != nil && !isHeld(err):
			return err
		case err != nil:
			it.fail(err)
		case mapped == 0 || c.person:
			list = append(list, c)
		}
	}
	list = parentsFirst(list)
	parents, err := s.categoryParents(ctx, list)
	if err != nil {
		return err
	}
	var foreign, ours, linked []*record
	for _, c := range list {
		c.record = &record{xid: s.xid(categoryName(c.doc.ID)), item: c.item, cells: map[string]string{"name": clean(categoryTitle(c.doc))}}
		by := "parent_id/id"
		var parent string
		if c.doc.ParentID != nil {
			p := parents[*c.doc.ParentID]
			if parent = p.xid; p.id != 0 {
				by, parent = "parent_id/.id", strconv.FormatInt(p.id, 10)
			}
		}
		c.record.cells[by] = parent
		switch {
		case c.person:
			c.record.key = c.link.id
			linked = append(linked, c.record)
		case by == "parent_id/.id":
			foreign = append(foreign, c.record)
		default:
			ours = append(ours, c.record)
		}
	}
	for _, records := range [][]*record{foreign, ours, linked} {
		if err := s.load(ctx, categoryModel, records, nil); err != nil {
			return err
		}
	}
	for _, c := range list {
		if c.record.id == 0 {
			continue
		}
		if !c.person {
			s.saw(categoryModel, categoryName(c.doc.ID), c.record.id)
		}
		if err := s.remember(ctx, c.item.Key, target{id: c.record.id}, c.link); err != nil {
			return err
		}
	}
	return nil
}

// categoryRef is a category as a cell names it: by its external id, or by its id where it is
// not ours.
type categoryRef struct {
	xid string
	id  int64
}

// categoryParents says how the parents of a batch are named, and makes those that are
// neither in the batch nor in Odoo.
func (s *sink) categoryParents(ctx context.Context, list []*category) (map[int64]categoryRef, error) {
	out := map[int64]categoryRef{}
	here := map[int64]bool{}
	for _, c := range list {
		here[c.doc.ID] = !c.person
	}
	names := map[int64]string{} // of those nobody knows yet
	var ask []string
	for _, c := range list {
		if c.doc.ParentID == nil {
			continue
		}
		id := *c.doc.ParentID
		if _, done := out[id]; done || names[id] != "" {
			continue
		}
		var path []string
		if n := len(c.doc.Path); n > 1 {
			path = c.doc.Path[:n-1]
		}
		p, err := s.foreignCategory(ctx, id, path)
		switch {
		case err != nil && !isHeld(err):
			return nil, err
		case err != nil:
			c.item.fail(err)
			continue
		case p != 0:
			out[id] = categoryRef{id: p}
			continue
		}
		out[id] = categoryRef{xid: s.xid(categoryName(id))}
		if !here[id] {
			delete(out, id)
			names[id] = "Category " + strconv.FormatInt(id, 10)
			if len(path) > 0 {
				names[id] = path[len(path)-1]
			}
			ask = append(ask, categoryName(id))
		}
	}
	there, err := s.probe(ctx, categoryModel, ask)
	if err != nil {
		return nil, err
	}
	var missing []*record
	for id, name := range names {
		out[id] = categoryRef{xid: s.xid(categoryName(id))}
		if there[categoryName(id)] == 0 {
			missing = append(missing, &record{xid: s.xid(categoryName(id)), cells: map[string]string{"name": clean(name)}})
		}
	}
	return out, s.load(ctx, categoryModel, missing, nil)
}

// foreignCategory is a category that is not ours: mapped, or linked by a person; 0: ours.
func (s *sink) foreignCategory(ctx context.Context, id int64, path []string) (int64, error) {
	link, person, err := s.linked(ctx, document.Key{Entity: document.CategoryEntity, ID: id})
	if err != nil || person {
		return link.id, err
	}
	return s.mapCategory(ctx, id, path)
}

// mapCategory is the category of Odoo that mappings.category names for one of the shop,
// by its id, its path ("Components > Monitors") or its name; 0: none is named.
func (s *sink) mapCategory(ctx context.Context, id int64, path []string) (int64, error) {
	keys := []string{strconv.FormatInt(id, 10), strings.Join(path, " > ")}
	if len(path) > 0 {
		keys = append(keys, path[len(path)-1])
	}
	if to, ok := lookup(s.cfg.Mappings.Category, keys...); ok {
		return s.categoryNamed(ctx, keys[0], to)
	}
	return 0, nil
}

// categoryNamed finds a category of Odoo by its id, its full name ("All / Saleable") or
// its name.
func (s *sink) categoryNamed(ctx context.Context, key, to string) (int64, error) {
	const known = "mappings.category"
	if found := s.met(known, to); found != 0 {
		return found, nil
	}
	domain := []any{"|", []any{"complete_name", "=", to}, []any{"name", "=", to}}
	if id, err := strconv.ParseInt(to, 10, 64); err == nil {
		domain = []any{[]any{"id", "=", id}}
	}
	type hit struct {
		ID   int64    `json:"id"`
		Full rpc.Text `json:"complete_name"`
	}
	var hits []hit
	if err := s.rpc.SearchRead(ctx, categoryModel, rpc.Find{Domain: domain, Fields: []string{"complete_name"}, Limit: 10}, &hits); err != nil {
		return 0, fmt.Errorf("find the category that mappings.category names: %w", err)
	}
	if len(hits) > 1 {
		hits = slices.DeleteFunc(hits, func(h hit) bool { return string(h.Full) != to })
	}
	if len(hits) != 1 {
		return 0, sinks.Hold("product", fmt.Errorf("mappings.category gives category %s to %q, and Odoo has not exactly one product category of that name: write its full name (All / Saleable) or its id there, or remove the line", key, to))
	}
	s.saw(known, to, hits[0].ID)
	return hits[0].ID, nil
}

// isHeld tells an error of one value that is not mapped from one of Odoo.
func isHeld(err error) bool {
	_, held := sinks.HeldFor(err)
	return held
}

// errCycle: Odoo would say so too, but of a record that is not the one to correct.
func errCycle(id int64) error {
	return sinks.Mark(sinks.Permanent, fmt.Errorf("category %d is below itself in the shop: correct the parent there", id))
}

// parentsFirst sorts a batch so that a parent comes before its children, and takes out
// those that are below themselves.
func parentsFirst(list []*category) []*category {
	byID := map[int64]*category{}
	for _, c := range list {
		byID[c.doc.ID] = c
	}
	depth := func(c *category) int {
		for n, at := 0, c; ; n++ {
			if at.doc.ParentID == nil {
				return n
			}
			if n > len(list) || *at.doc.ParentID == c.doc.ID {
				return -1
			}
			next := byID[*at.doc.ParentID]
			if next == nil {
				return n
			}
			at = next
		}
	}
	depths := map[*category]int{}
	out := slices.DeleteFunc(slices.Clone(list), func(c *category) bool {
		if depths[c] = depth(c); depths[c] < 0 {
			c.item.fail(errCycle(c.doc.ID))
			return true
		}
		return false
	})
	slices.SortStableFunc(out, func(a, b *category) int { return depths[a] - depths[b] })
	return out
}

// categoryTitle is the name in the shop's default language, which the path has.
func categoryTitle(c *document.Category) string {
	if n := len(c.Path); n > 0 && strings.TrimSpace(c.Path[n-1]) != "" {
		return c.Path[n-1]
	}
	for _, t := range sorted(c.Texts) {
		if strings.TrimSpace(t.Name) != "" {
			return t.Name
		}
	}
	return "Category " + strconv.FormatInt(c.ID, 10)
}

// productPlaces says which category each product of a batch is in: Odoo has one for a
// product, so it is the deepest, of several the one with the lowest id. A product whose
// category is not in Odoo is not among them.
func (s *sink) productPlaces(ctx context.Context, wares []*ware) (map[*ware]categoryRef, error) {
	out := map[*ware]categoryRef{}
	var ask []string
	wanted := map[*ware]string{}
	for _, w := range wares {
		ref, ok := deepest(w.doc.Categories)
		if !ok || w.link.foreign {
			continue
		}
		id, err := s.foreignCategory(ctx, ref.ID, ref.Path)
		switch {
		case err != nil && !isHeld(err):
			return nil, err
		case err != nil:
			w.item.fail(err)
		case id != 0:
			out[w] = categoryRef{id: id}
		default:
			wanted[w] = categoryName(ref.ID)
			if !slices.Contains(ask, wanted[w]) {
				ask = append(ask, wanted[w])
			}
		}
	}
	there, err := s.probe(ctx, categoryModel, ask)
	for w, name := range wanted {
		if there[name] != 0 {
			out[w] = categoryRef{xid: s.xid(name)}
		}
	}
	return out, err
}

// deepest is the category that says most about a product.
func deepest(list []document.CategoryRef) (out document.CategoryRef, ok bool) {
	for _, c := range list {
		if !ok || len(c.Path) > len(out.Path) || len(c.Path) == len(out.Path) && c.ID < out.ID {
			out, ok = c, true
		}
	}
	return out, ok
}
