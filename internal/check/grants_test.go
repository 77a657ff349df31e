package check_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"octail/internal/check"
	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/transform"
)

// TestGrants takes rights away and gives them back by the remedy.
func TestGrants(t *testing.T) {
	cases := []struct {
		name   string
		sql    []string
		want   []string
		remedy string // part of it
	}{
		{"no REPLICATION SLAVE", []string{"REVOKE REPLICATION SLAVE ON *.* FROM {account}"}, []string{"error grants"}, "GRANT REPLICATION SLAVE ON *.* TO {account};"},
		{"no REPLICATION CLIENT", []string{"REVOKE REPLICATION CLIENT ON *.* FROM {account}"}, []string{"error grants"}, "REPLICATION CLIENT ON *.* TO {account};"},
		{"no replication", []string{"REVOKE REPLICATION CLIENT, REPLICATION SLAVE ON *.* FROM {account}"}, []string{"error grants"}, "GRANT REPLICATION SLAVE, REPLICATION CLIENT"},
		{"no SELECT", []string{"REVOKE SELECT ON {db}.* FROM {account}", "GRANT SELECT ON {db}.oc_session TO {account}"}, []string{"error grants"}, "GRANT SELECT ON {db}.* TO {account};"},
		{"only a right to write", []string{"REVOKE SELECT ON {db}.* FROM {account}", "GRANT INSERT ON {db}.* TO {account}"}, []string{"error grants"}, "GRANT SELECT ON {db}.* TO {account};"},
	}
	for _, flavor := range flavors {
		i := install(t, sound(t, flavor), shoptest.V4)
		for _, c := range cases {
			t.Run(flavor+"/"+c.name, func(t *testing.T) {
				i.t = t
				i.sql(c.sql...)
				r := i.run()
				wants(t, r, c.want...)
				f := found(t, r, "grants")
				if want := strings.NewReplacer("{account}", i.account, "{db}", "`"+i.config.Shop.MySQL.Database+"`").Replace(c.remedy); !strings.Contains(f.Remedy, want) {
					t.Errorf("remedy %q lacks %q", f.Remedy, want)
				}
				wants(t, i.essential(), c.want...)
				i.apply(f)
				wants(t, i.run())
			})
		}
	}
}

// TestGrantsByTable: where SELECT is granted table by table, what is not granted
// cannot be seen, and must not be taken for absent.
func TestGrantsByTable(t *testing.T) {
	for flavor, gens := range map[string][]shoptest.Generation{shoptest.MariaDB: {shoptest.V1, shoptest.V2, shoptest.V3, shoptest.V4}, shoptest.MySQL: {shoptest.V4}} {
		for _, gen := range gens {
			t.Run(flavor+"/"+gen.String(), func(t *testing.T) {
				server := sound(t, flavor)
				t.Parallel()
				i := install(t, server, gen)
				i.config.Shop.Timezone = "UTC" // before 3.0 the shop has none
				whole := i.run()
				tables := i.watched()
				i.sql("REVOKE SELECT ON {db}.* FROM {account}")
				for _, table := range tables {
					i.sql("GRANT SELECT ON {db}." + table + " TO {account}")
				}
				r := i.run()
				wants(t, r)
				if r.Generation != whole.Generation {
					t.Errorf("OpenCart %s, want %s", r.Generation, whole.Generation)
				}
				for _, table := range tables {
					i.sql("REVOKE SELECT ON {db}." + table + " FROM {account}")
					r := i.run()
					if r.Worst() != check.Error {
						t.Errorf("%s may not be read, and nobody says so:\n%s", table, textOf(r))
					}
					f := found(t, r, "grants")
					i.apply(f)
					if r := i.run(); r.Worst() != check.OK {
						t.Fatalf("after the remedy for %s, %s:\n%s", table, f.Remedy, textOf(r))
					}
					i.sql("GRANT SELECT ON {db}." + table + " TO {account}") // the remedy may have granted more
					if strings.Contains(f.Remedy, ".* TO") {
						i.sql("REVOKE SELECT ON {db}.* FROM {account}")
					}
				}
			})
		}
	}
}

// watched lists the tables that octail reads of this shop.
func (i *installation) watched() []string {
	i.t.Helper()
	s, err := shop.ReadSchema(context.Background(), i.server.DB(), i.config.Shop.MySQL.Database, i.config.Shop.TablePrefix)
	if err != nil {
		i.t.Fatal(err)
	}
	var names []string
	for _, w := range transform.WatchList(s) {
		names = append(names, "`"+w.Name+"`")
	}
	return names
}

// TestGrantsByColumn: a column that may not be read is one that is missing.
func TestGrantsByColumn(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			i := install(t, sound(t, flavor), shoptest.V4)
			i.sql("REVOKE SELECT ON {db}.* FROM {account}")
			for _, table := range i.watched() {
				if table != "`oc_order_total`" {
					i.sql("GRANT SELECT ON {db}." + table + " TO {account}")
				}
			}
			i.sql("GRANT SELECT (order_total_id, order_id, code, title, sort_order) ON {db}.oc_order_total TO {account}")
			r := i.run()
			wants(t, r, "error columns")
			i.apply(found(t, r, "columns"))
			wants(t, i.run())
		})
	}
}

// TestAccountAsSeen: the remedy names the account that the server took us for.
func TestAccountAsSeen(t *testing.T) {
	i := install(t, sound(t, shoptest.MariaDB), shoptest.V4)
	i.sql("DROP USER {account}")
	i.account = fmt.Sprintf("'%s'@'%%'", i.config.Shop.MySQL.User)
	i.sql("CREATE USER {account} IDENTIFIED BY 'correct horse ''battery'' \\\\ staple'", "GRANT SELECT, REPLICATION CLIENT ON *.* TO {account}")
	defer i.sql("DROP USER {account}")
	f := found(t, i.run(), "grants")
	if want := "GRANT REPLICATION SLAVE ON *.* TO " + i.account + ";"; f.Remedy != want {
		t.Errorf("remedy %q, want %q", f.Remedy, want)
	}
	i.apply(f)
	wants(t, i.run())
}
