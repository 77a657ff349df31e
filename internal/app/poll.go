package app

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"octail/canal"
	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/internal/poll"
	"octail/transform/document"
)

// polls reports whether changes are found by polling.
func (a *Agent) polls() bool { return a.cfg.Capture.Mode == config.CapturePoll }

// captured names, in the journal, the way of capture that its state is of: polling once
// the first sweep has stored all states, and until a place in the log is known again.
// Where nothing is noted it is the log.
const captured = "capture"

// begin finds where capture starts in the log; nowhere when the shop is polled.
func (a *Agent) begin(ctx context.Context, s *source) (canal.Position, error) {
	by, err := a.journal.Meta(ctx, captured)
	switch {
	case err != nil:
		return canal.Position{}, err
	case a.polls():
		return canal.Position{}, a.beginPoll(ctx, s, by == config.CapturePoll)
	case by != config.CapturePoll:
		return a.position(ctx, s)
	}
	return a.afterPoll(ctx, s)
}

// afterPoll begins to read the log, here and now, and has everything compared: what
// happened since the last sweep nobody has looked for. That is no hole in the log.
func (a *Agent) afterPoll(ctx context.Context, s *source) (canal.Position, error) {
	last, err := poll.Last(ctx, a.journal)
	if err != nil {
		return canal.Position{}, err
	}
	from, err := canal.Here(ctx, s.db, s.server)
	if err != nil {
		return from, err
	}
	now := time.Now().UTC()
	if _, err := a.journal.Append(ctx, journal.Commit{Marks: everything(), Position: from.EncodeAt(now)}); err != nil {
		return from, err
	}
	if err := a.journal.SetMeta(ctx, "server", s.server.Identity); err != nil {
		return from, err
	}
	if err := a.journal.SetMeta(ctx, captured, config.CaptureBinlog); err != nil { // last: until then it begins anew
		return from, err
	}
	a.log.Warn("capture.mode was poll: what happened since the last sweep is found by comparing everything with the shop, only real differences become revisions; from here on the binlog is read",
		"since", known(last), "until", known(now), "position", from.String())
	return from, nil
}

// known is a time for a line of the log.
func known(at time.Time) string {
	if at.IsZero() {
		return "not known"
	}
	return at.UTC().Format(time.RFC3339)
}

// beginPoll makes the poller. Unless it goes on (on), nobody has kept states: because
// the log was read, or nothing was. Then they are stored anew, and after that, so that
// nothing between is missed, what the snapshot lists is read, or everything is compared.
func (a *Agent) beginPoll(ctx context.Context, s *source, on bool) error {
	first := false
	if !on {
		stored, err := a.journal.Position(ctx)
		if err != nil {
			return err
		}
		covered, _, err := a.covered(ctx)
		if err != nil {
			return err
		}
		if first = stored == ""; first && covered == nil { // else a first start before did not come to its end
			if err := a.cover(ctx, s, time.Now().Add(-clocksApart)); err != nil {
				return err
			}
		}
	}
	s.poll = poll.New(poll.Config{
		Shop: s.reader, Journal: a.journal, Every: a.cfg.Capture.Poll, Settle: a.cfg.Capture.Settle, Anew: !on, GoneAfter: goneAfter, Hurried: hurried,
		Begun:   func(ctx context.Context) error { return a.pollBegun(ctx, first) },
		Altered: func() { s.transform.Restart(canal.Position{}) }, // reads the schema again
		Alive:   a.alive, Log: a.log, Metrics: a.metrics.poll,
	})
	a.metrics.canal.Polling(false, time.Time{})
	return nil
}

// goneAfter is how long the polled shop must miss a row before it counts as deleted; 0:
// the usual. Tests make it short.
var goneAfter time.Duration

// hurried makes sweeps take no pauses, for tests.
var hurried bool

// clocksApart is how far the shop's clock may be behind ours.
const clocksApart = 5 * time.Second

// sinceStart lists the entities that visitors make, as far as the snapshot does not read
// them. What was made during the first sweep is in its states already: it is found by
// its date.
func (a *Agent) sinceStart() []journal.Mark {
	var marks []journal.Mark
	for _, e := range []string{document.OrderEntity, document.CustomerEntity} {
		if !slices.ContainsFunc(a.cfg.Capture.Snapshot, func(i config.SnapshotItem) bool { return i.Entity == e }) {
			marks = append(marks, journal.Mark{Key: document.Key{Entity: e}, Reason: "poll", Origin: document.FromShop})
		}
	}
	return marks
}

// pollBegun marks what is to be read now that every change from here on is found.
func (a *Agent) pollBegun(ctx context.Context, first bool) error {
	marks := append(a.snapshotMarks(time.Now()), a.sinceStart()...)
	if !first {
		marks = everything()
	}
	stored, err := a.journal.Position(ctx)
	if err != nil {
		return err
	}
	if _, err := a.journal.Append(ctx, journal.Commit{Marks: marks}); err != nil {
		return err
	}
	if err := a.journal.SetMeta(ctx, captured, config.CapturePoll); err != nil {
		return err
	}
	if first {
		a.log.Info("first start: the shop is read once, from here on changes are found by sweeps", "snapshot", len(a.cfg.Capture.Snapshot))
	} else {
		a.log.Warn("capture.mode was binlog: what happened since that was read is found by comparing everything with the shop, only real differences become revisions; from here on changes are found by sweeps",
			"since", known(canal.DecodeTime(stored)), "until", known(time.Now()))
	}
	return nil
}

// followByPoll sweeps and makes documents.
func (a *Agent) followByPoll(ctx context.Context, s *source) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.transform.Run(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		s.transform.Stop()
		return nil
	})
	group.Go(func() error { return s.poll.Run(ctx) })
	group.Go(func() error { a.nightly(ctx, s); return nil })
	group.Go(func() error { a.fills.run(ctx); return nil })
	return group.Wait()
}

func (s *source) describePoll() console.Source {
	st := s.poll.Status()
	out := console.Source{State: "waiting", Since: st.Since, Server: s.server.Version, OpenCart: s.generation, LastRead: st.Last, Error: st.Error,
		Poll: &console.Poll{Every: s.agent.cfg.Capture.Poll.Seconds(), Begun: st.Begun, Sweeps: st.Sweeps, Last: st.Last, Took: st.Took.Seconds(),
			Busy: st.Work.Busy.Seconds(), Longest: st.Work.Longest.Seconds(), Statements: st.Work.Statements, Rows: st.Work.Rows, Next: st.Next, Failing: st.Failing, Missing: st.Missing}}
	if st.Polling {
		out.State = "polling"
	}
	return out
}
