package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Queues of a lane.
const (
	Live = "live"
	Bulk = "bulk"
)

// Sink is what the journal remembers of a sink by its name.
type Sink struct {
	Name    string
	Type    string
	Started time.Time
	Start   int64 // sequence it began behind
	Paused  bool
}

// RegisterSink returns the sink's record, made at its first start to begin
// behind sequence start. Later calls return what was fixed then.
func (j *Journal) RegisterSink(ctx context.Context, name, typ string, start int64) (Sink, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.write.ExecContext(ctx, `INSERT INTO sinks (name, type, started, start) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		name, typ, time.Now().UnixMicro(), start); err != nil {
		return Sink{}, fmt.Errorf("register sink %s: %w", name, err)
	}
	var s Sink
	var started int64
	if err := j.write.QueryRowContext(ctx, "SELECT name, type, started, start, paused FROM sinks WHERE name = ?", name).
		Scan(&s.Name, &s.Type, &started, &s.Start, &s.Paused); err != nil {
		return Sink{}, fmt.Errorf("register sink %s: %w", name, err)
	}
	s.Started = fromMicros(started)
	return s, nil
}

// Cursor is where a sink's queue stands; ok is false before its first delivery.
func (j *Journal) Cursor(ctx context.Context, sink, queue string) (sequence int64, ok bool, err error) {
	err = j.read.QueryRowContext(ctx, "SELECT sequence FROM cursors WHERE sink = ? AND queue = ?", sink, queue).Scan(&sequence)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the cursor of sink %s: %w", sink, err)
	}
	return sequence, true, nil
}

// Advance moves a cursor, durably. A cursor never goes back.
func (j *Journal) Advance(ctx context.Context, sink, queue string, sequence int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.write.ExecContext(ctx, `INSERT INTO cursors VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET sequence = max(sequence, excluded.sequence)`, sink, queue, sequence); err != nil {
		return fmt.Errorf("advance the cursor of sink %s: %w", sink, err)
	}
	return nil
}

// Passed is the lowest cursor of the given sinks: what all of them have behind
// them. Without sinks it is the newest sequence.
func (j *Journal) Passed(ctx context.Context, sinks []string) (int64, error) {
	low := j.Last()
	for _, s := range sinks {
		at, _, err := j.Cursor(ctx, s, Live)
		if err != nil {
			return 0, err
		}
		low = min(low, at)
	}
	return low, nil
}
