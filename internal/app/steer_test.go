package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
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

// picky is a receiver that refuses some subjects, and notes what it took.
type picky struct {
	*httptest.Server
	mu      sync.Mutex
	refuses string
	took    []string
}

func newPicky(t *testing.T, refuses string) *picky {
	p := &picky{refuses: refuses}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *picky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct{ Subject string }
	if json.NewDecoder(r.Body).Decode(&e) != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses == e.Subject {
		http.Error(w, "no such tax", http.StatusUnprocessableEntity)
		return
	}
	p.took = append(p.took, e.Subject)
}

func (p *picky) has() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.took, " ")
}

// post asks the agent for a change over its socket.
func (a *agent) post(path string, body, into any) {
	a.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", a.cfg.HTTP.Socket)
	}}}
	res, err := client.Post("http://octail/api/v1/"+path, "application/json", bytes.NewReader(text))
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, answer)
	}
	if err == nil {
		err = json.Unmarshal(answer, into)
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// sink is what status says of one, once the agent answers.
func (a *agent) sink(name string) (found struct {
	Name         string
	Paused       bool
	Parked, Dead int64
}) {
	var st struct{ Sinks []json.RawMessage }
	waitFor(a.t.(*testing.T), "the agent to answer", func() bool { return a.get("/api/v1/status", &st) == nil })
	for _, s := range st.Sinks {
		if err := json.Unmarshal(s, &found); err == nil && found.Name == name {
			return found
		}
	}
	a.t.Fatalf("status has no sink %s", name)
	return found
}

// TestSteered: a sink that is paused while the agent is stopped is given nothing by the
// running one until it is resumed; what its target refuses is a dead letter that is
// delivered when it is retried; a trace tells all of it. No shop is needed.
func TestSteered(t *testing.T) {
	t.Parallel()
	receiver := newPicky(t, "order/3")
	dir := t.TempDir()
	cfg, _, err := config.Parse("test.yaml", fmt.Appendf(nil, `
shop:
  name: test-shop
  mysql: {address: "127.0.0.1:1", user: octail, password: "", database: shop}
journal: {path: %q}
http: {listen: "127.0.0.1:0", socket: %q}
sinks:
  - {name: log, type: file, path: %q}
  - {name: hook, type: webhook, url: %q, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, headers: {X-Key: h1dden}}
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
	for id := int64(1); id <= 4; id++ {
		if _, err := j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: keyOf(document.OrderEntity, id), Kind: document.Created, Time: time.Now(),
			Origin: document.FromShop, Schema: 1, Fields: []byte{}, Data: fmt.Appendf(nil, `{"changed":["id"],"document":{"id":%d}}`, id)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := app.OfflineDesk(cfg, j).Pause(t.Context(), "hook"); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	a := start(t, &shoptest.Server{}, cfg)
	waitFor(t, "the other sink to have everything", func() bool {
		text, _ := os.ReadFile(a.file)
		return bytes.Count(text, []byte("\n")) == 4
	})
	if s := a.sink("hook"); !s.Paused || receiver.has() != "" {
		t.Errorf("%+v, the receiver took %q", s, receiver.has())
	}
	var paused steer.Paused
	a.post("resume", console.SinkRequest{Sink: "hook"}, &paused)
	if !paused.Before || paused.Paused || !paused.Running {
		t.Errorf("%+v", paused)
	}
	waitFor(t, "three orders", func() bool { return receiver.has() == "order/1 order/2 order/4" })
	var list steer.List
	waitFor(t, "the dead letter", func() bool { return a.get("/api/v1/dead?sink=hook", &list) == nil && list.Total == 1 })
	if l := list.Letters[0]; l.Subject != "order/3" || !strings.Contains(l.Cause+l.Answer, "no such tax") || l.Class != "permanent" {
		t.Errorf("%+v", l)
	}
	receiver.mu.Lock()
	receiver.refuses = ""
	receiver.mu.Unlock()
	var done steer.Done
	a.post("dead/retry", steer.Letters{IDs: []int64{list.Letters[0].ID}}, &done)
	waitFor(t, "the retried one", func() bool { return receiver.has() == "order/1 order/2 order/4 order/3" })
	var traces []console.Trace
	waitFor(t, "the trace to say so", func() bool {
		traces = nil
		return a.get("/api/v1/trace?key=order/3", &traces) == nil && len(traces) == 1 && traces[0].Revisions[0].Sinks[1].State == console.Delivered
	})
	if s := traces[0].Revisions[0].Sinks[1]; s.At.IsZero() || len(s.Attempts) == 0 || s.Attempts[len(s.Attempts)-1].Class != "permanent" || s.Dead != nil {
		t.Errorf("%+v", s)
	}
	var text strings.Builder
	traces[0].Text(&text)
	t.Log(text.String())
	a.post("pause", console.SinkRequest{Sink: "hook"}, &paused)
	a.stop()
	again := start(t, &shoptest.Server{}, cfg)
	if s := again.sink("hook"); !s.Paused || s.Dead != 0 || s.Parked != 0 {
		t.Errorf("after a restart: %+v", s)
	}
}
