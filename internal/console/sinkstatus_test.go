package console

import (
	"strings"
	"testing"
	"time"

	"octail/internal/dispatch"
)

// TestSinkStatus: what is not well with a sink is said, with its remedy.
func TestSinkStatus(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		sink  dispatch.Status
		level string
		says  []string
	}{
		{dispatch.Status{Paused: true, Pending: 7}, Amber, []string{"sink erp is paused, with 7 waiting", "octail resume erp"}},
		{dispatch.Status{Stopped: dispatch.StoppedBlocked, LastError: "401", FailingFrom: now.Add(-time.Hour)}, Red, []string{"lets octail in no more since", "401", "octail resume erp"}},
		{dispatch.Status{Stopped: dispatch.StoppedRefused, LastError: "404", FailingFrom: now}, Red, []string{"refuses one after the other", "octail resume erp"}},
		{dispatch.Status{Stopped: dispatch.StoppedFull, Paused: true, LastError: "500", FailingFrom: now}, Red, []string{"journal.max_bytes", "octail resume erp", "loses no entity", "last answer: 500"}},
		{dispatch.Status{LastError: "429", Class: "rate_limited", Next: now.Add(time.Minute)}, Amber, []string{"waits until", "429"}},
		{dispatch.Status{LastError: "500", FailingFrom: now}, Red, []string{"sink erp fails since", "500"}},
		{dispatch.Status{Dead: 1}, Amber, []string{"1 delivery for good: a dead letter", "octail dead list --sink erp"}},
		{dispatch.Status{Dead: 3}, Amber, []string{"3 deliveries for good: dead letters"}},
		{dispatch.Status{Parked: 2, Pending: 2, Held: map[string]int64{"payment": 2}}, Amber, []string{"2 entities wait alone for sink erp", "mapping of payment is missing", "octail reload"}},
		{dispatch.Status{Parked: 1, Pending: 1, Held: map[string]int64{"parent": 1}}, Amber, []string{"what they belong to could not be delivered"}},
		{dispatch.Status{Oldest: now.Add(-time.Hour), Pending: 1}, Amber, []string{"has events waiting since"}},
		{dispatch.Status{}, Green, nil},
	} {
		c.sink.Name = "erp"
		s := Status{Running: true, At: now, Source: Source{State: "connected"}, Sinks: []dispatch.Status{c.sink}}
		s.Judge()
		text := strings.Join(s.Reasons, "\n")
		if s.Level != c.level {
			t.Errorf("%+v is %s: %s", c.sink, s.Level, text)
		}
		for _, part := range c.says {
			if !strings.Contains(text, part) {
				t.Errorf("%q has no %q", text, part)
			}
		}
	}
}
