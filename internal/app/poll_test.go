package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

// reader is an account that may read the shop and nothing else.
const reader = "octail_reader"

func grantReader(t testing.TB, server *shoptest.Server, database string) {
	t.Helper()
	for _, s := range []string{"CREATE USER IF NOT EXISTS " + reader + "@'127.0.0.1'", "GRANT SELECT ON `" + database + "`.* TO " + reader + "@'127.0.0.1'"} {
		if _, err := server.DB().Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

// swept waits until all that the shop has committed so far was found by a sweep,
// journaled and delivered.
func (a *agent) swept() console.Status {
	a.t.Helper()
	now := time.Now()
	var st console.Status
	var err error
	for deadline := now.Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-a.done:
			a.done <- err
			a.t.Fatalf("the agent ended: %v", err)
		default:
		}
		st = console.Status{}
		if err = a.get("/api/v1/status", &st); err != nil {
			continue
		}
		p := st.Source.Poll
		if st.Source.State == "polling" && p != nil && p.Begun && p.Last.After(now) && len(p.Failing) == 0 && p.Missing == 0 && st.Documents.Pending == 0 && st.Journal.Dirty == 0 && len(st.Sinks) > 0 && st.Sinks[0].Pending == 0 {
			return st
		}
	}
	a.t.Fatalf("not quiet after %s: %v\n%+v %+v", patience, err, st, st.Source.Poll)
	return st
}

// TestPolledShopInUse is TestShopInUse without the binlog, by an account that may only
// read: at the end every newest document equals the shop.
func TestPolledShopInUse(t *testing.T) {
	t.Parallel()
	for _, s := range shopsNamed(t, "3.0 MyISAM", "4.1 InnoDB", "4.1 MySQL compressed") {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"--skip-log-bin"}
			server := shoptesting.Server(t, shoptest.Options{Flavor: s.flavor, Args: args})
			database := shoptesting.Database(t, server)
			grantReader(t, server, database)
			db, err := server.Open(database, true)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := shoptest.Load(t.Context(), db, s.gen, s.prefix); err != nil {
				t.Fatal(err)
			}
			a := start(t, server, configure(t, server, database, settings{prefix: s.prefix, poll: "200ms"}))
			waitFor(t, "the agent to begin", func() bool { return covers(t, a.cfg) })
			shop := use(t, server, database, s.gen, s.prefix, 4*time.Second)
			st := a.swept()
			compareAll(t, a.look(), server, database, s.prefix)
			checkJournal(t, a.look(), a.file)
			deleted := 0
			for _, o := range shop.Truth().Orders {
				if known := newest(t, a.look(), document.OrderEntity, o.ID); o.Deleted && known.Revision > 0 {
					deleted++
				}
			}
			t.Logf("%d sweeps; the last took %.3f s, %.3f s at work, %d rows; %d events, %d orders deleted that were delivered",
				st.Source.Poll.Sweeps, st.Source.Poll.Took, st.Source.Poll.Busy, st.Source.Poll.Rows, a.look().Last(), deleted)
			for _, m := range []string{"octail_source_connected 1", "octail_source_binlog_headroom_seconds +Inf"} {
				if a.metric(m) != m {
					t.Errorf("%s: %s", m, a.metric("octail_source_"))
				}
			}
		})
	}
}

// covers reports whether an agent has noted since when orders count: those from before
// are not its business.
func covers(t *testing.T, cfg *config.Config) bool {
	j, err := journal.Look(t.Context(), cfg.Journal.Path)
	if err != nil {
		return false
	}
	defer j.Close()
	noted, err := j.Meta(t.Context(), "covered_above")
	return err == nil && noted != ""
}

// TestPolledKill kills the polling agent again and again while the shop is in use: at
// random moments, and at each stop point. Nothing may be lost or come twice.
func TestPolledKill(t *testing.T) {
	t.Parallel()
	for _, s := range shopsNamed(t, "3.0 MyISAM", "4.1 InnoDB") {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := shoptesting.Server(t, shoptest.Options{Flavor: s.flavor, Args: []string{"--skip-log-bin"}})
			database := shoptesting.Database(t, server)
			grantReader(t, server, database)
			db, err := server.Open(database, true)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := shoptest.Load(t.Context(), db, s.gen, s.prefix); err != nil {
				t.Fatal(err)
			}
			how := settings{dir: t.TempDir(), prefix: s.prefix, settle: "50ms", poll: "100ms"}
			cfg, file := configure(t, server, database, how), writeConfig(t, server, database, how)
			// The first start is killed as soon as it has noted since when orders count. Its
			// first sweep is still to come.
			first := launch(t, file)
			waitFor(t, "the first start to begin", func() bool { return covers(t, cfg) })
			_ = first.cmd.Process.Kill()
			_ = first.cmd.Wait()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			shop := shoptest.NewShop(db, s.gen, s.prefix, 11)
			used := make(chan error, 1)
			go func() { used <- shoptest.Run(ctx, shop, 40, func(shoptest.Step) {}) }()

			killed(t, file, 3, 1200*time.Millisecond) // from the very first sweep on
			before := shop.Truth().Orders
			a := start(t, server, cfg)
			a.swept()
			stop()
			if err := <-used; err != nil {
				t.Fatal(err)
			}
			a.swept()
			compareAll(t, a.look(), server, database, s.prefix)
			checkJournal(t, a.look(), a.file)
			t.Logf("%s: %d kills, %d orders before the last start, %d events", s.name, *kills, len(before), a.look().Last())
		})
	}
}

