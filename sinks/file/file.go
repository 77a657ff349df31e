// Package file is a sink that appends each event as one line of JSON to a file,
// or to the standard output.
package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"octail/sinks"
)

// Plugin is the entry for the catalogue.
var Plugin = sinks.Define("file", "JSON lines in a file or on the standard output", Config{Sync: syncAlways}, open)

// sink appends to one file. A batch is one write of whole lines; where a kill cut
// a line in two, the next start cuts the rest off (Resume) and writes it again.
type sink struct {
	cfg    Config
	env    sinks.Env
	out    *os.File
	size   int64 // end of the last whole batch; a failed write is cut back to it
	synced time.Time
	buf    []byte
}

var (
	_ sinks.Sink     = (*sink)(nil)
	_ sinks.Resumer  = (*sink)(nil)
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

func (s *sink) standard() bool { return s.cfg.Path == "-" }

func (s *sink) open() error {
	f, err := os.OpenFile(s.cfg.Path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return fmt.Errorf("open the events file: %w", err)
	}
	if err := cutTornLine(f); err != nil {
		f.Close()
		return fmt.Errorf("open the events file %s: %w", s.cfg.Path, err)
	}
	if s.size, err = f.Seek(0, io.SeekEnd); err != nil {
		f.Close()
		return fmt.Errorf("open the events file: %w", err)
	}
	if s.size == 0 { // maybe just made: its name must survive a power cut too
		if d, err := os.Open(filepath.Dir(s.cfg.Path)); err == nil {
			_ = d.Sync()
			d.Close()
		}
	}
	s.out = f
	return nil
}

// Check implements sinks.Checker. It changes nothing: an agent may be writing.
func (s *sink) Check(context.Context) error {
	if s.standard() {
		return nil
	}
	f, err := os.OpenFile(s.cfg.Path, os.O_WRONLY, 0)
	if err == nil {
		defer f.Close()
		if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a regular file: choose another path", s.cfg.Path)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the events file cannot be written: %w", err)
	}
	dir := filepath.Dir(s.cfg.Path)
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("the folder of the events file is missing: %w. Make it: install -d -o octail -g octail -m 0750 %s", err, dir)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("no right to make the events file in %s: %w. As root: chown octail: %s", dir, err, dir)
	}
	return nil
}

// Deliver implements sinks.Sink.
func (s *sink) Deliver(_ context.Context, batch []sinks.Delivery) error {
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
		if err := s.open(); err != nil {
			return err
		}
	}
	if _, err := s.out.WriteAt(s.buf, s.size); err != nil {
		// Perhaps half written (disk full): cut it off, so that no line comes twice.
		err = fmt.Errorf("write events to %s: %w", s.cfg.Path, err)
		if cut := s.out.Truncate(s.size); cut != nil {
			err = errors.Join(err, cut)
		}
		return err
	}
	if s.cfg.Sync == syncAlways || time.Since(s.synced) > time.Second {
		if err := s.out.Sync(); err != nil {
			err = fmt.Errorf("sync events to %s: %w", s.cfg.Path, err)
			if cut := s.out.Truncate(s.size); cut != nil {
				err = errors.Join(err, cut)
			}
			return err
		}
		s.synced = time.Now()
	}
	s.size += int64(len(s.buf))
	return nil
}

// Reopen implements sinks.Reopener: log rotation moves the file away and sends
// SIGHUP.
func (s *sink) Reopen() error {
	if s.standard() {
		return nil
	}
	old := s.out
	if old == nil {
		return s.open()
	}
	if err := s.open(); err != nil {
		s.out = old // go on with the file we have
		return err
	}
	_ = old.Sync()
	return old.Close()
}

// Close implements sinks.Sink.
func (s *sink) Close() error {
	if s.standard() || s.out == nil {
		return nil
	}
	return errors.Join(s.out.Sync(), s.out.Close())
}

// Resume implements sinks.Resumer: the last line tells.
func (s *sink) Resume(context.Context) (sinks.Held, bool, error) {
	if s.standard() {
		return sinks.Held{}, false, nil
	}
	if err := s.open(); err != nil {
		return sinks.Held{}, false, err
	}
	if s.size == 0 {
		return sinks.Held{}, false, nil
	}
	line, err := lastLine(s.out, s.size)
	if err != nil {
		return sinks.Held{}, false, fmt.Errorf("read the last line of %s: %w", s.cfg.Path, err)
	}
	var e struct {
		ID       string `json:"id"`
		Source   string `json:"source"`
		Sequence string `json:"sequence"`
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return sinks.Held{}, false, fmt.Errorf("the last line of %s is no event of octail: move the file away or choose another path", s.cfg.Path)
	}
	n, err := strconv.ParseInt(e.Sequence, 10, 64)
	if err != nil || n <= 0 {
		return sinks.Held{}, false, fmt.Errorf("the last line of %s has no sequence: move the file away or choose another path", s.cfg.Path)
	}
	_, birth, _ := strings.Cut(e.ID, "~")
	return sinks.Held{Source: e.Source, Birth: birth, Sequence: n}, true, nil
}

// chunk is how much is read at a time from the end of a file. A variable for
// tests of lines that cross it.
var chunk = int64(256 << 10)

// cutTornLine removes what stands behind the last line end.
func cutTornLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("not a regular file")
	}
	end, err := lastBreak(f, info.Size())
	if err != nil {
		return err
	}
	if end == info.Size() {
		return nil
	}
	return f.Truncate(end)
}

// lastBreak is the offset behind the last line end before limit, 0 for none.
func lastBreak(f *os.File, limit int64) (int64, error) {
	for end := limit; end > 0; {
		start := max(0, end-chunk)
		b := make([]byte, end-start)
		if _, err := f.ReadAt(b, start); err != nil && err != io.EOF {
			return 0, err
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}

// lastLine reads the line that ends at size.
func lastLine(f *os.File, size int64) ([]byte, error) {
	start, err := lastBreak(f, size-1)
	if err != nil {
		return nil, err
	}
	b := make([]byte, size-1-start)
	_, err = f.ReadAt(b, start)
	return b, err
}
