// Package dispatch delivers journaled events to sinks: one lane per sink, each on
// its own, so that a slow or broken sink delays no other.
package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"octail/internal/journal"
	"octail/sinks"
)

// Config is what a Lane needs.
type Config struct {
	Name     string
	Type     string
	Shop     string   // shop.name, the events' source
	Entities []string // nil: all
	Timeout  time.Duration
	Sink     sinks.Sink
	Journal  *journal.Journal
	Log      *slog.Logger
	Metrics  *Metrics
	// Failpoint: see transform.Config.
	Failpoint func(name string)
}

// Limits of a batch.
const (
	batchEvents = 500
	batchBytes  = 2 << 20
	// cursorEvery is how often the cursor is stored for a sink that can tell what
	// it holds; the cursor of any other sink is stored with every batch.
	cursorEvery = time.Second
)

// Lane is the delivery loop of one sink that takes the log: every revision, in
// the order of the journal.
type Lane struct {
	cfg     Config
	resumes bool

	mu     sync.Mutex
	status Status
	reopen chan chan error

	cursor   int64 // delivered, or not for this sink
	stored   int64
	storedAt time.Time
}

// Status is a lane's state, for operators.
type Status struct {
	Name        string    `json:"name"`
	Type        string    `json:"type"`
	Cursor      int64     `json:"cursor"`
	Pending     int64     `json:"pending"`
	Oldest      time.Time `json:"oldest,omitzero"`       // journal time of the oldest event waiting
	LastSuccess time.Time `json:"last_success,omitzero"` // last delivery
	LastError   string    `json:"last_error,omitempty"`  // since the last success
	FailingFrom time.Time `json:"failing_since,omitzero"`
}

// ErrForeign: the sink's target holds events of another shop.
var ErrForeign = errors.New("the target holds events of another shop")

// New prepares a lane and finds out where it goes on: behind what the target
// holds when it can tell, else behind the stored cursor. It may give the journal
// a new birth mark (see journal.TakeBirth).
func New(ctx context.Context, cfg Config) (*Lane, error) {
	l := &Lane{cfg: cfg, reopen: make(chan chan error), status: Status{Name: cfg.Name, Type: cfg.Type}}
	record, err := cfg.Journal.RegisterSink(ctx, cfg.Name, cfg.Type, cfg.Journal.Last())
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
	if r, ok := cfg.Sink.(sinks.Resumer); ok {
		held, any, err := r.Resume(ctx)
		if err != nil {
			return nil, fmt.Errorf("sink %s: %w", cfg.Name, err)
		}
		l.resumes = true
		if any {
			if at, err = l.resume(ctx, held, at); err != nil {
				return nil, err
			}
		}
	}
	l.cursor, l.stored = at, -1
	l.status.Cursor = at
	cfg.Metrics.watch(l)
	return l, nil
}

// resume compares what the target holds with the journal.
func (l *Lane) resume(ctx context.Context, held sinks.Held, cursor int64) (int64, error) {
	j := l.cfg.Journal
	if source := "octail://" + l.cfg.Shop; held.Source != source {
		return 0, fmt.Errorf("sink %s: %w: %s, and this one is %s. Give the sink another path, or set shop.name back", l.cfg.Name, ErrForeign, held.Source, source)
	}
	same, err := l.wrote(ctx, held)
	if err != nil {
		return 0, err
	}
	if same {
		return held.Sequence, nil
	}
	birth, err := j.TakeBirth(ctx)
	if err != nil {
		return 0, err
	}
	l.cfg.Log.Warn("the target holds events of another journal of this shop (journal lost or restored?): new events get a birth mark, nothing is repeated or left out",
		"sink", l.cfg.Name, "held_seq", held.Sequence, "journal_seq", j.Last(), "birth", birth)
	return cursor, nil
}

// wrote reports whether the journal has the event the target holds.
func (l *Lane) wrote(ctx context.Context, held sinks.Held) (bool, error) {
	if held.Sequence > l.cfg.Journal.Last() {
		return false, nil
	}
	e, err := l.cfg.Journal.Event(ctx, held.Sequence)
	if errors.Is(err, journal.ErrNoEvent) { // older than retention: then the marks decide
		return held.Birth == l.cfg.Journal.Birth(), nil
	}
	if err != nil {
		return false, err
	}
	return e.Birth == held.Birth, nil
}

