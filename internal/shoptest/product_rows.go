package shoptest

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// writeProduct writes the children. A save deletes those that are there first; each
// generation has its own order.
func (r *request) writeProduct(p Product, save bool) {
	steps := []func(Product, bool){r.writeProductTexts, r.writeProductStores, r.writeProductAttributes, r.writeProductOptions,
		r.writeProductDiscounts, r.writeProductSpecials, r.writeProductImages, r.writeProductCategories, r.writeProductFilters,
		r.writeProductRelated, r.writeProductRewards, r.writeProductSEO, r.writeProductLayouts}
	switch r.shop.gen {
	case V40:
		steps = []func(Product, bool){r.writeProductTexts, r.writeProductCategories, r.writeProductFilters, r.writeProductStores, r.writeProductRelated,
			r.writeProductAttributes, r.writeProductOptions, r.writeProductDiscounts, r.writeProductSpecials, r.writeProductImages, r.writeProductRewards, r.writeProductSEO}
	case V4:
		steps = []func(Product, bool){r.writeProductTexts, r.writeProductCodes, r.writeProductCategories, r.writeProductFilters,
			r.writeProductStores, r.writeProductRelated, r.writeProductAttributes, r.writeProductOptions, r.writeProductDiscounts,
			r.writeProductImages, r.writeProductRewards, r.writeProductSEO}
	}
	for _, step := range steps {
		step(p, save)
	}
}

// clear deletes the product's rows of a table when the product is saved again.
func (r *request) clear(save bool, table string, p Product) {
	if save {
		r.delete(table, "product_id = ?", p.ID)
	}
}

func (r *request) writeProductTexts(p Product, save bool) {
	r.clear(save, "product_description", p)
	for _, t := range p.Texts {
		columns := set{"product_id", p.ID, "language_id", t.LanguageID, "name", escape(t.Name), "description", escape(t.Description), "tag", escape(t.Tags)}
		if r.shop.gen > V1 {
			columns = append(columns, "meta_title", escape(t.MetaTitle))
		}
		r.insert("product_description", append(columns, "meta_description", escape(t.MetaDescription), "meta_keyword", escape(t.MetaKeywords))...)
	}
}

func (r *request) writeProductCodes(p Product, save bool) {
	r.clear(save, "product_code", p)
	for _, code := range productCodes {
		if value := p.Codes[code]; value != "" {
			r.insert("product_code", "product_id", p.ID, "code", code, "value", escape(value))
		}
	}
}

func (r *request) writeProductStores(p Product, save bool) {
	r.clear(save, "product_to_store", p)
	for _, store := range p.Stores {
		r.insert("product_to_store", "product_id", p.ID, "store_id", store)
	}
}

func (r *request) writeProductAttributes(p Product, save bool) {
	r.clear(save, "product_attribute", p)
	for _, a := range p.Attributes {
		r.insert("product_attribute", "product_id", p.ID, "attribute_id", a.AttributeID, "language_id", a.LanguageID, "text", escape(a.Text))
	}
}

func (r *request) writeProductOptions(p Product, save bool) {
	preset := "value"
	if r.shop.gen == V1 {
		preset = "option_value"
	}
	r.clear(save, "product_option", p)
	r.clear(save, "product_option_value", p)
	for _, o := range p.Options {
		columns := set{"product_id", p.ID, "option_id", o.OptionID}
		if len(o.Values) == 0 {
			columns = append(columns, preset, escape(o.Value))
		}
		columns = append(columns, "required", flag(o.Required))
		if o.ID != 0 {
			columns = append(set{"product_option_id", o.ID}, columns...)
		}
		optionID := r.insert("product_option", columns...)
		if o.ID != 0 {
			optionID = o.ID
		}
		for _, v := range o.Values {
			columns := set{"product_option_id", optionID, "product_id", p.ID, "option_id", o.OptionID, "option_value_id", v.OptionValueID,
				"quantity", v.Quantity, "subtract", flag(v.Subtract), "price", v.Price.Abs(), "price_prefix", sign(v.Price),
				"points", max(v.Points, -v.Points), "points_prefix", sign(decimal.NewFromInt(int64(v.Points))), "weight", v.Weight.Abs(), "weight_prefix", sign(v.Weight)}
			if v.ID != 0 || r.shop.gen >= V40 {
				columns = append(set{"product_option_value_id", v.ID}, columns...) // 0: the next id
			}
			r.insert("product_option_value", columns...)
		}
	}
}

func sign(d decimal.Decimal) string {
	if d.IsNegative() {
		return "-"
	}
	return "+"
}

func (r *request) writeProductDiscounts(p Product, save bool) {
	r.clear(save, "product_discount", p)
	for _, d := range p.Discounts {
		r.insertDiscount(p, d, false)
	}
	if r.shop.gen == V4 {
		for _, d := range p.Specials {
			d.Quantity = 1
			r.insertDiscount(p, d, true)
		}
	}
}

