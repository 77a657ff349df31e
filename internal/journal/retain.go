package journal

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of one step of housekeeping, so that an append never waits long and
// little is in memory.
const (
	sweepStep  = 2000 // sequences looked at, and at most removed, at a time
	packStep   = 200
	packBytes  = 4 << 20
	packAfter  = time.Hour // events older than this are stored compressed
	packAtOnce = 512       // bytes; smaller ones are not worth it
	// sweepEvery is how often events that were kept before are looked at again: the
	// newest of their entities may have been replaced since.
	sweepEvery = 12 * time.Hour
)

// sweep is how far housekeeping has come.
type sweep struct {
	began  time.Time // of the round
	to     int64     // no event up to here was to be removed in this round
	packed int64     // no event up to here is to be compressed
	buried int64     // the last documents of deleted entities up to here may go
}

// Retain removes events that are older than age, that all the named sinks have
// passed and that are not the newest of their entity; over maxBytes, also
// younger ones (should that not be enough, Excess says why). A sink that is not
// named holds nothing back: name those that want every revision. One that wants states, or
// that was stopped because the journal is full, needs the newest documents alone. Of deleted entities the last document goes too, once
// the sinks named as states have passed it; their row in documents stays. Old events that remain are compressed. It returns how many
// events it removed; it is safe to call at any time, from one goroutine.
func (j *Journal) Retain(ctx context.Context, now time.Time, age time.Duration, maxBytes int64, sinks []string, states ...string) (int64, error) {
	if err := j.writable(); err != nil {
		return 0, err
	}
	_, passed, err := j.Slowest(ctx, sinks)
	if err != nil {
		return 0, err
	}
	if _, j.swept.buried, err = j.Slowest(ctx, states); err != nil {
		return 0, err
	}
	if now.Sub(j.swept.began) >= sweepEvery || now.Before(j.swept.began) {
		j.swept.began, j.swept.to = now, 0
	}
	removed, err := j.sweep(ctx, now.Add(-age), passed, &j.swept.to, nil)
	if err != nil {
		return removed, err
	}
	if maxBytes > 0 {
		var from int64
		more, err := j.sweep(ctx, now, passed, &from, func() (bool, error) {
			used, err := j.used(ctx)
			return used > maxBytes, err
		})
		removed += more
		if err != nil {
			return removed, err
		}
	}
	if err := j.packOld(ctx, now.Add(-packAfter)); err != nil {
		return removed, err
	}
	if err := j.dropAttempts(ctx, now.Add(-age)); err != nil {
		return removed, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return removed, j.keepBorn(ctx)
}

// used is the room the journal takes in its file; what retention freed is used again.
func (j *Journal) used(ctx context.Context) (int64, error) {
	var used int64
	err := j.read.QueryRowContext(ctx, `SELECT ((SELECT page_count FROM pragma_page_count()) - (SELECT freelist_count FROM pragma_freelist_count()))
		* (SELECT page_size FROM pragma_page_size())`).Scan(&used)
	if err != nil {
		return 0, doing("measure the journal", err)
	}
	return used, nil
}

// sweep removes what may go of the events added before, from sequence *from on and
// up to passed; *from moves on. goOn, when given, is asked before each step.
func (j *Journal) sweep(ctx context.Context, before time.Time, passed int64, from *int64, goOn func() (bool, error)) (removed int64, err error) {
	for ctx.Err() == nil {
		if goOn != nil {
			if more, err := goOn(); err != nil || !more {
				return removed, err
			}
		}
		// Looking runs beside appends, only the removal takes their place. What may go
		// now may go for ever: a replaced event never becomes the newest again.
		var to sql.NullInt64
		err := j.read.QueryRowContext(ctx, `SELECT max(sequence) FROM (SELECT sequence FROM events WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?)`,
			*from, passed, sweepStep).Scan(&to)
		if err != nil {
			return removed, doing("look for old events", err)
		}
		if !to.Valid {
			return removed, nil
		}
		list, young, err := j.replaced(ctx, *from, to.Int64, before)
		if err != nil {
			return removed, err
		}
		if err := j.remove(ctx, list); err != nil {
			return removed, err
		}
		removed += int64(len(list))
		if young && goOn == nil { // they are looked at again when they are old
			return removed, nil
		}
		*from = to.Int64
	}
	return removed, ctx.Err()
}

// replaced lists the events of a range that are not the newest of a living entity
// and were added before; young reports whether the range has events added later.
func (j *Journal) replaced(ctx context.Context, from, to int64, before time.Time) (list []int64, young bool, err error) {
	rows, err := j.read.QueryContext(ctx, `SELECT e.sequence, e.added >= ?, d.sequence IS NOT NULL FROM events e
		LEFT JOIN documents d ON d.entity = e.entity AND d.key = e.key AND d.sequence = e.sequence AND (NOT d.deleted OR d.sequence > ?)
		WHERE e.sequence > ? AND e.sequence <= ?`, before.UnixMicro(), j.swept.buried, from, to)
	if err != nil {
		return nil, false, doing("look for old events", err)
	}
	err = each(rows, func() error {
		var sequence int64
		var late, newest bool
		if err := rows.Scan(&sequence, &late, &newest); err != nil {
			return err
		}
		young = young || late
		if !late && !newest {
			list = append(list, sequence)
		}
		return nil
	})
	if err != nil {
		return nil, false, doing("look for old events", err)
	}
	return list, young, nil
}

func (j *Journal) remove(ctx context.Context, list []int64) error {
	if len(list) == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	numbers := make([]string, len(list))
	for i, n := range list {
		numbers[i] = strconv.FormatInt(n, 10)
	}
	// Before: who reads meanwhile must not miss them.
	j.removed.Store(max(j.removed.Load(), slices.Max(list)))
	var gone int64
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "DELETE FROM events WHERE sequence IN ("+strings.Join(numbers, ",")+")")
		if err != nil {
			return err
		}
		if gone, err = res.RowsAffected(); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE meta SET value = CAST(value AS INTEGER) + ? WHERE name = 'gone'`, gone); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE meta SET value = max(CAST(value AS INTEGER), ?) WHERE name = 'removed'`, slices.Max(list))
		j.stopPoint("before-remove")
		return err
	})
	if err != nil {
		return doing("remove old events", err)
	}
	j.stopPoint("after-remove")
	j.counts.Events -= gone
	j.tail = tail{}
	return nil
}

