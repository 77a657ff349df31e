package transform

import (
	"context"
	"errors"
	"slices"
	"time"

	"octail/internal/journal"
	"octail/internal/shop"
	"octail/transform/document"
)

// work is the reading of one batch: read, assemble, compare, journal. What it finds
// out takes effect with its commit, or not at all.
type work struct {
	t       *Transformer
	portion *portion
	now     time.Time

	targets []target
	sources map[target]source
	byName  map[string][]int64

	reader   *shop.Reader // of the snapshot that was read
	bytes    int          // read for documents, from the journal or the shop
	spreads  []spread
	commit   journal.Commit
	size     int     // bytes of the commit's events
	answered []taken // live targets that the commit answers
	counts   []outcome
	after    []func()           // what else takes effect with the commit
	failing  map[string]*parked // by cause
}

// source is why a target is read: a live touch or a stored mark.
type source struct {
	taken  *taken
	mark   *journal.Dirty
	time   time.Time // of the event
	origin string
	reason string
}

// outcome is counted in octail_documents_total.
type outcome struct{ entity, result string }

// A cause for which keys are parked is said once in causeSaid, however many keys it
// concerns (status and trace show all); so many causes are remembered.
const (
	causeSaid  = time.Minute
	mostCauses = 200
)

// parked counts the keys that are parked for the same cause for the first time.
type parked struct {
	kinds []string
	first target
	count int
}

// errSchemaChanged: a table or column that was there is not, and the schema in use
// is not the newest.
var errSchemaChanged = errors.New("the shop's tables have changed")

// work reads what fill adds. An error means that nothing was journaled;
// shop.ErrTooMuch, that it has to be asked for less: never with one target.
func (t *Transformer) work(ctx context.Context, p *portion, fill func(*work)) error {
	t.busy <- struct{}{}
	defer func() { <-t.busy }()
	for {
		w := &work{t: t, portion: p, now: t.now(), sources: map[target]source{}, byName: map[string][]int64{}, failing: map[string]*parked{}}
		fill(w)
		err := w.run(ctx)
		if err == nil {
			p.fitted(len(w.targets), w.bytes)
		}
		if !errors.Is(err, errSchemaChanged) {
			return err
		}
	}
}

func (w *work) add(k target, s source) {
	w.targets = append(w.targets, k)
	w.sources[k] = s
	w.byName[k.name] = append(w.byName[k.name], k.id)
}

// reading is what was read of one entity.
type reading struct {
	previous map[int64]*previous
	results  map[int64]*result
	err      error // none of it could be read
}

func (w *work) run(ctx context.Context) error {
	t := w.t
	readings := map[string]*reading{}
	for _, e := range allEntities {
		ids := idSet{}
		for _, id := range w.byName[e.name] {
			ids.add(id)
		}
		if len(ids.list) == 0 {
			continue
		}
		p, err := w.previous(ctx, e, ids.list)
		if err != nil {
			return err
		}
		readings[e.name] = &reading{previous: p}
	}
	if err := w.read(ctx, readings); err != nil {
		return err
	}
	if err := w.spread(ctx); err != nil {
		return err
	}
	t.failpoint("after-read")
	for _, k := range w.targets {
		r := readings[k.name]
		switch {
		case r == nil || k.id == 0: // answered by expand
		case r.err != nil:
			w.park(k, r.err)
		case w.size > w.portion.written():
			w.putBack(k)
		default:
			w.answer(ctx, k, r.previous[k.id], r.results[k.id])
		}
		if r != nil { // not to be kept while the others are answered
			delete(r.previous, k.id)
			delete(r.results, k.id)
		}
	}
	t.failpoint("before-commit")
	if err := t.append(ctx, w.commit, w.answered); err != nil {
		return err
	}
	t.failpoint("after-commit")
	t.tracker.answered(w.answered)
	for _, fn := range w.after {
		fn()
	}
	for _, o := range w.counts {
		t.cfg.Metrics.documents.WithLabelValues(o.entity, o.result).Inc()
	}
	for cause, p := range w.failing {
		if len(t.causes) > mostCauses {
			clear(t.causes)
		}
		if w.now.Sub(t.causes[cause]) < causeSaid {
			continue
		}
		t.causes[cause] = w.now
		t.log.Error("entities cannot be read: they wait alone and are tried again", "kinds", p.kinds, "first", document.Key{Entity: p.first.name, ID: p.first.id}.String(), "count", p.count, "err", cause)
	}
	if len(w.commit.Marks) > 0 {
		t.marksAt(w.now)
	}
	return nil
}

