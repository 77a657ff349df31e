package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"octail/internal/shoptest"
)

// databases are the cases in which the database goes away, or shuts the agent out.
var databases = []fault{
	{"F19", "the database restarts in mid transaction", databaseRestarts, false},
	{"F20", "the database is down at start-up", databaseDown, false},
	{"F21", "the binlog rotates under load and idle", rotation, false},
	{"F30", "grants removed and password changed while running", shutOut, false},
}

func databaseRestarts(s *scene) {
	s.openDefault()
	s.ready()
	s.settle()
	for _, how := range []string{"clean", "killed"} {
		tx, err := s.db.BeginTx(s.ctx, nil)
		s.must(err)
		_, err = tx.ExecContext(s.ctx, "INSERT INTO oc_order (firstname, total, order_status_id, date_added, date_modified) VALUES ('half', 1, 1, NOW(), NOW())")
		s.must(err)
		_, err = tx.ExecContext(s.ctx, "UPDATE oc_product SET quantity = quantity - 1 WHERE product_id = 1")
		s.must(err)
		s.place(2) // beside it; they are whole
		if how == "killed" {
			s.must(s.server.Kill())
		}
		s.must(s.server.Restart(s.ctx))
		_ = tx.Rollback()
		s.place(2)
		s.figure(how, s.settle())
	}
	s.want(len(s.agent.said("hole in the binlog")) == 0, "a restart was taken for a hole")
}

// databaseDown starts the agent, as a service, before its database.
func databaseDown(s *scene) {
	s.openDefault()
	s.place(2) // before octail knew the shop: read by the snapshot
	s.conf.snapshot = "[order, customer, product, stock, category]"
	s.must(s.server.Kill())
	manager := s.newManager()
	a := s.start("NOTIFY_SOCKET=" + manager.path)
	s.until("READY=1", func() bool { return manager.said("READY=1") })
	s.until("status to say that it waits", func() bool {
		st, err := a.status()
		return err == nil && st.Source.State == "waiting" && st.Source.Error != ""
	})
	time.Sleep(pick(s, 20*time.Second, 5*time.Second))
	s.want(!a.over(), "the agent has ended: %s", a.tail())
	s.want(manager.said("not connected"), "STATUS does not say that the database is away: %q", manager.last())
	s.must(s.server.Restart(s.ctx))
	s.started = time.Now()
	s.place(2)
	s.recover()
}

// manager is a service manager that keeps what it is told.
type manager struct {
	path string
	mu   sync.Mutex
	told []string
}

func (s *scene) newManager() *manager {
	m := &manager{path: filepath.Join(s.dir, "notify")}
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"})
	s.must(err)
	s.after = append(s.after, func() { _ = c.Close() })
	go func() {
		b := make([]byte, 64<<10)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.told = append(m.told, string(b[:n]))
			m.mu.Unlock()
		}
	}()
	return m
}

func (m *manager) said(text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Contains(strings.Join(m.told, "\n"), text)
}

func (m *manager) last() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.told[max(0, len(m.told)-3):], " ")
}

func rotation(s *scene) {
	s.openDefault()
	s.ready()
	s.settle()
	stop := s.use(20)
	rotations := 0
	for began := time.Now(); time.Since(began) < pick(s, 8*time.Second, 4*time.Second); rotations++ {
		s.sql(s.server.DB(), "FLUSH BINARY LOGS")
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	s.settle()
	for range 3 { // with nothing in them
		s.sql(s.server.DB(), "FLUSH BINARY LOGS")
	}
	var file string
	var rest [3]any
	row := s.server.DB().QueryRowContext(s.ctx, "SHOW MASTER STATUS")
	s.must(row.Scan(&file, &rest[0], &rest[1], &rest[2]))
	s.until("the position to name "+file, func() bool {
		st, err := s.agent.status()
		return err == nil && strings.HasPrefix(st.Source.Position, file+":")
	})
	s.place(1)
	s.recover()
	s.figure("rotations", rotations+3)
	s.want(len(s.agent.said("hole in the binlog")) == 0, "a rotation was taken for a hole")
}

// shutOut takes octail's rights away, and gives it another password, while it runs.
func shutOut(s *scene) {
	s.openDefault()
	grants := []string{"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO octail@'127.0.0.1'", "GRANT SELECT ON shop.* TO octail@'127.0.0.1'"}
	s.sql(s.server.DB(), append([]string{"CREATE USER octail@'127.0.0.1' IDENTIFIED BY 'first'"}, grants...)...)
	s.conf.user, s.conf.password = "octail", "first"
	s.ready()
	s.settle()
	for _, how := range []struct {
		name       string
		shut, open []string
	}{
		{"revoked", []string{"REVOKE ALL PRIVILEGES, GRANT OPTION FROM octail@'127.0.0.1'"}, grants},
		{"password", []string{"ALTER USER octail@'127.0.0.1' IDENTIFIED BY 'second'"}, []string{"ALTER USER octail@'127.0.0.1' IDENTIFIED BY 'first'"}},
	} {
		s.hook.does(func(q *request) { q.refuse(503, "") })
		before := s.place(2)
		s.until("the events to wait for the receiver", func() bool {
			st, err := s.agent.status()
			return err == nil && st.sink("hook").Pending+st.sink("hook").Parked > 0 && st.Documents.Pending == 0
		})
		s.sql(s.server.DB(), how.shut...)
		s.throwOut("octail")
		lost := time.Now()
		s.place(2) // not to be seen now
		s.until("the source to be lost", func() bool {
			st, err := s.agent.status()
			return err == nil && st.Source.State != "connected" && st.Level != "green" && st.Source.Error != ""
		})
		s.hook.does(nil) // what is journaled goes on being delivered
		s.within(2*time.Minute, "what was journaled to be delivered", func() bool {
			for _, id := range before {
				if !s.hook.has(fmt.Sprintf("order/%d@1", id)) {
					return false
				}
			}
			return true
		})
		if !s.short {
			s.within(90*time.Second, "the source to be red", func() bool {
				st, err := s.agent.status()
				return err == nil && st.Level == "red"
			})
			s.figure(how.name+"_red", time.Since(lost))
		}
		s.sql(s.server.DB(), how.open...)
		s.figure(how.name, s.settle())
	}
}

// throwOut cuts all connections of a user.
func (s *scene) throwOut(user string) {
	rows, err := s.server.DB().QueryContext(s.ctx, "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ?", user)
	s.must(err)
	var ids []int64
	for rows.Next() {
		var id int64
		s.must(rows.Scan(&id))
		ids = append(ids, id)
	}
	s.must(rows.Close())
	for _, id := range ids {
		_, _ = s.server.DB().ExecContext(s.ctx, fmt.Sprintf("KILL %d", id)) // it may have gone by itself
	}
}

// openDefault opens a shop of the newest generation.
func (s *scene) openDefault() { s.open(shoptest.V4) }
