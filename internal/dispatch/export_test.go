package dispatch

import "context"

// Step does one round of Run, for tests that end a lane between two.
func (l *Lane) Step(ctx context.Context) (more bool, err error) { return l.step(ctx) }

// StoreNow saves the lane's place as Run does once a second.
func (l *Lane) StoreNow(ctx context.Context) error { return l.store(ctx, true) }
