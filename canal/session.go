package canal

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"sync"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

// askTimeout bounds each question to the database.
const askTimeout = 30 * time.Second

// session is one connection's life: from where the last one ended until the
// connection is lost, the handler fails or ctx ends. It returns when nothing of it
// is left running.
func (c *Canal) session(ctx context.Context, h Handler) error {
	c.mu.Lock()
	from := c.next
	c.mu.Unlock()
	from, gtids, err := c.orient(ctx, from)
	if err != nil {
		return err
	}
	rest, err := restOf(ctx, c.cfg.DB, from)
	if err != nil {
		return err
	}
	s := newStream(c, h, from, gtids)
	// MariaDB closes a file with any number of checkpoints; there GTIDs at the place
	// itself were compared (verifyPlace).
	s.goesOn = c.cfg.Server.Flavor == MySQL && rest > uint64(len(from.File)+mostClosing)
	for _, t := range c.order {
		t.forget()
	}

	// Whatever ends the session closes the connection, also while it is still
	// being made: the library waits for an answer without end.
	ctx, end := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer end(nil)
	var tlsConfig *tls.Config
	if c.cfg.TLS != nil {
		tlsConfig = c.cfg.TLS(ctx)
	}
	watch.Go(func() { c.watchSilence(ctx, s, end) })
	watch.Go(func() { c.watchEnd(ctx, s, end) })
	s.ctx = ctx

	syncer := replication.NewBinlogSyncer(replication.BinlogSyncerConfig{
		ServerID:                       c.cfg.ServerID,
		Flavor:                         c.cfg.Server.Flavor,
		Host:                           c.host,
		Port:                           c.port,
		User:                           c.cfg.User,
		Password:                       c.cfg.Password,
		TLSConfig:                      tlsConfig,
		Localhost:                      "octail",
		Dialer:                         dialOnce(ctx),
		HeartbeatPeriod:                c.cfg.Heartbeat,
		DisableRetrySync:               true,
		DiscardGTIDSet:                 true,
		EventCacheCount:                1, // events do not go through its channel
		SynchronousEventHandler:        s,
		RowsEventDecodeFunc:            s.decode,
		TableMapOptionalMetaDecodeFunc: s.metadata,
		Logger:                         discard,
	})
	err = c.follow(ctx, syncer, s, from)
	syncer.Close() // waits for the handler
	switch cause := context.Cause(ctx); {
	case s.failed != nil:
		return s.failed
	case cause != nil:
		return cause
	}
	return err
}

// follow starts the dump and returns the error that ends it.
func (c *Canal) follow(ctx context.Context, syncer *replication.BinlogSyncer, s *stream, from Position) error {
	var streamer *replication.BinlogStreamer
	var err error
	if from.GTID != "" {
		streamer, err = syncer.StartSyncGTID(s.gtids.Clone())
	} else {
		offset := from.Offset
		if offset > math.MaxUint32 { // the protocol cannot name it: the file again
			offset = 0
		}
		streamer, err = syncer.StartSync(mysql.Position{Name: from.File, Pos: uint32(offset)})
	}
	if err != nil {
		return err
	}
	// The server refuses a position only after the dump began: the first event,
	// not this, says that we are connected. Nothing but the error comes here.
	_, err = streamer.GetEvent(ctx)
	return err
}

// orient asks the server who and where it is, before a dump from the position. It
// returns the position as it is to be understood there, and the GTID set that the
// stream goes on counting; nil: its positions have none.
func (c *Canal) orient(ctx context.Context, from Position) (Position, mysql.GTIDSet, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	server, err := Inspect(ctx, c.cfg.DB)
	if err != nil {
		return from, nil, err
	}
	here, err := Here(ctx, c.cfg.DB, server)
	if err != nil {
		return from, nil, err
	}
	if here.File == "" {
		c.logWasOff = true
		return from, nil, errLogOff
	}
	if c.logWasOff {
		return from, nil, fmt.Errorf("%w: the server's binary log was switched off for a while", ErrPurged)
	}
	if !server.GTID {
		from.GTID = ""
	}
	if server.Identity != c.server.Identity {
		if server.Flavor != c.cfg.Server.Flavor || from.GTID == "" {
			return from, nil, fmt.Errorf("%w: this is another server (%s) than before (%s), and a place in its log can only be found by GTID", ErrDiverged, server.Identity, c.server.Identity)
		}
		c.log.Warn("this is another database server than before: the place in its log is found by GTID", "was", c.server.Identity, "is", server.Identity)
		from.File, from.Offset = "", 0
		c.handedOver(from)
		if c.cfg.Moved != nil {
			if err := c.cfg.Moved(server, from); err != nil {
				return from, nil, handlerError{err}
			}
		}
	}
	c.server = server
	if err := Verify(ctx, c.cfg.DB, server, from); err != nil {
		return from, nil, err
	}
	text, known := from.GTID, from.GTID != ""
	switch {
	case known || !server.GTID:
	case from.File == here.File && from.Offset == here.Offset: // a log without any GTID until here
		from.GTID, text, known = here.GTID, here.GTID, true
	case server.Flavor == MariaDB && from.File != "":
		if text, known, err = gtidsAt(ctx, c.cfg.DB, from); err != nil {
			return from, nil, err
		}
	}
	if !known {
		return from, nil, nil
	}
	gtids, err := mysql.ParseGTIDSet(server.Flavor, text)
	if err != nil {
		return from, nil, fmt.Errorf("%w: the stored GTID set %q cannot be read", ErrDiverged, text)
	}
	return from, gtids, nil
}

