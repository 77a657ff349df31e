package transform

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"octail/internal/shop"
	"octail/transform/document"
)

var orderEntity = entity{
	name: document.OrderEntity, root: "order", id: "order_id",
	halfway: []string{"status", "sums"},
	tables: []aggregateTable{
		{"order", "order_id", []string{"order_id", "invoice_no", "invoice_prefix", "transaction_id", "subscription_id",
			"store_id", "store_name", "store_url", "customer_id", "customer_group_id", "firstname", "lastname", "email", "telephone", "fax", "custom_field",
			"payment_firstname", "payment_lastname", "payment_company", "payment_tax_id", "payment_address_1", "payment_address_2", "payment_city", "payment_postcode",
			"payment_country", "payment_country_id", "payment_zone", "payment_zone_id", "payment_custom_field", "payment_method", "payment_code",
			"shipping_firstname", "shipping_lastname", "shipping_company", "shipping_address_1", "shipping_address_2", "shipping_city", "shipping_postcode",
			"shipping_country", "shipping_country_id", "shipping_zone", "shipping_zone_id", "shipping_custom_field", "shipping_method", "shipping_code",
			"comment", "total", "order_status_id", "affiliate_id", "commission", "marketing_id", "tracking",
			"language_id", "language_code", "currency_code", "currency_value", "date_added"}},
		{"order_product", "order_id", []string{"order_product_id", "order_id", "product_id", "master_id", "name", "model", "quantity", "price", "total", "tax", "reward"}},
		{"order_option", "order_id", []string{"order_option_id", "order_id", "order_product_id", "product_option_id", "product_option_value_id", "name", "value", "type"}},
		{"order_voucher", "order_id", []string{"order_voucher_id", "order_id", "description", "code", "to_name", "to_email", "amount"}},
		{"order_total", "order_id", []string{"order_total_id", "order_id", "code", "title", "value", "sort_order"}},
		{"order_history", "order_id", []string{"order_history_id", "order_id", "order_status_id", "notify", "comment", "date_added"}},
	},
	optional: []string{"order_voucher"},
}

func init() { orderEntity.read = readOrders }

// orderRows is everything an order is made of.
type orderRows struct {
	root                                         shop.Row
	forgotten                                    bool // who ordered
	products, options, vouchers, totals, history []shop.Row
}

func readOrders(a *assembly) error {
	roots, err := a.rows("order", "order_id")
	if err != nil {
		return err
	}
	var kept []int64 // drafts need no more reading
	byID := map[int64]*orderRows{}
	for _, row := range roots.All() {
		id := row.Int("order_id")
		if row.Int("order_status_id") == 0 && !a.previous[id].exists() && !a.drafts {
			a.put(id, &result{draft: true})
			continue
		}
		byID[id] = &orderRows{root: row}
		kept = append(kept, id)
	}
	if len(kept) == 0 {
		return nil
	}
	children := *a
	children.ids = kept
	for _, c := range []struct {
		table string
		order []string
		to    func(*orderRows) *[]shop.Row
	}{
		{"order_product", []string{"order_product_id"}, func(o *orderRows) *[]shop.Row { return &o.products }},
		{"order_option", []string{"order_option_id"}, func(o *orderRows) *[]shop.Row { return &o.options }},
		{"order_voucher", []string{"order_voucher_id"}, func(o *orderRows) *[]shop.Row { return &o.vouchers }},
		{"order_total", []string{"sort_order", "order_total_id"}, func(o *orderRows) *[]shop.Row { return &o.totals }},
		{"order_history", []string{"order_history_id"}, func(o *orderRows) *[]shop.Row { return &o.history }},
	} {
		rows, err := children.rows(c.table, c.order...)
		if err != nil {
			return err
		}
		for _, row := range rows.All() {
			if o := byID[row.Int("order_id")]; o != nil {
				list := c.to(o)
				*list = append(*list, row)
			}
		}
	}
	before := map[int64]*document.Order{}
	lines := newLines(a)
	for _, id := range kept {
		highest := int64(0)
		if p := a.previous[id]; p != nil && p.err == nil {
			highest = p.Lines
			doc, err := p.order()
			if err != nil {
				a.put(id, &result{err: err})
				delete(byID, id)
				continue
			}
			before[id] = doc
		}
		byID[id].forgets(a, before[id])
		lines.read(id, byID[id], before[id], highest)
	}
	if err := lines.finish(); err != nil {
		return err
	}
	for id, o := range byID {
		ol := lines.orders[id]
		doc := a.order(o, ol.lines, before[id])
		doc.Customer.Erased = o.forgotten
		forgetOrder(doc, a.forgotten)
		res := &result{doc: doc, lines: ol.highest, email: strings.ToLower(doc.Customer.Email)}
		if doc.InvoiceNumber != nil {
			res.number = *doc.InvoiceNumber
		}
		if !a.previous[id].exists() {
			res.halfway = halfwayOrder(doc, nil, a.ref.void())
		} else {
			res.halfway = halfwayOrder(doc, before[id], a.ref.void())
		}
		a.put(id, res)
	}
	return nil
}

