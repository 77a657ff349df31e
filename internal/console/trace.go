package console

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"octail/internal/journal"
	"octail/internal/steer"
	"octail/transform/document"
)

// Trace is the story of one entity.
type Trace struct {
	Subject string   `json:"subject"`
	Exists  bool     `json:"exists"` // in the shop, as far as the journal knows
	Deleted bool     `json:"deleted,omitempty"`
	Waiting *Waiting `json:"waiting,omitempty"`
	Links   []Link   `json:"links,omitempty"`
	// Dead are dead letters of revisions that are not among these.
	Dead      []steer.Letter `json:"dead,omitempty"`
	Revisions []Revision     `json:"revisions"` // newest first; older ones may have left the journal
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
	stories, err := storiesOf(ctx, j, key, known[key.ID], sinks)
	if err != nil {
		return t, err
	}
	if t.Links, err = linksOf(ctx, j, key, sinks); err != nil {
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
		for _, s := range stories {
			state, err := s.state(ctx, j, &e.Event)
			if err != nil {
				return t, err
			}
			r.Sinks = append(r.Sinks, state)
		}
		t.Revisions = append(t.Revisions, r)
	}
	for _, s := range stories {
		for _, d := range s.dead {
			if !slices.ContainsFunc(t.Revisions, func(r Revision) bool { return r.Revision == d.Revision }) {
				t.Dead = append(t.Dead, steer.LetterOf(d))
			}
		}
	}
	return t, nil
}
