package app

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"octail/canal"
	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/internal/reconcile"
	"octail/sinks"
	"octail/sinks/all"
	"octail/transform/document"
)

var _ console.Agent = (*Agent)(nil)

// Status implements console.Agent.
func (a *Agent) Status(ctx context.Context) (console.Status, error) {
	a.mu.Lock()
	s, state := a.source, a.state
	a.mu.Unlock()
	st := console.Status{Shop: a.cfg.Shop.Name, Version: a.opts.Version, Running: true, PID: os.Getpid(), Started: a.started.UTC(), Source: state}
	if s != nil {
		st.Source = s.describe()
		st.Documents.Pending, st.Documents.Blocked = s.transform.Pending(), s.transform.Blocked()
	}
	if err := fillIn(ctx, &st, a.journal); err != nil {
		return st, err
	}
	st.Journal.Excess = a.excess.Load()
	st.Comparing = a.comparison.Load()
	if fills := a.filling.Load(); fills != nil {
		st.Fills = *fills
	}
	for _, l := range a.lanes.all() {
		st.Sinks = append(st.Sinks, l.Status(ctx))
	}
	st.Judge()
	return st, nil
}

// fillIn adds what the journal knows.
func fillIn(ctx context.Context, st *console.Status, j *journal.Journal) error {
	st.At, st.Sinks = time.Now().UTC(), []dispatch.Status{}
	counts, err := j.Counts(ctx)
	if err != nil {
		return err
	}
	st.Journal = console.Journal{Path: j.Path(), Sequence: j.Last(), Birth: j.Birth(), Counts: counts}
	if st.Compared, err = reconcile.Last(ctx, j); err != nil {
		return err
	}
	failing, err := j.Failing(ctx, 20)
	if err != nil {
		return err
	}
	for _, f := range failing {
		st.Documents.Failing = append(st.Documents.Failing, console.Failing{Subject: subject(f.Key), Whole: f.Key.ID == 0, Error: f.Error, Attempts: f.Attempts, Since: f.Since, Next: f.Next})
	}
	if st.Source.Position == "" && st.Source.Poll == nil {
		stored, err := j.Position(ctx)
		if err != nil {
			return err
		}
		p, err := canal.DecodePosition(stored)
		if err != nil {
			return err
		}
		st.Source.Position, st.Source.ReadUpTo = p.String(), canal.DecodeTime(stored)
	}
	st.Source.Hole, err = lastHole(ctx, j)
	return err
}

// subject names a key for people; key 0 stands for all of a kind.
func subject(k document.Key) string {
	if k.ID == 0 {
		return "every " + strings.TrimPrefix(k.Entity, "of-")
	}
	return k.String()
}

// OfflineStatus is the status of an agent that does not run, from its journal.
func OfflineStatus(ctx context.Context, cfg *config.Config, j *journal.Journal, version string) (console.Status, error) {
	st := console.Status{Shop: cfg.Shop.Name, Version: version, Source: console.Source{State: "stopped"}}
	if cfg.Capture.Mode == config.CapturePoll {
		st.Source.Poll = &console.Poll{Every: cfg.Capture.Poll.Seconds()}
	}
	if err := fillIn(ctx, &st, j); err != nil {
		return st, err
	}
	for _, s := range cfg.Sinks {
		var needs sinks.Needs
		if plugin, ok := all.ByType(s.Type); ok {
			needs = plugin.Needs(s.Settings)
		}
		k, err := dispatch.Offline(ctx, j, s.Name, s.Type, needs)
		if err != nil {
			return st, err
		}
		st.Sinks = append(st.Sinks, k)
	}
	st.Judge()
	return st, nil
}

// Ready implements console.Agent.
func (a *Agent) Ready() error {
	a.mu.Lock()
	s, state := a.source, a.state
	a.mu.Unlock()
	if s == nil {
		return errors.New("the shop's database is not connected: " + state.Error)
	}
	if s.poll != nil {
		if st := s.poll.Status(); !st.Polling {
			return errors.New("the shop cannot be swept: " + st.Error)
		}
	} else if st := s.stream().Status(); !st.Connected {
		return errors.New("the binlog is not connected: " + st.LastError)
	} else if gone := s.missing(); gone != "" {
		return errors.New(gone)
	}
	if why := s.transform.Blocked(); why != "" {
		return errors.New("documents cannot be made: " + why)
	}
	return nil
}

// Journal implements console.Agent.
func (a *Agent) Journal() *journal.Journal { return a.journal }
