package app

import (
	"context"

	"octail/internal/erase"
	"octail/sinks"
	"octail/sinks/all"
	"octail/transform/document"
)

// Erase implements console.Agent: it forgets a person. One at a time.
func (a *Agent) Erase(ctx context.Context, req erase.Request, progress func(erase.Report)) (*erase.Report, error) {
	s, err := a.following()
	if err != nil {
		return nil, err
	}
	a.erasing.Lock()
	defer a.erasing.Unlock()
	targets, err := a.erasers(ctx)
	if err != nil {
		return nil, err
	}
	r, err := erase.Run(ctx, erase.Config{Journal: a.journal, Transform: s.transform, Sinks: targets, Progress: progress}, req)
	if err != nil {
		return nil, unreachable(err)
	}
	log := a.log.Info
	if !r.Done() {
		log = a.log.Warn
	}
	log("a person was erased from the journal on request", "events", r.Events, "customers", r.Customers, "orders", r.Orders, "failed", len(r.Failed), "done", r.Done())
	return r, nil
}

// erasers are the sinks as erasing sees them.
func (a *Agent) erasers(ctx context.Context) (out []erase.Sink, err error) {
	for _, l := range a.lanes.all() {
		e := erase.Sink{Name: l.Name(), Type: l.cfg.Type, Takes: l.Takes(document.CustomerEntity) || l.Takes(document.OrderEntity)}
		if plugin, ok := all.ByType(l.cfg.Type); ok {
			e.States = plugin.Needs(l.cfg.Settings).States
		}
		_, e.Erases = l.sink.(sinks.Eraser)
		if e.AtRest, err = a.atRest(ctx, l); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
