// Package app joins the parts of the agent and runs them: the only place where
// capture, document making, journal, lanes and console meet.
package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/filter"
	"octail/internal/journal"
	"octail/internal/notify"
	"octail/internal/reconcile"
	"octail/transform"
)

// Options of the agent that are not configuration.
type Options struct {
	Version string
	Log     *slog.Logger
	// Failpoint is called at the named stop points after-read, before-commit,
	// after-commit, after-deliver, before-remove, after-remove. Tests kill the process
	// there. May be nil.
	Failpoint func(name string)
	// Load reads the config file anew. nil: there is none, and no reload.
	Load func() (*config.Config, []config.Warning, error)
	// Level is the logger's, for a config that changes log.level. May be nil.
	Level *slog.LevelVar
	// Hangup asks to read the config anew, and all sinks to open their files anew (log
	// rotation). May be nil.
	Hangup <-chan os.Signal
	// OnReady is called once everything runs (the shop's database may still be
	// away). May be nil.
	OnReady func()
	// OnFill is told, now and then, how far readings in the background are. May be nil.
	OnFill func([]console.Fill)
	// Service is told how the agent is. May be nil.
	Service *notify.Service
	// Hurry divides the waits of the lanes, for tests; 0 is 1.
	Hurry int
	// Patience is how long a loop may be without a sign of life beyond what it
	// announced. 0: the usual.
	Patience time.Duration
	// Housekeeping is how often old events are looked for. 0: the usual.
	Housekeeping time.Duration
}

// Agent is a running octail.
type Agent struct {
	cfg      *config.Config                // at start: for what does not change while it runs
	present  atomic.Pointer[config.Config] // see config
	opts     Options
	log      *slog.Logger
	registry *prometheus.Registry
	started  time.Time

	journal *journal.Journal
	lanes   lanes
	metrics metrics
	down    context.Context                // ends after capture has: lanes and console outlive it
	begun   atomic.Pointer[time.Time]      // see alive
	excess  atomic.Pointer[journal.Excess] // nil: the journal is within its limit

	consoles   []*liveConsole
	comparing  sync.Mutex                       // held while journal and shop are compared
	erasing    sync.Mutex                       // held while a person is erased
	comparison atomic.Pointer[reconcile.Report] // how far that is; nil: it is not under way
	fills      *fills
	filling    atomic.Pointer[[]console.Fill]

	mu      sync.Mutex
	names   atomic.Pointer[transform.Names] // what the shop calls things; nil: it was not asked yet
	filters map[string]*filter.Filter       // by sink
	source  *source                         // nil until the shop's database was reached
	state   console.Source
}

// Run is the agent's whole life. It returns nil when ctx ended it. Errors that
// concern the journal's lock are journal.ErrLocked.
func Run(ctx context.Context, cfg *config.Config, opts Options) error {
	a := &Agent{cfg: cfg, opts: opts, log: opts.Log, registry: prometheus.NewRegistry(), started: time.Now()}
	a.state = console.Source{State: "starting", Since: a.started}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.metrics = newMetrics(a.registry, opts.Version)

	j, err := journal.Open(ctx, cfg.Journal.Path)
	if err != nil {
		return err
	}
	defer j.Close()
	a.journal = j
	j.SetFailpoint(opts.Failpoint)
	a.fills = newFills(a)
	a.metrics.watch(j, cfg.Journal.Path)
	a.metrics.watchFills(&a.filling)
	if err := a.pin(ctx, "shop", cfg.Shop.Name, "shop.name"); err != nil {
		return err
	}
	defer a.closeLanes()
	if err := a.openLanes(ctx); err != nil {
		return err
	}
	listeners, err := a.listen()
	if err != nil {
		return err
	}
	return a.run(ctx, listeners)
}

// run starts everything, and stops it upstream first.
func (a *Agent) run(ctx context.Context, listeners []listener) error {
	var group errgroup.Group
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	down, downCancel := context.WithCancel(context.WithoutCancel(ctx)) // lanes and console outlive capture
	defer downCancel()
	a.down = down
	a.startLanes()
	group.Go(a.endLanes)
	for _, l := range listeners {
		a.consoles = append(a.consoles, newLiveConsole(a.cfg.HTTP.Token, func(token string) http.Handler {
			return console.Meant(a.cfg.Shop.Name, a.cfg.Path, console.Handler(a, a.registry, token, l.trusted))
		}))
	}
	for i, l := range listeners {
		group.Go(func() error { return console.Serve(down, l, a.consoles[i], a.log) })
	}
	group.Go(func() error { a.maintain(down); return nil })
	group.Go(func() error { return a.verify(down, stop) })
	group.Go(func() error { a.hangups(down); return nil })
	group.Go(func() error { a.keepAlive(ctx, down); return nil })

	if a.opts.OnReady != nil {
		a.opts.OnReady()
	}
	err := a.runSource(ctx)
	downCancel()
	if waitErr := waitFor(&group, 15*time.Second); err == nil {
		err = waitErr
	}
	if err == nil {
		a.log.Info("stopped", "seq", a.journal.Last())
	}
	return err
}

// verify looks at what the start has left out of a large journal. Damage ends the agent,
// as it does at a start: no damaged row is delivered until then.
func (a *Agent) verify(ctx context.Context, stop context.CancelCauseFunc) error {
	began := time.Now()
	err := a.journal.Verify(ctx)
	switch {
	case errors.Is(err, journal.ErrDamaged):
		stop(err)
		return err
	case err != nil && ctx.Err() == nil:
		a.log.Error("check the journal", "err", err)
	case err == nil && time.Since(began) > time.Second:
		a.log.Info("the journal was checked", "took", time.Since(began).Round(time.Second))
	}
	return nil
}

func waitFor(group *errgroup.Group, limit time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- group.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return errors.New("some parts did not stop in time; nothing is lost by it")
	}
}
