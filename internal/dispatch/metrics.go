package dispatch

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the series of delivery, shared by all lanes.
type Metrics struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	whole    *prometheus.HistogramVec
	registry prometheus.Registerer
}

// NewMetrics registers the series on r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octail_delivery_attempts_total", Help: "Deliveries tried, by outcome."}, []string{"sink", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "octail_delivery_duration_seconds", Help: "Time one call of the sink took.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 60}, NativeHistogramBucketFactor: 1.1}, []string{"sink"}),
		whole: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "octail_end_to_end_duration_seconds", Help: "Commit in the shop to the sink's acceptance.",
			Buckets: []float64{.1, .3, 1, 3, 10, 30, 60, 300, 1800, 7200, 21600}, NativeHistogramBucketFactor: 1.1}, []string{"sink"}),
		registry: r,
	}
	r.MustRegister(m.attempts, m.duration, m.whole)
	return m
}

// watch makes a lane's series exist, and adds those that are read from it.
func (m *Metrics) watch(l *Lane) {
	for _, outcome := range []string{"ok", "retry", "dead", "dropped_by_filter"} {
		m.attempts.WithLabelValues(l.cfg.Name, outcome)
	}
	m.duration.WithLabelValues(l.cfg.Name)
	m.whole.WithLabelValues(l.cfg.Name)
	labels := prometheus.Labels{"sink": l.cfg.Name}
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "octail_sink_pending", Help: "Events waiting for the sink.", ConstLabels: labels},
			func() float64 { return float64(l.Status(context.Background()).Pending) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "octail_sink_oldest_pending_seconds", Help: "Age of the oldest event waiting for the sink.", ConstLabels: labels},
			func() float64 {
				if at := l.Status(context.Background()).Oldest; !at.IsZero() {
					return time.Since(at).Seconds()
				}
				return 0
			}),
	)
}

// call counts one call of a sink.
func (m *Metrics) call(sink string, good, failed int, took time.Duration) {
	m.attempts.WithLabelValues(sink, "ok").Add(float64(good))
	m.attempts.WithLabelValues(sink, "retry").Add(float64(failed))
	m.duration.WithLabelValues(sink).Observe(took.Seconds())
}

func (m *Metrics) dead(sink string) { m.attempts.WithLabelValues(sink, "dead").Inc() }

// dropped counts a revision that is not for a sink.
func (m *Metrics) dropped(sink string) { m.attempts.WithLabelValues(sink, "dropped_by_filter").Inc() }

func (m *Metrics) endToEnd(sink string, took time.Duration) {
	m.whole.WithLabelValues(sink).Observe(max(0, took.Seconds()))
}
