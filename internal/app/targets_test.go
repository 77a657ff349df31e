package app_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/erase"
	"octail/internal/reconcile"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/sinks"
	"octail/sinks/all"
	"octail/sinks/sinktest/mirror"
	"octail/sinks/sinktest/receiver"
)

// The agents of these tests have a sink of states, too.
func init() {
	if !slices.ContainsFunc(all.Plugins, func(p sinks.Plugin) bool { return p.Type == mirror.Plugin.Type }) {
		all.Plugins = append(all.Plugins, mirror.Plugin)
	}
}

// TestReconcileTarget: a target that lied, and one that lost records, is found out and
// made whole; who is erased is erased there, too.
func TestReconcileTarget(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, _, shop := openShop(t, server, shoptest.V3)
	place(t, shop, 12)
	r, err := receiver.Start(receiver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	// It answers as if it had stored what it was given.
	r.Set(receiver.Fault{Do: receiver.Lie, Entity: "order", Key: 5})
	a := start(t, server, configure(t, server, database, settings{prefix: "oc_", snapshot: "[customer, product, stock, category, order]",
		extra: fmt.Sprintf("  - {name: erp, type: mirror, url: %q, batch: 10, timeout: 5m, release: any}\n", r.URL)}))
	delivered := func() {
		t.Helper()
		a.quiet()
		var st console.Status
		waitFor(t, "the target", func() bool {
			return a.get("/api/v1/status", &st) == nil && len(st.Sinks) == 2 && st.Sinks[1].Pending == 0 && st.Sinks[1].LastError == ""
		})
	}
	delivered()
	r.Calm()
	lost, ok := r.Record("order/7")
	if !ok {
		t.Fatal("order/7 did not come")
	}
	if err := r.Remove(lost.Target); err != nil {
		t.Fatal(err)
	}
	look := func(path string) *reconcile.SinkReport {
		t.Helper()
		report, err := post[reconcile.Report](a, path, nil)
		if err != nil || report.Sinks["erp"] == nil {
			t.Fatalf("%+v %v", report, err)
		}
		return report.Sinks["erp"]
	}
	db, err := sql.Open("sqlite", "file:"+a.cfg.Journal.Path+fmt.Sprintf("?_pragma=busy_timeout(%d)", patience.Milliseconds()))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	accepted := func(ago time.Duration) {
		t.Helper()
		if _, err := db.Exec("UPDATE accepted SET time = ?", time.Now().Add(-ago).UnixMicro()); err != nil {
			t.Fatal(err)
		}
	}
	accepted(-time.Hour) // however long this test is at it
	if s := look("/api/v1/reconcile?sink=erp"); s.Total() != (reconcile.SinkCounts{}) {
		t.Errorf("looked at what was accepted just now: %s", s)
	}
	accepted(2 * time.Minute)
	if s := look("/api/v1/reconcile"); s.Entities["order"] != (reconcile.SinkCounts{Compared: 12, Missing: 2}) || s.Total().Differences() != 2 || len(s.Entities) != 5 {
		t.Errorf("%s %+v", s, s)
	}
	if st := a.quiet(); !strings.Contains(st.Sentence, "erp lacks what it has accepted") {
		t.Errorf("%s", st.Sentence)
	}
	if s := look("/api/v1/reconcile?sink=erp&repair=true"); s.Total().Again != 2 {
		t.Errorf("%s", s)
	}
	waitFor(t, "both orders", func() bool {
		_, five := r.Record("order/5")
		_, seven := r.Record("order/7")
		return five && seven
	})
	delivered()
	if s := look("/api/v1/reconcile?sink=erp"); s.Total().Differences() != 0 {
		t.Errorf("after the repair: %s", s)
	}
	if _, err := post[reconcile.Report](a, "/api/v1/reconcile?sink=log", nil); err == nil || !strings.Contains(err.Error(), "sink log cannot be asked") {
		t.Errorf("a file is compared: %v", err)
	}

	customer, _ := r.Record("customer/2")
	if !strings.Contains(string(customer.Document), "@") {
		t.Fatalf("customer/2 is nobody: %s", customer.Document)
	}
	done, err := post[erase.Report](a, "/api/v1/erase", erase.Request{Customer: 2})
	if err != nil || !done.Done() || done.Customers != 1 || !strings.Contains(done.Sinks[1].What, "what else it keeps") {
		t.Fatalf("%+v %v", done, err)
	}
	delivered()
	waitFor(t, "the person to go", func() bool {
		customer, _ := r.Record("customer/2")
		return !strings.Contains(string(customer.Document), "@")
	})
}
