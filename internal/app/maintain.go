package app

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"octail/internal/config"
	"octail/internal/journal"
)

// maintain keeps the journal within its limits, now and then.
func (a *Agent) maintain(ctx context.Context) {
	h := housekeeping{journal: a.journal, log: a.log}
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

// warnEvery is how often it is said that the journal is too large.
const warnEvery = time.Hour

// housekeeping applies retention and packs old events.
type housekeeping struct {
	journal *journal.Journal
	limits  config.Journal
	// The configured sinks that want every revision, and those that want states: one that
	// was taken out holds nothing back.
	sinks, states []string
	log           *slog.Logger
	warned        time.Time
}

// round returns what is too much afterwards, nil for nothing; it says so, once an
// hour.
func (h *housekeeping) round(ctx context.Context, now time.Time) *journal.Excess {
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
	if excess != nil && now.Sub(h.warned) >= warnEvery {
		h.warned = now
		h.log.Warn(excess.String(), "bytes", excess.Bytes, "sink", excess.Sink, "behind", excess.Behind, "remedy", excess.Remedy())
	}
	return excess
}
