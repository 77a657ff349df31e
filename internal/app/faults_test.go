package app_test

import (
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/config"
	"octail/internal/console"
	"octail/internal/shoptest"
	"octail/internal/shoptest/oracle"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

var everyFault = flag.Bool("faults", false, "TestFaults: all cases on all generations, not only the quick ones")

// fault is a shop, an agent on it, and what is to go wrong.
type fault struct {
	*testing.T
	id       string
	gen      shoptest.Generation
	server   *shoptest.Server
	database string
	db       *sql.DB
	shop     *shoptest.Shop
	cfg      *config.Config
	a        *agent

	before map[string]string // documents of the shop before the fault
	seq    int64             // of the last event before it
	began  time.Time         // when it was over, and the agent at work
	lines  int               // that the agent had logged by then
	many   bool              // an entity may have several revisions behind it
}

// begin loads a shop and lets a new agent read all of it.
func begin(t *testing.T, id string, gen shoptest.Generation, server *shoptest.Server, s settings) *fault {
	t.Helper()
	f := &fault{T: t, id: id, gen: gen, server: server}
	f.database, f.db, f.shop = openShop(t, server, gen)
	s.prefix, s.snapshot = "oc_", "[customer, product, stock, category, order]"
	f.cfg = configure(t, server, f.database, s)
	f.a = start(t, server, f.cfg)
	f.a.quiet()
	place(t, f.shop, 3)
	f.a.quiet()
	return f
}

// mark notes how everything is before the fault.
func (f *fault) mark() {
	f.Helper()
	f.before, f.seq = f.documents(), f.a.look().Last()
	f.began, f.lines = time.Now(), len(f.a.log.with(""))
}

// restart starts the agent again.
func (f *fault) restart() {
	f.Helper()
	f.a = start(f, f.server, f.cfg)
	f.began, f.lines = time.Now(), 0
}

// documents are all that the shop holds for the outside, as the oracle sees them.
func (f *fault) documents() map[string]string {
	f.Helper()
	o, err := oracle.New(f.Context(), f.db, "oc_")
	if err != nil {
		f.Fatal(err)
	}
	out := map[string]string{}
	for _, entity := range document.Entities {
		table, id := entity, entity+"_id"
		if entity == document.StockEntity {
			table, id = "product", "product_id"
		}
		for _, k := range column(f.T, f.db, fmt.Sprintf("SELECT %s FROM `oc_%s`", id, table)) {
			rows, err := o.Rows(f.Context(), entity, k)
			if err != nil {
				f.Fatal(err)
			}
			doc, err := o.Document(f.Context(), entity, rows)
			if err != nil {
				f.Fatal(err)
			}
			if doc == nil {
				continue
			}
			if entity == document.OrderEntity {
				withoutPast(doc)
			}
			text, err := json.Marshal(doc)
			if err != nil {
				f.Fatal(err)
			}
			out[fmt.Sprintf("%s/%d", entity, k)] = string(text)
		}
	}
	return out
}

// result is what a fault did to the journal.
type result struct {
	different, events, lost, spurious int
	byType                            map[string]int // created, updated, deleted
}

// closed waits until all is quiet, and compares: everything is equal to the shop, what
// changed has a revision, what did not has none.
func (f *fault) closed() result {
	f.Helper()
	f.a.quiet()
	recovered := time.Since(f.began)
	j := f.a.look()
	compareAll(f.T, j, f.server, f.database, "oc_")
	checkJournal(f.T, j, f.a.file)
	after := f.documents()
	different := map[string]bool{}
	for k, doc := range after {
		if f.before[k] != doc {
			different[k] = true
		}
	}
	for k := range f.before {
		if after[k] == "" {
			different[k] = true
		}
	}
	r := result{different: len(different), byType: map[string]int{}}
	seen := map[string]int{}
	for n := f.seq + 1; n <= j.Last(); n++ {
		e, err := j.Event(f.Context(), n)
		if err != nil {
			f.Fatal(err)
		}
		r.events++
		r.byType[e.Kind]++
		k := e.Key.String()
		if seen[k]++; !different[k] || seen[k] > 1 && !f.many {
			r.spurious++
			f.Errorf("%s: a revision that says nothing new (%s by %s)", e.EventID(), e.Kind, e.Origin)
		}
	}
	for k := range different {
		if seen[k] == 0 {
			r.lost++
			f.Errorf("%s has changed, and has no revision", k)
		}
	}
	fmt.Printf("%s ok=%v lost=%d spurious=%d changed=%d recovered=%.1fs  (%s, %s %s, %s)\n", f.id, !f.Failed(), r.lost, r.spurious, r.different, recovered.Seconds(),
		f.Name(), f.server.Flavor(), f.server.Version(), f.gen)
	return r
}

// said lists the lines since the fault that hold a text.
func (f *fault) said(text string) (found []string) {
	all := f.a.log.with("")
	for _, line := range all[min(f.lines, len(all)):] {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// waitSaid waits for n such lines: what status tells may be said a moment later.
func (f *fault) waitSaid(n int, text string) {
	f.Helper()
	waitFor(f.T, fmt.Sprintf("%d lines that say %q", n, text), func() bool { return len(f.said(text)) >= n })
}

// wantSaid wants exactly n such lines, with all of these texts.
func (f *fault) wantSaid(n int, text string, also ...string) {
	f.Helper()
	f.waitSaid(n, text)
	lines := f.said(text)
	if len(lines) != n {
		f.Errorf("%d lines say %q, want %d: %q", len(lines), text, n, lines)
	}
	for _, line := range lines {
		for _, a := range also {
			if !strings.Contains(line, a) {
				f.Errorf("the line lacks %q: %s", a, line)
			}
		}
	}
}

// wantHole wants one hole: said with its window in one line, counted, shown by status,
// closed with the right counts.
func (f *fault) wantHole(r result, why string) {
	f.Helper()
	f.wantSaid(1, "hole in the binlog", "intermediate steps between 2", "are not known", "are compared", why)
	f.wantSaid(1, "compared with the shop", "reason=gap", fmt.Sprintf("created=%d changed=%d deleted=%d", r.byType["created"], r.byType["updated"], r.byType["deleted"]))
	f.wantMetric("octail_source_gaps_total", "octail_source_gaps_total 1")
	waitFor(f.T, "status to call the hole closed", f.holeClosed)
	st := f.status()
	h := st.Source.Hole
	if h == nil || h.Closed.IsZero() || h.ReadUpTo.IsZero() || h.Found.Before(h.ReadUpTo) || h.Known == 0 || h.Compared < int(h.Known) ||
		h.Created != r.byType["created"] || h.Changed != r.byType["updated"] || h.Deleted != r.byType["deleted"] {
		f.Errorf("status shows %+v, want %v", h, r.byType)
	}
	var text strings.Builder
	st.Text(&text)
	if !strings.Contains(text.String(), "\nhole ") || !strings.Contains(text.String(), "are not known; closed after") {
		f.Errorf("status says:\n%s", text.String())
	}
}

// holeClosed reports whether status shows a hole that is closed.
func (f *fault) holeClosed() bool {
	h := f.status().Source.Hole
	return h != nil && !h.Closed.IsZero()
}

func (f *fault) wantNoHole() {
	f.Helper()
	f.wantSaid(0, "hole in the binlog")
	f.wantMetric("octail_source_gaps_total", "octail_source_gaps_total 0")
}

func (f *fault) wantMetric(prefix, want string) {
	f.Helper()
	if got := f.a.metric(prefix); got != want {
		f.Errorf("metric: %q, want %q", got, want)
	}
}

// wantDoubt wants that rows may have changed unseen: said, counted, compared.
func (f *fault) wantDoubt(reason string) {
	f.Helper()
	f.wantNoHole()
	f.waitSaid(1, "rows may have changed without row events")
	f.wantSaid(len(f.said("rows may have changed without row events")), "rows may have changed without row events", "are compared with the shop", "tables=", "reason="+reason, "at=2")
	f.waitSaid(1, "compared with the shop: what") // the comparison is over
	if got := f.a.metric(fmt.Sprintf("octail_documents_resyncs_total{reason=%q}", reason)); got == "" || strings.HasSuffix(got, " 0") {
		f.Errorf("metric: %q", got)
	}
}

// faults are what can happen to a shop's binlog. Those of a running agent happen while
// it runs, the others while it is stopped.
var faults = []struct {
	id, name string
	quick    bool
	args     []string
	running  bool
	do       func(f *fault)
	check    func(f *fault, r result)
}{
	{"F22", "purged", true, nil, false, func(f *fault) {
		place(f.T, f.shop, 5)
		purgeLog(f.T, f.server)
		place(f.T, f.shop, 2)
	}, func(f *fault, r result) { f.wantHole(r, "purged") }},
	{"F22", "purged behind 500 changes", false, nil, false, func(f *fault) {
		f.change(500)
		purgeLog(f.T, f.server)
	}, func(f *fault, r result) { f.wantHole(r, "purged") }},
	{"F22", "log switched off for a while", false, nil, true, func(f *fault) {
		f.many = true
		if err := f.server.RestartWith(f.Context(), "--skip-log-bin"); err != nil {
			f.Fatal(err)
		}
		place(f.T, f.shop, 2)
		waitFor(f.T, "the agent to see that there is no log", func() bool {
			var st console.Status
			return f.a.get("/api/v1/status", &st) == nil && strings.Contains(st.Source.Error, "binary log is switched off")
		})
		if err := f.server.RestartWith(f.Context()); err != nil {
			f.Fatal(err)
		}
	}, func(f *fault, r result) { f.wantHole(r, "switched off") }},
	{"F23", "log begun anew", true, nil, false, func(f *fault) {
		place(f.T, f.shop, 5)
		resetLog(f.T, f.server)
		place(f.T, f.shop, 2)
	}, func(f *fault, r result) { f.wantHole(r, "") }},
	{"F23", "log begun anew under the agent", false, nil, true, func(f *fault) {
		f.many = true
		resetLog(f.T, f.server)
		place(f.T, f.shop, 2)
		f.waitForHole()
	}, func(f *fault, r result) {
		f.wantSaid(1, "hole in the binlog", "intermediate steps between 2")
		f.wantMetric("octail_source_gaps_total", "octail_source_gaps_total 1")
	}},
	{"F23", "restored dump", true, nil, false, func(f *fault) {
		f.a = start(f, f.server, f.cfg) // what follows is read, and then it has not been
		saved := f.save()
		place(f.T, f.shop, 4)
		must(f.T, f.db, "UPDATE oc_product SET price = price + 1 WHERE product_id < 5", "DELETE FROM oc_customer WHERE customer_id = 1")
		f.a.quiet()
		f.mark()
		f.a.stop()
		f.restore(saved)
		resetLog(f.T, f.server)
		shop := shoptest.NewShop(f.db, f.gen, "oc_", 77) // orders get numbers that were given before
		place(f.T, shop, 2)
	}, func(f *fault, r result) { f.wantHole(r, "") }},
	{"F23", "dump loaded under the agent", false, nil, true, func(f *fault) {
		saved := f.save()
		place(f.T, f.shop, 2)
		must(f.T, f.db, "UPDATE oc_product SET price = price + 1 WHERE product_id < 5")
		f.a.quiet()
		f.mark()
		f.restore(saved)
	}, func(f *fault, r result) {
		f.wantDoubt("ddl")
		if r.byType["deleted"] != 2 || r.byType["created"] != 0 { // the two orders that the dump does not have
			f.Errorf("%v", r.byType)
		}
	}},
	{"F23", "deleted, and the log begun anew", false, nil, false, func(f *fault) {
		must(f.T, f.db, "DELETE FROM oc_order WHERE order_id = 1", "DELETE FROM oc_product WHERE product_id = 3")
		resetLog(f.T, f.server)
	}, func(f *fault, r result) {
		f.wantHole(r, "")
		if r.byType["deleted"] != 3 { // an order, a product and its stock
			f.Errorf("%v", r.byType)
		}
	}},
	{"F25", "numbers left out", false, nil, true, func(f *fault) {
		place(f.T, f.shop, 1)
		f.a.quiet()
		f.mark()
		f.leap(1000)
		place(f.T, f.shop, 1)
	}, func(f *fault, r result) { f.wantNoHole() }},
	{"F26", "one session in statement format", true, nil, true, func(f *fault) {
		// One behind the other: what is found within a minute of a line gets no line of its own.
		must(f.T, f.db, "SET SESSION binlog_format = STATEMENT", "UPDATE oc_product SET price = price + 1 WHERE product_id < 5", "UPDATE oc_order SET comment = 'by statement'")
	}, func(f *fault, r result) {
		f.wantDoubt("statement")
		f.wantSaid(1, "rows may have changed", "tables=[oc_product]", "SET GLOBAL binlog_format = ROW")
		f.wantSaid(1, "because_of_tables_too=[oc_order]") // it was for orders too
	}},
	{"F26", "the server in statement format", false, nil, true, func(f *fault) {
		f.many = true
		f.global("binlog_format", "STATEMENT")
		place(f.T, f.another(), 3)
		f.a.quiet()
		f.global("binlog_format", "ROW")
		place(f.T, f.another(), 1)
	}, func(f *fault, r result) { f.wantDoubt("statement") }},
	{"F26", "the server in mixed format", false, nil, true, func(f *fault) {
		f.many = true
		f.global("binlog_format", "MIXED")
		place(f.T, f.another(), 3)
		f.global("binlog_format", "ROW")
	}, func(f *fault, r result) { f.wantDoubt("statement") }},
	{"F26", "one session with minimal images", true, nil, true, func(f *fault) {
		must(f.T, f.db, "SET SESSION binlog_row_image = MINIMAL", "UPDATE oc_order_product SET name = 'another' WHERE order_id = 2",
			"UPDATE oc_product_description SET name = 'another' WHERE product_id = 2", "DELETE FROM oc_order_history WHERE order_id = 3")
	}, func(f *fault, r result) { f.wantDoubt("image") }},
	{"F26", "the server with minimal images", false, nil, true, func(f *fault) {
		f.many = true
		f.global("binlog_row_image", "MINIMAL")
		shop := f.another()
		place(f.T, shop, 2)
		if err := shop.SetStatus(f.Context(), 4, 3, "shipped", true); err != nil {
			f.Fatal(err)
		}
		must(f.T, f.db, "UPDATE oc_order_product SET name = 'another' WHERE order_id = 2")
		f.a.quiet()
		f.global("binlog_row_image", "NOBLOB")
		place(f.T, f.another(), 1)
		f.global("binlog_row_image", "FULL")
	}, func(f *fault, r result) { f.wantNoHole() }},
	{"F27", "TRUNCATE", true, nil, true, func(f *fault) {
		must(f.T, f.db, "TRUNCATE TABLE oc_product_image", "TRUNCATE TABLE oc_order_history")
	}, func(f *fault, r result) { f.wantDoubt("truncate") }},
	{"F27", "foreign key cascade", true, nil, true, func(f *fault) {
		f.many = true
		must(f.T, f.db, "ALTER TABLE oc_category ENGINE=InnoDB", "ALTER TABLE oc_product_to_category ENGINE=InnoDB",
			"ALTER TABLE oc_product_to_category ADD FOREIGN KEY (category_id) REFERENCES oc_category (category_id) ON DELETE CASCADE")
		f.a.quiet()
		f.mark()
		must(f.T, f.db, "DELETE FROM oc_category WHERE category_id IN (SELECT category_id FROM (SELECT DISTINCT category_id FROM oc_product_to_category) x)")
	}, func(f *fault, r result) {
		if r.different < 4 {
			f.Errorf("%d entities changed", r.different)
		}
		if f.server.Flavor() == shoptest.MariaDB { // MySQL logs it as rows
			f.wantDoubt("cascade")
		}
	}},
	{"F27", "LOAD DATA", false, nil, true, func(f *fault) {
		file := f.TempDir() + "/rows"
		if err := os.WriteFile(file, []byte("1\tcatalog/a.jpg\t5\n2\tcatalog/b.jpg\t6\n"), 0o644); err != nil {
			f.Fatal(err)
		}
		must(f.T, f.db, "LOAD DATA INFILE '"+file+"' INTO TABLE oc_product_image (product_id, image, sort_order)")
	}, func(f *fault, r result) {
		f.wantNoHole()
		if r.different != 2 {
			f.Errorf("%d products have another image", r.different)
		}
	}},
	{"F27", "LOAD DATA as a statement", false, nil, true, func(f *fault) {
		file := f.TempDir() + "/rows"
		if err := os.WriteFile(file, []byte("1\tcatalog/a.jpg\t5\n2\tcatalog/b.jpg\t6\n"), 0o644); err != nil {
			f.Fatal(err)
		}
		must(f.T, f.db, "SET SESSION binlog_format = STATEMENT", "LOAD DATA INFILE '"+file+"' INTO TABLE oc_product_image (product_id, image, sort_order)")
	}, func(f *fault, r result) { f.wantDoubt("statement") }},
	{"F27", "not logged, then altered", true, nil, true, func(f *fault) {
		must(f.T, f.db, "SET SESSION sql_log_bin = 0", "UPDATE oc_product SET price = price + 1 WHERE product_id < 5", "SET SESSION sql_log_bin = 1",
			"ALTER TABLE oc_product DROP COLUMN sort_order, ADD COLUMN sort_order INT NOT NULL DEFAULT 7 AFTER product_id")
	}, func(f *fault, r result) { f.wantDoubt("ddl") }},
}

// TestFaults: each of the faults is found, said in one line that names what may be
// missing, counted, and closed by comparing: afterwards everything is equal, and
// nothing that did not change got a revision.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range faults {
		if !c.quick && !*everyFault {
			continue
		}
		for i, g := range generations {
			if i > 0 && !*everyFault {
				continue
			}
			t.Run(fmt.Sprintf("%s %s/%s", c.id, c.name, g.name), func(t *testing.T) {
				f := begin(t, c.id, g.gen, shoptesting.Server(t, shoptest.Options{Args: c.args}), settings{})
				f.mark()
				if !c.running {
					f.a.stop()
				}
				c.do(f)
				if !c.running {
					f.restart()
				}
				c.check(f, f.closed())
			})
		}
	}
}

// TestKilledInAHole kills the agent at stop points while it closes a hole: the next
// one goes on with it, to the end, and says so.
func TestKilledInAHole(t *testing.T) {
	t.Parallel()
	f := begin(t, "F22", shoptest.V4, shoptesting.Server(t, shoptest.Options{}), settings{})
	f.mark()
	f.a.stop()
	f.change(30)
	purgeLog(t, f.server)
	file := writeConfig(t, f.server, f.database, settings{dir: filepath.Dir(f.cfg.Journal.Path), prefix: "oc_", snapshot: "[customer, product, stock, category, order]"})
	for _, point := range []string{"after-read:1", "before-commit:1", "after-commit:1"} {
		p := launch(t, file, "OCTAIL_FAILPOINT="+point)
		done := make(chan error, 1)
		go func() { done <- p.cmd.Wait() }()
		select {
		case <-done:
		case <-time.After(patience):
			_ = p.cmd.Process.Kill()
			t.Fatalf("%s was not passed:\n%s", point, p.log.String())
		}
		if p.cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("%s: it ended by itself:\n%s", point, p.log.String())
		}
	}
	f.restart()
	f.closed()
	waitFor(t, "status to call the hole closed", f.holeClosed)
	f.wantSaid(0, "hole in the binlog") // the first one has said it
	f.wantSaid(1, "compared with the shop", "reason=gap")
}

