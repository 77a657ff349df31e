package shoptest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

func TestLoad(t *testing.T) {
	ctx := context.Background()
	for _, server := range []*shoptest.Server{shoptesting.MariaDB(t), shoptesting.MySQL(t)} {
		for _, c := range []struct {
			gen     shoptest.Generation
			prefix  string
			engine  string
			engines [][]string // tables by engine
		}{
			{shoptest.V1, "oc_", "", [][]string{{"MyISAM", "78"}}},
			{shoptest.V1, "", "InnoDB", [][]string{{"InnoDB", "78"}}},
			{shoptest.V2, "oc_", "", [][]string{{"InnoDB", "1"}, {"MyISAM", "79"}}},
			{shoptest.V40, "oc_", "", [][]string{{"InnoDB", "85"}}},
			{shoptest.V3, "oc_", "", [][]string{{"InnoDB", "2"}, {"MyISAM", "81"}}},
			{shoptest.V3, "", "InnoDB", [][]string{{"InnoDB", "83"}}},
			{shoptest.V4, "shop1_", "", [][]string{{"InnoDB", "86"}}},
			{shoptest.V4, "oc_", "MyISAM", [][]string{{"MyISAM", "86"}}},
		} {
			t.Run(fmt.Sprintf("%s/%s/%q/%s", server.Flavor(), c.gen, c.prefix, c.engine), func(t *testing.T) {
				database := shoptesting.Database(t, server)
				db := shoptesting.Open(t, server, database)
				var options []shoptest.LoadOption
				if c.engine != "" {
					options = append(options, shoptest.Engine(c.engine))
				}
				if err := shoptest.Load(ctx, db, c.gen, c.prefix, options...); err != nil {
					t.Fatal(err)
				}
				engines := table(t, db, "SELECT engine, COUNT(*) FROM information_schema.tables WHERE table_schema = ? GROUP BY engine ORDER BY engine", database)
				if diff := cmp.Diff(c.engines, engines); diff != "" {
					t.Errorf("engines (-want +got):\n%s", diff)
				}
				counts := table(t, db, "SELECT (SELECT COUNT(*) FROM `"+c.prefix+"product`), (SELECT COUNT(*) FROM `"+c.prefix+"category`),"+
					" (SELECT COUNT(*) FROM `"+c.prefix+"category_path`), (SELECT COUNT(*) FROM `"+c.prefix+"customer`), (SELECT COUNT(*) FROM `"+c.prefix+"address`),"+
					" (SELECT COUNT(*) FROM `"+c.prefix+"language`), (SELECT COUNT(*) FROM `"+c.prefix+"currency`)")
				if diff := cmp.Diff([][]string{{"20", "8", "11", "3", "3", "2", "3"}}, counts); diff != "" {
					t.Errorf("catalogue (-want +got):\n%s", diff)
				}
				names := table(t, db, "SELECT name, (SELECT CAST(date_available AS CHAR) FROM `"+c.prefix+"product` WHERE product_id = 6) FROM `"+c.prefix+"product_description` WHERE product_id = 7 ORDER BY language_id")
				if diff := cmp.Diff([][]string{{"LED Bulb &lt;E27&gt;", "0000-00-00"}, {"LED-Lampe &lt;E27&gt;", "0000-00-00"}}, names); diff != "" {
					t.Errorf("product 7 and the zero date of product 6 (-want +got):\n%s", diff)
				}
				if err := shoptest.Load(ctx, db, c.gen, c.prefix); err == nil {
					t.Error("no error when the shop is there already")
				}
			})
		}
	}
}

// TestLoadColumns checks the marks by which the generations are told apart.
func TestLoadColumns(t *testing.T) {
	server := shoptesting.MariaDB(t)
	const query = `SELECT CONCAT_WS(' ', column_name, column_type, IF(is_nullable = 'YES', 'null', 'not null')) FROM information_schema.columns
		WHERE table_schema = ? AND (table_name = 'oc_order' AND column_name IN ('payment_code', 'payment_method', 'transaction_id', 'fax')
		OR table_name IN ('oc_product_code', 'oc_product_special', 'oc_order_voucher') AND ordinal_position = 1
		OR table_name = 'oc_product' AND column_name IN ('sku', 'viewed', 'variant')) ORDER BY table_name, ordinal_position`
	for gen, want := range map[shoptest.Generation][][]string{
		shoptest.V3: {{"fax varchar(32) not null"}, {"payment_method varchar(128) not null"}, {"payment_code varchar(128) not null"},
			{"order_voucher_id int(11) not null"}, {"sku varchar(64) not null"}, {"viewed int(5) not null"}, {"product_special_id int(11) not null"}},
		shoptest.V4: {{"transaction_id varchar(100) null"}, {"payment_method text null"}, {"variant text null"}, {"product_code_id int(11) not null"}},
	} {
		t.Run(gen.String(), func(t *testing.T) {
			database := shoptesting.Database(t, server)
			db := shoptesting.Open(t, server, database)
			if err := shoptest.Load(context.Background(), db, gen, "oc_", shoptest.WithoutCatalogue()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, table(t, db, query, database)); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if n := table(t, db, "SELECT COUNT(*) FROM oc_product")[0][0]; n != "0" {
				t.Errorf("%s products without the catalogue", n)
			}
		})
	}
}

// TestRealColumns: a table of ours has the columns of the release, under their names, in
// their order and of their types.
func TestRealColumns(t *testing.T) {
	dir := shoptesting.Schemas(t)
	server := shoptesting.MariaDB(t)
	const query = `SELECT table_name, GROUP_CONCAT(CONCAT_WS(' ', column_name, column_type, is_nullable, extra) ORDER BY ordinal_position SEPARATOR ', ')
		FROM information_schema.columns WHERE table_schema = ? GROUP BY table_name`
	for gen, release := range map[shoptest.Generation]string{shoptest.V1: "1.5.6.4", shoptest.V2: "2.3.0.2", shoptest.V3: "3.0.5.1", shoptest.V40: "4.0.2.3", shoptest.V4: "4.1.0.4"} {
		t.Run(gen.String(), func(t *testing.T) {
			script, err := os.ReadFile(filepath.Join(dir, "opencart-"+release+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			real, ours := shoptesting.Database(t, server), shoptesting.Database(t, server)
			if err := server.Exec(t.Context(), real, string(script)); err != nil {
				t.Fatal(err)
			}
			db := shoptesting.Open(t, server, ours)
			if err := shoptest.Load(t.Context(), db, gen, "oc_", shoptest.WithoutCatalogue()); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec("SET GLOBAL group_concat_max_len = 1000000"); err != nil {
				t.Fatal(err)
			}
			wide := shoptesting.Open(t, server, ours)
			want := map[string]string{}
			for _, row := range table(t, wide, query, real) {
				want[row[0]] = row[1]
			}
			for _, row := range table(t, wide, query, ours) {
				if diff := cmp.Diff(want[row[0]], row[1]); diff != "" {
					t.Errorf("%s (-real +ours):\n%s", row[0], diff)
				}
			}
		})
	}
}
