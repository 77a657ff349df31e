package odoo

import (
	"context"

	"octail/transform/document"
)

func (s *sink) attributes(p *document.Product) []document.Option                   { return nil }
func (s *sink) prepareTemplates(ctx context.Context, wares []*ware) error          { return nil }
func (s *sink) writeVariants(ctx context.Context, wares []*ware) error             { return nil }
func (s *sink) readVariants(ctx context.Context, templates []int64) error          { return nil }
func (s *sink) variantOf(template int64, options []document.LineOption) (id int64) { return 0 }
