package odoo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// Values of settings.
const (
	groupsTag       = "tag"
	groupsPricelist = "pricelist"
	guestsContact   = "contact"
	guestsMatch     = "match"
)

// missingOnly makes load leave what is there as it is, if it was made with lasting.
var missingOnly = map[string]any{"noupdate": true, "mode": "update", "active_test": false, "update_many2many": true}

// lasting is the context of loads that write.
var lasting = map[string]any{"noupdate": true, "active_test": false, "update_many2many": true}

// former is what a customer's revision says of the one before, where it is known.
type former struct {
	Previous struct {
		Addresses []*document.Address `json:"addresses"`
		Group     *document.Named     `json:"group"`
	} `json:"previous"`
}

// customers writes the customers of a batch.
func (s *sink) customers(ctx context.Context, items []*item) error {
	var parties, deleted []*party
	for _, i := range items {
		if i.deleted() {
			deleted = append(deleted, &party{item: i, name: customerName(i.ID), key: i.Key})
			continue
		}
		doc, ok := read[document.Customer](i)
		if !ok {
			continue
		}
		p, err := s.customerParty(ctx, i, doc)
		if err != nil {
			return err
		}
		parties = append(parties, p)
	}
	if err := s.dropCustomers(ctx, deleted); err != nil {
		for _, p := range deleted {
			p.item.fail(err)
		}
	}
	if err := s.meet(ctx, parties, false); err != nil {
		return err
	}
	if err := s.readForeign(ctx, parties); err != nil {
		return err
	}
	return s.writeCustomers(ctx, parties)
}

// customerParty is a registered customer as a party.
func (s *sink) customerParty(ctx context.Context, i *item, doc *document.Customer) (*party, error) {
	p := &party{item: i, name: customerName(i.ID), key: i.Key}
	p.created = i.Kind == document.Created && i.Origin == document.FromShop && i.Revision == 1
	p.revived = i.revived()
	for n := range doc.Addresses {
		a := &doc.Addresses[n]
		if n == 0 || a.Default != nil && *a.Default {
			p.person.address = a // the first, where none is the default
		}
		if !doc.Erased && !emptyAddress(a) {
			p.book = append(p.book, a)
		}
	}
	var before former
	if json.Unmarshal(i.Data, &before) == nil && !doc.Erased {
		p.unbook, p.left = before.Previous.Addresses, before.Previous.Group
	}
	language := ""
	if doc.Language.Value != nil {
		language = *doc.Language.Value
	}
	company := ""
	if a := p.person.address; a != nil {
		company = oneLine(a.Company)
	}
	p.person.company, p.person.group = company, doc.Group
	p.person.email, p.person.phone = oneLine(doc.Email), oneLine(doc.Phone)
	p.person.vat = s.vatOf(doc.CustomFields, p.person.address)
	p.person.name = calledBy(fullName(doc.FirstName, doc.LastName), company, doc.Email, "Customer "+strconv.FormatInt(doc.ID, 10))
	var err error
	p.person.language, err = s.languageOf(ctx, language)
	return p, err
}

// languageOf is Odoo's code of a shop's language; of one that is not installed it is
// that of octail's user.
func (s *sink) languageOf(ctx context.Context, code string) (string, error) {
	installed, err := s.languages(ctx)
	if err != nil {
		return "", err
	}
	code = strings.ReplaceAll(strings.ToLower(code), "_", "-")
	short, _, _ := strings.Cut(code, "-")
	for _, c := range []string{code, short} {
		if found := installed[c]; found != "" {
			return found, nil
		}
	}
	b, err := s.known(ctx)
	if err != nil {
		return "", err
	}
	return b.language, nil
}

// vatOf is the VAT number: the custom field customers.vat names, of the customer or of
// the address, or else the address's tax id.
func (s *sink) vatOf(fields []document.CustomField, a *document.Address) string {
	if a != nil {
		fields = append(fields[:len(fields):len(fields)], a.CustomFields...)
	}
	if want := fold(s.cfg.Customers.VAT); want != "" {
		for _, f := range fields {
			if strconv.FormatInt(f.ID, 10) != want && (f.Name == nil || fold(*f.Name) != want) {
				continue
			}
			var text string
			if json.Unmarshal(f.Value, &text) == nil && oneLine(text) != "" {
				return oneLine(text)
			}
		}
	}
	if a != nil && a.TaxID != nil {
		return oneLine(*a.TaxID)
	}
	return ""
}