// change makes so many changes: orders placed, moved on, edited and deleted, products
// changed, made and deleted, customers likewise.
func (f *fault) change(n int) {
	f.Helper()
	ctx := f.Context()
	do := func(err error) {
		f.Helper()
		if err != nil {
			f.Fatal(err)
		}
	}
	counts := map[string]int{}
	var orders, customers, products []int64
	for i := range n {
		switch i % 10 {
		case 0, 1, 2:
			c, err := f.shop.RandomCheckout(ctx)
			do(err)
			id, err := f.shop.Order(ctx, c)
			do(err)
			orders = append(orders, id)
			counts["orders placed"]++
		case 3:
			do(f.shop.SetStatus(ctx, orders[i%len(orders)], 3, "shipped", true))
			counts["orders moved on"]++
		case 4:
			items, err := f.shop.RandomItems(ctx)
			do(err)
			do(f.shop.EditLines(ctx, orders[(i+5)%len(orders)], items))
			counts["orders edited"]++
		case 5:
			id, err := f.shop.Register(ctx, f.shop.RandomPerson())
			do(err)
			customers = append(customers, id)
			counts["customers registered"]++
		case 6:
			do(f.shop.EditAccount(ctx, customers[i%len(customers)], f.shop.RandomPerson()))
			counts["customers edited"]++
		case 7:
			do(f.shop.SaveProduct(ctx, int64(1+i/10%4), func(p *shoptest.Product) { p.Price = p.Price.Add(p.Price) }))
			counts["products changed"]++
		case 8:
			id, err := f.shop.CopyProduct(ctx, int64(1+i/10%4))
			do(err)
			products = append(products, id)
			counts["products made"]++
		case 9:
			switch i / 10 % 3 {
			case 0:
				do(f.shop.DeleteOrder(ctx, orders[0]))
				orders = orders[1:]
				counts["orders deleted"]++
			case 1:
				do(f.shop.DeleteCustomer(ctx, customers[0]))
				customers = customers[1:]
				counts["customers deleted"]++
			default:
				do(f.shop.DeleteProduct(ctx, products[0]))
				products = products[1:]
				counts["products deleted"]++
			}
		}
	}
	var list []string
	for what, n := range counts {
		list = append(list, fmt.Sprintf("%d %s", n, what))
	}
	slices.Sort(list)
	f.Logf("%d changes: %s", n, strings.Join(list, ", "))
}

