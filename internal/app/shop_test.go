package app_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/oracle"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

// shopInUse is a generation of OpenCart on an engine.
type shopInUse struct {
	name   string
	gen    shoptest.Generation
	prefix string
	args   []string
	flavor string
}

// shops are the generations and engines that the agent is tried on.
var shops = []shopInUse{
	{"1.5 MyISAM", shoptest.V1, "oc_", []string{"--binlog-row-metadata=NO_LOG", "--default-time-zone=+00:00"}, shoptest.MariaDB},
	{"2.3 MyISAM", shoptest.V2, "", []string{"--default-time-zone=+00:00"}, shoptest.MariaDB},
	{"3.0 MyISAM", shoptest.V3, "oc_", noNames(), ""},
	{"4.0 InnoDB", shoptest.V40, "oc_2_", nil, shoptest.MariaDB},
	{"4.1 InnoDB", shoptest.V4, "", nil, ""},
	{"4.1 compressed", shoptest.V4, "shop2_", []string{"--log-bin-compress=ON", "--log-bin-compress-min-len=10"}, shoptest.MariaDB},
	{"4.1 MySQL compressed", shoptest.V4, "oc_", []string{"--binlog-transaction-compression=ON", "--binlog-row-metadata=MINIMAL"}, shoptest.MySQL},
}

// shopsNamed are some of them.
func shopsNamed(t *testing.T, names ...string) (out []shopInUse) {
	t.Helper()
	for _, n := range names {
		i := slices.IndexFunc(shops, func(s shopInUse) bool { return s.name == n })
		if i < 0 {
			t.Fatalf("no shop is named %q", n)
		}
		out = append(out, shops[i])
	}
	return out
}

// noNames makes a server log rows without the names of their columns.
func noNames() []string {
	if shoptesting.Flavor() == shoptest.MySQL {
		return []string{"--binlog-row-metadata=MINIMAL"}
	}
	return []string{"--binlog-row-metadata=NO_LOG"}
}

// TestShopInUse lets visitors and staff use a shop with the agent attached. When
// they have left, every entity's newest document equals what the oracle makes of
// the shop's rows.
func TestShopInUse(t *testing.T) {
	t.Parallel()
	for _, s := range shops {
		if s.flavor != "" && !shoptesting.Wanted(s.flavor) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			server := shoptesting.Server(t, shoptest.Options{Flavor: s.flavor, Args: s.args})
			database := shoptesting.Database(t, server)
			db, err := server.Open(database, true)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := shoptest.Load(t.Context(), db, s.gen, s.prefix); err != nil {
				t.Fatal(err)
			}
			cfg := configure(t, server, database, settings{prefix: s.prefix})
			if s.gen.Zone() == "" {
				cfg.Shop.Timezone = "UTC" // that of the server
			}
			a := start(t, server, cfg)
			a.quiet() // what was ordered before the first start is not its business
			use(t, server, database, s.gen, s.prefix, 4*time.Second)
			a.quiet()
			compareAll(t, a.look(), server, database, s.prefix)
		})
	}
}

