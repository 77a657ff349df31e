package check

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"octail/internal/config"
	"octail/internal/filter"
	"octail/internal/shop"
	"octail/sinks"
	"octail/transform"
)

// filterNames looks whether the shop has what the sinks' filters and mappings name, and says in which
// statuses orders are created where that is the shop's to say.
func (c *checker) filterNames(ctx context.Context) error {
	wanted := false
	for _, s := range c.Sinks {
		w := s.Config.Where
		statuses, stores := s.shopNames()
		wanted = wanted || len(w.Stores)+len(w.Statuses)+len(w.CustomerGroups)+len(s.Config.Release.Statuses)+len(statuses)+len(stores) > 0 || s.shopReleases()
	}
	if !wanted {
		return nil
	}
	reader := shop.New(c.db, c.report.Server, c.settings().Database, c.Config.Shop.TablePrefix)
	names, err := transform.ReadNames(ctx, reader, c.schema)
	if err != nil && shop.Classify(err) == shop.Denied {
		c.leaveOut("filter", "the shop's statuses, groups or settings may not be read")
		return nil
	}
	if err != nil {
		return asked("ask the shop for its statuses and stores", err)
	}
	for _, s := range c.Sinks {
		w := s.Config.Where
		c.filterNamed(s.Name, "where.stores", "store", w.Stores, names.Stores)
		c.filterNamed(s.Name, "where.statuses", "order status", w.Statuses, names.Statuses)
		c.filterNamed(s.Name, "where.customer_groups", "customer group", w.CustomerGroups, names.Groups)
		c.filterNamed(s.Name, "release", "order status", s.Config.Release.Statuses, names.Statuses)
		statuses, stores := s.shopNames()
		for _, key := range slices.Sorted(maps.Keys(statuses)) {
			c.filterNamed(s.Name, key, "order status", statuses[key], names.Statuses)
		}
		for _, key := range slices.Sorted(maps.Keys(stores)) {
			c.filterNamed(s.Name, key, "store", stores[key], names.Stores)
		}
		if s.shopReleases() {
			c.released(s.Name, names)
		}
	}
	return nil
}

// shopNames are what the settings of the sink's own kind name of the shop.
func (s SinkCheck) shopNames() (statuses, stores map[string][]string) {
	n, ok := s.Config.Settings.(sinks.ShopNamer)
	if !ok {
		return nil, nil
	}
	statuses, stores = n.ShopNames()
	for _, of := range []map[string][]string{statuses, stores} {
		maps.DeleteFunc(of, func(_ string, names []string) bool { return len(names) == 0 })
	}
	return statuses, stores
}

// shopReleases tells whether the shop's settings say in which statuses orders are created.
func (s SinkCheck) shopReleases() bool {
	takesOrders := s.Config.Entities == nil || slices.Contains(s.Config.Entities, "order")
	return s.Needs.States && s.Config.Release.IsZero() && takesOrders && (s.Needs.Entities == nil || slices.Contains(s.Needs.Entities, "order"))
}

// filterNamed warns of ids and names that the shop does not have.
func (c *checker) filterNamed(sink, key, what string, listed []string, known map[int64]string) {
	unknown := filter.Missing(listed, known)
	if len(unknown) > 0 {
		c.warn("filter", fmt.Sprintf("# correct %s of the sink %s in %s", key, sink, c.configFile()),
			"%s of the sink %s: the shop has no %s %s; it has: %s", key, sink, what, strings.Join(unknown, ", "), named(known, slices.Sorted(maps.Keys(known))))
	}
}

// released says in which statuses orders are created in a sink that leaves it to the shop.
func (c *checker) released(sink string, names transform.Names) {
	remedy := fmt.Sprintf("# in %s, for the sink %s:\nrelease: [%s]   # the statuses in which an order may be created there", c.configFile(), sink, first(names.Statuses))
	switch {
	case len(names.Released) == 0:
		c.warn("filter", remedy, "no order would ever be created in the sink %s: the shop's settings name no processing or complete statuses, and the sink has no release", sink)
	case strings.HasPrefix(c.report.Generation, "1."):
		c.warn("filter", remedy, "OpenCart %s has no list of processing statuses: orders are created in the sink %s in the shop's status of new orders and in its complete one only (%s)",
			c.report.Generation, sink, named(names.Statuses, names.Released))
	default:
		c.ok("filter", "orders are created in the sink %s in the shop's processing and complete statuses: %s", sink, named(names.Statuses, names.Released))
	}
}

// shownNames bounds a list in a message.
const shownNames = 40

// named writes ids with their names.
func named(names map[int64]string, ids []int64) string {
	var out []string
	for i, id := range ids {
		if i == shownNames {
			out = append(out, "...")
			break
		}
		out = append(out, strings.TrimSpace(strconv.FormatInt(id, 10)+" "+names[id]))
	}
	return cmp.Or(strings.Join(out, ", "), "none")
}

// first are the first few names, as an example.
func first(names map[int64]string) string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(names)) {
		if len(out) < 3 {
			out = append(out, strconv.Quote(names[id]))
		}
	}
	return cmp.Or(strings.Join(out, ", "), "2, 5")
}

// filterWidened compares the sinks' filters with those of the last run.
func (c *checker) filterWidened(ctx context.Context) error {
	note, err := c.Journal.Meta(ctx, "covered")
	if err != nil {
		return err
	}
	zone := c.Config.Shop.Timezone
	if zone == config.TimezoneAuto {
		if zone, err = c.Journal.Meta(ctx, "timezone"); err != nil { // "" is UTC
			return err
		}
	}
	from := filter.Shop{Since: filter.CoveredOrders(note)}
	if from.Zone, err = time.LoadLocation(zone); err != nil {
		return err
	}
	for _, s := range c.Sinks {
		stored, err := c.Journal.Meta(ctx, filter.MetaName(s.Name))
		if err != nil {
			return err
		}
		if stored == "" {
			continue
		}
		before, err := filter.ReadSpec(stored)
		if err != nil {
			return err
		}
		now := filter.SpecOf(s.Config, s.Needs, from)
		if wider, ok := filter.Widened(before, now); ok {
			c.warn("filter", "# once the agent runs with it:\n"+wider.Remedy(s.Name, now), "sink %s: %s", s.Name, wider)
		}
	}
	return nil
}
