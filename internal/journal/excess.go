package journal

import (
	"context"
	"fmt"
	"time"
)

// Excess says that the journal takes more room than it may although retention has
// done what it could, and what keeps it large.
type Excess struct {
	Bytes  int64     `json:"bytes"` // in use
	Limit  int64     `json:"limit"`
	Sink   string    `json:"sink,omitempty"`   // it has not had what could go otherwise; "" when all of it always stays
	Behind int64     `json:"behind,omitempty"` // events it has not passed
	Oldest time.Time `json:"oldest,omitzero"`  // journal time of the first of them
}

// Excess compares the journal with maxBytes, after Retain with the same sinks. It is
// nil when the journal is within its limit.
func (j *Journal) Excess(ctx context.Context, maxBytes int64, sinks []string) (*Excess, error) {
	used, err := j.used(ctx)
	if err != nil || used <= maxBytes {
		return nil, err
	}
	e := &Excess{Bytes: used, Limit: maxBytes}
	sink, passed, err := j.Slowest(ctx, sinks)
	if err != nil {
		return nil, err
	}
	// Without it there would be room; or it is a good part of what there is beyond the
	// documents that always stay, and more every day.
	blamed, err := j.holds(ctx, passed, min(used-maxBytes, maxBytes/4))
	if err != nil || !blamed {
		return e, err
	}
	next, err := j.Events(ctx, passed, 1, 1)
	if err != nil {
		return nil, err
	}
	e.Sink, e.Behind = sink, j.Last()-passed
	if len(next) > 0 {
		e.Oldest = next[0].Added
	}
	return e, nil
}

// holds reports whether the events behind passed that are not the newest of their
// entity have at least so many bytes.
func (j *Journal) holds(ctx context.Context, passed, bytes int64) (bool, error) {
	rows, err := j.read.QueryContext(ctx, `SELECT length(e.data) FROM events e
		LEFT JOIN documents d ON d.entity = e.entity AND d.key = e.key AND d.sequence = e.sequence AND NOT d.deleted
		WHERE e.sequence > ? AND d.sequence IS NULL`, passed)
	if err != nil {
		return false, doing("measure what sinks wait for", err)
	}
	err = each(rows, func() error {
		var size int64
		if err := rows.Scan(&size); err != nil {
			return err
		}
		if bytes -= size; bytes <= 0 {
			return errEnough
		}
		return nil
	})
	if err != nil {
		return false, doing("measure what sinks wait for", err)
	}
	return bytes <= 0, nil
}

func (e *Excess) String() string {
	size := fmt.Sprintf("the journal takes %.1f MiB, more than journal.max_bytes (%.1f MiB)", float64(e.Bytes)/(1<<20), float64(e.Limit)/(1<<20))
	if e.Sink == "" {
		return size + ", with the newest documents alone, which always stay"
	}
	events := "events"
	if e.Behind == 1 {
		events = "event"
	}
	return fmt.Sprintf("%s, because sink %s is %d %s behind, since %s", size, e.Sink, e.Behind, events, e.Oldest.UTC().Format("2006-01-02 15:04:05Z"))
}

// Remedy says what can be done about it.
func (e *Excess) Remedy() string {
	if e.Sink == "" {
		return "raise journal.max_bytes"
	}
	return fmt.Sprintf("mend sink %s (when it does not catch up within an hour it is stopped, so that the journal can shrink), or take it out of the configuration if it is not wanted any more (retention waits for configured sinks only), or raise journal.max_bytes", e.Sink)
}
