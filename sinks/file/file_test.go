package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"octail/internal/config"
	"octail/sinks"
)

// TestCutAnywhere: a kill may end the file at any byte. Whoever goes on behind what
// it then holds makes it whole again, to the byte.
func TestCutAnywhere(t *testing.T) {
	defer func(n int64) { chunk = n }(chunk)
	quickSync(t)
	path := newPath(t)
	const n = 9
	whole := lines(1, n)
	from := len(lines(1, n-4)) // every byte of the last four lines, and the line end before
	for _, size := range []int64{256 << 10, 50} {
		chunk = size
		sync := map[bool]string{true: syncAlways, false: syncInterval}[size > 50]
		for cut := len(whole); cut >= from-1; cut-- {
			write(t, path, whole[:cut])
			s := newSink(t, path, sync)
			held := resume(t, s)
			if want := int64(bytes.Count(whole[:cut], []byte("\n"))); held != want {
				t.Fatalf("cut at %d: holds %d, want %d", cut, held, want)
			}
			if got := read(t, path); !bytes.Equal(got, whole[:cut]) {
				t.Fatalf("cut at %d: asking has changed the file", cut)
			}
			for next := held + 1; next <= n; next += 2 {
				deliver(t, s, next, min(next+1, n))
			}
			check(t, s.Close())
			if got := read(t, path); !bytes.Equal(got, whole) {
				t.Fatalf("cut at %d: delivered again, the file is\n%s", cut, got)
			}
		}
	}
	// And from the first byte on.
	for cut := range len(lines(1, 2)) {
		write(t, path, whole[:cut])
		s := newSink(t, path, syncInterval)
		deliver(t, s, resume(t, s)+1, n)
		check(t, s.Close())
		holds(t, path, 1, n)
	}
}

// TestZeros: a power cut may leave a file longer than what was written to it.
func TestZeros(t *testing.T) {
	path := newPath(t)
	for _, tail := range []string{"\x00", strings.Repeat("\x00", 5000), string(lines(3, 3)[:60]) + strings.Repeat("\x00", 100)} {
		write(t, path, append(lines(1, 2), tail...))
		s := newSink(t, path, syncAlways)
		deliver(t, s, resume(t, s)+1, 5)
		check(t, s.Close())
		holds(t, path, 1, 5)
	}
}

// TestNotOurs: somebody else's file is not touched, whatever is asked of it.
func TestNotOurs(t *testing.T) {
	for name, content := range map[string]string{
		"text":              "hello\nworld\n",
		"text without end":  "hello\nworld",
		"one long text":     strings.Repeat("lorem ipsum ", 100_000),
		"binary":            "\x7fELF\x02\x01\x01\x00\x00\x00",
		"other JSON":        `{"level":"info"}` + "\n",
		"no sequence":       `{"specversion":"1.0","id":"a","source":"b"}` + "\n",
		"wrong sequence":    `{"specversion":"1.0","id":"a","source":"b","sequence":"-1"}` + "\n",
		"empty lines":       "\n\n",
		"ours, then others": string(lines(1, 3)) + "rotated by hand\n",
		"ours, then a part": string(lines(1, 3)) + "rotated by",
		"others, then ours": "hello\n" + string(lines(1, 1)[:len(lines(1, 1))-1]) + "}\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			write(t, path, []byte(content))
			s := newSink(t, path, syncAlways)
			for range 2 {
				_, _, err := s.Resume(t.Context())
				contains(t, err, path, "move it away")
				contains(t, s.Deliver(t.Context(), batch(1, 1)), path)
			}
			contains(t, s.Check(t.Context()), path, "does not end with an event of octail")
			check(t, s.Reopen())
			check(t, s.Close())
			if got := read(t, path); string(got) != content {
				t.Errorf("it was touched: %q", got[:min(len(got), 200)])
			}
		})
	}
}

