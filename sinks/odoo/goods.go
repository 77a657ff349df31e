package odoo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// good is a product that lines of orders name, as one of these lines has it.
type good struct {
	key   document.Key
	line  *document.Line
	at    target
	plain int64 // the record without variants: of a simple product, or of a line whose variant Odoo does not have
}

// goods finds the product.product of each line of orders: what links and earlier orders
// tell first, then all others of the batch at once. A product that is not in Odoo is
// found by products.match, else made from what the line says, since old orders name what
// the shop has deleted; its own delivery fills it. A line that names none has the product
// for unknown ones.
func (s *sink) goods(ctx context.Context, orders []*saleOrder) error {
	all := map[int64]*good{}
	for _, o := range orders {
		o.products = map[int64]int64{}
		for i := range o.doc.Lines {
			l := &o.doc.Lines[i]
			if l.ProductID > 0 && all[l.ProductID] == nil {
				all[l.ProductID] = &good{key: document.Key{Entity: document.ProductEntity, ID: l.ProductID}, line: l}
			}
		}
	}
	if err := s.findGoods(ctx, all); err != nil {
		return err
	}
	if err := s.findVariants(ctx, orders, all); err != nil {
		return err
	}
	var missing []*good // lines of products with variants that are none of these
	for _, o := range orders {
		for i := range o.doc.Lines {
			l := &o.doc.Lines[i]
			if g := all[l.ProductID]; g != nil && g.at.template && s.variantOf(g.at.id, l.Options) == 0 && !slices.Contains(missing, g) {
				missing = append(missing, g)
			}
		}
	}
	if err := s.makeGoods(ctx, missing); err != nil {
		return err
	}
	for _, o := range orders {
		for i := range o.doc.Lines {
			l := &o.doc.Lines[i]
			id := int64(0)
			if g := all[l.ProductID]; g != nil {
				if id = g.plain; g.at.template {
					if v := s.variantOf(g.at.id, l.Options); v != 0 {
						id = v
					}
				}
			}
			if id == 0 {
				var err error
				if id, err = s.service(ctx, svcUnknown); err != nil {
					return err
				}
			}
			o.products[l.Line] = id
		}
	}
	return nil
}

// findGoods sets the records of products, and makes those that are nowhere.
func (s *sink) findGoods(ctx context.Context, all map[int64]*good) error {
	if err := s.locateGoods(ctx, all); err != nil {
		return err
	}
	if err := s.matchGoods(ctx, missingOf(all, nil)); err != nil {
		return err
	}
	if err := s.makeGoods(ctx, missingOf(all, nil)); err != nil {
		return err
	}
	for _, g := range all {
		if !g.at.template && g.plain == 0 {
			g.plain = g.at.id
		}
	}
	return nil
}

// missingOf are the products that have no record so far, in the order of their ids; fits
// nil: all of them.
func missingOf(all map[int64]*good, fits func(*good) bool) []*good {
	var out []*good
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if g := all[id]; g.at.id == 0 && (fits == nil || fits(g)) {
			out = append(out, g)
		}
	}
	return out
}

// locateGoods sets the records that links or external ids tell. A line with options is
// looked for among the products with variants first, since there may be a simple one
// beside it for lines whose variant is gone.
func (s *sink) locateGoods(ctx context.Context, all map[int64]*good) error {
	for _, g := range all {
		var err error
		if g.at, _, err = s.linked(ctx, g.key); err != nil {
			return err
		}
	}
	chosen := func(g *good) bool { return g.line == nil || len(g.line.Options) > 0 }
	for _, by := range []struct {
		model    string
		name     func(int64) string
		template bool
		fits     func(*good) bool
	}{
		{templateModel, templateName, true, chosen},
		{productModel, productName, false, nil},
		{templateModel, templateName, true, func(g *good) bool { return !chosen(g) }},
	} {
		open := missingOf(all, by.fits)
		var names []string
		for _, g := range open {
			names = append(names, by.name(g.key.ID))
		}
		there, err := s.probe(ctx, by.model, names)
		if err != nil {
			return err
		}
		for _, g := range open {
			g.at = target{id: there[by.name(g.key.ID)], template: by.template}
		}
	}
	return nil
}

// matchGoods finds products of lines by products.match, as those of products are.
func (s *sink) matchGoods(ctx context.Context, open []*good) error {
	var wares []*ware
	for _, g := range open {
		codes := withSKU(g.line)
		doc := &document.Product{ID: g.key.ID, Model: g.line.Model, Codes: codes}
		w := &ware{item: &item{Delivery: &sinks.Delivery{Event: document.Event{Key: g.key}}}, doc: doc}
		w.sku = skuOf(s.cfg.Products.SKU, codes, doc.Model, doc.ID)
		w.barcode = barcodeOf(s.cfg.Products.Barcode, codes)
		wares = append(wares, w)
	}
	if err := s.settleCodes(ctx, wares); err != nil {
		return err
	}
	for i, w := range wares {
		open[i].at = w.link
	}
	return nil
}