// refOf is what a contact's reference is; "" for none.
func (s *sink) refOf(p *party) string {
	if p.key == (document.Key{}) {
		return ""
	}
	return strings.NewReplacer("{shop}", s.shop, "{id}", strconv.FormatInt(p.key.ID, 10)).Replace(s.cfg.Customers.Ref)
}

// contactCells are what octail writes of a contact, but for its group.
func (s *sink) contactCells(ctx context.Context, p *party) (map[string]string, error) {
	cells, err := s.where(ctx, p.person.address)
	if err != nil {
		return nil, err
	}
	of := &p.person
	maps.Copy(cells, map[string]string{
		"name": of.name, "email": of.email, "phone": of.phone, "ref": s.refOf(p), "lang": of.language, "vat": of.vat, "company_name": of.company,
	})
	return cells, nil
}

// writeCustomers creates and updates contacts and their address books.
func (s *sink) writeCustomers(ctx context.Context, parties []*party) error {
	var fresh, known []*party
	for _, p := range parties {
		switch {
		case p.item.err != nil:
		case p.contact.id == 0:
			fresh = append(fresh, p)
		default:
			known = append(known, p)
		}
	}
	if err := s.createContacts(ctx, fresh); err != nil {
		return err
	}
	for _, p := range fresh {
		// What is not the shop's newest may have been there, made before the journal.
		if p.item.err == nil && !p.created {
			known = append(known, p)
		}
	}
	if err := s.updateContacts(ctx, known); err != nil {
		return err
	}
	if err := s.leaveGroups(ctx, known); err != nil {
		return err
	}
	return s.writeBooks(ctx, known)
}

// createContacts makes the contacts of parties who have none, with their address books.
func (s *sink) createContacts(ctx context.Context, parties []*party) error {
	places := map[*party][]*record{}
	for _, p := range parties {
		seen := map[string]bool{}
		for _, a := range p.book {
			r, err := s.addressRecord(ctx, p, a, placeOther, true)
			if err != nil {
				return err
			}
			if !seen[r.xid] {
				places[p] = append(places[p], r)
			}
			seen[r.xid] = true
		}
	}
	return s.createWith(ctx, parties, places)
}

// createWith makes contacts and what is to stand below them, in one call. Those that are
// there all the same are left as they are.
func (s *sink) createWith(ctx context.Context, parties []*party, places map[*party][]*record) error {
	if len(parties) == 0 {
		return nil
	}
	rank, err := s.has(ctx, partnerModel, "customer_rank")
	if err != nil {
		return err
	}
	trials := make([]*trial, len(parties))
	for i, p := range parties {
		cells, err := s.contactCells(ctx, p)
		if err != nil {
			return err
		}
		if err := s.groupCells(ctx, p, cells); err != nil {
			return err
		}
		cells["type"], cells["active"], cells["parent_id/id"] = "contact", "True", ""
		p.row = &record{xid: s.xid(p.name), cells: cells}
		trials[i] = &trial{party: p, records: append([]*record{p.row}, places[p]...)}
		for n, r := range trials[i].records {
			for column := range cells { // one set of columns: one call
				if _, has := r.cells[column]; !has {
					r.cells[column] = ""
				}
			}
			if rank {
				r.cells["customer_rank"] = boolNumber(n == 0)
			}
		}
	}
	if err := s.try(ctx, trials, missingOnly); err != nil {
		return err
	}
	for _, t := range trials {
		if t.party.item.err != nil {
			continue
		}
		if err := s.rememberContact(ctx, t.party, contact{id: t.party.row.id, own: true}); err != nil {
			return err
		}
		for _, r := range t.records[1:] {
			s.contacts.putPlace(strings.TrimPrefix(r.xid, s.prefix+"."), spot{contact: contact{id: r.id, own: true}})
		}
	}
	return nil
}

