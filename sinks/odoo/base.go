package odoo

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// base is who octail is in this Odoo, and for whom it works. It is asked once, and again
// after forget.
type base struct {
	version   rpc.Version
	user      int64
	language  string // of the user: in it names are read
	company   company
	companies []company // those the user may work for, company among them
	warehouse warehouse // where orders are delivered from; zero: Odoo has no stock module
}

// company is one of the companies of an Odoo.
type company struct {
	id           int64
	name         string
	currency     string // code
	country      int64
	roundPerLine bool    // tax_calculation_rounding_method: each line's tax is rounded, and not their sum
	above        []int64 // itself and those it is a branch of: whose records it may use
}

// may tells whether a record of owner may be used in the company; 0 is everybody's.
func (c *company) may(owner int64) bool {
	if owner == 0 || owner == c.id {
		return true
	}
	for _, id := range c.above {
		if id == owner {
			return true
		}
	}
	return false
}

// warehouse is one of a company's.
type warehouse struct {
	id    int64
	stock int64 // its stock location
}

// memory is what was asked of Odoo and is not asked again for a while.
type memory struct {
	mu       sync.Mutex // not held over a call
	base     *base
	lists    map[string]held
	fields   map[string]map[string]bool  // by model
	made     map[string]int64            // records octail made for itself, by the name of their external id
	variants map[int64][]variant         // of templates, by id
	unit     string                      // of weights
	told     map[string]bool             // what was logged once
	seen     map[string]map[string]int64 // records of external ids that were met, by model and name
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
	if b != nil {
		return b, nil
	}
	b, err := s.ask(ctx)
	if err != nil {
		return nil, err
	}
	s.memory.mu.Lock()
	s.memory.base = b
	s.memory.mu.Unlock()
	return b, nil
}

// forget makes everything be asked again: after an error that says that something is
// not what it was.
func (s *sink) forget() {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.memory.base, s.memory.lists, s.memory.fields, s.memory.made = nil, nil, nil, nil
	s.memory.seen, s.memory.variants, s.memory.unit = nil, nil, ""
}

// ask finds out what known answers.
func (s *sink) ask(ctx context.Context) (*base, error) {
	b := &base{}
	var err error
	if b.user, b.language, err = s.whoami(ctx); err != nil {
		return nil, err
	}
	var me []struct {
		Company   rpc.Ref `json:"company_id"`
		Companies []int64 `json:"company_ids"`
	}
	if err := s.rpc.Read(ctx, "res.users", []int64{b.user}, []string{"company_id", "company_ids"}, nil, &me); err != nil {
		return nil, fmt.Errorf("read the user's companies: %w", err)
	}
	if len(me) != 1 {
		return nil, sinks.Mark(sinks.Blocked, fmt.Errorf("Odoo does not show its user %d to itself; give the user the group \"Internal User\"", b.user))
	}
	rows, err := s.list(ctx, companyList)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		for _, id := range me[0].Companies {
			if r.ID == id {
				b.companies = append(b.companies, companyOf(r))
			}
		}
	}
	wanted := s.cfg.Company
	if wanted == "" {
		wanted = fmt.Sprint(me[0].Company.ID)
	}
	found := false
	for _, c := range b.companies {
		if named(wanted, row{ID: c.id, Name: rpc.Text(c.name)}) {
			b.company, found = c, true
			break
		}
	}
	if !found {
		return nil, sinks.Mark(sinks.Blocked, fmt.Errorf("company: the user may work for %s, and not for %q; correct the setting, or let an administrator add the company to the user (Settings > Users)", companyNames(b.companies), wanted))
	}
	if b.warehouse, err = s.warehouse(ctx, &b.company, s.cfg.Warehouse, "warehouse"); err != nil {
		return nil, err
	}
	return b, nil
}

// whoami is the user's id and language.
func (s *sink) whoami(ctx context.Context) (int64, string, error) {
	var me struct {
		ID       int64    `json:"uid"` // not in 14
		Language rpc.Text `json:"lang"`
	}
	if err := s.rpc.Call(ctx, "res.users", "context_get", rpc.Args{}, &me); err != nil {
		return 0, "", fmt.Errorf("ask who the user is: %w", err)
	}
	if me.ID != 0 {
		return me.ID, string(me.Language), nil
	}
	var users []row
	err := s.rpc.SearchRead(ctx, "res.users", rpc.Find{Domain: []any{[]any{"login", "=", s.cfg.Login}}, Fields: []string{"id"}}, &users)
	if err != nil {
		return 0, "", fmt.Errorf("ask who the user is: %w", err)
	}
	if len(users) != 1 {
		return 0, "", sinks.Mark(sinks.Blocked, fmt.Errorf("login: Odoo shows no user of that name; correct the setting"))
	}
	return users[0].ID, string(me.Language), nil
}

func companyOf(r row) company {
	return company{
		id: r.ID, name: string(r.Name), currency: r.Currency.Name, country: r.Country.ID,
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
	if e, ok := rpc.As(err); ok && (e.Kind == rpc.Method || e.Kind == rpc.Right) {
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
	if !seen && s.log != nil {
		log()
	}
}
