package odoo

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"octail/transform/document"
)

// addressee is who is who of an order: contacts' ids.
type addressee struct{ partner, invoice, delivery int64 }

// addressees brings the partners of orders into Odoo, and answers who is who in o.to: the
// registered customer or the guest, and the addresses as contacts below. It fails the
// item of an order whose partner Odoo refuses. A customer who is not in Odoo (deleted in
// the shop, left out by a filter) is made of what the order says.
func (s *sink) addressees(ctx context.Context, orders []*saleOrder) error {
	byName := map[string]*party{}
	var parties []*party
	of := map[*saleOrder]*party{}
	for _, o := range orders {
		if o.item.err != nil {
			continue
		}
		p, err := s.orderParty(ctx, o)
		if err != nil {
			return err
		}
		if first := byName[p.name]; first != nil {
			of[o] = first
			continue
		}
		byName[p.name], of[o] = p, p
		parties = append(parties, p)
	}
	var places []string
	for o, p := range of {
		if o.held != nil && o.doc.Customer.ID == nil {
			// The guest of an order that is there is whom it has: who matches may change.
			p.contact = contact{id: o.held.Partner.ID}
			p.renewed = changedIn(o.item, "customer")
		}
		for a := range placesOf(o.doc) {
			places = append(places, addressName(p.name, a))
		}
	}
	if err := s.meet(ctx, parties, true, places...); err != nil {
		return err
	}
	if err := s.renewGuests(ctx, parties); err != nil {
		return err
	}
	return s.writePlaces(ctx, orders, of)
}

// changedIn tells whether a field of an item's document is another than in the revision
// before.
func changedIn(i *item, field string) bool {
	var d struct {
		Changed []string `json:"changed"`
	}
	return json.Unmarshal(i.Data, &d) == nil && slices.Contains(d.Changed, field)
}

// renewGuests writes to the contacts of guests who are called otherwise now. A contact
// that was there before the guest came keeps what it says.
func (s *sink) renewGuests(ctx context.Context, parties []*party) error {
	var renewed []*party
	for _, p := range parties {
		if !p.renewed || p.item.err != nil {
			continue
		}
		id, err := s.recordOf(ctx, partnerModel, p.name)
		if err != nil {
			return err
		}
		if id != 0 && id == p.contact.id {
			p.contact.own = true
			renewed = append(renewed, p)
		}
	}
	return s.updateContacts(ctx, renewed)
}

// orderParty is who placed an order.
func (s *sink) orderParty(ctx context.Context, o *saleOrder) (*party, error) {
	d := o.doc
	// In a copy of the item: what happens to one order's party is no other order's matter.
	p := &party{item: &item{Delivery: o.item.Delivery}, name: guestName(d.ID)}
	if d.Customer.ID != nil {
		p.name, p.key = customerName(*d.Customer.ID), document.Key{Entity: document.CustomerEntity, ID: *d.Customer.ID}
	}
	billing, _ := orderAddresses(d)
	p.person.address = billing
	if billing != nil {
		p.person.company = oneLine(billing.Company)
	}
	c := &d.Customer
	p.person.group = c.Group
	p.person.email, p.person.phone = oneLine(c.Email), oneLine(c.Phone)
	p.person.vat = s.vatOf(c.CustomFields, billing)
	otherwise := "Order " + strconv.FormatInt(d.ID, 10)
	if c.ID != nil {
		otherwise = "Customer " + strconv.FormatInt(*c.ID, 10)
	}
	p.person.name = calledBy(fullName(c.FirstName, c.LastName), p.person.company, c.Email, otherwise)
	language := ""
	if d.Language != nil {
		language = *d.Language
	}
	var err error
	p.person.language, err = s.languageOf(ctx, language)
	return p, err
}

// orderAddresses are where an order's invoice and goods go; either is the other where it
// is not known. nil: none is.
func orderAddresses(d *document.Order) (billing, shipping *document.Address) {
	billing, shipping = d.BillingAddress, d.ShippingAddress
	if emptyAddress(billing) {
		billing = shipping
	}
	if emptyAddress(shipping) {
		shipping = billing
	}
	if emptyAddress(billing) {
		return nil, nil
	}
	return billing, shipping
}

// writePlaces creates what is missing of contacts and addresses, in one call for those
// who are new, and one for those who are there.
func (s *sink) writePlaces(ctx context.Context, orders []*saleOrder, of map[*saleOrder]*party) error {
	trials := map[*party]*trial{}
	var fresh []*trial
	var below, anew []*record
	asked := map[string]*record{}
	for _, o := range orders {
		p := of[o]
		if p == nil {
			continue
		}
		if p.item.err != nil {
			o.item.fail(p.item.err)
			continue
		}
		var t *trial
		if p.contact.id == 0 {
			if t = trials[p]; t == nil {
				t = &trial{party: p}
				trials[p] = t
				fresh = append(fresh, t)
			}
		}
		for a, kind := range placesOf(o.doc) {
			name := addressName(p.name, a)
			if is, _ := s.contacts.place(name); is.id != 0 && !p.renewed || asked[name] != nil {
				continue
			}
			r, err := s.addressRecord(ctx, p, a, kind, true)
			if err != nil {
				return err
			}
			asked[name] = r
			if t != nil {
				t.records = append(t.records, r)
				continue
			}
			if r.item = o.item; p.renewed {
				anew = append(anew, r)
			} else {
				below = append(below, r)
			}
		}
	}
	if err := s.createParties(ctx, fresh); err != nil {
		return err
	}
	if len(below) > 0 {
		if err := s.load(ctx, partnerModel, below, missingOnly); err != nil {
			return err
		}
	}
	if len(anew) > 0 {
		if err := s.load(ctx, partnerModel, anew, lasting); err != nil {
			return err
		}
	}
	for name, r := range asked {
		if r.id != 0 {
			s.contacts.putPlace(name, spot{contact: contact{id: r.id, own: true}})
		}
	}
	for _, o := range orders {
		p := of[o]
		if p == nil {
			continue
		}
		if p.item.err != nil {
			o.item.fail(p.item.err)
			continue
		}
		o.to = addressee{p.contact.id, p.contact.id, p.contact.id}
		billing, shipping := orderAddresses(o.doc)
		if billing == nil {
			continue
		}
		if at, ok := s.placeOf(asked, addressName(p.name, billing)); ok {
			o.to.invoice = at
		}
		if at, ok := s.placeOf(asked, addressName(p.name, shipping)); ok {
			o.to.delivery = at
		}
	}
	return nil
}

// placeOf is an address that was just loaded, or was known.
func (s *sink) placeOf(asked map[string]*record, name string) (int64, bool) {
	if r := asked[name]; r != nil {
		return r.id, r.id != 0
	}
	at, _ := s.contacts.place(name)
	return at.id, at.id != 0
}

// placesOf are an order's addresses and what they are for.
func placesOf(d *document.Order) map[*document.Address]string {
	billing, shipping := orderAddresses(d)
	switch {
	case billing == nil:
		return nil
	case addressDigest(billing) == addressDigest(shipping):
		return map[*document.Address]string{billing: placeOther}
	}
	return map[*document.Address]string{billing: placeInvoice, shipping: placeDelivery}
}

// createParties makes the contacts of those who ordered and are in Odoo nowhere, with
// the addresses of the orders.
func (s *sink) createParties(ctx context.Context, trials []*trial) error {
	parties := make([]*party, len(trials))
	places := map[*party][]*record{}
	for i, t := range trials {
		parties[i] = t.party
		places[t.party] = t.records
	}
	return s.createWith(ctx, parties, places)
}
