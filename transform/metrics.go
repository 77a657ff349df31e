package transform

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"octail/canal"
	"octail/transform/document"
)

// Metrics are the series of document making.
type Metrics struct {
	documents *prometheus.CounterVec
	halfway   *prometheus.CounterVec
	resyncs   *prometheus.CounterVec
	of        atomic.Pointer[Transformer]
}

// NewMetrics registers the series on r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		documents: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octail_documents_total",
			Help: "Entities read, by result: changed (a new revision), unchanged, draft (an order that is none yet), deleted, failed."}, []string{"entity", "result"}),
		halfway: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octail_documents_halfway_total",
			Help: "Reads that still looked like the middle of a change when the wait was over, and were taken as they were."}, []string{"entity", "reason"}),
		resyncs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octail_documents_resyncs_total",
			Help: "Times an entity was compared as a whole because rows may have changed without row events."}, []string{"reason"}),
	}
	r.MustRegister(m.documents, m.halfway, m.resyncs,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "octail_documents_pending", Help: "Touched entities that wait to be read."},
			m.read(func(t *Transformer) int64 { return int64(t.Pending()) })),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "octail_documents_invalid_texts_total", Help: "Stored texts with bytes that are not valid UTF-8; they became U+FFFD."},
			m.read(func(t *Transformer) int64 { return t.text.invalid.Load() })),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "octail_documents_reads_retaken_total", Help: "Snapshots of the shop that did not show yet what its binlog had announced, and were taken again."},
			m.read(func(t *Transformer) int64 { return t.cfg.Shop.Retaken() })),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "octail_documents_zero_rates_total", Help: "Orders read with a currency_value of 0, taken as 1."},
			m.read(func(t *Transformer) int64 { return t.text.zeroRates.Load() })),
	)
	for _, e := range document.Entities {
		for _, result := range []string{"changed", "unchanged", "draft", "deleted", "failed"} {
			m.documents.WithLabelValues(e, result)
		}
	}
	for _, e := range allEntities {
		for _, reason := range e.halfway {
			m.halfway.WithLabelValues(e.name, reason)
		}
	}
	for _, reason := range canal.Reasons {
		m.resyncs.WithLabelValues(reason)
	}
	return m
}

// watch makes the series that are read from a transformer be read from t: a start that
// did not succeed makes another one.
func (m *Metrics) watch(t *Transformer) { m.of.Store(t) }

// read is a value of the transformer's, 0 before there is one.
func (m *Metrics) read(value func(*Transformer) int64) func() float64 {
	return func() float64 {
		if t := m.of.Load(); t != nil {
			return float64(value(t))
		}
		return 0
	}
}
