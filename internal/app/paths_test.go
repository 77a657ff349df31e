package app_test

import (
	"strings"
	"testing"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// generations are those of OpenCart that every path is tried with, oldest last.
var generations = []struct {
	name string
	gen  shoptest.Generation
}{
	{"4.1", shoptest.V4},
	{"3.0", shoptest.V3},
}

// TestFirstStart: a shop with a past is read in full; starting again, and what was done
// while the agent was stopped, brings what has changed and nothing else.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	for _, g := range generations {
		t.Run(g.name, func(t *testing.T) {
			f := begin(t, "restart", g.gen, shoptesting.Default(t), settings{})
			f.mark()
			f.a.stop()
			f.restart()
			if r := f.closed(); r.events != 0 {
				t.Errorf("%d events of a restart", r.events)
			}
			f.a.stop()
			place(t, f.shop, 3)
			must(t, f.db, "UPDATE oc_product SET price = price + 1 WHERE product_id = 2", "DELETE FROM oc_customer WHERE customer_id = 2")
			f.restart()
			r := f.closed()
			f.wantNoHole()
			if r.byType["created"] != 3 || r.byType["deleted"] != 1 {
				t.Errorf("%v", r.byType)
			}
		})
	}
}

// TestCheckCommand: `octail check` has nothing against a server and a shop that are well
// set up, beyond what a test server leaves open, and finds what they are.
func TestCheckCommand(t *testing.T) {
	t.Parallel()
	for _, g := range generations {
		t.Run(g.name, func(t *testing.T) {
			server := shoptesting.Default(t)
			database, _, _ := openShop(t, server, g.gen)
			file := writeConfig(t, server, database, settings{dir: t.TempDir(), prefix: "oc_"})
			code, out := runProgram(t, "--config", file, "check")
			if code != 0 || !strings.Contains(out, g.name) || !strings.Contains(out, server.Version()) {
				t.Errorf("exit code %d:\n%s", code, out)
			}
		})
	}
}
