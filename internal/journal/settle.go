package journal

import (
	"context"
	"database/sql"
	"slices"

	"octail/transform/document"
)

// Outcome is what a lane has to remember of some calls.
type Outcome struct {
	Accepted []Accepted     // never back to an older revision
	Park     []Parked       // in place of what is parked of the entity
	Unpark   []document.Key // before Park
	Dead     []Dead         // Sink and ID are given by Settle
	Close    []document.Key // entities whose dead letters are healed or replaced: all are removed, before Dead; what waits for them is due
	Attempts []Attempt
	Resent   []document.Key   // what was asked for once more (Resend) and is done
	Wake     bool             // the target works again: what failed meanwhile is due, unless it was the entity's fault
	Cursors  map[string]int64 // none goes back
	Sink     *Sink            // as for KeepSink
}

// Settle stores an outcome of a sink durably, all of it or nothing. It is safe to
// repeat, but for Attempts, which are there twice then.
func (j *Journal) Settle(ctx context.Context, sink string, o Outcome) error {
	whole := context.WithoutCancel(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	return j.change(whole, "settle deliveries of sink "+sink, func(tx *sql.Tx) error { return j.settleTx(whole, tx, sink, o) })
}

func (j *Journal) settleTx(ctx context.Context, tx *sql.Tx, sink string, o Outcome) error {
	s := &j.stmts
	for _, a := range o.Accepted {
		fields := a.Fields
		if fields == nil {
			fields = []byte{}
		}
		if _, err := tx.StmtContext(ctx, s.accept).ExecContext(ctx, sink, a.Entity, a.ID, a.Revision, a.Sequence, micros(a.Time), a.Deleted, fields); err != nil {
			return err
		}
	}
	for _, k := range o.Unpark {
		if _, err := tx.StmtContext(ctx, s.unpark).ExecContext(ctx, sink, k.Entity, k.ID); err != nil {
			return err
		}
	}
	for _, p := range o.Park {
		if _, err := tx.StmtContext(ctx, s.park).ExecContext(ctx, sink, p.Entity, p.ID, p.Queue, p.Revision, p.Sequence, p.Class, p.Reason, p.Waits, p.Attempts,
			micros(p.Since), micros(p.Tried), micros(p.Next), p.Error); err != nil {
			return err
		}
	}
	for _, k := range o.Close {
		if _, err := tx.StmtContext(ctx, s.heal).ExecContext(ctx, sink, k.Entity, k.ID); err != nil {
			return err
		}
	}
	if err := bury(ctx, tx, sink, o.Dead); err != nil {
		return err
	}
	for _, k := range o.Resent {
		if _, err := tx.StmtContext(ctx, s.resent).ExecContext(ctx, sink, k.Entity, k.ID); err != nil {
			return err
		}
	}
	parents := slices.Clone(o.Close) // what has waited for them goes on, or finds them stuck once more
	for _, a := range o.Accepted {
		if !slices.Contains(o.Close, a.Key) {
			parents = append(parents, a.Key)
		}
	}
	for _, k := range parents {
		if _, err := tx.StmtContext(ctx, s.release).ExecContext(ctx, sink, k.String()); err != nil {
			return err
		}
	}
	if o.Wake {
		if _, err := tx.ExecContext(ctx, makeDue+"AND attempts = 0 AND reason = ?", sink, Failing); err != nil {
			return err
		}
	}
	if err := s.noteAttempts(ctx, tx, sink, o.Attempts); err != nil {
		return err
	}
	for queue, sequence := range o.Cursors {
		if _, err := tx.StmtContext(ctx, s.cursor).ExecContext(ctx, sink, queue, sequence); err != nil {
			return err
		}
	}
	if o.Sink != nil {
		kept := *o.Sink
		kept.Name = sink
		return keepSink(ctx, tx, kept)
	}
	return nil
}
