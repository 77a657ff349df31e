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
	"octail/transform/document"
)

// perDelivery is how long the targets of these measurements take for a delivery.
const perDelivery = time.Millisecond

// poison prints the delay of live changes, commit in the journal to the target's
// acceptance, with and without one entity among them that the target does not take.
func poison(ctx context.Context, rounds int, length time.Duration) error {
	of := keys(200)
	poisoned := of[7]
	refuse := func(err error) func(context.Context, sinks.Delivery) error {
		return func(_ context.Context, d sinks.Delivery) error {
			if d.Key == poisoned {
				return err
			}
			time.Sleep(perDelivery)
			return nil
		}
	}
	cases := []struct {
		name string
		err  error
	}{{"without", nil}, {"refused for good", sinks.Mark(sinks.Permanent, errors.New("this will not do"))}, {"failing again and again", errors.New("internal server error")}}
	delays := map[string][]time.Duration{}
	for range rounds {
		for _, c := range cases { // by turns, so that a busy machine is busy for all
			list, err := live(ctx, 0, of, 10*time.Millisecond, length, refuse(c.err), func(k document.Key) bool { return k != poisoned })
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			delays[c.name] = append(delays[c.name], list...)
		}
	}
	without := median(delays["without"])
	for _, c := range cases[1:] {
		m := median(delays[c.name])
		fmt.Printf("poison: median delay of all others %s with one entity %s, %s without; ratio %.2f (p99 %s, %s)\n",
			inMs(m), c.name, inMs(without), float64(m)/float64(without), inMs(quantile(delays[c.name], 0.99)), inMs(quantile(delays["without"], 0.99)))
	}
	return nil
}

// bulk prints the delay of live orders alone, and while a fill of so many entities is
// under way in the same sink.
func bulk(ctx context.Context, entities int, length time.Duration) error {
	of := make([]document.Key, 100)
	for i := range of {
		of[i] = document.Key{Entity: document.OrderEntity, ID: int64(1_000_000 + i)}
	}
	slow := func(context.Context, sinks.Delivery) error { time.Sleep(perDelivery); return nil }
	every := func(document.Key) bool { return true }
	var alone []time.Duration
	for _, n := range []int{0, entities} {
		delays, err := live(ctx, n, of, 20*time.Millisecond, length, slow, every)
		if err != nil {
			return fmt.Errorf("with a fill of %d entities: %w", n, err)
		}
		if n == 0 {
			alone = delays
			continue
		}
		fmt.Printf("bulk: live order p50 %s, p99 %s while a fill of %d entities runs; alone p50 %s, p99 %s; ratio of p50 %.2f, of p99 %.2f\n",
			inMs(median(delays)), inMs(quantile(delays, 0.99)), n, inMs(median(alone)), inMs(quantile(alone, 0.99)),
			float64(median(delays))/float64(median(alone)), float64(quantile(delays, 0.99))/float64(quantile(alone, 0.99)))
	}
	return nil
}

// live changes entities by turns, one every so often, while a fill of the given size
// waits for the same sink, and returns how long those that count took to arrive. It
// ends with the fill, when there is one.
func live(ctx context.Context, filled int, of []document.Key, every, length time.Duration, answer func(context.Context, sinks.Delivery) error, counts func(document.Key) bool) ([]time.Duration, error) {
	dir, err := os.MkdirTemp("", "octail-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	j, err := journal.Open(ctx, filepath.Join(dir, "octail.db"))
	if err != nil {
		return nil, err
	}
	defer j.Close()
	if err := register(ctx, j, sinkName); err != nil {
		return nil, err
	}
	h := newHistory(j)
	for rest := keys(filled); len(rest) > 0; rest = rest[min(len(rest), atOnce):] {
		if err := h.write(ctx, document.FromSnapshot, rest[:min(len(rest), atOnce)]); err != nil {
			return nil, err
		}
	}
	t := newTarget()
	t.answer = answer
	l, err := startLane(ctx, j, sinkName, t, states)
	if err != nil {
		return nil, err
	}
	defer l.end()
	if filled > 0 { // it is under way
		if err := until(ctx, time.Minute, func() bool { return t.deliveries() > 0 }); err != nil {
			return nil, err
		}
	}
	type change struct {
		document.Key
		sequence int64
		at       time.Time
	}
	var waiting []change
	began := time.Now()
	for n := 0; filled > 0 && t.entities() < filled || filled == 0 && time.Since(began) < length; n++ {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		time.Sleep(time.Until(began.Add(time.Duration(n) * every)))
		key := of[n%len(of)]
		if err := h.write(ctx, document.FromShop, []document.Key{key}); err != nil {
			return nil, err
		}
		if counts(key) {
			waiting = append(waiting, change{key, h.newest[key].known.Sequence, time.Now()})
		}
	}
	var delays []time.Duration
	err = until(ctx, time.Minute, func() bool {
		waiting = slices.DeleteFunc(waiting, func(c change) bool {
			came, ok := t.arrived(c.Key, c.sequence)
			if ok {
				delays = append(delays, max(0, came.Sub(c.at)))
			}
			return ok
		})
		return len(waiting) == 0
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %d changes came, %d did not", err, len(delays), len(waiting))
	}
	return delays, nil
}

func inMs(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
