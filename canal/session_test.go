package canal

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

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
					// Of those that were here before some may not have noticed it yet.
					rows, err := p.server.DB().Query("SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'")
					if err != nil {
						t.Fatal(err)
					}
					defer rows.Close()
					for rows.Next() {
						var id int
						if err := rows.Scan(&id); err != nil {
							t.Fatal(err)
						}
						_, _ = p.server.DB().Exec(fmt.Sprintf("KILL %d", id)) // it may have gone meanwhile
					}
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
		// On a busy machine the server may really be silent for so long: then once more.
		for silence, id := 100*time.Millisecond, 3; ; silence, id = 4*silence, id+1 {
			x := newProxy(t, p.server.Addr())
			slow := true
			f := p.follow(p.here(), markers, through(x), func(c *Config, r *recorder) {
				c.Silence = silence
				r.block = func() {
					if slow {
						slow = false
						time.Sleep(2 * silence)
					}
				}
			})
			p.mark(id)
			f.until(Touch{"marker", int64(id)})
			f.stop()
			n := x.connections()
			if n == 1 {
				return
			}
			if silence > 30*time.Second {
				t.Fatalf("%d connections, want one", n)
			}
		}
	})
}

// TestSilence: a server that says nothing any more, at whatever stage, is left for
// a new connection; and nothing holds up the end.
func TestSilence(t *testing.T) {
	p := newPlace(t, shoptesting.MariaDB(t), markerTable)
	brief := func(c *Config, _ *recorder) { c.Silence = time.Second } // on a busy machine less may be no time to connect

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
		f := p.on(t).follow(p.here(), markers, through(x), func(c *Config, _ *recorder) { c.Silence = time.Hour })
		f.wait("a connection to be tried", func() bool { return x.connections() > 0 })
		f.cancel()
		select {
		case err := <-f.ended:
			f.ended <- err
		case <-time.After(patience):
			t.Error("Run waits for a server that does not answer")
		}
	})
}
