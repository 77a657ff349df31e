package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"octail/internal/config"
	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/sinks/all"
)

// stopWithin bounds the wait for lanes to end.
const stopWithin = 15 * time.Second

// lanes are the sinks at work. Whoever looks at them sees a whole set, that from before
// a change or that from after it.
type lanes struct {
	set     atomic.Pointer[[]*lane] // in the order of the config
	metrics *dispatch.Metrics

	mu    sync.Mutex // held while they are changed
	ended bool       // the agent stops: they are not changed any more
}

// lane is one sink at work.
type lane struct {
	*dispatch.Lane
	cfg  config.Sink
	sink sinks.Sink
	stop context.CancelFunc // nil: it does not run yet
	done chan struct{}      // closed when it has ended and the sink is closed

	reading sync.RWMutex    // held by Compare, and for what follows
	life    context.Context // nil: it does not run yet
	closed  bool
}

// errReplaced: a comparison met a change of the configuration.
var errReplaced = errors.New("the sink was changed or stopped meanwhile; ask again")

// Compare is the lane's own, which ends with the lane: the sink is not closed before.
func (l *lane) Compare(ctx context.Context, batch []journal.Accepted) ([]sinks.Difference, error) {
	l.reading.RLock()
	defer l.reading.RUnlock()
	if l.closed || l.life == nil {
		return nil, errReplaced
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.life, func() { cancel(errReplaced) })()
	list, err := l.Lane.Compare(ctx, batch)
	if err != nil && context.Cause(ctx) == errReplaced {
		return nil, errReplaced
	}
	return list, err
}

// all are the present ones, which a lane that is just being replaced is among.
func (s *lanes) all() []*lane {
	if set := s.set.Load(); set != nil {
		return *set
	}
	return nil
}

// names are the configured sinks as retention has to know them: those that want every
// revision, and those that need the newest alone: they want states, or were stopped
// because the journal is full.
func (s *lanes) names() (logs, states []string) {
	for _, l := range s.all() {
		if l.Needs().States || l.Full() {
			states = append(states, l.cfg.Name)
		} else {
			logs = append(logs, l.cfg.Name)
		}
	}
	return logs, states
}

// with does something with a sink's present lane, while it cannot be replaced: a successor
// that was just made would not know.
func (s *lanes) with(name string, do func(*lane) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.all() {
		if l.Name() == name {
			return do(l)
		}
	}
	return errReplaced
}

// stopFull stops a log that keeps the journal too large.
func (s *lanes) stopFull(ctx context.Context, name string) error {
	return s.with(name, func(l *lane) error { return l.StopFull(ctx) })
}

func (s *lanes) replace(set []*lane) { s.set.Store(&set) }

// openSink makes a sink of its section. It is not used yet: a sink opens its target at
// its first use, so that this may be done while another one still has it.
func (a *Agent) openSink(s config.Sink) (sinks.Sink, error) {
	plugin, ok := all.ByType(s.Type)
	if !ok {
		return nil, fmt.Errorf("sink %s: unknown type %q", s.Name, s.Type)
	}
	sink, err := plugin.Open(s.Settings, sinks.Env{Name: s.Name, Shop: a.cfg.Shop.Name, Entities: s.Entities, Log: a.log.With("sink", s.Name),
		Links: dispatch.Links(a.journal, s.Name), Pace: dispatch.Pacer(s.Rate)})
	if err != nil {
		return nil, fmt.Errorf("sink %s: %w", s.Name, err)
	}
	return sink, nil
}

// newLane makes the lane of an opened sink. An error is the journal's; the sink is
// closed then.
func (a *Agent) newLane(ctx context.Context, s config.Sink, sink sinks.Sink) (*lane, error) {
	plugin, _ := all.ByType(s.Type) // it made the sink
	needs := plugin.Needs(s.Settings)
	f, err := a.filter(ctx, s, needs)
	if err != nil {
		return nil, errors.Join(err, sink.Close())
	}
	a.warnOfNames(s)
	var start dispatch.Start
	kind, since := f.Start()
	switch kind {
	case config.StartDocuments:
		start.Documents = true
	case config.StartDate:
		start.Since = since
	}
	timeout := s.Timeout
	if s.Rate > 0 { // calls wait for their turn, and for each other
		timeout += time.Duration(float64(max(1, needs.Parallel)) / s.Rate * float64(time.Second))
	}
	if _, known, err := a.journal.Sink(ctx, s.Name); err == nil && !known && a.journal.Last() > 0 && kind == config.StartNow {
		a.log.Info("a new sink begins with the events from now on; `octail sync ENTITY --force --sink NAME` sends what there is already", "sink", s.Name, "seq", a.journal.Last())
	}
	l, err := dispatch.New(ctx, dispatch.Config{
		Name: s.Name, Type: s.Type, Shop: a.cfg.Shop.Name, Entities: s.Entities, Timeout: timeout,
		Sink: sink, Needs: needs, Filter: f, Remember: !s.Release.IsZero() && !s.Release.Any, Start: start,
		Journal: a.journal, Log: a.log, Metrics: a.lanes.metrics, Hurry: a.opts.Hurry, Failpoint: a.opts.Failpoint,
	})
	if err != nil {
		return nil, errors.Join(err, sink.Close())
	}
	return &lane{Lane: l, cfg: s, sink: sink}, nil
}

