package console

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"octail/internal/journal"
	"octail/internal/steer"
	"octail/transform/document"
)

// What becomes of a revision in a sink.
const (
	Delivered  = "delivered"
	Waits      = "waiting"
	IsParked   = "parked"      // waits alone
	IsDead     = "dead letter" // is not tried again by itself
	Superseded = "superseded"  // a sink that wants states is given a newer one in its place
	NotTaken   = "not taken"
	Before     = "before its start"
)

// SinkState is what became of a revision in one sink.
type SinkState struct {
	Sink  string `json:"sink"`
	State string `json:"state"`
	Error string `json:"error,omitempty"` // why the sink fails at present, of one that waits
	Why   string `json:"why,omitempty"`   // it is not taken, or waits
	Never bool   `json:"never,omitempty"` // not taken, as no entity of this kind is
	// At is when it was delivered, Seconds how long the call took.
	At           time.Time     `json:"at,omitzero"`
	Seconds      float64       `json:"seconds,omitempty"`
	SupersededBy int64         `json:"superseded_by,omitempty"` // a revision
	Parked       *Parked       `json:"parked,omitempty"`
	Dead         *steer.Letter `json:"dead,omitempty"`
	Attempts     []Attempt     `json:"attempts,omitempty"` // newest first; a log's successful ones are in At
}

// Parked says why an entity waits alone.
type Parked struct {
	Revision int64     `json:"revision"` // the first that waits
	Class    string    `json:"class"`
	Reason   string    `json:"reason"`
	Waits    string    `json:"waits_for,omitempty"` // subject of a parent
	Since    time.Time `json:"since"`
	Tried    time.Time `json:"tried,omitzero"`
	Next     time.Time `json:"next,omitzero"`
	Attempts int       `json:"attempts"` // while the sink took others
	Error    string    `json:"error,omitempty"`
}

// Attempt is one call of the target for a revision.
type Attempt struct {
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
	Class   string    `json:"class"` // ok or the class of the error
	Request string    `json:"request,omitempty"`
	Answer  string    `json:"answer,omitempty"`
	Next    time.Time `json:"next,omitzero"`
}

// Link ties the entity to a record of a target.
type Link struct {
	Sink   string `json:"sink"`
	Target string `json:"target"`
	Person bool   `json:"person"` // by hand; else the sink found or made it
}

// SinkFilter is what a trace needs to know of a sink.
type SinkFilter struct {
	Name     string
	Entities []string // nil: all
	States   bool     // it wants the newest revision alone
	Error    string   // why it fails at present
	// Takes judges a revision by the sink's filter, and says why it is not for it; known
	// tells that the sink has accepted the entity before. nil: it takes all.
	Takes func(e *document.Event, known bool) (ok bool, why string)
}

// story is what a sink has to tell of one entity.
type story struct {
	SinkFilter
	record     journal.Sink
	ran        bool
	live, bulk int64 // cursors
	newest     int64 // revision
	accepted   journal.Accepted
	parked     *journal.Parked
	dead       []journal.Dead
	attempts   []journal.Attempt
}

// lettersShown bounds the dead letters of one entity that are told.
const lettersShown = 100

