package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"octail/transform/document"
)

// NewEvent is a revision to be journaled.
type NewEvent struct {
	document.Key
	Kind   string // document.Created, Updated or Deleted
	Time   time.Time
	Origin string
	Schema int
	Prior  Known // what Known returned for the key: the revision counts on from it
	Data   []byte

	Hash   [16]byte
	Fields []byte // document.Encoded.Sums
	Lines  int64  // highest line number ever given
	Number string // for search, "" = none
	Email  string
	SKU    string
}

// Commit is what one Append writes, in one transaction.
type Commit struct {
	Events   []NewEvent
	Marks    []Mark
	Clear    []Seen // marks answered by this commit, unless renewed since
	Listed   []Listed
	Polled   []Polled
	Position string // "" = stays as it is
}

// Listed says how far the keys of an entity that is marked as a whole have been marked
// one by one. It does not hold when the entity was marked again meanwhile.
type Listed struct {
	Seen
	After int64     // keys up to here
	Next  time.Time // when to go on
}

// Errors of Append.
var (
	// ErrStale: the entity's newest revision is not the one in NewEvent.Prior.
	// Look it up again.
	ErrStale = errors.New("the entity has another newest revision in the journal")
	// ErrTwoWriters: somebody else has appended, although the lock forbids it.
	ErrTwoWriters = errors.New("another process writes to this journal (was its .lock file removed?): stop all octails on it and start one")
)

