package shoptest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Options says which server to start and how.
type Options struct {
	Flavor  string   // "mariadb" (default) or "mysql"
	Version string   // of a server in the cache, e.g. "10.5"; empty takes what Find finds
	Dir     string   // data directory, kept by Stop; empty: a temporary one, removed by Stop
	Parent  string   // where temporary folders are made; empty: where the system has them
	Args    []string // more server options, e.g. "--binlog-row-metadata=MINIMAL"; they win over the defaults
}

// Server is a private database server. The account root needs no password, neither
// over TCP on 127.0.0.1 nor over the socket. All methods are safe for concurrent
// use, except that Stop, Kill and Restart are called one at a time.
type Server struct {
	binaries *Binaries
	args     []string // the command line without the port, the same at every start
	dataDir  string
	runDir   string // socket, error log and temporary files; removed by Stop
	port     int
	reaper   *reaper
	db       *sql.DB

	mu      sync.Mutex
	process *process
}

const (
	// redoSize is small so that a new data directory is small.
	redoSize = "32M"
	// startTimeout is long because a busy machine may still make tablespaces.
	startTimeout = 5 * time.Minute
	stopTimeout  = 5 * time.Minute
)

// Start runs a server of its own and returns when it answers: on a free port of
// 127.0.0.1 and on a socket, as the current user, without reading any option file. The
// context bounds the start only; Stop ends the server.
//
// The binlog is on, with format ROW, image FULL and metadata FULL; the time zone is
// +00:00. Commits reach the operating system, not the disk: they survive Kill. The
// server ends with this process, however that ends, and then a temporary data
// directory is removed. The error is a *NotFoundError when no server is installed.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Flavor == "" {
		o.Flavor = MariaDB
	}
	b, err := Find(o.Flavor, o.Version)
	if err != nil {
		return nil, err
	}
	s := &Server{binaries: b}
	if s.runDir, err = makeRunDir(o.Parent); err != nil {
		return nil, err
	}
	if s.reaper, err = startReaper(s.runDir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.runDir))
	}
	if err := s.prepare(ctx, o); err != nil {
		return nil, errors.Join(err, s.reaper.finish())
	}
	if err := s.launchOnFreePort(ctx); err != nil {
		return nil, errors.Join(err, s.reaper.finish())
	}
	if s.db, err = s.Open("", false); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// prepare makes the data directory and the command line.
func (s *Server) prepare(ctx context.Context, o Options) error {
	s.dataDir = filepath.Join(s.runDir, "data")
	if o.Dir != "" {
		dir, err := filepath.Abs(o.Dir)
		if err != nil {
			return fmt.Errorf("find the data directory: %w", err)
		}
		s.dataDir = dir
	}
	if !isDir(filepath.Join(s.dataDir, "mysql")) {
		if err := s.binaries.initialise(ctx, s.dataDir); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(s.runDir, "tmp"), 0o700); err != nil {
		return fmt.Errorf("make a folder for the server: %w", err)
	}
	// With skip-name-resolve 127.0.0.1 is not 'localhost'.
	const accounts = "SET sql_log_bin=0;\nCREATE USER IF NOT EXISTS 'root'@'127.0.0.1';\nGRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"
	initFile := filepath.Join(s.runDir, "init.sql")
	if err := os.WriteFile(initFile, []byte(accounts), 0o600); err != nil {
		return fmt.Errorf("prepare the server: %w", err)
	}
	s.args = append(s.binaries.baseArgs(),
		"--datadir="+s.dataDir,
		"--socket="+s.Socket(),
		"--pid-file="+filepath.Join(s.runDir, "pid"),
		"--log-error="+s.ErrorLog(),
		"--tmpdir="+filepath.Join(s.runDir, "tmp"),
		"--init-file="+initFile,
		"--bind-address=127.0.0.1", "--skip-name-resolve",
		"--server-id=1", "--log-bin=binlog",
		"--binlog-format=ROW", "--binlog-row-image=FULL", "--binlog-row-metadata=FULL",
		"--default-time-zone=+00:00",
		"--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0",
		"--innodb-buffer-pool-size=64M", "--innodb-use-native-aio=0",
		"--innodb-buffer-pool-dump-at-shutdown=0", "--innodb-buffer-pool-load-at-startup=0",
		"--key-buffer-size=16M", "--max-allowed-packet=64M", "--max-connections=800",
		"--performance-schema=OFF", "--secure-file-priv=",
	)
	if s.Flavor() == MySQL {
		s.args = append(s.args, "--mysqlx=OFF", "--gtid-mode=ON", "--enforce-gtid-consistency=ON",
			"--log-error-verbosity=1", "--loose-innodb-redo-log-capacity=64M")
	} else {
		s.args = append(s.args, "--log-warnings=1", "--innodb-log-file-size="+redoSize)
	}
	s.args = append(s.args, o.Args...)
	return nil
}

// makeRunDir makes the server's temporary folder. The path of the socket in it has to
// fit into the 104 bytes some systems give it.
func makeRunDir(parent string) (string, error) {
	if parent == "" && len(os.TempDir()) > 70 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "octail-shop-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the server: %w", err)
	}
	return dir, nil
}

// launchOnFreePort chooses the port. Another program may take it before the server
// does; then another one is tried.
func (s *Server) launchOnFreePort(ctx context.Context) error {
	const tries = 3
	for try := 1; ; try++ {
		var err error
		if s.port, err = FreePort(ctx); err != nil {
			return err
		}
		err = s.launch(ctx)
		if err == nil || try == tries || !strings.Contains(err.Error(), "Address already in use") {
			return err
		}
		if err := os.Remove(s.ErrorLog()); err != nil {
			return fmt.Errorf("try another port: %w", err)
		}
	}
}

