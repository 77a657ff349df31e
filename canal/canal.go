package canal

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

// Config is what a Canal needs. All fields are required unless marked.
type Config struct {
	DB       *sql.DB // for questions about columns and positions
	Server   Server  // from Inspect
	Address  string  // host:port, or unix:/path
	User     string
	Password string
	TLS      *tls.Config // optional
	ServerID uint32      // ours as a replication client; unique among the server's
	Database string
	Tables   []Table
	Log      *slog.Logger
	Metrics  *Metrics

	// Heartbeat is how often an idle server gives a sign of life (default 1 s):
	// also how soon an idle log's position is known. Silence is how long none may
	// come before the connection counts as lost (default 30 s).
	Heartbeat, Silence time.Duration
	// FirstRetry and LastRetry bound the wait between reconnects
	// (default 1 s, 1 min; refused logins wait at least 15 s).
	FirstRetry, LastRetry time.Duration
}

func (c *Config) progressEvery() time.Duration { return time.Second }

// Canal streams a server's binlog. Run may be called once at a time; Status
// from any goroutine.
type Canal struct {
	cfg     Config
	log     *slog.Logger
	metrics *Metrics
	tables  map[string]*table
	order   []*table
	columns columnSource

	mu     sync.Mutex
	next   Position // behind the last transaction handed over
	said   map[string]time.Time
	status Status
	failed error // of the handler

	lastRead atomic.Int64 // unix nanoseconds
	handling atomic.Bool  // the handler is at work: the silence is ours
}

// Status is the state of the stream, for operators.
type Status struct {
	Connected bool
	Since     time.Time // of Connected
	LastRead  time.Time // last event or heartbeat; zero: none yet
	Position  Position  // handed over
	LastError string    // of the last lost or refused connection, "" after the next success
}

// New checks the watch list and prepares a Canal. It does not connect.
func New(cfg Config) (*Canal, error) {
	if err := validate(cfg.Tables); err != nil {
		return nil, err
	}
	if cfg.ServerID == 0 {
		return nil, errors.New("canal: a replication client needs a server id")
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = time.Second
	}
	if cfg.Silence == 0 {
		cfg.Silence = 30 * time.Second
	}
	if cfg.FirstRetry == 0 {
		cfg.FirstRetry = time.Second
	}
	if cfg.LastRetry == 0 {
		cfg.LastRetry = time.Minute
	}
	c := &Canal{cfg: cfg, log: cfg.Log, metrics: cfg.Metrics, tables: map[string]*table{}, said: map[string]time.Time{}}
	c.columns = c.serverColumns
	for _, t := range cfg.Tables {
		w := &table{Table: t}
		c.tables[t.Name] = w
		c.order = append(c.order, w)
	}
	c.metrics.tables(cfg.Tables)
	c.status.Since = time.Now()
	return c, nil
}

func (c *Canal) watched(m *replication.TableMapEvent) *table {
	if m == nil || string(m.Schema) != c.cfg.Database {
		return nil
	}
	return c.tables[string(m.Table)]
}

// Run streams from the position until ctx ends (then it returns nil), the
// handler fails (then its error) or the log cannot be followed from there
// (ErrPurged, ErrDiverged, ErrTwins). It reconnects for ever by itself.
func (c *Canal) Run(ctx context.Context, from Position, h Handler) error {
	c.mu.Lock()
	c.next = from
	c.mu.Unlock()
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(c.cfg.FirstRetry),
		backoff.WithMaxInterval(c.cfg.LastRetry), backoff.WithMaxElapsedTime(0))
	var kicked []time.Time
	for {
		began := time.Now()
		err := c.session(ctx, h)
		if ctx.Err() != nil {
			c.disconnected("")
			return nil
		}
		c.mu.Lock()
		failed := c.failed
		c.mu.Unlock()
		if failed != nil {
			c.disconnected("stopped")
			return failed
		}
		why, fatal := reason(err)
		message := plain(err)
		c.disconnected(message)
		c.metrics.reconnects.WithLabelValues(why).Inc()
		if fatal != nil {
			return fmt.Errorf("%w (the server says: %s)", fatal, message)
		}
		if why == "twin" {
			kicked = append(kicked, time.Now())
			if n := len(kicked); n >= 2 && kicked[n-1].Sub(kicked[n-2]) < time.Minute {
				return fmt.Errorf("%w %d: give shop.mysql.server_id another value, or stop the other client", ErrTwins, c.cfg.ServerID)
			}
		}
		if time.Since(began) > c.cfg.LastRetry {
			wait.Reset()
		}
		delay := wait.NextBackOff()
		if why == "access" {
			delay = max(delay, 15*time.Second)
		}
		if c.oncePer("lost "+message, 30*time.Second) {
			c.log.Warn("binlog connection lost, trying again", "reason", why, "err", message, "wait", delay.Round(time.Millisecond), "hint", hint(why))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
		}
	}
}

func hint(why string) string {
	if why == "access" {
		return "check user, password and TLS; the user needs: GRANT REPLICATION SLAVE ON *.*"
	}
	return ""
}

