package odoo

import "context"

func (s *sink) pictures(ctx context.Context, wares []*ware) error { return nil }
