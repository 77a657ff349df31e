package canal

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

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
