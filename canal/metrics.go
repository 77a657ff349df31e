package canal

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the capture's series. One value serves one Canal.
type Metrics struct {
	connected  prometheus.Gauge
	lastRead   prometheus.Gauge
	events     *prometheus.CounterVec
	statements *prometheus.CounterVec
	reconnects *prometheus.CounterVec
	gaps       prometheus.Counter
	lag        prometheus.Gauge
	behind     prometheus.Gauge
	headroom   prometheus.Gauge

	up  atomic.Bool
	ops map[string]*[3]prometheus.Counter // table -> insert, update, delete
}

// NewMetrics registers the series on r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		connected:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_source_connected", Help: "1 while the binlog stream is up."}),
		lastRead:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_source_last_read_timestamp_seconds", Help: "When the last event or heartbeat came from the server."}),
		events:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octail_source_events_total", Help: "Row changes read from watched tables."}, []string{"table", "op"}),
		statements: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octail_source_statements_total", Help: "Statements (not row events) on watched tables: DDL, TRUNCATE, statement-format writes."}, []string{"table"}),
		reconnects: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octail_source_reconnects_total", Help: "Lost or refused binlog connections by reason."}, []string{"reason"}),
		gaps:       prometheus.NewCounter(prometheus.CounterOpts{Name: "octail_source_gaps_total", Help: "Proven holes in the binlog (purged, reset, other server), each closed by comparing everything."}),
		lag:        prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_source_lag_seconds", Help: "Age of the oldest commit not read yet; 0 when all is read."}),
		behind:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_source_behind_bytes", Help: "Bytes of binlog between our position and the server's."}),
		headroom:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_source_binlog_headroom_seconds", Help: "Time left until the server may purge the binlog file we stand in; +Inf when it never does."}),
		ops:        map[string]*[3]prometheus.Counter{},
	}
	r.MustRegister(m.connected, m.lastRead, m.events, m.statements, m.reconnects, m.gaps, m.lag, m.behind, m.headroom)
	m.headroom.Set(math.NaN()) // not known yet: 0 would say that the file may go at any moment
	for _, why := range []string{"connection", "access", "server", "purged", "diverged", "twin"} {
		m.reconnects.WithLabelValues(why)
	}
	return m
}

// tables makes every series exist from the start.
func (m *Metrics) tables(list []Table) {
	for _, t := range list {
		ops := new([3]prometheus.Counter)
		for k := insert; k <= remove; k++ {
			ops[k] = m.events.WithLabelValues(t.Name, k.String())
		}
		m.ops[t.Name] = ops
		m.statements.WithLabelValues(t.Name)
	}
}

func (m *Metrics) row(table string, k kind) { m.ops[table][k].Inc() }
func (m *Metrics) statement(table string)   { m.statements.WithLabelValues(table).Inc() }
func (m *Metrics) read(now time.Time)       { m.lastRead.Set(float64(now.UnixMilli()) / 1000) }
func (m *Metrics) isConnected() bool        { return m.up.Load() }

func (m *Metrics) setConnected(up bool) {
	m.up.Store(up)
	if up {
		m.connected.Set(1)
	} else {
		m.connected.Set(0)
	}
}

// Polling makes the series mean something where no log is read: up is whether the
// server answers.
func (m *Metrics) Polling(up bool, at time.Time) {
	m.headroom.Set(math.Inf(1))
	if up {
		m.read(at)
	}
	m.setConnected(up)
}

// Gap counts a hole in the log; the caller closes it.
func (m *Metrics) Gap() { m.gaps.Inc() }
