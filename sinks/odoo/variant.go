package odoo

import (
	"context"
	"octail/transform/document"
)

func (s *sink) attributes(p *document.Product) []document.Option          { return nil }
func (s *sink) prepareTemplates(ctx context.Context, wares []*ware) error { return nil }
func (s *sink) writeVariants(ctx context.Context, wares []*ware) error    { return nil }
