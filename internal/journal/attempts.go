package journal

import (
	"context"
	"database/sql"
	"time"

	"octail/transform/document"
)

// Attempt is one call of a target for one entity; of a log that succeeded, one row for
// all revisions from First to Sequence, with no Key.
type Attempt struct {
	Sink string
	document.Key
	Revision        int64
	First, Sequence int64 // First 0 means Sequence
	Started         time.Time
	Duration        time.Duration
	Class           string // "ok" or the class of the error
	Request, Answer string // masked
	Next            time.Time
}

// attemptsKept is how many stay of an entity in a sink.
const attemptsKept = 50

var selectAttempts = "SELECT sink, entity, key, revision, first, sequence, started, duration, class, request, answer, next, sum = " + sums["attempts"] + " FROM attempts "

const (
	attemptsOf = "WHERE entity = ? AND key = ? AND entity <> '' ORDER BY id DESC LIMIT ?"
	// Calls that were repeated overlap; the first few that may cover a sequence are enough.
	attemptsFor = "WHERE sink = ? AND sequence >= ? AND entity = '' ORDER BY sequence LIMIT 100"
	triedBefore = "SELECT coalesce(max(sequence), 0) FROM attempts WHERE entity = ? AND key = ? AND entity <> '' AND sink = ? AND class = ? AND sequence < ?"
	oldAttempts = "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE started < ? ORDER BY started LIMIT ?)"
	moreOf      = "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE entity = ? AND key = ? AND entity <> '' AND sink = ? ORDER BY id DESC LIMIT -1 OFFSET ?)"
)

func scanAttempt(rows *sql.Rows) (a Attempt, err error) {
	var started, next int64
	var whole bool
	err = rows.Scan(&a.Sink, &a.Entity, &a.ID, &a.Revision, &a.First, &a.Sequence, &started, &a.Duration, &a.Class, &a.Request, &a.Answer, &next, &whole)
	a.Started, a.Next = fromMicros(started), fromMicros(next)
	a.Duration *= time.Microsecond
	return a, wholeOr(err, whole, "attempt for "+a.Key.String())
}

// Attempts lists the attempts for an entity in all sinks, newest first, at most limit.
func (j *Journal) Attempts(ctx context.Context, key document.Key, limit int) ([]Attempt, error) {
	return list(ctx, j.read, "read the attempts for "+key.String(), selectAttempts+attemptsOf, scanAttempt, key.Entity, key.ID, limit)
}

// AttemptFor returns the newest successful call of a log that covers a sequence; ok is
// false when there is none.
func (j *Journal) AttemptFor(ctx context.Context, sink string, sequence int64) (a Attempt, ok bool, err error) {
	found, err := list(ctx, j.read, "read the calls of sink "+sink, selectAttempts+attemptsFor, scanAttempt, sink, sequence)
	if err != nil {
		return Attempt{}, false, err
	}
	for _, f := range found {
		if f.First <= sequence && (!ok || f.Started.After(a.Started)) {
			a, ok = f, true
		}
	}
	return a, ok, nil
}

// TriedBefore returns the highest sequence before one of an entity's revisions that a sink
// was given with that outcome, 0 for none.
func (j *Journal) TriedBefore(ctx context.Context, sink string, key document.Key, class string, before int64) (sequence int64, err error) {
	err = j.read.QueryRowContext(ctx, triedBefore, key.Entity, key.ID, sink, class, before).Scan(&sequence)
	return sequence, doingIf("read the attempts for "+key.String(), err)
}

// noteAttempts stores attempts of a sink and forgets the oldest of their entities.
func (s *statements) noteAttempts(ctx context.Context, tx *sql.Tx, sink string, attempts []Attempt) error {
	if len(attempts) == 0 {
		return nil
	}
	note, trim := tx.StmtContext(ctx, s.attempt), tx.StmtContext(ctx, s.trim)
	for i := range attempts {
		a := &attempts[i]
		first := a.First
		if first == 0 {
			first = a.Sequence
		}
		if _, err := note.ExecContext(ctx, sink, a.Entity, a.ID, a.Revision, first, a.Sequence, micros(a.Started), a.Duration.Microseconds(),
			a.Class, a.Request, a.Answer, micros(a.Next)); err != nil {
			return err
		}
		if a.Entity == "" {
			continue
		}
		if _, err := trim.ExecContext(ctx, a.Entity, a.ID, sink, attemptsKept); err != nil {
			return err
		}
	}
	return nil
}

// dropAttempts removes the attempts before a time, a few at a time.
func (j *Journal) dropAttempts(ctx context.Context, before time.Time) error {
	for ctx.Err() == nil {
		var n int64
		err := j.change(ctx, "remove old attempts", func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, oldAttempts, micros(before), sweepStep)
			if err == nil {
				n, err = res.RowsAffected()
			}
			return err
		})
		if err != nil || n < sweepStep {
			return err
		}
	}
	return ctx.Err()
}
