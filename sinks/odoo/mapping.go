package odoo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"octail/sinks"
	"octail/transform/document"
)

// Words of mappings that name no record.
const (
	otherwise = "default" // the key of all values that have no line of their own
	asLines   = "lines"   // the tax is an amount on a line of its own
)

// saleState is how far an order is to be in Odoo. Paid includes invoiced, and those two
// and delivered include confirmed.
type saleState int

// States, as mappings.status names them.
const (
	draft saleState = iota
	sent
	confirmed
	delivered
	invoiced
	paid
	cancelled
	locked
)

var saleStates = []string{"draft", "sent", "confirmed", "delivered", "invoiced", "paid", "cancelled", "locked"}

func (s saleState) String() string { return saleStates[s] }

// usual are the states of the statuses that OpenCart brings along, as long as a shop has
// their English names. Money that went back takes an order away only while nothing was
// delivered or invoiced; after that a person has to see to it.
var usual = map[string]saleState{
	"pending":           draft,
	"processing":        confirmed,
	"processed":         confirmed,
	"shipped":           delivered,
	"complete":          delivered,
	"canceled reversal": confirmed, // the payment was claimed back, and came again
	"canceled":          cancelled,
	"cancelled":         cancelled,
	"denied":            cancelled,
	"failed":            cancelled,
	"expired":           cancelled,
	"voided":            cancelled,
	"refunded":          cancelled,
	"reversed":          cancelled,
	"chargeback":        cancelled,
}

// hold is an order's error that waits for a line in a mapping, or for an administrator.
func hold(kind, format string, args ...any) error {
	return sinks.Hold(kind, fmt.Errorf(format, args...))
}

// line is a line of the config file, as it has to be added.
func line(key, target string) string {
	return strconv.Quote(strings.Join(strings.Fields(key), " ")) + ": " + target
}

// lookup finds the first of a shop value's keys that a mapping has.
func lookup[T any](mapping map[string]T, keys ...string) (T, bool) {
	for _, key := range keys {
		if key = fold(key); key == "" {
			continue
		}
		for name, target := range mapping {
			if fold(name) == key {
				return target, true
			}
		}
	}
	var none T
	return none, false
}

// mapStatus is the state of a status: by id, by name, or by OpenCart's usual names.
func (s *sink) mapStatus(_ context.Context, status document.Status) (saleState, error) {
	id, name := strconv.FormatInt(status.ID, 10), ""
	if status.Name != nil {
		name = *status.Name
	}
	if target, ok := lookup(s.cfg.Mappings.Status, id, name); ok {
		if i := slices.Index(saleStates, fold(target)); i >= 0 {
			return saleState(i), nil
		}
	}
	if state, ok := usual[fold(name)]; ok {
		return state, nil
	}
	return 0, hold("status", "no state is known for the order status %s; add to mappings.status: %s (or another of %s)",
		call(name, id), line(cmp.Or(name, id), confirmed.String()), strings.Join(saleStates, ", "))
}

// call is a shop value for a message: its name and its id or code.
func call(name, id string) string {
	if fold(name) == "" || name == id {
		return id
	}
	return fmt.Sprintf("%q (%s)", name, id)
}

// store is who sells for a store of the shop. An id is 0 where there is none.
type store struct{ company, team, warehouse int64 }

// mapStore is who sells for a store of the shop, and from where: by id or name. Without
// lines in mappings.store all stores are the sink's company's.
func (s *sink) mapStore(ctx context.Context, st document.Store) (store, error) {
	b, err := s.known(ctx)
	if err != nil {
		return store{}, err
	}
	id := strconv.FormatInt(st.ID, 10)
	target, ok := lookup(s.cfg.Mappings.Store, id, st.Name, otherwise)
	if !ok && len(s.cfg.Mappings.Store) > 0 {
		return store{}, hold("store", "the store %s has no line in mappings.store, and there is no default; add to mappings.store: %s", call(st.Name, id), line(cmp.Or(st.Name, id), "{team: \"name of a sales team\"}"))
	}
	c := &b.company
	if target.Company != "" {
		if c, ok = companyNamed(b.companies, target.Company); !ok {
			return store{}, hold("store", "mappings.store of the store %s: the user may work for %s, and not for %q; correct company, or let an administrator add it to the user (Settings > Users & Companies > Users)", call(st.Name, id), companyNames(b.companies), target.Company)
		}
	}
	out := store{company: c.id}
	if c.id == b.company.id {
		out.warehouse = b.warehouse.id
	}
	if team := cmp.Or(target.Team, s.cfg.Orders.Team); team != "" {
		setting := "orders.team"
		if target.Team != "" {
			setting = "mappings.store"
		}
		if out.team, err = s.team(ctx, c, team, setting); err != nil {
			return store{}, err
		}
	}
	setting, house := "mappings.store", target.Warehouse
	if house == "" {
		setting = "mappings.warehouse"
		house, _ = lookup(s.cfg.Mappings.Warehouse, id, st.Name, otherwise)
	}
	if house == "" && out.warehouse != 0 {
		return out, nil
	}
	w, ok, err := s.warehouse(ctx, c, house)
	if err == nil && !ok && house != "" {
		err = sinks.Hold("store", noWarehouse(setting, house, c))
	}
	out.warehouse = w.id
	return out, err
}
