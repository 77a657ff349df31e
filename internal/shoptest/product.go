package shoptest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Product is a product as the staff's form has it. Zero ids of options and option
// values are filled in by the server when it is written.
type Product struct {
	ID, MasterID                           int64 // MasterID > 0: a variant (since V40)
	Variant                                string
	Model, Location, Image                 string
	Codes                                  map[string]string // "SKU", "UPC", "EAN", "JAN", "ISBN", "MPN"
	Quantity, Minimum                      int
	Subtract, Shipping, Enabled            bool
	StockStatusID, ManufacturerID          int64
	TaxClassID, WeightClassID, LengthClass int64
	Price                                  decimal.Decimal
	Points, SortOrder                      int
	Available                              string // date, "" for none
	Weight, Length, Width, Height          decimal.Decimal
	Texts                                  []Text
	Categories, Stores, Related, Filters   []int64
	Options                                []ProductOption
	Specials, Discounts                    []ProductPrice
	Images                                 []string
	Attributes                             []ProductAttribute
	Rewards                                []ProductReward
	Keyword                                string // address of its page, "" for none
}

// Text is what a product or category says in one language.
type Text struct {
	LanguageID                               int64
	Name, Description                        string
	MetaTitle, MetaDescription, MetaKeywords string
	Tags                                     string // products only
}

// ProductOption is an option a product offers. Value is the preset of text options.
type ProductOption struct {
	ID, OptionID int64
	Value        string
	Required     bool
	Values       []ProductOptionValue
}

// ProductOptionValue is a choice of an option, with a stock of its own.
type ProductOptionValue struct {
	ID, OptionValueID int64
	Quantity          int
	Subtract          bool
	Price, Weight     decimal.Decimal // added to the product's; negative ones are taken off
	Points            int
}

// ProductPrice is a special price or a quantity discount.
type ProductPrice struct {
	GroupID            int64
	Quantity, Priority int
	Price              decimal.Decimal // a price, or with Percent the percentage taken off
	Percent            bool
	From, Until        string // dates, "" for none
}

// ProductAttribute is a property of a product in one language.
type ProductAttribute struct {
	AttributeID, LanguageID int64
	Text                    string
}

// ProductReward is the number of points a customer group gets for a product.
type ProductReward struct {
	GroupID int64
	Points  int
}

// CreateProduct adds a product and returns its id.
func (s *Shop) CreateProduct(ctx context.Context, p Product) (int64, error) {
	var id int64
	err := s.do(ctx, "create a product", func(r *request) { id = r.createProduct(p) })
	return id, err
}

func (r *request) createProduct(p Product) int64 {
	columns := r.productColumns(p)
	if r.shop.gen >= V40 {
		columns = append(set{"master_id", p.MasterID}, columns...)
	}
	columns = append(columns, "date_added", now)
	if r.shop.gen > V1 {
		columns = append(columns, "date_modified", now)
	}
	p.ID = r.insert("product", columns...)
	if r.shop.gen <= V3 || p.Image != "" {
		r.update("product", set{"image", p.Image}, "product_id = ?", p.ID)
	}
	r.writeProduct(p, false)
	return p.ID
}

// SaveProduct is the staff's form: it reads the product, lets change alter it, and
// writes it with all its children deleted and inserted again, changed or not. Option
// ids are kept, other ids of children are new.
func (s *Shop) SaveProduct(ctx context.Context, id int64, change func(*Product)) error {
	return s.do(ctx, fmt.Sprintf("save product %d", id), func(r *request) {
		p := r.product(id)
		if r.err != nil {
			return
		}
		change(&p)
		columns := r.productColumns(p)
		if r.shop.gen >= V40 {
			columns = append(columns, "image", p.Image)
		}
		r.update("product", append(columns, "date_modified", now), "product_id = ?", id)
		if r.shop.gen <= V3 {
			r.update("product", set{"image", p.Image}, "product_id = ?", id)
		}
		r.writeProduct(p, true)
	}, subject{"product", id})
}

// DisableProduct takes a product off sale: a save with the status off.
func (s *Shop) DisableProduct(ctx context.Context, id int64) error {
	return s.SaveProduct(ctx, id, func(p *Product) { p.Enabled = false })
}

// CopyProduct makes a copy that is off sale, without address and SKU, and returns its
// id. The options get new ids.
func (s *Shop) CopyProduct(ctx context.Context, id int64) (int64, error) {
	var copied int64
	err := s.do(ctx, fmt.Sprintf("copy product %d", id), func(r *request) {
		p := r.product(id)
		p.Enabled, p.Keyword = false, ""
		if r.shop.gen <= V3 {
			delete(p.Codes, "SKU")
			delete(p.Codes, "UPC")
		}
		for i := range p.Options {
			p.Options[i].ID = 0
			for j := range p.Options[i].Values {
				p.Options[i].Values[j].ID = 0
			}
		}
		copied = r.createProduct(p)
	}, subject{"product", id})
	return copied, err
}