// gtidsAt is the GTID set of a place in a MariaDB server's log. known is false when
// there is no such place; the dump's answer says why.
func gtidsAt(ctx context.Context, db *sql.DB, p Position) (gtids string, known bool, err error) {
	var set sql.NullString
	if err := db.QueryRowContext(ctx, "SELECT BINLOG_GTID_POS(?, ?)", p.File, p.Offset).Scan(&set); err != nil {
		return "", false, fmt.Errorf("ask for the GTID position of %s: %w", p, err)
	}
	return set.String, set.Valid, nil
}

// errDialled is the answer to the library's second connection.
var errDialled = errors.New("one session, one connection")

// dialOnce makes one connection and closes it when ctx ends. The library, when it
// is closed, would dial again to KILL its old connection by its number. Numbers
// begin anew with each start of the server: a KILL would hit a stranger. The
// server finds a closed connection by itself, at its next heartbeat.
func dialOnce(ctx context.Context) func(context.Context, string, string) (net.Conn, error) {
	dialled := false
	return func(dialCtx context.Context, network, address string) (net.Conn, error) {
		if dialled {
			return nil, errDialled
		}
		dialled = true
		dialCtx, cancel := context.WithCancel(dialCtx)
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		conn, err := new(net.Dialer).DialContext(dialCtx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		return connection{conn}, nil
	}
}

// connection is one that may be closed before the library closes it: told that its
// deadline cannot be set any more, the library would tear down what its reader
// still uses.
type connection struct{ net.Conn }

func (c connection) SetReadDeadline(t time.Time) error {
	if err := c.Conn.SetReadDeadline(t); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// watchSilence ends the session when the server has been silent for too long. (The
// library's ReadTimeout sets a deadline at every packet, which costs more than
// reading it.)
func (c *Canal) watchSilence(ctx context.Context, s *stream, end context.CancelCauseFunc) {
	tick := time.NewTicker(max(c.cfg.Silence/10, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if since := s.quietSince(); !since.IsZero() && time.Since(since) > c.cfg.Silence {
				end(fmt.Errorf("%w for %s", errSilent, c.cfg.Silence))
				return
			}
		}
	}
}

// watchEnd ends the session when the log goes on elsewhere than where the server's
// heartbeats say it ends. After RESET MASTER a dump goes on reading the file that
// was deleted: connected, alive, and deaf.
func (c *Canal) watchEnd(ctx context.Context, s *stream, end context.CancelCauseFunc) {
	tick := time.NewTicker(max(c.cfg.Silence/3, time.Millisecond))
	defer tick.Stop()
	var ahead *Position // what the heartbeats said when the log was ahead of it
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		said := s.logEnd.Load()
		if said == nil {
			ahead = nil
			continue
		}
		here, err := Here(ctx, c.cfg.DB, c.cfg.Server)
		switch {
		case err != nil || here.File == said.File && here.Offset == said.Offset:
			ahead = nil
		case !here.AtOrAfter(said.File, said.Offset):
			end(fmt.Errorf("%w: it ends at %s:%d, before %s:%d; it was begun anew", ErrDiverged, here.File, here.Offset, said.File, said.Offset))
			return
		case ahead != nil && *ahead == *said:
			end(errDeaf)
			return
		default:
			ahead = said
		}
	}
}

// discard is a logger for the library: it logs its configuration and, at times,
// row data and SQL text.
var discard = slog.New(slog.DiscardHandler)
