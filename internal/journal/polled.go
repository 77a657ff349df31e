package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"octail/transform/document"
)

// Polled is what a sweep of the shop found of one key.
type Polled struct {
	Target string
	Key    int64
	State  int64 // checksum of its rows
	Gone   bool  // it has no rows any more: its state is forgotten
}

// Polled returns the states of a target's keys above after and up to upTo, as the last
// sweep stored them.
func (j *Journal) Polled(ctx context.Context, target string, after, upTo int64) (map[int64]int64, error) {
	rows, err := j.read.QueryContext(ctx, "SELECT key, state, sum = "+sums["polled"]+" FROM polled WHERE target = ? AND key > ? AND key <= ?", target, after, upTo)
	if err != nil {
		return nil, doing("read what the shop was swept for", err)
	}
	out := map[int64]int64{}
	err = each(rows, func() error {
		var key, state int64
		var whole bool
		err := rows.Scan(&key, &state, &whole)
		if err == nil && !whole {
			err = errors.Join(ErrDamaged, fmt.Errorf("state of %s/%d: wrong checksum", target, key))
		}
		out[key] = state
		return err
	})
	if err != nil {
		return nil, doing("read what the shop was swept for", err)
	}
	return out, nil
}

// Revised lists the keys with a revision behind one sequence and up to another.
func (j *Journal) Revised(ctx context.Context, after, upTo int64) ([]document.Key, error) {
	rows, err := j.read.QueryContext(ctx, "SELECT DISTINCT entity, key FROM events WHERE sequence > ? AND sequence <= ?", after, upTo)
	if err != nil {
		return nil, doing("list what was revised", err)
	}
	var out []document.Key
	err = each(rows, func() error {
		var k document.Key
		err := rows.Scan(&k.Entity, &k.ID)
		out = append(out, k)
		return err
	})
	if err != nil {
		return nil, doing("list what was revised", err)
	}
	return out, nil
}

func (s *statements) keepPolled(ctx context.Context, tx *sql.Tx, list []Polled) error {
	if len(list) == 0 {
		return nil
	}
	polled, forget := tx.StmtContext(ctx, s.polled), tx.StmtContext(ctx, s.forget)
	for _, p := range list {
		var err error
		if p.Gone {
			_, err = forget.ExecContext(ctx, p.Target, p.Key)
		} else {
			_, err = polled.ExecContext(ctx, p.Target, p.Key, p.State)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