// DeleteProduct removes a product: first itself, then its children. Orders keep their
// lines.
func (s *Shop) DeleteProduct(ctx context.Context, id int64) error {
	return s.do(ctx, fmt.Sprintf("delete product %d", id), func(r *request) {
		tables := []string{"product", "product_attribute", "product_description", "product_discount", "product_filter", "product_image",
			"product_option", "product_option_value", "product_related", "product_reward", "product_special", "product_to_category",
			"product_to_layout", "product_to_store", "coupon_product"}
		if r.shop.gen == V40 {
			tables = slices.DeleteFunc(tables, func(t string) bool { return t == "coupon_product" })
		}
		if r.shop.gen == V4 {
			tables = []string{"product", "product_attribute", "product_code", "product_to_category", "product_description", "product_discount", "product_filter",
				"product_image", "product_option", "product_option_value", "product_related", "product_reward", "product_to_layout", "product_to_store"}
		}
		for _, table := range tables {
			r.delete(table, "product_id = ?", id)
			if table == "product_related" {
				r.delete(table, "related_id = ?", id)
			}
		}
		r.deleteSEO("product_id", fmt.Sprint(id))
	}, subject{"product", id})
}

// productColumns are the columns of the form in oc_product, without the image.
func (r *request) productColumns(p Product) set {
	columns := set{"model", escape(p.Model)}
	if r.shop.gen != V4 {
		for _, code := range productCodes {
			columns = append(columns, strings.ToLower(code), escape(p.Codes[code]))
		}
	}
	columns = append(columns, "location", escape(p.Location))
	if r.shop.gen >= V40 {
		columns = append(columns, "variant", p.Variant, "override", "")
	}
	return append(columns, "quantity", p.Quantity, "minimum", p.Minimum, "subtract", flag(p.Subtract), "stock_status_id", p.StockStatusID,
		"date_available", p.Available, "manufacturer_id", p.ManufacturerID, "shipping", flag(p.Shipping), "price", p.Price, "points", p.Points,
		"weight", p.Weight, "weight_class_id", p.WeightClassID, "length", p.Length, "width", p.Width, "height", p.Height,
		"length_class_id", p.LengthClass, "status", flag(p.Enabled), "tax_class_id", p.TaxClassID, "sort_order", p.SortOrder)
}

// productCodes are the codes that have columns of their own up to V40, in their order.
var productCodes = []string{"SKU", "UPC", "EAN", "JAN", "ISBN", "MPN"}

// Product reads a product with all its children.
func (s *Shop) Product(ctx context.Context, id int64) (Product, error) {
	var p Product
	err := s.do(ctx, fmt.Sprintf("read product %d", id), func(r *request) { p = r.product(id) })
	return p, err
}

