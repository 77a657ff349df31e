package transform

import (
	"context"
	"time"
)

// pace keeps reads of the background (snapshot, comparison) to at most half of the
// time: what one took, the shop's database rests before the next. The rest runs while
// documents are made and journaled, so that it costs little.
type pace struct{ until time.Time }

// took notes that a read which began at began ended at now.
func (p *pace) took(began, now time.Time) { p.until = now.Add(now.Sub(began)) }

// rested reports whether the next read may begin.
func (p *pace) rested(now time.Time) bool { return !now.Before(p.until) }

// wait returns when the next read may begin.
func (p *pace) wait(ctx context.Context, now time.Time) error {
	timer := time.NewTimer(p.until.Sub(now))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
