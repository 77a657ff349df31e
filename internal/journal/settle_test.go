package journal_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"octail/internal/journal"
	"octail/transform/document"
)

// settled is what a sink's outcomes must have left. It shares no code with the journal.
type settled struct {
	accepted map[document.Key]journal.Accepted
	parked   map[document.Key]journal.Parked
	dead     []journal.Dead
	lastDead int64
	cursors  map[string]int64
	attempts []journal.Attempt
	sink     journal.Sink
}

func (s *settled) closeDead(k document.Key) {
	s.dead = slices.DeleteFunc(s.dead, func(d journal.Dead) bool { return d.Key == k })
}

func (s *settled) settle(name string, o journal.Outcome) {
	for _, a := range o.Accepted {
		if a.Sequence >= s.accepted[a.Key].Sequence {
			s.accepted[a.Key] = a
		}
	}
	for _, k := range o.Unpark {
		delete(s.parked, k)
	}
	for _, p := range o.Park {
		s.parked[p.Key] = p
	}
	for _, k := range o.Close {
		s.closeDead(k)
	}
	for _, d := range o.Dead {
		d.Sink = name
		if i := slices.IndexFunc(s.dead, func(x journal.Dead) bool { return x.Key == d.Key && x.Revision == d.Revision }); i >= 0 {
			d.ID = s.dead[i].ID
			s.dead[i] = d
			continue
		}
		s.lastDead++
		d.ID = s.lastDead
		s.dead = append(s.dead, d)
	}
	for _, a := range o.Attempts {
		a.Sink = name
		if a.First == 0 {
			a.First = a.Sequence
		}
		s.attempts = append([]journal.Attempt{a}, s.attempts...)
	}
	for queue, at := range o.Cursors {
		s.cursors[queue] = max(s.cursors[queue], at)
	}
	if o.Sink != nil {
		started, start, fill := s.sink.Started, s.sink.Start, s.sink.Fill
		s.sink = *o.Sink
		s.sink.Name, s.sink.Type, s.sink.Started, s.sink.Start, s.sink.Fill = name, "mirror", started, start, fill
	}
}

func drawTime(t *rapid.T, name string) time.Time {
	return began.Add(time.Duration(rapid.IntRange(1, 1000).Draw(t, name)) * time.Second)
}

// TestSettle: whatever is settled, revived and discarded, and whenever the journal is
// closed between, it tells what a simple model of it tells.
func TestSettle(t *testing.T) {
	path, n := newPath(t), 0
	var j *journal.Journal // one for all: making a journal takes its time
	defer func() { _ = j.Close() }()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		n++
		reopen := func() *journal.Journal {
			j, err := journal.Open(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			return j
		}
		if j == nil {
			j = reopen()
		}
		models := map[string]*settled{}
		names := []string{fmt.Sprint("erp", n), fmt.Sprint("wms", n)}
		for _, name := range names {
			s, err := j.RegisterSink(ctx, name, "mirror", 3, 7)
			if err != nil {
				t.Fatal(err)
			}
			models[name] = &settled{accepted: map[document.Key]journal.Accepted{}, parked: map[document.Key]journal.Parked{}, cursors: map[string]int64{}, sink: s}
		}
		if err := j.Settle(ctx, fmt.Sprint("first", n), journal.Outcome{Dead: []journal.Dead{{Key: order(1)}}}); err != nil {
			t.Fatal(err)
		}
		first, err := j.DeadLetters(ctx, journal.DeadFilter{Sink: fmt.Sprint("first", n)}, 1)
		if err != nil {
			t.Fatal(err)
		}
		lastDead := first[0].ID // of all sinks
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			name := rapid.SampledFrom(names).Draw(t, "sink")
			m := models[name]
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
				j = reopen()
			case 1, 2:
				f := journal.DeadFilter{Sink: name}
				switch rapid.IntRange(0, 2).Draw(t, "filter") {
				case 0:
					f.Key = rapid.SampledFrom(modelKeys).Draw(t, "key")
				case 1:
					f.Reason = "tax"
				case 2:
					for _, d := range m.dead {
						if d.ID%2 == 0 {
							f.IDs = append(f.IDs, d.ID)
						}
					}
				}
				var chosen []journal.Dead
				m.dead = slices.DeleteFunc(m.dead, func(d journal.Dead) bool {
					hit := (f.Key == document.Key{} || f.Key == d.Key) && (f.Reason == "" || f.Reason == d.Reason) && (f.IDs == nil || slices.Contains(f.IDs, d.ID))
					if hit {
						chosen = append(chosen, d)
					}
					return hit
				})
				change, revive := j.Discard, rapid.Bool().Draw(t, "revive")
				if revive {
					change = j.Revive
				}
				if got, err := change(ctx, f); err != nil || got != int64(len(chosen)) {
					t.Fatalf("%+v: %d letters, %v, want %d", f, got, err, len(chosen))
				}
				if !revive {
					continue
				}
				slices.SortFunc(chosen, func(a, b journal.Dead) int { return int(a.Sequence - b.Sequence) })
				for _, d := range chosen {
					p, ok := m.parked[d.Key]
					if !ok {
						p = journal.Parked{Key: d.Key, Queue: journal.Live, Revision: d.Revision, Sequence: d.Sequence, Class: d.Class, Reason: d.Reason, Since: d.Since, Error: d.Cause}
					}
					p.Revision, p.Sequence = min(p.Revision, d.Revision), min(p.Sequence, d.Sequence)
					p.Waits, p.Attempts, p.Next = "", 0, time.Time{} // Next: now
					m.parked[d.Key] = p
				}
			default:
				o := drawOutcome(t)
				m.lastDead = lastDead
				m.settle(name, o)
				lastDead = m.lastDead
				if err := j.Settle(ctx, name, o); err != nil {
					t.Fatal(err)
				}
			}
		}
		look, err := journal.Look(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		defer look.Close()
		for name, m := range models {
			m.compare(t, j, name)
			m.compare(t, look, name)
		}
	})
}

