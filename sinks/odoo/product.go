package odoo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

const (
	productModel  = "product.product"
	templateModel = "product.template"
)

// ware is one product of a batch on its way to Odoo.
type ware struct {
	item    *item
	doc     *document.Product
	changed map[string]bool            // fields of the document that differ; nil: all
	before  map[string]json.RawMessage // what they were
	link    target                     // the record as it is known; zero: not known
	person  bool                       // a person named it
	split   []document.Option          // the options that are attributes; nil: it is a simple product
	sku     string
	barcode string // "": none, or another product has it
	tax     tax    // of its class, when mappings.tax names it
	record  *record
}

// differs tells whether a field of the document is new to Odoo.
func (w *ware) differs(field string) bool { return w.changed == nil || w.changed[field] }

// template tells whether it is a product.template with variants here.
func (w *ware) template() bool {
	if w.link.foreign {
		return w.link.template
	}
	return len(w.split) > 0
}

// products writes the products of a batch: a simple one as product.product, one with
// variants as product.template. One that somebody deleted in Odoo comes back; one that
// was archived there stays so until the shop enables it anew.
func (s *sink) products(ctx context.Context, items []*item) error {
	var wares, gone []*ware
	for _, it := range items {
		w := &ware{item: it}
		var err error
		if w.link, w.person, err = s.linked(ctx, it.Key); err != nil {
			return err
		}
		if it.deleted() {
			gone = append(gone, w)
			continue
		}
		var ok bool
		if w.doc, ok = read[document.Product](it); !ok {
			continue
		}
		w.changed, w.before = changes(it)
		w.split = s.attributes(w.doc)
		w.sku = skuOf(s.cfg.Products.SKU, w.doc.Codes, w.doc.Model, w.doc.ID)
		w.barcode = barcodeOf(s.cfg.Products.Barcode, w.doc.Codes)
		wares = append(wares, w)
	}
	if err := s.archiveDeleted(ctx, gone); err != nil || len(wares) == 0 {
		return err
	}
	if err := s.settleCodes(ctx, wares); err != nil {
		return err
	}
	if err := s.fillProducts(ctx, wares); err != nil {
		return err
	}
	if err := s.loadProducts(ctx, wares); err != nil {
		return err
	}
	wares = slices.DeleteFunc(wares, func(w *ware) bool { return w.item.err != nil })
	for _, step := range []func(context.Context, []*ware) error{s.writeVariants, s.translate, s.enable, s.pictures, s.specials} {
		if err := step(ctx, wares); err != nil {
			return err
		}
	}
	return nil
}

// changes are the changed fields of a delivery and what they were; nil: all.
func changes(it *item) (map[string]bool, map[string]json.RawMessage) {
	var d struct {
		Changed  []string                   `json:"changed"`
		Previous map[string]json.RawMessage `json:"previous"`
	}
	if it.Again || it.Kind == document.Created || json.Unmarshal(it.Data, &d) != nil {
		return nil, nil
	}
	out := map[string]bool{}
	for _, name := range d.Changed {
		out[name] = true
	}
	return out, d.Previous
}

// fillProducts makes the records.
func (s *sink) fillProducts(ctx context.Context, wares []*ware) error {
	languages, err := s.languages(ctx)
	if err != nil {
		return err
	}
	storable, err := s.has(ctx, productModel, "is_storable")
	if err != nil {
		return err
	}
	unit, err := s.weightUnit(ctx)
	if err != nil {
		return err
	}
	places, err := s.productPlaces(ctx, wares)
	if err != nil {
		return err
	}
	for _, w := range wares {
		cells := s.textCells(w.doc.Texts[mainLanguage(w.doc.Texts, s.cfg.Products.Language, languages)])
		if cells["name"] == "" {
			cells["name"] = productTitle(w.doc)
		}
		if price, ok := decimalOf(w.doc.Price); ok {
			cells["list_price"] = price.String()
		}
		if weight, ok := inUnit(w.doc.Weight.Value, w.doc.Weight.Unit, unit); ok {
			cells["weight"] = weight.String()
		}
		w.record = &record{xid: s.xid(productName(w.doc.ID)), item: w.item, cells: cells}
		if w.link.foreign {
			// How it is booked and counted was settled before it was the shop's.
			w.record.key = w.link.id
		} else if err := s.bookingCells(ctx, w, places, storable); err != nil {
			w.item.fail(err)
			continue
		}
		if w.template() {
			w.record.xid = s.xid(templateName(w.doc.ID))
			continue
		}
		cells["default_code"] = w.sku
		// An empty one is written only when the shop took it away, so that one from Odoo stays.
		if w.barcode != "" || w.formerBarcode(s.cfg.Products.Barcode) != "" {
			cells["barcode"] = w.barcode
		}
	}
	return nil
}

