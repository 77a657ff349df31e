package shoptest

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// EditLines is staff giving an order other lines. OpenCart then voids the order, writes
// header, lines and totals anew at the prices of now, and confirms it again with the
// status it had.
func (s *Shop) EditLines(ctx context.Context, id int64, items []Item) error {
	return s.do(ctx, fmt.Sprintf("edit the lines of order %d", id), func(r *request) {
		r.edit(id, func(c *Checkout) { c.Items = items })
	}, subject{"order", id})
}

// MoveOrder is staff sending an order to another address. It does all that EditLines
// does, as every edit of an order.
func (s *Shop) MoveOrder(ctx context.Context, id int64, to Address) error {
	return s.do(ctx, fmt.Sprintf("change the address of order %d", id), func(r *request) {
		r.edit(id, func(c *Checkout) { c.Address = to })
	}, subject{"order", id})
}

// StaffOrder is staff placing an order for somebody: draft and confirmation in one
// request.
func (s *Shop) StaffOrder(ctx context.Context, c Checkout) (int64, error) {
	var id int64
	err := s.do(ctx, "place an order for a customer", func(r *request) {
		id = r.draft(c, s.token(26))
		r.setStatus(id, r.shop.settings.status, "", false)
		r.recordOrder(id)
	})
	s.forgetDraft(id)
	return id, err
}

// edit reads an order back into a checkout, lets change alter it and writes it.
func (r *request) edit(id int64, change func(*Checkout)) {
	c := r.orderCheckout(id)
	if r.err != nil {
		return
	}
	var status int64
	r.one([]any{&status}, "SELECT order_status_id FROM {order} WHERE order_id = ?", id)
	change(&c)

	session := r.shop.token(26)
	r.fillCart(session, c.CustomerID, 1, c.Items)
	if r.shop.gen == V3 {
		r.setStatus(id, 0, "", false)
	} else {
		r.setStatus(id, r.shop.settings.void, "", true)
	}
	o := r.checkout(c)
	r.update("order", append(o.columns(r.shop.gen, true), "date_modified", now), "order_id = ?", id)
	r.delete("order_product", "order_id = ?", id)
	r.delete("order_option", "order_id = ?", id)
	r.insertLines(id, o.lines)
	if r.shop.gen == V3 {
		r.update("voucher", set{"status", 0}, "order_id = ?", id)
		r.delete("order_voucher", "order_id = ?", id)
		r.insertGifts(id, o.gifts)
	}
	r.delete("order_total", "order_id = ?", id)
	r.insertTotals(id, o.totals)
	r.setStatus(id, status, "", false)
	if r.shop.gen == V3 {
		r.delete("order_history", "order_id = ? AND order_status_id = 0", id)
	}
	r.emptyCart(session, c.CustomerID, 1)
	r.recordOrder(id)
}

// orderCheckout is what the staff's form shows of an order.
func (r *request) orderCheckout(id int64) Checkout {
	var c Checkout
	p, a := &c.Guest, &c.Address
	if !r.one([]any{&c.CustomerID, &p.GroupID, &p.FirstName, &p.LastName, &p.Email, &p.Telephone, &p.CustomField, &c.Currency, &c.LanguageID, &c.Comment,
		&a.FirstName, &a.LastName, &a.Company, &a.Address1, &a.Address2, &a.City, &a.Postcode, &a.CountryID, &a.ZoneID, &a.CustomField},
		`SELECT customer_id, customer_group_id, firstname, lastname, email, telephone, custom_field, currency_code, language_id, comment,
		shipping_firstname, shipping_lastname, shipping_company, shipping_address_1, shipping_address_2, shipping_city, shipping_postcode,
		shipping_country_id, shipping_zone_id, shipping_custom_field FROM {order} WHERE order_id = ?`, id) {
		r.fail(fmt.Errorf("there is no order %d", id))
		return c
	}
	for _, field := range []*string{&p.FirstName, &p.LastName, &p.Email, &p.Telephone, &c.Comment} {
		*field = unescape(*field)
	}
	if a.CountryID == 0 { // nothing had to be sent
		r.one(a.fields(), `SELECT payment_firstname, payment_lastname, payment_company, payment_address_1, payment_address_2, payment_city, payment_postcode,
			payment_country_id, payment_zone_id, payment_custom_field FROM {order} WHERE order_id = ?`, id)
	}
	a.unescape()
	c.Items = r.orderItems(id)
	r.one([]any{&c.Coupon}, "SELECT title FROM {order_total} WHERE order_id = ? AND code = 'coupon'", id)
	c.Coupon = strings.TrimSuffix(strings.TrimPrefix(c.Coupon, "Coupon ("), ")")
	if r.shop.gen == V3 {
		r.each(func(scan func(...any)) {
			var g Gift
			scan(&g.FromName, &g.FromEmail, &g.ToName, &g.ToEmail, &g.Message, &g.Amount)
			for _, field := range []*string{&g.FromName, &g.FromEmail, &g.ToName, &g.ToEmail, &g.Message} {
				*field = unescape(*field)
			}
			c.Gifts = append(c.Gifts, g)
		}, "SELECT from_name, from_email, to_name, to_email, message, amount FROM {order_voucher} WHERE order_id = ?", id)
	}
	return c
}

