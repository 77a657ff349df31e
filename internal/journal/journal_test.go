package journal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

func TestAppendAndReadBack(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	e := event(order(7), journal.Known{}, `{"changed":["a"],"document":{"a":1}}`)
	e.Number, e.Email, e.SKU, e.Origin = "INV-7", "alice@example.com", "", document.FromSnapshot
	mark := journal.Mark{Key: order(8), Reason: "snapshot", Origin: document.FromSnapshot, Position: "p0", AddedSince: began.Add(-time.Hour), Touched: began, Next: began.Add(time.Hour), Attempts: 2, Error: "no such table"}
	if first := must[int64](t)(j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{e}, Marks: []journal.Mark{mark}, Position: "p1"})); first != 1 {
		t.Fatal(first)
	}
	look := func(j *journal.Journal) {
		t.Helper()
		events := whole(t, j)
		got := events[0]
		if got.Added.IsZero() || time.Since(got.Added) > time.Hour {
			t.Error(got.Added)
		}
		got.Added = time.Time{}
		want := journal.Stored{Event: document.Event{Key: e.Key, Sequence: 1, Revision: 1, Kind: document.Created, Time: e.Time, Origin: e.Origin, Schema: 1, Data: e.Data}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		known := must[map[int64]journal.Known](t)(j.Known(t.Context(), "order", []int64{6, 7, 8}))
		if want := (journal.Known{Revision: 1, Sequence: 1, Schema: 1, Lines: 3, Hash: e.Hash, Fields: e.Fields}); len(known) != 1 || !reflect.DeepEqual(known[7], want) {
			t.Errorf("%+v", known)
		}
		for _, text := range []string{"INV-7", "Alice@Example.com"} {
			if keys := must[[]document.Key](t)(j.Find(t.Context(), text)); len(keys) != 1 || keys[0] != e.Key {
				t.Errorf("%s: %v", text, keys)
			}
		}
		for _, text := range []string{"", "INV", "alice"} {
			if keys := must[[]document.Key](t)(j.Find(t.Context(), text)); len(keys) != 0 {
				t.Errorf("%s: %v", text, keys)
			}
		}
		d, ok, err := j.Marked(t.Context(), order(8))
		if err != nil || !ok || d.Mark != mark || d.Number != 1 || d.Since.IsZero() {
			t.Errorf("%+v %v %v", d, ok, err)
		}
		if list := must[[]journal.Dirty](t)(j.Due(t.Context(), began, 10)); len(list) != 0 {
			t.Errorf("due before its time: %v", list)
		}
		if list := must[[]journal.Dirty](t)(j.Due(t.Context(), began.Add(time.Hour), 10)); len(list) != 1 {
			t.Errorf("due: %v", list)
		}
		if list := must[[]journal.Dirty](t)(j.Failing(t.Context(), 10)); len(list) != 1 || list[0].Error != mark.Error {
			t.Errorf("failing: %v", list)
		}
		if p := must[string](t)(j.Position(t.Context())); p != "p1" {
			t.Error(p)
		}
	}
	look(j)
	reader := must[*journal.Journal](t)(journal.Look(t.Context(), path)) // beside the writer
	look(reader)
	closeIt(t, reader)
	closeIt(t, j)
	look(open(t, path))
}

func TestMarks(t *testing.T) {
	j := open(t, newPath(t))
	write := func(c journal.Commit) { must[int64](t)(j.Append(t.Context(), c)) }
	write(journal.Commit{Marks: []journal.Mark{{Key: order(1), Reason: "snapshot", Origin: document.FromSnapshot, Position: "p1"}}})
	first, _, err := j.Marked(t.Context(), order(1))
	if err != nil {
		t.Fatal(err)
	}
	write(journal.Commit{Marks: []journal.Mark{{Key: order(1), Reason: "held", Origin: document.FromShop, Position: "p2", Touched: began}}})
	second, _, err := j.Marked(t.Context(), order(1))
	if err != nil || second.Number != first.Number+1 || second.Position != "p1" || second.Origin != document.FromShop || !second.Since.Equal(first.Since) {
		t.Errorf("%+v after %+v", second, first)
	}
	write(journal.Commit{Clear: []journal.Seen{{Key: order(1), Mark: first.Number}}}) // read before it was renewed
	if _, ok, err := j.Marked(t.Context(), order(1)); err != nil || !ok {
		t.Error("a renewed mark was cleared")
	}
	write(journal.Commit{Marks: []journal.Mark{{Key: order(1), Reason: "sync", Origin: document.FromSync}}})
	third, _, err := j.Marked(t.Context(), order(1))
	if err != nil || third.Origin != document.FromShop {
		t.Errorf("a change in the shop became the work of a %s", third.Origin)
	}
	if !third.Touched.Equal(began) {
		t.Errorf("the last touch went back to %s", third.Touched)
	}
	write(journal.Commit{Clear: []journal.Seen{{Key: order(1), Mark: third.Number}}})
	if _, ok, err := j.Marked(t.Context(), order(1)); err != nil || ok {
		t.Error("an answered mark stays")
	}
}

