package journal

import (
	"context"
	"database/sql"
	"time"

	"octail/transform/document"
)

// Parked is an entity that waits alone while its lane goes on.
type Parked struct {
	document.Key
	Queue              string // Live or Bulk
	Revision, Sequence int64  // the first that waits
	Class, Reason      string
	Waits              string // subject of the parent it waits for, "" for none
	Attempts           int    // while others of the sink succeeded
	Since, Tried, Next time.Time
	Error              string
}

// What is asked of the parked again and again goes along an index (a test looks).
var (
	selectParked = "SELECT entity, key, queue, revision, sequence, class, reason, waits, attempts, since, tried, next, error, sum = " + sums["parked"] + " FROM parked "
)

const (
	dueParked   = "WHERE sink = ? AND next <= ? ORDER BY next LIMIT ?"
	parkedOf    = "WHERE sink = ? AND entity = ? AND key = ?"
	nextParked  = "SELECT min(next) FROM parked WHERE sink = ?"
	countParked = "SELECT count(*) FROM parked WHERE sink = ?"
)

func scanParked(rows *sql.Rows) (p Parked, err error) {
	var since, tried, next int64
	var whole bool
	err = rows.Scan(&p.Entity, &p.ID, &p.Queue, &p.Revision, &p.Sequence, &p.Class, &p.Reason, &p.Waits, &p.Attempts, &since, &tried, &next, &p.Error, &whole)
	p.Since, p.Tried, p.Next = fromMicros(since), fromMicros(tried), fromMicros(next)
	return p, wholeOr(err, whole, "parked "+p.Key.String())
}

// Failing is the reason of a parked entity that fails and is tried again. All others wait
// for something that is not the target's.
const Failing = "failing"

// makeDue makes parked entities due that are not.
const makeDue = "UPDATE parked SET next = 0 WHERE sink = ? AND next <> 0 "

// MakeDue makes parked entities of a sink due: all, or those that wait for something
// that is not the target's.
func (j *Journal) MakeDue(ctx context.Context, sink string, all bool) error {
	return j.change(ctx, "make what sink "+sink+" has parked due", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, makeDue+"AND (? OR reason <> ?)", sink, all, Failing)
		return err
	})
}

// ParkedDue lists the parked entities of a sink whose time has come, longest due
// first, at most limit.
func (j *Journal) ParkedDue(ctx context.Context, sink string, now time.Time, limit int) ([]Parked, error) {
	return list(ctx, j.read, "read what sink "+sink+" has parked", selectParked+dueParked, scanParked, sink, micros(now), limit)
}

// NextParked is when the next parked entity of a sink is due; zero when none is parked.
func (j *Journal) NextParked(ctx context.Context, sink string) (time.Time, error) {
	var next sql.NullInt64
	if err := j.read.QueryRowContext(ctx, nextParked, sink).Scan(&next); err != nil {
		return time.Time{}, doing("read what sink "+sink+" has parked", err)
	}
	if next.Valid && next.Int64 == 0 { // due since ever
		return time.UnixMicro(1).UTC(), nil
	}
	return fromMicros(next.Int64), nil
}

// CountParked counts the parked entities of a sink.
func (j *Journal) CountParked(ctx context.Context, sink string) (int64, error) {
	var n int64
	if err := j.read.QueryRowContext(ctx, countParked, sink).Scan(&n); err != nil {
		return 0, doing("count what sink "+sink+" has parked", err)
	}
	return n, nil
}

// CountHeld counts the parked entities of a sink by reason.
func (j *Journal) CountHeld(ctx context.Context, sink string) (map[string]int64, error) {
	out := map[string]int64{}
	rows, err := j.read.QueryContext(ctx, "SELECT reason, count(*) FROM parked WHERE sink = ? GROUP BY reason", sink)
	if err != nil {
		return nil, doing("count what sink "+sink+" has parked", err)
	}
	err = each(rows, func() error {
		var reason string
		var n int64
		err := rows.Scan(&reason, &n)
		out[reason] = n
		return err
	})
	return out, doingIf("count what sink "+sink+" has parked", err)
}

// ParkedOf returns which of some entities a sink has parked.
func (j *Journal) ParkedOf(ctx context.Context, sink string, keys []document.Key) (map[document.Key]Parked, error) {
	out := map[document.Key]Parked{}
	for _, k := range keys {
		found, err := list(ctx, j.read, "read what sink "+sink+" has parked", selectParked+parkedOf, scanParked, sink, k.Entity, k.ID)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			out[k] = p
		}
	}
	return out, nil
}

// Hasten makes a parked entity of a sink due, and those that wait for it. It says how
// many there are.
func (j *Journal) Hasten(ctx context.Context, sink string, key document.Key) (n int64, err error) {
	err = j.change(ctx, "make "+key.String()+" due in sink "+sink, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE parked SET next = 0 WHERE sink = ?1 AND (entity = ?2 AND key = ?3 OR waits = ?4)", sink, key.Entity, key.ID, key.String())
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}
