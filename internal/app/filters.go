package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"octail/internal/config"
	"octail/internal/filter"
	"octail/sinks"
)

// filter makes the filter of a sink, with what the journal knows of the shop, and goes on
// telling it what is learnt later; one of the same name that was made before is told
// nothing more. It says when the filter takes more than the one of the last run, and
// remembers it.
func (a *Agent) filter(ctx context.Context, s config.Sink, needs sinks.Needs) (*filter.Filter, error) {
	f, shop, err := a.listFilter(ctx, s, needs)
	if err != nil {
		return nil, err
	}
	return f, a.rememberFilter(ctx, s.Name, filter.SpecOf(s, needs, shop))
}

// listFilter makes a filter that is told what is learnt from the moment on of which it
// knows.
func (a *Agent) listFilter(ctx context.Context, s config.Sink, needs sinks.Needs) (*filter.Filter, filter.Shop, error) {
	a.mu.Lock() // what is learnt is kept in the journal first, then told
	defer a.mu.Unlock()
	f, shop, err := a.newFilter(ctx, s, needs)
	if err != nil {
		return nil, shop, err
	}
	if a.filters == nil {
		a.filters = map[string]*filter.Filter{}
	}
	a.filters[s.Name] = f
	return f, shop, nil
}

// newFilter makes the filter of a sink with what the journal knows of the shop.
func (a *Agent) newFilter(ctx context.Context, s config.Sink, needs sinks.Needs) (*filter.Filter, filter.Shop, error) {
	shop, err := a.filterShop(ctx)
	if err != nil {
		return nil, shop, err
	}
	f, err := filter.New(s, needs, shop)
	if err != nil {
		return nil, shop, err
	}
	released, err := a.released(ctx)
	if err != nil {
		return nil, shop, err
	}
	if released != nil {
		f.SetReleased(released)
	}
	names, err := a.stores(ctx)
	if err != nil {
		return nil, shop, err
	}
	if names != nil {
		f.SetStores(names)
	}
	return f, shop, nil
}

// tellFilters calls fn for each filter.
func (a *Agent) tellFilters(fn func(*filter.Filter)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.filters {
		fn(f)
	}
}

// filterShop is what the journal knows of the shop for a filter's defaults.
func (a *Agent) filterShop(ctx context.Context) (filter.Shop, error) {
	note, err := a.journal.Meta(ctx, "covered")
	if err != nil {
		return filter.Shop{}, err
	}
	name, err := a.journal.Meta(ctx, "timezone")
	if err != nil {
		return filter.Shop{}, err
	}
	shop := filter.Shop{Since: filter.CoveredOrders(note)}
	if name == "" && a.cfg.Shop.Timezone != config.TimezoneAuto {
		name = a.cfg.Shop.Timezone
	}
	if name != "" {
		if shop.Zone, err = time.LoadLocation(name); err != nil {
			return shop, fmt.Errorf("the shop's time zone: %w", err)
		}
	}
	return shop, nil
}

// rememberFilter compares a sink's filter with that of the last run, and keeps it for the
// next. Widening a filter sends nothing by itself: the commands that do are logged.
func (a *Agent) rememberFilter(ctx context.Context, sink string, now filter.Spec) error {
	name := filter.MetaName(sink)
	stored, err := a.journal.Meta(ctx, name)
	if err != nil {
		return err
	}
	if stored == now.String() {
		return nil
	}
	if stored != "" {
		before, err := filter.ReadSpec(stored)
		if err != nil {
			return err
		}
		if wider, ok := filter.Widened(before, now); ok {
			a.log.Warn(wider.String(), "sink", sink, "remedy", wider.Remedy(sink, now))
		}
	}
	return a.journal.SetMeta(ctx, name, now.String())
}

// warnOfNames says which ids and names of a sink's filter the shop does not have: what
// names them lets nothing through. It is silent until the shop was asked.
func (a *Agent) warnOfNames(s config.Sink) {
	names := a.names.Load()
	if names == nil {
		return
	}
	for _, c := range []struct {
		key, what string
		listed    []string
		known     map[int64]string
	}{
		{"release", "order status", s.Release.Statuses, names.Statuses},
		{"where.statuses", "order status", s.Where.Statuses, names.Statuses},
		{"where.customer_groups", "customer group", s.Where.CustomerGroups, names.Groups},
		{"where.stores", "store", s.Where.Stores, names.Stores},
	} {
		if missing := filter.Missing(c.listed, c.known); len(missing) > 0 {
			a.log.Warn(fmt.Sprintf("%s: the shop has no %s %s; `octail check` shows what it has", c.key, c.what, strings.Join(missing, ", ")), "sink", s.Name)
		}
	}
}
