package odoo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// Rules of customers.match.
const (
	matchEmail = "email"
	matchPhone = "phone"
	matchRef   = "ref"
)

// meet finds out who of the parties is in Odoo already: what a person has linked, what
// octail knows or has made, then by the rules of customers.match. Who is nowhere has no
// contact afterwards.
func (s *sink) meet(ctx context.Context, parties []*party) error {
	var linked, open []*party
	byPerson := map[*party]bool{}
	for _, p := range parties {
		known := s.contacts.get(p.name)
		id, person, err := s.linkOf(ctx, p.key)
		if err != nil {
			return err
		}
		switch {
		case known.id != 0 && (id == 0 || id == known.id):
			p.contact = known
		case id != 0:
			p.contact, byPerson[p] = contact{id: id}, person
			linked = append(linked, p)
		default:
			open = append(open, p)
		}
	}
	if len(linked) > 0 {
		lost, err := s.stillThere(ctx, linked, byPerson)
		if err != nil {
			return err
		}
		open = append(open, lost...)
	}
	return s.matchContacts(ctx, open)
}

// linkOf is the contact an entity is linked to; 0: none.
func (s *sink) linkOf(ctx context.Context, key document.Key) (id int64, person bool, err error) {
	if s.links == nil || key == (document.Key{}) {
		return 0, false, nil
	}
	l, ok, err := s.links.Link(ctx, key)
	if err != nil || !ok {
		return 0, false, err
	}
	id, err = strconv.ParseInt(l.Target, 10, 64)
	if err != nil || id <= 0 {
		if l.Person {
			return 0, false, gone(key, 0)
		}
		return 0, false, nil
	}
	return id, l.Person, nil
}

// stillThere reads whether linked contacts are there and whose they are. It returns those
// whose contact is gone.
func (s *sink) stillThere(ctx context.Context, parties []*party, byPerson map[*party]bool) (lost []*party, err error) {
	var ids []int64
	for _, p := range parties {
		ids = append(ids, p.contact.id)
	}
	names, err := s.externalNames(ctx, partnerModel, ids)
	if err != nil {
		return nil, err
	}
	for _, p := range parties {
		of, there := names[p.contact.id]
		switch {
		case there:
			p.contact.own = slices.Contains(of, p.name)
			s.contacts.put(p.name, p.contact)
		case byPerson[p]:
			p.item.fail(gone(p.key, p.contact.id))
		default:
			s.contacts.drop(p.name)
			p.contact = contact{}
			if err := s.links.Lost(ctx, p.key); err != nil {
				return nil, fmt.Errorf("forget the contact of %s: %w", p.key, err)
			}
			lost = append(lost, p)
		}
	}
	return lost, nil
}

// externalNames are the names octail has for records, without the prefix, by id: an
// empty list for a record that is not octail's, no entry for one that is not there.
func (s *sink) externalNames(ctx context.Context, model string, ids []int64) (map[int64][]string, error) {
	type xmlid struct {
		Name rpc.Text `json:"xmlid"`
	}
	var got []struct {
		ID  int64   `json:"id"`
		All []xmlid `json:"xmlids"` // nil: this Odoo tells one of them, for one record
	}
	out := map[int64][]string{}
	err := s.rpc.Call(ctx, model, "get_metadata", rpc.Args{IDs: ids}, &got)
	if e, ok := rpc.As(err); ok && e.Kind == rpc.Missing {
		return s.externalNamesOfLiving(ctx, model, ids)
	}
	if err != nil {
		return nil, fmt.Errorf("ask whose %d records of %s are: %w", len(ids), model, err)
	}
	all := true
	for _, g := range got {
		out[g.ID] = []string{}
		all = all && g.All != nil
		for _, x := range g.All {
			if name, ours := strings.CutPrefix(string(x.Name), s.prefix+"."); ours {
				out[g.ID] = append(out[g.ID], name)
			}
		}
	}
	if all || len(got) == 0 {
		return out, nil
	}
	var data []struct {
		Name string `json:"name"`
		ID   int64  `json:"res_id"`
	}
	err = s.rpc.SearchRead(ctx, "ir.model.data", rpc.Find{
		Domain: []any{[]any{"module", "=", s.prefix}, []any{"model", "=", model}, []any{"res_id", "in", ids}},
		Fields: []string{"name", "res_id"},
	}, &data)
	if err != nil {
		return nil, fmt.Errorf("ask whose %d records of %s are: %w", len(ids), model, err)
	}
	for _, d := range data {
		if _, there := out[d.ID]; there {
			out[d.ID] = append(out[d.ID], d.Name)
		}
	}
	return out, nil
}

