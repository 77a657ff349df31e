package document

// Category is a node of the catalogue's tree. Path holds the names from the root
// down to itself, in the shop's default language.
type Category struct {
	ID        int64                   `json:"id"`
	ParentID  *int64                  `json:"parent_id"` // null for a root
	Path      []string                `json:"path"`
	Enabled   bool                    `json:"enabled"`
	SortOrder int64                   `json:"sort_order"`
	Image     string                  `json:"image"`
	ImageURL  *string                 `json:"image_url,omitzero"`
	StoreIDs  []int64                 `json:"store_ids"`
	Texts     map[string]CategoryText `json:"texts"`
	SEOURLs   []SEOURL                `json:"seo_urls"`
}

// CategoryText is a category's description in one language.
type CategoryText struct {
	Name            string  `json:"name"`
	Description     string  `json:"description"`
	MetaTitle       *string `json:"meta_title,omitzero"`
	MetaDescription string  `json:"meta_description"`
	MetaKeyword     string  `json:"meta_keyword"`
}
