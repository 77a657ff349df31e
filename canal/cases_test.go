package canal

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// caseTables is the database of the cases: what a shop has, and each kind of rule.
const caseTables = `
	SET FOREIGN_KEY_CHECKS = 0;
	DROP TABLE IF EXISTS orders, line, legacy, ref, seo, product, parted, other, marker;
	CREATE TABLE orders (order_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id INT UNSIGNED NULL, viewed INT NOT NULL DEFAULT 0, total DECIMAL(15,4) NOT NULL DEFAULT 0, note TEXT) ENGINE=InnoDB;
	CREATE TABLE line (line_id INT PRIMARY KEY, order_id INT NOT NULL DEFAULT 7, name VARCHAR(300) CHARACTER SET utf8mb4) ENGINE=InnoDB;
	CREATE TABLE legacy (id INT PRIMARY KEY, v VARCHAR(40)) ENGINE=MyISAM;
	CREATE TABLE ref (id INT PRIMARY KEY, name VARCHAR(40), color VARCHAR(40)) ENGINE=InnoDB;
	CREATE TABLE seo (seo_id INT PRIMARY KEY, k VARCHAR(40), v VARCHAR(40), word VARCHAR(40), sort_order INT) ENGINE=InnoDB;
	CREATE TABLE product (product_id INT PRIMARY KEY, name VARCHAR(40), quantity INT, viewed INT DEFAULT 0, doc LONGTEXT) ENGINE=InnoDB;
	CREATE TABLE parted (id INT PRIMARY KEY, v INT) ENGINE=InnoDB PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
	CREATE TABLE other (id INT PRIMARY KEY, v VARCHAR(40)) ENGINE=InnoDB;
	CREATE TABLE marker (id INT PRIMARY KEY) ENGINE=InnoDB;
`

// caseRules is the watch list of caseTables. (other is not watched.)
func caseRules() []Table {
	return []Table{
		{Name: "orders", Rules: []Rule{{Target: "order", Key: "order_id", Ignore: []string{"viewed", "no_such_column"}}, {Target: "customer", Key: "customer_id", Only: []string{"customer_id", "total"}}}},
		{Name: "line", Rules: []Rule{{Target: "order", Key: "order_id"}}},
		{Name: "legacy", Rules: []Rule{{Target: "legacy", Key: "id"}}},
		{Name: "ref", Rules: []Rule{{Target: "ref", Only: []string{"name"}}}},
		{Name: "seo", Rules: []Rule{{Target: "seo", TextColumns: []string{"k", "v"}, Ignore: []string{"sort_order"}, Resolve: func(v []string) (int64, bool) {
			n, err := strconv.ParseInt(v[1], 10, 64)
			return n, err == nil && v[0] == "order_id"
		}}}},
		{Name: "product", Rules: []Rule{{Target: "product", Key: "product_id", Ignore: []string{"quantity", "viewed"}}, {Target: "stock", Key: "product_id", Only: []string{"quantity"}}}},
		{Name: "parted", Rules: []Rule{{Target: "parted", Key: "id"}}},
		{Name: "marker", Rules: []Rule{{Target: "marker", Key: "id"}}},
	}
}

// everything is what a Resync of all tables looks like.
func everything(reason string) string {
	var words []string
	for _, target := range []string{"customer", "legacy", "marker", "order", "parted", "product", "ref", "seo", "stock"} {
		words = append(words, "!"+target+":"+reason)
	}
	return strings.Join(words, " ")
}

// A script runs on one connection. {db} stands for the database.
type testCase struct {
	name string
	on   string // flavor or variant, "" = all
	sql  string
	want string // see tell
}

