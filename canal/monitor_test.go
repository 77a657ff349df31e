package canal

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestMeasure: the lag is nothing when all is read, and never older than what was
// read last, whatever the caller last saw.
func TestMeasure(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			p := private(t, flavor)
			p.sql("CREATE TABLE other (id INT)")
			expire := map[string]string{shoptest.MariaDB: "SET GLOBAL expire_logs_days = ", shoptest.MySQL: "SET GLOBAL binlog_expire_logs_seconds = 86400 * "}[flavor]
			p.sql(expire + "0")
			threeHoursAgo := time.Now().Add(-3 * time.Hour)
			release := make(chan struct{})
			f := p.follow(p.here(), markers, func(_ *Config, r *recorder) {
				r.block = func() {
					if len(r.transactions()) == 1 {
						<-release
					}
				}
			})
			measure := func() Lag {
				t.Helper()
				lag, err := f.canal.Measure(t.Context(), threeHoursAgo)
				if err != nil {
					t.Fatal(err)
				}
				if f.metric("octail_source_lag_seconds", "") != lag.Seconds || f.metric("octail_source_behind_bytes", "") != float64(lag.Bytes) {
					t.Errorf("the metrics do not say %+v", lag)
				}
				return lag
			}
			f.wait("all to be read", func() bool { return f.canal.Status().Position == p.here() })
			if lag := measure(); lag != (Lag{0, 0, -1}) {
				t.Errorf("all is read, nothing expires: %+v", lag)
			}
			if got := f.metric("octail_source_binlog_headroom_seconds", ""); !math.IsInf(got, 1) {
				t.Errorf("nothing expires, in %v", got)
			}

			p.mark(1)
			p.sql("FLUSH BINARY LOGS; INSERT INTO other VALUES (1)")
			f.until(Touch{"marker", 1}) // and there the handler hangs
			p.sql("INSERT INTO other VALUES (2)")
			p.sql(expire + "1")
			lag := measure()
			if lag.Seconds <= 0 || lag.Seconds > patience.Seconds() || lag.Bytes == 0 || lag.Bytes > 10_000 {
				t.Errorf("behind by something just written: %+v", lag)
			}
			if day := 86400.0; lag.Headroom < day-patience.Seconds() || lag.Headroom > day {
				t.Errorf("the file we stand in is expired in %v", lag.Headroom)
			}
			close(release)
			f.wait("all to be read", func() bool { return f.canal.Status().Position == p.here() })
			if lag := measure(); lag != (Lag{0, 0, 86400}) {
				t.Errorf("all is read, in the newest file: %+v", lag)
			}
			f.stop()
		})
	}
	if lag, err := idle(t).Measure(t.Context(), time.Now()); err != nil || lag != (Lag{}) {
		t.Errorf("before anything: %+v, %v", lag, err)
	}
}

// TestStatus: the state and the metrics follow the connection.
func TestStatus(t *testing.T) {
	p := newPlace(t, shoptesting.MariaDB(t), markerTable+"CREATE TABLE other (id INT)")
	x := newProxy(t, p.server.Addr())
	from := p.here()
	f := p.follow(from, markers, through(x))
	f.connected()
	f.wait("the heartbeat", func() bool { s := f.canal.Status(); return s.Position == p.here() && !s.LastRead.IsZero() })
	if f.metric("octail_source_connected", "") != 1 || f.metric("octail_source_last_read_timestamp_seconds", "") < float64(time.Now().Add(-patience).Unix()) {
		t.Error("connected, but the metrics do not say so")
	}
	p.sql("INSERT INTO other VALUES (1)")
	f.wait("progress over what is not watched", func() bool { return f.canal.Status().Position == p.here() })
	f.recorder.mu.Lock()
	if f.progress != p.here() || len(f.got) != 0 {
		t.Errorf("told %s, %d transactions", f.progress, len(f.got))
	}
	f.recorder.mu.Unlock()
	p.mark(1)
	p.sql("UPDATE marker SET note = ''; DELETE FROM marker; TRUNCATE marker")
	p.mark(2)
	f.until(Touch{"marker", 2})
	for op, want := range map[string]float64{"insert": 2, "update": 1, "delete": 1} {
		if got := f.metric("octail_source_events_total", op); got != want {
			t.Errorf("%v %ss counted, want %v", got, op, want)
		}
	}
	if got := f.metric("octail_source_statements_total", "marker"); got != 1 {
		t.Errorf("%v statements counted, want 1", got)
	}
	for _, tx := range f.transactions() {
		if age := time.Since(tx.Time); age < -2*time.Second || age > patience {
			t.Errorf("a transaction of %s", tx.Time)
		}
	}

	x.lead("127.0.0.1:1") // nothing listens there
	f.wait("the loss", func() bool { s := f.canal.Status(); return !s.Connected && s.LastError != "" })
	if f.metric("octail_source_connected", "") != 0 {
		t.Error("lost, but the metrics do not say so")
	}
	f.stop()
	if s := f.canal.Status(); s.Connected || s.LastError != "" {
		t.Errorf("ended: %+v", s)
	}
}

// TestSeries: all series are there from the start, under names as all of octail's.
func TestSeries(t *testing.T) {
	r := prometheus.NewRegistry()
	idle(t, func(c *Config) { c.Metrics = NewMetrics(r) }).metrics.Gap()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]int{}
	for _, family := range families {
		name := family.GetName()
		series[name] = len(family.GetMetric())
		if !regexp.MustCompile(`^octail_source(_[a-z]+)+$`).MatchString(name) || (family.GetType().String() == "COUNTER") != strings.HasSuffix(name, "_total") || family.GetHelp() == "" {
			t.Errorf("%s %s %q", family.GetType(), name, family.GetHelp())
		}
	}
	tables := len(caseRules())
	for name, want := range map[string]int{"octail_source_connected": 1, "octail_source_last_read_timestamp_seconds": 1, "octail_source_events_total": 3 * tables, "octail_source_statements_total": tables,
		"octail_source_reconnects_total": 6, "octail_source_gaps_total": 1, "octail_source_lag_seconds": 1, "octail_source_behind_bytes": 1, "octail_source_binlog_headroom_seconds": 1} {
		if series[name] != want {
			t.Errorf("%d series %s, want %d", series[name], name, want)
		}
	}
}