// makeGoods makes products from what lines say of them. They are not offered for sale in
// Odoo: that is for the product's own delivery.
func (s *sink) makeGoods(ctx context.Context, open []*good) error {
	if len(open) == 0 {
		return nil
	}
	storable, err := s.has(ctx, productModel, "is_storable")
	if err != nil {
		return err
	}
	var names []string
	for _, g := range open {
		if g.at.template { // of the others it is known
			names = append(names, productName(g.key.ID))
		}
	}
	there, err := s.probe(ctx, productModel, names)
	if err != nil {
		return err
	}
	records := map[*good]*record{}
	var list []*record
	for _, g := range open {
		if g.plain = there[productName(g.key.ID)]; g.plain != 0 {
			continue
		}
		l := g.line
		cells := map[string]string{"name": clean(l.Name), "default_code": skuOf(s.cfg.Products.SKU, withSKU(l), l.Model, l.ProductID), "sale_ok": "False"}
		if cells["name"] == "" {
			cells["name"] = productTitle(&document.Product{ID: l.ProductID, Model: l.Model})
		}
		if price, ok := decimalOf(l.Price); ok {
			cells["list_price"] = price.String()
		}
		kindCells(cells, l.RequiresShipping == nil || *l.RequiresShipping, storable)
		records[g] = &record{xid: s.xid(productName(g.key.ID)), cells: cells}
		list = append(list, records[g])
	}
	if err := s.load(ctx, productModel, list, nil); err != nil {
		return err
	}
	for g, r := range records {
		if g.plain = r.id; r.id == 0 {
			continue // the product for unknown ones stands in for it
		}
		s.saw(productModel, productName(g.key.ID), r.id)
		s.log.Info("an order names a product that is not in Odoo: it is made from the order's line", "entity", g.key.String(), "odoo", "product.product/"+strconv.FormatInt(r.id, 10))
	}
	return nil
}

// withSKU are the codes of a line, its SKU among them.
func withSKU(l *document.Line) map[string]string {
	codes := maps.Clone(l.Codes)
	if codes == nil {
		codes = map[string]string{}
	}
	if codes["sku"] == "" {
		codes["sku"] = l.SKU
	}
	return codes
}

// findVariants asks for what variantOf needs to know of the lines of orders.
func (s *sink) findVariants(ctx context.Context, orders []*saleOrder, all map[int64]*good) error {
	var templates []int64
	var values []string
	for _, o := range orders {
		for _, l := range o.doc.Lines {
			g := all[l.ProductID]
			if g == nil || !g.at.template {
				continue
			}
			if !slices.Contains(templates, g.at.id) {
				templates = append(templates, g.at.id)
			}
			for _, option := range l.Options {
				if option.OptionValueID == nil || *option.OptionValueID == 0 {
					continue
				}
				if name := valueName(*option.OptionValueID); !slices.Contains(values, name) {
					values = append(values, name)
				}
			}
		}
	}
	if len(templates) == 0 {
		return nil
	}
	if _, err := s.probe(ctx, valueModel, values); err != nil {
		return err
	}
	return s.readVariants(ctx, templates)
}

// forgetGoods forgets the products of an order that are not in Odoo any more, as Odoo has
// said of something that the order names. The next goods finds or makes them anew; of one
// that a person has tied only a person can say what is to be.
func (s *sink) forgetGoods(ctx context.Context, o *saleOrder) error {
	s.unsee(productModel)
	s.unsee(templateModel)
	for _, l := range o.doc.Lines {
		key := document.Key{Entity: document.ProductEntity, ID: l.ProductID}
		at, person, err := s.linked(ctx, key)
		if err != nil || at.id == 0 {
			continue // what cannot be read is told where it is used
		}
		model := productModel
		if at.template {
			model = templateModel
		}
		var there []row
		find := rpc.Find{Domain: []any{[]any{"id", "=", at.id}}, Fields: []string{"id"}, Context: map[string]any{"active_test": false}}
		if err := s.rpc.SearchRead(ctx, model, find, &there); err != nil {
			return fmt.Errorf("look for the product of a line: %w", err)
		}
		switch {
		case len(there) > 0:
		case person:
			o.item.err = sinks.Mark(sinks.Permanent, fmt.Errorf("%s is tied to %s %d, which Odoo does not have; tie it anew with octail link, or loosen it (octail unlink), then octail dead retry", key, model, at.id))
		default:
			if err := s.links.Lost(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}
