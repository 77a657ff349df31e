package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

// Trace is the story of one entity.
type Trace struct {
	Subject   string     `json:"subject"`
	Exists    bool       `json:"exists"` // in the shop, as far as the journal knows
	Deleted   bool       `json:"deleted,omitempty"`
	Waiting   *Waiting   `json:"waiting,omitempty"`
	Revisions []Revision `json:"revisions"` // newest first; older ones may have left the journal
}

// Waiting says why an entity is to be read again.
type Waiting struct {
	Reason   string    `json:"reason"`
	Since    time.Time `json:"since"`
	Next     time.Time `json:"next,omitzero"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"`
}

// Revision is one event of the entity and where it has been delivered.
type Revision struct {
	ID        string          `json:"id"`
	Revision  int64           `json:"revision"`
	Sequence  int64           `json:"sequence"`
	Kind      string          `json:"kind"`
	Origin    string          `json:"origin"`
	Time      time.Time       `json:"time"`
	Journaled time.Time       `json:"journaled"`
	Changed   []string        `json:"changed"`
	Data      json.RawMessage `json:"data"`
	Sinks     []SinkState     `json:"sinks"`
}

// SinkState is what became of a revision in one sink.
type SinkState struct {
	Sink  string `json:"sink"`
	State string `json:"state"` // delivered, waiting, not taken, before its start
	Error string `json:"error,omitempty"`
}

// SinkFilter is what Traces needs to know of a sink.
type SinkFilter struct {
	Name     string
	Entities []string // nil: all
	Error    string   // why it fails at present
}

// keysAtMost bounds what one search finds.
const keysAtMost = 100

// Keys finds the entities a person means by "order 1042", "order/1042", an order
// number, an e-mail address or a SKU: at most 100. kind is "" or an entity; a bare
// number without it is an id of any kind.
func Keys(ctx context.Context, j *journal.Journal, kind, text string) ([]document.Key, error) {
	var named []document.Key
	if id, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64); err == nil && id > 0 {
		for _, entity := range slices.Backward(document.Entities) { // orders first
			if kind == "" || kind == entity {
				named = append(named, document.Key{Entity: entity, ID: id})
			}
		}
	}
	if key, err := document.ParseKey(text); err == nil && (kind == "" || kind == key.Entity) {
		named = append(named, key)
	}
	var out []document.Key
	for _, k := range named {
		known, err := j.Known(ctx, k.Entity, []int64{k.ID})
		if err != nil {
			return nil, err
		}
		_, marked, err := j.Marked(ctx, k)
		if err != nil {
			return nil, err
		}
		if known[k.ID].Revision > 0 || marked {
			out = append(out, k)
		}
	}
	found, err := j.Find(ctx, text)
	if err != nil {
		return nil, err
	}
	for _, k := range found {
		if (kind == "" || kind == k.Entity) && !slices.Contains(out, k) && len(out) < keysAtMost {
			out = append(out, k)
		}
	}
	return out, nil
}

// TraceOf tells the story of one entity from the journal.
func TraceOf(ctx context.Context, j *journal.Journal, key document.Key, sinks []SinkFilter) (Trace, error) {
	t := Trace{Subject: key.String(), Revisions: []Revision{}}
	mark, marked, err := j.Marked(ctx, key)
	if err != nil {
		return t, err
	}
	if marked {
		t.Waiting = &Waiting{Reason: mark.Reason, Since: mark.Since, Next: mark.Next, Attempts: mark.Attempts, Error: mark.Error}
	}
	known, err := j.Known(ctx, key.Entity, []int64{key.ID})
	if err != nil {
		return t, err
	}
	t.Exists = known[key.ID].Revision > 0 && !known[key.ID].Deleted
	t.Deleted = known[key.ID].Deleted
	places, err := placesOf(ctx, j, key, sinks)
	if err != nil {
		return t, err
	}
	events, err := j.Revisions(ctx, key)
	if err != nil {
		return t, err
	}
	for i := range events {
		e := &events[i]
		r := Revision{ID: e.EventID(), Revision: e.Revision, Sequence: e.Sequence, Kind: e.Kind, Origin: e.Origin, Time: e.Time, Journaled: e.Added, Data: e.Data, Changed: []string{}, Sinks: []SinkState{}}
		var d struct {
			Changed []string `json:"changed"`
		}
		if err := json.Unmarshal(e.Data, &d); err != nil {
			return t, fmt.Errorf("read event %d: %w", e.Sequence, err)
		}
		r.Changed = append(r.Changed, d.Changed...)
		for _, p := range places {
			r.Sinks = append(r.Sinks, p.state(e.Sequence))
		}
		t.Revisions = append(t.Revisions, r)
	}
	return t, nil
}

// sinkPlace is how far a sink is.
type sinkPlace struct {
	SinkFilter
	takes  bool  // this kind of entity
	start  int64 // it never got what is not behind this
	cursor int64
}

func placesOf(ctx context.Context, j *journal.Journal, key document.Key, sinks []SinkFilter) ([]sinkPlace, error) {
	var out []sinkPlace
	for _, s := range sinks {
		p := sinkPlace{SinkFilter: s, takes: s.Entities == nil || slices.Contains(s.Entities, key.Entity)}
		record, _, err := j.Sink(ctx, s.Name)
		if err != nil {
			return nil, err
		}
		p.start = record.Start
		if p.cursor, _, err = j.Cursor(ctx, s.Name, journal.Live); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (p *sinkPlace) state(sequence int64) SinkState {
	switch {
	case !p.takes:
		return SinkState{Sink: p.Name, State: "not taken"}
	case sequence <= p.start:
		return SinkState{Sink: p.Name, State: "before its start"}
	case sequence <= p.cursor:
		return SinkState{Sink: p.Name, State: "delivered"}
	}
	return SinkState{Sink: p.Name, State: "waiting", Error: p.Error}
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
	if k := t.Waiting; k != nil {
		fmt.Fprintf(w, "  to be read again (%s) since %s", k.Reason, k.Since.UTC().Format(time.RFC3339))
		if k.Error != "" {
			fmt.Fprintf(w, ": %s (tried %d times, next %s)", oneLine(k.Error), k.Attempts, k.Next.UTC().Format(time.RFC3339))
		}
		fmt.Fprintln(w)
	}
	for _, r := range t.Revisions {
		fmt.Fprintf(w, "  %s  %-8s %s  by %s, sequence %d, %s\n", r.Time.UTC().Format(time.RFC3339), r.Kind, r.ID, r.Origin, r.Sequence, journaled(r.Time, r.Journaled))
		if r.Kind == document.Updated {
			fmt.Fprintf(w, "      changed: %s\n", strings.Join(r.Changed, ", "))
		}
		for _, s := range r.Sinks {
			fmt.Fprintf(w, "      %s: %s", s.Sink, s.State)
			if s.Error != "" {
				fmt.Fprintf(w, " (%s)", oneLine(s.Error))
			}
			fmt.Fprintln(w)
		}
	}
	if n := len(t.Revisions); n > 0 && t.Revisions[n-1].Revision > 1 {
		fmt.Fprintf(w, "  older revisions are not shown or have left the journal\n")
	}
}
