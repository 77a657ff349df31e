package canal

import (
	"testing"
	"time"

	"octail/internal/shoptest/shoptesting"
)

// TestSeen: capture shows life with each heartbeat and each try to connect, and none
// while the handler keeps it.
func TestSeen(t *testing.T) {
	p := newPlace(t, shoptesting.MariaDB(t), markerTable)
	release := make(chan struct{})
	held := make(chan struct{}, 1)
	f := p.follow(p.here(), markers, func(_ *Config, r *recorder) {
		r.block = func() {
			select {
			case <-held: // not yet, or not any more
				<-release
			default:
			}
		}
	})
	rises := func(when string) {
		t.Helper()
		for range 3 {
			at := f.canal.Seen()
			f.wait("a sign of life "+when, func() bool { return f.canal.Seen().After(at) })
		}
	}
	f.connected()
	rises("while the log is quiet")
	held <- struct{}{}
	f.wait("the handler to keep it", func() bool { return len(held) == 0 })
	f.wait("the signs of life to end", func() bool { // ten heartbeats: one may have been on its way
		at := f.canal.Seen()
		time.Sleep(200 * time.Millisecond)
		return f.canal.Seen().Equal(at)
	})
	close(release)
	rises("afterwards")
	f.stop()

	x := newProxy(t, "")
	nobody := p.follow(p.here(), markers, through(x), func(c *Config, _ *recorder) { c.Silence = 20 * time.Millisecond })
	for range 3 {
		at := nobody.canal.Seen()
		nobody.wait("a sign of life without a server", func() bool { return nobody.canal.Seen().After(at) })
	}
}