// Append writes c durably and returns the sequence of its first event. After an
// error nothing of c is written; it is safe to try again. A write that has begun
// is finished when ctx ends.
func (j *Journal) Append(ctx context.Context, c Commit) (int64, error) {
	if len(c.Events) == 0 && len(c.Marks) == 0 && len(c.Clear) == 0 && len(c.Listed) == 0 && len(c.Polled) == 0 && c.Position == "" {
		return 0, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := j.writable(); err != nil {
		return 0, err
	}
	began, first := time.Now(), j.last+1
	whole := context.WithoutCancel(ctx)
	if err := j.inTx(whole, func(tx *sql.Tx) error { return j.appendTx(whole, tx, c, began) }); err != nil {
		j.observed.errors.Inc()
		return 0, doing("append to the journal", err)
	}
	j.observed.append.Observe(time.Since(began).Seconds())
	for i := range c.Events {
		j.tail.add(stored(&c.Events[i], j.last+1+int64(i), j.birth, began))
		j.counts.Events++
		if c.Events[i].Prior.Revision == 0 {
			j.counts.Documents++
		}
	}
	if len(c.Marks) > 0 || len(c.Listed) > 0 {
		j.rest = rest{made: j.rest.made + 1}
	}
	j.last += int64(len(c.Events))
	if len(c.Events) > 0 {
		close(j.changed)
		j.changed = make(chan struct{})
	}
	return first, nil
}

// inTx runs fn in a transaction of the writing connection. Called with mu held.
func (j *Journal) inTx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := j.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (j *Journal) appendTx(ctx context.Context, tx *sql.Tx, c Commit, at time.Time) error {
	now := at.UnixMicro()
	s := &j.stmts
	if len(c.Events) > 0 {
		next := tx.StmtContext(ctx, s.next)
		if err := one(next.ExecContext(ctx, strconv.FormatInt(j.last+int64(len(c.Events)), 10), strconv.FormatInt(j.last, 10))); errors.Is(err, errNotOne) {
			return ErrTwoWriters
		} else if err != nil {
			return err
		}
	}
	event, insert, update := tx.StmtContext(ctx, s.event), tx.StmtContext(ctx, s.insert), tx.StmtContext(ctx, s.update)
	for i := range c.Events {
		e := &c.Events[i]
		sequence, revision := j.last+1+int64(i), e.Prior.Revision+1
		if _, err := event.ExecContext(ctx, sequence, e.Entity, e.ID, revision, e.Kind, micros(e.Time), e.Origin, e.Schema,
			j.birth, e.Prior.Sequence, now, 0, e.Data); err != nil {
			return err
		}
		// The row must be as the caller has seen it: else a revision would be counted
		// twice.
		doc, row := insert, []any{revision, sequence, e.Kind == document.Deleted, fromBulk(e.Origin), e.Schema, e.Lines, e.Hash[:], e.Fields, null(e.Number), null(e.Email), null(e.SKU), e.Entity, e.ID}
		if e.Prior.Revision > 0 {
			doc, row = update, append(row, e.Prior.Revision, e.Prior.Sequence)
		}
		if err := one(doc.ExecContext(ctx, row...)); errors.Is(err, errNotOne) {
			return fmt.Errorf("%s: %w", e.Key, ErrStale)
		} else if err != nil {
			return err
		}
	}
	if len(c.Marks) > 0 {
		mark := tx.StmtContext(ctx, s.mark)
		for i := range c.Marks {
			m := &c.Marks[i]
			if _, err := mark.ExecContext(ctx, m.Entity, m.ID, m.Reason, m.Origin, now, m.Position, micros(m.AddedSince), m.After, m.Refresh, micros(m.Touched), m.Attempts, micros(m.Next), m.Error); err != nil {
				return err
			}
		}
	}
	if len(c.Clear) > 0 {
		clear := tx.StmtContext(ctx, s.clear)
		for _, m := range c.Clear {
			if _, err := clear.ExecContext(ctx, m.Entity, m.ID, m.Mark); err != nil {
				return err
			}
		}
	}
	for _, l := range c.Listed {
		if _, err := tx.ExecContext(ctx, "UPDATE dirty SET after = ?, next = ? WHERE entity = ? AND key = ? AND mark = ?", l.After, micros(l.Next), l.Entity, l.ID, l.Mark); err != nil {
			return err
		}
	}
	if err := s.keepPolled(ctx, tx, c.Polled); err != nil {
		return err
	}
	if c.Position != "" {
		if _, err := tx.StmtContext(ctx, s.position).ExecContext(ctx, c.Position); err != nil {
			return err
		}
	}
	return nil
}

// fromBulk tells what was read in bulk from what changed in the shop just now: a lane
// takes the latter first.
func fromBulk(origin string) bool {
	return origin == document.FromSnapshot || origin == document.FromSync || origin == document.FromReconcile
}

var errNotOne = errors.New("not one row")

// one is errNotOne unless a statement has changed one row.
func one(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return errNotOne
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// statements are prepared once: parsing SQL would cost more than running it.
type statements struct {
	event, insert, update, next, mark, clear, polled, forget, position *sql.Stmt
	accept, park, unpark, heal, attempt, trim, cursor, resent, release *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, db *sql.DB) error {
	for _, p := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&s.event, `INSERT INTO events (sequence, entity, key, revision, kind, time, origin, schema, birth, prior, added, packed, data)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.insert, `INSERT INTO documents (revision, sequence, deleted, bulk, schema, lines, hash, fields, number, email, sku, entity, key)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&s.update, `UPDATE documents SET revision = ?, sequence = ?, deleted = ?, bulk = ?, schema = ?, lines = ?, hash = ?, fields = ?, number = ?, email = ?, sku = ?
			WHERE entity = ? AND key = ? AND revision = ? AND sequence = ?`},
		{&s.next, `UPDATE meta SET value = ? WHERE name = 'last_sequence' AND value = ?`},
		{&s.mark, `INSERT INTO dirty (entity, key, mark, reason, origin, since, position, added_since, after, refresh, touched, attempts, next, error)
			VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (entity, key) DO UPDATE SET mark = mark + 1,
			reason = CASE WHEN key = 0 AND reason = 'gap' THEN reason ELSE excluded.reason END,
			origin = CASE WHEN excluded.origin = 'shop' THEN 'shop' ELSE origin END,
			added_since = min(added_since, excluded.added_since), after = min(after, excluded.after), refresh = max(refresh, excluded.refresh),
			touched = max(touched, excluded.touched), attempts = excluded.attempts, next = excluded.next, error = excluded.error`},
		{&s.clear, `DELETE FROM dirty WHERE entity = ? AND key = ? AND mark = ?`},
		{&s.polled, `INSERT INTO polled (target, key, state) VALUES (?, ?, ?) ON CONFLICT (target, key) DO UPDATE SET state = excluded.state`},
		{&s.forget, `DELETE FROM polled WHERE target = ? AND key = ?`},
		{&s.position, `UPDATE meta SET value = ? WHERE name = 'position'`},
		{&s.accept, `INSERT INTO accepted (sink, entity, key, revision, sequence, time, deleted, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (sink, entity, key) DO UPDATE SET revision = excluded.revision, sequence = excluded.sequence, time = excluded.time,
			deleted = excluded.deleted, fields = excluded.fields WHERE excluded.sequence >= sequence`},
		{&s.park, `INSERT OR REPLACE INTO parked (sink, entity, key, queue, revision, sequence, class, reason, waits, attempts, since, tried, next, error)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.unpark, `DELETE FROM parked WHERE sink = ? AND entity = ? AND key = ?`},
		{&s.resent, `DELETE FROM resends WHERE sink = ? AND entity = ? AND key = ?`},
		{&s.release, `UPDATE parked SET next = 0 WHERE sink = ? AND waits = ? AND waits <> ''`},
		{&s.heal, `DELETE FROM dead WHERE sink = ? AND entity = ? AND key = ?`},
		{&s.attempt, `INSERT INTO attempts (sink, entity, key, revision, first, sequence, started, duration, class, request, answer, next)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.trim, moreOf},
		{&s.cursor, moveCursor},
	} {
		stmt, err := db.PrepareContext(ctx, p.sql)
		if err != nil {
			return err
		}
		*p.to = stmt
	}
	return nil
}

func (s *statements) close() {
	for _, st := range []*sql.Stmt{s.event, s.insert, s.update, s.next, s.mark, s.clear, s.polled, s.forget, s.position,
		s.accept, s.park, s.unpark, s.heal, s.attempt, s.trim, s.cursor, s.resent, s.release} {
		if st != nil {
			st.Close()
		}
	}
}
