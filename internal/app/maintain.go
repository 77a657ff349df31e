package app

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"octail/internal/config"
	"octail/internal/journal"
)

// maintain keeps the journal within its limits, now and then.
func (a *Agent) maintain(ctx context.Context) {
	h := housekeeping{journal: a.journal, log: a.log, stop: a.lanes.stopFull, patience: catchUpWithin / time.Duration(max(1, a.opts.Hurry))}
	wait, next := cmp.Or(a.opts.Housekeeping, time.Minute), cmp.Or(a.opts.Housekeeping, 10*time.Minute)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = next
		h.limits = a.config().Journal
		h.sinks, h.states = a.lanes.names()
		a.excess.Store(h.round(ctx, time.Now()))
	}
}

const (
	// warnEvery is how often it is said that the journal is too large.
	warnEvery = time.Hour
	// catchUpWithin is how long a sink may keep the journal too large without coming
	// nearer to its end, before it is stopped.
	catchUpWithin = time.Hour
)

// housekeeping applies retention and packs old events.
type housekeeping struct {
	journal *journal.Journal
	limits  config.Journal
	// The configured sinks that want every revision, and those that need the newest alone:
	// one that was taken out holds nothing back.
	sinks, states []string
	stop          func(ctx context.Context, sink string) error // see dispatch.Lane.StopFull
	patience      time.Duration
	log           *slog.Logger
	warned        time.Time

	blamed string // the sink that keeps the journal too large
	since  time.Time
	behind int64 // then
}

// round returns what is too much afterwards, nil for nothing; it says so, once an
// hour. Capture never stops for a sink: one that keeps the journal too large and does not
// catch up is stopped, and the journal goes on without it.
func (h *housekeeping) round(ctx context.Context, now time.Time) *journal.Excess {
	excess := h.retain(ctx, now)
	for h.keepsOn(excess, now) {
		if err := h.stop(ctx, excess.Sink); err != nil {
			h.log.Error("a sink keeps the journal too large and cannot be stopped", "sink", excess.Sink, "err", err)
			break
		}
		h.log.Error("the sink is stopped, because "+excess.String()+": revisions that are replaced leave the journal without it, the newest of each entity stays. Mend its target or raise journal.max_bytes, then `octail resume "+excess.Sink+"`: it goes on with what is there, and loses no entity",
			"sink", excess.Sink, "behind", excess.Behind)
		i := slices.Index(h.sinks, excess.Sink)
		h.sinks, h.states = slices.Delete(slices.Clone(h.sinks), i, i+1), append(slices.Clone(h.states), excess.Sink)
		excess = h.retain(ctx, now)
	}
	if excess != nil && now.Sub(h.warned) >= warnEvery {
		h.warned = now
		h.log.Warn(excess.String(), "bytes", excess.Bytes, "sink", excess.Sink, "behind", excess.Behind, "remedy", excess.Remedy())
	}
	return excess
}

// keepsOn reports whether a sink has kept the journal too large for as long as it may,
// and is no nearer to its end than it was.
func (h *housekeeping) keepsOn(x *journal.Excess, now time.Time) bool {
	if x == nil || x.Sink == "" || h.stop == nil {
		h.blamed = ""
		return false
	}
	if x.Sink != h.blamed || x.Behind < h.behind {
		h.blamed, h.since, h.behind = x.Sink, now, x.Behind
	}
	return now.Sub(h.since) >= h.patience
}

// retain removes what may go, and returns what is too much afterwards.
func (h *housekeeping) retain(ctx context.Context, now time.Time) *journal.Excess {
	removed, err := h.journal.Retain(ctx, now, h.limits.Retention, h.limits.MaxBytes, h.sinks, h.states...)
	if err != nil && ctx.Err() == nil {
		h.log.Error("journal retention", "err", err)
	}
	if removed > 0 {
		h.log.Info("old events left the journal", "count", removed)
	}
	excess, err := h.journal.Excess(ctx, h.limits.MaxBytes, h.sinks)
	if err != nil && ctx.Err() == nil {
		h.log.Error("journal size", "err", err)
	}
	return excess
}
