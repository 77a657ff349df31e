package canal

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestLostPlaces: a place that is not in the log, or no longer, ends Run with an
// error that says which.
func TestLostPlaces(t *testing.T) {
	for _, k := range kinds {
		if !shoptesting.Wanted(k.flavor) {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			p := private(t, k.flavor, append(k.args, "--innodb-flush-log-at-trx-commit=1")...)
			reset := "RESET MASTER"
			if k.flavor == shoptest.MySQL {
				reset = "RESET BINARY LOGS AND GTIDS"
			}
			last := 0
			purge := func() {
				p.sql("FLUSH BINARY LOGS; FLUSH BINARY LOGS")
				for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
					p.sql("PURGE BINARY LOGS TO '" + p.here().File + "'")
					files, err := LogFiles(context.Background(), p.db)
					if err != nil || time.Now().After(end) {
						t.Fatal(files, err)
					}
					if len(files) == 1 { // MariaDB keeps a file until its commits are safe
						return
					}
				}
			}
			marks := func(n int) {
				for range n {
					last++
					p.mark(last)
				}
			}
			noGTID := func(at Position) Position { return Position{File: at.File, Offset: at.Offset} }
			for _, c := range []struct {
				name string
				from func() Position
				want error
			}{
				{"purged", func() Position {
					at := p.here()
					marks(1)
					purge()
					marks(1)
					return at
				}, ErrPurged},
				{"purged, by file", func() Position {
					at := p.here()
					marks(1)
					purge()
					return noGTID(at)
				}, ErrPurged},
				{"in the future", func() Position {
					at := p.here()
					switch {
					case at.GTID == "":
						at.Offset += 1 << 20
					case k.flavor == shoptest.MariaDB:
						at.GTID = "0-1-999999"
					default:
						at.GTID = strings.TrimPrefix(p.id.Identity, "mysql/") + ":1-999999"
					}
					return at
				}, ErrDiverged},
				{"in the future, by file", func() Position {
					at := noGTID(p.here())
					at.Offset += 1 << 20
					return at
				}, ErrDiverged},
				{"in the middle of an event", func() Position {
					at := noGTID(p.here())
					marks(1)
					at.Offset += 7
					return at
				}, ErrDiverged},
				{"log reset, and shorter", func() Position {
					p.sql("UPDATE marker SET note = REPEAT('x', 9999)")
					at := p.here()
					p.sql(reset)
					marks(1)
					return at
				}, ErrDiverged},
				{"log reset, and longer", func() Position {
					p.sql(reset)
					marks(3)
					p.sql("UPDATE marker SET note = REPEAT('x', 777)")
					at := p.here()
					p.sql(reset)
					marks(20)
					return at
				}, ErrDiverged},
				{"log reset, and longer, in later files", func() Position {
					p.sql(reset + "; FLUSH BINARY LOGS; FLUSH BINARY LOGS")
					marks(3)
					at := p.here()
					p.sql(reset)
					marks(20)
					return at
				}, ErrDiverged},
				{"log reset, and the GTIDs again in a later file", func() Position {
					p.sql(reset)
					marks(3)
					at := p.here()
					p.sql(reset + "; UPDATE marker SET note = REPEAT('y', 9999); FLUSH BINARY LOGS")
					marks(20)
					return at
				}, ErrDiverged},
				{"log reset, and empty", func() Position {
					marks(3)
					at := p.here()
					p.sql(reset)
					return at
				}, ErrDiverged},
				{"not readable", func() Position { return Position{GTID: "what", File: p.here().File, Offset: 4} }, map[bool]error{true: ErrDiverged, false: nil}[p.id.GTID]},
			} {
				t.Run(c.name, func(t *testing.T) {
					p.t = t
					from := c.from()
					f := p.follow(from, markers)
					if c.want == nil {
						f.connected()
						f.stop()
						return
					}
					var err error
					f.wait("Run to end", func() bool {
						select {
						case err = <-f.ended:
							f.ended <- err
							return true
						default:
							return false
						}
					})
					if !errors.Is(err, c.want) {
						t.Errorf("from %s: %v, want %v", from, err, c.want)
					}
					if s := f.canal.Status(); s.Connected || s.LastError == "" {
						t.Errorf("%+v", s)
					}
					if n := f.metric("octail_source_reconnects_total", map[error]string{ErrPurged: "purged", ErrDiverged: "diverged"}[c.want]); n != 1 {
						t.Errorf("counted %v times", n)
					}
				})
			}
			for _, n := range []int{0, 20} {
				t.Run(fmt.Sprintf("reset while connected, and %d changes", n), func(t *testing.T) {
					p.t = t
					p.sql(reset)
					marks(3)
					p.sql("UPDATE marker SET note = REPEAT('x', 333)")
					f := p.follow(p.here(), markers, func(c *Config, _ *recorder) { c.Silence = 2 * time.Second })
					f.wait("the log's end", func() bool { return f.canal.Status().Position.String() == p.here().String() })
					p.sql(reset)
					marks(n)
					if err := f.result(); !errors.Is(err, ErrDiverged) && !errors.Is(err, ErrPurged) {
						t.Errorf("got %v\n%s", err, f.log)
					}
				})
			}
		})
	}
}

