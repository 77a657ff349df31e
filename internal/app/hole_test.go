package app

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/journal"
	"octail/transform"
)

// TestComparedHole: the end of a comparison closes a hole that is open, once; one that was
// closed long ago stays as it was.
func TestComparedHole(t *testing.T) {
	j, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "octail.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	a := &Agent{journal: j, log: slog.New(slog.DiscardHandler)}
	hole := func() console.Hole {
		t.Helper()
		h, err := lastHole(t.Context(), j)
		if err != nil || h == nil {
			t.Fatalf("hole %v, %v", h, err)
		}
		return *h
	}
	a.compared(transform.Compared{Reason: byHole, Entities: 1})
	if h, err := lastHole(t.Context(), j); h != nil || err != nil {
		t.Errorf("a comparison made a hole: %+v, %v", h, err)
	}
	if err := keepHole(t.Context(), j, console.Hole{Found: time.Now().Add(-30 * 24 * time.Hour), Why: "purged"}); err != nil {
		t.Fatal(err)
	}
	a.compared(transform.Compared{Reason: "ddl", Entities: 5})
	if h := hole(); !h.Closed.IsZero() {
		t.Errorf("closed by another comparison: %+v", h)
	}
	a.compared(transform.Compared{Reason: byHole, Entities: 7, Changed: 3})
	closed := hole()
	if closed.Closed.IsZero() || closed.Compared != 7 || closed.Changed != 3 {
		t.Errorf("not closed: %+v", closed)
	}
	a.compared(transform.Compared{Reason: byHole, Entities: 99_999})
	if h := hole(); h != closed {
		t.Errorf("another comparison changed it: %+v", h)
	}
}
