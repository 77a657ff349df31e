package odoo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// skuOf is what Odoo calls the internal reference: the first that is there of what the
// setting names, of the codes, the model and the shop's id.
func skuOf(order []string, codes map[string]string, model string, id int64) string {
	for _, name := range order {
		var code string
		switch name {
		case "model":
			code = model
		case "id":
			code = strconv.FormatInt(id, 10)
		default:
			code = codes[name]
		}
		if code = clean(code); code != "" {
			return code
		}
	}
	return ""
}

// barcodeOf is the first code that is there; Odoo takes no two products with the same.
func barcodeOf(order []string, codes map[string]string) string {
	for _, name := range order {
		if code := clean(codes[name]); code != "" {
			return code
		}
	}
	return ""
}

// holder is a product of Odoo that has one of the codes asked for.
type holder struct {
	ID       int64    `json:"id"`
	SKU      rpc.Text `json:"default_code"`
	Barcode  rpc.Text `json:"barcode"`
	Template rpc.Ref  `json:"product_tmpl_id"`
	Active   bool     `json:"active"`
	name     string   // its external id behind our prefix; "": it has none of ours
}

// holders finds who has internal references and barcodes in Odoo, archived ones too.
func (s *sink) holders(ctx context.Context, skus, barcodes []string) ([]*holder, error) {
	var domain []any
	switch {
	case len(skus)+len(barcodes) == 0:
		return nil, nil
	case len(skus) > 0 && len(barcodes) > 0:
		domain = []any{"|", []any{"default_code", "in", skus}, []any{"barcode", "in", barcodes}}
	case len(skus) > 0:
		domain = []any{[]any{"default_code", "in", skus}}
	default:
		domain = []any{[]any{"barcode", "in", barcodes}}
	}
	var out []*holder
	err := s.rpc.SearchRead(ctx, productModel, rpc.Find{
		Domain: domain, Fields: []string{"default_code", "barcode", "product_tmpl_id", "active"}, Order: "id",
		Context: map[string]any{"active_test": false},
	}, &out)
	if err != nil {
		return nil, fmt.Errorf("find products by their codes: %w", err)
	}
	return out, nil
}

// only is the one of a list that fits; nil when none or several do.
func only(list []*holder, fits func(*holder) bool) *holder {
	i := slices.IndexFunc(list, fits)
	if i < 0 || slices.ContainsFunc(list[i+1:], fits) {
		return nil
	}
	return list[i]
}

// settleCodes looks at who has the internal references and barcodes of a batch: products
// that are in Odoo already become the shop's (products.match), and a barcode that another
// product has is left out, since Odoo would refuse the whole product.
func (s *sink) settleCodes(ctx context.Context, wares []*ware) error {
	var skus, barcodes []string
	times := map[string]int{} // each SKU in this batch: the same twice is no name
	taken := map[string]*ware{}
	for _, w := range wares {
		for _, code := range s.matchCodes(w) {
			times[code]++
			skus = append(skus, code)
		}
		if w.template() {
			w.barcode = "" // its variants have none of the shop's
		}
		if w.barcode == "" {
			continue
		}
		if first := taken[w.barcode]; first != nil {
			s.noBarcode(w, "product/"+strconv.FormatInt(first.doc.ID, 10))
			continue
		}
		taken[w.barcode] = w
		if w.link.id == 0 || w.differs("codes") {
			barcodes = append(barcodes, w.barcode)
		}
	}
	list, err := s.holders(ctx, skus, barcodes)
	if err != nil || len(list) == 0 {
		return err
	}
	if err := s.ownNames(ctx, wares, list); err != nil {
		return err
	}
	for _, w := range wares {
		h, err := s.matchProducts(ctx, w, list, times)
		if err != nil {
			return err
		}
		if h != nil {
			s.log.Info("the product is in Odoo already and becomes the shop's", "entity", w.item.Key.String(), "odoo", "product.product/"+strconv.FormatInt(h.ID, 10))
			s.saw(adopted, strconv.FormatInt(h.ID, 10), w.doc.ID)
			w.link = target{id: h.ID, foreign: true}
			if err := s.remember(ctx, w.item.Key, w.link, target{}); err != nil {
				return err
			}
		}
		own := func(h *holder) bool {
			return h.name == productName(w.doc.ID) || h.ID == w.link.id && !w.link.template || h.Template.ID == w.link.id && w.link.template
		}
		if i := slices.IndexFunc(list, func(h *holder) bool {
			return w.barcode != "" && string(h.Barcode) == w.barcode && !own(h) && !s.givesUp(h, wares)
		}); i >= 0 {
			s.noBarcode(w, "product.product/"+strconv.FormatInt(list[i].ID, 10)+" of Odoo")
		}
	}
	return nil
}

// adopted is where the products that were found by their codes are remembered: no two of
// the shop become one.
const adopted = "products.match"

