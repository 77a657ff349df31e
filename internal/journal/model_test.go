package journal_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"octail/internal/journal"
	"octail/transform/document"
)

// model is what a journal must hold. It shares no code with it.
type model struct {
	events   []journal.Stored // without Added
	newest   map[document.Key]journal.Stored
	marks    map[document.Key]modelMark
	position string
	cursor   int64
}

type modelMark struct {
	number  int64
	reason  string
	origin  string
	touched time.Time
}

func (m model) clone() model {
	m.events = slices.Clone(m.events)
	m.newest, m.marks = maps.Clone(m.newest), maps.Clone(m.marks)
	return m
}

// machine drives a journal and its model side by side.
type machine struct {
	dir     string
	path    string
	copies  int
	j       *journal.Journal
	now     model
	history []model // the state after each commit since the file was last closed in good order
	n       int
}

var modelKeys = []document.Key{order(1), order(2), order(3), {Entity: "product", ID: 1}, {Entity: "stock", ID: 1}}

func (m *machine) open(t *rapid.T) {
	var err error
	if m.j, err = journal.Open(context.Background(), m.path); err != nil {
		t.Fatal(err)
	}
}

// commit makes a random commit and what the model becomes by it.
func (m *machine) commit(t *rapid.T) (journal.Commit, model) {
	next := m.now.clone()
	var c journal.Commit
	keys := rapid.Permutation(modelKeys).Draw(t, "keys")
	for i := range rapid.IntRange(0, len(keys)).Draw(t, "events") {
		key := keys[i]
		known, err := m.j.Known(context.Background(), key.Entity, []int64{key.ID})
		if err != nil {
			t.Fatal(err)
		}
		m.n++
		size := rapid.SampledFrom([]int{1, 600, 5000}).Draw(t, "size")
		e := event(key, known[key.ID], fmt.Sprintf(`{"n":%d,"text":%q}`, m.n, strings.Repeat("x", size)))
		if known[key.ID].Revision > 0 && rapid.IntRange(0, 5).Draw(t, "delete") == 0 {
			e.Kind = document.Deleted
		}
		c.Events = append(c.Events, e)
		before := next.newest[key]
		s := journal.Stored{Prior: before.Sequence, Event: document.Event{Key: key, Birth: m.j.Birth(), Sequence: int64(len(next.events)) + 1, Revision: before.Revision + 1,
			Kind: e.Kind, Time: e.Time, Origin: e.Origin, Schema: e.Schema, Data: e.Data}}
		next.events, next.newest[key] = append(next.events, s), s
	}
	for range rapid.IntRange(0, 2).Draw(t, "marks") {
		key := rapid.SampledFrom(modelKeys).Draw(t, "mark")
		m.n++
		mark := journal.Mark{Key: key, Reason: fmt.Sprint("reason ", m.n), Origin: rapid.SampledFrom([]string{"shop", "sync"}).Draw(t, "origin"), Touched: began.Add(time.Duration(m.n) * time.Second)}
		c.Marks = append(c.Marks, mark)
		old, again := next.marks[key]
		k := modelMark{number: old.number + 1, reason: mark.Reason, origin: mark.Origin, touched: mark.Touched}
		if again && mark.Origin != "shop" {
			k.origin = old.origin
		}
		next.marks[key] = k
	}
	for range rapid.IntRange(0, 2).Draw(t, "clears") {
		key := rapid.SampledFrom(modelKeys).Draw(t, "clear")
		number := next.marks[key].number + int64(rapid.IntRange(-1, 0).Draw(t, "seen"))
		c.Clear = append(c.Clear, journal.Seen{Key: key, Mark: number})
		if number == next.marks[key].number {
			delete(next.marks, key)
		}
	}
	if rapid.Bool().Draw(t, "moves") {
		m.n++
		c.Position = fmt.Sprint("position ", m.n)
		next.position = c.Position
	}
	return c, next
}

func (m *machine) took(next model) {
	m.now = next
	m.history = append(m.history, next)
}

// Append writes a commit.
func (m *machine) Append(t *rapid.T) {
	c, next := m.commit(t)
	first, err := m.j.Append(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Events) > 0 && first != int64(len(m.now.events))+1 {
		t.Fatalf("the first of %d events got sequence %d", len(c.Events), first)
	}
	m.took(next)
}

// AppendRefused tries a commit with one event that is counted from a wrong
// revision.
func (m *machine) AppendRefused(t *rapid.T) {
	c, _ := m.commit(t)
	key := rapid.SampledFrom(modelKeys).Draw(t, "stale")
	c.Events = append(c.Events, event(key, journal.Known{Revision: m.now.newest[key].Revision + 3, Sequence: 1}, `{}`))
	if _, err := m.j.Append(context.Background(), c); !errors.Is(err, journal.ErrStale) {
		t.Fatalf("refused: %v", err)
	}
}

func (m *machine) Advance(t *rapid.T) {
	to := rapid.Int64Range(0, int64(len(m.now.events))).Draw(t, "to")
	if err := m.j.Advance(context.Background(), "log", map[string]int64{journal.Live: to}); err != nil {
		t.Fatal(err)
	}
	next := m.now.clone()
	next.cursor = max(next.cursor, to)
	m.took(next)
}

