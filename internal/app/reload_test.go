package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/sinks"
	"octail/sinks/all"
	"octail/transform/document"
)

// patience is how many hundredths of a second a test waits for what takes a few of them
// where there is nothing else to do.
const patience = 5 * 60 * 100

// reloading is an agent without a shop, whose journal a test fills.
type reloading struct {
	*Agent
	t    testing.TB
	dir  string
	log  *text
	edit func(*config.Config) // what is loaded, before it is used
}

// text is what is logged, from many goroutines.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

// take returns what was written since the last call.
func (t *text) take() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.b.Reset()
	return t.b.String()
}

const shopLines = `
shop:
  name: test-shop
  mysql: {address: "127.0.0.1:1", user: octail, password: "${file:password}", database: opencart}
journal: {path: octail.db}
`

// beginReloading runs the lanes of a config whose part after the shop is given.
func beginReloading(t testing.TB, rest string) *reloading {
	t.Helper()
	r := &reloading{t: t, dir: t.TempDir(), log: &text{}}
	r.write("password", "hunter2")
	r.write("config.yaml", shopLines+rest)
	cfg, _, err := r.load()
	r.must(err)
	j, err := journal.Open(context.Background(), cfg.Journal.Path)
	r.must(err)
	level := new(slog.LevelVar)
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: level}))
	a := &Agent{cfg: cfg, log: log, registry: prometheus.NewRegistry(), journal: j, opts: Options{Log: log, Load: r.load, Level: level}}
	r.Agent = a
	a.metrics = newMetrics(a.registry, "test")
	r.must(a.openLanes(context.Background()))
	var cancel context.CancelFunc
	a.down, cancel = context.WithCancel(context.Background())
	a.startLanes()
	t.Cleanup(func() {
		cancel()
		_ = a.endLanes()
		r.must(j.Close())
	})
	return r
}

func (r *reloading) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *reloading) path(name string) string { return filepath.Join(r.dir, name) }

func (r *reloading) write(name, text string) {
	r.t.Helper()
	r.must(os.WriteFile(r.path(name), []byte(text), 0o600))
}

func (r *reloading) load() (*config.Config, []config.Warning, error) {
	cfg, warnings, err := config.Load(r.path("config.yaml"), all.Types())
	if cfg != nil && r.edit != nil {
		r.edit(cfg)
	}
	return cfg, warnings, err
}

// change writes another config and reloads it.
func (r *reloading) change(rest string) *console.Reload {
	r.t.Helper()
	r.write("config.yaml", shopLines+rest)
	out, err := r.Reload(context.Background())
	r.must(err)
	return out
}

// order journals the next revision of an order.
func (r *reloading) order(id int64) {
	r.t.Helper()
	r.must(r.revise(id))
}

func (r *reloading) revise(id int64) error {
	key := document.Key{Entity: document.OrderEntity, ID: id}
	known, err := r.journal.Known(context.Background(), key.Entity, []int64{id})
	if err != nil {
		return err
	}
	_, err = r.journal.Append(context.Background(), journal.Commit{Events: []journal.NewEvent{{Key: key, Kind: document.Updated, Time: time.Now(), Origin: document.FromShop, Schema: 1,
		Prior: known[id], Fields: []byte{1}, Data: []byte(`{"changed":["comment"],"document":{},"previous":{}}`)}}})
	return err
}

// holds waits until a file has these orders, in this order, and no other lines.
func (r *reloading) holds(name string, want ...int64) {
	r.t.Helper()
	var text string
	for range patience {
		data, _ := os.ReadFile(r.path(name)) // it may not be there yet
		text = string(data)
		var got []string
		for line := range strings.Lines(text) {
			_, rest, _ := strings.Cut(line, `"subject":"order/`)
			id, _, _ := strings.Cut(rest, `"`)
			got = append(got, id)
		}
		if fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.t.Fatalf("%s does not hold %v:\n%s", name, want, text)
}

// whats is a report's sinks, as in "log changed".
func whats(r *console.Reload) (out []string) {
	for _, s := range r.Sinks {
		out = append(out, s.Name+" "+s.What)
	}
	return out
}

// series are the names of a sink's, once each.
func (r *reloading) series(sink string) []string {
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Error(err)
	}
	var names []string
	for _, f := range families {
		for _, m := range f.Metric {
			for _, l := range m.Label {
				if l.GetName() == "sink" && l.GetValue() == sink && !slices.Contains(names, f.GetName()) {
					names = append(names, f.GetName())
				}
			}
		}
	}
	return names
}

