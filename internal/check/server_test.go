package check_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/check"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

const (
	onMariaDB = shoptest.MariaDB
	onMySQL   = shoptest.MySQL
)

func TestSound(t *testing.T) {
	for flavor, gen := range map[string]shoptest.Generation{onMariaDB: shoptest.V3, onMySQL: shoptest.V4} {
		t.Run(flavor, func(t *testing.T) {
			i := install(t, sound(t, flavor), gen)
			wants(t, i.run())
			wants(t, i.essential())
			i.openJournal(map[string]string{"shop": "test-shop", "prefix": "prefix oc_", "timezone": "Europe/Berlin", "currency": "EUR"})
			i.here()
			r := i.run()
			wants(t, r)
			if len(r.LeftOut) != 0 || r.Unreachable || r.ExitCode() != 0 || r.Server.Flavor != flavor || r.Generation == "" {
				t.Errorf("%+v", r)
			}
			wants(t, i.essential())
		})
	}
}

// TestSettings sets what can be set on a running server, and undoes it by the
// remedy.
func TestSettings(t *testing.T) {
	cases := []struct {
		name      string
		only      string // flavor
		set       string
		run       []string
		essential []string
	}{
		{"statement format", "", "SET GLOBAL binlog_format = STATEMENT", []string{"error format"}, []string{"error format"}},
		{"mixed format", "", "SET GLOBAL binlog_format = MIXED", []string{"error format"}, []string{"error format"}},
		{"minimal image", "", "SET GLOBAL binlog_row_image = MINIMAL", []string{"error image"}, []string{"warning image"}},
		{"noblob image", "", "SET GLOBAL binlog_row_image = NOBLOB", []string{"error image"}, []string{"warning image"}},
		{"minimal metadata", "", "SET GLOBAL binlog_row_metadata = MINIMAL", []string{"warning metadata"}, nil},
		{"no metadata", onMariaDB, "SET GLOBAL binlog_row_metadata = NO_LOG", []string{"warning metadata"}, nil},
		{"partial JSON", onMySQL, "SET GLOBAL binlog_row_value_options = PARTIAL_JSON", []string{"error partial-json"}, []string{"error partial-json"}},
		{"short retention", "", "SET GLOBAL binlog_expire_logs_seconds = 86400", []string{"warning retention"}, nil},
		{"retention of days", onMariaDB, "SET GLOBAL expire_logs_days = 2", []string{"warning retention"}, nil},
		{"server id 0", onMySQL, "SET GLOBAL server_id = 0", []string{"error server-id"}, []string{"error server-id"}},
		{"no sync", "", "SET GLOBAL sync_binlog = 0; SET GLOBAL innodb_flush_log_at_trx_commit = 2", []string{"warning durability"}, nil},
		{"no flush", "", "SET GLOBAL innodb_flush_log_at_trx_commit = 0", []string{"warning durability"}, nil},
		{"nothing", "", "SET GLOBAL binlog_expire_logs_seconds = 0", nil, nil},
	}
	for _, flavor := range flavors {
		server := shoptesting.Server(t, shoptest.Options{Flavor: flavor, Args: soundArgs})
		i := install(t, server, shoptest.V4)
		for _, c := range cases {
			if c.only != "" && c.only != flavor {
				continue
			}
			t.Run(flavor+"/"+c.name, func(t *testing.T) {
				i.t = t
				if strings.HasPrefix(server.Version(), "10.5.") { // which counts in days only
					c.set = strings.NewReplacer("binlog_expire_logs_seconds = 86400", "expire_logs_days = 1", "binlog_expire_logs_seconds = 0", "expire_logs_days = 0").Replace(c.set)
				}
				i.sql(c.set)
				r := i.run()
				wants(t, r, c.run...)
				wants(t, i.essential(), c.essential...)
				for _, f := range r.Findings {
					if f.Level != check.OK {
						i.apply(f)
					}
				}
				wants(t, i.run())
			})
		}
	}
}

