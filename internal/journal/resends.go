package journal

import (
	"context"
	"database/sql"
	"time"

	"octail/transform/document"
)

// Resend asks that a sink be given the newest revision of some entities once more,
// durably. It is safe to repeat.
func (j *Journal) Resend(ctx context.Context, sink string, keys []document.Key) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		for _, k := range keys {
			if _, err := tx.ExecContext(ctx, "INSERT INTO resends (sink, entity, key, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
				sink, k.Entity, k.ID, time.Now().UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return doing("ask for deliveries once more", err)
	}
	close(j.changed) // wake the lanes
	j.changed = make(chan struct{})
	return nil
}

// Resends lists what a sink is to be given once more, at most limit, in the order of
// their keys.
func (j *Journal) Resends(ctx context.Context, sink string, limit int) ([]document.Key, error) {
	rows, err := j.read.QueryContext(ctx, "SELECT entity, key FROM resends WHERE sink = ? ORDER BY entity, key LIMIT ?", sink, limit)
	if err != nil {
		return nil, doing("read what is to be delivered once more", err)
	}
	var out []document.Key
	err = each(rows, func() error {
		var k document.Key
		err := rows.Scan(&k.Entity, &k.ID)
		out = append(out, k)
		return err
	})
	if err != nil {
		return nil, doing("read what is to be delivered once more", err)
	}
	return out, nil
}

// Resent notes that a sink was given them.
func (j *Journal) Resent(ctx context.Context, sink string, keys []document.Key) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		for _, k := range keys {
			if _, err := tx.ExecContext(ctx, "DELETE FROM resends WHERE sink = ? AND entity = ? AND key = ?", sink, k.Entity, k.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return doing("note what was delivered once more", err)
	}
	return nil
}
