package transform

import (
	"strings"
	"time"
)

// instant turns a stored DATETIME, wall time without a zone, into RFC 3339 UTC.
// Zero and impossible dates are nil. In the repeated hour of a daylight-saving
// change it is the earlier instant, in the gap the later.
func instant(s string, zone *time.Location) *string {
	if len(s) < 19 || strings.HasPrefix(s, "0000") {
		return nil
	}
	wall, err := time.Parse(time.DateTime, s[:19])
	if err != nil {
		return nil
	}
	out := resolve(wall, zone).Format(time.RFC3339)
	return &out
}

// resolve finds the instant at which clocks in zone show wall (a UTC time).
func resolve(wall time.Time, zone *time.Location) time.Time {
	// The two offsets in force around that wall time; they differ only near a change.
	before, after := offset(wall.Add(-26*time.Hour), zone), offset(wall.Add(26*time.Hour), zone)
	a, b := wall.Add(-before), wall.Add(-after)
	aFits, bFits := offset(a, zone) == before, offset(b, zone) == after
	switch {
	case aFits && bFits:
		if b.Before(a) {
			return b
		}
		return a
	case aFits:
		return a
	case bFits:
		return b
	case a.After(b): // in the gap
		return a
	}
	return b
}

func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// date keeps a DATE as it is; zero dates are nil.
func date(s string) *string {
	if len(s) < 10 || strings.HasPrefix(s, "0000") || s[5:7] == "00" || s[8:10] == "00" {
		return nil
	}
	s = s[:10]
	return &s
}
