package dispatch

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// laneSeries are the gauges that are read from a lane, all of them from one look.
type laneSeries struct {
	lane                                           *Lane
	pending, oldest, parked, paused, stopped, dead *prometheus.Desc
	missing                                        *prometheus.Desc
}

func newLaneSeries(l *Lane) *laneSeries {
	labels := prometheus.Labels{"sink": l.cfg.Name}
	gauge := func(name, help string, variable ...string) *prometheus.Desc {
		return prometheus.NewDesc("octail_"+name, help, variable, labels)
	}
	return &laneSeries{
		lane:    l,
		pending: gauge("sink_pending", "What waits for the sink: events, or entities where it wants states."),
		oldest:  gauge("sink_oldest_pending_seconds", "Age of the oldest that waits for the sink."),
		parked:  gauge("sink_parked", "Entities that wait alone while the others go on."),
		paused:  gauge("sink_paused", "1 while a person has paused the sink."),
		stopped: gauge("sink_stopped", "1 while the sink has stopped itself: it lets nobody in, or refuses one after the other; or was stopped because it keeps the journal beyond journal.max_bytes."),
		dead:    gauge("dead_letters", "Dead letters, by reason.", "reason"),
		missing: gauge("mapping_missing", "Entities that wait for the configuration, by what it lacks.", "kind"),
	}
}

// Describe implements prometheus.Collector.
func (s *laneSeries) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.pending, s.oldest, s.parked, s.paused, s.stopped, s.dead, s.missing} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s *laneSeries) Collect(ch chan<- prometheus.Metric) {
	ctx, l := context.Background(), s.lane
	st := l.Status(ctx)
	set := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	one := func(is bool) float64 {
		if is {
			return 1
		}
		return 0
	}
	age := 0.0
	if !st.Oldest.IsZero() {
		age = max(0, time.Since(st.Oldest).Seconds())
	}
	set(s.pending, float64(st.Pending))
	set(s.oldest, age)
	set(s.parked, float64(st.Parked))
	set(s.paused, one(st.Paused))
	set(s.stopped, one(st.Stopped != ""))
	dead, err := l.cfg.Journal.CountDead(ctx)
	for _, reason := range []string{ReasonRefused, ReasonTries} {
		if err == nil {
			set(s.dead, float64(dead[l.cfg.Name][reason]), reason)
		}
	}
	held, err := l.cfg.Journal.CountHeld(ctx, l.cfg.Name)
	for _, kind := range mappingKinds {
		if err == nil {
			set(s.missing, float64(held[kind]), kind)
		}
	}
}

// mappingKinds are what a configuration may lack a mapping for: sinks hold deliveries
// by these names (sinks.Hold).
var mappingKinds = []string{"payment", "shipping", "status", "tax", "currency", "store", "product"}
