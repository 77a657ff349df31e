package shop_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestRealSchemas looks at the tables of every release, whole and through the grants
// of a careful administrator: neither the customer's secrets nor the sessions.
func TestRealSchemas(t *testing.T) {
	dir := shoptesting.Schemas(t)
	server := shoptesting.MariaDB(t)
	releases := []struct {
		release, generation string
		engine              string // of order
		has, hasNot         []string
	}{
		{"1.5.6.4", "1.5", "MyISAM", []string{"order_total.text", "order.payment_code", "customer.approved", "product_option.option_value"}, []string{"order.custom_field", "customer.safe", "seo_url"}},
		{"2.3.0.2", "2", "MyISAM", []string{"order.custom_field", "customer.approved", "url_alias", "order.fax"}, []string{"session", "order_total.text", "seo_url", "order.language_code"}},
		{"3.0.3.9", "3.0", "MyISAM", []string{"customer.salt", "session", "seo_url.query", "customer_approval"}, []string{"customer.approved", "order.subscription_id", "seo_url.key"}},
		{"3.0.5.1", "3.0", "MyISAM", []string{"customer.salt", "session", "seo_url.query", "customer_approval"}, []string{"customer.approved", "order.subscription_id", "seo_url.key"}},
		{"4.0.2.3", "4.0.2", "InnoDB", []string{"order.payment_method", "product.master_id", "product.sku", "address.default", "seo_url.key"}, []string{"order.payment_code", "product_code", "customer.salt", "order.fax"}},
		{"4.1.0.4", "4.1", "InnoDB", []string{"product_code.value", "product_discount.special", "order.transaction_id"}, []string{"product.sku", "product_special", "order_voucher", "category.top"}},
	}
	files, err := filepath.Glob(filepath.Join(dir, "opencart-*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s holds no schema: %v", dir, err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "opencart-"), ".sql")
		if !slices.ContainsFunc(releases, func(r struct {
			release, generation string
			engine              string
			has, hasNot         []string
		}) bool {
			return r.release == name
		}) {
			t.Errorf("nothing is expected of %s", f)
		}
	}
	for _, c := range releases {
		t.Run(c.release, func(t *testing.T) {
			script, err := os.ReadFile(filepath.Join(dir, "opencart-"+c.release+".sql"))
			if err != nil {
				t.Fatal(err)
			}
			i := install(t, server, string(script))
			whole := i.schema
			if got := whole.Generation(); got != c.generation || !whole.IsOpenCart() {
				t.Errorf("an OpenCart %s (%v), want %s", got, whole.IsOpenCart(), c.generation)
			}
			if whole.Engine("order") != c.engine || whole.View("order") {
				t.Errorf("order is %s", whole.Engine("order"))
			}
			for _, column := range c.has {
				if !has(whole, column) {
					t.Errorf("no %s", column)
				}
			}
			for _, column := range c.hasNot {
				if has(whole, column) {
					t.Errorf("there is a %s", column)
				}
			}
			if n := len(whole.Tables()); n != strings.Count(string(script), "\nCREATE TABLE `oc_") {
				t.Errorf("%d tables", n)
			}
			if p, err := shop.Prefixes(t.Context(), i.pool, i.database); err != nil || !slices.Equal(p, []string{"oc_"}) {
				t.Errorf("prefixes %q, %v", p, err)
			}

			i.sql(narrow(i, whole))
			i.open() // rights on a database are those of the time it was chosen
			if i.schema.Has("session") || i.schema.Has("customer", "salt") || i.schema.Has("customer", "password") {
				t.Fatal("the grants are not narrow")
			}
			if got := i.schema.Generation(); got != c.generation || !i.schema.IsOpenCart() {
				t.Errorf("with narrow grants an OpenCart %s, want %s", got, c.generation)
			}
		})
	}
}

// narrow grants what Secret leaves.
func narrow(i *installation, s *shop.Schema) string {
	var b strings.Builder
	fmt.Fprintf(&b, "REVOKE SELECT ON `%s`.* FROM %s;", i.database, account)
	for _, table := range s.Tables() {
		var columns []string
		for _, c := range columnsOf(i, "oc_"+table) {
			if !shop.Secret(table, c) {
				columns = append(columns, "`"+c+"`")
			}
		}
		if len(columns) > 0 {
			fmt.Fprintf(&b, "GRANT SELECT (%s) ON `%s`.`oc_%s` TO %s;", strings.Join(columns, ", "), i.database, table, account)
		}
	}
	return b.String()
}

