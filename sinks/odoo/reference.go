package odoo

import (
	"context"
	"fmt"
	"html"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"octail/sinks/odoo/rpc"
)

// How long a list is good for: what is found in it, and that something is not in it. The
// latter is so long that the orders of a batch ask once, and so short that a person who has
// mended it in Odoo, and types octail resume, is not told what was before.
const (
	listAge = 10 * time.Minute
	missAge = 5 * time.Second
)

// mostTongues bounds the languages in which names of Odoo are looked up.
const mostTongues = 8

// row is a record of one of the short lists that octail reads whole. A field that the
// list does not ask for is zero.
type row struct {
	ID       int64      `json:"id"`
	Name     rpc.Text   `json:"name"`
	Code     rpc.Text   `json:"code"`
	Company  rpc.Ref    `json:"company_id"`
	Country  rpc.Ref    `json:"country_id"`
	Currency rpc.Ref    `json:"currency_id"`
	Product  rpc.Ref    `json:"product_id"`
	Stock    rpc.Ref    `json:"lot_stock_id"`
	Type     rpc.Text   `json:"type"`
	Rounding rpc.Text   `json:"tax_calculation_rounding_method"`
	Sequence int64      `json:"sequence"`
	Active   bool       `json:"active"`
	Places   int        `json:"decimal_places"`
	Step     rpc.Number `json:"rounding"`
	Amount   rpc.Number `json:"amount"`
	Kind     rpc.Text   `json:"amount_type"`
	Included bool       `json:"price_include"`
	Affects  bool       `json:"include_base_amount"`
	Login    rpc.Text   `json:"login"`
	ISO      rpc.Text   `json:"iso_code"`
	Items    []int64    `json:"item_ids"`
	Parents  []int64    `json:"parent_ids"`
	Fiscal   rpc.Ref    `json:"account_fiscal_country_id"`
	Tax      rpc.Ref    `json:"account_sale_tax_id"`
	Scope    rpc.Text   `json:"tax_scope"`
	SKU      rpc.Text   `json:"default_code"`

	names []string // its name in the other languages that are installed
}

// called tells whether a name, folded, is the record's in any language.
func (r *row) called(name string) bool {
	return name != "" && (fold(string(r.Name)) == name || slices.Contains(r.names, name))
}

// list names what is read.
type list struct {
	model  string
	domain []any
	fields []string // those that this Odoo does not have are left out
	all    bool     // the archived too
	wide   bool     // of all companies the user may work for
	tongue bool     // names are translated: all languages count
}

var (
	companyList   = list{model: "res.company", wide: true, fields: []string{"name", "currency_id", "country_id", "tax_calculation_rounding_method", "parent_ids", "account_fiscal_country_id", "account_sale_tax_id"}}
	countryList   = list{model: "res.country", fields: []string{"name", "code"}}
	languageList  = list{model: "res.lang", fields: []string{"code", "iso_code"}}
	userList      = list{model: "res.users", domain: []any{[]any{"share", "=", false}}, fields: []string{"name", "login", "company_id"}}
	teamList      = list{model: "crm.team", tongue: true, fields: []string{"name", "company_id"}}
	warehouseList = list{model: "stock.warehouse", fields: []string{"name", "code", "company_id", "lot_stock_id"}}
)

// stateList are the states of a country.
func stateList(country int64) list {
	return list{model: "res.country.state", domain: []any{[]any{"country_id", "=", country}}, fields: []string{"name", "code"}}
}

// list reads a list, or answers it from memory while it is young enough.
func (s *sink) list(ctx context.Context, l list) ([]row, error) {
	rows, _, err := s.listOf(ctx, l, listAge)
	return rows, err
}

