package canal

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// markers watches the one table of most tests here.
var markers = []Table{{Name: "marker", Rules: []Rule{{Target: "marker", Key: "id"}}}}

const markerTable = "CREATE TABLE marker (id INT PRIMARY KEY, note TEXT) ENGINE=InnoDB;"

// private starts a server for one test and makes a place on it.
func private(t *testing.T, flavor string, args ...string) *place {
	t.Helper()
	return newPlace(t, shoptesting.Server(t, shoptest.Options{Flavor: flavor, Args: args}), markerTable)
}

func (p *place) mark(id int) {
	p.t.Helper()
	p.sql(fmt.Sprintf("INSERT INTO marker VALUES (%d, '%s')", id, secret))
}

func through(x *proxy) func(*Config, *recorder) {
	return func(c *Config, _ *recorder) { c.Address = x.addr() }
}

// kinds are the servers whose positions differ in kind.
var kinds = []struct {
	name, flavor string
	args         []string
}{
	{"MariaDB", shoptest.MariaDB, nil},
	{"MySQL", shoptest.MySQL, nil},
	{"MySQL without GTIDs", shoptest.MySQL, []string{"--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"}},
}

// TestInterruptions: whatever happens to the connection or the server, each
// transaction is handed over once, whole and in order.
func TestInterruptions(t *testing.T) {
	for _, k := range kinds {
		if !shoptesting.Wanted(k.flavor) {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			p := private(t, k.flavor, k.args...)
			ctx := context.Background()

			t.Run("cut in the middle of transactions", func(t *testing.T) {
				p := p.on(t)
				from := p.here()
				p.mark(1)
				var rows []string
				for i := range 400 {
					rows = append(rows, fmt.Sprintf("INSERT INTO marker VALUES (%d, REPEAT('%s', 20));", 1000+i, secret))
				}
				p.sql("BEGIN;" + strings.Join(rows, "") + "COMMIT")
				p.mark(2)
				p.sql("BEGIN; UPDATE marker SET note = 'x' WHERE id >= 1000; COMMIT")
				p.mark(3)
				whole := p.follow(from, markers)
				whole.until(Touch{"marker", 3})
				want := whole.transactions()
				whole.stop()
				if len(want) != 5 || len(want[1].Touches) != 400 || len(want[3].Touches) != 400 {
					t.Fatal(tell(want))
				}
				x := newProxy(t, p.server.Addr())
				var places []int64
				for at := int64(100); at < 190_000; at += at/4 + 500 {
					places = append(places, at)
				}
				x.cutAt(places...)
				cuts := len(places)
				f := p.follow(from, markers, through(x))
				f.until(Touch{"marker", 3})
				f.stop()
				if got := f.transactions(); !reflect.DeepEqual(got, want) {
					t.Errorf("got %s\nwant %s", tell(got), tell(want))
				}
				if n := x.connections(); n <= cuts/2 || n > cuts+1 {
					t.Errorf("%d connections with %d cuts: one for each session, and none to KILL the one before", n, cuts)
				}
			})

			t.Run("rotation", func(t *testing.T) {
				p := p.on(t)
				f := p.follow(p.here(), markers)
				f.connected()
				p.mark(10)
				p.sql("FLUSH BINARY LOGS; FLUSH BINARY LOGS")
				f.wait("the new file", func() bool { return f.canal.Status().Position.String() == p.here().String() })
				p.mark(11)
				if got := tell(f.until(Touch{"marker", 11})); got != "marker/10" {
					t.Errorf("before it %q", got)
				}
				if got, want := f.transactions()[1].Position, p.here(); got.File != want.File || got.GTID != want.GTID {
					t.Errorf("handed over at %s, the server is at %s", got, want)
				}
				f.stop()
			})

			f := p.follow(p.here(), markers)
			f.connected()
			lost := func(t *testing.T, n float64) {
				f.wait("the connection to be lost", func() bool { return f.reconnects() > n })
			}
			marks := 18
			for _, c := range []struct {
				name string
				on   string
				do   func(t *testing.T)
			}{
				{"the dump thread is killed", k.flavor, func(t *testing.T) {
					var id int
					if err := p.server.DB().QueryRow("SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'").Scan(&id); err != nil {
						t.Fatal(err)
					}
					p.sql(fmt.Sprintf("KILL %d", id))
				}},
				// (MySQL takes ten seconds to shut down when a replication client is connected.)
				{"the server is restarted", shoptest.MariaDB, func(t *testing.T) {
					if err := p.server.Restart(ctx); err != nil {
						t.Fatal(err)
					}
				}},
				{"the server is killed", k.flavor, func(t *testing.T) {
					if err := p.server.Kill(); err != nil {
						t.Fatal(err)
					}
					f.wait("the loss to be seen", func() bool { return !f.canal.Status().Connected && f.canal.Status().LastError != "" })
					if err := p.server.Restart(ctx); err != nil {
						t.Fatal(err)
					}
				}},
			} {
				if c.on != k.flavor {
					continue
				}
				marks += 2
				t.Run(c.name, func(t *testing.T) {
					n := f.reconnects()
					p.on(t).mark(marks)
					f.until(Touch{"marker", int64(marks)})
					c.do(t)
					p.on(t).mark(marks + 1)
					lost(t, n)
					f.until(Touch{"marker", int64(marks + 1)})
					if s := f.canal.Status(); !s.Connected || s.LastError != "" {
						t.Errorf("%+v", s)
					}
				})
			}
			var want []string
			for i := 20; i <= marks+1; i++ {
				want = append(want, fmt.Sprintf("marker/%d", i))
			}
			if got := tell(f.transactions()); got != strings.Join(want, ", ") {
				t.Errorf("got %q, want %q", got, want)
			}
			f.stop()

			t.Run("the server is down at the start", func(t *testing.T) {
				p := p.on(t)
				from := p.here()
				if err := p.server.Kill(); err != nil {
					t.Fatal(err)
				}
				f := p.follow(from, markers)
				f.wait("an error", func() bool { return f.canal.Status().LastError != "" })
				if err := p.server.Restart(ctx); err != nil {
					t.Fatal(err)
				}
				p.mark(30)
				f.until(Touch{"marker", 30})
				f.stop()
			})
		})
	}
}

