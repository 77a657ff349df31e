package canal

import (
	"sync/atomic"
	"time"
)

// pulse is a loop's last sign of life, on the clock that nobody can set.
type pulse struct{ since atomic.Int64 } // nanoseconds since birth; 0: none

var birth = time.Now()

func (p *pulse) at(t time.Time) { p.since.Store(int64(t.Sub(birth))) }

// Seen is when Run has last shown life: at each event and heartbeat, and at each try
// to connect. Between two tries it lies ahead; zero: it has not run yet. While the
// Handler has a transaction there is none.
func (c *Canal) Seen() time.Time {
	if d := c.seen.since.Load(); d != 0 {
		return birth.Add(time.Duration(d))
	}
	return time.Time{}
}