// TestStale: a revision is counted on from the newest one or not at all.
func TestStale(t *testing.T) {
	j := open(t, newPath(t))
	none := journal.Known{}
	add(t, j, order(1), `{"v":1}`)
	one := must[map[int64]journal.Known](t)(j.Known(t.Context(), "order", []int64{1}))[1]
	add(t, j, order(1), `{"v":2}`)
	add(t, j, order(2), `{"v":1}`)
	for name, list := range map[string][]journal.NewEvent{
		"created twice":   {event(order(1), none, `{"v":3}`)},
		"counted twice":   {event(order(1), one, `{"v":3}`)},
		"from nowhere":    {event(order(9), one, `{"v":3}`)},
		"twice in one":    {event(order(3), none, `{"v":1}`), event(order(3), none, `{"v":1}`)},
		"one bad of many": {event(order(4), none, `{"v":1}`), event(order(1), one, `{"v":3}`), event(order(5), none, `{"v":1}`)},
	} {
		_, err := j.Append(t.Context(), journal.Commit{Events: list, Marks: []journal.Mark{{Key: order(6), Reason: "r", Origin: "shop"}}, Position: "p"})
		if !errors.Is(err, journal.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(whole(t, j)); got != 3 {
		t.Errorf("%d events", got)
	}
	if _, ok, _ := j.Marked(t.Context(), order(6)); ok || must[string](t)(j.Position(t.Context())) != "" {
		t.Error("half of a refused commit was written")
	}
	add(t, j, order(1), `{"v":3}`)
	whole(t, j)
}

// TestTwoWriters: the lock file was removed by hand and a second agent started.
func TestTwoWriters(t *testing.T) {
	path := newPath(t)
	a := open(t, path)
	add(t, a, order(1), `{"v":1}`)
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	b := open(t, path)
	add(t, b, order(2), `{"v":1}`)
	_, err := a.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{event(order(3), journal.Known{}, `{"v":1}`)}})
	if !errors.Is(err, journal.ErrTwoWriters) {
		t.Error(err)
	}
	if got := len(whole(t, b)); got != 2 {
		t.Errorf("%d events", got)
	}
}

func TestLookCannotWrite(t *testing.T) {
	path := newPath(t)
	closeIt(t, open(t, path))
	j := must[*journal.Journal](t)(journal.Look(t.Context(), path))
	defer closeIt(t, j)
	ctx := t.Context()
	for name, write := range map[string]func() error{
		"append":   func() error { _, err := j.Append(ctx, journal.Commit{Position: "p"}); return err },
		"meta":     func() error { return j.SetMeta(ctx, "shop", "other") },
		"birth":    func() error { _, err := j.TakeBirth(ctx); return err },
		"register": func() error { _, err := j.RegisterSink(ctx, "log", "file", 0, 0); return err },
		"set back": func() error { return j.SetBack(ctx, "log", 1) },
		"advance":  func() error { return j.Advance(ctx, "log", map[string]int64{journal.Live: 1}) },
		"retain":   func() error { _, err := j.Retain(ctx, time.Now(), 0, 1, nil); return err },
		"settle":   func() error { return j.Settle(ctx, "log", journal.Outcome{}) },
		"sink":     func() error { return j.KeepSink(ctx, journal.Sink{Name: "log"}) },
		"discard":  func() error { _, err := j.Discard(ctx, journal.DeadFilter{}); return err },
		"revive":   func() error { _, err := j.Revive(ctx, journal.DeadFilter{}); return err },
		"link":     func() error { return j.SetLink(ctx, journal.Link{}) },
		"unlink":   func() error { _, err := j.DeleteLink(ctx, "log", order(1)); return err },
	} {
		t.Run(name, func(t *testing.T) { contains(t, write(), "reading only") })
	}
}

func TestCloseTwice(t *testing.T) {
	j := open(t, newPath(t))
	closeIt(t, j)
	closeIt(t, j)
	if _, err := j.Append(t.Context(), journal.Commit{Position: "p"}); err == nil {
		t.Error("a closed journal takes appends")
	}
}

