package app

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v4"

	"octail/canal"
	"octail/internal/check"
	"octail/internal/journal"
	"octail/internal/shop"
	"octail/transform"
)

// FindingsError says that the agent does not start because of findings that it
// cannot cure by waiting.
type FindingsError struct{ Report check.Report }

func (e *FindingsError) Error() string {
	return "octail cannot run like this; `octail check` shows everything it looks at"
}

// refusal is any other error that waiting does not cure.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// waitLongest bounds the wait between two tries to reach the shop's database.
const waitLongest = 30 * time.Second

// persist tries again until it works, ctx ends (then it returns nil), or waiting is of
// no use.
func (a *Agent) persist(ctx context.Context, doing string, try func() error) error {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(time.Second), backoff.WithMaxInterval(waitLongest), backoff.WithMaxElapsedTime(0))
	for said := ""; ; {
		a.alive(0)
		err := try()
		var findings *FindingsError
		var no refusal
		switch {
		case err == nil || ctx.Err() != nil:
			return nil
		case errors.As(err, &findings), errors.As(err, &no):
			return err
		}
		message := doing + ": " + shop.Explain(err)
		a.setState("waiting", message)
		if message != said {
			a.log.Warn("this does not work at present, trying again; the journal is delivered meanwhile", "err", message)
			said = message
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait.NextBackOff()):
		}
	}
}

func (a *Agent) setState(state, message string) {
	a.alive(waitLongest)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state.State != state {
		a.state.Since = time.Now()
	}
	a.state.State, a.state.Error = state, message
}

// prepare makes everything that needs the shop's database, and finds where capture
// starts. It is safe to repeat.
func (a *Agent) prepare(ctx context.Context, db *sql.DB, tlsConfig *tls.Config) (*source, canal.Position, error) {
	none := canal.Position{}
	report, err := a.reach(ctx, db, tlsConfig)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, none, err
	}
	s := &source{agent: a, db: db, tls: tlsConfig, server: report.Server, generation: report.Generation}
	if err := a.pinShop(ctx); err != nil {
		return nil, none, err
	}
	zone, zoneFrom, err := check.Timezone(ctx, db, a.cfg.Shop.TablePrefix, a.cfg.Shop.Timezone)
	if err != nil {
		return nil, none, err
	}
	s.zone = zone
	if err := a.pin(ctx, "timezone", zone.String(), "shop.timezone"); err != nil {
		return nil, none, err
	}
	if !a.polls() {
		if s.id, err = a.serverID(ctx, s.server.ServerID); err != nil {
			return nil, none, err
		}
	}
	s.reader = shop.New(db, s.server, a.cfg.Shop.MySQL.Database, a.cfg.Shop.TablePrefix)
	schema, err := s.reader.Schema(ctx)
	if err != nil {
		return nil, none, err
	}
	from, err := a.begin(ctx, s)
	if err != nil {
		return nil, none, err
	}
	covered, above, err := a.covered(ctx)
	if err != nil {
		return nil, none, err
	}
	if err := a.learn(ctx, s, schema); err != nil {
		return nil, none, err
	}
	unfinished, err := a.unfinished(ctx)
	if err != nil {
		return nil, none, err
	}
	s.transform = transform.New(transform.Config{
		Shop: s.reader, Schema: schema, Journal: a.journal, Zone: zone, Settle: a.cfg.Capture.Settle, EditHold: a.cfg.Capture.EditHold,
		Drafts: a.cfg.Capture.Drafts, ImageBase: a.cfg.Shop.ImageBase, From: from, Covered: covered, CoveredAbove: above, Marked: a.fills.marked, Compared: a.compared, Released: a.renewReleased, Unfinished: unfinished, Log: a.log, Metrics: a.metrics.transform, Failpoint: a.opts.Failpoint,
	})
	if s.poll != nil {
		a.log.Info("polling the shop", "shop", a.cfg.Shop.Name, "server", s.server.Version, "opencart", s.generation, "timezone", zone.String(), "timezone_from", zoneFrom, "every", a.cfg.Capture.Poll.String())
		return s, none, nil
	}
	tables := transform.WatchList(schema)
	was, err := a.lastWatched(ctx)
	if err != nil {
		return nil, none, err
	}
	if err := a.keepWatched(ctx, was, tables); err != nil {
		return nil, none, err
	}
	if err := s.watch(tables); err != nil {
		return nil, none, refusal{err}
	}
	a.log.Info("following the shop", "shop", a.cfg.Shop.Name, "server", s.server.Version, "opencart", s.generation, "timezone", zone.String(), "timezone_from", zoneFrom, "from", from.String())
	return s, from, nil
}

