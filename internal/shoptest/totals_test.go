package shoptest_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// table reads a query as rows of texts, NULL as the empty one.
func table(t *testing.T, db *sql.DB, query string, args ...any) [][]string {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var list [][]string
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		dest := make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(columns))
		for i := range values {
			row[i] = values[i].String
		}
		list = append(list, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestTotals checks one order by hand. Two blue mugs: special price 11.25 + 1.00 for
// blue + 2.90 for the gift wrap = 15.15 each; ten plates at the discount for six, 7.50;
// VAT 20 % and an eco tax of 2.00.
func TestTotals(t *testing.T) {
	items := []shoptest.Item{cart[0], {ProductID: 2, Quantity: 10}}
	guest := shoptest.Person{FirstName: "Jo", LastName: `<b>"&`, Email: "jo@example.com", Telephone: "1"}
	for _, c := range []struct {
		name    string
		gen     shoptest.Generation
		coupon  string
		country int64
		gifts   []shoptest.Gift
		want    [][]string
	}{
		{"V3", shoptest.V3, "", 81, nil, [][]string{
			{"sub_total", "Sub-Total", "105.3000", "1"}, {"shipping", "Flat Shipping Rate", "5.0000", "3"},
			{"tax", "Eco Tax (2.00)", "26.0000", "5"}, // 12 units and the parcel
			{"tax", "VAT (20%)", "22.0600", "5"}, {"total", "Total", "158.3600", "9"}}},
		{"V4", shoptest.V4, "", 81, nil, [][]string{
			{"sub_total", "Sub-Total", "105.3000", "1"}, {"shipping", "Flat Shipping Rate", "5.0000", "3"},
			{"tax", "Eco Tax (2.00)", "6.0000", "5"}, // 2 lines and the parcel
			{"tax", "VAT (20%)", "22.0600", "5"}, {"total", "Total", "138.3600", "9"}}},
		{"V4 with 10% off", shoptest.V4, "TEN", 81, nil, [][]string{
			{"sub_total", "Sub-Total", "105.3000", "1"}, {"shipping", "Flat Shipping Rate", "5.0000", "3"}, {"coupon", "Coupon (TEN)", "-10.5300", "4"},
			{"tax", "Eco Tax (2.00)", "6.0000", "5"}, {"tax", "VAT (20%)", "19.9540", "5"}, {"total", "Total", "125.7240", "9"}}},
		{"V3 with 5.00 off", shoptest.V3, "FIVE", 81, nil, [][]string{
			{"sub_total", "Sub-Total", "105.3000", "1"}, {"shipping", "Flat Shipping Rate", "5.0000", "3"}, {"coupon", "Coupon (FIVE)", "-5.0000", "4"},
			{"tax", "Eco Tax (2.00)", "26.0000", "5"}, {"tax", "VAT (20%)", "21.0600", "5"}, {"total", "Total", "152.3600", "9"}}},
		{"V4 without tax", shoptest.V4, "", 223, nil, [][]string{
			{"sub_total", "Sub-Total", "105.3000", "1"}, {"shipping", "Flat Shipping Rate", "5.0000", "3"}, {"total", "Total", "110.3000", "9"}}},
		{"V3 with a gift voucher", shoptest.V3, "", 223, []shoptest.Gift{{ToName: "Gina", Amount: decimal.NewFromInt(25)}}, [][]string{
			{"sub_total", "Sub-Total", "130.3000", "1"}, {"shipping", "Flat Shipping Rate", "5.0000", "3"}, {"total", "Total", "135.3000", "9"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := context.Background()
			server := shoptesting.MariaDB(t)
			database, shop := newShop(t, server, c.gen)
			db := shoptesting.Open(t, server, database)
			id, err := shop.Order(ctx, shoptest.Checkout{Guest: guest, Address: shoptest.Address{LastName: "Jo", City: "X", CountryID: c.country},
				Items: items, Coupon: c.coupon, Gifts: c.gifts})
			if err != nil {
				t.Fatal(err)
			}
			got := table(t, db, "SELECT code, title, value, sort_order FROM x_order_total WHERE order_id = ? ORDER BY order_total_id", id)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("totals (-want +got):\n%s", diff)
			}
			head := table(t, db, "SELECT total, order_status_id, lastname, currency_code FROM x_order WHERE order_id = ?", id)
			if diff := cmp.Diff([][]string{{c.want[len(c.want)-1][2], "1", "&lt;b&gt;&quot;&amp;", "EUR"}}, head); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
			lines := table(t, db, "SELECT product_id, quantity, price, total, tax, reward FROM x_order_product WHERE order_id = ? ORDER BY order_product_id", id)
			mugTax, plateTax := "5.0300", "3.5000"
			if c.country == 223 {
				mugTax, plateTax = "0.0000", "0.0000"
			}
			if diff := cmp.Diff([][]string{{"1", "2", "15.1500", "30.3000", mugTax, "20"}, {"2", "10", "7.5000", "75.0000", plateTax, "0"}}, lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			options := table(t, db, "SELECT name, value, type FROM x_order_option WHERE order_id = ? ORDER BY order_option_id", id)
			if diff := cmp.Diff([][]string{{"Colour", "Blue", "select"}, {"Extras &amp; Gifts", "Gift wrap", "checkbox"}}, options); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
			want := []shoptest.OrderTruth{{ID: id, Lines: 2, Options: 2, Total: decimal.RequireFromString(c.want[len(c.want)-1][2]), Status: 1}}
			if diff := cmp.Diff(want, shop.Truth().Orders); diff != "" {
				t.Errorf("truth (-want +got):\n%s", diff)
			}
		})
	}
}

// TestVariant sells a variant: its own stock moves, its master's, and that of the
// master's option value.
func TestVariant(t *testing.T) {
	ctx := context.Background()
	server := shoptesting.MariaDB(t)
	database, shop := newShop(t, server, shoptest.V4)
	db := shoptesting.Open(t, server, database)
	const stock = "SELECT (SELECT quantity FROM x_product WHERE product_id = 20), (SELECT quantity FROM x_product WHERE product_id = 1)," +
		" (SELECT quantity FROM x_product_option_value WHERE product_option_value_id = 2)"
	if diff := cmp.Diff([][]string{{"40", "120", "40"}}, table(t, db, stock)); diff != "" {
		t.Fatal(diff)
	}
	id, err := shop.Order(ctx, shoptest.Checkout{CustomerID: 1, Items: []shoptest.Item{{ProductID: 20, Quantity: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"37", "117", "37"}}, table(t, db, stock)); diff != "" {
		t.Error(diff)
	}
	line := table(t, db, "SELECT l.product_id, l.master_id, o.name, o.value FROM x_order_product l JOIN x_order_option o USING (order_product_id) WHERE l.order_id = ?", id)
	if diff := cmp.Diff([][]string{{"20", "1", "Colour", "Blue"}}, line); diff != "" {
		t.Error(diff)
	}
	items, err := shop.Items(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]shoptest.Item{{ProductID: 20, Quantity: 3}}, items); diff != "" {
		t.Error(diff)
	}
	if err := shop.Cancel(ctx, id, ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"40", "120", "40"}}, table(t, db, stock)); diff != "" {
		t.Error(diff)
	}
}

