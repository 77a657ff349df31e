package dispatch_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// TestResume: where a lane goes on, by what the target holds and what is stored.
func TestResume(t *testing.T) {
	moved := func(h sinks.Held) sinks.Held { h.Moved = true; return h }
	other := func(h sinks.Held, id string) sinks.Held { h.ID = id; return h }
	for _, c := range []struct {
		name  string
		at    map[string]int64 // stored
		held  func(j *journal.Journal) sinks.Held
		next  int64 // first event delivered
		birth bool  // the journal takes a new mark
		says  string
	}{
		{"empty, nothing stored", nil, nil, 1, false, ""},
		{"empty, stored", map[string]int64{journal.Live: 6, journal.Taken: 6}, nil, 7, false, ""},
		{"nothing stored", nil, func(j *journal.Journal) sinks.Held { return held(t, j, 4) }, 5, false, ""},
		{"ahead of the cursor: killed before storing", map[string]int64{journal.Live: 3, journal.Taken: 3}, func(j *journal.Journal) sinks.Held { return held(t, j, 8) }, 9, false, ""},
		{"at the cursor", map[string]int64{journal.Live: 8, journal.Taken: 8}, func(j *journal.Journal) sinks.Held { return held(t, j, 8) }, 9, false, ""},
		{"behind it for what it does not take", map[string]int64{journal.Live: 8, journal.Taken: 2}, func(j *journal.Journal) sinks.Held { return held(t, j, 2) }, 9, false, ""},
		{"has lost its end", map[string]int64{journal.Live: 8, journal.Taken: 7}, func(j *journal.Journal) sinks.Held { return held(t, j, 5) }, 6, false, "has lost events at its end"},
		{"moved, ahead", map[string]int64{journal.Live: 6, journal.Taken: 6}, func(j *journal.Journal) sinks.Held { return moved(held(t, j, 9)) }, 10, false, ""},
		{"moved, behind", map[string]int64{journal.Live: 6, journal.Taken: 6}, func(j *journal.Journal) sinks.Held { return moved(held(t, j, 2)) }, 7, false, ""},
		{"moved, another journal's", map[string]int64{journal.Live: 6, journal.Taken: 6}, func(j *journal.Journal) sinks.Held { return moved(other(held(t, j, 9), "order/1@77")) }, 7, false, ""},
		{"another journal's, longer", map[string]int64{journal.Live: 6, journal.Taken: 6}, func(j *journal.Journal) sinks.Held {
			return sinks.Held{Source: "octail://" + shop, ID: "order/1@1", Sequence: 500}
		}, 7, true, "another journal"},
		{"another journal's, same number", map[string]int64{journal.Live: 6, journal.Taken: 6}, func(j *journal.Journal) sinks.Held { return other(held(t, j, 8), "order/1@77") }, 7, true, "another journal"},
		{"another journal's, same id", map[string]int64{journal.Live: 6, journal.Taken: 6}, func(j *journal.Journal) sinks.Held { return other(held(t, j, 8), held(t, j, 8).ID+"~k3f9") }, 7, true, "another journal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJournal(t)
			_, err := j.RegisterSink(t.Context(), "log", "fake", 0, 0)
			check(t, err)
			fill(t, j, 10)
			if c.at != nil {
				check(t, j.Advance(t.Context(), "log", c.at))
			}
			s := &teller{}
			if c.held != nil {
				s.held, s.any = c.held(j), true
			}
			l := newLane(t, j, s)
			if at, _, err := j.Place(t.Context(), "log"); err != nil || at >= c.next {
				t.Errorf("retention sees the sink at %d (%v), and may take what is to be delivered", at, err)
			}
			_, err = l.Step(t.Context())
			check(t, err)
			if c.next <= 10 {
				same(t, s.sequences(), from(c.next, 10))
			} else if s.count() > 0 {
				t.Error(s.sequences())
			}
			if (j.Birth() != "") != c.birth {
				t.Errorf("mark %q", j.Birth())
			}
			if c.says == "" && l.log.Len() > 0 || !strings.Contains(l.log.String(), c.says) {
				t.Errorf("%q", l.log)
			}
		})
	}
}