// session is one connection's life.
func (c *Canal) session(ctx context.Context, h Handler) error {
	c.mu.Lock()
	from := c.next
	c.mu.Unlock()
	started, err := Here(ctx, c.cfg.DB, c.cfg.Server)
	if err != nil {
		return err
	}
	for _, t := range c.order { // tables may have changed while we were away
		t.mapped, t.current = shape{}, nil
	}
	s := &stream{c: c, ctx: ctx, handler: h, started: started, file: from.File, offset: from.Offset, seen: map[Touch]bool{}, maps: map[*replication.TableMapEvent][]byte{}}

	cfg := replication.BinlogSyncerConfig{
		ServerID:                       c.cfg.ServerID,
		Flavor:                         c.cfg.Server.Flavor,
		User:                           c.cfg.User,
		Password:                       c.cfg.Password,
		TLSConfig:                      c.cfg.TLS,
		Localhost:                      "octail",
		HeartbeatPeriod:                c.cfg.Heartbeat,
		DisableRetrySync:               true,
		DiscardGTIDSet:                 true,
		SynchronousEventHandler:        s,
		RowsEventDecodeFunc:            s.decode,
		TableMapOptionalMetaDecodeFunc: s.metadata,
		// MariaDB 11.4+ leaves the position out of most events.
		FillZeroLogPos: c.cfg.Server.Flavor == MariaDB && c.cfg.Server.AtLeast(11, 4),
		Logger:         discard,
	}
	if path, ok := strings.CutPrefix(c.cfg.Address, "unix:"); ok {
		cfg.Host = path
	} else {
		host, port, err := net.SplitHostPort(c.cfg.Address)
		if err != nil {
			return fmt.Errorf("server address %q: %w", c.cfg.Address, err)
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return fmt.Errorf("server address %q: %w", c.cfg.Address, err)
		}
		cfg.Host, cfg.Port = host, uint16(n)
	}
	syncer := replication.NewBinlogSyncer(cfg)
	defer syncer.Close()

	var streamer *replication.BinlogStreamer
	if from.GTID != "" && c.cfg.Server.GTID {
		if s.gtids, err = mysql.ParseGTIDSet(c.cfg.Server.Flavor, from.GTID); err != nil {
			return fmt.Errorf("stored GTID set %q: %w", from.GTID, err)
		}
		streamer, err = syncer.StartSyncGTID(s.gtids.Clone())
	} else {
		if c.cfg.Server.Flavor == MariaDB { // always has GTIDs: none yet means an empty log
			s.gtids = &mysql.MariadbGTIDSet{Sets: map[uint32]*mysql.MariadbGTID{}}
		}
		streamer, err = syncer.StartSync(mysql.Position{Name: from.File, Pos: uint32(from.Offset)})
	}
	if err != nil {
		return err
	}
	stopWatching := c.watchSilence(syncer)
	defer stopWatching()
	// The server refuses a position only after the dump began: wait for the
	// first event before saying that we are connected.
	_, err = streamer.GetEvent(ctx)
	return err
}

// watchSilence closes the connection when the server has been silent for too
// long. (The library's ReadTimeout sets a deadline at every packet, which costs
// more than reading it.)
func (c *Canal) watchSilence(syncer *replication.BinlogSyncer) (stop func()) {
	done := make(chan struct{})
	began := time.Now()
	go func() {
		tick := time.NewTicker(max(c.cfg.Silence/10, time.Millisecond))
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			last := time.Unix(0, c.lastRead.Load())
			if last.Before(began) {
				last = began
			}
			if !c.handling.Load() && time.Since(last) > c.cfg.Silence {
				c.log.Warn("no sign of life from the database server", "silence", c.cfg.Silence)
				syncer.Close()
				return
			}
		}
	}()
	return func() { close(done) }
}

// alive notes a sign of life from the server.
func (c *Canal) alive() {
	now := time.Now()
	if c.lastRead.Swap(now.UnixNano()) == 0 || !c.metrics.isConnected() {
		c.mu.Lock()
		c.status.Connected, c.status.Since, c.status.LastError = true, now, ""
		at := c.next
		c.mu.Unlock()
		c.metrics.setConnected(true)
		c.log.Info("reading the binlog", "from", at.String())
	}
	c.metrics.read(now)
}

func (c *Canal) disconnected(message string) {
	c.mu.Lock()
	if c.status.Connected {
		c.status.Connected, c.status.Since = false, time.Now()
	}
	c.status.LastError = message
	c.mu.Unlock()
	c.metrics.setConnected(false)
}

func (c *Canal) handedOver(p Position) {
	c.mu.Lock()
	c.next = p
	c.mu.Unlock()
}

func (c *Canal) failHandler(err error) {
	c.mu.Lock()
	c.failed = err
	c.mu.Unlock()
}

// Status may be called at any time.
func (c *Canal) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.status
	s.Position = c.next
	if n := c.lastRead.Load(); n > 0 {
		s.LastRead = time.Unix(0, n)
	}
	return s
}

// oncePer reports true at most once a period for the same what.
func (c *Canal) oncePer(what string, period time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.said[what]) < period {
		return false
	}
	c.said[what] = time.Now()
	return true
}

// plain is an error in one line without the library's stack traces. Decoding
// errors hold row data and are cut down to their kind.
func plain(err error) string {
	if err == nil {
		return "the server ended the stream"
	}
	var e *mysql.MyError
	if errors.As(err, &e) {
		return fmt.Sprintf("error %d (%s): %s", e.Code, e.State, e.Message)
	}
	var ee *replication.EventError
	if errors.As(err, &ee) {
		return fmt.Sprintf("event %s at %d could not be decoded", ee.Header.EventType, ee.Header.LogPos)
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
