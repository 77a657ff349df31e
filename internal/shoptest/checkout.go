package shoptest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Checkout is an order as a visitor fills it in. Empty fields have useful defaults.
type Checkout struct {
	CustomerID int64   // 0: a guest
	Guest      Person  // who orders; empty: the customer as his account has him
	Address    Address // empty: the customer's default address
	Items      []Item
	Gifts      []Gift // not in V4
	Coupon     string // code, empty for none
	Currency   string // code, empty for the shop's own
	LanguageID int64  // 0 for the default one
	Comment    string
}

// RandomCheckout invents an order of a guest: one to three products of the catalogue
// with fitting options, sometimes a coupon, a comment, another currency.
func (s *Shop) RandomCheckout(ctx context.Context) (Checkout, error) {
	guest := s.RandomPerson()
	c := Checkout{Guest: guest, Address: s.RandomAddress(guest), Comment: pick(s, comments)}
	c.Coupon = pick(s, []string{"", "", "", "", "TEN", "FIVE"})
	c.Currency = pick(s, []string{"", "", "", "", "GBP", "JPY"})
	if s.number(6) == 0 {
		c.LanguageID = 2
	}
	var err error
	c.Items, err = s.RandomItems(ctx)
	return c, err
}

// RandomItems invents a cart of one to three products of the catalogue that are on
// sale.
func (s *Shop) RandomItems(ctx context.Context) ([]Item, error) {
	var items []Item
	err := s.do(ctx, "fill a cart", func(r *request) {
		products := r.ids("SELECT product_id FROM {product} WHERE status = 1 AND product_id <= ? ORDER BY product_id", len(Catalogue()))
		if len(products) == 0 {
			r.fail(fmt.Errorf("the shop has no products"))
			return
		}
		in := map[int64]bool{}
		for range 1 + s.number(3) {
			id := pick(s, products)
			if in[id] {
				continue
			}
			in[id] = true
			items = append(items, Item{ProductID: id, Quantity: 1 + s.number(3), Options: r.randomChoices(id)})
		}
	})
	return items, err
}

// randomChoices fills in the options of a product: all that are required, some of the
// others.
func (r *request) randomChoices(productID int64) []Choice {
	s := r.shop
	var list []Choice
	for _, o := range r.productOptions(productID) {
		var kind string
		r.one([]any{&kind}, "SELECT type FROM {option} WHERE option_id = ?", o.OptionID)
		if r.err != nil || (!o.Required && s.number(2) == 0) {
			continue
		}
		c := Choice{ProductOptionID: o.ID}
		switch {
		case len(o.Values) > 0:
			c.ValueID = pick(s, o.Values).ID
			if kind == "checkbox" && len(o.Values) > 1 && s.number(2) == 0 {
				for _, v := range o.Values {
					list = append(list, Choice{ProductOptionID: o.ID, ValueID: v.ID})
				}
				continue
			}
		case kind == "date":
			c.Text = time.Now().AddDate(0, 0, 7+s.number(30)).Format(time.DateOnly)
		case kind == "file":
			c.Text = s.token(40)
			if s.gen >= V2 {
				r.insert("upload", "name", "artwork.png", "filename", "artwork.png."+s.token(32), "code", c.Text, "date_added", now)
			}
		default:
			c.Text = pick(s, []string{"For Mia & Tom", `"Best" dad`, "1 < 2", "Grüße ✓"})
		}
		list = append(list, c)
	}
	return list
}

// Draft is the confirm step of the checkout: it writes a whole order with status 0 and
// returns its id. Nothing is sold yet, and most shops keep such orders for ever.
func (s *Shop) Draft(ctx context.Context, c Checkout) (int64, error) {
	var id int64
	err := s.do(ctx, "draft an order", func(r *request) { id = r.draft(c, s.token(26)) })
	return id, err
}