// externalNamesOfLiving: some of the records are gone.
func (s *sink) externalNamesOfLiving(ctx context.Context, model string, ids []int64) (map[int64][]string, error) {
	var living []row
	err := s.rpc.SearchRead(ctx, model, rpc.Find{
		Domain: []any{[]any{"id", "in", ids}}, Fields: []string{"id"}, Context: map[string]any{"active_test": false},
	}, &living)
	if err != nil {
		return nil, fmt.Errorf("ask which of %d records of %s are there: %w", len(ids), model, err)
	}
	if len(living) == len(ids) {
		return nil, errors.New("Odoo says that a record is not there, and that it is")
	}
	if len(living) == 0 {
		return map[int64][]string{}, nil
	}
	ids = nil
	for _, r := range living {
		ids = append(ids, r.ID)
	}
	return s.externalNames(ctx, model, ids)
}

// hit is a contact that a rule finds.
type hit struct {
	ID        int64    `json:"id"`
	Email     rpc.Text `json:"email_normalized"`
	Phone     rpc.Text `json:"phone"`
	Mobile    rpc.Text `json:"mobile"`
	Sanitized rpc.Text `json:"phone_sanitized"`
	Ref       rpc.Text `json:"ref"`

	names []string // ours, of it
	has   []string // parties that have addresses below it
}

// matchContacts looks for contacts by the rules, one after the other, each in one call for all
// who are still without.
func (s *sink) matchContacts(ctx context.Context, open []*party) error {
	for _, rule := range s.cfg.Customers.Match {
		var asking []*party
		for _, p := range open {
			if p.contact.id == 0 && (p.key != (document.Key{}) || s.cfg.Customers.Guests == guestsMatch) && s.valueFor(rule, p) != "" {
				asking = append(asking, p)
			}
		}
		if len(asking) == 0 {
			continue
		}
		hits, err := s.hits(ctx, rule, asking)
		if err != nil {
			return err
		}
		if len(hits) == 0 {
			continue
		}
		if err := s.whose(ctx, hits); err != nil {
			return err
		}
		for _, p := range asking {
			if err := s.choose(ctx, rule, p, hits); err != nil {
				return err
			}
		}
	}
	return nil
}

// valueFor is what a rule compares of a party; "" when it has none.
func (s *sink) valueFor(rule string, p *party) string {
	switch rule {
	case matchEmail:
		return normalEmail(p.person.email)
	case matchPhone:
		return normalPhone(p.person.phone)
	case matchRef:
		return s.refOf(p)
	}
	return ""
}

func (h *hit) is(rule, value string) bool {
	switch rule {
	case matchEmail:
		return string(h.Email) == value
	case matchPhone:
		return normalPhone(string(h.Phone)) == value || normalPhone(string(h.Mobile)) == value || normalPhone(string(h.Sanitized)) == value
	case matchRef:
		return strings.TrimSpace(string(h.Ref)) == value
	}
	return false
}

// normalEmail is an address as Odoo compares it; "" when it is none.
func normalEmail(email string) string {
	e := strings.ToLower(strings.TrimSpace(email))
	if i := strings.IndexByte(e, '@'); i <= 0 || i == len(e)-1 || strings.ContainsAny(e, " ,;<>") || strings.Count(e, "@") > 1 {
		return ""
	}
	return e
}

// leastDigits: a shorter number is an extension, or nothing.
const leastDigits = 6

