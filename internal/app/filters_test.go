package app_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/config"
	"octail/internal/filter"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestFilters: the journal knows what filters have to know of the shop, also of what staff
// saves meanwhile; a filter that takes more than at the last run is announced once.
func TestFilters(t *testing.T) {
	t.Parallel()
	server := shoptesting.MariaDB(t)
	database, db, shop := openShop(t, server, shoptest.V4)
	cfg := configure(t, server, database, settings{prefix: "oc_", snapshot: "[]"})
	cfg.Sinks[0].Where.Statuses, cfg.Sinks[0].Since = []string{"5"}, config.Moment{At: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Local: true}
	a := start(t, server, cfg)
	a.quiet()
	j := a.look()
	note := func(name string) string {
		t.Helper()
		text, err := j.Meta(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if got := note("released"); got != "[1,2,3,5,12]" {
		t.Errorf("released %s", got)
	}
	if got := note("stores"); got != `{"0":"Example Shop","1":"Example Outlet"}` {
		t.Errorf("stores %s", got)
	}
	var before filter.Spec
	if err := json.Unmarshal([]byte(note(filter.MetaName("log"))), &before); err != nil || !slices.Equal(before.Statuses, []string{"5"}) {
		t.Error(before, err)
	}

	must(t, db, "UPDATE oc_setting SET value = '[\"2\",\"17\"]' WHERE `key` = 'config_processing_status' AND store_id = 0")
	place(t, shop, 1)
	a.quiet()
	waitFor(t, "what staff has saved to be noted", func() bool { return note("released") == "[2,3,5,17]" })
	waitFor(t, "it to be said", func() bool { return len(a.log.with("processing and complete statuses are others")) > 0 })
	if said := a.log.with("processing and complete statuses are others"); len(said) != 1 || !strings.Contains(said[0], "[2 3 5 17]") {
		t.Errorf("%q", said)
	}
	a.stop()

	cfg.Sinks[0].Where.Statuses = nil
	for n, want := range []int{1, 0} {
		a = start(t, server, cfg)
		a.quiet()
		said := a.log.with("takes more than at the last run")
		if len(said) != want || want > 0 && !strings.Contains(said[0], "octail sync order --force --sink log --since 2026-0") {
			t.Errorf("start %d: %q", n, said)
		}
		if said := a.log.with("statuses are others"); len(said) != 0 {
			t.Errorf("start %d: %q", n, said)
		}
		a.stop()
	}
}