// ShowConfirmAgain is a visitor who comes back to the confirm step of the order he is
// placing. Up to V3 it writes a new order, later the lines and totals of the same one
// again (V40 with an entry of status 0 in its history); the id returned is that of the
// order to confirm.
func (s *Shop) ShowConfirmAgain(ctx context.Context, id int64, c Checkout) (int64, error) {
	again := id
	err := s.do(ctx, fmt.Sprintf("show the confirm step of order %d again", id), func(r *request) {
		if s.gen <= V3 {
			again = r.draft(c, s.session(id))
			return
		}
		o := r.checkout(c)
		if s.gen == V40 {
			r.writeStatus(id, 0, "", false)
		}
		r.update("order", o.columns(s.gen, false), "order_id = ?", id)
		r.delete("order_product", "order_id = ?", id)
		r.delete("order_option", "order_id = ?", id)
		r.insertLines(id, o.lines)
		if s.gen == V40 {
			r.replaceGifts(id, o.gifts)
		}
		r.delete("order_total", "order_id = ?", id)
		r.insertTotals(id, o.totals)
	}, subject{"order", id})
	return again, err
}

// session returns the session of the visitor who is placing an order.
func (s *Shop) session(order int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[order]
}

func (r *request) draft(c Checkout, session string) int64 {
	o := r.checkout(c)
	r.writeSession(session)
	r.fillCart(session, c.CustomerID, 0, c.Items)
	columns := append(o.columns(r.shop.gen, false), "ip", "192.0.2.1", "forwarded_ip", "", "user_agent", "Mozilla/5.0 ExampleBrowser/1.0",
		"accept_language", "en-GB,en;q=0.9", "date_added", now, "date_modified", now)
	id := r.insert("order", columns...)
	r.insertLines(id, o.lines)
	r.insertGifts(id, o.gifts)
	r.insertTotals(id, o.totals)
	r.writeSession(session)
	r.shop.mu.Lock()
	defer r.shop.mu.Unlock()
	if r.err == nil {
		r.shop.drafts++
		r.shop.sessions[id] = session
	}
	return id
}

// order is all that a request writes of an order but its status.
type order struct {
	customerID, groupID int64
	person              Person
	billing, shipping   Address
	shippingID          int64
	sent                bool // something has to be sent
	comment             string
	languageID          int64
	languageCode        string
	currencyID          int64
	currencyCode, rate  string
	lines               []line
	gifts               []Gift
	totals              []total
}

// checkout works out an order from what the visitor filled in.
func (r *request) checkout(c Checkout) order {
	o := order{customerID: c.CustomerID, person: c.Guest, shipping: c.Address, comment: c.Comment, languageID: max(c.LanguageID, 1), gifts: c.Gifts}
	if c.CustomerID != 0 && c.Guest == (Person{}) {
		customer := r.customer(c.CustomerID)
		o.person = customer.Person
		if c.Address == (Address{}) {
			o.shipping, o.shippingID = customer.address, customer.addressID
		}
	}
	if r.shop.gen <= V3 {
		o.billing = o.shipping
	}
	if o.sent = r.hasGoods(c.Items); !o.sent {
		o.shipping, o.shippingID = Address{}, 0
	}
	o.groupID = max(o.person.GroupID, 1)
	r.one([]any{&o.languageCode}, "SELECT code FROM {language} WHERE language_id = ?", o.languageID)
	currency := c.Currency
	if currency == "" && r.err == nil {
		currency = r.shop.settings.currency
	}
	if !r.one([]any{&o.currencyID, &o.currencyCode, &o.rate}, "SELECT currency_id, code, CAST(value AS DECIMAL(15,8)) FROM {currency} WHERE code = ?", currency) {
		r.fail(fmt.Errorf("there is no currency %q", currency))
	}
	rates := r.taxRates(o.groupID, o.shipping)
	o.lines = r.price(c.Items, o.groupID, o.languageID, rates)
	o.totals = r.totals(o.lines, o.gifts, c.Coupon, rates)
	if o.person.CustomField == "" {
		o.person.CustomField = "[]"
	}
	o.billing = r.withNames(o.billing)
	o.shipping = r.withNames(o.shipping)
	return o
}

