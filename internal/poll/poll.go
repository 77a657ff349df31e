// Package poll finds changes where the shop's host gives no binlog: again and again it
// sums up the shop's rows by key, on the server, and marks the keys whose sums are
// others than before. DESIGN.md beside this file says what is guaranteed and why it is
// built so.
package poll

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"octail/internal/journal"
	"octail/internal/shop"
)

// Config is what a Poller needs.
type Config struct {
	Shop    *shop.Shop
	Journal *journal.Journal
	Every   time.Duration // from the begin of a sweep to that of the next
	Settle  time.Duration // how long after it was found other an entity may be read
	// Anew: states that the journal has mean nothing, because nobody has kept them
	// since. The first sweep stores all states and marks nothing; then Begun is called,
	// to mark what is to be read: nothing that changes from then on is missed.
	Anew  bool
	Begun func(ctx context.Context) error
	// GoneAfter is how long a row must be missing before it counts as deleted; 0: a minute.
	GoneAfter time.Duration
	// Altered is called when other tables or columns are swept than before, ahead of
	// the marks for what is made of them.
	Altered func()
	// Alive is told at every sign of life, and of a wait that follows. May be nil.
	Alive func(wait time.Duration)
	// Hurried: no pauses behind statements. For tests, whose server is their own.
	Hurried bool
	Log     *slog.Logger
	Metrics *Metrics
}

// Poller sweeps a shop. Run may be called once; Status at any time.
type Poller struct {
	cfg   Config
	log   *slog.Logger
	sizes map[string]int    // keys in a range, by table or target
	known map[string]string // what targets were swept for when their states were stored
	anew  bool
	seen  int64 // sequence up to which revisions have been looked at again
	hurry chan struct{}

	missing map[string]*missing // by target

	mu     sync.Mutex
	status Status
}

// Status is the state of polling, for operators.
type Status struct {
	Polling bool          // the last statement was answered
	Since   time.Time     // of Polling
	Error   string        // why not
	Begun   bool          // there are states to compare with
	Sweeps  int64         // whole ones, of this process
	Last    time.Time     // when the last whole sweep began: all that was committed before it has been found
	Took    time.Duration // pauses included
	Work    Work          // of it
	Next    time.Time     // when the next begins; zero while one is under way
	Failing []string      // targets that could not be swept, with the cause
	Missing int           // keys without their row, that a later sweep calls gone if it misses them too
}

// Work is what a sweep asked of the shop's database.
type Work struct {
	Statements int64
	Rows       int64         // summed up
	Busy       time.Duration // all statements together
	Longest    time.Duration // of them
}

// New prepares a Poller; Run starts it.
func New(cfg Config) *Poller {
	if cfg.Alive == nil {
		cfg.Alive = func(time.Duration) {}
	}
	if cfg.GoneAfter == 0 {
		cfg.GoneAfter = goneAfter
	}
	return &Poller{cfg: cfg, log: cfg.Log, sizes: map[string]int{}, missing: map[string]*missing{}, anew: cfg.Anew, hurry: make(chan struct{}, 1), status: Status{Since: time.Now(), Begun: !cfg.Anew}}
}

// Run sweeps until ctx ends; then it returns nil. It tries again for ever.
func (p *Poller) Run(ctx context.Context) error {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(time.Second), backoff.WithMaxInterval(30*time.Second), backoff.WithMaxElapsedTime(0))
	for ctx.Err() == nil {
		began := time.Now()
		p.begin()
		err := p.sweep(ctx, began)
		next := began.Add(p.cfg.Every)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			p.failed(err)
			next = time.Now().Add(wait.NextBackOff())
		default:
			wait.Reset()
		}
		p.mu.Lock()
		p.status.Next = next
		p.mu.Unlock()
		p.cfg.Alive(max(0, time.Until(next)))
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-p.hurry:
		}
		timer.Stop()
	}
	return nil
}

// Hurry makes the next sweep begin at once.
func (p *Poller) Hurry() {
	select {
	case p.hurry <- struct{}{}:
	default:
	}
}

// sleep waits; false: ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Status may be called at any time.
func (p *Poller) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := p.status
	st.Failing = slices.Clone(st.Failing)
	return st
}

func (p *Poller) begin() {
	p.mu.Lock()
	p.status.Next = time.Time{}
	p.mu.Unlock()
}

// answered notes a sign of life.
func (p *Poller) answered(now time.Time) {
	p.cfg.Metrics.answered(now)
	p.cfg.Alive(0)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status.Polling {
		return
	}
	p.status.Polling, p.status.Since, p.status.Error = true, now, ""
	p.log.Info("sweeping the shop", "every", p.cfg.Every.String(), "first", p.anew)
}

// failed notes that a sweep was given up.
func (p *Poller) failed(err error) {
	message := shop.Explain(err)
	p.cfg.Metrics.failed()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status.Polling || p.status.Error != message {
		p.log.Warn("the shop cannot be swept at present, trying again", "err", message)
	}
	if p.status.Polling {
		p.status.Polling, p.status.Since = false, time.Now()
	}
	p.status.Error = message
}

// done notes a whole sweep.
func (p *Poller) done(s *sweep, began time.Time) {
	took := time.Since(began)
	p.cfg.Metrics.done(began, took, s.work.Busy, len(s.failing) == 0)
	slices.Sort(s.failing)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(s.failing, p.status.Failing) {
		for _, f := range s.failing {
			if !slices.Contains(p.status.Failing, f) {
				p.log.Error("part of the shop cannot be swept: its changes are found when it can be again", "what", f)
			}
		}
	}
	st := &p.status
	st.Begun, st.Sweeps, st.Last, st.Took, st.Work, st.Failing, st.Missing = true, st.Sweeps+1, began, took, s.work, s.failing, p.missingNow()
}

// onlyThis reports whether an error concerns one target's tables alone, so that the
// others can be swept.
func onlyThis(err error) bool {
	var j journalError
	return !errors.As(err, &j) && shop.Classify(err) != shop.Unreachable
}

// lastSweep is where the journal keeps when the last sweep of all tables began.
const lastSweep = "sweep"

// Last is when the last sweep of all tables began that a journal knows of, zero for none:
// what was committed before it has been found.
func Last(ctx context.Context, j *journal.Journal) (time.Time, error) {
	text, err := j.Meta(ctx, lastSweep)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("read when the shop was swept last: %w", err)
	}
	return at, nil
}

// journalError is an error of the journal: nothing can be stored at present.
type journalError struct{ error }

func (e journalError) Unwrap() error { return e.error }

// words is a target for people.
func words(target string) string {
	return strings.TrimPrefix(strings.TrimPrefix(target, "ref:"), "of-")
}
