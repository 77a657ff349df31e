package app_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

var staleFor = flag.Duration("stale", 2*time.Second, "how long TestNoStaleDocument places orders")

// TestNoStaleDocument places 60 orders a second beside three busy loops while the
// agent reads at once (settle 0s). An event can be read from the binlog before its
// commit is visible; a document made of such a read would stay wrong for ever,
// because nothing touches the order again. On MyISAM it is the inserted row that
// comes late: an order ends with one.
func TestNoStaleDocument(t *testing.T) {
	for _, c := range []struct {
		flavor, engine string
		gen            shoptest.Generation
	}{
		{shoptest.MariaDB, "InnoDB", shoptest.V4}, {shoptest.MariaDB, "MyISAM", shoptest.V3},
		{shoptest.MySQL, "InnoDB", shoptest.V4}, {shoptest.MySQL, "MyISAM", shoptest.V3},
	} {
		flavor := c.flavor
		t.Run(flavor+" "+c.engine, func(t *testing.T) {
			server := shoptesting.Server(t, shoptest.Options{Flavor: flavor, Args: []string{"--sql-mode=NO_ENGINE_SUBSTITUTION"}})
			database := shoptesting.Database(t, server)
			db, err := server.Open(database, true)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := shoptest.Load(t.Context(), db, c.gen, "oc_"); err != nil {
				t.Fatal(err)
			}
			a := start(t, server, configure(t, server, database, settings{prefix: "oc_", settle: "0s"}))
			a.quiet()
			seeded := 0
			if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM oc_customer").Scan(&seeded); err != nil {
				t.Fatal(err)
			}

			ctx, cancel := context.WithTimeout(t.Context(), *staleFor)
			defer cancel()
			for range 3 { // busy loops of their own, beside the server and the agent
				loop := exec.CommandContext(ctx, "sh", "-c", "while :; do :; done")
				if err := loop.Start(); err != nil {
					t.Fatal(err)
				}
				defer loop.Wait()
			}
			const perSecond, hands = 60, 12
			var placed atomic.Int64
			var writers sync.WaitGroup
			began := time.Now()
			for w := range hands {
				writers.Go(func() {
					every := time.Second * hands / perSecond
					next := began.Add(every * time.Duration(w) / hands)
					for n := 0; ; n++ { // one at least, however long it takes
						select {
						case <-ctx.Done():
							if n > 0 {
								return
							}
						case <-time.After(time.Until(next)):
						}
						next = next.Add(every)
						if err := placeOrder(db, w, n); err != nil {
							t.Error(err)
							return
						}
						placed.Add(1)
					}
				})
			}
			writers.Wait()
			took := time.Since(began)
			a.quiet()

			rows, err := db.QueryContext(t.Context(), "SELECT order_id, comment, order_status_id FROM oc_order")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			j := a.look()
			orders, stale := 0, 0
			for rows.Next() {
				var id, status int64
				var comment string
				if err := rows.Scan(&id, &comment, &status); err != nil {
					t.Fatal(err)
				}
				orders++
				revisions, err := j.Revisions(t.Context(), document.Key{Entity: document.OrderEntity, ID: id})
				if err != nil {
					t.Fatal(err)
				}
				var doc struct {
					Document struct {
						Comment string
						Status  struct{ ID int64 }
						Lines   []json.RawMessage
						History []struct{ Comment string }
					}
				}
				if len(revisions) > 0 {
					if err := json.Unmarshal(revisions[0].Data, &doc); err != nil {
						t.Fatal(err)
					}
				}
				d := doc.Document
				if d.Comment != comment || d.Status.ID != status || len(d.Lines) != 3 || len(d.History) != 1 || d.History[0].Comment != comment {
					stale++
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			customers, known := 0, 0
			if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM oc_customer WHERE telephone = 'placed'").Scan(&customers); err != nil {
				t.Fatal(err)
			}
			for id := int64(0); ; {
				page, err := j.KnownIDs(t.Context(), document.CustomerEntity, id, 1000)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				known, id = known+len(page), page[len(page)-1]
			}
			if missing := customers + seeded - known; missing != 0 {
				t.Errorf("%d of %d customers are not known", missing, customers)
			}
			t.Logf("%s %s: %d orders, %.0f/s, %d stale; %s", flavor, c.engine, orders, float64(placed.Load())/took.Seconds(), stale, a.metric("octail_documents_reads_retaken_total"))
			if stale > 0 || orders == 0 {
				t.Errorf("%d of %d orders are stale", stale, orders)
			}
		})
	}
}

// placeOrder writes an order as a checkout does, and at once after the confirmation
// one last change and one last row; then a customer, who is one row and no more.
func placeOrder(db *sql.DB, writer, n int) error {
	ctx := context.Background()
	name := fmt.Sprintf("%d-%d", writer, n)
	res, err := db.ExecContext(ctx, `INSERT INTO oc_order (invoice_prefix, store_name, store_url, firstname, lastname, email, telephone, payment_method, shipping_method, comment, total,
		order_status_id, language_id, currency_id, currency_code, currency_value, date_added, date_modified)
		VALUES ('INV-', 'Shop', 'http://shop.example.com/', 'A', 'B', 'a@example.com', '1', '{"code":"cod.cod","name":"COD"}', '', '', 30, 0, 1, 1, 'EUR', 1, NOW(), NOW())`)
	if err != nil {
		return err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return err
	}
	for i := range 3 {
		if _, err := db.ExecContext(ctx, "INSERT INTO oc_order_product (order_id, product_id, name, model, quantity, price, total, tax, reward) VALUES (?, ?, 'x', 'm', 1, 10, 10, 0, 0)", id, i+1); err != nil {
			return err
		}
	}
	if _, err := db.ExecContext(ctx, "UPDATE oc_order SET order_status_id = 1, comment = ? WHERE order_id = ?", name, id); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "UPDATE oc_order SET order_status_id = 2, comment = ? WHERE order_id = ?", name+"!", id); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (?, 2, 0, ?, NOW())", id, name+"!")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "INSERT INTO oc_customer (firstname, email, telephone, status, date_added) VALUES ('A', ?, 'placed', 1, NOW())", name+"@example.com")
	return err
}

// metric reads the lines of a metric.
func (a *agent) metric(name string) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", a.cfg.HTTP.Socket)
	}}}
	res, err := client.Get("http://octail/metrics")
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, name) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return strings.Join(found, "\n")
}
