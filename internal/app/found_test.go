package app

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"octail/internal/reconcile"
)

// TestFound: what a comparison found is told of the shop without a sink, and of each
// sink; what the next one does not name is gone.
func TestFound(t *testing.T) {
	m := newMetrics(prometheus.NewRegistry(), "test")
	r := &reconcile.Report{Entities: map[string]reconcile.Counts{"order": {Missing: 1, Different: 2, Gone: 3, Repaired: 4}},
		Sinks: map[string]*reconcile.SinkReport{"erp": {Entities: map[string]reconcile.SinkCounts{"order": {Compared: 9, Missing: 5, Different: 6}}}}}
	m.reconciled(r)
	want := func(more string) {
		t.Helper()
		var b strings.Builder
		b.WriteString("# HELP octail_reconcile_missing Entities in the shop that the journal lacked at the last comparison; with sink, such as the sink had accepted and its target lacked.\n# TYPE octail_reconcile_missing gauge\n")
		for _, e := range []string{"category", "customer", "order", "product", "stock"} {
			n := "0"
			if e == "order" {
				n = "1"
			}
			b.WriteString("octail_reconcile_missing{entity=\"" + e + "\",sink=\"\"} " + n + "\n")
		}
		if err := testutil.CollectAndCompare(m.found["missing"], strings.NewReader(b.String()+more)); err != nil {
			t.Error(err)
		}
	}
	want("octail_reconcile_missing{entity=\"order\",sink=\"erp\"} 5\n")
	if n := testutil.ToFloat64(m.found["differing"].WithLabelValues("order", "erp")); n != 6 {
		t.Error(n)
	}
	if n := testutil.ToFloat64(m.found["gone"].WithLabelValues("order")); n != 3 {
		t.Error(n)
	}
	m.reconciledSinks(&reconcile.Report{Sinks: map[string]*reconcile.SinkReport{"erp": {Entities: map[string]reconcile.SinkCounts{"order": {Compared: 9}}}}})
	want("octail_reconcile_missing{entity=\"order\",sink=\"erp\"} 0\n")
	r.Sinks = nil
	m.reconciled(r)
	want("")
}
