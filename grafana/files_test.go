package grafana_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"octail/grafana"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

func TestMain(m *testing.M) { shoptesting.Main(m) }

// dashboard is what the tests read of octail.json.
type dashboard struct {
	UID           string
	Title         string
	SchemaVersion int
	Annotations   struct {
		List []struct {
			Name, Expr string
			Datasource source
		}
	}
	Templating struct {
		List []struct {
			Name, Type, Label, Definition string
			Datasource                    source
		}
	}
	Panels []panel
}

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  source
	GridPos     struct{ X, Y, W, H int }
	Targets     []target
	FieldConfig struct{ Defaults struct{ Unit string } }
	Panels      []panel // of a closed row
}

type target struct {
	RefID, Expr, LegendFormat string
	Datasource                source
}

type source struct{ Type, UID string }

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(read(t, "octail.json"), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// alert is one rule of alerts.yaml.
type alert struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

func readAlerts(t *testing.T) []alert {
	t.Helper()
	var file struct{ Groups []struct{ Rules []alert } }
	if err := yaml.Unmarshal(read(t, "alerts.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	var out []alert
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	if len(out) == 0 {
		t.Fatal("alerts.yaml holds no alert")
	}
	return out
}

// read is a file as users get it.
func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := grafana.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// query is a question to Prometheus and where it is asked.
type query struct {
	where, expr, legend string
}

// queries are all questions of dashboard and alerts, as Prometheus gets them.
func queries(t *testing.T) []query {
	t.Helper()
	var out []query
	d := readDashboard(t)
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			out = append(out, query{"panel " + p.Title, variables.Replace(q.Expr), q.LegendFormat})
		}
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			out = append(out, query{"annotation " + a.Name, variables.Replace(a.Expr), ""})
		}
	}
	for _, a := range readAlerts(t) {
		out = append(out, query{"alert " + a.Alert, a.Expr, ""})
	}
	return out
}

// variables are those of the dashboard, as Grafana sets them for "All".
var variables = strings.NewReplacer("$instance", ".+", "$sink", ".+", "$__rate_interval", "30s")

// selector is a metric in a query, with its matchers. What is left of a query
// besides them must not look like a metric.
var (
	selector = regexp.MustCompile(`\b(?:octail_\w+|process_\w+|go_\w+|up\b)(?:\{[^}]*\})?`)
	matcher  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"`)
)

// promtool runs it and fails the test unless it is content.
func promtool(t *testing.T, dir, stdin string, args ...string) {
	t.Helper()
	cmd, err := shoptest.PrometheusTool(t.Context(), "promtool", args...)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
