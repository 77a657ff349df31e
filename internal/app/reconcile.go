package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"octail/canal"
	"octail/internal/console"
	"octail/internal/reconcile"
	"octail/internal/reread"
	"octail/internal/shop"
	"octail/transform"
	"octail/transform/document"
)

// following is what commands need that ask the shop.
func (a *Agent) following() (*source, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.source == nil {
		return nil, fmt.Errorf("%w: %s", console.ErrUnreachable, a.state.Error)
	}
	return a.source, nil
}

// Reconcile implements console.Agent: it compares the shop with the journal, and what
// sinks accepted with what their targets hold; one comparison at a time.
func (a *Agent) Reconcile(ctx context.Context, req reconcile.Request, progress func(reconcile.Report)) (*reconcile.Report, error) {
	if len(req.Sinks) > 0 {
		return a.reconcileSinks(ctx, req)
	}
	return a.reconcile(ctx, req.Repair, false, progress)
}

func (a *Agent) reconcile(ctx context.Context, repair, daily bool, progress func(reconcile.Report)) (*reconcile.Report, error) {
	s, err := a.following()
	if err != nil {
		return nil, err
	}
	if !a.comparing.TryLock() {
		return nil, fmt.Errorf("%w: `octail status` tells its result when it has ended", console.ErrBusy)
	}
	defer a.comparing.Unlock()
	targets, err := a.targets(ctx, nil)
	if err != nil {
		return nil, err
	}
	r, err := reconcile.Run(ctx, reconcile.Config{Journal: a.journal, Transform: s.transform, CaughtUp: s.caughtUp, Pending: s.pending, Hold: a.cfg.Capture.EditHold, Repair: repair, Daily: daily, Targets: targets,
		Progress: func(r reconcile.Report) {
			a.comparison.Store(&r)
			if progress != nil {
				progress(r)
			}
		}})
	a.comparison.Store(nil)
	if err != nil {
		return nil, unreachable(err)
	}
	a.metrics.reconciled(r)
	args := []any{"result", r.Total.String(), "repair", repair, "took", r.Finished.Sub(r.Started).Round(time.Millisecond).String()}
	for _, d := range r.Differences {
		a.log.Warn("the journal differed from the shop", "subject", d.Subject, "state", d.State, "fields", d.Fields)
	}
	switch {
	case r.Total.Differences() == 0 && r.ShopEqual():
		a.log.Info("the journal was compared with the shop", args...)
	case r.ShopEqual():
		a.log.Warn("the journal was compared with the shop and repaired: something had been missed", args...)
	case r.Total.Differences() > r.Total.Repaired:
		a.log.Warn("the journal differs from the shop; `octail reconcile --repair` mends it", args...)
	default:
		a.log.Warn("the journal was compared with the shop, as far as it can be read; `octail status` says what cannot", append(args, "skipped", slices.Sorted(maps.Keys(r.Skipped)))...)
	}
	a.logSinks(r)
	return r, nil
}

// Sync implements console.Agent: it reads entities again.
func (a *Agent) Sync(ctx context.Context, req reread.Request, progress func(reread.Report)) (*reread.Report, error) {
	s, err := a.following()
	if err != nil {
		return nil, err
	}
	if req.SinceDay != "" { // midnight where the shop is
		if req.Since, err = time.ParseInLocation(time.DateOnly, req.SinceDay, s.zone); err != nil {
			return nil, fmt.Errorf("since_day: %w", err)
		}
	}
	var takers []reread.Sink
	for _, l := range a.lanes.all() {
		if l.Takes(req.Entity) {
			takers = append(takers, reread.Sink{Name: l.Name(), Resends: l.Resends(), Asked: len(req.Sinks) == 0 || slices.Contains(req.Sinks, l.Name())})
		}
	}
	for _, name := range req.Sinks {
		if !slices.ContainsFunc(takers, func(s reread.Sink) bool { return s.Name == name }) {
			if err := a.noSink(name); err != nil {
				return nil, err
			}
			return nil, &console.Mistake{Err: fmt.Errorf("sink %s takes no %s documents: see its entities in the configuration", name, req.Entity)}
		}
	}
	r, err := reread.Run(ctx, reread.Config{Journal: a.journal, Transform: s.transform, Sinks: takers, Progress: progress}, req)
	if err == nil && !req.DryRun {
		a.log.Info("entities were read again on request", "entity", req.Entity, "read", r.Read, "changed", r.Changed, "again", r.Again, "failed", r.Failed)
	}
	if errors.Is(err, reread.ErrNoStatus) || errors.Is(err, transform.ErrSelection) {
		return nil, &console.Mistake{Err: err}
	}
	return r, unreachable(err)
}

