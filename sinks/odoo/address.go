package odoo

import (
	"context"
	"strconv"
	"strings"

	"octail/transform/document"
)

// Addresses are contacts below the contact of who uses them, with a name made of what
// they say: a_7_3fc1... An address that says something else is another contact, so that
// the orders that were sent to the first keep it.

// Odoo's types of contacts below another. One of type contact would take over the
// address of the one above it.
const (
	placeOther    = "other" // of the address book: Odoo proposes it for nothing
	placeInvoice  = "invoice"
	placeDelivery = "delivery"
)

const (
	customerPrefix = "c_"
	guestPrefix    = "g_"
	addressPrefix  = "a_"
)

// addressName is that of an address of a party: of customer 7 a_7_..., of the guest of
// order 12 a_g12_...
func addressName(party string, a *document.Address) string {
	return addressesOf(party) + addressDigest(a)
}

// addressesOf is what the names of a party's addresses begin with.
func addressesOf(party string) string {
	if id, guest := strings.CutPrefix(party, guestPrefix); guest {
		return addressPrefix + "g" + id + "_"
	}
	return addressPrefix + strings.TrimPrefix(party, customerPrefix) + "_"
}

// holderOf is the party whose address has a name; "" when it is no address's.
func holderOf(name string) string {
	rest, ok := strings.CutPrefix(name, addressPrefix)
	if !ok {
		return ""
	}
	id, _, ok := strings.Cut(rest, "_")
	if !ok {
		return ""
	}
	if order, guest := strings.CutPrefix(id, "g"); guest {
		return guestPrefix + order
	}
	return customerPrefix + id
}

// addressDigest is the same for the same address in an address book and in an order.
// The names of country and zone count only where there is no code: they are looked up.
func addressDigest(a *document.Address) string {
	var country, zone string
	if c := a.Country; c != nil {
		country = codeOr(c.Code, c.Name)
	}
	if z := a.Zone; z != nil {
		zone = codeOr(z.Code, z.Name)
	}
	texts := []string{a.FirstName, a.LastName, a.Company, a.Address1, a.Address2, a.City, a.Postcode, country, zone}
	for i := range texts {
		texts[i] = oneLine(texts[i])
	}
	return digest(texts...)
}

func codeOr(code *string, name string) string {
	if code != nil && *code != "" {
		return *code
	}
	return name
}

// empty tells whether an address says nothing about where.
func emptyAddress(a *document.Address) bool {
	return a == nil || oneLine(a.Address1+a.Address2+a.City+a.Postcode) == "" && a.Country == nil && a.Zone == nil
}

// addressColumns are the columns of where.
var addressColumns = []string{"street", "street2", "city", "zip", "country_id/.id", "state_id/.id"}

// where are the cells of an address; of none they are empty. A country or a zone that
// Odoo does not have stays as text in street2.
func (s *sink) where(ctx context.Context, a *document.Address) (map[string]string, error) {
	cells := map[string]string{}
	for _, c := range addressColumns {
		cells[c] = ""
	}
	if a == nil {
		return cells, nil
	}
	more := []string{oneLine(a.Address2)}
	var country, state int64
	var err error
	if c := a.Country; c != nil {
		if c.Code != nil {
			if country, err = s.country(ctx, *c.Code); err != nil {
				return nil, err
			}
		}
	}
	if z := a.Zone; z != nil {
		code := ""
		if z.Code != nil {
			code = *z.Code
		}
		if state, err = s.state(ctx, country, code, z.Name); err != nil {
			return nil, err
		}
		if state == 0 {
			more = append(more, oneLine(codeOr(&z.Name, code)))
		}
	}
	if c := a.Country; c != nil && country == 0 {
		name := c.Name
		if name == "" && c.Code != nil {
			name = *c.Code
		}
		more = append(more, oneLine(name))
	}
	cells["street"], cells["city"], cells["zip"] = oneLine(a.Address1), oneLine(a.City), oneLine(a.Postcode)
	more = deleteEmpty(more)
	cells["street2"] = strings.Join(more, ", ")
	if country != 0 {
		cells["country_id/.id"] = strconv.FormatInt(country, 10)
	}
	if state != 0 {
		cells["state_id/.id"] = strconv.FormatInt(state, 10)
	}
	return cells, nil
}

func deleteEmpty(texts []string) []string {
	out := texts[:0]
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

// addressRecord is an address below a contact. The number and the e-mail address are the
// party's: carriers call, and Odoo sends invoices to, the address. Above it is a record
// of the same load, or a contact that is there.
func (s *sink) addressRecord(ctx context.Context, p *party, a *document.Address, kind string, active bool) (*record, error) {
	cells, err := s.where(ctx, a)
	if err != nil {
		return nil, err
	}
	name := deleteEmpty([]string{oneLine(a.Company), fullName(a.FirstName, a.LastName)})
	if len(name) == 0 {
		name = []string{p.person.name}
	}
	cells["name"], cells["type"], cells["active"] = strings.Join(name, ", "), kind, boolean(active)
	cells["email"], cells["phone"], cells["lang"] = p.person.email, p.person.phone, p.person.language
	if p.contact.id != 0 {
		cells["parent_id/.id"] = strconv.FormatInt(p.contact.id, 10)
	} else {
		cells["parent_id/id"] = s.xid(p.name)
	}
	return &record{xid: s.xid(addressName(p.name, a)), cells: cells, item: p.item}, nil
}

// boolean as Odoo's import takes it.
func boolean(b bool) string {
	if b {
		return "True"
	}
	return "False"
}