var testCases = []testCase{
	// What a shop does all day.
	{"insert", "", "INSERT INTO orders (order_id, note) VALUES (1, 'geheim')", "order/1"},
	{"insert with owner", "", "INSERT INTO orders (order_id, customer_id) VALUES (2, 4000000000)", "customer/4000000000 order/2"},
	{"several rows", "", "INSERT INTO line VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c')", "order/1 order/2"},
	{"a column that matters", "", "UPDATE orders SET note = 'geheim 2' WHERE order_id = 1", "order/1"},
	{"a column that does not", "", "UPDATE orders SET viewed = viewed + 1", ""},
	{"no change", "", "UPDATE orders SET note = note", ""},
	{"owner changes", "", "UPDATE orders SET customer_id = 5 WHERE order_id = 2", "customer/4000000000 customer/5 order/2"},
	{"owner to NULL", "", "UPDATE orders SET customer_id = NULL WHERE order_id = 2", "customer/5 order/2"},
	{"row moves to another key", "", "UPDATE line SET order_id = 9 WHERE line_id = 3", "order/2 order/9"},
	{"primary key changes", "", "UPDATE orders SET order_id = 3 WHERE order_id = 2", "order/2 order/3"},
	{"replace", "", "REPLACE INTO line VALUES (3, 10, 'c')", "order/10 order/9"},
	{"on duplicate key", "", "INSERT INTO line VALUES (3, 10, 'x') ON DUPLICATE KEY UPDATE name = 'd'", "order/10"},
	{"delete", "", "DELETE FROM line WHERE line_id = 3", "order/10"},
	{"delete many", "", "DELETE FROM line", "order/1"},
	{"value longer than 255 bytes", "", "INSERT INTO line VALUES (4, 4, REPEAT('ä', 300)); UPDATE line SET name = CONCAT(name, '') , order_id = 5", "order/4, order/4 order/5"},
	{"reference table", "", "INSERT INTO ref VALUES (1, 'a', 'red'); UPDATE ref SET color = 'blue'; UPDATE ref SET name = 'b'", "ref/0, ref/0"},
	{"key in text", "", "INSERT INTO seo VALUES (1, 'order_id', '12', 'w', 0), (2, 'page', '3', 'w', 0), (3, NULL, NULL, 'w', 0)", "seo/12"},
	{"key in text changes", "", "UPDATE seo SET v = '13' WHERE seo_id = 1; UPDATE seo SET sort_order = 1; UPDATE seo SET k = 'page' WHERE seo_id = 1", "seo/12 seo/13, seo/13"},
	{"two entities in a row", "", "INSERT INTO product VALUES (1, 'p', 5, 0, NULL); UPDATE product SET quantity = 4; UPDATE product SET name = 'q'; UPDATE product SET viewed = 9", "product/1 stock/1, stock/1, product/1"},
	{"a table nobody watches", "", "INSERT INTO other VALUES (1, 'geheim'); DROP TABLE other; CREATE TABLE other (id INT PRIMARY KEY, v VARCHAR(40))", ""},
	{"the same table elsewhere", "", "CREATE DATABASE {db}_2; CREATE TABLE {db}_2.orders LIKE orders; INSERT INTO {db}_2.orders (order_id) VALUES (77); TRUNCATE {db}_2.orders; DROP DATABASE {db}_2", ""},
	{"partitions", "", "INSERT INTO parted VALUES (1, 1), (20, 2); UPDATE parted SET id = 30 WHERE id = 1; DELETE FROM parted WHERE id = 20", "parted/1 parted/20, parted/1 parted/30, parted/20"},
	{"load data", "", "SELECT 50, 'from a file' INTO OUTFILE '{tmp}'; LOAD DATA INFILE '{tmp}' INTO TABLE legacy", "legacy/50"},
	{"sql_log_bin off", "", "SET sql_log_bin = 0; INSERT INTO line VALUES (60, 60, '')", ""},

	// Transactions.
	{"transaction", "", "BEGIN; INSERT INTO orders (order_id) VALUES (100); INSERT INTO line VALUES (100, 100, 'x'), (101, 101, ''); DELETE FROM line WHERE line_id = 101; COMMIT", "order/100 order/101"},
	{"rollback", "", "BEGIN; INSERT INTO orders (order_id) VALUES (101); ROLLBACK", ""},
	{"savepoint", "", "BEGIN; INSERT INTO line VALUES (110, 110, ''); SAVEPOINT s; INSERT INTO line VALUES (111, 111, ''); ROLLBACK TO s; INSERT INTO line VALUES (112, 112, ''); RELEASE SAVEPOINT s; COMMIT", "order/110 order/112"},
	{"update of several tables", "", "INSERT INTO orders (order_id) VALUES (120); INSERT INTO line VALUES (120, 120, ''); UPDATE orders o JOIN line l ON l.order_id = o.order_id SET o.note = 'x', l.name = 'y', l.order_id = 121 WHERE o.order_id = 120", "order/120, order/120, order/120 order/121"},
	{"unwatched, watched and unwatched", "", "BEGIN; INSERT INTO other VALUES (9, ''); INSERT INTO line VALUES (130, 130, ''); DELETE FROM other; COMMIT", "order/130"},
	{"MyISAM", "", "INSERT INTO legacy VALUES (1, 'a'); UPDATE legacy SET v = 'b' WHERE id = 1", "legacy/1, legacy/1"},
	{"MyISAM rolled back is written all the same", "", "BEGIN; INSERT INTO legacy VALUES (2, 'a'); ROLLBACK", "legacy/2"},
	{"MyISAM and InnoDB together", shoptest.MariaDB, "BEGIN; INSERT INTO legacy VALUES (3, 'a'); INSERT INTO line VALUES (140, 140, ''); SAVEPOINT s; INSERT INTO legacy VALUES (4, 'a'); COMMIT", "legacy/3, legacy/4, order/140"},
	{"MyISAM and InnoDB rolled back", shoptest.MariaDB, "BEGIN; INSERT INTO line VALUES (141, 141, ''); INSERT INTO legacy VALUES (5, 'a'); ROLLBACK", "legacy/5"},
	{"lock tables", "", "LOCK TABLES line WRITE; INSERT INTO line VALUES (150, 150, ''); UNLOCK TABLES", "order/150"},

	// Statements.
	{"truncate", "", "TRUNCATE TABLE line", "!order:truncate"},
	{"truncate, qualified", "", "USE mysql; TRUNCATE `{db}` . `legacy`", "!legacy:truncate"},
	{"add a column", "", "ALTER TABLE orders ADD COLUMN extra INT FIRST", ""},
	{"rows after it", "", "INSERT INTO orders (extra, order_id) VALUES (999, 160)", "order/160"},
	{"drop a column", "", "ALTER TABLE orders DROP COLUMN extra", "!customer:ddl !order:ddl"},
	{"add an index", "", "CREATE INDEX i ON orders (viewed); DROP INDEX i ON orders", ""},
	{"a view, a trigger, grants", "", "CREATE VIEW v AS SELECT * FROM orders; DROP VIEW v; CREATE TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW SET NEW.viewed = 1; DROP TRIGGER tr", ""},
	{"rename away and back", "", "RENAME TABLE legacy TO legacy_2; RENAME TABLE legacy_2 TO legacy", "!legacy:ddl, !legacy:ddl"},
	{"swap", "", "CREATE TABLE new LIKE legacy; RENAME TABLE legacy TO old, new TO legacy; DROP TABLE old", "!legacy:ddl"},
	{"drop and create", "", "DROP TABLE legacy; CREATE TABLE legacy (id INT PRIMARY KEY, v VARCHAR(40)) ENGINE=MyISAM", "!legacy:ddl, !legacy:ddl"},
	{"create like one of ours", "", "CREATE TABLE copy LIKE orders; DROP TABLE copy", ""},
	{"create from one of ours", "", "CREATE TABLE copy AS SELECT order_id FROM orders; DROP TABLE copy", ""},
	// Behind the bar: also right where the log has no names. There the rows may come
	// before the table can be seen.
	{"create one of ours from a query", "", "DROP TABLE legacy; CREATE TABLE legacy AS SELECT 170 AS id, 'x' AS v", "!legacy:ddl, !legacy:ddl legacy/170 | !legacy:ddl, !legacy:ddl !legacy:layout"},
	{"repair", "", "ALTER TABLE legacy ENGINE=MyISAM; REPAIR TABLE legacy", "!legacy:ddl"},
	{"partition emptied", "", "ALTER TABLE parted TRUNCATE PARTITION p1", "!parted:ddl"},
	{"settings for one statement", shoptest.MariaDB, "SET STATEMENT max_statement_time = 100, sort_buffer_size = 100000 FOR TRUNCATE TABLE legacy", "!legacy:truncate"},
	{"ANSI quotes", "", "SET sql_mode = 'ANSI_QUOTES'; ALTER TABLE \"legacy\" MODIFY v VARCHAR(41)", "!legacy:ddl"},
	{"in comments", "", "/* TRUNCATE */ -- legacy\n /*!40000 ALTER TABLE `legacy` MODIFY v VARCHAR(42) */", "!legacy:ddl"},

	// Statement format.
	{"statement format", "", "SET binlog_format = STATEMENT; INSERT INTO legacy (id) VALUES (180)", "!legacy:statement"},
	{"statement format in a transaction", "", "SET binlog_format = STATEMENT; BEGIN; UPDATE line SET name = 'geheim'; SAVEPOINT s; UPDATE product SET name = 'x'; COMMIT", "!order:statement !product:statement !stock:statement"},
	{"statement format, nothing of ours", "", "SET binlog_format = STATEMENT; INSERT INTO other (id) VALUES (180)", ""},
	{"statement format, variables", "", "SET binlog_format = STATEMENT; SET @x = 181; INSERT INTO legacy (id) VALUES (@x)", "!legacy:statement"},
	{"statement format, a function that writes", "", "CREATE FUNCTION f() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN INSERT INTO legacy (id) VALUES (190); RETURN 1; END; SET binlog_format = STATEMENT; SELECT f()", everything("statement")},
	{"statement format, load data", "", "SELECT 51, 'from a file' INTO OUTFILE '{tmp}'; SET binlog_format = STATEMENT; LOAD DATA INFILE '{tmp}' INTO TABLE legacy", everything("statement")},
	{"rolled back, statement format", shoptest.MariaDB, "SET binlog_format = STATEMENT; BEGIN; INSERT INTO legacy (id) VALUES (191); INSERT INTO line (line_id) VALUES (191); ROLLBACK", "!legacy:statement, !order:statement"},

	// Row images other than FULL.
	{"minimal insert", "", "DELETE FROM line; SET binlog_row_image = MINIMAL; INSERT INTO line (line_id, order_id) VALUES (200, 200)", "order/200"},
	{"minimal update, key unknown", "", "SET binlog_row_image = MINIMAL; UPDATE line SET name = 'x' WHERE line_id = 200", "!order:image"},
	{"minimal update, old key unknown", "", "SET binlog_row_image = MINIMAL; UPDATE line SET order_id = 201 WHERE line_id = 200", "!order:image order/201"},
	{"minimal update, key known", "", "INSERT INTO orders (order_id) VALUES (210); SET binlog_row_image = MINIMAL; UPDATE orders SET note = 'x' WHERE order_id = 210", "order/210, order/210"},
	{"minimal update that does not matter", "", "SET binlog_row_image = MINIMAL; UPDATE orders SET viewed = viewed + 1", ""},
	{"minimal delete", "", "SET binlog_row_image = MINIMAL; DELETE FROM line WHERE line_id = 200", "!order:image"},
	{"minimal, text key", "", "INSERT INTO seo VALUES (9, 'order_id', '14', 'w', 0); SET binlog_row_image = MINIMAL; UPDATE seo SET word = 'x' WHERE seo_id = 9", "seo/14, !seo:image"},
	{"minimal, nothing given", shoptest.MySQL, "SET binlog_row_image = MINIMAL; ALTER TABLE legacy MODIFY id INT NULL DEFAULT 220; INSERT INTO legacy () VALUES ()", "!legacy:ddl, !legacy:image"},
	{"noblob", "", "INSERT INTO product VALUES (230, 'p', 5, 0, REPEAT('x', 70000)); SET binlog_row_image = NOBLOB; UPDATE product SET viewed = 1; UPDATE product SET quantity = 1 WHERE product_id = 230; UPDATE product SET doc = 'y' WHERE product_id = 230", "product/230 stock/230, stock/230, product/230"},
	{"partial JSON setting", shoptest.MySQL, "INSERT INTO line VALUES (240, 240, 'x'); SET binlog_row_value_options = PARTIAL_JSON; UPDATE line SET name = 'y', order_id = 241 WHERE line_id = 240; UPDATE orders SET viewed = 7", "order/240, order/240 order/241"},
	// (That a JSON column did not change cannot be seen then.)
	{"partial JSON", shoptest.MySQL, "ALTER TABLE product ADD j JSON, ADD k JSON; INSERT INTO product (product_id, j, k) VALUES (250, '{\"a\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", \"b\": 1}', '[1]'); SET binlog_row_value_options = PARTIAL_JSON; UPDATE product SET j = JSON_SET(j, '$.b', 2) WHERE product_id = 250; UPDATE product SET viewed = 8 WHERE product_id = 250", "product/250 stock/250, product/250, product/250"},
	{"JSON columns dropped", shoptest.MySQL, "ALTER TABLE product DROP j, DROP k", "!product:ddl !stock:ddl"},

	// XA.
	{"XA", "", "XA START 'geheim'; INSERT INTO orders (order_id) VALUES (260); XA END 'geheim'; XA PREPARE 'geheim'; XA COMMIT 'geheim'", everything("statement")},
	{"XA rolled back", "", "XA START 'x1'; INSERT INTO orders (order_id) VALUES (261); XA END 'x1'; XA PREPARE 'x1'; XA ROLLBACK 'x1'", ""},
	{"XA of others", "", "XA START 'x2'; INSERT INTO other VALUES (262, ''); XA END 'x2'; XA PREPARE 'x2'; XA COMMIT 'x2'", ""},
	{"XA in one phase", "", "XA START 'x3'; INSERT INTO orders (order_id) VALUES (263); XA END 'x3'; XA COMMIT 'x3' ONE PHASE", "order/263"},

	// Compressed as a whole or by event.
	{"compressed", shoptest.MySQL, "SET binlog_transaction_compression = ON; BEGIN; INSERT INTO line VALUES (270, 270, REPEAT('x', 250)); INSERT INTO other VALUES (270, ''); SAVEPOINT s; INSERT INTO seo VALUES (270, 'order_id', '270', '', 0); UPDATE line SET order_id = 271 WHERE line_id = 270; COMMIT", "order/270 order/271 seo/270"},
	{"compressed, of others", shoptest.MySQL, "SET binlog_transaction_compression = ON; INSERT INTO other VALUES (271, '')", ""},
	{"tagged GTID", "MySQL", "SET gtid_next = 'AUTOMATIC:tag'; INSERT INTO line VALUES (280, 280, ''); SET gtid_next = AUTOMATIC", "order/280"},
	{"other domains", shoptest.MariaDB, "SET gtid_domain_id = 3, server_id = 6, gtid_seq_no = 40; INSERT INTO line VALUES (281, 281, ''); SET gtid_domain_id = 2; INSERT INTO line VALUES (282, 282, '')", "order/281, order/282"},

	{"another database is dropped", "", "CREATE DATABASE {db}_3; DROP DATABASE {db}_3", ""},
}

