package app

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/config"
	"octail/internal/journal"
	"octail/transform/document"
)

// TestHousekeeping: a journal that a sink keeps too large is said at once, then every
// hour, and no more when the sink has caught up.
func TestHousekeeping(t *testing.T) {
	ctx := context.Background()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	j, err := journal.Open(ctx, filepath.Join(t.TempDir(), "octail.db"))
	check(err)
	defer j.Close()
	for _, name := range []string{"log", "erp", "removed"} {
		_, err := j.RegisterSink(ctx, name, "file", 0, 0)
		check(err)
	}
	key := document.Key{Entity: document.OrderEntity, ID: 1}
	for i := range 30 {
		known, err := j.Known(ctx, key.Entity, []int64{key.ID})
		check(err)
		_, err = j.Append(ctx, journal.Commit{Events: []journal.NewEvent{{Key: key, Kind: document.Updated, Time: time.Now(), Origin: document.FromShop, Schema: 1, Prior: known[key.ID],
			Data: fmt.Appendf(nil, `{"text":%q}`, strings.Repeat("z", 50_000)), Fields: []byte{byte(i)}}}})
		check(err)
	}
	check(j.Advance(ctx, "log", map[string]int64{journal.Live: 30}))

	var out bytes.Buffer
	h := housekeeping{journal: j, limits: config.Journal{Retention: 30 * 24 * time.Hour, MaxBytes: 1 << 20}, sinks: []string{"log", "erp"}, log: slog.New(slog.NewTextHandler(&out, nil))}
	began := time.Now()
	for _, c := range []struct {
		after  time.Duration
		warned int
	}{{0, 1}, {10 * time.Minute, 1}, {50 * time.Minute, 1}, {60 * time.Minute, 2}, {70 * time.Minute, 2}, {121 * time.Minute, 3}} {
		x := h.round(ctx, began.Add(c.after-3*time.Hour)) // while nothing is old enough to be compressed
		if x == nil || x.Sink != "erp" || x.Behind != 30 {
			t.Fatalf("after %s: %v", c.after, x)
		}
		if n := strings.Count(out.String(), "level=WARN"); n != c.warned {
			t.Fatalf("after %s: said %d times, want %d\n%s", c.after, n, c.warned, &out)
		}
	}
	for _, part := range []string{"because sink erp is 30 events behind", "sink=erp", "behind=30", "remedy=", "take it out of the configuration"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %q in\n%s", part, &out)
		}
	}
	out.Reset()
	check(j.Advance(ctx, "erp", map[string]int64{journal.Live: 30}))
	for range 2 {
		if x := h.round(ctx, time.Now().Add(10*time.Hour)); x != nil {
			t.Errorf("all sinks have everything: %s", x)
		}
	}
	if strings.Contains(out.String(), "WARN") || !strings.Contains(out.String(), "old events left the journal") {
		t.Error(out.String())
	}
	if c, err := j.Counts(ctx); err != nil || c.Events >= 30 {
		t.Errorf("%+v %v: the sink that is not configured held it back", c, err)
	}
}

// TestSinkIsStopped: a sink that keeps the journal too large is stopped when it has not
// come nearer to its end for an hour, the next one an hour later; one that catches up is
// left alone, and so is one that is behind while the journal has room.
func TestSinkIsStopped(t *testing.T) {
	ctx := context.Background()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	j, err := journal.Open(ctx, filepath.Join(t.TempDir(), "octail.db"))
	check(err)
	defer j.Close()
	for _, name := range []string{"log", "slow", "down", "erp"} {
		_, err := j.RegisterSink(ctx, name, "file", 0, 0)
		check(err)
	}
	key := document.Key{Entity: document.OrderEntity, ID: 1}
	random := rand.New(rand.NewPCG(1, 2)) // what does not compress
	for i := range 60 {
		text := make([]byte, 50_000)
		for n := range text {
			text[n] = byte('0' + random.IntN(75))
		}
		known, err := j.Known(ctx, key.Entity, []int64{key.ID})
		check(err)
		_, err = j.Append(ctx, journal.Commit{Events: []journal.NewEvent{{Key: key, Kind: document.Updated, Time: time.Now(), Origin: document.FromShop, Schema: 1, Prior: known[key.ID],
			Data: fmt.Appendf(nil, `{"text":%q}`, text), Fields: []byte{byte(i)}}}})
		check(err)
	}
	check(j.Advance(ctx, "log", map[string]int64{journal.Live: 60}))
	check(j.Advance(ctx, "slow", map[string]int64{journal.Live: 1}))
	check(j.Advance(ctx, "down", map[string]int64{journal.Live: 2}))

	var stopped []string
	h := housekeeping{journal: j, limits: config.Journal{Retention: 30 * 24 * time.Hour, MaxBytes: 64 << 20}, sinks: []string{"log", "slow", "down"}, states: []string{"erp"},
		stop: func(_ context.Context, sink string) error { stopped = append(stopped, sink); return nil }, patience: time.Hour, log: slog.New(slog.DiscardHandler)}
	began := time.Now().Add(time.Minute)
	for minutes := 0; minutes <= 8*60; minutes += 10 {
		switch minutes {
		case 120: // until then there is room
			h.limits.MaxBytes = 1 << 20
		case 170: // it moves on, for the last time
			check(j.Advance(ctx, "slow", map[string]int64{journal.Live: 10}))
			check(j.Advance(ctx, "down", map[string]int64{journal.Live: 11}))
		}
		x := h.round(ctx, began.Add(time.Duration(minutes)*time.Minute))
		want := ""
		if minutes >= 170+60 {
			want = "slow"
		}
		if minutes >= 170+60+60 {
			want = "slow down"
		}
		if got := strings.Join(stopped, " "); got != want {
			t.Fatalf("after %d minutes %q are stopped, want %q", minutes, got, want)
		}
		if (x == nil) != (minutes < 120 || minutes >= 170+60+60) {
			t.Errorf("after %d minutes: %v", minutes, x)
		}
	}
	if c, err := j.Counts(ctx); err != nil || c.Events > 25 {
		t.Errorf("%+v %v: the journal did not shrink", c, err)
	}
}
