package odoo

import (
	"context"
	"fmt"
	"strings"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// The comparers of the catalogue name fields of the shop's documents. They read what a
// person would see as wrong, not all that is written.

// compareCategories compares names and places in the tree.
func (s *sink) compareCategories(ctx context.Context, batch []sinks.Delivery) ([]sinks.Difference, error) {
	var out []sinks.Difference
	docs := map[int]*document.Category{}
	at := map[int]int64{}
	var ask []string
	for i := range batch {
		it := &item{Delivery: &batch[i]}
		doc, ok := read[document.Category](it)
		if !ok || it.deleted() { // those deleted stay, see categories
			continue
		}
		if mapped, err := s.mapCategory(ctx, doc.ID, doc.Path); err != nil && !isHeld(err) {
			return nil, err
		} else if mapped != 0 || err != nil {
			continue
		}
		link, _, err := s.linked(ctx, it.Key)
		if err != nil {
			return nil, err
		}
		docs[i] = doc
		if at[i] = link.id; link.id == 0 {
			ask = append(ask, categoryName(doc.ID))
		}
	}
	there, err := s.probe(ctx, categoryModel, ask)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for i, doc := range docs {
		if at[i] == 0 {
			at[i] = there[categoryName(doc.ID)]
		}
		ids = append(ids, at[i])
	}
	type row struct {
		ID   int64    `json:"id"`
		Name rpc.Text `json:"name"`
		Full rpc.Text `json:"complete_name"`
	}
	held, err := readAll[row](ctx, s, categoryModel, ids, []string{"name", "complete_name"}, nil, func(r row) int64 { return r.ID })
	if err != nil {
		return nil, err
	}
	for i := range batch {
		doc := docs[i]
		if doc == nil {
			continue
		}
		r, ok := held[at[i]]
		d := sinks.Difference{Index: i, Missing: !ok}
		if ok && string(r.Name) != clean(categoryTitle(doc)) {
			d.Fields = append(d.Fields, "texts")
		}
		if ok && doc.ParentID == nil && strings.Contains(string(r.Full), " / ") && !strings.Contains(string(r.Name), " / ") {
			d.Fields = append(d.Fields, "parent_id")
		}
		if d.Missing || len(d.Fields) > 0 {
			out = append(out, d)
		}
	}
	return out, nil
}

// readAll reads records by id, in a language of Odoo; nil is that of octail's user, false
// what is shown where there is no translation. Those that are gone are not in the answer.
func readAll[R any](ctx context.Context, s *sink, model string, ids []int64, fields []string, lang any, id func(R) int64) (map[int64]R, error) {
	var rows []R
	out := map[int64]R{}
	if len(ids) == 0 {
		return out, nil
	}
	in := map[string]any{"active_test": false}
	if lang != nil {
		in["lang"] = lang
	}
	if err := s.rpc.SearchRead(ctx, model, rpc.Find{Domain: []any{[]any{"id", "in", ids}}, Fields: fields, Context: in}, &rows); err != nil {
		return nil, fmt.Errorf("read %d records of %s back: %w", len(ids), model, err)
	}
	for _, r := range rows {
		out[id(r)] = r
	}
	return out, nil
}

// compareStocks compares counts as stocks would write them.
func (s *sink) compareStocks(ctx context.Context, batch []sinks.Delivery) ([]sinks.Difference, error) {
	items := make([]*item, len(batch))
	index := map[*item]int{}
	for i := range batch {
		items[i] = &item{Delivery: &batch[i]}
		index[items[i]] = i
	}
	wanted, err := s.counts(ctx, items)
	if err != nil {
		return nil, err
	}
	var out []sinks.Difference
	for _, it := range items {
		if it.err != nil {
			out = append(out, sinks.Difference{Index: index[it], Missing: true})
		}
	}
	if len(wanted) == 0 {
		return out, nil
	}
	location, err := s.location(ctx)
	if err != nil {
		return nil, err
	}
	levels, err := s.levels(ctx, location, wanted)
	if err != nil {
		return nil, err
	}
	said := map[*item]bool{}
	for _, c := range s.wrong(wanted, levels) {
		if !said[c.item] {
			said[c.item] = true
			out = append(out, sinks.Difference{Index: index[c.item], Fields: []string{"quantity"}})
		}
	}
	return out, nil
}
