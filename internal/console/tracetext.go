package console

import (
	"fmt"
	"io"
	"strings"
	"time"

	"octail/internal/steer"
	"octail/transform/document"
)

// Bounds of what people are shown of attempts.
const (
	attemptsShown = 5
	answerShown   = 200
	waitShown     = 1000 // the line to add to the configuration is at the end
)

// Text writes a trace for people.
func (t *Trace) Text(w io.Writer) {
	n := count(int64(len(t.Revisions)), "revision", "revisions")
	switch {
	case t.Deleted && len(t.Revisions) == 0:
		fmt.Fprintf(w, "%s: deleted in the shop; its revisions have left the journal\n", t.Subject)
	case t.Deleted:
		fmt.Fprintf(w, "%s: deleted in the shop; %s, newest first\n", t.Subject, n)
	case t.Exists:
		fmt.Fprintf(w, "%s: %s, newest first\n", t.Subject, n)
	default:
		fmt.Fprintf(w, "%s: nothing journaled yet\n", t.Subject)
	}
	if len(t.Revisions) > 0 {
		for _, s := range t.Revisions[0].Sinks {
			if s.Never {
				fmt.Fprintf(w, "  not for %s: %s\n", s.Sink, s.Why)
			}
		}
	}
	for _, l := range t.Links {
		by := "found or made by the sink"
		if l.Person {
			by = "linked by hand"
		}
		fmt.Fprintf(w, "  in %s it is the record %s (%s)\n", l.Sink, steer.Line(l.Target, 100), by)
	}
	if k := t.Waiting; k != nil {
		fmt.Fprintf(w, "  to be read again (%s) since %s", k.Reason, k.Since.UTC().Format(time.RFC3339))
		if k.Error != "" {
			fmt.Fprintf(w, ": %s (tried %d times, next %s)", oneLine(k.Error), k.Attempts, k.Next.UTC().Format(time.RFC3339))
		}
		fmt.Fprintln(w)
	}
	for _, r := range t.Revisions {
		fmt.Fprintf(w, "  %s  %-8s %s  by %s, sequence %d, %s\n", stamp(r.Time), r.Kind, r.ID, r.Origin, r.Sequence, journaled(r.Time, r.Journaled))
		if r.Kind == document.Updated {
			fmt.Fprintf(w, "      changed: %s\n", strings.Join(r.Changed, ", "))
		}
		for i := range r.Sinks {
			if !r.Sinks[i].Never {
				r.Sinks[i].text(w)
			}
		}
	}
	for i := range t.Dead {
		fmt.Fprintf(w, "  revision %d in %s: %s\n", t.Dead[i].Revision, t.Dead[i].Sink, letterText(&t.Dead[i]))
	}
	if n := len(t.Revisions); n > 0 && t.Revisions[n-1].Revision > 1 {
		fmt.Fprintf(w, "  older revisions are not shown or have left the journal\n")
	}
}

func (s *SinkState) text(w io.Writer) {
	fmt.Fprintf(w, "      %s: ", s.Sink)
	switch {
	case s.State == Delivered && !s.At.IsZero():
		fmt.Fprintf(w, "delivered %s", stamp(s.At))
		if s.Seconds > 0 {
			fmt.Fprintf(w, ", in %s", took(s.Seconds))
		}
	case s.SupersededBy > 0:
		fmt.Fprintf(w, "superseded by revision %d", s.SupersededBy)
	case s.Parked != nil:
		fmt.Fprint(w, s.Parked.text())
	case s.State == IsParked:
		fmt.Fprint(w, "waits")
	case s.Dead != nil:
		fmt.Fprint(w, letterText(s.Dead))
	default:
		fmt.Fprint(w, s.State)
	}
	var more []string
	for _, text := range []string{s.Why, s.Error} {
		if text != "" {
			more = append(more, steer.Line(text, answerShown))
		}
	}
	switch {
	case len(more) > 0 && s.State == IsParked:
		fmt.Fprintf(w, " %s", strings.Join(more, "; "))
	case len(more) > 0:
		fmt.Fprintf(w, ": %s", strings.Join(more, "; "))
	}
	fmt.Fprintln(w)
	rest := s.Attempts
	if s.State == Delivered && len(rest) > 0 && rest[0].Class == "ok" { // said already
		rest = rest[1:]
	}
	for i, a := range rest {
		if i == attemptsShown {
			fmt.Fprintf(w, "          and %s before, see --json\n", count(int64(len(rest)-i), "try", "tries"))
			break
		}
		fmt.Fprintf(w, "          %s  %s after %s", stamp(a.At), strings.ReplaceAll(a.Class, "_", " "), took(a.Seconds))
		if a.Answer != "" {
			fmt.Fprintf(w, ": %s", steer.Line(strings.Join(strings.FieldsFunc(a.Answer, func(r rune) bool { return r == '\n' || r == '\r' }), " · "), answerShown))
		}
		if i == 0 && s.State == Waits && !a.Next.IsZero() {
			fmt.Fprintf(w, "; next try %s", stamp(a.Next))
		}
		fmt.Fprintln(w)
	}
}

// text says why an entity waits, since when and until when.
func (p *Parked) text() string {
	text := "waits alone (" + p.Reason + ")"
	if p.Waits != "" {
		text = "waits for " + p.Waits
	}
	text += " since " + stamp(p.Since)
	if p.Error != "" {
		text += ": " + steer.Line(p.Error, waitShown)
	}
	if p.Attempts > 0 {
		text += "; " + count(int64(p.Attempts), "try", "tries") + " while others went through"
	}
	if p.Next.IsZero() {
		return text + "; next try at once"
	}
	return text + "; next try " + stamp(p.Next)
}

func letterText(l *steer.Letter) string {
	return fmt.Sprintf("dead letter %d since %s (%s after %s): %s. Mend the cause, then `octail dead retry --id %d`",
		l.ID, stamp(l.Since), l.Reason, count(int64(l.Attempts), "try", "tries"), strings.TrimRight(steer.Line(l.Cause, answerShown), "."), l.ID)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func took(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Millisecond:
		return "less than 1ms"
	}
	return d.Round(time.Millisecond).String()
}

// journaled says how long after a commit its revision was journaled. The binlog has whole
// seconds, of the database server's clock.
func journaled(commit, at time.Time) string {
	after := at.Sub(commit)
	switch {
	case after < 0:
		return "journaled at " + at.UTC().Format(time.RFC3339) + " by this machine's clock"
	case after < time.Minute:
		return fmt.Sprintf("journaled within %d s", after/time.Second+1)
	}
	return fmt.Sprintf("journaled %s later", after.Round(time.Second))
}