func (a *assembly) order(o *orderRows, lines []document.Line, before *document.Order) *document.Order {
	r, ref := o.root, a.ref
	doc := &document.Order{
		ID:     r.Int("order_id"),
		Number: strconv.FormatInt(r.Int("order_id"), 10),
		Store:  document.Store{ID: r.Int("store_id"), Name: a.plain(r.Raw("store_name")), URL: a.plain(r.Raw("store_url"))},
		Status: ref.status(r.Int("order_status_id")), PlacedAt: instant(r.Raw("date_added"), ref.zone),
		Customer: document.OrderCustomer{
			Group:     named(ref.groups, r.Int("customer_group_id")),
			FirstName: a.plain(r.Raw("firstname")), LastName: a.plain(r.Raw("lastname")),
			Email: a.plain(r.Raw("email")), Phone: a.plain(r.Raw("telephone")),
		},
		BillingAddress:  a.orderAddress(r, "payment_"),
		ShippingAddress: a.orderAddress(r, "shipping_"),
		Payment:         a.payment(r), Shipping: a.shipping(r),
		Lines: lines, Vouchers: a.vouchers(o.vouchers), Totals: a.totals(o.totals, before),
		Total: money(r.Raw("total")), Comment: a.plain(r.Raw("comment")), Language: orNull(a.plain(r.Raw("language_code"))),
		History: a.history(o.history),
	}
	if n := r.Int("invoice_no"); n > 0 {
		doc.Number = a.plain(r.Raw("invoice_prefix")) + strconv.FormatInt(n, 10)
		doc.InvoiceNumber = pointer(doc.Number)
	}
	if id := r.Int("customer_id"); id > 0 {
		doc.Customer.ID = &id
	}
	if r.Has("fax") {
		doc.Customer.Fax = pointer(a.plain(r.Raw("fax")))
	}
	if r.Has("custom_field") {
		doc.Customer.CustomFields = ref.customFields(r.Raw("custom_field"))
	}
	if doc.Language == nil {
		doc.Language = a.language(r)
	}
	doc.Currency = a.currency(r, before)
	for _, t := range doc.Totals {
		if t.Code == "coupon" {
			// The code stands in the title alone: "Coupon (1111)". OpenCart itself
			// reads it from there.
			if from, to := strings.IndexByte(t.Title, '('), strings.LastIndexByte(t.Title, ')'); from >= 0 && to > from {
				doc.CouponCode = pointer(t.Title[from+1 : to])
			}
			break
		}
	}
	for _, l := range lines {
		doc.RewardPoints += l.Reward
	}
	if id := r.Int("affiliate_id"); id > 0 {
		doc.Affiliate = &document.Affiliate{ID: id, Commission: money(r.Raw("commission"))}
	}
	if r.Has("marketing_id") {
		doc.Marketing = document.None[document.Marketing]()
		if id, tracking := r.Int("marketing_id"), a.plain(r.Raw("tracking")); id > 0 || tracking != "" {
			doc.Marketing = document.Some(document.Marketing{ID: id, Tracking: tracking})
		}
	}
	if r.Has("transaction_id") {
		doc.TransactionID = document.Maybe[string]{Known: true, Value: orNull(a.plain(r.Raw("transaction_id")))}
	}
	if r.Has("subscription_id") {
		doc.SubscriptionID = idOrNull(r.Int("subscription_id"))
	}
	return doc
}

func idOrNull(id int64) document.Maybe[int64] {
	if id == 0 {
		return document.None[int64]()
	}
	return document.Some(id)
}

// money is an amount as stored; NULL, which 4.1 allows, is zero.
func money(s string) string { return orElse(s, "0.0000") }

// measure is a weight or length as stored; NULL is zero.
func measure(s string) string { return orElse(s, "0.00000000") }

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (a *assembly) currency(r shop.Row, before *document.Order) document.Currency {
	c := document.Currency{Code: a.plain(r.Raw("currency_code")), Rate: r.Raw("currency_value"), Base: a.ref.settings["config_currency"]}
	if strings.Trim(c.Rate, "0.") == "" { // 0 or NULL counts as 1
		c.Rate = "1.00000000"
		a.ref.text.zeroRates.Add(1)
	}
	var ok bool
	if c.Decimals, ok = a.ref.decimals[c.Code]; !ok {
		c.Decimals = 2
	}
	// As sold: changing or removing a currency later does not change old orders.
	if before != nil && before.Currency.Code == c.Code && before.Currency.Base != "" {
		c.Decimals, c.Base = before.Currency.Decimals, before.Currency.Base
	}
	return c
}

