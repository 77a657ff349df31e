package canal

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/go-mysql-org/go-mysql/replication"
)

// Config is what a Canal needs. All fields are required unless marked.
type Config struct {
	DB       *sql.DB // for questions about columns and positions
	Server   Server  // from Inspect
	Address  string  // host:port, or unix:/path
	User     string
	Password string
	// TLS is asked at the start of each session: the server's may come and go.
	// Optional; nil, and a nil answer: none.
	TLS      func(context.Context) *tls.Config
	ServerID uint32 // ours as a replication client; unique among the server's
	Database string
	Tables   []Table
	Log      *slog.Logger
	Metrics  *Metrics
	// Moved is called when a session finds another server than before and goes on there
	// by GTID, before anything of it is handed over. at is where, without file and
	// offset, which meant a place in the other's log. Optional.
	Moved func(s Server, at Position) error

	// Heartbeat is how often an idle server gives a sign of life (default 1 s):
	// also how soon an idle log's position is known. Silence is how long none may
	// come before the connection counts as lost (default 30 s).
	Heartbeat, Silence time.Duration
	// FirstRetry and LastRetry bound the wait between reconnects
	// (default 1 s, 1 min; refused logins wait at least 15 s).
	FirstRetry, LastRetry time.Duration
}

// Canal streams a server's binlog. Run may be called once at a time; Status and
// Measure from any goroutine.
type Canal struct {
	cfg     Config
	host    string // as the library wants it: a host with a port, or a socket's path with 0
	port    uint16
	log     *slog.Logger
	metrics *Metrics
	tables  map[string]*table // by name, see fold
	order   []*table
	columns columnSource

	// Run's own:
	server    Server          // as the last session found it
	logWasOff bool            // the server wrote no log for a while
	prepared  map[string]bool // see stream.xa

	mu     sync.Mutex
	next   Position // behind all that was handed over
	said   map[string]time.Time
	status Status
	others map[string]time.Time // see Written
	rows   time.Time

	lastRead atomic.Int64 // unix nanoseconds; 0: nothing yet
	wake     chan struct{}
	seen     pulse
	upTo     atomic.Int64 // all that was committed before this moment has been read; likewise
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
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&cfg.Heartbeat, time.Second}, {&cfg.Silence, 30 * time.Second}, {&cfg.FirstRetry, time.Second}, {&cfg.LastRetry, time.Minute}} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	c := &Canal{cfg: cfg, log: cfg.Log, metrics: cfg.Metrics, tables: map[string]*table{}, wake: make(chan struct{}, 1), said: map[string]time.Time{}, others: map[string]time.Time{}}
	var err error
	if c.host, c.port, err = endpoint(cfg.Address); err != nil {
		return nil, err
	}
	c.columns = c.serverColumns
	for _, t := range cfg.Tables {
		w := &table{Table: t}
		c.tables[c.fold(t.Name)] = w
		c.order = append(c.order, w)
	}
	c.metrics.tables(cfg.Tables)
	c.status.Since = time.Now()
	return c, nil
}

// endpoint splits a configured address.
func endpoint(address string) (host string, port uint16, err error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if !strings.Contains(path, "/") { // what tells a path from a host
			path = "./" + path
		}
		return path, 0, nil
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("server address %q: %w", address, err)
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("server address %q: %q is no port", address, text)
	}
	return host, uint16(n), nil
}

// fold is a table's or database's name as the server compares it.
func (c *Canal) fold(name string) string {
	if c.cfg.Server.FoldsNames {
		return strings.ToLower(name)
	}
	return name
}

// watched finds the watched table of a table map; nil: it is another's.
func (c *Canal) watched(m *replication.TableMapEvent) *table {
	if m == nil || !c.ours(m) {
		return nil
	}
	if c.cfg.Server.FoldsNames {
		return c.tables[c.fold(string(m.Table))]
	}
	return c.tables[string(m.Table)]
}

// logsCascades reports whether the server logs what foreign keys change as rows: MySQL
// does since 9.6.
func (c *Canal) logsCascades() bool {
	return c.cfg.Server.Flavor == MySQL && c.cfg.Server.AtLeast(9, 6)
}

