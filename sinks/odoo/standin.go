package odoo

import "context"

// addressee is who an order is for, in Odoo: ids of res.partner.
type addressee struct{ partner, invoice, delivery int64 }

// addressees brings the partners of orders into Odoo: thin until the contacts are merged.
func (s *sink) addressees(ctx context.Context, orders []*saleOrder) error {
	var rs []*record
	for _, o := range orders {
		name := guestName(o.doc.ID)
		if o.doc.Customer.ID != nil {
			name = customerName(*o.doc.Customer.ID)
		}
		rs = append(rs, &record{xid: s.xid(name), cells: map[string]string{"name": o.doc.Customer.FirstName}, item: o.item})
	}
	if err := s.load(ctx, "res.partner", rs, nil); err != nil {
		return err
	}
	for i, o := range orders {
		o.to = addressee{rs[i].id, rs[i].id, rs[i].id}
	}
	return nil
}
