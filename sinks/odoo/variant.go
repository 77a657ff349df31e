package odoo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

const (
	attributeModel = "product.attribute"
	valueModel     = "product.attribute.value"
	choiceModel    = "product.template.attribute.value" // a value as one template has it
)

// mostVariants bounds what Odoo would make of a product's options: each value of one
// with each of all others.
const mostVariants = 100

// Values of products.variants and products.options.
const (
	variantsAuto   = "auto"
	variantsNever  = "never"
	variantsAlways = "always"
	optionVariant  = "variant"
	optionText     = "text"
)

func attributeName(option int64) string { return "opt_" + strconv.FormatInt(option, 10) }
func valueName(value int64) string      { return "optv_" + strconv.FormatInt(value, 10) }
func choiceLineName(product, option int64) string {
	return "ptl_" + strconv.FormatInt(product, 10) + "_" + strconv.FormatInt(option, 10)
}

// attributes are the options of a product that become attributes; nil: it is a simple
// product. An option of which one value is chosen (select, radio, image) may become one:
// by products.options, by its name; else where products.variants is auto, when the
// customer must choose, since only then each sale is one of the variants.
func (s *sink) attributes(p *document.Product) []document.Option {
	var out []document.Option
	variants := 1
	for _, o := range p.Options {
		if o.Name == nil || o.Type == nil || len(o.Values) == 0 || !slices.Contains([]string{"select", "radio", "image"}, *o.Type) {
			continue
		}
		as, said := lookup(s.cfg.Products.Options, *o.Name)
		if !said && (s.cfg.Products.Variants == variantsNever || s.cfg.Products.Variants == variantsAuto && !o.Required) || as == optionText {
			continue
		}
		out = append(out, o)
		variants *= len(o.Values)
		if variants > mostVariants {
			s.once("variants "+strconv.FormatInt(p.ID, 10), func() {
				s.log.Warn("the product's options would make too many variants in Odoo: it stays a simple product, and what is chosen is text on the order's line",
					"entity", "product/"+strconv.FormatInt(p.ID, 10), "most", mostVariants)
			})
			return nil
		}
	}
	return out
}

// prepareTemplates writes the attributes and values that products of a batch use, and
// gives their records the lines with them.
func (s *sink) prepareTemplates(ctx context.Context, wares []*ware) error {
	var attributes, values []*record
	known := map[string]bool{}
	add := func(list *[]*record, model, name string, cells map[string]string) {
		if key := name + "=" + cells["name"]; !known[key] && s.met(model+" named", key) == 0 {
			known[key] = true
			*list = append(*list, &record{xid: s.xid(name), cells: cells})
		}
	}
	for _, w := range wares {
		if w.link.foreign {
			continue // a template that a person named keeps its attributes
		}
		var lines []record
		for _, o := range w.split {
			add(&attributes, attributeModel, attributeName(o.OptionID), map[string]string{"name": clean(*o.Name), "create_variant": "always"})
			var names []string
			for _, v := range titled(o.Values) {
				add(&values, valueModel, valueName(v.id), map[string]string{"name": v.title, "attribute_id/id": s.xid(attributeName(o.OptionID))})
				names = append(names, s.xid(valueName(v.id)))
			}
			lines = append(lines, record{xid: s.xid(choiceLineName(w.doc.ID, o.OptionID)), cells: map[string]string{
				"attribute_id/id": s.xid(attributeName(o.OptionID)), "value_ids/id": strings.Join(names, ","),
				"active": "True", // Odoo archives one that was removed while its variants were in use
			}})
		}
		w.record.under = map[string][]record{"attribute_line_ids": lines}
	}
	for _, of := range []struct {
		model string
		list  []*record
	}{{attributeModel, attributes}, {valueModel, values}} {
		if err := s.load(ctx, of.model, of.list, nil); err != nil {
			return err
		}
		for _, r := range of.list {
			if r.id != 0 { // else the products that use it are refused, with the cause
				name := strings.TrimPrefix(r.xid, s.prefix+".")
				s.saw(of.model, name, r.id)
				s.saw(of.model+" named", name+"="+r.cells["name"], r.id)
			}
		}
	}
	return nil
}

// choice is a value of an option, by a name that no other of the option has.
type choice struct {
	id    int64
	title string
	value document.OptionValue
}

func titled(values []document.OptionValue) []choice {
	var out []choice
	for _, v := range values {
		c := choice{id: v.OptionValueID, value: v}
		if v.Name != nil {
			c.title = clean(*v.Name)
		}
		if c.title == "" || slices.ContainsFunc(out, func(o choice) bool { return o.title == c.title }) {
			c.title = strings.TrimSpace(fmt.Sprintf("%s (%d)", c.title, c.id))
		}
		out = append(out, c)
	}
	return out
}