// reconnects counts the lost connections.
func (f *follower) reconnects() float64 { return f.metric("octail_source_reconnects_total", "") }

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
					f := p.follow(p.here(), markers, func(c *Config, _ *recorder) { c.Silence = 300 * time.Millisecond })
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

// TestAccess: who is not let in is told what to do, waits long, and its password
// is nowhere.
func TestAccess(t *testing.T) {
	for _, flavor := range flavors {
		p := private(t, flavor)
		p.sql("CREATE USER 'nobody'@'127.0.0.1' IDENTIFIED BY '" + secret + "'; CREATE USER 'reader'@'127.0.0.1' IDENTIFIED BY '" + secret + "'; GRANT REPLICATION SLAVE ON *.* TO 'reader'@'127.0.0.1'")
		as := func(user, password string) func(*Config, *recorder) {
			return func(c *Config, _ *recorder) { c.User, c.Password = user, password }
		}
		for _, c := range []struct {
			name   string
			change func(*Config, *recorder)
			want   string
		}{
			{"wrong password", as("reader", secret+"!"), "error 1045"},
			{"no REPLICATION SLAVE", as("nobody", secret), "ccess denied"},
			{"no REPLICATION CLIENT", func(c *Config, _ *recorder) {
				pool, err := mysql.ParseDSN(p.server.DSN(""))
				if err != nil {
					t.Fatal(err)
				}
				pool.User, pool.Passwd = "reader", secret
				connector, err := mysql.NewConnector(pool)
				if err != nil {
					t.Fatal(err)
				}
				c.DB = sqlOpen(t, connector)
			}, "error 1227"},
		} {
			t.Run(flavor+"/"+c.name, func(t *testing.T) {
				f := p.on(t).follow(p.here(), markers, c.change)
				f.wait("the reason", func() bool { return strings.Contains(f.canal.Status().LastError, c.want) })
				f.wait("advice", func() bool { return strings.Contains(f.log.String(), "GRANT REPLICATION SLAVE, REPLICATION CLIENT") })
				if n := f.reconnects(); n != 1 || f.metric("octail_source_reconnects_total", "access") != 1 {
					t.Errorf("%v tries, want one and then a long wait", n)
				}
				f.stop()
			})
		}
		t.Run(flavor+"/enough", func(t *testing.T) {
			f := p.on(t).follow(p.here(), markers, as("reader", secret))
			p.on(t).mark(1)
			f.until(Touch{"marker", 1})
			f.stop()
		})
	}
}

