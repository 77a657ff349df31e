package reconcile

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"octail/transform"
)

// shownDifferences bounds the differences a Report names; all are counted.
const shownDifferences = 100

// Counts of one kind of entity, or of all.
type Counts struct {
	InShop    int64 `json:"in_shop"`    // within the window that the journal covers; drafts are not among them
	InJournal int64 `json:"in_journal"` // deleted ones are not among them
	Missing   int64 `json:"missing"`    // in the shop, not in the journal
	Different int64 `json:"different"`
	Gone      int64 `json:"gone"` // in the journal, not in the shop any more
	// Unreadable: no document can be made of it at present. Undecided: it was still
	// changing, or capture was too far behind to tell.
	Unreadable int64 `json:"unreadable,omitempty"`
	Undecided  int64 `json:"undecided,omitempty"`
	Repaired   int64 `json:"repaired,omitempty"`
}

func (c *Counts) add(d Counts) {
	c.InShop += d.InShop
	c.InJournal += d.InJournal
	c.Missing += d.Missing
	c.Different += d.Different
	c.Gone += d.Gone
	c.Unreadable += d.Unreadable
	c.Undecided += d.Undecided
	c.Repaired += d.Repaired
}

// Differences is how many entities are not equal.
func (c Counts) Differences() int64 { return c.Missing + c.Different + c.Gone }

// String is the one line about them.
func (c Counts) String() string {
	parts := []string{thousands(c.InShop) + " in shop", thousands(c.InJournal) + " in journal", thousands(c.Missing) + " missing", thousands(c.Different) + " different"}
	for _, more := range []struct {
		n    int64
		name string
	}{{c.Gone, "no longer in shop"}, {c.Unreadable, "unreadable"}, {c.Undecided, "undecided"}, {c.Repaired, "repaired"}} {
		if more.n > 0 {
			parts = append(parts, thousands(more.n)+" "+more.name)
		}
	}
	return strings.Join(parts, " · ")
}

// thousands writes 1204 as 1,204.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Difference is one entity that is not equal.
type Difference struct {
	Subject string          `json:"subject"`
	State   transform.State `json:"state"` // missing, different, gone
	Fields  []string        `json:"fields,omitempty"`
}

// Report is the result of a reconciliation, or how far it has come.
type Report struct {
	Started     time.Time         `json:"started"`
	Finished    time.Time         `json:"finished,omitzero"`
	Repair      bool              `json:"repair"`
	Total       Counts            `json:"total"`
	Entities    map[string]Counts `json:"entities"`
	Differences []Difference      `json:"differences,omitempty"` // the first of them
	// Skipped are the kinds that cannot be read at all, and why.
	Skipped map[string]string `json:"skipped,omitempty"`
	// Sinks are those that can read back what their targets hold. SinksOnly: the shop was
	// not looked at.
	Sinks     map[string]*SinkReport `json:"sinks,omitempty"`
	SinksOnly bool                   `json:"sinks_only,omitempty"`
}

// Equal reports whether nothing is left to be done.
func (r *Report) Equal() bool { return r.ShopEqual() && len(r.SinksDiffer()) == 0 }

// SinksDiffer are the sinks whose targets lack something that is not delivered once more.
func (r *Report) SinksDiffer() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(r.Sinks)) {
		if !r.Sinks[name].equal() {
			names = append(names, name)
		}
	}
	return names
}

// ShopEqual is Equal of shop and journal.
func (r *Report) ShopEqual() bool {
	return r.Total.Differences() <= r.Total.Repaired && r.Total.Unreadable+r.Total.Undecided == 0 && len(r.Skipped) == 0
}

// clone is a copy that shares nothing.
func (r *Report) clone() Report {
	c := *r
	c.Entities, c.Skipped, c.Differences = maps.Clone(r.Entities), maps.Clone(r.Skipped), slices.Clone(r.Differences)
	return c
}

func (r *Report) count(entity string, c Counts) {
	r.Total.add(c)
	all := r.Entities[entity]
	all.add(c)
	r.Entities[entity] = all
}

// Text writes the report for people: one line, and below it what differs.
func (r *Report) Text(w io.Writer) {
	if !r.SinksOnly {
		r.shopText(w)
	}
	r.sinksText(func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) })
}

func (r *Report) shopText(w io.Writer) {
	fmt.Fprintln(w, r.Total)
	for _, d := range r.Differences {
		switch d.State {
		case transform.Different:
			fmt.Fprintf(w, "  %s: other %s\n", d.Subject, strings.Join(d.Fields, ", "))
		case transform.Missing:
			fmt.Fprintf(w, "  %s: not in the journal\n", d.Subject)
		default:
			fmt.Fprintf(w, "  %s: not in the shop any more\n", d.Subject)
		}
	}
	if n := r.Total.Differences() - int64(len(r.Differences)); n > 0 {
		fmt.Fprintf(w, "  and %s more\n", thousands(n))
	}
	for _, e := range slices.Sorted(maps.Keys(r.Skipped)) {
		fmt.Fprintf(w, "  %s: not compared: %s\n", e, r.Skipped[e])
	}
	if r.Total.Undecided > 0 {
		fmt.Fprintf(w, "  undecided: half-way through a change all the time they were looked at\n")
	}
	if n := r.Total.Unreadable; n > 0 {
		fmt.Fprintf(w, "  unreadable: `octail status` says why\n")
	}
	if left := r.Total.Differences() - r.Total.Repaired; left > 0 && !r.Repair {
		fmt.Fprintf(w, "`octail reconcile --repair` reads them again and delivers them\n")
	}
}
