package document

import "encoding/json"

// Product is a catalogue entry without its stock level.
type Product struct {
	ID               int64                  `json:"id"`
	MasterID         Maybe[int64]           `json:"master_id,omitzero"`
	Model            string                 `json:"model"`
	Codes            map[string]string      `json:"codes"`
	Enabled          bool                   `json:"enabled"`
	Minimum          int64                  `json:"minimum"`
	Price            string                 `json:"price" octail:"decimal"`
	TaxClass         *Named                 `json:"tax_class"`
	Specials         []Special              `json:"specials"`
	Discounts        []Discount             `json:"discounts"`
	Manufacturer     *Manufacturer          `json:"manufacturer"`
	RequiresShipping bool                   `json:"requires_shipping"`
	Weight           Measure                `json:"weight"`
	Dimensions       Dimensions             `json:"dimensions"`
	AvailableFrom    *string                `json:"available_from"`
	Points           int64                  `json:"points"`
	Location         string                 `json:"location"`
	SortOrder        int64                  `json:"sort_order"`
	Image            string                 `json:"image"`
	ImageURL         *string                `json:"image_url,omitzero"`
	Images           []string               `json:"images"`
	ImageURLs        []string               `json:"image_urls,omitzero"`
	Texts            map[string]ProductText `json:"texts"`
	SEOURLs          []SEOURL               `json:"seo_urls"`
	Categories       []CategoryRef          `json:"categories"`
	StoreIDs         []int64                `json:"store_ids"`
	Attributes       []Attribute            `json:"attributes"`
	Options          []Option               `json:"options"`
	Related          []int64                `json:"related"`
	Variant          Maybe[json.RawMessage] `json:"variant,omitzero"`
	CreatedAt        *string                `json:"created_at"`
}

// Reduction is how a special or discount changes the price: one of the three.
type Reduction struct {
	Price    *string `json:"price,omitzero" octail:"decimal"`    // the new price
	Percent  *string `json:"percent,omitzero" octail:"decimal"`  // per cent of the price
	Subtract *string `json:"subtract,omitzero" octail:"decimal"` // taken off the price
}

// Special is a special price of a customer group.
type Special struct {
	CustomerGroupID int64 `json:"customer_group_id"`
	Priority        int64 `json:"priority"`
	Reduction
	From  *string `json:"from"`
	Until *string `json:"until"`
}

// Discount is a price from a quantity on.
type Discount struct {
	CustomerGroupID int64 `json:"customer_group_id"`
	Quantity        int64 `json:"quantity"`
	Priority        int64 `json:"priority"`
	Reduction
	From  *string `json:"from"`
	Until *string `json:"until"`
}

// Manufacturer is the product's brand; the name is content.
type Manufacturer struct {
	ID   int64   `json:"id"`
	Name *string `json:"name"` // null when there is no such manufacturer any more
}

// Dimensions of the packed product.
type Dimensions struct {
	Length string `json:"length" octail:"decimal"`
	Width  string `json:"width" octail:"decimal"`
	Height string `json:"height" octail:"decimal"`
	Unit   string `json:"unit"`
}

// ProductText is a product's description in one language.
type ProductText struct {
	Name            string  `json:"name"`
	Description     string  `json:"description"`
	MetaTitle       *string `json:"meta_title,omitzero"`
	MetaDescription string  `json:"meta_description"`
	MetaKeyword     string  `json:"meta_keyword"`
	Tags            string  `json:"tags"`
}

// CategoryRef is a category the product is in, with the names of its path.
type CategoryRef struct {
	ID   int64    `json:"id"`
	Path []string `json:"path"`
}

// Attribute is a product property, text by language.
type Attribute struct {
	ID    int64             `json:"id"`
	Name  *string           `json:"name"` // null when it has none
	Texts map[string]string `json:"texts"`
}

// Option is a choice the customer makes.
type Option struct {
	OptionID int64         `json:"option_id"`
	Name     *string       `json:"name"` // null when the catalogue has no such option any more
	Type     *string       `json:"type"`
	Required bool          `json:"required"`
	Values   []OptionValue `json:"values"`
}

// OptionValue is one of an option's choices; the differences carry their sign.
type OptionValue struct {
	OptionValueID int64   `json:"option_value_id"`
	Name          *string `json:"name"`
	Price         string  `json:"price" octail:"decimal"`
	Weight        string  `json:"weight" octail:"decimal"`
	Points        string  `json:"points" octail:"decimal"`
}
