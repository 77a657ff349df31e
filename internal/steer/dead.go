package steer

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"octail/internal/journal"
	"octail/transform/document"
)

// Letters chooses dead letters: those that fit everything given.
type Letters struct {
	IDs    []int64 `json:"ids,omitempty"`
	Sink   string  `json:"sink,omitempty"`
	Entity string  `json:"entity,omitempty"` // order/1042, or order for all of a kind
	Reason string  `json:"reason,omitempty"`
	All    bool    `json:"all,omitempty"` // really all of them
}

func (l Letters) chosen() bool {
	return len(l.IDs) > 0 || l.Sink != "" || l.Entity != "" || l.Reason != ""
}

// Check refuses a choice that is none: something is done to what it chooses.
func (l Letters) Check() error {
	switch {
	case !l.chosen() && !l.All:
		return mistake("say which dead letters: --id 7, --sink NAME, --entity order/1042, --reason REASON (those that fit all that is given), or --all. `octail dead list` shows them")
	case l.All && l.chosen():
		return mistake("--all means every dead letter: leave it out, or the other choices")
	}
	return nil
}

func (d *Desk) filter(ctx context.Context, l Letters) (f journal.DeadFilter, err error) {
	if slices.ContainsFunc(l.IDs, func(id int64) bool { return id <= 0 }) {
		return f, mistake("an id of a dead letter is a number above 0: `octail dead list` shows them")
	}
	if l.Sink != "" {
		if err := d.known(ctx, l.Sink); err != nil {
			return f, err
		}
	}
	f = journal.DeadFilter{IDs: l.IDs, Sink: l.Sink, Reason: l.Reason}
	if l.Entity == "" {
		return f, nil
	}
	if slices.Contains(document.Entities, l.Entity) {
		f.Key.Entity = l.Entity
		return f, nil
	}
	if f.Key, err = document.ParseKey(l.Entity); err != nil || f.Key.ID <= 0 {
		return f, mistake("--entity %s: name one as order/1042, or a kind: %s", l.Entity, strings.Join(document.Entities, ", "))
	}
	return f, nil
}

// Letter is a dead letter.
type Letter struct {
	ID       int64     `json:"id"`
	Sink     string    `json:"sink"`
	Subject  string    `json:"subject"`
	Revision int64     `json:"revision"`
	Sequence int64     `json:"sequence"`
	Class    string    `json:"class"`
	Reason   string    `json:"reason"`
	Cause    string    `json:"cause"`
	Attempts int       `json:"attempts"`
	Since    time.Time `json:"since"`
	Request  string    `json:"request,omitempty"`
	Answer   string    `json:"answer,omitempty"`
}

// LetterOf is a dead letter as it is shown.
func LetterOf(l journal.Dead) Letter {
	return Letter{l.ID, l.Sink, l.Key.String(), l.Revision, l.Sequence, l.Class, l.Reason, l.Cause, l.Attempts, l.Since, l.Request, l.Answer}
}

// lettersAtMost bounds one list.
const lettersAtMost = 1000

// List is a list of dead letters, oldest first.
type List struct {
	Letters []Letter `json:"letters"`
	Total   int64    `json:"total"` // of all dead letters there are
	More    bool     `json:"more"`  // of those chosen there are more than listed
}

// List lists dead letters, at most a thousand.
func (d *Desk) List(ctx context.Context, choice Letters) (List, error) {
	out := List{Letters: []Letter{}}
	f, err := d.filter(ctx, choice)
	if err != nil {
		return out, err
	}
	found, err := d.Journal.DeadLetters(ctx, f, lettersAtMost+1)
	if err != nil {
		return out, err
	}
	for _, l := range found[:min(len(found), lettersAtMost)] {
		out.Letters = append(out.Letters, LetterOf(l))
	}
	out.More = len(found) > lettersAtMost
	counts, err := d.Journal.CountDead(ctx)
	for _, reasons := range counts {
		for _, n := range reasons {
			out.Total += n
		}
	}
	return out, err
}

// Text lists them for people; whole also with what was sent and answered.
func (l List) Text(w io.Writer, whole bool) {
	switch {
	case l.Total == 0:
		fmt.Fprintln(w, "There are no dead letters.")
		return
	case len(l.Letters) == 0:
		fmt.Fprintf(w, "No dead letter fits; there are others (%d): `octail dead list`.\n", l.Total)
		return
	}
	if whole {
		for i := range l.Letters {
			l.Letters[i].text(w)
		}
	} else {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "ID\tSINK\tSUBJECT\tREVISION\tSINCE\tTRIES\tREASON\tCAUSE")
		for _, x := range l.Letters {
			fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\t%d\t%s\t%s\n", x.ID, x.Sink, x.Subject, x.Revision, x.Since.UTC().Format("2006-01-02 15:04Z"), x.Attempts, x.Reason, Line(x.Cause, 100))
		}
		_ = t.Flush()
	}
	if l.More {
		fmt.Fprintf(w, "There are more: choose with --sink, --entity or --reason.\n")
	}
	first := l.Letters[0].ID
	fmt.Fprintf(w, "\n`octail dead retry --id %d` tries one once more, `octail dead discard --id %d` gives it up", first, first)
	if !whole {
		fmt.Fprintf(w, ", `octail dead list --id %d` shows what was sent and answered", first)
	}
	fmt.Fprintln(w, ".")
}

