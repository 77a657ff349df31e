package journal

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"octail/transform/document"
)

// Queued is the newest revision of an entity, as a sink's queue has it.
type Queued struct {
	document.Key
	Sequence, Revision int64
	Deleted            bool
	Bulk               bool  // it comes of a snapshot, sync or reconcile
	Accepted           int64 // sequence that the sink accepted last, 0 none
	Parked             bool  // the entity is parked, with this revision or one before
	Dead               bool  // it has a dead letter, of this revision or one before
	DeadAt             int64 // sequence of its newest dead letter, 0 none
}

var queueOf = "SELECT d.entity, d.key, d.sequence, d.revision, d.deleted, d.bulk, d.sum = " + sumOf("documents", "d") + `,
	coalesce(a.sequence, 0), a.sum IS NULL OR a.sum = ` + sumOf("accepted", "a") + `,
	EXISTS (SELECT 1 FROM parked p WHERE p.sink = ?1 AND p.entity = d.entity AND p.key = d.key),
	coalesce((SELECT max(x.sequence) FROM dead x WHERE x.sink = ?1 AND x.entity = d.entity AND x.key = d.key), 0)
	FROM documents d LEFT JOIN accepted a ON a.sink = ?1 AND a.entity = d.entity AND a.key = d.key
	WHERE d.bulk = ?2 AND d.sequence > ?3 AND d.sequence <= ?4 ORDER BY d.sequence LIMIT ?5`

// Queue lists the newest revisions of the entities whose sequence is behind after and
// up to to, in the order of their sequences, at most limit. live: only what changed in
// the shop, else all. What each says of the sink is what the sink's lane has settled.
func (j *Journal) Queue(ctx context.Context, sink string, after, to int64, limit int, live bool) ([]Queued, error) {
	var out []Queued
	for _, bulk := range []bool{false, true} {
		if bulk && live {
			break
		}
		part, err := list(ctx, j.read, "read the queue of sink "+sink, queueOf, func(rows *sql.Rows) (q Queued, err error) {
			var document, accepted bool
			err = rows.Scan(&q.Entity, &q.ID, &q.Sequence, &q.Revision, &q.Deleted, &q.Bulk, &document, &q.Accepted, &accepted, &q.Parked, &q.DeadAt)
			q.Dead = q.DeadAt > 0
			return q, wholeOr(err, document && accepted, q.Key.String())
		}, sink, bulk, after, to, limit)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	slices.SortFunc(out, func(a, b Queued) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return out[:min(len(out), limit)], nil
}

// waitExactly bounds how many documents Waiting looks at one by one.
const waitExactly = 1000

// Of the documents behind the cursors: ?1 live, ?2 bulk, ?3 fill. Up to fill all is
// bulk.
const (
	waitLive = "FROM documents d WHERE d.bulk = 0 AND d.sequence > max(?1, ?3)"
	waitFill = "FROM documents d WHERE d.bulk = 0 AND d.sequence > ?2 AND d.sequence <= ?3"
	waitBulk = "FROM documents d WHERE d.bulk = 1 AND d.sequence > ?2"

	notTaken = ` AND NOT EXISTS (SELECT 1 FROM accepted a WHERE a.sink = ?4 AND a.entity = d.entity AND a.key = d.key AND a.sequence >= d.sequence)
		AND NOT EXISTS (SELECT 1 FROM dead x WHERE x.sink = ?4 AND x.entity = d.entity AND x.key = d.key AND x.revision = d.revision)
		AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.sink = ?4 AND p.entity = d.entity AND p.key = d.key)`
)

// Waiting counts what a sink that wants states is still to be given, and says since
// when the oldest of it waits (zero when nothing does): the newest documents its cursors
// have not passed, and what is parked. live and bulk are the cursors, fill the sink's. Of
// up to a thousand it leaves out what the sink took out of turn; of more it counts along
// the index alone. It reads no event but one.
func (j *Journal) Waiting(ctx context.Context, sink string, live, bulk, fill int64) (n int64, oldest time.Time, err error) {
	n, oldest, err = j.waiting(ctx, sink, live, bulk, fill)
	return n, oldest, doingIf("count what waits for sink "+sink, err)
}

func (j *Journal) waiting(ctx context.Context, sink string, live, bulk, fill int64) (n int64, oldest time.Time, err error) {
	count := func(more string) (n, first int64, err error) {
		for _, from := range []string{waitLive, waitFill, waitBulk} {
			var some int64
			var lowest sql.NullInt64
			if err := j.read.QueryRowContext(ctx, "SELECT count(*), min(d.sequence) "+from+more, live, bulk, fill, sink).Scan(&some, &lowest); err != nil {
				return 0, 0, err
			}
			n += some
			if lowest.Valid && (first == 0 || lowest.Int64 < first) {
				first = lowest.Int64
			}
		}
		return n, first, nil
	}
	n, first, err := count("")
	if err == nil && n > 0 && n <= waitExactly {
		n, first, err = count(notTaken)
	}
	if err != nil {
		return 0, oldest, err
	}
	if first > 0 {
		var added int64
		if err := j.read.QueryRowContext(ctx, "SELECT added FROM events WHERE sequence = ?", first).Scan(&added); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return 0, oldest, err
		}
		oldest = fromMicros(added)
	}
	var parked int64
	var since sql.NullInt64
	if err := j.read.QueryRowContext(ctx, "SELECT count(*), min(since) FROM parked WHERE sink = ?", sink).Scan(&parked, &since); err != nil {
		return 0, oldest, err
	}
	if at := fromMicros(since.Int64); !at.IsZero() && (oldest.IsZero() || at.Before(oldest)) {
		oldest = at
	}
	return n + parked, oldest, nil
}

// RevisionsAfter lists the sequences of an entity's revisions behind after and up to
// to, ascending, as far as the journal still has them.
func (j *Journal) RevisionsAfter(ctx context.Context, key document.Key, after, to int64) ([]int64, error) {
	known, err := j.Known(ctx, key.Entity, []int64{key.ID})
	if err != nil {
		return nil, err
	}
	var out []int64
	for sequence := known[key.ID].Sequence; sequence > after; {
		var prior int64
		var whole bool
		err := j.read.QueryRowContext(ctx, "SELECT prior, sum = "+sums["events"]+" FROM events WHERE sequence = ?", sequence).Scan(&prior, &whole)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err = wholeOr(err, whole, "event "+document.Sequence(sequence)); err != nil {
			return nil, doing("read the revisions of "+key.String(), err)
		}
		if sequence <= to {
			out = append(out, sequence)
		}
		sequence = prior
	}
	slices.Reverse(out)
	return out, nil
}
