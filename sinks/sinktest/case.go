package sinktest

import (
	"net/http"
	"testing"

	"octail/sinks"
)

// Case is a type of sink to be tried.
type Case struct {
	Plugin sinks.Plugin
	// Target makes a new and empty target.
	Target func(t *testing.T) Target
	// Except are answers by which this target means something else than the table says,
	// by the table's names.
	Except map[string]Exception
	// CutEvery is for a target that takes long: how many bytes are between two places at
	// which a connection is cut; and each answer is given to one request of a delivery, and
	// not to each of them. 0: all are tried.
	CutEvery int
}

// Target is what a sink writes to in a test.
type Target struct {
	// Handler is the target's side of HTTP; nil: the sink speaks none.
	Handler http.Handler
	// Settings is the sink's section of the config, in YAML, without name and type.
	// address is scheme and host of where Handler is, "" without one.
	Settings func(address string) string
	// Held tells what the target has: of a log each event once, in the order they came,
	// as somebody does who knows them by their ids; of states one for each entity.
	Held func() []Held
	// Refuse makes the target refuse one entity ("order/3") for good, and nothing else;
	// "": none any more. nil: it cannot, and single refusals are not tried.
	Refuse func(subject string)
	// Secrets are those in Settings: they must be in no error, no log and no exchange.
	Secrets []string
}

// Held is one thing that a target has.
type Held struct {
	Subject  string
	Revision int64
	Deleted  bool
}

// Exception is what an answer means instead.
type Exception struct {
	Class  sinks.Class
	Taken  bool   // it is a success
	Reason string // why; for who reads the test
}

// Run tries a sink in all ways.
func Run(t *testing.T, c Case) {
	for _, part := range []struct {
		name string
		try  func(*harness)
		http bool
	}{
		{"settings", settings, false},
		{"needs", needs, false},
		{"check changes nothing", checkChangesNothing, false},
		{"delivers", delivers, false},
		{"redelivery", redelivery, false},
		{"older after newer", olderAfterNewer, false},
		{"deletes", deletes, false},
		{"existing", existing, false},
		{"at once", atOnce, false},
		{"strange deliveries", strange, false},
		{"compares", compares, false},
		{"erases", erases, false},
		{"ended context", endedContext, false},
		{"one refused", oneRefused, false},
		{"paced", paced, true},
		{"answers", answers, true},
		{"hangs", hangs, true},
		{"cut anywhere", cutAnywhere, true},
		{"no connection", noConnection, true},
	} {
		t.Run(part.name, func(t *testing.T) {
			h := newHarness(t, c)
			if part.http && h.target.Handler == nil {
				return // it speaks no HTTP, and has not said that it does
			}
			part.try(h)
		})
	}
}
