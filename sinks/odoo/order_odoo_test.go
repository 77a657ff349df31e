//go:build odoo

package odoo

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// till is a bed with a tax of 20 %, and orders as a shop would sell them.
type till struct {
	*bed
	t *testing.T
}

const tillSettings = "mappings: {status: {\"1\": draft, \"2\": confirmed, \"3\": delivered, \"7\": cancelled, \"8\": invoiced, \"9\": locked}}\n"

func newTill(t *testing.T, version int, settings string) *till {
	t.Helper()
	return tillOn(t, tillDatabase(t, version), settings)
}

func tillOn(t *testing.T, o *odootest.Odoo, settings string) *till {
	t.Helper()
	b := &till{newBed(t, o.URL, o.Database, o.Login, o.Key, o.AdminLogin, o.AdminKey, tillSettings+settings), t}
	values := map[string]any{"name": "VAT 20", "amount": 20, "type_tax_use": "sale", "price_include": true}
	if fresh, err := b.has(t.Context(), "account.tax", "price_include_override"); err != nil {
		t.Fatal(err)
	} else if fresh {
		delete(values, "price_include")
		values["price_include_override"] = "tax_included"
	}
	if _, err := b.admin.Create(t.Context(), "account.tax", []map[string]any{values}, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// on runs a test on 19, or on both.
func on(t *testing.T, versions []int, settings string, test func(t *testing.T, b *till)) {
	t.Helper()
	eachVersion(t, versions, func(t *testing.T, v int) { test(t, newTill(t, v, settings)) })
}

// tillDatabase gives a test its database.
var tillDatabase = odootest.Database

var (
	everywhere = odootest.Versions()
	newest     = everywhere[:1]
)

// sale is an order of the shop, in figures of the test.
type sale struct {
	id       int64
	customer int64 // 0: a guest
	status   int64
	lines    []sold
	shipping string // without tax; "": none
	coupon   string // what it takes away, not of the tax; "": none
	street   string
	comment  string
	carrier  string
}

type sold struct {
	line, product, quantity int64
	price                   string
}

func two(id, status int64) sale {
	return sale{id: id, customer: id, status: status, street: "1 High Street", shipping: "5", carrier: "Flat Rate",
		lines: []sold{{1, 40, 2, "101"}, {2, 41, 1, "33.3333"}}}
}

// order writes a sale as the shop's document, as OpenCart computes it.
func (x sale) order() *document.Order {
	money := func(d decimal.Decimal) string { return d.StringFixed(4) }
	status := "Status " + strconv.FormatInt(x.status, 10)
	at := "2026-03-01T09:08:07Z"
	rate := decimal.New(20, -2)
	address := &document.Address{FirstName: "Ann", LastName: "Example", Address1: x.street, City: "Testville", Postcode: "AB1 2CD"}
	o := &document.Order{
		ID: x.id, Number: strconv.FormatInt(x.id, 10), Store: document.Store{Name: "Example Shop"}, Status: document.Status{ID: x.status, Name: &status}, PlacedAt: &at,
		Currency:       document.Currency{Code: "USD", Rate: "1.00000000", Decimals: 2, Base: "USD"},
		Customer:       document.OrderCustomer{FirstName: "Ann", LastName: "Example", Email: fmt.Sprintf("ann%d@example.com", x.customer), Phone: "+1 555 0100"},
		BillingAddress: address, ShippingAddress: address, Comment: x.comment,
		Payment: &document.Payment{Method: "cod", Code: "cod.cod", Name: "Cash On Delivery"},
	}
	if x.customer != 0 {
		o.Customer.ID = &x.customer
	}
	if x.carrier != "" {
		o.Shipping = &document.Shipping{Method: "flat", Code: "flat.flat", Name: x.carrier}
	}
	sum, tax := decimal.Zero, decimal.Zero
	for _, l := range x.lines {
		price, q := decimal.RequireFromString(l.price), decimal.NewFromInt(l.quantity)
		unit := price.Mul(rate)
		o.Lines = append(o.Lines, document.Line{Line: l.line, ProductID: l.product, SKU: fmt.Sprint("SKU", l.product), Model: fmt.Sprint("M", l.product), Name: fmt.Sprint("Product ", l.product),
			Quantity: l.quantity, Price: money(price), Tax: money(unit), Total: money(price.Mul(q)), Codes: map[string]string{}})
		sum, tax = sum.Add(price.Mul(q)), tax.Add(unit.Mul(q))
	}
	row := func(code, title string, value decimal.Decimal) {
		t := document.Total{Code: code, Title: title, Value: money(value)}
		if code == "tax" {
			t.Tax = &document.TotalTax{Rate: "20.0000", Type: "percent"}
		}
		o.Totals = append(o.Totals, t)
	}
	total := sum
	row("sub_total", "Sub-Total", sum)
	for _, extra := range []struct{ code, title, value string }{{"shipping", "Flat Rate", x.shipping}, {"coupon", "Coupon (TEN)", x.coupon}} {
		if extra.value != "" {
			value := decimal.RequireFromString(extra.value)
			row(extra.code, extra.title, value)
			total = total.Add(value)
		}
	}
	row("tax", "VAT (20%)", tax)
	total = total.Add(tax)
	row("total", "Total", total)
	o.Total = money(total)
	name := "Pending"
	o.History = []document.HistoryStep{{Status: document.Status{ID: 1, Name: &name}, At: &at}, {Status: o.Status, At: &at}}
	return o
}

func deliveries(sales ...sale) []sinks.Delivery {
	var out []sinks.Delivery
	for _, x := range sales {
		out = append(out, created(document.OrderEntity, x.id, x.order()))
	}
	return out
}

func (b *till) put(sales ...sale) {
	b.t.Helper()
	if err := b.Deliver(b.t.Context(), deliveries(sales...)); err != nil {
		b.t.Fatal(inFull(err))
	}
}

// inFull is an error with what is beside it.
func inFull(err error) string {
	text := err.Error()
	var batch *sinks.BatchError
	if b, ok := err.(*sinks.BatchError); ok {
		batch = b
		for i, e := range batch.Failed {
			text += fmt.Sprintf("\n%d: %v\n%+v", i, e, sinks.ExchangeOf(e))
		}
		return text
	}
	return text + fmt.Sprintf("\n%+v", sinks.ExchangeOf(err))
}

// seen is an order as Odoo has it.
type seen struct {
	heldOrder
	lines []*heldLine
}

// see reads the orders of a number with their lines, by number.
func (b *till) see(id int64) []seen {
	b.t.Helper()
	fields, err := b.orderFields(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	var heads []*heldOrder
	if err := b.rpc.SearchRead(b.t.Context(), "sale.order", rpc.Find{Domain: []any{[]any{"client_order_ref", "=", strconv.FormatInt(id, 10)}}, Fields: fields}, &heads); err != nil {
		b.t.Fatal(err)
	}
	var out []seen
	for _, h := range heads {
		fields, err := b.lineFields(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		var lines []*heldLine
		if err := b.rpc.Read(b.t.Context(), "sale.order.line", h.Lines, fields, nil, &lines); err != nil {
			b.t.Fatal(err)
		}
		out = append(out, seen{*h, lines})
	}
	return out
}

// is fails unless Odoo has exactly one order of a sale, in a state, with the shop's total
// and as many living lines as the shop.
func (b *till) is(x sale, state string) seen {
	b.t.Helper()
	got := b.see(x.id)
	if len(got) != 1 {
		b.t.Fatalf("Odoo has %d orders of number %d, want 1", len(got), x.id)
	}
	h := got[0]
	want := decimal.RequireFromString(x.order().Total).Round(2)
	if !h.total().Equal(want) || h.State != state || h.Date != "2026-03-01 09:08:07" {
		b.t.Errorf("order %d: total %s, state %s, date %s; want %s, %s", x.id, h.total(), h.State, h.Date, want, state)
	}
	goods := 0
	for _, l := range h.lines {
		for _, s := range x.lines {
			if strings.HasPrefix(string(l.Text), fmt.Sprint("Product ", s.product)) && number(l.Quantity).Equal(decimal.NewFromInt(s.quantity)) {
				goods++
			}
		}
	}
	if goods != len(x.lines) {
		b.t.Errorf("order %d: Odoo has %d of the shop's %d lines: %s", x.id, goods, len(x.lines), show(h.lines))
	}
	return h
}

func show(lines []*heldLine) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "\n  %d %q %s x %s %v = %s", l.ID, l.Text, l.Quantity, l.Price, l.taxes(), l.Total)
	}
	return b.String()
}

func TestOrderIsWritten(t *testing.T) {
	on(t, everywhere, "", func(t *testing.T, b *till) {
		first, second := two(101, 1), two(102, 2)
		second.comment = "Leave at <door> & ring\nplease"
		b.put(first, second)
		b.is(first, stateDraft)
		h := b.is(second, stateSale)
		if !sameNote(string(h.Note), second.comment) {
			t.Errorf("the note is %q", h.Note)
		}
		// Warm: all that is known once is known.
		live := two(103, 2)
		n := b.calls(func() { b.put(live) })
		b.is(live, stateSale)
		again := b.calls(func() { b.put(live) })
		b.is(live, stateSale)
		t.Logf("calls: a live order of a new customer %d, the same again %d", n, again)
		if n > 8 {
			t.Errorf("%d calls for a live order, want at most 8", n)
		}
		var many []sinks.Delivery
		var sales []sale
		for i := range int64(20) {
			x := two(200+i, 2)
			sales = append(sales, x)
			many = append(many, deliveries(x)...)
		}
		n = b.calls(func() { b.deliver(t, many...) })
		for _, x := range sales {
			b.is(x, stateSale)
		}
		t.Logf("calls: 20 confirmed orders %d", n)
		if n > 10 {
			t.Errorf("%d calls for 20 orders, want at most 10", n)
		}
	})
}

func TestOrderIsConfirmedByItsState(t *testing.T) {
	on(t, everywhere, "orders: {confirm: state}\n", func(t *testing.T, b *till) {
		b.put(two(101, 2))
		n := b.calls(func() { b.put(two(102, 2), two(103, 1)) })
		h := b.is(two(102, 2), stateSale)
		b.is(two(103, 1), stateDraft)
		t.Logf("calls: %d", n)
		if len(h.Pickings) != 1 {
			t.Errorf("%d transfers, want 1", len(h.Pickings))
		}
	})
}
