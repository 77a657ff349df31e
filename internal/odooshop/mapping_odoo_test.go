//go:build odoo

package odooshop

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"octail/internal/odootest"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestMappingChanges: when a line of mappings.status says another state, `octail reload`
// names the command that leads the orders there which are in Odoo, and it does: all of
// them, and not the one that a person has cancelled there.
func TestMappingChanges(t *testing.T) {
	server := shoptesting.Server(t, shoptest.Options{Flavor: shoptest.MariaDB})
	database := shoptesting.Database(t, server)
	db := shoptesting.Open(t, server, database)
	if err := shoptest.Load(t.Context(), db, shoptest.V4, "oc_"); err != nil {
		t.Fatal(err)
	}
	odoo := odootest.Database(t, 19)
	prepare(t, odoo, "EUR", "GBP", "JPY")
	shop := shoptest.NewShop(db, shoptest.V4, "oc_", 13)
	a := between(t, server, database, "UTC", "[customer, product, category]", odoo, "release: any", "mappings: {status: {1: draft, 2: draft}}")
	a.start()
	quiet(a, db, 5*time.Minute)
	var last int64
	for range 4 {
		c, err := shop.RandomCheckout(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if last, err = shop.Order(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	quiet(a, db, 5*time.Minute)
	if j := judge(t, db, odoo, "draft"); !j.clean() {
		t.Fatalf("before: %s", j)
	}
	// A person cancels one.
	var ids []int64
	odoo.Call(t, "sale.order", "search", map[string]any{"domain": []any{[]any{"client_order_ref", "=", strconv.FormatInt(last, 10)}}}, &ids)
	odoo.Call(t, "sale.order", "action_cancel", map[string]any{"ids": ids}, nil)

	settings := filepath.Join(a.dir, "config.yaml")
	text, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(text), "{1: draft, 2: draft}", "{1: confirmed, 2: confirmed}", 1)
	if err := os.WriteFile(settings, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := a.run("reload")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, command, found := strings.Cut(out, "at once: octail ")
	command, _, _ = strings.Cut(command, "\n")
	if !found || command != "reconcile --sink erp --repair" {
		t.Fatalf("reload says:\n%s", out)
	}
	// What was accepted less than a minute ago is not compared.
	a.until(4*time.Minute, "the orders to be confirmed", func() bool {
		out, _ = a.run(strings.Fields(command)...)
		orders, _ := held(t, odoo)
		confirmed := 0
		for _, o := range orders {
			if o.state == "sale" {
				confirmed++
			}
		}
		return confirmed == 3
	})
	quiet(a, db, 5*time.Minute)
	if out, err = a.run("reconcile", "--sink", "erp"); err != nil {
		t.Errorf("afterwards it differs: %v\n%s", err, out)
	}
	if orders, twice := held(t, odoo); len(orders) != 4 || len(twice) > 0 || orders[last].state != "cancel" {
		t.Errorf("%d orders, %v twice, the one that a person has cancelled is %q", len(orders), twice, orders[last].state)
	}
	t.Log(out)
}
