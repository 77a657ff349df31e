package check_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"octail/internal/check"
	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestPrefix: the tables are not where the configuration says.
func TestPrefix(t *testing.T) {
	for _, flavor := range flavors {
		server := sound(t, flavor)
		i := install(t, server, shoptest.V4)
		database := i.config.Shop.MySQL.Database
		for _, wrong := range []string{"shop_", "", "oc", "oc_order_"} {
			t.Run(flavor+"/prefix "+wrong, func(t *testing.T) {
				i.t, i.config.Shop.TablePrefix = t, wrong
				r := i.run()
				wants(t, r, "error prefix")
				wants(t, i.essential(), "error prefix")
				i.apply(found(t, r, "prefix"))
				wants(t, i.run())
				if i.config.Shop.TablePrefix != "oc_" {
					t.Errorf("the remedy gave %q", i.config.Shop.TablePrefix)
				}
			})
		}
		t.Run(flavor+"/two shops", func(t *testing.T) {
			i := install(t, server, shoptest.V4)
			if err := shoptest.Load(t.Context(), shoptesting.Open(t, server, i.config.Shop.MySQL.Database), shoptest.V3, "", shoptest.WithoutCatalogue()); err != nil {
				t.Fatal(err)
			}
			i.config.Shop.TablePrefix = "x_"
			f := found(t, i.run(), "prefix")
			if !strings.Contains(f.Message, `"", "oc_"`) {
				t.Error(f.Message)
			}
			i.config.Shop.TablePrefix = ""
			wants(t, i.run())
		})
		t.Run(flavor+"/a prefix that begins with the other", func(t *testing.T) {
			i := install(t, server, shoptest.V4)
			if err := shoptest.Load(t.Context(), shoptesting.Open(t, server, i.config.Shop.MySQL.Database), shoptest.V3, "oc_2_", shoptest.WithoutCatalogue()); err != nil {
				t.Fatal(err)
			}
			for prefix, want := range map[string]string{"oc_": "4.1", "oc_2_": "3.0"} {
				i.config.Shop.TablePrefix = prefix
				r := i.run()
				wants(t, r)
				is(t, r, want)
			}
			i.config.Shop.TablePrefix = "oc_2"
			if f := found(t, i.run(), "prefix"); !strings.Contains(f.Message, `"oc_", "oc_2_"`) {
				t.Error(f.Message)
			}
		})
		t.Run(flavor+"/no OpenCart", func(t *testing.T) {
			other := shoptesting.Database(t, server)
			i.t, i.config.Shop.MySQL.Database = t, other
			i.sql("CREATE TABLE {db}.wp_posts (id INT PRIMARY KEY)", "GRANT SELECT ON {db}.* TO {account}")
			r := i.run()
			wants(t, r, "error prefix")
			if f := found(t, r, "prefix"); !strings.Contains(f.Message, "holds no OpenCart shop; there is one in") {
				t.Error(f.Message)
			}
			i.apply(found(t, r, "prefix"))
			if i.config.Shop.MySQL.Database != database {
				t.Errorf("the remedy gave %q", i.config.Shop.MySQL.Database)
			}
			wants(t, i.run())
			i.config.Shop.MySQL.Database = other
			i.sql("REVOKE SELECT ON `" + database + "`.* FROM {account}")
			if f := found(t, i.run(), "prefix"); f.Message != `the database "`+other+`" holds no OpenCart shop` {
				t.Error(f.Message)
			}
		})
	}
}

