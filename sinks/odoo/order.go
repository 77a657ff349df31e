package odoo

import "context"

// orders writes the orders of a batch.
func (s *sink) orders(ctx context.Context, items []*item) error { return nil }
