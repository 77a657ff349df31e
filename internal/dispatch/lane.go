// Package dispatch delivers journaled events to sinks: one lane per sink, each on
// its own, so that a slow or broken sink delays no other. DESIGN.md beside this
// file says what is guaranteed.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"

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
	Journal  *journal.Journal
	Log      *slog.Logger
	Metrics  *Metrics
	// Failpoint: see transform.Config.
	Failpoint func(name string)
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

// Lane is the delivery loop of one sink that takes the log: every revision, in
// the order of the journal.
type Lane struct {
	cfg     Config
	reopen  chan chan error
	seen    atomic.Pointer[time.Time] // see Seen
	mu      sync.Mutex
	status  Status
	wait    *backoff.ExponentialBackOff
	attempt int // of the next delivery

	// at is where the lane stands, stored what the journal knows of it.
	at, stored place
	kept       bool // the journal has a cursor: retention waits for it
	storedAt   time.Time
	unstored   string     // why the last storing failed
	unknown    bool       // the target has to be asked what it holds
	foreign    sinks.Held // another journal's event that the target ends with

	refused map[document.Key]refused // what could not be delivered once more
	calm    time.Time                // until then nothing is delivered once more
}

// place is how far a lane has come.
type place struct {
	cursor int64 // delivered, or not for this sink
	taken  int64 // the last event that was delivered
}

// Status is a lane's state, for operators.
type Status struct {
	Name        string    `json:"name"`
	Type        string    `json:"type"`
	Cursor      int64     `json:"cursor"`
	Pending     int64     `json:"pending"`               // events behind the cursor, also those the sink will not take
	Oldest      time.Time `json:"oldest,omitzero"`       // journal time of the oldest event waiting
	LastSuccess time.Time `json:"last_success,omitzero"` // last delivery
	LastError   string    `json:"last_error,omitempty"`  // since the last success
	FailingFrom time.Time `json:"failing_since,omitzero"`
	ResendError string    `json:"resend_error,omitempty"` // why deliveries wait that were asked for once more
}

// New prepares a lane and finds out where it goes on: behind what the target
// holds when it can tell, else behind the stored cursor. It may give the journal
// a new birth mark (see journal.TakeBirth). An error is the journal's; that the
// sink cannot be used at present is told by Status, and Run goes on trying.
func New(ctx context.Context, cfg Config) (*Lane, error) {
	l := &Lane{
		cfg: cfg, reopen: make(chan chan error), status: Status{Name: cfg.Name, Type: cfg.Type}, attempt: 1, refused: map[document.Key]refused{},
		wait: backoff.NewExponentialBackOff(backoff.WithInitialInterval(firstWait), backoff.WithMaxInterval(longestWait), backoff.WithMaxElapsedTime(0)),
	}
	record, err := cfg.Journal.RegisterSink(ctx, cfg.Name, cfg.Type, cfg.Journal.Last(), 0)
	if err != nil {
		return nil, err
	}
	at, known, err := cfg.Journal.Cursor(ctx, cfg.Name, journal.Live)
	if err != nil {
		return nil, err
	}
	if !known {
		at = record.Start
	}
	taken, _, err := cfg.Journal.Cursor(ctx, cfg.Name, journal.Taken)
	if err != nil {
		return nil, err
	}
	l.at = place{at, taken}
	l.stored, l.kept = l.at, known
	if last := cfg.Journal.Last(); at > last { // the journal was cut back, see journal.Restored
		l.setBack(ctx, place{last, min(taken, last)})
	}
	_, l.unknown = cfg.Sink.(sinks.Resumer)
	if err := l.locate(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		l.failed(err, 0)
	}
	if err := l.warnOfRemoved(ctx); err != nil {
		return nil, err
	}
	l.status.Cursor = l.at.cursor
	cfg.Metrics.watch(l)
	return l, nil
}

// Run delivers until ctx ends, then returns nil. Errors of the sink are retried
// without end. It returns only when the sink has come back from its last call.
func (l *Lane) Run(ctx context.Context) error {
	if l.status.LastError != "" { // New has tried just now
		l.idle(ctx, nil, l.wait.NextBackOff())
	}
	for ctx.Err() == nil {
		l.alive(0)
		changed := l.cfg.Journal.Changed() // before reading, so that no append is missed
		more, err := l.step(ctx)
		switch {
		case err == nil && more:
		case err == nil:
			wait := idleCheck
			if !l.kept || l.stored != l.at { // come back to store the rest
				wait = cursorEvery
			}
			l.idle(ctx, changed, wait)
		case ctx.Err() == nil:
			l.idle(ctx, nil, l.failed(err, l.attempt))
		}
	}
	if err := l.store(context.WithoutCancel(ctx), true); err != nil {
		l.cfg.Log.Warn("cursor not stored", "sink", l.cfg.Name, "err", err)
	}
	return nil
}

