package shoptest

import (
	"context"
	"fmt"
	"strings"
)

// Category is a category as the staff's form has it.
type Category struct {
	ID, ParentID int64
	Image        string
	SortOrder    int
	Enabled, Top bool // Top: shown in the menu (not in V4)
	Texts        []Text
	Stores       []int64
	Filters      []int64
	Keyword      string // last part of the address of its page, "" for none
}

// categories is the subject of every change of a category, as one may move others.
var categories = subject{"category", 0}

// CreateCategory adds a category and returns its id.
func (s *Shop) CreateCategory(ctx context.Context, c Category) (int64, error) {
	var id int64
	err := s.do(ctx, "create a category", func(r *request) { id = r.createCategory(c) }, categories)
	return id, err
}

func (r *request) createCategory(c Category) int64 {
	switch {
	case r.shop.gen <= V3:
		c.ID = r.insert("category", "parent_id", c.ParentID, "top", flag(c.Top), "column", 1, "sort_order", c.SortOrder, "status", flag(c.Enabled),
			"date_modified", now, "date_added", now)
		r.update("category", set{"image", c.Image}, "category_id = ?", c.ID)
	case r.shop.gen == V40:
		c.ID = r.insert("category", "image", c.Image, "parent_id", c.ParentID, "top", flag(c.Top), "column", 1, "sort_order", c.SortOrder,
			"status", flag(c.Enabled), "date_modified", now, "date_added", now)
	default:
		c.ID = r.insert("category", "image", c.Image, "parent_id", c.ParentID, "sort_order", c.SortOrder, "status", flag(c.Enabled))
	}
	r.writeCategoryTexts(c, false)
	path := append(r.categoryPath(c.ParentID), c.ID)
	for level, id := range path {
		r.insert("category_path", "category_id", c.ID, "path_id", id, "level", level)
	}
	r.writeCategoryLinks(c, false, "category_filter", "filter_id", c.Filters)
	r.writeCategoryLinks(c, false, "category_to_store", "store_id", c.Stores)
	r.insertSEO("path", r.seoPath(path), r.seoKeyword(c))
	r.writeCategoryLayout(c, false)
	return c.ID
}

// SaveCategory is the staff's form: it reads the category, lets change alter it, and
// writes it with all its children deleted and inserted again. A new parent rewrites
// the paths of all categories below it too.
func (s *Shop) SaveCategory(ctx context.Context, id int64, change func(*Category)) error {
	return s.do(ctx, fmt.Sprintf("save category %d", id), func(r *request) {
		c := r.category(id)
		if r.err != nil {
			return
		}
		oldPath := r.seoPath(r.categoryPath(id))
		oldKeyword := r.seo("path", oldPath)
		change(&c)
		switch {
		case r.shop.gen <= V3:
			r.update("category", set{"parent_id", c.ParentID, "top", flag(c.Top), "column", 1, "sort_order", c.SortOrder, "status", flag(c.Enabled),
				"date_modified", now}, "category_id = ?", id)
			r.update("category", set{"image", c.Image}, "category_id = ?", id)
		case r.shop.gen == V40:
			r.update("category", set{"image", c.Image, "parent_id", c.ParentID, "top", flag(c.Top), "column", 1, "sort_order", c.SortOrder,
				"status", flag(c.Enabled), "date_modified", now}, "category_id = ?", id)
		default:
			r.update("category", set{"image", c.Image, "parent_id", c.ParentID, "sort_order", c.SortOrder, "status", flag(c.Enabled)}, "category_id = ?", id)
		}
		r.writeCategoryTexts(c, true)
		r.rewritePaths(c)
		r.writeCategoryLinks(c, true, "category_filter", "filter_id", c.Filters)
		if r.shop.gen <= V3 {
			r.writeCategoryLinks(c, true, "category_to_store", "store_id", c.Stores)
		}
		r.deleteSEO("path", oldPath)
		newPath := r.seoPath(r.categoryPath(id))
		r.insertSEO("path", newPath, r.seoKeyword(c))
		if r.shop.gen >= V40 {
			r.moveSEO(oldPath, newPath, oldKeyword, r.seoKeyword(c))
			r.writeCategoryLinks(c, true, "category_to_store", "store_id", c.Stores)
		}
		r.writeCategoryLayout(c, true)
	}, categories)
}

