package check_test

import (
	"crypto/tls"
	"fmt"
	"os"
	"strings"
	"testing"

	"octail/internal/check"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

func TestHand(t *testing.T) {
	out, _ := os.Create("/tmp/hand.txt")
	defer out.Close()
	say := func(name string, i *installation) {
		r := check.Run(t.Context(), i.deps())
		var b strings.Builder
		r.Text(&b)
		fmt.Fprintf(out, "\n=================== %s\n", name)
		for _, l := range strings.Split(b.String(), "\n") {
			if !strings.HasPrefix(l, "✓") {
				fmt.Fprintln(out, l)
			}
		}
	}
	for _, flavor := range flavors {
		server := shoptesting.Server(t, shoptest.Options{Flavor: flavor, Args: soundArgs})
		do := func(name string, sql []string, undo []string, change func(i *installation)) {
			i := install(t, server, shoptest.V4)
			i.sql(sql...)
			if change != nil {
				change(i)
			}
			say(flavor+": "+name, i)
			i.t = t
			i.sql(undo...)
		}
		do("wrong password", []string{"ALTER USER {account} IDENTIFIED BY 'another'"}, nil, nil)
		do("STATEMENT", []string{"SET GLOBAL binlog_format=STATEMENT"}, []string{"SET GLOBAL binlog_format=ROW"}, nil)
		do("MINIMAL", []string{"SET GLOBAL binlog_row_image=MINIMAL"}, []string{"SET GLOBAL binlog_row_image=FULL"}, nil)
		do("metadata", []string{"SET GLOBAL binlog_row_metadata=MINIMAL"}, []string{"SET GLOBAL binlog_row_metadata=FULL"}, nil)
		do("no slave", []string{"REVOKE REPLICATION SLAVE ON *.* FROM {account}"}, nil, nil)
		do("no client", []string{"REVOKE REPLICATION CLIENT ON *.* FROM {account}"}, nil, nil)
		do("neither", []string{"REVOKE REPLICATION CLIENT, REPLICATION SLAVE ON *.* FROM {account}"}, nil, nil)
		do("no select", []string{"REVOKE SELECT ON {db}.* FROM {account}"}, nil, nil)
		do("select of one", []string{"REVOKE SELECT ON {db}.* FROM {account}", "GRANT SELECT ON {db}.oc_order TO {account}"}, nil, nil)
		do("prefix", nil, nil, func(i *installation) { i.config.Shop.TablePrefix = "shop_" })
		do("no database", nil, nil, func(i *installation) { i.config.Shop.MySQL.Database = "nosuch" })
		do("no tables", nil, nil, func(i *installation) {
			other := shoptesting.Database(t, server)
			i.sql("GRANT SELECT ON `" + other + "`.* TO {account}; REVOKE SELECT ON {db}.* FROM {account}")
			i.config.Shop.MySQL.Database = other
		})
		do("expire", []string{"SET GLOBAL binlog_expire_logs_seconds=3600"}, []string{"SET GLOBAL binlog_expire_logs_seconds=0"}, nil)
		if flavor == onMySQL {
			do("server_id 0", []string{"SET GLOBAL server_id=0"}, []string{"SET GLOBAL server_id=1"}, nil)
			do("REQUIRE SSL", []string{"ALTER USER {account} REQUIRE SSL"}, nil, nil)
			do("caching_sha2 without TLS", []string{"ALTER USER {account} IDENTIFIED WITH caching_sha2_password BY 'correct horse ''battery'' \\\\ staple'", "FLUSH PRIVILEGES"}, nil, nil)
			do("require_secure_transport", []string{"SET GLOBAL require_secure_transport=ON"}, []string{"SET GLOBAL require_secure_transport=OFF"}, nil)
		} else {
			do("TLS required, server has none", nil, nil, func(i *installation) { i.tls = &tls.Config{InsecureSkipVerify: true} })
		}
		do("socket", nil, nil, func(i *installation) { i.config.Shop.MySQL.Address = "unix:" + i.server.Socket() })
		do("wrong socket", nil, nil, func(i *installation) { i.config.Shop.MySQL.Address = "unix:/run/mysqld/none.sock" })
		do("not local", nil, nil, func(i *installation) { i.config.Shop.MySQL.Address = strings.Replace(i.config.Shop.MySQL.Address, "127.0.0.1", "0.0.0.0", 1) })
		do("timezone", []string{"DELETE FROM {db}.oc_setting WHERE `key`='config_timezone'", "SET GLOBAL time_zone='+02:00'"}, []string{"SET GLOBAL time_zone='+00:00'"}, nil)
		do("own id", nil, nil, func(i *installation) { i.config.Shop.MySQL.ServerID = 1 })
		do("locked", []string{"ALTER USER {account} ACCOUNT LOCK"}, nil, nil)
		do("expired", []string{"ALTER USER {account} PASSWORD EXPIRE"}, nil, nil)
		do("durability", []string{"SET GLOBAL sync_binlog=0"}, []string{"SET GLOBAL sync_binlog=1"}, nil)
		do("missing table", []string{"DROP TABLE {db}.oc_order_total"}, nil, nil)
		do("missing column", []string{"ALTER TABLE {db}.oc_order DROP currency_value"}, nil, nil)
		do("damaged", []string{"ALTER TABLE {db}.oc_product ENGINE=MyISAM"}, nil, func(i *installation) {
			i.sql("FLUSH TABLES")
			f := i.server.DataDir() + "/" + i.config.Shop.MySQL.Database + "/oc_product.MYI"
			if err := os.WriteFile(f, []byte("garbage"), 0o600); err != nil {
				t.Error(err)
			}
			i.sql("FLUSH TABLES")
		})
		do("replica that logs", map[string][]string{onMariaDB: {"CHANGE MASTER TO MASTER_HOST='primary', MASTER_USER='x'", "GRANT SLAVE MONITOR ON *.* TO {account}"}, onMySQL: {"CHANGE REPLICATION SOURCE TO SOURCE_HOST='primary', SOURCE_USER='x'"}}[flavor], nil, nil)
	}
	for _, c := range []struct {
		flavor string
		args   []string
	}{{onMariaDB, []string{"--skip-log-bin"}}, {onMySQL, []string{"--disable-log-bin"}}, {onMariaDB, []string{"--server-id=0"}}, {onMariaDB, []string{"--skip-name-resolve"}}} {
		i := install(t, shoptesting.Server(t, shoptest.Options{Flavor: c.flavor, Args: append(c.args, soundArgs...)}), shoptest.V3)
		say(c.flavor+fmt.Sprint(c.args), i)
	}
}
