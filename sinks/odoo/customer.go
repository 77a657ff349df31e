package odoo

import "context"

// customers writes the customers of a batch.
func (s *sink) customers(ctx context.Context, items []*item) error { return nil }
