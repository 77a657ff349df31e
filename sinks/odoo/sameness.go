package odoo

import (
	"context"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

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
	held, err := readAll[row](ctx, s, categoryModel, ids, []string{"name", "complete_name"}, func(r row) int64 { return r.ID })
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

// readAll reads records by id; those that are gone are not in the answer.
func readAll[R any](ctx context.Context, s *sink, model string, ids []int64, fields []string, id func(R) int64) (map[int64]R, error) {
	var rows []R
	out := map[int64]R{}
	if len(ids) == 0 {
		return out, nil
	}
	err := s.rpc.SearchRead(ctx, model, rpc.Find{Domain: []any{[]any{"id", "in", ids}}, Fields: fields, Context: map[string]any{"active_test": false}}, &rows)
	for _, r := range rows {
		out[id(r)] = r
	}
	return out, err
}

// heldProduct is a product or template as Odoo has it.
type heldProduct struct {
	ID      int64      `json:"id"`
	Active  bool       `json:"active"`
	SKU     rpc.Text   `json:"default_code"`
	Barcode rpc.Text   `json:"barcode"`
	Price   rpc.Number `json:"list_price"`
}

// compareProducts compares codes, prices, and what is for sale. A barcode that Odoo has
// and the shop has not is no difference, nor one that another product has.
func (s *sink) compareProducts(ctx context.Context, batch []sinks.Delivery) ([]sinks.Difference, error) {
	wares := make([]*ware, len(batch))
	all := map[int64]*good{}
	for i := range batch {
		it := &item{Delivery: &batch[i]}
		if doc, ok := read[document.Product](it); ok {
			wares[i] = &ware{item: it, doc: doc, split: s.attributes(doc)}
			all[it.ID] = &good{key: it.Key}
		}
	}
	if err := s.locateGoods(ctx, all); err != nil {
		return nil, err
	}
	ids := map[bool][]int64{}
	for _, g := range all {
		if g.at.id != 0 {
			ids[g.at.template] = append(ids[g.at.template], g.at.id)
		}
	}
	held := map[bool]map[int64]heldProduct{}
	for template, model := range map[bool]string{false: productModel, true: templateModel} {
		var err error
		held[template], err = readAll[heldProduct](ctx, s, model, ids[template], []string{"active", "default_code", "barcode", "list_price"}, func(p heldProduct) int64 { return p.ID })
		if err != nil {
			return nil, err
		}
	}
	lacking, err := s.lackingBarcodes(ctx, wares, all, held[false])
	if err != nil {
		return nil, err
	}
	var out []sinks.Difference
	for i, w := range wares {
		if w == nil {
			continue
		}
		at := all[w.item.ID].at
		p, ok := held[at.template][at.id]
		d := sinks.Difference{Index: i}
		switch {
		case w.item.deleted() && (!ok || !p.Active || s.cfg.Products.Deleted != "archive"):
			continue
		case w.item.deleted():
		case !ok:
			d.Missing = true
		default:
			var err error
			if d.Fields, err = s.productDiffers(ctx, w, at, p); err != nil {
				return nil, err
			}
			if lacking[w] && !slices.Contains(d.Fields, "codes") {
				d.Fields = append(d.Fields, "codes")
			}
			if len(d.Fields) == 0 {
				continue
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// lackingBarcodes are the products without their barcode that no other product of Odoo
// has: it was another's when they were written, and that one has given it up since.
func (s *sink) lackingBarcodes(ctx context.Context, wares []*ware, all map[int64]*good, held map[int64]heldProduct) (map[*ware]bool, error) {
	out := map[*ware]bool{}
	var codes []string
	for _, w := range wares {
		if w == nil || w.item.deleted() {
			continue
		}
		w.barcode = barcodeOf(s.cfg.Products.Barcode, w.doc.Codes)
		at := all[w.item.ID].at
		if p, ok := held[at.id]; ok && !at.template && w.barcode != "" && string(p.Barcode) != w.barcode {
			out[w] = true
			codes = append(codes, w.barcode)
		}
	}
	have, err := s.holders(ctx, nil, codes)
	if err != nil {
		return nil, err
	}
	for w := range out {
		if slices.ContainsFunc(have, func(h *holder) bool { return string(h.Barcode) == w.barcode }) {
			delete(out, w)
		}
	}
	return out, nil
}

// productDiffers names the fields in which a product of Odoo is not the shop's.
func (s *sink) productDiffers(ctx context.Context, w *ware, at target, p heldProduct) ([]string, error) {
	var out []string
	if p.Active != w.doc.Enabled {
		out = append(out, "enabled")
	}
	sku := skuOf(s.cfg.Products.SKU, w.doc.Codes, w.doc.Model, w.doc.ID)
	if !at.template && string(p.SKU) != sku {
		out = append(out, "codes")
	}
	if !at.foreign {
		t, _, err := s.classTax(ctx, w)
		if err != nil && !isHeld(err) {
			return nil, err
		}
		w.tax = t
	}
	want, ok := decimalOf(w.doc.Price)
	has, _ := decimalOf(string(p.Price))
	// Odoo rounds to its own digits of prices, two unless somebody has changed that.
	if ok && w.tax.with(want).Sub(has).Abs().GreaterThan(decimal.New(5, -3)) {
		out = append(out, "price")
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