// TestNoFile: what is at the path cannot hold lines, or cannot be made.
func TestNoFile(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(path string) error
		says string
	}{
		{"folder", func(path string) error { return os.Mkdir(path, 0o755) }, "is a folder"},
		{"FIFO", func(path string) error { return syscall.Mkfifo(path, 0o600) }, "not a regular file"},
		{"full", func(path string) error { return os.Symlink("/dev/full", path) }, "not a regular file"},
		{"no folder", func(path string) error { return os.Remove(filepath.Dir(path)) }, "no such file or directory"},
		{"in a file", func(path string) error {
			return errors.Join(os.Remove(filepath.Dir(path)), os.WriteFile(filepath.Dir(path), nil, 0o600))
		}, "not a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log", "events.jsonl")
			check(t, os.Mkdir(filepath.Dir(path), 0o755))
			check(t, c.make(path))
			s := newSink(t, path, syncAlways)
			_, _, err := s.Resume(t.Context())
			contains(t, err, c.says)
			contains(t, s.Deliver(t.Context(), batch(1, 1)), c.says)
			if err := s.Check(t.Context()); err == nil {
				t.Error("the check finds nothing")
			}
		})
	}
}

// TestNew: the file is made, for us and our group only, and the check makes none.
func TestNew(t *testing.T) {
	path := newPath(t)
	s := newSink(t, path, syncAlways)
	check(t, s.Check(t.Context()))
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatal("the check has made the file")
	}
	if resume(t, s) != 0 {
		t.Error("a new file holds something")
	}
	deliver(t, s, 1, 3)
	check(t, s.Check(t.Context())) // beside the writer
	holds(t, path, 1, 3)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o137 != 0 {
		t.Error(info.Mode(), err)
	}
	contains(t, newCheck(t, path, "other-shop"), "events of another shop: octail://main-shop", "octail://other-shop")
}

func newCheck(t testing.TB, path, shop string) error {
	t.Helper()
	s, err := Plugin.Open(&Config{Path: path, Sync: syncAlways}, sinks.Env{Name: "log", Shop: shop})
	check(t, err)
	return s.(sinks.Checker).Check(t.Context())
}

// TestTwoOnOneFile: the second is refused, and nothing is doubled.
func TestTwoOnOneFile(t *testing.T) {
	path := newPath(t)
	a, b := newSink(t, path, syncAlways), newSink(t, path, syncAlways)
	deliver(t, a, resume(t, a)+1, 2)
	_, _, err := b.Resume(t.Context())
	contains(t, err, "another sink or another octail", path)
	contains(t, b.Deliver(t.Context(), batch(1, 2)), "another sink or another octail")
	deliver(t, a, 3, 4)
	holds(t, path, 1, 4)
	check(t, a.Close())
	deliver(t, b, resume(t, b)+1, 6)
	holds(t, path, 1, 6)
}

func TestRotation(t *testing.T) {
	path := newPath(t)
	moved := path + ".1"
	s := newSink(t, path, syncAlways)
	deliver(t, s, resume(t, s)+1, 3)
	check(t, s.Reopen()) // for nothing
	if n := resume(t, s); n != 3 {
		t.Fatal(n)
	}
	deliver(t, s, 4, 4)
	check(t, os.Rename(path, moved))
	deliver(t, s, 5, 6) // before the signal comes
	holds(t, moved, 1, 6)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("the file was made before the signal: rotation would stumble over it")
	}
	check(t, s.Reopen())
	held, ok, err := s.Resume(t.Context())
	if err != nil || !ok || !held.Moved || held.Sequence != 6 {
		t.Errorf("%+v %v %v", held, ok, err)
	}
	deliver(t, s, 7, 8)
	holds(t, moved, 1, 6)
	holds(t, path, 7, 8)
	if n := resume(t, s); n != 8 { // now it has lines of its own
		t.Error(n)
	}
}

