package dispatch

import (
	"context"
	"time"

	"octail/internal/journal"
	"octail/sinks"
)

// Status is a lane's state, for operators.
type Status struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	States  bool   `json:"states,omitempty"` // it is given the newest revision of each entity, else every revision
	Cursor  int64  `json:"cursor"`
	Pending int64  `json:"pending"` // of a log events behind the cursor, also those it will not take or that are gone; of states entities
	// Oldest is the journal time of the oldest one that waits.
	Oldest      time.Time        `json:"oldest,omitzero"`
	Parked      int64            `json:"parked,omitempty"` // entities that wait alone
	Held        map[string]int64 `json:"held,omitempty"`   // the same by reason
	Dead        int64            `json:"dead,omitempty"`   // dead letters
	LastSuccess time.Time        `json:"last_success,omitzero"`
	Paused      bool             `json:"paused,omitempty"`        // by a person
	Stopped     string           `json:"stopped,omitempty"`       // by itself: blocked, refused; full: the journal is
	LastError   string           `json:"last_error,omitempty"`    // since the last success
	Class       string           `json:"class,omitempty"`         // of it
	FailingFrom time.Time        `json:"failing_since,omitzero"`  //
	Next        time.Time        `json:"next,omitzero"`           // nothing is called before
	ResendError string           `json:"resend_error,omitempty"`  // why deliveries wait that were asked for once more
	Journal     string           `json:"journal_error,omitempty"` // the journal cannot be read
}

// AskedToWait reports whether the last error is that the target wants to be left alone
// for a while.
func (s *Status) AskedToWait() bool { return s.Class == sinks.RateLimited.String() }

// Status may be called at any time.
func (l *Lane) Status(ctx context.Context) Status {
	l.mu.Lock()
	s := l.status
	l.mu.Unlock()
	s.States = l.cfg.Needs.States
	s.Count(ctx, l.cfg.Journal, l.fillTo)
	return s
}

// Count fills in what the journal knows of a sink: what waits, what is parked and
// dead. Cursor and States are given; fill is that of the sink's record.
func (s *Status) Count(ctx context.Context, j *journal.Journal, fill int64) {
	if s.States {
		bulk, _, _ := j.Cursor(ctx, s.Name, journal.Bulk)
		s.Pending, s.Oldest, _ = j.Waiting(ctx, s.Name, s.Cursor, bulk, fill)
	} else {
		s.Pending = max(0, j.Last()-s.Cursor)
		if s.Pending > 0 {
			if next, err := j.Events(ctx, s.Cursor, 1, 1); err == nil && len(next) > 0 {
				s.Oldest = next[0].Added
			}
		}
	}
	s.Held, _ = j.CountHeld(ctx, s.Name)
	s.Parked = 0
	for _, n := range s.Held {
		s.Parked += n
	}
	if dead, err := j.CountDead(ctx); err == nil {
		s.Dead = 0
		for _, n := range dead[s.Name] {
			s.Dead += n
		}
	}
}

// Offline is the status of a sink whose lane does not run, from the journal.
func Offline(ctx context.Context, j *journal.Journal, name, typ string, needs sinks.Needs) (Status, error) {
	s := Status{Name: name, Type: typ, States: needs.States}
	record, ran, err := j.Sink(ctx, name)
	if err != nil {
		return s, err
	}
	if !ran { // where it begins is decided at its start
		s.Cursor = j.Last()
		return s, nil
	}
	s.Paused, s.Stopped, s.LastError, s.FailingFrom, s.Next = record.Paused, record.Stopped, record.Error, record.Since, record.Next
	at, known, err := j.Cursor(ctx, name, journal.Live)
	if !known {
		at = record.Start
	}
	s.Cursor = at
	s.Count(ctx, j, record.Fill)
	return s, err
}
