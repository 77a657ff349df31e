package grafana_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestDashboard: what Grafana takes without a word and shows wrongly.
func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	if d.UID != "octail-overview" {
		t.Errorf("uid %q: links and bookmarks go by it, so it stays", d.UID)
	}
	if d.SchemaVersion != 39 {
		t.Errorf("schemaVersion %d: 39 is the one of Grafana 10.4; newer ones convert it, older ones cannot read a newer one", d.SchemaVersion)
	}
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
		if v.Label == "" {
			t.Errorf("variable %s has no label", v.Name)
		}
		if v.Type == "query" {
			checkSource(t, "variable "+v.Name, v.Datasource)
		}
	}
	if want := []string{"datasource", "instance", "sink"}; !slices.Equal(names, want) {
		t.Errorf("variables %v, want %v: queries use them, and the data source comes first", names, want)
	}
	used := regexp.MustCompile(`\$\{?(\w+)`)
	ids := map[int]string{}
	grid := map[[2]int]string{}
	end := 0
	for i, p := range d.Panels {
		name := fmt.Sprintf("panel %d %q", p.ID, p.Title)
		if p.ID <= 0 || ids[p.ID] != "" {
			t.Errorf("%s has the id of %q", name, ids[p.ID])
		}
		ids[p.ID] = name
		if p.Title == "" {
			t.Errorf("%s has no title", name)
		}
		g := p.GridPos
		if g.X < 0 || g.W < 1 || g.H < 1 || g.X+g.W > 24 {
			t.Errorf("%s is outside the 24 columns: %+v", name, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := grid[[2]int{x, y}]; other != "" {
					t.Fatalf("%s lies over %s", name, other)
				}
				grid[[2]int{x, y}] = name
			}
		}
		if p.Type == "row" {
			if len(p.Panels) > 0 {
				t.Errorf("%s is closed: what is in it is neither seen nor tested here", name)
			}
			if g.Y < end || g.W != 24 || g.H != 1 {
				t.Errorf("%s is no heading of what comes below it: %+v", name, g)
			}
			end = g.Y + g.H
			continue
		}
		if i == 0 {
			t.Errorf("%s stands before the first row", name)
		}
		end = max(end, g.Y+g.H)
		if !strings.HasSuffix(p.Description, ".") {
			t.Errorf("%s has no description: a sentence that says what is good and what is not", name)
		}
		if p.FieldConfig.Defaults.Unit == "" {
			t.Errorf("%s has no unit", name)
		}
		checkSource(t, name, p.Datasource)
		if len(p.Targets) == 0 {
			t.Errorf("%s asks nothing", name)
		}
		var refs []string
		for _, q := range p.Targets {
			checkSource(t, name+" query "+q.RefID, q.Datasource)
			if q.RefID == "" || slices.Contains(refs, q.RefID) {
				t.Errorf("%s has two queries %q", name, q.RefID)
			}
			refs = append(refs, q.RefID)
			if q.LegendFormat == "" && p.Type != "stat" {
				t.Errorf("%s: query %s has no legend: Grafana writes all labels out", name, q.RefID)
			}
			for _, v := range used.FindAllStringSubmatch(q.Expr, -1) {
				if !slices.Contains(names, v[1]) && v[1] != "__rate_interval" {
					t.Errorf("%s uses a variable $%s, which is not there", name, v[1])
				}
			}
			for _, s := range selector.FindAllString(q.Expr, -1) {
				if !strings.Contains(s, `instance=~"$instance"`) {
					t.Errorf("%s: %s does not follow the variable $instance", name, s)
				}
				if regexp.MustCompile(`^octail_(sink|delivery|end_to_end)`).MatchString(s) && !strings.Contains(s, `sink=~"$sink"`) && p.Title != "Is everything delivered?" {
					t.Errorf("%s: %s does not follow the variable $sink", name, s)
				}
			}
			if regexp.MustCompile(`\b(rate|increase|histogram_quantile)\(`).MatchString(q.Expr) && !strings.Contains(q.Expr, "[$__rate_interval]") && p.Type == "timeseries" {
				t.Errorf("%s: a rate over a fixed time is empty or blurred at other zooms; take $__rate_interval", name)
			}
		}
	}
}

func checkSource(t *testing.T, where string, s source) {
	t.Helper()
	if s != (source{"prometheus", "${datasource}"}) {
		t.Errorf("%s asks data source %+v, not the one chosen at the top", where, s)
	}
}

// TestQueriesParse: promtool parses every question of dashboard and alerts, taken
// for a recording rule.
func TestQueriesParse(t *testing.T) {
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	type group struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	}
	g := group{Name: "all"}
	for i, q := range queries(t) {
		g.Rules = append(g.Rules, rule{fmt.Sprintf("query:%d", i), q.expr})
	}
	if len(g.Rules) < 50 {
		t.Fatalf("only %d queries were found", len(g.Rules))
	}
	data, err := yaml.Marshal(map[string][]group{"groups": {g}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "queries.yaml"), data)
	promtool(t, dir, "", "check", "rules", "queries.yaml")
	if t.Failed() {
		t.Logf("%s", data)
	}
}
