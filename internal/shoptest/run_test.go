package shoptest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestRun lets a shop run for a while and compares what it says it did with its
// database.
func TestRun(t *testing.T) {
	for _, server := range []*shoptest.Server{shoptesting.MariaDB(t), shoptesting.MySQL(t)} {
		for gen, engine := range map[shoptest.Generation]string{shoptest.V1: "", shoptest.V2: "InnoDB", shoptest.V3: "InnoDB", shoptest.V40: "", shoptest.V4: "MyISAM"} {
			options := []shoptest.LoadOption{}
			if server.Flavor() == shoptest.MySQL {
				options = append(options, shoptest.Engine(engine)) // not that of the release
			}
			t.Run(server.Flavor()+"/"+gen.String(), func(t *testing.T) {
				t.Parallel()
				database, shop := newShop(t, server, gen, options...)
				db := shoptesting.Open(t, server, database)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				entities := map[string]int{}
				steps := 0
				err := shoptest.Run(ctx, shop, 0, func(s shoptest.Step) {
					if s.Kind == "" || s.Text == "" || strings.HasSuffix(s.Text, ".") {
						t.Errorf("step %+v is not a readable sentence", s)
					}
					entities[s.Entity]++
					if steps++; steps == 250 {
						cancel()
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range []string{"order", "customer", "product", "stock", "category", ""} {
					if entities[e] == 0 {
						t.Errorf("no step about %q in %v", e, entities)
					}
				}

				truth := shop.Truth()
				var want, got []string
				deleted := 0
				for _, o := range truth.Orders {
					if o.Deleted {
						deleted++
						continue
					}
					want = append(want, fmt.Sprintf("%d: %d lines, %d options, %s, status %d", o.ID, o.Lines, o.Options, o.Total.StringFixed(4), o.Status))
				}
				for _, row := range table(t, db, `SELECT order_id, (SELECT COUNT(*) FROM x_order_product l WHERE l.order_id = o.order_id),
					(SELECT COUNT(*) FROM x_order_option l WHERE l.order_id = o.order_id), total, order_status_id FROM x_order o WHERE order_status_id > 0 ORDER BY order_id`) {
					got = append(got, fmt.Sprintf("%s: %s lines, %s options, %s, status %s", row[0], row[1], row[2], row[3], row[4]))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("orders (-truth +database):\n%s", diff)
				}
				if drafts := table(t, db, "SELECT COUNT(*) FROM x_order WHERE order_status_id = 0")[0][0]; drafts != fmt.Sprint(truth.Drafts) {
					t.Errorf("%s drafts in the database, truth says %d", drafts, truth.Drafts)
				}
				t.Logf("%d orders, %d of them deleted, %d drafts, steps %v", len(truth.Orders), deleted, truth.Drafts, entities)
				checkSums(t, db, gen)
			})
		}
	}
}

// TestRunSeed runs two shops with the same seed and one visitor at a time: the same
// things happen.
func TestRunSeed(t *testing.T) {
	var steps [2][]shoptest.Step
	for i := range steps {
		_, shop := newShop(t, shoptesting.MariaDB(t), shoptest.V4)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		err := shoptest.RunVisitors(ctx, shop, 0, 1, func(s shoptest.Step) {
			if steps[i] = append(steps[i], s); len(steps[i]) == 30 {
				cancel()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(steps[0][:30], steps[1][:30]); diff != "" {
		t.Errorf("the same seed, other steps:\n%s", diff)
	}
}

// TestRunServerGone wants an error, and not a hanging demo, when the server dies.
func TestRunServerGone(t *testing.T) {
	server := shoptesting.Server(t, shoptest.Options{})
	_, shop := newShop(t, server, shoptest.V3)
	steps := 0
	err := shoptest.Run(context.Background(), shop, 0, func(shoptest.Step) {
		if steps++; steps == 10 {
			if err := server.Kill(); err != nil {
				t.Error(err)
			}
		}
	})
	if err == nil {
		t.Error("no error although the server is gone")
	}
}