// step delivers one batch; more is false when nothing waits.
func (l *Lane) step(ctx context.Context) (more bool, err error) {
	if err := l.locate(ctx); err != nil {
		return false, err
	}
	events, err := l.cfg.Journal.Events(ctx, l.at.cursor, batchEvents, batchBytes)
	if err != nil {
		return false, err
	}
	_, resumes := l.cfg.Sink.(sinks.Resumer)
	for rest := events; len(rest) > 0; {
		portion := l.portion(rest)
		rest = rest[len(portion):]
		if err := l.deliver(ctx, portion); err != nil {
			if !resumes && ctx.Err() == nil { // the wait may be long, and end with a kill
				err = errors.Join(err, l.store(ctx, true))
			}
			return false, err
		}
		if err := l.store(ctx, len(rest) == 0 && !resumes); err != nil {
			return false, err
		}
		l.succeeded()
		l.serveReopen(ctx)
		if l.unknown {
			return true, nil // the target has to be asked where to go on
		}
	}
	if len(events) == 0 {
		more = l.resend(ctx)
		if err := l.store(ctx, false); err != nil {
			return false, err
		}
		l.succeeded()
	}
	return len(events) > 0 || more, nil
}

// portion is the head of events with as many in it as the sink takes in one call;
// those that are not for it do not count.
func (l *Lane) portion(events []journal.Stored) []journal.Stored {
	if l.cfg.Needs.Batch <= 0 {
		return events
	}
	for i, room := 0, l.cfg.Needs.Batch; i < len(events); i++ {
		if !l.Takes(events[i].Entity) {
			continue
		}
		if room == 0 {
			return events[:i]
		}
		room--
	}
	return events
}

// deliver hands events to the sink and moves on behind those it took.
func (l *Lane) deliver(ctx context.Context, events []journal.Stored) error {
	batch := make([]sinks.Delivery, 0, len(events))
	for i := range events {
		if l.Takes(events[i].Entity) {
			events[i].Shop = l.cfg.Shop
			batch = append(batch, sinks.Delivery{Event: events[i].Event, Attempt: l.attempt})
		}
	}
	last := events[len(events)-1].Sequence
	if len(batch) == 0 {
		l.moveTo(place{last, l.at.taken})
		return nil
	}
	began := time.Now()
	err := l.call(ctx, batch)
	took := time.Since(began)
	good := len(batch)
	var part *sinks.BatchError
	if errors.As(err, &part) {
		good, err = within(batch, part, err)
	} else if err != nil {
		good = 0
	}
	l.failpoint("after-deliver")
	l.cfg.Metrics.call(l.cfg.Name, good, len(batch)-good, took)
	for i := range batch[:good] {
		l.cfg.Metrics.endToEnd(l.cfg.Name, time.Since(batch[i].Time))
	}
	if good > 0 {
		l.mu.Lock()
		l.status.LastSuccess = time.Now()
		l.mu.Unlock()
	}
	switch {
	case err == nil:
		l.moveTo(place{last, batch[good-1].Sequence})
	case good > 0:
		l.moveTo(place{batch[good].Sequence - 1, batch[good-1].Sequence})
	default: // behind what is not for this sink
		l.moveTo(place{max(l.at.cursor, batch[0].Sequence-1), l.at.taken})
	}
	return err
}

// within says how many deliveries at the head of a batch succeeded, and why the
// next one did not. A log goes on in order: what succeeded behind it comes again.
func within(batch []sinks.Delivery, part *sinks.BatchError, whole error) (good int, err error) {
	if part == nil {
		return 0, whole
	}
	i, cause := part.First()
	if i < 0 || i >= len(batch) || cause == nil { // names nothing we sent: believe nothing
		return 0, whole
	}
	if n := len(part.Failed) - 1; n > 0 {
		return i, fmt.Errorf("%s (and %d more): %w", batch[i].EventID(), n, cause)
	}
	return i, fmt.Errorf("%s: %w", batch[i].EventID(), cause)
}

