package app

import (
	"context"
	"slices"

	"octail/internal/erase"
	"octail/sinks"
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
	r, err := erase.Run(ctx, erase.Config{Journal: a.journal, Transform: s.transform, Sinks: a.erasers(), Progress: progress}, req)
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
func (a *Agent) erasers() (out []erase.Sink) {
	for i, s := range a.cfg.Sinks {
		takes := func(kind string) bool { return s.Entities == nil || slices.Contains(s.Entities, kind) }
		e := erase.Sink{Name: s.Name, Type: s.Type, Takes: takes(document.CustomerEntity) || takes(document.OrderEntity)}
		if i < len(a.opened) {
			e.States = a.opened[i].needs.States
			_, e.Erases = a.opened[i].sink.(sinks.Eraser)
		}
		out = append(out, e)
	}
	return out
}

