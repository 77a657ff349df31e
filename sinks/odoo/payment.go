package odoo

import (
	"cmp"
	"context"
	"slices"

	"octail/transform/document"
)

// payment is how an order is paid in Odoo. An id is 0 where there is none.
type payment struct {
	term    int64
	journal int64 // where its payments are booked
	// why there is no journal: the error of an order that needs one, since its status is
	// mapped to paid. nil when there is one.
	why error
}

var (
	termList    = list{model: "account.payment.term", tongue: true, fields: []string{"name", "company_id"}}
	journalList = list{model: "account.journal", tongue: true, domain: []any{[]any{"type", "in", []string{"bank", "cash"}}}, fields: []string{"name", "code", "type", "company_id"}}
)

// mapPayment is the term and the journal of a payment method, by method, code or name.
// company is whose; 0: the sink's. A method without a line has a term of its own name,
// or none, as long as no line was written for any.
func (s *sink) mapPayment(ctx context.Context, company int64, p *document.Payment) (payment, error) {
	c, err := s.companyBy(ctx, company)
	if err != nil {
		return payment{}, err
	}
	if p == nil {
		p = &document.Payment{}
	}
	target, mapped := lookup(s.cfg.Mappings.Payment, p.Method, p.Code, p.Name)
	if !mapped {
		look := s.find
		if len(s.cfg.Mappings.Payment) == 0 || p.Method == "" { // then it goes without a term
			look = s.recall
		}
		r, ok, err := look(ctx, termList, pickNamed(p.Name, c))
		if err != nil {
			return payment{}, err
		}
		if ok {
			return s.withJournal(ctx, c, p, payment{term: r.ID})
		}
		target, mapped = lookup(s.cfg.Mappings.Payment, otherwise)
	}
	if !mapped && len(s.cfg.Mappings.Payment) > 0 && p.Method != "" {
		return payment{}, hold("payment", "the payment method %s has no line in mappings.payment, there is no default, and Odoo has no payment term of its name; add to mappings.payment: %s", call(p.Name, p.Method), line(p.Method, "\"name of a payment term\""))
	}
	var out payment
	if target.Term != "" {
		r, ok, err := s.find(ctx, termList, pickNamed(target.Term, c))
		if err != nil {
			return payment{}, err
		}
		if !ok {
			return payment{}, hold("payment", "mappings.payment of %s: Odoo has no payment term %q%s, by name or id; correct the line, or add the term in Odoo (Invoicing > Configuration > Payment Terms)", call(p.Name, p.Method), target.Term, inCompany(c))
		}
		out.term = r.ID
	}
	if target.Journal == "" {
		return s.withJournal(ctx, c, p, out)
	}
	r, ok, err := s.find(ctx, journalList, pickNamed(target.Journal, c))
	if err != nil {
		return payment{}, err
	}
	if !ok {
		return payment{}, hold("payment", "mappings.payment of %s: Odoo has no bank or cash journal %q%s, by code, name or id; correct the line, or add the journal in Odoo (Invoicing > Configuration > Journals)", call(p.Name, p.Method), target.Journal, inCompany(c))
	}
	out.journal = r.ID
	return out, nil
}

// withJournal adds the journal of the payment's name, or the only bank there is.
func (s *sink) withJournal(ctx context.Context, c *company, p *document.Payment, out payment) (payment, error) {
	if !s.books() {
		return out, nil
	}
	r, ok, err := s.find(ctx, journalList, func(rows []row) (row, bool) {
		for _, name := range []string{p.Name, p.Method, p.Code} {
			if r, ok := pickNamed(name, c)(rows); ok {
				return r, true
			}
		}
		banks := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.Type != "bank" || !c.may(r.Company.ID) })
		if len(banks) != 1 {
			return row{}, false
		}
		return banks[0], true
	})
	if err != nil {
		return payment{}, err
	}
	if ok {
		out.journal = r.ID
	} else {
		method := cmp.Or(p.Method, otherwise)
		out.why = hold("payment", "the payment method %s has no journal, which a paid order needs; add to mappings.payment: %s", call(p.Name, method), line(method, "{journal: \"code or name of a bank or cash journal\"}"))
	}
	return out, nil
}

// books tells whether any order gets so far that a journal is needed.
func (s *sink) books() bool {
	for _, state := range s.cfg.Mappings.Status {
		if fold(state) == paid.String() {
			return true
		}
	}
	return false
}
