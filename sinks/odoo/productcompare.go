package odoo

import (
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// heldProduct is a product or template as Odoo has it.
type heldProduct struct {
	ID       int64      `json:"id"`
	Active   bool       `json:"active"`
	SKU      rpc.Text   `json:"default_code"`
	Barcode  rpc.Text   `json:"barcode"`
	Price    rpc.Number `json:"list_price"`
	Weight   rpc.Number `json:"weight"`
	Category rpc.Ref    `json:"categ_id"`
	Name     rpc.Text   `json:"name"` // what is shown where there is no translation
	Sales    rpc.Text   `json:"description_sale"`
}

// heldProducts are products and templates by id.
type heldProducts map[bool]map[int64]heldProduct

func (h heldProducts) at(t target) (heldProduct, bool) {
	p, ok := h[t.template][t.id]
	return p, ok
}

// readProducts reads products and templates, with their texts in a language of Odoo; false
// is what is shown where there is no translation.
func (s *sink) readProducts(ctx context.Context, wares []*ware, lang any, fields ...string) (heldProducts, error) {
	ids := map[bool][]int64{}
	for _, w := range wares {
		if w.link.id != 0 {
			ids[w.link.template] = append(ids[w.link.template], w.link.id)
		}
	}
	held := heldProducts{}
	for template, model := range map[bool]string{false: productModel, true: templateModel} {
		var err error
		held[template], err = readAll(ctx, s, model, ids[template], append(fields, "name", "description_sale"), lang, func(p heldProduct) int64 { return p.ID })
		if err != nil {
			return nil, err
		}
	}
	return held, nil
}

// compareProducts compares texts in all languages, codes, prices, weights, categories,
// variants, and what is for sale: whatever the shop is the master of, but for what Odoo may
// have refused (type and taxes), pictures and special prices. A barcode that Odoo has and
// the shop has not is no difference, nor one that another product has; and what is archived
// in Odoo alone is left as it is. It costs a call for the products and one for the
// templates, the same again for each language of the shop that has a translation in Odoo,
// and three for the variants.
func (s *sink) compareProducts(ctx context.Context, batch []sinks.Delivery) ([]sinks.Difference, error) {
	var wares, living []*ware
	index := map[*ware]int{}
	all := map[int64]*good{}
	for i := range batch {
		it := &item{Delivery: &batch[i]}
		if doc, ok := read[document.Product](it); ok {
			w := &ware{item: it, doc: doc, split: s.attributes(doc)}
			w.sku = skuOf(s.cfg.Products.SKU, doc.Codes, doc.Model, doc.ID)
			wares, index[w] = append(wares, w), i
			all[it.ID] = &good{key: it.Key}
		}
	}
	if err := s.locateGoods(ctx, all); err != nil {
		return nil, err
	}
	for _, w := range wares {
		w.link = all[w.item.ID].at
		w.record = &record{id: w.link.id}
	}
	held, err := s.readProducts(ctx, wares, false, "active", "default_code", "barcode", "list_price", "weight", "categ_id")
	if err != nil {
		return nil, err
	}
	apart := map[*ware][]string{}
	var out []sinks.Difference
	for _, w := range wares {
		switch p, ok := held.at(w.link); {
		case w.item.deleted():
			if ok && p.Active && s.cfg.Products.Deleted == "archive" {
				out = append(out, sinks.Difference{Index: index[w]})
			}
		case !ok:
			out = append(out, sinks.Difference{Index: index[w], Missing: true})
		case !p.Active && w.doc.Enabled: // a person has archived it: delivered once more it would come back
		default:
			living = append(living, w)
		}
	}
	for _, compare := range []func(context.Context, []*ware, heldProducts, map[*ware][]string) error{
		s.productsApart, s.barcodesApart, s.placesApart, s.textsApart, s.variantsApart,
	} {
		if err := compare(ctx, living, held, apart); err != nil {
			return nil, err
		}
	}
	for _, w := range living {
		if fields := apart[w]; len(fields) > 0 {
			slices.Sort(fields)
			out = append(out, sinks.Difference{Index: index[w], Fields: slices.Compact(fields)})
		}
	}
	return out, nil
}

// near tells whether two numbers are the same to Odoo: it rounds prices and weights to its
// own digits, two unless somebody has changed that.
func near(a, b decimal.Decimal) bool { return a.Sub(b).Abs().LessThanOrEqual(decimal.New(5, -3)) }

// productsApart compares what is for sale, references, prices and weights.
func (s *sink) productsApart(ctx context.Context, wares []*ware, held heldProducts, apart map[*ware][]string) error {
	unit, err := s.weightUnit(ctx)
	if err != nil {
		return err
	}
	for _, w := range wares {
		p, _ := held.at(w.link)
		if p.Active && !w.doc.Enabled {
			apart[w] = append(apart[w], "enabled")
		}
		if !w.link.template && string(p.SKU) != w.sku {
			apart[w] = append(apart[w], "codes")
		}
		if !w.link.foreign {
			t, _, err := s.classTax(ctx, w)
			if err != nil && !isHeld(err) {
				return err
			}
			w.tax = t
		}
		want, ok := decimalOf(w.doc.Price)
		if has, _ := decimalOf(string(p.Price)); ok && !near(w.tax.with(want), has) {
			apart[w] = append(apart[w], "price")
		}
		want, ok = inUnit(w.doc.Weight.Value, w.doc.Weight.Unit, unit)
		if has, _ := decimalOf(string(p.Weight)); ok && !w.link.template && !near(want, has) { // those of variants are their own
			apart[w] = append(apart[w], "weight")
		}
	}
	return nil
}

// barcodesApart finds the products without their barcode that no other product of Odoo
// has: it was another's when they were written, and that one has given it up since.
func (s *sink) barcodesApart(ctx context.Context, wares []*ware, held heldProducts, apart map[*ware][]string) error {
	var lacking []*ware
	var codes []string
	for _, w := range wares {
		w.barcode = barcodeOf(s.cfg.Products.Barcode, w.doc.Codes)
		if p, _ := held.at(w.link); !w.link.template && w.barcode != "" && string(p.Barcode) != w.barcode {
			lacking, codes = append(lacking, w), append(codes, w.barcode)
		}
	}
	have, err := s.holders(ctx, nil, codes)
	if err != nil {
		return err
	}
	for _, w := range lacking {
		if !slices.ContainsFunc(have, func(h *holder) bool { return string(h.Barcode) == w.barcode }) {
			apart[w] = append(apart[w], "codes")
		}
	}
	return nil
}

// placesApart compares the categories of products that octail made.
func (s *sink) placesApart(ctx context.Context, wares []*ware, held heldProducts, apart map[*ware][]string) error {
	places, err := s.productPlaces(ctx, wares)
	if err != nil {
		return err
	}
	for w, of := range places {
		if of.id == 0 {
			ref, _ := deepest(w.doc.Categories)
			of.id = s.met(categoryModel, categoryName(ref.ID))
		}
		if p, _ := held.at(w.link); of.id != 0 && p.Category.ID != of.id {
			apart[w] = append(apart[w], "categories")
		}
	}
	return nil
}

// textsApart compares names and descriptions in all languages that shop and Odoo have.
func (s *sink) textsApart(ctx context.Context, wares []*ware, held heldProducts, apart map[*ware][]string) error {
	languages, err := s.languages(ctx)
	if err != nil {
		return err
	}
	asked := map[string][]*ware{}
	in := map[*ware]map[string]string{} // the shop's languages by Odoo's
	for _, w := range wares {
		in[w] = map[string]string{}
		main := mainLanguage(w.doc.Texts, s.cfg.Products.Language, languages)
		plain := w.doc.Texts[main] // where there is no translation
		for code, odoo := range textLanguages(w.doc.Texts, languages) {
			if odoo == "en_US" { // Odoo's own: what is shown where there is none
				plain = w.doc.Texts[code]
				continue
			}
			in[w][odoo] = code
			asked[odoo] = append(asked[odoo], w)
		}
		if p, _ := held.at(w.link); s.saysOther(w, p, plain, w.doc.Texts[main]) {
			apart[w] = append(apart[w], "texts")
		}
	}
	for odoo, of := range asked {
		said, err := s.readProducts(ctx, of, odoo)
		if err != nil {
			return err
		}
		for _, w := range of {
			main := mainLanguage(w.doc.Texts, s.cfg.Products.Language, languages)
			if p, ok := said.at(w.link); ok && s.saysOther(w, p, w.doc.Texts[in[w][odoo]], w.doc.Texts[main]) {
				apart[w] = append(apart[w], "texts")
			}
		}
	}
	return nil
}

// saysOther tells whether a product is called or described otherwise than in a language of
// the shop; main is what takes the place of a description that is missing there.
func (s *sink) saysOther(w *ware, p heldProduct, text, main document.ProductText) bool {
	want := s.textCells(text)
	if want["name"] == "" {
		want["name"] = productTitle(w.doc)
	}
	if string(p.Name) != want["name"] {
		return true
	}
	said, has := want["description_sale"]
	if said == "" {
		said = s.textCells(main)["description_sale"]
	}
	return has && !sameText(string(p.Sales), said)
}

// variantsApart compares the variants of the templates that octail made: that each value
// of an option has one, what it costs more, their reference and weight. Those that a
// person has archived or added stay.
func (s *sink) variantsApart(ctx context.Context, wares []*ware, held heldProducts, apart map[*ware][]string) error {
	var own []*ware
	var templates []int64
	var values []string
	for _, w := range wares {
		if !w.link.template || w.link.foreign {
			continue
		}
		own, templates = append(own, w), append(templates, w.link.id)
		for _, o := range w.split {
			for _, v := range o.Values {
				values = append(values, valueName(v.OptionValueID))
			}
		}
	}
	if len(own) == 0 {
		return nil
	}
	slices.Sort(values)
	there, err := s.probe(ctx, valueModel, slices.Compact(values))
	if err != nil {
		return err
	}
	options, err := s.askVariants(ctx, templates)
	if err != nil {
		return err
	}
	unit, err := s.weightUnit(ctx)
	if err != nil {
		return err
	}
	for _, w := range own {
		list := s.variantsOf(w.link.id)
		for _, o := range w.split {
			for _, v := range o.Values {
				id := there[valueName(v.OptionValueID)]
				if id == 0 || !slices.ContainsFunc(list, func(v variant) bool { return slices.Contains(v.values, id) }) {
					apart[w] = append(apart[w], "options")
				}
			}
		}
		for _, r := range s.extraPrices(w, options) {
			want, _ := decimalOf(r.cells["price_extra"])
			at := slices.IndexFunc(options, func(o option) bool { return o.ID == r.key })
			if has, _ := decimalOf(string(options[at].Extra)); !near(want, has) {
				apart[w] = append(apart[w], "options")
			}
		}
		for _, r := range s.variantCells(w, unit) {
			at := slices.IndexFunc(list, func(v variant) bool { return v.id == r.key })
			if list[at].sku != w.sku {
				apart[w] = append(apart[w], "codes")
			}
			if want, ok := decimalOf(r.cells["weight"]); ok && !near(want, list[at].weight) {
				apart[w] = append(apart[w], "weight")
			}
		}
	}
	return nil
}
