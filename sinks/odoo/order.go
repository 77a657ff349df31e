package odoo

import (
	"context"

	"octail/transform/document"
)

// saleOrder is an order of the shop on its way to Odoo.
type saleOrder struct {
	item *item
	doc  *document.Order

	// What the shop's values are in Odoo.
	want     saleState
	payment  payment
	carrier  carrier
	currency currency
	store    store
	taxes    []tax // index as the tax rows of doc.Totals
	to       addressee
	products map[int64]int64 // line -> product.product
	priced   priced
	lines    []wantLine // as Odoo is to hold them, in order

	id     int64      // in Odoo; 0: it is not there yet
	held   *heldOrder // what Odoo holds, as read last; nil: nothing
	isNew  bool       // it was not in Odoo before this batch
	linked bool       // a person tied it to id: its lines are that person's
}

// failed tells whether the order is out of the batch.
func (o *saleOrder) failed() bool { return o.item.err != nil }

// going are the orders that have not failed.
func going(orders []*saleOrder) []*saleOrder {
	var out []*saleOrder
	for _, o := range orders {
		if !o.failed() {
			out = append(out, o)
		}
	}
	return out
}

// orders writes the orders of a batch.
func (s *sink) orders(ctx context.Context, items []*item) error { return nil }
