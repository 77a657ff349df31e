package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/steer"
	"octail/sinks/all"
	"octail/transform/document"
)

// slowHook is a receiver whose first request takes until it is let go.
type slowHook struct {
	mu    sync.Mutex
	took  []string
	from  []string // the connections they came by
	cut   int      // requests that were given up before they were answered
	in    chan struct{}
	letGo chan struct{}
}

func (h *slowHook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct{ Subject string }
	if json.NewDecoder(r.Body).Decode(&e) != nil {
		return
	}
	h.mu.Lock()
	first := len(h.took) == 0
	h.took, h.from = append(h.took, e.Subject), append(h.from, r.RemoteAddr)
	h.mu.Unlock()
	if !first {
		return
	}
	close(h.in)
	select {
	case <-h.letGo:
	case <-r.Context().Done():
		h.mu.Lock()
		h.cut++
		h.mu.Unlock()
	}
}

func (h *slowHook) has() (took, from []string, cut int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.took, h.from, h.cut
}

// TestResetBeginsAnew: `octail links --reset` of a running sink waits for what is in
// flight, which comes once and is not cut off; what comes then is of a sink that was opened
// anew, and a running sink cannot write down again what it remembered.
func TestResetBeginsAnew(t *testing.T) {
	t.Parallel()
	hook := &slowHook{in: make(chan struct{}), letGo: make(chan struct{})}
	receiver := httptest.NewServer(hook)
	t.Cleanup(receiver.Close)
	dir := t.TempDir()
	cfg, _, err := config.Parse("test.yaml", fmt.Appendf(nil, `
shop:
  name: test-shop
  mysql: {address: "127.0.0.1:1", user: octail, password: "", database: shop}
journal: {path: %q}
http: {listen: "127.0.0.1:0", socket: %q}
sinks:
  - {name: log, type: file, path: %q}
  - {name: hook, type: webhook, url: %q, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}
`, filepath.Join(dir, "octail.db"), filepath.Join(dir, "s"), filepath.Join(dir, "events.jsonl"), receiver.URL), all.Types())
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), cfg.Journal.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range cfg.Sinks {
		if _, err := j.RegisterSink(t.Context(), s.Name, s.Type, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	for id := int64(1); id <= 3; id++ {
		if _, err := j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: keyOf(document.OrderEntity, id), Kind: document.Created, Time: time.Now(),
			Origin: document.FromShop, Schema: 1, Fields: []byte{}, Data: fmt.Appendf(nil, `{"changed":["id"],"document":{"id":%d}}`, id)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.LinksFor("hook").Found(t.Context(), keyOf(document.OrderEntity, 1), "4711"); err != nil {
		t.Fatal(err)
	}
	if _, err := app.OfflineDesk(cfg, j).Pause(t.Context(), "log"); err != nil { // another sink is left alone
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	a := start(t, &shoptest.Server{}, cfg)
	<-hook.in
	answered := make(chan steer.Reset)
	go func() {
		var r steer.Reset
		a.post("links/reset", console.ResetRequest{Sink: "hook"}, &r)
		answered <- r
	}()
	select {
	case r := <-answered:
		t.Fatalf("it did not wait for what is in flight: %+v", r)
	case <-time.After(200 * time.Millisecond):
	}
	close(hook.letGo)
	if r := <-answered; r.Links != 1 || !r.Running {
		t.Errorf("%+v", r)
	}
	waitFor(t, "the others", func() bool { took, _, _ := hook.has(); return len(took) >= 3 })
	took, from, cut := hook.has()
	if strings.Join(took, " ") != "order/1 order/2 order/3" || cut != 0 {
		t.Errorf("took %v, %d cut off", took, cut)
	}
	if from[0] == from[2] {
		t.Error("the last one came by the connection of the sink that was there before")
	}
	if s := a.sink("log"); !s.Paused {
		t.Errorf("the other sink: %+v", s)
	}
}
