package journal

import "github.com/prometheus/client_golang/prometheus"

// observed are the journal's own series.
type observed struct {
	append prometheus.Histogram
	errors prometheus.Counter
}

func newObserved() observed {
	return observed{
		append: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "octail_journal_append_duration_seconds", Help: "Time of one durable append.",
			Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10}, NativeHistogramBucketFactor: 1.1}),
		errors: prometheus.NewCounter(prometheus.CounterOpts{Name: "octail_journal_sync_errors_total", Help: "Appends that failed (disk full, I/O error); each is tried again."}),
	}
}

// Observe registers the journal's series.
func (j *Journal) Observe(r prometheus.Registerer) {
	r.MustRegister(j.observed.append, j.observed.errors)
}
