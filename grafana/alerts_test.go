package grafana_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// ruleTests are the files that promtool runs.
func ruleTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*_test.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files
}

// TestRules: the alert rules are well-formed, fire when they should and only then.
func TestRules(t *testing.T) {
	promtool(t, ".", "", "check", "rules", "alerts.yaml")
	promtool(t, ".", "", append([]string{"test", "rules"}, ruleTests(t)...)...)
}

// ruleTest is one case of alerts_test.yaml.
type ruleTest struct {
	Name   string
	Inputs []struct{ Series string } `yaml:"input_series"`
	Exprs  []struct {
		Expr    string
		Samples []struct{ Labels string } `yaml:"exp_samples"`
	} `yaml:"promql_expr_test"`
}

func readRuleTests(t *testing.T) []ruleTest {
	t.Helper()
	var out []ruleTest
	for _, name := range ruleTests(t) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Tests []ruleTest }
		if err := yaml.Unmarshal(data, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, file.Tests...)
	}
	return out
}

// TestAlerts: each says how bad it is and what to do, is explained in the manual,
// and was seen firing and silent.
func TestAlerts(t *testing.T) {
	asked := regexp.MustCompile(`^ALERTS\{alertname="(\w+)", severity="(\w+)", alertstate="firing"\}$`)
	fires, silent := map[[2]string]string{}, map[[2]string]bool{} // name, severity -> labels of a firing one
	for _, c := range readRuleTests(t) {
		for _, e := range c.Exprs {
			m := asked.FindStringSubmatch(e.Expr)
			if m == nil {
				t.Errorf("%q asks for %s: ask for one alert of one severity, firing, so that this test sees what is tested", c.Name, e.Expr)
				continue
			}
			key := [2]string{m[1], m[2]}
			if len(e.Samples) == 0 {
				silent[key] = true
			}
			for _, s := range e.Samples {
				fires[key] += s.Labels
			}
		}
	}
	manual := string(read(t, "README.md"))
	label := regexp.MustCompile(`\$labels\.(\w+)`)
	severities := map[string][]string{}
	for _, a := range readAlerts(t) {
		severity := a.Labels["severity"]
		key := [2]string{a.Alert, severity}
		severities[a.Alert] = append(severities[a.Alert], severity)
		if !regexp.MustCompile(`^Octail[A-Z]\w+$`).MatchString(a.Alert) {
			t.Errorf("%s: an alert's name begins with Octail, so that it is told from others", a.Alert)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, severity) || len(a.Labels) != 1 {
			t.Errorf("%s has labels %v, not one severity of critical, warning, info", a.Alert, a.Labels)
		}
		if s := a.Annotations["summary"]; s == "" || strings.ContainsAny(s, "\n{") || len(s) > 100 {
			t.Errorf("%s: the summary is one line without values, so that a page does not change while it rings: %q", a.Alert, s)
		}
		if s := a.Annotations["description"]; len(s) < 150 || !strings.HasSuffix(s, ".") {
			t.Errorf("%s: the description says what to do: %q", a.Alert, s)
		}
		if fires[key] == "" {
			t.Errorf("%s (%s) has no case in alerts_test.yaml in which it fires", a.Alert, severity)
		}
		if !silent[key] {
			t.Errorf("%s (%s) has no case in alerts_test.yaml in which it is silent", a.Alert, severity)
		}
		for _, text := range a.Annotations {
			for _, m := range label.FindAllStringSubmatch(text, -1) {
				if !strings.Contains(fires[key], m[1]+`="`) {
					t.Errorf("%s names the label %s, which it does not have when it fires", a.Alert, m[1])
				}
			}
		}
		delete(fires, key)
		delete(silent, key)
	}
	for key := range fires {
		t.Errorf("alerts_test.yaml tests %s (%s), which is not in alerts.yaml", key[0], key[1])
	}
	for key := range silent {
		t.Errorf("alerts_test.yaml tests %s (%s), which is not in alerts.yaml", key[0], key[1])
	}
	for name, list := range severities {
		if !strings.Contains(manual, "| `"+name+"` | "+strings.Join(list, ", ")+" |") {
			t.Errorf("README.md has no line for %s (%s)", name, strings.Join(list, ", "))
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(Octail\\w+)`").FindAllStringSubmatch(manual, -1) {
		if severities[m[1]] == nil {
			t.Errorf("README.md explains %s, which is not in alerts.yaml", m[1])
		}
	}
}

// TestManual: Prometheus takes the configuration that README.md gives, with the
// rules where it says.
func TestManual(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "octail", "alerts.yaml"), read(t, "alerts.yaml"))
	write(t, filepath.Join(dir, "prometheus.yml"), []byte(snippet(t, "scrape_configs:")))
	promtool(t, dir, "", "check", "config", "prometheus.yml")

	var provisioning struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	if err := yaml.Unmarshal([]byte(snippet(t, "providers:")), &provisioning); err != nil {
		t.Fatal(err)
	}
	if p := provisioning.Providers; len(p) != 1 || p[0].Type != "file" || !strings.Contains(string(read(t, "README.md")), "put `octail.json` into `"+p[0].Options.Path+"`") {
		t.Errorf("%+v", p)
	}
}

// snippet is the example of README.md that holds a text.
func snippet(t *testing.T, part string) string {
	t.Helper()
	for _, m := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(read(t, "README.md"), -1) {
		if strings.Contains(string(m[1]), part) {
			return string(m[1])
		}
	}
	t.Fatalf("README.md has no example with %q", part)
	return ""
}
