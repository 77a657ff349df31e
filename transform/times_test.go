package transform

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestInstant(t *testing.T) {
	for _, c := range []struct{ zone, stored, want string }{
		{"Europe/Berlin", "2026-01-15 12:00:00", "2026-01-15T11:00:00Z"},
		{"Europe/Berlin", "2026-07-15 12:00:00", "2026-07-15T10:00:00Z"},
		{"Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"},
		{"Europe/Berlin", "2026-10-25 02:00:00", "2026-10-25T00:00:00Z"}, // twice: the earlier
		{"Europe/Berlin", "2026-10-25 02:59:59", "2026-10-25T00:59:59Z"},
		{"Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
		{"Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"},
		{"Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"}, // never: the later
		{"Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"},
		{"America/New_York", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z"},
		{"America/New_York", "2026-03-08 02:30:00", "2026-03-08T07:30:00Z"},
		{"Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00Z"}, // half an hour
		{"Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00Z"},        // a day that never was: the later
		{"UTC", "2026-01-15 12:00:00.123456", "2026-01-15T12:00:00Z"},
		{"Asia/Kolkata", "2026-01-15 12:00:00", "2026-01-15T06:30:00Z"},
		{"UTC", "0000-00-00 00:00:00", ""},
		{"UTC", "2026-00-00 00:00:00", ""},
		{"UTC", "2026-02-30 00:00:00", ""},
		{"UTC", "2026-01-15", ""},
		{"UTC", "", ""},
		{"UTC", "2026-01-15T12:00:00", ""},
	} {
		got := ""
		if at := instant(c.stored, zone(t, c.zone)); at != nil {
			got = *at
		}
		if got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.stored, c.zone, got, c.want)
		}
	}
}

// TestInstantInverts: what clocks in a zone show leads back to the instant, or, in a
// repeated hour, to the earlier one that shows the same.
func TestInstantInverts(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		// Every change of the years 2015 to 2035, a second on either side, and anything.
		at := time.Unix(rapid.Int64Range(1420070400, 2051222400).Draw(t, "at"), 0)
		if _, next := at.In(z).ZoneBounds(); rapid.Bool().Draw(t, "near a change") && !next.IsZero() {
			at = next.Add(time.Duration(rapid.Int64Range(-7200, 7200).Draw(t, "off")) * time.Second)
		}
		shown := at.In(z).Format(time.DateTime)
		got := instant(shown, z)
		back, err := time.Parse(time.RFC3339, *got)
		if err != nil {
			t.Fatal(err)
		}
		if again := back.In(z).Format(time.DateTime); again != shown {
			t.Fatalf("%s in %s became %s, which shows %s", shown, name, *got, again)
		}
		if back.After(at) || at.Sub(back) > time.Hour {
			t.Fatalf("%s in %s became %s, was %s", shown, name, *got, at.UTC().Format(time.RFC3339))
		}
	})
}

func TestDate(t *testing.T) {
	for stored, want := range map[string]string{
		"2026-12-24": "2026-12-24", "2026-12-24 10:00:00": "2026-12-24", "0000-00-00": "", "2026-00-01": "", "2026-01-00": "", "": "", "2026": "",
	} {
		got := ""
		if d := date(stored); d != nil {
			got = *d
		}
		if got != want {
			t.Errorf("%q: %q, want %q", stored, got, want)
		}
	}
}