// Items reads the lines of an order as a cart, to change and give to EditLines.
func (s *Shop) Items(ctx context.Context, orderID int64) ([]Item, error) {
	var items []Item
	err := s.do(ctx, fmt.Sprintf("read the lines of order %d", orderID), func(r *request) { items = r.orderItems(orderID) })
	return items, err
}

func (r *request) orderItems(id int64) []Item {
	var items []Item
	var lines []int64
	var variants []string
	variant := "''"
	if r.shop.gen == V4 {
		variant = "COALESCE(p.variant, '')"
	}
	r.each(func(scan func(...any)) {
		var item Item
		var line int64
		var v string
		scan(&line, &item.ProductID, &item.Quantity, &v)
		items, lines, variants = append(items, item), append(lines, line), append(variants, v)
	}, "SELECT l.order_product_id, l.product_id, l.quantity, "+variant+" FROM {order_product} l LEFT JOIN {product} p ON p.product_id = l.product_id WHERE l.order_id = ? ORDER BY l.order_product_id", id)
	for i := range items {
		own := map[int64]bool{} // options that make the variant come with the product
		for _, c := range variantChoices(variants[i]) {
			own[c.ProductOptionID] = true
		}
		r.each(func(scan func(...any)) {
			var c Choice
			scan(&c.ProductOptionID, &c.ValueID, &c.Text)
			if c.ValueID != 0 {
				c.Text = ""
			}
			c.Text = unescape(c.Text)
			if !own[c.ProductOptionID] {
				items[i].Options = append(items[i].Options, c)
			}
		}, "SELECT product_option_id, product_option_value_id, value FROM {order_option} WHERE order_product_id = ? ORDER BY order_option_id", lines[i])
	}
	return items
}

// DeleteOrder removes an order, confirmed or not. V3 voids it first, which puts the
// goods back to stock, and deletes the order before its children; V4 only deletes, the
// order last.
func (s *Shop) DeleteOrder(ctx context.Context, id int64) error {
	return s.do(ctx, fmt.Sprintf("delete order %d", id), func(r *request) {
		tables := []string{"order_product", "order_option", "order_subscription", "order_total", "order_history", "order"}
		if s.gen == V3 {
			r.setStatus(id, 0, "", false)
			tables = []string{"order", "order_product", "order_option", "order_voucher", "order_total", "order_history", "order_recurring"}
		}
		for _, table := range tables {
			r.delete(table, "order_id = ?", id)
		}
		if r.err != nil {
			return
		}
		s.forgetDraft(id)
		s.mu.Lock()
		defer s.mu.Unlock()
		if o := s.orders[id]; o != nil {
			o.Deleted = true
		}
	}, subject{"order", id})
}

// forgetDraft takes an order off the list of those that are being placed.
func (s *Shop) forgetDraft(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.sessions[id]; open {
		delete(s.sessions, id)
		s.drafts--
	}
}

// SetCurrencyRate changes the rate of a currency (units of it for one of the default
// currency). Past orders keep theirs.
func (s *Shop) SetCurrencyRate(ctx context.Context, code string, rate decimal.Decimal) error {
	return s.do(ctx, "set the rate of "+code, func(r *request) {
		r.update("currency", set{"value", rate, "date_modified", now}, "code = ?", code)
	})
}

// RenameStatus gives an order status a new name in the default language: its rows are
// deleted and inserted again.
func (s *Shop) RenameStatus(ctx context.Context, status int64, name string) error {
	return s.do(ctx, fmt.Sprintf("rename order status %d", status), func(r *request) {
		names := map[int64]string{}
		languages := r.ids("SELECT language_id FROM {order_status} WHERE order_status_id = ? ORDER BY language_id", status)
		r.each(func(scan func(...any)) {
			var language int64
			var old string
			scan(&language, &old)
			names[language] = old
		}, "SELECT language_id, name FROM {order_status} WHERE order_status_id = ?", status)
		names[1] = escape(name)
		r.delete("order_status", "order_status_id = ?", status)
		for _, language := range languages {
			r.insert("order_status", "order_status_id", status, "language_id", language, "name", names[language])
		}
	}, subject{"order_status", status})
}
