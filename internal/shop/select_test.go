package shop_test

import (
	"fmt"
	"strings"
	"testing"

	"octail/canal"
	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestValues: what comes out is what is stored.
func TestValues(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, `CREATE TABLE oc_t (id INT PRIMARY KEY, txt TEXT, legacy VARCHAR(20) CHARACTER SET latin1, raw VARBINARY(20), money DECIMAL(15,4), rate DECIMAL(15,8),
			big BIGINT UNSIGNED, tiny TINYINT(1), day DATE, at DATETIME, stamp TIMESTAMP NULL, kind ENUM('day','week'), num VARCHAR(9)) CHARACTER SET utf8mb4;
			INSERT INTO oc_t VALUES (1, '', '', '', 0, 1, 0, 0, '0000-00-00', '0000-00-00 00:00:00', NULL, 'day', ''),
			(2, 'Größe 😀 "x"\\ \r\n', 'Größe', X'E4FF00', -12345678901.2300, 0.78460002, 18446744073709551615, 1, '2026-11-22', '2026-11-22 01:02:03', '2026-11-22 01:02:03', 'week', '12x'),
			(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
			(-4, 'minus', 'x', 'x', 99999999999.9999, 1, 9223372036854775807, -1, '2026-02-00', '2026-00-00 00:00:00', NULL, 'day', '-7')`)
		columns := []string{"txt", "legacy", "raw", "money", "rate", "big", "tiny", "day", "at", "kind"}
		rows, _, err := i.read(canal.Position{}, shop.Query{Table: "t", Columns: append([]string{"id", "stamp", "num"}, columns...), Where: "id", Keys: []int64{3, 1, 2}, Order: []string{"id"}})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			`"" "" "" "0.0000" "1.00000000" "0" "0" "0000-00-00" "0000-00-00 00:00:00" "day"`,
			`"Größe 😀 \"x\"\\ \r\n" "Größe" "\xe4\xff\x00" "-12345678901.2300" "0.78460002" "18446744073709551615" "1" "2026-11-22" "2026-11-22 01:02:03" "week"`,
			`NULL NULL NULL NULL NULL NULL NULL NULL NULL NULL`,
		}
		if len(rows) != len(want) {
			t.Fatalf("%d rows", len(rows))
		}
		for n, w := range want {
			if got := texts(rows[n:n+1], columns...); got != w {
				t.Errorf("row %d:\n got %s\nwant %s", n, got, w)
			}
		}
		if r := rows[1]; r.Int("id") != 2 || r.Int("num") != 0 || r.Int("big") != 0 || r.Int("txt") != 0 || r.Int("none") != 0 || !r.Bool("tiny") || r.Bool("none") {
			t.Errorf("integers %d %d %d", r.Int("id"), r.Int("num"), r.Int("big"))
		}
		if r := rows[2]; !r.Null("stamp") || !r.Null("none") || r.Raw("txt") != "" || r.Bool("tiny") || !r.Has("txt") || r.Has("none") {
			t.Error("a row of nothing")
		}
		rows, _, err = i.read(canal.Position{}, shop.Query{Table: "t", Columns: []string{"id", "num", "tiny", "big"}, Where: "id", Keys: []int64{-4}})
		if err != nil || len(rows) != 1 || rows[0].Int("id") != -4 || rows[0].Int("num") != -7 || !rows[0].Bool("tiny") || rows[0].Int("big") != 1<<63-1 {
			t.Errorf("%s, %v", texts(rows, "id", "num", "tiny", "big"), err)
		}
	})
}

// TestInvalidText: bytes that are no UTF-8 are handed on as they are, to be mended
// and counted by whoever makes documents of them. MyISAM files of old shops hold
// them.
func TestInvalidText(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, "CREATE TABLE oc_t (id INT, txt BLOB); INSERT INTO oc_t VALUES (1, X'41FF42'), (2, X'F09F98'), (3, X'EDA080'), (4, X'00')")
		rows, _, err := i.read(canal.Position{}, shop.Query{Table: "t", Columns: []string{"txt"}, Order: []string{"id"}})
		if want := `"A\xffB"; "\xf0\x9f\x98"; "\xed\xa0\x80"; "\x00"`; err != nil || texts(rows, "txt") != want {
			t.Errorf("got %s, want %s, %v", texts(rows, "txt"), want, err)
		}
	})
}

