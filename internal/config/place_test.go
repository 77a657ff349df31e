package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPlace: a file has one name, whatever links lead to it, and before it is there.
func TestPlace(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	join := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(join("log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(join("log/events.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"folder": "log", "file.jsonl": "log/events.jsonl"} {
		if err := os.Symlink(join(to), join(link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"log/events.jsonl":    "log/events.jsonl",
		"file.jsonl":          "log/events.jsonl",
		"folder/events.jsonl": "log/events.jsonl",
		"folder/later.jsonl":  "log/later.jsonl",
		"no/../such/later":    "such/later",
	} {
		if got := place(join(path)); got != join(want) {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}
