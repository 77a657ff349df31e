package transform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
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
	Log       *slog.Logger
	Metrics   *Metrics
	// Failpoint is called with the name of a stop point; tests kill the process
	// there. May be nil.
	Failpoint func(name string)
}

// Limits of the loop.
const (
	batchSize = 500  // keys read together
	bulkSize  = 200  // stored marks read together: smaller, a live key may be waiting
	pendingOK = 2000 // touched keys kept in memory before capture has to wait
	spillAt   = 2000 // a transaction with more touches goes to the dirty table instead
	markChunk = 5000 // marks in one journal transaction
	// heldFor is how long a touch may keep the watermark back; then it is moved
	// to the dirty table.
	heldFor = 30 * time.Second
	// secondLook is the least wait before a half-way read is repeated.
	secondLook = 500 * time.Millisecond
	// positionEvery is how often the position is stored while nothing is journaled.
	positionEvery = time.Second
)

// Transformer turns touches into journaled events. It implements canal.Handler
// (called from capture's goroutine); Run is its own loop. See DESIGN.md.
type Transformer struct {
	cfg     Config
	log     *slog.Logger
	tracker *tracker
	text    *texts
	ref     *reference

	mu     sync.Mutex
	schema *shop.Schema
	stale  bool // the schema is to be read again

	// The loop's own:
	holds     map[target]hold
	position  canal.Position // stored last
	storedAt  time.Time
	bulkTurn  int
	nextMarks time.Time // when the dirty table has to be looked at
	wait      time.Duration
	blocked   string // why nothing can be read at present, "" = it can
}

// hold is a half-way read that is looked at again.
type hold struct {
	since time.Time
	looks int
}

// New prepares a Transformer; Run starts it.
func New(cfg Config) *Transformer {
	t := &Transformer{
		cfg: cfg, log: cfg.Log, schema: cfg.Schema, text: &texts{},
		tracker: newTracker(cfg.Settle, pendingOK, cfg.From), holds: map[target]hold{}, position: cfg.From,
	}
	t.ref = newReference(t.text, cfg.Zone)
	cfg.Metrics.watch(t)
	return t
}

