package journal

import (
	"context"
	"database/sql"
	"errors"
)

// Cursors of a sink.
const (
	Live = "live" // a lane's queues: all up to here is behind it
	Bulk = "bulk"
	// Taken is the last event the target was given: Live passes also those that the
	// sink does not take.
	Taken = "taken"
)

// Cursor is where a sink stands; ok is false when that was never stored.
func (j *Journal) Cursor(ctx context.Context, sink, name string) (sequence int64, ok bool, err error) {
	err = j.read.QueryRowContext(ctx, "SELECT sequence FROM cursors WHERE sink = ? AND queue = ?", sink, name).Scan(&sequence)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, doing("read the cursor of sink "+sink, err)
	}
	return sequence, true, nil
}

const moveCursor = "INSERT INTO cursors (sink, queue, sequence) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sequence = max(sequence, excluded.sequence)"

// Advance moves cursors of a sink on, durably and together; none goes back by it.
func (j *Journal) Advance(ctx context.Context, sink string, to map[string]int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		for name, sequence := range to {
			if _, err := tx.ExecContext(ctx, moveCursor, sink, name, sequence); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return doing("advance the cursor of sink "+sink, err)
	}
	return nil
}

// SetBack moves all cursors of a sink that are behind to back to it, durably: what
// came after is delivered again, and retention waits for it.
func (j *Journal) SetBack(ctx context.Context, sink string, to int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	if _, err := j.write.ExecContext(ctx, "UPDATE cursors SET sequence = ? WHERE sink = ? AND sequence > ?", to, sink, to); err != nil {
		return doing("set back the cursor of sink "+sink, err)
	}
	return nil
}

// Place is what a sink that wants every revision has behind it: the lowest cursor of
// its queues, or where it began while it has none, but nothing from what is parked on.
// ok is false when it never ran: it will begin with what comes then.
func (j *Journal) Place(ctx context.Context, sink string) (sequence int64, ok bool, err error) {
	var at sql.NullInt64
	err = j.read.QueryRowContext(ctx, placeOf, sink, Live, Bulk).Scan(&at)
	if err != nil {
		return 0, false, doing("read the cursor of sink "+sink, err)
	}
	return at.Int64, at.Valid, nil
}

const placeOf = `SELECT min(at) FROM (
	SELECT coalesce((SELECT min(sequence) FROM cursors WHERE sink = ?1 AND queue IN (?2, ?3)), (SELECT start FROM sinks WHERE name = ?1)) AS at
	UNION ALL SELECT (SELECT min(sequence) - 1 FROM parked WHERE sink = ?1))`

// Slowest is the one of the given sinks that has passed least, and what it has
// passed: all of them have that behind them. When all have everything it is "" and
// the newest sequence.
func (j *Journal) Slowest(ctx context.Context, sinks []string) (sink string, passed int64, err error) {
	passed = j.Last()
	for _, s := range sinks {
		at, ok, err := j.Place(ctx, s)
		if err != nil {
			return "", 0, err
		}
		if ok && at < passed {
			sink, passed = s, at
		}
	}
	return sink, passed, nil
}
