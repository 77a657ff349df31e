package transform

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

func TestMain(m *testing.M) { shoptesting.Main(m) }

// fixture is a shop on a real server, followed by capture, with a Transformer that
// takes its steps when the test says so, by a clock that the test turns.
type fixture struct {
	t        testing.TB
	server   *shoptest.Server
	database string
	db       *sql.DB
	site     *shoptest.Shop
	journal  *journal.Journal
	dir      string
	registry *prometheus.Registry
	log      *logBook
	tr       *Transformer
	canal    *canal.Canal
	stop     func() // ends agent and capture

	mu    sync.Mutex
	clock time.Time
}

// zoneName is the zone of the shops' times; those of 3.0 and later have it in their settings.
const zoneName = "Europe/Berlin"

// start is when the tests' clocks begin.
var start = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)

type fixtureOptions struct {
	server   *shoptest.Server // default: the shared MariaDB
	gen      shoptest.Generation
	load     []shoptest.LoadOption
	setup    func(f *fixture) // before capture starts
	settle   time.Duration
	editHold time.Duration
	drafts   bool
	images   string
	identity func(*canal.Server) // changes what is known of the server
	noCanal  bool                // the test feeds transactions by hand
	visible  time.Duration       // how long a commit may take to become visible
	failed   func(point string)  // called at stop points
	released func(context.Context, []int64)
}

func newFixture(t testing.TB, o fixtureOptions) *fixture {
	t.Helper()
	f := &fixture{t: t, server: o.server, clock: start, dir: t.TempDir(), log: &logBook{}}
	if f.server == nil {
		f.server = shoptesting.MariaDB(t)
	}
	f.database, f.site = shoptesting.Shop(t, f.server, o.gen, o.load...)
	f.db = shoptesting.Open(t, f.server, f.database)
	if o.setup != nil {
		o.setup(f)
	}
	f.run(o)
	return f
}

// run opens journal, Transformer and capture, where the journal says.
func (f *fixture) run(o fixtureOptions) {
	t := f.t
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	pool, err := shop.Open(shop.Options{Address: f.server.Addr(), User: "root", Database: f.database})
	must(err)
	server, err := canal.Inspect(t.Context(), pool)
	must(err)
	j, err := journal.Open(t.Context(), filepath.Join(f.dir, "octail.db"))
	must(err)
	stored, err := j.Position(t.Context())
	must(err)
	from, err := canal.DecodePosition(stored)
	must(err)
	if from.IsZero() {
		from, err = canal.Here(t.Context(), pool, server)
		must(err)
		_, err = j.Append(t.Context(), journal.Commit{Position: from.Encode()})
		must(err)
	}
	zone, err := time.LoadLocation(zoneName)
	must(err)
	known := server
	if o.identity != nil {
		o.identity(&known)
	}
	source := shop.New(pool, known, f.database, "oc_")
	if o.visible > 0 {
		source.VisibleWithin = o.visible
	}
	schema, err := source.Schema(t.Context())
	must(err)
	f.registry = prometheus.NewRegistry()
	tr := New(Config{Shop: source, Schema: schema, Journal: j, Zone: zone, Settle: o.settle, EditHold: o.editHold, Drafts: o.drafts, ImageBase: o.images,
		From: from, Log: slog.New(f.log), Metrics: NewMetrics(f.registry), Failpoint: o.failed, Released: o.released})
	tr.now = f.now
	f.tr, f.journal = tr, j
	captured := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	if o.noCanal {
		captured <- nil
	} else {
		f.canal, err = canal.New(canal.Config{DB: pool, Server: server, Address: f.server.Addr(), User: "root", ServerID: 4711 + clients.Add(1), Database: f.database,
			Tables: WatchList(schema), Log: slog.New(slog.DiscardHandler), Metrics: canal.NewMetrics(prometheus.NewRegistry()), Heartbeat: 10 * time.Millisecond})
		must(err)
		go func() { captured <- f.canal.Run(ctx, from, tr) }()
	}
	f.stop = sync.OnceFunc(func() {
		tr.Stop()
		cancel()
		if err := <-captured; err != nil && ctx.Err() == nil {
			t.Errorf("capture: %v", err)
		}
		_ = j.Close()
		_ = pool.Close()
	})
	t.Cleanup(func() { f.stop() })
}

// restart ends the agent as a kill would, and starts it again on its journal.
func (f *fixture) restart(o fixtureOptions) {
	f.t.Helper()
	f.stop()
	f.run(o)
}

// clients makes the server ids of the tests' replication clients.
var clients atomic.Uint32

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}

// turn puts the clock forward.
func (f *fixture) turn(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(d)
}

// exec runs statements in the shop, each ended by a semicolon at a line's end.
func (f *fixture) exec(script string) {
	f.t.Helper()
	conn, err := f.db.Conn(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close()
	for _, q := range statements("SET NAMES utf8mb4, sql_mode = 'NO_ENGINE_SUBSTITUTION';\n" + script) {
		if _, err := conn.ExecContext(f.t.Context(), q); err != nil {
			f.t.Fatalf("%v\n%s", err, q)
		}
	}
}

func statements(script string) []string {
	var out []string
	for q := range strings.SplitSeq(script+"\n", ";\n") {
		if q = strings.TrimSpace(q); q != "" {
			out = append(out, q)
		}
	}
	return out
}

// captured waits until capture has handed over everything committed so far.
func (f *fixture) captured() {
	f.t.Helper()
	identity, err := canal.Inspect(f.t.Context(), f.server.DB())
	if err != nil {
		f.t.Fatal(err)
	}
	here, err := canal.Here(f.t.Context(), f.server.DB(), identity)
	if err != nil {
		f.t.Fatal(err)
	}
	f.eventually("capture to reach "+here.String(), func() bool {
		at, _ := f.tr.tracker.latest()
		return at.File != "" && at.AtOrAfter(here.File, here.Offset)
	})
}

// eventually waits for a state that another goroutine or process brings about.
func (f *fixture) eventually(what string, is func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("waited five minutes for %s", what)
		}
	}
}

