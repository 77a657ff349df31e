package oracle

import (
	"path/filepath"
	"testing"
)

// expectedFiles are the expected files of a recording that match a pattern.
func expectedFiles(t *testing.T, recording, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recording, "expected", pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