// TestPolledChanges: what is delivered of single changes. Saves that change nothing
// deliver nothing, although all ids are new; what looks alike is told apart; a deletion
// is delivered; drafts never are; a changed name reaches the products that carry it.
func TestPolledChanges(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, shop := openShop(t, server, shoptest.V3)
	grantReader(t, server, database)
	must(t, db, "ALTER TABLE oc_product_description CONVERT TO CHARACTER SET latin1", "ALTER TABLE oc_manufacturer CONVERT TO CHARACTER SET latin1")
	a := start(t, server, configure(t, server, database, settings{prefix: "oc_", poll: "200ms"}))
	a.swept()
	_, lines := arrived(t, a, 0)
	var order int64
	// before is what a step needs and is not about.
	before := func(statements ...string) {
		t.Helper()
		must(t, db, statements...)
		a.swept()
		_, lines = arrived(t, a, lines)
	}
	step := func(name string, do func(), want map[string]int) {
		t.Helper()
		a.between(db, database, do)
		a.swept()
		var got map[string]int
		got, lines = arrived(t, a, lines)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: arrived %v, want %v", name, got, want)
		}
	}
	nothing := map[string]int{}
	run := func(statements ...string) func() { return func() { must(t, db, statements...) } }
	step("nothing", func() {}, nothing)
	step("a draft", func() {
		c, err := shop.RandomCheckout(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if order, err = shop.Draft(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}, nothing)
	before("UPDATE oc_product SET subtract = 0", "UPDATE oc_product_option_value SET subtract = 0") // no stock moves
	step("its confirmation", func() {
		if err := shop.Confirm(t.Context(), order); err != nil {
			t.Fatal(err)
		}
	}, map[string]int{"order.created by shop": 1})
	step("an unchanged save of a product", func() {
		if err := shop.SaveProduct(t.Context(), 1, func(*shoptest.Product) {}); err != nil {
			t.Fatal(err)
		}
	}, nothing)
	step("views", func() {
		for range 5 {
			if err := shop.View(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
	}, nothing)
	step("a latin1 name", run("UPDATE oc_product_description SET name = 'Größe' WHERE product_id = 1 AND language_id = 1"), map[string]int{"product.updated by shop": 1})
	step("the same in another case", run("UPDATE oc_product_description SET name = 'GRÖSSE' WHERE product_id = 1 AND language_id = 1"), map[string]int{"product.updated by shop": 1})
	step("another character set", run("ALTER TABLE oc_product_description CONVERT TO CHARACTER SET utf8mb4"), nothing)
	before("DELETE FROM oc_product_image WHERE product_id = 1", "INSERT INTO oc_product_image (product_id, image, sort_order) VALUES (1, 'a.jpg', 0), (1, 'a.jpg', 0)")
	step("two equal rows, both changed alike", run("UPDATE oc_product_image SET image = 'b.jpg' WHERE product_id = 1"), map[string]int{"product.updated by shop": 1})
	before("UPDATE oc_product SET manufacturer_id = 0", "UPDATE oc_product SET manufacturer_id = (SELECT MIN(manufacturer_id) FROM oc_manufacturer) WHERE product_id IN (1, 2, 3)")
	step("a manufacturer's name", run("UPDATE oc_manufacturer SET name = 'Ümläut'"), map[string]int{"product.updated by shop": 3})
	step("a status with another name", run("UPDATE oc_order_status SET name = CONCAT(name, '!')"), nothing)
	step("a note with the new name", func() {
		if err := shop.Note(t.Context(), order, "hello"); err != nil {
			t.Fatal(err)
		}
	}, map[string]int{"order.updated by shop": 1})
	step("a deletion", func() {
		if err := shop.DeleteProduct(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
	}, map[string]int{"product.deleted by shop": 1, "product.updated by shop": 1, "stock.deleted by shop": 1}) // one was related to it
	step("all at once", run("UPDATE oc_customer SET telephone = CONCAT(telephone, '1')"), map[string]int{"customer.updated by shop": len(column(t, db, "SELECT customer_id FROM oc_customer"))})
	step("new columns", run("SET sql_mode = ''", "ALTER TABLE oc_product ADD COLUMN ext_x INT", "ALTER TABLE oc_product DROP COLUMN location"), nothing)
	compareAll(t, a.look(), server, database, "oc_")
}

// between does something to the shop while a sweep stands still, at a table that it has
// nothing to do with: however slow it is, no document is made of half of it.
func (a *agent) between(db *sql.DB, database string, do func()) {
	a.t.Helper()
	conn, err := db.Conn(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(a.t.Context(), "LOCK TABLES oc_category_description WRITE"); err != nil {
		a.t.Fatal(err)
	}
	waitFor(a.t.(*testing.T), "a sweep to stand still", func() bool {
		var waiting int
		err := a.server.DB().QueryRowContext(a.t.Context(), "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = ? AND DB = ? AND STATE LIKE 'Waiting%'", reader, database).Scan(&waiting)
		return err == nil && waiting > 0
	})
	do()
	if _, err := conn.ExecContext(a.t.Context(), "UNLOCK TABLES"); err != nil {
		a.t.Fatal(err)
	}
}

// TestPolledRestarts: what happened while the agent, or the database, was away is found;
// what did not is not delivered again.
func TestPolledRestarts(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{Args: []string{"--skip-log-bin"}})
	database, db, shop := openShop(t, server, shoptest.V4)
	grantReader(t, server, database)
	cfg := configure(t, server, database, settings{prefix: "oc_", poll: "200ms"})
	a := start(t, server, cfg)
	a.swept()
	_, lines := arrived(t, a, 0)
	a.stop()
	place(t, shop, 3)
	must(t, db, "DELETE FROM oc_customer WHERE customer_id = 1")
	a = start(t, server, cfg)
	a.swept()
	counts, lines := arrived(t, a, lines)
	if counts["order.created by shop"] != 3 || counts["customer.deleted by shop"] != 1 || counts["product.updated by shop"] > 0 || counts["customer.updated by shop"] > 0 {
		t.Errorf("after a restart arrived %v", counts)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	var st console.Status
	waitFor(t, "the agent to say that it waits for the database", func() bool {
		st = console.Status{}
		return a.get("/api/v1/status", &st) == nil && st.Source.State == "waiting"
	})
	if st.Source.Error == "" || a.metric("octail_source_connected") != "octail_source_connected 0" {
		t.Errorf("without a database: %+v", st.Source)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	place(t, shop, 2)
	a.swept()
	counts, _ = arrived(t, a, lines)
	if counts["order.created by shop"] != 2 {
		t.Errorf("after the database's restart arrived %v", counts)
	}
	compareAll(t, a.look(), server, database, "oc_")
}

// TestCaptureModes goes from the log to polling and back on one journal: what happened
// between is found, and only that is delivered.
func TestCaptureModes(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{})
	database, db, shop := openShop(t, server, shoptest.V4)
	grantReader(t, server, database)
	dir := t.TempDir()
	lines := 0
	for round, every := range []string{"", "200ms", "200ms", "", "200ms", ""} {
		a := start(t, server, configure(t, server, database, settings{dir: dir, prefix: "oc_", poll: every}))
		a.quiet()
		counts, n := arrived(t, a, lines)
		orders := counts["order.created by shop"] + counts["order.created by reconcile"]
		if lines = n; round > 0 && (orders != 2 || counts["customer.updated by reconcile"]+counts["customer.updated by shop"] != 1 || counts["product.updated by reconcile"]+counts["product.created by reconcile"] != 0) {
			t.Errorf("round %d (%s), after a change: arrived %v", round, every, counts)
		}
		place(t, shop, 1)
		a.quiet()
		counts, lines = arrived(t, a, lines)
		if counts["order.created by shop"] != 1 {
			t.Errorf("round %d (%s): arrived %v", round, every, counts)
		}
		compareAll(t, a.look(), server, database, "oc_")
		checkJournal(t, a.look(), a.file)
		var st console.Status
		if err := a.get("/api/v1/status", &st); err != nil {
			t.Fatal(err)
		}
		if st.Source.Hole != nil || a.metric("octail_source_gaps_total") != "octail_source_gaps_total 0" || len(a.log.with("hole in the binlog")) > 0 {
			t.Errorf("round %d (%s): a change of capture.mode counts as a hole: %+v", round, every, st.Source.Hole)
		}
		said := []string{"", "capture.mode was binlog", "", "capture.mode was poll", "capture.mode was binlog", "capture.mode was poll"}[round]
		if lines := a.log.with("capture.mode was"); (said == "") != (len(lines) == 0) || said != "" && (len(lines) != 1 || !strings.Contains(lines[0], said) || !strings.Contains(lines[0], " since=2") || !strings.Contains(lines[0], " until=2")) {
			t.Errorf("round %d (%s): said %q, want %q with its window", round, every, lines, said)
		}
		a.stop()
		place(t, shop, 2)
		must(t, db, fmt.Sprintf("UPDATE oc_customer SET telephone = '%d' WHERE customer_id = 1", round))
	}
}
