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
	c, err := s.companyBy(ctx, 0)
	if err != nil {
		return err
	}
	switch u.Kind {
	case "status":
		_, err = s.mapStatus(ctx, o.Status)
	case "payment":
		var p payment
		if p, err = s.mapPayment(ctx, 0, o.Payment); err == nil {
			err = p.why
		}
	case "shipping":
		_, err = s.findCarrier(ctx, c, o.Shipping)
	case "currency":
		_, err = s.findCurrency(ctx, c, o.Currency.Code)
	case "store":
		_, err = s.mapStore(ctx, o.Store)
	case "tax":
		err = s.foreseeTax(ctx, u)
	}
	return err
}

// foreseeTax looks for a tax in the company that sells for the store.
func (s *sink) foreseeTax(ctx context.Context, u *sinks.Used) error {
	of, err := s.mapStore(ctx, u.Order.Store)
	if _, held := sinks.HeldFor(err); held {
		return nil // said of the store
	}
	if err != nil {
		return err
	}
	for _, t := range u.Order.Totals {
		if _, err := s.mapTaxRow(ctx, of.company, t); err != nil {
			return err
		}
	}
	return nil
}
