package console

import (
	"fmt"
	"io"
	"strings"
	"time"

	"octail/canal"
	"octail/internal/dispatch"
	"octail/internal/journal"
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
	Level     string            `json:"level"`
	Sentence  string            `json:"sentence"`
	Reasons   []string          `json:"reasons,omitempty"` // why the level is not green
	Shop      string            `json:"shop"`
	Version   string            `json:"version"`
	Running   bool              `json:"running"`
	PID       int               `json:"pid,omitempty"`
	Started   time.Time         `json:"started,omitzero"`
	At        time.Time         `json:"at"`
	Source    Source            `json:"source"`
	Documents Documents         `json:"documents"`
	Journal   Journal           `json:"journal"`
	Sinks     []dispatch.Status `json:"sinks"`
}

// Source is the state of capture.
type Source struct {
	State    string     `json:"state"` // connected, waiting, starting, stopped
	Since    time.Time  `json:"since,omitzero"`
	Server   string     `json:"server,omitempty"`
	OpenCart string     `json:"opencart,omitempty"`
	Position string     `json:"position"`
	LastRead time.Time  `json:"last_read,omitzero"`
	Lag      *canal.Lag `json:"lag,omitempty"`
	Error    string     `json:"error,omitempty"`
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
}

// Judge sets level, sentence and reasons from the rest.
func (s *Status) Judge() {
	s.Level, s.Reasons = Green, nil
	raise := func(level, format string, args ...any) {
		if level == Red || s.Level == Green {
			s.Level = level
		}
		s.Reasons = append(s.Reasons, fmt.Sprintf(format, args...))
	}
	if !s.Running {
		raise(Red, "the agent is not running: start it with `systemctl start octail` (or `octail run`)")
	} else if s.Source.State != "connected" {
		level := Amber
		if s.At.Sub(s.Source.Since) > time.Minute {
			level = Red
		}
		why := s.Source.Error
		if why == "" {
			why = "no answer yet"
		}
		raise(level, "the shop's database is not connected since %s: %s", ago(s.Source.Since, s.At), why)
	}
	if s.Documents.Blocked != "" {
		raise(Red, "documents cannot be made: %s", s.Documents.Blocked)
	}
	if n := s.Journal.Failing; n > 0 {
		raise(Amber, "%s cannot be read from the shop (octail trace shows why)", count(n, "entity", "entities"))
	}
	var waiting int64
	for _, k := range s.Sinks {
		waiting += k.Pending
		if k.LastError != "" {
			raise(Red, "sink %s fails since %s: %s", k.Name, ago(k.FailingFrom, s.At), k.LastError)
		} else if !k.Oldest.IsZero() && s.At.Sub(k.Oldest) > 15*time.Minute {
			raise(Amber, "sink %s has events waiting since %s", k.Name, ago(k.Oldest, s.At))
		}
	}
	if lag := s.Source.Lag; lag != nil && lag.Seconds > 300 {
		raise(Amber, "reading the shop's binlog is %s behind", time.Duration(lag.Seconds*float64(time.Second)).Round(time.Second))
	}
	reading := int64(s.Documents.Pending) + s.Journal.Dirty
	switch {
	case s.Level != Green:
		s.Sentence = strings.ToUpper(s.Reasons[0][:1]) + s.Reasons[0][1:] + "."
	case waiting+reading > 0:
		s.Sentence = fmt.Sprintf("Everything is on its way: %s to read, %s to deliver.", count(reading, "entity", "entities"), count(waiting, "event", "events"))
	default:
		s.Sentence = "Everything is delivered."
	}
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
	return fmt.Sprintf("%s (%s ago)", at.UTC().Format("2006-01-02 15:04:05Z"), now.Sub(at).Round(time.Second))
}

// Text writes the status for people.
func (s *Status) Text(w io.Writer) {
	fmt.Fprintf(w, "%s\n", s.Sentence)
	if len(s.Reasons) > 1 {
		for _, r := range s.Reasons[1:] {
			fmt.Fprintf(w, "  also: %s\n", r)
		}
	}
	fmt.Fprintln(w)
	state := s.Source.State
	if s.Source.Server != "" {
		state += " to " + s.Source.Server
	}
	if s.Source.OpenCart != "" {
		state += ", OpenCart " + s.Source.OpenCart
	}
	fmt.Fprintf(w, "shop      %s: %s\n", s.Shop, state)
	fmt.Fprintf(w, "position  %s\n", s.Source.Position)
	if s.Source.Lag != nil {
		fmt.Fprintf(w, "behind    %.0f s, %d bytes\n", s.Source.Lag.Seconds, s.Source.Lag.Bytes)
	}
	fmt.Fprintf(w, "reading   %d touched, %d marked, %d failing\n", s.Documents.Pending, s.Journal.Dirty, s.Journal.Failing)
	for _, f := range s.Documents.Failing {
		fmt.Fprintf(w, "          %s: %s (tried %d times, next %s)\n", f.Subject, f.Error, f.Attempts, f.Next.UTC().Format(time.TimeOnly))
	}
	mark := ""
	if s.Journal.Birth != "" {
		mark = ", birth mark ~" + s.Journal.Birth
	}
	fmt.Fprintf(w, "journal   %s: sequence %d, %d documents, %.1f MiB%s\n", s.Journal.Path, s.Journal.Sequence, s.Journal.Documents, float64(s.Journal.Bytes)/(1<<20), mark)
	for _, k := range s.Sinks {
		fmt.Fprintf(w, "sink      %s (%s): %d pending", k.Name, k.Type, k.Pending)
		if !k.Oldest.IsZero() {
			fmt.Fprintf(w, ", oldest %s", s.At.Sub(k.Oldest).Round(time.Second))
		}
		if !k.LastSuccess.IsZero() {
			fmt.Fprintf(w, ", last success %s ago", s.At.Sub(k.LastSuccess).Round(time.Second))
		}
		if k.LastError != "" {
			fmt.Fprintf(w, ", last error: %s", k.LastError)
		}
		fmt.Fprintln(w)
	}
}
