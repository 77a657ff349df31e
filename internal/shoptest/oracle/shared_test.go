package oracle

import (
	"os"
	"path/filepath"
	"testing"
)

// sharedFolder finds the folder with recordings, examples and tools: $OCTAIL_SHARED, else ../shared beside the
// repository. It is no part of the repository; a test that needs it and does not find it reports itself as skipped.
func sharedFolder(t *testing.T) string {
	t.Helper()
	if folder := os.Getenv("OCTAIL_SHARED"); folder != "" {
		if _, err := os.Stat(filepath.Join(folder, "recordings")); err != nil {
			t.Fatalf("OCTAIL_SHARED: %v", err)
		}
		return folder
	}
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(root) == root {
			t.Fatal("no go.mod above this package")
		}
		root = filepath.Dir(root)
	}
	folder := filepath.Join(root, "..", "shared")
	if _, err := os.Stat(filepath.Join(folder, "recordings")); err != nil {
		t.Skipf("LEFT OUT, nothing was compared with recordings or examples: %v (set OCTAIL_SHARED)", err)
	}
	return folder
}

// expectedFiles are the expected files of a recording that match a pattern.
func expectedFiles(t *testing.T, recording, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recording, "expected", pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