// bookingCells say how Odoo books and counts a product.
func (s *sink) bookingCells(ctx context.Context, w *ware, places map[*ware]categoryRef, storable bool) error {
	cells := w.record.cells
	switch p, ok := places[w]; {
	case ok && p.id != 0:
		cells["categ_id/.id"] = strconv.FormatInt(p.id, 10)
	case ok:
		cells["categ_id/id"] = p.xid
	}
	if w.link.id == 0 {
		cells["sale_ok"] = "True" // it may have been made from an order's line
	}
	kindCells(cells, w.doc.RequiresShipping, storable)
	return s.taxCells(ctx, w, cells)
}

// formerBarcode is the one of the revision before, where codes have changed since.
func (w *ware) formerBarcode(order []string) string {
	var codes map[string]string
	if json.Unmarshal(w.before["codes"], &codes) != nil {
		return ""
	}
	return barcodeOf(order, codes)
}

// kindCells: what is shipped is counted, what is not is a service.
func kindCells(cells map[string]string, shipped, storable bool) {
	switch {
	case !shipped:
		cells["type"] = "service"
	case storable:
		cells["type"], cells["is_storable"] = "consu", "True"
	default:
		cells["type"] = "product"
	}
}

// productTitle is a name for a product whose texts have none.
func productTitle(p *document.Product) string {
	if model := clean(p.Model); model != "" {
		return model
	}
	return fmt.Sprintf("Product %d", p.ID)
}