// noSink refuses the name of a sink that is not in the configuration.
func (a *Agent) noSink(name string) error {
	var names []string
	for _, l := range a.lanes.all() {
		if l.Name() == name {
			return nil
		}
		names = append(names, l.Name())
	}
	return &console.Mistake{Err: fmt.Errorf("there is no sink %q in the configuration: choose one of %s", name, strings.Join(names, ", "))}
}

// unreachable marks an error that says that the shop's database does not answer.
func unreachable(err error) error {
	if transform.Unreachable(err) || errors.Is(err, errNoPosition) {
		return fmt.Errorf("%w: %w", console.ErrUnreachable, err)
	}
	return err
}

// errNoPosition: the database server could not be asked where its log stands.
var errNoPosition = errors.New("ask where the binlog ends")

// caughtWithin bounds the wait for capture.
const caughtWithin = 2 * time.Minute

// caughtUp implements reconcile.Config.CaughtUp: what the shop has committed by now is
// journaled or marked once the watermark has passed the log's present end.
func (s *source) caughtUp(ctx context.Context) error {
	if s.poll != nil {
		return s.swept(ctx)
	}
	s.mu.Lock()
	server := s.server
	s.mu.Unlock()
	here, err := canal.Here(ctx, s.db, server)
	if err != nil && shop.Classify(err) == shop.Unreachable {
		return fmt.Errorf("%w: %w", errNoPosition, err)
	}
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(caughtWithin); ; {
		at := s.transform.Watermark()
		if at.AtOrAfter(here.File, here.Offset) || here.GTID != "" && at.GTID == here.GTID {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: it has reached %s, the shop stood at %s %s ago", reconcile.ErrBehind, at, here, caughtWithin)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// swept is caughtUp where the shop is polled: a sweep that began after the call has found
// everything.
func (s *source) swept(ctx context.Context) error {
	now := time.Now()
	deadline := now.Add(caughtWithin + 3*s.poll.Status().Took)
	s.poll.Hurry()
	for s.poll.Status().Last.Before(now) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: no sweep of it has ended since %s", reconcile.ErrBehind, now.UTC().Format(time.DateTime))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// pending implements reconcile.Config.Pending: a sweep calls gone what later ones miss too.
func (s *source) pending(k document.Key) bool { return s.poll != nil && s.poll.Misses(k.Entity, k.ID) }

// nightlyAgain is when a comparison that failed is tried again.
const nightlyAgain = 10 * time.Minute

// nightly compares once a day, at reconcile.at in the shop's time zone, and goes on with
// a comparison that was cut short.
func (a *Agent) nightly(ctx context.Context, s *source) {
	run := func(repair bool) (done bool) {
		_, err := a.reconcile(ctx, repair, true, nil)
		switch {
		case err == nil, ctx.Err() != nil:
			return true
		case errors.Is(err, reconcile.ErrFilling), errors.Is(err, reconcile.ErrBehind), errors.Is(err, console.ErrBusy):
			a.log.Info("the daily comparison of journal and shop waits", "because", err, "again_in", nightlyAgain.String())
		default:
			a.log.Error("comparing the journal with the shop did not come to its end; it is gone on with later", "err", err, "again_in", nightlyAgain.String())
		}
		return false
	}
	if last, err := reconcile.Last(ctx, a.journal); err == nil && last != nil {
		a.metrics.reconciled(last)
	}
	at := a.config().Reconcile.At
	next := at.Next(time.Now(), s.zone)
	if repair, unfinished, err := reconcile.Unfinished(ctx, a.journal); err == nil && unfinished && !run(repair) {
		next = time.Now().Add(nightlyAgain)
	}
	for ctx.Err() == nil {
		wait := time.Minute
		if at.Set { // the clock may jump, the machine sleep
			wait = min(wait, max(time.Second, time.Until(next)))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		now := time.Now()
		if present := a.config().Reconcile.At; present != at {
			at, next = present, present.Next(now, s.zone)
		}
		if at.Set && !now.Before(next) {
			next = at.Next(now, s.zone)
			if !run(a.config().Reconcile.Repair) {
				next = now.Add(nightlyAgain)
			}
		}
	}
}
