package transform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/shop"
	"octail/transform/document"
)

// work is the reading of one batch: read, assemble, compare, journal.
type work struct {
	t    *Transformer
	now  time.Time
	bulk bool

	targets []target
	sources map[target]source
	byName  map[string][]int64

	commit  journal.Commit
	after   []func() // run when the commit is on the disk
	counts  []outcome
	proven  bool
	answers batch // live targets that this commit answers
}

// source is why a target is read: a live touch or a stored mark.
type source struct {
	pending *pending
	count   uint64
	mark    *journal.Dirty
	time    time.Time
	origin  string
	reason  string
}

// outcome is counted in octail_documents_total.
type outcome struct{ entity, result string }

func (w *work) add(k target, s source) {
	if w.sources == nil {
		w.sources, w.byName = map[target]source{}, map[string][]int64{}
	}
	w.targets = append(w.targets, k)
	w.sources[k] = s
	w.byName[k.name] = append(w.byName[k.name], k.id)
}

// run answers the batch. An error means that nothing was journaled and all of
// the batch stays pending.
func (w *work) run(ctx context.Context, after canal.Position) error {
	t := w.t
	schema, err := t.currentSchema(ctx)
	if err != nil {
		return err
	}
	known := map[string]map[int64]journal.Known{}
	for _, e := range allEntities {
		ids := slices.DeleteFunc(slices.Clone(w.byName[e.name]), func(id int64) bool { return id == 0 })
		if len(ids) == 0 {
			continue
		}
		if known[e.name], err = t.cfg.Journal.Known(ctx, e.name, ids); err != nil {
			return err
		}
	}
	results := map[string]map[int64]*result{}
	failures := map[string]error{}
	err = t.cfg.Shop.Read(ctx, after, schema, func(r *shop.Reader) error {
		w.proven = r.Proven
		for name := range w.byName {
			if part, ok := isReference(name); ok {
				t.ref.stale[part] = true
			}
		}
		if err := t.ref.refresh(r); err != nil {
			return err
		}
		for _, e := range allEntities {
			if known[e.name] == nil {
				continue
			}
			res, err := w.read(ctx, r, e, known[e.name])
			if err != nil && !w.onlyThis(err) {
				return err
			}
			results[e.name], failures[e.name] = res, err
		}
		return w.expand(ctx, r)
	})
	if err != nil {
		if shop.Classify(err) == shop.Missing {
			t.mu.Lock()
			t.stale = true
			t.mu.Unlock()
		}
		return err
	}
	t.failpoint("after-read")
	for _, k := range w.targets {
		if entityByName(k.name) == nil || k.id == 0 {
			continue // answered by expand or refresh
		}
		if err := failures[k.name]; err != nil {
			w.park(k, err)
			continue
		}
		prior := known[k.name][k.id]
		w.answer(k, prior, results[k.name][k.id])
	}
	w.commit.Position = t.watermark(w.answers)
	t.failpoint("before-commit")
	if _, err := t.cfg.Journal.Append(ctx, w.commit); err != nil {
		return err
	}
	t.failpoint("after-commit")
	t.stored(w.commit.Position)
	for _, fn := range w.after {
		fn()
	}
	for _, o := range w.counts {
		t.cfg.Metrics.documents.WithLabelValues(o.entity, o.result).Inc()
	}
	if len(w.commit.Marks) > 0 {
		t.marksSoon(w.now)
	}
	t.succeeded()
	return nil
}

// onlyThis reports whether an error concerns one entity's tables alone, so that
// the others of the batch can go on.
func (w *work) onlyThis(err error) bool {
	if errors.Is(err, errUnreadable) {
		return true
	}
	switch shop.Classify(err) {
	case shop.Missing, shop.Denied, shop.Refused:
		return true
	}
	return false
}

// read assembles the documents of one entity.
func (w *work) read(ctx context.Context, r *shop.Reader, e *entity, known map[int64]journal.Known) (map[int64]*result, error) {
	t := w.t
	if err := unreadable(r.Schema(), e); err != nil {
		t.mu.Lock()
		t.stale = true // look again next time
		t.mu.Unlock()
		return nil, err
	}
	a := &assembly{Reader: r, ref: t.ref, entity: e, previous: map[int64]*previous{}, imageBase: t.cfg.ImageBase, drafts: t.cfg.Drafts, results: map[int64]*result{}}
	for _, id := range w.byName[e.name] {
		if id != 0 {
			a.ids = append(a.ids, id)
		}
	}
	for id, k := range known {
		sums, err := document.ReadSums(k.Fields)
		if err != nil {
			return nil, err
		}
		p := &previous{lines: k.Lines, sums: sums, deleted: k.Deleted}
		if e.name == document.OrderEntity {
			ev, err := t.cfg.Journal.Event(ctx, k.Sequence)
			if err != nil {
				return nil, err
			}
			p.data = ev.Data
		}
		a.previous[id] = p
	}
	if err := e.read(a); err != nil {
		if shop.Classify(err) == shop.Missing {
			t.mu.Lock()
			t.stale = true
			t.mu.Unlock()
		}
		return nil, err
	}
	return a.results, nil
}

