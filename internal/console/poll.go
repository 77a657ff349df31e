package console

import (
	"fmt"
	"io"
	"time"
)

// Poll is the state of capture that sweeps the shop instead of reading its log.
type Poll struct {
	Every   float64   `json:"every_seconds"`
	Begun   bool      `json:"begun"`  // there is something to compare with
	Sweeps  int64     `json:"sweeps"` // whole ones since the agent's start
	Last    time.Time `json:"last,omitzero"`
	Took    float64   `json:"took_seconds"` // pauses included
	Busy    float64   `json:"busy_seconds"` // of the shop's database
	Longest float64   `json:"longest_statement_seconds"`

	Statements int64     `json:"statements"`
	Rows       int64     `json:"rows"`
	Next       time.Time `json:"next,omitzero"` // absent while one is under way
	Failing    []string  `json:"failing,omitempty"`
	Missing    int       `json:"missing,omitempty"` // entities without their row: deleted, if a later sweep misses them too
}

// notSeen is the weaker promise.
const notSeen = "steps between two sweeps are not seen (capture.mode: poll)"

// late reports whether the last whole sweep is older than it should be.
func (p *Poll) late(now time.Time) bool {
	usual := time.Duration((p.Every + p.Took) * float64(time.Second))
	return !p.Last.IsZero() && now.Sub(p.Last) > max(readWithin, 3*usual)
}

// sentence is for when nothing waits.
func (p *Poll) sentence(now time.Time) string {
	switch {
	case !p.Begun:
		return "The shop is swept for the first time; what is to be read is read after that."
	case p.Last.IsZero():
		return "Everything that was found is delivered; the first sweep since the start is under way."
	}
	return fmt.Sprintf("Everything that the last sweep found, begun %s, is delivered.", ago(p.Last, now))
}

// text writes the lines of a status for people.
func (p *Poll) text(w io.Writer, now time.Time) {
	fmt.Fprintf(w, "sweeps    every %s: ", time.Duration(p.Every*float64(time.Second)))
	switch {
	case p.Last.IsZero():
		fmt.Fprint(w, "none yet")
	default:
		fmt.Fprintf(w, "the last began %s ago and took %.1f s, %.1f s of them at work; %d rows, %d statements of %.2f s at most",
			max(0, now.Sub(p.Last)).Round(time.Second), p.Took, p.Busy, p.Rows, p.Statements, p.Longest)
	}
	switch {
	case p.Sweeps == 0 && p.Next.IsZero():
	case p.Next.IsZero():
		fmt.Fprint(w, "; one is under way")
	default:
		fmt.Fprintf(w, "; next in %s", max(0, p.Next.Sub(now)).Round(time.Second))
	}
	if p.Missing > 0 {
		fmt.Fprintf(w, "\n          missing in the shop: %d; deleted, if a sweep a minute later (ten, where a dump may be being loaded) misses them too", p.Missing)
	}
	fmt.Fprintf(w, "\n          %s\n", notSeen)
}