// TestLogSwitchedOff: a server that writes no log for a while leaves a hole.
func TestLogSwitchedOff(t *testing.T) {
	p := private(t, shoptest.MariaDB)
	off := private(t, shoptest.MariaDB, "--skip-log-bin")
	x := newProxy(t, p.server.Addr())
	pool, err := mysql.ParseDSN(p.server.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	pool.Addr = x.addr()
	connector, err := mysql.NewConnector(pool)
	if err != nil {
		t.Fatal(err)
	}
	f := p.follow(p.here(), markers, through(x), func(c *Config, _ *recorder) {
		c.DB = sqlOpen(t, connector)
	})
	f.connected()
	x.lead(off.server.Addr())
	f.wait("the reason", func() bool { return strings.Contains(f.canal.Status().LastError, "binary log is switched off") })
	x.lead(p.server.Addr())
	if err := f.result(); !errors.Is(err, ErrPurged) || !strings.Contains(err.Error(), "switched off for a while") {
		t.Errorf("got %v", err)
	}
	// The caller closes the hole, and starts again.
	again := p.follow(p.here(), markers)
	p.mark(1)
	again.until(Touch{"marker", 1})
	again.stop()
}

// TestAnotherServer: where the address leads to another server, its log is searched
// by GTID; a file and an offset mean nothing there.
func TestAnotherServer(t *testing.T) {
	for _, k := range kinds[1:] {
		if !shoptesting.Wanted(k.flavor) {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			p, other := private(t, k.flavor, k.args...), private(t, k.flavor, "--server-id=2")
			x := newProxy(t, p.server.Addr())
			pool, err := mysql.ParseDSN(p.server.DSN(""))
			if err != nil {
				t.Fatal(err)
			}
			pool.Addr = x.addr()
			connector, err := mysql.NewConnector(pool)
			if err != nil {
				t.Fatal(err)
			}
			var moved []string
			f := p.follow(p.here(), markers, through(x), func(c *Config, _ *recorder) {
				c.DB = sqlOpen(t, connector)
				c.Moved = func(s Server, at Position) error {
					if at.File != "" || at.Offset != 0 || at.GTID == "" {
						t.Errorf("moved to %s", at)
					}
					moved = append(moved, s.Identity)
					return nil
				}
			})
			f.connected()
			if k.args == nil { // a replica: it has the transactions of the first, at other places, and goes on
				at := p.here()
				other.sql("RESET BINARY LOGS AND GTIDS; SET GLOBAL gtid_purged = '" + at.GTID + "'; CREATE DATABASE `" + p.database + "`; USE `" + p.database + "`;" + markerTable)
				x.lead(other.server.Addr())
				other.sql("INSERT INTO `" + p.database + "`.marker VALUES (5, '')")
				f.until(Touch{"marker", 5})
				x.lead(other.server.Addr()) // and once more, from there
				other.sql("INSERT INTO `" + p.database + "`.marker VALUES (6, ''); DROP DATABASE `" + p.database + "`")
				f.until(Touch{"marker", 6})
				f.stop()
				if len(moved) != 1 || moved[0] != other.id.Identity {
					t.Errorf("moved to %q, want once to %s", moved, other.id.Identity)
				}
				if !strings.Contains(f.log.String(), "another database server") {
					t.Errorf("nothing is said about it:\n%s", f.log)
				}
				return
			}
			x.lead(other.server.Addr())
			if err := f.result(); !errors.Is(err, ErrDiverged) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestSamePlaceInAnotherLog: without GTIDs, a log that was begun anew and has a border at
// the very offset is told by when its file was begun.
func TestSamePlaceInAnotherLog(t *testing.T) {
	p := private(t, shoptest.MySQL, "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF")
	log := func() Position {
		p.sql("RESET BINARY LOGS AND GTIDS")
		p.mark(1)
		at := p.here()
		p.sql("DELETE FROM marker")
		return at
	}
	first := log()
	f := p.follow(Position{File: first.File, Offset: 4}, markers)
	f.until(Touch{"marker", 1})
	f.stop()
	from := f.transactions()[0].Position
	if from.Began == 0 || from.File != first.File || from.Offset != first.Offset {
		t.Fatalf("%+v, want the place %s with its time", from, first)
	}
	again := p.follow(from, markers) // the same file
	p.mark(2)
	again.until(Touch{"marker", 2})
	again.stop()
	time.Sleep(1100 * time.Millisecond) // it counts in seconds
	if second := log(); second != first {
		t.Fatalf("the new log's place is %s, the old one's was %s", second, first)
	}
	if err := p.follow(from, markers).result(); !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "begun at") {
		t.Errorf("got %v", err)
	}
}

// TestPositions: a transaction's position is the server's own behind it, and the
// stream starts there again.
func TestPositions(t *testing.T) {
	for _, k := range kinds {
		if !shoptesting.Wanted(k.flavor) {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			p := private(t, k.flavor, k.args...)
			p.sql(caseTables)
			f := p.follow(p.here(), caseRules())
			f.connected()
			var at []Position
			statements := []string{
				"INSERT INTO line VALUES (1, 1, 'x')",
				"INSERT INTO legacy VALUES (1, 'x')",
				"BEGIN; INSERT INTO line VALUES (2, 2, 'x'); SAVEPOINT s; INSERT INTO line VALUES (3, 3, 'x'); ROLLBACK TO s; COMMIT",
				"BEGIN; INSERT INTO legacy VALUES (2, 'x'); ROLLBACK",
				"SET binlog_format = STATEMENT; INSERT INTO legacy (id) VALUES (3)",
				"SET binlog_format = STATEMENT; BEGIN; INSERT INTO line (line_id) VALUES (4); COMMIT",
				"ALTER TABLE line MODIFY name VARCHAR(200)",
				"TRUNCATE legacy",
				"CREATE OR REPLACE TABLE legacy ENGINE=MyISAM AS SELECT 5 AS id, 'x' AS v",
				"CREATE OR REPLACE TABLE line ENGINE=InnoDB AS SELECT 5 AS line_id, 5 AS order_id",
				"UPDATE line SET order_id = 6",
				"DROP TABLE legacy",
			}
			for _, sql := range statements {
				if create, ok := strings.CutPrefix(sql, "CREATE OR REPLACE TABLE "); ok && k.flavor == shoptest.MySQL {
					if strings.Contains(sql, "MyISAM") { // not with GTIDs
						continue
					}
					name, _, _ := strings.Cut(create, " ")
					p.sql("DROP TABLE " + name)
					sql = "CREATE TABLE " + create
					at = append(at, p.here())
				}
				p.sql(sql)
				at = append(at, p.here())
				f.wait("transaction behind "+sql, func() bool { return len(f.transactions()) >= len(at) })
				got := f.transactions()[len(at)-1].Position
				if got.Began = 0; len(f.transactions()) != len(at) || got != at[len(at)-1] {
					t.Fatalf("%s\n ends at %s, the server says %s; %s", sql, got, at[len(at)-1], tell(f.transactions()))
				}
			}
			f.stop()
			all := f.transactions()
			for i, from := range at[:len(at)-1] {
				again := p.follow(from, caseRules())
				again.wait("the rest", func() bool { return len(again.transactions()) >= len(all)-i-1 })
				again.stop()
				if got := again.transactions(); !reflect.DeepEqual(got, all[i+1:]) {
					t.Errorf("from %s: %s\nwant %s", from, tell(got), tell(all[i+1:]))
				}
			}
		})
	}
}

// TestFirstGTIDs: a MySQL server without any GTID yet has no set to start from; its
// positions have one all the same, once there is.
func TestFirstGTIDs(t *testing.T) {
	p := private(t, shoptest.MySQL)
	p.sql("RESET BINARY LOGS AND GTIDS")
	from := p.here()
	if from.GTID != "" {
		t.Fatalf("the server has %s", from)
	}
	f := p.follow(from, markers)
	f.connected()
	p.mark(1)
	f.until(Touch{"marker", 1})
	if got, want := f.transactions()[0].Position, p.here(); got != want {
		t.Errorf("at %s, the server at %s", got, want)
	}
	f.stop()
}