func storiesOf(ctx context.Context, j *journal.Journal, key document.Key, known journal.Known, sinks []SinkFilter) ([]story, error) {
	attempts, err := j.Attempts(ctx, key, 500)
	if err != nil {
		return nil, err
	}
	var out []story
	for _, f := range sinks {
		s := story{SinkFilter: f, newest: known.Revision}
		if s.record, s.ran, err = j.Sink(ctx, f.Name); err != nil {
			return nil, err
		}
		var ok bool
		if s.live, ok, err = j.Cursor(ctx, f.Name, journal.Live); err != nil {
			return nil, err
		}
		if !ok {
			s.live = s.record.Start
		}
		if s.bulk, ok, err = j.Cursor(ctx, f.Name, journal.Bulk); err != nil {
			return nil, err
		}
		if !ok {
			s.bulk = s.record.Start
		}
		accepted, err := j.AcceptedOf(ctx, f.Name, key.Entity, []int64{key.ID})
		if err != nil {
			return nil, err
		}
		s.accepted = accepted[key.ID]
		parked, err := j.ParkedOf(ctx, f.Name, []document.Key{key})
		if err != nil {
			return nil, err
		}
		if p, ok := parked[key]; ok {
			s.parked = &p
		}
		if s.dead, err = j.DeadLetters(ctx, journal.DeadFilter{Sink: f.Name, Key: key}, lettersShown); err != nil {
			return nil, err
		}
		for _, a := range attempts {
			if a.Sink == f.Name {
				s.attempts = append(s.attempts, a)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func linksOf(ctx context.Context, j *journal.Journal, key document.Key, sinks []SinkFilter) ([]Link, error) {
	var out []Link
	for _, s := range sinks {
		l, ok, err := j.Link(ctx, s.Name, key)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, Link{Sink: s.Name, Target: l.Target, Person: l.Person})
		}
	}
	return out, nil
}

// state says what became of a revision.
func (s *story) state(ctx context.Context, j *journal.Journal, e *document.Event) (SinkState, error) {
	st := SinkState{Sink: s.Name}
	if s.Entities != nil && !slices.Contains(s.Entities, e.Entity) {
		st.State, st.Never, st.Why = NotTaken, true, "it takes "+strings.Join(s.Entities, ", ")
		return st, nil
	}
	for _, a := range s.attempts {
		if a.Revision != e.Revision {
			continue
		}
		st.Attempts = append(st.Attempts, Attempt{At: a.Started, Seconds: a.Duration.Seconds(), Class: a.Class, Request: a.Request, Answer: a.Answer, Next: a.Next})
		if a.Class == "ok" && st.At.IsZero() {
			st.At, st.Seconds = a.Started, a.Duration.Seconds()
		}
	}
	for _, d := range s.dead {
		if d.Revision == e.Revision {
			letter := steer.LetterOf(d)
			st.State, st.Dead = IsDead, &letter
			return st, nil
		}
	}
	if s.States {
		s.ofStates(&st, e)
		return st, nil
	}
	return st, s.ofLog(ctx, j, &st, e)
}

// ofLog is for a sink that is given every revision.
func (s *story) ofLog(ctx context.Context, j *journal.Journal, st *SinkState, e *document.Event) error {
	switch {
	case s.parked != nil && s.parked.Sequence <= e.Sequence:
		s.isParked(st, e)
		return nil
	case !st.At.IsZero():
		st.State = Delivered
		return nil
	case s.ran && e.Sequence <= s.record.Start:
		st.State = Before
		return nil
	case e.Sequence > s.live:
		s.isWaiting(st)
		return nil
	}
	if s.refused(st, e) {
		return nil
	}
	st.State = Delivered
	call, ok, err := j.AttemptFor(ctx, s.Name, e.Sequence)
	if ok {
		st.At, st.Seconds = call.Started, call.Duration.Seconds()
	}
	return err
}

// ofStates is for a sink that is given the newest revision alone.
func (s *story) ofStates(st *SinkState, e *document.Event) {
	live := e.Sequence > s.record.Fill && e.Origin != document.FromSnapshot && e.Origin != document.FromSync && e.Origin != document.FromReconcile
	switch {
	case s.accepted.Revision == e.Revision && st.At.IsZero():
		st.State, st.At = Delivered, s.accepted.Time
	case !st.At.IsZero():
		st.State = Delivered
	case e.Revision < s.accepted.Revision:
		st.State, st.SupersededBy = Superseded, s.accepted.Revision
	case e.Revision < s.newest && s.refused(st, e):
	case e.Revision < s.newest:
		st.State, st.SupersededBy = Superseded, s.newest
	case s.parked != nil:
		s.isParked(st, e)
	case s.refused(st, e):
	case live && e.Sequence <= s.live, !live && e.Sequence <= s.bulk:
		st.State, st.Why = NotTaken, "nothing it reads has changed"
	default:
		s.isWaiting(st)
	}
}

// refused reports whether a revision is not for the sink, and says why.
func (s *story) refused(st *SinkState, e *document.Event) bool {
	if e.Origin == s.Name {
		st.State, st.Why = NotTaken, "it is what the sink itself wrote into the shop"
		return true
	}
	if s.Takes == nil {
		return false
	}
	ok, why := s.Takes(e, s.accepted.Revision > 0)
	if !ok {
		st.State, st.Why = NotTaken, why
	}
	return !ok
}

func (s *story) isParked(st *SinkState, e *document.Event) {
	p := s.parked
	st.State = IsParked
	if !s.States && p.Revision < e.Revision {
		st.Why = fmt.Sprintf("behind revision %d", p.Revision)
		return
	}
	st.Parked = &Parked{Revision: p.Revision, Class: p.Class, Reason: p.Reason, Waits: p.Waits, Since: p.Since, Tried: p.Tried, Next: p.Next, Attempts: p.Attempts, Error: p.Error}
}

func (s *story) isWaiting(st *SinkState) {
	st.State, st.Error = Waits, s.Error
	switch {
	case s.record.Paused:
		st.Why = "the sink is paused, `octail resume " + s.Name + "` lets it go on"
	case s.record.Stopped != "":
		st.Why = "the sink has stopped (" + s.record.Stopped + "), `octail resume " + s.Name + "` lets it go on"
		if st.Error == "" {
			st.Error = s.record.Error
		}
	}
}
