package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"octail/transform/document"
)

// Dead is a dead letter: a revision that a sink is not given again unless a person
// says so.
type Dead struct {
	ID   int64 // never given twice
	Sink string
	document.Key
	Revision, Sequence int64
	Class, Reason      string
	Cause              string
	Attempts           int
	Since              time.Time
	Request, Answer    string // masked
}

// DeadFilter chooses dead letters; the zero value means all. Key may have an entity
// alone.
type DeadFilter struct {
	IDs    []int64
	Sink   string
	Key    document.Key
	Reason string
	Since  time.Time // those from then on
}

func (f DeadFilter) where() (string, []any) {
	var parts []string
	var args []any
	and := func(part string, arg any) { parts, args = append(parts, part), append(args, arg) }
	if len(f.IDs) > 0 {
		ids, _ := json.Marshal(f.IDs)
		and("id IN (SELECT value FROM json_each(?))", string(ids))
	}
	if f.Sink != "" {
		and("sink = ?", f.Sink)
	}
	if f.Key.Entity != "" {
		and("entity = ?", f.Key.Entity)
	}
	if f.Key.ID != 0 {
		and("key = ?", f.Key.ID)
	}
	if f.Reason != "" {
		and("reason = ?", f.Reason)
	}
	if !f.Since.IsZero() {
		and("since >= ?", micros(f.Since))
	}
	if len(parts) == 0 {
		return "", nil
	}
	return "WHERE " + strings.Join(parts, " AND ") + " ", args
}

var selectDead = "SELECT id, sink, entity, key, revision, sequence, class, reason, cause, attempts, since, request, answer, sum = " + sums["dead"] + " FROM dead "

const countDead = "SELECT sink, reason, count(*) FROM dead GROUP BY sink, reason"

// DeadLetters lists dead letters, oldest first, at most limit.
func (j *Journal) DeadLetters(ctx context.Context, f DeadFilter, limit int) ([]Dead, error) {
	where, args := f.where()
	return list(ctx, j.read, "read the dead letters", selectDead+where+"ORDER BY id LIMIT ?", func(rows *sql.Rows) (d Dead, err error) {
		var since int64
		var whole bool
		err = rows.Scan(&d.ID, &d.Sink, &d.Entity, &d.Key.ID, &d.Revision, &d.Sequence, &d.Class, &d.Reason, &d.Cause, &d.Attempts, &since, &d.Request, &d.Answer, &whole)
		d.Since = fromMicros(since)
		return d, wholeOr(err, whole, "dead letter of "+d.Key.String())
	}, append(args, limit)...)
}

// CountDead counts the dead letters: sink -> reason -> letters. It is cheap.
func (j *Journal) CountDead(ctx context.Context) (map[string]map[string]int64, error) {
	out := map[string]map[string]int64{}
	rows, err := j.read.QueryContext(ctx, countDead)
	if err != nil {
		return nil, doing("count the dead letters", err)
	}
	err = each(rows, func() error {
		var sink, reason string
		var n int64
		err := rows.Scan(&sink, &reason, &n)
		if out[sink] == nil {
			out[sink] = map[string]int64{}
		}
		out[sink][reason] = n
		return err
	})
	if err != nil {
		return nil, doing("count the dead letters", err)
	}
	return out, nil
}

// Discard removes dead letters for good and says how many.
func (j *Journal) Discard(ctx context.Context, f DeadFilter) (n int64, err error) {
	err = j.change(ctx, "discard dead letters", func(tx *sql.Tx) error {
		n, err = dropDead(ctx, tx, f)
		return err
	})
	return n, err
}

// Revive makes parked entities of dead letters, due now and with all their tries
// before them, and says how many letters that were. Of several letters of an entity,
// and of one that is parked already, the lowest sequence waits.
func (j *Journal) Revive(ctx context.Context, f DeadFilter) (n int64, err error) {
	where, args := f.where()
	err = j.change(ctx, "retry dead letters", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO parked (sink, entity, key, queue, revision, sequence, class, reason, waits, attempts, since, tried, next, error)
			SELECT sink, entity, key, ?, revision, sequence, class, reason, '', 0, since, 0, ?, cause FROM dead `+orAll(where)+`ORDER BY sequence
			ON CONFLICT (sink, entity, key) DO UPDATE SET revision = min(revision, excluded.revision), sequence = min(sequence, excluded.sequence),
			waits = '', attempts = 0, next = excluded.next`,
			append([]any{Live, time.Now().UnixMicro()}, args...)...)
		if err != nil {
			return err
		}
		n, err = dropDead(ctx, tx, f)
		return err
	})
	return n, err
}

func dropDead(ctx context.Context, tx *sql.Tx, f DeadFilter) (int64, error) {
	where, args := f.where()
	res, err := tx.ExecContext(ctx, "DELETE FROM dead "+where, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// orAll is a where that is never empty: an upsert from a select needs one.
func orAll(where string) string {
	if where == "" {
		return "WHERE true "
	}
	return where
}

// bury stores dead letters; the same revision again keeps its id.
func bury(ctx context.Context, tx *sql.Tx, sink string, dead []Dead) error {
	for _, d := range dead {
		var id int64
		err := tx.QueryRowContext(ctx, "SELECT id FROM dead WHERE sink = ? AND entity = ? AND key = ? AND revision = ?", sink, d.Entity, d.Key.ID, d.Revision).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			err = tx.QueryRowContext(ctx, `INSERT INTO meta VALUES ('last_dead', '1') ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1
				RETURNING CAST(value AS INTEGER)`).Scan(&id)
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO dead (id, sink, entity, key, revision, sequence, class, reason, cause, attempts, since, request, answer)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			id, sink, d.Entity, d.Key.ID, d.Revision, d.Sequence, d.Class, d.Reason, d.Cause, d.Attempts, micros(d.Since), d.Request, d.Answer); err != nil {
			return err
		}
	}
	return nil
}

// change runs fn in a transaction of its own.
func (j *Journal) change(ctx context.Context, what string, fn func(*sql.Tx) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.writable(); err != nil {
		return err
	}
	return doingIf(what, j.inTx(ctx, fn))
}
