package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"octail/internal/journal"
	"octail/sinks"
)

// states are the needs of the sinks of these measurements: a target of present states
// with a call for each, four at a time.
var states = sinks.Needs{States: true, Batch: 1, Parallel: 4}

// troubles are what there is beside the sink that is measured.
var troubles = []struct {
	name   string
	answer func(context.Context, sinks.Delivery) error
}{
	{"alone", nil},
	{"hanging", func(ctx context.Context, _ sinks.Delivery) error { <-ctx.Done(); return ctx.Err() }},
	{"down", func(context.Context, sinks.Delivery) error { return errors.New("connection refused") }},
}

// beside prints how fast a sink takes what waits for it alone, and with another sink
// beside it that hangs or is down.
func beside(ctx context.Context, entities, rounds int) error {
	dir, err := os.MkdirTemp("", "octail-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	base := filepath.Join(dir, "base.db")
	if err := fill(ctx, base, entities, sinkName, "other"); err != nil {
		return err
	}
	rates := map[string][]float64{}
	for range rounds {
		for _, c := range troubles { // by turns, so that a busy machine is busy for all
			rate, err := throughput(ctx, base, filepath.Join(dir, "octail.db"), entities, c.answer)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			rates[c.name] = append(rates[c.name], rate)
		}
	}
	alone := median(rates["alone"])
	for _, c := range troubles[1:] {
		fmt.Printf("beside: %.0f entities a second beside a sink that is %s, %.0f alone; ratio %.2f (must >= 0.95)\n", median(rates[c.name]), c.name, alone, median(rates[c.name])/alone)
	}
	return nil
}

// fill makes a journal with one revision of each entity, which wait for the sinks.
func fill(ctx context.Context, path string, entities int, names ...string) error {
	j, err := journal.Open(ctx, path)
	if err != nil {
		return err
	}
	defer j.Close()
	for _, name := range names {
		if err := register(ctx, j, name); err != nil {
			return err
		}
	}
	if err := newHistory(j).spread(ctx, keys(entities), entities, func(int) error { return nil }); err != nil {
		return err
	}
	return j.Close()
}

// throughput is how many entities a second a sink takes of a copy of the journal, beside
// another one that answers so; nil: there is no other.
func throughput(ctx context.Context, base, path string, entities int, answer func(context.Context, sinks.Delivery) error) (float64, error) {
	defer removeJournal(path)
	if err := copyFile(base, path); err != nil {
		return 0, err
	}
	j, err := journal.Open(ctx, path)
	if err != nil {
		return 0, err
	}
	defer j.Close()
	if answer != nil {
		other := newTarget()
		other.answer = answer
		l, err := startLane(ctx, j, "other", other, states)
		if err != nil {
			return 0, err
		}
		defer l.end()
	}
	t := newTarget()
	began := time.Now()
	l, err := startLane(ctx, j, sinkName, t, states)
	if err != nil {
		return 0, err
	}
	defer l.end()
	if err := until(ctx, 10*time.Minute, func() bool { return t.entities() == entities }); err != nil {
		return 0, fmt.Errorf("%w: %d of %d entities came", err, t.entities(), entities)
	}
	return float64(entities) / t.latest().Sub(began).Seconds(), nil
}

func removeJournal(path string) {
	for _, end := range []string{"", "-wal", "-shm", ".born", ".lock"} {
		_ = os.Remove(path + end)
	}
}

func median[T float64 | time.Duration](list []T) T { return quantile(list, 0.5) }

// quantile is the value below which so much of the list is.
func quantile[T float64 | time.Duration](list []T, q float64) T {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
