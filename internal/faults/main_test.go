package main

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestTable: docs/faults.md has a row for each case, and no other.
func TestTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range regexp.MustCompile(`(?m)^\| (F\d\d) \|`).FindAllSubmatch(text, -1) {
		rows = append(rows, string(m[1]))
	}
	var cases []string
	for _, f := range all() {
		cases = append(cases, f.number)
	}
	if !slices.Equal(rows, cases) {
		t.Errorf("docs/faults.md has %v, the program %v", rows, cases)
	}
}
