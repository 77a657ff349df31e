package shop_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

const table = "CREATE TABLE oc_order (order_id INT PRIMARY KEY, comment TEXT) ENGINE=InnoDB; INSERT INTO oc_order VALUES (1, 'before');" +
	"CREATE TABLE oc_product (product_id INT PRIMARY KEY, model TEXT) ENGINE=MyISAM; INSERT INTO oc_product VALUES (1, 'before')"

var (
	orderOne   = shop.Query{Table: "order", Columns: []string{"comment"}, Where: "order_id", Keys: []int64{1}}
	productOne = shop.Query{Table: "product", Columns: []string{"model"}, Where: "product_id", Keys: []int64{1}}
)

// next is the position that the server will have after the next transaction, or
// after a few: no read may count as proven for it before.
func next(t *testing.T, p canal.Position, flavor string) canal.Position {
	t.Helper()
	if flavor == onMariaDB {
		return canal.Position{GTID: p.GTID, File: p.File, Offset: p.Offset + 1}
	}
	uuid, _, _ := strings.Cut(p.GTID, ":")
	var last int
	if _, err := fmt.Sscanf(p.GTID[strings.LastIndexAny(p.GTID, ":-")+1:], "%d", &last); err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	return canal.Position{GTID: fmt.Sprintf("%s:1-%d", uuid, last+1), File: p.File, Offset: p.Offset + 1}
}

// TestProven: a read at or after the touch counts at once.
func TestProven(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		old := i.position()
		i.sql("FLUSH BINARY LOGS; UPDATE oc_order SET comment = 'after'")
		for name, p := range map[string]canal.Position{"anything": {}, "an older file": old, "the very place": i.position()} {
			rows, proven, err := i.read(p, orderOne)
			if err != nil || !proven || texts(rows, "comment") != `"after"` {
				t.Errorf("%s: %s, proven %v, %v", name, texts(rows, "comment"), proven, err)
			}
		}
		if n := i.Retaken(); n != 0 {
			t.Errorf("%d snapshots thrown away for nothing", n)
		}
	})
}

// TestNotVisible: a read older than the touch is refused, and nothing is read.
func TestNotVisible(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		i.VisibleWithin = 0
		future := next(t, i.position(), server.Flavor())
		err := i.Read(t.Context(), future, i.schema, func(*shop.Reader) error {
			t.Error("it was read all the same")
			return nil
		})
		if !errors.Is(err, shop.ErrNotVisible) || shop.Classify(err) != shop.Unreachable || i.Retaken() != 1 {
			t.Errorf("%v, thrown away %d", err, i.Retaken())
		}
		if strings.Contains(err.Error(), "before") {
			t.Errorf("the error holds data: %v", err)
		}
		later := future
		later.File = later.File[:len(later.File)-1] + "9" // another file, not written yet
		if server.Flavor() == onMariaDB {
			later.Offset = 4
		}
		if _, _, err := i.read(later, orderOne); !errors.Is(err, shop.ErrNotVisible) {
			t.Errorf("a later file: %v", err)
		}
		if rows, proven, err := i.read(canal.Position{}, orderOne); err != nil || !proven || len(rows) != 1 {
			t.Errorf("afterwards: %v, %v", rows, err)
		}
	})
}

// TestMoved: a place in one server's log proves nothing on another, neither for a read
// nor against it, until the shop is known to be there.
func TestMoved(t *testing.T) {
	i := install(t, shoptesting.MariaDB(t), table)
	is, err := canal.Inspect(t.Context(), i.server.DB())
	if err != nil {
		t.Fatal(err)
	}
	i.VisibleWithin = 0
	past, future := i.position(), next(t, i.position(), onMariaDB)
	was := is
	was.ServerID++
	i.Moved(was)
	for _, p := range []canal.Position{past, future} {
		if rows, proven, err := i.read(p, orderOne); err != nil || proven || len(rows) != 1 {
			t.Errorf("a place in another server's log: %d rows, proven %v, %v", len(rows), proven, err)
		}
	}
	i.Moved(is)
	if _, proven, err := i.read(past, orderOne); err != nil || !proven {
		t.Errorf("proven %v, %v", proven, err)
	}
	if _, _, err := i.read(future, orderOne); !errors.Is(err, shop.ErrNotVisible) {
		t.Errorf("%v", err)
	}
}

