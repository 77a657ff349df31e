package console_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"octail/canal"
	"octail/internal/console"
	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/internal/reconcile"
)

// running is a status of an agent where all is well.
func running() console.Status {
	return console.Status{Shop: "main-shop", Running: true, Started: began.Add(-time.Hour), At: began,
		Source: console.Source{State: "connected", Since: began.Add(-time.Hour), Server: "10.11.14-MariaDB", OpenCart: "4.1", Position: "mysql-bin.000004:4711", Lag: &canal.Lag{}},
		Sinks:  []dispatch.Status{{Name: "log", Type: "file"}}}
}

// polling makes it one of an agent that sweeps.
func polling(s *console.Status) {
	s.Source = console.Source{State: "polling", Since: began.Add(-time.Hour), Server: "10.11.14-MariaDB", OpenCart: "3.0",
		Poll: &console.Poll{Every: 60, Begun: true, Sweeps: 9, Last: began.Add(-20 * time.Second), Took: 12.345, Busy: 3.1, Rows: 4711, Statements: 120, Longest: 0.09, Next: began.Add(40 * time.Second)}}
}

// TestPollText: what sweeps cost, and what they do not see.
func TestPollText(t *testing.T) {
	s := running()
	polling(&s)
	s.Judge()
	var b strings.Builder
	s.Text(&b)
	has(t, b.String(), "shop      main-shop: polling 10.11.14-MariaDB, OpenCart 3.0\n",
		"sweeps    every 1m0s: the last began 20s ago and took 12.3 s, 3.1 s of them at work; 4711 rows, 120 statements of 0.09 s at most; next in 40s\n          steps between two sweeps are not seen (capture.mode: poll)\n")
	hasNot(t, b.String(), "position", "behind")
	text, err := json.Marshal(s)
	check(t, err)
	has(t, string(text), `"state":"polling"`, `"poll":{"every_seconds":60,"begun":true,"sweeps":9,"last":"2026-11-22T01:03:02Z","took_seconds":12.345,"busy_seconds":3.1,"longest_statement_seconds":0.09,"statements":120,"rows":4711,"next":"2026-11-22T01:04:02Z"}`)
	s.Source.Poll = &console.Poll{Every: 0.2}
	b.Reset()
	s.Text(&b)
	has(t, b.String(), "sweeps    every 200ms: none yet\n")
}

