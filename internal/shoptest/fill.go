package shoptest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
)

// FillOptions says how many orders FillOrders writes and how.
type FillOptions struct {
	Orders       int
	Connections  int  // that write at the same time; 0: 4
	Transactions bool // one transaction an order instead of one a statement
}

// Filled is what FillOrders wrote.
type Filled struct {
	First, Last int64 // order ids, without a gap
	Orders      int
	Changes     int // rows changed: six an order
	Took        time.Duration
}

// fillBatch is the number of orders sent to the server at once.
const fillBatch = 50

// FillOrders writes many confirmed orders as fast as the server takes them, into a
// shop made by Load. Each is exactly six row changes in six statements: insert of the
// order with status 0, three lines, one product's stock, update of the order to
// status 1. There are no rows of totals; the order's total is the sum of its lines.
// When ctx ends it stops between two orders and returns its error with what is there.
// It is not safe while other orders are placed, as it chooses the ids itself.
func FillOrders(ctx context.Context, server *Server, database string, gen Generation, prefix string, o FillOptions) (Filled, error) {
	db, err := server.Open(database, true)
	if err != nil {
		return Filled{}, err
	}
	defer func() { _ = db.Close() }()
	if o.Connections <= 0 {
		o.Connections = 4
	}
	f := filler{gen: gen, prefix: prefix, transactions: o.Transactions}
	start := time.Now()
	var done Filled
	if err := db.QueryRowContext(ctx, "SELECT COALESCE(MAX(order_id), 0) + 1 FROM `"+prefix+"order`").Scan(&done.First); err != nil {
		return done, fmt.Errorf("fill the shop with orders: %w", err)
	}
	rows, err := db.QueryContext(ctx, "SELECT product_id, model, price FROM `"+prefix+"product` WHERE subtract = 1 ORDER BY product_id")
	if err != nil {
		return done, fmt.Errorf("fill the shop with orders: %w", err)
	}
	for rows.Next() {
		var p fillProduct
		if err := rows.Scan(&p.id, &p.model, &p.price); err != nil {
			return done, errors.Join(fmt.Errorf("fill the shop with orders: %w", err), rows.Close())
		}
		f.products = append(f.products, p)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return done, fmt.Errorf("fill the shop with orders: %w", err)
	}
	if len(f.products) < 3 {
		return done, fmt.Errorf("fill the shop with orders: it has only %d products with stock", len(f.products))
	}

	// Each writer takes the next batch of ids, so that all ids below the last one
	// are written when all writers are done.
	var mu sync.Mutex
	var errs []error
	next, end := done.First, done.First+int64(o.Orders)
	take := func() (from, to int64) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil || len(errs) > 0 {
			return 0, 0
		}
		from, to = next, min(next+fillBatch, end)
		next = to
		return from, to
	}
	var writers sync.WaitGroup
	for range o.Connections {
		writers.Go(func() {
			if err := f.write(context.WithoutCancel(ctx), db, take); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	writers.Wait()
	done.Last = next - 1
	done.Orders = int(next - done.First)
	done.Changes = 6 * done.Orders
	done.Took = time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return done, fmt.Errorf("fill the shop with orders: %w", err)
	}
	return done, ctx.Err()
}

type fillProduct struct {
	id    int64
	model string
	price decimal.Decimal
}

type filler struct {
	gen          Generation
	prefix       string
	transactions bool
	products     []fillProduct
}

// write sends batches over one connection until take gives none.
func (f filler) write(ctx context.Context, db *sql.DB, take func() (from, to int64)) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer discard(conn)
	if _, err := conn.ExecContext(ctx, "SET SESSION sql_mode = '"+sessionMode+"'"); err != nil {
		return err
	}
	var script strings.Builder
	for {
		from, to := take()
		if from == to {
			return nil
		}
		script.Reset()
		for id := from; id < to; id++ {
			f.order(&script, id)
		}
		if _, err := conn.ExecContext(ctx, script.String()); err != nil {
			return fmt.Errorf("orders %d to %d: %w", from, to-1, err)
		}
	}
}

// order appends the statements of one order.
func (f filler) order(script *strings.Builder, id int64) {
	var lines strings.Builder
	var sum decimal.Decimal
	for i := range 3 {
		p := f.products[(int(id)+i)%len(f.products)]
		quantity := 1 + (int(id)+i)%3
		total := p.price.Mul(decimal.NewFromInt(int64(quantity)))
		sum = sum.Add(total)
		fmt.Fprintf(&lines, "INSERT INTO `%sorder_product` SET order_id=%d, product_id=%d, name='%s', model='%s', quantity=%d, price=%s, total=%s, tax=0, reward=0;\n",
			f.prefix, id, p.id, p.model, p.model, quantity, p.price, total)
	}
	payment, shipping := "payment_method='Cash On Delivery', payment_code='cod'", "shipping_method='Flat Shipping Rate', shipping_code='flat.flat'"
	if f.gen >= V40 {
		payment, shipping = "payment_method='"+methodJSON(false, false)+"'", "shipping_method='"+methodJSON(false, true)+"', language_code='en-gb'"
	}
	if f.gen > V1 {
		payment += ", custom_field='[]', payment_custom_field='[]', shipping_custom_field='[]'"
	}
	if f.transactions {
		script.WriteString("START TRANSACTION;\n")
	}
	fmt.Fprintf(script, "INSERT INTO `%sorder` SET order_id=%d, invoice_prefix='INV-2026-00', store_name='Example Shop', store_url='http://shop.example.com/',"+
		" customer_group_id=1, firstname='Guest', lastname='Number %d', email='guest.%d@example.com', telephone='+49 000 %07d',"+
		" shipping_firstname='Guest', shipping_lastname='Number %d', shipping_address_1='%d Sample Street',"+
		" shipping_city='Berlin', shipping_postcode='10115', shipping_country='Germany', shipping_country_id=81, shipping_zone='Berlin', shipping_zone_id=1256,"+
		" %s, %s, comment='', total=%s, order_status_id=0, commission=0, language_id=1, currency_id=1, currency_code='EUR', currency_value=1,"+
		" ip='192.0.2.1', user_agent='Mozilla/5.0 ExampleBrowser/1.0', accept_language='en-GB', date_added=NOW(), date_modified=NOW();\n",
		f.prefix, id, id, id, id%10_000_000, id, id%100, payment, shipping, sum)
	script.WriteString(lines.String())
	fmt.Fprintf(script, "UPDATE `%sproduct` SET quantity = quantity - 1 WHERE product_id = %d;\n", f.prefix, f.products[int(id)%len(f.products)].id)
	fmt.Fprintf(script, "UPDATE `%sorder` SET order_status_id = 1 WHERE order_id = %d;\n", f.prefix, id)
	if f.transactions {
		script.WriteString("COMMIT;\n")
	}
}