// previous looks up what the journal has of some keys.
func (w *work) previous(ctx context.Context, e *entity, ids []int64) (map[int64]*previous, error) {
	most := -1
	if len(w.targets) > 1 {
		most = w.portion.bytes - w.bytes
	}
	out, bytes, err := readPrevious(ctx, w.t.cfg.Journal, e, ids, most)
	w.bytes += bytes
	if err != nil {
		return nil, err
	}
	w.t.worked(readJournal)
	return out, nil
}

// read reads all of the batch in one proven snapshot.
func (w *work) read(ctx context.Context, readings map[string]*reading) error {
	t := w.t
	schema, stale := t.takeSchema()
	after, _ := t.tracker.latest()
	began := t.now()
	err := t.cfg.Shop.Read(ctx, after, schema, func(r *shop.Reader) error {
		w.reader = r
		if stale {
			if err := r.Refresh(); err != nil {
				return err
			}
			t.keepSchema(r.Schema())
		}
		for name := range w.byName {
			t.ref.touched(name)
		}
		if err := t.ref.refresh(r); err != nil {
			return err
		}
		if err := w.settings(ctx); err != nil {
			return err
		}
		if r.Bound(w.portion.bytes); len(w.targets) == 1 {
			r.Bound(-1)
		}
		for _, e := range allEntities {
			if readings[e.name] == nil {
				continue
			}
			err := w.readEntity(r, e, readings[e.name])
			if err != nil && !onlyThis(err, stale) {
				return err
			}
			readings[e.name].err = err
		}
		w.bytes = max(w.bytes, r.Bytes())
		r.Bound(-1) // what follows is ids
		return w.expand(ctx, r, stale)
	})
	if w.portion == &t.bulkKeys {
		t.bulkPace.took(began, t.now())
	}
	if err == nil {
		t.worked(readShop)
		return nil
	}
	if stale {
		t.outdated() // the flag was ours
	}
	if shop.Altered(err) || !stale && shop.Classify(err) == shop.Missing {
		t.outdated()
		return errSchemaChanged
	}
	return asFailure(readShop, err)
}

// onlyThis reports whether an error concerns one entity's tables alone, so that
// the others of the batch can go on. A missing column is not the table's fault
// unless the schema is fresh.
func onlyThis(err error, fresh bool) bool {
	if errors.Is(err, errUnreadable) {
		return true
	}
	if shop.Altered(err) {
		return false
	}
	switch shop.Classify(err) {
	case shop.Denied, shop.Refused:
		return true
	case shop.Missing:
		return fresh
	}
	return false
}

// readEntity assembles the documents of one entity.
func (w *work) readEntity(r *shop.Reader, e *entity, to *reading) error {
	t := w.t
	if err := unreadable(r.Schema(), e); err != nil {
		if w.now.Sub(t.schemaAt) > doubtAfter {
			t.outdated() // it may have been granted or come back
		}
		return err
	}
	a := t.assembly(r, t.ref, e, to.previous)
	for _, id := range w.byName[e.name] {
		if id == 0 {
			continue
		}
		a.ids = append(a.ids, id)
		s := w.sources[target{e.name, id}]
		a.refresh[id] = s.mark != nil && s.mark.Refresh || s.taken != nil && s.taken.refresh
	}
	if err := e.read(a); err != nil {
		return err
	}
	to.results = a.results
	return nil
}

// assembly prepares the reading of keys of one entity, with reference data of the
// caller's.
func (t *Transformer) assembly(r *shop.Reader, ref *reference, e *entity, known map[int64]*previous) *assembly {
	return &assembly{Reader: r, ref: ref, entity: e, previous: known, imageBase: t.cfg.ImageBase, drafts: t.cfg.Drafts, refresh: map[int64]bool{}, forgotten: t.forgets(), results: map[int64]*result{}}
}

// gone is why a key without a root row is looked at again: an import may delete
// and insert it.
const gone = "deleted"

