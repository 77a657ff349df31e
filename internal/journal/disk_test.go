package journal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"octail/internal/journal"
)

func init() {
	// full runs on a disk of its own that is too small.
	children["full"] = func(path string) error {
		room, err := smallDisk(filepath.Dir(path))
		if err != nil {
			return err
		}
		ctx := context.Background()
		if err := room(700 << 10); err != nil {
			return err
		}
		j, err := journal.Open(ctx, path)
		if err != nil {
			return err
		}
		write := func() error {
			n := j.Last() + 1
			_, err := j.Append(ctx, journal.Commit{Events: []journal.NewEvent{event(order(n), journal.Known{}, `{"text":"`+strings.Repeat("x", 4000)+`"}`)}, Position: fmt.Sprint(n)})
			return err
		}
		fill := func() error {
			for range 1000 {
				if err := write(); err != nil {
					return err
				}
			}
			return errors.New("the disk does not get full")
		}
		for round := range 3 {
			err := fill()
			if !strings.Contains(err.Error(), "full") && !strings.Contains(err.Error(), "I/O error") || errors.Is(err, journal.ErrDamaged) {
				return fmt.Errorf("round %d: %w", round, err)
			}
			last := j.Last()
			if p, err := j.Position(ctx); err != nil || p != fmt.Sprint(last) {
				return fmt.Errorf("round %d: %d events, position %s, %w", round, last, p, err)
			}
			for range 20 { // it can be read, and tried again, as often as one likes
				if err := write(); err == nil {
					break
				}
				if _, err := j.Event(ctx, 1); err != nil {
					return err
				}
			}
			if round < 2 { // somebody makes room
				if err := room(int64(800+100*round) << 10); err != nil {
					return err
				}
				if err := write(); err != nil {
					return fmt.Errorf("round %d: there is room again, and still: %w", round, err)
				}
			}
		}
		last := j.Last()
		_ = j.Close() // whatever it could still write
		// A start on the full disk may fail, but not for a wrong reason.
		if j, err := journal.Open(ctx, path); err == nil {
			if _, err := j.Event(ctx, 1); err != nil {
				return err
			}
			_ = j.Close()
		} else if errors.Is(err, journal.ErrDamaged) {
			return err
		}
		if err := room(1 << 20); err != nil {
			return err
		}
		if j, err = journal.Open(ctx, path); err != nil {
			return err
		}
		defer j.Close()
		if j.Last() < last || last < 20 {
			return fmt.Errorf("%d events of %d", j.Last(), last)
		}
		for n := int64(1); n <= j.Last(); n++ {
			if _, err := j.Event(ctx, n); err != nil {
				return err
			}
		}
		if p, err := j.Position(ctx); err != nil || p != fmt.Sprint(j.Last()) {
			return fmt.Errorf("%d events, position %s, %w", j.Last(), p, err)
		}
		return write()
	}

	// appends without end, and tells each sequence once it is reported as written.
	children["appends"] = func(path string) error {
		j, err := journal.Open(context.Background(), path)
		if err != nil {
			return err
		}
		for i := range int64(1_000_000) {
			var c journal.Commit
			for k := range i%3 + 1 {
				id := i%17*3 + k + 1
				known, err := j.Known(context.Background(), "order", []int64{id})
				if err != nil {
					return err
				}
				c.Events = append(c.Events, event(order(id), known[id], `{"text":"`+strings.Repeat("x", int(i%5)*1500)+`"}`))
			}
			c.Position = fmt.Sprint(j.Last() + int64(len(c.Events)))
			if _, err := j.Append(context.Background(), c); err != nil {
				return err
			}
			fmt.Println(j.Last())
			if i%40 == 39 {
				if _, err := j.Retain(context.Background(), time.Now().Add(2*time.Hour), 24*time.Hour, 0, nil); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// smallDisk makes dir, for this process, a disk of its own of 1 MiB; where that is
// not allowed, files are limited in size instead. room says how much may be used.
func smallDisk(dir string) (room func(bytes int64) error, err error) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err == nil {
		ballast := filepath.Join(dir, "ballast")
		return func(bytes int64) error { return os.WriteFile(ballast, make([]byte, 1<<20-bytes), 0o600) }, nil
	}
	signal.Ignore(syscall.SIGXFSZ)
	return func(bytes int64) error {
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		limit.Cur = uint64(bytes)
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	}, nil
}

// TestDiskFull: an append on a full disk fails and leaves nothing half; when there
// is room again it works, without a restart.
func TestDiskFull(t *testing.T) {
	path := newPath(t)
	cmd, stderr := child(t, "full", path)
	// A name space of its own: the disk goes with the process.
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	if err := cmd.Start(); err != nil { // not allowed here
		cmd, stderr = child(t, "full", path)
		check(t, cmd.Start())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err, stderr)
	}
}

// TestKilled kills an appending process again and again. All it has reported is
// there, numbers have no gap, and the position is that of the last event.
func TestKilled(t *testing.T) {
	path := newPath(t)
	random := rand.New(rand.NewPCG(5, 5))
	reported := int64(0)
	for round := range 8 {
		cmd, stderr := child(t, "appends", path)
		out := must[io.ReadCloser](t)(cmd.StdoutPipe())
		check(t, cmd.Start())
		lines := bufio.NewScanner(out)
		stop := 5 + random.IntN(60)
		for range stop {
			if !lines.Scan() {
				t.Fatal(stderr)
			}
			fmt.Sscan(lines.Text(), &reported)
		}
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
		check(t, cmd.Process.Kill())
		for lines.Scan() { // what it said before it died
			fmt.Sscan(lines.Text(), &reported)
		}
		_ = cmd.Wait()
		j := open(t, path)
		if j.Last() < reported {
			t.Errorf("round %d: %d events were reported, %d are there", round, reported, j.Last())
		}
		whole(t, j)
		if p := must[string](t)(j.Position(t.Context())); p != fmt.Sprint(j.Last()) {
			t.Errorf("round %d: %d events, position %s", round, j.Last(), p)
		}
		if j.Birth() != "" {
			t.Errorf("round %d: a kill has given it the mark %s", round, j.Birth())
		}
		closeIt(t, j)
	}
	if reported < 100 {
		t.Error("the test shows nothing")
	}
}
