package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// SinkCounts are those of one kind of entity in one sink.
type SinkCounts struct {
	Compared  int64 `json:"compared"`
	Missing   int64 `json:"missing"`         // accepted, and not in the target
	Different int64 `json:"different"`       // also deleted ones that the target still has
	Again     int64 `json:"again,omitempty"` // of both, those that are delivered once more
}

// Differences is how many entities are not equal.
func (c SinkCounts) Differences() int64 { return c.Missing + c.Different }

// SinkReport is how a sink's target compares with what the sink has accepted.
type SinkReport struct {
	Finished    time.Time             `json:"finished,omitzero"`
	Entities    map[string]SinkCounts `json:"entities"`
	Differences []SinkDifference      `json:"differences,omitempty"` // the first of them
	// Skipped is why it was not compared, or not to its end.
	Skipped string `json:"skipped,omitempty"`
	// Held: so much is missing that it is not delivered once more without being asked for.
	Held bool `json:"held,omitempty"`
}

// SinkDifference is one entity that is not equal in a sink's target.
type SinkDifference struct {
	Subject string   `json:"subject"`
	Missing bool     `json:"missing,omitempty"`
	Fields  []string `json:"fields,omitempty"`
}

// Total is the sum of all kinds.
func (r *SinkReport) Total() (c SinkCounts) {
	for _, e := range r.Entities {
		c.Compared += e.Compared
		c.Missing += e.Missing
		c.Different += e.Different
		c.Again += e.Again
	}
	return c
}

// equal reports whether nothing is left to be done in a sink.
func (r *SinkReport) equal() bool {
	t := r.Total()
	return t.Differences() <= t.Again
}

// String is the one line about it.
func (r *SinkReport) String() string {
	t := r.Total()
	if r.Skipped != "" && t.Compared == 0 {
		return "not compared: " + oneLine(r.Skipped)
	}
	text := fmt.Sprintf("%s compared · %s missing · %s different", thousands(t.Compared), thousands(t.Missing), thousands(t.Different))
	if t.Again > 0 {
		text += " · " + thousands(t.Again) + " delivered once more"
	}
	if r.Skipped != "" {
		text += "; not all of it: " + oneLine(r.Skipped)
	}
	return text
}

// oneLine makes a target's words fit to be shown.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// sinksText writes what the sinks' targets lack.
func (r *Report) sinksText(line func(format string, args ...any)) {
	for _, name := range slices.Sorted(maps.Keys(r.Sinks)) {
		s := r.Sinks[name]
		line("sink %s: %s", name, s)
		for _, d := range s.Differences {
			switch {
			case d.Missing:
				line("  %s: not in the target", d.Subject)
			case len(d.Fields) > 0:
				line("  %s: other %s", d.Subject, strings.Join(d.Fields, ", "))
			default:
				line("  %s: other than it was accepted", d.Subject)
			}
		}
		t := s.Total()
		if n := t.Differences() - int64(len(s.Differences)); n > 0 {
			line("  and %s more", thousands(n))
		}
		switch {
		case s.Held:
			line("  most of it is missing, perhaps because the target is another one: nothing was delivered once more. `octail reconcile --repair --sink %s` does it", name)
		case !s.equal():
			line("  `octail reconcile --repair --sink %s` delivers them once more", name)
		}
	}
}