// answer decides what one reading means.
func (w *work) answer(ctx context.Context, k target, prior *previous, res *result) {
	t, s := w.t, w.sources[k]
	switch {
	case res == nil && !prior.exists():
		if !w.deletedAgain(ctx, k, prior) {
			w.done(k, "")
		}
		return
	case prior != nil && prior.err != nil:
		w.park(k, prior.err)
		return
	case res != nil && res.err != nil:
		w.park(k, res.err)
		return
	case res != nil && res.draft:
		w.done(k, "draft")
		return
	case s.mark != nil && t.tracker.join(k, *s.mark):
		return // touched while it was being read: left to the touch
	case s.taken != nil && t.tracker.moved(*s.taken) && !t.tracker.overdue(*s.taken, w.now):
		w.later(k, time.Time{}) // touched while it was being read: quiet it was not
		return
	}
	halfway := gone
	if res != nil {
		halfway = res.halfway
	}
	if halfway != "" {
		if until, ok := w.hold(k, halfway); ok {
			w.later(k, until)
			return
		}
		if res != nil {
			w.after = append(w.after, func() { t.cfg.Metrics.halfway.WithLabelValues(k.name, halfway).Inc() })
		}
	}
	if res == nil {
		w.deleted(ctx, k, prior)
		return
	}
	w.revise(ctx, k, prior, res)
}

// done answers a target: it leaves the tracker (or the dirty table) with this
// commit, unless it was touched again.
func (w *work) done(k target, result string) {
	t, s := w.t, w.sources[k]
	if _, held := t.holds[k]; held {
		w.after = append(w.after, func() { delete(t.holds, k) })
	}
	if result != "" {
		w.counts = append(w.counts, outcome{k.name, result})
	}
	switch {
	case w.reader.Proven:
	case s.mark != nil && w.now.Sub(t.markedBy(s.mark)) < confirmAfter:
		w.later(k, w.now.Add(confirmAfter))
		return
	case s.taken != nil && !s.taken.confirm:
		// No proof that this read was not older than the touch: look once more.
		w.after = append(w.after, func() { t.tracker.postponed(*s.taken, t.now().Add(max(t.cfg.Settle, confirmAfter)), true) })
		return
	}
	w.release(s)
}

// markedBy is when a key was marked at the latest: the journal keeps when it was
// first. What expand finds needs no look at this: it is marked again when the
// reading that found it is confirmed.
func (t *Transformer) markedBy(m *journal.Dirty) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.Since.After(t.renewed) {
		return m.Since
	}
	return t.renewed
}

// release lets a target go with the commit.
func (w *work) release(s source) {
	w.compared(s)
	if s.mark != nil {
		w.commit.Clear = append(w.commit.Clear, journal.Seen{Key: s.mark.Key, Mark: s.mark.Number})
		return
	}
	k := *s.taken
	if k.mark != 0 {
		w.commit.Clear = append(w.commit.Clear, journal.Seen{Key: document.Key{Entity: k.name, ID: k.id}, Mark: k.mark})
	}
	w.answered = append(w.answered, k)
}

// later leaves a target unanswered until at, or until it is touched again.
func (w *work) later(k target, at time.Time) {
	t, s := w.t, w.sources[k]
	if s.mark != nil {
		m := s.mark.Mark
		m.Next = at
		w.commit.Marks = append(w.commit.Marks, m)
		return
	}
	w.after = append(w.after, func() { t.tracker.postponed(*s.taken, at, s.taken.confirm) })
}

// putBack leaves a target as it was before the reading: it is due at once.
func (w *work) putBack(k target) {
	if s := w.sources[k]; s.taken != nil {
		w.after = append(w.after, func() { w.t.tracker.postponed(*s.taken, s.taken.notYet, s.taken.confirm) })
	}
}

// park puts a key that cannot be read into the dirty table with its cause; it is
// tried again with growing waits and never stops the others.
func (w *work) park(k target, cause error) {
	s := w.sources[k]
	m := journal.Mark{Key: document.Key{Entity: k.name, ID: k.id}, Reason: "failed", Origin: s.origin, Touched: s.time}
	if s.mark != nil {
		m = s.mark.Mark
	} else {
		m.Position = s.taken.first.before.Encode()
		w.release(s)
	}
	m.Error = shop.Explain(cause)
	m.Attempts++
	m.Next = w.now.Add(parkedFor(m.Attempts))
	w.commit.Marks = append(w.commit.Marks, m)
	if entityByName(k.name) != nil {
		w.counts = append(w.counts, outcome{k.name, "failed"})
	}
	if m.Attempts == 1 {
		p := w.failing[m.Error]
		if p == nil {
			p = &parked{first: k}
			w.failing[m.Error] = p
		}
		if p.count++; !slices.Contains(p.kinds, k.name) {
			p.kinds = append(p.kinds, k.name)
		}
	}
}

// parkedFor is how long a key rests after its nth failed read: 5 s doubling to
// ten minutes.
func parkedFor(n int) time.Duration {
	return min(5*time.Second<<min(n-1, 10), 10*time.Minute)
}
