package transform

import (
	"github.com/prometheus/client_golang/prometheus"

	"octail/canal"
	"octail/transform/document"
)

// Metrics are the series of document making.
type Metrics struct {
	documents *prometheus.CounterVec
	halfway   *prometheus.CounterVec
	resyncs   *prometheus.CounterVec
	registry  prometheus.Registerer
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
		registry: r,
	}
	r.MustRegister(m.documents, m.halfway, m.resyncs)
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

// watch adds the series that are read from a transformer.
func (m *Metrics) watch(t *Transformer) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "octail_documents_pending", Help: "Touched entities that wait to be read."},
			func() float64 { return float64(t.Pending()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "octail_documents_invalid_texts_total", Help: "Stored texts with bytes that are not valid UTF-8; they became U+FFFD."},
			func() float64 { return float64(t.text.invalid.Load()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "octail_documents_reads_retaken_total", Help: "Snapshots of the shop that did not show yet what its binlog had announced, and were taken again."},
			func() float64 { return float64(t.cfg.Shop.Retaken()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "octail_documents_zero_rates_total", Help: "Orders read with a currency_value of 0, taken as 1."},
			func() float64 { return float64(t.text.zeroRates.Load()) }),
	)
}
