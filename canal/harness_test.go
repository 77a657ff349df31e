package canal

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

func TestMain(m *testing.M) { shoptesting.Main(m) }

var flavors = shoptesting.Flavors()

// secret stands in rows, statements and passwords of the tests, and must not be in
// any log or error.
const secret = "geheim"

// patience is how long a test waits for what must come, on a machine that may have much
// else to do.
const patience = 5 * time.Minute

// place is a database on a server, seen as its owner.
type place struct {
	t        *testing.T
	server   *shoptest.Server
	db       *sql.DB
	database string
	id       Server
}

func newPlace(t *testing.T, server *shoptest.Server, script string) *place {
	t.Helper()
	p := &place{t: t, server: server, database: shoptesting.Database(t, server)}
	p.db = shoptesting.Open(t, server, "")
	var err error
	if p.id, err = Inspect(t.Context(), p.db); err != nil {
		t.Fatal(err)
	}
	p.sql(script)
	return p
}

// on is the place for the use of another test.
func (p place) on(t *testing.T) *place {
	p.t = t
	return &p
}

// sql runs a script on one connection.
func (p *place) sql(script string) {
	p.t.Helper()
	if err := p.server.Exec(context.Background(), p.database, script); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) here() Position {
	p.t.Helper()
	at, err := Here(context.Background(), p.server.DB(), p.id)
	if err != nil {
		p.t.Fatal(err)
	}
	return at
}

// recorder is a Handler that keeps what it is given.
type recorder struct {
	mu       sync.Mutex
	got      []Transaction
	progress Position
	told     int
	// block and refuse, when set, are called first.
	block  func()
	refuse func() error
}

func (r *recorder) Commit(t Transaction) error {
	if err := r.first(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, t)
	return nil
}

func (r *recorder) Progress(p Position) error {
	if err := r.first(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = p
	r.told++
	return nil
}

func (r *recorder) first() error {
	if r.block != nil {
		r.block()
	}
	if r.refuse != nil {
		return r.refuse()
	}
	return nil
}

func (r *recorder) transactions() []Transaction {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// follower is a Canal at work.
type follower struct {
	*recorder
	t      *testing.T
	canal  *Canal
	series *prometheus.Registry
	log    *lockedBuffer
	cancel context.CancelFunc
	ended  chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// config is what follow starts from: everything short, so that tests are quick.
func (p *place) config(tables []Table) Config {
	return Config{
		DB: p.db, Server: p.id, Address: p.server.Addr(), User: "root", ServerID: 4711, Database: p.database, Tables: tables,
		Heartbeat: 20 * time.Millisecond, FirstRetry: 10 * time.Millisecond, LastRetry: 50 * time.Millisecond,
	}
}

// follow runs a Canal until the end of the test, or stop.
func (p *place) follow(from Position, tables []Table, change ...func(*Config, *recorder)) *follower {
	p.t.Helper()
	f := &follower{t: p.t, recorder: &recorder{}, series: prometheus.NewRegistry(), log: &lockedBuffer{}, ended: make(chan error, 1)}
	cfg := p.config(tables)
	cfg.Metrics = NewMetrics(f.series)
	cfg.Log = slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, c := range change {
		c(&cfg, f.recorder)
	}
	var err error
	if f.canal, err = New(cfg); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	go func() { f.ended <- f.canal.Run(ctx, from, f) }()
	p.t.Cleanup(func() {
		cancel()
		_ = f.result()
	})
	return f
}

// result waits for Run to end, says what it returned, and makes sure that it left
// neither goroutines nor secrets behind.
func (f *follower) result() error {
	f.t.Helper()
	select {
	case err := <-f.ended:
		f.ended <- err
		f.noTraces(err)
		return err
	case <-time.After(patience):
		f.t.Fatalf("Run does not end; status %+v\n%s", f.canal.Status(), stacks())
		return nil
	}
}

func (f *follower) stop() {
	f.t.Helper()
	f.cancel()
	if err := f.result(); err != nil {
		f.t.Errorf("Run returned %v after its context ended", err)
	}
}

func (f *follower) noTraces(err error) {
	f.t.Helper()
	said := fmt.Sprint(f.log.String(), err, f.canal.Status())
	for _, never := range []string{secret, "VALUES", "SET ", "goroutine "} {
		if strings.Contains(said, never) {
			f.t.Errorf("%q in a log or an error:\n%s", never, said)
		}
	}
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		left := stacks()
		if !strings.Contains(left, "replication.(*BinlogSyncer)") && !strings.Contains(left, "canal.(*Canal).watchSilence") {
			return
		}
		if time.Now().After(end) {
			f.t.Fatalf("goroutines are left:\n%s", left)
		}
	}
}

func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}

// wait waits until something holds.
func (f *follower) wait(what string, holds func() bool) {
	f.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		select {
		case err := <-f.ended:
			f.ended <- err
			if holds() {
				return
			}
			f.t.Fatalf("waiting for %s: Run returned %v\n%s", what, err, f.log)
		default:
		}
		if time.Now().After(end) {
			f.t.Fatalf("waited in vain for %s; status %+v; got %s\n%s\n%s", what, f.canal.Status(), tell(f.transactions()), f.log, stacks())
		}
	}
}

func (f *follower) connected() {
	f.t.Helper()
	f.wait("a connection", func() bool { return f.canal.Status().Connected })
}

// until waits for the transaction that touched a key, and returns those before it.
func (f *follower) until(last Touch) []Transaction {
	f.t.Helper()
	found := -1
	f.wait(fmt.Sprint(last), func() bool {
		found = slices.IndexFunc(f.transactions(), func(t Transaction) bool { return slices.Contains(t.Touches, last) })
		return found >= 0
	})
	return f.transactions()[:found]
}

// tell writes transactions down: "order/1 line/2, !order:ddl" are two, the second
// with a Resync.
func tell(list []Transaction) string {
	var out []string
	for _, t := range list {
		var words []string
		for _, k := range t.Touches {
			words = append(words, fmt.Sprintf("%s/%d", k.Target, k.Key))
		}
		for _, r := range t.Resyncs {
			words = append(words, "!"+r.Target+":"+r.Reason)
		}
		if t.Tables && words == nil {
			continue // TestOtherTables looks at these
		}
		slices.Sort(words)
		out = append(out, strings.Join(slices.Compact(words), " "))
	}
	return strings.Join(out, ", ")
}

// metric is the sum of a series' values that have the label value; "": of all.
func (f *follower) metric(name, label string) float64 {
	f.t.Helper()
	families, err := f.series.Gather()
	if err != nil {
		f.t.Fatal(err)
	}
	sum, found := 0.0, false
	for _, family := range families {
		for _, m := range family.GetMetric() {
			fits := label == ""
			for _, l := range m.GetLabel() {
				fits = fits || l.GetValue() == label
			}
			if family.GetName() == name && fits {
				sum, found = sum+m.GetCounter().GetValue()+m.GetGauge().GetValue(), true
			}
		}
	}
	if !found {
		f.t.Fatalf("no series %s with %q", name, label)
	}
	return sum
}

func sqlOpen(t *testing.T, c driver.Connector) *sql.DB {
	t.Helper()
	db := sql.OpenDB(c)
	t.Cleanup(func() { _ = db.Close() })
	return db
}