func (r *request) product(id int64) Product {
	p := Product{ID: id, Codes: map[string]string{}}
	found := r.one([]any{&p.Model, &p.Location, &p.Image, &p.Quantity, &p.Minimum, &p.Subtract, &p.Shipping, &p.Enabled, &p.StockStatusID, &p.ManufacturerID,
		&p.TaxClassID, &p.WeightClassID, &p.LengthClass, &p.Price, &p.Points, &p.SortOrder, &p.Available, &p.Weight, &p.Length, &p.Width, &p.Height},
		`SELECT model, location, COALESCE(image, ''), quantity, minimum, subtract, shipping, status, stock_status_id, manufacturer_id, tax_class_id,
		weight_class_id, length_class_id, price, points, sort_order, CAST(date_available AS CHAR), weight, length, width, height FROM {product} WHERE product_id = ?`, id)
	if !found {
		r.fail(fmt.Errorf("there is no product %d", id))
		return p
	}
	p.Model, p.Location = unescape(p.Model), unescape(p.Location)
	if r.shop.gen >= V40 {
		r.one([]any{&p.MasterID, &p.Variant}, "SELECT master_id, COALESCE(variant, '') FROM {product} WHERE product_id = ?", id)
	}
	if r.shop.gen != V4 {
		values := make([]string, len(productCodes))
		dest := make([]any, len(values))
		for i := range values {
			dest[i] = &values[i]
		}
		r.one(dest, "SELECT sku, upc, ean, jan, isbn, mpn FROM {product} WHERE product_id = ?", id)
		for i, code := range productCodes {
			if values[i] != "" {
				p.Codes[code] = unescape(values[i])
			}
		}
	} else {
		r.each(func(scan func(...any)) {
			var code, value string
			scan(&code, &value)
			p.Codes[code] = unescape(value)
		}, "SELECT code, value FROM {product_code} WHERE product_id = ?", id)
	}
	title := "meta_title"
	if r.shop.gen == V1 {
		title = "''"
	}
	r.each(func(scan func(...any)) {
		var t Text
		scan(&t.LanguageID, &t.Name, &t.Description, &t.Tags, &t.MetaTitle, &t.MetaDescription, &t.MetaKeywords)
		for _, field := range []*string{&t.Name, &t.Description, &t.Tags, &t.MetaTitle, &t.MetaDescription, &t.MetaKeywords} {
			*field = unescape(*field)
		}
		p.Texts = append(p.Texts, t)
	}, "SELECT language_id, name, description, tag, "+title+", meta_description, meta_keyword FROM {product_description} WHERE product_id = ? ORDER BY language_id", id)
	p.Categories = r.ids("SELECT category_id FROM {product_to_category} WHERE product_id = ? ORDER BY category_id", id)
	p.Stores = r.ids("SELECT store_id FROM {product_to_store} WHERE product_id = ? ORDER BY store_id", id)
	p.Related = r.ids("SELECT related_id FROM {product_related} WHERE product_id = ? ORDER BY related_id", id)
	p.Filters = r.ids("SELECT filter_id FROM {product_filter} WHERE product_id = ? ORDER BY filter_id", id)
	p.Options = r.productOptions(id)
	p.Discounts, p.Specials = r.productPrices(id)
	r.each(func(scan func(...any)) {
		var image string
		scan(&image)
		p.Images = append(p.Images, image)
	}, "SELECT image FROM {product_image} WHERE product_id = ? ORDER BY sort_order, product_image_id", id)
	r.each(func(scan func(...any)) {
		var a ProductAttribute
		scan(&a.AttributeID, &a.LanguageID, &a.Text)
		a.Text = unescape(a.Text)
		p.Attributes = append(p.Attributes, a)
	}, "SELECT attribute_id, language_id, text FROM {product_attribute} WHERE product_id = ? ORDER BY attribute_id, language_id", id)
	r.each(func(scan func(...any)) {
		var reward ProductReward
		scan(&reward.GroupID, &reward.Points)
		p.Rewards = append(p.Rewards, reward)
	}, "SELECT customer_group_id, points FROM {product_reward} WHERE product_id = ? ORDER BY product_reward_id", id)
	p.Keyword = r.seo("product_id", fmt.Sprint(id))
	return p
}

func (r *request) ids(query string, args ...any) []int64 {
	var list []int64
	r.each(func(scan func(...any)) {
		var id int64
		scan(&id)
		list = append(list, id)
	}, query, args...)
	return list
}

func (r *request) productOptions(id int64) []ProductOption {
	var list []ProductOption
	preset := "value"
	if r.shop.gen == V1 {
		preset = "option_value"
	}
	r.each(func(scan func(...any)) {
		var o ProductOption
		scan(&o.ID, &o.OptionID, &o.Value, &o.Required)
		o.Value = unescape(o.Value)
		list = append(list, o)
	}, "SELECT product_option_id, option_id, COALESCE("+preset+", ''), required FROM {product_option} WHERE product_id = ? ORDER BY product_option_id", id)
	r.each(func(scan func(...any)) {
		var v ProductOptionValue
		var optionID int64
		scan(&optionID, &v.ID, &v.OptionValueID, &v.Quantity, &v.Subtract, &v.Price, &v.Points, &v.Weight)
		for i := range list {
			if list[i].ID == optionID {
				list[i].Values = append(list[i].Values, v)
			}
		}
	}, `SELECT product_option_id, product_option_value_id, option_value_id, quantity, subtract, IF(price_prefix = '-', -price, price),
		IF(points_prefix = '-', -points, points), IF(weight_prefix = '-', -weight, weight)
		FROM {product_option_value} WHERE product_id = ? ORDER BY product_option_value_id`, id)
	return list
}

func (r *request) productPrices(id int64) (discounts, specials []ProductPrice) {
	const dates = "CAST(date_start AS CHAR), CAST(date_end AS CHAR)"
	read := func(query string) (list []ProductPrice) {
		r.each(func(scan func(...any)) {
			var d ProductPrice
			scan(&d.GroupID, &d.Quantity, &d.Priority, &d.Price, &d.Percent, &d.From, &d.Until)
			list = append(list, d)
		}, query, id)
		return list
	}
	if r.shop.gen != V4 {
		discounts = read("SELECT customer_group_id, quantity, priority, price, 0, " + dates + " FROM {product_discount} WHERE product_id = ? ORDER BY product_discount_id")
		specials = read("SELECT customer_group_id, 1, priority, price, 0, " + dates + " FROM {product_special} WHERE product_id = ? ORDER BY product_special_id")
		return discounts, specials
	}
	const columns = "SELECT customer_group_id, quantity, priority, price, type = 'P', " + dates + " FROM {product_discount} WHERE product_id = ? AND special = "
	return read(columns + "0 ORDER BY product_discount_id"), read(columns + "1 ORDER BY product_discount_id")
}
