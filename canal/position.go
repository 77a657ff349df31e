package canal

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Position is a place in a server's binlog: everything before it has been read.
// GTID is the executed set in the server's own notation ("" where the server
// has none), File and Offset the end of the last transaction in it.
// A Position is a value; it is safe to copy, compare with == and store.
type Position struct {
	GTID   string `json:"gtid,omitempty"`
	File   string `json:"file,omitempty"`
	Offset uint64 `json:"offset,omitempty"`
	// Began is when File was begun, in Unix seconds; 0 where that is not known, and where
	// GTIDs tell a log that was begun anew.
	Began uint32 `json:"began,omitempty"`
}

// IsZero reports whether p names no place at all.
func (p Position) IsZero() bool { return p == Position{} }

// String is the position as an operator reads it, e.g.
// "binlog.000003:1289 (GTID 0-1-57)".
func (p Position) String() string {
	switch {
	case p.IsZero():
		return "none"
	case p.GTID == "":
		return fmt.Sprintf("%s:%d", p.File, p.Offset)
	case p.File == "":
		return "GTID " + p.GTID
	}
	return fmt.Sprintf("%s:%d (GTID %s)", p.File, p.Offset, p.GTID)
}

// Encode is the form in which a position is stored; Decode reads it.
func (p Position) Encode() string {
	b, err := json.Marshal(p)
	if err != nil { // three plain fields: cannot happen
		panic(err)
	}
	return string(b)
}

// DecodePosition reads what Encode wrote. The empty string is the zero Position.
func DecodePosition(s string) (Position, error) {
	var p Position
	if s == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(s), &p); err != nil {
		return Position{}, fmt.Errorf("decode binlog position: %w", err)
	}
	return p, nil
}

// stored is what EncodeAt writes: what Encode does, and a time.
type stored struct {
	Position
	Time time.Time `json:"time,omitzero"`
}

// EncodeAt is Encode with a time: all that was committed before it is before p.
func (p Position) EncodeAt(upTo time.Time) string {
	b, err := json.Marshal(stored{p, upTo.UTC().Truncate(time.Millisecond)})
	if err != nil { // the same as in Encode: cannot happen with a time of this millennium
		return p.Encode()
	}
	return string(b)
}

// DecodeTime reads the time that EncodeAt wrote; zero: none is known.
func DecodeTime(s string) time.Time {
	var p stored
	if json.Unmarshal([]byte(s), &p) != nil {
		return time.Time{}
	}
	return p.Time
}

// AtOrAfter reports whether the place file:offset is not before p in the same
// server's binlog. Both must name a file.
func (p Position) AtOrAfter(file string, offset uint64) bool {
	if c := compareFiles(p.File, file); c != 0 {
		return c > 0
	}
	return p.Offset >= offset
}

// compareFiles orders binlog file names of one server: mysql-bin.999999 comes
// before mysql-bin.1000000.
func compareFiles(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