// TestTables damages a shop's tables. What is not SQL to repair has repair.
func TestTables(t *testing.T) {
	cases := []struct {
		name   string
		damage []string
		repair string // "": the remedy
		run    []string
		short  []string // Essential
		says   string
	}{
		{"no table of its own", []string{"RENAME TABLE {db}.oc_order_total TO {db}.gone"}, "RENAME TABLE {db}.gone TO {db}.oc_order_total",
			[]string{"error tables"}, []string{"error tables"}, "oc_order_total"},
		{"no order table", []string{"RENAME TABLE {db}.oc_order TO {db}.gone"}, "RENAME TABLE {db}.gone TO {db}.oc_order",
			[]string{"error tables"}, []string{"error tables"}, "oc_order"},
		{"no table of minor use", []string{"RENAME TABLE {db}.oc_product_related TO {db}.gone"}, "RENAME TABLE {db}.gone TO {db}.oc_product_related",
			[]string{"warning tables"}, []string{"warning tables"}, "oc_product_related"},
		{"no column", []string{"ALTER TABLE {db}.oc_order CHANGE currency_value currency_worth DECIMAL(15,8)"}, "ALTER TABLE {db}.oc_order CHANGE currency_worth currency_value DECIMAL(15,8)",
			[]string{"error columns"}, []string{"error columns"}, "oc_order.currency_value"},
		{"a damaged table", []string{"RENAME TABLE {db}.oc_product_image TO {db}.gone", "CREATE TABLE {db}.oc_product_image LIKE {db}.gone", "ALTER TABLE {db}.oc_product_image ENGINE = MyISAM", "{damage}"},
			"DROP TABLE {db}.oc_product_image; RENAME TABLE {db}.gone TO {db}.oc_product_image", []string{"error tables"}, []string{"error tables"}, "REPAIR TABLE"},
		{"a view", []string{"RENAME TABLE {db}.oc_product TO {db}.real_product", "CREATE VIEW {db}.oc_product AS SELECT * FROM {db}.real_product"},
			"DROP VIEW {db}.oc_product; RENAME TABLE {db}.real_product TO {db}.oc_product", []string{"error tables"}, []string{"error tables"}, "oc_product: a view"},
		{"latin1", []string{"ALTER TABLE {db}.oc_customer CONVERT TO CHARACTER SET latin1"}, "", []string{"warning character-set"}, nil, "oc_customer (latin1)"},
		{"latin1 elsewhere", []string{"CREATE TABLE {db}.oc_of_an_extension (t TEXT) CHARACTER SET latin1"}, "", nil, nil, ""},
	}
	for _, flavor := range flavors {
		i := install(t, sound(t, flavor), shoptest.V4)
		for _, c := range cases {
			t.Run(flavor+"/"+c.name, func(t *testing.T) {
				i.t = t
				for _, s := range c.damage {
					if s == "{damage}" {
						i.damage("oc_product_image")
						continue
					}
					i.sql(s)
				}
				r := i.run()
				wants(t, r, c.run...)
				wants(t, i.essential(), c.short...)
				if !strings.Contains(textOf(r), c.says) {
					t.Errorf("nothing of %q:\n%s", c.says, textOf(r))
				}
				switch {
				case c.repair != "":
					i.sql(c.repair)
				case len(c.run) > 0:
					_, name, _ := strings.Cut(c.run[0], " ")
					i.apply(found(t, r, name))
				}
				wants(t, i.run())
			})
		}
	}
}

// damage scribbles over the index of a MyISAM table.
func (i *installation) damage(table string) {
	i.t.Helper()
	i.sql("FLUSH TABLES")
	if err := os.WriteFile(filepath.Join(i.server.DataDir(), i.config.Shop.MySQL.Database, table+".MYI"), []byte("scribble"), 0o600); err != nil {
		i.t.Fatal(err)
	}
	i.sql("FLUSH TABLES")
}

// TestMissingColumn: a grant is no help where the column is gone.
func TestMissingColumn(t *testing.T) {
	i := install(t, sound(t, shoptest.MariaDB), shoptest.V4)
	i.sql("ALTER TABLE {db}.oc_order DROP total, DROP currency_value")
	f := found(t, i.run(), "columns")
	if want := "SHOW COLUMNS FROM `" + i.config.Shop.MySQL.Database + "`.`oc_order`;"; strings.Count(f.Remedy, want) != 1 || strings.Contains(f.Remedy, "GRANT") {
		t.Error(f.Remedy)
	}
	i.apply(f) // can be pasted
}

// TestLeftOut: each check is named once, and not where it has complained.
func TestLeftOut(t *testing.T) {
	i := install(t, sound(t, shoptest.MariaDB), shoptest.V4)
	i.config.Shop.MySQL.Password = "wrong"
	text := textOf(i.run())
	for name, want := range map[string]int{"grants": 1, "binlog": 1, "connection": 0} {
		_, left, _ := strings.Cut(text, "– not tried: ")
		if got := strings.Count(left, name); got != want {
			t.Errorf("%s is named %d times, want %d:\n%s", name, got, want, left)
		}
	}
	i = install(t, sound(t, shoptest.MariaDB), shoptest.V4)
	i.tls = &tls.Config{InsecureSkipVerify: true} // the server has none
	r := i.run()
	wants(t, r, "error tls")
	for _, l := range r.LeftOut {
		if l.Check == "tls" {
			t.Errorf("%+v", l)
		}
	}
}