// variant is one product.product of a template.
type variant struct {
	id     int64
	active bool
	values []int64  // product.attribute.value
	titles []string // of these, folded
	sku    string
	weight decimal.Decimal
}

// option is a value as a template has it.
type option struct {
	ID       int64      `json:"id"`
	Name     rpc.Text   `json:"name"`
	Value    rpc.Ref    `json:"product_attribute_value_id"`
	Line     rpc.Ref    `json:"attribute_line_id"`
	Extra    rpc.Number `json:"price_extra"`
	Template rpc.Ref    `json:"product_tmpl_id"`
}

// readVariants reads the variants of templates that are not known yet.
func (s *sink) readVariants(ctx context.Context, templates []int64) error {
	var ask []int64
	s.memory.mu.Lock()
	for _, id := range templates {
		if s.memory.variants[id] == nil {
			ask = append(ask, id)
		}
	}
	s.memory.mu.Unlock()
	_, err := s.askVariants(ctx, ask)
	return err
}

// askVariants reads the variants of templates, and answers the values they have.
func (s *sink) askVariants(ctx context.Context, templates []int64) ([]option, error) {
	if len(templates) == 0 {
		return nil, nil
	}
	domain := []any{[]any{"product_tmpl_id", "in", templates}}
	archived := map[string]any{"active_test": false}
	var options []option
	if err := s.rpc.SearchRead(ctx, choiceModel, rpc.Find{
		Domain: domain, Fields: []string{"name", "product_attribute_value_id", "attribute_line_id", "price_extra", "product_tmpl_id"}, Context: archived,
	}, &options); err != nil {
		return nil, fmt.Errorf("read the attributes of products: %w", err)
	}
	var rows []struct {
		ID       int64      `json:"id"`
		Active   bool       `json:"active"`
		SKU      rpc.Text   `json:"default_code"`
		Weight   rpc.Number `json:"weight"`
		Template rpc.Ref    `json:"product_tmpl_id"`
		Values   []int64    `json:"product_template_attribute_value_ids"`
	}
	if err := s.rpc.SearchRead(ctx, productModel, rpc.Find{
		Domain: domain, Fields: []string{"active", "default_code", "weight", "product_tmpl_id", "product_template_attribute_value_ids"}, Order: "id", Context: archived,
	}, &rows); err != nil {
		return nil, fmt.Errorf("read the variants of products: %w", err)
	}
	byID := map[int64]option{}
	for _, o := range options {
		byID[o.ID] = o
	}
	found := map[int64][]variant{}
	for _, id := range templates {
		found[id] = []variant{} // none is an answer too
	}
	for _, r := range rows {
		v := variant{id: r.ID, active: r.Active, sku: string(r.SKU)}
		v.weight, _ = decimalOf(string(r.Weight))
		for _, id := range r.Values {
			v.values = append(v.values, byID[id].Value.ID)
			v.titles = append(v.titles, fold(string(byID[id].Name)))
		}
		found[r.Template.ID] = append(found[r.Template.ID], v)
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if s.memory.variants == nil {
		s.memory.variants = map[int64][]variant{}
	}
	for id, list := range found {
		s.memory.variants[id] = list
	}
	return options, nil
}

func (s *sink) variantsOf(template int64) []variant {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	return s.memory.variants[template]
}

// variantOf is the variant that an order's line names by its options: by their values, or
// by the values' names where the shop does not know the ids any more; 0: none. Living
// ones come first.
func (s *sink) variantOf(template int64, options []document.LineOption) int64 {
	var values []int64
	var titles []string
	for _, o := range options {
		titles = append(titles, fold(clean(o.Value)))
		if o.OptionValueID != nil && *o.OptionValueID != 0 {
			if id := s.met(valueModel, valueName(*o.OptionValueID)); id != 0 {
				values = append(values, id)
			}
		}
	}
	list := s.variantsOf(template)
	for _, active := range []bool{true, false} {
		for _, v := range list {
			if v.active == active && within(v.values, values) {
				return v.id
			}
		}
		i := slices.IndexFunc(list, func(v variant) bool { return v.active == active && within(v.titles, titles) })
		if i >= 0 {
			return list[i].id
		}
	}
	return 0
}

// within tells whether all of a are in b.
func within[T comparable](a, b []T) bool {
	return !slices.ContainsFunc(a, func(x T) bool { return !slices.Contains(b, x) })
}

// writeVariants gives the variants what the shop's options say: prices, weights, and the
// product's SKU, since OpenCart has none for a value. What is no option any more goes.
func (s *sink) writeVariants(ctx context.Context, wares []*ware) error {
	var own []*ware
	var templates []int64
	for _, w := range wares {
		if w.template() && !w.link.foreign && slices.ContainsFunc([]string{"options", "weight", "codes", "model", "price", "tax_class"}, w.differs) {
			own = append(own, w)
			templates = append(templates, w.record.id)
		}
	}
	if len(own) == 0 {
		return nil
	}
	options, err := s.askVariants(ctx, templates)
	if err != nil {
		return err
	}
	var again []int64
	for _, w := range own {
		removed, err := s.removeOptions(ctx, w, options)
		if err != nil {
			return err
		}
		if removed {
			again = append(again, w.record.id)
		}
	}
	if len(again) > 0 {
		if options, err = s.askVariants(ctx, templates); err != nil {
			return err
		}
	}
	unit, err := s.weightUnit(ctx)
	if err != nil {
		return err
	}
	var extras, variants []*record
	for _, w := range own {
		extras = append(extras, s.extraPrices(w, options)...)
		variants = append(variants, s.variantCells(w, unit)...)
	}
	if err := s.load(ctx, choiceModel, extras, nil); err != nil {
		return err
	}
	return s.load(ctx, productModel, variants, nil)
}

// removeOptions takes the lines off a template that are none of the shop's options any
// more.
func (s *sink) removeOptions(ctx context.Context, w *ware, options []option) (bool, error) {
	wanted := map[int64]bool{}
	for _, o := range w.split {
		for _, v := range o.Values {
			wanted[s.met(valueModel, valueName(v.OptionValueID))] = true
		}
	}
	keep := map[int64]bool{}
	var lines []int64
	for _, o := range options {
		if o.Template.ID == w.record.id && wanted[o.Value.ID] {
			keep[o.Line.ID] = true
		}
	}
	for _, o := range options {
		if o.Template.ID == w.record.id && !keep[o.Line.ID] && o.Line.ID != 0 && !slices.Contains(lines, o.Line.ID) {
			lines = append(lines, o.Line.ID)
		}
	}
	if len(lines) == 0 {
		return false, nil
	}
	var there []struct {
		Lines []int64 `json:"attribute_line_ids"` // the living ones
	}
	if err := s.rpc.Read(ctx, templateModel, []int64{w.record.id}, []string{"attribute_line_ids"}, nil, &there); err != nil {
		return false, fmt.Errorf("read the attributes of a product: %w", err)
	}
	var commands []any
	for _, line := range lines {
		if len(there) == 1 && slices.Contains(there[0].Lines, line) {
			commands = append(commands, []any{2, line, 0})
		}
	}
	if len(commands) == 0 {
		return false, nil
	}
	if err := s.rpc.Write(ctx, templateModel, []int64{w.record.id}, map[string]any{"attribute_line_ids": commands}, quiet); err != nil {
		return false, fmt.Errorf("remove attributes that the shop has no more: %w", err)
	}
	return true, nil
}

// extraPrices are the values of a template whose price is not the shop's.
func (s *sink) extraPrices(w *ware, options []option) []*record {
	var out []*record
	for _, o := range w.split {
		for _, v := range o.Values {
			extra, ok := decimalOf(v.Price)
			if !ok {
				continue
			}
			extra = w.tax.with(extra).Sub(w.tax.with(decimal.Zero))
			id := s.met(valueModel, valueName(v.OptionValueID))
			for _, at := range options {
				if has, _ := decimalOf(string(at.Extra)); at.Template.ID == w.record.id && at.Value.ID == id && !has.Equal(extra) {
					out = append(out, &record{key: at.ID, item: w.item, cells: map[string]string{"price_extra": extra.String()}})
				}
			}
		}
	}
	return out
}

// variantCells are the variants of a template that are not as the shop has them.
func (s *sink) variantCells(w *ware, unit string) []*record {
	weights := map[int64]decimal.Decimal{}
	for _, o := range w.split {
		for _, v := range o.Values {
			weights[s.met(valueModel, valueName(v.OptionValueID))], _ = decimalOf(v.Weight)
		}
	}
	base, weighs := decimalOf(w.doc.Weight.Value)
	var out []*record
	for _, v := range s.variantsOf(w.record.id) {
		sum := base
		for _, value := range v.values {
			sum = sum.Add(weights[value])
		}
		if sum.IsNegative() {
			sum = decimal.Zero
		}
		weight, ok := inUnit(sum.String(), w.doc.Weight.Unit, unit)
		if ok = ok && weighs; v.sku == w.sku && (!ok || weight.Equal(v.weight)) {
			continue
		}
		cells := map[string]string{"default_code": w.sku}
		if ok {
			cells["weight"] = weight.String()
		}
		out = append(out, &record{key: v.id, item: w.item, cells: cells})
	}
	return out
}