// SetFailpoint has fn called at the stop points of retention: before-remove, when old
// events are removed and that is not committed, and after-remove, when it is. Tests kill
// the process there. Call it before Retain.
func (j *Journal) SetFailpoint(fn func(name string)) { j.failpoint = fn }

func (j *Journal) stopPoint(name string) {
	if j.failpoint != nil {
		j.failpoint(name)
	}
}

// Removed is the newest sequence that retention has removed: whoever reads from
// before it does not get every revision. 0: none.
func (j *Journal) Removed(ctx context.Context) (int64, error) {
	return numberIn(ctx, j.read, "removed")
}

// packOld compresses old events, a few at a time.
func (j *Journal) packOld(ctx context.Context, before time.Time) error {
	for ctx.Err() == nil {
		list, last, err := j.unpacked(ctx, before)
		if err != nil || last == 0 {
			return err
		}
		if err := j.replace(ctx, list); err != nil {
			return err
		}
		j.swept.packed = last
	}
	return ctx.Err()
}

// packed is an event's data, compressed.
type packed struct {
	sequence int64
	data     []byte
}

// unpacked compresses the data of the next events; last is the last one looked
// at, 0 when there are no more.
func (j *Journal) unpacked(ctx context.Context, before time.Time) (list []packed, last int64, err error) {
	// The sequences first: an event that is young, packed or small is not read.
	rows, err := j.read.QueryContext(ctx, "SELECT sequence, added < ?, packed = 0 AND length(data) > ? FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
		before.UnixMicro(), packAtOnce, j.swept.packed, sweepStep)
	if err != nil {
		return nil, 0, doing("compress old events", err)
	}
	var wanted []int64
	err = each(rows, func() error {
		var sequence int64
		var old, plain bool
		if err := rows.Scan(&sequence, &old, &plain); err != nil {
			return err
		}
		if !old {
			return errEnough
		}
		last = sequence
		if plain {
			wanted = append(wanted, sequence)
		}
		if len(wanted) == packStep {
			return errEnough
		}
		return nil
	})
	if err != nil {
		return nil, 0, doing("compress old events", err)
	}
	size := 0
	for _, sequence := range wanted {
		e, err := j.Event(ctx, sequence)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, packed{sequence, j.pack.EncodeAll(e.Data, nil)})
		if size += len(list[len(list)-1].data); size >= packBytes {
			return list, sequence, nil
		}
	}
	return list, last, nil
}

func (j *Journal) replace(ctx context.Context, list []packed) error {
	if len(list) == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	err := j.inTx(ctx, func(tx *sql.Tx) error {
		for _, p := range list {
			if _, err := tx.ExecContext(ctx, "UPDATE events SET packed = 1, data = ? WHERE sequence = ? AND packed = 0", p.data, p.sequence); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return doing("compress old events", err)
	}
	return nil
}
