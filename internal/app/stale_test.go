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

var staleFor = flag.Duration("stale", 4*time.Second, "how long TestNoStaleDocument places orders")

// TestNoStaleDocument places 60 orders a second beside three busy loops while the
// agent reads at once (settle 0s). An event can be read from the binlog before its
// commit is visible; a document made of such a read would stay wrong for ever,
// because nothing touches the order again.
func TestNoStaleDocument(t *testing.T) {
	for _, flavor := range []string{shoptest.MariaDB, shoptest.MySQL} {
		t.Run(flavor, func(t *testing.T) {
			server := shoptesting.Server(t, shoptest.Options{Flavor: flavor})
			database := shoptesting.Database(t, server)
			db, err := server.Open(database, true)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := shoptest.Load(t.Context(), db, shoptest.V4, "oc_"); err != nil {
				t.Fatal(err)
			}
			a := start(t, server, configure(t, server, database, settings{prefix: "oc_", settle: "0s"}))
			a.quiet()

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
					for n := 0; ; n++ {
						select {
						case <-ctx.Done():
							return
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
					}
				}
				if len(revisions) > 0 {
					if err := json.Unmarshal(revisions[0].Data, &doc); err != nil {
						t.Fatal(err)
					}
				}
				if doc.Document.Comment != comment || doc.Document.Status.ID != status || len(doc.Document.Lines) != 3 {
					stale++
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %d orders, %.0f/s, %d stale; %s", flavor, orders, float64(placed.Load())/took.Seconds(), stale, a.metric("octail_documents_reads_retaken_total"))
			if stale > 0 || orders == 0 {
				t.Errorf("%d of %d orders are stale", stale, orders)
			}
		})
	}
}

// placeOrder writes an order as a checkout does, and one last change at once
// after the confirmation.
func placeOrder(db *sql.DB, writer, n int) error {
	ctx := context.Background()
	name := fmt.Sprintf("%d-%d", writer, n)
	res, err := db.ExecContext(ctx, `INSERT INTO oc_order (invoice_prefix, store_name, store_url, firstname, lastname, email, telephone, payment_method, shipping_method, comment, total,
		order_status_id, language_id, language_code, currency_id, currency_code, currency_value, date_added, date_modified)
		VALUES ('INV-', 'Shop', 'http://shop.example.com/', 'A', 'B', 'a@example.com', '1', '{"code":"cod.cod","name":"COD"}', '', '', 30, 0, 1, 'en-gb', 1, 'EUR', 1, NOW(), NOW())`)
	if err != nil {
		return err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return err
	}
	for i := range 3 {
		if _, err := db.ExecContext(ctx, "INSERT INTO oc_order_product (order_id, product_id, master_id, name, model, quantity, price, total, tax, reward) VALUES (?, ?, 0, 'x', 'm', 1, 10, 10, 0, 0)", id, i+1); err != nil {
			return err
		}
	}
	if _, err := db.ExecContext(ctx, "UPDATE oc_order SET order_status_id = 1, comment = ? WHERE order_id = ?", name, id); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "UPDATE oc_order SET order_status_id = 2, comment = ? WHERE order_id = ?", name+"!", id)
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
