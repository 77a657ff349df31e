// Package file is a sink that appends each event as one line of JSON to a file,
// or to the standard output.
package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"octail/sinks"
)

// Plugin is the entry for the catalogue.
var Plugin = sinks.Define("file", "JSON lines in a file or on the standard output", Config{Sync: syncAlways}, nil, open)

// sink appends to one file. A batch is one write of whole lines behind the last
// whole line. After anything unexpected it lets go of the file, and Resume finds
// out what the file holds: that is the one way to recover, from a kill, a full
// disk, a rotation or a rm alike.
type sink struct {
	cfg    Config
	env    sinks.Env
	out    *os.File // nil: Resume comes first
	size   int64    // end of the last whole batch
	synced int64    // up to here it is on the disk
	torn   int64    // bytes behind size that a kill has left; cut off before the next write
	buf    []byte
}

var (
	_ sinks.Sink     = (*sink)(nil)
	_ sinks.Resumer  = (*sink)(nil)
	_ sinks.Flusher  = (*sink)(nil)
	_ sinks.Checker  = (*sink)(nil)
	_ sinks.Reopener = (*sink)(nil)
)

func open(cfg *Config, env sinks.Env) (sinks.Sink, error) {
	s := &sink{cfg: *cfg, env: env}
	if s.standard() {
		s.out = os.Stdout
	}
	return s, nil // the file is opened by Resume: `octail check` must not touch it
}

// fsync brings a file to the disk. A variable for tests of disks that fail.
var fsync = (*os.File).Sync

func (s *sink) standard() bool { return s.cfg.Path == "-" }

// Resume implements sinks.Resumer: the last line tells. Where the file has none,
// it may have been rotated while nobody could tell us: then the last line of the
// file that was moved away does.
func (s *sink) Resume(context.Context) (sinks.Held, bool, error) {
	if s.standard() {
		return sinks.Held{}, false, nil
	}
	if err := s.letGo(); err != nil {
		return sinks.Held{}, false, err
	}
	c, err := s.open()
	if err != nil {
		return sinks.Held{}, false, fmt.Errorf("open the events file: %w", err)
	}
	if c.any {
		return c.held, true, nil
	}
	held, ok := moved(s.cfg.Path, "octail://"+s.env.Shop)
	return held, ok, nil
}

// open opens the file, made when it is missing, and looks at its end.
func (s *sink) open() (content, error) {
	if err := regular(s.cfg.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return content{}, err
	}
	f, err := os.OpenFile(s.cfg.Path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o640)
	if err != nil {
		return content{}, err
	}
	c, err := s.take(f)
	if err != nil {
		f.Close()
		return content{}, err
	}
	s.out, s.size, s.synced, s.torn = f, c.end, c.end, c.torn
	return c, nil
}

// take makes the open file ours. What it holds is told only once it is on the
// disk.
func (s *sink) take(f *os.File) (content, error) {
	// Two sinks on one file would each take the other's lines for its own. Where
	// the file system has no locks, nobody is kept off.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return content{}, fmt.Errorf("another sink or another octail writes %s: give each its own path", s.cfg.Path)
	}
	c, err := inspect(f)
	if err != nil {
		return c, fmt.Errorf("%s %w", s.cfg.Path, err)
	}
	if err := fsync(f); err != nil {
		return c, err
	}
	if c.end == 0 { // maybe just made: its name must survive a power cut too
		if d, err := os.Open(filepath.Dir(s.cfg.Path)); err == nil {
			_ = d.Sync()
			d.Close()
		}
	}
	return c, nil
}

// letGo closes the file.
func (s *sink) letGo() error {
	if s.out == nil {
		return nil
	}
	err := s.flush()
	if s.synced != s.size { // not even cut off: we still need it
		return err
	}
	closeErr := s.out.Close()
	s.out = nil
	return errors.Join(err, closeErr)
}

// regular refuses what cannot hold events. A FIFO would block who opens it.
func regular(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder: name a file in it", path)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file: choose another path (- is the standard output)", path)
	}
	return nil
}