// RenameCategory gives a category a new name in the default language.
func (s *Shop) RenameCategory(ctx context.Context, id int64, name string) error {
	return s.SaveCategory(ctx, id, func(c *Category) {
		for i := range c.Texts {
			if c.Texts[i].LanguageID == 1 {
				c.Texts[i].Name, c.Texts[i].MetaTitle = name, name
			}
		}
	})
}

// MoveCategory puts a category, with all below it, under another parent (0: none).
// The parent must not be below the category.
func (s *Shop) MoveCategory(ctx context.Context, id, parentID int64) error {
	return s.SaveCategory(ctx, id, func(c *Category) { c.ParentID = parentID })
}

// DeleteCategory removes a category with all below it.
func (s *Shop) DeleteCategory(ctx context.Context, id int64) error {
	return s.do(ctx, fmt.Sprintf("delete category %d", id), func(r *request) { r.deleteCategory(id) }, categories)
}

func (r *request) deleteCategory(id int64) {
	path := r.seoPath(r.categoryPath(id))
	below := func() {
		for _, child := range r.ids("SELECT category_id FROM {category_path} WHERE path_id = ? AND category_id != ?", id, id) {
			r.deleteCategory(child)
		}
	}
	if r.shop.gen <= V3 {
		r.delete("category_path", "category_id = ?", id)
		below()
		for _, table := range []string{"category", "category_description", "category_filter", "category_to_store", "category_to_layout", "product_to_category"} {
			r.delete(table, "category_id = ?", id)
		}
		r.deleteSEO("path", path)
		r.delete("coupon_category", "category_id = ?", id)
		return
	}
	for _, table := range []string{"category", "category_description", "category_filter", "category_to_store", "product_to_category", "coupon_category"} {
		r.delete(table, "category_id = ?", id)
	}
	r.deleteSEO("path", path)
	below()
	r.delete("category_path", "category_id = ?", id)
}

func (r *request) writeCategoryTexts(c Category, save bool) {
	if save {
		r.delete("category_description", "category_id = ?", c.ID)
	}
	for _, t := range c.Texts {
		columns := set{"category_id", c.ID, "language_id", t.LanguageID, "name", escape(t.Name), "description", escape(t.Description)}
		if r.shop.gen > V1 {
			columns = append(columns, "meta_title", escape(t.MetaTitle))
		}
		r.insert("category_description", append(columns, "meta_description", escape(t.MetaDescription), "meta_keyword", escape(t.MetaKeywords))...)
	}
}

// rewritePaths writes the path of the category and of all below it: the parent's path
// and what remains of their own.
func (r *request) rewritePaths(c Category) {
	below := r.ids("SELECT category_id FROM {category_path} WHERE path_id = ? ORDER BY level, category_id", c.ID)
	for _, id := range below {
		own := r.categoryPath(id)
		for len(own) > 0 && own[0] != c.ID {
			own = own[1:]
		}
		if r.shop.gen >= V40 {
			r.delete("category_path", "category_id = ?", id)
		} else {
			var level int
			r.one([]any{&level}, "SELECT level FROM {category_path} WHERE category_id = ? AND path_id = ?", id, c.ID)
			r.delete("category_path", "category_id = ? AND level < ?", id, level)
		}
		for level, step := range append(r.categoryPath(c.ParentID), own...) {
			if r.shop.gen >= V40 {
				r.insert("category_path", "category_id", id, "path_id", step, "level", level)
			} else {
				r.replace("category_path", "category_id", id, "path_id", step, "level", level)
			}
		}
	}
}

func (r *request) writeCategoryLinks(c Category, save bool, table, column string, ids []int64) {
	if save {
		r.delete(table, "category_id = ?", c.ID)
	}
	for _, id := range ids {
		r.insert(table, "category_id", c.ID, column, id)
	}
}

