package app

import (
	"context"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/poll"
	"octail/transform"
)

type metrics struct {
	registry  prometheus.Registerer
	canal     *canal.Metrics
	transform *transform.Metrics
	poll      *poll.Metrics
}

func newMetrics(r prometheus.Registerer, version string) metrics {
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "octail_build_info", Help: "1, with version, source revision and Go version of the running program.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision(), "goversion": runtime.Version()}})
	build.Set(1)
	r.MustRegister(build)
	c := canal.NewMetrics(r)
	return metrics{registry: r, canal: c, transform: transform.NewMetrics(r), poll: poll.NewMetrics(r, c.Polling)}
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

func count(j *journal.Journal, pick func(journal.Counts) int64) float64 {
	c, err := j.Counts(context.Background())
	if err != nil {
		return -1
	}
	return float64(pick(c))
}