func (r *request) insertDiscount(p Product, d ProductPrice, special bool) {
	columns := set{"product_id", p.ID, "customer_group_id", d.GroupID, "quantity", d.Quantity, "priority", d.Priority}
	if r.shop.gen != V4 {
		columns = append(columns, "price", d.amount(p.Price))
	} else {
		kind := "F"
		if d.Percent {
			kind = "P"
		}
		columns = append(columns, "price", d.Price, "type", kind, "special", flag(special))
	}
	r.insert("product_discount", append(columns, "date_start", d.From, "date_end", d.Until)...)
}

// amount returns the reduced price.
func (d ProductPrice) amount(price decimal.Decimal) decimal.Decimal {
	if !d.Percent {
		return d.Price
	}
	return price.Sub(price.Mul(d.Price).Shift(-2))
}

func (r *request) writeProductSpecials(p Product, save bool) {
	r.clear(save, "product_special", p)
	for _, d := range p.Specials {
		r.insert("product_special", "product_id", p.ID, "customer_group_id", d.GroupID, "priority", d.Priority,
			"price", d.amount(p.Price), "date_start", d.From, "date_end", d.Until)
	}
}

func (r *request) writeProductImages(p Product, save bool) {
	r.clear(save, "product_image", p)
	for i, image := range p.Images {
		r.insert("product_image", "product_id", p.ID, "image", image, "sort_order", i)
	}
}

func (r *request) writeProductCategories(p Product, save bool) {
	r.clear(save, "product_to_category", p)
	for _, id := range p.Categories {
		r.insert("product_to_category", "product_id", p.ID, "category_id", id)
	}
}

func (r *request) writeProductFilters(p Product, save bool) {
	r.clear(save, "product_filter", p)
	for _, id := range p.Filters {
		r.insert("product_filter", "product_id", p.ID, "filter_id", id)
	}
}

// writeProductRelated keeps the relation in both directions.
func (r *request) writeProductRelated(p Product, save bool) {
	if save {
		r.delete("product_related", "product_id = ?", p.ID)
		r.delete("product_related", "related_id = ?", p.ID)
	}
	for _, id := range p.Related {
		for _, pair := range [][2]int64{{p.ID, id}, {id, p.ID}} {
			r.delete("product_related", "product_id = ? AND related_id = ?", pair[0], pair[1])
			r.insert("product_related", "product_id", pair[0], "related_id", pair[1])
		}
	}
}

func (r *request) writeProductRewards(p Product, save bool) {
	r.clear(save, "product_reward", p)
	for _, reward := range p.Rewards {
		r.insert("product_reward", "product_id", p.ID, "customer_group_id", reward.GroupID, "points", reward.Points)
	}
}

func (r *request) writeProductSEO(p Product, save bool) {
	if save {
		r.deleteSEO("product_id", fmt.Sprint(p.ID))
	}
	r.insertSEO("product_id", fmt.Sprint(p.ID), p.Keyword)
}

func (r *request) writeProductLayouts(p Product, save bool) {
	r.clear(save, "product_to_layout", p)
	r.insert("product_to_layout", "product_id", p.ID, "store_id", 0, "layout_id", 0)
}

// insertSEO gives a page its address in the default language. An empty keyword is
// none.
func (r *request) insertSEO(key, value, keyword string) {
	if keyword == "" {
		return
	}
	switch {
	case r.shop.gen <= V2:
		r.insert("url_alias", "query", seoQuery(key, value), "keyword", keyword)
		return
	case r.shop.gen == V3:
		r.insert("seo_url", "store_id", 0, "language_id", 1, "query", seoQuery(key, value), "keyword", keyword)
		return
	}
	r.insert("seo_url", "store_id", 0, "language_id", 1, "key", key, "value", value, "keyword", keyword, "sort_order", 0)
}

func (r *request) deleteSEO(key, value string) {
	switch {
	case r.shop.gen <= V2:
		r.delete("url_alias", "query = ?", seoQuery(key, value))
		return
	case r.shop.gen == V3:
		r.delete("seo_url", "query = ?", seoQuery(key, value))
		return
	}
	r.delete("seo_url", "`key` = ? AND value LIKE ?", key, strings.ReplaceAll(value, "_", `\_`))
}

// seo returns the keyword of a page's address, empty if it has none.
func (r *request) seo(key, value string) string {
	var keyword string
	switch {
	case r.shop.gen <= V2:
		r.one([]any{&keyword}, "SELECT keyword FROM {url_alias} WHERE query = ?", seoQuery(key, value))
	case r.shop.gen == V3:
		r.one([]any{&keyword}, "SELECT keyword FROM {seo_url} WHERE query = ?", seoQuery(key, value))
	default:
		r.one([]any{&keyword}, "SELECT keyword FROM {seo_url} WHERE `key` = ? AND value = ?", key, value)
	}
	return keyword
}

// seoQuery is the form up to V3 of key and value; a category's key was category_id there.
func seoQuery(key, value string) string {
	if key == "path" {
		key = "category_id"
	}
	return key + "=" + value
}
