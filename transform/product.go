package transform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"octail/internal/shop"
	"octail/transform/document"
)

var productEntity = entity{
	name: document.ProductEntity, root: "product", id: "product_id",
	halfway: []string{"children"},
	tables: []aggregateTable{
		{"product", "product_id", []string{"product_id", "master_id", "model", "sku", "upc", "ean", "jan", "isbn", "mpn", "location", "variant",
			"image", "manufacturer_id", "shipping", "price", "points", "tax_class_id", "date_available", "weight", "weight_class_id",
			"length", "width", "height", "length_class_id", "minimum", "sort_order", "status", "date_added"}},
		{"product_code", "product_id", []string{"product_id", "code", "value"}},
		{"product_description", "product_id", []string{"product_id", "language_id", "name", "description", "tag", "meta_title", "meta_description", "meta_keyword"}},
		{"product_tag", "product_id", []string{"product_tag_id", "product_id", "language_id", "tag"}},
		{"product_special", "product_id", []string{"product_id", "customer_group_id", "priority", "price", "date_start", "date_end"}},
		{"product_discount", "product_id", []string{"product_id", "customer_group_id", "quantity", "priority", "price", "type", "special", "date_start", "date_end"}},
		{"product_image", "product_id", []string{"product_id", "image", "sort_order"}},
		{"product_to_category", "product_id", []string{"product_id", "category_id"}},
		{"product_to_store", "product_id", []string{"product_id", "store_id"}},
		{"product_attribute", "product_id", []string{"product_id", "attribute_id", "language_id", "text"}},
		{"product_option", "product_id", []string{"product_option_id", "product_id", "option_id", "required"}},
		{"product_option_value", "product_id", []string{"product_option_value_id", "product_option_id", "product_id", "option_id", "option_value_id",
			"price", "price_prefix", "points", "points_prefix", "weight", "weight_prefix"}},
		{"product_related", "product_id", []string{"product_id", "related_id"}},
	},
	optional: []string{"product_code", "product_special", "product_tag"},
	seo:      seoNames{query: "product_id", key: "product_id"},
}

func init() { productEntity.read = readProducts }

// productRows is everything products are made of, by product id (names by
// their own).
type productRows struct {
	codes, descriptions, tags, specials, discounts, images, categories, stores, attributes, options, values, related map[int64][]shop.Row

	urls                                                   map[int64][]document.SEOURL
	paths                                                  map[int64][]string // by category id
	manufacturers, attributeNames, optionNames, valueNames map[int64]string
	optionTypes                                            map[int64]string
}

func readProducts(a *assembly) error {
	roots, err := a.rows("product", "product_id")
	if err != nil {
		return err
	}
	var p productRows
	for _, c := range []struct {
		to    *map[int64][]shop.Row
		table string
		order []string
	}{
		{&p.codes, "product_code", []string{"product_code_id"}},
		{&p.descriptions, "product_description", []string{"language_id"}},
		{&p.tags, "product_tag", []string{"product_tag_id"}},
		{&p.specials, "product_special", nil},
		{&p.discounts, "product_discount", nil},
		{&p.images, "product_image", []string{"sort_order", "product_image_id"}},
		{&p.categories, "product_to_category", []string{"category_id"}},
		{&p.stores, "product_to_store", nil},
		{&p.attributes, "product_attribute", []string{"attribute_id"}},
		{&p.options, "product_option", []string{"option_id", "product_option_id"}},
		{&p.values, "product_option_value", []string{"option_value_id", "product_option_value_id"}},
		{&p.related, "product_related", nil},
	} {
		if *c.to, err = a.grouped(c.table, c.order...); err != nil {
			return err
		}
	}
	if p.urls, err = a.seoURLs(); err != nil {
		return err
	}
	if err := a.productNames(roots, &p); err != nil {
		return err
	}
	for _, r := range roots.All() {
		doc := a.product(r, &p)
		res := &result{doc: doc, sku: doc.Codes["sku"]}
		for field, n := range map[string]int{"texts": len(doc.Texts), "store_ids": len(doc.StoreIDs), "categories": len(doc.Categories), "options": len(doc.Options),
			"specials": len(doc.Specials), "discounts": len(doc.Discounts), "images": len(doc.Images), "attributes": len(doc.Attributes), "codes": len(doc.Codes), "related": len(doc.Related)} {
			if a.vanished(doc.ID, field, n) {
				res.halfway = "children"
			}
		}
		if codesVanished(a, doc.ID, p.codes[doc.ID], "codes", doc.Codes) {
			res.halfway = "children"
		}
		a.put(doc.ID, res)
	}
	return nil
}

