//go:build odoo

package odoo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// counter is a shop's till beside a real Odoo: random orders, and what an administrator
// has made ready for them.
type counter struct {
	*bed
	version          int
	partner, product int64
	pricelists       map[string]int64
	taxes            map[string]int64 // by rate and "incl" or "excl"
	lineTaxes        string           // the field of an order line
}

// counterSettings: the fixed taxes have no mapping and none in Odoo.
const counterSettings = "mappings: {status: {\"1\": draft}}\n"

// proofOrders is how many orders a test is about.
func proofOrders() int {
	if odootest.Full() {
		return 300
	}
	return 120
}

func newCounter(t *testing.T, version int, kinds ...string) *counter {
	t.Helper()
	o := odootest.Database(t, version)
	c := &counter{version: version, pricelists: map[string]int64{}, taxes: map[string]int64{}, lineTaxes: "tax_id",
		bed: newBed(t, o.URL, o.Database, o.Login, o.Key, o.AdminLogin, o.AdminKey, counterSettings)}
	if c.knows(t, "sale.order.line", "tax_ids") {
		c.lineTaxes = "tax_ids"
	}
	included := func(yes bool) (string, any) { return "price_include", yes }
	if c.knows(t, "account.tax", "price_include_override") {
		included = func(yes bool) (string, any) {
			return "price_include_override", map[bool]string{true: "tax_included", false: "tax_excluded"}[yes]
		}
	}
	for code, rounding := range map[string]string{"EUR": "0.01", "USD": "0.01", "JPY": "1", "KWD": "0.001"} {
		var found []struct{ ID int64 }
		if err := c.admin.SearchRead(t.Context(), "res.currency", rpc.Find{Domain: []any{[]any{"name", "=", code}, []any{"active", "in", []bool{true, false}}}, Fields: []string{"name"}}, &found); err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %d currencies", code, err, len(found))
		}
		if err := c.admin.Write(t.Context(), "res.currency", []int64{found[0].ID}, map[string]any{"active": true, "rounding": dec(rounding).InexactFloat64()}, nil); err != nil {
			t.Fatal(err)
		}
		c.pricelists[code] = c.make(t, "product.pricelist", map[string]any{"name": "Proof " + code, "currency_id": found[0].ID})
	}
	for _, rate := range []string{"20.0000", "5.0000", "7.7000"} {
		for _, kind := range kinds {
			field, value := included(kind == "incl")
			c.taxes[rate+kind] = c.make(t, "account.tax", map[string]any{"name": "Proof " + rate + kind, "amount": dec(rate).InexactFloat64(), "amount_type": "percent", "type_tax_use": "sale", field: value})
		}
	}
	c.partner = c.make(t, "res.partner", map[string]any{"name": "Proof"})
	c.product = c.make(t, "product.product", map[string]any{"name": "Proof", "type": "service", "taxes_id": []any{[]any{6, 0, []int64{}}}})
	return c
}

func (c *counter) knows(t *testing.T, model, field string) bool {
	t.Helper()
	yes, err := c.has(t.Context(), model, field)
	if err != nil {
		t.Fatal(err)
	}
	return yes
}

