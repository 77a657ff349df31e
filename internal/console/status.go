package console

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"octail/canal"
	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/internal/reconcile"
)

// Levels of a Status.
const (
	Green = "green" // everything is delivered, or on its way
	Amber = "amber" // something waits longer than it should
	Red   = "red"   // somebody has to act
)

// Status answers "is everything delivered?". It is what `octail status --json`
// and /api/v1/status print.
type Status struct {
	Level    string   `json:"level"`
	Sentence string   `json:"sentence"`
	Reasons  []string `json:"reasons,omitempty"` // why the level is not green
	// Unreachable: it is red because the agent does not reach the shop's database.
	Unreachable bool              `json:"unreachable,omitempty"`
	Shop        string            `json:"shop"`
	Version     string            `json:"version"`
	Running     bool              `json:"running"`
	PID         int               `json:"pid,omitempty"`
	Started     time.Time         `json:"started,omitzero"`
	At          time.Time         `json:"at"`
	Source      Source            `json:"source"`
	Documents   Documents         `json:"documents"`
	Journal     Journal           `json:"journal"`
	Sinks       []dispatch.Status `json:"sinks"`
	// Compared is the last comparison with the shop, Comparing how far one is that is
	// under way.
	Compared  *reconcile.Report `json:"compared,omitempty"`
	Comparing *reconcile.Report `json:"comparing,omitempty"`
	Fills     []Fill            `json:"fills,omitempty"` // readings in the background
}

// Source is the state of capture.
type Source struct {
	State    string     `json:"state"` // connected, polling, waiting, starting, stopped
	Since    time.Time  `json:"since,omitzero"`
	Server   string     `json:"server,omitempty"`
	OpenCart string     `json:"opencart,omitempty"`
	Position string     `json:"position"`
	ReadUpTo time.Time  `json:"read_up_to,omitzero"` // all that was committed before has been read
	LastRead time.Time  `json:"last_read,omitzero"`
	Lag      *canal.Lag `json:"lag,omitempty"`
	Poll     *Poll      `json:"poll,omitempty"` // with capture.mode: poll
	Error    string     `json:"error,omitempty"`
	Hole     *Hole      `json:"hole,omitempty"` // the last one

	TablesGone   string `json:"tables_gone,omitempty"`   // the shop is not where octail looks for it
	TablesUnseen string `json:"tables_unseen,omitempty"` // it is, but another one is used
}

// Hole is a hole in the binlog, which is closed by comparing everything with the shop.
// Of what happened in it only the result is known.
type Hole struct {
	Found    time.Time `json:"found"`
	Why      string    `json:"why"`
	From     string    `json:"from"`                // position up to which the log was read
	ReadUpTo time.Time `json:"read_up_to,omitzero"` // all that was committed before had been read
	To       string    `json:"to"`                  // where it is read again
	Known    int64     `json:"known"`               // entities the journal had then
	Closed   time.Time `json:"closed,omitzero"`     // zero: it is being compared
	Compared int       `json:"compared"`
	Created  int       `json:"created"`
	Changed  int       `json:"changed"`
	Deleted  int       `json:"deleted"`
}