// TestCancelled: an append is written as a whole or not at all, whenever its
// context ends.
func TestCancelled(t *testing.T) {
	j := open(t, newPath(t))
	for i := range int64(200) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Duration(i)*5*time.Microsecond, cancel)
		before := j.Last()
		_, err := j.Append(ctx, journal.Commit{Events: []journal.NewEvent{event(order(i+1), journal.Known{}, `{"v":1}`)}, Position: fmt.Sprint(i + 1)})
		cancel()
		if written := j.Last() > before; written != (err == nil) {
			t.Fatalf("written %v, error %v", written, err)
		}
		if err == nil && must[string](t)(j.Position(t.Context())) != fmt.Sprint(i+1) {
			t.Fatal("the position stayed behind")
		}
	}
	whole(t, j)
}

// TestTail: what a lane reads from the memory is what it would read from the file.
func TestTail(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	big := strings.Repeat("x", 30<<10)
	for i := range 150 { // 4.5 MiB: more than the memory keeps
		add(t, j, order(int64(i%20+1)), fmt.Sprintf(`{"v":%d,"text":%q}`, i, big))
		if i == 70 {
			must[string](t)(j.TakeBirth(t.Context()))
		}
	}
	file := must[*journal.Journal](t)(journal.Look(t.Context(), path)) // has no memory
	defer closeIt(t, file)
	for _, after := range []int64{-1, 0, 1, 50, 83, 84, 85, 100, 148, 149, 150, 151, 1000} {
		for _, limit := range []int{1, 7, 1000} {
			for _, bytes := range []int{0, 1, 100 << 10, 64 << 20} {
				a := must[[]journal.Stored](t)(j.Events(t.Context(), after, limit, bytes))
				b := must[[]journal.Stored](t)(file.Events(t.Context(), after, limit, bytes))
				if !reflect.DeepEqual(a, b) {
					t.Errorf("after %d, %d events, %d bytes: %d from the memory, %d from the file, or not the same", after, limit, bytes, len(a), len(b))
				}
				if len(a) > limit || after >= 0 && after < 150 && len(a) == 0 {
					t.Errorf("after %d, %d events, %d bytes: got %d", after, limit, bytes, len(a))
				}
			}
		}
	}
}

// TestLimits: a batch ends when its data has reached the limit.
func TestLimits(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	for i := range int64(10) {
		add(t, j, order(i+1), `{"text":"`+strings.Repeat("x", 989)+`"}`) // 1,000 bytes
	}
	file := must[*journal.Journal](t)(journal.Look(t.Context(), path))
	defer closeIt(t, file)
	for _, j := range []*journal.Journal{j, file} {
		for _, c := range []struct{ limit, bytes, want int }{{100, 1, 1}, {100, 1000, 1}, {100, 1001, 2}, {100, 3000, 3}, {4, 1 << 20, 4}, {100, 1 << 20, 10}} {
			if got := len(must[[]journal.Stored](t)(j.Events(t.Context(), 0, c.limit, c.bytes))); got != c.want {
				t.Errorf("%d events and %d bytes: got %d, want %d", c.limit, c.bytes, got, c.want)
			}
		}
	}
}

// TestRevisions: newest first, bounded however many there are.
func TestRevisions(t *testing.T) {
	j := open(t, newPath(t))
	for i := range 250 {
		add(t, j, order(1), fmt.Sprintf(`{"v":%d}`, i))
		add(t, j, order(2), fmt.Sprintf(`{"v":%d}`, i))
	}
	list := must[[]journal.Stored](t)(j.Revisions(t.Context(), order(1)))
	if len(list) != 200 || list[0].Revision != 250 || list[199].Revision != 51 {
		t.Errorf("%d revisions, %d to %d", len(list), list[0].Revision, list[len(list)-1].Revision)
	}
	big := strings.Repeat("x", 3<<20)
	for i := range 5 {
		add(t, j, order(3), fmt.Sprintf(`{"v":%d,"text":%q}`, i, big))
	}
	if list := must[[]journal.Stored](t)(j.Revisions(t.Context(), order(3))); len(list) != 3 || list[0].Revision != 5 {
		t.Errorf("%d big revisions", len(list))
	}
	if list := must[[]journal.Stored](t)(j.Revisions(t.Context(), order(9))); len(list) != 0 {
		t.Errorf("%d revisions of nothing", len(list))
	}
}

func TestKnownIDs(t *testing.T) {
	j := open(t, newPath(t))
	for i := range int64(1200) {
		add(t, j, order(i+1), `{"v":1}`)
	}
	remove(t, j, order(3), `{"v":1}`)
	if ids := must[[]int64](t)(j.KnownIDs(t.Context(), "order", 1, 3)); !reflect.DeepEqual(ids, []int64{2, 4, 5}) {
		t.Error(ids)
	}
	ids := make([]int64, 1300) // more than one statement takes
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	if known := must[map[int64]journal.Known](t)(j.Known(t.Context(), "order", ids)); len(known) != 1200 || !known[3].Deleted {
		t.Error(len(known))
	}
}

