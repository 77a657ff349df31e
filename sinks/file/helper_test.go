package file

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/leaktest"
	"octail/sinks"
	"octail/transform/document"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if err := fullDisk(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	leaktest.Main(m)
}

const shop = "main-shop"

// delivery is event n; some are long.
func delivery(n int64) sinks.Delivery {
	return sinks.Delivery{Attempt: 1, Event: document.Event{
		Key: document.Key{Entity: document.OrderEntity, ID: n%7 + 1}, Shop: shop, Sequence: n, Revision: n/7 + 1, Kind: document.Updated,
		Time: time.Date(2026, 11, 22, 1, 3, 22, 0, time.UTC).Add(time.Duration(n) * time.Second), Origin: document.FromShop, Schema: 1,
		Data: fmt.Appendf(nil, `{"changed":["n"],"document":{"n":%d,"text":"Müller %s"}}`, n, strings.Repeat("x", int(n*37%150))),
	}}
}

// batch is events from to to.
func batch(from, to int64) []sinks.Delivery {
	var out []sinks.Delivery
	for n := from; n <= to; n++ {
		out = append(out, delivery(n))
	}
	return out
}

// lines is what the file must hold of events from to to.
func lines(from, to int64) []byte {
	var b []byte
	for n := from; n <= to; n++ {
		d := delivery(n)
		b = append(d.AppendJSON(b), '\n')
	}
	return b
}

func newSink(t testing.TB, path, sync string) *sink {
	t.Helper()
	s, err := Plugin.Open(&Config{Path: path, Sync: sync}, sinks.Env{Name: "log", Shop: shop, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*sink)
}

// quickSync lets a test go without the disk, whose part it is not.
func quickSync(t testing.TB) {
	fsync = func(*os.File) error { return nil }
	t.Cleanup(func() { fsync = (*os.File).Sync })
}

// die ends a sink as a kill does: nothing is brought to an end.
func die(s *sink) {
	if s.out != nil {
		s.out.Close()
		s.out, s.size, s.synced = nil, 0, 0
	}
}

func newPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "events.jsonl")
}

// resume asks the sink what it holds; 0 for nothing.
func resume(t testing.TB, s *sink) int64 {
	t.Helper()
	held, ok, err := s.Resume(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return 0
	}
	d := delivery(held.Sequence)
	if want := (sinks.Held{Source: "octail://" + shop, ID: d.EventID(), Sequence: held.Sequence, Moved: held.Moved}); held != want {
		t.Errorf("holds %+v, want %+v", held, want)
	}
	return held.Sequence
}

func deliver(t testing.TB, s *sink, from, to int64) {
	t.Helper()
	if err := s.Deliver(t.Context(), batch(from, to)); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	check(t, os.WriteFile(path, content, 0o640))
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// holds fails the test unless the file holds the events from to to, once each.
func holds(t testing.TB, path string, from, to int64) {
	t.Helper()
	got, want := read(t, path), lines(from, to)
	if !bytes.Equal(got, want) {
		t.Fatalf("%s holds\n%s\nwant events %d to %d", filepath.Base(path), got, from, to)
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
