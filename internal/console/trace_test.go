package console_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/journal"
	"octail/transform/document"
)

// TestKeys: all the ways people name an entity.
func TestKeys(t *testing.T) {
	j := newJournal(t)
	revise(t, j, "order/7", func(e *journal.NewEvent) { e.Number, e.Email = "INV-2026-0017", "alice@example.com" })
	revise(t, j, "order/8", func(e *journal.NewEvent) { e.Number, e.Email = "7", "alice@example.com" }) // a number like another's id
	revise(t, j, "customer/7", func(e *journal.NewEvent) { e.Email = "alice@example.com" })
	revise(t, j, "product/42", func(e *journal.NewEvent) { e.SKU = "LAMP-1" })
	revise(t, j, "stock/42", func(e *journal.NewEvent) { e.SKU = "LAMP-1" })
	_, err := j.Append(t.Context(), journal.Commit{Marks: []journal.Mark{{Key: key(t, "order/9"), Reason: "failed", Error: "zone 9999 is unknown", Origin: document.FromShop}}})
	check(t, err)
	for _, c := range []struct {
		kind, text, want string
	}{
		{"", "7", "order/7 customer/7 order/8"},
		{"order", "7", "order/7 order/8"},
		{"order", "#7", "order/7"},
		{"customer", "7", "customer/7"},
		{"", "order/7", "order/7"},
		{"", "customer/7", "customer/7"},
		{"order", "customer/7", ""},
		{"", "INV-2026-0017", "order/7"},
		{"", "ALICE@example.com", "customer/7 order/8 order/7"},
		{"customer", "alice@example.com", "customer/7"},
		{"", "LAMP-1", "product/42 stock/42"},
		{"stock", "LAMP-1", "stock/42"},
		{"", "9", "order/9"}, // never journaled, and waits
		{"", "10", ""},
		{"", "-7", ""},
		{"", "0", ""},
		{"", "99999999999999999999", ""},
		{"", "order/", ""},
		{"", "%", ""},
		{"", "' OR 1=1 --", ""},
	} {
		keys, err := console.Keys(t.Context(), j, c.kind, c.text)
		check(t, err)
		var got []string
		for _, k := range keys {
			got = append(got, k.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q %q: %v, want %s", c.kind, c.text, got, c.want)
		}
	}
}

func TestKeysAreBounded(t *testing.T) {
	j := newJournal(t)
	for i := range 150 {
		revise(t, j, document.Key{Entity: document.OrderEntity, ID: int64(i + 1)}.String(), func(e *journal.NewEvent) { e.Email = "alice@example.com" })
	}
	keys, err := console.Keys(t.Context(), j, "", "alice@example.com")
	check(t, err)
	if len(keys) != 100 {
		t.Errorf("%d keys", len(keys))
	}
}

// TestTrace tells a story with all that can happen in it.
func TestTrace(t *testing.T) {
	j := newJournal(t)
	k := key(t, "order/1042")
	revise(t, j, "order/1042")
	for name, start := range map[string]int64{"log": 0, "late": 1, "shop-only": 0, "slow": 0} {
		_, err := j.RegisterSink(t.Context(), name, "file", start, 0)
		check(t, err)
	}
	revise(t, j, "order/1042", func(e *journal.NewEvent) { e.Time = began.Add(time.Minute) })
	for name, at := range map[string]int64{"log": 2, "late": 2, "slow": 1, "shop-only": 2} {
		check(t, j.Advance(t.Context(), name, map[string]int64{journal.Live: at}))
	}
	filters := []console.SinkFilter{{Name: "log"}, {Name: "late"}, {Name: "shop-only", Entities: []string{"product"}}, {Name: "slow", Error: "disk\nfull"}}
	_, err := j.Append(t.Context(), journal.Commit{Marks: []journal.Mark{{Key: k, Reason: "failed", Attempts: 2, Error: "zone 9999 is unknown", Next: began.Add(time.Hour)}}})
	check(t, err)

	trace, err := console.TraceOf(t.Context(), j, k, filters)
	check(t, err)
	if !trace.Exists || trace.Deleted || trace.Subject != "order/1042" || len(trace.Revisions) != 2 {
		t.Fatalf("%+v", trace)
	}
	newest, first := trace.Revisions[0], trace.Revisions[1]
	if newest.ID != "order/1042@2" || newest.Kind != document.Updated || newest.Sequence != 2 || !newest.Time.Equal(began.Add(time.Minute)) || first.ID != "order/1042@1" || first.Kind != document.Created {
		t.Errorf("%+v\n%+v", newest, first)
	}
	if !slices.Equal(newest.Changed, []string{"history", "status"}) || !strings.Contains(string(newest.Data), "alice@example.com") {
		t.Errorf("%q %s", newest.Changed, newest.Data)
	}
	states := func(r console.Revision) (out []string) {
		for _, s := range r.Sinks {
			out = append(out, s.Sink+" "+s.State+s.Error)
		}
		return out
	}
	if got, want := states(newest), []string{"log delivered", "late delivered", "shop-only not taken", "slow waitingdisk\nfull"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got, want := states(first), []string{"log delivered", "late before its start", "shop-only not taken", "slow delivered"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if w := trace.Waiting; w == nil || w.Attempts != 2 || w.Error != "zone 9999 is unknown" || w.Reason != "failed" {
		t.Errorf("%+v", w)
	}

	var b strings.Builder
	trace.Text(&b)
	has(t, b.String(), "order/1042: 2 revisions, newest first\n", "to be read again (failed)", ": zone 9999 is unknown (tried 2 times, next 2026-11-22T02:03:22Z)\n",
		"2026-11-22T01:04:22Z  updated  order/1042@2  by shop, sequence 2", "      changed: history, status\n", "      slow: waiting: disk full\n", "      late: before its start\n",
		"2026-11-22T01:03:22Z  created  order/1042@1  by shop, sequence 1")
	hasNot(t, b.String(), "alice", "older revisions")
}

// TestTraceEnds: entities that are deleted, unknown, or known by a mark alone.
func TestTraceEnds(t *testing.T) {
	j := newJournal(t)
	revise(t, j, "order/1")
	revise(t, j, "order/1", func(e *journal.NewEvent) { e.Kind = document.Deleted })
	_, err := j.Append(t.Context(), journal.Commit{Marks: []journal.Mark{{Key: key(t, "order/2"), Reason: "sync"}}})
	check(t, err)
	for subject, want := range map[string]string{
		"order/1": "order/1: deleted in the shop; 2 revisions, newest first\n",
		"order/2": "order/2: nothing journaled yet\n  to be read again (sync) since ",
		"order/3": "order/3: nothing journaled yet\n",
	} {
		trace, err := console.TraceOf(t.Context(), j, key(t, subject), nil)
		check(t, err)
		if trace.Exists || trace.Deleted != (subject == "order/1") || trace.Revisions == nil {
			t.Errorf("%+v", trace)
		}
		var b strings.Builder
		trace.Text(&b)
		has(t, b.String(), want)
	}
}

// TestJournaled: a commit's time has whole seconds, and the shop's clock may be ahead.
func TestJournaled(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{0, ", journaled within 1 s\n"}, {999 * time.Millisecond, ", journaled within 1 s\n"}, {1200 * time.Millisecond, ", journaled within 2 s\n"},
		{90*time.Second + 300*time.Millisecond, ", journaled 1m30s later\n"}, {-2 * time.Second, ", journaled at 2026-11-22T01:03:20Z by this machine's clock\n"},
	} {
		at := time.Date(2026, 11, 22, 1, 3, 22, 0, time.UTC)
		trace := console.Trace{Subject: "order/1", Exists: true, Revisions: []console.Revision{{ID: "order/1@1", Revision: 1, Sequence: 1, Kind: document.Created, Time: at, Journaled: at.Add(c.after)}}}
		var b strings.Builder
		trace.Text(&b)
		has(t, b.String(), c.want)
	}
}
