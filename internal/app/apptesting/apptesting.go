// Package apptesting gives tests a whole agent that runs on a real shop.
package apptesting

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/sinks/all"
)

// Agent is an agent with one file sink, "log", on an OpenCart 4 shop of its own.
type Agent struct {
	Address string // of its http.listen
	Shop    *shoptest.Shop
}

// patience is how long a test waits for what takes a second at most where there is
// nothing else to do.
const patience = 5 * time.Minute

// Start runs an agent until the end of the test. When it returns, the first events
// were delivered.
func Start(tb testing.TB) *Agent {
	tb.Helper()
	server := shoptesting.MariaDB(tb)
	database, shop := shoptesting.Shop(tb, server, shoptest.V4)
	port, err := shoptest.FreePort(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	a := &Agent{Address: fmt.Sprintf("127.0.0.1:%d", port), Shop: shop}
	dir := tb.TempDir()
	cfg, _, err := config.Parse("test", fmt.Appendf(nil, `
shop:
  name: test-shop
  mysql: {address: %q, user: root, password: "", database: %s}
capture: {settle: 0s}
journal: {path: %q}
http: {listen: %q, socket: %q}
sinks: [{name: log, type: file, path: %q}]
`, server.Addr(), database, filepath.Join(dir, "octail.db"), a.Address, filepath.Join(dir, "s"), filepath.Join(dir, "events.jsonl")), all.Types())
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var ended error
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended = app.Run(ctx, cfg, app.Options{Version: "test", Log: slog.New(slog.DiscardHandler)})
	}()
	tb.Cleanup(func() {
		cancel()
		if <-done; ended != nil {
			tb.Error(ended)
		}
	})
	delivered := regexp.MustCompile(`(?m)^octail_delivery_attempts_total\{outcome="ok",sink="log"\} [1-9]`)
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		text, err := a.scrape(tb.Context())
		switch {
		case err == nil && delivered.MatchString(text):
			return a
		case time.Now().After(deadline):
			tb.Fatalf("nothing was delivered within %s: %v\n%s", patience, err, text)
		}
		select {
		case <-done:
			tb.Fatal("the agent ended")
		default:
		}
	}
}

// Scrape is what Prometheus gets now.
func (a *Agent) Scrape(tb testing.TB) string {
	tb.Helper()
	text, err := a.scrape(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func (a *Agent) scrape(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.Address+"/metrics", nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("scrape the agent: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("scrape the agent: %s", res.Status)
	}
	return string(body), err
}
