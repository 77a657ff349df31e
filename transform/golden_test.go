package transform

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octail/internal/journal"
	"octail/internal/shoptest"
	"octail/internal/shoptest/oracle"
	"octail/transform/document"
)

var update = flag.Bool("update", false, "write testdata/*/want.jsonl anew")

// TestGolden runs the folders of testdata:
//
//	setup.sql   the shop before capture starts, without a catalogue; the first line
//	            names its generation ("-- OpenCart 4.1"), a line "-- oracle: REASON"
//	            says that the oracle does not know this case
//	change.sql  what happens while capture is on. Every statement is a second later
//	            than the one before, by the server's clock. Between them:
//	            -- read             capture all and read what is due
//	            -- wait 20s         the same, then again after the agent's clock went on
//	            -- mark KEY ORIGIN  ask for an entity (order/7), or all of it (order/0)
//	            -- forget KEY|MAIL  a person, by customer (customer/7) or address
//	            -- restart          start the agent anew on its journal
//	            -- include FILE     the statements of testdata/include/FILE
//	want.jsonl  the events, with the lines above in between, and what was counted
//
// The documents are compared with those of the oracle too. There is nothing
// volatile in it: all clocks are the test's.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/*/setup.sql")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			golden(t, dir)
		})
	}
}

func golden(t *testing.T, dir string) {
	setup, change := readFile(t, dir, "setup.sql"), readFile(t, dir, "change.sql")
	o := fixtureOptions{gen: shoptest.V4, editHold: 15 * time.Second, load: []shoptest.LoadOption{shoptest.WithoutCatalogue()}}
	o.setup = func(f *fixture) { f.exec(include(t, setup)) }
	first, _, _ := strings.Cut(setup, "\n")
	var ok bool
	if o.gen, ok = map[string]shoptest.Generation{"-- OpenCart 1.5": shoptest.V1, "-- OpenCart 2.3": shoptest.V2, "-- OpenCart 3.0": shoptest.V3,
		"-- OpenCart 4.0": shoptest.V40, "-- OpenCart 4.1": shoptest.V4}[first]; !ok {
		t.Fatal("setup.sql has to begin with the generation")
	}
	o.drafts = strings.Contains(setup, "-- drafts: true\n")
	if strings.Contains(setup, "-- images: true\n") {
		o.images = "https://shop.example.com/image/"
	}
	f := newFixture(t, o)
	g := &goldenRun{fixture: f, options: o, stamp: start.Unix() - 3600}
	if !strings.Contains(setup, "-- oracle: ") {
		var err error
		if g.oracle, err = oracle.New(t.Context(), f.db, "oc_"); err != nil {
			t.Fatal(err)
		}
		if g.oracle.Zone, err = time.LoadLocation(zoneName); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(include(t, change) + "-- end\n") {
		if rest, ok := strings.CutPrefix(line, "-- "); ok && g.directive(strings.TrimSpace(rest)) {
			continue
		}
		g.script.WriteString(line)
	}
	want := filepath.Join(dir, "want.jsonl")
	if *update {
		if err := os.WriteFile(want, g.out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(readFile(t, dir, "want.jsonl"), g.out.String()); diff != "" {
		t.Errorf("(-want +got, renew with -update):\n%s", diff)
	}
}

type goldenRun struct {
	*fixture
	options fixtureOptions
	stamp   int64 // of the next statement
	script  strings.Builder
	out     bytes.Buffer
	shown   int64 // events written so far
	oracle  *oracle.Oracle
}

// directive obeys a line of change.sql; false: it is only a comment.
func (g *goldenRun) directive(line string) bool {
	word, argument, _ := strings.Cut(line, " ")
	switch word {
	case "read", "wait", "mark", "forget", "restart", "end":
	default:
		return false
	}
	var script strings.Builder
	for _, q := range statements(g.script.String()) {
		fmt.Fprintf(&script, "SET TIMESTAMP = %d;\n%s;\n", g.stamp, q)
		g.stamp++
	}
	g.script.Reset()
	g.exec(script.String())
	switch word {
	case "read":
		g.read()
	case "wait":
		d, err := time.ParseDuration(argument)
		if err != nil {
			g.t.Fatal(err)
		}
		g.read()
		g.turn(d)
		g.steps()
	case "mark":
		name, origin, _ := strings.Cut(argument, " ")
		entity, id, _ := strings.Cut(name, "/")
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			g.t.Fatal(err)
		}
		if err := g.tr.Mark(g.t.Context(), []journal.Mark{{Key: document.Key{Entity: entity, ID: n}, Reason: origin, Origin: origin}}); err != nil {
			g.t.Fatal(err)
		}
		return true
	case "forget":
		var ids []int64
		var emails []string
		if key, err := document.ParseKey(argument); err == nil {
			ids = append(ids, key.ID)
		} else {
			emails = append(emails, argument)
		}
		if err := g.journal.Forget(g.t.Context(), ids, emails); err != nil {
			g.t.Fatal(err)
		}
		return true
	case "restart":
		g.captured()
		g.fixture.restart(g.options)
	case "end":
		g.finish()
	}
	g.show(line)
	return true
}

// show writes the events since the last time, and the line that made them.
func (g *goldenRun) show(line string) {
	events := g.events()[g.shown:]
	for _, e := range events {
		g.out.Write(append(e.AppendJSON(nil), '\n'))
		g.shown = e.Sequence
	}
	if g.oracle != nil && len(events) > 0 {
		g.secondOpinion(events)
	}
	fmt.Fprintf(&g.out, "{%q:%q", "step", line)
	if line == "end" {
		counted := g.metrics()
		maps.DeleteFunc(counted, func(name string, n float64) bool {
			return n == 0 || strings.Contains(name, "changed") || strings.Contains(name, "retaken")
		})
		b, err := json.Marshal(counted)
		if err != nil {
			g.t.Fatal(err)
		}
		fmt.Fprintf(&g.out, ",%q:%s", "counted", b)
	}
	g.out.WriteString("}\n")
}

// secondOpinion compares the newest documents among events with what the oracle
// makes of the shop as it is now.
func (g *goldenRun) secondOpinion(events []journal.Stored) {
	g.t.Helper()
	if err := g.oracle.Refresh(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	newest := map[document.Key]journal.Stored{}
	for _, e := range events {
		newest[e.Key] = e
	}
	for key, e := range newest {
		if e.Kind == document.Deleted {
			continue
		}
		rows, err := g.oracle.Rows(g.t.Context(), key.Entity, key.ID)
		if err != nil {
			g.t.Fatal(err)
		}
		g.oracle.Drafts = g.options.drafts || e.Revision > 1
		want, err := g.oracle.Document(g.t.Context(), key.Entity, rows)
		if err != nil {
			g.t.Errorf("%s: oracle: %v", key, err)
			continue
		}
		raw, err := document.DocumentOf(e.Data)
		if err != nil {
			g.t.Fatal(err)
		}
		for _, d := range oracle.Compare(want, raw) {
			if !strings.Contains(d, "image_url") { // which it does not know
				g.t.Errorf("%s: the oracle differs: %s", e.EventID(), d)
			}
		}
	}
}

// include puts in the files that a script names.
func include(t testing.TB, script string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(script) {
		if name, ok := strings.CutPrefix(line, "-- include "); ok {
			line = readFile(t, "testdata/include", strings.TrimSpace(name)) + "\n"
		}
		out.WriteString(line)
	}
	return out.String()
}

func readFile(t testing.TB, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !(*update && name == "want.jsonl") {
		t.Fatal(err)
	}
	return string(b)
}