// hasGoods says whether any of the items has to be sent.
func (r *request) hasGoods(items []Item) bool {
	for _, item := range items {
		var shipping bool
		if r.one([]any{&shipping}, "SELECT shipping FROM {product} WHERE product_id = ? AND status = 1", item.ProductID) && shipping {
			return true
		}
	}
	return false
}

// withNames returns the address with the names of country and zone in the default
// language, as an order keeps it.
func (r *request) withNames(a Address) Address {
	if a.CountryID == 0 {
		return a
	}
	country, zone := "SELECT name FROM {country} WHERE country_id = ?", "SELECT name FROM {zone} WHERE zone_id = ?"
	if r.shop.gen == V4 {
		country = "SELECT name FROM {country_description} WHERE language_id = 1 AND country_id = ?"
		zone = "SELECT name FROM {zone_description} WHERE language_id = 1 AND zone_id = ?"
	}
	r.one([]any{&a.country}, country, a.CountryID)
	r.one([]any{&a.zone}, zone, a.ZoneID)
	return a
}

// addressFormat is the one that 4.x copies into each order.
const addressFormat = "{firstname} {lastname}\r\n{company}\r\n{address_1}\r\n{address_2}\r\n{city}, {zone} {postcode}\r\n{country}"

// columns are the columns of oc_order that a checkout, or with staff an edit, writes,
// in the order of the generation's statement.
func (o order) columns(gen Generation, staff bool) set {
	var columns set
	if gen >= V40 {
		columns = set{"subscription_id", 0}
	}
	if gen == V40 {
		columns = append(columns, "transaction_id", "")
	}
	columns = append(columns, "invoice_prefix", "INV-2026-00", "store_id", 0, "store_name", "Example Shop", "store_url", "http://shop.example.com/",
		"customer_id", o.customerID, "customer_group_id", o.groupID, "firstname", escape(o.person.FirstName), "lastname", escape(o.person.LastName),
		"email", escape(o.person.Email), "telephone", escape(o.person.Telephone))
	if gen < V3 {
		columns = append(columns, "fax", "")
	}
	if gen > V1 {
		columns = append(columns, "custom_field", o.person.CustomField)
	}
	method, code := "", ""
	if o.sent {
		method, code = shippingName, "flat.flat"
	}
	if gen <= V3 {
		columns = append(columns, o.billing.orderColumns(gen, "payment", "")...)
		columns = append(columns, "payment_method", "Cash On Delivery", "payment_code", "cod")
		columns = append(columns, o.shipping.orderColumns(gen, "shipping", "")...)
		columns = append(columns, "shipping_method", method, "shipping_code", code)
	} else {
		format := ""
		if o.sent {
			method, format = methodJSON(staff, true), addressFormat
		}
		columns = append(columns, "payment_address_id", 0)
		columns = append(columns, o.billing.orderColumns(gen, "payment", "")...)
		columns = append(columns, "payment_method", methodJSON(staff, false), "shipping_address_id", o.shippingID)
		columns = append(columns, o.shipping.orderColumns(gen, "shipping", format)...)
		columns = append(columns, "shipping_method", method)
	}
	columns = append(columns, "comment", escape(o.comment), "total", o.total(), "affiliate_id", 0, "commission", 0)
	if gen <= V3 && staff {
		return columns
	}
	if gen > V1 {
		columns = append(columns, "marketing_id", 0, "tracking", "")
	}
	columns = append(columns, "language_id", o.languageID)
	if gen >= V40 {
		columns = append(columns, "language_code", o.languageCode)
	}
	return append(columns, "currency_id", o.currencyID, "currency_code", o.currencyCode, "currency_value", o.rate)
}

// total is the last row of the totals.
func (o order) total() decimal.Decimal { return o.totals[len(o.totals)-1].value }