// matchCodes are the codes by which a product that nobody knows yet may be found. One
// with variants has none: which of them is whose cannot be told from a code.
func (s *sink) matchCodes(w *ware) []string {
	if w.link.id != 0 || len(w.split) > 0 {
		return nil
	}
	var out []string
	for _, by := range s.cfg.Products.Match {
		if code := w.matchCode(by); code != "" && by != "barcode" && !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// matchCode is what a rule of products.match looks for.
func (w *ware) matchCode(by string) string {
	switch by {
	case "sku":
		return w.sku
	case "model":
		return clean(w.doc.Model)
	case "barcode":
		return w.barcode
	}
	return ""
}

// givesUp tells whether a product of this batch has a barcode in Odoo and not in the shop
// any more. Those are written first, see loadProducts.
func (s *sink) givesUp(h *holder, wares []*ware) bool {
	return slices.ContainsFunc(wares, func(w *ware) bool {
		return (h.name == productName(w.doc.ID) || h.ID == w.link.id && !w.link.template) && s.leaves(w) && w.barcode != string(h.Barcode)
	})
}

// leaves tells whether a product had another barcode before.
func (s *sink) leaves(w *ware) bool {
	before := w.formerBarcode(s.cfg.Products.Barcode)
	return before != "" && before != w.barcode
}

// matchProducts is the product of Odoo that a product of the shop is: exactly one living record
// has the code, and it is nobody's yet.
func (s *sink) matchProducts(ctx context.Context, w *ware, list []*holder, times map[string]int) (*holder, error) {
	if w.link.id != 0 || len(w.split) > 0 || slices.ContainsFunc(list, func(h *holder) bool { return h.name == productName(w.doc.ID) }) {
		return nil, nil
	}
	for _, by := range s.cfg.Products.Match {
		code := w.matchCode(by)
		if code == "" || by != "barcode" && times[code] > 1 {
			continue
		}
		h := only(list, func(h *holder) bool {
			return h.Active && (by == "barcode" && string(h.Barcode) == code || by != "barcode" && string(h.SKU) == code)
		})
		if h == nil || h.name != "" || s.met(adopted, strconv.FormatInt(h.ID, 10)) != 0 {
			continue
		}
		if taken, err := s.takenBy(ctx, h, w.item.Key); err != nil || !taken {
			return h, err
		}
	}
	return nil, nil
}

// takenBy tells whether a record is linked with another product of the shop: adopted by an
// earlier run, or tied by a person.
func (s *sink) takenBy(ctx context.Context, h *holder, key document.Key) (bool, error) {
	links, ok := s.links.(sinks.LinkedTo)
	if !ok {
		return false, nil
	}
	for _, t := range []target{{id: h.ID, foreign: true}, {id: h.ID}, {id: h.Template.ID, template: true}} {
		keys, err := links.LinkedTo(ctx, t.String())
		if err != nil {
			return false, fmt.Errorf("ask who has product %d: %w", h.ID, err)
		}
		if slices.ContainsFunc(keys, func(k document.Key) bool { return k.Entity == document.ProductEntity && k != key }) {
			return true, nil
		}
	}
	return false, nil
}

// xmlID is an external id in an answer of get_metadata.
type xmlID struct {
	XID rpc.Text `json:"xmlid"`
}

// ownNames finds the external ids that octail gave to products, of those that the links
// do not tell.
func (s *sink) ownNames(ctx context.Context, wares []*ware, list []*holder) error {
	byID := map[int64]*holder{}
	for _, h := range list {
		byID[h.ID] = h
	}
	for _, w := range wares {
		if h := byID[w.link.id]; h != nil && !w.link.template {
			h.name = productName(w.doc.ID)
			delete(byID, h.ID)
		}
	}
	names, err := s.namesOf(ctx, productModel, slices.Sorted(maps.Keys(byID)))
	for id, name := range names {
		byID[id].name = name
	}
	return err
}

// namesOf are the external ids that octail gave to records, behind the prefix; those that
// have none of ours are not in the answer.
func (s *sink) namesOf(ctx context.Context, model string, ids []int64) (map[int64]string, error) {
	out := map[int64]string{}
	for len(ids) > 0 {
		var rows []struct {
			ID  int64    `json:"id"`
			XID rpc.Text `json:"xmlid"`
			All []xmlID  `json:"xmlids"` // nil: an older Odoo, which tells of one record in a call
		}
		if err := s.rpc.Call(ctx, model, "get_metadata", rpc.Args{IDs: ids}, &rows); err != nil {
			return nil, fmt.Errorf("ask for the external ids of %s: %w", model, err)
		}
		again := false
		for _, r := range rows {
			if r.XID == "" {
				continue
			}
			again = again || r.All == nil
			for _, x := range append(r.All, xmlID{r.XID}) {
				if name, ours := strings.CutPrefix(string(x.XID), s.prefix+"."); ours {
					out[r.ID] = name
				}
			}
			ids = slices.DeleteFunc(ids, func(id int64) bool { return id == r.ID })
		}
		if !again {
			break
		}
	}
	return out, nil
}

// noBarcode leaves a barcode out that another product has.
func (s *sink) noBarcode(w *ware, other string) {
	s.once("barcode "+w.item.Key.String()+" "+w.barcode, func() {
		s.log.Warn("another product has the barcode already, and Odoo takes it only once: it is left out", "entity", w.item.Key.String(), "barcode", w.barcode, "other", other)
	})
	w.barcode = ""
}
