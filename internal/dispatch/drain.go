package dispatch

import "context"

// Drain waits until the calls of the sink have come back, and lets no other begin: the
// lane is to be ended next, and nothing is cut off in flight by that. It waits no longer
// than one call may take.
func (l *Lane) Drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout+grace)
	defer cancel()
	for range cap(l.slot) {
		select {
		case l.slot <- struct{}{}: // never given back
		case <-ctx.Done():
			return
		}
	}
}
