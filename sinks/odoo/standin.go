package odoo

// What other parts of the sink bring: thin until those are merged.

import (
	"context"
	"fmt"
)

type addressee struct{ partner, invoice, delivery int64 }

var standinServices = map[string]int64{}

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

func (s *sink) goods(ctx context.Context, orders []*saleOrder) error {
	for _, o := range orders {
		o.products = map[int64]int64{}
		for _, l := range o.doc.Lines {
			key := fmt.Sprint(s.cfg.Database, "p", l.ProductID)
			if standinServices[key] == 0 {
				cells := map[string]string{"name": l.Name, "type": "consu", "taxes_id/.id": ""}
				if ok, _ := s.has(ctx, "product.product", "is_storable"); ok {
					cells["is_storable"] = "True"
				} else {
					cells["type"] = "product"
				}
				r := &record{xid: s.xid(productName(l.ProductID)), cells: cells, item: o.item}
				if err := s.load(ctx, "product.product", []*record{r}, nil); err != nil {
					return err
				}
				standinServices[key] = r.id
			}
			o.products[l.Line] = standinServices[key]
		}
	}
	return nil
}
