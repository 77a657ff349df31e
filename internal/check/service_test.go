package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"octail/internal/check"
	"octail/internal/config"
	"octail/internal/shoptest"
)

// target is a sink's file.
type target string

func (f target) File() string { return string(f) }

// TestService: paths that the unit keeps from the service.
func TestService(t *testing.T) {
	dir := t.TempDir()
	check.SetDropIns(filepath.Join(dir, "*.conf"))
	if err := os.WriteFile(filepath.Join(dir, "paths.conf"), []byte("[Service]\nReadWritePaths=-/srv/export /mnt/a\nBindPaths=/tmp/db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		journal, file, address string
		says                   []string
	}{
		{"/var/lib/octail/octail.db", "/var/log/octail/events.jsonl", "unix:/run/mysqld/mysqld.sock", nil},
		{"/var/lib/octail/octail.db", "/srv/export/a/events.jsonl", "127.0.0.1:1", nil},
		{"/var/lib/octail/octail.db", "/srv/exports/events.jsonl", "127.0.0.1:1", []string{"may not write to /srv/exports/events.jsonl (the sink log)"}},
		{"/var/lib/octail-2/octail.db", "", "unix:/tmp/db/mysql.sock", []string{"may not write to /var/lib/octail-2/octail.db (journal.path)"}},
		{"/var/lib/octail/octail.db", "/home" + "/me/events.jsonl", "unix:/tmp/mysql.sock", []string{"events.jsonl (the sink log)", "does not see the socket /tmp/mysql.sock"}},
	} {
		i := &installation{t: t}
		i.config.Shop.MySQL.Address, i.config.Journal.Path = c.address, c.journal
		i.config.Sinks = []config.Sink{{Name: "log", Settings: target(c.file)}}
		d := i.deps()
		for _, service := range []bool{false, true} {
			d.Service = service
			var got []string
			for _, f := range i.look(check.Run(t.Context(), d)).Findings {
				if f.Check == "service" && f.Level == check.Warning {
					got = append(got, f.Message)
				}
			}
			want := c.says
			if !service {
				want = nil
			}
			if len(got) != len(want) {
				t.Errorf("%+v: %q", c, got)
				continue
			}
			for n, part := range want {
				if !strings.Contains(got[n], part) {
					t.Errorf("got %q, want %q", got[n], part)
				}
			}
		}
	}
}

// TestAnonymous: a server that takes unknown users for the anonymous one has no
// account of octail's, and nothing is granted to that one.
func TestAnonymous(t *testing.T) {
	i := install(t, sound(t, onMariaDB), shoptest.V4)
	i.sql("CREATE USER ''@'127.0.0.1'")
	defer i.sql("DROP USER ''@'127.0.0.1'")
	i.config.Shop.MySQL.User, i.config.Shop.MySQL.Password = "nobody", ""
	r := i.run()
	wants(t, r, "error connection")
	f := found(t, r, "connection")
	if !strings.Contains(f.Message, "as the anonymous user") || !strings.Contains(f.Remedy, "CREATE USER IF NOT EXISTS 'nobody'@'127.0.0.1'") || strings.Contains(f.Remedy, "''@") {
		t.Errorf("%+v", f)
	}
}
