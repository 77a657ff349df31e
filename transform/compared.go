package transform

import (
	"context"
	"slices"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/transform/document"
)

// Compared is what came out of comparing whole entities with the shop for one reason,
// from the first one read until the last.
type Compared struct {
	Reason     string
	Began      time.Time
	Entities   int   // compared
	Created    int   // that the journal did not have
	Changed    int   // that were others in the shop
	Deleted    int   // that the shop had no more
	Unreadable int64 // that cannot be read at present, and are tried again

	answered map[string]int // by entity, since it was marked as a whole last
}

// compares reports whether a mark's reason is that whole entities are compared
// because something may have happened that the log does not tell.
func compares(reason string) bool {
	switch reason {
	case "gap", "tables", "language":
		return true
	}
	return slices.Contains(canal.Reasons, reason)
}

// tally is that of the comparison that goes on for a reason, begun now if there is none. After a
// restart it begins anew, with what is left.
func (t *Transformer) tally(reason string) *Compared {
	c := t.comparisons[reason]
	if c == nil {
		c = &Compared{Reason: reason, Began: t.now(), answered: map[string]int{}}
		t.comparisons[reason] = c
	}
	return c
}

// whyCompared is the reason for which a target is compared, "" for none.
func whyCompared(s source) string {
	reason := ""
	switch {
	case s.mark != nil && s.mark.ID != 0:
		reason = s.mark.Reason
	case s.taken != nil && s.taken.id != 0:
		reason = s.taken.why
	}
	if !compares(reason) {
		return ""
	}
	return reason
}

// entity is the name of what a source is of.
func (s source) entity() string {
	if s.mark != nil {
		return s.mark.Entity
	}
	return s.taken.name
}

// compared counts an answered target with its commit.
func (w *work) compared(s source) {
	if reason := whyCompared(s); reason != "" {
		w.after = append(w.after, func() { w.t.tally(reason).answered[s.entity()]++ })
	}
}

// differed counts a revision that comparing has found.
func (w *work) differed(s source, kind string) {
	reason := whyCompared(s)
	if reason == "" {
		return
	}
	w.after = append(w.after, func() {
		switch c := w.t.tally(reason); kind {
		case document.Created:
			c.Created++
		case document.Deleted:
			c.Deleted++
		default:
			c.Changed++
		}
	})
}

// finished says which comparisons have come to their end. It is asked while no stored
// mark is due.
func (t *Transformer) finished(ctx context.Context) error {
	if len(t.comparisons) == 0 {
		return nil
	}
	marks, err := t.cfg.Journal.MarksByReason(ctx)
	if err != nil {
		return failure{readJournal, err}
	}
	left, unreadable := map[string]bool{}, map[string]int64{}
	for _, m := range marks {
		left[m.Reason] = left[m.Reason] || m.Keys > 0 || m.Whole
		unreadable[m.Reason] += m.Failing
	}
	for reason, c := range t.comparisons {
		if left[reason] {
			continue
		}
		failing := unreadable[reason]
		delete(t.comparisons, reason)
		c.Unreadable = failing
		for _, n := range c.answered {
			c.Entities += n
		}
		log := t.log.With("reason", reason, "compared", c.Entities, "created", c.Created, "changed", c.Changed, "deleted", c.Deleted,
			"unreadable", c.Unreadable, "took", t.now().Sub(c.Began).Round(time.Millisecond).String())
		if tables := t.unsaid(reason); len(tables) > 0 {
			log = log.With("because_of_tables_too", tables)
		}
		log.Info("compared with the shop: what was different is journaled")
		if t.cfg.Compared != nil {
			t.cfg.Compared(*c)
		}
	}
	return nil
}

// doubtSaid is how often it is said that rows may have changed unseen: a shop that
// writes in statement format does so with every statement.
const doubtSaid = time.Minute

// doubts says what a transaction may have changed without row events, in one line.
func (t *Transformer) doubts(tx canal.Transaction) {
	var tables, entities, reasons []string
	for _, r := range tx.Resyncs {
		tables, entities, reasons = append(tables, r.Table), append(entities, r.Target), append(reasons, r.Reason)
		t.cfg.Metrics.resyncs.WithLabelValues(r.Reason).Inc()
	}
	for _, list := range []*[]string{&tables, &entities, &reasons} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	reason, now := reasons[0], t.now()
	t.mu.Lock()
	d := t.doubted[reason]
	silent := now.Sub(d.at) < doubtSaid
	if !silent {
		d = doubt{at: now}
	} else {
		d.unsaid = append(slices.Clone(d.unsaid), tables...)
		slices.Sort(d.unsaid)
		d.unsaid = slices.Compact(d.unsaid)
	}
	t.doubted[reason] = d
	t.mu.Unlock()
	if silent { // the end of the comparison tells the rest
		return
	}
	log := t.log.With("reason", reason, "tables", tables, "compared", entities, "at", tx.Time.UTC().Format(time.RFC3339), "position", tx.Position.String())
	if what := remedies[reason]; what != "" {
		log = log.With("remedy", what)
	}
	log.Warn("rows may have changed without row events: these are compared with the shop, only real differences become revisions; steps in between are not known")
}

// doubt is when something was said last, and of which tables it was not since.
type doubt struct {
	at     time.Time
	unsaid []string
}

// unsaid takes the tables of which a doubt was not said.
func (t *Transformer) unsaid(reason string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.doubted[reason]
	tables := d.unsaid
	d.unsaid = nil
	t.doubted[reason] = d
	return tables
}

// remedies say what ends a doubt that would come back.
var remedies = map[string]string{
	"statement": "SET GLOBAL binlog_format = ROW; and binlog_format = ROW in [mysqld]; then no program may set it otherwise in its session",
	"image":     "SET GLOBAL binlog_row_image = FULL; and binlog_row_image = FULL in [mysqld]",
	"layout":    "SET GLOBAL binlog_row_metadata = FULL; and binlog_row_metadata = FULL in [mysqld]",
}

// begun notes that all of an entity was marked key by key. (Where nothing proves a read,
// this happens twice.)
func (w *work) begun(m journal.Mark, entity string) {
	if compares(m.Reason) {
		w.after = append(w.after, func() { w.t.tally(m.Reason).answered[entity] = 0 })
	}
}

// restless notes that a statement has made, altered or dropped tables. A dump that is
// being loaded, or an upgrade, does that with one after another: what is read meanwhile is
// half of the one and half of the other.
func (t *Transformer) restless(tx canal.Transaction) {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retryAt = now.Add(calmAfter)
	if !slices.ContainsFunc(tx.Resyncs, func(r canal.Resync) bool { return r.Reason == "ddl" }) {
		return
	}
	if now.Sub(t.stirs) >= calmAfter {
		t.stirred = now
	}
	t.stirs = now
}

// calmAt is when the shop's tables may be read.
func (t *Transformer) calmAt() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	calm := t.stirs.Add(calmAfter)
	if latest := t.stirred.Add(restlessFor); latest.Before(calm) {
		return latest
	}
	return calm
}