// variant is a server with its own settings.
type variant struct {
	name   string
	flavor string
	start  func(t *testing.T) *shoptest.Server
}

var variants = []variant{
	{"MariaDB", shoptest.MariaDB, func(t *testing.T) *shoptest.Server { return shoptesting.MariaDB(t) }},
	{"MySQL", shoptest.MySQL, func(t *testing.T) *shoptest.Server { return shoptesting.MySQL(t) }},
	{"MariaDB compressed, without names", shoptest.MariaDB, func(t *testing.T) *shoptest.Server {
		return shoptesting.Server(t, shoptest.Options{Flavor: shoptest.MariaDB, Args: []string{"--log-bin-compress=ON", "--log-bin-compress-min-len=10", "--binlog-row-metadata=NO_LOG"}})
	}},
	{"MySQL without GTIDs and names", shoptest.MySQL, func(t *testing.T) *shoptest.Server {
		return shoptesting.Server(t, shoptest.Options{Flavor: shoptest.MySQL, Args: []string{"--gtid-mode=OFF", "--enforce-gtid-consistency=OFF", "--binlog-row-metadata=MINIMAL", "--binlog-transaction-compression=ON"}})
	}},
}

func TestCases(t *testing.T) {
	for _, v := range variants {
		if !shoptesting.Wanted(v.flavor) {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			p := newPlace(t, v.start(t), caseTables)
			start := p.here()
			f := p.follow(start, caseRules())
			f.connected()
			seen, mark := 0, int64(0)
			// next runs a script and returns what came of it.
			next := func(t *testing.T, script string) []Transaction {
				t.Helper()
				mark++
				tmp := fmt.Sprintf("%s/%s-%d", t.TempDir(), p.database, mark)
				script = strings.NewReplacer("{db}", p.database, "{tmp}", tmp).Replace(script)
				p.on(t).sql(script)
				p.on(t).sql(fmt.Sprintf("INSERT INTO marker VALUES (%d)", mark))
				all := f.until(Touch{"marker", mark})
				got := all[seen:]
				seen = len(all) + 1
				return got
			}
			for _, c := range testCases {
				if c.on != "" && c.on != v.flavor && c.on != v.name {
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					want, unnamed, _ := strings.Cut(c.want, " | ")
					got := tell(next(t, c.sql))
					if got != want && (unnamed == "" || got != unnamed || !strings.Contains(v.name, "names")) {
						t.Errorf("%s\n got %q\nwant %q", c.sql, got, c.want)
					}
				})
			}
			f.stop()
			all := f.transactions()
			for i := 0; i < len(all); i += 1 + len(all)/8 {
				from := start
				if i > 0 {
					from = all[i-1].Position
				}
				t.Run(fmt.Sprintf("again behind %d", i), func(t *testing.T) {
					again := p.on(t).follow(from, caseRules())
					again.until(Touch{"marker", mark})
					again.stop()
					covers(t, again.transactions(), all[i:])
				})
			}
		})
	}
}

