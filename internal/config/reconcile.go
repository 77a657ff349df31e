package config

import (
	"fmt"
	"time"
)

// Reconcile is the daily comparison of the journal with the shop.
type Reconcile struct {
	At     TimeOfDay `yaml:"at"`
	Repair bool      `yaml:"repair"` // what differs is read again and delivered
}

// TimeOfDay is a time of day, or none (off).
type TimeOfDay struct {
	Hour   int  `yaml:"-"`
	Minute int  `yaml:"-"`
	Set    bool `yaml:"-"`
}

func defaultReconcile() Reconcile {
	return Reconcile{At: TimeOfDay{3, 30, true}, Repair: true}
}

// UnmarshalConfig reads "03:30" or off.
func (t *TimeOfDay) UnmarshalConfig(v *Value) {
	var text string
	if !v.Decode(&text) {
		return
	}
	if text == "off" {
		*t = TimeOfDay{}
		return
	}
	at, err := time.Parse("15:04", text)
	if err != nil {
		v.Problem(`%s must be a time of day as "03:30", or off`, v.Quote())
		return
	}
	*t = TimeOfDay{at.Hour(), at.Minute(), true}
}

func (t TimeOfDay) String() string {
	if !t.Set {
		return "off"
	}
	return fmt.Sprintf("%02d:%02d", t.Hour, t.Minute)
}

// Next is the next such time after now, in a time zone: on a day that skips it, what
// the clocks show then.
func (t TimeOfDay) Next(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	for day := 0; ; day++ {
		if at := time.Date(local.Year(), local.Month(), local.Day()+day, t.Hour, t.Minute, 0, 0, zone); at.After(now) {
			return at
		}
	}
}
