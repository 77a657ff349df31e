// Package dispatch delivers journaled events to sinks: one lane per sink, each on
// its own, so that a slow or broken sink delays no other. DESIGN.md beside this
// file says what is guaranteed.
package dispatch

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// Config is what a Lane needs.
type Config struct {
	Name     string
	Type     string
	Shop     string   // shop.name, the events' source
	Entities []string // nil: all
	Timeout  time.Duration
	Sink     sinks.Sink
	Needs    sinks.Needs
	Filter   Filter // nil: everything is for the sink
	// Remember: the filter lets some orders in late (release), so that a log has to
	// know which it was given. States are always remembered.
	Remember bool
	Start    Start
	Journal  *journal.Journal
	Log      *slog.Logger
	Metrics  *Metrics
	// Hurry divides the waits, for tests; 0 is 1.
	Hurry int
	// Failpoint: see transform.Config.
	Failpoint func(name string)
}

// Filter says what is for a sink.
type Filter interface {
	// Matches reports whether the document is one of those the sink is to have. Of a
	// sink that wants states it is asked until the entity is in the target.
	Matches(e *document.Event) (bool, error)
	// MayCreate reports whether an order may come into the target, and if not, why;
	// MayCreateNamed the same of one that a person has asked for.
	MayCreate(e *document.Event) (ok bool, why string)
	MayCreateNamed(e *document.Event) (ok bool, why string)
	// ReleaseKnown reports whether MayCreate can tell.
	ReleaseKnown() bool
}

// Start is where a sink begins at its first start; the zero value with what comes then.
type Start struct {
	Documents bool      // with the newest revision of everything there is (a log: all that the journal has)
	Since     time.Time // with what was journaled since
}

// Limits of a batch and of the waits between tries.
const (
	batchEvents = 500
	batchBytes  = 2 << 20
	// cursorEvery is how often the cursor is stored for a sink that can tell what
	// it holds, and on the way through a backlog; the cursor of any other sink is
	// stored as soon as nothing more was read for it.
	cursorEvery = time.Second
	firstWait   = time.Second
	longestWait = 5 * time.Minute
	// longestAsked bounds the wait that a target may ask for.
	longestAsked = time.Hour
	// idleCheck is how often a lane that has nothing to do looks whether that is so.
	idleCheck = 15 * time.Second
	// grace is how long after its deadline a call of a sink may go on before the
	// status says so.
	grace = 5 * time.Second
)

// Lane delivers to one sink: to one that takes the log every revision in the order of
// the journal, to one that wants states the newest revision of each entity.
type Lane struct {
	cfg      Config
	asks     chan ask
	wake     chan struct{}             // see Wake
	slot     chan struct{}             // one for each call that may run
	seen     atomic.Pointer[time.Time] // see Seen
	pause    atomic.Bool               // by a person
	full     atomic.Bool               // see StopFull
	fillTo   int64                     // see journal.Sink.Fill
	back     atomic.Bool               // somebody has resumed it
	retryAll atomic.Bool               // and wants all that is parked to be tried
	hangs    atomic.Bool               // a call that does not come back was told

	mu     sync.Mutex
	status Status
	record journal.Sink // as the journal has it

	// What follows is used by Run alone.
	gate        gate
	outage      outage
	calmTold    time.Time // when it was said last that the target asks to be left alone
	lastSuccess time.Time
	outcome     journal.Outcome // to be settled
	unstored    string          // why that failed last
	revive      time.Time       // dead letters since then go once more; zero: none do
	cursors     map[string]int64
	kept        bool // the journal has a cursor: retention waits for it
	known       bool // the sink ran before

	log logState
}

// ask is something to be done between two calls.
type ask struct {
	do     func(context.Context) error
	answer chan error
}

// New prepares a lane and finds out where it goes on: behind what the target
// holds when it can tell, else behind the stored cursor. It may give the journal
// a new birth mark (see journal.TakeBirth). An error is the journal's; that the
// sink cannot be used at present is told by Status, and Run goes on trying.
func New(ctx context.Context, cfg Config) (*Lane, error) {
	cfg.Hurry = max(1, cfg.Hurry)
	l := &Lane{cfg: cfg, asks: make(chan ask), wake: make(chan struct{}, 1), status: Status{Name: cfg.Name, Type: cfg.Type}, gate: newGate(), cursors: map[string]int64{}}
	l.slot = make(chan struct{}, max(1, cfg.Needs.Parallel))
	if err := l.register(ctx); err != nil {
		return nil, err
	}
	if !cfg.Needs.States {
		if err := l.newLog(ctx); err != nil {
			return nil, err
		}
	}
	l.status.Cursor = l.cursors[journal.Live]
	cfg.Metrics.watch(l)
	return l, nil
}

