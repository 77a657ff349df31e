package receiver

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Names of a receiver's files in its folder.
const (
	RequestsFile = "requests.jsonl"
	StateFile    = "state.jsonl"
)

// Line is one request, or one record of a batch, in requests.jsonl.
type Line struct {
	Time     time.Time `json:"time"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Subject  string    `json:"subject,omitempty"`
	ID       string    `json:"id,omitempty"`
	Revision int64     `json:"revision,omitempty"`
	Sequence int64     `json:"sequence,omitempty"`
	Deleted  bool      `json:"deleted,omitempty"`
	Result   string    `json:"result"`
	Fault    string    `json:"fault,omitempty"`   // that met it
	Target   string    `json:"target,omitempty"`  // record that was written
	Missing  []string  `json:"missing,omitempty"` // parents it names that are not there
	Changed  bool      `json:"changed,omitempty"` // a repeat whose document is another one: that must not be
	Bytes    int       `json:"bytes"`
	SHA256   string    `json:"sha256"` // of the bytes
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// files are where a receiver writes; without a folder nothing is written.
type files struct {
	requests, state *os.File
	buf             []byte
}

// openFiles opens them and tells each change of the state file.
func openFiles(dir string, each func(change)) (*files, error) {
	if dir == "" {
		return &files{}, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	f := &files{}
	var err error
	if f.requests, err = openLines(filepath.Join(dir, RequestsFile), func([]byte) error { return nil }); err != nil {
		return nil, err
	}
	f.state, err = openLines(filepath.Join(dir, StateFile), func(line []byte) error {
		var c change
		err := json.Unmarshal(line, &c)
		each(c)
		return err
	})
	if err != nil {
		f.requests.Close()
		return nil, err
	}
	return f, nil
}

// openLines opens a file of lines behind its last whole one.
func openLines(path string, each func([]byte) error) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	var end int64
	for in := bufio.NewReaderSize(f, 1<<20); ; {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			break // what has no end was cut off by a kill
		}
		if err == nil {
			err = each(line)
		}
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("%s at byte %d: %w", path, end, err)
		}
		end += int64(len(line))
	}
	err = f.Truncate(end)
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// write appends a line; one write, so that a kill leaves whole lines but the last.
func (f *files) write(to *os.File, line any) error {
	if to == nil {
		return nil
	}
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	f.buf = append(append(f.buf[:0], b...), '\n')
	_, err = to.Write(f.buf)
	return err
}

func (f *files) close() error {
	var errs []error
	for _, one := range []*os.File{f.requests, f.state} {
		if one != nil {
			errs = append(errs, one.Close())
		}
	}
	return errors.Join(errs...)
}

// ReadLines reads a requests.jsonl, also while it is being written.
func ReadLines(path string) ([]Line, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []Line
	for in := bufio.NewReader(f); ; {
		b, err := in.ReadBytes('\n')
		if err == io.EOF {
			return out, nil
		}
		var l Line
		if err == nil {
			err = json.Unmarshal(b, &l)
		}
		if err != nil {
			return out, fmt.Errorf("line %d of %s: %w", len(out)+1, path, err)
		}
		out = append(out, l)
	}
}
