package shop

import (
	"errors"
	"testing"
	"time"

	"octail/canal"
)

// TestSightings: what the log held a second before a read is proven for it, and
// nothing else is: not what came since, not what another log held.
func TestSightings(t *testing.T) {
	const ms = time.Millisecond
	at := func(file string, offset uint64) canal.Position { return canal.Position{File: file, Offset: offset} }
	gone := errors.New("gone")
	var s sightings
	began, looks := time.Now(), 0
	for i, c := range []struct {
		after  time.Duration // since the beginning
		log    canal.Position
		asked  canal.Position
		want   bool
		looked bool
		forget bool
		fails  bool
	}{
		{after: 0, log: at("b.000001", 100), asked: at("b.000001", 100), looked: true},
		{after: 999 * ms, log: at("b.000001", 150), asked: at("b.000001", 100)},
		{after: 1000 * ms, log: at("b.000001", 200), asked: at("b.000001", 100), want: true, looked: true},
		{after: 1000 * ms, log: at("b.000001", 200), asked: at("b.000001", 101)},
		{after: 1000 * ms, log: at("b.000001", 200), asked: canal.Position{GTID: "0-1-1"}}, // a place in the log of nobody knows whom
		{after: 1999 * ms, log: at("b.000001", 300), asked: at("b.000001", 200)},
		{after: 2500 * ms, log: at("b.000002", 4), asked: at("b.000001", 200), want: true, looked: true},
		{after: 2500 * ms, log: at("b.000002", 4), asked: at("b.000001", 300)},
		{after: 4000 * ms, asked: at("b.000001", 300), looked: true, fails: true},
		{after: 4100 * ms, log: at("b.000002", 900), asked: at("b.000001", 300), want: true, looked: true},
		{after: 9000 * ms, log: at("b.000002", 900), asked: at("b.000002", 900), want: true, looked: true},
		{after: 10000 * ms, log: at("b.000001", 50), asked: at("b.000001", 50), looked: true}, // RESET MASTER
		{after: 10999 * ms, log: at("b.000001", 60), asked: at("b.000001", 50)},
		{after: 11000 * ms, log: at("b.000001", 60), asked: at("b.000001", 50), want: true, looked: true},
		{after: 12000 * ms, log: at("b.000001", 60), asked: at("b.000001", 50), forget: true, looked: true}, // a hole
		{after: 13000 * ms, log: canal.Position{}, asked: at("b.000001", 50), looked: true},                 // switched off
		{after: 14000 * ms, log: at("b.000001", 60), asked: at("b.000001", 50), looked: true},
		{after: 15000 * ms, log: at("b.000001", 60), asked: at("b.000001", 60), want: true, looked: true},
	} {
		if c.forget {
			s.forget()
		}
		before := looks
		now := began.Add(c.after)
		got, err := s.settled(now, c.asked, func() (sighting, error) {
			looks++
			if c.fails {
				return sighting{}, gone
			}
			return sighting{now, c.log}, nil
		})
		if got != c.want || errors.Is(err, gone) != c.fails || looks > before != c.looked {
			t.Errorf("%d: after %s: %v, %v, looked %v", i, c.after, got, err, looks > before)
		}
	}
}
