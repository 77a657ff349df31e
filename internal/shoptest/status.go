package shoptest

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"
)

// SetStatus changes the status of an order with an entry in its history, as staff, the
// API and payment extensions do. Stock and coupon move when the order crosses the
// border between the statuses in which goods count as sold and the others.
func (s *Shop) SetStatus(ctx context.Context, id, status int64, comment string, notify bool) error {
	return s.do(ctx, fmt.Sprintf("set the status of order %d", id), func(r *request) {
		r.setStatus(id, status, comment, notify)
		r.recordOrder(id)
	}, subject{"order", id})
}

// Note adds a comment to the history of an order without a new status.
func (s *Shop) Note(ctx context.Context, id int64, comment string) error {
	return s.do(ctx, fmt.Sprintf("add a note to order %d", id), func(r *request) {
		var status int64
		r.one([]any{&status}, "SELECT order_status_id FROM {order} WHERE order_id = ?", id)
		r.setStatus(id, status, comment, false)
	}, subject{"order", id})
}

// Cancel sets the status Canceled; the goods go back to stock, but not in V1.
func (s *Shop) Cancel(ctx context.Context, id int64, comment string) error {
	const canceled = 7
	return s.SetStatus(ctx, id, canceled, comment, false)
}

// Invoice gives an order the next invoice number and returns it. An order that has one
// keeps it.
func (s *Shop) Invoice(ctx context.Context, id int64) (int, error) {
	var number int
	err := s.do(ctx, fmt.Sprintf("invoice order %d", id), func(r *request) {
		var prefix string
		if !r.one([]any{&number, &prefix}, "SELECT invoice_no, invoice_prefix FROM {order} WHERE order_id = ?", id) {
			r.fail(fmt.Errorf("there is no order %d", id))
		}
		if number != 0 {
			return
		}
		r.one([]any{&number}, "SELECT COALESCE(MAX(invoice_no), 0) + 1 FROM {order} WHERE invoice_prefix = ?", prefix)
		r.update("order", set{"invoice_no", number, "invoice_prefix", prefix}, "order_id = ?", id)
	}, subject{"order", id}, subject{"invoice", 0})
	return number, err
}

// setStatus is OpenCart's addHistory. It returns the customer of the order.
func (r *request) setStatus(id, status int64, comment string, notify bool) (customer int64) {
	var before int64
	var amount decimal.Decimal
	if !r.one([]any{&before, &customer, &amount}, "SELECT order_status_id, customer_id, total FROM {order} WHERE order_id = ?", id) {
		r.fail(fmt.Errorf("there is no order %d", id))
		return 0
	}
	if r.shop.gen == V1 {
		r.setStatusV1(id, before, customer, status, comment, notify)
		return customer
	}
	set := r.shop.settings
	sell := !set.sold(before) && set.sold(status)
	giveBack := set.sold(before) && !set.sold(status)
	if r.shop.gen <= V3 {
		if sell {
			r.useCoupon(id, customer)
			r.moveStock(id, -1)
		}
		r.writeStatus(id, status, comment, notify)
		if giveBack {
			r.moveStock(id, +1)
			r.delete("coupon_history", "order_id = ?", id)
		}
		switch {
		case r.shop.gen < V3: // no statistics
		case set.sold(status):
			r.count("order_sale", amount) // at each entry: 3.0 counts a sale several times
		case status != 0:
			r.count("order_sale", amount.Neg())
		}
		return customer
	}
	one := decimal.NewFromInt(1)
	if sell {
		r.count("order_sale", amount)
		r.count("order_processing", one)
		r.useCoupon(id, customer)
		r.moveStock(id, -1)
	}
	if set.complete[status] && !set.complete[before] {
		r.count("order_complete", one)
	}
	if giveBack {
		if status != set.void && status != 0 {
			r.count("order_sale", amount.Neg())
			r.count("order_processing", one.Neg())
		}
		r.moveStock(id, +1)
		r.delete("coupon_history", "order_id = ?", id)
	}
	r.writeStatus(id, status, comment, notify)
	return customer
}

