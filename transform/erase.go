package transform

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"octail/internal/shop"
	"octail/transform/document"
)

// People who are to be forgotten (`octail erase`) are left out of documents here, and
// nowhere else: every reading assembles its documents by forgetOrder and forgetCustomer
// before anything is compared or hashed.
//
// What goes: names, e-mail, phone, fax, streets, cities, postcodes, companies, tax ids,
// custom fields, comments, what was typed into options, gift vouchers' people, payment
// transaction ids. What stays is what the order book and taxes need: ids, numbers, dates,
// amounts, lines, status, country and zone. The same person gives the same document.

// forgotten reports whether somebody is to be left out, by id (0: a guest) or address;
// nil: nobody is.
type forgotten func(customer int64, email string) bool

// forgets is forgotten by the journal's list, nil while nobody is on it.
func (t *Transformer) forgets() forgotten {
	if !t.cfg.Journal.Forgets() {
		return nil
	}
	return t.cfg.Journal.Forgotten
}

// Made waits until what is being read is journaled: documents that are made from then on
// know who is to be forgotten now.
func (t *Transformer) Made(ctx context.Context) error {
	select {
	case t.busy <- struct{}{}:
		<-t.busy
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// forgottenName stands where a name has to be: many targets take no person without.
const forgottenName = "erased"

// forgetCustomer leaves a customer out of the document and reports whether it had to.
func forgetCustomer(d *document.Customer, is forgotten) bool {
	if is == nil || !d.Erased && !is(d.ID, d.Email) {
		return false
	}
	d.Erased, d.Newsletter = true, false
	d.FirstName, d.LastName, d.Email, d.Phone = "", forgottenName, "", ""
	d.Fax, d.CustomFields = emptied(d.Fax), noFields(d.CustomFields)
	for i := range d.Addresses {
		forgetAddress(&d.Addresses[i])
	}
	return true
}

// forgetOrder leaves who ordered out of the document, and of vouchers those who were to
// get them. It reports whether it had to.
func forgetOrder(d *document.Order, is forgotten) bool {
	if is == nil {
		return false
	}
	any := false
	all := d.Customer.Erased || is(orZero(d.Customer.ID), d.Customer.Email)
	for i := range d.Vouchers {
		if v := &d.Vouchers[i]; all || is(0, v.ToEmail) {
			v.Description, v.ToName, v.ToEmail = "", "", ""
			any = true
		}
	}
	if !all {
		return any
	}
	c := &d.Customer
	c.Erased = true
	c.FirstName, c.LastName, c.Email, c.Phone = "", forgottenName, "", ""
	c.Fax, c.CustomFields = emptied(c.Fax), noFields(c.CustomFields)
	for _, a := range []*document.Address{d.BillingAddress, d.ShippingAddress} {
		if a != nil {
			forgetAddress(a)
		}
	}
	d.Comment = ""
	for i := range d.History {
		d.History[i].Comment = ""
	}
	if d.TransactionID.Known {
		d.TransactionID = document.None[string]()
	}
	forgetTyped(d.Lines)
	return true
}

// forgets finds out whether who ordered is to be forgotten. That stays so whatever the
// shop does to the address of the order.
func (o *orderRows) forgets(a *assembly, before *document.Order) {
	o.forgotten = before != nil && before.Customer.Erased || a.forgotten != nil && a.forgotten(o.root.Int("customer_id"), entities.Replace(o.root.Raw("email")))
}

func forgetAddress(a *document.Address) {
	*a = document.Address{ID: a.ID, Default: a.Default, LastName: forgottenName, Country: a.Country, Zone: a.Zone,
		TaxID: emptied(a.TaxID), CustomFields: noFields(a.CustomFields)}
}

// chosenTypes are the options whose value is the catalogue's, and not the customer's.
var chosenTypes = []string{"select", "radio", "checkbox", "image"}

// forgetTyped empties what customers typed or uploaded into options.
func forgetTyped(lines []document.Line) {
	for i := range lines {
		for k := range lines[i].Options {
			if o := &lines[i].Options[k]; !slices.Contains(chosenTypes, o.Type) {
				o.Value = ""
			}
		}
	}
}

// emptied is "" where this OpenCart has such a field.
func emptied(s *string) *string {
	if s == nil {
		return nil
	}
	return new(string)
}

func noFields(f []document.CustomField) []document.CustomField {
	if f == nil {
		return nil
	}
	return []document.CustomField{}
}

// forget leaves forgotten people out of a document that was made before. found: it had
// to, and doc is another one now.
func forget(kind string, doc []byte, is forgotten) (clean document.Encoded, found bool, err error) {
	var d any
	var fn func() bool
	switch {
	case is == nil:
		return clean, false, nil
	case kind == document.OrderEntity:
		o := &document.Order{}
		d, fn = o, func() bool { return !o.Customer.Erased && forgetOrder(o, is) }
	case kind == document.CustomerEntity:
		c := &document.Customer{}
		d, fn = c, func() bool { return !c.Erased && forgetCustomer(c, is) }
	default:
		return clean, false, nil
	}
	if err := json.Unmarshal(doc, d); err != nil {
		return clean, false, fmt.Errorf("read the previous document: %w", err)
	}
	if !fn() {
		return clean, false, nil
	}
	return document.Encode(d), true, nil
}

// former are the fields of the revision before; none when it holds somebody who is to
// be forgotten since.
func (p *previous) former(kind string, is forgotten) (map[string][]byte, error) {
	raw, err := p.document()
	if err != nil || raw == nil {
		return nil, err
	}
	if _, found, err := forget(kind, raw, is); err != nil || found {
		return nil, err
	}
	return document.FieldsOf(raw)
}

// HoldsForgotten reports whether the data of an event still holds a person who is to be
// forgotten.
func (t *Transformer) HoldsForgotten(kind string, data []byte) (bool, error) {
	if string(data) == document.Scrubbed || kind != document.OrderEntity && kind != document.CustomerEntity {
		return false, nil
	}
	var d struct {
		Document json.RawMessage `json:"document"`
		Previous struct {
			Email    string             `json:"email"`
			Customer json.RawMessage    `json:"customer"`
			Vouchers []document.Voucher `json:"vouchers"`
		} `json:"previous"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return false, fmt.Errorf("read event data: %w", err)
	}
	is := t.cfg.Journal.Forgotten
	_, found, err := forget(kind, d.Document, is)
	if found || err != nil {
		return found, err
	}
	// The person may stand in the former values alone: an e-mail that was changed, an
	// order that was given to somebody else.
	former := document.Order{Vouchers: d.Previous.Vouchers}
	if len(d.Previous.Customer) > 0 {
		if err := json.Unmarshal(d.Previous.Customer, &former.Customer); err != nil {
			return false, fmt.Errorf("read event data: %w", err)
		}
	}
	return is(0, d.Previous.Email) || !former.Customer.Erased && forgetOrder(&former, is), nil
}

// Emails are the addresses that a customer has in the shop at present: one, or none.
func (c *Comparison) Emails(ctx context.Context, customer int64) (emails []string, err error) {
	err = c.read(ctx, func(r *shop.Reader) error {
		if err := unreadable(r.Schema(), &customerEntity); err != nil {
			return err
		}
		rows, err := r.Select(shop.Query{Table: "customer", Columns: []string{"customer_id", "email"}, Where: "customer_id", Keys: []int64{customer}})
		if err != nil {
			return err
		}
		emails = nil
		for _, row := range rows.All() {
			emails = append(emails, c.t.text.plain(row.Raw("email")))
		}
		return nil
	})
	return emails, err
}
