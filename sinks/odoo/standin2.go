package odoo

import (
	"context"
	"fmt"
)

var standinServices = map[string]int64{}

// goods is thin until the products are merged.
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
