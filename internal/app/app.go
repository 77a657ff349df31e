// Package app joins the parts of the agent and runs them: the only place where
// capture, document making, journal, lanes and console meet.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/internal/notify"
	"octail/internal/reconcile"
	"octail/sinks"
	"octail/sinks/all"
)

// Options of the agent that are not configuration.
type Options struct {
	Version string
	Log     *slog.Logger
	// Failpoint is called at the named stop points after-read, before-commit,
	// after-commit, after-deliver, before-remove, after-remove. Tests kill the process
	// there. May be nil.
	Failpoint func(name string)
	// Hangup asks all sinks to open their files anew (log rotation). May be nil.
	Hangup <-chan os.Signal
	// OnReady is called once everything runs (the shop's database may still be
	// away). May be nil.
	OnReady func()
	// OnFill is told, now and then, how far readings in the background are. May be nil.
	OnFill func([]console.Fill)
	// Service is told how the agent is. May be nil.
	Service *notify.Service
	// Patience is how long a loop may be without a sign of life beyond what it
	// announced. 0: the usual.
	Patience time.Duration
	// Housekeeping is how often old events are looked for. 0: the usual.
	Housekeeping time.Duration
}

// Agent is a running octail.
type Agent struct {
	cfg      *config.Config
	opts     Options
	log      *slog.Logger
	registry *prometheus.Registry
	started  time.Time

	journal *journal.Journal
	lanes   []*dispatch.Lane
	closers []func() error
	metrics metrics
	begun   atomic.Pointer[time.Time]      // see alive
	excess  atomic.Pointer[journal.Excess] // nil: the journal is within its limit

	comparing  sync.Mutex                       // held while journal and shop are compared
	comparison atomic.Pointer[reconcile.Report] // how far that is; nil: it is not under way
	fills      *fills
	filling    atomic.Pointer[[]console.Fill]

	mu     sync.Mutex
	source *source // nil until the shop's database was reached
	state  console.Source
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
	defer a.close()
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
	down, downCancel := context.WithCancel(context.WithoutCancel(ctx)) // lanes and console outlive capture
	defer downCancel()
	for _, l := range listeners {
		h := console.Handler(a, a.registry, a.cfg.HTTP.Token.Reveal(), l.trusted)
		group.Go(func() error { return console.Serve(down, l, h, a.log) })
	}
	for _, l := range a.lanes {
		group.Go(func() error { return l.Run(down) })
	}
	group.Go(func() error { a.maintain(down); return nil })
	group.Go(func() error { a.reopen(down); return nil })
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

func (a *Agent) openLanes(ctx context.Context) error {
	m := dispatch.NewMetrics(a.registry)
	for _, s := range a.cfg.Sinks {
		plugin, ok := all.ByType(s.Type)
		if !ok {
			return fmt.Errorf("sink %s: unknown type %q", s.Name, s.Type)
		}
		sink, err := plugin.Open(s.Settings, sinks.Env{Name: s.Name, Shop: a.cfg.Shop.Name, Log: a.log.With("sink", s.Name)})
		if err != nil {
			return fmt.Errorf("sink %s: %w", s.Name, err)
		}
		a.closers = append(a.closers, sink.Close)
		if _, known, err := a.journal.Sink(ctx, s.Name); err == nil && !known && a.journal.Last() > 0 {
			a.log.Info("a new sink begins with the events from now on; `octail sync ENTITY --force --sink NAME` sends what there is already", "sink", s.Name, "seq", a.journal.Last())
		}
		lane, err := dispatch.New(ctx, dispatch.Config{
			Name: s.Name, Type: s.Type, Shop: a.cfg.Shop.Name, Entities: s.Entities, Timeout: s.Timeout,
			Sink: sink, Needs: plugin.Needs(s.Settings), Journal: a.journal, Log: a.log, Metrics: m, Failpoint: a.opts.Failpoint,
		})
		if err != nil {
			return err
		}
		a.lanes = append(a.lanes, lane)
	}
	return nil
}

func (a *Agent) close() {
	for _, fn := range a.closers {
		if err := fn(); err != nil {
			a.log.Warn("closing", "err", err)
		}
	}
}

type listener struct {
	net.Listener
	trusted bool
}

func (a *Agent) listen() ([]listener, error) {
	var out []listener
	if a.cfg.HTTP.Listen != "" {
		l, err := net.Listen("tcp", a.cfg.HTTP.Listen)
		if err != nil {
			return nil, fmt.Errorf("http.listen: %w. Choose another address in http.listen, or stop what uses it", err)
		}
		out = append(out, listener{l, false})
	}
	path := a.cfg.HTTP.Socket
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("http.socket: %w", err)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return nil, fmt.Errorf("http.socket: %s is no socket, and is left alone. Choose another path", path)
	}
	// We hold the journal's lock: a socket left here belongs to a dead agent.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("http.socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("http.socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("http.socket: %w", err)
	}
	return append(out, listener{l, true}), nil
}

// reopen asks all sinks to open their files anew at each hangup.
func (a *Agent) reopen(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.opts.Hangup:
		}
		a.tell(a.opts.Service.Reloading())
		a.log.Info("SIGHUP: the sinks open their files anew")
		for _, l := range a.lanes {
			bounded, cancel := context.WithTimeout(ctx, time.Minute)
			if err := l.Reopen(bounded); err != nil {
				a.log.Error("reopen", "sink", l.Name(), "err", err)
			}
			cancel()
		}
		a.tell(a.opts.Service.Ready())
	}
}
