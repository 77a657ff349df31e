package poll_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/internal/poll"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

// at sweeps as if at a time, and wants these marks.
func (i *installation) at(now time.Time, want ...string) {
	i.t.Helper()
	i.began = now
	if got := slices.Sorted(maps.Keys(i.found())); strings.Join(got, " ") != strings.Join(want, " ") {
		i.t.Errorf("marked %v, want %v", got, want)
	}
}

// restored installs a shop with orders whose rows count as gone after a minute.
func restored(t *testing.T) *installation {
	i := install(t, shoptesting.MariaDB(t), shoptest.V4)
	i.sql(strings.Split(orders, ";")...)
	i.config.GoneAfter = 0 // the usual
	i.Poller = poll.New(i.config)
	i.wants()
	return i
}

// TestReloaded: tables that are emptied and filled again, over several sweeps, delete
// nothing, however their rows come back; what differs then is read.
func TestReloaded(t *testing.T) {
	t.Parallel()
	i := restored(t)
	i.sql("CREATE TABLE kept AS SELECT * FROM oc_order")
	now := time.Now()
	// A reading that was made for something else must not see the empty table either.
	e := journal.NewEvent{Key: document.Key{Entity: document.OrderEntity, ID: 2}, Kind: document.Created, Time: now, Origin: document.FromSnapshot, Schema: 1, Data: []byte(`{"document":{}}`), Fields: []byte{0}}
	if _, err := i.config.Journal.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{e}}); err != nil {
		t.Fatal(err)
	}
	i.sql("TRUNCATE oc_order") // the rows of its other tables are still there
	for n := range 5 {
		i.at(now.Add(time.Duration(n) * time.Minute))
	}
	if n := i.Status().Missing; n != 40 {
		t.Errorf("%d are missing", n)
	}
	i.sql("INSERT INTO oc_order SELECT * FROM kept WHERE order_id <= 30") // it goes on
	var back []string
	for n := 1; n <= 30; n++ {
		back = append(back, document.Key{Entity: document.OrderEntity, ID: int64(n)}.String())
	}
	slices.Sort(back)
	i.at(now.Add(5*time.Minute), back...)
	i.sql("INSERT INTO oc_order SELECT * FROM kept WHERE order_id BETWEEN 31 AND 38")
	i.at(now.Add(6*time.Minute), "order/31", "order/32", "order/33", "order/34", "order/35", "order/36", "order/37", "order/38")
	i.at(now.Add(7*time.Minute - time.Second))
	i.at(now.Add(7*time.Minute), "order/39", "order/40") // the dump does not have these
	i.at(now.Add(8*time.Minute), "order/39", "order/40")
	i.at(now.Add(9 * time.Minute))
}

// TestBetweenSweeps: what is emptied and filled again between two sweeps was never away.
func TestBetweenSweeps(t *testing.T) {
	t.Parallel()
	i := restored(t)
	i.sql("CREATE TABLE kept AS SELECT * FROM oc_order", "TRUNCATE oc_order", "INSERT INTO oc_order SELECT * FROM kept")
	i.wants()
}

// TestGone: a row that is deleted is marked by the first sweep that misses it a minute
// later; a table that stays empty, ten minutes later.
func TestGone(t *testing.T) {
	t.Parallel()
	i := restored(t)
	now := time.Now()
	i.sql("DELETE FROM oc_order WHERE order_id = 3", "DELETE FROM oc_product WHERE product_id = 2")
	i.at(now)
	i.at(now.Add(59 * time.Second))
	i.at(now.Add(time.Minute), "order/3", "product/2", "stock/2")
	i.at(now.Add(2*time.Minute), "order/3", "product/2", "stock/2")
	i.at(now.Add(3 * time.Minute))
	i.sql("DELETE FROM oc_order")
	now = now.Add(time.Hour)
	i.at(now)
	i.at(now.Add(599 * time.Second))
	i.began = now.Add(10 * time.Minute)
	if got := i.found(); len(got) != 39 {
		t.Errorf("marked %d of 39 orders", len(got))
	}
}

// TestTooSlow: a server that cannot sum up in the time that a statement may take is left
// alone; what was found until then is marked, and the rest when it is well again. How
// many statements it is asked shows that the rest of the shop was not tried.
func TestTooSlow(t *testing.T) {
	i := install(t, shoptesting.Default(t), shoptest.V4)
	i.config.Settle = time.Millisecond
	i.Poller = poll.New(i.config)
	i.wants()
	usual := i.config.Shop.StatementWithin
	i.config.Shop.StatementWithin = 5 * time.Second // which all but these stay below, on a busy machine too
	slow := []string{"product_description", "category_description", "customer"}
	for _, table := range slow {
		i.sql("RENAME TABLE oc_"+table+" TO real_"+table, "CREATE VIEW oc_"+table+" AS SELECT * FROM real_"+table+" WHERE SLEEP(10) = 0")
	}
	i.sql("UPDATE oc_product SET quantity = quantity + 1 WHERE product_id = 1")
	err := i.Sweep(t.Context())
	if err == nil || !strings.Contains(err.Error(), "too slow at present: 3 parts of the shop in a row") || !strings.Contains(err.Error(), "1969") {
		t.Fatalf("swept a server that is too slow: %v, failing %v", err, i.Status().Failing)
	}
	i.config.Shop.StatementWithin = usual
	for _, table := range slow {
		i.sql("DROP VIEW oc_"+table, "RENAME TABLE real_"+table+" TO oc_"+table)
	}
	if got := i.found(); !got["stock/1"] {
		t.Errorf("marked %v", got)
	}
	if f := i.Status().Failing; len(f) != 0 {
		t.Errorf("failing %q", f)
	}
}