// save copies the shop's database, and returns the copy's name.
func (f *fault) save() string {
	f.Helper()
	saved := f.database + "_saved"
	must(f.T, f.db, "DROP DATABASE IF EXISTS "+saved, "CREATE DATABASE "+saved+" CHARACTER SET utf8mb4")
	f.Cleanup(func() { must2(f.server.DB(), "DROP DATABASE IF EXISTS "+saved) })
	f.copy(f.database, saved)
	return saved
}

// restore puts back what save has saved, as a dump does it: table by table.
func (f *fault) restore(saved string) {
	f.Helper()
	f.copy(saved, f.database)
}

func (f *fault) copy(from, to string) {
	f.Helper()
	rows, err := f.db.QueryContext(f.Context(), "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME", from)
	if err != nil {
		f.Fatal(err)
	}
	script := []string{"SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'"}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			f.Fatal(err)
		}
		a, b := "`"+from+"`.`"+name+"`", "`"+to+"`.`"+name+"`"
		script = append(script, "DROP TABLE IF EXISTS "+b, "CREATE TABLE "+b+" LIKE "+a, "INSERT INTO "+b+" SELECT * FROM "+a)
	}
	if err := rows.Err(); err != nil {
		f.Fatal(err)
	}
	must(f.T, f.db, script...)
}