func boolNumber(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// updateContacts writes to contacts that are there: one call for those that octail made,
// one for the others.
func (s *sink) updateContacts(ctx context.Context, parties []*party) error {
	var trials []*trial
	for _, p := range parties {
		cells, err := s.wants(ctx, p)
		if err != nil {
			return err
		}
		if err := s.groupCells(ctx, p, cells); err != nil {
			return err
		}
		p.row = &record{xid: s.xid(p.name), cells: cells}
		switch {
		case !p.contact.own:
			p.row.key = p.contact.id
		case p.revived:
			cells["active"] = boolean(true)
		}
		trials = append(trials, &trial{party: p, records: []*record{p.row}})
	}
	if err := s.try(ctx, trials, lasting); err != nil {
		return err
	}
	for _, p := range parties {
		if p.item.err == nil && p.row.id != p.contact.id { // it was gone
			if err := s.rememberContact(ctx, p, contact{id: p.row.id, own: p.contact.own}); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeBooks writes the address books of contacts that are there.
func (s *sink) writeBooks(ctx context.Context, parties []*party) error {
	var records []*record
	for _, p := range parties {
		if p.item.err != nil {
			continue
		}
		seen := map[string]bool{}
		for n, list := range [][]*document.Address{p.book, p.unbook} {
			for _, a := range list {
				name := addressName(p.name, a)
				if seen[name] || emptyAddress(a) {
					continue
				}
				seen[name] = true
				r, err := s.addressRecord(ctx, p, a, placeOther, n == 0)
				if err != nil {
					return err
				}
				if was, _ := s.contacts.place(name); was.says != says(r) || p.item.Again {
					records = append(records, r)
				}
			}
		}
	}
	if len(records) == 0 {
		return nil
	}
	if err := s.load(ctx, partnerModel, records, lasting); err != nil {
		return err
	}
	for _, r := range records {
		if r.id != 0 {
			s.contacts.putPlace(strings.TrimPrefix(r.xid, s.prefix+"."), spot{contact: contact{id: r.id, own: true}, says: says(r)})
		}
	}
	return nil
}

// dropCustomers archives the contacts octail made of customers the shop has no more.
// Those it adopted are not the shop's alone.
func (s *sink) dropCustomers(ctx context.Context, parties []*party) error {
	if s.cfg.Customers.Deleted != deletedArchive {
		return nil
	}
	var there []*party
	var ids []int64
	for _, p := range parties {
		c, err := s.contactOf(ctx, p)
		if err != nil {
			return err
		}
		if c.id != 0 && c.own {
			p.contact = c
			there = append(there, p)
			ids = append(ids, c.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	err := s.archive(ctx, ids)
	if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Permanent {
		return err
	}
	for _, p := range there { // one of them is somebody's who may log in, or gone
		if err := s.archive(ctx, []int64{p.contact.id}); err != nil {
			p.item.fail(err)
		}
	}
	return nil
}

// archive archives contacts of octail's with the addresses it put below them. What else
// is there is a person's.
func (s *sink) archive(ctx context.Context, ids []int64) error {
	places, err := s.placesBelow(ctx, ids)
	if err != nil {
		return err
	}
	for name, id := range places {
		ids = append(ids, id)
		s.contacts.dropPlace(name)
	}
	if err := s.rpc.Write(ctx, partnerModel, ids, map[string]any{"active": false}, quiet); err != nil {
		return fmt.Errorf("archive %d contacts: %w", len(ids), err)
	}
	return nil
}

// placesBelow are the addresses that octail put below contacts, by name, archived ones
// too.
func (s *sink) placesBelow(ctx context.Context, ids []int64) (map[string]int64, error) {
	var below []row
	err := s.rpc.SearchRead(ctx, partnerModel, rpc.Find{
		Domain: []any{[]any{"parent_id", "in", ids}}, Fields: []string{"id"}, Context: map[string]any{"active_test": false},
	}, &below)
	if err != nil {
		return nil, fmt.Errorf("read what is below %d contacts: %w", len(ids), err)
	}
	var all []int64
	for _, r := range below {
		all = append(all, r.ID)
	}
	names, err := s.ours(ctx, partnerModel, all)
	if err != nil {
		return nil, err
	}
	for name := range names {
		if holderOf(name) == "" {
			delete(names, name)
		}
	}
	return names, nil
}

// contactOf finds the contact of a party by its link or external id, without a search.
func (s *sink) contactOf(ctx context.Context, p *party) (contact, error) {
	c, _, err := s.linkOf(ctx, p.key)
	if err != nil || c.id != 0 {
		return c, err
	}
	id, err := s.recordOf(ctx, partnerModel, p.name)
	return contact{id: id, own: true}, err
}