// Window says in between which moments steps are not known.
func (h *Hole) Window() string {
	from := "position " + h.From
	if !h.ReadUpTo.IsZero() {
		from = moment(h.ReadUpTo)
	}
	return from + " and " + moment(h.Found)
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// shownFor is how long a hole that is closed is shown to people.
const shownFor = 7 * 24 * time.Hour

// text is what people read of it.
func (h *Hole) text(now time.Time) string {
	what := fmt.Sprintf("found %s: %s; steps between %s are not known; ", ago(h.Found, now), oneLine(h.Why), h.Window())
	if h.Closed.IsZero() {
		return what + fmt.Sprintf("%s and all of the shop are being compared", count(h.Known, "known entity", "known entities"))
	}
	return what + fmt.Sprintf("closed after %s: %d compared, %d created, %d changed, %d deleted",
		h.Closed.Sub(h.Found).Round(time.Second), h.Compared, h.Created, h.Changed, h.Deleted)
}

// Documents is the state of document making.
type Documents struct {
	Pending int       `json:"pending"` // touched, not read yet
	Blocked string    `json:"blocked,omitempty"`
	Failing []Failing `json:"failing,omitempty"` // entities that cannot be read
}

// Failing is an entity that waits alone because it cannot be read.
type Failing struct {
	Subject  string    `json:"subject"`
	Whole    bool      `json:"whole,omitempty"` // all of a kind
	Error    string    `json:"error"`
	Attempts int       `json:"attempts"`
	Since    time.Time `json:"since"`
	Next     time.Time `json:"next"`
}

// Journal is the state of the journal.
type Journal struct {
	Path     string `json:"path"`
	Sequence int64  `json:"sequence"`
	Birth    string `json:"birth,omitempty"`
	journal.Counts
	Excess *journal.Excess `json:"excess,omitempty"` // when it is larger than journal.max_bytes, and why
}

// Limits of what is good.
const (
	connectWithin = time.Minute      // then a lost database needs somebody
	deliverWithin = 15 * time.Minute // then an event waits longer than it should
	readWithin    = 5 * time.Minute
	// readingSince is how old the next unread commit must be to be worth a word.
	readingSince = 5
)

// Refused reports whether a sink has dead letters. The rest goes on, but nothing delivers
// them until somebody acts.
func (s *Status) Refused() bool {
	return slices.ContainsFunc(s.Sinks, func(k dispatch.Status) bool { return k.Dead > 0 })
}

// Judge sets level, sentence and reasons from the rest. Reasons that make it red
// come first, and the sentence is the first of them.
func (s *Status) Judge() {
	var red, amber []string
	say := func(to *[]string, format string, args ...any) { *to = append(*to, fmt.Sprintf(format, args...)) }
	switch since := s.Source.Since; {
	case !s.Running:
		say(&red, "the agent is not running: start it with `systemctl start octail` (or `octail run`)")
	case s.Source.State != "connected" && s.Source.State != "polling":
		if since.IsZero() {
			since = s.Started
		}
		to := &amber
		if s.At.Sub(since) > connectWithin {
			to = &red
			s.Unreachable = true
		}
		why := s.Source.Error
		if why == "" {
			why = "no answer yet"
		}
		say(to, "the shop's database is not connected since %s: %s", ago(since, s.At), why)
	}
	if p := s.Source.Poll; p != nil {
		for _, f := range p.Failing {
			say(&amber, "changes cannot be seen in part of the shop: %s", f)
		}
		if s.Running && s.Source.State == "polling" && p.late(s.At) {
			say(&amber, "no sweep of the shop has come to its end since the one begun %s", ago(p.Last, s.At))
		}
	}
	if s.Source.TablesGone != "" {
		say(&red, "%s", s.Source.TablesGone)
	}
	if s.Source.TablesUnseen != "" {
		say(&amber, "%s", s.Source.TablesUnseen)
	}
	if s.Documents.Blocked != "" {
		say(&red, "documents cannot be made: %s", s.Documents.Blocked)
	}
	whole := 0
	for _, f := range s.Documents.Failing {
		if f.Whole {
			say(&red, "%s cannot be read: %s", f.Subject, f.Error)
			whole++
		}
	}
	if n := s.Journal.Failing - int64(whole); n > 0 {
		say(&amber, "%s cannot be read from the shop (octail status shows why)", count(n, "entity", "entities"))
	}
	if c := s.Compared; c != nil && c.Total.Differences() > c.Total.Repaired {
		say(&red, "the comparison with the shop on %s found: %s (octail reconcile --repair mends it)", ago(c.Finished, s.At), c.Total)
	} else if c != nil && !c.ShopEqual() {
		what := c.Total.String()
		if len(c.Skipped) > 0 {
			what += "; left out: " + strings.Join(slices.Sorted(maps.Keys(c.Skipped)), ", ")
		}
		say(&amber, "the last comparison with the shop, on %s, could not read all of it: %s", ago(c.Finished, s.At), what)
	}
	if c := s.Compared; c != nil {
		for _, name := range c.SinksDiffer() {
			say(&red, "the target of sink %s lacks what it has accepted: %s (octail reconcile --repair --sink %s delivers it once more)", name, c.Sinks[name], name)
		}
	}
	if x := s.Journal.Excess; x != nil {
		say(&amber, "%s: %s", x, x.Remedy())
	}
	var waiting int64
	for _, k := range s.Sinks {
		waiting += k.Pending
		s.judgeSink(&k, say, &red, &amber)
	}
	lag := s.Source.Lag
	if lag != nil && lag.Seconds > readWithin.Seconds() {
		say(&amber, "reading the shop's binlog is %s behind", seconds(lag.Seconds))
	}
	s.Reasons = append(red, amber...)
	switch {
	case len(red) > 0:
		s.Level = Red
	case len(amber) > 0:
		s.Level = Amber
	default:
		s.Level = Green
	}
	s.Sentence = s.sentence(waiting)
}

// judgeSink says what is not well with a sink.
func (s *Status) judgeSink(k *dispatch.Status, say func(*[]string, string, ...any), red, amber *[]string) {
	switch {
	case k.Stopped == dispatch.StoppedFull:
		text := fmt.Sprintf("sink %s has been stopped because it was behind since %s and kept the journal beyond journal.max_bytes: revisions that are replaced leave the journal without it, the newest of each entity stays. Mend its target or raise journal.max_bytes, then octail resume %s: it goes on with what is there, and loses no entity", k.Name, ago(k.FailingFrom, s.At), k.Name)
		if k.LastError != "" {
			text += ". Its target's last answer: " + k.LastError
		}
		say(red, "%s", text)
	case k.Paused:
		say(amber, "sink %s is paused, with %s (octail resume %s)", k.Name, count(k.Pending, "waiting", "waiting"), k.Name)
	case k.Stopped == dispatch.StoppedBlocked:
		say(red, "sink %s has stopped: its target lets octail in no more since %s: %s (when that is mended: octail resume %s)", k.Name, ago(k.FailingFrom, s.At), k.LastError, k.Name)
	case k.Stopped != "":
		say(red, "sink %s has stopped: its target refuses one after the other since %s: %s (when that is mended: octail resume %s)", k.Name, ago(k.FailingFrom, s.At), k.LastError, k.Name)
	case k.LastError != "" && k.AskedToWait():
		say(amber, "sink %s waits until %s, as its target asks: %s", k.Name, moment(k.Next), k.LastError)
	case k.LastError != "":
		say(red, "sink %s fails since %s: %s", k.Name, ago(k.FailingFrom, s.At), k.LastError)
	case !k.Oldest.IsZero() && s.At.Sub(k.Oldest) > deliverWithin && k.Pending > k.Parked:
		say(amber, "sink %s has events waiting since %s", k.Name, ago(k.Oldest, s.At))
	}
	if k.Journal != "" {
		say(red, "what waits for sink %s cannot be read: %s", k.Name, k.Journal)
	}
	if k.Dead > 0 {
		say(amber, "sink %s was refused %s (octail dead list --sink %s)", k.Name, count(k.Dead, "delivery for good: a dead letter", "deliveries for good: dead letters"), k.Name)
	}
	for _, kind := range slices.Sorted(maps.Keys(k.Held)) {
		say(amber, "%s alone for sink %s: %s", count(k.Held[kind], "entity waits", "entities wait"), k.Name, heldText(kind))
	}
}

// heldText says why entities are parked.
func heldText(kind string) string {
	switch kind {
	case journal.Failing:
		return "the target fails at them (octail trace says how)"
	case "parent":
		return "what they belong to could not be delivered (octail trace says which)"
	case "filter":
		return "the filter cannot judge them yet (octail trace says why)"
	}
	return "a mapping of " + kind + " is missing in the configuration (octail trace says which; then octail reload)"
}

func (s *Status) sentence(waiting int64) string {
	reading := int64(s.Documents.Pending) + s.Journal.Dirty
	lag := s.Source.Lag
	switch {
	case s.Level != Green:
		text := strings.ToUpper(s.Reasons[0][:1]) + s.Reasons[0][1:]
		if strings.HasSuffix(text, "?") || strings.HasSuffix(text, ".") { // a target's or a remedy's own end
			return text
		}
		return text + "."
	case lag != nil && lag.Bytes > 0 && lag.Seconds == 0: // no commit read yet that would tell the time
		return fmt.Sprintf("Everything is on its way: %d bytes of the shop's binlog, %s to read, %s to deliver.",
			lag.Bytes, count(reading, "entity", "entities"), count(waiting, "event", "events"))
	case lag != nil && lag.Seconds >= readingSince:
		return fmt.Sprintf("Everything is on its way: %s of the shop's binlog, %s to read, %s to deliver.",
			seconds(lag.Seconds), count(reading, "entity", "entities"), count(waiting, "event", "events"))
	case waiting+reading > 0:
		return fmt.Sprintf("Everything is on its way: %s to read, %s to deliver.", count(reading, "entity", "entities"), count(waiting, "event", "events"))
	case s.Source.Poll != nil:
		return s.Source.Poll.sentence(s.At)
	case lag == nil: // it has just been connected
		return "Everything that was read is delivered; how far the shop is ahead is not known yet."
	}
	return "Everything is delivered."
}

func seconds(n float64) time.Duration {
	return time.Duration(n * float64(time.Second)).Round(time.Second)
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func ago(at, now time.Time) string {
	if at.IsZero() {
		return "its start"
	}
	return fmt.Sprintf("%s (%s ago)", at.UTC().Format("2006-01-02 15:04:05Z"), max(0, now.Sub(at)).Round(time.Second))
}

// oneLine makes a text from elsewhere (a database, a target) fit to be shown:
// whoever wrote it must not draw on the reader's terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)
}

// Text writes the status for people.
func (s *Status) Text(w io.Writer) {
	fmt.Fprintf(w, "%s\n", oneLine(s.Sentence))
	if len(s.Reasons) > 1 {
		for _, r := range s.Reasons[1:] {
			fmt.Fprintf(w, "  also: %s\n", oneLine(r))
		}
	}
	fmt.Fprintln(w)
	state := s.Source.State
	switch {
	case s.Source.Server == "":
	case state == "polling":
		state += " " + s.Source.Server
	default:
		if state == "waiting" {
			state = "waiting for"
		} else {
			state += " to"
		}
		state += " " + s.Source.Server
	}
	if s.Source.OpenCart != "" {
		state += ", OpenCart " + s.Source.OpenCart
	}
	fmt.Fprintf(w, "shop      %s: %s\n", s.Shop, oneLine(state))
	if s.Source.Poll != nil {
		s.Source.Poll.text(w, s.At)
	} else {
		fmt.Fprintf(w, "position  %s", s.Source.Position)
		if up := s.Source.ReadUpTo; !up.IsZero() {
			fmt.Fprintf(w, ", read up to %s", moment(up))
		}
		fmt.Fprintln(w)
	}
	if h := s.Source.Hole; h != nil && (h.Closed.IsZero() || s.At.Sub(h.Closed) < shownFor) {
		fmt.Fprintf(w, "hole      %s\n", h.text(s.At))
	}
	if s.Source.Lag != nil {
		fmt.Fprintf(w, "behind    %.0f s, %d bytes\n", s.Source.Lag.Seconds, s.Source.Lag.Bytes)
	}
	fmt.Fprintf(w, "reading   %d touched, %d marked, %d failing\n", s.Documents.Pending, s.Journal.Dirty, s.Journal.Failing)
	for _, f := range s.Fills {
		fmt.Fprintf(w, "%-9s %s\n", f.Reason, f)
	}
	for _, f := range s.Documents.Failing {
		fmt.Fprintf(w, "          %s: %s (tried %d times, next %s)\n", f.Subject, oneLine(f.Error), f.Attempts, f.Next.UTC().Format(time.TimeOnly))
	}
	mark := ""
	if s.Journal.Birth != "" {
		mark = ", birth mark ~" + s.Journal.Birth
	}
	fmt.Fprintf(w, "journal   %s: sequence %d, %d documents, %.1f MiB%s\n", s.Journal.Path, s.Journal.Sequence, s.Journal.Documents, float64(s.Journal.Bytes)/(1<<20), mark)
	if c := s.Compared; c != nil {
		fmt.Fprintf(w, "compared  %s: %s\n", ago(c.Finished, s.At), c.Total)
		for _, name := range slices.Sorted(maps.Keys(c.Sinks)) {
			fmt.Fprintf(w, "          %s: %s\n", name, c.Sinks[name])
		}
	}
	if c := s.Comparing; c != nil {
		fmt.Fprintf(w, "comparing since %s: %s so far\n", ago(c.Started, s.At), c.Total)
	}
	for _, k := range s.Sinks {
		fmt.Fprintf(w, "sink      %s (%s): %d pending", k.Name, k.Type, k.Pending)
		if !k.Oldest.IsZero() {
			fmt.Fprintf(w, ", oldest %s", s.At.Sub(k.Oldest).Round(time.Second))
		}
		if !k.LastSuccess.IsZero() {
			fmt.Fprintf(w, ", last success %s ago", s.At.Sub(k.LastSuccess).Round(time.Second))
		}
		if k.Parked > 0 {
			fmt.Fprintf(w, ", %d parked", k.Parked)
		}
		if k.Dead > 0 {
			fmt.Fprintf(w, ", %s", count(k.Dead, "dead letter", "dead letters"))
		}
		switch {
		case k.Paused:
			fmt.Fprint(w, ", paused")
		case k.Stopped != "":
			fmt.Fprintf(w, ", stopped (%s)", k.Stopped)
		}
		if !k.Next.IsZero() && k.Next.After(s.At) {
			fmt.Fprintf(w, ", next try %s", moment(k.Next))
		}
		if k.ResendError != "" {
			fmt.Fprintf(w, ", not delivered once more yet: %s", oneLine(k.ResendError))
		}
		if k.LastError != "" {
			fmt.Fprintf(w, ", last error: %s", oneLine(k.LastError))
		}
		fmt.Fprintln(w)
	}
}
