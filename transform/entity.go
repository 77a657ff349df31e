package transform

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"octail/internal/shop"
	"octail/transform/document"
)

// entity is one kind of document: which tables make it, and how it is read.
// There is one file per entity.
type entity struct {
	name string
	// root is the entity's own table, id the key column in it.
	root, id string
	// tables lists, root included, the columns that are content. They are what is
	// selected and what makes the entity dirty; all other columns are noise.
	tables []aggregateTable
	// optional names the tables that not every OpenCart has. Without one of the
	// others no document is made: an order without lines, read while a backup is
	// put back, would be believed.
	optional []string
	// halfway lists why a read may look like the middle of a change.
	halfway []string
	// seo says how oc_seo_url names the entity; zero when it does not.
	seo seoNames
	// read makes the documents of a.ids.
	read func(*assembly) error
}

// aggregateTable is one table of an entity. key is the column with the entity's
// key.
type aggregateTable struct {
	name, key string
	columns   []string
}

var allEntities = []*entity{&customerEntity, &categoryEntity, &productEntity, &stockEntity, &orderEntity}

func entityByName(name string) *entity {
	for _, e := range allEntities {
		if e.name == name {
			return e
		}
	}
	return nil
}

// assembly is the reading of some keys of one entity.
type assembly struct {
	*shop.Reader
	ref       *reference
	entity    *entity
	ids       []int64
	previous  map[int64]*previous // by id; nil for those the journal does not know
	imageBase string
	drafts    bool
	refresh   map[int64]bool // orders whose lines are looked up anew
	forgotten forgotten

	results map[int64]*result
}

// result is what reading one key gave. No result for a key: its root row does
// not exist.
type result struct {
	doc     any    // pointer to a document; nil with draft or err
	draft   bool   // an order that is none yet
	halfway string // why the rows look like the middle of a change, "" = they do not
	lines   int64  // highest line number ever given
	number  string // for search
	email   string
	sku     string
	err     error // this key cannot be assembled; the others can
}

func (a *assembly) put(id int64, r *result) { a.results[id] = r }

// rows reads one of the entity's tables for all ids.
func (a *assembly) rows(table string, order ...string) (*shop.Rows, error) {
	if leftOver(a.Schema(), table) {
		return &shop.Rows{}, nil
	}
	for _, t := range a.entity.tables {
		if t.name == table {
			columns := inUse(a.Schema(), table, t.columns)
			if !slices.Contains(columns, t.key) {
				columns = append([]string{t.key}, columns...)
			}
			return a.Select(shop.Query{Table: table, Columns: columns, Where: t.key, Keys: a.ids, Order: order})
		}
	}
	panic("transform: " + a.entity.name + " has no table " + table)
}

// grouped reads one of the entity's tables and groups it by key.
func (a *assembly) grouped(table string, order ...string) (map[int64][]shop.Row, error) {
	rows, err := a.rows(table, order...)
	if err != nil {
		return nil, err
	}
	for _, t := range a.entity.tables {
		if t.name == table {
			return rows.By(t.key), nil
		}
	}
	return nil, nil
}

// language is the code of a row's language, nil when its id is unknown.
func (a *assembly) language(r shop.Row) *string { return lookUp(a.ref.languages, r.Int("language_id")) }

func (a *assembly) plain(s string) string { return a.ref.text.plain(s) }

// image makes the address of an image; nil without shop.image_base.
func (a *assembly) image(path string) *string {
	if a.imageBase == "" || path == "" {
		return nil
	}
	if strings.Contains(a.imageBase, "://") {
		path = (&url.URL{Path: path}).EscapedPath()
	}
	return pointer(strings.TrimRight(a.imageBase, "/") + "/" + strings.TrimLeft(path, "/"))
}

// vanished reports whether a list that was not empty in the previous revision
// is empty now.
func (a *assembly) vanished(id int64, field string, now int) bool {
	p := a.previous[id]
	if !p.exists() || now > 0 {
		return false
	}
	sum, known := p.sums[field]
	return known && sum != emptyList && sum != emptyMap
}

