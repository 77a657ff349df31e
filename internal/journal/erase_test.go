package journal_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

// person is what documents say of somebody, all of it to be found by itself.
type person struct{ email, name, phone, street string }

func personOf(n int) person {
	return person{fmt.Sprintf("who%03d@example.com", n), fmt.Sprintf("Firstname%03d Lastname%03d", n, n), fmt.Sprintf("+44 0000 %06d", n), fmt.Sprintf("%d Sample Street", 1000+n)}
}

func (p person) texts() []string { return []string{p.email, p.name, p.phone, p.street} }

// data is an event about the person, of about so many bytes.
func (p person) data(size int) string {
	one := fmt.Sprintf(`{"email":%q,"name":%q,"phone":%q,"street":%q}`, p.email, p.name, p.phone, p.street)
	return `{"changed":[],"document":[` + one + strings.Repeat(","+one, size/len(one)) + `]}`
}

// addOf appends one revision of a key about a person, who is to be found by it.
func addOf(t testing.TB, j *journal.Journal, key document.Key, p person, size int) {
	t.Helper()
	known := must[map[int64]journal.Known](t)(j.Known(t.Context(), key.Entity, []int64{key.ID}))
	e := event(key, known[key.ID], p.data(size))
	e.Email, e.Number = p.email, fmt.Sprint("INV-", key.ID)
	must[int64](t)(j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{e}}))
}

// lie is how often texts stand in the files of a journal, as they lie on the disk.
func lie(t testing.TB, path string, texts []string) (n int) {
	t.Helper()
	files := must[[]string](t)(filepath.Glob(path + "*"))
	if len(files) < 3 {
		t.Fatalf("only %v", files)
	}
	for _, file := range files {
		b := bytes.ToLower(must[[]byte](t)(os.ReadFile(file)))
		for _, text := range texts {
			n += bytes.Count(b, []byte(strings.ToLower(text)))
		}
	}
	return n
}

// TestScrub: after a person was erased nothing of it is in the journal's files, whatever
// happened to its events before: large and small ones, compressed, removed, replaced.
func TestScrub(t *testing.T) {
	t.Parallel()
	const people = 30
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			path := newPath(t)
			j := open(t, path)
			for round := range 600 {
				n := random.IntN(people)
				addOf(t, j, order(int64(100+n)), personOf(n), 50<<random.IntN(11))
				if random.IntN(8) == 0 {
					addOf(t, j, order(int64(1000+round)), personOf(n), 500)
					remove(t, j, order(int64(1000+round)), personOf(n).data(500))
				}
				if random.IntN(150) == 0 { // compressed
					must[int64](t)(j.Retain(t.Context(), time.Now().Add(2*time.Hour), 24*time.Hour, 0, nil))
				}
				if random.IntN(250) == 0 { // removed
					must[int64](t)(j.Retain(t.Context(), time.Now().Add(2*time.Hour), time.Minute, 0, nil))
				}
			}
			for gone := range 3 {
				who := personOf(gone)
				data := []byte(who.email)
				check(t, j.Forget(t.Context(), []int64{int64(gone)}, []string{who.email}))
				var events []int64
				last := must[int64](t)(j.Scan(t.Context(), 0, []string{document.OrderEntity}, func(s journal.Stored) error {
					if bytes.Contains(s.Data, data) {
						events = append(events, s.Sequence)
					}
					return nil
				}))
				if len(events) == 0 || last != j.Last() {
					t.Fatalf("%d events, looked up to %d of %d", len(events), last, j.Last())
				}
				remembered(t, j, order(int64(100+gone)), events, strings.Join(who.texts(), " "))
				before := all(t, j)
				add(t, j, order(int64(100+gone)), `{"changed":["customer"],"previous":{},"document":{"erased":true}}`)
				if n := must[int64](t)(j.Scrub(t.Context(), events, []document.Key{order(int64(100 + gone))}, []string{who.email})); n != int64(len(events)) {
					t.Errorf("%d events scrubbed, want %d", n, len(events))
				}
				check(t, j.Clean(t.Context()))
				if n := lie(t, path, who.texts()); n > 0 {
					t.Errorf("%d hits of %s", n, who.email)
				} else {
					t.Logf("person %d: %d events scrubbed, hits=%d", gone, len(events), n)
				}
				dead := must[[]journal.Dead](t)(j.DeadLetters(t.Context(), journal.DeadFilter{Key: order(int64(100 + gone))}, 10))
				attempts := must[[]journal.Attempt](t)(j.Attempts(t.Context(), order(int64(100+gone)), 10))
				if len(dead) != 1 || dead[0].Reason != "refused" || len(attempts) == 0 {
					t.Errorf("%d dead letters, %d attempts", len(dead), len(attempts))
				}
				if left := must[map[string]int64](t)(j.Hits(t.Context(), []string{who.email})); len(left) > 0 {
					t.Errorf("left %v", left)
				}
				sameButScrubbed(t, before, all(t, j), events)
				if found := must[[]document.Key](t)(j.Find(t.Context(), strings.ToUpper(who.email))); len(found) > 0 {
					t.Errorf("found by the address: %v", found)
				}
				if n := must[int64](t)(j.Scrub(t.Context(), events, nil, nil)); n != 0 {
					t.Errorf("%d events scrubbed once more", n)
				}
			}
			if n := lie(t, path, []string{`"erased":true`}); n == 0 {
				t.Error("the search finds nothing at all")
			}
			// What compresses old events does not bring any back.
			must[int64](t)(j.Retain(t.Context(), time.Now().Add(2*time.Hour), 24*time.Hour, 0, nil))
			closeIt(t, j)
			j = open(t, path)
			if !j.Forgotten(2, "") || !j.Forgotten(0, " WHO001@example.com") || j.Forgotten(3, "who003@example.com") || j.Forgotten(0, "") {
				t.Error("another start knows others")
			}
		})
	}
}

