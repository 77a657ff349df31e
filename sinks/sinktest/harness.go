package sinktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"octail/internal/config"
	"octail/internal/leaktest"
	"octail/internal/mask"
	"octail/sinks"
)

// within is how long a call may take that has to return soon: so long that only one
// that hangs takes longer.
const within = 5 * time.Minute

// harness is a sink, its target, and what is seen of both.
type harness struct {
	*testing.T
	c      Case
	target Target
	server *httptest.Server // nil: no HTTP
	sink   sinks.Sink
	needs  sinks.Needs
	links  *Links
	log    *safeBuffer
	paced  atomic.Int64

	mu     sync.Mutex
	broken func(w http.ResponseWriter, r *http.Request, good http.Handler) // nil: it answers as it has to
	asked  int                                                             // requests
	looked int                                                             // errors
}

func newHarness(t *testing.T, c Case) *harness {
	t.Helper()
	h := &harness{T: t, c: c, target: c.Target(t), links: &Links{}, log: &safeBuffer{}}
	leaks := goleak.IgnoreCurrent() // the target may have its own, for as long as the test
	address := ""
	if h.target.Handler != nil {
		h.server = httptest.NewServer(h)
		address = h.server.URL
	}
	h.sink = h.open(address)
	t.Cleanup(func() {
		if h.sink != nil {
			h.close()
		}
		if h.server != nil {
			h.server.CloseClientConnections()
			h.server.Close()
		}
		h.quiet("the log", h.log.String())
		if err := leaktest.Find(leaks); err != nil {
			t.Error(err)
		}
	})
	return h
}

// ServeHTTP implements http.Handler: the target, or what is broken of it.
func (h *harness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked++
	broken := h.broken
	h.mu.Unlock()
	if broken != nil {
		broken(w, r, h.target.Handler)
		return
	}
	h.target.Handler.ServeHTTP(w, r)
}

// breaks makes the target answer otherwise; nil mends it.
func (h *harness) breaks(how func(http.ResponseWriter, *http.Request, http.Handler)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.broken = how
}

func (h *harness) requests() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// open opens a sink with the target's settings.
func (h *harness) open(address string) sinks.Sink {
	h.Helper()
	settings := h.c.Plugin.Settings()
	if _, err := config.Decode("sink.yaml", []byte(h.target.Settings(address)), settings); err != nil {
		h.Fatalf("the settings of the test: %v", err)
	}
	h.needs = h.c.Plugin.Needs(settings)
	s, err := h.c.Plugin.Open(settings, sinks.Env{Name: "tried", Shop: shop, Log: slog.New(slog.NewTextHandler(h.log, nil)), Links: h.links,
		Pace: func(ctx context.Context) error { h.paced.Add(1); return ctx.Err() }})
	if err != nil {
		h.Fatalf("it does not open: %v", err)
	}
	return s
}

func (h *harness) close() {
	h.Helper()
	before := h.requests()
	if err := h.sink.Close(); err != nil {
		h.Errorf("close: %v", err)
	}
	h.sink = nil
	if n := h.requests(); n != before {
		h.Errorf("closing it made %d requests", n-before)
	}
}

// reopen is a kill and another start, as far as a sink sees it.
func (h *harness) reopen() {
	h.Helper()
	h.close()
	address := ""
	if h.server != nil {
		address = h.server.URL
	}
	h.sink = h.open(address)
}

// try delivers, and looks at all that has to hold whatever comes of it: the data is not
// touched, no panic, errors that tell nothing, indices that are there.
func (h *harness) try(ctx context.Context, batch ...sinks.Delivery) error {
	h.Helper()
	return h.deliver(ctx, h.sink, batch)
}

