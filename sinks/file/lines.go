package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"octail/sinks"
)

// chunk is how much is read at a time from the end of a file. A variable for
// tests of lines that cross it.
var chunk = int64(256 << 10)

// longest is the length of a line beyond which it is none of ours.
const longest = 256 << 20

// beginning is how every line of ours begins.
var beginning = []byte(`{"specversion":"1.0","id":"`)

// errNotOurs: somebody else's file. Nothing of it is touched.
var errNotOurs = errors.New("does not end with an event of octail: move it away, or choose another path")

// content is what the end of an events file says.
type content struct {
	held sinks.Held // the event in the last whole line
	any  bool       // there is one
	end  int64      // behind the last whole line
	torn int64      // bytes behind that: a line that a kill has cut in two
}

// inspect looks at the end of an events file and changes nothing.
func inspect(f *os.File) (content, error) {
	info, err := f.Stat()
	if err != nil {
		return content{}, err
	}
	var c content
	if c.end, err = lastBreak(f, info.Size()); err != nil {
		return c, err
	}
	c.torn = info.Size() - c.end
	if ours, err := startsLikeOurs(f, c.end, c.torn); err != nil {
		return c, err
	} else if !ours {
		return c, errNotOurs
	}
	if c.end == 0 {
		return c, nil
	}
	line, err := lastLine(f, c.end)
	if err != nil {
		return c, err
	}
	if c.held, err = parse(line); err != nil {
		return c, err
	}
	c.any = true
	return c, nil
}

// parse reads what a line says of its place.
func parse(line []byte) (sinks.Held, error) {
	var e struct {
		ID       string `json:"id"`
		Source   string `json:"source"`
		Sequence string `json:"sequence"`
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return sinks.Held{}, errNotOurs
	}
	n, err := strconv.ParseInt(e.Sequence, 10, 64)
	if err != nil || n <= 0 || e.ID == "" || e.Source == "" {
		return sinks.Held{}, errNotOurs
	}
	return sinks.Held{Source: e.Source, ID: e.ID, Sequence: n}, nil
}

// startsLikeOurs reports whether the n bytes from an offset on may be the
// beginning of a line of ours, or what a power cut leaves of one: zeros.
func startsLikeOurs(f *os.File, offset, n int64) (bool, error) {
	b := make([]byte, min(n, int64(len(beginning))))
	if _, err := f.ReadAt(b, offset); err != nil && err != io.EOF {
		return false, err
	}
	return bytes.HasPrefix(beginning, b) || len(bytes.Trim(b, "\x00")) == 0, nil
}

// lastBreak is the offset behind the last line end before limit, 0 for none.
func lastBreak(f *os.File, limit int64) (int64, error) {
	b := make([]byte, min(limit, chunk))
	for end := limit; end > 0; {
		start := max(0, end-chunk)
		part := b[:end-start]
		if _, err := f.ReadAt(part, start); err != nil && err != io.EOF {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
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
	if size-start > longest {
		return nil, errNotOurs
	}
	b := make([]byte, size-1-start)
	_, err = f.ReadAt(b, start)
	return b, err
}

// links is how many names a file has.
func links(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}