func columnsOf(i *installation, table string) (columns []string) {
	i.t.Helper()
	rows, err := i.admin.Query("SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION", i.database, table)
	if err != nil {
		i.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c string
		if err := rows.Scan(&c); err != nil {
			i.t.Fatal(err)
		}
		columns = append(columns, c)
	}
	return columns
}

func has(s *shop.Schema, name string) bool {
	table, column, ok := strings.Cut(name, ".")
	if !ok {
		return s.Has(table)
	}
	return s.Has(table, column)
}

// TestGenerationMarks: what upgraded and curtailed shops look like.
func TestGenerationMarks(t *testing.T) {
	for _, c := range []struct{ name, tables, want string }{
		{"3.0 without sessions", "order(custom_field, payment_code) customer(salt, safe)", "3.0"},
		{"2", "order(custom_field, payment_code) customer(salt, approved)", "2"},
		{"4.0.1", "order(custom_field, subscription_id, payment_code) product(master_id, sku) customer(safe)", "4.0"},
		{"4.0.2", "order(custom_field, subscription_id) product(master_id, sku) customer(safe)", "4.0.2"},
		{"4.1 with an old column", "order(custom_field, subscription_id) product(master_id, sku) product_code(code) customer(safe)", "4.1"},
		{"4.1 without a grant on the codes", "order(custom_field, subscription_id) product(master_id) customer(safe)", "4.1"},
		{"1.5", "order(payment_code) order_total(text) customer(approved)", "1.5"},
		{"3.0 with a column of 2", "order(custom_field, payment_code) customer(salt, approved) seo_url(query)", "3.0"},
		{"1.5 without a grant on the totals", "order(payment_code, payment_tax_id) customer(approved)", "1.5"},
		{"something else", "order(id)", "unknown"},
		{"no customers to be seen", "order(custom_field)", "2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var script strings.Builder
			for table := range strings.SplitSeq(strings.TrimSuffix(c.tables, ")"), ") ") {
				name, columns, _ := strings.Cut(table, "(")
				fmt.Fprintf(&script, "CREATE TABLE `oc_%s` (`%s` INT);", name, strings.ReplaceAll(columns, ", ", "` INT, `"))
			}
			i := install(t, shoptesting.MariaDB(t), script.String())
			if got := i.schema.Generation(); got != c.want {
				t.Errorf("OpenCart %s, want %s", got, c.want)
			}
		})
	}
}

// TestSchema: prefixes, views, and what the account may not see.
func TestSchema(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, "CREATE TABLE oc_order_product (a INT, `b` INT) ENGINE=MyISAM; CREATE TABLE xoc_order_product (c INT); CREATE TABLE order_product (d INT);"+
			"CREATE VIEW oc_seen AS SELECT a FROM oc_order_product; CREATE TABLE oc_hidden (e INT); CREATE TABLE `oc_order-product` (f INT)")
		s := i.schema
		if !slices.Equal(s.Tables(), []string{"hidden", "order-product", "order_product", "seen"}) {
			t.Errorf("tables %q", s.Tables())
		}
		if s.Engine("order_product") != "MyISAM" || s.Engine("seen") != "" || !s.View("seen") || s.View("order_product") || s.View("none") || s.Engine("none") != "" {
			t.Errorf("engines %q %q", s.Engine("order_product"), s.Engine("seen"))
		}
		if !s.Has("order_product", "a", "b") || s.Has("order_product", "a", "c") || s.Has("none") || s.IsOpenCart() {
			t.Error("wrong columns")
		}
		if p, err := shop.Prefixes(t.Context(), i.pool, i.database); err != nil || !slices.Equal(p, []string{"", "oc_", "xoc_"}) {
			t.Errorf("prefixes %q, %v", p, err)
		}
		empty := shop.New(i.pool, serverOf(i), i.database, "")
		if s, err := empty.Schema(t.Context()); err != nil || !s.Has("order_product", "d") || !s.Has("oc_order_product", "a") {
			t.Errorf("without a prefix: %v, %v", s, err)
		}
		i.sql(fmt.Sprintf("REVOKE SELECT ON `%[1]s`.* FROM %[2]s; GRANT SELECT (a) ON `%[1]s`.oc_order_product TO %[2]s", i.database, account))
		i.open()
		if !slices.Equal(i.schema.Tables(), []string{"order_product"}) || i.schema.Has("order_product", "b") {
			t.Errorf("sees %q", i.schema.Tables())
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := i.Schema(ctx); err == nil {
			t.Error("a schema was read after the end")
		}
	})
}
