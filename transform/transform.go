// Package transform turns touches into documents: it knows OpenCart's tables, and
// nothing of binlogs. DESIGN.md beside this file says what is guaranteed and why it
// is built so.
package transform

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/shop"
	"octail/transform/document"
)

// Config is what a Transformer needs.
type Config struct {
	Shop     *shop.Shop
	Schema   *shop.Schema
	Journal  *journal.Journal
	Zone     *time.Location // of the shop's DATETIME columns
	Settle   time.Duration  // how long an entity must be quiet before it is read
	EditHold time.Duration  // how long an order may stay half-way
	Drafts   bool           // deliver orders of status 0 too
	// ImageBase is put before image paths; "" leaves image URLs out.
	ImageBase string
	From      canal.Position // where capture starts
	// Covered is since when the journal covers an entity: comparing all of it looks
	// at what it has, and at what the shop has added or changed since. None: all.
	Covered map[string]time.Time
	// CoveredAbove is the same for entities that keep no dates: the highest key there
	// was at the first start.
	CoveredAbove map[string]int64
	// Marked is told how many keys of a kind were marked to be read in the background,
	// why, and how many more are to be marked later. May be nil.
	Marked  func(reason, entity string, keys, more int64)
	Log     *slog.Logger
	Metrics *Metrics
	// Compared is called when a comparison of whole entities has come to its end. May
	// be nil.
	Compared func(Compared)
	// Released is told the shop's processing and complete statuses at the first reading and
	// when they are others: see the function Released. May be nil.
	Released func(ctx context.Context, ids []int64)
	// Unfinished are the reasons of comparisons whose end an earlier run has not told.
	Unfinished []string
	// Failpoint is called with the name of a stop point; tests kill the process
	// there. May be nil.
	Failpoint func(name string)
}

// Limits of the loop.
const (
	batchSize = 500  // keys read together
	bulkSize  = 100  // stored marks read together: smaller, a live key may be waiting
	liveTurns = 10   // live batches before stored marks get a turn
	pendingOK = 2000 // touched keys kept in memory before capture has to wait
	spillAt   = 2000 // a transaction with more touches goes to the dirty table instead
	markChunk = 5000 // marks in one journal transaction
	listPage  = 1000 // keys of a whole entity that are marked at a time
	// heldFor is how long a touch may keep the watermark back; then it is moved
	// to the dirty table.
	heldFor = 30 * time.Second
	// secondLook is the least wait before a half-way read is repeated.
	secondLook = 500 * time.Millisecond
	// confirmAfter is the least wait before a read is repeated that nothing proves
	// to hold what the binlog announced: a commit becomes visible within
	// milliseconds.
	confirmAfter = time.Second
	// positionEvery is how often the position is stored while nothing is
	// journaled, and how often the dirty table is looked at.
	positionEvery = time.Second
	// upToEvery is how often it is stored for its time alone, while the log rests.
	upToEvery = time.Minute
	// doubtAfter is how old the schema has to be before a missing table makes it
	// be read again.
	doubtAfter = 5 * time.Second
	// calmAfter is how long tables must not have changed before they are read, and all
	// that could not be read is tried again; restlessFor, how long that may put off reading.
	calmAfter, restlessFor = 2 * time.Second, time.Minute
	// retryFirst and retryLast bound the wait after a failure.
	retryFirst, retryLast = 250 * time.Millisecond, 30 * time.Second
)

