package odoo

import "context"

// categories writes the categories of a batch.
func (s *sink) categories(ctx context.Context, items []*item) error { return nil }
