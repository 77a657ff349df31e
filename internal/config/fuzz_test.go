package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse: whatever the file holds, there is a config with a sink or there are problems with lines, and what a variable
// holds is in none of them.
func FuzzParse(f *testing.F) {
	const value = "4f1c9a07-5e"
	f.Setenv("OCTAIL_TEST_SECRET", value)
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../../config.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(want.ReplaceAll(data, nil))
	}
	f.Add([]byte(smallest))
	f.Add([]byte("a: &a [*a, *a]\nsinks: &s [*s, {<<: *a}]\n? {b: c}\n: d\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, warnings, err := Parse("config.yaml", data, testTypes)
		for _, w := range warnings {
			if w.Line < 1 || w.File != "config.yaml" || strings.Contains(w.Message, value) {
				t.Errorf("warning %s", w)
			}
		}
		if err == nil {
			if c == nil || len(c.Sinks) == 0 || c.Sinks[0].Settings == nil {
				t.Errorf("accepted without a sink: %+v", c)
			}
			return
		}
		var e *Errors
		if !errors.As(err, &e) || len(e.Problems()) == 0 {
			t.Fatalf("no problems in %v", err)
		}
		line := 0
		for _, p := range e.Problems() {
			if p.Line < max(line, 1) || p.File != "config.yaml" || p.Message == "" || strings.Contains(p.Message, value) {
				t.Errorf("problem %s after line %d", p, line)
			}
			line = p.Line
		}
	})
}
