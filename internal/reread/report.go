package reread

import (
	"fmt"
	"io"
	"strings"
)

// Line is the report in one line.
func (r *Report) Line() string {
	verb := "delivered"
	if r.Request.DryRun {
		verb = "would be delivered"
	}
	parts := []string{fmt.Sprintf("%d read", r.Read-r.Failed), fmt.Sprintf("%d changed and %s", r.Changed, verb), fmt.Sprintf("%d unchanged", r.Same)}
	if r.Request.Force {
		parts = append(parts, fmt.Sprintf("%d of them %s once more", r.Again, verb))
	}
	if r.Drafts > 0 {
		parts = append(parts, fmt.Sprintf("%d not confirmed yet", r.Drafts))
	}
	if r.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d could not be read", r.Failed))
	}
	return strings.Join(parts, " · ")
}

// Text writes the report for people.
func (r *Report) Text(w io.Writer) {
	fmt.Fprintln(w, r.Line())
	for _, c := range r.Changes {
		fmt.Fprintf(w, "  %s: %s", c.Subject, c.What)
		if c.Revision > 0 {
			fmt.Fprintf(w, ", revision %d", c.Revision)
		}
		if len(c.Fields) > 0 {
			fmt.Fprintf(w, ": %s", strings.Join(c.Fields, ", "))
		}
		fmt.Fprintln(w)
	}
	if n := r.Changed - int64(len(r.Changes)); n > 0 {
		fmt.Fprintf(w, "  and %d more\n", n)
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "  %s: %s\n", p.Subject, p.Cause)
	}
	if n := r.Failed - int64(len(r.Problems)); n > 0 {
		fmt.Fprintf(w, "  and %d more that could not be read\n", n)
	}
	if len(r.To) == 0 {
		fmt.Fprintf(w, "  no sink takes %s documents\n", r.Request.Entity)
	}
	if r.Again > 0 || r.Request.Force {
		for _, name := range r.Once {
			fmt.Fprintf(w, "  sink %s keeps a log of its own and is not given once more what it has\n", name)
		}
	}
}
