package app

import (
	"context"
	"time"
)

// maintain applies retention and packs old events, now and then.
func (a *Agent) maintain(ctx context.Context) {
	names := make([]string, len(a.cfg.Sinks))
	for i, s := range a.cfg.Sinks {
		names[i] = s.Name
	}
	wait := time.Minute
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = 10 * time.Minute
		removed, err := a.journal.Retain(ctx, time.Now(), a.cfg.Journal.Retention, a.cfg.Journal.MaxBytes, names)
		if err != nil && ctx.Err() == nil {
			a.log.Error("journal retention", "err", err)
		}
		if removed > 0 {
			a.log.Info("old events left the journal", "count", removed)
		}
	}
}
