package app

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"octail/canal"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/internal/poll"
	"octail/internal/shop"
	"octail/transform"
	"octail/transform/document"
)

// source is everything that needs the shop's database.
type source struct {
	agent      *Agent
	db         *sql.DB
	tls        *tls.Config
	id         uint32 // ours as a replication client
	zone       *time.Location
	server     canal.Server
	generation string
	reader     *shop.Shop
	transform  *transform.Transformer
	poll       *poll.Poller // instead of capture from the log; nil: none

	// Capture's own:
	tables  []canal.Table
	watched map[string]string // see transform.Watched
	recheck bool              // there may be other tables
	at      canal.Position

	mu    sync.Mutex
	canal *canal.Canal // made again when other tables are to be watched
	lag   *canal.Lag
	read  time.Time // commit time of the last transaction read
	amiss amiss     // see oversee
}

// runSource reaches the shop's database and follows it until ctx ends. Only what
// waiting does not cure ends it before.
func (a *Agent) runSource(ctx context.Context) error {
	db, tlsConfig, err := OpenDB(a.cfg.Shop.MySQL)
	if err != nil {
		return err
	}
	defer db.Close()
	var s *source
	var from canal.Position
	err = a.persist(ctx, "begin to follow the shop", func() (err error) {
		s, from, err = a.prepare(ctx, db, tlsConfig)
		return err
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	a.mu.Lock()
	a.source = s
	a.mu.Unlock()
	if s.poll != nil {
		return a.followByPoll(ctx, s)
	}
	return a.follow(ctx, s, from)
}

// watch prepares capture of some tables.
func (s *source) watch(tables []canal.Table) error {
	c := s.agent.cfg.Shop.MySQL
	next, err := canal.New(canal.Config{
		DB: s.db, Server: s.server, Address: c.Address, User: c.User, Password: c.Password.Reveal(),
		TLS:      func(ctx context.Context) *tls.Config { return AgreedTLS(ctx, s.db, c, s.tls) },
		ServerID: s.id, Database: c.Database, Tables: tables, Log: s.agent.log, Metrics: s.agent.metrics.canal,
		Moved: s.moved,
	})
	if err != nil {
		return err
	}
	s.watched, s.tables = transform.Watched(tables), tables
	s.mu.Lock()
	s.canal = next
	s.mu.Unlock()
	return nil
}

// follow runs capture and document making.
func (a *Agent) follow(ctx context.Context, s *source, from canal.Position) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.transform.Run(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		s.transform.Stop()
		return nil
	})
	group.Go(func() error { return a.capture(ctx, s, from) })
	group.Go(func() error { a.measure(ctx, s); return nil })
	group.Go(func() error { a.nightly(ctx, s); return nil })
	group.Go(func() error { a.fills.run(ctx); return nil })
	group.Go(func() error { a.oversee(ctx, s); return nil })
	return group.Wait()
}