// TestTwins: two clients with one server id take the stream from each other until
// one of them gives up.
func TestTwins(t *testing.T) {
	p := newPlace(t, shoptesting.MariaDB(t), markerTable)
	a, b := p.follow(p.here(), markers), p.follow(p.here(), markers)
	var err error
	a.wait("one to give up", func() bool {
		select {
		case err = <-a.ended:
			a.ended <- err
			return true
		case err = <-b.ended:
			b.ended <- err
			return true
		default:
			return false
		}
	})
	if !errors.Is(err, ErrTwins) || !strings.Contains(err.Error(), "4711") || !strings.Contains(err.Error(), "shop.mysql.server_id") {
		t.Errorf("got %v", err)
	}
	a.cancel()
	b.cancel()
	for _, f := range []*follower{a, b} { // the other one may give up too
		if err := <-f.ended; err != nil && !errors.Is(err, ErrTwins) {
			t.Error(err)
		} else {
			f.ended <- err
		}
	}
}

func TestUnixSocket(t *testing.T) {
	for _, flavor := range flavors {
		server := map[string]func(testing.TB) *shoptest.Server{shoptest.MariaDB: shoptesting.MariaDB, shoptest.MySQL: shoptesting.MySQL}[flavor](t)
		p := newPlace(t, server, markerTable)
		user := p.database
		p.sql("CREATE USER '" + user + "'@'localhost' IDENTIFIED BY '" + secret + "'; GRANT REPLICATION SLAVE ON *.* TO '" + user + "'@'localhost'")
		f := p.follow(p.here(), markers, func(c *Config, _ *recorder) {
			c.Address, c.User, c.Password = "unix:"+p.server.Socket(), user, secret
		})
		p.mark(1)
		f.until(Touch{"marker", 1})
		f.stop()
		p.sql("DROP USER '" + user + "'@'localhost'")
	}
}

// TestHandler: its error ends Run, as it is; Run called again goes on from where
// the caller says; and while it is at work nobody takes the silence for a loss.
func TestHandler(t *testing.T) {
	p := newPlace(t, shoptesting.MariaDB(t), markerTable)
	from := p.here()
	p.mark(1)
	full := errors.New("disk full")
	f := p.follow(from, markers, func(_ *Config, r *recorder) { r.refuse = func() error { return full } })
	if err := f.result(); err != full {
		t.Errorf("Run returned %v", err)
	}
	if at := f.canal.Status().Position; at != from {
		t.Errorf("moved on to %s", at)
	}

	t.Run("again", func(t *testing.T) {
		f.refuse = nil
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.canal.Run(ctx, from, f.recorder) }()
		for end := time.Now().Add(patience); tell(f.transactions()) != "marker/1"; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("got %q", tell(f.transactions()))
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})

	t.Run("cancelled while it blocks", func(t *testing.T) {
		p := p.on(t)
		at, release := make(chan struct{}, 100), make(chan struct{})
		f := p.follow(from, markers, func(_ *Config, r *recorder) {
			r.block = func() {
				at <- struct{}{}
				<-release
			}
		})
		<-at
		f.cancel()
		select {
		case err := <-f.ended:
			t.Fatalf("Run returned %v while its handler was at work", err)
		case <-time.After(300 * time.Millisecond): // longer than closing takes
		}
		close(release)
		if err := f.result(); err != nil {
			t.Error(err)
		}
		n := len(f.transactions())
		p.mark(2)
		if len(f.transactions()) != n {
			t.Error("the handler was called after Run had returned")
		}
	})

	t.Run("slow", func(t *testing.T) {
		p := p.on(t)
		x := newProxy(t, p.server.Addr())
		const silence = 100 * time.Millisecond
		slow := true
		f := p.follow(p.here(), markers, through(x), func(c *Config, r *recorder) {
			c.Silence = silence
			r.block = func() {
				if slow {
					slow = false
					time.Sleep(5 * silence)
				}
			}
		})
		p.mark(3)
		f.until(Touch{"marker", 3})
		f.stop()
		if n := x.connections(); n != 1 {
			t.Errorf("%d connections, want one", n)
		}
	})
}

