package check_test

import (
	"strings"
	"testing"
	"time"

	"octail/internal/check"
	"octail/internal/config"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestPoll: SELECT is all that polling needs, of the account and of the server. What it
// does not promise is said; where the log could be read, it is recommended.
func TestPoll(t *testing.T) {
	polls := func(i *installation) {
		i.config.Capture.Mode, i.config.Capture.Poll = config.CapturePoll, time.Minute
	}
	says := func(t *testing.T, r check.Report, want string) {
		t.Helper()
		for _, f := range r.Findings {
			if f.Check == "poll" && strings.Contains(f.Message, "every 1m0s") && strings.Contains(f.Message, "steps between two sweeps are not seen") && strings.Contains(f.Message, want) {
				return
			}
		}
		t.Errorf("nothing of %q:\n%s", want, textOf(r))
	}
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			i := install(t, sound(t, flavor), shoptest.V3)
			r := i.run()
			for _, f := range r.Findings {
				if f.Check == "poll" {
					t.Errorf("%+v, although the log is read", f)
				}
			}
			polls(i)
			r = i.run()
			wants(t, r, "warning poll")
			says(t, r, "may read the server's binary log")
			if f := found(t, r, "poll"); !strings.Contains(f.Remedy, "mode: binlog") {
				t.Error(f.Remedy)
			}
			i.sql("REVOKE REPLICATION SLAVE ON *.* FROM {account}")
			r = i.run()
			wants(t, r)
			says(t, r, "with REPLICATION SLAVE it could")
			i.sql("REVOKE REPLICATION CLIENT ON *.* FROM {account}")
			r = i.run()
			wants(t, r)
			says(t, r, "with REPLICATION SLAVE and REPLICATION CLIENT it could")
			wants(t, i.essential())
			i.openJournal(nil)
			i.store(i.position(), "another server")
			wants(t, i.run()) // its place in the log is of no interest

			i.sql("REVOKE SELECT ON {db}.* FROM {account}", "GRANT SELECT ON {db}.oc_session TO {account}")
			wants(t, i.essential(), "error grants")
			i.apply(found(t, i.run(), "grants"))
			wants(t, i.run())
			i.sql("DROP USER {account}")
			f := found(t, i.run(), "connection")
			if strings.Contains(f.Remedy, "REPLICATION") {
				t.Errorf("more is asked for than needed: %s", f.Remedy)
			}
			i.apply(f)
			wants(t, i.run())
		})
	}
	t.Run("no log", func(t *testing.T) {
		server, err := shoptest.Start(t.Context(), shoptest.Options{Args: []string{"--skip-log-bin", "--skip-ssl"}, Parent: shoptesting.Memory()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Stop() })
		i := install(t, server, shoptest.V3)
		polls(i)
		r := i.run()
		wants(t, r)
		says(t, r, "deletions too")
		if text := textOf(r); strings.Contains(text, "not tried: binlog") || strings.Contains(text, "replication") {
			t.Errorf("the log is spoken of:\n%s", text)
		}
	})
}
