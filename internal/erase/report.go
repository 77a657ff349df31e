package erase

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Report is what was done, or how far it is. It names nobody but by id.
type Report struct {
	Customer int64 `json:"customer,omitempty"`
	// Customers and Orders got a new revision without the person, which goes to the
	// sinks; Events were emptied.
	Customers int64     `json:"customers"`
	Orders    int64     `json:"orders"`
	Events    int64     `json:"events"`
	Sinks     []Told    `json:"sinks"`
	Failed    []Problem `json:"failed,omitempty"` // could not be read again, and still hold the person
	// Left is how often an address of the person still stands in files of the journal, or
	// in copies beside it.
	Left map[string]int64 `json:"left,omitempty"`
}

// Told is what a sink is told, and where somebody has to look himself.
type Told struct {
	Sink string `json:"sink"`
	Type string `json:"type"`
	What string `json:"what"`
}

// Problem is an entity that could not be read.
type Problem struct {
	Subject string `json:"subject"`
	Cause   string `json:"cause"`
}

// told says of each sink what reaches it.
func told(sinks []Sink) []Told {
	out := []Told{}
	for _, s := range sinks {
		t := Told{Sink: s.Name, Type: s.Type}
		switch {
		case !s.Takes:
			t.What = "takes neither customers nor orders: not concerned"
		case s.Erases:
			t.What = "its records are written anew without the person, and it removes what else it keeps of it"
		case s.States:
			t.What = "its records are written anew without the person; what else it keeps (notes, mails, printed papers) is to be removed there"
		case s.Type == "file":
			t.What = "the new revisions come as further lines; lines that are written already still hold the person: remove them, in moved files and copies too"
		default:
			t.What = "is sent the new revisions; what it was sent before has to be removed there"
		}
		if s.Takes && s.AtRest != "" {
			t.What += ". It is told when it goes on: " + oneLine(s.AtRest)
		}
		out = append(out, t)
	}
	return out
}

// Done reports whether nothing of the person is left where octail can reach.
func (r *Report) Done() bool { return len(r.Failed) == 0 && len(r.Left) == 0 }

// Line is how far it is.
func (r *Report) Line() string {
	return fmt.Sprintf("%s, %s written anew", counted(r.Customers, "customer", "customers"), counted(r.Orders, "order", "orders"))
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Text writes the report for people.
func (r *Report) Text(w io.Writer) {
	fmt.Fprintf(w, "%s scrubbed · %s\n", counted(r.Events, "event", "events"), r.Line())
	if r.Customers+r.Orders+r.Events == 0 && len(r.Failed) == 0 {
		fmt.Fprintln(w, "The journal holds nothing of the person (any more), so the sinks are told nothing; what comes of it from the shop is left out from now on.")
	} else {
		fmt.Fprintln(w, "From now on the person is left out of every document, new orders with the same address included.")
		for _, s := range r.Sinks {
			fmt.Fprintf(w, "  %s (%s): %s\n", s.Sink, s.Type, oneLine(s.What))
		}
	}
	fmt.Fprintln(w, "  backups (`octail backup`, snapshots of the disk) made before still hold the person: delete them, or erase again after one is put back")
	fmt.Fprintln(w, "  the shop itself is not changed: erase the customer there")
	for _, p := range r.Failed {
		fmt.Fprintf(w, "  %s could not be read again and still holds the person: %s\n", p.Subject, oneLine(p.Cause))
	}
	for _, file := range slices.Sorted(maps.Keys(r.Left)) {
		fmt.Fprintf(w, "  %s still has an address of the person %s\n", file, counted(r.Left[file], "time", "times"))
	}
	if !r.Done() {
		fmt.Fprintln(w, "Not finished: ask again when that is mended.")
	}
}

// oneLine makes a text from elsewhere (a database, a target) fit to be shown.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
