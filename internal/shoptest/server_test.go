package shoptest_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

var flavors = []string{shoptest.MariaDB, shoptest.MySQL}

// TestStartStop starts a server in a temporary folder of its own: it answers over TCP
// and socket with the promised settings, and Stop leaves neither process nor file.
func TestStartStop(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			ctx := context.Background()
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			start := time.Now()
			server, err := shoptest.Start(ctx, shoptest.Options{Flavor: flavor, Args: []string{"--binlog-row-metadata=MINIMAL"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %s started in %s", server.Flavor(), server.Version(), time.Since(start))
			pid := server.PID()
			if pid == 0 || server.Flavor() != flavor {
				t.Errorf("process id %d, flavor %s", pid, server.Flavor())
			}
			tcp, err := sql.Open("mysql", server.DSN(""))
			if err != nil {
				t.Fatal(err)
			}
			for name, db := range map[string]*sql.DB{"tcp": tcp, "socket": server.DB()} {
				for setting, want := range map[string]string{"version": server.Version(), "binlog_format": "ROW", "binlog_row_image": "FULL",
					"binlog_row_metadata": "MINIMAL", "log_bin": "1", "time_zone": "+00:00", "innodb_flush_log_at_trx_commit": "2"} {
					var got string
					if err := db.QueryRowContext(ctx, "SELECT @@global."+setting).Scan(&got); err != nil {
						t.Fatal(name, err)
					}
					if !strings.HasPrefix(got, want) {
						t.Errorf("%s: %s is %s, want %s", name, setting, got, want)
					}
				}
			}
			if err := tcp.Close(); err != nil {
				t.Error(err)
			}
			if err := server.Stop(); err != nil {
				t.Fatal(err)
			}
			if err := server.Stop(); err != nil {
				t.Errorf("second Stop: %v", err)
			}
			if alive(pid) || server.PID() != 0 {
				t.Errorf("process %d is still there", pid)
			}
			left, err := os.ReadDir(temp)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range left {
				t.Errorf("%s is still there", entry.Name())
			}
			if conn, err := net.DialTimeout("tcp", server.Addr(), time.Second); err == nil {
				_ = conn.Close()
				t.Errorf("%s still answers", server.Addr())
			}
		})
	}
}

// TestKillRestart kills a server: what was committed is there after Restart, on the
// same port, and the pool of connections goes on.
func TestKillRestart(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			server := shoptesting.Server(t, shoptest.Options{Flavor: flavor})
			addr := server.Addr()
			if err := server.Exec(ctx, "", "CREATE DATABASE d; USE d; CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)"); err != nil {
				t.Fatal(err)
			}
			for _, stop := range []func() error{server.Kill, func() error { return nil }} {
				if err := stop(); err != nil {
					t.Fatal(err)
				}
				if err := server.Restart(ctx); err != nil {
					t.Fatal(err)
				}
				var n int
				if err := server.DB().QueryRowContext(ctx, "SELECT COUNT(*) FROM d.t").Scan(&n); err != nil {
					t.Fatal(err)
				}
				if n != 2 || server.Addr() != addr || server.PID() == 0 {
					t.Errorf("%d rows at %s, want 2 at %s", n, server.Addr(), addr)
				}
			}
		})
	}
}

// TestOwnDir keeps the data of a folder of the caller's over Stop.
func TestOwnDir(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	for _, script := range []string{"CREATE DATABASE d", "CREATE TABLE d.t (id INT)"} {
		server, err := shoptest.Start(ctx, shoptest.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if server.DataDir() != dir {
			t.Errorf("data in %s, want %s", server.DataDir(), dir)
		}
		if err := server.Exec(ctx, "", script); err != nil {
			t.Error(err)
		}
		if err := server.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExec(t *testing.T) {
	ctx := context.Background()
	server := shoptesting.MariaDB(t)
	database := shoptesting.Database(t, server)
	if err := server.Exec(ctx, database, "CREATE TABLE t (id INT);\n-- nothing\nINSERT INTO t VALUES (1), (2);\nSELECT * FROM t;\nDELETE FROM t WHERE id = 2;\n"); err != nil {
		t.Fatal(err)
	}
	if err := server.Exec(ctx, database, " \n"); err != nil {
		t.Errorf("empty script: %v", err)
	}
	if err := server.Exec(ctx, database, "INSERT INTO t VALUES (3); INSERT INTO missing VALUES (1); INSERT INTO t VALUES (4)"); err == nil {
		t.Error("no error for a wrong statement in the middle")
	}
	if got := table(t, server.DB(), "SELECT GROUP_CONCAT(id) FROM "+database+".t")[0][0]; got != "1,3" {
		t.Errorf("rows %s, want 1,3", got)
	}
}

// TestStartWrongOption wants the server's own words when it does not start, and
// nothing left behind.
func TestStartWrongOption(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	_, err := shoptest.Start(context.Background(), shoptest.Options{Args: []string{"--no-such-option"}})
	if err == nil || !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("got %v, want the server's message", err)
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("%s is still there", left[0].Name())
	}
}

func TestNotFound(t *testing.T) {
	t.Setenv("OCTAIL_CACHE", t.TempDir())
	_, err := shoptest.Start(context.Background(), shoptest.Options{Flavor: shoptest.MariaDB, Version: "10.5"})
	var missing *shoptest.NotFoundError
	if !errors.As(err, &missing) || missing.Flavor != shoptest.MariaDB || missing.Version != "10.5" {
		t.Fatalf("got %v, want a NotFoundError", err)
	}
	if !strings.Contains(err.Error(), "internal/shoptest/fetch.sh mariadb 10.5") {
		t.Errorf("%q does not say what to type", err)
	}
	remedy := (&shoptest.NotFoundError{Flavor: shoptest.MariaDB}).Remedy()
	if !strings.Contains(remedy, "sudo apt-get install --no-install-recommends mariadb-server-core") {
		t.Errorf("%q does not say what to type", remedy)
	}
	if _, err := shoptest.Find("oracle", ""); err == nil {
		t.Error("no error for an unknown flavor")
	}
}
