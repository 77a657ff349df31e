package app

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"octail/canal"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/transform"
	"octail/transform/document"
)

// byHole is the reason of the marks that close a hole, or follow a change of capture.mode.
const byHole = "gap"

// gap answers a hole in the log: it is followed from now on, and everything is compared.
// Only real differences become revisions.
func (a *Agent) gap(ctx context.Context, s *source, why string) (canal.Position, error) {
	stored, err := a.journal.Position(ctx)
	if err != nil {
		return canal.Position{}, err
	}
	server, err := canal.Inspect(ctx, s.db) // it may be another one
	if err != nil {
		return canal.Position{}, err
	}
	from, err := canal.Here(ctx, s.db, server)
	if err != nil {
		return from, err
	}
	counts, err := a.journal.Counts(ctx)
	if err != nil {
		return from, err
	}
	was, _ := canal.DecodePosition(stored)
	hole := console.Hole{Found: time.Now().UTC(), Why: why, From: was.String(), ReadUpTo: canal.DecodeTime(stored), To: from.String(), Known: counts.Documents}
	if last, err := lastHole(ctx, a.journal); err != nil {
		return from, err
	} else if last != nil && last.Closed.IsZero() { // that one was not closed yet: both are one
		hole.From, hole.ReadUpTo = last.From, last.ReadUpTo
	}
	if err := keepHole(ctx, a.journal, hole); err != nil {
		return from, err
	}
	if _, err := a.journal.Append(ctx, journal.Commit{Marks: everything(), Position: from.EncodeAt(hole.Found)}); err != nil {
		return from, err
	}
	if err := a.journal.SetMeta(ctx, "server", server.Identity); err != nil {
		return from, err
	}
	s.on(server)
	a.metrics.canal.Gap()
	a.log.Warn(fmt.Sprintf("hole in the binlog: intermediate steps between %s are not known; %d entities that octail knows, and all others of the shop, are compared: only real differences become revisions",
		hole.Window(), hole.Known), "why", why, "from", hole.From, "to", hole.To)
	return from, nil
}

// everything marks all entities to be compared with the shop.
func everything() (marks []journal.Mark) {
	for _, e := range document.Entities {
		marks = append(marks, journal.Mark{Key: document.Key{Entity: e}, Reason: byHole, Origin: document.FromReconcile})
	}
	return marks
}

// compared notes the end of a comparison. Without an open hole it was made for another
// cause, such as a change of capture.mode.
func (a *Agent) compared(c transform.Compared) {
	if c.Reason != byHole {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	hole, err := lastHole(ctx, a.journal)
	if err == nil && hole != nil && hole.Closed.IsZero() {
		hole.Closed, hole.Compared, hole.Created, hole.Changed, hole.Deleted = time.Now().UTC(), c.Entities, c.Created, c.Changed, c.Deleted
		err = keepHole(ctx, a.journal, *hole)
	}
	if err != nil {
		a.log.Error("the end of the comparison cannot be noted; status goes on calling the hole open", "err", err)
	}
}

// unfinished are the comparisons that were not at their end when the agent was last.
func (a *Agent) unfinished(ctx context.Context) ([]string, error) {
	hole, err := lastHole(ctx, a.journal)
	if err != nil || hole == nil || !hole.Closed.IsZero() {
		return nil, err
	}
	return []string{byHole}, nil
}

// lastHole is the last hole that was found, nil for none.
func lastHole(ctx context.Context, j *journal.Journal) (*console.Hole, error) {
	text, err := j.Meta(ctx, "hole")
	if err != nil || text == "" {
		return nil, err
	}
	hole := &console.Hole{}
	if err := json.Unmarshal([]byte(text), hole); err != nil {
		return nil, fmt.Errorf("read what is known of the last hole: %w", err)
	}
	return hole, nil
}

func keepHole(ctx context.Context, j *journal.Journal, hole console.Hole) error {
	text, err := json.Marshal(hole)
	if err != nil {
		return fmt.Errorf("note the hole: %w", err)
	}
	return j.SetMeta(ctx, "hole", string(text))
}
