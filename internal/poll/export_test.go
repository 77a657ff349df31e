package poll

import (
	"context"
	"time"
)

// Sweep sweeps once.
func (p *Poller) Sweep(ctx context.Context) error { return p.SweepAt(ctx, time.Now()) }

// SweepAt sweeps once, as if it began at a time.
func (p *Poller) SweepAt(ctx context.Context, began time.Time) error { return p.sweep(ctx, began) }

// Small makes all ranges of a target or table n keys long.
func (p *Poller) Small(n int, names ...string) {
	for _, name := range names {
		p.sizes[name] = n
	}
}

// Size is how many keys of a target or table are asked for at once.
func (p *Poller) Size(name string) int { return p.sizes[name] }