func (l *Letter) text(w io.Writer) {
	fmt.Fprintf(w, "%d: %s revision %d in %s, since %s\n  reason:  %s (%s) after %s\n  cause:   %s\n", l.ID, l.Subject, l.Revision, l.Sink, l.Since.UTC().Format(time.RFC3339),
		l.Reason, l.Class, count(int64(l.Attempts), "try", "tries"), Line(l.Cause, 1000))
	for _, part := range [][2]string{{"sent:    ", l.Request}, {"answer:  ", l.Answer}} {
		if part[1] != "" {
			fmt.Fprintf(w, "  %s%s\n", part[0], strings.ReplaceAll(Printable(part[1]), "\n", "\n           "))
		}
	}
}

// Line is a text from elsewhere on one line, cut after so many characters.
func Line(text string, most int) string {
	runes := []rune(strings.Join(strings.Fields(Printable(text)), " "))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}

// Printable is a text from elsewhere that does nothing to a terminal.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// Done is what became of chosen dead letters.
type Done struct {
	Retried bool             `json:"retried"` // else discarded
	Letters int64            `json:"letters"`
	Sinks   map[string]int64 `json:"sinks"`
	Missing []int64          `json:"missing,omitempty"` // ids that were given and fit none
	Idle    []string         `json:"idle,omitempty"`    // sinks of these that are not configured any more
	Paused  []string         `json:"paused,omitempty"`  // sinks of these that are paused or have stopped
	Running bool             `json:"running"`           // the agent runs
}

// Retry gives dead letters back to their lanes, with all tries before them.
func (d *Desk) Retry(ctx context.Context, choice Letters) (Done, error) {
	return d.each(ctx, choice, d.Journal.Revive, true)
}

// Discard removes dead letters for good.
func (d *Desk) Discard(ctx context.Context, choice Letters) (Done, error) {
	return d.each(ctx, choice, d.Journal.Discard, false)
}

func (d *Desk) each(ctx context.Context, choice Letters, do func(context.Context, journal.DeadFilter) (int64, error), retry bool) (Done, error) {
	out := Done{Retried: retry, Sinks: map[string]int64{}, Running: d.Lane != nil}
	if err := choice.Check(); err != nil {
		return out, err
	}
	f, err := d.filter(ctx, choice)
	if err != nil {
		return out, err
	}
	if out.Missing, err = d.missing(ctx, f); err != nil {
		return out, err
	}
	counts, err := d.Journal.CountDead(ctx)
	if err != nil {
		return out, err
	}
	for sink := range counts {
		if f.Sink != "" && f.Sink != sink {
			continue
		}
		one := f
		one.Sink = sink
		n, err := do(ctx, one)
		if err != nil {
			return out, err
		}
		if n == 0 {
			continue
		}
		out.Letters += n
		out.Sinks[sink] = n
		d.wake(sink) // also what waits for one that is given up as its parent goes on
		if !retry {
			continue
		}
		record, _, err := d.Journal.Sink(ctx, sink)
		if err != nil {
			return out, err
		}
		switch {
		case !slices.Contains(d.Sinks, sink):
			out.Idle = append(out.Idle, sink)
		case record.Paused || record.Stopped != "":
			out.Paused = append(out.Paused, sink)
		}
	}
	slices.Sort(out.Idle)
	slices.Sort(out.Paused)
	return out, nil
}

// missing are the ids of a choice that name no dead letter, or one that does not fit the
// rest of it.
func (d *Desk) missing(ctx context.Context, f journal.DeadFilter) (ids []int64, err error) {
	if len(f.IDs) == 0 {
		return nil, nil
	}
	found, err := d.Journal.DeadLetters(ctx, f, len(f.IDs))
	if err != nil {
		return nil, err
	}
	for _, id := range f.IDs {
		if !slices.ContainsFunc(found, func(l journal.Dead) bool { return l.ID == id }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Text says it to people.
func (d Done) Text() string {
	text := d.text()
	if d.Letters > 0 && len(d.Missing) > 0 {
		text += fmt.Sprintf(" Nothing was done to %s: no dead letter of this id fits. `octail dead list` shows them.", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(d.Missing)), ", "), "[]"))
	}
	return text
}

func (d Done) text() string {
	if d.Letters == 0 {
		return "No dead letter fits. `octail dead list` shows them."
	}
	var in []string
	for sink, n := range d.Sinks {
		in = append(in, fmt.Sprintf("%d of %s", n, sink))
	}
	slices.Sort(in)
	if !d.Retried {
		return fmt.Sprintf("%s given up: %s.", count(d.Letters, "dead letter is", "dead letters are"), strings.Join(in, ", "))
	}
	text := fmt.Sprintf("%s tried once more: %s.", count(d.Letters, "dead letter is", "dead letters are"), strings.Join(in, ", "))
	for _, s := range d.Paused {
		text += fmt.Sprintf(" Sink %s is paused or has stopped: `octail resume %s` lets it go on.", s, s)
	}
	for _, s := range d.Idle {
		text += fmt.Sprintf(" Sink %s is not in the configuration any more: nothing is delivered to it.", s)
	}
	if !d.Running {
		text += " The agent is not running: they are tried after its next start."
	}
	return text
}
