package journal_test

import (
	"fmt"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

// TestQueue: the queues of a sink that wants states hold the newest document of each
// entity once, in order, and say how far the sink is with it.
func TestQueue(t *testing.T) {
	j := open(t, newPath(t))
	ctx := t.Context()
	from := func(origin string, ids ...int64) {
		for _, id := range ids {
			known := must[map[int64]journal.Known](t)(j.Known(ctx, "order", []int64{id}))
			e := event(order(id), known[id], fmt.Sprintf(`{"v":%d}`, known[id].Revision))
			e.Origin = origin
			must[int64](t)(j.Append(ctx, journal.Commit{Events: []journal.NewEvent{e}}))
		}
	}
	from(document.FromSnapshot, 1, 2, 3) // 1 to 3
	from(document.FromShop, 2, 4, 4)     // 4 to 6
	from("erp", 5)                       // 7: the echo of a sink's own writing
	from(document.FromSync, 4)           // 8
	from(document.FromReconcile, 6)      // 9
	remove(t, j, order(6), `{"v":2}`)    // 10
	check(t, j.Settle(ctx, "erp", journal.Outcome{
		Accepted: []journal.Accepted{{Key: order(2), Revision: 1, Sequence: 2}, {Key: order(5), Revision: 1, Sequence: 7}},
		Park:     []journal.Parked{{Key: order(3), Sequence: 3, Since: began, Next: began}},
		Dead:     []journal.Dead{{Key: order(4), Revision: 1, Sequence: 5}, {Key: order(4), Revision: 2, Sequence: 6}},
	}))
	const far = int64(1) << 60
	for _, c := range []struct {
		after, to int64
		limit     int
		live      bool
		want      string
	}{
		{0, far, 10, true, "2@2:4(accepted 2) 5@1:7(accepted 7) 6@2:10(deleted)"},
		{0, far, 10, false, "1@1:1(bulk) 3@1:3(bulk parked) 2@2:4(accepted 2) 5@1:7(accepted 7) 4@3:8(bulk dead 6) 6@2:10(deleted)"},
		{3, 8, 10, false, "2@2:4(accepted 2) 5@1:7(accepted 7) 4@3:8(bulk dead 6)"},
		{0, far, 3, false, "1@1:1(bulk) 3@1:3(bulk parked) 2@2:4(accepted 2)"},
		{4, far, 1, true, "5@1:7(accepted 7)"},
		{10, far, 10, false, ""},
	} {
		got := ""
		for i, q := range must[[]journal.Queued](t)(j.Queue(ctx, "erp", c.after, c.to, c.limit, c.live)) {
			if i > 0 {
				got += " "
			}
			var more string
			for _, m := range []struct {
				is   bool
				word string
			}{{q.Deleted, "deleted"}, {q.Bulk, "bulk"}, {q.Accepted > 0, fmt.Sprint("accepted ", q.Accepted)}, {q.Parked, "parked"}, {q.Dead, fmt.Sprint("dead ", q.DeadAt)}} {
				if m.is && more != "" {
					more += " "
				}
				if m.is {
					more += m.word
				}
			}
			got += fmt.Sprintf("%d@%d:%d", q.ID, q.Revision, q.Sequence)
			if more != "" {
				got += "(" + more + ")"
			}
		}
		if got != c.want {
			t.Errorf("%+v:\n%s", c, got)
		}
	}
	added := func(sequence int64) time.Time { return must[journal.Stored](t)(j.Event(ctx, sequence)).Added }
	for _, c := range []struct {
		live, bulk, fill, n int64
		oldest              time.Time
	}{
		{0, 0, 0, 5, began},   // all but 5, which is accepted; 3 is parked since began
		{0, 0, 10, 5, began},  // the same, all of it bulk
		{4, 0, 0, 4, began},   // without 2
		{10, 3, 4, 3, began},  // 2 is bulk for it; 4 and the parked one
		{10, 10, 0, 1, began}, // the parked one alone
	} {
		n, oldest, err := j.Waiting(ctx, "erp", c.live, c.bulk, c.fill)
		if err != nil || n != c.n || !oldest.Equal(c.oldest) {
			t.Errorf("%+v: %d since %s, %v", c, n, oldest, err)
		}
	}
	check(t, j.Settle(ctx, "erp", journal.Outcome{Unpark: []document.Key{order(3)}, Cursors: map[string]int64{journal.Live: 4}}))
	if n, oldest, err := j.Waiting(ctx, "erp", 4, 8, 0); n != 1 || !oldest.Equal(added(10)) || err != nil {
		t.Error(n, oldest, err)
	}
	if n, oldest, err := j.Waiting(ctx, "erp", 10, 10, 0); n != 0 || !oldest.IsZero() || err != nil {
		t.Error(n, oldest, err)
	}
}

// TestWaitingManyIsCounted: of very many documents what was taken out of turn is
// counted too; nothing is counted twice or left out.
func TestWaitingManyIsCounted(t *testing.T) {
	j := open(t, newPath(t))
	const many = 3000
	var c journal.Commit
	for id := range int64(many) {
		e := event(order(id+1), journal.Known{}, `{"v":1}`)
		if id%2 == 0 {
			e.Origin = document.FromSnapshot
		}
		c.Events = append(c.Events, e)
	}
	must[int64](t)(j.Append(t.Context(), c))
	check(t, j.Settle(t.Context(), "erp", journal.Outcome{Park: []journal.Parked{{Key: order(1), Sequence: 1, Since: began}}}))
	for _, at := range [][4]int64{{0, 0, 0, many + 1}, {many, many, 0, 1}, {many, 0, 0, many/2 + 1}, {0, many, 0, many/2 + 1}, {0, 0, many, many + 1}, {many, 0, many, many + 1}, {0, many, many, 1}, {many - 100, many - 100, 500, 101}} {
		n, _, err := j.Waiting(t.Context(), "erp", at[0], at[1], at[2])
		if err != nil || n != at[3] {
			t.Errorf("%v: %d, %v", at, n, err)
		}
	}
}

// TestRevisionsAfter: a parked entity's revisions are found along their chain.
func TestRevisionsAfter(t *testing.T) {
	j := open(t, newPath(t))
	for i := range 12 {
		add(t, j, order(int64(i%3)+1), fmt.Sprintf(`{"v":%d}`, i)) // order 1: 1 4 7 10
	}
	for _, c := range []struct {
		after, to int64
		want      string
	}{{0, 99, "[1 4 7 10]"}, {3, 9, "[4 7]"}, {4, 10, "[7 10]"}, {10, 99, "[]"}} {
		if got := fmt.Sprint(must[[]int64](t)(j.RevisionsAfter(t.Context(), order(1), c.after, c.to))); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if got := must[[]int64](t)(j.RevisionsAfter(t.Context(), order(9), 0, 99)); len(got) > 0 {
		t.Error(got)
	}
	must[int64](t)(j.Retain(t.Context(), time.Now().Add(time.Hour), 0, 0, nil))
	if got := fmt.Sprint(must[[]int64](t)(j.RevisionsAfter(t.Context(), order(1), 0, 99))); got != "[10]" {
		t.Error(got)
	}
}

// TestAcceptedPage: what may be compared with a target is what it took long enough ago
// and is still the newest.
func TestAcceptedPage(t *testing.T) {
	j := open(t, newPath(t))
	ctx := t.Context()
	for id := int64(1); id <= 5; id++ {
		add(t, j, order(id), `{"v":1}`)
	}
	remove(t, j, order(2), `{"v":2}`) // 6
	remove(t, j, order(3), `{"v":2}`) // 7
	add(t, j, order(4), `{"v":2}`)    // 8
	accepted := func(id, sequence int64, at time.Time) journal.Accepted {
		return journal.Accepted{Key: order(id), Revision: 1, Sequence: sequence, Time: at}
	}
	check(t, j.Settle(ctx, "erp", journal.Outcome{Accepted: []journal.Accepted{accepted(1, 1, began), accepted(2, 6, began), accepted(3, 7, began), accepted(4, 4, began), accepted(5, 5, began.Add(time.Minute))}}))
	page := func(after int64, before time.Time, limit int) (ids []int64) {
		for _, a := range must[[]journal.Accepted](t)(j.AcceptedPage(ctx, "erp", "order", after, before, limit)) {
			ids = append(ids, a.ID)
		}
		return ids
	}
	late := began.Add(time.Hour)
	if got := fmt.Sprint(page(0, late, 10), page(1, late, 2), page(0, began.Add(time.Second), 10)); got != "[1 2 3 5] [2 3] [1 2 3]" {
		t.Error(got)
	}
	must[int64](t)(j.Retain(ctx, time.Now().Add(time.Hour), 0, 0, nil)) // the last documents of 2 and 3 go
	if got := fmt.Sprint(page(0, late, 10)); got != "[1 5]" {
		t.Error(got)
	}
}

// TestRetainWaitsForParked: a log is still given what it has parked.
func TestRetainWaitsForParked(t *testing.T) {
	j := open(t, newPath(t))
	ctx := t.Context()
	must[journal.Sink](t)(j.RegisterSink(ctx, "log", "file", 0, 0))
	for range 6 {
		add(t, j, order(1), `{"v":1}`)
	}
	check(t, j.Settle(ctx, "log", journal.Outcome{Cursors: map[string]int64{journal.Live: 6}, Park: []journal.Parked{{Key: order(1), Revision: 3, Sequence: 3}}}))
	later := time.Now().Add(time.Hour)
	if at, ok, err := j.Place(ctx, "log"); at != 2 || !ok || err != nil {
		t.Error(at, ok, err)
	}
	if n := must[int64](t)(j.Retain(ctx, later, 0, 0, []string{"log"})); n != 2 {
		t.Errorf("%d removed", n)
	}
	check(t, j.Settle(ctx, "log", journal.Outcome{Unpark: []document.Key{order(1)}}))
	if n := must[int64](t)(j.Retain(ctx, later.Add(24*time.Hour), 0, 0, []string{"log"})); n != 3 {
		t.Errorf("%d removed", n)
	}
}

// TestSequenceBefore: behind it is what was journaled since a time, also where retention
// has left holes, and at the very moment of an event.
func TestSequenceBefore(t *testing.T) {
	j := open(t, newPath(t))
	var at []time.Time
	for n := range int64(9) {
		add(t, j, order(n%2+1), fmt.Sprintf(`{"v":%d}`, n))
		at = append(at, must[journal.Stored](t)(j.Event(t.Context(), n+1)).Added)
		time.Sleep(time.Millisecond)
	}
	look := func(when time.Time, want int64) {
		t.Helper()
		if got := must[int64](t)(j.SequenceBefore(t.Context(), when)); got != want {
			t.Errorf("since %s: behind %d, want %d", when, got, want)
		}
	}
	for n := range at {
		look(at[n], int64(n))
		look(at[n].Add(time.Microsecond), int64(n)+1)
	}
	look(at[0].Add(-time.Hour), 0)
	must[int64](t)(j.Retain(t.Context(), time.Now().Add(time.Hour), 0, 0, nil)) // 8 and 9 stay
	look(at[0].Add(-time.Hour), 0)
	look(at[8], 8)
	look(at[8].Add(time.Hour), 9)
}
