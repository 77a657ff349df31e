package journal

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"octail/transform/document"
)

// Mark says that a key is to be read again although no binlog event will say so. A
// key that is marked again keeps its first Position; of two AddedSince the one that
// means more stays: zero, or the earlier time.
type Mark struct {
	document.Key
	Reason     string
	Origin     string
	Position   string    // first touch, "" when none
	AddedSince time.Time // of a whole entity (key 0): only what the shop has added since; zero = all
	After      int64     // of a whole entity: keys up to here are marked already
	Refresh    bool      // also what order lines once looked up; stays when the key is marked again
	Touched    time.Time // last touch
	Next       time.Time // not before; zero = at once
	Attempts   int
	Error      string
}

// Seen refers to a mark as it was when its key was read.
type Seen struct {
	document.Key
	Mark int64
}

// Dirty is a stored mark.
type Dirty struct {
	Mark
	Number int64 // for Seen
	Since  time.Time
}

// What is asked of the marks. There may be as many as the shop has rows: none may
// sort them (a test looks).
const (
	dueMarks     = "WHERE next <= ? ORDER BY next, since LIMIT ?"
	nextMark     = "SELECT min(next) FROM dirty"
	failingMarks = "WHERE error <> '' ORDER BY since LIMIT ?"
	markOf       = "WHERE entity = ? AND key = ?"
)

// Due lists marks whose time has come, longest waiting first. It may be asked every
// second: while none is due it looks at the file only when there are new ones.
func (j *Journal) Due(ctx context.Context, now time.Time, limit int) ([]Dirty, error) {
	j.mu.Lock()
	before := j.rest
	j.mu.Unlock()
	if before.until.After(now) {
		return nil, nil
	}
	due, err := j.dirty(ctx, dueMarks, now.UnixMicro(), limit)
	if err != nil || len(due) > 0 || j.write == nil { // another process writes what Look has opened
		return due, err
	}
	var next sql.NullInt64
	if err := j.read.QueryRowContext(ctx, nextMark).Scan(&next); err != nil {
		return nil, doing("read journal marks", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.rest == before { // else there may be one that we have not seen
		if j.rest.until = fromMicros(next.Int64); !next.Valid {
			j.rest.until = now.Add(longestRest)
		}
	}
	return nil, nil
}

// rest is until when no mark is due.
type rest struct {
	until time.Time // zero: not known
	made  uint64    // appends with marks
}

// longestRest bounds it, for a clock that is set back.
const longestRest = time.Hour

// Failing lists the marks whose last read failed.
func (j *Journal) Failing(ctx context.Context, limit int) ([]Dirty, error) {
	return j.dirty(ctx, failingMarks, limit)
}

// Marked returns the mark of one key; ok is false when it has none.
func (j *Journal) Marked(ctx context.Context, key document.Key) (d Dirty, ok bool, err error) {
	list, err := j.dirty(ctx, markOf, key.Entity, key.ID)
	if err != nil || len(list) == 0 {
		return Dirty{}, false, err
	}
	return list[0], true, nil
}

// MarkedOf returns the marks of some keys of one entity.
func (j *Journal) MarkedOf(ctx context.Context, entity string, ids []int64) (map[int64]Dirty, error) {
	out := map[int64]Dirty{}
	for part := range slices.Chunk(ids, 500) {
		args := []any{entity}
		for _, id := range part {
			args = append(args, id)
		}
		list, err := j.dirty(ctx, "WHERE entity = ? AND key IN (?"+strings.Repeat(",?", len(part)-1)+")", args...)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			out[d.ID] = d
		}
	}
	return out, nil
}

// RetryFailing makes all marks due whose last read failed.
func (j *Journal) RetryFailing(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	if _, err := j.write.ExecContext(ctx, "UPDATE dirty SET next = 0 WHERE error <> ''"); err != nil {
		return doing("make failed marks due", err)
	}
	j.rest = rest{made: j.rest.made + 1}
	return nil
}

var selectMarks = "SELECT entity, key, mark, reason, origin, since, position, added_since, after, refresh, touched, attempts, next, error, sum = " + sums["dirty"] + " FROM dirty "

func (j *Journal) dirty(ctx context.Context, where string, args ...any) ([]Dirty, error) {
	rows, err := j.read.QueryContext(ctx, selectMarks+where, args...)
	if err != nil {
		return nil, doing("read journal marks", err)
	}
	var out []Dirty
	err = each(rows, func() error {
		var d Dirty
		var since, added, touched, next int64
		var whole bool
		err := rows.Scan(&d.Entity, &d.ID, &d.Number, &d.Reason, &d.Origin, &since, &d.Position, &added, &d.After, &d.Refresh, &touched, &d.Attempts, &next, &d.Error, &whole)
		if err == nil && !whole {
			err = fmt.Errorf("%w: mark of %s: wrong checksum", ErrDamaged, d.Key)
		}
		d.Since, d.AddedSince, d.Touched, d.Next = fromMicros(since), fromMicros(added), fromMicros(touched), fromMicros(next)
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, doing("read journal marks", err)
	}
	return out, nil
}
