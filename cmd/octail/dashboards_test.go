package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octail/grafana"
)

// TestDashboards: the files come whole, a second time nothing happens, and what
// somebody has changed is replaced only when asked for.
func TestDashboards(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "etc", "octail")
	names, err := fs.Glob(grafana.Files, "*")
	if err != nil || len(names) != 3 {
		t.Fatal(names, err)
	}
	whole := func() {
		t.Helper()
		for _, name := range names {
			want, _ := fs.ReadFile(grafana.Files, name)
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || string(got) != string(want) {
				t.Errorf("%s: %v, %d bytes", name, err, len(got))
			}
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().Perm() != 0o644 {
				t.Errorf("%s has mode %s: Prometheus and Grafana must read it", name, info.Mode())
			}
		}
		if left, _ := os.ReadDir(dir); len(left) != len(names) {
			t.Errorf("%d files in the folder: %v", len(left), left)
		}
	}

	code, stdout, stderr := octail(t, "dashboards", dir)
	if code != 0 || stderr != "" || strings.Count(stdout, "written ") != 3 {
		t.Fatalf("%d\n%s%s", code, stdout, stderr)
	}
	has(t, stdout, filepath.Join(dir, "octail.json")+"\n", filepath.Join(dir, "alerts.yaml")+"\n", "Grafana: "+filepath.Join(dir, "README.md"))
	whole()
	if code, stdout, _ := octail(t, "dashboards", dir); code != 0 || strings.Count(stdout, "unchanged ") != 3 {
		t.Errorf("%d\n%s", code, stdout)
	}

	mine := filepath.Join(dir, "alerts.yaml")
	if err := os.WriteFile(mine, []byte("groups: []\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "octail.json")); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr = octail(t, "dashboards", dir)
	if code != 1 || stdout != "" {
		t.Errorf("%d\n%s", code, stdout)
	}
	has(t, stderr, "nothing was written: "+mine+" differs", "--force")
	if data, err := os.ReadFile(mine); err != nil || string(data) != "groups: []\n" {
		t.Errorf("the changed file: %q %v", data, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "octail.json")); err == nil {
		t.Error("a part was written")
	}
	code, stdout, _ = octail(t, "dashboards", "--force", dir)
	if code != 0 || strings.Count(stdout, "written ") != 2 || strings.Count(stdout, "unchanged ") != 1 {
		t.Errorf("%d\n%s", code, stdout)
	}
	whole()
}

// TestDashboardsInTheWay: a folder that cannot be one.
func TestDashboardsInTheWay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		code, stdout, stderr := octail(t, "dashboards", dir)
		if code != 1 || stdout != "" || !strings.Contains(stderr, "not a directory") {
			t.Errorf("%d\n%s%s", code, stdout, stderr)
		}
	}
}
