package sinks

import (
	"context"

	"octail/transform/document"
)

// Used is a value of which the shop's recent orders make use, and which a target has to
// have a name for.
type Used struct {
	Kind   string // payment, shipping, status, tax, currency or store, as in Hold
	Value  string // as the shop has it, for a message
	Orders int64  // how many of them use it
	// Order has what the kind is about and the store, and nothing else: Payment, Shipping,
	// Status, Currency, or Totals with the tax row alone, beside Currency.
	Order document.Order
}

// Forecaster is a sink that can say beforehand which orders it would hold, for `octail
// check`. It changes nothing in the target.
type Forecaster interface {
	// Forecast returns the index of each value that the target has no name for, and why:
	// the text that an order would be held with, which names value, setting and the line
	// to add. What it does not name is mapped, or would be created when it is first used.
	Forecast(ctx context.Context, used []Used) (missing map[int]error, err error)
}

// ShopNamer is implemented by settings that name order statuses or stores of the shop, by
// id or name, each by the key of the section it stands in, e.g. mappings.status: for
// `octail check`, which tells of those that the shop does not have.
type ShopNamer interface {
	ShopNames() (statuses, stores map[string][]string)
}
