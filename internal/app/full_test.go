package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
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

// TestFullJournal: a webhook that takes nothing while the journal reaches its limit is
// stopped, in red, over a restart too; the journal shrinks without it, and when it is
// resumed it is given the newest revision of each entity it missed.
func TestFullJournal(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var took []string
	up := false
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if !up {
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var e struct{ ID string }
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		took = append(took, e.ID)
	}))
	t.Cleanup(receiver.Close)
	dir := t.TempDir()
	cfg, _, err := config.Parse("test.yaml", fmt.Appendf(nil, `
shop:
  name: test-shop
  mysql: {address: "127.0.0.1:1", user: octail, password: "", database: shop}
journal: {path: %q, max_bytes: 1MiB}
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
	for n := range int64(60) { // of three orders; the last of the third is its deletion
		k := keyOf(document.OrderEntity, n%3+1)
		known, err := j.Known(t.Context(), k.Entity, []int64{k.ID})
		if err != nil {
			t.Fatal(err)
		}
		e := journal.NewEvent{Key: k, Kind: document.Updated, Time: time.Now(), Origin: document.FromShop, Schema: 1, Prior: known[k.ID], Fields: []byte{},
			Data: fmt.Appendf(nil, `{"changed":["id"],"document":{"id":%d,"text":%q}}`, k.ID, strings.Repeat("z", 50_000))}
		if n == 59 {
			e.Kind = document.Deleted
		}
		if _, err := j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{e}}); err != nil {
			t.Fatal(err)
		}
	}
	for i, start := range []int64{j.Last(), 0} { // the file has had all, the webhook nothing
		if _, err := j.RegisterSink(t.Context(), cfg.Sinks[i].Name, cfg.Sinks[i].Type, start, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	hasty := func(o *app.Options) { o.Housekeeping, o.Hurry = 50*time.Millisecond, 36000 }
	a := start(t, &shoptest.Server{}, cfg, hasty)
	var st console.Status
	stopped := func() bool {
		st = console.Status{}
		return a.get("/api/v1/status", &st) == nil && len(st.Sinks) == 2 && st.Sinks[1].Stopped == journal.StoppedFull
	}
	waitFor(t, "the webhook to be stopped", stopped)
	waitFor(t, "the journal to shrink", func() bool { return stopped() && st.Journal.Events < 30 && st.Journal.Excess == nil })
	red := func(r string) bool {
		return strings.Contains(r, "sink hook has been stopped") && strings.Contains(r, "octail resume hook")
	}
	if st.Level != console.Red || !slices.ContainsFunc(st.Reasons, red) || st.Sinks[0].Stopped != "" {
		t.Errorf("%s: %q", st.Level, st.Reasons)
	}
	if n := len(a.log.with("the sink is stopped, because the journal takes")); n != 1 {
		t.Errorf("said %d times", n)
	}
	a.stop()
	a = start(t, &shoptest.Server{}, cfg, hasty)
	waitFor(t, "the agent to know it after a restart", stopped)
	mu.Lock()
	up = true
	mu.Unlock()
	var resumed steer.Paused
	a.post("resume", console.SinkRequest{Sink: "hook"}, &resumed)
	if !strings.Contains(resumed.Text(), "the newest revision of every entity") {
		t.Errorf("%s", resumed.Text())
	}
	waitFor(t, "the webhook to have all", func() bool {
		st = console.Status{}
		return a.get("/api/v1/status", &st) == nil && st.Sinks[1].Pending == 0 && st.Sinks[1].Stopped == ""
	})
	mu.Lock()
	defer mu.Unlock()
	if n := len(took); n < 3 || n > 40 || strings.Join(took[n-3:], " ") != "order/1@20 order/2@20 order/3@20" {
		t.Errorf("%d: %v", n, took)
	}
	if len(a.log.with("old revisions have left the journal")) == 0 {
		t.Error("nothing is said of what has left")
	}
}
