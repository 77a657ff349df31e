package odoo

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// misnamed is what settings name that this Odoo does not have, all of it in one error: so
// that it shows in octail check, and not with the first delivery that needs it. Mappings
// of what orders bring along are Forecast's.
func (s *sink) misnamed(ctx context.Context) error {
	b, err := s.known(ctx)
	if err != nil {
		return err
	}
	var looks []func() error
	if s.cfg.Stock == stockPush {
		looks = append(looks, func() error { _, err := s.location(ctx); return err })
	}
	if slices.Contains(s.entities, document.OrderEntity) {
		if name := s.cfg.Orders.Salesperson; name != "" {
			looks = append(looks, func() error { _, err := s.user(ctx, name); return err })
		}
		if name := s.cfg.Orders.Team; name != "" {
			looks = append(looks, func() error { _, err := s.team(ctx, &b.company, name, "orders.team"); return err })
		}
		for _, code := range slices.Sorted(maps.Keys(s.cfg.Products.Services)) {
			looks = append(looks, func() error { _, err := s.namedService(ctx, code, s.cfg.Products.Services[code]); return err })
		}
	}
	if slices.Contains(s.entities, document.CategoryEntity) || slices.Contains(s.entities, document.ProductEntity) {
		for _, key := range slices.Sorted(maps.Keys(s.cfg.Mappings.Category)) {
			looks = append(looks, func() error { _, err := s.categoryNamed(ctx, key, s.cfg.Mappings.Category[key]); return err })
		}
	}
	var found []string
	for _, look := range looks {
		err := look()
		class, _ := sinks.ClassOf(err)
		_, held := sinks.HeldFor(err)
		_, refused := rpc.As(err)
		switch {
		case err == nil:
		case held, class == sinks.Blocked && !refused:
			found = append(found, err.Error())
		default:
			return err
		}
	}
	if len(found) == 0 {
		return nil
	}
	return sinks.Mark(sinks.Blocked, errors.New(strings.Join(found, "; ")))
}
