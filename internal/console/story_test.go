package console_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/journal"
	"octail/transform/document"
)

// TestStory: a trace tells of every attempt, of what waits and why, of dead letters and
// what to do, and of what was never for a sink. The whole text is in testdata/story.txt.
func TestStory(t *testing.T) {
	j := newJournal(t)
	ctx := t.Context()
	k := key(t, "order/1042")
	at := func(minutes float64) time.Time { return began.Add(time.Duration(minutes * float64(time.Minute))) }
	names := []string{"log", "hook", "erp", "wms", "crm", "late", "mail", "off", "shut", "own"}
	for _, name := range names {
		_, err := j.RegisterSink(ctx, name, "x", map[string]int64{"late": 2}[name], 0)
		check(t, err)
	}
	for i, origin := range []string{document.FromSnapshot, document.FromShop, document.FromShop, "own"} {
		revise(t, j, k.String(), func(e *journal.NewEvent) { e.Time, e.Origin = at(float64(i)), origin })
	}
	settle := func(sink string, o journal.Outcome) {
		t.Helper()
		check(t, j.Settle(ctx, sink, o))
	}
	try := func(revision int64, minutes float64, class, answer string, next float64) journal.Attempt {
		a := journal.Attempt{Key: k, Revision: revision, Sequence: revision, Started: at(minutes), Duration: 120 * time.Millisecond, Class: class, Request: "POST https://erp.example.com/orders", Answer: answer}
		if next > 0 {
			a.Next = at(next)
		}
		return a
	}
	live := func(n int64) map[string]int64 { return map[string]int64{journal.Live: n, journal.Bulk: n} }
	// A log: all in one call, but for the third, which was tried twice before.
	settle("log", journal.Outcome{Cursors: live(4), Attempts: []journal.Attempt{{First: 1, Sequence: 4, Started: at(4), Duration: 9 * time.Millisecond, Class: "ok"}}})
	// A log with a dead letter, and one that waits behind what is parked.
	settle("hook", journal.Outcome{Cursors: live(4), Dead: []journal.Dead{{Key: k, Revision: 1, Sequence: 1, Class: "permanent", Reason: "refused", Cause: "422: no such tax: \x1b[31mVAT 19\nline two", Attempts: 1, Since: at(1)}},
		Park: []journal.Parked{{Key: k, Queue: journal.Live, Revision: 3, Sequence: 3, Class: "retryable", Reason: "failing", Attempts: 3, Since: at(3), Tried: at(5), Next: at(9), Error: "503: come back later"}},
		Attempts: []journal.Attempt{{First: 2, Sequence: 2, Started: at(2), Duration: 3200 * time.Millisecond, Class: "ok"}, try(1, 1, "permanent", "422: no such tax\n\n{7}\n", 0),
			try(3, 3, "retryable", "timeout", 4), try(3, 4, "rate_limited", "429: slow down", 5), try(3, 5, "retryable", "503: come back later", 9)}})
	// States: the newest is parked for a parent; one was taken; the others were never given.
	settle("erp", journal.Outcome{Cursors: live(4), Accepted: []journal.Accepted{{Key: k, Revision: 2, Sequence: 2, Time: at(2)}},
		Park:     []journal.Parked{{Key: k, Queue: journal.Live, Revision: 4, Sequence: 4, Class: "retryable", Reason: "parent", Waits: "customer/7", Since: at(4), Next: at(64)}},
		Attempts: []journal.Attempt{try(2, 1.5, "retryable", "timeout", 2), try(2, 2, "ok", "", 0)}})
	check(t, j.SetLink(ctx, journal.Link{Sink: "erp", Key: k, Target: "SO-4711", Person: true}, journal.Link{Sink: "wms", Key: k, Target: "88"}))
	// States: delivered after many tries.
	o := journal.Outcome{Cursors: live(4), Accepted: []journal.Accepted{{Key: k, Revision: 4, Sequence: 4, Time: at(20)}}}
	for i := range 8 {
		o.Attempts = append(o.Attempts, try(4, float64(5+i), "retryable", fmt.Sprint("500, the ", i+1, ". time"), float64(6+i)))
	}
	o.Attempts = append(o.Attempts, try(4, 20, "ok", "", 0))
	settle("wms", o)
	settle("crm", journal.Outcome{Cursors: live(4)})
	settle("mail", journal.Outcome{Cursors: live(1)})
	settle("late", journal.Outcome{Cursors: live(4)})
	off, _, err := j.Sink(ctx, "off")
	check(t, err)
	off.Paused = true
	settle("off", journal.Outcome{Sink: &off})
	off.Paused, off.Stopped, off.Error = false, "blocked", "401: the password was changed"
	settle("shut", journal.Outcome{Sink: &off})
	settle("own", journal.Outcome{Cursors: live(4)})

	trace, err := console.TraceOf(ctx, j, k, []console.SinkFilter{
		{Name: "log"}, {Name: "hook"}, {Name: "erp", States: true}, {Name: "wms", States: true},
		{Name: "crm", States: true, Takes: func(e *document.Event, known bool) (bool, string) {
			return false, fmt.Sprintf("where.min_total: the total is below 100 (known %v)", known)
		}},
		{Name: "late"}, {Name: "mail", Error: "connection refused"}, {Name: "off", States: true}, {Name: "shut"}, {Name: "own", States: true},
		{Name: "stock", Entities: []string{"product", "stock"}},
	})
	check(t, err)
	for i := range trace.Revisions {
		trace.Revisions[i].Journaled = trace.Revisions[i].Time.Add(120 * time.Millisecond)
	}
	var b strings.Builder
	trace.Text(&b)
	want, err := os.ReadFile("testdata/story.txt")
	if err != nil || b.String() != string(want) {
		t.Errorf("%v\n%s", err, b.String())
	}
}
