package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/sinks"
	"octail/transform/document"
)

// sinkName is the sink whose deliveries are measured.
const sinkName = "target"

// target is a sink in this process that counts what it is given.
type target struct {
	answer func(ctx context.Context, d sinks.Delivery) error // nil: all is well

	mu    sync.Mutex
	count int
	last  map[document.Key]int64 // sequence
	top   int64
	first time.Time // of the first delivery that came
	end   time.Time // of the last one
	came  map[document.Key][]arrival
}

func newTarget() *target {
	return &target{last: map[document.Key]int64{}, came: map[document.Key][]arrival{}}
}

// Deliver implements sinks.Sink.
func (t *target) Deliver(ctx context.Context, batch []sinks.Delivery) error {
	now := time.Now()
	failed := map[int]error{}
	if t.answer != nil {
		for i := range batch {
			if err := t.answer(ctx, batch[i]); err != nil {
				failed[i] = err
			}
		}
		now = time.Now()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first.IsZero() {
		t.first = now
	}
	for i := range batch {
		if failed[i] != nil {
			continue
		}
		d := &batch[i]
		t.count++
		t.last[d.Key] = d.Sequence
		t.came[d.Key], t.end = append(t.came[d.Key], arrival{d.Sequence, now}), now
		t.top = max(t.top, d.Sequence)
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return nil
}

// Close implements sinks.Sink.
func (t *target) Close() error { return nil }

func (t *target) deliveries() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

func (t *target) entities() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.last)
}

// latest is when the last one came.
func (t *target) latest() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end
}

// arrival is one delivery that was taken.
type arrival struct {
	sequence int64
	at       time.Time
}

// arrived is when the target had a revision of an entity, or one that has overtaken it;
// ok is false when it has not.
func (t *target) arrived(key document.Key, sequence int64) (at time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.came[key] {
		if a.sequence >= sequence {
			return a.at, true
		}
	}
	return time.Time{}, false
}

// newest reports whether the event has come.
func (t *target) newest(sequence int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.top >= sequence
}

// register makes a sink known to the journal as it is now, so that all that comes
// waits for it.
func register(ctx context.Context, j *journal.Journal, name string) error {
	_, err := j.RegisterSink(ctx, name, "bench", j.Last(), j.Last())
	return err
}

// lane is a dispatch.Lane at work.
type lane struct {
	*dispatch.Lane
	end func()
}

func startLane(ctx context.Context, j *journal.Journal, name string, s sinks.Sink, needs sinks.Needs) (*lane, error) {
	l, err := dispatch.New(ctx, dispatch.Config{Name: name, Type: "bench", Shop: "bench", Timeout: 30 * time.Second, Sink: s, Needs: needs, Journal: j,
		Log: slog.New(slog.DiscardHandler), Metrics: dispatch.NewMetrics(prometheus.NewRegistry())})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	return &lane{l, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	})}, nil
}

var errTooLong = errors.New("it took too long")

// until waits until ok, looking every 20 ms.
func until(ctx context.Context, most time.Duration, ok func() bool) error {
	for end := time.Now().Add(most); time.Now().Before(end); {
		if ok() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errTooLong
}