func (a *assembly) orderAddress(r shop.Row, p string) *document.Address {
	d := document.Address{
		FirstName: a.plain(r.Raw(p + "firstname")), LastName: a.plain(r.Raw(p + "lastname")), Company: a.plain(r.Raw(p + "company")),
		Address1: a.plain(r.Raw(p + "address_1")), Address2: a.plain(r.Raw(p + "address_2")),
		City: a.plain(r.Raw(p + "city")), Postcode: a.plain(r.Raw(p + "postcode")),
		Country: a.ref.country(r.Int(p+"country_id"), a.plain(r.Raw(p+"country"))),
		Zone:    a.ref.place(r.Int(p+"zone_id"), a.plain(r.Raw(p+"zone"))),
	}
	if d.FirstName+d.LastName+d.Company+d.Address1+d.Address2+d.City+d.Postcode == "" && d.Country == nil && d.Zone == nil {
		return nil
	}
	if r.Has(p + "tax_id") {
		d.TaxID = pointer(a.plain(r.Raw(p + "tax_id")))
	}
	if r.Has(p + "custom_field") {
		d.CustomFields = a.ref.customFields(r.Raw(p + "custom_field"))
	}
	return &d
}

// method is a payment or shipping column: since 4.0.2 a JSON object, before that
// a title beside a code column (which an upgraded shop may keep).
type method struct {
	code, name       string
	stored           bool // as JSON, with:
	cost, taxClassID string
}

// methodsKept bounds the methods that are kept decoded.
const methodsKept = 500

func (a *assembly) method(r shop.Row, column, codeColumn string) method {
	text := a.ref.text.valid(r.Raw(column))
	if m, ok := a.ref.methods[text]; ok { // a shop has few
		return m
	}
	trimmed := strings.TrimSpace(text)
	var stored map[string]json.RawMessage
	if strings.HasPrefix(trimmed, "{") && json.Unmarshal([]byte(trimmed), &stored) == nil {
		m := method{code: a.plain(bare(stored["code"])), name: a.plain(bare(stored["name"])), stored: true,
			cost: bare(stored["cost"]), taxClassID: bare(stored["tax_class_id"])}
		if len(a.ref.methods) >= methodsKept {
			clear(a.ref.methods)
		}
		a.ref.methods[text] = m
		return m
	}
	inJSON := !r.Has(codeColumn)
	if (inJSON || r.Raw(codeColumn) == "") && (strings.HasPrefix(trimmed, "{") || trimmed == "[]") {
		text = "" // broken or empty; anything else is a title from before an upgrade
	}
	return method{code: a.plain(r.Raw(codeColumn)), name: a.plain(text), stored: inJSON}
}

func methodOf(code string) string {
	name, _, _ := strings.Cut(code, ".")
	return name
}

func (a *assembly) payment(r shop.Row) *document.Payment {
	m := a.method(r, "payment_method", "payment_code")
	if m.code == "" && m.name == "" {
		return nil
	}
	return &document.Payment{Method: methodOf(m.code), Code: m.code, Name: m.name}
}

func (a *assembly) shipping(r shop.Row) *document.Shipping {
	m := a.method(r, "shipping_method", "shipping_code")
	if m.code == "" && m.name == "" {
		return nil
	}
	s := &document.Shipping{Method: methodOf(m.code), Code: m.code, Name: m.name}
	if m.stored {
		s.Cost = document.Maybe[string]{Known: true, Value: orNull(cents(m.cost))}
		s.TaxClassID = document.None[int64]()
		if id, err := strconv.ParseInt(m.taxClassID, 10, 64); err == nil && id != 0 {
			s.TaxClassID = document.Some(id)
		}
	}
	return s
}

