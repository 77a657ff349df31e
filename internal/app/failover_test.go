package app_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// address is where the agent finds the database: it leads to one server or another.
type address struct {
	listener net.Listener

	mu   sync.Mutex
	to   *shoptest.Server
	open map[net.Conn]bool
}

func newAddress(t *testing.T, to *shoptest.Server) *address {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &address{listener: l, to: to, open: map[net.Conn]bool{}}
	go a.serve()
	t.Cleanup(func() {
		l.Close()
		a.lead(nil)
	})
	return a
}

// lead makes the address another server's, nil: nobody's. Connections are cut.
func (a *address) lead(to *shoptest.Server) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.to = to
	for c := range a.open {
		c.Close()
	}
}

func (a *address) serve() {
	for {
		client, err := a.listener.Accept()
		if err != nil {
			return
		}
		a.mu.Lock()
		to := a.to
		a.open[client] = true
		a.mu.Unlock()
		go func() {
			defer func() {
				client.Close()
				a.mu.Lock()
				delete(a.open, client)
				a.mu.Unlock()
			}()
			if to == nil {
				return
			}
			server, err := net.Dial("tcp", to.Addr())
			if err != nil {
				return
			}
			defer server.Close()
			go func() {
				_, _ = io.Copy(server, client)
				server.Close()
			}()
			_, _ = io.Copy(client, server)
		}()
	}
}

