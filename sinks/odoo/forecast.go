package odoo

import (
	"context"
	"fmt"

	"octail/sinks"
)

var _ sinks.Forecaster = (*sink)(nil)

// Forecast implements sinks.Forecaster. It asks Odoo as an order would, and makes none of
// what an order would make.
func (s *sink) Forecast(ctx context.Context, used []sinks.Used) (map[int]error, error) {
	missing := map[int]error{}
	for i, u := range used {
		err := s.foresee(ctx, &u)
		if _, held := sinks.HeldFor(err); held {
			missing[i] = err
		} else if err != nil {
			return nil, fmt.Errorf("%s %s: %w", u.Kind, u.Value, err)
		}
	}
	return missing, nil
}

// foresee is the error with which orders would be held that use a value.
func (s *sink) foresee(ctx context.Context, u *sinks.Used) error {
	o := &u.Order
	of, err := s.mapStore(ctx, o.Store)
	if _, held := sinks.HeldFor(err); held && u.Kind != "store" {
		return nil // said of the store
	}
	if err != nil {
		return err
	}
	c, err := s.companyBy(ctx, of.company)
	if err != nil {
		return err
	}
	switch u.Kind {
	case "status":
		_, err = s.mapStatus(ctx, o.Status)
	case "payment":
		var p payment
		if p, err = s.mapPayment(ctx, c.id, o.Payment); err == nil {
			err = p.why
		}
	case "shipping":
		_, err = s.findCarrier(ctx, c, o.Shipping)
		if target, own := lookup(s.cfg.Products.Services, svcShipping); own && err == nil {
			_, err = s.namedService(ctx, svcShipping, target)
		}
	case "currency":
		_, err = s.findCurrency(ctx, c, o.Currency.Code)
	case "store":
		if s.cfg.Orders.Salesperson != "" {
			_, err = s.user(ctx, s.cfg.Orders.Salesperson)
		}
	case "tax":
		for _, t := range o.Totals {
			if _, err = s.mapTaxRow(ctx, c.id, t); err != nil {
				break
			}
		}
	}
	return err
}
