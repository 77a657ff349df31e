package oracle

import (
	"testing"
	"time"
)

func TestPlain(t *testing.T) {
	for stored, want := range map[string]string{
		"Apple 30&quot;": `Apple 30"`, "&amp;lt;": "&lt;", "&amp;amp;quot;": "&amp;quot;", "&lt;p&gt;": "<p>",
		"&#039;&#39;": "''", "&#38; &eacute; &nbsp; &apos; &": "&#38; &eacute; &nbsp; &apos; &",
		"a\xff\xfeb": "a\ufffd\ufffdb", "✓": "✓",
	} {
		if got := plain(stored); got != want {
			t.Errorf("%q: %q, want %q", stored, got, want)
		}
	}
}

func TestFixed(t *testing.T) {
	for stored, want := range map[string]string{"0E-8": "0.00000000", "1.5e-4": "0.00015", "101.0000": "101.0000", "": "", "1E+2": "1E+2"} {
		if got := fixed(stored); got != want {
			t.Errorf("%q: %q, want %q", stored, got, want)
		}
	}
}

func TestInstant(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		zone   *time.Location
		stored string
		want   any
	}{
		{time.UTC, "2026-11-22 01:23:17", "2026-11-22T01:23:17Z"},
		{berlin, "2026-01-01 00:30:00", "2025-12-31T23:30:00Z"},
		{berlin, "2026-07-01 12:00:00", "2026-07-01T10:00:00Z"},
		{berlin, "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"},
		{berlin, "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"}, // twice: the earlier
		{berlin, "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
		{berlin, "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"},
		{berlin, "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"}, // never: the later
		{berlin, "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"},
		{berlin, "0000-00-00 00:00:00", nil},
		{berlin, "2026-00-00 00:00:00", nil},
		{berlin, "", nil},
	} {
		got, err := instant(c.stored, c.zone)
		if err != nil || got != c.want {
			t.Errorf("%s %s: %v %v, want %v", c.stored, c.zone, got, err, c.want)
		}
	}
	if got, err := instant("yesterday", time.UTC); err == nil {
		t.Errorf("yesterday: %v instead of an error", got)
	}
	for stored, want := range map[string]any{"2009-02-04": "2009-02-04", "0000-00-00": nil, "": nil} {
		if got := date(stored); got != want {
			t.Errorf("%s: %v, want %v", stored, got, want)
		}
	}
}

func TestStoredTimes(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 23, 17, 0, time.FixedZone("x", 7200))
	for _, c := range []struct {
		t          time.Time
		kind, want string
	}{
		{now, "DATETIME", "2026-11-22 01:23:17"}, {now, "DATE", "2026-11-22"},
		{time.Time{}, "DATETIME", "0000-00-00 00:00:00"}, {time.Time{}, "DATE", "0000-00-00"},
	} {
		if got := stored(c.t, c.kind); got != c.want {
			t.Errorf("%v %s: %s, want %s", c.t, c.kind, got, c.want)
		}
	}
}