// TestJudge: one sentence for each situation, the worst reason first.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name     string
		with     func(*console.Status)
		level    string
		sentence string
		also     []string // the reasons behind the first
	}{
		{"all is well", func(s *console.Status) {}, console.Green, "Everything is delivered.", nil},
		{"one to deliver", func(s *console.Status) { s.Sinks[0].Pending = 1 }, console.Green, "Everything is on its way: 0 entities to read, 1 event to deliver.", nil},
		{"some to read", func(s *console.Status) { s.Documents.Pending, s.Journal.Dirty = 1, 2 }, console.Green, "Everything is on its way: 3 entities to read, 0 events to deliver.", nil},
		{"catching up", func(s *console.Status) { s.Source.Lag = &canal.Lag{Seconds: 90, Bytes: 5} }, console.Green, "Everything is on its way: 1m30s of the shop's binlog, 0 entities to read, 0 events to deliver.", nil},
		{"catching up, nothing read yet", func(s *console.Status) { s.Source.Lag = &canal.Lag{Bytes: 4711} }, console.Green, "Everything is on its way: 4711 bytes of the shop's binlog, 0 entities to read, 0 events to deliver.", nil},
		{"a moment behind", func(s *console.Status) { s.Source.Lag = &canal.Lag{Seconds: 1, Bytes: 100} }, console.Green, "Everything is delivered.", nil},
		{"just connected", func(s *console.Status) { s.Source.Lag = nil }, console.Green, "Everything that was read is delivered; how far the shop is ahead is not known yet.", nil},
		{"far behind", func(s *console.Status) { s.Source.Lag = &canal.Lag{Seconds: 301, Bytes: 5} }, console.Amber, "Reading the shop's binlog is 5m1s behind.", nil},
		{"polling", func(s *console.Status) { polling(s) }, console.Green, "Everything that the last sweep found, begun 2026-11-22 01:03:02Z (20s ago), is delivered.", nil},
		{"polling, some to read", func(s *console.Status) { polling(s); s.Journal.Dirty = 2 }, console.Green, "Everything is on its way: 2 entities to read, 0 events to deliver.", nil},
		{"the first sweep", func(s *console.Status) { polling(s); s.Source.Poll = &console.Poll{Every: 60} }, console.Green, "The shop is swept for the first time; what is to be read is read after that.", nil},
		{"the first sweep after a start", func(s *console.Status) { polling(s); s.Source.Poll = &console.Poll{Every: 60, Begun: true} }, console.Green, "Everything that was found is delivered; the first sweep since the start is under way.", nil},
		{"part is not swept", func(s *console.Status) { polling(s); s.Source.Poll.Failing = []string{"order: error 145"} }, console.Amber, "Changes cannot be seen in part of the shop: order: error 145.", nil},
		{"sweeps do not end", func(s *console.Status) { polling(s); s.Source.Poll.Last = began.Add(-6 * time.Minute) }, console.Amber, "No sweep of the shop has come to its end since the one begun 2026-11-22 00:57:22Z (6m0s ago).", nil},
		{"sweeps are rare", func(s *console.Status) {
			polling(s)
			s.Source.Poll.Every, s.Source.Poll.Last = 3600, began.Add(-50*time.Minute)
		}, console.Green, "Everything that the last sweep found, begun 2026-11-22 00:13:22Z (50m0s ago), is delivered.", nil},
		{"polling, just lost", func(s *console.Status) {
			polling(s)
			s.Source.State, s.Source.Since, s.Source.Error = "waiting", began.Add(-time.Minute), "connection refused"
		}, console.Amber, "The shop's database is not connected since 2026-11-22 01:02:22Z (1m0s ago): connection refused.", nil},
		{"not running", func(s *console.Status) { s.Running, s.Source.State = false, "stopped" }, console.Red, "The agent is not running: start it with `systemctl start octail` (or `octail run`).", nil},
		{"just lost", func(s *console.Status) {
			s.Source.State, s.Source.Since, s.Source.Error = "waiting", began.Add(-time.Minute), "connection refused"
		}, console.Amber, "The shop's database is not connected since 2026-11-22 01:02:22Z (1m0s ago): connection refused.", nil},
		{"lost", func(s *console.Status) {
			s.Source.State, s.Source.Since, s.Source.Error = "waiting", began.Add(-61*time.Second), "connection refused"
		}, console.Red, "The shop's database is not connected since 2026-11-22 01:02:21Z (1m1s ago): connection refused.", nil},
		{"never connected", func(s *console.Status) { s.Source.State, s.Source.Since = "starting", time.Time{} }, console.Red, "The shop's database is not connected since 2026-11-22 00:03:22Z (1h0m0s ago): no answer yet.", nil},
		{"no documents", func(s *console.Status) { s.Documents.Blocked = "no space left on device" }, console.Red, "Documents cannot be made: no space left on device.", nil},
		{"one fails", func(s *console.Status) { s.Journal.Failing = 1 }, console.Amber, "1 entity cannot be read from the shop (octail status shows why).", nil},
		{"two fail", func(s *console.Status) { s.Journal.Failing = 2 }, console.Amber, "2 entities cannot be read from the shop (octail status shows why).", nil},
		{"a whole kind fails", func(s *console.Status) {
			s.Journal.Failing = 1
			s.Documents.Failing = []console.Failing{{Subject: "every product", Whole: true, Error: "table oc_product is not there"}}
		}, console.Red, "Every product cannot be read: table oc_product is not there.", nil},
		{"a comparison found something", func(s *console.Status) {
			s.Compared = &reconcile.Report{Finished: began, Total: reconcile.Counts{InShop: 2, InJournal: 1, Missing: 1}}
		}, console.Red, "The comparison with the shop on 2026-11-22 01:03:22Z (0s ago) found: 2 in shop · 1 in journal · 1 missing · 0 different (octail reconcile --repair mends it).", nil},
		{"a comparison left something out", func(s *console.Status) {
			s.Compared = &reconcile.Report{Finished: began, Skipped: map[string]string{"stock": "its table is gone"}}
		}, console.Amber, "The last comparison with the shop, on 2026-11-22 01:03:22Z (0s ago), could not read all of it: 0 in shop · 0 in journal · 0 missing · 0 different; left out: stock.", nil},
		{"a target lacks something", func(s *console.Status) {
			s.Compared = &reconcile.Report{Finished: began, Sinks: map[string]*reconcile.SinkReport{"erp": {Entities: map[string]reconcile.SinkCounts{"order": {Compared: 9, Missing: 2}}},
				"crm": {Entities: map[string]reconcile.SinkCounts{"order": {Compared: 9, Missing: 2, Again: 2}}}, "wms": {Skipped: "it is paused"}}}
		}, console.Red, "The target of sink erp lacks what it has accepted: 9 compared · 2 missing · 0 different (octail reconcile --repair --sink erp delivers it once more).", nil},
		{"sink fails", func(s *console.Status) {
			s.Sinks[0].LastError, s.Sinks[0].FailingFrom = "disk full", began.Add(-time.Second)
		}, console.Red, "Sink log fails since 2026-11-22 01:03:21Z (1s ago): disk full.", nil},
		{"sink fails from its start", func(s *console.Status) { s.Sinks[0].LastError = "disk full" }, console.Red, "Sink log fails since its start: disk full.", nil},
		{"events wait", func(s *console.Status) { s.Sinks[0].Oldest, s.Sinks[0].Pending = began.Add(-15*time.Minute), 1 }, console.Green, "Everything is on its way: 0 entities to read, 1 event to deliver.", nil},
		{"events wait long", func(s *console.Status) {
			s.Sinks[0].Oldest, s.Sinks[0].Pending = began.Add(-15*time.Minute-time.Second), 1
		}, console.Amber, "Sink log has events waiting since 2026-11-22 00:48:21Z (15m1s ago).", nil},
		{"journal too large for a sink", func(s *console.Status) {
			s.Journal.Excess = &journal.Excess{Bytes: 5 << 30, Limit: 4 << 30, Sink: "erp", Behind: 1234, Oldest: began.Add(-90 * 24 * time.Hour)}
		}, console.Amber, "The journal takes 5120.0 MiB, more than journal.max_bytes (4096.0 MiB), because sink erp is 1234 events behind, since 2026-08-24 01:03:22Z: " +
			"mend sink erp (when it does not catch up within an hour it is stopped, so that the journal can shrink), or take it out of the configuration if it is not wanted any more (retention waits for configured sinks only), or raise journal.max_bytes.", nil},
		{"journal too large for its documents", func(s *console.Status) { s.Journal.Excess = &journal.Excess{Bytes: 5 << 30, Limit: 4 << 30} }, console.Amber,
			"The journal takes 5120.0 MiB, more than journal.max_bytes (4096.0 MiB), with the newest documents alone, which always stay: raise journal.max_bytes.", nil},
		{"the worst first", func(s *console.Status) {
			s.Journal.Failing = 3
			s.Sinks = append(s.Sinks, dispatch.Status{Name: "erp", LastError: "401"})
		}, console.Red, "Sink erp fails since its start: 401.", []string{"3 entities cannot be read"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := running()
			defer func() {
				if want := c.name == "lost" || c.name == "never connected"; s.Unreachable != want {
					t.Errorf("unreachable: %v", s.Unreachable)
				}
			}()
			c.with(&s)
			s.Judge()
			if s.Level != c.level || s.Sentence != c.sentence {
				t.Errorf("%s: %s\nwant %s: %s", s.Level, s.Sentence, c.level, c.sentence)
			}
			if c.level == console.Green && len(s.Reasons) > 0 || len(s.Reasons) != len(c.also) && len(s.Reasons) != len(c.also)+1 {
				t.Errorf("reasons %q", s.Reasons)
			}
			for i, also := range c.also {
				has(t, s.Reasons[i+1], also)
			}
			again := s
			again.Judge()
			if again.Sentence != s.Sentence || len(again.Reasons) != len(s.Reasons) {
				t.Errorf("judged again: %s %q", again.Sentence, again.Reasons)
			}
		})
	}
}

