package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"octail/internal/filter"
	"octail/internal/shop"
	"octail/transform"
)

// What filters have to know of the shop is kept in the journal, so that lanes go on while
// the shop's database is away. It is read at each start, and the released statuses also
// when the binlog tells that the shop's settings were saved.
const (
	metaReleased = "released" // statuses in which an order may be created, by default
	metaStores   = "stores"   // names by id
)

// released are the shop's processing and complete statuses, as the journal knows them;
// nil: not known yet.
func (a *Agent) released(ctx context.Context) ([]int64, error) {
	var ids []int64
	return ids, a.known(ctx, metaReleased, &ids)
}

// stores are what the shop's stores are called; nil: not known yet.
func (a *Agent) stores(ctx context.Context) (map[int64]string, error) {
	var names map[int64]string
	return names, a.known(ctx, metaStores, &names)
}

func (a *Agent) known(ctx context.Context, name string, into any) error {
	text, err := a.journal.Meta(ctx, name)
	if err != nil || text == "" {
		return err
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("read journal meta %s: %w", name, err)
	}
	return nil
}

// learn reads from the shop what filters have to know, keeps it and tells them. It needs
// the journal's note of what it covers, and is safe to repeat.
func (a *Agent) learn(ctx context.Context, s *source, schema *shop.Schema) error {
	names, err := transform.ReadNames(ctx, s.reader, schema)
	switch {
	case err == nil:
		if err := a.keep(ctx, metaStores, names.Stores); err != nil {
			return err
		}
		a.tellFilters(func(f *filter.Filter) { f.SetStores(names.Stores) })
		a.names.Store(&names)
		for _, l := range a.lanes.all() {
			a.warnOfNames(l.cfg)
		}
	case shop.Classify(err) == shop.Unreachable && !errors.Is(err, transform.ErrNoLanguages):
		return fmt.Errorf("ask the shop for its statuses and stores: %w", err)
	default: // what cannot be read waits alone; what the journal has goes on
		a.log.Warn("the shop's statuses and stores cannot be read: filters go by what is known of them", "err", shop.Explain(err))
	}
	if names.Released != nil {
		if err := a.setReleased(ctx, names.Released); err != nil {
			return err
		}
	}
	note, err := a.journal.Meta(ctx, "covered")
	if err != nil {
		return err
	}
	a.tellFilters(func(f *filter.Filter) {
		f.SetZone(s.zone)
		f.SetSince(filter.CoveredOrders(note))
	})
	return nil
}

// setReleased keeps the shop's processing and complete statuses and tells the filters.
func (a *Agent) setReleased(ctx context.Context, ids []int64) error {
	was, err := a.released(ctx)
	if err != nil {
		return err
	}
	if was == nil || !slices.Equal(was, ids) {
		if err := a.keep(ctx, metaReleased, ids); err != nil {
			return err
		}
	}
	if was != nil && !slices.Equal(was, ids) {
		a.log.Info("the shop's processing and complete statuses are others: sinks without release create orders in these from now on", "was", fmt.Sprint(was), "is", fmt.Sprint(ids))
	}
	a.tellFilters(func(f *filter.Filter) { f.SetReleased(ids) })
	if was == nil { // orders wait for it
		for _, l := range a.lanes.all() {
			l.Wake()
		}
	}
	return nil
}

// renewReleased is setReleased for the transformer, which cannot wait for the journal: what
// could not be kept is read again at the next start.
func (a *Agent) renewReleased(ctx context.Context, ids []int64) {
	if err := a.setReleased(ctx, ids); err != nil && ctx.Err() == nil {
		a.log.Warn("the shop's processing and complete statuses could not be kept", "err", err)
	}
}

func (a *Agent) keep(ctx context.Context, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("keep journal meta %s: %w", name, err)
	}
	return a.journal.SetMeta(ctx, name, string(text))
}