// Transformer turns touches into journaled events. It implements canal.Handler
// (called from capture's goroutine); Run is its own loop.
type Transformer struct {
	cfg     Config
	log     *slog.Logger
	now     func() time.Time
	tracker *tracker
	text    *texts
	ref     *reference

	seen atomic.Pointer[time.Time] // see Seen
	busy chan struct{}             // held while a batch is read and journaled

	mu        sync.Mutex
	schema    *shop.Schema
	stale     bool                 // the schema is to be read again
	dropped   bool                 // Drop was called: holds mean nothing any more
	emptied   map[string]time.Time // by entity: when its tables were last made, altered or emptied
	nextMarks time.Time            // when the dirty table has to be looked at
	blocked   map[string]string    // why something cannot be done at present, by what
	stirred   time.Time            // when tables began to change, without a rest since
	stirs     time.Time            // when they changed last; zero: not such as are watched
	retryAt   time.Time            // when what cannot be read is tried again, since tables have changed
	renewed   time.Time            // when stored marks may have been made again last
	doubted   map[string]doubt     // what was said of a reason

	// The loop's own:
	holds    map[target]hold
	position canal.Position // stored last
	upTo     time.Time      // stored with it
	storedAt time.Time
	schemaAt time.Time         // when the schema was read
	movedAt  time.Time         // when old touches were looked for
	turn     int               // live batches since stored marks had a turn
	applied  map[string]string // shop settings that the journal's documents were made with
	released []int64           // told last; nil: not yet
	liveKeys portion           // read together
	bulkKeys portion
	bulkPace pace
	unlisted map[target]int64 // by whole entity: about how many keys are not marked yet

	comparisons map[string]*Compared // that go on, by reason
	causes      map[string]time.Time // for which keys were parked: when that was said
	wait        time.Duration
	bulkWait    time.Duration
}

// New prepares a Transformer; Run starts it.
func New(cfg Config) *Transformer {
	t := &Transformer{
		cfg: cfg, log: cfg.Log, now: time.Now, busy: make(chan struct{}, 1), schema: cfg.Schema, text: &texts{}, blocked: map[string]string{}, holds: map[target]hold{}, unlisted: map[target]int64{}, applied: map[string]string{}, position: cfg.From,
		comparisons: map[string]*Compared{}, causes: map[string]time.Time{}, doubted: map[string]doubt{}, emptied: map[string]time.Time{},
		liveKeys: newPortion(batchSize, liveBytes), bulkKeys: newPortion(bulkSize, bulkBytes), renewed: time.Now(),
	}
	t.tracker = newTracker(cfg.Settle, pendingOK, cfg.From, func() time.Time { return t.now() })
	for _, reason := range cfg.Unfinished {
		t.tally(reason)
	}
	t.ref = newReference(t.text, cfg.Zone)
	cfg.Metrics.watch(t)
	return t
}

// Commit takes over a transaction's touches. It implements canal.Handler.
func (t *Transformer) Commit(tx canal.Transaction) error {
	targets := make([]target, 0, len(tx.Touches)+len(tx.Resyncs))
	for _, touch := range tx.Touches {
		if touch.Key <= 0 && hasKeys(touch.Target) {
			continue // a row that belongs to nobody; ID 0 would mean all
		}
		targets = append(targets, target{touch.Target, touch.Key})
	}
	reasons := map[target]string{}
	if tx.Tables {
		t.outdated()
		t.restless(tx)
	}
	for _, r := range tx.Resyncs {
		k := target{r.Target, 0}
		reasons[k] = r.Reason
		targets = append(targets, k)
		if mayBeRestored(r.Reason) {
			t.mu.Lock()
			t.emptied[r.Target] = t.now()
			t.mu.Unlock()
		}
	}
	if len(tx.Resyncs) > 0 {
		t.doubts(tx)
		t.outdated()
	}
	if len(targets) > spillAt {
		// A price import of a whole catalogue: to the background, so that the
		// orders placed meanwhile do not wait behind it. The position still stands
		// before this transaction; should we be killed here, it comes again.
		t.tracker.announce(tx.Position)
		rest, err := t.spill(tx, targets)
		if err != nil {
			return err
		}
		targets = rest
	}
	if !t.tracker.add(tx, targets, reasons) {
		return context.Canceled
	}
	return nil
}