// TestStartOptions starts servers with bad options, and again with those of the
// remedy.
func TestStartOptions(t *testing.T) {
	cases := []struct {
		name  string
		only  string
		args  []string
		setup []string
		want  []string // of Run; of Essential too, warnings apart
		undo  []string // arguments that stand for the remedy's "remove"
	}{
		{"binlog off", onMariaDB, []string{"--skip-log-bin"}, nil, []string{"error binlog"}, nil},
		{"binlog off", onMySQL, []string{"--disable-log-bin"}, nil, []string{"error binlog"}, nil},
		{"other database only", "", []string{"--binlog-do-db=other", "--binlog-do-db=another"}, nil, []string{"error filters"}, nil},
		{"ignored database", onMariaDB, []string{"--binlog-ignore-db=shop"}, nil, []string{"error filters"}, []string{}},
		{"replica without log", onMariaDB, nil, []string{"CHANGE MASTER TO MASTER_HOST = 'primary', MASTER_USER = 'x'", "GRANT SLAVE MONITOR ON *.* TO {account}"}, []string{"error replica"}, nil},
		{"replica without log", onMySQL, []string{"--log-replica-updates=OFF"}, []string{"CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'primary', SOURCE_USER = 'x'"}, []string{"error replica"}, nil},
		{"no GTIDs", onMySQL, []string{"--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"}, nil, []string{"warning gtid"}, []string{}},
	}
	for _, flavor := range flavors {
		for _, c := range cases {
			if c.only != "" && c.only != flavor {
				continue
			}
			t.Run(flavor+"/"+c.name, func(t *testing.T) {
				t.Parallel() // most of it is waiting for servers
				dir := t.TempDir()
				options := shoptest.Options{Flavor: flavor, Dir: dir, Args: append(slices.Clone(soundArgs), c.args...)}
				var fix []string
				t.Run("broken", func(t *testing.T) {
					i := installAs(t, shoptesting.Server(t, options), shoptest.V4, "shop")
					i.sql(c.setup...)
					r := i.run()
					wants(t, r, c.want...)
					var essential []string
					for _, w := range c.want {
						if strings.HasPrefix(w, "error ") {
							essential = append(essential, w)
						}
					}
					wants(t, i.essential(), essential...)
					_, name, _ := strings.Cut(c.want[0], " ")
					f := found(t, r, name)
					if f.Remedy == "" {
						t.Error("no remedy")
					}
					fix = optionArgs(f)
				})
				if c.undo != nil {
					return
				}
				options.Args = append(options.Args, fix...)
				t.Run("repaired", func(t *testing.T) {
					wants(t, reinstall(t, shoptesting.Server(t, options), "shop").run())
				})
			})
		}
	}
}

// TestReplicaUnseen: without the grant to ask, nothing is said.
func TestReplicaUnseen(t *testing.T) {
	server := shoptesting.Server(t, shoptest.Options{Args: soundArgs})
	i := install(t, server, shoptest.V4)
	i.sql("CHANGE MASTER TO MASTER_HOST = 'primary', MASTER_USER = 'x'")
	r := i.run()
	wants(t, r)
	for _, f := range r.Findings {
		if f.Check == "replica" {
			t.Errorf("%+v", f)
		}
	}
}

// TestServerIDs: ours must not be the server's.
func TestServerIDs(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			i := install(t, sound(t, flavor), shoptest.V4)
			i.config.Shop.MySQL.ServerID = 1 // that of every test server
			r := i.run()
			wants(t, r, "error server-id")
			wants(t, i.essential(), "error server-id")
			i.apply(found(t, r, "server-id"))
			wants(t, i.run())
		})
	}
}

// TestTwin: another client streams under our id. The trial of the stream uses a
// third one and leaves the other alone.
func TestTwin(t *testing.T) {
	for flavor, grant := range map[string]string{onMariaDB: "REPLICATION MASTER ADMIN", onMySQL: "REPLICATION SLAVE"} {
		t.Run(flavor, func(t *testing.T) {
			i := install(t, sound(t, flavor), shoptest.V4)
			i.config.Shop.MySQL.ServerID = 4711
			ctx, cancel := context.WithCancel(t.Context())
			other := i.stream(4711)
			ended := make(chan error, 1)
			go func() { ended <- other.Run(ctx, i.position(), deaf{}) }()
			defer func() {
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}()
			for !other.Status().Connected {
				time.Sleep(5 * time.Millisecond)
			}
			since := other.Status().Since
			if flavor == onMariaDB { // not granted: not known
				wants(t, i.run())
			}
			i.sql("GRANT " + grant + " ON *.* TO {account}")
			r := i.run()
			wants(t, r, "warning server-id")
			wants(t, i.essential())
			// Our own agent may well be the one that streams.
			i.openJournal(nil)
			wants(t, i.run())
			if st := other.Status(); !st.Connected || st.Since != since {
				t.Errorf("the other client was thrown out: %+v", st)
			}
			i.apply(found(t, r, "server-id"))
			wants(t, i.run())
		})
	}
}