// TestGenerations: nothing is missing in a shop of any release, in our tables and in
// those that the installers make; of an unknown one it warns.
func TestGenerations(t *testing.T) {
	server := sound(t, shoptest.MariaDB)
	for gen, want := range map[shoptest.Generation]string{shoptest.V1: "1.5", shoptest.V2: "2", shoptest.V3: "3.0", shoptest.V40: "4.0.2", shoptest.V4: "4.1"} {
		t.Run(gen.String(), func(t *testing.T) {
			i := install(t, server, gen)
			i.config.Shop.Timezone = "UTC" // before 3.0 the shop has none
			is(t, i.run(), want)
		})
	}
	dir := shoptesting.Schemas(t)
	for release, want := range map[string]string{"1.5.6.4": "1.5", "2.3.0.2": "2", "3.0.3.9": "3.0", "3.0.5.1": "3.0", "4.0.2.3": "4.0.2", "4.1.0.4": "4.1"} {
		t.Run("installer of "+release, func(t *testing.T) {
			script, err := os.ReadFile(filepath.Join(dir, "opencart-"+release+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			database := shoptesting.Database(t, server)
			if err := server.Exec(t.Context(), database, string(script)); err != nil {
				t.Fatal(err)
			}
			i := newInstallation(t, server, database)
			i.config.Shop.Timezone = "UTC" // there are no settings at all
			is(t, i.run(), want)
		})
	}
	t.Run("unknown", func(t *testing.T) {
		i := install(t, server, shoptest.V3)
		i.sql("ALTER TABLE {db}.oc_order DROP custom_field")
		r := i.run()
		wants(t, r, "warning opencart")
		if r.Generation != "unknown" || !strings.Contains(found(t, r, "opencart").Message, "covers 1.5 to 4.1") {
			t.Errorf("%s: %+v", r.Generation, found(t, r, "opencart"))
		}
	})
	t.Run("left over", func(t *testing.T) { // an upgrade, and tables of extensions under the names of old ones
		i := install(t, server, shoptest.V4)
		i.sql("ALTER TABLE {db}.oc_customer ADD approved TINYINT NOT NULL, ADD address_id INT", "ALTER TABLE {db}.oc_product ADD sku VARCHAR(64) NOT NULL",
			"CREATE TABLE {db}.oc_url_alias (id INT)", "CREATE TABLE {db}.oc_product_tag (id INT, product_id INT)", "CREATE TABLE {db}.oc_product_special (product_id INT)")
		is(t, i.run(), "4.1")
	})
}

// is wants a report without findings about tables and columns, of a release.
func is(t *testing.T, r check.Report, generation string) {
	t.Helper()
	if r.Generation != generation || !strings.Contains(textOf(r), "an OpenCart "+generation+"\n") {
		t.Errorf("OpenCart %q, want %q:\n%s", r.Generation, generation, textOf(r))
	}
	for _, f := range r.Findings {
		if slices.Contains([]string{"opencart", "tables", "columns", "grants", "prefix"}, f.Check) && f.Level != check.OK {
			t.Errorf("%+v", f)
		}
	}
	for _, l := range r.LeftOut {
		if slices.Contains([]string{"tables", "columns", "grants"}, l.Check) {
			t.Errorf("not tried: %+v", l)
		}
	}
}

// TestKnownTables: every table that octail reads is known here, and each shop has
// what is expected of its release.
func TestKnownTables(t *testing.T) {
	server := sound(t, shoptest.MariaDB)
	for _, gen := range shoptest.Generations {
		i := install(t, server, gen)
		known := map[string]bool{}
		for _, n := range check.KnownTables() {
			known["`oc_"+n+"`"] = true
		}
		for _, n := range i.watched() {
			if !known[n] {
				t.Errorf("%s: %s is read, but its grant and columns are not checked", gen, n)
			}
		}
		s, err := shop.ReadSchema(t.Context(), server.DB(), i.config.Shop.MySQL.Database, "oc_")
		if err != nil {
			t.Fatal(err)
		}
		if gone := check.Expected(s); len(gone) > 0 {
			t.Errorf("%s should have %v", gen, gone)
		}
	}
}

// TestEngines are no findings, but told.
func TestEngines(t *testing.T) {
	server := sound(t, shoptest.MariaDB)
	i := install(t, server, shoptest.V4)
	for _, c := range []struct{ alter, says string }{
		{"", "all tables are InnoDB"},
		{"oc_order", "several engines (44 InnoDB, 1 MyISAM)"},
	} {
		if c.alter != "" {
			i.sql("ALTER TABLE {db}." + c.alter + " ENGINE = MyISAM")
		}
		r := i.run()
		wants(t, r)
		if !strings.Contains(textOf(r), c.says) {
			t.Errorf("nothing of %q:\n%s", c.says, textOf(r))
		}
	}
}
