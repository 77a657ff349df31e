package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"octail/internal/filter"
	"octail/internal/shop"
	"octail/sinks"
	"octail/transform"
	"octail/transform/document"
)

// What the forecast looks at.
const (
	forecastDays = 90
	forecastMost = 3000 // orders: what fits into a step's time on a slow server too
)

// forecast asks each sink that can tell which of the shop's recent orders it would hold,
// because it has no name for what they use.
func (c *checker) forecast(ctx context.Context) error {
	asked := c.forecasters()
	if c.zone == nil {
		c.leaveOut("forecast", "the shop's time zone is not known")
		return nil
	}
	uses, all, err := c.recentUse(ctx, asked)
	if err != nil {
		return err
	}
	for i, s := range asked {
		c.forecastOf(ctx, s, uses[i].list(), all)
	}
	return nil
}

// forecasters are the sinks that take orders and can tell.
func (c *checker) forecasters() (out []SinkCheck) {
	for _, s := range c.Sinks {
		takesOrders := s.Config.Entities == nil || slices.Contains(s.Config.Entities, document.OrderEntity)
		if s.Forecast != nil && takesOrders {
			out = append(out, s)
		}
	}
	return out
}

// recentUse reads the recent orders once, and gathers for each sink what those use that
// its filter lets through.
func (c *checker) recentUse(ctx context.Context, of []SinkCheck) (uses []*use, all int, err error) {
	reader := shop.New(c.db, c.report.Server, c.settings().Database, c.Config.Shop.TablePrefix)
	names, err := transform.ReadNames(ctx, reader, c.schema)
	if err != nil {
		return nil, 0, fmt.Errorf("ask the shop for its statuses and stores: %w", err)
	}
	var filters []*filter.Filter
	for _, s := range of {
		f, err := filter.New(s.Config, s.Needs, filter.Shop{Zone: c.zone})
		if err != nil {
			return nil, 0, fmt.Errorf("the filter of the sink %s: %w", s.Name, err)
		}
		f.SetStores(names.Stores)
		filters, uses = append(filters, f), append(uses, &use{places: map[string]int{}})
	}
	all, err = transform.RecentOrders(ctx, reader, c.schema, c.zone, c.now().AddDate(0, 0, -forecastDays), forecastMost, func(o *document.Order) {
		for i, f := range filters {
			e := document.Event{Key: document.Key{Entity: document.OrderEntity, ID: o.ID}, Kind: document.Created, Data: document.AppendData(nil, nil, nil, document.Encode(o).JSON)}
			if matches, err := f.Matches(&e); err == nil && matches {
				uses[i].add(o)
			}
		}
	})
	return uses, all, err
}

// forecastOf reports what one sink says.
func (c *checker) forecastOf(ctx context.Context, s SinkCheck, used []sinks.Used, all int) {
	const name = "forecast"
	remedy := c.sinkRemedy(s.Name)
	missing, err := s.Forecast(ctx, used)
	if err != nil {
		c.leaveOut(name+":"+s.Name, "the target could not be asked")
		return
	}
	span := fmt.Sprintf("the last %d days", forecastDays)
	if all > forecastMost {
		span = fmt.Sprintf("the newest %d orders of the last %d days", forecastMost, forecastDays)
	}
	var texts []string // of several stores one is told
	waiting := map[string]int64{}
	for i, u := range used {
		if why := missing[i]; why != nil {
			text := firstLine(why)
			if waiting[text] == 0 {
				texts = append(texts, text)
			}
			waiting[text] += u.Orders
		}
	}
	for _, text := range texts {
		c.warn(name+":"+s.Name, remedy, "%s would wait, by %s: %s", count(int(waiting[text]), "order"), span, text)
	}
	switch {
	case len(used) == 0:
		c.ok(name+":"+s.Name, "there are no orders for this sink in %s to look at", span)
	case len(missing) == 0:
		c.ok(name+":"+s.Name, "every payment, shipping, status, tax, currency and store that orders of %s use is mapped", span)
	}
}

// use gathers what orders use: each value once, with the number of orders.
type use struct {
	used   []sinks.Used
	places map[string]int // by kind and value
}

func (u *use) add(o *document.Order) {
	seen := map[string]bool{}
	put := func(kind, value string, what document.Order) {
		what.Store = o.Store // a target may have other names for each
		key := fmt.Sprintf("%s\x00%s\x00%d", kind, value, o.Store.ID)
		if seen[key] {
			return
		}
		seen[key] = true
		at, ok := u.places[key]
		if !ok {
			at = len(u.used)
			u.places[key] = at
			u.used = append(u.used, sinks.Used{Kind: kind, Value: value, Order: what})
		}
		u.used[at].Orders++
	}
	put("status", statusText(o.Status), document.Order{Status: o.Status})
	put("currency", o.Currency.Code, document.Order{Currency: o.Currency})
	put("store", fmt.Sprintf("%d %s", o.Store.ID, o.Store.Name), document.Order{})
	if o.Payment != nil {
		put("payment", o.Payment.Code, document.Order{Payment: o.Payment})
	}
	if o.Shipping != nil {
		put("shipping", o.Shipping.Code, document.Order{Shipping: o.Shipping})
	}
	for _, t := range o.Totals {
		if t.Code != "tax" {
			continue
		}
		value := t.Title
		if t.Tax != nil {
			value = t.Tax.Type + " " + t.Tax.Rate
		}
		t.Value = "" // of one order
		put("tax", value, document.Order{Totals: []document.Total{t}, Currency: o.Currency})
	}
}

func statusText(s document.Status) string {
	if s.Name == nil {
		return fmt.Sprint(s.ID)
	}
	return fmt.Sprintf("%d %s", s.ID, *s.Name)
}

// list is what was gathered, what most orders use first within its kind.
func (u *use) list() []sinks.Used {
	slices.SortStableFunc(u.used, func(a, b sinks.Used) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), cmp.Compare(b.Orders, a.Orders), strings.Compare(a.Value, b.Value))
	})
	return u.used
}
