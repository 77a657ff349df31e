package oracle

import (
	"fmt"
	"strings"
	"time"
)

// date is a DATE column as it is, nil for none.
func date(stored string) any {
	if stored == "" || isZeroDate(stored) {
		return nil
	}
	return stored
}

// instant is a DATETIME column, wall time of the zone, as RFC 3339 UTC; nil for none.
func instant(stored string, zone *time.Location) (any, error) {
	if stored == "" || isZeroDate(stored) {
		return nil, nil
	}
	wall, err := time.Parse(time.DateTime, stored)
	if err != nil {
		return nil, fmt.Errorf("date-time: %w", err)
	}
	return resolve(wall, zone).Format(time.RFC3339), nil
}

// isZeroDate recognises 0000-00-00 and the partial zeros that MySQL lets through.
func isZeroDate(stored string) bool {
	return strings.HasPrefix(stored, "0000") || len(stored) >= 10 && (stored[5:7] == "00" || stored[8:10] == "00")
}

// resolve finds the instant of a wall time (given as if it were UTC): in the hour that a clock change repeats the
// earlier one, in the hour that it leaves out the later one.
func resolve(wall time.Time, zone *time.Location) time.Time {
	var exact, imagined time.Time
	for _, around := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := wall.Add(around).In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		if _, there := t.In(zone).Zone(); there == offset {
			if exact.IsZero() || t.Before(exact) {
				exact = t
			}
		} else if t.After(imagined) {
			imagined = t
		}
	}
	if exact.IsZero() {
		return imagined
	}
	return exact
}
