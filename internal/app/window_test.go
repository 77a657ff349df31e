package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"octail/internal/console"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// arrived counts the events in the agent's file from a line on, by type and origin.
func arrived(t *testing.T, a *agent, from int) (counts map[string]int, lines int) {
	t.Helper()
	text, err := os.ReadFile(a.file)
	if err != nil {
		t.Fatal(err)
	}
	counts = map[string]int{}
	all := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range all[from:] {
		var e struct{ Type, Origin string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		counts[strings.TrimPrefix(e.Type, "octail.")+" by "+e.Origin]++
	}
	return counts, len(all)
}

func wantArrived(t *testing.T, got, want map[string]int) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("arrived %v, want %v", got, want)
	}
}

// TestOldOrders: orders from before octail came to the shop stay out when all orders
// are compared; one of them that was changed meanwhile comes in.
func TestOldOrders(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{Args: noNames()})
	database, db, shop := openShop(t, server, shoptest.V4)
	place(t, shop, 30)
	must(t, db, "UPDATE oc_order SET date_added = '2015-01-01', date_modified = '2015-01-01'")
	cfg := configure(t, server, database, settings{prefix: "oc_"})
	a := start(t, server, cfg)
	a.quiet()
	counts, lines := arrived(t, a, 0)
	if counts["order.created by snapshot"] != 0 {
		t.Errorf("%v", counts)
	}

	must(t, db, "ALTER TABLE oc_order ADD ext_x INT", "ALTER TABLE oc_order DROP COLUMN ext_x")
	a.quiet()
	counts, lines = arrived(t, a, lines)
	wantArrived(t, counts, map[string]int{})

	// Behind an ALTER, without names in the log: rows cannot be read by position.
	a.stop()
	must(t, db, "UPDATE oc_order SET comment = 'changed', date_modified = UTC_TIMESTAMP() + INTERVAL 1 DAY WHERE order_id = 3", "ALTER TABLE oc_order ADD ext_x INT AFTER order_id")
	a = start(t, server, cfg)
	a.quiet()
	counts, lines = arrived(t, a, lines)
	wantArrived(t, counts, map[string]int{"order.created by reconcile": 1})

	// A hole.
	a.stop()
	must(t, db, "UPDATE oc_order SET comment = 'again', date_modified = UTC_TIMESTAMP() + INTERVAL 1 DAY WHERE order_id IN (3, 5)")
	resetLog(t, server)
	a = start(t, server, cfg)
	a.quiet()
	counts, _ = arrived(t, a, lines)
	wantArrived(t, counts, map[string]int{"order.created by reconcile": 1, "order.updated by reconcile": 1})
}

// TestTablesComeAndGo: tables that were not there at the start are watched from the
// moment they are, and what was in them before is read.
func TestTablesComeAndGo(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, _ := openShop(t, server, shoptest.V3)
	must(t, db, "RENAME TABLE oc_product_special TO kept_special")
	cfg := configure(t, server, database, settings{prefix: "oc_"})
	a := start(t, server, cfg)
	a.quiet()
	_, lines := arrived(t, a, 0)
	const special = "INSERT INTO %s (product_id, customer_group_id, priority, price, date_start, date_end) VALUES (%d, 1, 1, %d, '0000-00-00', '0000-00-00')"
	must(t, db, "SET sql_mode = ''", "TRUNCATE kept_special", fmt.Sprintf(special, "kept_special", 1, 3), "RENAME TABLE kept_special TO oc_product_special")
	a.quiet()
	counts, lines := arrived(t, a, lines)
	wantArrived(t, counts, map[string]int{"product.updated by reconcile": 1})
	must(t, db, "SET sql_mode = ''", fmt.Sprintf(special, "oc_product_special", 2, 4))
	a.quiet()
	counts, lines = arrived(t, a, lines)
	wantArrived(t, counts, map[string]int{"product.updated by shop": 1})
	must(t, db, "DROP TABLE oc_product_special")
	a.quiet()
	counts, _ = arrived(t, a, lines)
	wantArrived(t, counts, map[string]int{"product.updated by reconcile": 2})
	compareAll(t, a.look(), server, database, "oc_")
}