// Commit takes over a transaction's touches. It implements canal.Handler.
func (t *Transformer) Commit(tx canal.Transaction) error {
	targets := make([]target, 0, len(tx.Touches)+len(tx.Resyncs))
	for _, touch := range tx.Touches {
		targets = append(targets, target{touch.Target, touch.Key})
	}
	reasons := map[target]string{}
	for _, r := range tx.Resyncs {
		k := target{r.Target, 0}
		reasons[k] = r.Reason
		targets = append(targets, k)
		t.log.Warn("rows may have changed without row events: all of it is compared again", "entity", r.Target, "table", r.Table, "reason", r.Reason)
		t.cfg.Metrics.resyncs.WithLabelValues(r.Reason).Inc()
		t.mu.Lock()
		t.stale = true
		t.mu.Unlock()
	}
	if len(targets) > spillAt {
		// A price import of a whole catalogue: to the background, so that the
		// orders placed meanwhile do not wait behind it. The position still stands
		// before this transaction; should we be killed here, it comes again.
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
func (t *Transformer) spill(tx canal.Transaction, targets []target) ([]target, error) {
	var rest []target
	var marks []journal.Mark
	flush := func() error {
		for {
			_, err := t.cfg.Journal.Append(context.Background(), journal.Commit{Marks: marks})
			if err == nil {
				marks = marks[:0]
				return nil
			}
			t.failed("write", err)
			if !t.pause() {
				return context.Canceled
			}
		}
	}
	for _, k := range targets {
		if entityByName(k.name) == nil || k.id == 0 {
			rest = append(rest, k)
			continue
		}
		marks = append(marks, journal.Mark{Key: document.Key{Entity: k.name, ID: k.id}, Reason: "large transaction", Origin: document.FromShop,
			Position: tx.Position.Encode(), Touched: tx.Time})
		if len(marks) == markChunk {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.nextMarks = time.Now()
	t.mu.Unlock()
	t.tracker.signal()
	return rest, nil
}

func (t *Transformer) pause() bool {
	time.Sleep(time.Second)
	t.tracker.mu.Lock()
	defer t.tracker.mu.Unlock()
	return !t.tracker.stopped
}

// Progress implements canal.Handler.
func (t *Transformer) Progress(p canal.Position) error {
	t.tracker.progress(p)
	return nil
}

// Drop forgets all touches: the log they came from has a hole, and everything is
// about to be marked. Capture must be stopped.
func (t *Transformer) Drop() { t.tracker.drop() }

// Restart tells where capture goes on after a hole, once everything is marked.
func (t *Transformer) Restart(from canal.Position) {
	t.tracker.progress(from)
	t.mu.Lock()
	t.nextMarks, t.stale = time.Now(), true
	t.mu.Unlock()
	t.tracker.signal()
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
	t.mu.Lock()
	t.nextMarks = time.Now()
	t.mu.Unlock()
	t.tracker.signal()
	return nil
}

// Run reads and journals until ctx ends. It returns nil then.
func (t *Transformer) Run(ctx context.Context) error {
	t.mu.Lock()
	t.nextMarks = time.Now()
	t.mu.Unlock()
	for ctx.Err() == nil {
		did, next, err := t.step(ctx)
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			t.wait = min(max(2*t.wait, 250*time.Millisecond), 30*time.Second)
			sleep(ctx, t.wait)
			continue
		}
		t.wait = 0
		if did {
			continue
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
		case <-t.tracker.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	t.storePosition(context.WithoutCancel(ctx), true)
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// step handles one batch. did is false when nothing was due until next.
func (t *Transformer) step(ctx context.Context) (did bool, next time.Time, err error) {
	now := time.Now()
	t.mu.Lock()
	marksDue := !t.nextMarks.IsZero() && !now.Before(t.nextMarks)
	t.mu.Unlock()
	// Live keys go first; stored marks get one turn in ten.
	if marksDue && t.bulkTurn >= 10 {
		t.bulkTurn = 0
		if did, err := t.bulk(ctx, now); did || err != nil {
			return did, now, err
		}
	}
	b, next := t.tracker.take(now, batchSize)
	if len(b.items) > 0 {
		t.bulkTurn++
		return true, now, t.live(ctx, b)
	}
	if marksDue {
		if did, err := t.bulk(ctx, now); did || err != nil {
			return did, now, err
		}
	}
	if err := t.moveOld(ctx, now); err != nil {
		return false, now, err
	}
	t.storePosition(ctx, false)
	t.mu.Lock()
	marks := t.nextMarks
	t.mu.Unlock()
	for _, at := range []time.Time{marks, now.Add(positionEvery)} {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return false, next, nil
}

// live reads a batch of touched targets.
func (t *Transformer) live(ctx context.Context, b batch) error {
	w := &work{t: t, now: time.Now()}
	var after canal.Position
	for i, p := range b.items {
		if after.File == "" || p.last.AtOrAfter(after.File, after.Offset) {
			after = p.last
		}
		w.add(p.target, source{pending: p, count: b.counts[i], time: p.time, origin: document.FromShop, reason: p.reason})
	}
	err := w.run(ctx, after)
	if err != nil {
		t.failed("read", err)
		for i, p := range b.items {
			t.tracker.settled(p, b.counts[i], false, time.Time{})
		}
		return err
	}
	return nil
}

// bulk reads a batch of stored marks.
func (t *Transformer) bulk(ctx context.Context, now time.Time) (bool, error) {
	marks, err := t.cfg.Journal.Due(ctx, now, bulkSize)
	if err != nil {
		t.failed("read", err)
		return false, err
	}
	if len(marks) == 0 {
		t.mu.Lock()
		t.nextMarks = now.Add(positionEvery) // those with a time in the future
		t.mu.Unlock()
		return false, nil
	}
	w := &work{t: t, now: now, bulk: true}
	for i := range marks {
		m := &marks[i]
		at := m.Touched
		if at.IsZero() {
			at = now
		}
		w.add(target{m.Entity, m.ID}, source{mark: m, time: at, origin: m.Origin, reason: m.Reason})
	}
	if err := w.run(ctx, t.tracker.latest()); err != nil {
		t.failed("read", err)
		return true, err
	}
	return true, nil
}

// moveOld writes touches that have kept the watermark back for long (held or
// failing entities) to the dirty table, in the transaction that advances the
// position.
func (t *Transformer) moveOld(ctx context.Context, now time.Time) error {
	b := t.tracker.old(now.Add(-heldFor))
	if len(b.items) == 0 {
		return nil
	}
	c := journal.Commit{}
	for _, p := range b.items {
		c.Marks = append(c.Marks, journal.Mark{Key: document.Key{Entity: p.name, ID: p.id}, Reason: "held", Origin: document.FromShop,
			Position: p.before.Encode(), Touched: p.time, Next: p.notYet})
	}
	c.Position = t.watermark(b)
	if _, err := t.cfg.Journal.Append(ctx, c); err != nil {
		t.failed("write", err)
		for i, p := range b.items {
			t.tracker.settled(p, b.counts[i], false, p.notYet)
		}
		return err
	}
	t.stored(c.Position)
	for i, p := range b.items {
		t.tracker.settled(p, b.counts[i], true, time.Time{})
	}
	t.marksSoon(now)
	return nil
}

func (t *Transformer) marksSoon(at time.Time) {
	t.mu.Lock()
	if t.nextMarks.IsZero() || at.Before(t.nextMarks) {
		t.nextMarks = at
	}
	t.mu.Unlock()
}

// watermark is the position to store once answered is journaled, "" when it is
// the one that is stored already.
func (t *Transformer) watermark(answered batch) string {
	p := t.tracker.watermark(answered)
	if p == t.position || p.IsZero() {
		return ""
	}
	return p.Encode()
}

func (t *Transformer) stored(position string) {
	if position == "" {
		return
	}
	p, err := canal.DecodePosition(position)
	if err != nil {
		return
	}
	t.position, t.storedAt = p, time.Now()
}

// storePosition saves the watermark now and then while nothing is journaled.
func (t *Transformer) storePosition(ctx context.Context, now bool) {
	if !now && time.Since(t.storedAt) < positionEvery {
		return
	}
	p := t.watermark(batch{})
	if p == "" {
		return
	}
	if _, err := t.cfg.Journal.Append(ctx, journal.Commit{Position: p}); err != nil {
		t.failed("write", err)
		return
	}
	t.stored(p)
}

// failed reports an error that concerns more than one key: the database or the
// journal cannot be used at present. Nothing is lost by it.
func (t *Transformer) failed(doing string, err error) {
	message := doing + ": " + shop.Explain(err)
	t.mu.Lock()
	news := t.blocked != message
	t.blocked = message
	t.mu.Unlock()
	if news {
		t.log.Error("documents cannot be made at present, trying again", "doing", doing, "err", shop.Explain(err))
	}
}

func (t *Transformer) succeeded() {
	t.mu.Lock()
	was := t.blocked
	t.blocked = ""
	t.mu.Unlock()
	if was != "" {
		t.log.Info("documents are made again", "after", was)
	}
}

// Blocked says why nothing can be read or journaled at present, "" when it can.
func (t *Transformer) Blocked() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.blocked
}

// Pending is the number of touched keys that wait to be read.
func (t *Transformer) Pending() int { return t.tracker.size() }

// InvalidTexts is how many stored texts held bytes that are not valid UTF-8.
func (t *Transformer) InvalidTexts() int64 { return t.text.invalid.Load() }

// Position is the stored low watermark.
func (t *Transformer) Watermark() canal.Position { return t.tracker.watermark(batch{}) }

// currentSchema returns the shop's schema, read again after a hint that it changed.
func (t *Transformer) currentSchema(ctx context.Context) (*shop.Schema, error) {
	t.mu.Lock()
	schema, stale := t.schema, t.stale
	t.mu.Unlock()
	if !stale {
		return schema, nil
	}
	fresh, err := t.cfg.Shop.Schema(ctx)
	if err != nil {
		return nil, err
	}
	t.ref.forgetAll()
	t.mu.Lock()
	t.schema, t.stale = fresh, false
	t.mu.Unlock()
	return fresh, nil
}

func (t *Transformer) failpoint(name string) {
	if t.cfg.Failpoint != nil {
		t.cfg.Failpoint(name)
	}
}

// errUnreadable: an entity's own table is missing or lost its key.
var errUnreadable = errors.New("cannot be read")

func unreadable(s *shop.Schema, e *entity) error {
	if s.Has(e.root, e.id) {
		return nil
	}
	return fmt.Errorf("%s %w: table %s with column %s is not there (or SELECT on it is not granted)", e.name, errUnreadable, s.Prefix+e.root, e.id)
}

func isReference(name string) (string, bool) { return strings.CutPrefix(name, refPrefix) }
