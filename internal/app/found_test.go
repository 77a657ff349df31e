package app

import (
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"octail/internal/reconcile"
)

// TestFound: what a comparison found is told of the shop without a sink, and of each
// sink; what the next one does not name is gone.
func TestFound(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, "test")
	// series are those of orders that are not 0, and those of sinks.
	series := func() (out []string) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, s := range f.Metric {
				labels := map[string]string{}
				for _, l := range s.Label {
					labels[l.GetName()] = l.GetValue()
				}
				if labels["entity"] == "order" && (labels["sink"] != "" || s.GetGauge().GetValue() != 0) {
					out = append(out, fmt.Sprintf("%s %s %g", f.GetName()[len("octail_reconcile_"):], labels["sink"], s.GetGauge().GetValue()))
				}
			}
		}
		return out
	}
	r := &reconcile.Report{Entities: map[string]reconcile.Counts{"order": {Missing: 1, Different: 2, Gone: 3, Repaired: 4}},
		Sinks: map[string]*reconcile.SinkReport{"erp": {Entities: map[string]reconcile.SinkCounts{"order": {Compared: 9, Missing: 5, Different: 6}}}}}
	m.reconciled(r)
	shop := []string{"differing  2", "gone  3", "missing  1", "repaired  4"}
	if got, want := series(), []string{"differing  2", "differing erp 6", "gone  3", "missing  1", "missing erp 5", "repaired  4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	m.reconciledSinks(&reconcile.Report{Sinks: map[string]*reconcile.SinkReport{"erp": {Entities: map[string]reconcile.SinkCounts{"order": {Compared: 9}}}}})
	if got, want := series(), []string{"differing  2", "differing erp 0", "gone  3", "missing  1", "missing erp 0", "repaired  4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	r.Sinks = nil
	m.reconciled(r)
	if got := series(); !slices.Equal(got, shop) {
		t.Errorf("%q, want %q", got, shop)
	}
}
