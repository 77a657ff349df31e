package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// hook is a webhook receiver that fails in turn in all ways, and notes what it was
// sent and what it has acknowledged.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	fails  bool
	random *rand.Rand
	sent   map[string][]byte // id -> bytes
	order  []string          // ids as they came first
	taken  map[string]bool
	wrong  []string
	times  int
}

func newHook(t *testing.T) *hook {
	h := &hook{random: rand.New(rand.NewPCG(3, 4)), sent: map[string][]byte{}, taken: map[string]bool{}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // killed while it was sending
	}
	id := r.Header.Get("Webhook-Id")
	h.mu.Lock()
	h.times++
	if before, known := h.sent[id]; !known {
		h.sent[id] = body
		h.order = append(h.order, id)
	} else if !bytes.Equal(before, body) {
		h.wrong = append(h.wrong, id+" came with other bytes")
	}
	how := h.random.IntN(12)
	if !h.fails {
		how = 99
	}
	if how >= 5 {
		h.taken[id] = true
	}
	h.mu.Unlock()
	switch how {
	case 0:
		w.WriteHeader(http.StatusBadGateway)
	case 1:
		w.WriteHeader(http.StatusNotFound)
	case 2:
		fmt.Fprint(w, "<!doctype html><title>Log in</title>")
	case 3: // the connection is cut
		panic(http.ErrAbortHandler)
	case 4:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *hook) failing(yes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fails = yes
}

// TestWebhook kills the agent again and again while the shop is in use and the
// receiver fails in all ways: the receiver gets every event, each at first in the
// order of the journal, and what comes again has the same id and bytes.
func TestWebhook(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{})
	database := shoptesting.Database(t, server)
	db, err := server.Open(database, true)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := shoptest.Load(t.Context(), db, shoptest.V4, "oc_"); err != nil {
		t.Fatal(err)
	}
	h := newHook(t)
	s := settings{dir: t.TempDir(), prefix: "oc_", settle: "50ms",
		extra: fmt.Sprintf("  - {name: hook, type: webhook, url: \"%s/events?key=t0ken\", secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, headers: {X-Key: h1dden}, timeout: 1m}\n", h.URL)}
	cfg, file := configure(t, server, database, s), writeConfig(t, server, database, s)
	first := start(t, server, cfg)
	first.quiet()
	first.stop()

	h.failing(true)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	used := make(chan error, 1)
	go func() {
		used <- shoptest.Run(ctx, shoptest.NewShop(db, shoptest.V4, "oc_", 12), 30, func(shoptest.Step) {})
	}()
	random := rand.New(rand.NewPCG(5, 6))
	for i := range 8 {
		var env []string
		wait := time.Duration(300+random.IntN(900)) * time.Millisecond
		if i%2 == 1 { // after the receiver has taken an event and before that is known
			env, wait = []string{fmt.Sprintf("OCTAIL_FAILPOINT=after-deliver:%d", 2+random.IntN(20))}, 2*time.Second
		}
		p := launch(t, file, env...)
		ended := make(chan struct{})
		go func() {
			_ = p.cmd.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(wait):
			_ = p.cmd.Process.Kill()
			<-ended
		}
		if code := p.cmd.ProcessState.ExitCode(); code != -1 {
			t.Fatalf("start %d ended by itself with code %d:\n%s", i, code, p.log.String())
		}
		for _, hidden := range []string{"t0ken", "h1dden", "MfKQ9r8G"} {
			if strings.Contains(p.log.String(), hidden) {
				t.Errorf("%q is in the log:\n%s", hidden, p.log.String())
			}
		}
	}
	stop()
	if err := <-used; err != nil {
		t.Fatal(err)
	}
	h.failing(false)
	a := start(t, server, cfg)
	a.quiet()
	last := a.look().Last()
	waitFor(t, "all to be delivered", func() bool {
		var st console.Status
		return a.get("/api/v1/status", &st) == nil && st.Sinks[1].Name == "hook" && st.Sinks[1].Pending == 0
	})
	a.stop()

	// The file sink has each event once, in order.
	lines, err := os.ReadFile(a.file)
	if err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var lost, different, disordered int
	n := 0
	for line := range bytes.Lines(lines) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		var e struct{ ID string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		switch {
		case !h.taken[e.ID]:
			lost++
		case !bytes.Equal(h.sent[e.ID], line):
			different++
		case n >= len(h.order) || h.order[n] != e.ID:
			disordered++
		}
		n++
	}
	t.Logf("%d events, %d requests: lost=%d different=%d disordered=%d", n, h.times, lost, different, disordered)
	if lost+different+disordered > 0 || int64(n) != last || len(h.order) != n || len(h.wrong) > 0 {
		t.Errorf("the receiver has not what it must have: %d of %d in the journal, %d known; %v", n, last, len(h.order), h.wrong)
	}
}
