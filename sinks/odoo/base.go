package odoo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// base is who octail is in this Odoo, and for whom it works. It is asked once, and again
// after forget.
type base struct {
	at        time.Time // when it was asked
	fields    time.Time // since when the fields of models are remembered
	version   rpc.Version
	user      int64
	language  string // of the user, e.g. en_US
	mailed    bool   // the user has an e-mail address
	company   company
	companies []company // those the user may work for, company among them
	warehouse warehouse // where orders are delivered from; zero: Odoo has no stock module
}

// company is one of the companies of an Odoo.
type company struct {
	id           int64
	name         string
	currency     string  // code
	country      int64   // whose taxes it has
	tax          int64   // its default sales tax; 0: none
	roundPerLine bool    // tax_calculation_rounding_method: each line's tax is rounded, and not their sum
	above        []int64 // itself and those it is a branch of: whose records it may use
}

// may tells whether a record of owner may be used in the company; 0 is everybody's.
func (c *company) may(owner int64) bool {
	return owner == 0 || owner == c.id || slices.Contains(c.above, owner)
}

// warehouse is one of a company's.
type warehouse struct {
	id    int64
	stock int64 // its stock location
}

// memory is what was asked of Odoo and is not asked again for a while. The fields of
// models stay until forget: they change with an upgrade.
type memory struct {
	mu       sync.Mutex // not held over a call
	base     *base
	lists    map[string]held
	fields   map[string]map[string]bool  // by model
	own      map[string]held             // records octail made for itself, by external id
	unit     string                      // of weights
	variants map[int64][]variant         // of templates, by id
	told     map[string]bool             // what was logged once
	digits   *int32                      // that a line's price keeps; nil: not asked
	seen     map[string]map[string]int64 // records of external ids that were met, by model and name
	shown    string                      // by the last good Check
}

// held is a list of records as it was when it was asked for.
type held struct {
	rows []row
	at   time.Time
}

// known is what this Odoo is and for whom octail works in it.
func (s *sink) known(ctx context.Context) (*base, error) {
	s.memory.mu.Lock()
	b := s.memory.base
	s.memory.mu.Unlock()
	if b != nil && time.Since(b.at) < listAge {
		return b, nil
	}
	b, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if b.fields = b.at; s.memory.base != nil {
		b.fields = s.memory.base.fields
	}
	s.memory.base = b
	return b, nil
}

// forget makes everything be asked again: after an error that says that something is
// not what it was.
func (s *sink) forget() {
	s.forgetContacts()
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.memory.base, s.memory.lists, s.memory.fields, s.memory.own, s.memory.seen, s.memory.digits = nil, nil, nil, nil, nil, nil
	s.memory.variants, s.memory.unit = nil, ""
}

// fieldsAge is how long nobody doubts which fields there are.
const fieldsAge = time.Minute

// outdated tells whether an error may come of what is remembered: of a field that this Odoo
// had until a module was uninstalled or upgraded. Then all is asked again, and who is told
// so a second time is told right.
func (s *sink) outdated(err error) bool {
	e, ok := rpc.As(err)
	if !ok || e.Kind != rpc.Mistake {
		return false
	}
	s.memory.mu.Lock()
	b := s.memory.base
	s.memory.mu.Unlock()
	return b != nil && time.Since(b.fields) > fieldsAge
}

// allCompanies is the context of what is asked beyond the companies octail works for.
var allCompanies = map[string]any{"allowed_company_ids": []int64{}}