// covers makes sure that nothing is lost: each touch is in the transaction with the
// same position, or its target is compared there or later. (The log's past may be
// read with other columns than its present was.)
func covers(t *testing.T, got, want []Transaction) {
	t.Helper()
	resyncs := map[string]int{} // the last one of each target
	at := map[Position]int{}
	for i, tx := range got {
		if _, twice := at[tx.Position]; twice {
			t.Errorf("two transactions end at %s", tx.Position)
		}
		at[tx.Position] = i
		for _, r := range tx.Resyncs {
			resyncs[r.Target] = i
		}
	}
	for _, tx := range want {
		i, ok := at[tx.Position]
		if !ok {
			t.Errorf("no transaction ends at %s: %s", tx.Position, tell([]Transaction{tx}))
			continue
		}
		targets := map[string]bool{}
		for _, k := range tx.Touches {
			if !slices.Contains(got[i].Touches, k) {
				targets[k.Target] = true
			}
		}
		for _, r := range tx.Resyncs {
			targets[r.Target] = true
		}
		for target := range targets {
			if last, ok := resyncs[target]; !ok || last < i {
				t.Errorf("at %s: %s is lost of %s", tx.Position, target, tell([]Transaction{tx}))
			}
		}
	}
	if !slices.IsSortedFunc(got, func(a, b Transaction) int {
		return cmp.Or(compareFiles(a.Position.File, b.Position.File), cmp.Compare(a.Position.Offset, b.Position.Offset))
	}) {
		t.Error("not in the order of the log")
	}
}
