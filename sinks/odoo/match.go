package odoo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"octail/sinks"
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
//
// sure: what was not used for a while is looked for in Odoo, with the addresses of
// places, in one call; those that are gone are forgotten. Without it, whoever writes to
// the contact finds out.
func (s *sink) meet(ctx context.Context, parties []*party, sure bool, places ...string) error {
	var linked, open []*party
	for _, p := range parties {
		if p.contact.id != 0 { // an order has it
			continue
		}
		known, fresh := s.contacts.get(p.name)
		is, person, err := s.linkOf(ctx, p.key)
		if err != nil && person { // what is written there is no contact's id
			p.item.fail(err)
			continue
		}
		if err != nil {
			return err
		}
		p.tied = person
		if s.links != nil && p.key != (document.Key{}) && known.id != 0 && is.id == 0 {
			// The links were reset: another Odoo, maybe.
			s.forgetContacts()
			known = contact{}
		}
		switch {
		case known.id != 0 && (is.id == 0 || is == known):
			if p.contact = known; !fresh {
				linked = append(linked, p)
			}
		case is.id != 0:
			p.contact = is
			linked = append(linked, p)
		default:
			open = append(open, p)
		}
	}
	if sure {
		lost, err := s.stillThere(ctx, linked, places)
		if err != nil {
			return err
		}
		open = append(open, lost...)
	}
	return s.matchContacts(ctx, open)
}

// foreignContact is what the link of a contact that octail did not make begins with:
// "contact/39"; of its own it is "39". A person may write either.
const foreignContact = "contact/"

// link is a contact as links write it.
func (c contact) link() string {
	id := strconv.FormatInt(c.id, 10)
	if c.own {
		return id
	}
	return foreignContact + id
}

// linkOf is the contact an entity is linked to, with the id 0 for none, and whether a
// person did that. What a person has tied is not octail's own, whoever made it.
func (s *sink) linkOf(ctx context.Context, key document.Key) (c contact, person bool, err error) {
	if s.links == nil || key == (document.Key{}) {
		return contact{}, false, nil
	}
	l, ok, err := s.links.Link(ctx, key)
	if err != nil || !ok {
		return contact{}, false, err
	}
	text, foreign := strings.CutPrefix(strings.TrimSpace(l.Target), foreignContact)
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		if l.Person {
			return contact{}, true, sinks.Mark(sinks.Permanent, fmt.Errorf("%s is linked with something that is no id of Odoo: octail link it with the number of a contact", key))
		}
		return contact{}, false, nil
	}
	return contact{id: id, own: !foreign && !l.Person}, l.Person, nil
}

// stillThere reads which linked contacts and which addresses are there, and returns those
// whose contact is gone.
func (s *sink) stillThere(ctx context.Context, parties []*party, places []string) (lost []*party, err error) {
	var ids []int64
	for _, p := range parties {
		ids = append(ids, p.contact.id)
	}
	at := map[string]spot{}
	for _, name := range places {
		if is, fresh := s.contacts.place(name); is.id != 0 && !fresh {
			at[name] = is
			ids = append(ids, is.id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []row
	err = s.rpc.SearchRead(ctx, partnerModel, rpc.Find{
		Domain: []any{[]any{"id", "in", ids}}, Fields: []string{"id"}, Context: map[string]any{"active_test": false},
	}, &rows)
	if err != nil {
		return nil, fmt.Errorf("ask which of %d contacts are there: %w", len(ids), err)
	}
	there := map[int64]bool{}
	for _, r := range rows {
		there[r.ID] = true
	}
	for name, is := range at {
		if there[is.id] {
			s.contacts.putPlace(name, is)
		} else {
			s.contacts.dropPlace(name)
		}
	}
	for _, p := range parties {
		if there[p.contact.id] {
			s.contacts.put(p.name, p.contact)
			continue
		}
		if err := s.lose(ctx, p); err != nil {
			return nil, err
		}
		if p.item.err == nil {
			lost = append(lost, p)
		}
	}
	return lost, nil
}

// lose forgets a contact that Odoo has no more. Where a person tied it, only a person
// can say what is to be.
func (s *sink) lose(ctx context.Context, p *party) error {
	if p.tied {
		p.item.fail(gone(p.key, p.contact.id))
		return nil
	}
	s.contacts.drop(p.name)
	p.contact = contact{}
	if s.links == nil {
		return nil
	}
	if err := s.links.Lost(ctx, p.key); err != nil {
		return fmt.Errorf("forget the contact of %s: %w", p.key, err)
	}
	return nil
}

// hit is a contact that a rule finds.
type hit struct {
	ID     int64    `json:"id"`
	Email  rpc.Text `json:"email_normalized"`
	Phone  rpc.Text `json:"phone"`
	Mobile rpc.Text `json:"mobile"`
	Ref    rpc.Text `json:"ref"`

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
		if len(hits) > 0 {
			if err := s.whose(ctx, hits); err != nil {
				return err
			}
		}
		for _, p := range asking {
			if err := s.choose(ctx, rule, p, hits); err != nil {
				return err
			}
			if p.contact.id == 0 && s.refOf(p) != "" {
				p.created = true // what octail makes has the reference, and would have been found
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
		return normalPhone(string(h.Phone)) == value || normalPhone(string(h.Mobile)) == value
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
	if fields, err = s.existing(ctx, partnerModel, fields, "mobile"); err != nil {
		return nil, err
	}
	var either []any
	switch rule {
	case matchEmail:
		either = append(either, []any{"email_normalized", "in", values})
	case matchPhone:
		for _, v := range values { // whatever stands between the digits
			like := strings.Join(strings.Split(strings.TrimPrefix(v.(string), "00"), ""), "%")
			either = append(either, []any{"phone", "like", like})
			if slices.Contains(fields, "mobile") {
				either = append(either, []any{"mobile", "like", like})
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
	above := map[int64]int64{}
	for _, c := range below {
		above[c.ID] = c.Parent.ID
	}
	names, err := s.ours(ctx, partnerModel, ids)
	if err != nil {
		return err
	}
	for name, id := range names {
		if h := byID[id]; h != nil {
			h.names = append(h.names, name)
		} else if holder := holderOf(name); holder != "" {
			byID[above[id]].has = append(byID[above[id]].has, holder)
		}
	}
	for _, h := range hits {
		others, err := s.holdersOf(ctx, h.ID)
		if err != nil {
			return err
		}
		h.has = append(h.has, others...)
	}
	return nil
}

// holdersOf are the customers who are known to have a contact that octail did not make.
func (s *sink) holdersOf(ctx context.Context, id int64) ([]string, error) {
	var names []string
	if name := s.contacts.holder(id); name != "" {
		names = append(names, name)
	}
	links, ok := s.links.(sinks.LinkedTo)
	if !ok {
		return names, nil
	}
	// A person may have written the number alone, which is also a product's or an order's.
	for _, target := range []string{contact{id: id}.link(), contact{id: id, own: true}.link()} {
		keys, err := links.LinkedTo(ctx, target)
		if err != nil {
			return nil, fmt.Errorf("ask who has contact %d: %w", id, err)
		}
		for _, k := range keys {
			if k.Entity == document.CustomerEntity {
				names = append(names, customerName(k.ID))
			}
		}
	}
	return names, nil
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
func (c *partners) free(id int64, name string) bool {
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