// openLanes makes the lanes of the first config. They do not run yet.
func (a *Agent) openLanes(ctx context.Context) error {
	a.lanes.metrics = dispatch.NewMetrics(a.registry)
	var set []*lane
	defer func() { a.lanes.replace(set) }()
	for _, s := range a.cfg.Sinks {
		sink, err := a.openSink(s)
		if err != nil {
			return err
		}
		l, err := a.newLane(ctx, s, sink)
		if err != nil {
			return err
		}
		set = append(set, l)
	}
	return nil
}

// startLane lets a lane deliver until the agent ends or it is stopped.
func (a *Agent) startLane(l *lane) {
	ctx, cancel := context.WithCancel(a.down)
	l.stop, l.done = cancel, make(chan struct{})
	l.reading.Lock()
	l.life = ctx
	l.reading.Unlock()
	go func() {
		defer close(l.done)
		defer cancel()
		if err := l.Run(ctx); err != nil {
			a.log.Error("a sink's lane has ended", "sink", l.Name(), "err", err)
		}
		a.closeSink(l)
	}()
}

// closeSink ends the use of a lane's sink, and the lane's own series.
func (a *Agent) closeSink(l *lane) {
	l.reading.Lock()
	l.closed = true
	l.reading.Unlock()
	if err := l.sink.Close(); err != nil {
		a.log.Warn("closing", "sink", l.Name(), "err", err)
	}
	a.lanes.metrics.Unwatch(l.Name())
}

// stopLanes ends lanes and waits for them, within a time, and returns those that did
// not come back from a call of their sink.
func stopLanes(list []*lane, within time.Duration) (hung []*lane) {
	for _, l := range list {
		l.stop()
	}
	limit := time.After(within)
	for _, l := range list {
		select {
		case <-l.done:
			continue
		default:
		}
		select {
		case <-l.done:
		case <-limit:
			return slices.DeleteFunc(slices.Clone(list), func(l *lane) bool { return l.hasEnded() })
		}
	}
	return nil
}

func (l *lane) hasEnded() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// startLanes lets all lanes deliver.
func (a *Agent) startLanes() {
	a.lanes.mu.Lock()
	defer a.lanes.mu.Unlock()
	for _, l := range a.lanes.all() {
		a.startLane(l)
	}
}

// endLanes returns when the agent has ended and all lanes with it.
func (a *Agent) endLanes() error {
	<-a.down.Done()
	a.lanes.mu.Lock()
	defer a.lanes.mu.Unlock()
	a.lanes.ended = true
	for _, l := range a.lanes.all() {
		<-l.done
	}
	return nil
}

// closeLanes closes the sinks of lanes that were never started.
func (a *Agent) closeLanes() {
	for _, l := range a.lanes.all() {
		if l.stop == nil {
			a.closeSink(l)
		}
	}
}

// resume gives a lane that was stopped a successor of the same config, as soon as it has
// come back from its sink, and tries until that works. The stopped one stays in the set
// until then: it shows what waits.
func (a *Agent) resume(old *lane) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		select {
		case <-old.done:
		case <-a.down.Done():
			return
		}
		next, err := a.resumed(old)
		if err == nil {
			if next != nil {
				a.log.Info("the sink goes on", "sink", old.Name())
			}
			return
		}
		a.log.Error("a sink that was stopped for a changed configuration cannot go on, trying again", "sink", old.Name(), "err", err, "wait", wait.String())
		select {
		case <-time.After(wait):
		case <-a.down.Done():
			return
		}
	}
}

// resumed puts a successor in a lane's place; none when the lane is not wanted any more.
func (a *Agent) resumed(old *lane) (*lane, error) {
	a.lanes.mu.Lock()
	defer a.lanes.mu.Unlock()
	set := slices.Clone(a.lanes.all())
	i := slices.Index(set, old)
	if i < 0 || a.lanes.ended {
		return nil, nil
	}
	sink, err := a.openSink(old.cfg)
	if err != nil {
		return nil, err
	}
	next, err := a.newLane(a.down, old.cfg, sink)
	if err != nil {
		return nil, err
	}
	a.startLane(next)
	set[i] = next
	a.lanes.replace(set)
	return next, nil
}

// reopenLanes asks all sinks to open their files anew (log rotation), side by side, and
// waits for those that do. A lane that waits looks at once whether it can go on.
func (a *Agent) reopenLanes(ctx context.Context) {
	var group sync.WaitGroup
	for _, l := range a.lanes.all() {
		l.Wake()
		if _, ok := l.sink.(sinks.Reopener); !ok {
			go l.reopen(a.down) // which wakes it, and may find it in a long call
			continue
		}
		group.Go(func() {
			if err := l.reopen(ctx); err != nil && !errors.Is(err, context.Canceled) {
				a.log.Error("reopen", "sink", l.Name(), "err", err)
			}
		})
	}
	group.Wait()
}

func (l *lane) reopen(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	go func() { // one that has ended answers nobody
		select {
		case <-l.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return l.Reopen(ctx)
}
