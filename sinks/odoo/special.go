package odoo

import "context"

// specials writes the special prices of products as pricelist items.
func (s *sink) specials(ctx context.Context, wares []*ware) error { return nil }