func TestStatusText(t *testing.T) {
	s := running()
	s.Source.Lag = &canal.Lag{Seconds: 2, Bytes: 300}
	s.Documents = console.Documents{Pending: 1, Failing: []console.Failing{{Subject: "order/1042", Error: "zone 9999\nis unknown", Attempts: 3, Next: began.Add(time.Minute)}}}
	s.Journal = console.Journal{Path: "/var/lib/octail/octail.db", Sequence: 57, Birth: "k3f9", Counts: journal.Counts{Documents: 40, Dirty: 2, Failing: 1, Bytes: 3 << 20}}
	s.Sinks = []dispatch.Status{{Name: "log", Type: "file", Pending: 4, Oldest: began.Add(-3 * time.Second), LastSuccess: began.Add(-5 * time.Second)},
		{Name: "erp", Type: "webhook", LastError: "500 \x1b[31mInternal\u202e Server\r\nError"}}
	s.Judge()
	var b strings.Builder
	s.Text(&b)
	want := `Sink erp fails since its start: 500  [31mInternal  Server  Error.
  also: 1 entity cannot be read from the shop (octail status shows why)

shop      main-shop: connected to 10.11.14-MariaDB, OpenCart 4.1
position  mysql-bin.000004:4711
behind    2 s, 300 bytes
reading   1 touched, 2 marked, 1 failing
          order/1042: zone 9999 is unknown (tried 3 times, next 01:04:22)
journal   /var/lib/octail/octail.db: sequence 57, 40 documents, 3.0 MiB, birth mark ~k3f9
sink      log (file): 4 pending, oldest 3s, last success 5s ago
sink      erp (webhook): 0 pending, last error: 500  [31mInternal  Server  Error
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &b, want)
	}
}

// TestStatusJSON: the names scripts rely on, and times that are unknown are absent.
func TestStatusJSON(t *testing.T) {
	s := running()
	s.Sinks[0].Pending = 2
	s.Judge()
	text, err := json.Marshal(s)
	check(t, err)
	has(t, string(text), `"level":"green"`, `"sentence":"Everything is on its way`, `"shop":"main-shop"`, `"running":true`, `"at":"2026-11-22T01:03:22Z"`,
		`"source":{"state":"connected"`, `"position":"mysql-bin.000004:4711"`, `"lag":{`, `"documents":{"pending":0}`, `"journal":{"path":""`, `"dirty":0`, `"failing":0`,
		`"sinks":[{"name":"log","type":"file","cursor":0,"pending":2}]`)
	hasNot(t, string(text), "0001-01-01", "reasons", "excess")

	s.Journal.Excess = &journal.Excess{Bytes: 9, Limit: 8, Sink: "log", Behind: 7, Oldest: began}
	s.Judge()
	text, err = json.Marshal(s)
	check(t, err)
	has(t, string(text), `"level":"amber"`, `"reasons":["the journal takes`, `"excess":{"bytes":9,"limit":8,"sink":"log","behind":7,"oldest":"2026-11-22T01:03:22Z"}`)
}