func (a Address) orderColumns(gen Generation, kind, format string) set {
	field := a.CustomField
	if field == "" {
		field = "[]"
	}
	var columns set
	for _, c := range []set{{"firstname", escape(a.FirstName)}, {"lastname", escape(a.LastName)}, {"company", escape(a.Company)},
		{"address_1", escape(a.Address1)}, {"address_2", escape(a.Address2)}, {"city", escape(a.City)}, {"postcode", escape(a.Postcode)},
		{"country", a.country}, {"country_id", a.CountryID}, {"zone", a.zone}, {"zone_id", a.ZoneID},
		{"address_format", format}, {"custom_field", field}, {"company_id", ""}, {"tax_id", a.TaxID}} {
		switch name := c[0].(string); {
		case name == "custom_field" && gen == V1:
			continue
		case (name == "company_id" || name == "tax_id") && (gen > V1 || kind == "shipping"):
			continue
		}
		columns = append(columns, kind+"_"+c[0].(string), c[1])
	}
	return columns
}

func (r *request) insertLines(orderID int64, lines []line) {
	for _, l := range lines {
		columns := set{"order_id", orderID, "product_id", l.productID}
		if r.shop.gen >= V40 {
			columns = append(columns, "master_id", l.masterID)
		}
		id := r.insert("order_product", append(columns, "name", l.name, "model", l.model, "quantity", l.quantity,
			"price", l.price, "total", l.total, "tax", l.tax, "reward", l.reward)...)
		for _, o := range l.options {
			r.insert("order_option", "order_id", orderID, "order_product_id", id, "product_option_id", o.optionID, "product_option_value_id", o.valueID,
				"name", o.name, "value", o.value, "type", o.kind)
		}
	}
}

// replaceGifts writes the gift vouchers of an order anew.
func (r *request) replaceGifts(orderID int64, gifts []Gift) {
	r.update("voucher", set{"status", 0}, "order_id = ?", orderID)
	r.delete("order_voucher", "order_id = ?", orderID)
	r.insertGifts(orderID, gifts)
}

// insertGifts writes the gift vouchers of an order; V4 has none.
func (r *request) insertGifts(orderID int64, gifts []Gift) {
	if len(gifts) > 0 && r.shop.gen == V4 {
		r.fail(fmt.Errorf("%v has no gift vouchers", V4))
	}
	for _, g := range gifts {
		columns := set{"order_id", orderID}
		common := set{"code", strings.ToUpper(r.shop.token(10)), "from_name", escape(g.FromName), "from_email", escape(g.FromEmail),
			"to_name", escape(g.ToName), "to_email", escape(g.ToEmail), "voucher_theme_id", 8, "message", escape(g.Message), "amount", g.Amount}
		id := r.insert("order_voucher", append(append(columns, "description", fmt.Sprintf("%s€ Gift Certificate for %s", g.Amount.StringFixed(2), escape(g.ToName))), common...)...)
		voucher := r.insert("voucher", append(append(columns, common...), "status", 1, "date_added", now)...)
		r.update("order_voucher", set{"voucher_id", voucher}, "order_voucher_id = ?", id)
	}
}

func (r *request) insertTotals(orderID int64, totals []total) {
	for _, t := range totals {
		columns := set{"order_id", orderID}
		if r.shop.gen >= V40 {
			columns = append(columns, "extension", "opencart")
		}
		columns = append(columns, "code", t.code, "title", t.title)
		if r.shop.gen == V1 {
			columns = append(columns, "text", t.value.StringFixed(2)+"€")
		}
		r.insert("order_total", append(columns, "value", t.value, "sort_order", t.order)...)
	}
}

// Confirm makes a draft a sale, as the payment method's call does: stock is taken, the
// status becomes the shop's first one, the cart is emptied.
func (s *Shop) Confirm(ctx context.Context, id int64) error {
	return s.do(ctx, fmt.Sprintf("confirm order %d", id), func(r *request) {
		customer := r.setStatus(id, s.settings.status, "", false)
		session := s.session(id)
		r.writeSession(session)
		r.emptyCart(session, customer, 0)
		r.recordOrder(id)
		if r.err == nil {
			s.forgetDraft(id)
		}
	}, subject{"order", id})
}

// Order drafts and confirms an order and returns its id.
func (s *Shop) Order(ctx context.Context, c Checkout) (int64, error) {
	id, err := s.Draft(ctx, c)
	if err != nil {
		return 0, err
	}
	// An order that was begun is completed.
	return id, s.Confirm(context.WithoutCancel(ctx), id)
}