// ask finds out what known answers.
func (s *sink) ask(ctx context.Context) (*base, error) {
	b := &base{at: time.Now()}
	var err error
	if b.version, err = s.rpc.Version(ctx); err != nil {
		return nil, fmt.Errorf("ask for Odoo's version: %w", err)
	}
	if b.user, err = s.rpc.User(ctx); err != nil {
		return nil, fmt.Errorf("ask who the user is: %w", err)
	}
	var me []struct {
		Language  rpc.Text `json:"lang"`
		Email     rpc.Text `json:"email"`
		Company   rpc.Ref  `json:"company_id"`
		Companies []int64  `json:"company_ids"`
	}
	if err := s.rpc.Read(ctx, "res.users", []int64{b.user}, []string{"lang", "email", "company_id", "company_ids"}, allCompanies, &me); err != nil {
		return nil, fmt.Errorf("read the user's companies: %w", err)
	}
	if len(me) != 1 {
		return nil, sinks.Mark(sinks.Blocked, fmt.Errorf("the user %d cannot read itself in Odoo; make it an internal user (Settings > Users & Companies > Users)", b.user))
	}
	b.language, b.mailed = string(me[0].Language), me[0].Email != ""
	rows, err := s.list(ctx, companyList)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if slices.Contains(me[0].Companies, r.ID) {
			b.companies = append(b.companies, companyOf(r))
		}
	}
	c, ok := companyNamed(b.companies, cmp.Or(s.cfg.Company, fmt.Sprint(me[0].Company.ID)))
	if !ok {
		return nil, sinks.Mark(sinks.Blocked, fmt.Errorf("company: the user may work for %s, and not for %q; correct the setting, or let an administrator add the company to the user (Settings > Users & Companies > Users)", companyNames(b.companies), s.cfg.Company))
	}
	b.company = *c
	s.rpc.Always(map[string]any{"allowed_company_ids": s.allowed(b)})
	b.warehouse, ok, err = s.warehouse(ctx, c, s.cfg.Warehouse)
	if err == nil && !ok && s.cfg.Warehouse != "" {
		err = sinks.Mark(sinks.Blocked, noWarehouse("warehouse", s.cfg.Warehouse, c))
	}
	return b, err
}

// allowed are the companies whose records are seen and written: the configured one,
// which new records get, and those that stores of the shop sell for.
func (s *sink) allowed(b *base) []int64 {
	ids := []int64{b.company.id}
	for _, target := range s.cfg.Mappings.Store {
		if c, ok := companyNamed(b.companies, target.Company); ok && !slices.Contains(ids, c.id) {
			ids = append(ids, c.id)
		}
	}
	slices.Sort(ids[1:])
	return ids
}

// companyNamed finds the company of a name or id.
func companyNamed(of []company, name string) (*company, bool) {
	for i := range of {
		if v := fold(name); v != "" && (v == fold(of[i].name) || v == strconv.FormatInt(of[i].id, 10)) {
			return &of[i], true
		}
	}
	return nil, false
}

func companyOf(r row) company {
	return company{
		id: r.ID, name: string(r.Name), currency: r.Currency.Name, country: cmp.Or(r.Fiscal.ID, r.Country.ID), tax: r.Tax.ID,
		roundPerLine: r.Rounding == "round_per_line", above: r.Parents,
	}
}

func companyNames(list []company) string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = fmt.Sprintf("%q", c.name)
	}
	if len(names) == 0 {
		return "no company"
	}
	return strings.Join(names, ", ")
}

// companyBy is one of the companies the user may work for; 0 is the configured one.
func (s *sink) companyBy(ctx context.Context, id int64) (*company, error) {
	b, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	if id == 0 || id == b.company.id {
		return &b.company, nil
	}
	for i := range b.companies {
		if b.companies[i].id == id {
			return &b.companies[i], nil
		}
	}
	return nil, sinks.Mark(sinks.Permanent, fmt.Errorf("the user may not work for company %d", id))
}

// has tells whether a model has a field here. It is false too when there is no such
// model, or the user may not know it. What to write is chosen by it, never by the
// version: fields came and went between versions, and some are of modules.
func (s *sink) has(ctx context.Context, model, field string) (bool, error) {
	s.memory.mu.Lock()
	fields, asked := s.memory.fields[model]
	s.memory.mu.Unlock()
	if asked {
		return fields[field], nil
	}
	var got map[string]struct {
		Type string `json:"type"`
	}
	err := s.rpc.Call(ctx, model, "fields_get", rpc.Args{Named: map[string]any{"attributes": []string{"type"}}}, &got)
	if e, ok := rpc.As(err); ok && (e.Kind == rpc.Method || e.Kind == rpc.Denied || e.Kind == rpc.Right) {
		err = nil
	}
	if err != nil {
		return false, fmt.Errorf("ask for the fields of %s: %w", model, err)
	}
	fields = map[string]bool{}
	for name := range got {
		fields[name] = true
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if s.memory.fields == nil {
		s.memory.fields = map[string]map[string]bool{}
	}
	s.memory.fields[model] = fields
	return fields[field], nil
}

// once logs something the first time it is so.
func (s *sink) once(key string, log func()) {
	s.memory.mu.Lock()
	if s.memory.told == nil {
		s.memory.told = map[string]bool{}
	}
	seen := s.memory.told[key]
	s.memory.told[key] = true
	s.memory.mu.Unlock()
	if !seen {
		log()
	}
}