// capture reads the log until ctx ends. Holes in it are closed and it goes on behind
// them; where other tables are to be watched than before, it goes on with these.
func (a *Agent) capture(ctx context.Context, s *source, from canal.Position) error {
	for {
		err := s.canal.Run(ctx, from, s)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		switch {
		case errors.Is(err, errOtherTables):
			from = s.at
			err = a.persist(ctx, "watch other tables", func() error { return a.rewatch(ctx, s) })
		case errors.Is(err, canal.ErrPurged), errors.Is(err, canal.ErrDiverged):
			s.transform.Drop()
			why := err.Error()
			err = a.persist(ctx, "close the hole in the binlog", func() (err error) {
				from, err = a.gap(ctx, s, why)
				if err == nil {
					err = s.watch(s.tables) // it may be another server
				}
				return err
			})
			if err == nil && ctx.Err() == nil {
				s.transform.Restart(from)
				s.transform.ReadUpTo(time.Now())
			}
		}
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// moved answers that capture has found another server, and goes on there by GTID. What
// is stored meant a file of the other one, until it is stored as it is here. It may be
// that it never is: at the next start the server is another one again then.
func (s *source) moved(server canal.Server, at canal.Position) error {
	s.on(server)
	s.transform.Moved(at)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	stored, err := s.agent.journal.Position(ctx)
	if err != nil {
		return err
	}
	if _, err := s.agent.journal.Append(ctx, journal.Commit{Position: s.transform.Watermark().EncodeAt(canal.DecodeTime(stored))}); err != nil {
		return err
	}
	return s.agent.journal.SetMeta(ctx, "server", server.Identity)
}

// on notes on which server the shop is.
func (s *source) on(server canal.Server) {
	s.mu.Lock()
	s.server = server
	s.mu.Unlock()
	s.reader.Moved(server)
}

// errOtherTables ends a Run of capture whose watch list is out of date.
var errOtherTables = errors.New("other tables are to be watched")

// Commit implements canal.Handler.
func (s *source) Commit(t canal.Transaction) error {
	s.mu.Lock()
	s.read = t.Time
	s.mu.Unlock()
	if err := s.transform.Commit(t); err != nil {
		return err
	}
	s.recheck = s.recheck || t.Tables
	return s.checkTables(t.Position)
}

// Progress implements canal.Handler.
func (s *source) Progress(p canal.Position) error {
	if err := s.transform.Progress(p); err != nil {
		return err
	}
	s.transform.ReadUpTo(s.stream().ReadUpTo())
	return s.checkTables(p)
}

// checkTables looks whether the tables there are now are those that are watched.
// p is behind all that was handed over.
func (s *source) checkTables(p canal.Position) error {
	if !s.recheck {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	schema, err := s.reader.Schema(ctx)
	if err != nil {
		return nil // the next call tries again
	}
	s.recheck = false
	if changed, _ := transform.Changed(s.watched, transform.WatchList(schema)); !changed {
		return nil
	}
	s.at, s.recheck = p, true
	return errOtherTables
}

// rewatch makes capture watch the tables there are now. What may have been in new ones
// before they were watched is compared.
func (a *Agent) rewatch(ctx context.Context, s *source) error {
	schema, err := s.reader.Schema(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.generation = schema.Generation()
	s.mu.Unlock()
	tables := transform.WatchList(schema)
	if err := a.keepWatched(ctx, s.watched, tables); err != nil {
		return err
	}
	s.transform.Restart(s.at)
	s.recheck = false
	return s.watch(tables)
}

// keepWatched marks what has to be compared because other tables or columns are
// watched than before, and notes in the journal what is watched now.
func (a *Agent) keepWatched(ctx context.Context, was map[string]string, tables []canal.Table) error {
	changed, entities := transform.Changed(was, tables)
	if changed && len(was) > 0 {
		var marks []journal.Mark
		for _, e := range entities {
			marks = append(marks, journal.Mark{Key: document.Key{Entity: e}, Reason: "tables", Origin: document.FromReconcile})
		}
		if _, err := a.journal.Append(ctx, journal.Commit{Marks: marks}); err != nil {
			return err
		}
		a.log.Warn("the shop's tables or their columns are others than before: they are watched from here on", "compared", entities)
	}
	text, err := json.Marshal(transform.Watched(tables))
	if err != nil {
		return fmt.Errorf("note what is watched: %w", err)
	}
	return a.journal.SetMeta(ctx, "watched", string(text))
}

// lastWatched is what the agent watched last; empty at the first start.
func (a *Agent) lastWatched(ctx context.Context) (map[string]string, error) {
	text, err := a.journal.Meta(ctx, "watched")
	if err != nil || text == "" {
		return nil, err
	}
	var was map[string]string
	if err := json.Unmarshal([]byte(text), &was); err != nil {
		return nil, fmt.Errorf("read what was watched: %w", err)
	}
	return was, nil
}

// measure keeps the lag figures fresh.
func (a *Agent) measure(ctx context.Context, s *source) {
	var c contact
	for {
		s.mu.Lock()
		read := s.read
		s.mu.Unlock()
		bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
		lag, err := s.stream().Measure(bounded, read)
		cancel()
		if c.back(err) { // capture may have a long wait before it
			s.stream().Wake()
		}
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

// contact notices the first answer after none.
type contact struct{ lost bool }

func (c *contact) back(err error) bool {
	was := c.lost
	c.lost = err != nil
	return was && !c.lost
}

// stream is the canal at work.
func (s *source) stream() *canal.Canal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.canal
}

func (s *source) lastLag() *canal.Lag {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lag
}

func (s *source) describe() console.Source {
	if s.poll != nil {
		return s.describePoll()
	}
	st := s.stream().Status()
	s.mu.Lock()
	server, amiss, generation := s.server, s.amiss, s.generation
	s.mu.Unlock()
	out := console.Source{State: "waiting", Since: st.Since, Server: server.Version, OpenCart: generation, Position: st.Position.String(),
		ReadUpTo: s.stream().ReadUpTo(), LastRead: st.LastRead, Lag: s.lastLag(), Error: st.LastError, TablesGone: amiss.gone, TablesUnseen: amiss.unseen}
	if st.Connected {
		out.State = "connected"
	}
	return out
}