// TestSettingsChange: another default language or currency is announced and applied,
// running and stopped.
func TestSettingsChange(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, _ := openShop(t, server, shoptest.V4)
	cfg := configure(t, server, database, settings{prefix: "oc_"})
	a := start(t, server, cfg)
	for _, c := range []struct {
		language string
		running  bool
	}{{"de-de", true}, {"en-gb", false}} {
		a.quiet()
		_, lines := arrived(t, a, 0)
		if !c.running {
			a.stop()
		}
		must(t, db, "UPDATE oc_setting SET value = '"+c.language+"' WHERE `key` IN ('config_language', 'config_language_catalog')")
		if !c.running {
			a = start(t, server, cfg)
		}
		a.quiet()
		counts, _ := arrived(t, a, lines)
		if counts["category.updated by reconcile"] == 0 || counts["product.updated by reconcile"] == 0 {
			t.Errorf("to %s: %v", c.language, counts)
		}
	}
	// (In between, names that are decoration were still in the old one where nothing
	// else had changed.)
	compareAll(t, a.look(), server, database, "oc_")
	must(t, db, "UPDATE oc_setting SET value = 'USD' WHERE `key` = 'config_currency'")
	a.quiet()
	a.stop()
	a = start(t, server, cfg) // and is not refused
	a.quiet()
	if got, err := a.look().Meta(t.Context(), "currency"); err != nil || got != "USD" {
		t.Errorf("currency %q, %v", got, err)
	}
}

// TestColumnsComeAndGo: without a column that documents need nothing is believed; a
// column that comes back, or comes anew, is compared, running and stopped.
func TestColumnsComeAndGo(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, shop := openShop(t, server, shoptest.V4)
	cfg := configure(t, server, database, settings{prefix: "oc_"})
	a := start(t, server, cfg)
	a.quiet()
	place(t, shop, 3)
	a.quiet()
	_, lines := arrived(t, a, 0)
	must(t, db, "ALTER TABLE oc_order_product CHANGE quantity qty INT")
	var st console.Status
	waitFor(t, "status to say what cannot be read", func() bool {
		st = console.Status{}
		return a.get("/api/v1/status", &st) == nil && st.Level == console.Red && len(st.Documents.Failing) > 0
	})
	if got := st.Documents.Failing[0].Error; !strings.Contains(got, "column quantity of table oc_order_product is not there") {
		t.Error(got)
	}
	must(t, db, "ALTER TABLE oc_order_product CHANGE qty quantity INT")
	a.quiet()
	counts, lines := arrived(t, a, lines)
	wantArrived(t, counts, map[string]int{})
	compareAll(t, a.look(), server, database, "oc_")

	must(t, db, "ALTER TABLE oc_product DROP COLUMN points")
	a.quiet()
	_, lines = arrived(t, a, lines)
	must(t, db, "ALTER TABLE oc_product ADD points INT NOT NULL DEFAULT 5")
	a.quiet()
	counts, lines = arrived(t, a, lines)
	if counts["product.updated by reconcile"] == 0 {
		t.Errorf("running: %v", counts)
	}
	compareAll(t, a.look(), server, database, "oc_")

	must(t, db, "ALTER TABLE oc_product DROP COLUMN points")
	a.quiet()
	_, lines = arrived(t, a, lines)
	a.stop()
	must(t, db, "ALTER TABLE oc_product ADD points INT NOT NULL DEFAULT 7")
	a = start(t, server, cfg)
	a.quiet()
	if counts, _ = arrived(t, a, lines); counts["product.updated by reconcile"] == 0 {
		t.Errorf("stopped: %v", counts)
	}
	compareAll(t, a.look(), server, database, "oc_")
}