// TestSilence: a server that says nothing any more, at whatever stage, is left for
// a new connection; and nothing holds up the end.
func TestSilence(t *testing.T) {
	p := newPlace(t, shoptesting.MariaDB(t), markerTable)
	brief := func(c *Config, _ *recorder) { c.Silence = 100 * time.Millisecond }

	t.Run("in the stream", func(t *testing.T) {
		p := p.on(t)
		x := newProxy(t, p.server.Addr())
		f := p.follow(p.here(), markers, through(x), brief)
		f.connected()
		x.freeze(true)
		p.mark(1)
		f.wait("the silence to be noticed", func() bool { return strings.Contains(f.canal.Status().LastError, "no sign of life") })
		x.freeze(false)
		f.until(Touch{"marker", 1})
		f.stop()
	})

	t.Run("in the handshake", func(t *testing.T) {
		p := p.on(t)
		x := newProxy(t, "")
		f := p.follow(p.here(), markers, through(x), brief)
		f.wait("the silence to be noticed", func() bool { return strings.Contains(f.canal.Status().LastError, "no sign of life") })
		x.lead(p.server.Addr())
		p.mark(2)
		f.until(Touch{"marker", 2})
		f.stop()
	})

	t.Run("the end comes at once", func(t *testing.T) {
		x := newProxy(t, "")
		f := p.on(t).follow(p.here(), markers, through(x)) // 30 s of silence
		f.wait("a connection to be tried", func() bool { return x.connections() > 0 })
		f.cancel()
		select {
		case err := <-f.ended:
			f.ended <- err
		case <-time.After(5 * time.Second):
			t.Error("Run waits for a server that does not answer")
		}
	})
}

// TestMetadataSwitched: names appear in the log, and vanish, while we read.
func TestMetadataSwitched(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			p := private(t, flavor)
			p.sql(caseTables)
			without := map[string]string{shoptest.MariaDB: "NO_LOG", shoptest.MySQL: "MINIMAL"}[flavor]
			f := p.follow(p.here(), caseRules())
			f.connected()
			want := []string{}
			for i, mode := range []string{"FULL", without, "FULL", without, "MINIMAL", "FULL"} {
				p.sql(fmt.Sprintf("SET GLOBAL binlog_row_metadata = %s; INSERT INTO line VALUES (%d, %d, '')", mode, i, 100+i))
				want = append(want, fmt.Sprintf("order/%d", 100+i))
				f.until(Touch{"order", int64(100 + i)})
			}
			if got := tell(f.transactions()); got != strings.Join(want, ", ") {
				t.Errorf("got %q, want %q", got, want)
			}
			f.stop()
		})
	}
}

