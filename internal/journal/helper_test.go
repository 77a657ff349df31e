package journal_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/internal/leaktest"
	"octail/transform/document"
)

// children are what this program does when a test starts it again, by the value
// of childVariable.
const childVariable = "OCTAIL_TEST_CHILD"

var children = map[string]func(path string) error{}

func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		if err := children[name](os.Getenv(childVariable + "_PATH")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	leaktest.Main(m)
}

// child prepares a process that does one of children.
func child(t testing.TB, name, path string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stderr = &bytes.Buffer{}
	cmd = exec.Command(exe)
	cmd.Env = append(os.Environ(), childVariable+"="+name, childVariable+"_PATH="+path)
	cmd.Stderr = stderr
	return cmd, stderr
}

func newPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "octail.db")
}

func open(t testing.TB, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIt(t, j) })
	return j
}

func closeIt(t testing.TB, j *journal.Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

var began = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// event is a revision as transform makes it.
func event(key document.Key, prior journal.Known, data string) journal.NewEvent {
	e := journal.NewEvent{Key: key, Kind: document.Updated, Time: began.Add(time.Duration(prior.Revision) * time.Second), Origin: document.FromShop, Schema: 1, Prior: prior,
		Data: []byte(data), Hash: [16]byte{1, byte(len(data))}, Fields: []byte("fields of " + data[:min(len(data), 20)]), Lines: 3}
	if prior.Revision == 0 || prior.Deleted {
		e.Kind = document.Created
	}
	return e
}

func order(id int64) document.Key { return document.Key{Entity: document.OrderEntity, ID: id} }

// add appends one revision of a key and returns its sequence.
func add(t testing.TB, j *journal.Journal, key document.Key, data string) int64 {
	t.Helper()
	known := must[map[int64]journal.Known](t)(j.Known(t.Context(), key.Entity, []int64{key.ID}))
	return must[int64](t)(j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{event(key, known[key.ID], data)}}))
}

func remove(t testing.TB, j *journal.Journal, key document.Key, data string) int64 {
	t.Helper()
	known := must[map[int64]journal.Known](t)(j.Known(t.Context(), key.Entity, []int64{key.ID}))
	e := event(key, known[key.ID], data)
	e.Kind = document.Deleted
	return must[int64](t)(j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{e}}))
}

// all reads every event, from the memory and the file as a lane would.
func all(t testing.TB, j *journal.Journal) []journal.Stored {
	t.Helper()
	var out []journal.Stored
	for after := int64(0); ; {
		list := must[[]journal.Stored](t)(j.Events(t.Context(), after, 100, 1<<20))
		if len(list) == 0 {
			return out
		}
		out = append(out, list...)
		after = list[len(list)-1].Sequence
	}
}

// whole fails the test unless the journal's numbers are as they must be after
// whatever happened to it, as long as nothing was removed.
func whole(t testing.TB, j *journal.Journal) []journal.Stored {
	t.Helper()
	events := all(t, j)
	newest := map[document.Key]journal.Stored{}
	for i, e := range events {
		if e.Sequence != int64(i)+1 {
			t.Fatalf("event %d has sequence %d", i+1, e.Sequence)
		}
		if before := newest[e.Key]; e.Revision != before.Revision+1 || e.Prior != before.Sequence {
			t.Fatalf("%s follows revision %d at %d, and says %d", e.EventID(), before.Revision, before.Sequence, e.Prior)
		}
		newest[e.Key] = e
	}
	if j.Last() != int64(len(events)) {
		t.Fatalf("last is %d of %d events", j.Last(), len(events))
	}
	for key, e := range newest {
		known := must[map[int64]journal.Known](t)(j.Known(t.Context(), key.Entity, []int64{key.ID}))[key.ID]
		if known.Revision != e.Revision || known.Sequence != e.Sequence || known.Deleted != (e.Kind == document.Deleted) {
			t.Fatalf("newest of %s is %+v, the events end with %s at %d", key, known, e.EventID(), e.Sequence)
		}
	}
	counts := must[journal.Counts](t)(j.Counts(t.Context()))
	if counts.Events != int64(len(events)) || counts.Documents != int64(len(newest)) {
		t.Fatalf("%+v, want %d events of %d entities", counts, len(events), len(newest))
	}
	return events
}

// copyFiles copies a journal as a killed process would leave it: the file and its
// log, as they are.
func copyFiles(t testing.TB, from, to string) {
	t.Helper()
	for _, end := range []string{"", "-wal", ".born"} {
		b, err := os.ReadFile(from + end)
		if os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+end, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func contains(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%v\nhas no %q", err, p)
		}
	}
}