// TestDownload orders what need not be sent: no shipping address, method or cost, and
// an edit by staff keeps it so.
func TestDownload(t *testing.T) {
	for _, gen := range shoptest.Generations {
		t.Run(gen.String(), func(t *testing.T) {
			ctx := context.Background()
			server := shoptesting.MariaDB(t)
			database, shop := newShop(t, server, gen)
			db := shoptesting.Open(t, server, database)
			id, err := shop.Order(ctx, shoptest.Checkout{CustomerID: 1, Items: []shoptest.Item{{ProductID: 17, Quantity: 1}}})
			if err != nil {
				t.Fatal(err)
			}
			const query = "SELECT shipping_city, shipping_method, total, payment_city FROM x_order WHERE order_id = ?"
			city := "Berlin"
			if gen >= shoptest.V40 { // the payment address is not asked for
				city = ""
			}
			want := [][]string{{"", "", "16.8000", city}}
			if diff := cmp.Diff(want, table(t, db, query, id)); diff != "" {
				t.Error(diff)
			}
			if err := shop.EditLines(ctx, id, []shoptest.Item{{ProductID: 17, Quantity: 2}}); err != nil {
				t.Fatal(err)
			}
			want[0][2] = "33.6000"
			if diff := cmp.Diff(want, table(t, db, query, id)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
