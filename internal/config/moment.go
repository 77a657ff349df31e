package config

import (
	"time"
)

// Moment is a date or a time. One without a zone is in the shop's, which the file alone does not tell. The zero value is none.
type Moment struct {
	At    time.Time `yaml:"-"` // UTC; with Local the wall time, as if it were UTC
	Local bool      `yaml:"-"`
}

// momentForms are the ways to write one in the shop's time zone.
var momentForms = []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05"}

const momentRemedy = "write a date, e.g. 2026-01-31, or a time, e.g. 2026-01-31 15:00 in the shop's time zone or 2026-01-31T15:00:00Z"

// UnmarshalConfig reads any of the forms.
func (m *Moment) UnmarshalConfig(v *Value) {
	var text string
	if v.Decode(&text) && !m.read(text) {
		v.Problem("%s is no date; %s", v.Quote(), momentRemedy)
	}
}

func (m *Moment) read(text string) bool {
	for _, form := range momentForms {
		if at, err := time.Parse(form, text); err == nil {
			*m = Moment{at, true}
			return true
		}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err == nil {
		*m = Moment{At: at.UTC()}
	}
	return err == nil
}

// IsZero tells whether there is none.
func (m Moment) IsZero() bool { return m.At.IsZero() }

// In is the instant, in a shop whose time zone is zone.
func (m Moment) In(zone *time.Location) time.Time {
	if !m.Local || m.At.IsZero() {
		return m.At
	}
	return time.Date(m.At.Year(), m.At.Month(), m.At.Day(), m.At.Hour(), m.At.Minute(), m.At.Second(), 0, zone)
}

// String is the moment as the file could have it; "" for none.
func (m Moment) String() string {
	switch {
	case m.IsZero():
		return ""
	case !m.Local:
		return m.At.Format(time.RFC3339)
	case m.At.Equal(m.At.Truncate(day)):
		return m.At.Format(time.DateOnly)
	}
	return m.At.Format(time.DateTime)
}

// Where a sink begins that is new to the journal.
const (
	StartDocuments = "documents" // with the newest document of each entity
	StartNow       = "now"       // with what happens from then on
	StartDate      = "date"      // with what was journaled since Start.At
)

// Start says where a sink begins at its first start. The zero value is the default of the sink's kind.
type Start struct {
	Kind string `yaml:"-"` // StartDocuments, StartNow or StartDate
	At   Moment `yaml:"-"`
}

// UnmarshalConfig reads documents, now or a date.
func (b *Start) UnmarshalConfig(v *Value) {
	var text string
	if !v.Decode(&text) {
		return
	}
	switch {
	case text == StartDocuments || text == StartNow:
		b.Kind = text
	case b.At.read(text):
		b.Kind = StartDate
	default:
		v.Problem("%s is not possible; write documents, now, or a date, e.g. 2026-01-31", v.Quote())
	}
}