var emptyList, emptyMap = func() (uint64, uint64) {
	e := document.Encode(&struct {
		List []int64          `json:"list"`
		Map  map[string]int64 `json:"map"`
	}{[]int64{}, map[string]int64{}})
	return e.Fields[0].Sum, e.Fields[1].Sum
}()

// seoNames is how search-engine addresses refer to an entity: oc_url_alias (to 2.x) and
// oc_seo_url of 3.x in one column (query = 'product_id=42'), 4.x in two
// (key = 'product_id', value = '42'; categories: key = 'path', value = '25_28').
type seoNames struct{ query, key string }

// seoTable is where a shop keeps those addresses, and whether in two columns; "" when
// it has none.
func seoTable(s *shop.Schema) (table string, byKey bool) {
	switch {
	case s.Has("seo_url", "key", "value"):
		return "seo_url", true
	case s.Has("seo_url", "query"):
		return "seo_url", false
	case s.Has("url_alias", "query") && !leftOver(s, "url_alias"):
		return "url_alias", false
	}
	return "", false
}

// seoURLs reads the search-engine addresses of all ids.
func (a *assembly) seoURLs() (map[int64][]document.SEOURL, error) {
	out := map[int64][]document.SEOURL{}
	names := a.entity.seo
	var condition string
	table, byKey := seoTable(a.Schema())
	switch {
	case byKey:
		quoted := make([]string, 0, len(a.ids))
		for _, id := range a.ids {
			n := strconv.FormatInt(id, 10)
			quoted = append(quoted, "'"+n+"'")
		}
		value := "`value`"
		if names.key == "path" {
			value = "SUBSTRING_INDEX(`value`, '_', -1)"
		}
		condition = "`key` = '" + names.key + "' AND " + value + " IN (" + strings.Join(quoted, ",") + ")"
	case table != "":
		quoted := make([]string, 0, len(a.ids))
		for _, id := range a.ids {
			quoted = append(quoted, "'"+names.query+"="+strconv.FormatInt(id, 10)+"'")
		}
		condition = "`query` IN (" + strings.Join(quoted, ",") + ")"
	default:
		return out, nil
	}
	rows, err := a.Select(shop.Query{Table: table, Columns: []string{"store_id", "language_id", "query", "key", "value", "keyword"}, And: condition})
	if err != nil {
		return nil, err
	}
	for _, row := range rows.All() {
		id, ok := names.owner(row.Raw("query"), row.Raw("key"), row.Raw("value"))
		if !ok {
			continue
		}
		u := document.SEOURL{Keyword: a.plain(row.Raw("keyword"))}
		if row.Has("store_id") {
			u.StoreID = pointer(row.Int("store_id"))
		}
		if row.Has("language_id") {
			u.Language = document.Maybe[string]{Known: true, Value: a.language(row)}
		}
		out[id] = append(out[id], u)
	}
	for _, list := range out {
		slices.SortFunc(list, func(x, y document.SEOURL) int {
			return cmp.Or(cmp.Compare(orZero(x.StoreID), orZero(y.StoreID)), compareTexts(x.Language.Value, y.Language.Value), strings.Compare(x.Keyword, y.Keyword))
		})
	}
	return out, nil
}

// orZero is what p points to.
func orZero(p *int64) int64 {
	if p == nil {
		return 0
	}
	return *p
}

// owner finds the id that a row of such an address belongs to.
func (n seoNames) owner(query, key, value string) (int64, bool) {
	text := ""
	switch {
	case n.query == "":
		return 0, false
	case key != "" || value != "":
		if key != n.key {
			return 0, false
		}
		text = value
		if key == "path" {
			text = value[strings.LastIndexByte(value, '_')+1:]
		}
	default:
		name, id, ok := strings.Cut(query, "=")
		if !ok || name != n.query {
			return 0, false
		}
		text = id
	}
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil
}
