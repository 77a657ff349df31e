package reconcile

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/transform"
	"octail/transform/document"
)

// TestPlace: what is kept of an unfinished comparison is what its next run begins with,
// unless that is another kind of run, or too late.
func TestPlace(t *testing.T) {
	j, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "octail.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	begin := func(daily, repair bool) *run {
		t.Helper()
		r := &run{cfg: Config{Journal: j, Daily: daily, Repair: repair}}
		if err := r.load(t.Context()); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := begin(true, true)
	r.Entity, r.After = document.StockEntity, 77
	r.tally(transform.Verdict{Key: document.Key{Entity: document.StockEntity, ID: 7}, State: transform.Missing, InShop: true})
	if err := r.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := begin(true, true)
	again.Skipped[document.StockEntity] = "its tables are gone"
	if again.After != 77 || again.Total.Missing != 1 || again.Entities[document.StockEntity].InShop != 1 {
		t.Errorf("%+v", again.place)
	}
	if repair, unfinished, err := Unfinished(t.Context(), j); err != nil || !unfinished || !repair {
		t.Error("the daily one is gone on with", err)
	}
	for name, other := range map[string]*run{"a person's": begin(false, true), "without repair": begin(true, false)} {
		if other.After != 0 || other.Total.Missing != 0 {
			t.Errorf("%s: %+v", name, other.place)
		}
	}
	person := begin(false, false)
	person.After = 5
	if err := person.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, unfinished, err := Unfinished(t.Context(), j); err != nil || unfinished {
		t.Error("a person's comparison is not gone on with by itself", err)
	}
	person.Started = time.Now().Add(-time.Hour)
	if err := person.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if late := begin(false, false); late.After != 0 {
		t.Errorf("an hour later: %+v", late.place)
	}
}

// TestProgressIsACopy: who is told of the progress may look at it while it goes on.
func TestProgressIsACopy(t *testing.T) {
	r := &run{place: place{Report: Report{Entities: map[string]Counts{}, Skipped: map[string]string{}}}}
	told := make(chan Report, 1)
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		report := <-told
		for range 1000 {
			if _, err := json.Marshal(report); err != nil {
				t.Error(err)
			}
		}
	}()
	told <- r.clone()
	for i := range int64(1000) {
		r.tally(transform.Verdict{Key: document.Key{Entity: document.Entities[i%5], ID: i}, State: transform.Gone})
	}
	<-looked
}

func TestCountsString(t *testing.T) {
	for want, c := range map[string]Counts{
		"1,204 in shop · 1,204 in journal · 0 missing · 0 different": {InShop: 1204, InJournal: 1204},
		"1,234,567 in shop · 999 in journal · 1,000 missing · 2 different · 3 no longer in shop · 4 unreadable · 5 undecided · 6 repaired": {
			InShop: 1234567, InJournal: 999, Missing: 1000, Different: 2, Gone: 3, Unreadable: 4, Undecided: 5, Repaired: 6},
	} {
		if got := c.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