// Deliver implements sinks.Sink.
func (s *sink) Deliver(ctx context.Context, batch []sinks.Delivery) error {
	s.buf = s.buf[:0]
	for i := range batch {
		s.buf = batch[i].AppendJSON(s.buf)
		s.buf = append(s.buf, '\n')
	}
	if cap(s.buf) > 4<<20 {
		defer func() { s.buf = nil }()
	}
	if s.standard() {
		if _, err := s.out.Write(s.buf); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
		return nil
	}
	if s.out == nil {
		if _, _, err := s.Resume(ctx); err != nil {
			return err
		}
	}
	if err := s.unchanged(); err != nil {
		return err
	}
	if _, err := s.out.Write(s.buf); err != nil {
		// Perhaps half written (disk full): cut it off.
		return fmt.Errorf("write events: %w", errors.Join(err, s.out.Truncate(s.size)))
	}
	s.size += int64(len(s.buf))
	if s.cfg.Sync == syncAlways {
		if err := s.flush(); err != nil {
			return err
		}
	}
	// Lines in a file without a name would be lost.
	if info, err := s.out.Stat(); err == nil && links(info) == 0 {
		return fmt.Errorf("the events file %s was deleted: it is made anew", s.cfg.Path)
	}
	return nil
}

// unchanged looks whether the file still ends where we left it, and cuts off what
// a kill has left behind.
func (s *sink) unchanged() error {
	info, err := s.out.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("look at the events file: %w", err)
	case info.Size() == s.size:
		return nil
	case info.Size() != s.size+s.torn:
		return fmt.Errorf("the events file %s was changed by somebody else: it has %d bytes, we left %d; going on behind its last line", s.cfg.Path, info.Size(), s.size)
	}
	if err := s.out.Truncate(s.size); err != nil {
		return fmt.Errorf("cut off a half-written line: %w", err)
	}
	s.torn = 0
	return nil
}

// Flush implements sinks.Flusher.
func (s *sink) Flush(context.Context) error {
	if s.standard() || s.out == nil {
		return nil
	}
	return s.flush()
}

// flush brings the file to the disk. What a failed sync has not brought there
// must not be counted on, although the file seems to hold it: it is cut off.
func (s *sink) flush() error {
	if s.synced == s.size {
		return nil
	}
	if err := fsync(s.out); err != nil {
		cut := s.out.Truncate(s.synced)
		if cut == nil {
			s.size = s.synced
		}
		return fmt.Errorf("sync events to %s: %w", s.cfg.Path, errors.Join(err, cut))
	}
	s.synced = s.size
	return nil
}

// Reopen implements sinks.Reopener: log rotation moves the file away and sends
// SIGHUP.
func (s *sink) Reopen() error {
	if s.standard() {
		return nil
	}
	return s.letGo()
}

// Close implements sinks.Sink.
func (s *sink) Close() error {
	if s.standard() {
		return nil
	}
	return s.letGo()
}

// Check implements sinks.Checker. It changes nothing: an agent may be writing.
func (s *sink) Check(context.Context) error {
	if s.standard() {
		return nil
	}
	path := s.cfg.Path
	if err := regular(path); errors.Is(err, fs.ErrNotExist) {
		return canMake(path)
	} else if err != nil {
		return err
	}
	if err := unix.Access(path, unix.R_OK|unix.W_OK); err != nil {
		return fmt.Errorf("no right to write the events file %s: %w. As root: chown %s: %s", path, err, owner(), path)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the events file: %w", err)
	}
	defer f.Close()
	c, err := inspect(f)
	if err != nil {
		return fmt.Errorf("%s %w", path, err)
	}
	if source := "octail://" + s.env.Shop; c.any && c.held.Source != source {
		return fmt.Errorf("%s holds events of another shop: %s, and this one is %s. Choose another path, or set shop.name back", path, c.held.Source, source)
	}
	return nil
}

// owner is whom the file should belong to: the user of the service where there is
// one, else whoever asks.
func owner() string {
	if _, err := user.Lookup("octail"); err == nil {
		return "octail"
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Geteuid())
}

// canMake says what keeps a file from being made.
func canMake(path string) error {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("the folder of the events file is missing: %w. Make it: install -d -o %s -m 0750 %s", err, owner(), dir)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("no right to make the events file in %s: %w. Give it a folder of its own: install -d -o %s -m 0750 %s, and path: %s", dir, err, owner(), filepath.Join(dir, "octail"), filepath.Join(dir, "octail", filepath.Base(path)))
	}
	return nil
}