// Housekeep compresses everything and removes nothing.
func (m *machine) Housekeep(t *rapid.T) {
	if _, err := m.j.Retain(context.Background(), time.Now().Add(2*time.Hour), 24*time.Hour, 0, nil); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) TakeBirth(t *rapid.T) {
	if _, err := m.j.TakeBirth(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) Reopen(t *rapid.T) {
	if err := m.j.Close(); err != nil {
		t.Fatal(err)
	}
	m.history = []model{m.now}
	birth := m.j.Birth()
	m.open(t)
	if m.j.Birth() != birth {
		t.Fatalf("mark %q became %q", birth, m.j.Birth())
	}
}

// Kill goes on with the files as a kill leaves them: all that was reported is there.
func (m *machine) Kill(t *rapid.T) {
	m.goOnWithCopy(t, 1)
	if m.j.Restored() != 0 {
		t.Fatalf("it believes to be a backup, the one before had come to %d", m.j.Restored())
	}
}

// PowerCut goes on with a log that has lost its end, at any byte. The disk had
// confirmed it, so this is worse than what may happen: still nothing may be half.
func (m *machine) PowerCut(t *rapid.T) {
	m.goOnWithCopy(t, rapid.Float64Range(0, 1).Draw(t, "left"))
	last := m.j.Last()
	i := slices.IndexFunc(m.history, func(s model) bool { return m.differs(s) == "" })
	if i < 0 {
		t.Fatalf("with %d events it is like no state it was in; compared with the last: %s", last, m.differs(m.now))
	}
	m.now = m.history[i]
	m.history = m.history[:i+1]
}

func (m *machine) goOnWithCopy(t *rapid.T, left float64) {
	m.copies++
	to := filepath.Join(m.dir, fmt.Sprint(m.copies, ".db"))
	for _, end := range []string{"", "-wal", ".born"} {
		b, err := os.ReadFile(m.path + end)
		if err != nil {
			t.Fatal(err)
		}
		if end == "-wal" {
			b = b[:int(left*float64(len(b)))]
		}
		if err := os.WriteFile(to+end, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.j.Close(); err != nil {
		t.Fatal(err)
	}
	m.path = to
	m.open(t)
}

// Check is called after each of the others.
func (m *machine) Check(t *rapid.T) {
	if d := m.differs(m.now); d != "" {
		t.Fatal(d)
	}
}

// differs says in what the journal differs from a state, "" for nothing.
func (m *machine) differs(want model) string {
	ctx := context.Background()
	var events []journal.Stored
	for after := int64(0); ; {
		list, err := m.j.Events(ctx, after, 7, 1<<20)
		if err != nil {
			return err.Error()
		}
		if len(list) == 0 {
			break
		}
		after = list[len(list)-1].Sequence
		for i := range list {
			list[i].Added = time.Time{}
		}
		events = append(events, list...)
	}
	if len(events) != len(want.events) || m.j.Last() != int64(len(want.events)) {
		return fmt.Sprintf("%d events, last %d, want %d", len(events), m.j.Last(), len(want.events))
	}
	for i := range events {
		if !reflect.DeepEqual(events[i], want.events[i]) {
			return fmt.Sprintf("event %d is %+v, want %+v", i+1, events[i], want.events[i])
		}
	}
	for _, key := range modelKeys {
		known, err := m.j.Known(ctx, key.Entity, []int64{key.ID})
		if err != nil {
			return err.Error()
		}
		k, w := known[key.ID], want.newest[key]
		if k.Revision != w.Revision || k.Sequence != w.Sequence || k.Deleted != (w.Kind == document.Deleted) {
			return fmt.Sprintf("newest of %s is %+v, want %+v", key, k, w)
		}
		d, ok, err := m.j.Marked(ctx, key)
		if err != nil {
			return err.Error()
		}
		mark, wanted := want.marks[key]
		if got := (modelMark{d.Number, d.Reason, d.Origin, d.Touched}); ok != wanted || ok && got != mark {
			return fmt.Sprintf("mark of %s is %+v %v, want %+v %v", key, got, ok, mark, wanted)
		}
	}
	position, err := m.j.Position(ctx)
	if err != nil || position != want.position {
		return fmt.Sprintf("position %q, want %q (%v)", position, want.position, err)
	}
	cursor, _, err := m.j.Cursor(ctx, "log", journal.Live)
	if err != nil || cursor != want.cursor {
		return fmt.Sprintf("cursor %d, want %d (%v)", cursor, want.cursor, err)
	}
	counts, err := m.j.Counts(ctx)
	if err != nil || counts.Events != int64(len(want.events)) || counts.Documents != int64(len(want.newest)) || counts.Dirty != int64(len(want.marks)) {
		return fmt.Sprintf("%+v (%v)", counts, err)
	}
	return ""
}

// TestModel: whatever is done with a journal and however its process ends, it
// holds what the model says.
func TestModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		check(t, f.Value.Set("6"))
	}
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "octail-model-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		empty := model{newest: map[document.Key]journal.Stored{}, marks: map[document.Key]modelMark{}}
		m := &machine{dir: dir, path: filepath.Join(dir, "0.db"), now: empty, history: []model{empty}}
		m.open(t)
		defer func() { _ = m.j.Close() }()
		t.Repeat(rapid.StateMachineActions(m))
	})
}
