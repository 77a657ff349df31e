package app_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/app"
	"octail/internal/config"
	"octail/internal/journal"
	"octail/sinks/all"
	"octail/transform/document"
)

// TestLargeDamage: damage of a journal that is too large to be looked at before the start
// ends the agent all the same.
func TestLargeDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, _, err := config.Parse("test.yaml", fmt.Appendf(nil, `
shop:
  name: test-shop
  mysql: {address: "127.0.0.1:1", user: octail, password: "", database: shop}
journal: {path: %q}
http: {listen: "127.0.0.1:0", socket: %q}
sinks: [{name: log, type: file, path: %q}]
`, filepath.Join(dir, "octail.db"), filepath.Join(dir, "s"), filepath.Join(dir, "events.jsonl")), all.Types())
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), cfg.Journal.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.RegisterSink(t.Context(), "log", "file", 2, 0); err != nil { // it reads none of them
		t.Fatal(err)
	}
	for id, size := range []int{1, 66 << 20} {
		if _, err := j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{{Key: keyOf(document.OrderEntity, int64(id)+1), Kind: document.Created, Time: time.Now(),
			Origin: document.FromShop, Schema: 1, Fields: []byte{}, Data: []byte(strings.Repeat("x", size))}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+cfg.Journal.Path)
	if err == nil {
		_, err = db.Exec("DELETE FROM events WHERE sequence = 1")
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	j, err = journal.Open(t.Context(), cfg.Journal.Path)
	if err != nil { // then the test shows nothing
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := app.Run(ctx, cfg, app.Options{Version: "test", Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, journal.ErrDamaged) || !strings.Contains(err.Error(), "1 newest documents are missing") {
		t.Errorf("the agent ended with %v", err)
	}
}
