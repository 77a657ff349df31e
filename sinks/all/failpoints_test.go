//go:build failpoints

package all_test

import (
	"testing"

	"octail/sinks/all"
)

// TestMirror: the tests' own agent has the tests' own sink.
func TestMirror(t *testing.T) {
	if p, ok := all.ByType("mirror"); !ok || !p.Needs(p.Settings()).States || all.Types()["mirror"] == nil {
		t.Error("it is not listed, or keeps no states")
	}
}
