package structure

import (
	"bufio"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"octail/internal/app/apptesting"
)

// metric is one family of a scrape.
type metric struct {
	kind, help string
	labels     map[string][]string // name -> values seen
}

var labelNames = []string{"sink", "entity", "outcome", "result", "reason", "kind", "table", "op", "version", "goversion", "revision"}

// promised are the names that dashboards rely on.
var promised = []string{
	"octail_build_info", "octail_config_last_reload_successful",
	"octail_source_connected", "octail_source_last_read_timestamp_seconds", "octail_source_lag_seconds", "octail_source_behind_bytes",
	"octail_source_binlog_headroom_seconds", "octail_source_events_total", "octail_source_reconnects_total", "octail_source_gaps_total",
	"octail_poll_sweep_seconds", "octail_poll_last_success_timestamp_seconds",
	"octail_documents_total",
	"octail_journal_records", "octail_journal_bytes", "octail_state_free_bytes",
	"octail_journal_append_duration_seconds", "octail_journal_sync_errors_total",
	"octail_sink_pending", "octail_sink_oldest_pending_seconds", "octail_sink_parked", "octail_sink_paused", "octail_sink_stopped", "octail_dead_letters",
	"octail_delivery_attempts_total", "octail_delivery_duration_seconds", "octail_end_to_end_duration_seconds",
}

// TestMetrics looks at what a real agent on a real shop shows.
func TestMetrics(t *testing.T) {
	text := apptesting.Start(t).Scrape(t)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "octail_") {
			t.Errorf("%s: %s (promlint)", p.Metric, p.Text)
		}
	}
	got := parse(text)
	name := regexp.MustCompile(`^octail_(build|config|source|poll|documents|reconcile|journal|state|sink|delivery|end_to_end|dead|mapping)(_[a-z]+)+$`)
	for _, n := range slices.Sorted(maps.Keys(got)) {
		m := got[n]
		if !name.MatchString(n) {
			t.Errorf("%s is not octail_<part>_<thing>_<unit>[_total]: people find a metric by the part it belongs to", n)
		}
		if (m.kind == "counter") != strings.HasSuffix(n, "_total") {
			t.Errorf("%s is a %s: counters, and only they, end in _total", n, m.kind)
		}
		if m.kind == "histogram" && !strings.HasSuffix(n, "_seconds") && !strings.HasSuffix(n, "_bytes") {
			t.Errorf("histogram %s has no unit", n)
		}
		if m.help == "" {
			t.Errorf("%s has no help text", n)
		}
		for label, values := range m.labels {
			if label == "le" {
				continue
			}
			if !slices.Contains(labelNames, label) {
				t.Errorf("%s has a label %q: labels are a closed list (%s), each value of one is a series for ever", n, label, strings.Join(labelNames, ", "))
			}
			for _, v := range values {
				if strings.ContainsAny(v, "@ /") && label != "goversion" || regexp.MustCompile(`^\d+$`).MatchString(v) {
					t.Errorf("%s has %s=%q: no id, address or text in a label", n, label, v)
				}
			}
		}
	}
	for _, n := range promised {
		if got[n].kind == "" {
			t.Errorf("%s is not there: dashboards and alerts use this name", n)
		}
	}
	documented(t, got)
}

// documented compares the metrics with docs/metrics.md and the README.
func documented(t *testing.T, got map[string]metric) {
	t.Helper()
	row := regexp.MustCompile("(?m)^\\| `(octail_\\w+)` \\| (\\w+) \\|([^|]*)\\| ([^|]+) \\|$")
	have := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/metrics.md"), -1) {
		have[m[1]] = true
		real, ok := got[m[1]]
		if !ok {
			t.Errorf("docs/metrics.md explains %s, which the agent does not have", m[1])
			continue
		}
		if real.kind != m[2] {
			t.Errorf("docs/metrics.md: %s is a %s, not a %s", m[1], real.kind, m[2])
		}
		var labels []string
		for l := range strings.SplitSeq(m[3], ",") {
			if l = strings.TrimSpace(l); l != "" {
				labels = append(labels, l)
			}
		}
		for l := range real.labels {
			if l != "le" && !slices.Contains(labels, l) {
				t.Errorf("docs/metrics.md: %s has a label %s, too", m[1], l)
			}
		}
		if len(real.labels) > 0 { // a vector without series shows none
			for _, l := range labels {
				if real.labels[l] == nil {
					t.Errorf("docs/metrics.md: %s has no label %s", m[1], l)
				}
			}
		}
	}
	for n := range got {
		if !have[n] {
			t.Errorf("docs/metrics.md does not explain %s: add its line (name, type, labels, meaning)", n)
		}
	}
	for _, n := range regexp.MustCompile(`octail_[a-z_]+[a-z]`).FindAllString(read(t, "README.md"), -1) {
		if got[n].kind == "" {
			t.Errorf("the README names %s, which the agent does not have", n)
		}
	}
}

// parse reads the text format as far as the tests need it: octail's own families
// with their labels.
func parse(text string) map[string]metric {
	out := map[string]metric{}
	label := regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
	family := ""
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		line := s.Text()
		switch fields := strings.SplitN(line, " ", 4); {
		case strings.HasPrefix(line, "# HELP octail_") && len(fields) == 4:
			out[fields[2]] = metric{help: fields[3], labels: map[string][]string{}}
		case strings.HasPrefix(line, "# TYPE octail_"):
			family = fields[2]
			m := out[family]
			m.kind = fields[3]
			out[family] = m
		case strings.HasPrefix(line, "octail_"):
			for _, l := range label.FindAllStringSubmatch(line, -1) {
				values := out[family].labels
				if !slices.Contains(values[l[1]], l[2]) {
					values[l[1]] = append(values[l[1]], l[2])
				}
			}
		}
	}
	return out
}
