package journal

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"octail/transform/document"
)

// Accepted is what a sink took last of an entity.
type Accepted struct {
	document.Key
	Revision, Sequence int64
	Time               time.Time
	Deleted            bool
	Fields             []byte // hash of each top-level field, as in Known
}

var selectAccepted = "SELECT a.entity, a.key, a.revision, a.sequence, a.time, a.deleted, a.fields, a.sum = " + sumOf("accepted", "a") + " FROM accepted a "

func scanAccepted(rows *sql.Rows) (a Accepted, err error) {
	var at int64
	var whole bool
	err = rows.Scan(&a.Entity, &a.ID, &a.Revision, &a.Sequence, &at, &a.Deleted, &a.Fields, &whole)
	a.Time = fromMicros(at)
	return a, wholeOr(err, whole, "what a sink accepted of "+a.Key.String())
}

// AcceptedOf returns what a sink took last of some keys of one entity. Keys it never
// took are not in the answer.
func (j *Journal) AcceptedOf(ctx context.Context, sink, entity string, ids []int64) (map[int64]Accepted, error) {
	out := make(map[int64]Accepted, len(ids))
	for part := range slices.Chunk(ids, 500) {
		args := []any{sink, entity}
		for _, id := range part {
			args = append(args, id)
		}
		found, err := list(ctx, j.read, "read what sink "+sink+" accepted",
			selectAccepted+"WHERE a.sink = ? AND a.entity = ? AND a.key IN (?"+strings.Repeat(",?", len(part)-1)+")", scanAccepted, args...)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			out[a.ID] = a
		}
	}
	return out, nil
}

const acceptedPage = `JOIN documents d ON d.entity = a.entity AND d.key = a.key
	WHERE a.sink = ? AND a.entity = ? AND a.key > ? AND a.time < ? AND d.sequence = a.sequence
	AND (NOT d.deleted OR EXISTS (SELECT 1 FROM events e WHERE e.sequence = d.sequence)) ORDER BY a.key LIMIT ?`

// AcceptedPage lists what a sink took before a time and what is still the newest
// revision, behind a key, in the order of the keys, at most limit. Deleted entities whose
// last document retention has removed are left out.
func (j *Journal) AcceptedPage(ctx context.Context, sink, entity string, after int64, before time.Time, limit int) ([]Accepted, error) {
	return list(ctx, j.read, "list what sink "+sink+" accepted", selectAccepted+acceptedPage, scanAccepted, sink, entity, after, micros(before), limit)
}
