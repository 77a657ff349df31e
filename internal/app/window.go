package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"octail/internal/journal"
	"octail/transform/document"
)

// snapshotMarks asks for what capture.snapshot lists.
func (a *Agent) snapshotMarks(now time.Time) []journal.Mark {
	var marks []journal.Mark
	for _, item := range a.cfg.Capture.Snapshot {
		m := journal.Mark{Key: document.Key{Entity: item.Entity}, Reason: "snapshot", Origin: document.FromSnapshot}
		if item.Window > 0 {
			m.AddedSince = now.Add(-item.Window)
		}
		marks = append(marks, m)
	}
	return marks
}

// cover notes, at the first start, since when the journal covers each entity: what is
// older and was never touched is not octail's, and no comparison may bring it in as
// new. Entities that the snapshot reads in full have no such time.
func (a *Agent) cover(ctx context.Context, now time.Time) error {
	since := map[string]time.Time{}
	for _, e := range document.Entities {
		since[e] = now.UTC()
	}
	for _, item := range a.cfg.Capture.Snapshot {
		if item.Window > 0 {
			since[item.Entity] = now.Add(-item.Window).UTC()
		} else {
			delete(since, item.Entity)
		}
	}
	text, err := json.Marshal(since)
	if err != nil {
		return fmt.Errorf("note what the journal covers: %w", err)
	}
	return a.journal.SetMeta(ctx, "covered", string(text))
}

// covered reads what cover wrote.
func (a *Agent) covered(ctx context.Context) (map[string]time.Time, error) {
	text, err := a.journal.Meta(ctx, "covered")
	if err != nil || text == "" {
		return nil, err
	}
	var since map[string]time.Time
	if err := json.Unmarshal([]byte(text), &since); err != nil {
		return nil, fmt.Errorf("read what the journal covers: %w", err)
	}
	return since, nil
}