func (s *sink) listOf(ctx context.Context, l list, most time.Duration) (rows []row, age time.Duration, err error) {
	key := fmt.Sprint(l)
	s.memory.mu.Lock()
	h, ok := s.memory.lists[key]
	s.memory.mu.Unlock()
	if age = time.Since(h.at); ok && age < most {
		return h.rows, age, nil
	}
	find := rpc.Find{Domain: l.domain}
	for _, f := range l.fields {
		has, err := s.has(ctx, l.model, f)
		if err != nil {
			return nil, 0, err
		}
		if has {
			find.Fields = append(find.Fields, f)
		}
	}
	if len(find.Fields) > 0 { // else there is no such model
		if rows, err = s.readList(ctx, l, find); err != nil {
			return nil, 0, fmt.Errorf("read the list of %s: %w", l.model, err)
		}
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if s.memory.lists == nil {
		s.memory.lists = map[string]held{}
	}
	s.memory.lists[key] = held{rows, time.Now()}
	return rows, 0, nil
}

// readList reads a list, with the names in all languages.
func (s *sink) readList(ctx context.Context, l list, find rpc.Find) (rows []row, err error) {
	find.Context = map[string]any{}
	if l.all {
		find.Context["active_test"] = false
	}
	if l.wide {
		maps.Copy(find.Context, allCompanies)
	}
	if err := s.rpc.SearchRead(ctx, l.model, find, &rows); err != nil || !l.tongue {
		return rows, err
	}
	languages, err := s.list(ctx, languageList)
	if err != nil || len(languages) < 2 {
		return rows, err
	}
	find.Fields = []string{"name"}
	for _, language := range languages[:min(len(languages), mostTongues)] {
		find.Context["lang"] = string(language.Code)
		var translated []row
		if err := s.rpc.SearchRead(ctx, l.model, find, &translated); err != nil {
			return nil, err
		}
		for _, other := range translated {
			if i := slices.IndexFunc(rows, func(r row) bool { return r.ID == other.ID }); i >= 0 {
				rows[i].names = append(rows[i].names, fold(string(other.Name)))
			}
		}
	}
	return rows, nil
}

// find picks a record of a list. When pick takes none of an older list, the list is
// read again: what a person has mended in Odoo counts at the next try.
func (s *sink) find(ctx context.Context, l list, pick func([]row) (row, bool)) (row, bool, error) {
	rows, age, err := s.listOf(ctx, l, listAge)
	if err != nil {
		return row{}, false, err
	}
	r, ok := pick(rows)
	if ok || age < missAge {
		return r, ok, nil
	}
	if rows, _, err = s.listOf(ctx, l, 0); err != nil {
		return row{}, false, err
	}
	r, ok = pick(rows)
	return r, ok, nil
}

// recall is find where nothing waits for a record that is not there: what a person adds
// in Odoo counts when the list is read anew by itself, after listAge.
func (s *sink) recall(ctx context.Context, l list, pick func([]row) (row, bool)) (row, bool, error) {
	rows, _, err := s.listOf(ctx, l, listAge)
	if err != nil {
		return row{}, false, err
	}
	r, ok := pick(rows)
	return r, ok, nil
}

// fold makes names comparable: no case, white space is white space, and what OpenCart
// stores as HTML ("Check &amp; cash") is what people read.
func fold(name string) string {
	return strings.ToLower(plain(name))
}

// plain is text of the shop as people read it: without HTML's entities, on one line.
func plain(text string) string {
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

// pickNamed picks the record a setting's value names: by name, then by code, then by
// id, of those that company may use.
func pickNamed(value string, c *company) func([]row) (row, bool) {
	v := fold(value)
	return func(rows []row) (row, bool) {
		for _, is := range []func(row) bool{
			func(r row) bool { return r.called(v) },
			func(r row) bool { return fold(string(r.Code)) == v },
			func(r row) bool { return strconv.FormatInt(r.ID, 10) == v },
		} {
			if i := slices.IndexFunc(rows, func(r row) bool { return v != "" && is(r) && (c == nil || c.may(r.Company.ID)) }); i >= 0 {
				return rows[i], true
			}
		}
		return row{}, false
	}
}

// country is the country of a two-letter code; 0: none.
func (s *sink) country(ctx context.Context, code string) (int64, error) {
	if code == "" {
		return 0, nil
	}
	r, _, err := s.recall(ctx, countryList, func(rows []row) (row, bool) {
		i := slices.IndexFunc(rows, func(r row) bool { return fold(string(r.Code)) == fold(code) })
		return at(rows, i)
	})
	return r.ID, err
}

// state is a state of a country, by code, then by name; 0: none.
func (s *sink) state(ctx context.Context, country int64, code, name string) (int64, error) {
	if country == 0 || code == "" && name == "" {
		return 0, nil
	}
	r, _, err := s.recall(ctx, stateList(country), func(rows []row) (row, bool) {
		i := slices.IndexFunc(rows, func(r row) bool { return code != "" && fold(string(r.Code)) == fold(code) })
		if i < 0 {
			i = slices.IndexFunc(rows, func(r row) bool { return name != "" && fold(string(r.Name)) == fold(name) })
		}
		return at(rows, i)
	})
	return r.ID, err
}

func at(rows []row, i int) (row, bool) {
	if i < 0 {
		return row{}, false
	}
	return rows[i], true
}

// languages are the installed ones: the shop's code, "en-gb", and its language alone,
// "en", to Odoo's, "en_GB". Where several have one language, the first counts for it.
func (s *sink) languages(ctx context.Context) (map[string]string, error) {
	rows, err := s.list(ctx, languageList)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, r := range rows {
		code := strings.ReplaceAll(fold(string(r.Code)), "_", "-")
		out[code] = string(r.Code)
		if short, _, _ := strings.Cut(code, "-"); out[short] == "" {
			out[short] = string(r.Code)
		}
	}
	return out, nil
}

// user is the one whom orders.salesperson names, by login, name or id.
func (s *sink) user(ctx context.Context, name string) (int64, error) {
	r, ok, err := s.find(ctx, userList, func(rows []row) (row, bool) {
		if i := slices.IndexFunc(rows, func(r row) bool { return fold(string(r.Login)) == fold(name) }); i >= 0 {
			return rows[i], true
		}
		return pickNamed(name, nil)(rows)
	})
	if err == nil && !ok {
		err = hold("store", "orders.salesperson: Odoo shows no internal user %q by login, name or id; correct the setting", name)
	}
	return r.ID, err
}

// team is the sales team that a setting names, by name or id, of those a company has.
func (s *sink) team(ctx context.Context, c *company, name, setting string) (int64, error) {
	r, ok, err := s.find(ctx, teamList, pickNamed(name, c))
	if err == nil && !ok {
		err = hold("store", "%s: Odoo shows no sales team %q%s by name or id; correct the setting, or add the team in Odoo (Sales > Configuration > Sales Teams)", setting, name, inCompany(c))
	}
	return r.ID, err
}

// warehouse is the one of a code, name or id, of a company; "" is the company's first.
// ok is false when there is none.
func (s *sink) warehouse(ctx context.Context, c *company, name string) (w warehouse, ok bool, err error) {
	r, ok, err := s.find(ctx, warehouseList, func(rows []row) (row, bool) {
		if name != "" {
			return pickNamed(name, c)(rows)
		}
		return at(rows, slices.IndexFunc(rows, func(r row) bool { return r.Company.ID == c.id }))
	})
	return warehouse{r.ID, r.Stock.ID}, ok, err
}

// noWarehouse is what is wrong with a setting that names one.
func noWarehouse(setting, name string, c *company) error {
	return fmt.Errorf("%s: Odoo shows no warehouse %q%s by code, name or id; correct the setting, or add it in Odoo (Inventory > Configuration > Warehouses)", setting, name, inCompany(c))
}

// inCompany is the end of "Odoo has no such thing ...".
func inCompany(c *company) string {
	if c == nil {
		return ""
	}
	return fmt.Sprintf(" in the company %q", c.name)
}
