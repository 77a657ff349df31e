package config

import (
	"testing"
	"time"
)

func TestTimeOfDayNext(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := TimeOfDay{2, 30, true}
	for now, want := range map[string]string{
		"2026-11-22T00:00:00Z": "2026-11-22T01:30:00Z",
		"2026-11-22T01:30:00Z": "2026-11-23T01:30:00Z", // not the same again
		"2026-12-31T23:00:00Z": "2027-01-01T01:30:00Z",
		"2026-03-28T12:00:00Z": "2026-03-29T01:30:00Z", // a day without half past two
		"2026-10-24T12:00:00Z": "2026-10-25T01:30:00Z", // a day with two of them: the second
	} {
		from, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		got := at.Next(from, berlin)
		if got.UTC().Format(time.RFC3339) != want {
			t.Errorf("after %s: %s, want %s", now, got.UTC().Format(time.RFC3339), want)
		}
	}
	if at.String() != "02:30" || (TimeOfDay{}).String() != "off" {
		t.Error(at, TimeOfDay{})
	}
}