// TestSelect: columns and tables by name, and only those there are.
func TestSelect(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, "CREATE TABLE oc_t (`key` INT, `order` INT, b INT); INSERT INTO oc_t VALUES (1, 9, 5), (2, 8, 5), (3, 7, 6)")
		for _, c := range []struct {
			name string
			q    shop.Query
			want string
		}{
			{"columns there are not", shop.Query{Table: "t", Columns: []string{"none", "key", "password2"}, Order: []string{"key"}}, `NULL "1"; NULL "2"; NULL "3"`},
			{"no column at all", shop.Query{Table: "t", Columns: []string{"none"}}, ``},
			{"no table", shop.Query{Table: "none", Columns: []string{"key"}}, ``},
			{"no keys", shop.Query{Table: "t", Columns: []string{"key"}, Where: "key"}, ``},
			{"one key", shop.Query{Table: "t", Columns: []string{"key"}, Where: "key", Keys: []int64{2}}, `NULL "2"`},
			{"keys twice, and unknown", shop.Query{Table: "t", Columns: []string{"key"}, Where: "key", Keys: []int64{3, 2, 2, 99}, Order: []string{"key"}}, `NULL "2"; NULL "3"`},
			{"a condition", shop.Query{Table: "t", Columns: []string{"key"}, And: "b = 5", Order: []string{"order"}}, `NULL "2"; NULL "1"`},
			{"keys and a condition", shop.Query{Table: "t", Columns: []string{"key"}, Where: "b", Keys: []int64{5}, And: "`key` > 1"}, `NULL "2"`},
			{"order by what there is", shop.Query{Table: "t", Columns: []string{"key"}, Order: []string{"none", "b", "order"}}, `NULL "2"; NULL "1"; NULL "3"`},
			{"a limit", shop.Query{Table: "t", Columns: []string{"key"}, Order: []string{"key"}, Limit: 2}, `NULL "1"; NULL "2"`},
		} {
			t.Run(c.name, func(t *testing.T) {
				rows, _, err := i.read(canal.Position{}, c.q)
				if got := texts(rows, "none", "key"); err != nil || got != c.want {
					t.Errorf("got %s, want %s, %v", got, c.want, err)
				}
			})
		}
		if _, _, err := i.read(canal.Position{}, shop.Query{Table: "t", Columns: []string{"key"}, Where: "none", Keys: []int64{1}}); shop.Classify(err) != shop.Missing {
			t.Errorf("a key column there is not: %v", err)
		}
	})
}

// TestBatch: five hundred keys are one statement and come back whole.
func TestBatch(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		var script strings.Builder
		script.WriteString("CREATE TABLE oc_t (id INT PRIMARY KEY, parent INT, txt MEDIUMTEXT); INSERT INTO oc_t VALUES (0, 0, '')")
		var keys []int64
		for n := int64(1); n <= 1500; n++ {
			fmt.Fprintf(&script, ",(%d, %d, CONCAT('t', %[1]d))", n, n%500)
			if n <= 500 {
				keys = append(keys, n-1)
			}
		}
		fmt.Fprintf(&script, "; UPDATE oc_t SET txt = REPEAT('x', %d) WHERE id = 700", 3<<20)
		i := install(t, server, script.String())
		var groups map[int64][]shop.Row
		err := i.Read(t.Context(), canal.Position{}, i.schema, func(r *shop.Reader) error {
			rows, err := r.Select(shop.Query{Table: "t", Columns: []string{"id", "parent", "txt"}, Where: "parent", Keys: keys, Order: []string{"parent", "id"}})
			groups = rows.By("parent")
			if s := fmt.Sprint(rows); s != "1501 rows of 3 columns" {
				t.Errorf("printed: %.100s", s)
			}
			return err
		})
		if err != nil || len(groups) != 500 {
			t.Fatalf("%d groups, %v", len(groups), err)
		}
		for parent, rows := range groups {
			for n, r := range rows {
				id := r.Int("id")
				if id%500 != parent || n > 0 && rows[n-1].Int("id") >= id {
					t.Fatalf("%d is in the group of %d", id, parent)
				}
				if want := fmt.Sprintf("t%d", id); id != 0 && id != 700 && r.Raw("txt") != want {
					t.Fatalf("%d holds %.20q", id, r.Raw("txt"))
				}
				if id == 700 && len(r.Raw("txt")) != 3<<20 {
					t.Errorf("a long text has %d bytes", len(r.Raw("txt")))
				}
			}
		}
	})
}

// TestRows: the zero values and those made for other tests behave like rows that
// were read.
func TestRows(t *testing.T) {
	var none *shop.Rows
	if len(none.All()) != 0 || len(none.By("id")) != 0 {
		t.Error("no rows are not empty")
	}
	var zero shop.Row
	if zero.Has("a") || !zero.Null("a") || zero.Raw("a") != "" || zero.Int("a") != 0 {
		t.Error("no row is not empty")
	}
	rows := shop.NewRows([]string{"a", "b", "c"}, []any{nil, "", 7}, []any{"x", nil, nil}, []any{nil, nil, "y"}).All()
	if got, want := texts(rows, "a", "b", "c", "d"), `NULL "" "7" NULL; "x" NULL NULL NULL; NULL NULL "y" NULL`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestRealFlow reads an order of the simulated shop, of two generations.
func TestRealFlow(t *testing.T) {
	for flavor, gen := range map[string]shoptest.Generation{onMariaDB: shoptest.V3, onMySQL: shoptest.V4} {
		t.Run(gen.String(), func(t *testing.T) {
			server := shoptesting.MariaDB(t)
			if flavor == onMySQL {
				server = shoptesting.MySQL(t)
			}
			i := install(t, server, "SELECT 1")
			if err := shoptest.Load(t.Context(), i.admin, gen, "oc_"); err != nil {
				t.Fatal(err)
			}
			i.look()
			if !i.schema.IsOpenCart() {
				t.Error("this is no OpenCart")
			}
			rows, _, err := i.read(i.position(), shop.Query{Table: "product", Columns: []string{"product_id", "sku", "model", "price", "date_available"}, Order: []string{"product_id"}})
			if err != nil || len(rows) == 0 {
				t.Fatalf("%v, %v", rows, err)
			}
			for _, r := range rows {
				if r.Int("product_id") == 0 || !strings.Contains(r.Raw("price"), ".") || r.Has("sku") != (gen == shoptest.V3) {
					t.Errorf("%s", texts([]shop.Row{r}, "product_id", "sku", "price"))
				}
			}
		})
	}
}
