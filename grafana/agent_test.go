package grafana_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/app/apptesting"
	"octail/internal/shoptest"
)

// TestAgent holds dashboard and alerts against a running agent and a Prometheus
// that scrapes it.
func TestAgent(t *testing.T) {
	agent := apptesting.Start(t)
	text := agent.Scrape(t)
	t.Run("metrics", func(t *testing.T) { promtool(t, ".", text, "check", "metrics") })
	t.Run("names", func(t *testing.T) { checkNames(t, text) })

	// People use the shop meanwhile, so that there is something to see.
	ctx, cancel := context.WithCancel(t.Context())
	shop := make(chan error, 1)
	go func() { shop <- shoptest.Run(ctx, agent.Shop, 20, func(shoptest.Step) {}) }()
	prometheus := startPrometheus(t, agent.Address)
	prometheus.until(t, `count_over_time(octail_build_info[1h]) > 8 and on (instance) sum by (instance) (increase(octail_delivery_attempts_total[8s])) > 0`)
	t.Run("dashboard", func(t *testing.T) { prometheus.dashboard(t) })
	t.Run("variables", func(t *testing.T) { prometheus.variables(t) })
	t.Run("selectors", func(t *testing.T) { prometheus.selectors(t) })
	cancel()
	if err := <-shop; err != nil {
		t.Error(err)
	}
	t.Run("alerts", func(t *testing.T) { prometheus.alerts(t) })
}

// checkNames: queries, and the cases that the alerts are tested with, name metrics
// and labels of the agent.
func checkNames(t *testing.T, text string) {
	labels := map[string][]string{"up": nil} // of each series; up is Prometheus's own
	label := regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)
	for line := range strings.Lines(text) {
		if name := regexp.MustCompile(`^[a-z]\w*`).FindString(line); name != "" {
			labels[name] = append(labels[name], "instance", "job")
			for _, m := range label.FindAllStringSubmatch(line, -1) {
				labels[name] = append(labels[name], m[1])
			}
		}
	}
	check := func(where, s string) {
		name, matchers, _ := strings.Cut(s, "{")
		have, ok := labels[name]
		if !ok {
			t.Errorf("%s names %s, which the agent does not have", where, name)
		}
		for _, m := range matcher.FindAllStringSubmatch(matchers, -1) {
			if !slices.Contains(have, m[1]) && name != "up" {
				t.Errorf("%s: %s has no label %s", where, name, m[1])
			}
		}
	}
	for _, q := range queries(t) {
		found := selector.FindAllString(q.expr, -1)
		if len(found) == 0 {
			t.Errorf("%s names no metric: %s", q.where, q.expr)
		}
		for _, s := range found {
			check(q.where, s)
		}
	}
	for _, c := range readRuleTests(t) {
		for _, s := range c.Inputs {
			if !strings.Contains(s.Series, `job="node"`) { // another program, to be told from octail
				check("alerts_test.yaml, "+c.Name, s.Series)
			}
		}
	}
}

// server is a Prometheus that scrapes an agent each second, configured as README.md
// says.
type server struct {
	*shoptest.Prometheus
	dir   string
	limit time.Time // how long it may take to have what the tests look for
}

