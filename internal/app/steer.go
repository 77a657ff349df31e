package app

import (
	"context"

	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/filter"
	"octail/internal/journal"
	"octail/internal/steer"
	"octail/sinks/all"
	"octail/transform/document"
)

// Desk implements console.Agent.
func (a *Agent) Desk() *steer.Desk {
	desk := &steer.Desk{Journal: a.journal}
	for _, l := range a.lanes.all() {
		desk.Sinks = append(desk.Sinks, l.Name())
		if !l.Needs().States {
			desk.Logs = append(desk.Logs, l.Name())
		}
	}
	desk.Lane = func(sink string) steer.Lane {
		for _, l := range a.lanes.all() {
			if l.Name() == sink {
				return steered{l, a}
			}
		}
		return nil
	}
	return desk
}

// OfflineDesk steers deliveries of an agent that does not run, in its journal.
func OfflineDesk(cfg *config.Config, j *journal.Journal) *steer.Desk {
	desk := &steer.Desk{Journal: j}
	for _, s := range cfg.Sinks {
		desk.Sinks = append(desk.Sinks, s.Name)
		if plugin, ok := all.ByType(s.Type); ok && !plugin.Needs(s.Settings).States {
			desk.Logs = append(desk.Logs, s.Name)
		}
	}
	return desk
}

// Sinks implements console.Agent.
func (a *Agent) Sinks(ctx context.Context) []console.SinkFilter {
	var out []console.SinkFilter
	for _, l := range a.lanes.all() {
		a.mu.Lock()
		f := a.filters[l.Name()]
		a.mu.Unlock()
		known := sinkFilter(l.cfg, f)
		known.Error = l.Status(ctx).LastError
		out = append(out, known)
	}
	return out
}

// SinkFilters says what each configured sink takes, with what the journal knows of the
// shop.
func SinkFilters(ctx context.Context, cfg *config.Config, j *journal.Journal) ([]console.SinkFilter, error) {
	a := &Agent{cfg: cfg, journal: j}
	var out []console.SinkFilter
	for _, s := range cfg.Sinks {
		plugin, ok := all.ByType(s.Type)
		if !ok {
			continue
		}
		f, _, err := a.newFilter(ctx, s, plugin.Needs(s.Settings))
		if err != nil {
			return nil, err
		}
		out = append(out, sinkFilter(s, f))
	}
	return out, nil
}

func sinkFilter(s config.Sink, f *filter.Filter) console.SinkFilter {
	out := console.SinkFilter{Name: s.Name, Entities: s.Entities}
	if plugin, ok := all.ByType(s.Type); ok {
		out.States = plugin.Needs(s.Settings).States
	}
	if f == nil {
		return out
	}
	out.Takes = func(e *document.Event, known bool) (bool, string) {
		if known && out.States { // what it has once, it is kept equal
			return true, ""
		}
		if ok, err := f.Matches(e); err == nil && !ok {
			return false, "its `where` leaves this out"
		}
		if known {
			return true, ""
		}
		if ok, why := f.MayCreate(e); !ok {
			return false, "not created: " + why
		}
		return true, ""
	}
	return out
}
