package odoo

import (
	"context"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"

	"octail/sinks"
	"octail/transform/document"
)

// reference is a many2one as a cell of load: by its id, empty for none.
func reference(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// header is what a new order is made with, but for its lines. Columns of which the shop
// says nothing are left out: Odoo fills them in as for an order a person types.
func (s *sink) header(ctx context.Context, o *saleOrder) (map[string]string, error) {
	cells := map[string]string{
		"partner_id/.id":          reference(o.to.partner),
		"partner_invoice_id/.id":  reference(o.to.invoice),
		"partner_shipping_id/.id": reference(o.to.delivery),
		"client_order_ref":        o.doc.Number,
		"company_id/.id":          reference(o.store.company),
		// Always, also none: it decides the currency, and Odoo refuses it on a confirmed order.
		// So what is taken for new can not overwrite one that is there.
		"pricelist_id/.id": reference(o.currency.pricelist),
		// The customer has ordered already: nobody is to sign, pay or miss a date in the portal.
		"require_signature": "False",
		"require_payment":   "False",
		"validity_date":     "",
	}
	user := int64(0)
	if s.cfg.Orders.Salesperson != "" {
		var err error
		if user, err = s.user(ctx, s.cfg.Orders.Salesperson); err != nil {
			return nil, err
		}
	}
	house, err := s.has(ctx, "sale.order", "warehouse_id")
	if err != nil {
		return nil, err
	}
	if !house {
		o.store.warehouse = 0
	}
	carriers, err := s.has(ctx, "sale.order", "carrier_id")
	if err != nil {
		return nil, err
	}
	if carriers {
		cells["carrier_id/.id"] = reference(o.carrier.id)
	}
	note, err := s.comment(ctx, o)
	if err != nil {
		return nil, err
	}
	state := ""
	if at, err := s.confirmsInLoad(ctx, o); err != nil {
		return nil, err
	} else if at {
		state = stateSale
	}
	for column, value := range map[string]string{
		"name":                s.displayed(o),
		"date_order":          o.placed(),
		"origin":              o.doc.Store.Name,
		"note":                note,
		"state":               state,
		"payment_term_id/.id": reference(o.payment.term),
		"warehouse_id/.id":    reference(o.store.warehouse),
		"team_id/.id":         reference(o.store.team),
		"user_id/.id":         reference(user),
	} {
		if value != "" {
			cells[column] = value
		}
	}
	return cells, nil
}

// comment is what the customer wrote, as the field has it: text, and HTML since Odoo 15,
// which brought the field terms_type with it.
func (s *sink) comment(ctx context.Context, o *saleOrder) (string, error) {
	text := o.said()
	rich, err := s.has(ctx, "sale.order", "terms_type")
	if err != nil || !rich {
		return text, err
	}
	return strings.ReplaceAll(html.EscapeString(text), "\n", "<br>"), nil
}

// said is what the customer wrote, without what a database refuses.
func (o *saleOrder) said() string {
	return strings.TrimSpace(strings.ReplaceAll(o.doc.Comment, "\x00", ""))
}

// sameNote compares what Odoo holds with what the customer wrote, whatever Odoo has made
// of its tags and spaces.
func sameNote(held, comment string) bool {
	words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if words(held) == words(comment) {
		return true
	}
	written := textOf(strings.ReplaceAll(html.EscapeString(comment), "\n", "<br>"))
	return words(textOf(held)) == words(written)
}

// news tells whether the shop has said something new of one of the fields since Odoo took
// them. What it has not, a person may have changed in Odoo meanwhile. Nobody knows of an
// order that is new, or that is to be written once more.
func (o *saleOrder) news(fields ...string) bool {
	if o.item.Kind != document.Updated || o.item.Again {
		return true
	}
	return slices.ContainsFunc(fields, func(f string) bool { return changedIn(o.item, f) })
}

// says is news of what a person may have changed in Odoo meanwhile, and keeps then: who
// it is for and where it goes, term, delivery method, comment, the texts of lines. That a
// revision is delivered once more, because something else differs in Odoo, is no word of
// the shop's about these.
func (o *saleOrder) says(fields ...string) bool { return !o.item.Again && o.news(fields...) }

// headerChanges are the fields in which an order that is in Odoo is not what it is to be,
// as write takes them. What a person may decide in Odoo is not among them: salesperson,
// team, warehouse, the order's name; and whatever the shop says nothing new of.
func (s *sink) headerChanges(ctx context.Context, o *saleOrder) (map[string]any, error) {
	h, values := o.held, map[string]any{}
	note, err := s.comment(ctx, o)
	if err != nil {
		return nil, err
	}
	comment := o.said()
	if comment != "" && o.says("comment") && !sameNote(string(h.Note), comment) {
		values["note"] = note
	}
	if string(h.Number) != o.doc.Number {
		values["client_order_ref"] = o.doc.Number
	}
	if o.payment.term != 0 && h.Term.ID != o.payment.term && o.says("payment") {
		values["payment_term_id"] = o.payment.term
	}
	carriers, err := s.has(ctx, "sale.order", "carrier_id")
	if err != nil {
		return nil, err
	}
	if carriers && h.Carrier.ID != o.carrier.id && o.says("shipping") {
		values["carrier_id"] = orFalse(o.carrier.id)
	}
	who := o.says("customer", "billing_address", "shipping_address")
	if who && (h.Partner.ID != o.to.partner || h.Invoice.ID != o.to.invoice) {
		// With the partner Odoo fills in anew whatever depends on it.
		values["partner_id"], values["partner_invoice_id"], values["partner_shipping_id"] = o.to.partner, o.to.invoice, o.to.delivery
		if values["payment_term_id"] == nil {
			values["payment_term_id"] = orFalse(h.Term.ID)
		}
		if values["note"] == nil {
			values["note"] = string(h.Note)
		}
	}
	if who && h.Shipping.ID != o.to.delivery {
		values["partner_shipping_id"] = o.to.delivery
	}
	if h.Currency.ID != o.currency.id && h.confirmed() {
		return nil, sinks.Hold("currency", fmt.Errorf("the order is confirmed in another currency than the shop's %s, and Odoo does not change that any more; cancel it in Odoo and set it back to a quotation, or correct mappings.currency", o.doc.Currency.Code))
	}
	if !h.confirmed() && (h.Currency.ID != o.currency.id || values["partner_id"] != nil) {
		values["pricelist_id"] = orFalse(o.currency.pricelist)
	}
	return values, nil
}

// orFalse is a many2one as write takes it.
func orFalse(id int64) any {
	if id == 0 {
		return false
	}
	return id
}