func (r *reloading) gauge(name string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	r.must(err)
	for _, f := range families {
		if f.GetName() == name {
			return f.Metric[0].GetGauge().GetValue()
		}
	}
	r.t.Fatalf("no %s", name)
	return 0
}

func TestCompareSinks(t *testing.T) {
	sink := func(name string, change ...func(*config.Sink)) config.Sink {
		s := config.Sink{Name: name, Type: "webhook", Timeout: time.Second, Settings: &struct{ URL, Secret string }{"http://127.0.0.1", "a"}}
		for _, c := range change {
			c(&s)
		}
		return s
	}
	for name, c := range map[string]struct {
		now, next []config.Sink
		want      string
	}{
		"same":       {[]config.Sink{sink("a"), sink("b")}, []config.Sink{sink("a"), sink("b")}, "[{a unchanged} {b unchanged}]"},
		"moved":      {[]config.Sink{sink("a"), sink("b")}, []config.Sink{sink("b", func(s *config.Sink) { s.Line = 9 }), sink("a")}, "[{b unchanged} {a unchanged}]"},
		"added":      {[]config.Sink{sink("a")}, []config.Sink{sink("b"), sink("a")}, "[{b added} {a unchanged}]"},
		"removed":    {[]config.Sink{sink("a"), sink("b")}, []config.Sink{sink("b")}, "[{b unchanged} {a removed}]"},
		"renamed":    {[]config.Sink{sink("a")}, []config.Sink{sink("b")}, "[{b added} {a removed}]"},
		"timeout":    {[]config.Sink{sink("a")}, []config.Sink{sink("a", func(s *config.Sink) { s.Timeout++ })}, "[{a changed}]"},
		"entities":   {[]config.Sink{sink("a")}, []config.Sink{sink("a", func(s *config.Sink) { s.Entities = []string{"order"} })}, "[{a changed}]"},
		"secret":     {[]config.Sink{sink("a")}, []config.Sink{sink("a", func(s *config.Sink) { s.Settings = &struct{ URL, Secret string }{"http://127.0.0.1", "b"} })}, "[{a changed}]"},
		"type":       {[]config.Sink{sink("a")}, []config.Sink{sink("a", func(s *config.Sink) { s.Type, s.Settings = "file", &struct{}{} })}, "[{a changed}]"},
		"everything": {[]config.Sink{sink("a"), sink("b"), sink("c")}, []config.Sink{sink("d"), sink("b", func(s *config.Sink) { s.Timeout = 0 }), sink("c")}, "[{d added} {b changed} {c unchanged} {a removed}]"},
	} {
		var list []string
		for _, s := range compareSinks(c.now, c.next) {
			list = append(list, "{"+s.Name+" "+string(s.What)+"}")
		}
		if got := fmt.Sprint(list); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestReloadSinks: sinks come, change and go while others are not interrupted; nothing
// is lost and nothing comes twice, also where two of them exchange their files.
func TestReloadSinks(t *testing.T) {
	r := beginReloading(t, "sinks:\n- {name: a, type: file, path: a}\n- {name: b, type: file, path: b}\n")
	r.order(1)
	r.holds("a", 1)
	r.holds("b", 1)
	undisturbed := r.lanes.all()[0]
	steps := []struct {
		sinks string
		want  []string
		line  string
		files map[string][]int64 // after order 2, 3, ...
	}{
		{"- {name: a, type: file, path: a}\n- {name: b, type: file, path: b}\n",
			[]string{"a unchanged", "b unchanged"}, "nothing has changed",
			map[string][]int64{"a": {1, 2}, "b": {1, 2}}},
		{"- {name: c, type: file, path: c}\n- {name: a, type: file, path: a}\n- {name: b, type: file, path: b}\n",
			[]string{"c added", "a unchanged", "b unchanged"}, "added sink c",
			map[string][]int64{"a": {1, 2, 3}, "b": {1, 2, 3}, "c": {3}}},
		{"- {name: a, type: file, path: a}\n- {name: b, type: file, path: b, sync: interval}\n- {name: c, type: file, path: c, timeout: 1m}\n",
			[]string{"a unchanged", "b changed", "c changed"}, "changed sinks b, c",
			map[string][]int64{"a": {1, 2, 3, 4}, "b": {1, 2, 3, 4}, "c": {3, 4}}},
		{"- {name: a, type: file, path: a}\n- {name: b, type: file, path: d}\n",
			[]string{"a unchanged", "b changed", "c removed"}, "changed sink b; removed sink c",
			map[string][]int64{"a": {1, 2, 3, 4, 5}, "b": {1, 2, 3, 4}, "c": {3, 4}, "d": {5}}},
	}
	for i, s := range steps {
		out := r.change("sinks:\n" + s.sinks)
		if !out.Applied || !slices.Equal(whats(out), s.want) || out.String() != s.line {
			t.Fatalf("step %d: %+v %s", i, out, out)
		}
		r.order(int64(i + 2))
		for _, name := range slices.Sorted(maps.Keys(s.files)) {
			r.holds(name, s.files[name]...)
		}
		if !slices.Contains(r.lanes.all(), undisturbed) || undisturbed.hasEnded() {
			t.Fatalf("step %d: a lane whose sink is the same was made anew", i)
		}
	}
	if got, _ := r.lanes.names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("retention waits for %q", got)
	}
	if got := r.series("c"); len(got) > 0 {
		t.Errorf("a sink that was removed still has %q", got)
	}
	if got := r.series("b"); len(got) != 10 {
		t.Errorf("a sink that was changed has %q", got)
	}
	// Each takes the other's file: it goes on behind what the file holds.
	out := r.change("sinks:\n- {name: a, type: file, path: d}\n- {name: b, type: file, path: a}\n")
	if !out.Applied || out.String() != "changed sinks a, b" {
		t.Fatalf("%+v", out)
	}
	r.order(6)
	r.holds("d", 5, 6)
	r.holds("a", 1, 2, 3, 4, 5, 6)
	if r.gauge("octail_config_last_reload_successful") != 1 {
		t.Error("the metric says no")
	}
}

// TestReloadRefused: whatever is wrong, nothing at all is applied, every reason is told,
// and what was there goes on.
func TestReloadRefused(t *testing.T) {
	const good = "sinks:\n- {name: a, type: file, path: a}\n"
	const more = "- {name: b, type: file, path: b}\nlog: {level: debug}\n"
	r := beginReloading(t, good)
	before := r.lanes.all()
	for name, c := range map[string]struct {
		text string
		edit func(*config.Config)
		want []string // reasons
	}{
		"mistakes": {good + more + "capture: {setle: 1s}\nhttp: {listen: 8765}\n", nil, []string{
			`config.yaml:10: capture: unknown key "setle"`, "config.yaml:11: http.listen"}},
		"unreadable": {good + "\tx", nil, []string{"config.yaml:8:"}},
		"capture": {good + more + "capture: {settle: 2s, edit_hold: 1m, snapshot: [order]}\n", nil, []string{
			"capture.settle was changed, which a running octail cannot take: restart octail to apply it", "capture.edit_hold was changed", "capture.snapshot was changed"}},
		"listen":    {good + more + "http: {listen: \"127.0.0.1:9999\", token: another-token}\n", nil, []string{"http.listen was changed"}},
		"format":    {good + "log: {format: text}\n", nil, []string{"log.format was changed"}},
		"shop":      {good + more, func(c *config.Config) { c.Shop.Name, c.Shop.MySQL.Database = "other", "other" }, []string{"shop.name was changed", "shop.mysql.database was changed"}},
		"journal":   {good + more, func(c *config.Config) { c.Journal.Path = "/elsewhere" }, []string{"journal.path was changed"}},
		"open":      {good + more, func(c *config.Config) { c.Sinks[1].Type = "pigeon" }, []string{`sink b: unknown type "pigeon"`}},
		"open of a": {good + "- {name: b, type: file, path: b}\n", func(c *config.Config) { c.Sinks[0].Type = "pigeon" }, []string{`sink a: unknown type "pigeon"`}},
	} {
		t.Run(name, func(t *testing.T) {
			r.edit = c.edit
			r.log.take()
			out := r.change(c.text)
			got := out.Problems()
			if out.Applied || len(got) != len(c.want) {
				t.Fatalf("%+v", out)
			}
			for i, part := range c.want {
				if !strings.Contains(got[i], part) {
					t.Errorf("%s\nwant %s", got[i], part)
				}
			}
			logged := r.log.take()
			if n := strings.Count(logged, "the changed configuration is not applied"); n != len(got) {
				t.Errorf("%d lines for %d reasons:\n%s", n, len(got), logged)
			}
			if !slices.Equal(r.lanes.all(), before) || before[0].hasEnded() {
				t.Error("the sinks are others")
			}
			if r.opts.Level.Level() != slog.LevelInfo || r.gauge("octail_config_last_reload_successful") != 0 {
				t.Error("half applied")
			}
		})
	}
	r.order(1)
	r.holds("a", 1)
	if _, err := os.Stat(r.path("b")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a sink that was refused has opened its file")
	}
	r.edit = nil
	if out := r.change(good); !out.Applied || r.gauge("octail_config_last_reload_successful") != 1 {
		t.Errorf("%+v", out)
	}
}

// TestReloadValues: what is no sink and has a use while the agent runs.
func TestReloadValues(t *testing.T) {
	const good = "sinks:\n- {name: a, type: file, path: a}\n"
	r := beginReloading(t, good)
	var tokens []string
	r.consoles = append(r.consoles, newLiveConsole("", func(token string) http.Handler {
		tokens = append(tokens, token)
		return http.NotFoundHandler()
	}))
	out := r.change(strings.Replace(good, "sinks:", "log: {level: error}\nhttp: {token: rotated}\nreconcile: {at: \"04:15\", repair: false}\nsinks:", 1))
	if !out.Applied || out.String() != "changed http.token, reconcile.at, reconcile.repair, log.level" {
		t.Errorf("%+v %s", out, out)
	}
	if c := r.config(); c.Reconcile.At.String() != "04:15" || c.Reconcile.Repair || r.opts.Level.Level() != slog.LevelError || !slices.Equal(tokens, []string{"", "rotated"}) {
		t.Errorf("%+v %q", c.Reconcile, tokens)
	}
	r.edit = func(c *config.Config) { c.Journal.Retention, c.Journal.MaxBytes = time.Hour, 1<<20 }
	if out := r.change(good); !out.Applied || r.config().Journal.Retention != time.Hour {
		t.Errorf("%+v", out)
	}
	r.edit = nil
	if strings.Contains(r.log.take(), "rotated") {
		t.Error("the token is in the log")
	}
}

// TestReloadSecret: a secret whose file has changed makes its sink another one, and no
// other; and the file's new content is what the target is given.
func TestReloadSecret(t *testing.T) {
	var mu sync.Mutex
	var keys []string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		keys = append(keys, q.Header.Get("X-Key"))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	given := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(keys)
	}
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("first\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := fmt.Sprintf("sinks:\n- {name: a, type: file, path: a}\n- {name: hook, type: webhook, url: %q, headers: {X-Key: \"${file:%s}\"}}\n", receiver.URL, key)
	r := beginReloading(t, lines)
	deliver := func(id int64, want ...string) {
		t.Helper()
		r.order(id)
		for range patience {
			if slices.Equal(given(), want) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("given %q, want %q", given(), want)
	}
	deliver(1, "first")
	if err := os.WriteFile(key, []byte("second\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	deliver(2, "first", "first")
	if out := r.change(lines); !slices.Equal(whats(out), []string{"a unchanged", "hook changed"}) {
		t.Errorf("%+v", out)
	}
	deliver(3, "first", "first", "second")
	r.write("password", "rotated")
	if out := r.change(lines); out.Applied || len(out.Restart) != 1 || out.Restart[0] != "shop.mysql.password" {
		t.Errorf("%+v", out)
	}
	logged := r.log.take()
	for _, secret := range []string{"first", "second", "hunter2", "rotated"} {
		if strings.Contains(logged, secret) {
			t.Errorf("%q is in the log:\n%s", secret, logged)
		}
	}
}

// stuck is a sink that does not come back from a call, whatever its context says.
type stuck struct {
	let    chan struct{}
	called chan struct{}
}

func (s *stuck) Deliver(context.Context, []sinks.Delivery) error {
	s.called <- struct{}{}
	<-s.let
	return nil
}
func (s *stuck) Close() error { return nil }

// TestReloadStuckSink: what cannot be stopped cannot be replaced. Then nothing is
// applied, what was stopped goes on, and so does the stuck one once it is back.
func TestReloadStuckSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const good = "sinks:\n- {name: a, type: file, path: a}\n- {name: b, type: file, path: b}\n"
		r := beginReloading(t, good)
		s := &stuck{make(chan struct{}), make(chan struct{}, 1)}
		r.lanes.mu.Lock()
		set := slices.Clone(r.lanes.all())
		stopLanes(set[1:], time.Minute)
		held, err := r.newLane(r.down, set[1].cfg, s)
		r.must(err)
		r.startLane(held)
		set[1] = held
		r.lanes.replace(set)
		r.lanes.mu.Unlock()
		r.order(1)
		<-s.called
		out := r.change("sinks:\n- {name: a, type: file, path: a, sync: interval}\n- {name: b, type: file, path: b, sync: interval}\n- {name: c, type: file, path: c}\n")
		if out.Applied || len(out.Errors) != 1 || !strings.Contains(out.Errors[0], "sink b: it does not come back") {
			t.Errorf("%+v", out)
		}
		synctest.Wait()
		if r.lanes.all()[1] != held || r.lanes.all()[0] == set[0] || r.lanes.all()[0].cfg.Name != "a" {
			t.Error("the one that was stopped has no successor, or the stuck one has")
		}
		r.order(2)
		r.holds("a", 1, 2)
		close(s.let)
		time.Sleep(time.Second)
		r.order(3)
		r.holds("a", 1, 2, 3)
		r.holds("b", 2, 3) // the stuck call has taken the first
		if r.lanes.all()[1] == held || len(r.lanes.all()) != 2 {
			t.Error("the stuck one has no successor")
		}
	})
}

// TestReloadUnderLoad: however often a sink is changed while events come, its file holds
// each of them once and in order; and whoever looks meanwhile sees a whole set.
func TestReloadUnderLoad(t *testing.T) {
	const orders = 200
	sinks := func(timeout int) string {
		return fmt.Sprintf("sinks:\n- {name: a, type: file, path: a, sync: interval, timeout: %ds}\n- {name: b, type: file, path: b, sync: interval}\n", timeout)
	}
	r := beginReloading(t, sinks(1))
	var background sync.WaitGroup
	background.Go(func() {
		for i := range orders {
			if err := r.revise(int64(i + 1)); err != nil {
				t.Error(err)
			}
		}
	})
	done := make(chan struct{})
	background.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if n := len(r.Sinks(context.Background())); n != 2 {
				t.Errorf("%d sinks", n)
			}
			r.stuck(time.Now())
			_ = r.series("a")
		}
	})
	for i := range 20 {
		if out := r.change(sinks(i + 2)); !out.Applied || out.String() != "changed sink a" {
			t.Errorf("%+v", out)
		}
	}
	close(done)
	background.Wait()
	want := make([]int64, orders)
	for i := range want {
		want[i] = int64(i + 1)
	}
	r.holds("a", want...)
	r.holds("b", want...)
}