func (h *harness) deliver(ctx context.Context, s sinks.Sink, batch []sinks.Delivery) error {
	h.Helper()
	const beyond = "what lies behind"
	before := make([][]byte, len(batch))
	for i := range batch {
		before[i] = append(bytes.Clone(batch[i].Data), beyond...)
		if batch[i].Data != nil {
			batch[i].Data = bytes.Clone(before[i])[:len(batch[i].Data)]
		}
	}
	err := survives(func() error { return s.Deliver(ctx, batch) })
	for i := range batch {
		if d := batch[i].Data; d != nil && !bytes.Equal(d[:len(before[i])], before[i]) {
			h.Errorf("%s: it writes to the data, which other sinks share", batch[i].EventID())
		}
	}
	h.silent(err, batch)
	var part *sinks.BatchError
	if errors.As(err, &part) {
		if len(part.Failed) == 0 {
			h.Error("a BatchError that names nothing")
		}
		for i, cause := range part.Failed {
			if i < 0 || i >= len(batch) || cause == nil {
				h.Errorf("a BatchError of %d names %d: %v", len(batch), i, cause)
				continue
			}
			h.silent(cause, batch[i:i+1])
		}
	}
	return err
}

// panicked is a panic as an error.
type panicked struct{ what any }

func (p *panicked) Error() string { return fmt.Sprint("panic: ", p.what) }

func survives(call func() error) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = &panicked{what}
		}
	}()
	return call()
}

// silent fails the test when an error panicked, or tells what it must not.
func (h *harness) silent(err error, batch []sinks.Delivery) {
	h.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	var p *panicked
	if errors.As(err, &p) {
		h.Errorf("it panics: %v", p.what)
		return
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, format := range []string{"%v", "%+v", "%q"} {
			h.quiet("an error", fmt.Sprintf(format, e))
		}
	}
	x := sinks.ExchangeOf(err)
	text := x.Request + "\n" + x.Answer
	for _, secret := range h.target.Secrets {
		if strings.Contains(text, secret) {
			h.Errorf("a secret is in what was sent and answered: %s", text)
		}
	}
	// Masking takes its time: of thousands of errors some are looked at.
	if h.looked++; h.looked > 50 && h.looked%20 > 0 {
		return
	}
	for i := range batch {
		text = mask.Text(text, batch[i].Data)
	}
	for _, m := range markers {
		if len(batch) > 0 && strings.Contains(text, m) {
			h.Errorf("%q is left of a person when what was sent and answered is masked: %s", m, text)
		}
	}
}

// quiet fails the test when a text tells a secret, something personal, or the target's
// own words.
func (h *harness) quiet(what, text string) {
	h.Helper()
	for _, hidden := range slices.Concat(markers, h.target.Secrets, []string{targetsWords}) {
		if strings.Contains(text, hidden) {
			h.Errorf("%q is in %s: %s", hidden, what, text)
		}
	}
}

// good delivers what must be taken.
func (h *harness) good(batch ...sinks.Delivery) {
	h.Helper()
	if err := h.try(h.Context(), batch...); err != nil {
		h.Fatalf("%s: %v", batch[0].EventID(), err)
	}
}

// holds fails the test unless the target has these, and nothing else; of states in any
// order.
func (h *harness) holds(want ...Held) {
	h.Helper()
	got := h.held()
	if h.needs.States {
		want, got = sorted(states(want)), slices.DeleteFunc(got, func(one Held) bool { return one.Deleted })
	}
	if !slices.Equal(got, want) {
		h.Errorf("the target holds %v, want %v", got, want)
	}
}

// held is what the target holds; of states in an order of its own.
func (h *harness) held() []Held {
	got := slices.Clone(h.target.Held())
	if h.needs.States {
		return sorted(got)
	}
	return got
}

func sorted(list []Held) []Held {
	slices.SortFunc(list, func(a, b Held) int { return strings.Compare(a.Subject, b.Subject) })
	return list
}

// states is what is left of a log when only the newest counts. What is deleted may be
// gone altogether: it is left out.
func states(list []Held) []Held {
	newest := map[string]Held{}
	for _, one := range list {
		if one.Revision >= newest[one.Subject].Revision {
			newest[one.Subject] = one
		}
	}
	var out []Held
	for _, one := range newest {
		if !one.Deleted {
			out = append(out, one)
		}
	}
	return out
}

// soon runs a call that has to come back.
func (h *harness) soon(what string, call func() error) error {
	h.Helper()
	done := make(chan error, 1)
	go func() { done <- survives(call) }()
	select {
	case err := <-done:
		return err
	case <-time.After(within):
		h.Fatalf("%s does not come back", what)
		return nil
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
