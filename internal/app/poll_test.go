package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

// reader is an account that may read the shop and nothing else.
const reader = "octail_reader"

func grantReader(t testing.TB, server *shoptest.Server, database string) {
	t.Helper()
	for _, s := range []string{"CREATE USER IF NOT EXISTS " + reader + "@'127.0.0.1'", "GRANT SELECT ON `" + database + "`.* TO " + reader + "@'127.0.0.1'"} {
		if _, err := server.DB().Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

// swept waits until all that the shop has committed so far was found by a sweep,
// journaled and delivered.
func (a *agent) swept() console.Status {
	a.t.Helper()
	now := time.Now()
	var st console.Status
	var err error
	for deadline := now.Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-a.done:
			a.done <- err
			a.t.Fatalf("the agent ended: %v", err)
		default:
		}
		if err = a.get("/api/v1/status", &st); err != nil {
			continue
		}
		p := st.Source.Poll
		if st.Source.State == "polling" && p != nil && p.Begun && p.Last.After(now) && len(p.Failing) == 0 && st.Documents.Pending == 0 && st.Journal.Dirty == 0 && len(st.Sinks) > 0 && st.Sinks[0].Pending == 0 {
			return st
		}
	}
	a.t.Fatalf("not quiet after two minutes: %v\n%+v %+v", err, st, st.Source.Poll)
	return st
}

// TestPolledShopInUse is TestShopInUse without the binlog, by an account that may only
// read: at the end every newest document equals the shop.
func TestPolledShopInUse(t *testing.T) {
	for _, s := range []int{0, 1, 3} {
		s := shops[s]
		t.Run(s.name, func(t *testing.T) {
			args := []string{"--skip-log-bin"}
			server := shoptesting.Server(t, shoptest.Options{Flavor: s.flavor, Args: args})
			database := shoptesting.Database(t, server)
			grantReader(t, server, database)
			db, err := server.Open(database, true)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := shoptest.Load(t.Context(), db, s.gen, s.prefix); err != nil {
				t.Fatal(err)
			}
			a := start(t, server, configure(t, server, database, settings{prefix: s.prefix, poll: "200ms"}))
			shop := use(t, server, database, s.gen, s.prefix, 6*time.Second)
			st := a.swept()
			compareAll(t, a.look(), server, database, s.prefix)
			checkJournal(t, a.look(), a.file)
			deleted := 0
			for _, o := range shop.Truth().Orders {
				if known := newest(t, a.look(), document.OrderEntity, o.ID); o.Deleted && known.Revision > 0 {
					deleted++
				}
			}
			t.Logf("%d sweeps; the last took %.3f s, %.3f s at work, %d rows; %d events, %d orders deleted that were delivered",
				st.Source.Poll.Sweeps, st.Source.Poll.Took, st.Source.Poll.Busy, st.Source.Poll.Rows, a.look().Last(), deleted)
			for _, m := range []string{"octail_source_connected 1", "octail_source_binlog_headroom_seconds +Inf"} {
				if a.metric(m) != m {
					t.Errorf("%s: %s", m, a.metric("octail_source_"))
				}
			}
		})
	}
}

// TestPolledKill kills the polling agent again and again while the shop is in use: at
// random moments, and at each stop point. Nothing may be lost or come twice.
func TestPolledKill(t *testing.T) {
	for _, s := range shops[:2] {
		t.Run(s.name, func(t *testing.T) {
			server := shoptesting.Server(t, shoptest.Options{Flavor: s.flavor, Args: []string{"--skip-log-bin"}})
			database := shoptesting.Database(t, server)
			grantReader(t, server, database)
			db, err := server.Open(database, true)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := shoptest.Load(t.Context(), db, s.gen, s.prefix); err != nil {
				t.Fatal(err)
			}
			how := settings{dir: t.TempDir(), prefix: s.prefix, settle: "50ms", poll: "100ms"}
			cfg, file := configure(t, server, database, how), writeConfig(t, server, database, how)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			shop := shoptest.NewShop(db, s.gen, s.prefix, 11)
			used := make(chan error, 1)
			go func() { used <- shoptest.Run(ctx, shop, 40, func(shoptest.Step) {}) }()

			points := []string{"after-read", "before-commit", "after-commit", "after-deliver"}
			random := rand.New(rand.NewPCG(3, 4))
			for i := range *kills { // from the very first start on
				var env []string
				wait := time.Duration(20+random.IntN(1200)) * time.Millisecond
				if i%4 == 3 {
					env = append(env, fmt.Sprintf("OCTAIL_FAILPOINT=%s:%d", points[i/4%len(points)], 1+random.IntN(4)))
					wait = 1500 * time.Millisecond
				}
				p := launch(t, file, env...)
				ended := make(chan struct{})
				go func() {
					_ = p.cmd.Wait()
					close(ended)
				}()
				select {
				case <-ended:
				case <-time.After(wait):
					_ = p.cmd.Process.Kill()
					<-ended
				}
				if code := p.cmd.ProcessState.ExitCode(); code != -1 {
					t.Fatalf("start %d ended by itself with code %d:\n%s", i, code, p.log.String())
				}
			}
			before := shop.Truth().Orders
			a := start(t, server, cfg)
			a.swept()
			stop()
			if err := <-used; err != nil {
				t.Fatal(err)
			}
			a.swept()
			compareAll(t, a.look(), server, database, s.prefix)
			checkJournal(t, a.look(), a.file)
			t.Logf("%s: %d kills, %d orders before the last start, %d events", s.name, *kills, len(before), a.look().Last())
		})
	}
}
