package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"octail/canal"
)

// Level says how much a finding matters.
type Level string

// Levels of findings.
const (
	OK      Level = "ok"
	Warning Level = "warning" // octail runs, with the drawback that the message names
	Error   Level = "error"   // has to be repaired
)

// Finding is what one check found.
type Finding struct {
	Check   string `json:"check"` // short stable name
	Level   Level  `json:"level"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"` // what repairs it; may have several lines
	// Settings are the remedy's lines for the server's option file.
	Settings []Setting `json:"-"`
}

// LeftOut is a check that could not be tried.
type LeftOut struct {
	Check  string `json:"check"`
	Reason string `json:"reason"`
}

// Report is everything that was found.
type Report struct {
	Server      canal.Server // zero when it did not answer
	Generation  string       // release line of OpenCart, "" when no shop was found
	Findings    []Finding
	LeftOut     []LeftOut
	Unreachable bool // the database could not be reached
}

// Worst is the highest level among the findings.
func (r Report) Worst() Level {
	worst := OK
	for _, f := range r.Findings {
		if f.Level == Error || f.Level == Warning && worst == OK {
			worst = f.Level
		}
	}
	return worst
}

// ExitCode is 0 without errors, 1 with errors, 3 when the database could not be
// reached.
func (r Report) ExitCode() int {
	switch {
	case r.Unreachable:
		return 3
	case r.Worst() == Error:
		return 1
	}
	return 0
}

// MarshalJSON is the form of `octail check --json`.
func (r Report) MarshalJSON() ([]byte, error) {
	out := struct {
		Worst       Level     `json:"worst"`
		Unreachable bool      `json:"unreachable"`
		Server      string    `json:"server,omitempty"`
		OpenCart    string    `json:"opencart,omitempty"`
		Findings    []Finding `json:"findings"`
		LeftOut     []LeftOut `json:"left_out"`
	}{r.Worst(), r.Unreachable, r.Server.Version, r.Generation, r.Findings, r.LeftOut}
	if out.Findings == nil {
		out.Findings = []Finding{}
	}
	if out.LeftOut == nil {
		out.LeftOut = []LeftOut{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // a remedy is to be pasted
	err := enc.Encode(out)
	return b.Bytes(), err
}

var marks = map[Level]string{OK: "✓", Warning: "!", Error: "✗"}

// Text writes the report for people: one line a finding, its remedy indented
// below, and a last line that sums up.
func (r Report) Text(w io.Writer) {
	width := 0
	for _, f := range r.Findings {
		width = max(width, len(f.Check))
	}
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %-*s  %s\n", marks[f.Level], width, f.Check, f.Message)
		if f.Remedy == "" {
			continue
		}
		for line := range strings.SplitSeq(f.Remedy, "\n") {
			b.WriteString(strings.TrimRight("      "+line, " ") + "\n")
		}
	}
	var reasons []string
	names := map[string][]string{}
	for _, l := range r.LeftOut {
		if names[l.Reason] == nil {
			reasons = append(reasons, l.Reason)
		}
		names[l.Reason] = append(names[l.Reason], l.Check)
	}
	for _, reason := range reasons {
		fmt.Fprintf(&b, "– not tried: %s (%s)\n", strings.Join(names[reason], ", "), reason)
	}
	fmt.Fprintf(&b, "\n%s\n", r.sum())
	_, _ = io.WriteString(w, b.String()) // nobody to tell
}

// sum is the report in one line.
func (r Report) sum() string {
	bad, warnings := 0, 0
	for _, f := range r.Findings {
		switch f.Level {
		case Error:
			bad++
		case Warning:
			warnings++
		}
	}
	switch {
	case r.Unreachable:
		return "The shop's database could not be reached, so most could not be tried."
	case bad > 0 && warnings > 0:
		return fmt.Sprintf("%s to repair, and %s.", count(bad, "error"), count(warnings, "warning"))
	case bad > 0:
		return count(bad, "error") + " to repair."
	case warnings > 0:
		return fmt.Sprintf("octail can run; %s to look at.", count(warnings, "warning"))
	}
	return "Everything octail needs is in order."
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
