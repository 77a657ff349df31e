package journal

import (
	"context"
	"database/sql"
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

// Mark says that a key is to be read again although no binlog event will say so.
type Mark struct {
	document.Key
	Reason   string
	Origin   string
	Position string    // first touch, "" when none
	Touched  time.Time // last touch
	Next     time.Time // not before; zero = at once
	Attempts int
	Error    string
}

// Seen refers to a mark as it was when its key was read.
type Seen struct {
	document.Key
	Mark int64
}

// Commit is what one Append writes, in one transaction.
type Commit struct {
	Events   []NewEvent
	Marks    []Mark
	Clear    []Seen // marks answered by this commit, unless renewed since
	Position string // "" = stays as it is
}

// Append writes c durably and returns the sequence of its first event. After an
// error nothing of c is written; it is safe to try again.
func (j *Journal) Append(ctx context.Context, c Commit) (int64, error) {
	if len(c.Events) == 0 && len(c.Marks) == 0 && len(c.Clear) == 0 && c.Position == "" {
		return 0, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	began, first := time.Now(), j.last+1
	if err := j.commit(ctx, c, began); err != nil {
		j.observed.errors.Inc()
		return 0, fmt.Errorf("append to the journal: %w", err)
	}
	j.observed.append.Observe(time.Since(began).Seconds())
	for i := range c.Events {
		j.tail.add(stored(&c.Events[i], j.last+1+int64(i), j.birth, began))
		j.counts.Events++
		if c.Events[i].Prior.Revision == 0 {
			j.counts.Documents++
		}
	}
	j.last += int64(len(c.Events))
	if len(c.Events) > 0 {
		close(j.changed)
		j.changed = make(chan struct{})
	}
	return first, nil
}

func (j *Journal) commit(ctx context.Context, c Commit, at time.Time) error {
	tx, err := j.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := j.appendTx(ctx, tx, c, at); err != nil {
		return err
	}
	return tx.Commit()
}

func (j *Journal) appendTx(ctx context.Context, tx *sql.Tx, c Commit, at time.Time) error {
	now := at.UnixMicro()
	s := &j.stmts
	event, doc := tx.StmtContext(ctx, s.event), tx.StmtContext(ctx, s.document)
	for i := range c.Events {
		e := &c.Events[i]
		sequence, revision := j.last+1+int64(i), e.Prior.Revision+1
		if _, err := event.ExecContext(ctx, sequence, e.Entity, e.ID, revision, e.Kind, micros(e.Time), e.Origin, e.Schema,
			j.birth, e.Prior.Sequence, now, 0, e.Data); err != nil {
			return err
		}
		if _, err := doc.ExecContext(ctx, e.Entity, e.ID, revision, sequence, e.Kind == document.Deleted, e.Schema, e.Lines,
			e.Hash[:], e.Fields, null(e.Number), null(e.Email), null(e.SKU)); err != nil {
			return err
		}
	}
	if len(c.Marks) > 0 {
		mark := tx.StmtContext(ctx, s.mark)
		for i := range c.Marks {
			m := &c.Marks[i]
			if _, err := mark.ExecContext(ctx, m.Entity, m.ID, m.Reason, m.Origin, now, m.Position, micros(m.Touched), m.Attempts, micros(m.Next), m.Error); err != nil {
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
	set := tx.StmtContext(ctx, s.meta)
	if len(c.Events) > 0 {
		if _, err := set.ExecContext(ctx, strconv.FormatInt(j.last+int64(len(c.Events)), 10), "last_sequence"); err != nil {
			return err
		}
	}
	if c.Position != "" {
		if _, err := set.ExecContext(ctx, c.Position, "position"); err != nil {
			return err
		}
	}
	return nil
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// statements are prepared once: parsing SQL would cost more than running it.
type statements struct {
	event, document, mark, clear, meta *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, db *sql.DB) error {
	for _, p := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&s.event, `INSERT INTO events (sequence, entity, key, revision, kind, time, origin, schema, birth, prior, added, packed, data)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.document, `INSERT INTO documents (entity, key, revision, sequence, deleted, schema, lines, hash, fields, number, email, sku)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (entity, key) DO UPDATE SET revision = excluded.revision, sequence = excluded.sequence, deleted = excluded.deleted,
			schema = excluded.schema, lines = excluded.lines, hash = excluded.hash, fields = excluded.fields,
			number = excluded.number, email = excluded.email, sku = excluded.sku`},
		{&s.mark, `INSERT INTO dirty (entity, key, mark, reason, origin, since, position, touched, attempts, next, error)
			VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (entity, key) DO UPDATE SET mark = mark + 1, reason = excluded.reason,
			origin = CASE WHEN excluded.origin = 'shop' THEN 'shop' ELSE origin END,
			touched = max(touched, excluded.touched), attempts = excluded.attempts, next = excluded.next, error = excluded.error`},
		{&s.clear, `DELETE FROM dirty WHERE entity = ? AND key = ? AND mark = ?`},
		{&s.meta, `UPDATE meta SET value = ? WHERE name = ?`},
	} {
		stmt, err := db.PrepareContext(ctx, p.sql)
		if err != nil {
			return fmt.Errorf("open journal: %w", err)
		}
		*p.to = stmt
	}
	return nil
}

func (s *statements) close() {
	for _, st := range []*sql.Stmt{s.event, s.document, s.mark, s.clear, s.meta} {
		if st != nil {
			st.Close()
		}
	}
}