// TestForeignKeys: those between the shop's tables are seen by an account that may only
// SELECT.
func TestForeignKeys(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, `CREATE TABLE oc_category (category_id INT PRIMARY KEY) ENGINE=InnoDB; CREATE TABLE other (id INT PRIMARY KEY) ENGINE=InnoDB;
			CREATE TABLE oc_product_to_category (product_id INT, category_id INT, other INT, FOREIGN KEY (category_id) REFERENCES oc_category (category_id) ON DELETE CASCADE,
			FOREIGN KEY (other) REFERENCES other (id)) ENGINE=InnoDB`)
		want := []shop.ForeignKey{{Table: "product_to_category", Column: "category_id", Parent: "category", ParentColumn: "category_id"}}
		if !slices.Equal(i.schema.ForeignKeys, want) {
			t.Errorf("%+v, want %+v", i.schema.ForeignKeys, want)
		}
	})
}

// TestBecomesVisible: the commit arrives while the read waits for it. What is read
// holds it, on InnoDB, where the first snapshot did not.
func TestBecomesVisible(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		i.VisibleWithin = time.Minute
		future := next(t, i.position(), server.Flavor())
		var rows []shop.Row
		var proven bool
		ended := make(chan error, 1)
		go func() {
			var err error
			rows, proven, err = i.read(future, orderOne)
			ended <- err
		}()
		until(t, "the refusal of a snapshot", func() bool { return i.Retaken() >= 3 })
		i.sql("UPDATE oc_order SET comment = 'after'")
		if err := <-ended; err != nil || !proven || texts(rows, "comment") != `"after"` {
			t.Errorf("%s, proven %v, %v", texts(rows, "comment"), proven, err)
		}
	})
}

// TestUnproven: where there is no proof the read says so, and the caller confirms it
// by a second one.
func TestUnproven(t *testing.T) {
	t.Run("MySQL without GTIDs", func(t *testing.T) {
		i := install(t, shoptesting.MySQL(t), table)
		p := i.position()
		if rows, proven, err := i.read(canal.Position{File: p.File, Offset: p.Offset}, orderOne); err != nil || proven || len(rows) != 1 {
			t.Errorf("%v, proven %v, %v", rows, proven, err)
		}
	})
	t.Run("MariaDB without a file", func(t *testing.T) {
		i := install(t, shoptesting.MariaDB(t), table)
		if rows, proven, err := i.read(canal.Position{GTID: i.position().GTID}, orderOne); err != nil || proven || len(rows) != 1 {
			t.Errorf("%v, proven %v, %v", rows, proven, err)
		}
	})
	t.Run("MariaDB without a binlog", func(t *testing.T) {
		i := install(t, shoptesting.Server(t, shoptest.Options{Args: []string{"--skip-log-bin"}}), table)
		if rows, proven, err := i.read(canal.Position{File: "mysql-bin.000001", Offset: 4}, orderOne); err != nil || proven || len(rows) != 1 {
			t.Errorf("%v, proven %v, %v", rows, proven, err)
		}
	})
}

// TestSets: on MariaDB the file counts, whatever GTIDs there are; on MySQL
// the whole set does.
func TestSets(t *testing.T) {
	i := install(t, shoptesting.MariaDB(t), table)
	p := i.position()
	p.GTID = "7-9-12345," + p.GTID
	if _, proven, err := i.read(p, orderOne); err != nil || !proven {
		t.Errorf("proven %v, %v", proven, err)
	}
	i = install(t, shoptesting.MySQL(t), table)
	p = i.position()
	p.GTID += ",00000000-0000-0000-0000-000000000001:1-3"
	i.VisibleWithin = 0
	if _, _, err := i.read(p, orderOne); !errors.Is(err, shop.ErrNotVisible) {
		t.Errorf("a set of another server too: %v", err)
	}
	p.GTID = "it's none"
	if _, _, err := i.read(p, orderOne); err == nil || shop.Classify(err) != shop.Refused {
		t.Errorf("no set at all: %v", err)
	}
}

