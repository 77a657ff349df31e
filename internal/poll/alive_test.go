package poll

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestAlive: whatever a statement came to, a sign of life follows it at once, and no
// pause is longer than was announced; one behind an error is short.
func TestAlive(t *testing.T) {
	for _, c := range []struct {
		took, pause time.Duration
		err         error
	}{
		{time.Second, 3 * time.Second, nil},
		{30 * time.Second, 90 * time.Second, nil},
		{time.Second, 3 * time.Second, errors.New("refused")},
		{30 * time.Second, 30 * time.Second, errors.New("took too long")},
	} {
		synctest.Test(t, func(t *testing.T) {
			until, silent := time.Now(), time.Duration(0) // announced; longest time beyond that
			sign := func(wait time.Duration) {
				silent = max(silent, time.Since(until))
				until = time.Now().Add(wait)
			}
			p := New(Config{Log: slog.New(slog.DiscardHandler), Alive: sign, Settle: 10 * time.Minute, Metrics: NewMetrics(prometheus.NewRegistry(), func(bool, time.Time) {})})
			s := &sweep{p: p, ctx: t.Context()}
			for range 5 {
				began := time.Now()
				_, err := s.timed(func() error { time.Sleep(c.took); return c.err })
				if pause := time.Since(began) - c.took; !errors.Is(err, c.err) || pause != c.pause {
					t.Errorf("%v: paused %s, error %v", c, pause, err)
				}
			}
			if !s.sleep(p.cfg.Settle) {
				t.Error("did not wait to its end")
			}
			sign(0)
			if silent > c.took {
				t.Errorf("%v: %s without a sign of life", c, silent)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if s.ctx = ctx; s.sleep(time.Hour) {
				t.Error("waited although it is to end")
			}
		})
	}
}
