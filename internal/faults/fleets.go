package main

import (
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"sync"

	"octail/internal/faults/ledger"
	"octail/internal/shoptest"
)

// fleets are the cases with a replica.
var fleets = []fault{
	{"F24", "fail-over to a replica, with GTIDs and without", failOver, false},
}

// address is where the agent finds the database: it leads to one server or another.
type address struct {
	listener net.Listener

	mu   sync.Mutex
	to   *shoptest.Server
	open map[net.Conn]bool
}

func (s *scene) newAddress(to *shoptest.Server) *address {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	a := &address{listener: l, to: to, open: map[net.Conn]bool{}}
	go a.serve()
	s.after = append(s.after, func() {
		_ = l.Close()
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
		_ = c.Close()
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
				_ = client.Close()
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
				_ = server.Close()
			}()
			_, _ = io.Copy(client, server)
		}()
	}
}

// pair is a shop with a replica, and an agent that finds it under an address.
func (s *scene) pair(o shoptest.Options, gtid bool) (replica *shoptest.Server, at *address) {
	first := s.newServer(o)
	updates := "--log-slave-updates=ON"
	if first.Flavor() == shoptest.MySQL {
		updates = "--log-replica-updates=ON"
	}
	o.Args = append([]string{"--server-id=2", updates}, o.Args...)
	replica = s.newServer(o)
	s.openOn(first, shoptest.V4)
	switch {
	case first.Flavor() == shoptest.MariaDB:
		s.sql(replica.DB(), fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%d, MASTER_USER='root', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1", first.Port()), "START SLAVE")
	case gtid:
		s.sql(replica.DB(), fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=%d, SOURCE_USER='root', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1", first.Port()), "START REPLICA")
	default:
		s.sql(replica.DB(), fmt.Sprintf("CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=%d, SOURCE_USER='root', SOURCE_LOG_FILE='%s', SOURCE_LOG_POS=4, GET_SOURCE_PUBLIC_KEY=1, SOURCE_CONNECT_RETRY=1", first.Port(), s.binlogs()[0]), "START REPLICA")
	}
	at = s.newAddress(first)
	s.conf.address = at.listener.Addr().String()
	s.conf.snapshot = "[customer, product, stock, category, order]"
	s.ready()
	s.place(3)
	s.settle()
	s.caughtUp(replica)
	return replica, at
}

// caughtUp waits until a replica has all that the shop has.
func (s *scene) caughtUp(replica *shoptest.Server) {
	ours, err := ledger.Read(s.ctx, s.server.DSN(s.database), s.conf.prefix)
	s.must(err)
	s.until("the replica to catch up", func() bool {
		theirs, err := ledger.Read(s.ctx, replica.DSN(s.database), s.conf.prefix)
		return err == nil && maps.Equal(ours, theirs)
	})
	if s.server.Flavor() == shoptest.MariaDB {
		s.until("the replica to have the last transaction", func() bool {
			return s.ask(replica.DB(), "SELECT @@gtid_slave_pos") == s.position()
		})
	}
}

// promote makes a replica a server of its own.
func promote(s *scene, replica *shoptest.Server) {
	if replica.Flavor() == shoptest.MariaDB {
		s.sql(replica.DB(), "STOP SLAVE", "RESET SLAVE ALL")
		return
	}
	s.sql(replica.DB(), "STOP REPLICA", "RESET REPLICA ALL", "SET GLOBAL read_only = OFF")
}

func failOver(s *scene) {
	over := func(s *scene, replica *shoptest.Server, at *address) {
		s.place(2)
		at.lead(nil)
		s.place(2)
		s.caughtUp(replica)
		promote(s, replica)
		at.lead(replica)
		s.goTo(replica)
		s.place(2)
	}
	s.part("gtid", func(s *scene) {
		replica, at := s.pair(shoptest.Options{}, true)
		over(s, replica, at)
		s.recover()
		s.quietly()
	})
	s.part("lagging", func(s *scene) {
		replica, at := s.pair(shoptest.Options{}, true)
		promote(s, replica)
		s.place(2) // read by the agent, and lost with the first server
		s.settle()
		at.lead(replica)
		s.goTo(replica)
		s.place(3) // under the numbers of those that were lost
		s.until("the hole to be found", func() bool { return len(s.agent.said("hole in the binlog")) > 0 })
		s.recover()
		s.closed()
	})
	// MariaDB always has GTIDs.
	s.part("without", func(s *scene) {
		replica, at := s.pair(shoptest.Options{Flavor: shoptest.MySQL, Version: os.Getenv("OCTAIL_TEST_MYSQL"), Args: []string{"--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"}}, false)
		over(s, replica, at)
		s.until("the hole to be found", func() bool { return len(s.agent.said("hole in the binlog")) > 0 })
		s.recover()
		s.closed()
	})
}