// TestForeign: the target of another shop stops this sink alone, and is left alone.
// When somebody has put it right, deliveries begin without a restart.
func TestForeign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s, well := &teller{held: sinks.Held{Source: "octail://other-shop", ID: "order/1@1", Sequence: 1}, any: true}, &sink{}
		a, b := newLane(t, j, s), newLane(t, j, well, named("well"))
		a.run(t)
		b.run(t)
		fill(t, j, 3)
		pass(time.Hour)
		st := a.Status(t.Context())
		if s.count() != 0 || !strings.Contains(st.LastError, dispatch.ErrForeign.Error()) || !strings.Contains(st.LastError, "octail://other-shop") || !strings.Contains(st.LastError, "octail://main-shop") {
			t.Errorf("%d calls, %+v", s.count(), st)
		}
		if j.Birth() != "" {
			t.Error("the journal took a mark for it")
		}
		same(t, well.sequences(), from(1, 3))
		s.mu.Lock()
		s.any = false
		s.mu.Unlock()
		pass(8 * time.Minute)
		same(t, s.sequences(), from(1, 3))
		a.end()
		b.end()
	})
}

// TestCannotTell: a target that cannot be asked at present is asked again; nothing
// is delivered on a guess.
func TestCannotTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &teller{err: errors.New("no such file or directory")}
		l := newLane(t, j, s)
		if st := l.Status(t.Context()); !strings.Contains(st.LastError, "no such file") {
			t.Errorf("%+v", st)
		}
		l.run(t)
		fill(t, j, 3)
		pass(time.Minute)
		if s.count() != 0 {
			t.Error("delivered without knowing where to go on")
		}
		s.mu.Lock()
		s.err, s.held, s.any = nil, held(t, j, 2), true
		s.mu.Unlock()
		pass(8 * time.Minute)
		same(t, s.sequences(), []int64{3})
		l.end()
	})
}

// TestMarkTakenOnce: a target that goes on failing does not make the journal take
// mark after mark.
func TestMarkTakenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &teller{held: sinks.Held{Source: "octail://" + shop, ID: "order/1@1", Sequence: 500}, any: true}
		s.answer = func(context.Context, int, []sinks.Delivery) error { return errors.New("down") }
		l := newLane(t, j, s)
		mark := j.Birth()
		if mark == "" {
			t.Fatal("no mark")
		}
		l.run(t)
		fill(t, j, 3)
		pass(time.Hour)
		l.end()
		if s.asked < 10 || j.Birth() != mark {
			t.Errorf("asked %d times; mark %s became %s", s.asked, mark, j.Birth())
		}
	})
}

// TestWidened: a sink that takes more kinds of entities than before is not filled
// with old ones, although its target ends far behind the cursor.
func TestWidened(t *testing.T) {
	j := newJournal(t)
	first := &teller{}
	l := newLane(t, j, first, only(document.Entities[0]))
	fill(t, j, 10) // 1 and 6 are for it
	_, err := l.Step(t.Context())
	check(t, err)
	check(t, l.StoreNow(t.Context()))
	same(t, first.sequences(), []int64{1, 6})

	second := &teller{held: held(t, j, 6), any: true}
	l = newLane(t, j, second)
	fill(t, j, 2)
	_, err = l.Step(t.Context())
	check(t, err)
	same(t, second.sequences(), []int64{11, 12})
}

// TestLaterSink: a sink that is added later begins with what comes then, also when
// its first start failed.
func TestLaterSink(t *testing.T) {
	j := newJournal(t)
	fill(t, j, 5)
	s := &teller{err: errors.New("no such folder")}
	newLane(t, j, s)
	fill(t, j, 5)
	s.err = nil
	l := newLane(t, j, s)
	_, err := l.Step(t.Context())
	check(t, err)
	same(t, s.sequences(), from(6, 10))
}

