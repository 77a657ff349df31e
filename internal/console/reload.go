package console

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// Reloader takes a changed config file without a restart.
type Reloader interface {
	// Reload reads the file anew and applies it, wholly or not at all. It is safe to
	// repeat; two of them come one after the other. An error says that none could be
	// tried.
	Reload(ctx context.Context) (*Reload, error)
}

// Reload is what came of reading the config file anew. Unless it is Applied, everything
// goes on as before.
type Reload struct {
	Applied  bool           `json:"applied"`
	Mistakes []string       `json:"mistakes,omitempty"` // in the file, each as file:line: message
	Restart  []string       `json:"restart,omitempty"`  // changed keys that need a restart
	Errors   []string       `json:"errors,omitempty"`   // why a sink cannot be made
	Warnings []string       `json:"warnings,omitempty"` // works, but should not stay so
	Changed  []string       `json:"changed,omitempty"`  // keys outside of sinks with another value
	Sinks    []ReloadedSink `json:"sinks,omitempty"`    // in the order of the file, removed ones last
}

// ReloadedSink is what a reload means for one sink.
type ReloadedSink struct {
	Name string `json:"name"`
	What string `json:"what"` // one of the values below
	// Compare is the command that brings what a changed sink was given before in line with
	// its new settings; "" where nothing can.
	Compare string `json:"compare,omitempty"`
}

// Values of ReloadedSink.What.
const (
	SinkAdded     = "added"
	SinkChanged   = "changed"
	SinkRemoved   = "removed"
	SinkUnchanged = "unchanged"
)

// Problems are the reasons why it was not applied, one per line; none when it was.
func (r *Reload) Problems() []string {
	lines := slices.Clone(r.Mistakes)
	for _, key := range r.Restart {
		lines = append(lines, key+" was changed, which a running octail cannot take: restart octail to apply it, or put the old value back")
	}
	return append(lines, r.Errors...)
}

// String is an applied one in a line.
func (r *Reload) String() string {
	by := map[string][]string{}
	for _, s := range r.Sinks {
		by[s.What] = append(by[s.What], s.Name)
	}
	var parts []string
	for _, what := range []string{SinkAdded, SinkChanged, SinkRemoved} {
		if names := by[what]; len(names) > 0 {
			parts = append(parts, fmt.Sprintf("%s %s %s", what, plural("sink", len(names)), strings.Join(names, ", ")))
		}
	}
	if len(r.Changed) > 0 {
		parts = append(parts, "changed "+strings.Join(r.Changed, ", "))
	}
	if len(parts) == 0 {
		return "nothing has changed"
	}
	return strings.Join(parts, "; ")
}

func plural(noun string, n int) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// Text writes the outcome for people: a line for each problem, or for each sink.
func (r *Reload) Text(w io.Writer) {
	for _, line := range r.Warnings {
		fmt.Fprintf(w, "! %s\n", line)
	}
	if !r.Applied {
		for _, line := range r.Problems() {
			fmt.Fprintf(w, "✗ %s\n", line)
		}
		fmt.Fprintln(w, "Nothing was applied: octail goes on as before.")
		return
	}
	for _, s := range r.Sinks {
		fmt.Fprintf(w, "  sink %s: %s\n", s.Name, s.What)
		if s.Compare != "" {
			fmt.Fprintf(w, "    what it was given before follows when it changes next, or is compared; at once: %s\n", s.Compare)
		}
	}
	for _, key := range r.Changed {
		fmt.Fprintf(w, "  %s: changed\n", key)
	}
	fmt.Fprintf(w, "✓ The configuration is in use: %s.\n", r)
}

// reloading adds the request for it.
func reloading(mux *http.ServeMux, a Reloader, may func(*http.Request) bool) {
	mux.HandleFunc("POST /api/v1/reload", changing(may, func(w http.ResponseWriter, r *http.Request) {
		s := newStream[Reload](w)
		report, err := a.Reload(r.Context())
		s.end(report, err)
	}))
}