// call is one call of the sink, within the timeout. Each is a sign of life: many of
// them make one step.
func (l *Lane) call(ctx context.Context, batch []sinks.Delivery) (err error) {
	l.alive(0)
	deadline, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	attempt := l.attempt
	late := time.AfterFunc(l.cfg.Timeout+grace, func() {
		l.failing(fmt.Sprintf("it does not come back from a delivery that should have ended after %s", l.cfg.Timeout), sinks.Retryable, attempt, 0)
	})
	defer late.Stop()
	defer l.caught("deliver", &err)
	return l.cfg.Sink.Deliver(deadline, batch)
}

// caught turns a panic of the sink into an error: one broken sink must not stop
// the agent and with it all others.
func (l *Lane) caught(doing string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s: the sink panicked: %v", doing, p)
		l.cfg.Log.Error("a sink panicked", "sink", l.cfg.Name, "doing", doing, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
}

func (l *Lane) moveTo(p place) {
	l.at = p
	l.mu.Lock()
	l.status.Cursor = p.cursor
	l.mu.Unlock()
}

// setBack moves to an earlier place and lets the journal know at once, before
// retention takes what is to be delivered again.
func (l *Lane) setBack(ctx context.Context, to place) {
	l.moveTo(to)
	if err := l.cfg.Journal.SetBack(ctx, l.cfg.Name, to.cursor); err != nil {
		l.cfg.Log.Error("cursor not set back; deliveries go on", "sink", l.cfg.Name, "err", err)
		return
	}
	l.stored = place{min(l.stored.cursor, to.cursor), min(l.stored.taken, to.cursor)}
}

// store saves the place: now, or when it is time to. What a sink has not made
// durable counts as not delivered; such an error is the sink's. That the journal
// cannot take the cursor (its disk is full) keeps nothing from being delivered.
func (l *Lane) store(ctx context.Context, now bool) error {
	if l.unknown || l.kept && l.stored == l.at || !now && time.Since(l.storedAt) < cursorEvery {
		return nil
	}
	if err := l.flush(ctx); err != nil {
		l.forget()
		return err
	}
	l.storedAt = time.Now()
	// Also while octail stops: what was delivered need not come again.
	err := l.cfg.Journal.Advance(context.WithoutCancel(ctx), l.cfg.Name, map[string]int64{journal.Live: l.at.cursor, journal.Taken: l.at.taken})
	if err == nil {
		l.stored, l.kept, l.unstored = l.at, true, ""
	} else if message := err.Error(); message != l.unstored {
		l.unstored = message
		l.cfg.Log.Error("cursor not stored, trying again; deliveries go on", "sink", l.cfg.Name, "err", err)
	}
	return nil
}

func (l *Lane) flush(ctx context.Context) (err error) {
	f, ok := l.cfg.Sink.(sinks.Flusher)
	if !ok {
		return nil
	}
	defer l.caught("flush", &err)
	return f.Flush(ctx)
}

// idle waits for an append, the time, or a reopen request, which it answers. Nothing
// makes it wait without end.
func (l *Lane) idle(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	l.alive(d)
	timer := time.After(d)
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer:
	case answer := <-l.reopen:
		answer <- l.doReopen(ctx)
	}
}

// serveReopen answers a waiting Reopen between two batches.
func (l *Lane) serveReopen(ctx context.Context) {
	select {
	case answer := <-l.reopen:
		answer <- l.doReopen(ctx)
	default:
	}
}

// doReopen stores the place first: the new file will not tell where we are.
func (l *Lane) doReopen(ctx context.Context) (err error) {
	l.tryResendsNow()
	r, ok := l.cfg.Sink.(sinks.Reopener)
	if !ok {
		return nil
	}
	err = l.store(ctx, true)
	_, l.unknown = l.cfg.Sink.(sinks.Resumer)
	defer l.caught("reopen", &err)
	return errors.Join(err, r.Reopen())
}

// Reopen asks the sink to open its target anew, between two batches. A lane that
// waits to try again tries at once.
func (l *Lane) Reopen(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case l.reopen <- answer:
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

func (l *Lane) failpoint(name string) {
	if l.cfg.Failpoint != nil {
		l.cfg.Failpoint(name)
	}
}

// Name is the sink's name.
func (l *Lane) Name() string { return l.cfg.Name }
