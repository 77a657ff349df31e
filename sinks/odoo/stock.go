package odoo

import "context"

// stocks writes the stocks of a batch.
func (s *sink) stocks(ctx context.Context, items []*item) error { return nil }