func startPrometheus(t *testing.T, agent string) *server {
	t.Helper()
	dir := t.TempDir()
	text := snippet(t, "scrape_configs:")
	for _, r := range [][2]string{{"127.0.0.1:8765", agent}, {"scrape_interval: 15s", "scrape_interval: 1s"}} {
		if !strings.Contains(text, r[0]) {
			t.Fatalf("README.md's configuration has no %q", r[0])
		}
		text = strings.Replace(text, r[0], r[1], 1)
	}
	write(t, filepath.Join(dir, "prometheus.yml"), []byte("global: {evaluation_interval: 1s}\n"+text))
	write(t, filepath.Join(dir, "octail", "alerts.yaml"), read(t, "alerts.yaml"))
	p, err := shoptest.StartPrometheus(t.Context(), dir, filepath.Join(dir, "prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return &server{p, dir, time.Now().Add(2 * patience)}
}

// sample is one series of an answer.
type sample struct {
	Metric map[string]string
	Value  [2]any // time, value
}

// patience is how long a test waits for what takes seconds where there is nothing else
// to do.
const patience = 5 * time.Minute

// ask asks Prometheus's API.
func (s *server) ask(ctx context.Context, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("%s: %s", res.Status, body)
	}
	if answer.Status != "success" {
		return fmt.Errorf("prometheus refuses: %s", answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// query answers a question with a vector or fails the test.
func (s *server) query(t *testing.T, where, expr string) []sample {
	t.Helper()
	var answer struct {
		ResultType string
		Result     []sample
	}
	if err := s.ask(t.Context(), "/api/v1/query", url.Values{"query": {expr}}, &answer); err != nil {
		t.Errorf("%s: %v\n%s", where, err, expr)
	} else if answer.ResultType != "vector" {
		t.Errorf("%s answers with a %s\n%s", where, answer.ResultType, expr)
	}
	return answer.Result
}

// some is query for what has an answer: a scrape that took too long leaves a second
// without one.
func (s *server) some(t *testing.T, where, expr string) []sample {
	t.Helper()
	for {
		result := s.query(t, where, expr)
		if len(result) > 0 || time.Now().After(s.limit) {
			return result
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// until waits until a question has an answer.
func (s *server) until(t *testing.T, expr string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		var answer struct{ Result []sample }
		err := s.ask(t.Context(), "/api/v1/query", url.Values{"query": {expr}}, &answer)
		if err == nil && len(answer.Result) > 0 {
			return
		}
		if !s.Running() || time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "prometheus.log"))
			t.Fatalf("no answer within %s to %s: %v\n%s", patience, expr, err, log)
		}
	}
}

// dashboard: each query of the dashboard has an answer, with the labels its legend
// names.
func (s *server) dashboard(t *testing.T) {
	legend := regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
	for _, q := range queries(t) {
		if !strings.HasPrefix(q.where, "panel ") { // an alert or a start has no answer on a good day
			s.query(t, q.where, q.expr)
			continue
		}
		result := s.some(t, q.where, q.expr)
		if len(result) == 0 {
			t.Errorf("%s is empty\n%s", q.where, q.expr)
		}
		t.Logf("%-42s %-28s %s", q.where, q.legend, show(result))
		for _, m := range legend.FindAllStringSubmatch(q.legend, -1) {
			for _, r := range result {
				if r.Metric[m[1]] == "" {
					t.Errorf("%s: the legend names %s, which %v does not have", q.where, m[1], r.Metric)
				}
			}
		}
	}
}

func show(result []sample) string {
	var out []string
	for _, r := range result {
		out = append(out, fmt.Sprint(r.Value[1]))
	}
	if len(out) > 6 {
		out = append(out[:6], fmt.Sprintf("(%d in all)", len(result)))
	}
	return strings.Join(out, " ")
}

// variables: the lists to choose from are not empty.
func (s *server) variables(t *testing.T) {
	values := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
	for _, v := range readDashboard(t).Templating.List {
		if v.Type != "query" {
			continue
		}
		m := values.FindStringSubmatch(v.Definition)
		if m == nil {
			t.Errorf("variable %s is not label_values(metric, label): %s", v.Name, v.Definition)
			continue
		}
		result := s.some(t, "variable "+v.Name, variables.Replace(m[1]))
		if len(result) == 0 || result[0].Metric[m[2]] == "" {
			t.Errorf("variable %s has nothing to choose from: %v", v.Name, result)
		}
	}
}

// selectors: the matchers of dashboard and alerts match something: a wrong value
// in one makes an alert that never fires.
func (s *server) selectors(t *testing.T) {
	seen := map[string]bool{}
	for _, q := range queries(t) {
		for _, expr := range selector.FindAllString(q.expr, -1) {
			if !seen[expr] && len(s.some(t, q.where, expr)) == 0 {
				t.Errorf("%s: nothing matches %s", q.where, expr)
			}
			seen[expr] = true
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d selectors were found", len(seen))
	}
}

// alerts: Prometheus has evaluated all, and none concerns an agent that is well.
func (s *server) alerts(t *testing.T) {
	var active struct {
		Alerts []struct {
			Labels map[string]string
			State  string
		}
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		if err := s.ask(t.Context(), "/api/v1/alerts", nil, &active); err != nil {
			t.Fatal(err)
		}
		var wrong []string
		for _, a := range active.Alerts {
			if a.Labels["alertname"] != "OctailStateDiskLow" { // it is about this machine
				wrong = append(wrong, a.State+" "+a.Labels["alertname"])
			}
		}
		if len(wrong) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("alerts about an agent that is well: %s", strings.Join(wrong, ", "))
		}
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError, LastEvaluation string }
		}
	}
	if err := s.ask(t.Context(), "/api/v1/rules", nil, &rules); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if n++; r.Health != "ok" {
				t.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
			}
		}
	}
	if want := len(readAlerts(t)); n != want {
		t.Errorf("Prometheus has %d rules, not %d", n, want)
	}
}
