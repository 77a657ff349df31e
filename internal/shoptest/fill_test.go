package shoptest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

func TestFillOrders(t *testing.T) {
	server := shoptesting.MariaDB(t)
	for _, gen := range shoptest.Generations {
		for _, transactions := range []bool{false, true} {
			name := gen.String() + ", one transaction a statement"
			if transactions {
				name = gen.String() + ", one transaction an order"
			}
			t.Run(name, func(t *testing.T) {
				database, _ := newShop(t, server, gen)
				db := shoptesting.Open(t, server, database)
				before := table(t, db, "SELECT SUM(quantity) FROM x_product")[0][0]
				var filled shoptest.Filled
				for range 2 { // the second goes on where the first ended
					var err error
					filled, err = shoptest.FillOrders(context.Background(), server, database, gen, "x_", shoptest.FillOptions{Orders: 130, Transactions: transactions})
					if err != nil {
						t.Fatal(err)
					}
				}
				if filled.First != 131 || filled.Last != 260 || filled.Orders != 130 || filled.Changes != 780 {
					t.Errorf("filled %+v", filled)
				}
				got := table(t, db, `SELECT COUNT(*), SUM(order_status_id = 1), SUM(total = (SELECT SUM(total) FROM x_order_product l WHERE l.order_id = o.order_id)),
					(SELECT COUNT(*) FROM x_order_product), (SELECT COUNT(*) FROM x_order_total), ? - (SELECT SUM(quantity) FROM x_product) FROM x_order o`, before)
				if diff := cmp.Diff([][]string{{"260", "260", "260", "780", "0", "260"}}, got); diff != "" {
					t.Errorf("orders (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestFillOrdersWrites looks at the row changes of one order.
func TestFillOrdersWrites(t *testing.T) {
	server := shoptesting.MariaDB(t)
	database, _ := newShop(t, server, shoptest.V4)
	got := written(t, server, database, func() {
		if _, err := shoptest.FillOrders(context.Background(), server, database, shoptest.V4, "x_", shoptest.FillOptions{Orders: 1}); err != nil {
			t.Fatal(err)
		}
	})
	if diff := cmp.Diff([]string{"+order", "+order_product", "+order_product", "+order_product", "~product", "~order"}, got); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestFillOrdersCancel(t *testing.T) {
	server := shoptesting.MariaDB(t)
	database, _ := newShop(t, server, shoptest.V4)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := shoptest.FillOrders(ctx, server, database, shoptest.V4, "x_", shoptest.FillOptions{Orders: 1000}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
