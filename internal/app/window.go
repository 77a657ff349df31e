package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/shop"
	"octail/transform"
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
func (a *Agent) cover(ctx context.Context, s *source, now time.Time) error {
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
	if err := a.journal.SetMeta(ctx, "covered", string(text)); err != nil {
		return err
	}
	schema, err := s.reader.Schema(ctx)
	if err != nil {
		return err
	}
	var above map[string]int64
	err = s.reader.Read(ctx, canal.Position{}, schema, func(r *shop.Reader) (err error) {
		above, err = transform.Undated(r)
		return err
	})
	if err != nil {
		return err
	}
	if text, err = json.Marshal(above); err != nil {
		return fmt.Errorf("note what the journal covers: %w", err)
	}
	return a.journal.SetMeta(ctx, "covered_above", string(text))
}

// covered reads what cover wrote.
func (a *Agent) covered(ctx context.Context) (since map[string]time.Time, above map[string]int64, err error) {
	for name, into := range map[string]any{"covered": &since, "covered_above": &above} {
		text, err := a.journal.Meta(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return nil, nil, fmt.Errorf("read what the journal covers: %w", err)
		}
	}
	return since, above, nil
}