// use runs the shopper for a while, and until an order is placed.
func use(t testing.TB, server *shoptest.Server, database string, gen shoptest.Generation, prefix string, d time.Duration) *shoptest.Shop {
	t.Helper()
	db, err := server.Open(database, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	shop := shoptest.NewShop(db, gen, prefix, 7)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	steps, began := map[string]int{}, time.Now()
	if err := shoptest.Run(ctx, shop, 0, func(s shoptest.Step) {
		if steps[s.Kind]++; steps["place"] > 0 && time.Since(began) >= d {
			cancel()
		}
	}); err != nil {
		t.Fatal(err)
	}
	t.Logf("steps: %v", steps)
	return shop
}

// compareAll compares every entity the shop has with the journal, both ways.
func compareAll(t *testing.T, j *journal.Journal, server *shoptest.Server, database, prefix string) {
	t.Helper()
	db, err := server.Open(database, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	o, err := oracle.New(t.Context(), db, prefix)
	if err != nil {
		t.Fatal(err)
	}
	compared, different := 0, 0
	for _, entity := range document.Entities {
		table, id := entity, entity+"_id"
		if entity == document.StockEntity {
			table, id = "product", "product_id"
		}
		inShop := column(t, db, fmt.Sprintf("SELECT %s FROM `%s%s`", id, prefix, table))
		known, err := j.KnownIDs(t.Context(), entity, 0, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range known {
			if !slices.Contains(inShop, k) {
				t.Errorf("%s/%d: gone from the shop, not from the journal", entity, k)
			}
		}
		for _, k := range inShop {
			rows, err := o.Rows(t.Context(), entity, k)
			if err != nil {
				t.Fatal(err)
			}
			want, err := o.Document(t.Context(), entity, rows)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				if slices.Contains(known, k) {
					t.Errorf("%s/%d: a draft was journaled", entity, k)
				}
				continue
			}
			compared++
			if diff := compareOne(t, j, document.Key{Entity: entity, ID: k}, want); len(diff) > 0 {
				if different++; different < 10 {
					t.Errorf("%s/%d: %v", entity, k, diff)
				}
			}
		}
	}
	t.Logf("%d documents compared, %d different", compared, different)
	if different > 0 {
		t.Fail()
	}
}

// compareOne compares a newest document. An order that was revised has line
// numbers and as-sold fields from its past, which the oracle has not seen.
func compareOne(t *testing.T, j *journal.Journal, key document.Key, want map[string]any) []string {
	t.Helper()
	revisions, err := j.Revisions(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if len(revisions) == 0 {
		return []string{"nothing journaled"}
	}
	if revisions[0].Kind == document.Deleted {
		return []string{"journaled as deleted"}
	}
	doc, err := document.DocumentOf(revisions[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	if key.Entity == document.OrderEntity {
		var got map[string]any
		if err := json.Unmarshal(doc, &got); err != nil {
			t.Fatal(err)
		}
		withoutPast(want)
		withoutPast(got)
		if doc, err = json.Marshal(got); err != nil {
			t.Fatal(err)
		}
	}
	return oracle.Compare(want, doc)
}

// withoutPast takes out of an order's document what depends on when it was first seen.
func withoutPast(d map[string]any) {
	lines, _ := d["lines"].([]any)
	for _, l := range lines {
		line := l.(map[string]any)
		for _, f := range []string{"line", "sku", "codes", "tax_class", "weight", "requires_shipping"} {
			delete(line, f)
		}
		options, _ := line["options"].([]any)
		for _, o := range options {
			delete(o.(map[string]any), "option_id")
			delete(o.(map[string]any), "option_value_id")
		}
	}
	slices.SortFunc(lines, func(a, b any) int {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return slices.Compare(x, y)
	})
	for _, x := range d["totals"].([]any) {
		delete(x.(map[string]any), "tax")
	}
	delete(d["currency"].(map[string]any), "decimals")
}

func column(t *testing.T, db *sql.DB, query string) []int64 {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestHugeOrder: 5,000 lines, a comment of a megabyte and another in the history, and
// staff rewriting all of it, arrive like any order.
func TestHugeOrder(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, db, shop := openShop(t, server, shoptest.V4)
	// An order that is being edited is held until all of it is there again, however long that takes.
	a := start(t, server, configure(t, server, database, settings{prefix: "oc_", hold: "4m"}))
	place(t, shop, 1)
	a.quiet()
	must(t, db, "ALTER TABLE oc_order MODIFY comment MEDIUMTEXT", "ALTER TABLE oc_order_history MODIFY comment MEDIUMTEXT", "DELETE FROM oc_order_option",
		"INSERT INTO oc_order_product (order_id, product_id, name, model, quantity, price, total, tax) SELECT 1, 1 + seq % 4, CONCAT('line ', seq, ' &amp; more'), 'm', 2, 1.5, 3, 0.1 FROM seq_1_to_2500",
		"UPDATE oc_order_total SET value = value + 7500 WHERE order_id = 1 AND code IN ('sub_total', 'total')",
		"UPDATE oc_order SET total = total + 7500, comment = REPEAT('0123456789 &lt;', 1024 * 1024 / 15) WHERE order_id = 1",
		"INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (1, 3, 0, REPEAT('😀', 260000), NOW())")
	a.quiet()
	j := a.look()
	compareAll(t, j, server, database, "oc_")
	checkJournal(t, j, a.file)
	var before struct {
		Document struct {
			Lines   []struct{ Line int64 }
			Comment string
		}
	}
	e, err := j.Event(t.Context(), newest(t, j, "order", 1).Sequence)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(e.Data, &before); err != nil {
		t.Fatal(err)
	}
	if n := len(before.Document.Lines); n < 2501 || len(before.Document.Comment) < 700_000 {
		t.Errorf("%d lines, a comment of %d bytes", n, len(before.Document.Comment))
	}
	last := j.Last()
	must(t, db, "CREATE TEMPORARY TABLE kept SELECT * FROM oc_order_product WHERE order_id = 1", "UPDATE kept SET order_product_id = 0",
		"UPDATE oc_order SET order_status_id = 0 WHERE order_id = 1", "DELETE FROM oc_order_product WHERE order_id = 1",
		"INSERT INTO oc_order_product SELECT * FROM kept", "UPDATE oc_order SET order_status_id = 3 WHERE order_id = 1")
	a.quiet()
	j = a.look()
	compareAll(t, j, server, database, "oc_")
	for n := last + 1; n <= j.Last(); n++ {
		e, err := j.Event(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		var data struct{ Changed []string }
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		if e.Entity == "order" && slices.Contains(data.Changed, "lines") {
			t.Errorf("%s: %v, although all lines are as they were", e.EventID(), data.Changed)
		}
	}
}

// newest is what the journal knows of a key.
func newest(t *testing.T, j *journal.Journal, entity string, id int64) journal.Known {
	t.Helper()
	known, err := j.Known(t.Context(), entity, []int64{id})
	if err != nil {
		t.Fatal(err)
	}
	return known[id]
}
