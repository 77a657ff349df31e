package check

import (
	"time"

	"octail/internal/shop"
)

// KnownTables are the tables whose grants and columns are checked.
func KnownTables() []string {
	var names []string
	for _, t := range known {
		names = append(names, t.name)
	}
	return names
}

// Expected are the tables that a shop should have and that are not there.
func Expected(s *shop.Schema) []string {
	var names []string
	for _, t := range expected(s) {
		names = append(names, t.name)
	}
	return names
}

// WithClock lets a test be another time.
func WithClock(d Deps, now func() time.Time) Deps {
	d.now = now
	return d
}

// WithFree lets a test have another disk.
func WithFree(d Deps, free func(string) (uint64, error)) Deps {
	d.free = free
	return d
}

// WithPatience lets a test wait less for the first connection.
func WithPatience(d Deps, patience time.Duration) Deps {
	d.patience = patience
	return d
}

// SetDropIns is where the unit's additions are for a test.
func SetDropIns(pattern string) { dropIns = pattern }

// Free is the real one.
var Free = freeBytes