func TestCursors(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	for i := range int64(9) {
		add(t, j, order(i+1), `{"v":1}`)
	}
	first := must[journal.Sink](t)(j.RegisterSink(t.Context(), "log", "file", 4, 0))
	again := must[journal.Sink](t)(j.RegisterSink(t.Context(), "log", "webhook", 9, 0))
	if first.Start != 4 || !reflect.DeepEqual(first, again) {
		t.Errorf("%+v, then %+v", first, again)
	}
	if _, ok, err := j.Cursor(t.Context(), "log", journal.Live); ok || err != nil {
		t.Error("a cursor before the first delivery")
	}
	if _, ok, err := j.Sink(t.Context(), "other"); ok || err != nil {
		t.Error("a sink that never ran")
	}
	for _, to := range []int64{5, 8, 6} { // never back
		if err := j.Advance(t.Context(), "log", map[string]int64{journal.Live: to, journal.Taken: to - 1}); err != nil {
			t.Fatal(err)
		}
	}
	for name, start := range map[string]int64{"erp": 5, "bulk": 1, "late": 9} {
		must[journal.Sink](t)(j.RegisterSink(t.Context(), name, "odoo", start, 0))
	}
	check(t, j.Advance(t.Context(), "bulk", map[string]int64{journal.Live: 7, journal.Bulk: 3, journal.Taken: 2}))
	for _, c := range []struct {
		sinks  string
		sink   string
		passed int64
	}{
		{"", "", 9},
		{"log", "log", 8},
		{"log erp", "erp", 5},   // it has delivered nothing, and counts from where it began
		{"other", "", 9},        // it never ran
		{"late", "", 9},         // it began behind all there is
		{"log bulk", "bulk", 3}, // the lower of its queues
		{"late other bulk log erp", "bulk", 3},
	} {
		sink, passed, err := j.Slowest(t.Context(), strings.Fields(c.sinks))
		if err != nil || sink != c.sink || passed != c.passed {
			t.Errorf("of %q the slowest is %q with %d (%v), want %q with %d", c.sinks, sink, passed, err, c.sink, c.passed)
		}
	}
	check(t, j.SetBack(t.Context(), "bulk", 4))
	if at, ok, err := j.Place(t.Context(), "bulk"); at != 3 || !ok || err != nil {
		t.Errorf("set back to 4 it is at %d (%v)", at, err)
	}
	if at, _, _ := j.Cursor(t.Context(), "bulk", journal.Live); at != 4 {
		t.Errorf("set back to 4 it is at %d", at)
	}
	closeIt(t, j)
	j = open(t, path)
	live, _, _ := j.Cursor(t.Context(), "log", journal.Live)
	taken, _, _ := j.Cursor(t.Context(), "log", journal.Taken)
	if live != 8 || taken != 7 {
		t.Error(live, taken)
	}
}

// TestConcurrent is for the race detector: one appender, readers, cursors and
// housekeeping side by side; and a waiting reader never misses an append.
func TestConcurrent(t *testing.T) {
	j := open(t, newPath(t))
	const total = 300
	var group sync.WaitGroup
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for r := range 3 {
		group.Go(func() {
			name := fmt.Sprint("sink", r)
			_, err := j.RegisterSink(t.Context(), name, "file", 0, 0)
			check(err)
			for at := int64(0); at < total; {
				changed := j.Changed()
				list, err := j.Events(t.Context(), at, 10, 1<<20)
				check(err)
				for _, e := range list {
					if e.Sequence != at+1 {
						t.Errorf("after %d came %d", at, e.Sequence)
					}
					at = e.Sequence
				}
				if len(list) > 0 {
					check(j.Advance(t.Context(), name, map[string]int64{journal.Live: at}))
					continue
				}
				select {
				case <-changed:
				case <-time.After(5 * time.Minute):
					t.Error("an append was missed")
					return
				}
			}
		})
	}
	done := make(chan struct{})
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			_, err := j.Retain(t.Context(), time.Now().Add(2*time.Hour), 0, 0, nil)
			check(err)
			_, err = j.Counts(t.Context())
			check(err)
			_, err = j.Due(t.Context(), time.Now(), 10)
			check(err)
		}
	})
	for i := range int64(total) { // all different: retention removes none of them
		add(t, j, order(i+1), fmt.Sprintf(`{"v":%d,"text":%q}`, i, strings.Repeat("y", 600)))
	}
	close(done)
	group.Wait()
	whole(t, j)
}

func TestPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "octail.db")
	j := open(t, path)
	add(t, j, order(1), `{"v":1}`)
	for _, end := range []string{"", "-wal", "-shm", ".lock", ".born"} {
		info, err := os.Stat(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s%s is %v: others can read customers' data", filepath.Base(path), end, info.Mode())
		}
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info.Mode(), err)
	}
}