// TestBehindAlter: rows are older than the table's columns are now. Where the log
// has no names, whatever was or could have been read wrong is compared.
func TestBehindAlter(t *testing.T) {
	for _, flavor := range flavors {
		p := private(t, flavor, "--binlog-row-metadata="+map[string]string{shoptest.MariaDB: "NO_LOG", shoptest.MySQL: "MINIMAL"}[flavor])
		rules := []Table{{Name: "pair", Rules: []Rule{{Target: "left", Key: "l"}, {Target: "right", Key: "r"}}}, markers[0]}
		for i, c := range []struct {
			name  string
			alter string
			want  string // of the two rows in front of it, itself, and the one behind it
		}{
			{"columns of one type trade places", "ALTER TABLE pair MODIFY r INT AFTER id", "left/20 right/10, left/21 right/11, !left:ddl !right:ddl, left/12 right/22"},
			{"columns trade names", "ALTER TABLE pair RENAME COLUMN l TO r, RENAME COLUMN r TO l", "left/20 right/10, left/21 right/11, !left:ddl !right:ddl, left/12 right/22"},
			{"a new table takes the name", "CREATE TABLE new (id INT PRIMARY KEY, r INT, l INT); RENAME TABLE pair TO old, new TO pair; DROP TABLE old", "left/20 right/10, left/21 right/11, !left:ddl !right:ddl, left/12 right/22"},
			{"a column more", "ALTER TABLE pair ADD x INT DEFAULT 0", "!left:layout !right:layout, !left:layout !right:layout, left/12 right/22"},
			{"a column longer", "ALTER TABLE pair ADD x VARCHAR(10); ALTER TABLE pair MODIFY x VARCHAR(20)", "!left:layout !right:layout, !left:layout !right:layout, !left:ddl !right:ddl, left/12 right/22"},
			{"dropped", "DROP TABLE pair; CREATE TABLE pair (id INT PRIMARY KEY, l INT, r INT)", "left/10 right/20, left/11 right/21, !left:ddl !right:ddl, !left:ddl !right:ddl, left/12 right/22"},
			{"emptied", "TRUNCATE pair", "left/10 right/20, left/11 right/21, !left:truncate !right:truncate, left/12 right/22"},
		} {
			t.Run(flavor+"/"+c.name, func(t *testing.T) {
				p := p.on(t)
				p.sql("DROP TABLE IF EXISTS pair; CREATE TABLE pair (id INT PRIMARY KEY, l INT, r INT)")
				from := p.here()
				p.sql("INSERT INTO pair (id, l, r) VALUES (1, 10, 20); INSERT INTO pair (id, l, r) VALUES (2, 11, 21); " + c.alter + "; INSERT INTO pair (id, l, r) VALUES (3, 12, 22)")
				p.mark(100 + i)
				f := p.follow(from, rules)
				if got := tell(f.until(Touch{"marker", int64(100 + i)})); got != c.want {
					t.Errorf("got  %q\nwant %q", got, c.want)
				}
				f.stop()
				// Killed between the rows and the statement, the next run knows nothing
				// of what this one has read, and compares all the same.
				f = p.follow(f.transactions()[1].Position, rules)
				_, rest, _ := strings.Cut(c.want, ", ")
				_, rest, _ = strings.Cut(rest, ", ")
				if got := tell(f.until(Touch{"marker", int64(100 + i)})); got != rest {
					t.Errorf("from the middle: got %q\nwant %q", got, rest)
				}
				f.stop()
			})
		}
	}
}

// TestCompressedColumn: a type that nobody outside MariaDB can read.
func TestCompressedColumn(t *testing.T) {
	p := newPlace(t, shoptesting.MariaDB(t), markerTable+"CREATE TABLE packed (id INT PRIMARY KEY, v VARCHAR(100) COMPRESSED, w INT)")
	f := p.follow(p.here(), append(slices.Clone(markers), Table{Name: "packed", Rules: []Rule{{Target: "packed", Key: "id"}}}))
	p.sql("INSERT INTO packed VALUES (1, 'x', 1)")
	p.mark(1)
	if got := tell(f.until(Touch{"marker", 1})); got != "!packed:layout" {
		t.Errorf("got %q", got)
	}
	f.stop()
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

// TestFoldedNames: a server that stores names in lower case, and a configuration
// that does not.
func TestFoldedNames(t *testing.T) {
	p := private(t, shoptest.MariaDB, "--lower-case-table-names=1")
	f := p.follow(p.here(), []Table{{Name: "Marker", Rules: []Rule{{Target: "marker", Key: "ID"}}}}, func(c *Config, _ *recorder) {
		c.Database = strings.ToUpper(c.Database)
	})
	p.sql("INSERT INTO MARKER VALUES (1, ''); TRUNCATE MarKer")
	p.mark(2)
	if got := tell(f.until(Touch{"marker", 2})); got != "marker/1, !marker:truncate" {
		t.Errorf("got %q", got)
	}
	f.stop()
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