// step takes one step, which must not fail.
func (f *fixture) step() (did bool) {
	f.t.Helper()
	did, _, err := f.tr.step(f.t.Context())
	if err != nil {
		f.t.Fatalf("step: %v", err)
	}
	return did
}

// read hands over what was committed and does all that is due, without the clock
// moving.
func (f *fixture) read() {
	f.t.Helper()
	if f.canal != nil {
		f.captured()
	}
	f.steps()
}

func (f *fixture) steps() {
	f.t.Helper()
	f.tr.marksAt(f.now())
	for n := 0; f.step(); n++ {
		if n > 10_000 {
			f.t.Fatal("there is no end of work")
		}
	}
}

// finish lets the clock run until nothing waits any more.
func (f *fixture) finish() {
	f.t.Helper()
	f.read()
	for range 4 {
		f.turn(20 * time.Second)
		f.steps()
	}
}

// events are all revisions so far.
func (f *fixture) events() []journal.Stored {
	f.t.Helper()
	events, err := f.journal.Events(f.t.Context(), 0, 1<<20, 1<<30)
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range events {
		events[i].Shop = "main-shop"
	}
	return events
}

// ids are the ids of all events so far.
func (f *fixture) ids() string {
	f.t.Helper()
	var out []string
	for _, e := range f.events() {
		out = append(out, e.EventID())
	}
	return strings.Join(out, " ")
}

// of are the revisions of one entity, oldest first.
func (f *fixture) of(entity string, id int64) []journal.Stored {
	f.t.Helper()
	var out []journal.Stored
	for _, e := range f.events() {
		if e.Key == (document.Key{Entity: entity, ID: id}) {
			out = append(out, e)
		}
	}
	return out
}

// dirty lists the stored marks.
func (f *fixture) dirty() []journal.Dirty {
	f.t.Helper()
	marks, err := f.journal.Due(f.t.Context(), f.now().Add(time.Hour), 1<<20)
	if err != nil {
		f.t.Fatal(err)
	}
	return marks
}

// metric is the value of a series, e.g. octail_documents_total{order,draft}.
func (f *fixture) metric(name string, labels ...string) float64 {
	f.t.Helper()
	want := name
	if len(labels) > 0 {
		want += "{" + strings.Join(labels, ",") + "}"
	}
	return f.metrics()[want]
}

// metrics are all series by name and label values.
func (f *fixture) metrics() map[string]float64 {
	f.t.Helper()
	families, err := f.registry.Gather()
	if err != nil {
		f.t.Fatal(err)
	}
	out := map[string]float64{}
	for _, family := range families {
		for _, m := range family.Metric {
			name := family.GetName()
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetValue())
			}
			if len(labels) > 0 {
				name += "{" + strings.Join(labels, ",") + "}"
			}
			out[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return out
}

// logBook keeps what is logged.
type logBook struct {
	mu      sync.Mutex
	records []string
}

func (l *logBook) Enabled(context.Context, slog.Level) bool { return true }
func (l *logBook) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logBook) WithGroup(string) slog.Handler            { return l }
func (l *logBook) Handle(_ context.Context, r slog.Record) error {
	text := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, text)
	return nil
}

// lines are the records of a level.
func (l *logBook) lines(level slog.Level) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, r := range l.records {
		if strings.HasPrefix(r, level.String()) {
			out = append(out, r)
		}
	}
	return out
}

// here is the server's position.
func (f *fixture) here() canal.Position {
	f.t.Helper()
	server, err := canal.Inspect(f.t.Context(), f.server.DB())
	if err != nil {
		f.t.Fatal(err)
	}
	p, err := canal.Here(f.t.Context(), f.server.DB(), server)
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// touch hands over a transaction by hand, at the server's position, which it returns.
func (f *fixture) touch(entity string, ids ...int64) canal.Position {
	f.t.Helper()
	tx := canal.Transaction{Position: f.here(), Time: f.now()}
	for _, id := range ids {
		tx.Touches = append(tx.Touches, canal.Touch{Target: entity, Key: id})
	}
	if err := f.tr.Commit(tx); err != nil {
		f.t.Fatal(err)
	}
	return tx.Position
}

// mark asks for keys, as sync does.
func (f *fixture) mark(entity string, ids ...int64) {
	f.t.Helper()
	var marks []journal.Mark
	for _, id := range ids {
		marks = append(marks, journal.Mark{Key: document.Key{Entity: entity, ID: id}, Reason: "sync", Origin: document.FromSync})
	}
	if err := f.tr.Mark(f.t.Context(), marks); err != nil {
		f.t.Fatal(err)
	}
}

// sqlite runs a statement in the journal's file, behind the journal's back.
func (f *fixture) sqlite(query string, args ...any) {
	f.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(f.dir, "octail.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		f.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(f.t.Context(), query, args...); err != nil {
		f.t.Fatal(err)
	}
}

// documentOf decodes the document of an event.
func documentOf[D any](t testing.TB, e journal.Stored) D {
	t.Helper()
	var d D
	raw, err := document.DocumentOf(e.Data)
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}