// spill writes the entity keys among targets to the dirty table and returns the
// others.
func (t *Transformer) spill(tx canal.Transaction, targets []target) (rest []target, err error) {
	var marks []journal.Mark
	next := t.now().Add(max(t.cfg.Settle, confirmAfter))
	for _, k := range targets {
		if entityByName(k.name) == nil || k.id == 0 {
			rest = append(rest, k)
			continue
		}
		marks = append(marks, journal.Mark{Key: document.Key{Entity: k.name, ID: k.id}, Reason: "large transaction", Origin: document.FromShop,
			Position: tx.Position.Encode(), Touched: tx.Time, Next: next})
	}
	for chunk := range slices.Chunk(marks, markChunk) {
		for {
			_, err := t.cfg.Journal.Append(context.Background(), journal.Commit{Marks: chunk})
			if err == nil {
				break
			}
			t.failed(failure{writeJournal, err})
			select {
			case <-t.tracker.done:
				return nil, context.Canceled
			case <-time.After(time.Second):
			}
		}
		t.worked(writeJournal)
	}
	t.marksAt(next)
	return rest, nil
}

// Progress implements canal.Handler.
func (t *Transformer) Progress(p canal.Position) error {
	t.tracker.progress(p)
	return nil
}

// ReadUpTo tells that all that was committed before at is in front of what was handed
// over: what the stored position knows of time.
func (t *Transformer) ReadUpTo(at time.Time) { t.tracker.readUpTo(at) }

// Moved tells that capture goes on at p on another server, by GTID.
func (t *Transformer) Moved(p canal.Position) { t.tracker.elsewhere(p) }

// Drop forgets all touches: the log they came from has a hole, and everything is
// about to be marked. Capture must be stopped. Nothing is read until Restart.
func (t *Transformer) Drop() {
	t.mu.Lock()
	t.dropped = true
	t.mu.Unlock()
	t.tracker.drop()
	t.cfg.Shop.Forget()
}

// Restart tells where capture goes on after a hole, once everything is marked.
func (t *Transformer) Restart(from canal.Position) {
	t.outdated()
	t.tracker.progress(from)
	t.renewedMarks()
}

// Stop makes a waiting Commit return; Run ends with its context.
func (t *Transformer) Stop() { t.tracker.stop() }

// Mark asks for keys to be read again, durably, for a reason that is no row
// change (snapshot, sync, reconcile). ID 0 stands for all of the entity.
func (t *Transformer) Mark(ctx context.Context, marks []journal.Mark) error {
	for chunk := range slices.Chunk(marks, markChunk) {
		if _, err := t.cfg.Journal.Append(ctx, journal.Commit{Marks: chunk}); err != nil {
			return err
		}
	}
	t.renewedMarks()
	return nil
}

// Run reads and journals until ctx ends. It returns nil then.
func (t *Transformer) Run(ctx context.Context) error {
	t.marksAt(t.now())
	for ctx.Err() == nil {
		t.alive(0)
		did, next, err := t.step(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			t.failed(err)
			t.wait = grow(t.wait)
			t.alive(t.wait)
			select {
			case <-ctx.Done():
			case <-time.After(t.wait):
			}
		default:
			t.wait = 0
			if !did {
				t.sleep(ctx, next)
			}
		}
	}
	t.upTo = time.Time{} // the time too, however near
	if err := t.storePosition(context.WithoutCancel(ctx)); err != nil {
		t.failed(err)
	}
	return nil
}

func grow(wait time.Duration) time.Duration {
	return min(max(2*wait, retryFirst), retryLast)
}

