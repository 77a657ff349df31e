package dispatch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"octail/internal/dispatch"
	"octail/sinks"
)

// TestMetrics: all series are there from the start, count what happens, and no
// label grows with what is delivered.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		r := prometheus.NewRegistry()
		m := dispatch.NewMetrics(r)
		with := func(c *dispatch.Config) { c.Metrics = m }
		s, other := &sink{}, &sink{}
		s.answer = func(_ context.Context, call int, _ []sinks.Delivery) error {
			if call <= 2 {
				return &sinks.BatchError{Failed: map[int]error{3 - call: errors.New("alice@example.com is unknown")}}
			}
			return nil
		}
		a, b := newLane(t, j, s, with), newLane(t, j, other, with, named("other"))
		before := series(t, r)
		if len(before) != 2*(4+1+1+14) {
			t.Errorf("%d series before anything happens", len(before))
		}
		fill(t, j, 5)
		values := func(want map[string]float64) {
			t.Helper()
			have := series(t, r)
			for name, value := range want {
				if got, ok := have[name]; !ok || got != value {
					t.Errorf("%s is %v, want %v", name, got, value)
				}
			}
		}
		values(map[string]float64{
			"octail_delivery_attempts_total ok log": 0, "octail_delivery_attempts_total ok other": 0,
			"octail_delivery_attempts_total retry log": 0, "octail_delivery_attempts_total retry other": 0,
			"octail_delivery_duration_seconds log": 0, "octail_end_to_end_duration_seconds log": 0,
			"octail_sink_pending log": 5, "octail_sink_pending other": 5, "octail_sink_oldest_pending_seconds log": 0,
		})
		time.Sleep(30 * time.Second)
		values(map[string]float64{"octail_sink_oldest_pending_seconds log": 30})
		a.run(t)
		b.run(t)
		pass(time.Minute)
		values(map[string]float64{
			"octail_delivery_attempts_total ok log": 5, "octail_delivery_attempts_total ok other": 5,
			"octail_delivery_attempts_total retry log": 4, "octail_delivery_attempts_total retry other": 0,
			"octail_delivery_duration_seconds log": 4, "octail_end_to_end_duration_seconds log": 5,
			"octail_sink_pending log": 0, "octail_sink_pending other": 0, "octail_sink_oldest_pending_seconds log": 0,
		})
		families, err := r.Gather()
		check(t, err)
		if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
			t.Error(problems, err)
		}
		if after := series(t, r); len(after) != len(before) {
			t.Errorf("%d series became %d", len(before), len(after))
		}
		a.end()
		b.end()
	})
}

// series reads all series by name and label values; of histograms the count.
func series(t testing.TB, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	check(t, err)
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label { // sorted by name: outcome, sink
				name += " " + l.GetValue()
			}
			out[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return out
}