// global changes a setting of the server, for sessions to come.
func (f *fault) global(name, value string) {
	f.Helper()
	must(f.T, f.server.DB(), fmt.Sprintf("SET GLOBAL %s = %s", name, value))
}

// another is the shop over connections made from now on.
func (f *fault) another() *shoptest.Shop {
	f.Helper()
	db, err := f.server.Open(f.database, false)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	return shoptest.NewShop(db, f.gen, "oc_", uint64(time.Now().UnixNano()))
}

// leap leaves out GTIDs.
func (f *fault) leap(n int) {
	f.Helper()
	if f.server.Flavor() == shoptest.MariaDB {
		var last int
		if err := f.db.QueryRowContext(f.Context(), "SELECT SUBSTRING_INDEX(@@gtid_binlog_pos, '-', -1)").Scan(&last); err != nil {
			f.Fatal(err)
		}
		must(f.T, f.db, fmt.Sprintf("SET SESSION gtid_seq_no = %d", last+n), "UPDATE oc_product SET price = price + 1 WHERE product_id = 1")
		return
	}
	var uuid, done string
	if err := f.db.QueryRowContext(f.Context(), "SELECT @@server_uuid, @@global.gtid_executed").Scan(&uuid, &done); err != nil {
		f.Fatal(err)
	}
	var last int
	fmt.Sscanf(done[strings.LastIndexAny(done, ":-")+1:], "%d", &last)
	must(f.T, f.db, fmt.Sprintf("SET SESSION gtid_next = '%s:%d'", uuid, last+n), "UPDATE oc_product SET price = price + 1 WHERE product_id = 1", "SET SESSION gtid_next = 'AUTOMATIC'")
}

// waitForHole waits until the agent has found a hole: until then its position may look
// like one behind everything.
func (f *fault) waitForHole() {
	f.Helper()
	waitFor(f.T, "the agent to find the hole", func() bool { return len(f.said("hole in the binlog")) > 0 })
}

// waitFor waits until something is so.
func waitFor(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
