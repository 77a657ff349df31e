package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/journal"
	"octail/transform/document"
)

// TestFills follows a snapshot through its pages, a restart, and its end.
func TestFills(t *testing.T) {
	j, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "octail.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	var log strings.Builder
	now := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	agent := &Agent{journal: j, log: slog.New(slog.NewTextHandler(&log, nil))}
	f := newFills(agent)
	f.now = func() time.Time { return now }
	look := func() []console.Fill {
		t.Helper()
		if err := f.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(10 * time.Second)
		if all := agent.filling.Load(); all != nil {
			return *all
		}
		return nil
	}
	mark := func(id int64) {
		t.Helper()
		if _, err := j.Append(context.Background(), journal.Commit{Marks: []journal.Mark{{Key: document.Key{Entity: "product", ID: id}, Reason: "snapshot", Origin: "snapshot"}}}); err != nil {
			t.Fatal(err)
		}
	}
	clear := func(id int64) {
		t.Helper()
		if _, err := j.Append(context.Background(), journal.Commit{Clear: []journal.Seen{{Key: document.Key{Entity: "product", ID: id}, Mark: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	if all := look(); len(all) != 0 {
		t.Errorf("nothing is under way: %+v", all)
	}
	mark(0)
	if all := look(); len(all) != 1 || !all[0].Listing || all[0].String() != "listing keys" {
		t.Errorf("%+v", all)
	}
	for id := range int64(10) {
		mark(id + 1)
	}
	f.marked("snapshot", "product", 10, 20)
	if all := look(); len(all) != 1 || all[0].Total != 30 || all[0].Done != 0 {
		t.Errorf("%+v", all)
	}
	for id := range int64(5) {
		clear(id + 1)
	}
	if all := look(); all[0].Done != 5 || all[0].Rate != 0.25 {
		t.Errorf("%+v", all)
	}

	// A restart: the total is known, what is not listed yet is told with the next page.
	before := now
	f = newFills(agent)
	f.now = func() time.Time { return now }
	f.resume(t.Context())
	f.marked("snapshot", "product", 10, 10)
	for id := range int64(10) {
		mark(id + 11)
	}
	all := look()
	if len(all) != 1 || all[0].Total != 30 || all[0].Done != 5 || all[0].Since.After(before.Add(-20*time.Second)) || all[0].Listing {
		t.Errorf("%+v", all)
	}
	clear(0)
	f.marked("snapshot", "product", 10, 0)
	for id := range int64(20) {
		clear(id + 1)
	}
	if all := look(); len(all) != 0 || !strings.Contains(log.String(), "the snapshot is finished") || !strings.Contains(log.String(), "entities=30") {
		t.Errorf("%+v\n%s", all, log.String())
	}
	if text, err := j.Meta(t.Context(), metaFills); err != nil || text != "" {
		t.Errorf("%q %v", text, err)
	}
	if bar := (console.Fill{Reason: "snapshot", Done: 50, Total: 100, Rate: 10}).Bar(); bar != "snapshot [############------------] 50 of 100, 10/s, 5s left" {
		t.Error(bar)
	}
}