func (c *counter) make(t *testing.T, model string, values map[string]any) int64 {
	t.Helper()
	ids, err := c.admin.Create(t.Context(), model, []map[string]any{values}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ids[0]
}

// round sets how the company rounds.
func (c *counter) round(t *testing.T, perLine bool) {
	t.Helper()
	method := map[bool]string{false: "round_globally", true: "round_per_line"}[perLine]
	if err := c.admin.Write(t.Context(), "res.company", []int64{1}, map[string]any{"tax_calculation_rounding_method": method}, nil); err != nil {
		t.Fatal(err)
	}
}

// outcome is an order as Odoo shows it.
type outcome struct {
	ID    int64       `json:"id"`
	Ref   rpc.Text    `json:"client_order_ref"`
	Total json.Number `json:"amount_total"`
	Tax   json.Number `json:"amount_tax"`
}

func (c *counter) outcomes(t *testing.T, refs []string) map[string][]outcome {
	t.Helper()
	var got []outcome
	if err := c.admin.SearchRead(t.Context(), "sale.order", rpc.Find{Domain: []any{[]any{"client_order_ref", "in", refs}}, Fields: []string{"client_order_ref", "amount_total", "amount_tax"}}, &got); err != nil {
		t.Fatal(err)
	}
	by := map[string][]outcome{}
	for _, g := range got {
		by[string(g.Ref)] = append(by[string(g.Ref)], g)
	}
	return by
}

// proof counts what a run of orders has shown.
type proof struct {
	orders, wrong, rounded, taxComputed, taxed, taxEqual int
	largest                                              decimal.Decimal // of the rounding lines, in units of the currency's rounding
}

func (p *proof) String() string {
	return fmt.Sprintf("%d orders, %d totals wrong; %d without a rounding line, %d with, the largest %s units; Odoo's tax as computed in %d; as the shop's in %d of %d taxed",
		p.orders, p.wrong, p.orders-p.rounded, p.rounded, p.largest, p.taxComputed, p.taxEqual, p.taxed)
}

func (p *proof) add(t *testing.T, o *document.Order, made priced, got []outcome) {
	t.Helper()
	p.orders++
	if len(got) != 1 {
		p.wrong++
		t.Errorf("order %d is %d times in Odoo", o.ID, len(got))
		return
	}
	if total := dec(got[0].Total.String()); !total.Equal(inCurrency(o, o.Total).Round(int32(o.Currency.Decimals))) {
		p.wrong++
		t.Errorf("order %d: Odoo's total is %s, not %s\n%s", o.ID, total, made.want, columns(o, made))
	}
	if dec(got[0].Tax.String()).Equal(made.tax) {
		p.taxComputed++
	}
	shop := decimal.Zero // as the shop shows it: each row rounded
	for _, row := range o.Totals {
		if row.Code == "tax" && row.Tax.Type == "percent" {
			shop = shop.Add(inCurrency(o, row.Value).Round(int32(o.Currency.Decimals)))
		}
	}
	if !shop.IsZero() {
		p.taxed++
		if shop.Equal(dec(got[0].Tax.String())) {
			p.taxEqual++
		}
	}
	for _, l := range made.lines {
		if l.kind == roundingLine && l.name == orderName(o.ID)+"_rounding" {
			p.rounded++
			p.largest = decimal.Max(p.largest, l.price.Mul(l.quantity).Abs().Div(currencyStep(o)))
		}
	}
}

// reckon is how the sink would reckon.
func (c *counter) reckon(perLine bool, o *document.Order) reckoning {
	r := reckoning{arithmetic: arithmetic{perLine: perLine, rounding: currencyStep(o), digits: -1}}
	if c.version < 18 {
		r.oldBases, r.digits = true, 2
	}
	return r
}

func (c *counter) mapped(o *document.Order, kind string) []tax {
	var taxes []tax
	for _, row := range o.Totals {
		if row.Code != "tax" {
			continue
		}
		x := tax{rate: dec(row.Tax.Rate), fixed: row.Tax.Type == "fixed", included: kind == "incl" || kind == "mixed" && len(taxes)%2 == 0}
		if x.lines = x.fixed; !x.fixed {
			x.id = c.taxes[row.Tax.Rate+map[bool]string{true: "incl", false: "excl"}[x.included]]
		}
		taxes = append(taxes, x)
	}
	return taxes
}

// TestTotalsLoaded: the lines of random orders as OpenCart sums them up, in a real Odoo,
// with taxes in the price, on top of it and both mixed, and both ways of rounding: each
// total is the shop's to the cent after one load, since all of Odoo's rounding is known.
func TestTotalsLoaded(t *testing.T) {
	eachVersion(t, everywhere, func(t *testing.T, version int) {
		c := newCounter(t, version, "incl", "excl")
		for _, perLine := range []bool{false, true} {
			c.round(t, perLine)
			for i, kind := range []string{"incl", "excl", "mixed"} {
				random, p := rand.New(rand.NewPCG(42, uint64(i))), &proof{}
				for p.orders < proofOrders()/3 && !t.Failed() {
					c.loadAndLook(t, random, kind, perLine, p)
				}
				t.Logf("Odoo %d, per line %v, %s: %s", version, perLine, kind, p)
				if p.taxComputed != p.orders {
					t.Errorf("Odoo's tax is another than computed in %d orders", p.orders-p.taxComputed)
				}
			}
		}
	})
}

// loadAndLook loads twenty orders at once, as the sink does.
func (c *counter) loadAndLook(t *testing.T, random *rand.Rand, kind string, perLine bool, p *proof) {
	t.Helper()
	fields := []string{"id", "partner_id/.id", "pricelist_id/.id", "client_order_ref", "order_line/id", "order_line/product_id/.id", "order_line/name", "order_line/product_uom_qty", "order_line/price_unit", "order_line/" + c.lineTaxes + "/.id"}
	prefix := fmt.Sprintf("proof_%s_%v_%d", kind, perLine, p.orders)
	var data [][]string
	var orders []*document.Order
	var made []priced
	var refs []string
	for i := range 20 {
		o := placeOrder(random.IntN, int64(p.orders+i+1))
		x, err := price(o, c.mapped(o, kind), c.reckon(perLine, o))
		if err != nil {
			t.Fatalf("order %d: %v\n%s", o.ID, err, columns(o, x))
		}
		ref := prefix + "_" + o.Number
		orders, made, refs = append(orders, o), append(made, x), append(refs, ref)
		head := []string{prefix + "." + orderName(o.ID), strconv.FormatInt(c.partner, 10), strconv.FormatInt(c.pricelists[o.Currency.Code], 10), ref}
		for _, l := range x.lines {
			taxes := strings.Trim(strings.ReplaceAll(fmt.Sprint(l.taxes), " ", ","), "[]")
			data = append(data, append(head, prefix+"."+l.name, strconv.FormatInt(c.product, 10), l.text, l.quantity.String(), l.price.String(), taxes))
			head = []string{"", "", "", ""}
		}
	}
	var loaded struct{ IDs, Messages json.RawMessage }
	if err := c.admin.Call(t.Context(), "sale.order", "load", rpc.Args{Named: map[string]any{"fields": fields, "data": data}, Context: quiet}, &loaded); err != nil {
		t.Fatal(err)
	}
	if string(loaded.IDs) == "false" {
		t.Fatalf("load: %s", loaded.Messages)
	}
	got := c.outcomes(t, refs)
	for i := range orders {
		p.add(t, orders[i], made[i], got[refs[i]])
	}
}

// TestTotalsDelivered: random orders through the sink.
func TestTotalsDelivered(t *testing.T) {
	eachVersion(t, everywhere, func(t *testing.T, version int) {
		for _, perLine := range []bool{false, true} {
			c := newCounter(t, version, "incl")
			c.round(t, perLine)
			random, p, calls := rand.New(rand.NewPCG(7, 7)), &proof{}, c.rpc.Calls()
			for p.orders < proofOrders() && !t.Failed() {
				c.deliverAndLook(t, random, "incl", perLine, p)
			}
			t.Logf("Odoo %d, per line %v, through the sink: %s; %d calls", version, perLine, p, c.rpc.Calls()-calls)
		}
	})
}

// TestTotalsCorrected: Odoo rounds otherwise than the sink believes, as someone changed
// the company's method after it was asked. What is read back is another total then, and
// the rounding line is corrected.
func TestTotalsCorrected(t *testing.T) {
	eachVersion(t, everywhere, func(t *testing.T, version int) {
		c := newCounter(t, version, "excl")
		c.round(t, false)
		random, p := rand.New(rand.NewPCG(7, 9)), &proof{}
		c.deliverAndLook(t, random, "excl", false, p)
		c.round(t, true)
		*p = proof{orders: p.orders}
		for p.orders < 80 && !t.Failed() {
			c.deliverAndLook(t, random, "excl", false, p)
		}
		if p.taxComputed == p.orders-20 {
			t.Errorf("Odoo rounded as the sink believed: %s", p)
		}
	})
}

// deliverAndLook delivers twenty orders at once.
func (c *counter) deliverAndLook(t *testing.T, random *rand.Rand, kind string, perLine bool, p *proof) {
	t.Helper()
	var batch []sinks.Delivery
	var orders []*document.Order
	var refs []string
	for i := range 20 {
		o := complete(placeOrder(random.IntN, int64(p.orders+i+1)))
		orders, refs = append(orders, o), append(refs, o.Number)
		batch = append(batch, created(document.OrderEntity, o.ID, o))
	}
	if err := c.Deliver(t.Context(), batch); err != nil {
		t.Fatal(inFull(err))
	}
	got := c.outcomes(t, refs)
	for i, o := range orders {
		made, err := price(o, c.mapped(o, kind), c.reckon(perLine, o))
		if err != nil {
			t.Fatal(err)
		}
		p.add(t, o, made, got[refs[i]])
	}
}

// complete adds what the sink needs beside the sums.
func complete(o *document.Order) *document.Order {
	pending, at := "Pending", "2026-03-01T09:08:07Z"
	o.Status, o.PlacedAt = document.Status{ID: 1, Name: &pending}, &at
	o.Store = document.Store{Name: "Example Shop"}
	address := &document.Address{FirstName: "Ann", LastName: "Example", Address1: "1 High Street", City: "Testville", Postcode: "AB1 2CD"}
	customer := o.ID % 10
	o.Customer = document.OrderCustomer{ID: &customer, FirstName: "Ann", LastName: "Example", Email: fmt.Sprintf("ann%d@example.com", customer)}
	o.BillingAddress, o.ShippingAddress = address, address
	o.Payment = &document.Payment{Method: "cod", Code: "cod.cod", Name: "Cash On Delivery"}
	for _, row := range o.Totals {
		if row.Code == "shipping" {
			o.Shipping = &document.Shipping{Method: "flat", Code: "flat.flat", Name: row.Title}
		}
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		l.SKU, l.Model, l.Codes = fmt.Sprint("SKU", l.ProductID), fmt.Sprint("M", l.ProductID), map[string]string{}
	}
	o.History = []document.HistoryStep{{Status: o.Status, At: &at}}
	return o
}
