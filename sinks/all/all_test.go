package all_test

import (
	"testing"

	"octail/sinks/all"
)

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	types := all.Types()
	for _, p := range all.Plugins {
		if p.Type == "" || p.Summary == "" || p.Open == nil || p.Settings == nil || seen[p.Type] {
			t.Errorf("%+v", p)
		}
		seen[p.Type] = true
		if got, ok := all.ByType(p.Type); !ok || got.Type != p.Type || types[p.Type] == nil {
			t.Errorf("%s is not found", p.Type)
		}
	}
	if _, ok := all.ByType("carrier pigeon"); ok || len(types) != len(all.Plugins) {
		t.Error("a type that is none")
	}
}
