package structure

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"octail/sinks/all"
)

// TestDocComments: each package says what it is.
func TestDocComments(t *testing.T) {
	for _, p := range packages(t) {
		switch base := filepath.Base(p.ImportPath); {
		case p.Doc == "":
			t.Errorf("%s has no doc comment: one sentence that says what the package is, before `package %s`", p.name(), base)
		case !strings.HasPrefix(p.Doc, "Package "+base+" ") && !strings.HasPrefix(p.Doc, "Command "+base+" "):
			t.Errorf("the doc comment of %s begins %q, not \"Package %s ...\", as go doc expects it", p.name(), p.Doc, base)
		case !strings.HasSuffix(p.Doc, "."):
			t.Errorf("the doc comment of %s is no sentence: %q", p.name(), p.Doc)
		}
	}
}

const longest = 600

// TestFileLength: one noun per file.
func TestFileLength(t *testing.T) {
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			data, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(data), "\n"); n > longest {
				t.Errorf("%s/%s has %d lines, more than %d: it holds more than one noun. Give each its own file", p.name(), file, n, longest)
			}
		}
	}
}

// TestSinkFolders: a sink is its folder, its manual and its line in the catalogue.
func TestSinkFolders(t *testing.T) {
	var folders, listed []string
	for _, p := range packages(t) {
		if fits("sinks/*", p.name()) && p.name() != "sinks/all" && p.name() != "sinks/sinktest" {
			folders = append(folders, filepath.Base(p.name()))
		}
	}
	for _, plugin := range all.Plugins {
		listed = append(listed, plugin.Type)
	}
	for _, name := range folders {
		if !slices.Contains(listed, name) {
			t.Errorf("sinks/%s is not in sinks/all: nobody can configure it", name)
		}
		if !strings.Contains(read(t, "README.md"), "](sinks/"+name+"/README.md)") {
			t.Errorf("the README's table of sinks does not link sinks/%s/README.md", name)
		}
		manual, err := os.ReadFile(filepath.Join(root, "sinks", name, "README.md"))
		if err != nil {
			t.Errorf("sinks/%s has no README.md: it says what the sink promises, its settings and how to find an error", name)
			continue
		}
		plugin, ok := all.ByType(name)
		if !ok {
			continue
		}
		for _, key := range keys(reflect.TypeOf(plugin.Settings()).Elem()) {
			if !strings.Contains(string(manual), "`"+key+"`") {
				t.Errorf("sinks/%s/README.md does not explain its setting `%s`", name, key)
			}
		}
	}
	for _, name := range listed {
		if !slices.Contains(folders, name) {
			t.Errorf("sinks/all lists %q, and there is no folder sinks/%s: people look for a sink's manual and code there", name, name)
		}
	}
	for _, key := range keys(reflect.TypeOf(all.Plugins[0].Settings()).Elem()) { // the file sink is the sample's
		if !strings.Contains(read(t, "config.yaml"), key+": ") {
			t.Errorf("config.yaml does not show the file sink's setting %q: the sample names every key", key)
		}
	}
}

// TestSinksRunTheSuite: what every sink promises is tried of every sink.
func TestSinksRunTheSuite(t *testing.T) {
	for _, p := range packages(t) {
		name := p.name()
		if !fits("sinks/*", name) && name != "sinks/sinktest/mirror" || name == "sinks/all" || name == "sinks/sinktest" {
			continue
		}
		tests, err := filepath.Glob(filepath.Join(p.Dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(tests, func(file string) bool {
			text, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(text), "sinktest.Run(t, ")
		}) {
			t.Errorf("%s has no test that calls sinktest.Run: see the doc comment of sinks/sinktest", name)
		}
	}
}

// keys are the names of a section's settings in the config file.
func keys(section reflect.Type) []string {
	var out []string
	for i := range section.NumField() {
		if key, _, _ := strings.Cut(section.Field(i).Tag.Get("yaml"), ","); key != "-" && key != "" {
			out = append(out, key)
		}
	}
	return out
}