func drawOutcome(t *rapid.T) journal.Outcome {
	var o journal.Outcome
	for i, k := range rapid.Permutation(modelKeys).Draw(t, "keys") {
		revision, sequence := int64(rapid.IntRange(1, 4).Draw(t, "revision")), int64(rapid.IntRange(1, 40).Draw(t, "sequence"))
		switch rapid.IntRange(0, 7).Draw(t, "what") {
		case 0:
			o.Accepted = append(o.Accepted, journal.Accepted{Key: k, Revision: revision, Sequence: sequence, Time: drawTime(t, "time"), Deleted: i == 1, Fields: []byte{byte(i)}})
			o.Attempts = append(o.Attempts, journal.Attempt{Key: k, Revision: revision, Sequence: sequence, Started: drawTime(t, "started"), Duration: 7 * time.Millisecond, Class: "ok"})
		case 1:
			o.Park = append(o.Park, journal.Parked{Key: k, Queue: journal.Bulk, Revision: revision, Sequence: sequence, Class: "retryable", Reason: "timeout", Waits: "customer/7",
				Attempts: i, Since: drawTime(t, "since"), Tried: drawTime(t, "tried"), Next: drawTime(t, "next"), Error: "no answer"})
		case 2:
			o.Unpark = append(o.Unpark, k)
		case 3, 4:
			o.Dead = append(o.Dead, journal.Dead{Key: k, Revision: revision, Sequence: sequence, Class: "permanent", Reason: rapid.SampledFrom([]string{"tax", "address"}).Draw(t, "reason"),
				Cause: "no such tax", Attempts: 20, Since: drawTime(t, "since"), Request: "POST", Answer: "422"})
			o.Attempts = append(o.Attempts, journal.Attempt{Key: k, Revision: revision, Sequence: sequence, Started: drawTime(t, "started"), Class: "permanent", Request: "POST", Answer: "422", Next: drawTime(t, "next")})
		case 5:
			o.Close = append(o.Close, k)
		case 6:
			o.Cursors = map[string]int64{journal.Live: sequence, journal.Bulk: revision}
		case 7:
			o.Sink = &journal.Sink{Paused: revision == 1, Stopped: "blocked", Error: "401", Since: drawTime(t, "since"), Attempts: i, Refused: 2, Next: drawTime(t, "next")}
		}
	}
	return o
}

func (s *settled) compare(t *rapid.T, j *journal.Journal, name string) {
	ctx := context.Background()
	same := func(what string, got, want any, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s of %s: %v\n%+v\nwant\n%+v", what, name, err, got, want)
		}
	}
	for _, k := range modelKeys {
		accepted, err := j.AcceptedOf(ctx, name, k.Entity, []int64{k.ID})
		want := map[int64]journal.Accepted{}
		if a, ok := s.accepted[k]; ok {
			want[k.ID] = a
		}
		same("accepted", accepted, want, err)
		var attempts []journal.Attempt
		for _, a := range s.attempts {
			if a.Key == k {
				attempts = append(attempts, a)
			}
		}
		got, err := j.Attempts(ctx, k, 100)
		got = slices.DeleteFunc(got, func(a journal.Attempt) bool { return a.Sink != name })
		same("attempts", append([]journal.Attempt{}, got...), append([]journal.Attempt{}, attempts...), err)
	}
	parked, err := j.ParkedOf(ctx, name, modelKeys)
	due, err2 := j.ParkedDue(ctx, name, began.Add(24*365*100*time.Hour), 100)
	for k, p := range parked {
		if s.parked[k].Next.IsZero() && time.Since(p.Next) < time.Hour { // revived: due since then
			p.Next = time.Time{}
			parked[k] = p
		}
	}
	same("parked", parked, s.parked, err)
	if n, err := j.CountParked(ctx, name); err != nil || err2 != nil || int(n) != len(due) || len(due) != len(s.parked) ||
		!slices.IsSortedFunc(due, func(a, b journal.Parked) int { return a.Next.Compare(b.Next) }) {
		t.Fatalf("parked of %s: %d, %+v, %v, %v", name, n, due, err, err2)
	}
	next, err := j.NextParked(ctx, name)
	var first time.Time
	if len(due) > 0 {
		first = due[0].Next
	}
	same("next", next, first, err)
	dead, err := j.DeadLetters(ctx, journal.DeadFilter{Sink: name}, 100)
	slices.SortFunc(s.dead, func(a, b journal.Dead) int { return int(a.ID - b.ID) })
	same("dead letters", append([]journal.Dead{}, dead...), append([]journal.Dead{}, s.dead...), err)
	reasons := map[string]int64{}
	for _, d := range s.dead {
		reasons[d.Reason]++
	}
	counts, err := j.CountDead(ctx)
	if len(reasons) == 0 {
		reasons = nil
	}
	same("count of dead letters", counts[name], reasons, err)
	cursors := map[string]int64{}
	for _, queue := range []string{journal.Live, journal.Bulk, journal.Taken} {
		if at, ok, _ := j.Cursor(ctx, name, queue); ok {
			cursors[queue] = at
		}
	}
	if !maps.Equal(cursors, s.cursors) {
		t.Fatalf("cursors of %s: %v, want %v", name, cursors, s.cursors)
	}
	sink, _, err := j.Sink(ctx, name)
	same("record", sink, s.sink, err)
}

