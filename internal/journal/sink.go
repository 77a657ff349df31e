package journal

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// StoppedFull is why a lane is stopped that kept the journal beyond its limit: retention
// goes on without it.
const StoppedFull = "full"

// Sink is what the journal remembers of a sink by its name.
type Sink struct {
	Name    string
	Type    string
	Started time.Time
	Start   int64 // sequence it began behind
	Fill    int64 // what was journaled when it first started: bulk for it, whatever it came of

	Paused   bool      // by a person
	Stopped  string    // why its lane stopped itself, "" while it runs
	Error    string    // its last words
	Since    time.Time // when it was paused or stopped, or began to fail
	Attempts int       // of the whole lane since then
	Refused  int       // permanent refusals since the last success
	Next     time.Time // no call before
}

// RegisterSink returns the sink's record, made at its first start to begin behind
// sequence start, with all up to fill as bulk. Later calls return what was fixed then.
func (j *Journal) RegisterSink(ctx context.Context, name, typ string, start, fill int64) (Sink, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return Sink{}, err
	}
	if _, err := j.write.ExecContext(ctx, `INSERT INTO sinks (name, type, started, start, fill) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		name, typ, time.Now().UnixMicro(), start, fill); err != nil {
		return Sink{}, doing("register sink "+name, err)
	}
	s, _, err := sinkByName(ctx, j.write, name)
	return s, err
}

// KeepSink stores what changes of a sink: Paused to Next. It must have been
// registered.
func (j *Journal) KeepSink(ctx context.Context, s Sink) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	return doingIf("keep the record of sink "+s.Name, keepSink(ctx, j.write, s))
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func keepSink(ctx context.Context, db execer, s Sink) error {
	return one(db.ExecContext(ctx, "UPDATE sinks SET paused = ?, stopped = ?, error = ?, since = ?, attempts = ?, refused = ?, next = ? WHERE name = ?",
		s.Paused, s.Stopped, s.Error, micros(s.Since), s.Attempts, s.Refused, micros(s.Next), s.Name))
}

// Sink returns a sink's record; ok is false when it never ran.
func (j *Journal) Sink(ctx context.Context, name string) (s Sink, ok bool, err error) {
	return sinkByName(ctx, j.read, name)
}

// Sinks lists the records of all sinks that ever ran, by name.
func (j *Journal) Sinks(ctx context.Context) ([]Sink, error) {
	return sinksWhere(ctx, j.read, "ORDER BY name")
}

func sinkByName(ctx context.Context, db *sql.DB, name string) (s Sink, ok bool, err error) {
	list, err := sinksWhere(ctx, db, "WHERE name = ?", name)
	if err != nil || len(list) == 0 {
		return Sink{}, false, err
	}
	return list[0], true, nil
}

func sinksWhere(ctx context.Context, db *sql.DB, where string, args ...any) ([]Sink, error) {
	return list(ctx, db, "read the records of the sinks", "SELECT name, type, started, start, fill, paused, stopped, error, since, attempts, refused, next, sum = "+
		sums["sinks"]+" FROM sinks "+where, func(rows *sql.Rows) (s Sink, err error) {
		var started, since, next int64
		var whole bool
		err = rows.Scan(&s.Name, &s.Type, &started, &s.Start, &s.Fill, &s.Paused, &s.Stopped, &s.Error, &since, &s.Attempts, &s.Refused, &next, &whole)
		s.Started, s.Since, s.Next = fromMicros(started), fromMicros(since), fromMicros(next)
		return s, wholeOr(err, whole, "record of sink "+s.Name)
	}, args...)
}

// list reads the rows of a query.
func list[T any](ctx context.Context, db *sql.DB, what, query string, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, doing(what, err)
	}
	var out []T
	err = each(rows, func() error {
		v, err := scan(rows)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, doing(what, err)
	}
	return out, nil
}

// wholeOr is ErrDamaged for a row that was read well and has a wrong checksum.
func wholeOr(err error, whole bool, row string) error {
	if err == nil && !whole {
		err = fmt.Errorf("%w: %s: wrong checksum", ErrDamaged, row)
	}
	return err
}

func doingIf(what string, err error) error {
	if err == nil {
		return nil
	}
	return doing(what, err)
}
