package dispatch_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/internal/leaktest"
	"octail/sinks"
	"octail/transform/document"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const shop = "main-shop"

func newJournal(t testing.TB) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), filepath.Join(t.TempDir(), "octail.db"))
	check(t, err)
	t.Cleanup(func() { check(t, j.Close()) })
	return j
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill appends n events: entity i%5, each a new key.
func fill(t testing.TB, j *journal.Journal, n int) {
	t.Helper()
	var c journal.Commit
	for range n {
		i := j.Last() + int64(len(c.Events))
		c.Events = append(c.Events, journal.NewEvent{Key: document.Key{Entity: document.Entities[i%5], ID: i + 1}, Kind: document.Created, Time: time.Now(), Origin: document.FromShop, Schema: 1,
			Data: fmt.Appendf(nil, `{"changed":["n"],"document":{"n":%d}}`, i+1), Fields: []byte{}})
	}
	_, err := j.Append(context.Background(), c)
	check(t, err)
}

// sink is a target that does as it is told.
type sink struct {
	mu     sync.Mutex
	got    []sinks.Delivery
	at     []time.Time
	calls  int
	closed bool
	// answer decides about a call; what it returns nil for is taken. nil: all is.
	answer func(ctx context.Context, call int, batch []sinks.Delivery) error
}

func (s *sink) Deliver(ctx context.Context, batch []sinks.Delivery) error {
	s.mu.Lock()
	s.calls++
	call := s.calls
	s.at = append(s.at, time.Now())
	s.mu.Unlock()
	if s.answer != nil {
		if err := s.answer(ctx, call, batch); err != nil {
			return err
		}
	}
	s.take(batch...)
	return nil
}

func (s *sink) take(batch ...sinks.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, batch...)
}

func (s *sink) Close() error { s.closed = true; return nil }

// sequences lists what was taken.
func (s *sink) sequences() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []int64
	for _, d := range s.got {
		out = append(out, d.Sequence)
	}
	return out
}

// times lists when it was called.
func (s *sink) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.at)
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// teller is a sink that can tell what it holds, and may be let go of.
type teller struct {
	sink
	held    sinks.Held
	any     bool
	err     error
	asked   int
	reopens int
	flush   func() error
}

func (s *teller) Resume(context.Context) (sinks.Held, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.held, s.any, s.err
}

func (s *teller) Reopen() error { s.reopens++; return nil }

func (s *teller) Flush(context.Context) error {
	if s.flush != nil {
		return s.flush()
	}
	return nil
}

// lane makes a lane with a log that can be read.
type lane struct {
	*dispatch.Lane
	log  *bytes.Buffer
	stop context.CancelFunc
	done chan struct{}
}

type setting func(*dispatch.Config)

func only(entities ...string) setting { return func(c *dispatch.Config) { c.Entities = entities } }
func named(name string) setting       { return func(c *dispatch.Config) { c.Name = name } }

func newLane(t testing.TB, j *journal.Journal, s sinks.Sink, settings ...setting) *lane {
	t.Helper()
	l, err := tryLane(t, j, s, settings...)
	check(t, err)
	return l
}

func tryLane(t testing.TB, j *journal.Journal, s sinks.Sink, settings ...setting) (*lane, error) {
	l := &lane{log: &bytes.Buffer{}}
	c := dispatch.Config{Name: "log", Type: "fake", Shop: shop, Timeout: 30 * time.Second, Sink: s, Journal: j,
		Log: slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Metrics: dispatch.NewMetrics(prometheus.NewRegistry())}
	for _, set := range settings {
		set(&c)
	}
	var err error
	l.Lane, err = dispatch.New(t.Context(), c)
	return l, err
}

// run starts the lane; end stops it and waits.
func (l *lane) run(t testing.TB) {
	ctx, cancel := context.WithCancel(context.Background())
	l.stop, l.done = cancel, make(chan struct{})
	go func() {
		defer close(l.done)
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
}

func (l *lane) end() {
	l.stop()
	<-l.done
}

// pass lets time go by, and all that is due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func from(a, b int64) []int64 {
	var out []int64
	for n := a; n <= b; n++ {
		out = append(out, n)
	}
	return out
}

func same(t testing.TB, got, want []int64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("delivered %v\nwant %v", got, want)
	}
}

func cursor(t testing.TB, j *journal.Journal, name string) int64 {
	t.Helper()
	at, _, err := j.Cursor(context.Background(), name, journal.Live)
	check(t, err)
	return at
}

func held(t testing.TB, j *journal.Journal, sequence int64) sinks.Held {
	t.Helper()
	e, err := j.Event(context.Background(), sequence)
	check(t, err)
	return sinks.Held{Source: "octail://" + shop, ID: e.EventID(), Sequence: sequence}
}
