package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"

	"octail/internal/config"
	"octail/internal/console"
	"octail/sinks"
)

// reloadable are the keys, outside of sinks, whose change a running agent takes. Every
// other one needs a restart.
var reloadable = []string{"log.level", "http.token", "journal.retention", "journal.max_bytes", "reconcile.at", "reconcile.repair"}

// config is the present one. Of what is not reloadable it says the same as cfg.
func (a *Agent) config() *config.Config {
	if c := a.present.Load(); c != nil {
		return c
	}
	return a.cfg
}

// Reload implements console.Agent. Also when nothing is applied the sinks open their
// files anew: whoever rotates logs may not care for the config.
func (a *Agent) Reload(ctx context.Context) (*console.Reload, error) {
	a.tell(a.opts.Service.Reloading())
	defer func() {
		if a.down.Err() == nil {
			a.tell(a.opts.Service.Ready())
		}
	}()
	r, err := a.reload()
	a.reopenLanes(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range r.Warnings {
		a.log.Warn("configuration", "warning", w)
	}
	if r.Applied {
		a.metrics.reloaded.Set(1)
		a.log.Info("the configuration was read anew and is in use", "result", r.String())
		for _, s := range r.Sinks {
			if s.Compare != "" {
				a.log.Info("what a changed sink was given before follows when it changes next, or is compared", "sink", s.Name, "at_once", s.Compare)
			}
		}
		return r, nil
	}
	a.metrics.reloaded.Set(0)
	for _, p := range r.Problems() {
		a.log.Error("the changed configuration is not applied, octail goes on with the one it has", "err", p)
	}
	return r, nil
}

// hangups reloads at each SIGHUP, until ctx ends.
func (a *Agent) hangups(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.opts.Hangup:
		}
		a.log.Info("SIGHUP: the configuration is read anew, the sinks open their files anew")
		if _, err := a.Reload(ctx); err != nil {
			a.log.Error("reload", "err", err)
		}
	}
}

// reload reads the config and applies it, wholly or not at all.
func (a *Agent) reload() (*console.Reload, error) {
	if a.opts.Load == nil {
		return nil, errors.New("this agent was not started from a configuration file")
	}
	a.lanes.mu.Lock()
	defer a.lanes.mu.Unlock()
	if a.lanes.ended {
		return nil, errors.New("octail stops just now")
	}
	next, warnings, err := a.opts.Load()
	r := &console.Reload{Mistakes: mistakes(err)}
	for _, w := range warnings {
		r.Warnings = append(r.Warnings, w.String())
	}
	if err != nil {
		return r, nil
	}
	for _, key := range config.Differences(a.config(), next) {
		if slices.Contains(reloadable, key) {
			r.Changed = append(r.Changed, key)
		} else {
			r.Restart = append(r.Restart, key)
		}
	}
	r.Sinks = compareSinks(a.sinksAtWork(), next.Sinks)
	if len(r.Restart) > 0 {
		return r, nil
	}
	if r.Errors = a.exchangeLanes(next.Sinks, r.Sinks); len(r.Errors) > 0 {
		return r, nil
	}
	a.apply(next)
	a.comparable(r.Sinks)
	r.Applied = true
	return r, nil
}

// mistakes are the single ones in a config file.
func mistakes(err error) (lines []string) {
	var all *config.Errors
	switch {
	case err == nil:
	case errors.As(err, &all):
		for _, p := range all.Problems() {
			lines = append(lines, p.String())
		}
	default:
		lines = append(lines, err.Error())
	}
	return lines
}

// compareSinks says what becomes of each sink: those that are wanted in their order,
// then those that are not any more.
func compareSinks(now, next []config.Sink) (out []console.ReloadedSink) {
	find := func(list []config.Sink, name string) int {
		return slices.IndexFunc(list, func(s config.Sink) bool { return s.Name == name })
	}
	for _, s := range next {
		what := console.SinkUnchanged
		switch i := find(now, s.Name); {
		case i < 0:
			what = console.SinkAdded
		case !now[i].Equal(s):
			what = console.SinkChanged
		}
		out = append(out, console.ReloadedSink{Name: s.Name, What: what})
	}
	for _, s := range now {
		if find(next, s.Name) < 0 {
			out = append(out, console.ReloadedSink{Name: s.Name, What: console.SinkRemoved})
		}
	}
	return out
}

