package transform

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/journal"
	"octail/transform/document"
)

// TestRestless: while one statement after another alters tables nothing is read, until
// there was none for a while, but never for longer than a minute.
func TestRestless(t *testing.T) {
	now := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	tr := &Transformer{now: func() time.Time { return now }}
	ddl := canal.Transaction{Tables: true, Resyncs: []canal.Resync{{Target: "product", Table: "oc_product", Reason: "ddl"}}}
	if tr.restless(canal.Transaction{Tables: true}); !tr.calmAt().Before(now) {
		t.Error("tables that are not watched keep from reading")
	}
	if tr.restless(ddl); !tr.calmAt().Equal(now.Add(calmAfter)) {
		t.Errorf("calm at %s", tr.calmAt())
	}
	began := now
	for range 100 {
		now = now.Add(time.Second)
		tr.restless(ddl)
		if late := tr.calmAt(); late.After(began.Add(restlessFor)) || late.Before(now) && now.Before(began.Add(restlessFor)) {
			t.Fatalf("after %s: calm at %s", now.Sub(began), late)
		}
	}
	now = now.Add(calmAfter)
	if tr.restless(ddl); !tr.calmAt().Equal(now.Add(calmAfter)) {
		t.Errorf("behind a rest: calm at %s", tr.calmAt())
	}
}

// TestCompared: the end of a comparison is told once, with what it has found, however
// keys were answered: by their mark, or by a touch in between.
func TestCompared(t *testing.T) {
	t.Parallel()
	f := newFixture(t, options(shopOfCustomers(20)))
	f.mark("customer", 0)
	f.steps()
	f.exec("UPDATE oc_customer SET firstname = 'Eve' WHERE customer_id < 4;\nDELETE FROM oc_customer WHERE customer_id = 9;\nINSERT INTO oc_customer SET customer_id = 77, customer_group_id = 1, firstname = 'New';")
	var told []Compared
	f.tr.cfg.Compared = func(c Compared) { told = append(told, c) }
	if err := f.tr.Mark(t.Context(), []journal.Mark{{Key: document.Key{Entity: "customer"}, Reason: "gap", Origin: document.FromReconcile}}); err != nil {
		t.Fatal(err)
	}
	f.touch("customer", 2)
	for range 5 {
		f.turn(time.Second)
		f.steps()
	}
	if len(told) != 1 {
		t.Fatalf("told %+v", told)
	}
	c := told[0]
	// Of the three that were changed one may have been found by its touch.
	if c.Reason != "gap" || c.Entities != 21 || c.Created != 1 || c.Changed < 2 || c.Changed > 3 || c.Deleted != 1 || c.Unreadable != 0 {
		t.Errorf("told %+v", c)
	}
	lines := 0
	for _, line := range f.log.lines(slog.LevelInfo) {
		if strings.Contains(line, "compared with the shop") {
			lines++
		}
	}
	if lines != 1 {
		t.Errorf("%d lines", lines)
	}
}