// Run delivers until ctx ends, then returns nil. Errors of the sink are retried
// without end.
func (l *Lane) Run(ctx context.Context) error {
	defer l.store(context.WithoutCancel(ctx), true)
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(time.Second), backoff.WithMaxInterval(5*time.Minute), backoff.WithMaxElapsedTime(0))
	attempt := 1
	for ctx.Err() == nil {
		changed := l.cfg.Journal.Changed() // before reading, so that no append is missed
		events, err := l.cfg.Journal.Events(ctx, l.cursor, batchEvents, batchBytes)
		if err == nil && len(events) == 0 {
			l.store(ctx, false)
			if l.stored != l.cursor { // come back to store the rest
				l.idle(ctx, changed, cursorEvery)
			} else {
				l.idle(ctx, changed, 0)
			}
			continue
		}
		if err == nil {
			err = l.deliver(ctx, events, attempt)
		}
		if err == nil {
			attempt = 1
			wait.Reset()
			continue
		}
		if ctx.Err() != nil {
			break
		}
		class, asked := sinks.ClassOf(err)
		delay := max(wait.NextBackOff(), asked)
		l.failed(err, class, attempt, delay)
		attempt++
		l.idle(ctx, nil, delay)
	}
	return nil
}

// idle waits for an append, a reopen request or the time.
func (l *Lane) idle(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	var timer <-chan time.Time
	if d > 0 {
		timer = time.After(d)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			return
		case <-timer:
			return
		case answer := <-l.reopen:
			answer <- l.doReopen(ctx)
		}
	}
}

func (l *Lane) deliver(ctx context.Context, events []journal.Stored, attempt int) error {
	batch := make([]sinks.Delivery, 0, len(events))
	for i := range events {
		if l.cfg.Entities == nil || slices.Contains(l.cfg.Entities, events[i].Entity) {
			events[i].Shop = l.cfg.Shop
			batch = append(batch, sinks.Delivery{Event: events[i].Event, Attempt: attempt})
		}
	}
	last := events[len(events)-1].Sequence
	if len(batch) > 0 {
		began := time.Now()
		deadline, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
		err := l.cfg.Sink.Deliver(deadline, batch)
		cancel()
		took := time.Since(began)
		if err != nil {
			l.cfg.Metrics.attempt(l.cfg.Name, "retry", len(batch), took)
			return err
		}
		l.failpoint("after-deliver")
		l.cfg.Metrics.attempt(l.cfg.Name, "ok", len(batch), took)
		for i := range batch {
			l.cfg.Metrics.endToEnd(l.cfg.Name, time.Since(batch[i].Time))
		}
	}
	l.mu.Lock()
	l.cursor, l.status.Cursor = last, last
	recovered := l.status.LastError
	l.status.LastSuccess, l.status.LastError, l.status.FailingFrom = time.Now(), "", time.Time{}
	l.mu.Unlock()
	if recovered != "" {
		l.cfg.Log.Info("sink takes deliveries again", "sink", l.cfg.Name, "attempt", attempt)
	}
	l.store(ctx, !l.resumes)
	l.serveReopen(ctx)
	return nil
}

// serveReopen answers a waiting Reopen between two batches.
func (l *Lane) serveReopen(ctx context.Context) {
	select {
	case answer := <-l.reopen:
		answer <- l.doReopen(ctx)
	default:
	}
}

// doReopen stores the cursor first: the new file will not tell where we are.
func (l *Lane) doReopen(ctx context.Context) error {
	r, ok := l.cfg.Sink.(sinks.Reopener)
	if !ok {
		return nil
	}
	l.store(ctx, true)
	return r.Reopen()
}

// Reopen asks the sink to open its target anew, between two batches.
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

func (l *Lane) store(ctx context.Context, now bool) {
	if l.stored == l.cursor || !now && time.Since(l.storedAt) < cursorEvery {
		return
	}
	if err := l.cfg.Journal.Advance(ctx, l.cfg.Name, journal.Live, l.cursor); err != nil {
		l.cfg.Log.Error("cursor not stored, trying again", "sink", l.cfg.Name, "err", err)
		return
	}
	l.stored, l.storedAt = l.cursor, time.Now()
}

func (l *Lane) failed(err error, class sinks.Class, attempt int, wait time.Duration) {
	message := err.Error()
	l.mu.Lock()
	news := l.status.LastError != message
	l.status.LastError = message
	if l.status.FailingFrom.IsZero() {
		l.status.FailingFrom = time.Now()
	}
	l.mu.Unlock()
	if news {
		l.cfg.Log.Warn("sink failed, trying again", "sink", l.cfg.Name, "class", class.String(), "attempt", attempt, "wait", wait.Round(time.Second), "err", message)
	}
}

func (l *Lane) failpoint(name string) {
	if l.cfg.Failpoint != nil {
		l.cfg.Failpoint(name)
	}
}

// Status may be called at any time.
func (l *Lane) Status(ctx context.Context) Status {
	l.mu.Lock()
	s := l.status
	l.mu.Unlock()
	s.Pending = l.cfg.Journal.Last() - s.Cursor
	if s.Pending > 0 {
		if next, err := l.cfg.Journal.Events(ctx, s.Cursor, 1, 1); err == nil && len(next) > 0 {
			s.Oldest = next[0].Added
		}
	}
	return s
}

// Name is the sink's name.
func (l *Lane) Name() string { return l.cfg.Name }
