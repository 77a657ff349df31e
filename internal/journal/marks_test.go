package journal_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

// TestWindows: a key that is marked with and without a window, or with two, is read
// for the wider one, in whichever order they come.
func TestWindows(t *testing.T) {
	all, early, late := time.Time{}, began.Add(-90*24*time.Hour), began
	for _, c := range []struct {
		name                string
		first, second, want time.Time
	}{
		{"a window, then all", late, all, all},
		{"all, then a window", all, late, all},
		{"a window, then a longer one", late, early, early},
		{"a window, then a shorter one", early, late, early},
		{"the same again", late, late, late},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := open(t, newPath(t))
			for i, since := range []time.Time{c.first, c.second} {
				mark := journal.Mark{Key: order(0), Reason: []string{"snapshot", "gap"}[i], Origin: document.FromReconcile, AddedSince: since}
				must[int64](t)(j.Append(t.Context(), journal.Commit{Marks: []journal.Mark{mark}}))
			}
			list := must[[]journal.Dirty](t)(j.Due(t.Context(), time.Now(), 2))
			if len(list) != 1 || !list[0].AddedSince.Equal(c.want) || list[0].Reason != "gap" || list[0].Number != 2 {
				t.Errorf("%+v, want one since %s", list, c.want)
			}
		})
	}
}

// TestFailingMarks: they are counted by reason, and can be made due before their time.
func TestFailingMarks(t *testing.T) {
	j := open(t, newPath(t))
	later := time.Now().Add(time.Hour)
	must[int64](t)(j.Append(t.Context(), journal.Commit{Marks: []journal.Mark{
		{Key: order(1), Reason: "gap", Error: "table gone", Attempts: 3, Next: later},
		{Key: order(2), Reason: "gap", Next: later},
		{Key: order(3), Reason: "sync", Error: "table gone", Next: later},
	}}))
	if got, want := fmt.Sprint(must[[]journal.Marks](t)(j.MarksByReason(t.Context()))), "[{gap order 1 1 false} {sync order 0 1 false}]"; got != want {
		t.Errorf("marks %s, want %s", got, want)
	}
	if list := must[[]journal.Dirty](t)(j.Due(t.Context(), time.Now(), 9)); len(list) != 0 {
		t.Errorf("due: %+v", list)
	}
	if err := j.RetryFailing(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := must[[]journal.Dirty](t)(j.Due(t.Context(), time.Now(), 9))
	if len(list) != 2 || list[0].Error == "" || list[1].Error == "" || list[0].Attempts+list[1].Attempts != 3 {
		t.Errorf("due: %+v", list)
	}
}

// BenchmarkDue asks for a batch of a whole shop's marks, as a snapshot does again and
// again.
func BenchmarkDue(b *testing.B) {
	j := open(b, newPath(b))
	const total, chunk = 300_000, 5000
	for first := int64(0); first < total; first += chunk {
		var c journal.Commit
		for i := range int64(chunk) {
			c.Marks = append(c.Marks, journal.Mark{Key: order(first + i + 1), Reason: "snapshot", Origin: document.FromSnapshot})
		}
		must[int64](b)(j.Append(b.Context(), c))
	}
	for b.Loop() {
		if list := must[[]journal.Dirty](b)(j.Due(b.Context(), time.Now(), 200)); len(list) != 200 {
			b.Fatal(len(list))
		}
	}
}

// TestDue: asked again and again while nothing is due, it still tells each mark as
// soon as its time has come, whenever that was made.
func TestDue(t *testing.T) {
	j := open(t, newPath(t))
	mark := func(id int64, next time.Time) {
		t.Helper()
		must[int64](t)(j.Append(t.Context(), journal.Commit{Marks: []journal.Mark{{Key: order(id), Reason: "held", Origin: document.FromShop, Next: next}}}))
	}
	due := func(at time.Time, want ...int64) {
		t.Helper()
		for range 3 {
			var got []int64
			for _, d := range must[[]journal.Dirty](t)(j.Due(t.Context(), at, 10)) {
				got = append(got, d.ID)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("at %s: due %v, want %v", at.Sub(began), got, want)
			}
		}
	}
	due(began)
	due(began.Add(50 * time.Minute))
	mark(1, began.Add(time.Minute))
	due(began)
	due(began.Add(59 * time.Second))
	mark(2, began.Add(30*time.Second))
	due(began.Add(29 * time.Second))
	due(began.Add(30*time.Second), 2)
	mark(3, time.Time{})
	due(began, 3)
	due(began.Add(time.Minute), 3, 2, 1)
	for id := range int64(3) {
		must[int64](t)(j.Append(t.Context(), journal.Commit{Clear: []journal.Seen{{Key: order(id + 1), Mark: 1}}}))
	}
	due(began.Add(time.Minute))
	mark(2, began.Add(2*time.Minute)) // anew
	mark(2, began.Add(3*time.Minute)) // put off
	due(began.Add(2 * time.Minute))
	due(began.Add(3*time.Minute), 2)
}

// TestDueBesideAppends: a mark that is made while another goroutine asks is not
// overlooked for longer than that one question.
func TestDueBesideAppends(t *testing.T) {
	j := open(t, newPath(t))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	asking := make(chan struct{})
	go func() {
		defer close(asking)
		for ctx.Err() == nil {
			_, _ = j.Due(ctx, began, 1)
		}
	}()
	for id := int64(1); id <= 100; id++ {
		must[int64](t)(j.Append(t.Context(), journal.Commit{Marks: []journal.Mark{{Key: order(id), Reason: "held", Origin: document.FromShop}}}))
		if list := must[[]journal.Dirty](t)(j.Due(t.Context(), began, 10)); len(list) != 1 || list[0].ID != id {
			t.Fatalf("mark %d: due %v", id, list)
		}
		must[int64](t)(j.Append(t.Context(), journal.Commit{Clear: []journal.Seen{{Key: order(id), Mark: 1}}}))
	}
	stop()
	<-asking
}
