package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"octail/internal/reconcile"
	"octail/sinks"
)

// compared is a sink that is in the middle of a comparison.
type compared struct {
	asked  chan struct{}
	inside atomic.Bool
	t      testing.TB
}

func (s *compared) Deliver(context.Context, []sinks.Delivery) error { return nil }

func (s *compared) Compare(ctx context.Context, _ []sinks.Delivery) ([]sinks.Difference, error) {
	s.inside.Store(true)
	defer s.inside.Store(false)
	close(s.asked)
	<-ctx.Done()
	return nil, ctx.Err()
}

func (s *compared) Close() error {
	if s.inside.Load() {
		s.t.Error("closed while it compares")
	}
	return nil
}

// TestReloadComparing: a comparison under way ends with the sink's lane, and before the
// sink is closed; who holds the old lane asks a closed sink nothing.
func TestReloadComparing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := beginReloading(t, "sinks:\n- {name: a, type: file, path: a}\n")
		s := &compared{asked: make(chan struct{}), t: t}
		r.lanes.mu.Lock()
		set := slices.Clone(r.lanes.all())
		stopLanes(set, stopWithin)
		held, err := r.newLane(r.down, set[0].cfg, s)
		r.must(err)
		r.startLane(held)
		set[0] = held
		r.lanes.replace(set)
		r.lanes.mu.Unlock()
		targets, err := r.targets(t.Context(), []string{"a"})
		r.must(err)
		done := make(chan error, 1)
		go func() {
			_, err := targets[0].Compare(t.Context(), nil)
			done <- err
		}()
		<-s.asked
		if out := r.change("sinks:\n- {name: a, type: file, path: b}\n"); !out.Applied {
			t.Errorf("%+v", out)
		}
		if err := <-done; !errors.Is(err, errReplaced) {
			t.Error(err)
		}
		var again reconcile.Target = targets[0]
		if _, err := again.Compare(t.Context(), nil); !errors.Is(err, errReplaced) {
			t.Error(err)
		}
	})
}

// TestReloadNamesTheComparison: of a changed sink that can read back what its target holds
// a reload says how what was delivered before comes in line; of others it says nothing.
func TestReloadNamesTheComparison(t *testing.T) {
	erp := "- {name: erp, type: odoo, url: 'http://127.0.0.1:9', database: shop, api_key: k, mappings: {status: {1: %s}}}\n- {name: a, type: file, path: %s}\n"
	r := beginReloading(t, "sinks:\n"+fmt.Sprintf(erp, "draft", "a"))
	for _, c := range []struct{ state, path, want string }{
		{"draft", "b", ""},
		{"confirmed", "b", "octail reconcile --sink erp --repair"},
		{"sent", "c", "octail reconcile --sink erp --repair"},
	} {
		out := r.change("sinks:\n" + fmt.Sprintf(erp, c.state, c.path))
		if !out.Applied || len(out.Sinks) != 2 || out.Sinks[0].Compare != c.want || out.Sinks[1].Compare != "" {
			t.Errorf("%+v, want %q", out, c.want)
		}
	}
	if text := r.log.take(); !strings.Contains(text, "octail reconcile --sink erp --repair") {
		t.Errorf("the log says nothing of it:\n%s", text)
	}
}