// answer decides what one reading means.
func (w *work) answer(k target, prior journal.Known, res *result) {
	t, s := w.t, w.sources[k]
	exists := prior.Revision > 0 && !prior.Deleted
	switch {
	case res == nil && !exists:
		w.done(k, "absent")
		return
	case res != nil && res.err != nil:
		w.park(k, res.err)
		return
	case res != nil && res.draft:
		w.done(k, "draft")
		return
	}
	halfway := "deleted" // a root that is gone may come back at once (an import)
	if res != nil {
		halfway = res.halfway
	}
	if s.pending != nil && t.tracker.moved(s.pending, s.count) && !t.tracker.overdue(s.pending, w.now) {
		// Touched while it was being read: quiet it was not.
		w.notNow(k, time.Time{}, "touched")
		return
	}
	if halfway != "" {
		if again, ok := t.secondLook(k, halfway, w.now); ok {
			w.notNow(k, again, "halfway")
			return
		}
		t.cfg.Metrics.halfway.WithLabelValues(k.name, halfway).Inc()
	}
	delete(t.holds, k)
	if res == nil {
		w.deleted(k, prior)
		return
	}
	w.revise(k, prior, res)
}

// secondLook decides whether a half-way read is read again, and when. Orders get
// edit_hold from the first such read, all others one more look.
func (t *Transformer) secondLook(k target, why string, now time.Time) (time.Time, bool) {
	h, held := t.holds[k]
	if !held {
		h = hold{since: now}
	}
	h.looks++
	t.holds[k] = h
	every := max(t.cfg.Settle, secondLook)
	if k.name == document.OrderEntity && why != "deleted" {
		end := h.since.Add(t.cfg.EditHold)
		if !now.Before(end) {
			return time.Time{}, false
		}
		return earlier(now.Add(every), end), true
	}
	return now.Add(every), h.looks == 1
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// revise journals a document that differs from the newest revision.
func (w *work) revise(k target, prior journal.Known, res *result) {
	s := w.sources[k]
	enc := document.Encode(res.doc)
	e := journal.NewEvent{
		Key: document.Key{Entity: k.name, ID: k.id}, Kind: document.Updated, Time: s.time, Origin: s.origin, Schema: document.Schema[k.name], Prior: prior,
		Hash: enc.Hash, Fields: enc.Sums(), Lines: max(res.lines, prior.Lines), Number: res.number, Email: res.email, SKU: res.sku,
	}
	if prior.Revision == 0 || prior.Deleted {
		e.Kind = document.Created
		e.Data = document.AppendData(nil, enc.Names(), nil, enc.JSON)
		w.journal(k, e, "changed")
		return
	}
	if prior.Hash == enc.Hash {
		w.done(k, "unchanged")
		return
	}
	sums, err := document.ReadSums(prior.Fields)
	if err != nil {
		w.park(k, err)
		return
	}
	changed := enc.Changed(sums)
	if len(changed) == 0 {
		w.done(k, "unchanged")
		return
	}
	before, err := w.previousFields(prior.Sequence)
	if err != nil {
		w.park(k, err)
		return
	}
	previous := map[string][]byte{}
	for _, name := range changed {
		if raw, ok := before[name]; ok {
			previous[name] = raw
		}
	}
	e.Data = document.AppendData(make([]byte, 0, len(enc.JSON)+512), changed, previous, enc.JSON)
	w.journal(k, e, "changed")
}

// deleted journals that the root row is gone, with the last document known.
func (w *work) deleted(k target, prior journal.Known) {
	s := w.sources[k]
	doc, err := w.previousDocument(prior.Sequence)
	if err != nil {
		w.park(k, err)
		return
	}
	w.journal(k, journal.NewEvent{
		Key: document.Key{Entity: k.name, ID: k.id}, Kind: document.Deleted, Time: s.time, Origin: s.origin, Schema: prior.Schema, Prior: prior,
		Data: document.AppendData(nil, nil, nil, doc), Hash: prior.Hash, Fields: prior.Fields, Lines: prior.Lines,
	}, "deleted")
}

func (w *work) previousDocument(sequence int64) ([]byte, error) {
	ev, err := w.t.cfg.Journal.Event(context.Background(), sequence)
	if err != nil {
		return nil, err
	}
	return document.DocumentOf(ev.Data)
}

func (w *work) previousFields(sequence int64) (map[string][]byte, error) {
	doc, err := w.previousDocument(sequence)
	if err != nil {
		return nil, err
	}
	return document.FieldsOf(doc)
}

func (w *work) journal(k target, e journal.NewEvent, result string) {
	w.commit.Events = append(w.commit.Events, e)
	w.done(k, result)
}

// done answers a target: it leaves the tracker (or the dirty table) with this
// commit, unless it was touched again.
func (w *work) done(k target, result string) {
	t, s := w.t, w.sources[k]
	delete(t.holds, k)
	if result != "" && result != "absent" {
		w.counts = append(w.counts, outcome{k.name, result})
	}
	if s.mark != nil {
		w.commit.Clear = append(w.commit.Clear, journal.Seen{Key: s.mark.Key, Mark: s.mark.Number})
		return
	}
	if !w.proven && !s.pending.confirm {
		// No proof that this read was not older than the touch: look once more.
		w.after = append(w.after, func() { t.tracker.again(s.pending, time.Now().Add(max(t.cfg.Settle, time.Second))) })
		return
	}
	w.answered(s)
}

// answered lets a live target go with the commit.
func (w *work) answered(s source) {
	w.answers.items = append(w.answers.items, s.pending)
	w.answers.counts = append(w.answers.counts, s.count)
	w.after = append(w.after, func() { w.t.tracker.settled(s.pending, s.count, true, time.Time{}) })
}

// notNow leaves a target pending until at.
func (w *work) notNow(k target, at time.Time, why string) {
	t, s := w.t, w.sources[k]
	if s.mark != nil {
		m := s.mark.Mark
		m.Next = at
		w.commit.Marks = append(w.commit.Marks, m)
		return
	}
	w.after = append(w.after, func() { t.tracker.settled(s.pending, s.count, false, at) })
}

// park puts a key that cannot be read into the dirty table with its cause; it is
// tried again with growing waits and never stops the others.
func (w *work) park(k target, cause error) {
	t, s := w.t, w.sources[k]
	m := journal.Mark{Key: document.Key{Entity: k.name, ID: k.id}, Reason: "failed", Origin: s.origin, Touched: s.time, Error: shop.Explain(cause)}
	if s.mark != nil {
		m.Attempts, m.Position = s.mark.Attempts, s.mark.Position
	} else {
		m.Position = s.pending.before.Encode()
	}
	m.Attempts++
	m.Next = w.now.Add(parkedFor(m.Attempts))
	w.commit.Marks = append(w.commit.Marks, m)
	w.counts = append(w.counts, outcome{k.name, "failed"})
	if m.Attempts == 1 {
		t.log.Error("an entity cannot be read: it waits alone and is tried again", "kind", k.name, "id", k.id, "err", m.Error)
	}
	if s.pending != nil {
		w.answered(s)
	}
}

// parkedFor is how long a key rests after its nth failed read: 5 s doubling to
// ten minutes.
func parkedFor(n int) time.Duration {
	return min(5*time.Second<<min(n-1, 10), 10*time.Minute)
}

// expand answers what is no single entity: whole entities, reference rows whose
// names are content of others, and cached reference data.
func (w *work) expand(ctx context.Context, r *shop.Reader) error {
	for _, k := range w.targets {
		if entityByName(k.name) != nil && k.id != 0 {
			continue
		}
		s := w.sources[k]
		if _, ok := isReference(k.name); ok {
			w.done(k, "") // refreshed already
			continue
		}
		reason, origin := s.reason, s.origin
		if reason == "" {
			reason = "reference"
		}
		keys, err := w.concerned(ctx, r, k, s)
		if err != nil {
			if w.onlyThis(err) {
				w.park(k, err)
				continue
			}
			return err
		}
		// All but the last chunk go ahead of the commit that answers the target;
		// should we be killed in between, it is expanded again.
		for len(keys) > markChunk {
			if _, err := w.t.cfg.Journal.Append(ctx, journal.Commit{Marks: marksOf(keys[:markChunk], reason, origin, s)}); err != nil {
				return err
			}
			keys = keys[markChunk:]
		}
		w.commit.Marks = append(w.commit.Marks, marksOf(keys, reason, origin, s)...)
		w.done(k, "")
	}
	return nil
}

func marksOf(keys []document.Key, reason, origin string, s source) []journal.Mark {
	marks := make([]journal.Mark, len(keys))
	for i, k := range keys {
		marks[i] = journal.Mark{Key: k, Reason: reason, Origin: origin}
		if s.pending != nil {
			marks[i].Touched = s.time
		}
	}
	return marks
}

// concerned lists the entities a target stands for.
func (w *work) concerned(ctx context.Context, r *shop.Reader, k target, s source) ([]document.Key, error) {
	if e := entityByName(k.name); e != nil {
		window := ""
		if s.mark != nil {
			window = s.mark.Position
		}
		return w.all(ctx, r, e, window)
	}
	if k.id == 0 && k.name != everyProduct { // a reference table as a whole
		k.name = everyProduct
	}
	switch k.name {
	case everyProduct:
		products, err := w.all(ctx, r, &productEntity, "")
		if err != nil {
			return nil, err
		}
		categories, err := w.all(ctx, r, &categoryEntity, "")
		return append(products, categories...), err
	case byCategory:
		below, err := r.Select(shop.Query{Table: "category_path", Columns: []string{"category_id"}, Where: "path_id", Keys: []int64{k.id}})
		if err != nil {
			return nil, err
		}
		ids := idSet{}
		ids.add(k.id)
		for _, row := range below.All() {
			ids.add(row.Int("category_id"))
		}
		in, err := r.Select(shop.Query{Table: "product_to_category", Columns: []string{"product_id"}, Where: "category_id", Keys: ids.list})
		if err != nil {
			return nil, err
		}
		var out []document.Key
		for _, id := range ids.list {
			out = append(out, document.Key{Entity: document.CategoryEntity, ID: id})
		}
		return append(out, keysOf(in, document.ProductEntity, "product_id")...), nil
	}
	where, ok := map[string][2]string{
		byManufacturer: {"product", "manufacturer_id"},
		byOption:       {"product_option", "option_id"},
		byOptionValue:  {"product_option_value", "option_value_id"},
		byAttribute:    {"product_attribute", "attribute_id"},
		byWeightClass:  {"product", "weight_class_id"},
		byLengthClass:  {"product", "length_class_id"},
	}[k.name]
	if !ok {
		return nil, fmt.Errorf("unknown target %q", k.name)
	}
	rows, err := r.Select(shop.Query{Table: where[0], Columns: []string{"product_id"}, Where: where[1], Keys: []int64{k.id}})
	if err != nil {
		return nil, err
	}
	return keysOf(rows, document.ProductEntity, "product_id"), nil
}

func keysOf(rows *shop.Rows, entity, column string) []document.Key {
	var ids idSet
	for _, row := range rows.All() {
		ids.add(row.Int(column))
	}
	out := make([]document.Key, len(ids.list))
	for i, id := range ids.list {
		out[i] = document.Key{Entity: entity, ID: id}
	}
	return out
}

// sinceWindow is how a mark of all orders carries the window of a snapshot.
const sinceWindow = "since "

// Since makes the Position of a mark for all of an entity that was changed since.
func Since(at time.Time) string { return sinceWindow + at.UTC().Format(time.DateTime) }

// all lists the keys of an entity: those the shop has, and those the journal has
// and the shop may have lost.
func (w *work) all(ctx context.Context, r *shop.Reader, e *entity, window string) ([]document.Key, error) {
	if err := unreadable(r.Schema(), e); err != nil {
		return nil, err
	}
	and := ""
	if at, ok := strings.CutPrefix(window, sinceWindow); ok {
		if _, err := time.Parse(time.DateTime, at); err == nil && r.Schema().Has(e.root, "date_added") {
			and = "`date_added` >= '" + at + "'"
		}
	}
	var ids idSet
	rows, err := r.Select(shop.Query{Table: e.root, Columns: []string{e.id}, And: and, Order: []string{e.id}})
	if err != nil {
		return nil, err
	}
	for _, row := range rows.All() {
		ids.add(row.Int(e.id))
	}
	for after := int64(0); and == ""; {
		known, err := w.t.cfg.Journal.KnownIDs(ctx, e.name, after, markChunk)
		if err != nil {
			return nil, err
		}
		if len(known) == 0 {
			break
		}
		for _, id := range known {
			ids.add(id)
		}
		after = known[len(known)-1]
	}
	out := make([]document.Key, len(ids.list))
	for i, id := range ids.list {
		out[i] = document.Key{Entity: e.name, ID: id}
	}
	return out, nil
}
