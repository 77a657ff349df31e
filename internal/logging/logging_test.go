package logging_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"

	"octail/internal/logging"
)

// lines logs one message of each level and returns what was written.
func lines(t *testing.T, level, format string) []string {
	t.Helper()
	var b bytes.Buffer
	sayAll(logging.New(&b, level, format))
	return split(b.String())
}

func sayAll(l *slog.Logger) {
	l.Debug("one", "seq", 57)
	l.Info("two", "seq", 57)
	l.Warn("three", "seq", 57)
	l.Error("four", "seq", 57)
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == '\n' })
}

func TestLevels(t *testing.T) {
	for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1, "": 3, "loud": 3} {
		for _, format := range []string{"text", "json"} {
			if got := lines(t, level, format); len(got) != want {
				t.Errorf("level %q writes %d of four messages", level, len(got))
			}
		}
	}
}

// TestFormats: text only where it is asked for; a buffer, a file and a pipe are no
// terminal.
func TestFormats(t *testing.T) {
	if got := lines(t, "error", "text")[0]; !strings.Contains(got, "level=ERROR msg=four seq=57") || !strings.HasPrefix(got, "time=") {
		t.Errorf("text: %s", got)
	}
	for _, format := range []string{"json", "auto", ""} {
		var m struct {
			Time, Level, Msg string
			Seq              int
		}
		got := lines(t, "error", format)[0]
		if err := json.Unmarshal([]byte(got), &m); err != nil || m.Level != "ERROR" || m.Msg != "four" || m.Seq != 57 || m.Time == "" {
			t.Errorf("%q: %s %v", format, got, err)
		}
	}
	for _, name := range []string{filepath.Join(t.TempDir(), "log"), os.DevNull, "/dev/zero"} {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if logging.IsTerminal(f) {
			t.Errorf("%s is taken for a terminal", name)
		}
	}
}

// TestJournald: with the stream journald reads, lines begin with its priorities
// and have no time of their own; whoever inherits the variable with another
// output gets plain lines.
func TestJournald(t *testing.T) {
	logTo := func(t *testing.T, ours bool) []string {
		t.Helper()
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		info, err := w.Stat()
		if err != nil {
			t.Fatal(err)
		}
		st := info.Sys().(*syscall.Stat_t)
		if !ours {
			st.Ino++
		}
		t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", st.Dev, st.Ino))
		l := logging.New(w, "debug", "auto")
		sayAll(l)
		l.With("sink", "log").WithGroup("g").Warn("five", "time", "kept")
		w.Close()
		out, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return split(string(out))
	}
	t.Run("journald's", func(t *testing.T) {
		got := logTo(t, true)
		for i, prefix := range []string{"<7>{", "<6>{", "<4>{", "<3>{", "<4>{"} {
			if i >= len(got) || !strings.HasPrefix(got[i], prefix) {
				t.Fatalf("line %d does not begin with %s: %q", i, prefix, got)
			}
			if i < 4 && strings.Contains(got[i], `"time"`) {
				t.Errorf("a second time: %s", got[i])
			}
		}
		if !strings.Contains(got[4], `"sink":"log","g":{"time":"kept"}`) {
			t.Error(got[4])
		}
	})
	t.Run("another's", func(t *testing.T) {
		for _, line := range logTo(t, false) {
			if !strings.HasPrefix(line, `{"time":`) {
				t.Error(line)
			}
		}
	})
}

// TestManyAtOnce: lines and their priorities stay together.
func TestManyAtOnce(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	info, err := w.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", st.Dev, st.Ino))
	l := logging.New(w, "info", "json")
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			with := l.With("sink", "log")
			for range 200 {
				with.Warn("w")
				l.Error("e")
			}
		})
	}
	go func() {
		writers.Wait()
		w.Close()
	}()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	list := split(string(out))
	if len(list) != 1600 {
		t.Errorf("%d lines", len(list))
	}
	for _, line := range list {
		if line != `<4>{"level":"WARN","msg":"w","sink":"log"}` && line != `<3>{"level":"ERROR","msg":"e"}` {
			t.Fatal(line)
		}
	}
}

// TestLibraries: what libraries log reaches nobody unless debug messages do.
func TestLibraries(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(os.Stderr)
		_ = mysql.SetLogger(log.New(os.Stderr, "[mysql] ", 0))
	})
	for level, want := range map[string]int{"info": 0, "debug": 5} {
		var b bytes.Buffer
		logging.Libraries(logging.New(&b, level, "json"))
		slog.Warn("out of order binlog")
		slog.Default().With("gtid", "0-1-2").WithGroup("g").Error("encoding uuid failed")
		log.Print("http: something")
		log.Printf("Unsolicited response received on idle HTTP channel starting with %q; err=%v", "anna", nil)
		mysql.NewConfig().Logger.Print("closing bad idle connection: ", io.EOF)
		got := split(b.String())
		if len(got) != want {
			t.Errorf("%s: %q", level, got)
		}
		for _, line := range got {
			if !strings.Contains(line, `"level":"DEBUG"`) || strings.Contains(line, "anna") {
				t.Error(line)
			}
		}
	}
}
