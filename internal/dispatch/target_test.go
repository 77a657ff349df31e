package dispatch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// target is a system that holds the present state of each entity. It refuses what the
// contract forbids: two calls for one entity at a time, more calls than declared, an
// older revision behind a newer one.
type target struct {
	t       testing.TB
	needs   sinks.Needs
	mu      sync.Mutex
	held    map[document.Key]sinks.Delivery
	order   []document.Key // as they were taken
	calls   int
	in      map[document.Key]bool
	running int
	answer  func(ctx context.Context, d *sinks.Delivery) error // nil: all is taken
	takes   time.Duration
}

func newTarget(t testing.TB, needs sinks.Needs) *target {
	needs.States = true
	return &target{t: t, needs: needs, held: map[document.Key]sinks.Delivery{}, in: map[document.Key]bool{}}
}

func (s *target) Deliver(ctx context.Context, batch []sinks.Delivery) error {
	s.mu.Lock()
	s.calls++
	if s.running++; s.running > max(1, s.needs.Parallel) {
		s.t.Errorf("%d calls at a time", s.running)
	}
	if s.needs.Batch > 0 && len(batch) > s.needs.Batch {
		s.t.Errorf("%d in a call", len(batch))
	}
	for _, d := range batch {
		if s.in[d.Key] && s.needs.States {
			s.t.Errorf("%s twice at a time", d.Key)
		}
		s.in[d.Key] = true
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running--
		for _, d := range batch {
			delete(s.in, d.Key)
		}
	}()
	time.Sleep(s.takes)
	failed := map[int]error{}
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	for i := range batch {
		d := &batch[i]
		if answer != nil {
			if err := answer(ctx, d); err != nil {
				failed[i] = err
				continue
			}
		}
		s.mu.Lock()
		if have := s.held[d.Key]; have.Revision > d.Revision && s.needs.States {
			s.t.Errorf("%s comes behind revision %d", d.EventID(), have.Revision)
		}
		s.held[d.Key] = *d
		s.order = append(s.order, d.Key)
		s.mu.Unlock()
	}
	if len(failed) == 0 {
		return nil
	}
	if len(batch) == 1 {
		return failed[0]
	}
	return &sinks.BatchError{Failed: failed}
}

func (s *target) Close() error { return nil }

func (s *target) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, k := range s.order {
		out = append(out, k.String())
	}
	return out
}

func (s *target) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *target) holds() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held)
}

func (s *target) state(k document.Key) sinks.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[k]
}

// does changes how it answers.
func (s *target) does(answer func(context.Context, *sinks.Delivery) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *target) revision(k document.Key) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[k].Revision
}

func stateLane(t testing.TB, j *journal.Journal, s *target, settings ...setting) *lane {
	t.Helper()
	all := append([]setting{func(c *dispatch.Config) { c.Needs = s.needs; c.Start.Documents = true }}, settings...)
	return newLane(t, j, s, all...)
}

func key(entity string, id int64) document.Key { return document.Key{Entity: entity, ID: id} }

// revise journals a new revision of an entity; fields are its content.
func revise(t testing.TB, j *journal.Journal, origin string, k document.Key, fields map[string]any) {
	t.Helper()
	known, err := j.Known(t.Context(), k.Entity, []int64{k.ID})
	check(t, err)
	enc := encoded(t, fields)
	e := journal.NewEvent{Key: k, Kind: document.Created, Time: time.Now(), Origin: origin, Schema: 1, Prior: known[k.ID], Fields: enc.Sums(), Hash: enc.Hash}
	changed := enc.Names()
	var previous map[string][]byte
	if known[k.ID].Revision > 0 && !known[k.ID].Deleted {
		e.Kind = document.Updated
		before, err := document.ReadSums(known[k.ID].Fields)
		check(t, err)
		event, err := j.Event(t.Context(), known[k.ID].Sequence)
		check(t, err)
		doc, err := document.DocumentOf(event.Data)
		check(t, err)
		changed = enc.Changed(before)
		previous, err = document.FieldsOf(doc)
		check(t, err)
	}
	if fields == nil {
		e.Kind, e.Fields, e.Hash = document.Deleted, known[k.ID].Fields, known[k.ID].Hash
	}
	e.Data = document.AppendData(nil, changed, previous, enc.JSON)
	_, err = j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{e}})
	check(t, err)
}

// encoded is a document of any fields.
func encoded(t testing.TB, fields map[string]any) document.Encoded {
	t.Helper()
	var e document.Encoded
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	e.JSON = []byte{'{'}
	for i, name := range names {
		raw, err := json.Marshal(fields[name])
		check(t, err)
		if i > 0 {
			e.JSON = append(e.JSON, ',')
		}
		e.JSON = append(e.JSON, fmt.Sprintf("%q:", name)...)
		e.JSON = append(e.JSON, raw...)
		var sum uint64
		for _, c := range raw {
			sum = sum*131 + uint64(c) + 7
		}
		e.Fields = append(e.Fields, document.Field{Name: name, Sum: sum, Raw: raw})
	}
	e.JSON = append(e.JSON, '}')
	copy(e.Hash[:], e.JSON)
	return e
}

type fields = map[string]any