// launch starts the program and waits until it answers.
func (s *Server) launch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	args := append(slices.Clone(s.args), "--port="+strconv.Itoa(s.port))
	p, err := startProcess(s.binaries.command(context.Background(), s.binaries.Server, args...))
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.process = p
	s.mu.Unlock()
	db, err := s.Open("", false)
	if err != nil {
		return errors.Join(err, s.Kill())
	}
	defer func() { _ = db.Close() }()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s %s ended at start: %w\n%s", s.Flavor(), s.binaries.Version, p.err, s.lastLog())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for %s %s to answer: %w\n%s", s.Flavor(), s.binaries.Version, err, s.lastLog()), s.Kill())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server in order, waits for it and removes what is temporary. It is
// safe to repeat; after it the server cannot be used again.
func (s *Server) Stop() error {
	var errs []error
	if s.db != nil {
		_ = s.db.Close() // fails when a connection was cut by Kill, which is no matter
	}
	errs = append(errs, s.shutdown())
	if s.reaper != nil {
		errs = append(errs, s.reaper.finish())
		s.reaper = nil
	}
	return errors.Join(errs...)
}

// shutdown asks the program to end and waits for it.
func (s *Server) shutdown() error {
	p := s.current()
	if p == nil || !p.running() {
		return nil
	}
	p.signal(syscall.SIGTERM)
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(fmt.Errorf("%s did not end within %s and was killed", s.Flavor(), stopTimeout), s.Kill())
	}
}

// Kill ends the server at once, as a power cut of the program would, and waits
// until it is gone. Restart starts it again with the data as they are.
func (s *Server) Kill() error {
	p := s.current()
	if p == nil || !p.running() {
		return nil
	}
	p.signal(syscall.SIGKILL)
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("%s with process id %d could not be killed", s.Flavor(), p.cmd.Process.Pid)
	}
}

// Restart ends the server in order, unless it was killed, and starts it again with
// the same data, port and options.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.shutdown(); err != nil {
		return err
	}
	return s.launch(ctx)
}

// RestartWith is Restart with further options, until the next one.
func (s *Server) RestartWith(ctx context.Context, args ...string) error {
	usual := s.args
	defer func() { s.args = usual }()
	s.args = append(slices.Clone(usual), args...)
	return s.Restart(ctx)
}

func (s *Server) current() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

// Flavor returns "mariadb" or "mysql".
func (s *Server) Flavor() string { return s.binaries.Flavor }

// Version returns the version of the server program, e.g. "10.11.14".
func (s *Server) Version() string { return s.binaries.Version }

// Binaries returns the installation the server comes from, for its client programs.
func (s *Server) Binaries() *Binaries { return s.binaries }

// Addr returns the TCP address, e.g. "127.0.0.1:34123".
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Port returns the TCP port.
func (s *Server) Port() int { return s.port }

// Socket returns the path of the unix socket.
func (s *Server) Socket() string { return filepath.Join(s.runDir, "sock") }

// DataDir returns the data directory; the binlog files are in it.
func (s *Server) DataDir() string { return s.dataDir }

// ErrorLog returns the path of the server's log. The file goes with Stop.
func (s *Server) ErrorLog() string { return filepath.Join(s.runDir, "error.log") }

// PID returns the process id, 0 when the server is not running.
func (s *Server) PID() int {
	if p := s.current(); p != nil && p.running() {
		return p.cmd.Process.Pid
	}
	return 0
}

// DB returns a pool of connections as root without a chosen database. It stays
// usable over Kill and Restart and is closed by Stop.
func (s *Server) DB() *sql.DB { return s.db }

// DSN returns the address of a database for go-sql-driver/mysql, as root over TCP.
// An empty name chooses no database.
func (s *Server) DSN(database string) string {
	c := s.config(database)
	c.Net, c.Addr = "tcp", s.Addr()
	return c.FormatDSN()
}

func (s *Server) config(database string) *mysql.Config {
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr, c.DBName = "root", "unix", s.Socket(), database
	c.InterpolateParams = true
	// The driver logs what it also returns; after Kill that is only noise.
	c.Logger = log.New(io.Discard, "", 0)
	return c
}

// Open returns a pool of connections as root to a database (empty: none), over the
// socket. With multiStatements one call may hold several statements. The caller
// closes it.
func (s *Server) Open(database string, multiStatements bool) (*sql.DB, error) {
	c := s.config(database)
	c.MultiStatements = multiStatements
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", s.Socket(), err)
	}
	return sql.OpenDB(connector), nil
}

// Exec runs a script of any number of statements, separated by semicolons, as root
// in a database (empty: none) on one connection. It stops at the first error.
// DELIMITER and other commands of the command line client are not understood.
func (s *Server) Exec(ctx context.Context, database, script string) error {
	db, err := s.Open(database, true)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if strings.TrimSpace(script) == "" {
		return nil
	}
	if _, err := db.ExecContext(ctx, script); err != nil {
		return fmt.Errorf("run a script in %q: %w", database, err)
	}
	return nil
}

// lastLog returns the end of the error log, for messages.
func (s *Server) lastLog() string {
	text, err := os.ReadFile(s.ErrorLog())
	if errors.Is(err, fs.ErrNotExist) {
		return "(no error log)"
	}
	if err != nil {
		return err.Error()
	}
	return string(tail(text))
}

// FreePort finds a port that is free now. It is none of those that systems give to
// connections, so that none takes it before it is listened on, nor while the server
// behind it is restarted.
func FreePort(ctx context.Context) (int, error) {
	const from, count, tries = 20000, 12000, 100
	var lc net.ListenConfig
	for range tries {
		port := from + rand.IntN(count)
		l, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