// ours reports whether a table map is of the watched database.
func (c *Canal) ours(m *replication.TableMapEvent) bool {
	if c.cfg.Server.FoldsNames {
		return strings.EqualFold(string(m.Schema), c.cfg.Database)
	}
	return string(m.Schema) == c.cfg.Database
}

// Run streams from the position until ctx ends (then it returns nil), the
// handler fails (then its error) or the log cannot be followed from there
// (ErrPurged, ErrDiverged, ErrTwins). It reconnects for ever by itself.
func (c *Canal) Run(ctx context.Context, from Position, h Handler) error {
	c.begin(from)
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(c.cfg.FirstRetry),
		backoff.WithMaxInterval(c.cfg.LastRetry), backoff.WithMaxElapsedTime(0))
	var kicked time.Time
	for {
		began := time.Now()
		c.seen.at(began)
		err := c.session(ctx, h)
		if ctx.Err() != nil {
			c.disconnected("")
			return nil
		}
		var stop handlerError
		if errors.As(err, &stop) {
			c.disconnected("stopped")
			return stop.error
		}
		why, fatal := reason(err)
		message := plain(err)
		c.disconnected(message)
		c.metrics.reconnects.WithLabelValues(why).Inc()
		if fatal != nil {
			return fatal
		}
		if why == "twin" {
			if !kicked.IsZero() && time.Since(kicked) < time.Minute {
				return fmt.Errorf("%w %d: %s", ErrTwins, c.cfg.ServerID, hint(why))
			}
			kicked = time.Now()
		}
		if time.Since(began) > c.cfg.LastRetry {
			wait.Reset()
		}
		delay := wait.NextBackOff()
		if why == "access" {
			delay = max(delay, 15*time.Second)
		}
		if c.oncePer("lost "+why, 30*time.Second) {
			log := c.log.With("reason", why, "err", message, "wait", delay.Round(time.Millisecond).String())
			if what := hint(why); what != "" {
				log = log.With("hint", what)
			}
			log.Warn("binlog connection lost, trying again")
		}
		c.seen.at(time.Now().Add(delay))
		select {
		case <-ctx.Done():
			c.disconnected("")
			return nil
		case <-c.wake:
		case <-time.After(delay):
		}
	}
}

// Wake ends a wait for the next try: the server answers somebody else again. It is for
// the first answer after a silence, since a server that answers may go on refusing the
// log.
func (c *Canal) Wake() {
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
}

// begin forgets what an earlier Run knew: it may have been of another log.
func (c *Canal) begin(from Position) {
	c.server, c.logWasOff, c.prepared = c.cfg.Server, false, map[string]bool{}
	c.mu.Lock()
	c.next = from
	c.mu.Unlock()
}

// alive notes a sign of life from the server.
func (c *Canal) alive(now time.Time) {
	c.lastRead.Store(now.UnixNano())
	c.seen.at(now)
	c.metrics.read(now)
	if c.metrics.isConnected() {
		return
	}
	c.mu.Lock()
	c.status.Connected, c.status.Since, c.status.LastError = true, now, ""
	at := c.next
	c.mu.Unlock()
	c.metrics.setConnected(true)
	c.log.Info("reading the binlog", "from", at.String())
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

// readUpTo notes that everything committed before t has been read.
func (c *Canal) readUpTo(t time.Time) {
	if n := t.UnixNano(); n > c.upTo.Load() { // one writer
		c.upTo.Store(n)
	}
}

// ReadUpTo is the moment before which all that was committed has been read and, but for
// the last transaction, handed over; zero: not known.
func (c *Canal) ReadUpTo() time.Time {
	if n := c.upTo.Load(); n > 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

// mostOthers bounds the tables that Written knows.
const mostOthers = 1000

// written notes that rows of a table of the watched database are in the log.
func (c *Canal) written(table []byte, watched bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if watched {
		c.rows = now
		return
	}
	if _, known := c.others[string(table)]; known || len(c.others) < mostOthers {
		c.others[string(table)] = now
	}
}

// Written is when rows of a watched table were read last (zero: none yet), and of which
// other tables of the database, when.
func (c *Canal) Written() (watched time.Time, others map[string]time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows, maps.Clone(c.others)
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

// oncePer reports true at most once a period for the same what, of which there
// are few.
func (c *Canal) oncePer(what string, period time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.said[what]) < period {
		return false
	}
	c.said[what] = time.Now()
	return true
}
