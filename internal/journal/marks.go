package journal

import (
	"context"
	"fmt"
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
	failingMarks = "WHERE error <> '' ORDER BY since LIMIT ?"
	markOf       = "WHERE entity = ? AND key = ?"
)

// Due lists marks whose time has come, longest waiting first.
func (j *Journal) Due(ctx context.Context, now time.Time, limit int) ([]Dirty, error) {
	return j.dirty(ctx, dueMarks, now.UnixMicro(), limit)
}

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
	return nil
}

// MarkedFor counts the marks with a reason, and those of them whose last read failed.
func (j *Journal) MarkedFor(ctx context.Context, reason string) (all, failing int64, err error) {
	err = j.read.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(SUM(error <> ''), 0) FROM dirty WHERE reason = ?", reason).Scan(&all, &failing)
	if err != nil {
		return 0, 0, doing("count journal marks", err)
	}
	return all, failing, nil
}

var selectMarks = "SELECT entity, key, mark, reason, origin, since, position, added_since, touched, attempts, next, error, sum = " + sums["dirty"] + " FROM dirty "

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
		err := rows.Scan(&d.Entity, &d.ID, &d.Number, &d.Reason, &d.Origin, &since, &d.Position, &added, &touched, &d.Attempts, &next, &d.Error, &whole)
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
