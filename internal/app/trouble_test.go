package app_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/console"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// openShop loads a shop into a new database of a server.
func openShop(t *testing.T, server *shoptest.Server, gen shoptest.Generation) (database string, db *sql.DB, shop *shoptest.Shop) {
	t.Helper()
	database = shoptesting.Database(t, server)
	db, err := server.Open(database, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := shoptest.Load(t.Context(), db, gen, "oc_"); err != nil {
		t.Fatal(err)
	}
	return database, db, shoptest.NewShop(db, gen, "oc_", 3)
}

func must(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range statements {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// purgeLog makes a server forget all but a new, empty binlog file.
func purgeLog(t *testing.T, server *shoptest.Server) {
	t.Helper()
	must(t, server.DB(), "FLUSH BINARY LOGS", "FLUSH BINARY LOGS")
	// A dump thread that has just lost its client may hold a file a little longer.
	waitFor(t, "the server to purge", func() bool {
		files := binlogs(t, server)
		must(t, server.DB(), "PURGE BINARY LOGS TO '"+files[len(files)-1]+"'")
		return len(files) == 1
	})
}

// resetLog makes a server begin its binlog anew.
func resetLog(t *testing.T, server *shoptest.Server) {
	t.Helper()
	if server.Flavor() == shoptest.MySQL {
		must(t, server.DB(), "RESET BINARY LOGS AND GTIDS")
		return
	}
	must(t, server.DB(), "RESET MASTER")
}

func place(t *testing.T, shop *shoptest.Shop, n int) {
	t.Helper()
	for range n {
		c, err := shop.RandomCheckout(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := shop.Order(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func binlogs(t *testing.T, server *shoptest.Server) (names []string) {
	t.Helper()
	files, err := canal.LogFiles(t.Context(), server.DB())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Name)
	}
	return names
}

// TestOtherServer moves the shop to another server: what is different there is
// found by comparing.
func TestOtherServer(t *testing.T) {
	t.Parallel()
	first, second := shoptesting.Server(t, shoptest.Options{}), shoptesting.Server(t, shoptest.Options{Args: []string{"--server-id=77"}})
	dir := t.TempDir()
	run := func(server *shoptest.Server, different string) (*agent, string) {
		must(t, server.DB(), "CREATE DATABASE moved CHARACTER SET utf8mb4")
		db, err := server.Open("moved", true)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := shoptest.Load(t.Context(), db, shoptest.V4, "oc_"); err != nil {
			t.Fatal(err)
		}
		must(t, db, "UPDATE oc_product SET date_added = '2026-01-01'", "UPDATE oc_customer SET date_added = '2026-01-01'")
		if different != "" {
			must(t, db, different)
		}
		a := start(t, server, configure(t, server, "moved", settings{dir: dir, prefix: "oc_"}))
		a.quiet()
		return a, "moved"
	}
	a, _ := run(first, "")
	a.stop()
	before := a.look().Last()
	a, database := run(second, "UPDATE oc_product SET price = 1.5 WHERE product_id IN (2, 4)")
	j := a.look()
	compareAll(t, j, second, database, "oc_")
	if n := j.Last() - before; n != 2 {
		t.Errorf("%d events after the move, want 2", n)
	}
}

// TestDatabaseComesAndGoes starts the agent before its database, kills that under
// it, and takes its rights away: it waits and goes on by itself.
func TestDatabaseComesAndGoes(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{})
	database, _, shop := openShop(t, server, shoptest.V4)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	a := start(t, server, configure(t, server, database, settings{prefix: "oc_"}))
	waitFor(t, "the agent to say that it waits for the database", func() bool {
		var st console.Status
		return a.get("/api/v1/status", &st) == nil && st.Source.State == "waiting" && st.Source.Error != ""
	})
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.quiet()
	place(t, shop, 2)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	place(t, shop, 2)
	a.quiet()
	compareAll(t, a.look(), server, database, "oc_")
}

// TestRefusesToStart runs the real program where it must not run: it ends with
// the right code and a message that names the remedy.
func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	server := shoptesting.Default(t)
	database, _, _ := openShop(t, server, shoptest.V4)
	empty := shoptesting.Database(t, server)
	must(t, server.DB(), "DROP USER IF EXISTS poor@127.0.0.1", "CREATE USER poor@127.0.0.1 IDENTIFIED BY 'x'", "GRANT SELECT ON `"+database+"`.* TO poor@127.0.0.1")
	t.Cleanup(func() { must2(server.DB(), "DROP USER poor@127.0.0.1") })
	base := func(t *testing.T) (settings, string) {
		s := settings{dir: t.TempDir(), prefix: "oc_"}
		return s, configText(server, database, s)
	}
	for _, c := range []struct {
		name string
		edit func(t *testing.T, dir, text string) string
		code int
		want []string
	}{
		{"mistakes in the config", func(_ *testing.T, _, text string) string {
			return strings.NewReplacer("settle:", "setle:", "type: file", "type: fil").Replace(text) + "\nnotes: 1\n"
		}, 2, []string{"setle", "settle", "fil", "notes", "config.yaml:"}},
		{"wrong password", func(_ *testing.T, _, text string) string {
			return strings.Replace(text, `user: root, password: ""`, `user: poor, password: "wrong"`, 1)
		}, 1, []string{"1045", "ALTER USER"}},
		{"no replication grant", func(_ *testing.T, _, text string) string {
			return strings.Replace(text, `user: root, password: ""`, `user: poor, password: "x"`, 1)
		}, 1, []string{"GRANT", "REPLICATION SLAVE"}},
		{"unknown prefix", func(_ *testing.T, _, text string) string {
			return strings.Replace(text, `table_prefix: "oc_"`, `table_prefix: "shop_"`, 1)
		}, 1, []string{"table_prefix", "oc_"}},
		{"no OpenCart", func(_ *testing.T, _, text string) string {
			return strings.Replace(text, "database: "+database, "database: "+empty, 1)
		}, 1, []string{"OpenCart"}},
		{"damaged journal", func(t *testing.T, dir, text string) string {
			if err := os.WriteFile(filepath.Join(dir, "octail.db"), []byte(strings.Repeat("no journal at all ", 500)), 0o600); err != nil {
				t.Fatal(err)
			}
			return text
		}, 1, []string{"journal", "damaged", "backup"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, text := base(t)
			file := filepath.Join(s.dir, "config.yaml")
			if err := os.WriteFile(file, []byte(c.edit(t, s.dir, text)), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out := runProgram(t, "--config", file, "run")
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, w := range c.want {
				if !strings.Contains(out, w) {
					t.Errorf("the message lacks %q", w)
				}
			}
			t.Log(out)
		})
	}
	// A sink that cannot be used keeps neither the agent nor other sinks from running.
	t.Run("events of another shop", func(t *testing.T) {
		s, text := base(t)
		line := `{"specversion":"1.0","id":"order/1@1","source":"octail://other","sequence":"000000000001"}` + "\n"
		events, file := filepath.Join(s.dir, "events.jsonl"), filepath.Join(s.dir, "config.yaml")
		for name, content := range map[string]string{events: line, file: text} {
			if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a := start(t, server, configure(t, server, database, s))
		waitFor(t, "events to be journaled and the sink to be asked", func() bool {
			var st console.Status
			return a.get("/api/v1/status", &st) == nil && st.Journal.Sequence > 0 && len(st.Sinks) == 1 && st.Sinks[0].LastError != ""
		})
		code, out := runProgram(t, "--config", file, "status")
		for _, w := range []string{"Sink log", "another shop", "octail://other", "another path"} {
			if !strings.Contains(out, w) {
				t.Errorf("the message lacks %q", w)
			}
		}
		if code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		a.stop()
		if got, err := os.ReadFile(events); err != nil || string(got) != line {
			t.Errorf("the other shop's events were touched: %q %v", got, err)
		}
		t.Log(out)
	})
	t.Run("two agents", func(t *testing.T) {
		s, text := base(t)
		file := filepath.Join(s.dir, "config.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a := start(t, server, configure(t, server, database, s))
		a.quiet()
		code, out := runProgram(t, "--config", file, "run")
		if code != 4 || !strings.Contains(out, fmt.Sprint(os.Getpid())) {
			t.Errorf("exit code %d, want 4 and our pid %d:\n%s", code, os.Getpid(), out)
		}
		// Tests beside this one write to the same server: "on its way" is theirs.
		if code, out := runProgram(t, "--config", file, "status"); code != 0 || !strings.HasPrefix(out, "Everything is ") {
			t.Errorf("status beside the agent: %d\n%s", code, out)
		}
	})
}

func must2(db *sql.DB, statement string) { _, _ = db.Exec(statement) }

// runProgram runs octail to its end.
func runProgram(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	done := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer done.Stop()
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
