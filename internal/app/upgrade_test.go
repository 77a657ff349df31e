package app_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// release makes the tables of a release of OpenCart in a database.
func release(t *testing.T, server *shoptest.Server, database, version string) {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(shoptesting.Schemas(t), "opencart-"+version+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Exec(t.Context(), database, string(script)); err != nil {
		t.Fatal(err)
	}
}

// columns lists the columns of each table of a database, with their definitions.
func columns(t *testing.T, db *sql.DB, database string) map[string]map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT TABLE_NAME, COLUMN_NAME, CONCAT(COLUMN_TYPE, IF(IS_NULLABLE = 'YES', ' NULL', ' NOT NULL'),
		IF(EXTRA LIKE '%auto_increment%', ' AUTO_INCREMENT', IF(COLUMN_DEFAULT IS NULL OR DATA_TYPE LIKE '%text', '', CONCAT(' DEFAULT ', IF(COLUMN_DEFAULT REGEXP '^(NULL|''.*|[-0-9.]+)$', COLUMN_DEFAULT, QUOTE(COLUMN_DEFAULT))))))
		FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, ORDINAL_POSITION`, database)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]map[string]string{}
	for rows.Next() {
		var table, column, definition string
		if err := rows.Scan(&table, &column, &definition); err != nil {
			t.Fatal(err)
		}
		if out[table] == nil {
			out[table] = map[string]string{}
		}
		out[table][column] = definition
	}
	return out
}

// TestUpgrade takes a shop from OpenCart 3.0.5.1 to 4.1.0.4 under the agent, with the
// tables of both as they are, while orders are placed: tables are altered column by
// column, renamed and made again, rows moved, what is old dropped. What cannot be read
// meanwhile waits with its cause, the rest goes on; in the end everything is equal to
// the shop, without a restart.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{Flavor: shoptest.MariaDB})
	f := &fault{T: t, id: "F28", gen: shoptest.V3, server: server, database: shoptesting.Database(t, server), many: true}
	target := shoptesting.Database(t, server)
	release(t, server, f.database, "3.0.5.1")
	release(t, server, target, "4.1.0.4")
	var err error
	if f.db, err = server.Open(f.database, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.db.Close() })
	f.fillFrom(shoptest.V3)
	f.shop = shoptest.NewShop(f.db, shoptest.V3, "oc_", 3)
	f.cfg = configure(t, server, f.database, settings{prefix: "oc_", snapshot: "[customer, product, stock, category, order]"})
	f.a = start(t, server, f.cfg)
	f.a.quiet()
	place(t, f.shop, 5)
	f.a.quiet()
	compareAll(t, f.a.look(), server, f.database, "oc_")
	f.mark()

	// Orders keep coming.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var placed atomic.Int64
	ended := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			c, err := f.shop.RandomCheckout(ctx)
			if err == nil {
				_, err = f.shop.Order(ctx, c)
			}
			if err != nil {
				if errors.Is(err, context.Canceled) {
					err = nil
				}
				ended <- err
				return
			}
			placed.Add(1)
			time.Sleep(50 * time.Millisecond)
		}
		ended <- nil
	}()

	// First what is added: nothing that is there changes its meaning by it.
	is, will := columns(t, f.db, f.database), columns(t, f.db, target)
	const mode = "SET SESSION sql_mode = ''"
	for table, list := range will {
		if is[table] == nil {
			must(t, f.db, mode, fmt.Sprintf("CREATE TABLE `%s` LIKE `%s`.`%s`", table, target, table))
			continue
		}
		var parts []string
		for column, definition := range list {
			switch was, there := is[table][column]; {
			case !there:
				parts = append(parts, fmt.Sprintf("ADD `%s` %s", column, definition))
			case was != definition && !strings.Contains(definition, "AUTO_INCREMENT"):
				parts = append(parts, fmt.Sprintf("MODIFY `%s` %s", column, definition))
			}
		}
		for column := range is[table] { // what goes must not be asked of those who do not know it any more
			if _, stays := list[column]; !stays {
				parts = append(parts, fmt.Sprintf("MODIFY `%s` %s", column, strings.Replace(is[table][column], "NOT NULL", "NULL", 1)))
			}
		}
		if table == "oc_product" || table == "oc_order" { // these are made anew, below
			continue
		}
		must(t, f.db, mode, "ALTER TABLE `"+table+"` ENGINE=InnoDB"+strings.Join(append([]string{""}, parts...), ", "))
	}
	must(t, f.db, mode,
		"INSERT INTO oc_country_description (country_id, language_id, name) SELECT country_id, language_id, c.name FROM oc_country c, oc_language",
		"INSERT INTO oc_zone_description (zone_id, language_id, name) SELECT zone_id, language_id, z.name FROM oc_zone z, oc_language",
		"INSERT INTO oc_identifier (name, code, status) VALUES ('SKU', 'SKU', 1), ('UPC', 'UPC', 1), ('EAN', 'EAN', 1), ('JAN', 'JAN', 1), ('ISBN', 'ISBN', 1), ('MPN', 'MPN', 1)",
		"INSERT INTO oc_product_discount (product_id, customer_group_id, quantity, priority, price, type, special, date_start, date_end) SELECT product_id, customer_group_id, 1, priority, price, 'F', 1, date_start, date_end FROM oc_product_special",
		"UPDATE oc_product_discount SET type = 'F' WHERE special = 0",
		"UPDATE oc_address a JOIN oc_customer c ON c.address_id = a.address_id SET a.`default` = 1",
		"UPDATE oc_seo_url SET `key` = SUBSTRING_INDEX(query, '=', 1), value = SUBSTRING_INDEX(query, '=', -1)",
		"INSERT INTO oc_setting (store_id, code, `key`, value, serialized) VALUES (0, 'config', 'config_language_catalog', 'en-gb', 0), (0, 'config', 'config_language_admin', 'en-gb', 0), (0, 'config', 'config_void_status_id', '16', 0), (0, 'config', 'config_fraud_status_id', '8', 0)")
	for _, code := range []string{"sku", "upc", "ean", "jan", "isbn", "mpn"} {
		must(t, f.db, fmt.Sprintf("INSERT INTO oc_product_code (product_id, code, value) SELECT product_id, '%s', %s FROM oc_product WHERE %[2]s <> ''", strings.ToUpper(code), code))
	}

	// The shop is closed for what follows. On a slow machine the first orders wait until
	// here for the tables that are being altered.
	waitFor(t, "orders placed during the upgrade", func() bool { return placed.Load() >= 5 || len(ended) > 0 })
	stop()
	if err := <-ended; err != nil {
		t.Fatalf("order %d: %v", placed.Load(), err)
	}

	// The product's table is made anew under another name. Meanwhile there is none.
	must(t, f.db, mode, "RENAME TABLE oc_product TO oc_product_old", "DROP TABLE oc_product_special")
	waitFor(t, "the agent to say that products cannot be read", func() bool {
		st := f.status()
		for _, x := range st.Documents.Failing {
			if strings.Contains(x.Error, "table oc_product with column product_id is not there") {
				return st.Level != "green"
			}
		}
		return false
	})
	before := f.a.look().Last()
	must(t, f.db, "UPDATE oc_customer SET firstname = 'Ada' WHERE customer_id = 1")
	waitFor(t, "a customer's change beside it", func() bool {
		k := newest(t, f.a.look(), "customer", 1)
		return k.Sequence > before
	})
	f.remake("oc_product", target, will, nil)
	f.remake("oc_order", target, will, map[string]string{
		"payment_method":  "JSON_OBJECT('name', payment_method, 'code', CONCAT(payment_code, '.', payment_code))",
		"shipping_method": "JSON_OBJECT('name', shipping_method, 'code', shipping_code, 'cost', 5, 'tax_class_id', 9)",
		"language_code":   "'en-gb'",
	})

	// What is old goes.
	is = columns(t, f.db, f.database)
	for table, list := range is {
		if will[table] == nil {
			must(t, f.db, "DROP TABLE `"+table+"`")
			continue
		}
		var parts []string
		for column := range list {
			if _, stays := will[table][column]; !stays {
				parts = append(parts, "DROP `"+column+"`")
			}
		}
		if len(parts) > 0 {
			must(t, f.db, mode, "ALTER TABLE `"+table+"` "+strings.Join(parts, ", "))
		}
	}

	// And it is open again.
	f.gen, f.shop = shoptest.V4, shoptest.NewShop(f.db, shoptest.V4, "oc_", 4)
	place(t, f.shop, 5)
	if err := f.shop.SetStatus(t.Context(), 1, 3, "shipped", true); err != nil {
		t.Fatal(err)
	}
	f.began = time.Now()
	r := f.closed()
	f.wantNoHole()
	if r.byType["deleted"] > 0 {
		t.Errorf("%v: an upgrade deletes nothing", r.byType)
	}
	if st := f.status(); st.Level != "green" || st.Source.OpenCart != "4.1" {
		t.Errorf("%s, OpenCart %s: %v", st.Level, st.Source.OpenCart, st.Reasons)
	}
	t.Logf("%d orders placed during the upgrade; events behind it: %v", placed.Load(), r.byType)
}

// remake makes a table of a release under its name and moves the rows of the old one
// over; values replace what is moved.
func (f *fault) remake(table, target string, will map[string]map[string]string, values map[string]string) {
	f.Helper()
	old := table + "_old"
	is := columns(f.T, f.db, f.database)
	if is[old] == nil {
		old = table
	}
	var into, from []string
	for column := range will[table] {
		value, given := values[column]
		if _, there := is[old][column]; !there && !given {
			continue
		}
		if !given {
			value = "`" + column + "`"
		}
		into, from = append(into, "`"+column+"`"), append(from, value)
	}
	must(f.T, f.db, "SET SESSION sql_mode = ''", fmt.Sprintf("CREATE TABLE %s_new LIKE `%s`.`%[1]s`", table, target),
		fmt.Sprintf("INSERT INTO %s_new (%s) SELECT %s FROM %s", table, strings.Join(into, ", "), strings.Join(from, ", "), old))
	if old == table {
		must(f.T, f.db, fmt.Sprintf("RENAME TABLE %s TO %[1]s_old, %[1]s_new TO %[1]s", table))
		return
	}
	must(f.T, f.db, fmt.Sprintf("RENAME TABLE %s_new TO %[1]s", table))
}

// fillFrom fills the shop's tables with what a new shop of a generation holds.
func (f *fault) fillFrom(gen shoptest.Generation) {
	f.Helper()
	source := shoptesting.Database(f.T, f.server)
	db, err := f.server.Open(source, true)
	if err != nil {
		f.Fatal(err)
	}
	defer db.Close()
	if err := shoptest.Load(f.Context(), db, gen, "oc_"); err != nil {
		f.Fatal(err)
	}
	is, has := columns(f.T, f.db, f.database), columns(f.T, f.db, source)
	script := []string{"SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"}
	for table, list := range has {
		var names []string
		for column := range list {
			if _, there := is[table][column]; there {
				names = append(names, "`"+column+"`")
			}
		}
		if len(names) > 0 {
			all := strings.Join(names, ", ")
			script = append(script, "DELETE FROM `"+table+"`", fmt.Sprintf("INSERT INTO `%s` (%s) SELECT %s FROM `%s`.`%[1]s`", table, all, all, source))
		}
	}
	must(f.T, f.db, script...)
}