// normalPhone are the digits of a number, "+49 30 1234-5" as "0049 (30) 12345"; "" when
// they are too few. A number with and one without its country are not the same: nobody
// can tell.
func normalPhone(phone string) string {
	var b strings.Builder
	for _, r := range phone {
		if r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	d := b.String()
	if strings.HasPrefix(strings.TrimSpace(phone), "+") {
		d = "00" + d
	}
	if len(strings.TrimPrefix(d, "00")) < leastDigits {
		return ""
	}
	return d
}

// hits are the contacts a rule finds for the parties, in one call. Contacts of Odoo's own
// users are not among them, and none that stand below others.
func (s *sink) hits(ctx context.Context, rule string, parties []*party) ([]*hit, error) {
	b, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	var values, refs []any
	for _, p := range parties {
		values = append(values, s.valueFor(rule, p))
		if ref := s.refOf(p); ref != "" {
			refs = append(refs, ref)
		}
	}
	fields := []string{"email_normalized", "phone", "ref"}
	if fields, err = s.existing(ctx, partnerModel, fields, "mobile", "phone_sanitized"); err != nil {
		return nil, err
	}
	var either []any
	switch rule {
	case matchEmail:
		either = append(either, []any{"email_normalized", "in", values})
	case matchPhone:
		search, err := s.has(ctx, partnerModel, "phone_mobile_search")
		if err != nil {
			return nil, err
		}
		for i, p := range parties {
			if search {
				either = append(either, []any{"phone_mobile_search", "=", p.person.phone})
				continue
			}
			either = append(either, []any{"phone", "=", p.person.phone})
			if slices.Contains(fields, "phone_sanitized") {
				either = append(either, []any{"phone_sanitized", "=", strings.Replace(values[i].(string), "00", "+", 1)})
			}
		}
	}
	// Always by reference too: what octail has made is found whatever else has changed.
	if len(refs) > 0 {
		either = append(either, []any{"ref", "in", refs})
	}
	if len(either) == 0 {
		return nil, nil
	}
	domain := []any{[]any{"parent_id", "=", false}, []any{"partner_share", "=", true}, []any{"company_id", "in", []any{false, b.company.id}}}
	for range len(either) - 1 {
		domain = append(domain, "|")
	}
	var got []*hit
	if err := s.rpc.SearchRead(ctx, partnerModel, rpc.Find{Domain: append(domain, either...), Fields: fields, Order: "id"}, &got); err != nil {
		return nil, fmt.Errorf("look for the contacts of %d customers by %s: %w", len(parties), rule, err)
	}
	return got, nil
}

// whose finds out which of the hits are octail's already: made by it, or with an address
// of a party below.
func (s *sink) whose(ctx context.Context, hits []*hit) error {
	byID := map[int64]*hit{}
	var ids []int64
	for _, h := range hits {
		byID[h.ID] = h
		ids = append(ids, h.ID)
	}
	var below []struct {
		ID     int64   `json:"id"`
		Parent rpc.Ref `json:"parent_id"`
	}
	err := s.rpc.SearchRead(ctx, partnerModel, rpc.Find{
		Domain: []any{[]any{"parent_id", "in", ids}}, Fields: []string{"parent_id"}, Context: map[string]any{"active_test": false},
	}, &below)
	if err != nil {
		return fmt.Errorf("read what is below %d contacts: %w", len(ids), err)
	}
	for _, c := range below {
		ids = append(ids, c.ID)
	}
	names, err := s.externalNames(ctx, partnerModel, ids)
	if err != nil {
		return err
	}
	for _, h := range hits {
		h.names = names[h.ID]
		if holder := s.contacts.holder(h.ID); holder != "" {
			h.has = append(h.has, holder)
		}
	}
	for _, c := range below {
		for _, name := range names[c.ID] {
			if holder := holderOf(name); holder != "" {
				byID[c.Parent.ID].has = append(byID[c.Parent.ID].has, holder)
			}
		}
	}
	return nil
}

// choose takes the one contact that can only be meant. What octail made for the party
// before comes first. Another customer's contact is not taken.
func (s *sink) choose(ctx context.Context, rule string, p *party, hits []*hit) error {
	value := s.valueFor(rule, p)
	var found, guests []*hit
	for _, h := range hits {
		if slices.Contains(h.names, p.name) {
			return s.rememberContact(ctx, p, contact{id: h.ID, own: true})
		}
		if !h.is(rule, value) {
			continue
		}
		switch {
		case p.key == (document.Key{}):
			if h.made(guestPrefix) {
				guests = append(guests, h)
			} else {
				found = append(found, h)
			}
		case !h.made(guestPrefix) && !h.made(customerPrefix) && !h.taken(p.name) && s.contacts.free(h.ID, p.name):
			found = append(found, h)
		}
	}
	if len(found) == 0 && len(guests) > 0 {
		found = guests[:1] // of the guest's first order
	}
	switch len(found) {
	case 0:
		return nil
	case 1:
		s.log.Info("contact adopted", "party", p.name, "contact", found[0].ID, "by", rule)
		return s.rememberContact(ctx, p, contact{id: found[0].ID})
	}
	var ids []int64
	for _, h := range found {
		ids = append(ids, h.ID)
	}
	s.log.Warn("several contacts match, none is adopted: tie the right one by octail link", "party", p.name, "by", rule, "contacts", ids)
	return nil
}

// free tells whether nobody else has taken a contact: in the same batch, maybe.
func (c *contacts) free(id int64, name string) bool {
	holder := c.holder(id)
	return holder == "" || holder == name
}

// made tells whether octail made the contact for a kind of party.
func (h *hit) made(prefix string) bool {
	return slices.ContainsFunc(h.names, func(n string) bool { return strings.HasPrefix(n, prefix) })
}

// taken tells whether the contact is another customer's.
func (h *hit) taken(name string) bool {
	return slices.ContainsFunc(h.has, func(n string) bool { return n != name && strings.HasPrefix(n, customerPrefix) })
}
