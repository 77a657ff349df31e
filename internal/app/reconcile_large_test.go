package app_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"octail/internal/reconcile"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

var reconcileOrders = flag.Int("reconcile", 2000, "how many orders TestReconcileLarge compares")

// TestReconcileLarge plants 50 differences into many orders, so that the binlog does not
// have them, and measures what comparing costs the shop.
func TestReconcileLarge(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{})
	database, db, _ := openShop(t, server, shoptest.V4)
	filled, err := shoptest.FillOrders(t.Context(), server, database, shoptest.V4, "oc_", shoptest.FillOptions{Orders: *reconcileOrders, Transactions: true})
	if err != nil {
		t.Fatal(err)
	}
	// Of products and customers the journal covers what comes from now on.
	must(t, db, "UPDATE oc_product SET date_added = '2020-01-01', date_modified = '2020-01-01'", "UPDATE oc_customer SET date_added = '2020-01-01'")
	a := start(t, server, configure(t, server, database, settings{prefix: "oc_", hold: "1m", snapshot: "[order]"}))
	a.quiet()
	step := filled.Orders / 40
	in := func(from, n int) string { // n orders, evenly spread
		list := ""
		for i := range n {
			list += fmt.Sprintf(",%d", filled.First+int64((from+i)*step))
		}
		return "(" + list[1:] + ")"
	}
	must(t, db, "SET sql_log_bin = 0", "SET sql_mode = ''",
		"UPDATE oc_order SET comment = 'planted' WHERE order_id IN "+in(0, 20),
		"DELETE FROM oc_order WHERE order_id IN "+in(20, 15),
		"CREATE TEMPORARY TABLE planted SELECT * FROM oc_order WHERE order_id IN "+in(0, 15),
		fmt.Sprintf("UPDATE planted SET order_id = order_id + %d", filled.Last),
		"INSERT INTO oc_order SELECT * FROM planted", "SET sql_log_bin = 1")

	alone := probe(t, db, nil)
	type answer struct {
		r   *reconcile.Report
		err error
	}
	done, answered := make(chan struct{}), make(chan answer, 1)
	began := time.Now()
	go func() {
		r, err := post[reconcile.Report](a, "/api/v1/reconcile?repair=true", nil)
		close(done)
		answered <- answer{r, err}
	}()
	beside := probe(t, db, done)
	got := <-answered
	took := time.Since(began)
	if got.err != nil {
		t.Fatal(got.err)
	}
	t.Logf("%d orders compared in %.1f s: %s", filled.Orders, took.Seconds(), got.r.Total)
	t.Logf("statements of the shop, alone: p50 %s p99 %s (%d); beside it: p50 %s p99 %s (%d)", us(alone, .5), us(alone, .99), len(alone), us(beside, .5), us(beside, .99), len(beside))
	c := got.r.Entities["order"]
	if c.Missing != 15 || c.Different != 20 || c.Gone != 15 || c.Repaired != 50 || got.r.Total.Differences() != 50 {
		t.Errorf("%+v", got.r)
	}
	again, err := post[reconcile.Report](a, "/api/v1/reconcile", nil)
	if err != nil || again.Total.Differences() != 0 || !again.Equal() {
		t.Errorf("%+v %v", again, err)
	}
}

func us(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(10 * time.Microsecond)
}

// probe runs statements as pages of a shop do, and returns how long each took: until
// done, or for a few seconds.
func probe(t *testing.T, db *sql.DB, done <-chan struct{}) []time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if done == nil {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, min(10*time.Second, time.Second+time.Duration(*reconcileOrders)*100*time.Microsecond))
		defer stop()
		done = ctx.Done()
	}
	statements := []string{
		"SELECT p.*, d.name, d.description FROM oc_product p JOIN oc_product_description d USING (product_id) WHERE p.product_id = %d AND d.language_id = 1",
		"SELECT * FROM oc_order WHERE order_id = %d",
		"SELECT * FROM oc_order_product WHERE order_id = %d",
		"UPDATE oc_product SET quantity = quantity - 1 WHERE product_id = %d",
		"SELECT * FROM oc_setting WHERE store_id = %d",
	}
	var out []time.Duration
	for n := 0; ; n++ {
		select {
		case <-done:
			slices.Sort(out)
			return out
		case <-time.After(5 * time.Millisecond):
		}
		id := 1 + n%10
		began := time.Now()
		rows, err := db.Query(fmt.Sprintf(statements[n%len(statements)], id))
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		out = append(out, time.Since(began))
	}
}
