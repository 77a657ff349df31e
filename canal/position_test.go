package canal

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPositionEncoding(t *testing.T) {
	for _, c := range []struct {
		p        Position
		encoded  string
		readable string
	}{
		{Position{}, `{}`, "none"},
		{Position{GTID: "0-1-57", File: "binlog.000003", Offset: 1289}, `{"gtid":"0-1-57","file":"binlog.000003","offset":1289}`, "binlog.000003:1289 (GTID 0-1-57)"},
		{Position{File: "binlog.000003", Offset: 1289}, `{"file":"binlog.000003","offset":1289}`, "binlog.000003:1289"},
		{Position{GTID: "0-1-57"}, `{"gtid":"0-1-57"}`, "GTID 0-1-57"},
	} {
		if got := c.p.Encode(); got != c.encoded {
			t.Errorf("encoded as %s, want %s", got, c.encoded)
		}
		if got, err := DecodePosition(c.encoded); err != nil || got != c.p {
			t.Errorf("%s is %+v, %v", c.encoded, got, err)
		}
		if got := c.p.String(); got != c.readable {
			t.Errorf("reads %q, want %q", got, c.readable)
		}
		if c.p.IsZero() != (c.readable == "none") {
			t.Errorf("%s: IsZero is %v", c.p, c.p.IsZero())
		}
	}
	if p, err := DecodePosition(""); err != nil || !p.IsZero() {
		t.Errorf("nothing is %v, %v", p, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		p := Position{rapid.String().Draw(t, "gtid"), rapid.String().Draw(t, "file"), rapid.Uint64().Draw(t, "offset"), rapid.Uint32().Draw(t, "began")}
		if b, err := json.Marshal(p); err != nil || string(b) != p.Encode() {
			t.Fatal(string(b), err)
		}
		again, err := DecodePosition(p.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if again.Offset != p.Offset || again.Encode() != p.Encode() {
			t.Fatalf("%+v came back as %+v", p, again)
		}
	})
}

func FuzzDecodePosition(f *testing.F) {
	for _, s := range []string{"", "{}", `{"gtid":"0-1-57","file":"binlog.000003","offset":1289}`, `{"offset":-1}`, `[]`, "null", `{"gtid":1}`, "binlog.000001:4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := DecodePosition(s)
		if err != nil {
			if !p.IsZero() {
				t.Errorf("%q is an error and %+v", s, p)
			}
			return
		}
		again, err := DecodePosition(p.Encode())
		if err != nil || again.Encode() != p.Encode() {
			t.Errorf("%q is %+v and then %+v, %v", s, p, again, err)
		}
	})
}

func TestAtOrAfter(t *testing.T) {
	for _, c := range []struct {
		file   string
		offset uint64
		want   bool // that mysql-bin.000010:500 is there or behind
	}{
		{"mysql-bin.000010", 499, true},
		{"mysql-bin.000010", 500, true},
		{"mysql-bin.000010", 501, false},
		{"mysql-bin.000009", 900, true},
		{"mysql-bin.000011", 4, false},
		{"mysql-bin.999999", 4, false},
		{"mysql-bin.1000000", 4, false},
		{"", 900, true},
	} {
		p := Position{File: "mysql-bin.000010", Offset: 500}
		if got := p.AtOrAfter(c.file, c.offset); got != c.want {
			t.Errorf("%s at or after %s:%d is %v", p, c.file, c.offset, got)
		}
	}
	if (Position{File: "b.1000000", Offset: 4}).AtOrAfter("b.999999", 9) != true {
		t.Error("b.1000000 comes before b.999999")
	}
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{"11.4.2-MariaDB": true, "11.8.6-MariaDB-0+deb13u1": true, "12.0.1-MariaDB": true, "11.3.9-MariaDB": false, "10.11.14-MariaDB": false, "9.7.4": false, "": false, "x.y": false} {
		if got := (Server{Version: version}).AtLeast(11, 4); got != want {
			t.Errorf("%q at least 11.4: %v", version, got)
		}
	}
}

// TestEncodeAt: the time goes with a position, and one without is read as before.
func TestEncodeAt(t *testing.T) {
	p := Position{GTID: "0-1-57", File: "binlog.000003", Offset: 1289}
	at := time.Date(2026, 11, 22, 3, 30, 0, 5_000_000, time.FixedZone("", 3600))
	for text, want := range map[string]time.Time{
		p.EncodeAt(at):          at,
		p.EncodeAt(time.Time{}): {},
		p.Encode():              {},
		"":                      {},
		"no position":           {},
	} {
		if got := DecodeTime(text); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if got, err := DecodePosition(p.EncodeAt(at)); err != nil || got != p {
		t.Errorf("%v, %v", got, err)
	}
	if p.EncodeAt(time.Time{}) != p.Encode() {
		t.Error(p.EncodeAt(time.Time{}))
	}
}
