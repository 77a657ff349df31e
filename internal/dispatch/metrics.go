package dispatch

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the series of delivery, shared by all lanes.
type Metrics struct {
	attempts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	whole    *prometheus.HistogramVec
	registry prometheus.Registerer

	mu      sync.Mutex
	watched map[string]prometheus.Collector // by sink: what is read from its lane
}

// NewMetrics registers the series on r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octail_delivery_attempts_total", Help: "Deliveries tried, by outcome."}, []string{"sink", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "octail_delivery_duration_seconds", Help: "Time one call of the sink took.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 60}, NativeHistogramBucketFactor: 1.1}, []string{"sink"}),
		whole: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "octail_end_to_end_duration_seconds", Help: "Commit in the shop to the sink's acceptance.",
			Buckets: []float64{.1, .3, 1, 3, 10, 30, 60, 300, 1800, 7200, 21600}, NativeHistogramBucketFactor: 1.1}, []string{"sink"}),
		registry: r, watched: map[string]prometheus.Collector{},
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
	series := newLaneSeries(l)
	m.registry.MustRegister(series)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watched[l.cfg.Name] = series
}

// Unwatch takes away what is read from a sink's lane, which has ended: another lane of
// that name may be made. What was counted stays. It is safe to repeat.
func (m *Metrics) Unwatch(sink string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if series, ok := m.watched[sink]; ok {
		m.registry.Unregister(series)
	}
	delete(m.watched, sink)
}

// Forget takes away all series of a sink that was taken out, whose lane has ended.
func (m *Metrics) Forget(sink string) {
	m.Unwatch(sink)
	labels := prometheus.Labels{"sink": sink}
	m.attempts.DeletePartialMatch(labels)
	m.duration.DeletePartialMatch(labels)
	m.whole.DeletePartialMatch(labels)
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
