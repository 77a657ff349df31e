package journal

import (
	"context"
	"fmt"
	"time"
)

// Limits of one step of housekeeping, so that an append never waits long.
const (
	retainStep = 2000
	packStep   = 200
	packAfter  = time.Hour // events older than this are stored compressed
	packAtOnce = 512       // bytes; smaller ones are not worth it
)

// Retain removes events that are older than age, that all the named sinks have
// passed and that are not the newest of their entity; over maxBytes, also
// younger ones. Of deleted entities the last document goes too, their row in
// documents stays. Old events that remain are compressed. It returns how many
// events it removed; it is safe to call at any time.
func (j *Journal) Retain(ctx context.Context, now time.Time, age time.Duration, maxBytes int64, sinks []string) (int64, error) {
	passed, err := j.Passed(ctx, sinks)
	if err != nil {
		return 0, err
	}
	limit := now.Add(-age)
	var removed int64
	for {
		over := false
		if c, err := j.Counts(ctx); err != nil {
			return removed, err
		} else if free, err := j.freeBytes(ctx); err != nil {
			return removed, err
		} else {
			over = maxBytes > 0 && c.Bytes-free > maxBytes
		}
		before := limit
		if over {
			before = now
		}
		n, err := j.removeStep(ctx, before, passed)
		if err != nil {
			return removed, err
		}
		removed += n
		if n < retainStep {
			break
		}
	}
	return removed, j.packOld(ctx, now.Add(-packAfter))
}

func (j *Journal) freeBytes(ctx context.Context) (int64, error) {
	var n int64
	err := j.read.QueryRowContext(ctx, "SELECT (SELECT freelist_count FROM pragma_freelist_count()) * (SELECT page_size FROM pragma_page_size())").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("measure the journal: %w", err)
	}
	return n, nil
}

func (j *Journal) removeStep(ctx context.Context, before time.Time, passed int64) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	res, err := j.write.ExecContext(ctx, `DELETE FROM events WHERE sequence IN (
		SELECT e.sequence FROM events e LEFT JOIN documents d ON d.entity = e.entity AND d.key = e.key AND d.sequence = e.sequence AND NOT d.deleted
		WHERE e.sequence <= ? AND e.added < ? AND d.sequence IS NULL ORDER BY e.sequence LIMIT ?)`, passed, before.UnixMicro(), retainStep)
	if err != nil {
		return 0, fmt.Errorf("remove old events: %w", err)
	}
	n, err := res.RowsAffected()
	j.counts.Events -= n
	return n, err
}

// packOld compresses old events, a few at a time.
func (j *Journal) packOld(ctx context.Context, before time.Time) error {
	for ctx.Err() == nil {
		type one struct {
			sequence int64
			data     []byte
		}
		var list []one
		rows, err := j.read.QueryContext(ctx, "SELECT sequence, data FROM events WHERE packed = 0 AND added < ? AND length(data) > ? ORDER BY sequence LIMIT ?", before.UnixMicro(), packAtOnce, packStep)
		if err != nil {
			return fmt.Errorf("compress old events: %w", err)
		}
		if err := each(rows, func() error {
			var o one
			err := rows.Scan(&o.sequence, &o.data)
			list = append(list, o)
			return err
		}); err != nil {
			return fmt.Errorf("compress old events: %w", err)
		}
		if len(list) == 0 {
			return nil
		}
		j.mu.Lock()
		tx, err := j.write.BeginTx(ctx, nil)
		for i := 0; err == nil && i < len(list); i++ {
			_, err = tx.ExecContext(ctx, "UPDATE events SET packed = 1, data = ? WHERE sequence = ? AND packed = 0", j.pack.EncodeAll(list[i].data, nil), list[i].sequence)
		}
		if err == nil {
			err = tx.Commit()
		} else if tx != nil {
			_ = tx.Rollback()
		}
		j.mu.Unlock()
		if err != nil {
			return fmt.Errorf("compress old events: %w", err)
		}
	}
	return nil
}
