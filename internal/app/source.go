package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"golang.org/x/sync/errgroup"

	"octail/canal"
	"octail/internal/check"
	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/internal/shop"
	"octail/transform"
	"octail/transform/document"
)

// source is everything that needs the shop's database.
type source struct {
	db         *sql.DB
	server     canal.Server
	generation string
	canal      *canal.Canal
	transform  *transform.Transformer

	mu   sync.Mutex
	lag  *canal.Lag
	read time.Time // commit time of the last transaction read
}

// TLS makes the TLS settings for the shop's database; nil: no TLS.
func TLS(c config.MySQL) (*tls.Config, error) {
	switch c.TLS.Mode {
	case config.TLSOff:
		return nil, nil
	case config.TLSPreferred:
		// On this machine nobody listens in between; elsewhere encrypt where the
		// server can, without asking who it is.
		if shop.IsLocal(c.Address) {
			return nil, nil
		}
		return &tls.Config{InsecureSkipVerify: true}, nil
	case config.TLSRequired:
		return &tls.Config{InsecureSkipVerify: true}, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: hostOf(c.Address)}
	if c.TLS.CA != "" {
		pem, err := os.ReadFile(c.TLS.CA)
		if err != nil {
			return nil, fmt.Errorf("shop.mysql.tls.ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("shop.mysql.tls.ca: %s holds no certificate", c.TLS.CA)
		}
	}
	if c.TLS.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key)
		if err != nil {
			return nil, fmt.Errorf("shop.mysql.tls.cert: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// OpenDB prepares the pool for the shop's database as configured.
func OpenDB(c config.MySQL) (*sql.DB, *tls.Config, error) {
	t, err := TLS(c)
	if err != nil {
		return nil, nil, err
	}
	db, err := shop.Open(shop.Options{Address: c.Address, User: c.User, Password: c.Password.Reveal(), Database: c.Database,
		TLS: t, Plaintext: c.TLS.Mode == config.TLSPreferred})
	return db, t, err
}

// AgreedTLS is the TLS that binlog connections use: t, or none where it is only
// preferred and the server has none.
func AgreedTLS(ctx context.Context, db *sql.DB, c config.MySQL, t *tls.Config) *tls.Config {
	if t == nil || c.TLS.Mode != config.TLSPreferred {
		return t
	}
	if encrypted, err := shop.Encrypted(ctx, db); err == nil && !encrypted {
		return nil
	}
	return t
}

// runSource reaches the shop's database and follows it until ctx ends.
func (a *Agent) runSource(ctx context.Context) error {
	db, tlsConfig, err := OpenDB(a.cfg.Shop.MySQL)
	if err != nil {
		return err
	}
	defer db.Close()
	report, err := a.reach(ctx, db, tlsConfig)
	if err != nil || ctx.Err() != nil {
		return err
	}
	tlsConfig = AgreedTLS(ctx, db, a.cfg.Shop.MySQL, tlsConfig)
	s := &source{db: db, server: report.Server, generation: report.Generation}
	from, err := a.prepare(ctx, s)
	if err != nil {
		return err
	}
	zone, zoneFrom, err := check.Timezone(ctx, db, a.cfg.Shop.TablePrefix, a.cfg.Shop.Timezone)
	if err != nil {
		return err
	}
	if err := a.pin(ctx, "timezone", zone.String(), "shop.timezone"); err != nil {
		return err
	}
	currency, language, err := check.Defaults(ctx, db, a.cfg.Shop.TablePrefix)
	if err != nil {
		return err
	}
	for _, pin := range [][3]string{{"currency", currency, "the shop's currency (config_currency)"}, {"language", language, "the shop's language (config_language)"}} {
		if pin[1] != "" {
			if err := a.pin(ctx, pin[0], pin[1], pin[2]); err != nil {
				return err
			}
		}
	}
	reader := shop.New(db, s.server, a.cfg.Shop.MySQL.Database, a.cfg.Shop.TablePrefix)
	schema, err := reader.Schema(ctx)
	if err != nil {
		return err
	}
	id, err := a.serverID(ctx, s.server.ServerID)
	if err != nil {
		return err
	}
	s.transform = transform.New(transform.Config{
		Shop: reader, Schema: schema, Journal: a.journal, Zone: zone, Settle: a.cfg.Capture.Settle, EditHold: a.cfg.Capture.EditHold,
		Drafts: a.cfg.Capture.Drafts, ImageBase: a.cfg.Shop.ImageBase, From: from, Log: a.log, Metrics: a.metrics.transform, Failpoint: a.opts.Failpoint,
	})
	s.canal, err = canal.New(canal.Config{
		DB: db, Server: s.server, Address: a.cfg.Shop.MySQL.Address, User: a.cfg.Shop.MySQL.User, Password: a.cfg.Shop.MySQL.Password.Reveal(),
		TLS: tlsConfig, ServerID: id, Database: a.cfg.Shop.MySQL.Database, Tables: transform.WatchList(schema), Log: a.log, Metrics: a.metrics.canal,
	})
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.source = s
	a.mu.Unlock()
	a.log.Info("following the shop", "shop", a.cfg.Shop.Name, "server", s.server.Version, "opencart", s.generation, "timezone", zone.String(), "timezone_from", zoneFrom, "from", from.String())
	return a.follow(ctx, s, from)
}

// reach waits until the database answers and refuses to start where running
// would be useless or wrong.
func (a *Agent) reach(ctx context.Context, db *sql.DB, tlsConfig *tls.Config) (check.Report, error) {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(time.Second), backoff.WithMaxInterval(30*time.Second), backoff.WithMaxElapsedTime(0))
	for said := ""; ; {
		report := check.Essential(ctx, check.Deps{Config: a.cfg, DB: db, TLS: AgreedTLS(ctx, db, a.cfg.Shop.MySQL, tlsConfig), Journal: a.journal})
		if ctx.Err() != nil {
			return report, nil
		}
		if !report.Unreachable {
			for _, f := range report.Findings {
				if f.Level == check.Warning {
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

// FindingsError says that the agent does not start because of findings that it
// cannot cure by waiting.
type FindingsError struct{ Report check.Report }

func (e *FindingsError) Error() string {
	return "octail cannot run like this; `octail check` shows everything it looks at"
}

func (a *Agent) setState(state, message string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state.State != state {
		a.state.Since = time.Now()
	}
	a.state.State, a.state.Error = state, message
}

// prepare finds where capture starts: the stored position; on the very first
// start the present one, with the snapshot marked; on another server than last
// time, where file and offset mean nothing, as after a hole.
func (a *Agent) prepare(ctx context.Context, s *source) (canal.Position, error) {
	stored, err := a.journal.Position(ctx)
	if err != nil {
		return canal.Position{}, err
	}
	identity, err := a.journal.Meta(ctx, "server")
	if err != nil {
		return canal.Position{}, err
	}
	for name, value := range map[string]string{"prefix": "prefix " + a.cfg.Shop.TablePrefix, "database": a.cfg.Shop.MySQL.Database} {
		if err := a.pin(ctx, name, value, map[string]string{"prefix": "shop.table_prefix", "database": "shop.mysql.database"}[name]); err != nil {
			return canal.Position{}, err
		}
	}
	if stored == "" {
		from, err := canal.Here(ctx, s.db, s.server)
		if err != nil {
			return from, err
		}
		marks := a.snapshotMarks(time.Now())
		if _, err := a.journal.Append(ctx, journal.Commit{Marks: marks, Position: from.Encode()}); err != nil {
			return from, err
		}
		a.log.Info("first start: the shop is read once, from here on every change is followed", "position", from.String(), "snapshot", len(marks))
		return from, a.journal.SetMeta(ctx, "server", s.server.Identity)
	}
	from, err := canal.DecodePosition(stored)
	if err != nil {
		return from, err
	}
	if identity != s.server.Identity {
		a.log.Warn("this is another database server than last time", "was", identity, "is", s.server.Identity)
		from.File, from.Offset = "", 0 // they meant a place in the other's log
		if !s.server.GTID || from.GTID == "" {
			if from, err = a.gap(ctx, s, "another database server, and positions without GTIDs mean nothing on it"); err != nil {
				return from, err
			}
		}
		if err := a.journal.SetMeta(ctx, "server", s.server.Identity); err != nil {
			return from, err
		}
	}
	return from, nil
}

func (a *Agent) snapshotMarks(now time.Time) []journal.Mark {
	var marks []journal.Mark
	for _, item := range a.cfg.Capture.Snapshot {
		m := journal.Mark{Key: document.Key{Entity: item.Entity}, Reason: "snapshot", Origin: document.FromSnapshot}
		if item.Window > 0 {
			m.Position = transform.Since(now.Add(-item.Window))
		}
		marks = append(marks, m)
	}
	return marks
}

// gap answers a hole in the log: from now on, and everything is compared. Only
// real differences become revisions.
func (a *Agent) gap(ctx context.Context, s *source, why string) (canal.Position, error) {
	stored, err := a.journal.Position(ctx)
	if err != nil {
		return canal.Position{}, err
	}
	from, err := canal.Here(ctx, s.db, s.server)
	if err != nil {
		return from, err
	}
	was, _ := canal.DecodePosition(stored)
	var marks []journal.Mark
	for _, e := range document.Entities {
		marks = append(marks, journal.Mark{Key: document.Key{Entity: e}, Reason: "gap", Origin: document.FromReconcile})
	}
	if _, err := a.journal.Append(ctx, journal.Commit{Marks: marks, Position: from.Encode()}); err != nil {
		return from, err
	}
	a.metrics.canal.Gap()
	a.log.Warn("hole in the binlog: everything is compared with the shop, only real differences become revisions", "why", why, "from", was.String(), "to", from.String())
	return from, nil
}

// follow runs capture and document making; holes in the log are closed and
// capture goes on behind them.
func (a *Agent) follow(ctx context.Context, s *source, from canal.Position) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.transform.Run(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		s.transform.Stop()
		return nil
	})
	group.Go(func() error {
		for {
			err := s.canal.Run(ctx, from, s)
			switch {
			case err == nil || ctx.Err() != nil:
				return nil
			case errors.Is(err, canal.ErrPurged), errors.Is(err, canal.ErrDiverged):
				s.transform.Drop()
				next, gapErr := a.gap(ctx, s, err.Error())
				if gapErr != nil {
					return gapErr
				}
				s.transform.Restart(next)
				from = next
			default:
				return err
			}
		}
	})
	group.Go(func() error { a.measure(ctx, s); return nil })
	return group.Wait()
}

// Commit implements canal.Handler.
func (s *source) Commit(t canal.Transaction) error {
	s.mu.Lock()
	s.read = t.Time
	s.mu.Unlock()
	return s.transform.Commit(t)
}

// Progress implements canal.Handler.
func (s *source) Progress(p canal.Position) error { return s.transform.Progress(p) }

// measure keeps the lag figures fresh.
func (a *Agent) measure(ctx context.Context, s *source) {
	for {
		s.mu.Lock()
		read := s.read
		s.mu.Unlock()
		bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
		lag, err := s.canal.Measure(bounded, read)
		cancel()
		if err == nil {
			s.mu.Lock()
			s.lag = &lag
			s.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Second):
		}
	}
}

func (s *source) lastLag() *canal.Lag {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lag
}

func (s *source) describe() console.Source {
	st := s.canal.Status()
	out := console.Source{State: "waiting", Since: st.Since, Server: s.server.Version, OpenCart: s.generation, Position: st.Position.String(),
		LastRead: st.LastRead, Lag: s.lastLag(), Error: st.LastError}
	if st.Connected {
		out.State = "connected"
	}
	return out
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