// TestFlushFails: what could not be made durable is delivered again.
func TestFlushFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(t)
		s := &teller{}
		l := newLane(t, j, s)
		l.run(t)
		fill(t, j, 3)
		pass(3 * time.Second)
		s.mu.Lock()
		s.held, s.any = held(t, j, 3), true
		s.mu.Unlock()
		broken := true
		s.flush = func() error {
			if broken {
				broken = false
				return errors.New("input/output error")
			}
			return nil
		}
		fill(t, j, 2)
		pass(10 * time.Second)
		same(t, s.sequences(), []int64{1, 2, 3, 4, 5, 4, 5})
		if at := cursor(t, j, "log"); at != 5 {
			t.Errorf("cursor %d", at)
		}
		l.end()
	})
}

// TestRemoved: revisions that retention took from a sink that was away are said to
// be gone.
func TestRemoved(t *testing.T) {
	j := newJournal(t)
	gone := &sink{}
	l := newLane(t, j, gone)
	fill(t, j, 2)
	_, err := l.Step(t.Context())
	check(t, err)
	key := document.Key{Entity: "order", ID: 77}
	for range 3 { // while it is not in the configuration
		known, err := j.Known(t.Context(), key.Entity, []int64{key.ID})
		check(t, err)
		_, err = j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: key, Kind: document.Updated, Time: time.Now(), Origin: "shop", Schema: 1, Prior: known[key.ID], Data: []byte(`{}`), Fields: []byte{}}}})
		check(t, err)
	}
	if n, err := j.Retain(t.Context(), time.Now().Add(48*time.Hour), 24*time.Hour, 0, nil); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	back := &sink{}
	l = newLane(t, j, back)
	if !strings.Contains(l.log.String(), "old revisions have left the journal before this sink took them") {
		t.Errorf("nothing said: %s", l.log)
	}
	_, err = l.Step(t.Context())
	check(t, err)
	same(t, back.sequences(), []int64{5})
	if l := newLane(t, j, back); strings.Contains(l.log.String(), "have left") {
		t.Error("said again")
	}
	if l := newLane(t, j, &sink{}, named("new")); l.log.Len() > 0 {
		t.Errorf("a new sink misses nothing: %s", l.log)
	}
}

// TestJournalCutBack: a backup of the journal was put back, and a cursor is ahead
// of it.
func TestJournalCutBack(t *testing.T) {
	j := newJournal(t)
	fill(t, j, 3)
	check(t, j.Advance(t.Context(), "log", map[string]int64{journal.Live: 9, journal.Taken: 9}))
	s := &sink{}
	l := newLane(t, j, s)
	if at := cursor(t, j, "log"); at != 3 {
		t.Errorf("retention sees the sink at %d, and may take what is to be delivered", at)
	}
	fill(t, j, 2)
	_, err := l.Step(t.Context())
	check(t, err)
	same(t, s.sequences(), []int64{4, 5})
	if st := l.Status(t.Context()); st.Pending != 0 {
		t.Errorf("%+v", st)
	}
}

// TestWokenRests: a lane that somebody has woken looks once and rests again, also one
// that is strictly in order and parks nothing.
func TestWokenRests(t *testing.T) {
	for name, s := range map[string]sinks.Sink{"strictly in order": &teller{}, "parks": &sink{}} {
		t.Run(name, func(t *testing.T) {
			l := newLane(t, newJournal(t), s)
			check(t, l.StoreNow(t.Context()))
			l.Woken(t.Context())
			if more, err := l.Step(t.Context()); more || err != nil {
				t.Fatal(more, err)
			}
			if wait := l.RestFor(); wait < time.Second {
				t.Errorf("with nothing to do it looks again after %s", wait)
			}
		})
	}
}