// TestSnapshot: all that one read sees is of one moment.
func TestSnapshot(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		err := i.Read(t.Context(), i.position(), i.schema, func(r *shop.Reader) error {
			i.sql("UPDATE oc_order SET comment = 'after'; INSERT INTO oc_order VALUES (2, 'after')")
			rows, err := r.Select(shop.Query{Table: "order", Columns: []string{"comment"}, Order: []string{"order_id"}})
			if got := texts(rows.All(), "comment"); got != `"before"` {
				t.Errorf("sees %s", got)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if rows, _, err := i.read(canal.Position{}, orderOne); err != nil || texts(rows, "comment") != `"after"` {
			t.Errorf("the next one sees %s, %v", texts(rows, "comment"), err)
		}
	})
}

// TestNeverLocks: while a read is in the middle the shop writes the rows that were
// read, in both engines.
func TestNeverLocks(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		err := i.Read(t.Context(), i.position(), i.schema, func(r *shop.Reader) error {
			for _, q := range []shop.Query{orderOne, productOne} {
				if _, err := r.Select(q); err != nil {
					return err
				}
			}
			i.sql("SET innodb_lock_wait_timeout = 1, lock_wait_timeout = 1; UPDATE oc_order SET comment = 'x'; DELETE FROM oc_order; UPDATE oc_product SET model = 'x'; DELETE FROM oc_product")
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestRefresh: a reader can look at the schema again.
func TestRefresh(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		i.sql("ALTER TABLE oc_order ADD email TEXT, DROP comment; CREATE TABLE oc_new (a INT)")
		if _, _, err := i.read(canal.Position{}, orderOne); shop.Classify(err) != shop.Missing {
			t.Errorf("the outdated schema: %v", err)
		}
		err := i.Read(t.Context(), canal.Position{}, i.schema, func(r *shop.Reader) error {
			if err := r.Refresh(); err != nil {
				return err
			}
			if s := r.Schema(); !s.Has("order", "email") || s.Has("order", "comment") || !s.Has("new") {
				t.Error("still the old schema")
			}
			rows, err := r.Select(orderOne)
			if len(rows.All()) != 0 {
				t.Errorf("%s of no column", rows)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		i.sql("DROP TABLE oc_product")
		if _, _, err := i.read(canal.Position{}, productOne); shop.Classify(err) != shop.Missing {
			t.Errorf("a dropped table: %v", err)
		}
	})
}

// TestAlteredWithin: a table is altered after the snapshot was taken.
func TestAlteredWithin(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		err := i.Read(t.Context(), canal.Position{}, i.schema, func(r *shop.Reader) error {
			i.sql("ALTER TABLE oc_order ADD email TEXT, FORCE, ALGORITHM=COPY")
			_, err := r.Select(orderOne)
			return err
		})
		if shop.Classify(err) != shop.Missing {
			t.Errorf("%v is of class %d", err, shop.Classify(err))
		}
		if _, _, err := i.read(canal.Position{}, orderOne); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestConnectionLost: in the middle of a read, and while it lay in the pool.
func TestConnectionLost(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		kill := func() {
			t.Helper()
			for _, id := range i.connections() {
				i.sql(fmt.Sprintf("KILL %d", id))
			}
			until(t, "the end of the connections", func() bool { return len(i.connections()) == 0 })
		}
		err := i.Read(t.Context(), canal.Position{}, i.schema, func(r *shop.Reader) error {
			if _, err := r.Select(orderOne); err != nil {
				return err
			}
			kill()
			_, err := r.Select(orderOne)
			return err
		})
		if err == nil || shop.Classify(err) != shop.Unreachable || strings.Contains(err.Error(), "before") {
			t.Errorf("%v is of class %d", err, shop.Classify(err))
		}
		if rows, _, err := i.read(canal.Position{}, orderOne); err != nil || len(rows) != 1 {
			t.Errorf("afterwards: %v, %v", rows, err)
		}
		kill() // idle ones
		if rows, _, err := i.read(i.position(), orderOne); err != nil || len(rows) != 1 {
			t.Errorf("out of the pool: %v, %v", rows, err)
		}
	})
}

// TestServerKilled: the server ends in the middle and comes back.
func TestServerKilled(t *testing.T) {
	server := shoptesting.Server(t, shoptest.Options{})
	i := install(t, server, table)
	err := i.Read(t.Context(), i.position(), i.schema, func(r *shop.Reader) error {
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
		_, err := r.Select(orderOne)
		return err
	})
	if err == nil || shop.Classify(err) != shop.Unreachable {
		t.Errorf("in the middle: %v", err)
	}
	if _, _, err := i.read(canal.Position{}, orderOne); err == nil || shop.Classify(err) != shop.Unreachable {
		t.Errorf("while it is down: %v", err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows, proven, err := i.read(i.position(), orderOne); err != nil || !proven || len(rows) != 1 {
		t.Errorf("afterwards: %v, %v", rows, err)
	}
}

// TestCallerFails: an error of the caller is handed on as it is, and neither it nor a
// panic leaves a snapshot open in the pool.
func TestCallerFails(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		i.pool.SetMaxOpenConns(1)
		mine := errors.New("mine")
		for _, fail := range []func(){
			func() {
				if err := i.Read(t.Context(), canal.Position{}, i.schema, func(*shop.Reader) error { return mine }); err != mine {
					t.Errorf("got %v", err)
				}
			},
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was lost")
					}
				}()
				_ = i.Read(t.Context(), canal.Position{}, i.schema, func(*shop.Reader) error { panic(mine) })
			},
		} {
			i.sql("UPDATE oc_order SET comment = 'before'")
			fail()
			i.sql("UPDATE oc_order SET comment = 'after'")
			var comment string // outside of a read: in a snapshot left open it would be the old one
			if err := i.pool.QueryRow("SELECT comment FROM oc_order").Scan(&comment); err != nil || comment != "after" {
				t.Errorf("%q, %v", comment, err)
			}
		}
	})
}

// TestCancelled: a read that is given up ends at once, wherever it stands.
func TestCancelled(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		i.VisibleWithin, i.StatementWithin = time.Hour, time.Hour
		future := next(t, i.position(), server.Flavor())
		lock, err := i.admin.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Close()
		for name, read := range map[string]func(ctx context.Context, started func()) error{
			"before": func(ctx context.Context, started func()) error {
				started()
				<-ctx.Done()
				return i.Read(ctx, canal.Position{}, i.schema, func(*shop.Reader) error { return nil })
			},
			"waiting for a commit": func(ctx context.Context, started func()) error {
				before := i.Retaken()
				ended := make(chan error, 1)
				go func() { ended <- i.Read(ctx, future, i.schema, func(*shop.Reader) error { return nil }) }()
				until(t, "a refusal", func() bool { return i.Retaken() > before })
				started()
				return <-ended
			},
			"in a statement": func(ctx context.Context, started func()) error {
				if _, err := lock.ExecContext(t.Context(), "LOCK TABLES oc_product WRITE"); err != nil {
					t.Fatal(err)
				}
				return i.Read(ctx, canal.Position{}, i.schema, func(r *shop.Reader) error {
					go started()
					_, err := r.Select(productOne)
					return err
				})
			},
		} {
			t.Run(name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				start := time.Now()
				err := read(ctx, cancel)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				if d := time.Since(start); d > 5*time.Minute {
					t.Errorf("took %s", d)
				}
			})
		}
		if _, err := lock.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
			t.Fatal(err)
		}
		if rows, _, err := i.read(canal.Position{}, productOne); err != nil || len(rows) != 1 {
			t.Errorf("afterwards: %v, %v", rows, err)
		}
	})
}

