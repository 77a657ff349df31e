package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"octail/transform/document"
)

// Known is the newest revision the journal has of an entity; the zero value
// means none.
type Known struct {
	Revision int64
	Sequence int64
	Deleted  bool
	Schema   int
	Lines    int64
	Hash     [16]byte
	Fields   []byte
}

// Known looks up the newest revisions of some keys of one entity. Keys without
// one are not in the answer.
func (j *Journal) Known(ctx context.Context, entity string, ids []int64) (map[int64]Known, error) {
	// Over the writing connection, whose page cache a write leaves valid.
	db := j.read
	if j.write != nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		db = j.write
	}
	out := make(map[int64]Known, len(ids))
	for len(ids) > 0 {
		part := ids[:min(len(ids), 500)]
		ids = ids[len(part):]
		args := make([]any, 0, len(part)+1)
		args = append(args, entity)
		for _, id := range part {
			args = append(args, id)
		}
		rows, err := db.QueryContext(ctx, "SELECT key, revision, sequence, deleted, schema, lines, hash, fields, sum = "+sums["documents"]+
			" FROM documents WHERE entity = ? AND key IN (?"+strings.Repeat(",?", len(part)-1)+")", args...)
		if err != nil {
			return nil, doing("read the journal's documents", err)
		}
		err = each(rows, func() error {
			var id int64
			var k Known
			var hash []byte
			var whole bool
			if err := rows.Scan(&id, &k.Revision, &k.Sequence, &k.Deleted, &k.Schema, &k.Lines, &hash, &k.Fields, &whole); err != nil {
				return err
			}
			if !whole {
				return fmt.Errorf("%w: %s/%d: wrong checksum", ErrDamaged, entity, id)
			}
			copy(k.Hash[:], hash)
			out[id] = k
			return nil
		})
		if err != nil {
			return nil, doing("read the journal's documents", err)
		}
	}
	return out, nil
}

// KnownIDs lists the ids of an entity that exist (are not deleted) behind after,
// ascending, at most limit.
func (j *Journal) KnownIDs(ctx context.Context, entity string, after int64, limit int) ([]int64, error) {
	rows, err := j.read.QueryContext(ctx, "SELECT key FROM documents WHERE entity = ? AND key > ? AND NOT deleted ORDER BY key LIMIT ?", entity, after, limit)
	if err != nil {
		return nil, doing("list the journal's documents", err)
	}
	var ids []int64
	err = each(rows, func() error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, doing("list the journal's documents", err)
	}
	return ids, nil
}

// Stored is an event as the journal has it.
type Stored struct {
	document.Event
	Prior int64 // sequence of the revision before, 0 = none
	Added time.Time
}

var eventColumns = "sequence, entity, key, revision, kind, time, origin, schema, birth, prior, added, packed, data, sum = " + sums["events"]

func (j *Journal) scanEvent(rows *sql.Rows) (Stored, error) {
	var s Stored
	var at, added int64
	var packed, whole bool
	var data []byte
	if err := rows.Scan(&s.Sequence, &s.Entity, &s.ID, &s.Revision, &s.Kind, &at, &s.Origin, &s.Schema, &s.Birth, &s.Prior, &added, &packed, &data, &whole); err != nil {
		return s, err
	}
	if !whole {
		return s, fmt.Errorf("%w: event %d: wrong checksum", ErrDamaged, s.Sequence)
	}
	s.Time, s.Added = fromMicros(at), fromMicros(added)
	if packed {
		var err error
		if data, err = j.unpack.DecodeAll(data, nil); err != nil {
			return s, fmt.Errorf("event %d: unpack: %w", s.Sequence, err)
		}
	}
	s.Data = data
	return s, nil
}

// Events reads the events behind a sequence, in order: at most limit, and no
// more once their data has reached maxBytes (one is always returned). Shop is
// not filled in: the journal's owner knows it.
func (j *Journal) Events(ctx context.Context, after int64, limit, maxBytes int) ([]Stored, error) {
	j.mu.Lock()
	recent, ok := j.tail.after(after, limit, maxBytes)
	last := j.last
	j.mu.Unlock()
	if ok {
		return recent, nil
	}
	rows, err := j.read.QueryContext(ctx, "SELECT "+eventColumns+" FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?", after, limit)
	if err != nil {
		return nil, doing("read journal events", err)
	}
	var out []Stored
	size := 0
	err = each(rows, func() error {
		s, err := j.scanEvent(rows)
		if err != nil {
			return err
		}
		out = append(out, s)
		if size += len(s.Data); size >= maxBytes {
			return errEnough
		}
		return nil
	})
	if err == nil {
		err = j.gapless(after, last, out)
	}
	if err != nil {
		return nil, doing("read journal events", err)
	}
	return out, nil
}

