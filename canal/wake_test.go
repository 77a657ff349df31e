package canal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// away is a database that refuses every connection, and counts them.
type away struct{ asked atomic.Int64 }

func (a *away) Connect(context.Context) (driver.Conn, error) {
	a.asked.Add(1)
	return nil, errors.New("connection refused")
}

func (a *away) Driver() driver.Driver { return nil }

// TestWake: a wait for the next try ends when somebody else has reached the database, and
// one word of that is one try.
func TestWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &away{}
		db := sql.OpenDB(a)
		defer db.Close()
		c, err := New(Config{DB: db, Server: Server{Flavor: MariaDB}, Address: "127.0.0.1:1", ServerID: 4711, Database: "shop", Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
			Tables: []Table{{Name: "marker", Rules: []Rule{{Target: "marker", Key: "id"}}}}, FirstRetry: time.Hour, LastRetry: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx, Position{File: "binlog.000001", Offset: 4}, &recorder{}) }()
		tries := func(want int64, when string) {
			t.Helper()
			synctest.Wait()
			if n := a.asked.Load(); n != want {
				t.Errorf("%s: asked %d times, want %d", when, n, want)
			}
		}
		tries(1, "at the start")
		time.Sleep(20 * time.Minute)
		tries(1, "while it waits")
		c.Wake()
		tries(2, "when it was woken")
		time.Sleep(20 * time.Minute)
		tries(2, "after that")
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