// TestReloadJournalFails: where a lane cannot be made, those that were stopped for it
// wait to go on, and the next reload finds them.
func TestReloadJournalFails(t *testing.T) {
	const good = "sinks:\n- {name: a, type: file, path: a}\n- {name: b, type: file, path: b}\n"
	r := beginReloading(t, good)
	before := r.lanes.all()
	r.must(r.journal.Close())
	out := r.change("sinks:\n- {name: b, type: file, path: b}\n- {name: a, type: file, path: c}\n")
	if out.Applied || len(out.Errors) != 1 || !strings.Contains(out.Errors[0], "sink a: ") {
		t.Errorf("%+v", out)
	}
	if !slices.Equal(r.lanes.all(), before) || !before[0].hasEnded() || before[1].hasEnded() {
		t.Error("the set is another, or a lane beside was stopped")
	}
	if r.gauge("octail_config_last_reload_successful") != 0 {
		t.Error("the metric says that it is in use")
	}
}

// TestReloadNightly: another reconcile.at counts from the reload on.
func TestReloadNightly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const good = "sinks:\n- {name: a, type: file, path: a}\n"
		r := beginReloading(t, good) // at midnight, to compare at 03:30
		stopLanes(r.lanes.all(), time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.nightly(ctx, &source{zone: time.UTC})
		compares := func(within time.Duration) bool { // which fails, without a shop
			r.log.take()
			time.Sleep(within)
			return strings.Contains(r.log.take(), "comparing the journal with the shop")
		}
		at := func(text string) {
			t.Helper()
			if out := r.change("reconcile: {at: " + text + "}\n" + good); !out.Applied {
				t.Fatalf("%+v", out)
			}
		}
		if compares(3*time.Hour) || !compares(time.Hour) {
			t.Error("not at 03:30")
		}
		at(`"12:00"`)
		if compares(7*time.Hour+55*time.Minute) || !compares(10*time.Minute) {
			t.Error("not at 12:00")
		}
		at("off")
		if compares(24 * time.Hour) {
			t.Error("it compares, although it is off")
		}
		at(`"13:00"`) // it is past 12:05
		if compares(50*time.Minute) || !compares(10*time.Minute) {
			t.Error("not at 13:00")
		}
	})
}