// productNames looks up the names that are content of a product.
func (a *assembly) productNames(roots *shop.Rows, p *productRows) error {
	var manufacturers, attributes, options, values, categories idSet
	for _, r := range roots.All() {
		id := r.Int("product_id")
		manufacturers.add(r.Int("manufacturer_id"))
		for _, x := range p.attributes[id] {
			attributes.add(x.Int("attribute_id"))
		}
		for _, x := range p.options[id] {
			options.add(x.Int("option_id"))
		}
		for _, x := range p.values[id] {
			values.add(x.Int("option_value_id"))
		}
		for _, x := range p.categories[id] {
			categories.add(x.Int("category_id"))
		}
	}
	rows, err := a.Select(shop.Query{Table: "manufacturer", Columns: []string{"manufacturer_id", "name"}, Where: "manufacturer_id", Keys: manufacturers.list})
	if err != nil {
		return err
	}
	p.manufacturers = a.inDefault(rows, "manufacturer_id", "name")
	rows, err = a.Select(shop.Query{Table: "option", Columns: []string{"option_id", "type"}, Where: "option_id", Keys: options.list})
	if err != nil {
		return err
	}
	p.optionTypes = a.inDefault(rows, "option_id", "type")
	for _, c := range []struct {
		to        *map[int64]string
		table, id string
		keys      []int64
	}{
		{&p.attributeNames, "attribute_description", "attribute_id", attributes.list},
		{&p.optionNames, "option_description", "option_id", options.list},
		{&p.valueNames, "option_value_description", "option_value_id", values.list},
	} {
		rows, err := a.Select(shop.Query{Table: c.table, Columns: []string{c.id, "language_id", "name"}, Where: c.id, Keys: c.keys, Order: []string{c.id, "language_id"}})
		if err != nil {
			return err
		}
		*c.to = a.inDefault(rows, c.id, "name")
	}
	p.paths, err = a.categoryPaths(categories.list)
	return err
}

func (a *assembly) product(r shop.Row, p *productRows) *document.Product {
	id := r.Int("product_id")
	doc := &document.Product{
		ID: id, Model: a.plain(r.Raw("model")), Codes: a.codes(r, p.codes[id]),
		Enabled: r.Bool("status"), Minimum: r.Int("minimum"), Price: money(r.Raw("price")),
		TaxClass:         namedOrNull(a.ref.taxClasses, r.Int("tax_class_id")),
		RequiresShipping: r.Bool("shipping"),
		Weight:           a.weight(r),
		Dimensions:       document.Dimensions{Length: measure(r.Raw("length")), Width: measure(r.Raw("width")), Height: measure(r.Raw("height")), Unit: a.ref.lengthUnits[r.Int("length_class_id")]},
		AvailableFrom:    date(r.Raw("date_available")), Points: r.Int("points"), Location: a.plain(r.Raw("location")), SortOrder: r.Int("sort_order"),
		Image: a.plain(r.Raw("image")), Images: []string{}, Texts: map[string]document.ProductText{}, SEOURLs: p.urls[id],
		Categories: []document.CategoryRef{}, StoreIDs: sortedInts(p.stores[id], "store_id"),
		Attributes: a.attributes(p.attributes[id], p.attributeNames), Options: a.options(id, p),
		Related: sortedInts(p.related[id], "related_id"), CreatedAt: instant(r.Raw("date_added"), a.ref.zone),
	}
	if doc.SEOURLs == nil {
		doc.SEOURLs = []document.SEOURL{}
	}
	master := r.Int("master_id")
	if r.Has("master_id") {
		doc.MasterID = idOrNull(master)
	}
	if r.Has("variant") {
		doc.Variant = document.None[json.RawMessage]()
		if master != 0 {
			doc.Variant = document.Some(canonicalObject(r.Raw("variant")))
		}
	}
	if m := r.Int("manufacturer_id"); m != 0 {
		doc.Manufacturer = &document.Manufacturer{ID: m, Name: lookUp(p.manufacturers, m)}
	}
	doc.ImageURL = a.image(doc.Image)
	for _, x := range p.images[id] {
		path := a.plain(x.Raw("image"))
		doc.Images = append(doc.Images, path)
		if u := a.image(path); u != nil {
			doc.ImageURLs = append(doc.ImageURLs, *u)
		}
	}
	if a.imageBase != "" && doc.ImageURLs == nil {
		doc.ImageURLs = []string{}
	}
	for _, d := range p.descriptions[id] {
		code, ok := a.ref.languages[d.Int("language_id")]
		if !ok {
			continue
		}
		t := document.ProductText{
			Name: a.plain(d.Raw("name")), Description: a.plain(d.Raw("description")),
			MetaDescription: a.plain(d.Raw("meta_description")), MetaKeyword: a.plain(d.Raw("meta_keyword")), Tags: a.plain(d.Raw("tag")),
		}
		if d.Has("meta_title") {
			t.MetaTitle = pointer(a.plain(d.Raw("meta_title")))
		}
		if !d.Has("tag") { // before 1.5.4 each is a row
			t.Tags = a.tags(p.tags[id], d.Int("language_id"))
		}
		doc.Texts[code] = t
	}
	for _, x := range p.categories[id] {
		c := x.Int("category_id")
		path := p.paths[c]
		if path == nil {
			path = []string{}
		}
		doc.Categories = append(doc.Categories, document.CategoryRef{ID: c, Path: path})
	}
	doc.Specials, doc.Discounts = a.reductions(p.specials[id], p.discounts[id])
	return doc
}