// comparable names, of the sinks that were changed and can read back what their targets
// hold, the command that has them do it.
func (a *Agent) comparable(of []console.ReloadedSink) {
	for i, s := range of {
		able := slices.ContainsFunc(a.lanes.all(), func(l *lane) bool { return l.Name() == s.Name && l.Compares() })
		if able && s.What == console.SinkChanged {
			of[i].Compare = "octail reconcile --sink " + s.Name + " --repair"
		}
	}
}

func (a *Agent) sinksAtWork() (out []config.Sink) {
	for _, l := range a.lanes.all() {
		out = append(out, l.cfg)
	}
	return out
}

// exchangeLanes makes the sinks at work those of next. First all new ones are made, then
// the old ones of these names end, then the new ones begin: two of them may write the
// same file. A lane whose sink is unchanged goes on undisturbed. With errors all goes on
// as before. The caller holds lanes.mu.
func (a *Agent) exchangeLanes(next []config.Sink, plan []console.ReloadedSink) (problems []string) {
	what := map[string]string{}
	for _, s := range plan {
		what[s.Name] = s.What
	}
	fresh := map[string]sinks.Sink{}
	discard := func() {
		for name, sink := range fresh {
			if err := sink.Close(); err != nil {
				a.log.Warn("closing", "sink", name, "err", err)
			}
		}
	}
	for _, s := range next {
		if what[s.Name] == console.SinkUnchanged {
			continue
		}
		sink, err := a.openSink(s)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		fresh[s.Name] = sink
	}
	if len(problems) > 0 {
		discard()
		return problems
	}
	var leaving []*lane
	kept := map[string]*lane{}
	for _, l := range a.lanes.all() {
		if what[l.cfg.Name] == console.SinkUnchanged {
			kept[l.cfg.Name] = l
		} else {
			leaving = append(leaving, l)
		}
	}
	for _, l := range stopLanes(leaving, stopWithin) {
		problems = append(problems, "sink "+l.Name()+": it does not come back from a call of its target, so nothing can take its place; try again, or restart octail")
	}
	if len(problems) > 0 {
		discard()
		a.goOn(leaving)
		return problems
	}
	var set []*lane
	for _, s := range next {
		l := kept[s.Name]
		if l == nil {
			var err error
			l, err = a.newLane(a.down, s, fresh[s.Name])
			delete(fresh, s.Name)
			if err != nil { // the journal's
				discard()
				a.dropNew(set)
				a.goOn(leaving)
				return []string{"sink " + s.Name + ": " + err.Error()}
			}
		}
		set = append(set, l)
	}
	for _, l := range set {
		if l.stop == nil {
			a.startLane(l)
		}
	}
	a.lanes.replace(set)
	for _, l := range leaving {
		if what[l.cfg.Name] == console.SinkRemoved {
			a.lanes.metrics.Forget(l.cfg.Name)
		}
	}
	return nil
}

// goOn gives lanes that were stopped successors of the same config.
func (a *Agent) goOn(stopped []*lane) {
	for _, l := range stopped {
		go a.resume(l)
	}
}

// dropNew closes lanes that were made and do not run.
func (a *Agent) dropNew(set []*lane) {
	for _, l := range set {
		if l.stop == nil {
			a.closeSink(l)
		}
	}
}

// apply takes what has no life of its own.
func (a *Agent) apply(next *config.Config) {
	a.present.Store(next)
	if a.opts.Level != nil {
		_ = a.opts.Level.UnmarshalText([]byte(next.Log.Level)) // the config has only such as are levels
	}
	for _, c := range a.consoles {
		c.renew(next.HTTP.Token)
	}
}

// liveConsole is the console with the token of the present config.
type liveConsole struct {
	handler func(token string) http.Handler
	now     atomic.Pointer[http.Handler]
}

func newLiveConsole(token config.Secret, handler func(token string) http.Handler) *liveConsole {
	c := &liveConsole{handler: handler}
	c.renew(token)
	return c
}

func (c *liveConsole) renew(token config.Secret) {
	h := c.handler(token.Reveal())
	c.now.Store(&h)
}

func (c *liveConsole) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*c.now.Load()).ServeHTTP(w, r)
}
