package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"octail/internal/console"
	"octail/internal/journal"
	"octail/internal/reconcile"
)

// targets are the sinks that can read back what their targets hold: all, or some by
// name.
func (a *Agent) targets(ctx context.Context, names []string) ([]reconcile.Target, error) {
	var out []reconcile.Target
	var able []string
	for _, l := range a.lanes.all() {
		if !l.Compares() {
			continue
		}
		able = append(able, l.Name())
		if len(names) > 0 && !slices.Contains(names, l.Name()) {
			continue
		}
		t := reconcile.Target{Lane: l, Batch: l.Needs().Batch}
		var err error
		if t.Why, err = a.atRest(ctx, l); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	for _, name := range names {
		if err := a.noSink(name); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(t reconcile.Target) bool { return t.Name() == name }) {
			can := "; no sink of this configuration can"
			if len(able) > 0 {
				can = "; those that can: " + strings.Join(able, ", ")
			}
			return nil, &console.Mistake{Err: fmt.Errorf("sink %s cannot be asked what its target holds%s", name, can)}
		}
	}
	return out, nil
}

// atRest is why a sink is given nothing at present, "" when it is.
func (a *Agent) atRest(ctx context.Context, l *lane) (string, error) {
	record, _, err := a.journal.Sink(ctx, l.Name())
	if err != nil {
		return "", err
	}
	switch failing := l.Status(ctx).LastError; {
	case record.Paused:
		return "it is paused (`octail resume " + l.Name() + "`)", nil
	case record.Stopped == journal.StoppedFull:
		return "it was stopped because it kept the journal beyond journal.max_bytes (`octail resume " + l.Name() + "`)", nil
	case record.Stopped != "":
		return "it has stopped: " + record.Stopped, nil
	case failing != "":
		return "it fails: " + failing, nil
	}
	return "", nil
}

// reconcileSinks compares with some sinks alone: for that the shop may be away.
func (a *Agent) reconcileSinks(ctx context.Context, req reconcile.Request) (*reconcile.Report, error) {
	if !a.comparing.TryLock() {
		return nil, fmt.Errorf("%w: `octail status` tells its result when it has ended", console.ErrBusy)
	}
	defer a.comparing.Unlock()
	targets, err := a.targets(ctx, req.Sinks)
	if err != nil {
		return nil, err
	}
	r, err := reconcile.RunSinks(ctx, a.journal, targets, req.Repair)
	if err != nil {
		return nil, err
	}
	a.metrics.reconciledSinks(r)
	a.logSinks(r)
	return r, nil
}

// logSinks tells how the sinks' targets compare.
func (a *Agent) logSinks(r *reconcile.Report) {
	for _, name := range slices.Sorted(maps.Keys(r.Sinks)) {
		s := r.Sinks[name]
		for _, d := range s.Differences {
			a.log.Warn("a target differs from what the sink has accepted", "sink", name, "subject", d.Subject, "missing", d.Missing, "fields", d.Fields)
		}
		switch t := s.Total(); {
		case s.Held:
			a.log.Error("most of what the sink has accepted is missing in its target, perhaps because that is another one: nothing is delivered once more; `octail reconcile --repair --sink "+name+"` does it", "sink", name, "result", s.String())
		case t.Differences() > t.Again:
			a.log.Warn("the target differs from what the sink has accepted; `octail reconcile --repair` delivers it once more", "sink", name, "result", s.String())
		case t.Differences() > 0:
			a.log.Warn("the target differed from what the sink has accepted: it is delivered once more", "sink", name, "result", s.String())
		case s.Skipped != "":
			a.log.Warn("the target could not be compared, or not all of it, with what the sink has accepted", "sink", name, "result", s.String())
		default:
			a.log.Info("the target was compared with what the sink has accepted", "sink", name, "result", s.String())
		}
	}
}