// tags are a product's tags in one language, as later releases keep them.
func (a *assembly) tags(rows []shop.Row, language int64) string {
	var out []string
	for _, r := range rows {
		if r.Int("language_id") == language {
			out = append(out, a.plain(r.Raw("tag")))
		}
	}
	return strings.Join(out, ",")
}

// reductions reads specials and discounts: two tables up to 4.0; since 4.1
// specials are rows of oc_product_discount with special = 1.
func (a *assembly) reductions(specials, discounts []shop.Row) ([]document.Special, []document.Discount) {
	sp, di := []document.Special{}, []document.Discount{}
	for _, r := range append(slices.Clip(specials), discounts...) {
		special := !r.Has("quantity") || r.Bool("special")
		price := money(r.Raw("price"))
		var how document.Reduction
		switch r.Raw("type") {
		case "P":
			how.Percent = &price
		case "S":
			how.Subtract = &price
		default:
			how.Price = &price
		}
		from, until := date(r.Raw("date_start")), date(r.Raw("date_end"))
		if special {
			sp = append(sp, document.Special{CustomerGroupID: r.Int("customer_group_id"), Priority: r.Int("priority"), Reduction: how, From: from, Until: until})
		} else {
			di = append(di, document.Discount{CustomerGroupID: r.Int("customer_group_id"), Quantity: r.Int("quantity"), Priority: r.Int("priority"), Reduction: how, From: from, Until: until})
		}
	}
	slices.SortStableFunc(sp, func(x, y document.Special) int {
		return cmp.Or(cmp.Compare(x.CustomerGroupID, y.CustomerGroupID), cmp.Compare(x.Priority, y.Priority), compareReductions(x.Reduction, y.Reduction), compareTexts(x.From, y.From), compareTexts(x.Until, y.Until))
	})
	slices.SortStableFunc(di, func(x, y document.Discount) int {
		return cmp.Or(cmp.Compare(x.CustomerGroupID, y.CustomerGroupID), cmp.Compare(x.Quantity, y.Quantity), cmp.Compare(x.Priority, y.Priority), compareReductions(x.Reduction, y.Reduction), compareTexts(x.From, y.From), compareTexts(x.Until, y.Until))
	})
	return sp, di
}

func compareReductions(x, y document.Reduction) int {
	value := func(r document.Reduction) (string, string) {
		switch {
		case r.Percent != nil:
			return *r.Percent, "P"
		case r.Subtract != nil:
			return *r.Subtract, "S"
		}
		return *r.Price, "F"
	}
	a, ka := value(x)
	b, kb := value(y)
	return cmp.Or(amount(a).Cmp(amount(b)), cmp.Compare(ka, kb))
}

// compareTexts sorts nil first.
func compareTexts(x, y *string) int {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return cmp.Compare(text(x), text(y))
}

func (a *assembly) attributes(rows []shop.Row, names map[int64]string) []document.Attribute {
	out := []document.Attribute{}
	for _, r := range rows {
		id := r.Int("attribute_id")
		if n := len(out); n == 0 || out[n-1].ID != id {
			out = append(out, document.Attribute{ID: id, Name: lookUp(names, id), Texts: map[string]string{}})
		}
		if code, ok := a.ref.languages[r.Int("language_id")]; ok {
			out[len(out)-1].Texts[code] = a.plain(r.Raw("text"))
		}
	}
	return out
}

func (a *assembly) options(id int64, p *productRows) []document.Option {
	out := []document.Option{}
	for _, r := range p.options[id] {
		oid := r.Int("option_id")
		o := document.Option{OptionID: oid, Name: lookUp(p.optionNames, oid), Type: lookUp(p.optionTypes, oid), Required: r.Bool("required"), Values: []document.OptionValue{}}
		for _, v := range p.values[id] {
			if v.Int("product_option_id") == r.Int("product_option_id") {
				vid := v.Int("option_value_id")
				o.Values = append(o.Values, document.OptionValue{
					OptionValueID: vid, Name: lookUp(p.valueNames, vid),
					Price: sign(v, "price") + money(v.Raw("price")), Weight: sign(v, "weight") + measure(v.Raw("weight")), Points: sign(v, "points") + orElse(v.Raw("points"), "0"),
				})
			}
		}
		out = append(out, o)
	}
	return out
}

// sign is in which direction an option value changes its product.
func sign(v shop.Row, column string) string { return orElse(v.Raw(column+"_prefix"), "+") }

// lookUp finds a name, nil when there is none.
func lookUp(names map[int64]string, id int64) *string {
	if name, ok := names[id]; ok {
		return &name
	}
	return nil
}

// canonicalObject is a stored JSON object with sorted keys; anything else is {}.
func canonicalObject(stored string) json.RawMessage {
	d := json.NewDecoder(strings.NewReader(stored))
	d.UseNumber()
	var m map[string]any
	if d.Decode(&m) != nil || len(m) == 0 {
		return json.RawMessage("{}")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(m) != nil { // sorts the keys
		return json.RawMessage("{}")
	}
	return bytes.TrimSpace(b.Bytes())
}
