package journal

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Cursors of a sink.
const (
	Live = "live" // a lane's queues: all up to here is behind it
	Bulk = "bulk"
	// Taken is the last event the target was given: Live passes also those that the
	// sink does not take.
	Taken = "taken"
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
	if err := j.writable(); err != nil {
		return Sink{}, err
	}
	if _, err := j.write.ExecContext(ctx, `INSERT INTO sinks (name, type, started, start) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		name, typ, time.Now().UnixMicro(), start); err != nil {
		return Sink{}, doing("register sink "+name, err)
	}
	s, _, err := sinkByName(ctx, j.write, name)
	return s, err
}

// Sink returns a sink's record; ok is false when it never ran.
func (j *Journal) Sink(ctx context.Context, name string) (s Sink, ok bool, err error) {
	return sinkByName(ctx, j.read, name)
}

func sinkByName(ctx context.Context, q queryer, name string) (s Sink, ok bool, err error) {
	var started int64
	err = q.QueryRowContext(ctx, "SELECT name, type, started, start, paused FROM sinks WHERE name = ?", name).
		Scan(&s.Name, &s.Type, &started, &s.Start, &s.Paused)
	if errors.Is(err, sql.ErrNoRows) {
		return Sink{}, false, nil
	}
	if err != nil {
		return Sink{}, false, doing("read the record of sink "+name, err)
	}
	s.Started = fromMicros(started)
	return s, true, nil
}

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

// Advance moves cursors of a sink, durably and together. A cursor never goes back.
func (j *Journal) Advance(ctx context.Context, sink string, to map[string]int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		for name, sequence := range to {
			if _, err := tx.ExecContext(ctx, `INSERT INTO cursors (sink, queue, sequence) VALUES (?, ?, ?)
				ON CONFLICT DO UPDATE SET sequence = max(sequence, excluded.sequence)`, sink, name, sequence); err != nil {
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
