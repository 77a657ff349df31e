package odoo

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"octail/sinks"
	"octail/transform/document"
)

// shopFields are the fields of a customer's document behind the columns of a contact.
// The reference is octail's word and not compared. Addresses below the contact have the
// name of what the shop said and are never rewritten: they are compared by being there.
var shopFields = map[string][]string{
	"name": {"first_name", "last_name"}, "email": {"email"}, "phone": {"phone"}, "lang": {"language"}, "vat": {"addresses", "custom_fields"},
	"company_name": {"addresses"}, "street": {"addresses"}, "street2": {"addresses"}, "city": {"addresses"}, "zip": {"addresses"},
	"country_id/.id": {"addresses"}, "state_id/.id": {"addresses"},
}

// compareCustomers tells what is not as it was written, by index in the batch: what a
// contact says, its address book, and its group's tag. A contact that a person has archived
// is there. It costs three calls for a batch: the contacts, what is below them, and which of
// that is octail's.
func (s *sink) compareCustomers(ctx context.Context, batch []sinks.Delivery) ([]sinks.Difference, error) {
	parties := make([]*party, len(batch))
	var ids []int64
	for n := range batch {
		it := &item{Delivery: &batch[n]}
		p := &party{item: it, name: customerName(it.ID), key: it.Key}
		if !it.deleted() {
			doc, ok := read[document.Customer](it)
			if !ok {
				return nil, it.err
			}
			var err error
			if p, err = s.customerParty(ctx, it, doc); err != nil {
				return nil, err
			}
		}
		c, err := s.contactOf(ctx, p)
		if err != nil {
			return nil, err
		}
		parties[n], p.contact = p, c
		if c.id != 0 {
			ids = append(ids, c.id)
		}
	}
	if len(ids) == 0 {
		ids = []int64{0}
	}
	are, err := s.currents(ctx, ids)
	if err != nil {
		return nil, err
	}
	places, err := s.placesBelow(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []sinks.Difference
	for n, p := range parties {
		is := are[p.contact.id]
		switch {
		case p.item.deleted():
			if is != nil && is.Active && p.contact.own && s.cfg.Customers.Deleted == deletedArchive {
				out = append(out, sinks.Difference{Index: n})
			}
			continue
		case is == nil:
			out = append(out, sinks.Difference{Index: n, Missing: true})
			continue
		}
		p.is = is
		want, err := s.wants(ctx, p)
		if err != nil {
			return nil, err
		}
		if emptyAddress(p.person.address) {
			// Odoo gives a contact that has none the address of its first order.
			at := is.cells()
			for _, column := range addressColumns {
				want[column] = at[column]
			}
		}
		fields := is.differs(want)
		if !slices.Contains(fields, "addresses") && slices.ContainsFunc(p.book, func(a *document.Address) bool { return places[addressName(p.name, a)] == 0 }) {
			fields = append(fields, "addresses")
		}
		if s.cfg.Customers.Groups == groupsTag {
			tag, err := s.groupRecord(ctx, tagList, p.person.group, nil)
			if err != nil {
				return nil, err
			}
			if tag == 0 || !slices.Contains(is.Tags, tag) {
				fields = append(fields, "group")
			}
		}
		if len(fields) > 0 {
			out = append(out, sinks.Difference{Index: n, Fields: fields})
		}
	}
	return out, nil
}

// differs are the fields of the shop in which a contact does not say what it is to say.
func (c *current) differs(want map[string]string) []string {
	var out []string
	for column, is := range c.cells() {
		as := want[column]
		if is == as || column == "vat" && (plainNumber(is) == plainNumber(as) || is == "" && noted(string(c.Comment), as)) {
			continue
		}
		for _, field := range shopFields[column] {
			if !slices.Contains(out, field) {
				out = append(out, field)
			}
		}
	}
	slices.Sort(out)
	return out
}

// plainNumber is a VAT number without what Odoo may take away or put between.
func plainNumber(vat string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, vat)
}
