package config

import (
	"slices"
	"strings"
	"testing"
)

// TestDifferences: each change is named by its key, and nothing else is.
func TestDifferences(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", hunter2)
	t.Setenv("OCTAIL_TEST_OTHER", "another")
	const text = smallest + "\nlog: {level: info}\n"
	for name, c := range map[string]struct {
		was, is string // replaced in the text
		want    []string
		sink    bool // the sink is another
	}{
		"nothing":       {"", "", nil, false},
		"a comment":     {"shop:", "# shop\nshop:", nil, false},
		"a default":     {"shop:", "capture: {settle: 500ms}\nshop:", nil, false},
		"a secret":      {"${OCTAIL_TEST_SECRET}", "${OCTAIL_TEST_OTHER}", []string{"shop.mysql.password"}, false},
		"same secret":   {"${OCTAIL_TEST_SECRET}", hunter2, nil, false},
		"log level":     {"level: info", "level: debug", []string{"log.level"}, false},
		"several":       {"shop:", "capture: {settle: 1s, mode: poll}\nhttp: {token: long-and-random}\nshop:", []string{"capture.settle", "capture.mode", "http.token"}, false},
		"other forms":   {"shop:", "reconcile: {at: off}\ncapture: {snapshot: [product]}\nshop:", []string{"capture.snapshot", "reconcile.at"}, false},
		"tls":           {"user: octail", "user: octail, tls: {ca: /etc/ca.pem}", []string{"shop.mysql.tls"}, false},
		"journal":       {"octail.db", "other/octail.db", []string{"journal.path", "http.socket"}, false},
		"sink moved":    {"sinks:", "\n\nsinks:", nil, false},
		"sink":          {"type: file", "type: file, timeout: 1s", nil, true},
		"sink settings": {"events.jsonl", "other.jsonl", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(text, c.was, c.is, 1)
			if c.was != "" && changed == text {
				t.Fatalf("%q is not in\n%s", c.was, text)
			}
			a, b := load(t, text), load(t, changed)
			if got := Differences(a, b); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if a.Sinks[0].Equal(b.Sinks[0]) == c.sink {
				t.Errorf("equal: %v", !c.sink)
			}
		})
	}
}
