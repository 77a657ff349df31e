package poll

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the series of polling. They exist, and are 0, where the binlog is read.
type Metrics struct {
	took, busy, success prometheus.Gauge
	sweeps              *prometheus.CounterVec
	differences         prometheus.Counter
	alive               func(up bool, at time.Time)
}

// NewMetrics registers the series on r. alive is told whether the shop answers.
func NewMetrics(r prometheus.Registerer, alive func(up bool, at time.Time)) *Metrics {
	m := &Metrics{
		took:        prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_poll_sweep_seconds", Help: "How long the last whole sweep of the shop took, pauses included (capture.mode: poll)."}),
		busy:        prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_poll_statements_seconds", Help: "How much of the last whole sweep the shop's database was at work for it."}),
		success:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_poll_last_success_timestamp_seconds", Help: "When the last whole sweep began: what was committed before it has been found. 0: none yet."}),
		sweeps:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octail_poll_sweeps_total", Help: "Sweeps by result: done, partial (some tables could not be read), failed (given up, tried again)."}, []string{"result"}),
		differences: prometheus.NewCounter(prometheus.CounterOpts{Name: "octail_poll_differences_total", Help: "Keys that sweeps found other than before, and marked to be read."}),
		alive:       alive,
	}
	r.MustRegister(m.took, m.busy, m.success, m.sweeps, m.differences)
	for _, result := range []string{"done", "partial", "failed"} {
		m.sweeps.WithLabelValues(result)
	}
	return m
}

func (m *Metrics) answered(at time.Time) { m.alive(true, at) }

func (m *Metrics) failed() {
	m.alive(false, time.Now())
	m.sweeps.WithLabelValues("failed").Inc()
}

func (m *Metrics) found(keys int) { m.differences.Add(float64(keys)) }

func (m *Metrics) done(began time.Time, took, busy time.Duration, whole bool) {
	result := "done"
	if whole {
		m.success.Set(float64(began.UnixMilli()) / 1000)
	} else {
		result = "partial"
	}
	m.took.Set(took.Seconds())
	m.busy.Set(busy.Seconds())
	m.sweeps.WithLabelValues(result).Inc()
}