// loadProducts writes the records. Of one that is refused, what Odoo may not like is
// left out, one thing after the other: a product without its barcode is better than an
// order without its product.
func (s *sink) loadProducts(ctx context.Context, wares []*ware) error {
	var simple, templates []*ware
	for _, w := range wares {
		switch {
		case w.item.err != nil:
		case w.template():
			templates = append(templates, w)
		default:
			simple = append(simple, w)
		}
	}
	slices.SortStableFunc(simple, func(a, b *ware) int { // a barcode that moves is given up first
		switch x, y := s.leaves(a), s.leaves(b); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	if err := s.loadWares(ctx, productModel, simple); err != nil {
		return err
	}
	if err := s.prepareTemplates(ctx, templates); err != nil {
		return err
	}
	if err := s.loadWares(ctx, templateModel, templates); err != nil {
		return err
	}
	for _, w := range wares {
		if w.record == nil || w.record.id == 0 {
			continue
		}
		t := target{id: w.record.id, template: w.template(), foreign: w.link.foreign}
		if !t.foreign && !t.template {
			s.saw(productModel, productName(w.doc.ID), t.id)
		}
		if err := s.replaced(ctx, w, t); err != nil {
			return err
		}
		if err := s.remember(ctx, w.item.Key, t, w.link); err != nil {
			return err
		}
		w.link = t
	}
	return nil
}

// optional are the cells that a product may do without, in the order they are given up.
var optional = [][]string{{}, {"barcode"}, {"categ_id/id", "categ_id/.id"}, {"type", "is_storable"}, {"taxes_id/.id"}}

// noLanguage writes texts as those of all languages that have none of their own. In English,
// Odoo 14 loses the name of a product whose description is emptied, and its price.
var noLanguage = map[string]any{"lang": false}

func (s *sink) loadWares(ctx context.Context, model string, wares []*ware) error {
	// A refusal is kept aside until nothing more can be left out.
	var records []*record
	for _, w := range wares {
		w.record.item = &item{Delivery: w.item.Delivery}
		records = append(records, w.record)
	}
	if err := s.load(ctx, model, records, noLanguage); err != nil {
		return err
	}
	for _, w := range wares {
		if w.record.id != 0 {
			continue
		}
		if w.link.foreign && !w.person && !w.template() {
			// What was found by its SKU is perhaps not there any more; then it is ours to make.
			if err := s.anew(ctx, w); err != nil {
				return err
			}
		}
		refused := w.record.item.err
		var without []string
		for _, names := range optional {
			// With nothing left out first: of two products with one barcode Odoo 19 names
			// the first of the call too, which has nothing to do with them.
			for _, name := range names {
				if _, ok := w.record.cells[name]; ok {
					delete(w.record.cells, name)
					without = append(without, strings.TrimSuffix(strings.TrimSuffix(name, "/id"), "/.id"))
				}
			}
			w.record.item = &item{Delivery: w.item.Delivery}
			if err := s.load(ctx, model, []*record{w.record}, noLanguage); err != nil {
				return err
			}
			if w.record.id != 0 {
				break
			}
		}
		switch {
		case w.record.id == 0 && w.person:
			w.item.fail(fmt.Errorf("%w. It is linked with %s by hand: if that is not there any more, octail unlink it, or link it with another", refused, w.link))
		case w.record.id == 0:
			w.item.fail(refused)
		case len(without) > 0:
			s.log.Warn("Odoo refused a product as it is, and took it without some of it", "entity", w.item.Key.String(), "left_out", strings.Join(without, ", "))
		}
	}
	return nil
}

// replaced takes the former record out of sight when a product got variants, or lost
// them: Odoo cannot turn one into the other.
func (s *sink) replaced(ctx context.Context, w *ware, now target) error {
	if w.link.id == 0 || w.link.foreign || w.link.template == now.template {
		return nil
	}
	s.log.Info("the product is another record in Odoo now that its options make variants, or do not any more; the former one is archived", "entity", w.item.Key.String(), "former", w.link.String())
	return s.setActive(ctx, []target{w.link}, false)
}

// enable archives what the shop has disabled, and brings back what it has enabled.
func (s *sink) enable(ctx context.Context, wares []*ware) error {
	var on, off []target
	for _, w := range wares {
		t := target{id: w.record.id, template: w.template()}
		switch {
		case !w.doc.Enabled:
			off = append(off, t)
		case w.item.Again || w.changed["enabled"] || w.item.revived():
			on = append(on, t)
		}
	}
	if err := s.setActive(ctx, off, false); err != nil {
		return err
	}
	return s.setActive(ctx, on, true)
}

// archiveDeleted archives what the shop has deleted: orders name it still.
func (s *sink) archiveDeleted(ctx context.Context, gone []*ware) error {
	if s.cfg.Products.Deleted != "archive" {
		return nil
	}
	var known []target
	var ask []string
	for _, w := range gone {
		if w.link.id != 0 {
			known = append(known, w.link)
			continue
		}
		ask = append(ask, productName(w.item.ID))
	}
	there, err := s.probe(ctx, productModel, ask)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		known = append(known, target{id: there[name]})
	}
	return s.setActive(ctx, known, false)
}

// setActive archives products or brings them back, with their variants.
func (s *sink) setActive(ctx context.Context, list []target, active bool) error {
	if len(list) == 0 {
		return nil
	}
	var templates, products []int64
	for _, t := range list {
		if t.template {
			templates = append(templates, t.id)
		} else {
			products = append(products, t.id)
		}
	}
	if len(products) > 0 {
		// A product.product alone would leave a product without variants on the lists.
		var rows []struct {
			Template rpc.Ref `json:"product_tmpl_id"`
		}
		if err := s.rpc.SearchRead(ctx, productModel, rpc.Find{
			Domain: []any{[]any{"id", "in", products}}, Fields: []string{"product_tmpl_id"}, Context: map[string]any{"active_test": false},
		}, &rows); err != nil {
			return fmt.Errorf("read the templates of products: %w", err)
		}
		for _, r := range rows {
			templates = append(templates, r.Template.ID)
		}
	}
	if len(templates) == 0 {
		return nil
	}
	if err := s.rpc.Write(ctx, templateModel, templates, map[string]any{"active": active}, quiet); err != nil {
		return fmt.Errorf("archive products, or bring them back: %w", err)
	}
	return nil
}

// anew forgets a record that was found before, where Odoo has it no more.
func (s *sink) anew(ctx context.Context, w *ware) error {
	var there []struct {
		ID int64 `json:"id"`
	}
	err := s.rpc.SearchRead(ctx, productModel, rpc.Find{
		Domain: []any{[]any{"id", "=", w.link.id}}, Fields: []string{"id"}, Context: map[string]any{"active_test": false},
	}, &there)
	if err != nil || len(there) > 0 {
		return err
	}
	if err := s.links.Lost(ctx, w.item.Key); err != nil {
		return err
	}
	w.link = target{}
	return s.fillProducts(ctx, []*ware{w})
}