// register finds the lane's record, and makes it at the first start.
func (l *Lane) register(ctx context.Context) error {
	cfg := &l.cfg
	start, fill, err := l.start(ctx)
	if err != nil {
		return err
	}
	if _, l.known, err = cfg.Journal.Sink(ctx, cfg.Name); err != nil {
		return err
	}
	if l.record, err = cfg.Journal.RegisterSink(ctx, cfg.Name, cfg.Type, start, fill); err != nil {
		return err
	}
	if l.record.Type != cfg.Type {
		return fmt.Errorf("sink %s: it was of type %s, and what it has is remembered by its name: give the one of type %s another name", cfg.Name, l.record.Type, cfg.Type)
	}
	l.fillTo = l.record.Fill
	if err := cfg.Journal.MakeDue(ctx, cfg.Name, false); err != nil { // the configuration may be another one
		return err
	}
	l.gate.paused, l.gate.stopped, l.gate.refused = l.record.Paused, l.record.Stopped, l.record.Refused
	l.pause.Store(l.record.Paused)
	if l.record.Stopped == StoppedFull {
		l.gate.stopped, l.gate.full = "", true
		l.full.Store(true)
	}
	l.status.Paused, l.status.Stopped = l.record.Paused, l.record.Stopped
	if l.gate.stopped == "" && l.record.Next.After(time.Now()) { // the target has asked for it
		l.gate.next = l.record.Next
		if most := time.Now().Add(longestAsked); l.gate.next.After(most) { // the clock was set back
			l.gate.next = most
		}
	}
	if l.record.Error != "" {
		l.status.LastError, l.status.FailingFrom = l.record.Error, l.record.Since
		l.outage = outage{since: l.record.Since, before: true}
	}
	for _, name := range []string{journal.Live, journal.Bulk, journal.Taken} {
		at, known, err := cfg.Journal.Cursor(ctx, cfg.Name, name)
		if err != nil {
			return err
		}
		if !known && name != journal.Taken {
			at = l.record.Start
		}
		if at > cfg.Journal.Last() && cfg.Needs.States { // the journal was cut back, see journal.Restored
			at = 0
		}
		l.cursors[name], l.kept = at, l.kept || known
	}
	return nil
}

// start is where the lane begins at its first start, and up to where everything counts
// as bulk.
func (l *Lane) start(ctx context.Context) (start, fill int64, err error) {
	last := l.cfg.Journal.Last()
	switch {
	case l.cfg.Start.Documents:
	case !l.cfg.Start.Since.IsZero():
		start, err = l.cfg.Journal.SequenceBefore(ctx, l.cfg.Start.Since)
	default:
		start = last
	}
	return start, last, err
}

// Run delivers until ctx ends, then returns nil. Errors of the sink are retried
// without end. It returns only when the sink has come back from its last call.
func (l *Lane) Run(ctx context.Context) error {
	if l.cfg.Needs.States {
		l.runStates(ctx)
	} else {
		l.runLog(ctx)
	}
	return nil
}

// Pause stops deliveries behind the calls that run, until Resume, also of the next
// agent.
func (l *Lane) Pause(ctx context.Context) error { return l.setPaused(ctx, true) }

// Resume ends a pause and any stop or wait of the lane's own: it tries at once,
// parked entities too.
func (l *Lane) Resume(ctx context.Context) error {
	if err := l.setPaused(ctx, false); err != nil {
		return err
	}
	l.retryAll.Store(true)
	l.back.Store(true)
	l.Wake()
	return nil
}

func (l *Lane) setPaused(ctx context.Context, paused bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	record := l.record
	if record.Paused = paused; !paused {
		record.Stopped, record.Next, record.Refused = "", time.Time{}, 0
	}
	if err := l.cfg.Journal.KeepSink(ctx, record); err != nil {
		return err
	}
	l.record = record
	if l.status.Paused = paused; !paused {
		l.status.Stopped, l.status.Next = "", time.Time{}
		l.full.Store(false)
	}
	l.pause.Store(paused)
	return nil
}

// Wake says that something was changed in the journal for the lane, or in the
// configuration: it looks again, and tries what is parked.
func (l *Lane) Wake() {
	select {
	case l.wake <- struct{}{}:
	default: // it is to look already
	}
}

// steered takes over what a person wants.
func (l *Lane) steered() {
	l.gate.paused, l.gate.full = l.pause.Load(), l.full.Load()
	if l.back.Swap(false) {
		if l.gate.stopped == StoppedRefused {
			l.mu.Lock()
			l.revive = l.record.Since
			l.mu.Unlock()
		}
		l.gate.resumed()
		l.outage.stopped = ""
	}
}

// between runs do in the lane's own time: between two calls, or while it waits.
func (l *Lane) between(ctx context.Context, do func(context.Context) error) error {
	answer := make(chan error, 1)
	select {
	case l.asks <- ask{do, answer}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Compare asks the sink what of the newest revisions it holds otherwise. It waits for
// a call to end, and none runs beside it that could not. ErrNotComparable: it cannot
// tell.
func (l *Lane) Compare(ctx context.Context, accepted []journal.Accepted) (differences []sinks.Difference, err error) {
	c, ok := l.cfg.Sink.(sinks.Comparer)
	if !ok {
		return nil, ErrNotComparable
	}
	batch := make([]sinks.Delivery, len(accepted))
	for i, a := range accepted {
		event, err := l.cfg.Journal.Event(ctx, a.Sequence)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Key, err)
		}
		event.Shop = l.cfg.Shop
		batch[i] = sinks.Delivery{Event: event.Event, Attempt: 1}
	}
	select {
	case l.slot <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-l.slot }()
	bounded, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	defer func() { err = masked(err, batch) }()
	defer l.caught("compare", batch, &err)
	return c.Compare(bounded, batch)
}

// Compares reports whether the sink can tell what it holds.
func (l *Lane) Compares() bool {
	_, ok := l.cfg.Sink.(sinks.Comparer)
	return ok
}

// Name is the sink's name.
func (l *Lane) Name() string { return l.cfg.Name }

// Needs is what the sink has declared.
func (l *Lane) Needs() sinks.Needs { return l.cfg.Needs }

// hurried is a wait as it is used.
func (l *Lane) hurried(d time.Duration) time.Duration { return d / time.Duration(l.cfg.Hurry) }