// plainNumber is a decimal number of sane length, without exponent.
var plainNumber = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,20})?$`)

// cents gives an amount at least two decimals: the storefront stores "5.00" where
// a staff edit stores 5, and nothing changed. What is no number is no amount.
func cents(s string) string {
	if !plainNumber.MatchString(s) {
		return ""
	}
	whole, fraction, _ := strings.Cut(s, ".")
	for len(fraction) < 2 {
		fraction += "0"
	}
	return whole + "." + fraction
}

// bare is a JSON number or text as text; null, and what is neither, is "".
func bare(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

func (a *assembly) vouchers(rows []shop.Row) []document.Voucher {
	out := []document.Voucher{}
	for _, r := range rows {
		out = append(out, document.Voucher{
			Description: a.plain(r.Raw("description")), Code: mask(a.plain(r.Raw("code"))),
			ToName: a.plain(r.Raw("to_name")), ToEmail: a.plain(r.Raw("to_email")), Amount: money(r.Raw("amount")),
		})
	}
	return out
}

// mask keeps enough of a voucher code to recognise it, and not enough to spend it.
func mask(code string) string {
	r := []rune(code)
	if len(r) == 0 {
		return ""
	}
	return string(r[:min(2, len(r))]) + "***"
}

func (a *assembly) totals(rows []shop.Row, before *document.Order) []document.Total {
	out := []document.Total{}
	place := map[string]int{}
	for _, r := range rows {
		t := document.Total{Code: a.plain(r.Raw("code")), Title: a.plain(r.Raw("title")), Value: money(r.Raw("value"))}
		n := place[t.Code]
		place[t.Code]++
		if t.Code == "tax" {
			if old := sameTotal(before, t, n); old != nil && old.Tax != nil { // as sold
				t.Tax = old.Tax
			} else if rate, ok := a.ref.taxRates[t.Title]; ok {
				t.Tax = &rate
			}
		}
		out = append(out, t)
	}
	return out
}

// sameTotal finds the total with the same code, title and place among equal codes.
func sameTotal(before *document.Order, t document.Total, place int) *document.Total {
	if before == nil {
		return nil
	}
	n := 0
	for i := range before.Totals {
		old := &before.Totals[i]
		if old.Code != t.Code {
			continue
		}
		if n == place && old.Title == t.Title {
			return old
		}
		n++
	}
	return nil
}

// history keeps the real steps: not status 0, not the void status of an edit, not
// the row an edit leaves behind when it puts the status back.
func (a *assembly) history(rows []shop.Row) []document.HistoryStep {
	out := []document.HistoryStep{}
	void := a.ref.void()
	for i, r := range rows {
		status, comment := r.Int("order_status_id"), a.plain(r.Raw("comment"))
		if status == 0 || status == void && i < len(rows)-1 {
			continue
		}
		if n := len(out); n > 0 && comment == "" && out[n-1].Status.ID == status {
			continue
		}
		out = append(out, document.HistoryStep{Status: a.ref.status(status), Comment: comment, Notified: r.Bool("notify"), At: instant(r.Raw("date_added"), a.ref.zone)})
	}
	return out
}

// halfwayOrder says why an order looks like the middle of an edit: OpenCart
// takes it through status 0 (or void) and deletes and re-inserts all lines and
// totals, each in a statement of its own. before is nil when the outside does not
// know the order.
func halfwayOrder(doc, before *document.Order, void int64) string {
	unset := func(id int64) bool { return id == 0 || id == void }
	switch {
	case before == nil:
		if doc.Status.ID == void {
			return "status"
		}
	case unset(doc.Status.ID) && !unset(before.Status.ID):
		return "status"
	case !addsUp(doc) && addsUp(before):
		return "sums"
	}
	return ""
}

// addsUp reports whether lines and vouchers make sub_total, and the totals total.
// Stored amounts are rounded to four decimals each.
func addsUp(o *document.Order) bool {
	tolerance := decimal.New(int64(len(o.Lines)+len(o.Totals)+1), -4)
	lines, sum := decimal.Zero, decimal.Zero
	for _, l := range o.Lines {
		lines = lines.Add(amount(l.Total))
	}
	for _, v := range o.Vouchers {
		lines = lines.Add(amount(v.Amount))
	}
	sub, total := false, false
	for _, t := range o.Totals {
		v := amount(t.Value)
		switch t.Code {
		case "total":
			total = true
			continue
		case "sub_total":
			sub = true
			if v.Sub(lines).Abs().GreaterThan(tolerance) {
				return false
			}
		}
		sum = sum.Add(v)
	}
	return sub && total && sum.Sub(amount(o.Total)).Abs().LessThanOrEqual(tolerance)
}

func amount(s string) decimal.Decimal {
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Zero
	}
	return d
}

// sortedOptions puts an order line's option rows into their canonical order,
// which does not depend on the ids an edit renews.
func sortedOptions(rows []shop.Row) []shop.Row {
	slices.SortStableFunc(rows, func(x, y shop.Row) int {
		return cmp.Or(cmp.Compare(x.Int("product_option_id"), y.Int("product_option_id")),
			cmp.Compare(x.Int("product_option_value_id"), y.Int("product_option_value_id")), strings.Compare(x.Raw("value"), y.Raw("value")))
	})
	return rows
}
