package structure

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fixed are the versions that were chosen on purpose and tried: another one is a
// decision, not an update.
var fixed = map[string]string{
	"github.com/cenkalti/backoff/v4":      "v4.3.0",
	"github.com/go-mysql-org/go-mysql":    "v1.16.0",
	"github.com/go-sql-driver/mysql":      "v1.10.1",
	"github.com/google/go-cmp":            "v0.7.0",
	"github.com/prometheus/client_golang": "v1.25.0",
	"github.com/shopspring/decimal":       "v1.6.0",
	"github.com/spf13/cobra":              "v1.10.2",
	"go.uber.org/goleak":                  "v1.3.0",
	"gopkg.in/yaml.v3":                    "v3.0.1",
	"modernc.org/sqlite":                  "v1.61.1",
	"pgregory.net/rapid":                  "v1.3.0",
}

func TestFixedVersions(t *testing.T) {
	have := requires(t)
	for name, version := range fixed {
		if have[name] != version {
			t.Errorf("go.mod has %s %q, not %s: this version was chosen and tried on purpose. Change it here too if a new one was", name, have[name], version)
		}
	}
}

// TestDependenciesAreExplained: docs/dependencies.md and the direct requirements
// of go.mod are the same, and so are these and what is really imported.
func TestDependenciesAreExplained(t *testing.T) {
	have := requires(t)
	explained := map[string]string{}
	row := regexp.MustCompile(`(?m)^\| ([\w./-]+\.[\w./-]+) \| (\S+) \| ([^|]+) \| ([^|]+) \|$`)
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/dependencies.md"), -1) {
		explained[m[1]] = m[2]
		if len(m[4]) < 20 {
			t.Errorf("docs/dependencies.md: the reason for %s says nothing: %q", m[1], m[4])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if explained[name] == "" {
			t.Errorf("docs/dependencies.md does not say why %s %s is there: each library is a promise to follow it, so write the reason down", name, have[name])
		} else if explained[name] != have[name] {
			t.Errorf("docs/dependencies.md says %s %s, go.mod %s", name, explained[name], have[name])
		}
	}
	for name := range explained {
		if have[name] == "" {
			t.Errorf("docs/dependencies.md explains %s, which is no direct requirement in go.mod any more", name)
		}
	}

	imported := map[string]bool{}
	for _, p := range packages(t) {
		for _, i := range slices.Concat(p.Imports, p.tests()) {
			first, _, _ := strings.Cut(i, "/")
			if !strings.Contains(first, ".") {
				continue
			}
			module := ""
			for name := range have { // the longest that fits
				if (i == name || strings.HasPrefix(i, name+"/")) && len(name) > len(module) {
					module = name
				}
			}
			if module == "" {
				t.Errorf("%s imports %s, whose module is no direct requirement in go.mod (is it marked \"// indirect\"?)", p.name(), i)
			}
			imported[module] = true
		}
	}
	for name := range have {
		if !imported[name] {
			t.Errorf("go.mod requires %s directly, and nothing imports it: run `go mod tidy`", name)
		}
	}
}

// requires are the direct requirements of go.mod.
func requires(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	line := regexp.MustCompile(`(?m)^(?:require )?\s*([\w./-]+\.[\w./-]+) (v\S+)$`) // a comment behind it: indirect
	for _, m := range line.FindAllStringSubmatch(read(t, "go.mod"), -1) {
		out[m[1]] = m[2]
	}
	if len(out) < 5 {
		t.Fatalf("found only %d requirements in go.mod", len(out))
	}
	return out
}

// read reads a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
