package file

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"octail/sinks"
)

// machine drives a sink as the engine does, through kills, rotations and what else
// may happen to a file.
type machine struct {
	path  string
	s     *sink
	sync  string
	at    int64 // the engine's place
	files int   // moved away so far
}

func (m *machine) open(t *rapid.T) {
	s, err := Plugin.Open(&Config{Path: m.path, Sync: m.sync}, sinks.Env{Name: "log", Shop: shop, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	m.s = s.(*sink)
	m.resume(t)
}

func (m *machine) resume(t *rapid.T) {
	held, ok, err := m.s.Resume(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		m.at = max(m.at, held.Sequence)
		if !held.Moved {
			m.at = held.Sequence
		}
	}
}

func (m *machine) Deliver(t *rapid.T) {
	n := rapid.Int64Range(1, 4).Draw(t, "events")
	if err := m.s.Deliver(t.Context(), batch(m.at+1, m.at+n)); err != nil {
		t.Fatal(err)
	}
	m.at += n
}

// Kill ends the process in the middle of a write, at any byte of it, with a stored
// place that may be behind; the file may be rotated before the next start.
func (m *machine) Kill(t *rapid.T) {
	next := lines(m.at+1, m.at+3)
	part := next[:rapid.IntRange(0, len(next)).Draw(t, "written")]
	if m.s.torn > 0 && len(part) > 0 { // a write begins with cutting off
		if err := os.Truncate(m.path, m.s.size); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(m.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(part); err != nil {
		t.Fatal(err)
	}
	f.Close()
	die(m.s)
	m.at -= min(m.at, rapid.Int64Range(0, 3).Draw(t, "cursor behind"))
	if rapid.Bool().Draw(t, "rotated") {
		m.move(t)
	}
	m.open(t)
}

func (m *machine) move(t *rapid.T) {
	if info, err := os.Stat(m.path); err != nil || info.Size() == 0 || !bytes.Contains(contentOf(t, m.path), []byte("\n")) {
		return // rotation leaves empty files alone, and a torn first line would be thrown away with the file
	}
	m.files++
	to := fmt.Sprint(m.path, ".", m.files)
	if err := os.Rename(m.path, to); err != nil {
		t.Fatal(err)
	}
	// The clock of a file system may be too coarse to tell the youngest.
	for i := 1; i <= m.files; i++ {
		at := delivery(int64(i)).Time
		if err := os.Chtimes(fmt.Sprint(m.path, ".", i), at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func contentOf(t *rapid.T, path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return b
}

// Rotate moves the file and sends the signal, some deliveries later.
func (m *machine) Rotate(t *rapid.T) {
	m.move(t)
	if rapid.Bool().Draw(t, "late") {
		m.Deliver(t)
	}
	if err := m.s.Reopen(); err != nil {
		t.Fatal(err)
	}
	m.resume(t)
}

func (m *machine) Restart(t *rapid.T) {
	if err := m.s.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

func (m *machine) Flush(t *rapid.T) {
	if err := m.s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Cut takes lines off the end under the sink, or while it is stopped.
func (m *machine) Cut(t *rapid.T) {
	have := contentOf(t, m.path)
	first := bytes.IndexByte(have, '\n') + 1
	if first == 0 || first >= int(m.s.size) {
		return
	}
	if err := os.Truncate(m.path, int64(rapid.IntRange(first, int(m.s.size)-1).Draw(t, "left"))); err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "stopped") {
		die(m.s)
		m.open(t)
		return
	}
	if err := m.s.Deliver(t.Context(), batch(m.at+1, m.at+1)); err == nil {
		t.Fatal("it was cut under us, and nothing noticed")
	}
	m.resume(t)
}

// Check reads all files as a reader would, one behind the other: every event up to
// the place is there once, in order, to the byte; at most a torn line follows.
func (m *machine) Check(t *rapid.T) {
	var have []byte
	for i := 1; i <= m.files; i++ {
		have = append(have, contentOf(t, fmt.Sprint(m.path, ".", i))...)
	}
	have = append(have, contentOf(t, m.path)...)
	whole := have[:bytes.LastIndexByte(have, '\n')+1]
	if want := lines(1, m.at); !bytes.Equal(whole, want) {
		t.Fatalf("the files hold %d lines, %d bytes; want %d lines, %d bytes", bytes.Count(whole, []byte("\n")), len(whole), m.at, len(want))
	}
	if torn := have[len(whole):]; !bytes.HasPrefix(lines(m.at+1, m.at+1), torn) {
		t.Fatalf("behind the lines stands %q", torn)
	}
}

// TestModel: through all of it no line is lost and none comes twice.
func TestModel(t *testing.T) {
	quickSync(t)
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "octail-file-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		m := &machine{path: filepath.Join(dir, "events.jsonl"), sync: rapid.SampledFrom([]string{syncAlways, syncInterval}).Draw(t, "sync")}
		m.open(t)
		defer func() { m.s.Close() }()
		t.Repeat(rapid.StateMachineActions(m))
	})
}