// remembered lets sinks have said a text about a key: in all places there are.
func remembered(t *testing.T, j *journal.Journal, key document.Key, events []int64, text string) {
	t.Helper()
	now := time.Now()
	for _, name := range []string{"erp", "log"} {
		sink := must[journal.Sink](t)(j.RegisterSink(t.Context(), name, "webhook", 0, 0))
		sink.Error = "550 " + strings.ToUpper(text)
		o := journal.Outcome{Sink: &sink}
		if name == "erp" {
			o.Park = []journal.Parked{{Key: key, Queue: journal.Live, Revision: 1, Sequence: events[0], Class: "retryable", Reason: "retryable", Error: text, Since: now}}
			o.Dead = []journal.Dead{{Key: key, Revision: 1, Sequence: events[0], Class: "permanent", Reason: "refused", Cause: text, Request: text, Answer: text, Since: now}}
			o.Attempts = []journal.Attempt{{Key: key, Revision: 1, Sequence: events[0], Started: now, Class: "permanent", Request: text, Answer: text}}
		} else {
			o.Attempts = []journal.Attempt{{First: 1, Sequence: j.Last(), Started: now, Class: "ok", Request: text, Answer: text}}
		}
		check(t, j.Settle(t.Context(), name, o))
	}
}

// sameButScrubbed: the events are as before but for the data of some.
func sameButScrubbed(t *testing.T, before, after []journal.Stored, scrubbed []int64) {
	t.Helper()
	gone := map[int64]bool{}
	for _, s := range scrubbed {
		gone[s] = true
	}
	for i, e := range before {
		got := after[i]
		want := string(e.Data)
		if gone[e.Sequence] {
			want = document.Scrubbed
		}
		if string(got.Data) != want {
			t.Fatalf("%s: %.80s", e.EventID(), got.Data)
		}
		e.Data, got.Data = nil, nil
		if e.EventID() != got.EventID() || e.Prior != got.Prior || e.Sequence != got.Sequence || e.Kind != got.Kind || !e.Time.Equal(got.Time) {
			t.Fatalf("%+v, want %+v", got, e)
		}
	}
}

// TestHits: texts are found across the parts a file is read in, in any case, and in
// copies beside the journal.
func TestHits(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	j := open(t, path)
	const text = "who@example.com"
	check(t, os.Mkdir(path+".d", 0o700)) // holds nothing itself, and is no reason to fail
	check(t, syscall.Mkfifo(path+".pipe", 0o600))
	for _, at := range []int{0, 1<<20 - 7, 1<<20 - len(text), 1 << 20, 2<<20 - 20, 3 << 20} {
		b := bytes.Repeat([]byte{'.'}, 3<<20+len(text))
		copy(b[at:], strings.ToUpper(text))
		check(t, os.WriteFile(path+".copy", b, 0o600))
		if found := must[map[string]int64](t)(j.Hits(t.Context(), []string{text, "nobody@example.com", ""})); len(found) != 1 || found[path+".copy"] != 1 {
			t.Errorf("at %d: %v", at, found)
		}
	}
}

// TestForget: only hashes are kept, and another journal's are others.
func TestForget(t *testing.T) {
	t.Parallel()
	hashes := map[string]bool{}
	for range 2 {
		path := newPath(t)
		j := open(t, path)
		if j.Forgets() || j.Forgotten(17, "x@example.com") {
			t.Error("somebody is forgotten already")
		}
		for range 2 {
			check(t, j.Forget(t.Context(), []int64{17}, []string{"X@example.com", " "}))
		}
		if !j.Forgets() || !j.Forgotten(17, "") || !j.Forgotten(99, "x@EXAMPLE.com ") || j.Forgotten(1, "y@example.com") || j.Forgotten(0, "") {
			t.Error("not the right ones are forgotten")
		}
		db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+path+"?mode=ro"))
		defer db.Close()
		rows := must[*sql.Rows](t)(db.QueryContext(t.Context(), "SELECT hex(hash) FROM erased"))
		for rows.Next() {
			var h string
			check(t, rows.Scan(&h))
			hashes[h] = true
		}
		check(t, rows.Err())
	}
	if len(hashes) != 4 {
		t.Errorf("%d hashes in two journals", len(hashes))
	}
	path := newPath(t)
	open(t, path)
	look := must[*journal.Journal](t)(journal.Look(t.Context(), path))
	defer look.Close()
	contains(t, look.Forget(t.Context(), []int64{1}, nil), "reading only")
}
