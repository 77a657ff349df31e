package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/sinks/all"
	"octail/transform/document"
)

func TestMain(m *testing.M) { shoptesting.Main(m) }

// patience is how long a test waits for what takes a second at most where there is
// nothing else to do: a machine may have so much else to do.
const patience = 5 * time.Minute

// hurry divides the waits between tries at a target that was down, which grow with how
// long it was down: with how slow the machine is.
const hurry = 20

// agent is a whole octail running inside the test.
type agent struct {
	t      testing.TB
	cfg    *config.Config
	server *shoptest.Server
	cancel context.CancelFunc
	done   chan error
	file   string // events of the file sink
	log    *lines
}

type settings struct {
	dir      string // of the journal; empty: a new one
	prefix   string // of the tables, may be empty
	settle   string
	hold     string
	snapshot string
	poll     string // poll instead of reading the log, so often, as a user with SELECT alone
	extra    string // further config lines
	address  string // of the database; empty: the server's own
}

// configText is a config for a database of a test server. Nothing in it depends on the
// time of day: nothing is compared at 03:30.
func configText(server *shoptest.Server, database string, s settings) string {
	or := func(v, otherwise string) string {
		if v == "" {
			return otherwise
		}
		return v
	}
	user, capture := "root", ""
	if s.poll != "" {
		user, capture = reader, ", mode: poll, poll: "+s.poll
	}
	return fmt.Sprintf(`
shop:
  name: test-shop
  table_prefix: %q
  mysql: {address: "%s", user: %s, password: "", database: %s}
capture: {settle: %s, edit_hold: %s, snapshot: %s%s}
journal: {path: %q}
reconcile: {at: off}
http: {listen: "127.0.0.1:0", socket: %q}
sinks:
  - {name: log, type: file, path: %q}
%s`, s.prefix, or(s.address, server.Addr()), user, database, or(s.settle, "100ms"), or(s.hold, "5s"), or(s.snapshot, "[customer, product, stock, category]"), capture,
		filepath.Join(s.dir, "octail.db"), filepath.Join(s.dir, "s"), filepath.Join(s.dir, "events.jsonl"), s.extra)
}

// configure makes a config for a database of a test server.
func configure(t testing.TB, server *shoptest.Server, database string, s settings) *config.Config {
	t.Helper()
	if s.dir == "" {
		s.dir = t.TempDir()
	}
	cfg, _, err := config.Parse("test.yaml", []byte(configText(server, database, s)), all.Types())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start runs an agent; it is stopped at the end of the test.
func start(t testing.TB, server *shoptest.Server, cfg *config.Config, set ...func(*app.Options)) *agent {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a := &agent{t: t, cfg: cfg, server: server, cancel: cancel, done: make(chan error, 1), file: filepath.Join(filepath.Dir(cfg.Journal.Path), "events.jsonl")}
	a.log = &lines{t: t}
	log := slog.New(slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	opts := app.Options{Version: "test", Log: log, Hurry: hurry}
	for _, s := range set {
		s(&opts)
	}
	go func() { a.done <- app.Run(ctx, cfg, opts) }()
	t.Cleanup(a.stop)
	return a
}

// lines keeps what an agent has logged; the test shows what operators should look at.
type lines struct {
	t    testing.TB
	mu   sync.Mutex
	text []string
}

func (w *lines) Write(b []byte) (int, error) {
	line := strings.TrimRight(string(b), "\n")
	w.mu.Lock()
	w.text = append(w.text, line)
	w.mu.Unlock()
	defer func() { _ = recover() }() // the test may be over
	if !strings.Contains(line, "level=INFO") {
		w.t.Log(line)
	}
	return len(b), nil
}

// with lists the lines that hold a text.
func (w *lines) with(text string) (found []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range w.text {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// stop ends the agent and fails the test when it did not end well.
func (a *agent) stop() {
	a.t.Helper()
	if a.cancel == nil {
		return
	}
	a.cancel()
	a.cancel = nil
	select {
	case err := <-a.done:
		if err != nil {
			a.t.Errorf("agent: %v", err)
		}
	case <-time.After(patience):
		a.t.Error("the agent does not stop")
	}
}

// get asks the agent over its socket.
func (a *agent) get(path string, into any) error {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", a.cfg.HTTP.Socket)
		}}}
	res, err := client.Get("http://octail" + path)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", res.Status, body)
	}
	return json.Unmarshal(body, into)
}

// quiet waits until everything the shop has committed so far is journaled and
// delivered.
func (a *agent) quiet() console.Status {
	a.t.Helper()
	if a.cfg.Capture.Mode == config.CapturePoll {
		return a.swept()
	}
	identity, err := canal.Inspect(a.t.Context(), a.server.DB())
	if err != nil {
		a.t.Fatal(err)
	}
	here, err := canal.Here(a.t.Context(), a.server.DB(), identity)
	if err != nil {
		a.t.Fatal(err)
	}
	var st console.Status
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-a.done:
			a.done <- err
			a.t.Fatalf("the agent ended: %v", err)
		default:
		}
		if err = a.get("/api/v1/status", &st); err != nil {
			continue
		}
		if st.Source.State != "connected" || st.Documents.Pending > 0 || st.Journal.Dirty > 0 || len(st.Sinks) == 0 || st.Sinks[0].Pending > 0 {
			continue
		}
		// The position is told at commits and heartbeats.
		if at := positionOf(st.Source.Position); at.AtOrAfter(here.File, here.Offset) || sameGTID(at.GTID, here.GTID) {
			return st
		}
	}
	a.t.Fatalf("not quiet after %s: %v\nwant %s\n%+v", patience, err, here, st)
	return st
}

func sameGTID(a, b string) bool { return a != "" && a == b }

// positionOf reads Position.String back.
func positionOf(s string) canal.Position {
	var p canal.Position
	if i := strings.Index(s, " (GTID "); i >= 0 {
		p.GTID = strings.TrimSuffix(s[i+7:], ")")
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		p.File = s[:i]
		fmt.Sscanf(s[i+1:], "%d", &p.Offset)
	}
	return p
}

// look opens the agent's journal for reading.
func (a *agent) look() *journal.Journal {
	a.t.Helper()
	j, err := journal.Look(a.t.Context(), a.cfg.Journal.Path)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { j.Close() })
	return j
}

// open opens the journal of an agent that does not run for writing.
func (a *agent) open() *journal.Journal {
	a.t.Helper()
	j, err := journal.Open(a.t.Context(), a.cfg.Journal.Path)
	if err != nil {
		a.t.Fatal(err)
	}
	return j
}

func keyOf(entity string, id int64) document.Key { return document.Key{Entity: entity, ID: id} }
