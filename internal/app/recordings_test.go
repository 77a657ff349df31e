package app_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/oracle"
	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

// TestRecordings replays recorded shops flow by flow with the agent attached.
// After each flow the newest documents equal, in all fields, what an independent
// oracle makes of the rows that were recorded then; at the end those of every
// entity of the shop do.
func TestRecordings(t *testing.T) {
	t.Parallel()
	folder := shoptesting.Recordings(t)
	for _, r := range []struct{ name, metadata string }{
		{"3.0.5.1-mariadb10.11", "NO_LOG"},
		{"3.0.5.1-mariadb10.11-concurrent", "NO_LOG"},
		{"2.3.0.2-mariadb10.11", "NO_LOG"},
		{"4.1.0.4-mariadb10.11", "NO_LOG"},
		{"4.1.0.4-mariadb10.11-fullmeta", "FULL"},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting until all is quiet
			server := shoptesting.Server(t, shoptest.Options{Flavor: shoptest.MariaDB, Args: []string{"--binlog-row-metadata=" + r.metadata, "--default-time-zone=+02:00"}})
			replay(t, server, filepath.Join(folder, r.name))
		})
	}
}

func replay(t *testing.T, server *shoptest.Server, dir string) {
	shop := shoptesting.Load(t, server, dir, "shop")
	db, err := server.Open("shop", false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	flows, err := oracle.Flows(filepath.Join(dir, "flows.md"))
	if err != nil {
		t.Fatal(err)
	}
	if len(flows) == 0 {
		t.Fatal("no flows")
	}
	o, err := oracle.New(t.Context(), db, "oc_")
	if err != nil {
		t.Fatal(err)
	}
	cfg := configure(t, server, "shop", settings{prefix: "oc_"})
	var own int
	if err := db.QueryRow("SELECT COUNT(*) FROM oc_setting WHERE `key` = 'config_timezone'").Scan(&own); err != nil {
		t.Fatal(err)
	}
	if own == 0 { // before 3.0 the shop has no zone of its own: it is the server's
		cfg.Shop.Timezone = "Etc/GMT-2"
		if o.Zone, err = time.LoadLocation(cfg.Shop.Timezone); err != nil {
			t.Fatal(err)
		}
	}
	a := start(t, server, cfg)
	a.quiet()
	j := a.look()
	c := &comparison{t: t, j: j, o: o}
	for _, flow := range flows {
		shop.Replay(t, flow.Stop)
		a.quiet()
		if err := o.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "expected", "after_"+flow.Name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			c.file(flow.Name, f)
		}
	}
	shop.Replay(t, shoptesting.End)
	a.quiet()
	if err := o.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	finals, err := filepath.Glob(filepath.Join(dir, "expected", "final_*.json"))
	if err != nil || len(finals) == 0 {
		t.Fatalf("no final state: %v", err)
	}
	for _, f := range finals {
		c.file("final", f)
	}
	c.everything()
	t.Logf("%s: %d flows, %d documents compared, %d differences", filepath.Base(dir), len(flows), c.compared, c.differences)
}

// comparison compares the journal with the oracle.
type comparison struct {
	t                     *testing.T
	j                     *journal.Journal
	o                     *oracle.Oracle
	compared, differences int
}

func (c *comparison) differ(format string, args ...any) {
	c.t.Helper()
	c.differences++
	c.t.Errorf(format, args...)
}

func (c *comparison) file(flow, path string) {
	c.t.Helper()
	expected, err := oracle.LoadExpected(path)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range expected {
		c.one(flow, e)
	}
}

func (c *comparison) one(flow string, e oracle.Expectation) {
	c.t.Helper()
	key := document.Key{Entity: e.Entity, ID: e.Key}
	revisions, err := c.j.Revisions(c.t.Context(), key)
	if err != nil {
		c.t.Fatal(err)
	}
	c.compared++
	if e.Deleted {
		if len(revisions) > 0 && revisions[0].Kind != document.Deleted {
			c.differ("%s %s: deleted in the shop, newest revision is %s", flow, key, revisions[0].Kind)
		}
		return
	}
	before := c.o.Previous(e.Entity, e.Key)
	want, err := c.o.Document(c.t.Context(), e.Entity, e.Rows)
	if err != nil {
		c.t.Fatalf("%s %s: %v", flow, key, err)
	}
	if want == nil {
		if len(revisions) > 0 {
			c.differ("%s %s: a draft was journaled", flow, key)
		}
		return
	}
	if len(revisions) == 0 {
		c.differ("%s %s: nothing journaled", flow, key)
		return
	}
	newest := revisions[0]
	var data struct {
		Changed  []string        `json:"changed"`
		Document json.RawMessage `json:"document"`
	}
	if err := json.Unmarshal(newest.Data, &data); err != nil {
		c.t.Fatal(err)
	}
	for _, d := range oracle.Compare(want, data.Document) {
		c.differ("%s %s: %s", flow, key, d)
	}
	if newest.Kind == document.Updated && before != nil {
		changed := oracle.Changed(before, want, e.Entity)
		if len(changed) > 0 && len(revisions) > 1 && strings.Join(changed, ",") != strings.Join(data.Changed, ",") {
			c.t.Logf("%s %s: changed %v, oracle %v (may span revisions)", flow, key, data.Changed, changed)
		}
	}
}

// everything compares all entities the shop has now, and looks for entities the
// journal has and the shop does not.
func (c *comparison) everything() {
	c.t.Helper()
	for _, entity := range document.Entities {
		ids, err := c.j.KnownIDs(c.t.Context(), entity, 0, 100000)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, id := range ids {
			rows, err := c.o.Rows(c.t.Context(), entity, id)
			if err != nil {
				c.differ("%s/%d: journaled, but %v", entity, id, err)
				continue
			}
			c.one("end", oracle.Expectation{Entity: entity, Key: id, Rows: rows})
		}
	}
}
