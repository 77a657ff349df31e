//go:build odoo

package odooshop

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/odootest"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestRecorded replays recorded shops with agent and Odoo attached, the whole of it in
// one go, as it happened there: checkouts, edits by staff, cancellations, deletions. At the
// end every confirmed order, customer and product of the shop is in Odoo, with its total
// and its state.
func TestRecorded(t *testing.T) {
	t.Parallel()
	folder := shoptesting.Recordings(t)
	for _, name := range []string{"2.3.0.2-mariadb10.11", "3.0.5.1-mariadb10.11", "4.1.0.4-mariadb10.11"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := shoptesting.Server(t, shoptest.Options{Flavor: shoptest.MariaDB, Args: []string{"--binlog-row-metadata=NO_LOG", "--default-time-zone=+02:00"}})
			database := "shop_" + strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return r
				}
				return -1
			}, name)
			recording := shoptesting.Load(t, server, filepath.Join(folder, name), database)
			db, err := server.Open(database, false)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			odoo := odootest.Database(t, 19)
			prepare(t, odoo, "EUR", "GBP")
			a := between(t, server, database, "Etc/GMT-2", "[customer, product, category]", odoo, "release: any", "since: 2020-01-01")
			a.start()
			quiet(a, db, 5*time.Minute)
			recording.Replay(t, shoptesting.End)
			quiet(a, db, 10*time.Minute)
			st, err := a.status()
			if err != nil {
				t.Fatal(err)
			}
			if dead := st.Sinks[0].Dead; dead > 0 {
				out, _ := a.run("dead", "list")
				t.Errorf("%d dead letters:\n%s", dead, out)
			}
			judgeRecorded(t, db, odoo)
		})
	}
}

// quiet waits until the agent has delivered all that the shop has.
func quiet(a *agent, db *sql.DB, limit time.Duration) {
	a.t.Helper()
	a.until(limit, "all to be delivered", func() bool {
		var gtid string
		return db.QueryRow("SELECT @@gtid_binlog_pos").Scan(&gtid) == nil && a.idle(gtid)
	})
}

// stateOf is what an order's state in Odoo has to be: what the status stands for, by its
// name in a shop in English. One that was cancelled before Odoo had it is not there.
var stateOf = map[string]string{
	"Pending": "draft sent", "Processing": "sale", "Processed": "sale", "In process": "sale", "Shipped": "sale", "Complete": "sale",
	"Canceled": "cancel", "Denied": "cancel", "Failed": "cancel", "Voided": "cancel", "Refunded": "cancel",
}

func judgeRecorded(t *testing.T, db *sql.DB, o *odootest.Odoo) {
	t.Helper()
	want := placed(t, db)
	have, twice := held(t, o)
	status := map[int64]string{}
	rows, err := db.Query("SELECT o.order_id, COALESCE(s.name, '') FROM oc_order o LEFT JOIN oc_order_status s ON s.order_status_id = o.order_status_id AND s.language_id = 1 WHERE o.order_status_id > 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			t.Fatal(err)
		}
		status[id] = name
	}
	right := 0
	for id, w := range want {
		h, there := have[id]
		switch {
		case !there:
			t.Errorf("order %d (%s, %s) is not in Odoo", id, status[id], w.total)
		case h.total != w.total || h.mail != w.mail || fmt.Sprint(h.lines) != fmt.Sprint(w.lines):
			t.Errorf("order %d: %s %v in Odoo, %s %v in the shop", id, h.total, h.lines, w.total, w.lines)
		case !strings.Contains(stateOf[status[id]], h.state):
			t.Errorf("order %d: %s in Odoo, %s in the shop", id, h.state, status[id])
		default:
			right++
		}
	}
	for id, h := range have {
		if _, ok := want[id]; !ok && h.state != "cancel" { // an order that the shop has deleted is cancelled
			t.Errorf("order %d is in Odoo alone, %s", id, h.state)
		}
	}
	for _, what := range append(twice, doubles(t, o)...) {
		t.Errorf("twice: %s", what)
	}
	customers, products := count(t, db, "SELECT customer_id FROM oc_customer", o, "c_%d", "res.partner"), count(t, db, "SELECT product_id FROM oc_product", o, "p_%d pt_%d", "")
	t.Logf("%d of %d orders right, %s customers, %s products", right, len(want), customers, products)
}

// count says how many of the shop's keys have a record in Odoo, and fails for those that
// have none. names are the forms of the external ids, one of which it has.
func count(t *testing.T, db *sql.DB, query string, o *odootest.Odoo, names, model string) string {
	t.Helper()
	held := map[string]bool{}
	for _, row := range o.SQL(t, "SELECT d.name FROM ir_model_data d WHERE d.module = 'octail_main-shop' AND ('"+model+"' = '' OR d.model = '"+model+"')") {
		held[row[0]] = true
	}
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all, there := 0, 0
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		all++
		found := false
		for _, form := range strings.Fields(names) {
			found = found || held[fmt.Sprintf(form, id)]
		}
		if found {
			there++
		} else {
			t.Errorf("%s: %d is not in Odoo", query, id)
		}
	}
	return fmt.Sprintf("%d of %d", there, all)
}