// writeCategoryLayout writes the row that the form up to V3 always posts.
func (r *request) writeCategoryLayout(c Category, save bool) {
	if r.shop.gen > V3 {
		return
	}
	if save {
		r.delete("category_to_layout", "category_id = ?", c.ID)
	}
	r.insert("category_to_layout", "category_id", c.ID, "store_id", 0, "layout_id", 0)
}

// categoryPath returns the ids from the top to the category itself, nothing for 0.
func (r *request) categoryPath(id int64) []int64 {
	return r.ids("SELECT path_id FROM {category_path} WHERE category_id = ? ORDER BY level", id)
}

// seoPath is the value of a category's address: its whole path, up to V3 its id.
func (r *request) seoPath(path []int64) string {
	var text []string
	for _, id := range path {
		text = append(text, fmt.Sprint(id))
	}
	if r.shop.gen <= V3 && len(text) > 0 {
		text = text[len(text)-1:]
	}
	return strings.Join(text, "_")
}

// seoKeyword is the keyword of a category: since V40 with those of its parents before it.
func (r *request) seoKeyword(c Category) string {
	if r.shop.gen >= V40 && c.ParentID != 0 && c.Keyword != "" {
		if parent := r.seo("path", r.seoPath(r.categoryPath(c.ParentID))); parent != "" {
			return parent + "/" + c.Keyword
		}
	}
	return c.Keyword
}

// moveSEO gives the pages below a category their new addresses.
func (r *request) moveSEO(oldPath, newPath, oldKeyword, newKeyword string) {
	type page struct {
		id             int64
		value, keyword string
	}
	var pages []page
	r.each(func(scan func(...any)) {
		var p page
		scan(&p.id, &p.value, &p.keyword)
		pages = append(pages, p)
	}, "SELECT seo_url_id, value, keyword FROM {seo_url} WHERE `key` = 'path' AND value LIKE ?", strings.ReplaceAll(oldPath, "_", `\_`)+`\_%`)
	for _, p := range pages {
		r.update("seo_url", set{"value", newPath + strings.TrimPrefix(p.value, oldPath), "keyword", newKeyword + strings.TrimPrefix(p.keyword, oldKeyword)},
			"seo_url_id = ?", p.id)
	}
}

// category reads a category with its children.
func (r *request) category(id int64) Category {
	c := Category{ID: id}
	top, title := "top", "meta_title"
	if r.shop.gen == V1 {
		title = "''"
	}
	if r.shop.gen == V4 {
		top = "0"
	}
	if !r.one([]any{&c.ParentID, &c.Image, &c.SortOrder, &c.Enabled, &c.Top},
		"SELECT parent_id, COALESCE(image, ''), sort_order, status, "+top+" FROM {category} WHERE category_id = ?", id) {
		r.fail(fmt.Errorf("there is no category %d", id))
		return c
	}
	r.each(func(scan func(...any)) {
		var t Text
		scan(&t.LanguageID, &t.Name, &t.Description, &t.MetaTitle, &t.MetaDescription, &t.MetaKeywords)
		for _, field := range []*string{&t.Name, &t.Description, &t.MetaTitle, &t.MetaDescription, &t.MetaKeywords} {
			*field = unescape(*field)
		}
		c.Texts = append(c.Texts, t)
	}, "SELECT language_id, name, description, "+title+", meta_description, meta_keyword FROM {category_description} WHERE category_id = ? ORDER BY language_id", id)
	c.Stores = r.ids("SELECT store_id FROM {category_to_store} WHERE category_id = ? ORDER BY store_id", id)
	c.Filters = r.ids("SELECT filter_id FROM {category_filter} WHERE category_id = ? ORDER BY filter_id", id)
	keyword := r.seo("path", r.seoPath(r.categoryPath(id)))
	c.Keyword = keyword[strings.LastIndex(keyword, "/")+1:]
	return c
}
