package main

import (
	"strings"
	"syscall"
	"time"

	"octail/internal/shoptest"
)

// clocks are the cases about time and signals.
var clocks = []fault{
	{"F56", "clock jumps +1 y, -1 h; the host is suspended", jumps, false},
	{"F57", "SIGTERM under load and during a backfill; a second SIGTERM", terminated, false},
	{"F58", "SIGSTOP, later SIGCONT", suspended, false},
}

// jumps has the shop's clock jump (SET timestamp dates the events of the binlog, too), and
// the agent's host be suspended. The agent's own clock cannot be moved from outside; what
// it does with one that jumps is tried with virtual time in its packages' tests.
func jumps(s *scene) {
	s.openDefault()
	s.ready()
	s.place(3)
	s.settle()
	before, err := s.agent.status()
	s.must(err)
	for _, c := range []struct{ name, set string }{{"year", "UNIX_TIMESTAMP() + 31536000"}, {"hour_back", "UNIX_TIMESTAMP() - 3600"}} {
		s.sql(s.db, "SET timestamp = "+c.set, "UPDATE oc_order SET comment = 'at another time', date_modified = NOW() WHERE order_id = 1",
			"UPDATE oc_product SET quantity = quantity - 1 WHERE product_id < 4")
		s.figure(c.name, s.settle())
		s.lagNotNegative()
		s.sql(s.db, "UPDATE oc_order SET comment = 'now again', date_modified = NOW() WHERE order_id = 1")
		s.place(1)
		s.settle()
	}
	s.agent.signal(syscall.SIGSTOP)
	ids := len(s.place(3))
	time.Sleep(pick(s, 20*time.Second, 5*time.Second))
	s.agent.signal(syscall.SIGCONT)
	s.started = time.Now()
	s.recover()
	s.lagNotNegative()
	after, err := s.agent.status()
	s.must(err)
	s.want(after.Journal.Sequence >= before.Journal.Sequence+int64(ids), "sequences went back")
	s.want(len(s.agent.said("old events left the journal")) == 0, "events have expired")
	s.quietly()
}

func (s *scene) lagNotNegative() {
	for _, series := range []string{"octail_source_lag_seconds", "octail_source_behind_bytes"} {
		s.want(!strings.HasPrefix(s.agent.metric(series), "-"), "%s is %s", series, s.agent.metric(series))
	}
	st, err := s.agent.status()
	s.must(err)
	s.want(st.Source.Lag == nil || st.Source.Lag.Seconds >= 0, "the lag is negative")
}

func terminated(s *scene) {
	var slowest time.Duration
	end := func(s *scene) {
		slowest = max(slowest, s.stop())
	}
	s.part("load", func(s *scene) {
		s.openDefault()
		s.hook.does(func(q *request) { time.Sleep(20 * time.Millisecond) })
		stop := s.use(25)
		for range pick(s, 8, 3) {
			s.ready()
			time.Sleep(700 * time.Millisecond)
			end(s)
		}
		stop()
		s.ready()
		s.recover()
		s.figure("dup_sent", s.verdict.DupSent)
	})
	s.part("hanging", func(s *scene) { // the receiver does not answer
		s.openDefault()
		s.ready()
		s.settle()
		release := make(chan struct{})
		s.hook.does(func(q *request) {
			select {
			case <-release:
			case <-q.r.Context().Done():
			}
			q.refused = true
		})
		s.place(2)
		s.until("a request to hang", func() bool { return s.hook.inside() > 0 })
		end(s)
		close(release)
		s.hook.does(nil)
		s.ready()
		s.recover()
	})
	s.part("backfill", func(s *scene) {
		s.openDefault()
		_, err := shoptest.FillOrders(s.ctx, s.server, s.database, s.gen, "oc_", shoptest.FillOptions{Orders: 1500, Transactions: true})
		s.must(err)
		s.conf.snapshot = "[order, customer, product, stock, category]"
		for range 3 {
			s.start()
			s.until("the agent to read the shop", func() bool {
				st, err := s.agent.status()
				return err == nil && st.Journal.Sequence > 0
			})
			end(s)
		}
		s.ready()
		s.recover()
	})
	s.part("twice", func(s *scene) {
		s.openDefault()
		s.ready()
		s.settle()
		s.place(1)
		s.agent.signal(syscall.SIGTERM)
		s.agent.signal(syscall.SIGTERM)
		s.want(s.agent.dies(25*time.Second), "the agent does not end")
		s.want(s.agent.code() <= 0, "the agent ends with code %d: %s", s.agent.code(), s.agent.tail())
		s.figure("exit", s.agent.code())
		s.ready()
		s.recover()
	})
	s.figure("slowest_end", slowest)
}

// suspended stops the agent for so long that the server gives its connections up.
func suspended(s *scene) {
	s.open(shoptest.V4, "--net-write-timeout=2", "--wait-timeout=4", "--slave-net-timeout=4")
	s.ready()
	s.settle()
	s.agent.signal(syscall.SIGSTOP)
	length := pick(s, 60*time.Second, 8*time.Second)
	stop := s.use(20)
	time.Sleep(length)
	stop()
	s.throwOut("root") // what a firewall forgets meanwhile
	s.agent.signal(syscall.SIGCONT)
	s.started = time.Now()
	s.recover()
	s.figure("stopped", length)
	s.figure("dup_sent", s.verdict.DupSent)
	s.quietly()
}
