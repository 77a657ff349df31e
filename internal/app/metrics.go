package app

import (
	"context"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"octail/canal"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/internal/poll"
	"octail/internal/reconcile"
	"octail/transform"
	"octail/transform/document"
)

type metrics struct {
	registry  prometheus.Registerer
	canal     *canal.Metrics
	transform *transform.Metrics
	poll      *poll.Metrics

	reloaded     prometheus.Gauge
	reconciledAt prometheus.Gauge
	found        map[string]*prometheus.GaugeVec // by what it counts
}

func newMetrics(r prometheus.Registerer, version string) metrics {
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_build_info", Help: "1, with version, source revision and Go version of the running program.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision(), "goversion": runtime.Version()}})
	build.Set(1)
	r.MustRegister(build)
	c := canal.NewMetrics(r)
	m := metrics{registry: r, canal: c, transform: transform.NewMetrics(r), poll: poll.NewMetrics(r, c.Polling), found: map[string]*prometheus.GaugeVec{}}
	m.reloaded = prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_config_last_reload_successful", Help: "1 while the config file, as it was read last, is in use; 0: it was refused, and the one before goes on."})
	m.reloaded.Set(1)
	r.MustRegister(m.reloaded)
	m.reconciledAt = prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_reconcile_last_success_timestamp_seconds", Help: "When the journal was last compared with the shop as a whole; 0: never."})
	r.MustRegister(m.reconciledAt)
	for name, help := range map[string]string{
		"missing":   "Entities in the shop that the journal lacked at the last comparison; with sink, such as the sink had accepted and its target lacked.",
		"differing": "Entities whose content differed at the last comparison; with sink, in its target.",
		"gone":      "Entities in the journal that the shop no longer had at the last comparison.",
		"repaired":  "Of these, those that the comparison repaired.",
	} {
		m.found[name] = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "octail_reconcile_" + name, Help: help}, foundLabels(name))
		r.MustRegister(m.found[name])
		for _, e := range document.Entities {
			m.found[name].With(shopLabels(name, e)).Set(0)
		}
	}
	return m
}

// foundLabels: targets of sinks can lack something, or differ.
func foundLabels(name string) []string {
	if name == "missing" || name == "differing" {
		return []string{"entity", "sink"}
	}
	return []string{"entity"}
}

// shopLabels are those of what concerns shop and journal: an empty sink is none to
// Prometheus.
func shopLabels(name, entity string) prometheus.Labels {
	l := prometheus.Labels{"entity": entity}
	if len(foundLabels(name)) > 1 {
		l["sink"] = ""
	}
	return l
}

// reconciled shows the result of the last comparison.
func (m metrics) reconciled(r *reconcile.Report) {
	if len(r.Skipped) == 0 { // else it has not seen all
		m.reconciledAt.Set(float64(r.Finished.Unix()))
	}
	for _, e := range document.Entities {
		c := r.Entities[e]
		for name, n := range map[string]int64{"missing": c.Missing, "differing": c.Different, "gone": c.Gone, "repaired": c.Repaired} {
			m.found[name].DeletePartialMatch(prometheus.Labels{"entity": e}) // also of sinks that are gone
			m.found[name].With(shopLabels(name, e)).Set(float64(n))
		}
	}
	m.reconciledSinks(r)
}

// reconciledSinks shows what the targets of sinks lack.
func (m metrics) reconciledSinks(r *reconcile.Report) {
	for sink, s := range r.Sinks {
		for e, c := range s.Entities {
			m.found["missing"].WithLabelValues(e, sink).Set(float64(c.Missing))
			m.found["differing"].WithLabelValues(e, sink).Set(float64(c.Different))
		}
	}
}

// revision is the commit the program was built from, "" when the build knew none.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}

// watch adds the series that are read from the journal when scraped.
func (m metrics) watch(j *journal.Journal, path string) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("octail_journal_sequence", "Sequence of the newest event.", func() float64 { return float64(j.Last()) })
	gauge("octail_journal_bytes", "Size of the journal file.", func() float64 { return count(j, func(c journal.Counts) int64 { return c.Bytes }) })
	gauge("octail_journal_records", "Events in the journal.", func() float64 { return count(j, func(c journal.Counts) int64 { return c.Events }) })
	gauge("octail_journal_dirty", "Entities marked to be read again.", func() float64 { return count(j, func(c journal.Counts) int64 { return c.Dirty }) })
	gauge("octail_journal_failing", "Entities that cannot be read and are tried again.", func() float64 { return count(j, func(c journal.Counts) int64 { return c.Failing }) })
	gauge("octail_state_free_bytes", "Free space on the disk of the journal.", func() float64 {
		var st syscall.Statfs_t
		if err := syscall.Statfs(filepath.Dir(path), &st); err != nil {
			return -1
		}
		return float64(st.Bavail) * float64(st.Bsize)
	})
	j.Observe(m.registry)
}

// watchFills adds the series about readings in the background.
func (m metrics) watchFills(fills *atomic.Pointer[[]console.Fill]) {
	sum := func(pick func(console.Fill) int64) func() float64 {
		return func() float64 {
			all := fills.Load()
			if all == nil {
				return 0
			}
			var n int64
			for _, f := range *all {
				n += pick(f)
			}
			return float64(n)
		}
	}
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "octail_documents_fill_keys", Help: "Entities that the readings in the background under way (snapshot, comparison after a hole) have to read in all."},
			sum(func(f console.Fill) int64 { return f.Total })),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "octail_documents_fill_remaining", Help: "Of these, those that are still to be read."},
			sum(func(f console.Fill) int64 { return f.Total - f.Done })),
	)
}

func count(j *journal.Journal, pick func(journal.Counts) int64) float64 {
	c, err := j.Counts(context.Background())
	if err != nil {
		return -1
	}
	return float64(pick(c))
}