// TestRotationWhileDead: killed with a half-written line, rotated, started.
func TestRotationWhileDead(t *testing.T) {
	for _, created := range []bool{false, true} { // logrotate's create makes an empty file
		path := newPath(t)
		whole := lines(1, 6)
		write(t, path, whole[:len(whole)-20]) // event 6 is torn
		write(t, path+".2", lines(1, 2))
		check(t, os.Chtimes(path+".2", delivery(1).Time, delivery(1).Time))
		check(t, os.Rename(path, path+".1"))
		if created {
			write(t, path, nil)
		}
		s := newSink(t, path, syncAlways)
		if n := resume(t, s); n != 5 {
			t.Fatalf("holds %d", n)
		}
		deliver(t, s, 6, 7)
		holds(t, path+".1", 1, 5)
		holds(t, path, 6, 7)
		check(t, s.Close())
	}
}

func TestRotatedFrom(t *testing.T) {
	for name, want := range map[string]bool{
		"events.jsonl": false, "events.jsonl.1": true, "events.jsonl.14": true, "events.jsonl-20261122": true, "events.jsonl-20261122-1700": true,
		"events.jsonl.2026-11-22T17:00:00Z": true, "events.jsonl.old": true, "events-20261122.jsonl": true, "events.1.jsonl": true,
		"events.jsonl.1.gz": false, "events.jsonl.orders": false, "events-orders.jsonl": false, "events.jsonl.": false, "events.jsonl2": false, "events.json": false,
		"other.jsonl.1": false, "my-events.jsonl.1": false, "eventsjsonl": false, ".jsonl": false,
	} {
		if got := rotatedFrom("events.jsonl", name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for name, want := range map[string]bool{"events": false, "events.1": true, "events.jsonl": false, "events-2026": true, "events2": false} {
		if got := rotatedFrom("events", name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestMovedNotOurs: what lies beside an empty file is not believed, and not touched.
func TestMovedNotOurs(t *testing.T) {
	for name, content := range map[string]string{
		"other shop": strings.ReplaceAll(string(lines(1, 9)), shop, "other-shop"),
		"text":       "hello\n",
		"part":       string(lines(1, 1)[:50]),
		"empty":      "",
	} {
		path := newPath(t)
		write(t, path+".1", []byte(content))
		s := newSink(t, path, syncAlways)
		if n := resume(t, s); n != 0 {
			t.Errorf("%s: believed to hold %d", name, n)
		}
		if got := read(t, path+".1"); string(got) != content {
			t.Errorf("%s: touched", name)
		}
	}
}

// TestDeleted: a line that went into a file without a name counts as not delivered.
func TestDeleted(t *testing.T) {
	for _, sync := range []string{syncAlways, syncInterval} {
		path := newPath(t)
		s := newSink(t, path, sync)
		deliver(t, s, resume(t, s)+1, 3)
		check(t, os.Remove(path))
		contains(t, s.Deliver(t.Context(), batch(4, 5)), "was deleted")
		if n := resume(t, s); n != 0 {
			t.Error(n)
		}
		deliver(t, s, 4, 5)
		holds(t, path, 4, 5)

		write(t, path+".x", lines(1, 1)) // replaced by another one
		check(t, os.Rename(path+".x", path))
		contains(t, s.Deliver(t.Context(), batch(6, 6)), "was deleted")
		if n := resume(t, s); n != 1 {
			t.Error(n)
		}
	}
}

// TestChanged: somebody has cut or lengthened the file under us.
func TestChanged(t *testing.T) {
	t.Run("copied and emptied", func(t *testing.T) {
		path := newPath(t)
		s := newSink(t, path, syncAlways)
		deliver(t, s, resume(t, s)+1, 4)
		write(t, path+".1", read(t, path))
		check(t, os.Truncate(path, 0))
		contains(t, s.Deliver(t.Context(), batch(5, 5)), "changed by somebody else")
		deliver(t, s, resume(t, s)+1, 6)
		holds(t, path, 5, 6)
		holds(t, path+".1", 1, 4)
	})
	t.Run("cut", func(t *testing.T) {
		path := newPath(t)
		s := newSink(t, path, syncAlways)
		deliver(t, s, resume(t, s)+1, 4)
		check(t, os.Truncate(path, int64(len(lines(1, 3))-5)))
		contains(t, s.Deliver(t.Context(), batch(5, 5)), "changed by somebody else")
		deliver(t, s, resume(t, s)+1, 5)
		holds(t, path, 1, 5)
	})
	t.Run("lengthened", func(t *testing.T) {
		path := newPath(t)
		s := newSink(t, path, syncAlways)
		deliver(t, s, resume(t, s)+1, 2)
		write(t, path, append(lines(1, 2), "note\n"...))
		contains(t, s.Deliver(t.Context(), batch(3, 3)), "changed by somebody else")
		_, _, err := s.Resume(t.Context())
		contains(t, err, "does not end with an event of octail")
		if got := read(t, path); !bytes.HasSuffix(got, []byte("note\n")) {
			t.Errorf("touched: %s", got)
		}
	})
}

// TestSyncFails: what a failing disk has not confirmed is not counted on, although
// the file seems to hold it.
func TestSyncFails(t *testing.T) {
	defer func() { fsync = (*os.File).Sync }()
	broken := errors.New("input/output error")
	fail := func(*os.File) error { return broken }
	t.Run("always", func(t *testing.T) {
		path := newPath(t)
		s := newSink(t, path, syncAlways)
		deliver(t, s, resume(t, s)+1, 3)
		fsync = fail
		err := s.Deliver(t.Context(), batch(4, 6))
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		contains(t, err, path)
		holds(t, path, 1, 3)
		if _, _, err := s.Resume(t.Context()); !errors.Is(err, broken) {
			t.Errorf("a file that cannot be synced is taken: %v", err)
		}
		fsync = (*os.File).Sync
		deliver(t, s, resume(t, s)+1, 6)
		holds(t, path, 1, 6)
	})
	t.Run("interval", func(t *testing.T) {
		path := newPath(t)
		s := newSink(t, path, syncInterval)
		deliver(t, s, resume(t, s)+1, 2)
		check(t, s.Flush(t.Context()))
		fsync = fail
		deliver(t, s, 3, 4)
		deliver(t, s, 5, 5)
		if err := s.Flush(t.Context()); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		fsync = (*os.File).Sync
		if n := resume(t, s); n != 2 {
			t.Fatalf("holds %d: lines 3 to 5 may be lost", n)
		}
		deliver(t, s, 3, 5)
		holds(t, path, 1, 5)
		check(t, s.Flush(t.Context()))

		fsync = fail
		deliver(t, s, 6, 6)
		if err := s.Reopen(); !errors.Is(err, broken) { // rotation: the same
			t.Fatal(err)
		}
		fsync = (*os.File).Sync
		if n := resume(t, s); n != 5 {
			t.Fatal(n)
		}
	})
}

// TestInterval: nothing is synced batch by batch, everything by Flush and Close.
func TestInterval(t *testing.T) {
	defer func() { fsync = (*os.File).Sync }()
	synced := 0
	fsync = func(f *os.File) error { synced++; return f.Sync() }
	path := newPath(t)
	s := newSink(t, path, syncInterval)
	resume(t, s)
	synced = 0
	for n := range int64(5) {
		deliver(t, s, n+1, n+1)
	}
	if synced != 0 {
		t.Errorf("%d syncs", synced)
	}
	check(t, s.Flush(t.Context()))
	check(t, s.Flush(t.Context())) // nothing new
	deliver(t, s, 6, 6)
	check(t, s.Close())
	if synced != 2 {
		t.Errorf("%d syncs, want one by Flush and one by Close", synced)
	}
	always := newSink(t, path, syncAlways)
	resume(t, always)
	synced = 0
	deliver(t, always, 7, 8)
	if synced != 1 {
		t.Errorf("%d syncs of a batch", synced)
	}
	holds(t, path, 1, 8)
}

// TestStandardOutput: lines come out, the stream is neither asked nor closed.
func TestStandardOutput(t *testing.T) {
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	standard := os.Stdout
	os.Stdout = w
	s := newSink(t, "-", syncAlways)
	os.Stdout = standard
	check(t, s.Check(t.Context()))
	if n := resume(t, s); n != 0 {
		t.Error(n)
	}
	deliver(t, s, 1, 2)
	check(t, s.Reopen())
	check(t, s.Flush(t.Context()))
	check(t, s.Close())
	deliver(t, s, 3, 3)
	check(t, w.Close())
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, lines(1, 3)) {
		t.Errorf("%s %v", got, err)
	}
	if err := s.Deliver(t.Context(), batch(4, 4)); err == nil {
		t.Error("a closed output takes lines")
	}
}

func TestConfig(t *testing.T) {
	parse := func(text string) (*config.Config, error) {
		c, _, err := config.Parse("c.yaml", []byte("shop:\n  name: s\n  mysql: {address: \"127.0.0.1:3306\", user: u, password: \"\", database: d}\njournal: {path: /j/o.db}\nsinks:\n  - "+text+"\n"),
			config.Types{"file": Plugin.Settings})
		return c, err
	}
	c, err := parse("{name: log, type: file, path: /l/e.jsonl}")
	check(t, err)
	if got := *c.Sinks[0].Settings.(*Config); got != (Config{Path: "/l/e.jsonl", Sync: syncAlways}) {
		t.Errorf("%+v", got)
	}
	for text, says := range map[string]string{
		"{name: log, type: file}":                                  "path",
		"{name: log, type: file, path: /e, sync: never}":           "sync is always or interval",
		"{name: log, type: file, path: /e, paht: /f}":              "paht",
		"{name: log, type: file, path: /e, sync: interval, x: {}}": "x",
	} {
		_, err := parse(text)
		contains(t, err, "c.yaml:6", says)
	}
}

// childVariable names the folder in which this program, started again, plays
// fullDisk.
const childVariable = "OCTAIL_TEST_FULL_DISK"

// TestDiskFull: lines that did not fit are not there by half, and come when there
// is room again.
func TestDiskFull(t *testing.T) {
	exe, err := os.Executable()
	check(t, err)
	run := func(attr *syscall.SysProcAttr) (*exec.Cmd, *bytes.Buffer, error) {
		cmd, stderr := exec.Command(exe), &bytes.Buffer{}
		cmd.Env = append(os.Environ(), childVariable+"="+t.TempDir())
		cmd.Stderr, cmd.SysProcAttr = stderr, attr
		return cmd, stderr, cmd.Start()
	}
	// A name space of its own: the disk goes with the process.
	cmd, stderr, err := run(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}})
	if err != nil { // not allowed here
		cmd, stderr, err = run(nil)
		check(t, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err, stderr)
	}
}

// fullDisk fills a disk of 256 KiB, or where it may not have one, a file that may
// not grow beyond.
func fullDisk(dir string) error {
	const size = 256 << 10
	grow := func() error { return syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=1m") }
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
		signal.Ignore(syscall.SIGXFSZ)
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		small := limit
		small.Cur = size - 100
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
			return err
		}
		grow = func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit) }
	}
	path := filepath.Join(dir, "events.jsonl")
	s := &sink{cfg: Config{Path: path, Sync: syncAlways}, env: sinks.Env{Shop: shop}}
	held := int64(0)
	for {
		if err := s.Deliver(context.Background(), batch(held+1, held+20)); err == nil {
			held += 20
			continue
		} else if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EFBIG) {
			return err
		}
		break
	}
	for range 3 { // as often as one likes
		content, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(content, lines(1, held)) {
			return fmt.Errorf("a full disk has left %d bytes of %d events: %w", len(content), held, err)
		}
		h, ok, err := s.Resume(context.Background())
		if err != nil || !ok || h.Sequence != held {
			return fmt.Errorf("holds %+v of %d, %w", h, held, err)
		}
		if err := s.Deliver(context.Background(), batch(held+1, held+2000)); err == nil {
			return errors.New("the disk is not full")
		}
	}
	if held < 100 {
		return fmt.Errorf("only %d events: the test shows nothing", held)
	}
	if err := grow(); err != nil {
		return err
	}
	if _, _, err := s.Resume(context.Background()); err != nil {
		return err
	}
	if err := s.Deliver(context.Background(), batch(held+1, held+40)); err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(content, lines(1, held+40)) {
		return fmt.Errorf("after the full disk there are %d bytes, %w", len(content), err)
	}
	return nil
}