// TestConcurrency: however many reads are asked for, the shop sees a few.
func TestConcurrency(t *testing.T) {
	const most = 4
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		var mu sync.Mutex
		inside, highest := 0, 0
		full, leave := make(chan struct{}), make(chan struct{})
		var wait sync.WaitGroup
		for range 3 * most {
			wait.Go(func() {
				err := i.Read(t.Context(), canal.Position{}, i.schema, func(r *shop.Reader) error {
					mu.Lock()
					inside++
					highest = max(highest, inside)
					if inside == most {
						close(full)
					}
					mu.Unlock()
					<-leave
					mu.Lock()
					inside = -3 * most // the rest may come and go
					mu.Unlock()
					_, err := r.Select(orderOne)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		<-full
		if n := len(i.connections()); n > most {
			t.Errorf("%d connections, want at most %d", n, most)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := i.Read(ctx, canal.Position{}, i.schema, func(*shop.Reader) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one too many: %v", err)
		}
		close(leave)
		wait.Wait()
		if highest != most {
			t.Errorf("%d at a time, want %d", highest, most)
		}
	})
}

// TestStatementLimit: a statement that takes too long is ended by the server, one
// that waits for the shop's own lock gives up, and what is bound more narrowly
// already stays so.
func TestStatementLimit(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table)
		i.StatementWithin = time.Second
		endless := orderOne
		endless.And = "BENCHMARK(1000000000000, SHA2(comment, 512)) = 0"
		_, _, err := i.read(canal.Position{}, endless)
		if shop.Classify(err) != shop.Refused || !strings.Contains(fmt.Sprint(err), "interrupted") {
			t.Errorf("an endless statement: %v", err)
		}
		var running int
		if err := server.DB().QueryRow("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = ? AND INFO LIKE '%BENCHMARK%'", account).Scan(&running); err != nil || running != 0 {
			t.Errorf("%d still run on the server, %v", running, err)
		}

		lock, err := i.admin.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Close()
		for _, q := range []string{"LOCK TABLES oc_product WRITE", "UNLOCK TABLES"} {
			if _, err := lock.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			if i.StatementWithin = time.Second; strings.HasPrefix(q, "UNLOCK") {
				i.StatementWithin = 5 * time.Minute
			}
			_, _, err = i.read(canal.Position{}, productOne)
			if locked := strings.HasPrefix(q, "LOCK"); locked != (err != nil) {
				t.Errorf("%s: %v", q, err)
			} else if locked && shop.Classify(err) == shop.Missing {
				t.Errorf("%v is of class %d", err, shop.Classify(err))
			}
		}

		variable, narrow := "max_statement_time", "0.5"
		if server.Flavor() == onMySQL {
			variable, narrow = "max_execution_time", "500"
		}
		for _, c := range []struct {
			within time.Duration
			own    string // "": none
			want   string
		}{
			{20 * time.Second, "", map[string]string{onMariaDB: "20.000000", onMySQL: "20000"}[server.Flavor()]},
			{20 * time.Second, narrow, map[string]string{onMariaDB: "0.500000", onMySQL: "500"}[server.Flavor()]},
			{0, "", map[string]string{onMariaDB: "0.000000", onMySQL: "0"}[server.Flavor()]},
		} {
			i.open()
			i.pool.SetMaxOpenConns(1)
			i.StatementWithin = c.within
			if c.own != "" {
				if _, err := i.pool.Exec("SET SESSION " + variable + " = " + c.own); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				if _, _, err := i.read(canal.Position{}, orderOne); err != nil {
					t.Fatal(err)
				}
			}
			var got string
			if err := i.pool.QueryRow("SELECT CAST(@@" + variable + " AS CHAR)").Scan(&got); err != nil || strings.TrimRight(got, "0.") != strings.TrimRight(c.want, "0.") {
				t.Errorf("%s with %q: %s, want %s, %v", c.within, c.own, got, c.want, err)
			}
			if _, err := i.pool.Exec("SET SESSION " + variable + " = DEFAULT"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestStatements reads all the server was asked, by its own log: nothing is written,
// locked, or read without naming it.
func TestStatements(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, table+"; CREATE TABLE oc_customer (customer_id INT, email TEXT, password TEXT, salt TEXT, token TEXT, code TEXT, ip TEXT);"+
			"CREATE TABLE oc_session (session_id INT, data TEXT); CREATE TABLE oc_setting (setting_id INT, `key` TEXT)")
		i.sql("SET GLOBAL log_output = 'TABLE'; TRUNCATE mysql.general_log; SET GLOBAL general_log = ON")
		defer i.sql("SET GLOBAL general_log = OFF; SET GLOBAL log_output = 'FILE'")
		refused := 0
		for range 2 {
			if _, err := shop.Prefixes(t.Context(), i.pool, i.database); err != nil {
				t.Fatal(err)
			}
			i.look()
			err := i.Read(t.Context(), i.position(), i.schema, func(r *shop.Reader) error {
				if err := r.Refresh(); err != nil {
					return err
				}
				for _, table := range r.Schema().Tables() {
					for _, c := range columnsOf(i, "oc_"+table) {
						rows, err := r.Select(shop.Query{Table: table, Columns: []string{c}, Order: []string{c}, Limit: 10})
						switch {
						case shop.Secret(table, c):
							refused++
							if err == nil || rows != nil {
								t.Errorf("%s.%s was read", table, c)
							}
						case err != nil:
							return err
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if refused != 2*7 {
			t.Errorf("%d columns refused", refused)
		}
		var said []string
		rows, err := server.DB().Query("SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE command_type IN ('Query', 'Prepare', 'Execute') AND user_host LIKE ?", account+"%")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				t.Fatal(err)
			}
			said = append(said, strings.Join(strings.Fields(s), " "))
		}
		if len(said) < 30 {
			t.Fatalf("only %d statements", len(said))
		}
		for _, s := range said {
			upper := strings.ToUpper(s)
			first, _, _ := strings.Cut(upper, " ")
			if !slices.Contains([]string{"SELECT", "SHOW", "COMMIT"}, first) &&
				!strings.HasPrefix(upper, "SET NAMES ") && !strings.HasPrefix(upper, "SET SESSION ") && upper != "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY" {
				t.Errorf("not a read: %s", s)
			}
			for _, bad := range []string{"FOR UPDATE", "FOR SHARE", "LOCK IN", "GET_LOCK", "LOCK TABLE", "*", "INTO "} {
				if strings.Contains(strings.ReplaceAll(upper, "COUNT(*)", ""), bad) {
					t.Errorf("%s: %s", bad, s)
				}
			}
			for _, bad := range []string{"`password`", "`salt`", "`token`", "`code`", "`ip`", "oc_session"} {
				if strings.Contains(s, bad) {
					t.Errorf("a secret: %s", s)
				}
			}
		}
	})
}