// SequenceBefore is the sequence behind which all was journaled since a time.
func (j *Journal) SequenceBefore(ctx context.Context, at time.Time) (int64, error) {
	low, high := int64(0), j.Last()
	for low < high { // the first one behind low that is there tells of all before it
		middle := low + (high-low)/2
		var sequence, added int64
		err := j.read.QueryRowContext(ctx, "SELECT sequence, added FROM events WHERE sequence > ? ORDER BY sequence LIMIT 1", middle).Scan(&sequence, &added)
		if errors.Is(err, sql.ErrNoRows) {
			high = middle
			continue
		}
		if err != nil {
			return 0, doing("find what was journaled since "+at.UTC().Format(time.RFC3339), err)
		}
		if added < at.UnixMicro() {
			low = sequence
		} else {
			high = middle
		}
	}
	return low, nil
}

// gapless looks whether events are missing that retention has not removed.
func (j *Journal) gapless(after, last int64, list []Stored) error {
	if j.write == nil { // another process may have removed some just now
		return nil
	}
	removed := j.removed.Load()
	next := max(after, removed) + 1
	for i := range list {
		if s := list[i].Sequence; s > removed {
			if s != next {
				return fmt.Errorf("%w: the events %d to %d are missing", ErrDamaged, next, s-1)
			}
			next++
		}
	}
	if len(list) == 0 && next <= last {
		return fmt.Errorf("%w: the events from %d on are missing", ErrDamaged, next)
	}
	return nil
}

// ErrNoEvent: retention has removed the event, or it never was.
var ErrNoEvent = errors.New("no such event in the journal")

// Event reads one event by its sequence.
func (j *Journal) Event(ctx context.Context, sequence int64) (Stored, error) {
	rows, err := j.read.QueryContext(ctx, "SELECT "+eventColumns+" FROM events WHERE sequence = ?", sequence)
	if err != nil {
		return Stored{}, doing(fmt.Sprintf("read journal event %d", sequence), err)
	}
	var s Stored
	found := false
	err = each(rows, func() error {
		var err error
		s, err = j.scanEvent(rows)
		found = true
		return err
	})
	if err != nil {
		return Stored{}, doing(fmt.Sprintf("read journal event %d", sequence), err)
	}
	if !found {
		return Stored{}, fmt.Errorf("event %d: %w", sequence, ErrNoEvent)
	}
	return s, nil
}

// Limits of Revisions: an entity may have very many.
const (
	revisionsAtMost = 200
	revisionsBytes  = 8 << 20
)

// Revisions lists the newest revisions of an entity that the journal still has,
// newest first: at most 200, and no more once their data has reached 8 MiB.
func (j *Journal) Revisions(ctx context.Context, key document.Key) ([]Stored, error) {
	known, err := j.Known(ctx, key.Entity, []int64{key.ID})
	if err != nil {
		return nil, err
	}
	var out []Stored
	size := 0
	for sequence := known[key.ID].Sequence; sequence > 0 && len(out) < revisionsAtMost && size < revisionsBytes; {
		s, err := j.Event(ctx, sequence)
		if errors.Is(err, ErrNoEvent) {
			break
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s)
		size += len(s.Data)
		sequence = s.Prior
	}
	return out, nil
}

// Find looks for entities by what people know them by: an order's printed
// number, an e-mail address (any case), a SKU.
func (j *Journal) Find(ctx context.Context, text string) ([]document.Key, error) {
	rows, err := j.read.QueryContext(ctx, `SELECT entity, key FROM documents WHERE number = ?1
		UNION SELECT entity, key FROM documents WHERE email = ?2
		UNION SELECT entity, key FROM documents WHERE sku = ?1 ORDER BY entity, key DESC LIMIT 1000`, text, strings.ToLower(text))
	if err != nil {
		return nil, doing("search the journal", err)
	}
	var out []document.Key
	err = each(rows, func() error {
		var k document.Key
		err := rows.Scan(&k.Entity, &k.ID)
		out = append(out, k)
		return err
	})
	if err != nil {
		return nil, doing("search the journal", err)
	}
	return out, nil
}

// Counts are the journal's sizes.
type Counts struct {
	Events    int64 `json:"events"`
	Documents int64 `json:"documents"`
	Dirty     int64 `json:"dirty"`
	Failing   int64 `json:"failing"`
	Bytes     int64 `json:"bytes"`
}

// countAll counts events by what was given and removed: they are too many to be
// looked at.
func countAll(ctx context.Context, q queryer) (c Counts, err error) {
	err = q.QueryRowContext(ctx, `SELECT (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'last_sequence') - (SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'gone'),
		(SELECT count(*) FROM documents)`).Scan(&c.Events, &c.Documents)
	return c, err
}

// Counts counts what the journal holds. In the agent it costs no scan: status and
// metrics ask often.
func (j *Journal) Counts(ctx context.Context) (Counts, error) {
	j.mu.Lock()
	c := j.counts
	j.mu.Unlock()
	var err error
	if j.write == nil {
		if c, err = countAll(ctx, j.read); err != nil {
			return c, doing("count the journal", err)
		}
	}
	err = j.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM dirty), (SELECT count(*) FROM dirty WHERE error <> ''),
		(SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())`).Scan(&c.Dirty, &c.Failing, &c.Bytes)
	if err != nil {
		return c, doing("count the journal", err)
	}
	return c, nil
}

var errEnough = errors.New("enough")

func each(rows *sql.Rows, fn func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := fn(); err != nil {
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		}
	}
	return rows.Err()
}
