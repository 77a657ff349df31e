package dispatch

import (
	"context"
	"time"
)

// Step does one round of Run, for tests that end a lane between two.
func (l *Lane) Step(ctx context.Context) (more bool, err error) { return l.step(ctx) }

// StoreNow saves the lane's place as Run does once a second.
func (l *Lane) StoreNow(ctx context.Context) error { return l.store(ctx, true) }

// Woken is what Run does when somebody has woken the lane.
func (l *Lane) Woken(ctx context.Context) { l.woken(ctx) }

// RestFor is how long Run waits when nothing is to be done.
func (l *Lane) RestFor() time.Duration { return l.restFor() }
