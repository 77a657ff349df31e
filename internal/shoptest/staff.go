package shoptest

import (
	"context"
	"fmt"
	"slices"
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

	if r.shop.gen == V1 {
		r.editV1(id, status, r.checkout(c))
		r.recordOrder(id)
		return
	}
	session := r.shop.token(26)
	r.fillCart(session, c.CustomerID, 1, c.Items)
	if r.shop.gen == V4 {
		r.setStatus(id, r.shop.settings.void, "", true)
	} else {
		r.setStatus(id, 0, "", false)
	}
	o := r.checkout(c)
	r.update("order", append(o.columns(r.shop.gen, true), "date_modified", now), "order_id = ?", id)
	r.delete("order_product", "order_id = ?", id)
	r.delete("order_option", "order_id = ?", id)
	r.insertLines(id, o.lines)
	if r.shop.gen != V4 {
		r.replaceGifts(id, o.gifts)
	}
	r.delete("order_total", "order_id = ?", id)
	r.insertTotals(id, o.totals)
	r.setStatus(id, status, "", false)
	if r.shop.gen == V3 { // the others leave it behind
		r.delete("order_history", "order_id = ? AND order_status_id = 0", id)
	}
	r.emptyCart(session, c.CustomerID, 1)
	r.recordOrder(id)
}

// editV1 is the form of 1.5: the status is not touched and nothing is written to the
// history; the lines are written again under the ids they have, which the form posts,
// each with its stock, and the total last.
func (r *request) editV1(id, status int64, o order) {
	if status != 0 {
		r.moveStock(id, +1)
	}
	header := append(o.columns(V1, true), "date_modified", now)
	if i := slices.Index(header, any("total")); i >= 0 { // which comes last
		header = slices.Delete(header, i, i+2)
	}
	r.update("order", header, "order_id = ?", id)
	kept := r.ids("SELECT order_product_id FROM {order_product} WHERE order_id = ? ORDER BY order_product_id", id)
	options := r.ids("SELECT order_option_id FROM {order_option} WHERE order_id = ? ORDER BY order_option_id", id)
	next := func(ids *[]int64) (id int64) {
		if len(*ids) > 0 {
			id, *ids = (*ids)[0], (*ids)[1:]
		}
		return id // 0: the next one
	}
	r.delete("order_product", "order_id = ?", id)
	r.delete("order_option", "order_id = ?", id)
	for _, l := range o.lines {
		line := r.insert("order_product", "order_product_id", next(&kept), "order_id", id, "product_id", l.productID, "name", l.name, "model", l.model,
			"quantity", l.quantity, "price", l.price, "total", l.total, "tax", l.tax, "reward", l.reward)
		r.takeStock("product", "product_id", l.productID, l.quantity)
		for _, c := range l.options {
			r.insert("order_option", "order_option_id", next(&options), "order_id", id, "order_product_id", line, "product_option_id", c.optionID,
				"product_option_value_id", c.valueID, "name", c.name, "value", c.value, "type", c.kind)
			r.takeStock("product_option_value", "product_option_value_id", c.valueID, l.quantity)
		}
	}
	r.replaceGifts(id, o.gifts)
	r.delete("order_total", "order_id = ?", id)
	r.insertTotals(id, o.totals)
	r.update("order", set{"total", o.total()}, "order_id = ?", id)
}

// orderCheckout is what the staff's form shows of an order.
func (r *request) orderCheckout(id int64) Checkout {
	var c Checkout
	p, a := &c.Guest, &c.Address
	field := map[string]string{"custom_field": "custom_field", "shipping_custom_field": "shipping_custom_field, ''", "payment_custom_field": "payment_custom_field, ''"}
	if r.shop.gen == V1 {
		field = map[string]string{"custom_field": "''", "shipping_custom_field": "'', payment_tax_id", "payment_custom_field": "'', payment_tax_id"}
	}
	if !r.one([]any{&c.CustomerID, &p.GroupID, &p.FirstName, &p.LastName, &p.Email, &p.Telephone, &p.CustomField, &c.Currency, &c.LanguageID, &c.Comment,
		&a.FirstName, &a.LastName, &a.Company, &a.Address1, &a.Address2, &a.City, &a.Postcode, &a.CountryID, &a.ZoneID, &a.CustomField, &a.TaxID},
		`SELECT customer_id, customer_group_id, firstname, lastname, email, telephone, `+field["custom_field"]+`, currency_code, language_id, comment,
		shipping_firstname, shipping_lastname, shipping_company, shipping_address_1, shipping_address_2, shipping_city, shipping_postcode,
		shipping_country_id, shipping_zone_id, `+field["shipping_custom_field"]+` FROM {order} WHERE order_id = ?`, id) {
		r.fail(fmt.Errorf("there is no order %d", id))
		return c
	}
	for _, field := range []*string{&p.FirstName, &p.LastName, &p.Email, &p.Telephone, &c.Comment} {
		*field = unescape(*field)
	}
	if a.CountryID == 0 { // nothing had to be sent
		r.one(a.fields(), `SELECT payment_firstname, payment_lastname, payment_company, payment_address_1, payment_address_2, payment_city, payment_postcode,
			payment_country_id, payment_zone_id, `+field["payment_custom_field"]+` FROM {order} WHERE order_id = ?`, id)
	}
	a.unescape()
	c.Items = r.orderItems(id)
	r.one([]any{&c.Coupon}, "SELECT title FROM {order_total} WHERE order_id = ? AND code = 'coupon'", id)
	c.Coupon = strings.TrimSuffix(strings.TrimPrefix(c.Coupon, "Coupon ("), ")")
	if r.shop.gen != V4 {
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
	if r.shop.gen >= V40 {
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

// DeleteOrder removes an order, confirmed or not. V2 to V40 set status 0 first, which
// puts the goods back to stock, as V1 does without it, and delete the order before its
// children; V4 only deletes, the order last.
func (s *Shop) DeleteOrder(ctx context.Context, id int64) error {
	return s.do(ctx, fmt.Sprintf("delete order %d", id), func(r *request) {
		tables := []string{"order_product", "order_option", "order_subscription", "order_total", "order_history", "order"}
		switch s.gen {
		case V1:
			var status int64
			if r.one([]any{&status}, "SELECT order_status_id FROM {order} WHERE order_id = ?", id) && status != 0 {
				r.moveStock(id, +1)
			}
			tables = []string{"order", "order_product", "order_option", "order_download", "order_voucher", "order_total", "order_history"}
		case V2, V3:
			r.setStatus(id, 0, "", false)
			tables = []string{"order", "order_product", "order_option", "order_voucher", "order_total", "order_history", "order_recurring"}
		case V40:
			r.setStatus(id, 0, "", false)
			tables = []string{"order", "order_product", "order_option", "order_subscription", "order_voucher", "order_total", "order_history"}
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
