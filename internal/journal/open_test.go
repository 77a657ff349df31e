package journal_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

// files reads all files of a folder, to see that nothing was touched.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries := must[[]os.DirEntry](t)(os.ReadDir(dir))
	for _, e := range entries {
		if e.Type().IsRegular() {
			out[e.Name()] = string(must[[]byte](t)(os.ReadFile(filepath.Join(dir, e.Name()))))
		}
	}
	return out
}

// TestNoJournal: what lies at the path is no journal, or cannot be used. Nothing
// of it is touched, and the message says what it is.
func TestNoJournal(t *testing.T) {
	other := func(t *testing.T, path string, statements ...string) {
		db := must[*sql.DB](t)(sql.Open("sqlite", "file:"+path))
		defer db.Close()
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := []struct {
		name    string
		make    func(t *testing.T, path string)
		damaged bool
		says    string
	}{
		{"folder", func(t *testing.T, path string) { check(t, os.Mkdir(path, 0o700)) }, false, "is a folder"},
		{"FIFO", func(t *testing.T, path string) { check(t, syscall.Mkfifo(path, 0o600)) }, false, "not a regular file"},
		{"full", func(t *testing.T, path string) { check(t, os.Symlink("/dev/full", path)) }, false, "not a regular file"},
		{"zero length", func(t *testing.T, path string) { check(t, os.WriteFile(path, nil, 0o600)) }, true, "it is empty"},
		{"text", func(t *testing.T, path string) {
			check(t, os.WriteFile(path, []byte(strings.Repeat("shop: main\n", 1000)), 0o600))
		}, true, "not a database"},
		{"short", func(t *testing.T, path string) { check(t, os.WriteFile(path, []byte("SQLite format 3\x00"), 0o600)) }, true, "not a database"},
		{"another program's", func(t *testing.T, path string) { other(t, path, "CREATE TABLE people (name TEXT)") }, true, "no such table: meta"},
		{"another's meta", func(t *testing.T, path string) {
			other(t, path, "CREATE TABLE meta (name TEXT, value TEXT)", "INSERT INTO meta VALUES ('schema_version', '1')")
		}, true, "a table is not as octail made it"},
		{"no version", func(t *testing.T, path string) {
			other(t, path, "CREATE TABLE meta (name TEXT, value TEXT)", "INSERT INTO meta VALUES ('schema_version', 'x')")
		}, true, `schema version "x"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			c.make(t, path)
			before := files(t, filepath.Dir(path))
			_, err := journal.Open(t.Context(), path)
			contains(t, err, c.says)
			if c.name != "full" {
				contains(t, err, path)
			}
			if errors.Is(err, journal.ErrDamaged) != c.damaged {
				t.Errorf("damaged: %v", err)
			}
			if c.damaged {
				contains(t, err, "Put back a backup", "move it away", path+"-wal", "birth mark")
			}
			if _, err := journal.Look(t.Context(), path); err == nil && c.says != "a table is not as octail made it" {
				t.Error("it can be looked at")
			}
			after := files(t, filepath.Dir(path))
			if c.damaged {
				delete(after, "octail.db.lock")
			}
			if fmt.Sprint(before) != fmt.Sprint(after) {
				t.Errorf("touched: %d files, %d before", len(after), len(before))
			}
		})
	}
	if _, err := journal.Look(t.Context(), newPath(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoRights: as another user than root, in a process of its own.
func TestNoRights(t *testing.T) {
	path := newPath(t)
	closeIt(t, open(t, path))
	check(t, os.Chmod(path, 0o400))
	for dir := filepath.Dir(path); strings.Contains(dir, "TestNoRights"); dir = filepath.Dir(dir) {
		check(t, os.Chmod(dir, 0o777))
	}
	check(t, os.Chmod(path+".lock", 0o666))
	check(t, os.Chmod(path+".born", 0o666))
	cmd, stderr := child(t, "open", path)
	if os.Getuid() == 0 {
		check(t, os.Chown(path, 65534, 65534))
		exe := filepath.Join(filepath.Dir(path), "test") // the built one lies where others may not look
		check(t, os.WriteFile(exe, must[[]byte](t)(os.ReadFile(cmd.Path)), 0o755))
		cmd.Path = exe
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: true}}
	}
	if err := cmd.Run(); err == nil {
		t.Fatal("opened a file it must not write")
	}
	if s := stderr.String(); !strings.Contains(s, "permission denied") || !strings.Contains(s, path) || strings.Contains(s, "damaged") {
		t.Error(s)
	}
}

func init() {
	children["open"] = func(path string) error {
		j, err := journal.Open(context.Background(), path)
		if err != nil {
			return err
		}
		return j.Close()
	}
	// hold keeps the journal open, with an uncheckpointed log, until it is killed.
	children["hold"] = func(path string) error {
		j, err := journal.Open(context.Background(), path)
		if err != nil {
			return err
		}
		for i := range int64(5) {
			if _, err := j.Append(context.Background(), journal.Commit{Events: []journal.NewEvent{event(order(i+1), journal.Known{}, `{"v":1}`)}, Position: fmt.Sprint(i + 1)}); err != nil {
				return err
			}
		}
		fmt.Println("ready")
		time.Sleep(time.Hour)
		return nil
	}
}

// TestSecondProcess: it is refused with the pid of the first, which is not
// disturbed; and a journal whose agent was killed opens again at once, and can be
// looked at before.
func TestSecondProcess(t *testing.T) {
	path := newPath(t)
	cmd, stderr := child(t, "hold", path)
	out := must[io.ReadCloser](t)(cmd.StdoutPipe())
	check(t, cmd.Start())
	if _, err := io.ReadFull(out, make([]byte, 6)); err != nil {
		t.Fatal(err, stderr)
	}
	_, err := journal.Open(t.Context(), path)
	if !errors.Is(err, journal.ErrLocked) {
		t.Fatal(err)
	}
	contains(t, err, fmt.Sprintf("process %d ", cmd.Process.Pid), path+".lock")
	link := filepath.Join(t.TempDir(), "link.db") // by another name
	check(t, os.Symlink(path, link))
	if _, err := journal.Open(t.Context(), link); !errors.Is(err, journal.ErrLocked) {
		t.Error(err)
	}
	beside := must[*journal.Journal](t)(journal.Look(t.Context(), path))
	if len(whole(t, beside)) != 5 {
		t.Error("not all events beside the writer")
	}
	closeIt(t, beside)

	check(t, cmd.Process.Kill())
	_ = cmd.Wait()
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Fatal("the kill has left no log: the test shows nothing", err)
	}
	dead := must[*journal.Journal](t)(journal.Look(t.Context(), path))
	if len(whole(t, dead)) != 5 || must[string](t)(dead.Position(t.Context())) != "5" {
		t.Error("not all events of the killed one")
	}
	closeIt(t, dead)
	if owner := journal.Owner(path + ".lock"); owner != fmt.Sprint(cmd.Process.Pid) {
		t.Errorf("the lock file names %s", owner)
	}
	j := open(t, path) // the lock file with the dead pid is no obstacle
	if len(whole(t, j)) != 5 || j.Birth() != "" || j.Restored() != 0 {
		t.Errorf("birth %q, restored %d", j.Birth(), j.Restored())
	}
	if owner := journal.Owner(path + ".lock"); owner != fmt.Sprint(os.Getpid()) {
		t.Errorf("the lock file names %s", owner)
	}
}

// TestNewer: a journal of a newer version is refused, and not a byte of it changes,
// with a log left behind as well.
func TestNewer(t *testing.T) {
	for _, left := range []bool{false, true} {
		t.Run(fmt.Sprintf("log left %v", left), func(t *testing.T) {
			from, path := newPath(t), newPath(t)
			j := open(t, from)
			add(t, j, order(1), `{"v":1}`)
			check(t, j.SetMeta(t.Context(), "schema_version", "12"))
			if !left {
				closeIt(t, j)
			}
			copyFiles(t, from, path)
			before := files(t, filepath.Dir(path))
			for range 2 {
				_, err := journal.Open(t.Context(), path)
				if !errors.Is(err, journal.ErrNewer) {
					t.Fatal(err)
				}
				contains(t, err, "schema 12", "up to 1", path)
			}
			if _, err := journal.Look(t.Context(), path); !errors.Is(err, journal.ErrNewer) {
				t.Error(err)
			}
			after := files(t, filepath.Dir(path))
			for name, content := range before {
				if after[name] != content {
					t.Errorf("%s has changed", name)
				}
			}
		})
	}
}

// TestOddNames: the path is used as it is, whatever a URI would make of it.
func TestOddNames(t *testing.T) {
	for _, name := range []string{"a?mode=memory&b.db", "50%25.db", "#1.db", "with space.db", "ümlaut.db", "file:x.db"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			j := open(t, path)
			add(t, j, order(1), `{"v":1}`)
			closeIt(t, j)
			if info, err := os.Stat(path); err != nil || info.Size() == 0 {
				t.Fatal(err)
			}
			l := must[*journal.Journal](t)(journal.Look(t.Context(), path))
			whole(t, l)
			closeIt(t, l)
		})
	}
}

// TestBirth: whose ids may have been given before gets a mark, and nobody else.
func TestBirth(t *testing.T) {
	// fill makes a journal of three events and leaves it closed.
	fill := func(t *testing.T, path string) {
		j := open(t, path)
		for i := range int64(3) {
			add(t, j, order(i+1), `{"v":1}`)
		}
		if j.Birth() != "" {
			t.Fatalf("the shop's first journal has the mark %q", j.Birth())
		}
		closeIt(t, j)
	}
	again := func(t *testing.T, path string, wantMark bool, restored int64) *journal.Journal {
		t.Helper()
		j := open(t, path)
		if (j.Birth() != "") != wantMark || j.Restored() != restored {
			t.Errorf("mark %q, restored %d", j.Birth(), j.Restored())
		}
		if wantMark && len(j.Birth()) != 4 {
			t.Errorf("mark %q", j.Birth())
		}
		return j
	}
	t.Run("reopened", func(t *testing.T) {
		path := newPath(t)
		fill(t, path)
		again(t, path, false, 0)
	})
	t.Run("lost", func(t *testing.T) {
		path := newPath(t)
		fill(t, path)
		check(t, os.Remove(path))
		j := again(t, path, true, 0)
		add(t, j, order(1), `{"v":1}`)
		if e := whole(t, j)[0]; e.EventID() != "order/1@1~"+j.Birth() {
			t.Error(e.EventID())
		}
		mark := j.Birth()
		closeIt(t, j)
		if j := again(t, path, true, 0); j.Birth() != mark { // the mark stays
			t.Errorf("%s became %s", mark, j.Birth())
		}
	})
	t.Run("lost without its log", func(t *testing.T) { // moved away by hand, the log forgotten
		path, killed := newPath(t), newPath(t)
		j := open(t, killed)
		add(t, j, order(1), `{"v":1}`)
		copyFiles(t, killed, path)
		check(t, os.Remove(path))
		fresh := again(t, path, true, 0)
		if fresh.Last() != 0 {
			t.Errorf("the log of the lost journal was replayed: %d events", fresh.Last())
		}
		add(t, fresh, order(1), `{"v":2}`)
		whole(t, fresh)
		if _, err := os.Stat(path + "-wal.old"); err != nil {
			t.Error("the lost journal's log is gone too")
		}
	})
	t.Run("backup put back", func(t *testing.T) {
		path, backup := newPath(t), newPath(t)
		fill(t, path)
		copyFiles(t, path, backup)
		j := again(t, path, false, 0)
		add(t, j, order(1), `{"v":2}`)
		closeIt(t, j)
		check(t, os.Rename(backup, path))
		j = again(t, path, true, 4)
		add(t, j, order(1), `{"v":"other"}`)
		events := whole(t, j)
		if id := events[3].EventID(); !strings.HasPrefix(id, "order/1@2~") {
			t.Errorf("%s was given before", id)
		}
		if id := events[0].EventID(); id != "order/1@1" {
			t.Errorf("an old id became %s", id)
		}
		closeIt(t, j)
		again(t, path, true, 0)
	})
	t.Run("backup of a quiet day", func(t *testing.T) { // nothing came after it: no id can repeat
		path, backup := newPath(t), newPath(t)
		fill(t, path)
		copyFiles(t, path, backup)
		closeIt(t, again(t, path, false, 0))
		check(t, os.Rename(backup, path))
		again(t, path, false, 0)
	})
	t.Run("birth file gone", func(t *testing.T) {
		path := newPath(t)
		fill(t, path)
		check(t, os.Remove(path+".born"))
		closeIt(t, again(t, path, false, 0))
		if b := must[[]byte](t)(os.ReadFile(path + ".born")); !strings.Contains(string(b), "sequence 3\n") {
			t.Errorf("made again as %q", b)
		}
	})
	t.Run("killed while making the first", func(t *testing.T) {
		path := newPath(t)
		check(t, os.WriteFile(path+".new", []byte("half a journal"), 0o600))
		check(t, os.WriteFile(path+".new-journal", []byte("half a log"), 0o600))
		again(t, path, false, 0)
	})
	t.Run("kept by housekeeping", func(t *testing.T) { // however the agent ends
		path := newPath(t)
		j := open(t, path)
		add(t, j, order(1), `{"v":1}`)
		must[int64](t)(j.Retain(t.Context(), time.Now(), time.Hour, 0, nil))
		if b := must[[]byte](t)(os.ReadFile(path + ".born")); !strings.Contains(string(b), "sequence 1\n") {
			t.Errorf("%q", b)
		}
	})
	t.Run("taken", func(t *testing.T) {
		j := open(t, newPath(t))
		add(t, j, order(1), `{"v":1}`)
		mark := must[string](t)(j.TakeBirth(t.Context()))
		add(t, j, order(1), `{"v":2}`)
		add(t, j, document.Key{Entity: "stock", ID: 2}, `{"v":1}`)
		var ids []string
		for _, e := range whole(t, j) {
			ids = append(ids, e.EventID())
		}
		if want := []string{"order/1@1", "order/1@2~" + mark, "stock/2@1~" + mark}; fmt.Sprint(ids) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", ids, want)
		}
	})
}