// sleep waits until next, or until something was touched or marked.
func (t *Transformer) sleep(ctx context.Context, next time.Time) {
	timer := time.NewTimer(next.Sub(t.now()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-t.tracker.wake:
	case <-timer.C:
	}
}

// step handles one batch. did is false when nothing was due until next. An error
// concerns all keys alike: nothing was journaled, everything stays pending.
func (t *Transformer) step(ctx context.Context) (did bool, next time.Time, err error) {
	now := t.now()
	t.mu.Lock()
	marks, retry := t.nextMarks, !t.retryAt.IsZero() && !now.Before(t.retryAt)
	if t.dropped {
		clear(t.holds)
		t.dropped = false
	}
	t.mu.Unlock()
	if calm := t.calmAt(); now.Before(calm) {
		return false, calm, nil
	}
	if retry {
		if err := t.cfg.Journal.RetryFailing(ctx); err != nil {
			return false, now, failure{writeJournal, err}
		}
		t.mu.Lock()
		t.retryAt, marks = time.Time{}, now
		t.mu.Unlock()
	}
	if now.Sub(t.movedAt) >= positionEvery {
		t.movedAt = now
		if err := t.moveOld(ctx, now); err != nil {
			return false, now, err
		}
	}
	due := !now.Before(marks) && t.bulkPace.rested(now)
	// Live keys go first; stored marks get one turn in ten.
	if due && t.turn >= liveTurns {
		t.turn = 0
		if t.bulk(ctx, now) {
			return true, now, nil
		}
	}
	keys, next := t.tracker.take(now, t.liveKeys.size)
	if len(keys) > 0 {
		t.turn++
		return true, now, t.live(ctx, keys)
	}
	if due && t.bulk(ctx, now) {
		return true, now, nil
	}
	if now.Sub(t.storedAt) >= positionEvery {
		if err := t.storePosition(ctx); err != nil {
			return false, now, err
		}
	}
	t.mu.Lock()
	marks = t.nextMarks
	t.mu.Unlock()
	if !t.bulkPace.rested(marks) {
		marks = t.bulkPace.until
	}
	for _, at := range []time.Time{marks, now.Add(positionEvery)} {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return false, next, nil
}

// live reads a batch of touched targets.
func (t *Transformer) live(ctx context.Context, keys []taken) error {
	err := t.work(ctx, &t.liveKeys, func(w *work) {
		for i := range keys {
			w.add(keys[i].target, source{taken: &keys[i], time: keys[i].time, origin: document.FromShop, reason: keys[i].reason})
		}
	})
	if errors.Is(err, shop.ErrTooMuch) {
		n := t.liveKeys.tooMuch(len(keys))
		for _, k := range keys[n:] {
			t.tracker.postponed(k, k.notYet, k.confirm)
		}
		return t.live(ctx, keys[:n])
	}
	if err != nil {
		for _, k := range keys {
			t.tracker.postponed(k, time.Time{}, k.confirm)
		}
	}
	return err
}

// bulk reads a batch of stored marks and reports whether there was one. Its
// failures make it wait alone, so that live keys are not held up.
func (t *Transformer) bulk(ctx context.Context, now time.Time) bool {
	marks, err := t.dueMarks(ctx, now)
	for err == nil && len(marks) > 0 {
		err = t.work(ctx, &t.bulkKeys, func(w *work) {
			for i := range marks {
				m := &marks[i]
				at := m.Touched
				if at.IsZero() {
					at = now
				}
				w.add(target{m.Entity, m.ID}, source{mark: m, time: at, origin: m.Origin, reason: m.Reason})
			}
		})
		if !errors.Is(err, shop.ErrTooMuch) {
			break
		}
		marks, err = marks[:t.bulkKeys.tooMuch(len(marks))], nil // the others stay due
	}
	if err == nil && len(marks) == 0 && len(t.comparisons) > 0 {
		err = t.finished(ctx)
	}
	if err != nil {
		if ctx.Err() == nil {
			t.failed(err)
		}
		t.bulkWait = grow(t.bulkWait)
		t.mu.Lock()
		t.nextMarks = now.Add(t.bulkWait)
		t.mu.Unlock()
		return false
	}
	t.bulkWait = 0
	return len(marks) > 0
}

// dueMarks lists the stored marks to be read next. A key that is pending at the
// same time is left to its touch, whose answer clears the mark too; one that failed
// before is read alone, so that it fails alone.
func (t *Transformer) dueMarks(ctx context.Context, now time.Time) ([]journal.Dirty, error) {
	if _, known := t.tracker.latest(); !known {
		return nil, nil // until Restart
	}
	t.mu.Lock()
	t.nextMarks = now.Add(positionEvery) // for those with a time in the future
	t.mu.Unlock()
	marks, err := t.cfg.Journal.Due(ctx, now, t.bulkKeys.size+t.tracker.size())
	if err != nil {
		return nil, failure{readJournal, err}
	}
	marks = slices.DeleteFunc(marks, func(m journal.Dirty) bool { return t.tracker.join(target{m.Entity, m.ID}, m) })
	marks = marks[:min(len(marks), t.bulkKeys.size)]
	switch i := slices.IndexFunc(marks, func(m journal.Dirty) bool { return m.Error != "" }); {
	case i == 0:
		marks = marks[:1]
	case i > 0:
		marks = marks[:i]
	}
	if len(marks) > 0 {
		t.marksAt(now) // there may be more
	}
	return marks, nil
}

// renewedMarks notes that keys were marked, and makes the dirty table be looked at.
func (t *Transformer) renewedMarks() {
	now := t.now()
	t.mu.Lock()
	t.renewed = now
	t.mu.Unlock()
	t.marksAt(now)
}

// marksAt makes the dirty table be looked at, not later than at.
func (t *Transformer) marksAt(at time.Time) {
	t.mu.Lock()
	if at.Before(t.nextMarks) || t.nextMarks.IsZero() {
		t.nextMarks = at
	}
	t.mu.Unlock()
	t.tracker.signal()
}

// moveOld writes touches that have kept the watermark back for long (held or
// failing entities) to the dirty table, in the transaction that advances the
// position.
func (t *Transformer) moveOld(ctx context.Context, now time.Time) error {
	// What is never quiet may wait longer for its reading than others are held.
	keys := t.tracker.old(now.Add(-max(heldFor, t.tracker.patience())))
	if len(keys) == 0 {
		return nil
	}
	var c journal.Commit
	for _, k := range keys {
		reason := k.reason
		if reason == "" {
			reason = "held"
		}
		c.Marks = append(c.Marks, journal.Mark{Key: document.Key{Entity: k.name, ID: k.id}, Reason: reason, Origin: document.FromShop,
			Position: k.first.before.Encode(), Touched: k.time, Next: k.notYet})
	}
	if err := t.append(ctx, c, keys); err != nil {
		for _, k := range keys {
			t.tracker.postponed(k, k.notYet, k.confirm)
		}
		return err
	}
	t.tracker.answered(keys)
	t.renewedMarks()
	return nil
}

// append writes c, with the position below which nothing is missing once answered
// is journaled.
func (t *Transformer) append(ctx context.Context, c journal.Commit, answered []taken) error {
	low := t.tracker.low(answered)
	p := low.before
	if !p.IsZero() && (p != t.position || low.upTo.Sub(t.upTo) >= upToEvery) {
		c.Position = p.EncodeAt(low.upTo)
	}
	if _, err := t.cfg.Journal.Append(ctx, c); err != nil {
		return failure{writeJournal, err}
	}
	t.worked(writeJournal)
	if c.Position != "" {
		t.position, t.upTo, t.storedAt = p, low.upTo, t.now()
	}
	return nil
}

// storePosition saves the watermark while nothing is journaled.
func (t *Transformer) storePosition(ctx context.Context) error {
	return t.append(ctx, journal.Commit{}, nil)
}

// Pending is the number of touched keys that wait to be read.
func (t *Transformer) Pending() int { return t.tracker.size() }

// InvalidTexts is how many stored texts held bytes that are not valid UTF-8.
func (t *Transformer) InvalidTexts() int64 { return t.text.invalid.Load() }

// Watermark is the position below which nothing waits to be read; zero while the
// log has a hole.
func (t *Transformer) Watermark() canal.Position { return t.tracker.watermark(nil) }

// outdated makes the schema be read again before the next reading.
func (t *Transformer) outdated() {
	t.mu.Lock()
	t.stale = true
	t.mu.Unlock()
}

// takeSchema returns the schema and whether it has to be read again first; that is
// then the caller's to do.
func (t *Transformer) takeSchema() (s *shop.Schema, stale bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, stale = t.schema, t.stale
	t.stale = false
	return s, stale
}

func (t *Transformer) keepSchema(s *shop.Schema) {
	t.mu.Lock()
	t.schema = s
	t.mu.Unlock()
	t.schemaAt = t.now()
	t.ref.forgetAll()
}

func (t *Transformer) failpoint(name string) {
	if t.cfg.Failpoint != nil {
		t.cfg.Failpoint(name)
	}
}
