package poll_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octail/canal"
	"octail/internal/journal"
	"octail/internal/poll"
	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

func TestMain(m *testing.M) { shoptesting.Main(m) }

// installation is a shop, and a poller that may read it and no more.
type installation struct {
	*poll.Poller
	t       *testing.T
	admin   *sql.DB
	config  poll.Config
	path    string
	began   time.Time // of the next sweep; zero: now
	begun   int
	altered int
}

const account = "octail_poll"

func install(t *testing.T, server *shoptest.Server, gen shoptest.Generation) *installation {
	t.Helper()
	database, _ := shoptesting.Shop(t, server, gen)
	i := &installation{t: t, path: filepath.Join(t.TempDir(), "octail.db")}
	var err error
	if i.admin, err = server.Open(database, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.admin.Close() })
	i.sql("CREATE USER IF NOT EXISTS "+account, "GRANT SELECT ON `"+database+"`.* TO "+account)
	pool, err := shop.Open(shop.Options{Address: server.Addr(), User: account, Database: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	is, err := canal.Inspect(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	i.config = poll.Config{Shop: shop.New(pool, is, database, "oc_"), Every: time.Minute, GoneAfter: time.Nanosecond, Hurried: true, Log: slog.New(slog.DiscardHandler),
		Metrics: poll.NewMetrics(prometheus.NewRegistry(), func(bool, time.Time) {}), Anew: true,
		Begun: func(context.Context) error { i.begun++; return nil }, Altered: func() { i.altered++ }}
	i.open()
	return i
}

// open starts the poller as the agent does, with the journal as it is.
func (i *installation) open() {
	i.t.Helper()
	if i.config.Journal != nil {
		i.config.Journal.Close()
		i.config.Anew = false
	}
	j, err := journal.Open(i.t.Context(), i.path)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { j.Close() })
	i.config.Journal = j
	i.Poller = poll.New(i.config)
	i.Small(3, "order", "product", "stock", "category", "customer", "table order_history", "table order_option", "table product_option_value", "table seo_url", "table setting")
}

func (i *installation) sql(statements ...string) {
	i.t.Helper()
	conn, err := i.admin.Conn(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range append([]string{"SET SESSION sql_mode = 'NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'"}, statements...) {
		if _, err := conn.ExecContext(i.t.Context(), s); err != nil {
			i.t.Fatalf("%s: %v", s, err)
		}
	}
}

// found sweeps and returns what was marked, cleared.
func (i *installation) found() map[string]bool {
	i.t.Helper()
	began := i.began
	if began.IsZero() {
		began = time.Now()
	}
	if err := i.SweepAt(i.t.Context(), began); err != nil {
		i.t.Fatal(err)
	}
	out := map[string]bool{}
	marks, err := i.config.Journal.Due(i.t.Context(), time.Now().Add(time.Hour), 1<<20)
	if err != nil {
		i.t.Fatal(err)
	}
	var c journal.Commit
	for _, m := range marks {
		out[m.Key.String()] = true
		c.Clear = append(c.Clear, journal.Seen{Key: m.Key, Mark: m.Number})
		if m.ID > 0 && (m.Reason != "poll" || m.Origin != document.FromShop) {
			i.t.Errorf("%s is marked for %s by %s", m.Key, m.Reason, m.Origin)
		}
	}
	if _, err := i.config.Journal.Append(i.t.Context(), c); err != nil {
		i.t.Fatal(err)
	}
	return out
}

func (i *installation) wants(want ...string) {
	i.t.Helper()
	got := slices.Sorted(maps.Keys(i.found()))
	slices.Sort(want)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		i.t.Errorf("marked %v, want %v", got, want)
	}
	for key := range i.found() { // the second look
		if !slices.Contains(want, key) {
			i.t.Errorf("%s is marked by the second sweep, not by the first", key)
		}
	}
}

// wantsGone wants rows that are missing to be marked by the second sweep that misses them.
func (i *installation) wantsGone(want ...string) {
	i.t.Helper()
	if got := i.found(); len(got) > 0 {
		i.t.Errorf("marked %v by the first sweep that misses them", got)
	}
	if n := i.Status().Missing; n != len(want) {
		i.t.Errorf("%d are missing, want %d", n, len(want))
	}
	i.wants(want...)
	if n := i.Status().Missing; n != 0 {
		i.t.Errorf("%d are still missing", n)
	}
}

// orders fills the shop with orders that have lines, options and a history.
const orders = `INSERT INTO oc_order (order_id, order_status_id, total, comment) SELECT seq, seq % 3, seq, 'c' FROM seq_1_to_40;
	INSERT INTO oc_order_product (order_id, product_id, name, model, quantity, price, total, tax) SELECT seq % 40 + 1, 1, 'n', 'm', 1, seq, seq, 0 FROM seq_1_to_90;
	INSERT INTO oc_order_option (order_id, order_product_id, product_option_id, name, value) SELECT seq % 40 + 1, seq, 1, 'n', 'v' FROM seq_1_to_50;
	INSERT INTO oc_order_total (order_id, code, title, value, sort_order) SELECT seq % 40 + 1, 'total', 'Total', seq, 9 FROM seq_1_to_80;
	INSERT INTO oc_order_history (order_id, order_status_id, notify, comment) SELECT seq % 40 + 1, 1, 0, '' FROM seq_1_to_100`

// TestFinds changes the shop at random, a few rows between two sweeps, now and then
// with a restart: exactly the keys whose rows say something else are marked. Ranges
// are three keys long.
func TestFinds(t *testing.T) {
	t.Parallel()
	server := shoptesting.MariaDB(t)
	for _, gen := range []shoptest.Generation{shoptest.V3, shoptest.V4} {
		t.Run(gen.String(), func(t *testing.T) {
			t.Parallel()
			i := install(t, server, gen)
			i.sql(strings.Split(orders, ";")...)
			i.wants()
			if i.begun != 1 || i.altered != 1 {
				t.Fatalf("begun %d times, altered %d times", i.begun, i.altered)
			}
			i.wants()
			random := rand.New(rand.NewPCG(uint64(gen), 9))
			n := 0
			seo := func(k int, kind string) string {
				if gen == shoptest.V4 {
					return fmt.Sprintf("INSERT INTO oc_seo_url (store_id, language_id, `key`, `value`, keyword) VALUES (0, 1, '%s', '%d', 'k%d')", kind, k, n)
				}
				return fmt.Sprintf("INSERT INTO oc_seo_url (store_id, language_id, query, keyword) VALUES (0, 1, '%s=%d', 'k%d')", kind, k, n)
			}
			acts := []func(k int) (sql string, marked []string){
				func(k int) (string, []string) {
					return fmt.Sprintf("UPDATE oc_order SET comment = 'c%d' WHERE order_id = %d", n, k), []string{"order/%d"}
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("INSERT INTO oc_order_history (order_id, order_status_id, comment) VALUES (%d, 2, 'h%d')", k, n), []string{"order/%d"}
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("UPDATE oc_order_option SET value = 'v%d' WHERE order_id = %d", n, k), []string{"order/%d"}
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("DELETE FROM oc_order_total WHERE order_id = %[1]d; INSERT INTO oc_order_total (order_id, code, title, value) VALUES (%[1]d, 'total', 'T', %[2]d)", k, n), []string{"order/%d"}
				},
				func(k int) (string, []string) { // new at the end, beyond all ranges there were
					return fmt.Sprintf("INSERT INTO oc_order (order_id, order_status_id) VALUES (%d, 1)", 10_000+n), []string{fmt.Sprintf("order/%d", 10_000+n)}
				},
				func(int) (string, []string) {
					return fmt.Sprintf("INSERT INTO oc_order_history (order_id, order_status_id) VALUES (%[1]d, 1)", 41+n), []string{fmt.Sprintf("order/%d", 41+n)} // one that was not there
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("UPDATE oc_order SET date_modified = '2001-01-01 00:00:%02d', ip = '192.0.2.%d' WHERE order_id = %d", n%60, n%250, k), nil
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("UPDATE oc_product SET price = %d WHERE product_id = %d", 1000+n, k%4+1), []string{"product/%d"}
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("UPDATE oc_product SET quantity = %d WHERE product_id = %d", 1000+n, k%4+1), []string{"stock/%d"}
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("UPDATE oc_product SET date_modified = '2001-01-01 00:00:%02d' WHERE product_id = %d", n%60, k%4+1), nil
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("UPDATE oc_product_description SET name = 'n%d' WHERE product_id = %d AND language_id = 1", n, k%4+1), []string{"product/%d"}
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("INSERT INTO oc_product_option_value (product_id, option_id, option_value_id, quantity) VALUES (%d, 1, %d, 1)", k%4+1, n), []string{"product/%d", "stock/%d"}
				},
				func(k int) (string, []string) { return seo(k%4+1, "product_id"), []string{"product/%d"} },
				func(k int) (string, []string) { return seo(k%4+1, "information_id"), nil },
				func(k int) (string, []string) { // rewritten as a save does: other ids, nothing else
					return "CREATE TEMPORARY TABLE kept SELECT * FROM oc_seo_url; DELETE FROM oc_seo_url; UPDATE kept SET seo_url_id = 0; INSERT INTO oc_seo_url SELECT * FROM kept; DROP TEMPORARY TABLE kept", nil
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("INSERT INTO oc_product_image (product_id, image) VALUES (%[1]d, 'i%[2]d'); CREATE TEMPORARY TABLE kept SELECT * FROM oc_product_image; DELETE FROM oc_product_image; UPDATE kept SET product_image_id = 0; INSERT INTO oc_product_image SELECT * FROM kept ORDER BY image DESC; DROP TEMPORARY TABLE kept", k%4+1, n), []string{"product/%d"}
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("UPDATE oc_setting SET `value` = 'v%d' WHERE `key` = 'config_name'", n), []string{"ref:setting/0"}
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("INSERT INTO oc_order_status (order_status_id, language_id, name) VALUES (%d, 1, 'x')", 100+n), []string{"ref:order_status/0"}
				},
				func(k int) (string, []string) {
					return fmt.Sprintf("INSERT INTO oc_manufacturer (name, sort_order) VALUES ('m%d', 0); UPDATE oc_manufacturer SET sort_order = sort_order + 1", n), []string{"manufacturer"}
				},
				func(k int) (string, []string) { // there and back between two sweeps
					return fmt.Sprintf("UPDATE oc_order SET total = total + 1 WHERE order_id = %[1]d; UPDATE oc_order SET total = total - 1 WHERE order_id = %[1]d", k), nil
				},
			}
			marked, quiet := 0, 0
			for round := range 20 {
				var want []string
				for range random.IntN(6) {
					n++
					k := random.IntN(30) + 1
					script, keys := acts[random.IntN(len(acts))](k)
					i.sql(strings.Split(script, "; ")...)
					for _, key := range keys {
						switch {
						case key == "manufacturer":
							var id int
							if err := i.admin.QueryRow("SELECT MAX(manufacturer_id) FROM oc_manufacturer").Scan(&id); err != nil {
								t.Fatal(err)
							}
							key = fmt.Sprintf("of-manufacturer/%d", id)
						case !strings.Contains(key, "%d"):
						case strings.HasPrefix(key, "order"):
							key = fmt.Sprintf(key, k)
						default:
							key = fmt.Sprintf(key, k%4+1)
						}
						if !slices.Contains(want, key) {
							want = append(want, key)
						}
					}
				}
				if random.IntN(10) == 0 {
					i.open()
				}
				if i.wants(want...); t.Failed() {
					t.Fatalf("in round %d", round)
				}
				if marked += len(want); len(want) == 0 {
					quiet++
				}
			}
			i.sql("DELETE FROM oc_order WHERE order_id IN (7, 8)", "DELETE FROM oc_product WHERE product_id = 2")
			i.wantsGone("order/7", "order/8", "product/2", "stock/2") // some of their rows are left
			for _, table := range []string{"order_product", "order_option", "order_total", "order_history"} {
				i.sql("DELETE FROM oc_" + table + " WHERE order_id IN (7, 8)")
			}
			i.wantsGone("order/7", "order/8")
			i.wants()
			t.Logf("%d marks, all due, and %d sweeps that rightly found nothing", marked, quiet)
		})
	}
}

// TestAltered: what is made of altered tables is compared as a whole, once; a change at
// the same moment is in that. The rest is found as ever.
func TestAltered(t *testing.T) {
	t.Parallel()
	i := install(t, shoptesting.MariaDB(t), shoptest.V3)
	i.sql(strings.Split(orders, ";")...)
	i.wants()
	for _, c := range []struct {
		sql  []string
		want []string
	}{
		{[]string{"ALTER TABLE oc_product DROP COLUMN location, ADD COLUMN ext_x INT", "UPDATE oc_product SET price = 1 WHERE product_id = 1", "UPDATE oc_product SET quantity = 77 WHERE product_id = 1"}, []string{"product/0", "stock/1"}},
		{[]string{"ALTER TABLE oc_order ADD INDEX ext (email), MODIFY tracking VARCHAR(99) CHARACTER SET latin1 NOT NULL"}, nil},
		{[]string{"ALTER TABLE oc_manufacturer ADD COLUMN ext_x INT"}, []string{"of-manufacturer/0"}},
		{[]string{"DROP TABLE oc_manufacturer"}, []string{"of-manufacturer/0"}},
		{[]string{"DROP TABLE oc_order_voucher", "UPDATE oc_order SET comment = 'y' WHERE order_id = 3"}, []string{"order/0"}},
		{[]string{"UPDATE oc_order SET comment = 'z' WHERE order_id = 3"}, []string{"order/3"}},
		{[]string{"ALTER TABLE oc_customer ENGINE=InnoDB", "ALTER TABLE oc_address DROP INDEX customer_id"}, nil},
		{[]string{"UPDATE oc_address SET city = 'x' WHERE customer_id = 1"}, []string{"customer/1"}},
	} {
		before := i.altered
		i.sql(c.sql...)
		i.wants(c.want...)
		i.wants()
		if whole := slices.ContainsFunc(c.want, func(k string) bool { return strings.HasSuffix(k, "/0") }); (i.altered > before) != whole || i.altered > before+1 {
			t.Errorf("%s: altered %d times", c.sql, i.altered-before)
		}
	}
	if i.begun != 1 {
		t.Errorf("begun %d times", i.begun)
	}
}

// TestPartFails: a table that cannot be read hides the changes of its entity alone, says
// so, and they are found when it can be read again.
func TestPartFails(t *testing.T) {
	t.Parallel()
	i := install(t, shoptesting.MariaDB(t), shoptest.V3)
	i.sql(strings.Split(orders, ";")...)
	i.wants()
	columns := "order_total_id, order_id, code, title, value, sort_order"
	i.sql("RENAME TABLE oc_order_total TO kept", "CREATE VIEW oc_order_total AS SELECT "+columns+" FROM kept WHERE (SELECT 1 UNION SELECT 2) = 1")
	i.sql("UPDATE oc_order SET comment = 'x' WHERE order_id = 3", "UPDATE oc_product SET price = 1 WHERE product_id = 1")
	i.wants("product/1")
	if f := i.Status().Failing; len(f) != 1 || !strings.HasPrefix(f[0], "order: error 1242") {
		t.Errorf("failing %q", f)
	}
	i.wants()
	i.sql("DROP VIEW oc_order_total", "RENAME TABLE kept TO oc_order_total")
	i.wants("order/3")
	if f := i.Status().Failing; len(f) != 0 {
		t.Errorf("failing %q", f)
	}
}

// TestFailsAtFirst: an entity that cannot be swept at the first start does not hold the
// others up; when it can be, all of it is compared.
func TestFailsAtFirst(t *testing.T) {
	t.Parallel()
	i := install(t, shoptesting.MariaDB(t), shoptest.V3)
	i.sql(strings.Split(orders, ";")...)
	i.sql("RENAME TABLE oc_order_total TO kept", "CREATE VIEW oc_order_total AS SELECT order_total_id, order_id, code, title, value, sort_order FROM kept WHERE (SELECT 1 UNION SELECT 2) = 1")
	i.wants()
	if i.begun != 1 {
		t.Errorf("begun %d times", i.begun)
	}
	i.sql("DROP VIEW oc_order_total", "RENAME TABLE kept TO oc_order_total")
	i.wants("order/0")
	i.wants()
}

// TestAnew: states of another time mean nothing: all are stored again, and nothing is
// marked by itself.
func TestAnew(t *testing.T) {
	t.Parallel()
	i := install(t, shoptesting.MariaDB(t), shoptest.V4)
	i.wants()
	i.sql("UPDATE oc_product SET price = 1 WHERE product_id = 1", "DELETE FROM oc_product WHERE product_id = 2", "INSERT INTO oc_product (product_id, model) VALUES (900, 'x')")
	i.open()
	i.config.Anew = true
	i.Poller = poll.New(i.config)
	i.wants()
	if i.begun != 2 {
		t.Errorf("begun %d times", i.begun)
	}
	i.wants()
	i.sql("UPDATE oc_product SET price = 2 WHERE product_id IN (1, 900)")
	i.wants("product/1", "product/900")
}

// TestRangesAdapt: quick statements make ranges longer.
func TestRangesAdapt(t *testing.T) {
	i := install(t, shoptesting.MariaDB(t), shoptest.V3)
	i.sql(strings.Split(orders, ";")...)
	before := i.Size("order")
	for range 3 {
		i.found()
	}
	if now := i.Size("order"); now <= before {
		t.Errorf("%d keys at once, then %d", before, now)
	}
}

// TestOrdersFirst: in a sweep that finds much, what documents look up is read before
// everything, and orders are before the rest, marks of a snapshot included.
func TestOrdersFirst(t *testing.T) {
	t.Parallel()
	i := install(t, shoptesting.MariaDB(t), shoptest.V4)
	i.sql(strings.Split(orders, ";")...)
	i.wants()
	if _, err := i.config.Journal.Append(t.Context(), journal.Commit{Marks: []journal.Mark{{Key: document.Key{Entity: document.ProductEntity, ID: 4}, Reason: "snapshot", Origin: document.FromSnapshot}}}); err != nil {
		t.Fatal(err)
	}
	i.sql("UPDATE oc_product SET price = price + 1 WHERE product_id < 3", "UPDATE oc_order SET comment = 'x' WHERE order_id < 3", "UPDATE oc_setting SET `value` = 'x' WHERE `key` = 'config_name'")
	if err := i.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	marks, err := i.config.Journal.Due(t.Context(), time.Now(), 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range marks {
		got = append(got, m.Key.String())
	}
	if strings.Join(got, " ") != "ref:setting/0 order/1 order/2 product/4 product/1 product/2" {
		t.Errorf("read in the order %v", got)
	}
}

// TestSecondLook: what is found other, new or gone is marked by two sweeps, and what was
// revised by the next one: a reading may have caught a moment that no sum saw. After
// that there is rest. Restarts change nothing in it.
func TestSecondLook(t *testing.T) {
	t.Parallel()
	i := install(t, shoptesting.MariaDB(t), shoptest.V4)
	i.sql(strings.Split(orders, ";")...)
	i.wants()
	again := func(want ...string) {
		t.Helper()
		if got := slices.Sorted(maps.Keys(i.found())); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("marked %v, want %v", got, want)
		}
	}
	look := func(want ...string) {
		t.Helper()
		i.open()
		again(want...)
	}
	i.sql("UPDATE oc_product SET quantity = quantity + 1 WHERE product_id = 1")
	look("stock/1")
	look("stock/1")
	look()
	i.sql("UPDATE oc_product SET quantity = quantity + 1 WHERE product_id = 1")
	look("stock/1")
	i.sql("UPDATE oc_product SET quantity = quantity + 1 WHERE product_id = 1")
	look("stock/1") // another change, not the second look
	look("stock/1")
	look()
	i.sql("DELETE FROM oc_order_history WHERE order_id = 9", "DELETE FROM oc_order_option WHERE order_id = 9", "DELETE FROM oc_order_total WHERE order_id = 9", "DELETE FROM oc_order_product WHERE order_id = 9", "DELETE FROM oc_order WHERE order_id = 9")
	look() // it may come back
	look() // this one does not know since when
	again("order/9")
	look("order/9")
	look()
	i.sql("INSERT INTO oc_order (order_id) VALUES (9)")
	look("order/9")
	i.sql("DELETE FROM oc_order WHERE order_id = 9")
	look()
	again("order/9")
	i.sql("INSERT INTO oc_order (order_id) VALUES (9)")
	look("order/9")
	look("order/9")
	look()
	e := journal.NewEvent{Key: document.Key{Entity: document.CategoryEntity, ID: 2}, Kind: document.Created, Time: time.Now(), Origin: document.FromSnapshot, Schema: 1, Data: []byte(`{"document":{}}`), Fields: []byte{0}}
	if _, err := i.config.Journal.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{e}}); err != nil {
		t.Fatal(err)
	}
	look("category/2")
	look()
}
