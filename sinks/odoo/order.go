package odoo

import (
	"context"

	"octail/transform/document"
)

// saleOrder is an order of the shop on its way to Odoo.
type saleOrder struct {
	item *item
	doc  *document.Order

	products map[int64]int64 // line -> product.product
}

// orders writes the orders of a batch.
func (s *sink) orders(ctx context.Context, items []*item) error { return nil }