// TestSettleAsOne: what cannot be stored as a whole is not stored.
func TestSettleAsOne(t *testing.T) {
	j := open(t, newPath(t)) // the sink was never registered: its record cannot be kept
	err := j.Settle(t.Context(), "erp", journal.Outcome{Accepted: []journal.Accepted{{Key: order(1), Revision: 1, Sequence: 1}},
		Cursors: map[string]int64{journal.Live: 1}, Sink: &journal.Sink{}})
	contains(t, err, "erp")
	if list := must[map[int64]journal.Accepted](t)(j.AcceptedOf(t.Context(), "erp", "order", []int64{1})); len(list) > 0 {
		t.Errorf("%+v", list)
	}
	if at, ok, err := j.Cursor(t.Context(), "erp", journal.Live); ok || err != nil {
		t.Error(at, err)
	}
}

// TestAttemptsKept: of an entity in a sink the newest fifty stay, of all those that
// retention leaves.
func TestAttemptsKept(t *testing.T) {
	j := open(t, newPath(t))
	ctx := t.Context()
	for i := range 60 {
		at := began.Add(time.Duration(i) * time.Minute)
		check(t, j.Settle(ctx, "erp", journal.Outcome{Attempts: []journal.Attempt{{Key: order(1), Revision: int64(i), Sequence: int64(i), Started: at, Class: "retryable"}}}))
		check(t, j.Settle(ctx, "log", journal.Outcome{Attempts: []journal.Attempt{{First: int64(i*10 + 1), Sequence: int64(i*10 + 10), Started: at, Class: "ok"}}}))
	}
	check(t, j.Settle(ctx, "wms", journal.Outcome{Attempts: []journal.Attempt{{Key: order(1), Revision: 1, Sequence: 1, Started: began, Class: "ok"}}}))
	list := must[[]journal.Attempt](t)(j.Attempts(ctx, order(1), 100))
	if len(list) != 51 || list[0].Sink != "wms" || list[1].Revision != 59 || list[50].Revision != 10 {
		t.Errorf("%d: %+v .. %+v", len(list), list[0], list[len(list)-1])
	}
	for sequence, want := range map[int64]int64{1: 10, 10: 10, 11: 20, 595: 600, 601: 0} {
		a, ok, err := j.AttemptFor(ctx, "log", sequence)
		if err != nil || a.Sequence != want || ok != (want > 0) {
			t.Errorf("%d: %+v %v", sequence, a, err)
		}
	}
	must[int64](t)(j.Retain(ctx, began.Add(time.Hour), 30*time.Minute, 0, nil))
	list = must[[]journal.Attempt](t)(j.Attempts(ctx, order(1), 100))
	if len(list) != 30 || list[29].Revision != 30 {
		t.Errorf("%d: %+v", len(list), list)
	}
	if _, ok, err := j.AttemptFor(ctx, "log", 10); ok || err != nil {
		t.Error("an old call is still there", err)
	}
}

// TestDeadIDs: the id of a letter that is gone is not given to another one.
func TestDeadIDs(t *testing.T) {
	j := open(t, newPath(t))
	ctx := t.Context()
	die := func(id int64) {
		check(t, j.Settle(ctx, "erp", journal.Outcome{Dead: []journal.Dead{{Key: order(id), Revision: 1, Sequence: id}}}))
	}
	die(1)
	die(2)
	if n := must[int64](t)(j.Discard(ctx, journal.DeadFilter{IDs: []int64{2}})); n != 1 {
		t.Error(n)
	}
	die(3)
	list := must[[]journal.Dead](t)(j.DeadLetters(ctx, journal.DeadFilter{}, 10))
	if len(list) != 2 || list[1].ID != 3 {
		t.Errorf("%+v", list)
	}
}