// replicate makes b follow a from a's first transaction on.
func replicate(t *testing.T, a, b *shoptest.Server, gtid bool) {
	t.Helper()
	switch {
	case b.Flavor() == shoptest.MariaDB:
		must(t, b.DB(), "STOP SLAVE", fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%d, MASTER_USER='root', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1", a.Port()), "START SLAVE")
	case gtid:
		must(t, b.DB(), fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=%d, SOURCE_USER='root', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1", a.Port()), "START REPLICA")
	default:
		must(t, b.DB(), fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=%d, SOURCE_USER='root', SOURCE_LOG_FILE='%s', SOURCE_LOG_POS=4, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1", a.Port(), binlogs(t, a)[0]), "START REPLICA")
	}
}

// caughtUp waits until b has all that a has.
func caughtUp(t *testing.T, a, b *shoptest.Server) {
	t.Helper()
	count := func(s *shoptest.Server) string { // what the shops hold
		var text strings.Builder
		for _, table := range []string{"order", "order_product", "order_history", "customer", "product"} {
			rows, err := s.DB().QueryContext(t.Context(), "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_NAME = 'oc_"+table+"' ORDER BY 1")
			if err != nil {
				t.Fatal(err)
			}
			var shops []string
			for rows.Next() {
				var name string
				if err := rows.Scan(&name); err != nil {
					t.Fatal(err)
				}
				shops = append(shops, name)
			}
			rows.Close()
			for _, shop := range shops {
				var name, sum string
				if err := s.DB().QueryRowContext(t.Context(), "CHECKSUM TABLE `"+shop+"`.oc_"+table).Scan(&name, &sum); err != nil {
					return err.Error() + fmt.Sprint(s.Port())
				}
				text.WriteString(name + sum + " ")
			}
		}
		return text.String()
	}
	waitFor(t, "the replica to catch up", func() bool { return count(a) == count(b) })
}

// promote makes a replica a server of its own.
func promote(t *testing.T, b *shoptest.Server) {
	t.Helper()
	if b.Flavor() == shoptest.MariaDB {
		must(t, b.DB(), "STOP SLAVE", "RESET SLAVE ALL")
		return
	}
	must(t, b.DB(), "STOP REPLICA", "RESET REPLICA ALL", "SET GLOBAL read_only = OFF")
}

// pair is a shop with a replica, and an agent that finds it under an address.
func pair(t *testing.T, id, flavor string, gtid bool, args ...string) (f *fault, replica *shoptest.Server, at *address) {
	t.Helper()
	first := shoptesting.Server(t, shoptest.Options{Flavor: flavor, Args: args})
	more := []string{"--server-id=2", "--log-slave-updates=ON"}
	if first.Flavor() == shoptest.MySQL {
		more = []string{"--server-id=2", "--log-replica-updates=ON"}
	}
	replica = shoptesting.Server(t, shoptest.Options{Flavor: flavor, Args: append(more, args...)})
	replicate(t, first, replica, gtid)
	at = newAddress(t, first)
	f = begin(t, id, shoptest.V4, first, settings{address: at.listener.Addr().String()})
	caughtUp(t, first, replica)
	f.mark()
	return f, replica, at
}

// goOver makes the replica the shop's server.
func (f *fault) goOver(replica *shoptest.Server, at *address) {
	f.Helper()
	at.lead(replica)
	db, err := replica.Open(f.database, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	f.server, f.db, f.shop = replica, db, shoptest.NewShop(db, f.gen, "oc_", 99)
	f.a.server = replica
	f.began = time.Now()
}

// TestFailOver: with GTIDs the agent goes on on the replica as if nothing had been, running
// and stopped; without, it does not believe the other server's file and offset, and
// compares. A replica that lacks what was read, or has what was never read, is found out.
func TestFailOver(t *testing.T) {
	t.Parallel()
	another := "another database server"
	noHole := func(f *fault) {
		waitFor(f.T, "the agent to see the other server", func() bool { return len(f.said(another)) > 0 })
		f.closed()
		f.wantNoHole()
		f.wantSaid(1, another)
	}
	hole := func(f *fault) {
		f.waitForHole()
		r := f.closed()
		f.wantSaid(1, "hole in the binlog", "intermediate steps between 2", "are compared")
		f.wantMetric("octail_source_gaps_total", "octail_source_gaps_total 1")
		f.wantSaid(1, "compared with the shop", "reason=gap", fmt.Sprintf("deleted=%d", r.byType["deleted"]))
	}
	for _, c := range []struct {
		id, name string
		quick    bool
		do       func(f *fault, replica *shoptest.Server, at *address)
		check    func(f *fault)
	}{
		{"F24", "while it runs", true, func(f *fault, replica *shoptest.Server, at *address) {
			place(f.T, f.shop, 2)
			at.lead(nil)
			place(f.T, f.shop, 2)
			caughtUp(f.T, f.server, replica)
			promote(f.T, replica)
			f.goOver(replica, at)
			place(f.T, f.shop, 2)
			f.a.quiet()
			place(f.T, f.shop, 1)
			f.many = true
		}, noHole},
		{"F24", "while it is stopped", false, func(f *fault, replica *shoptest.Server, at *address) {
			f.a.stop()
			place(f.T, f.shop, 3)
			caughtUp(f.T, f.server, replica)
			promote(f.T, replica)
			f.goOver(replica, at)
			place(f.T, f.shop, 2)
			f.restart()
		}, noHole},
		{"F24", "and back again", false, func(f *fault, replica *shoptest.Server, at *address) {
			first := f.server
			place(f.T, f.shop, 2)
			caughtUp(f.T, first, replica)
			promote(f.T, replica)
			f.goOver(replica, at)
			place(f.T, f.shop, 2)
			f.a.quiet()
			if f.server.Flavor() == shoptest.MariaDB {
				must(f.T, first.DB(), "SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos")
			}
			replicate(f.T, replica, first, true)
			caughtUp(f.T, replica, first)
			promote(f.T, first)
			f.a.stop()
			f.goOver(first, at)
			place(f.T, f.shop, 2)
			f.restart()
			f.many = true
		}, noHole},
		{"F24", "to a replica that lags", false, func(f *fault, replica *shoptest.Server, at *address) {
			promote(f.T, replica)
			place(f.T, f.shop, 2) // read by the agent, and lost with the first server
			f.a.quiet()
			f.mark()
			f.goOver(replica, at)
			place(f.T, f.shop, 3) // under the numbers of those that were lost
		}, hole},
		{"F25", "errant transaction on the replica, read", false, func(f *fault, replica *shoptest.Server, at *address) {
			place(f.T, f.shop, 1)
			caughtUp(f.T, f.server, replica)
			promote(f.T, replica)
			must(f.T, replica.DB(), "UPDATE `"+f.database+"`.oc_product SET price = price + 1 WHERE product_id = 2")
			f.goOver(replica, at)
			place(f.T, f.shop, 1)
		}, noHole},
		{"F25", "errant transaction in the place of one that was read", false, func(f *fault, replica *shoptest.Server, at *address) {
			promote(f.T, replica)
			must(f.T, f.db, "UPDATE oc_product SET price = price + 1 WHERE product_id = 2")
			f.a.quiet()
			f.mark()
			must(f.T, replica.DB(), "UPDATE `"+f.database+"`.oc_product SET price = price + 2 WHERE product_id = 3")
			f.goOver(replica, at)
			place(f.T, f.shop, 1)
		}, hole},
	} {
		if !c.quick && !*everyFault {
			continue
		}
		t.Run(c.id+" "+c.name, func(t *testing.T) {
			f, replica, at := pair(t, c.id, "", true)
			c.do(f, replica, at)
			c.check(f)
		})
	}
	if !*everyFault || !shoptesting.Wanted(shoptest.MySQL) {
		return
	}
	// MariaDB always has GTIDs.
	for _, running := range []bool{true, false} {
		t.Run(fmt.Sprintf("F24 without GTIDs, running %v", running), func(t *testing.T) {
			f, replica, at := pair(t, "F24", shoptest.MySQL, false, "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF")
			if !running {
				f.a.stop()
			}
			place(t, f.shop, 2)
			caughtUp(t, f.server, replica)
			promote(t, replica)
			f.goOver(replica, at)
			place(t, f.shop, 2)
			if !running {
				f.restart()
			}
			hole(f)
			if strings.Contains(f.said("hole in the binlog")[0], "(GTID ") {
				t.Errorf("%q", f.said("hole in the binlog"))
			}
		})
	}
}