// setStatusV1 is the same in 1.5: a confirmation tells the customer, and takes stock
// after the status, whatever that is; nothing puts it back.
func (r *request) setStatusV1(id, before, customer, status int64, comment string, notify bool) {
	confirmed := before == 0 && status != 0
	r.writeStatus(id, status, comment, notify || confirmed)
	if confirmed {
		r.moveStock(id, -1)
		r.useCoupon(id, customer)
	}
}

func (r *request) writeStatus(id, status int64, comment string, notify bool) {
	columns := set{"order_status_id", status}
	if r.shop.gen != V4 {
		columns = append(columns, "date_modified", now)
	}
	r.update("order", columns, "order_id = ?", id)
	r.insert("order_history", "order_id", id, "order_status_id", status, "notify", flag(notify), "comment", escape(comment), "date_added", now)
}

// useCoupon writes that a customer used the coupon of an order.
func (r *request) useCoupon(id, customer int64) {
	var coupon int64
	var amount decimal.Decimal
	if r.one([]any{&coupon, &amount}, `SELECT c.coupon_id, t.value FROM {order_total} t JOIN {coupon} c ON t.title = CONCAT('Coupon (', c.code, ')')
		WHERE t.order_id = ? AND t.code = 'coupon'`, id) {
		r.insert("coupon_history", "coupon_id", coupon, "order_id", id, "customer_id", customer, "amount", amount, "date_added", now)
	}
}

// moveStock takes the goods of an order out of stock (-1) or puts them back (+1): per
// line the product, the master of a variant, and the chosen option values.
func (r *request) moveStock(id int64, direction int) {
	type sold struct{ line, product, master, quantity int64 }
	var lines []sold
	master := "0"
	if r.shop.gen >= V40 {
		master = "master_id"
	}
	r.each(func(scan func(...any)) {
		var l sold
		scan(&l.line, &l.product, &l.master, &l.quantity)
		lines = append(lines, l)
	}, "SELECT order_product_id, product_id, "+master+", quantity FROM {order_product} WHERE order_id = ?", id)
	for _, l := range lines {
		change := expression(fmt.Sprintf("(`quantity` + %d)", l.quantity))
		if direction < 0 {
			change = expression(fmt.Sprintf("(`quantity` - %d)", l.quantity))
		}
		r.update("product", set{"quantity", change}, "product_id = ? AND subtract = 1", l.product)
		if l.master != 0 {
			r.update("product", set{"quantity", change}, "product_id = ? AND subtract = 1", l.master)
		}
		for _, value := range r.ids("SELECT product_option_value_id FROM {order_option} WHERE order_id = ? AND order_product_id = ?", id, l.line) {
			r.update("product_option_value", set{"quantity", change}, "product_option_value_id = ? AND subtract = 1", value)
		}
	}
}

// takeStock takes a quantity out of one product or option value.
func (r *request) takeStock(table, column string, id int64, quantity int) {
	r.update(table, set{"quantity", expression(fmt.Sprintf("(`quantity` - %d)", quantity))}, column+" = ? AND subtract = 1", id)
}

// count adds to one of the shop's statistics.
func (r *request) count(code string, amount decimal.Decimal) {
	change := expression(fmt.Sprintf("(`value` + %s)", amount))
	if amount.IsNegative() {
		change = expression(fmt.Sprintf("(`value` - %s)", amount.Abs()))
	}
	r.update("statistics", set{"value", change}, "code = ?", code)
}

// recordOrder takes the order as it now is into the truth.
func (r *request) recordOrder(id int64) {
	var o OrderTruth
	if !r.one([]any{&o.Total, &o.Status, &o.Lines, &o.Options}, `SELECT total, order_status_id,
		(SELECT COUNT(*) FROM {order_product} WHERE order_id = o.order_id), (SELECT COUNT(*) FROM {order_option} WHERE order_id = o.order_id)
		FROM {order} o WHERE order_id = ?`, id) || o.Status == 0 {
		return
	}
	o.ID = id
	r.shop.mu.Lock()
	defer r.shop.mu.Unlock()
	r.shop.orders[id] = &o
}