// TestReloadInFlight: what is on its way when its sink is changed arrives, once.
func TestReloadInFlight(t *testing.T) {
	arrived, answer := make(chan string, 10), make(chan struct{}, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		arrived <- q.Header.Get("Webhook-Id") + " " + q.Header.Get("X-Version")
		<-answer
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	lines := func(version int) string {
		return fmt.Sprintf("sinks:\n- {name: hook, type: webhook, url: %q, headers: {X-Version: \"%d\"}}\n", receiver.URL, version)
	}
	r := beginReloading(t, lines(1))
	first := r.lanes.all()[0]
	r.order(1)
	r.order(2)
	if got := <-arrived; got != "order/1@1 1" {
		t.Fatal(got)
	}
	r.write("config.yaml", shopLines+lines(2))
	stopping := make(chan struct{})
	stop := first.stop
	first.stop = func() {
		stop()
		close(stopping)
	}
	var group sync.WaitGroup
	group.Go(func() {
		out, err := r.Reload(context.Background())
		if err != nil || !out.Applied || out.String() != "changed sink hook" {
			t.Errorf("%+v %v", out, err)
		}
	})
	<-stopping
	answer <- struct{}{}
	group.Wait()
	r.order(3)
	for _, want := range []string{"order/2@1 2", "order/3@1 2"} {
		if got := <-arrived; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		answer <- struct{}{}
	}
}