// reach waits until the database answers and refuses to start where running
// would be useless or wrong.
func (a *Agent) reach(ctx context.Context, db *sql.DB, tlsConfig *tls.Config) (check.Report, error) {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(time.Second), backoff.WithMaxInterval(waitLongest), backoff.WithMaxElapsedTime(0))
	for said := ""; ; {
		report := check.Essential(ctx, check.Deps{Config: a.cfg, DB: db, TLS: AgreedTLS(ctx, db, a.cfg.Shop.MySQL, tlsConfig), Journal: a.journal})
		if ctx.Err() != nil {
			return report, nil
		}
		if !report.Unreachable {
			for _, f := range report.Findings {
				// Of a hole, and of another server, we speak ourselves, with the window.
				if f.Level == check.Warning && f.Check != "position" && f.Check != "identity" {
					a.log.Warn(f.Message, "check", f.Check, "remedy", f.Remedy)
				}
			}
			if report.Worst() == check.Error {
				return report, &FindingsError{report}
			}
			return report, nil
		}
		message := "no answer"
		for _, f := range report.Findings {
			if f.Level == check.Error {
				message = f.Message
			}
		}
		a.setState("waiting", message)
		if message != said {
			a.log.Warn("the shop's database cannot be reached, trying again; the journal is delivered meanwhile", "err", message)
			said = message
		}
		select {
		case <-ctx.Done():
			return report, nil
		case <-time.After(wait.NextBackOff()):
		}
	}
}

// pin fixes a value in the journal at its first use and refuses another one later.
func (a *Agent) pin(ctx context.Context, name, value, setting string) error {
	old, err := a.journal.Meta(ctx, name)
	if err != nil {
		return err
	}
	if old == "" {
		return a.journal.SetMeta(ctx, name, value)
	}
	if old != value {
		return refusal{fmt.Errorf("%s is %q, but the journal %s was made with %q. Put it back, or give the other shop its own journal.path", setting, value, a.journal.Path(), old)}
	}
	return nil
}

func (a *Agent) pinShop(ctx context.Context) error {
	for _, p := range [][3]string{{"prefix", "prefix " + a.cfg.Shop.TablePrefix, "shop.table_prefix"}, {"database", a.cfg.Shop.MySQL.Database, "shop.mysql.database"}} {
		if err := a.pin(ctx, p[0], p[1], p[2]); err != nil {
			return err
		}
	}
	return nil
}

// serverID is our id as a replication client: configured, or made once and kept.
func (a *Agent) serverID(ctx context.Context, taken uint32) (uint32, error) {
	if id := a.cfg.Shop.MySQL.ServerID; id != 0 {
		if id == taken {
			return 0, refusal{fmt.Errorf("shop.mysql.server_id %d is the database server's own id: choose another number, or leave the line out", id)}
		}
		return id, nil
	}
	stored, err := a.journal.Meta(ctx, "server_id")
	if err != nil {
		return 0, err
	}
	if n, err := strconv.ParseUint(stored, 10, 32); err == nil && n > 0 && uint32(n) != taken {
		return uint32(n), nil
	}
	var b [4]byte
	rand.Read(b[:])
	id := binary.LittleEndian.Uint32(b[:])%1_000_000_000 + 1_000_000_000 // far from ids people give
	return id, a.journal.SetMeta(ctx, "server_id", strconv.FormatUint(uint64(id), 10))
}

// position finds where capture starts: the stored position; on the very first start
// the present one, with the snapshot marked; on another server than last time, where
// file and offset mean nothing, the GTID, else as after a hole.
func (a *Agent) position(ctx context.Context, s *source) (canal.Position, error) {
	stored, err := a.journal.Position(ctx)
	if err != nil {
		return canal.Position{}, err
	}
	if stored == "" {
		return a.firstStart(ctx, s)
	}
	identity, err := a.journal.Meta(ctx, "server")
	if err != nil {
		return canal.Position{}, err
	}
	from, err := canal.DecodePosition(stored)
	if err != nil {
		return a.gap(ctx, s, err.Error())
	}
	if identity == s.server.Identity {
		return from, nil
	}
	a.log.Warn("this is another database server than last time", "was", identity, "is", s.server.Identity)
	from.File, from.Offset = "", 0 // they meant a place in the other's log
	if !s.server.GTID || from.GTID == "" {
		if from, err = a.gap(ctx, s, "another database server, and positions without GTIDs mean nothing on it"); err != nil {
			return from, err
		}
	} else if _, err := a.journal.Append(ctx, journal.Commit{Position: from.EncodeAt(canal.DecodeTime(stored))}); err != nil { // before the identity: a kill in between must not mix them
		return from, err
	}
	return from, a.journal.SetMeta(ctx, "server", s.server.Identity)
}

// firstStart begins here and now. The position is stored last: until then every
// start is the first.
func (a *Agent) firstStart(ctx context.Context, s *source) (canal.Position, error) {
	from, err := canal.Here(ctx, s.db, s.server)
	if err != nil {
		return from, err
	}
	now := time.Now()
	if err := a.journal.SetMeta(ctx, "server", s.server.Identity); err != nil {
		return from, err
	}
	if err := a.cover(ctx, s, now); err != nil {
		return from, err
	}
	marks := a.snapshotMarks(now)
	if _, err := a.journal.Append(ctx, journal.Commit{Marks: marks, Position: from.EncodeAt(now)}); err != nil {
		return from, err
	}
	a.log.Info("first start: the shop is read once, from here on every change is followed", "position", from.String(), "snapshot", len(marks))
	return from, nil
}
