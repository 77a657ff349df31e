//go:build odoo

package odoo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"octail/transform/document"
)

// testOdoo calls a real Odoo as administrator, over JSON-RPC, which all versions have.
type testOdoo struct {
	url, db, login, password string
	version                  int
}

func (o *testOdoo) call(t *testing.T, model, method string, args []any, named map[string]any, out any) {
	t.Helper()
	var uid int
	o.post(t, "common", "login", []any{o.db, o.login, o.password}, &uid)
	if named == nil {
		named = map[string]any{}
	}
	o.post(t, "object", "execute_kw", []any{o.db, uid, o.password, model, method, args, named}, out)
}

func (o *testOdoo) post(t *testing.T, service, method string, args []any, out any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": "call", "params": map[string]any{"service": service, "method": method, "args": args}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(o.url+"/jsonrpc", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Result json.RawMessage
		Error  *struct {
			Data struct{ Name, Message string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatalf("%s %s: %v", service, method, err)
	}
	if answer.Error != nil {
		t.Fatalf("%s %s: %s %s", service, method, answer.Error.Data.Name, answer.Error.Data.Message)
	}
	if out != nil {
		if err := json.Unmarshal(answer.Result, out); err != nil {
			t.Fatal(err)
		}
	}
}

// proofShop is what an administrator has made ready.
type proofShop struct {
	*testOdoo
	partner, product int64
	pricelists       map[string]int64
	taxes            map[string]int64 // by rate and "incl" or "excl"
	lineTaxes        string           // field of an order line
}

func (o *testOdoo) create(t *testing.T, model string, values map[string]any) int64 {
	t.Helper()
	var ids []int64
	o.call(t, model, "create", []any{[]any{values}}, nil, &ids)
	return ids[0]
}

func (o *testOdoo) has(t *testing.T, model, field string) bool {
	t.Helper()
	var fields map[string]any
	o.call(t, model, "fields_get", []any{[]string{field}, []string{"type"}}, nil, &fields)
	return len(fields) > 0
}

func prepare(t *testing.T, o *testOdoo) *proofShop {
	t.Helper()
	s := &proofShop{testOdoo: o, pricelists: map[string]int64{}, taxes: map[string]int64{}, lineTaxes: "tax_id"}
	if o.has(t, "sale.order.line", "tax_ids") {
		s.lineTaxes = "tax_ids"
	}
	for _, code := range []string{"EUR", "USD", "JPY", "KWD"} {
		var ids []int64
		o.call(t, "res.currency", "search", []any{[]any{[]any{"name", "=", code}, []any{"active", "in", []bool{true, false}}}}, nil, &ids)
		rounding := map[string]float64{"JPY": 1, "KWD": 0.001}[code]
		if rounding == 0 {
			rounding = 0.01
		}
		o.call(t, "res.currency", "write", []any{ids, map[string]any{"active": true, "rounding": rounding}}, nil, nil)
		s.pricelists[code] = o.create(t, "product.pricelist", map[string]any{"name": "Proof " + code, "currency_id": ids[0]})
	}
	for _, rate := range []string{"20.0000", "5.0000", "7.7000"} {
		for _, kind := range []string{"incl", "excl"} {
			values := map[string]any{"name": fmt.Sprintf("Proof %s %s %d", rate, kind, rand.Int()), "amount": dec(rate).InexactFloat64(), "amount_type": "percent", "type_tax_use": "sale"}
			if o.has(t, "account.tax", "price_include_override") {
				values["price_include_override"] = map[string]string{"incl": "tax_included", "excl": "tax_excluded"}[kind]
			} else {
				values["price_include"] = kind == "incl"
			}
			s.taxes[rate+kind] = o.create(t, "account.tax", values)
		}
	}
	s.partner = o.create(t, "res.partner", map[string]any{"name": "Proof"})
	product := map[string]any{"name": "Proof", "type": "service", "taxes_id": []any{[]any{6, 0, []int64{}}}}
	s.product = o.create(t, "product.product", product)
	return s
}

// outcome is an order as Odoo shows it.
type outcome struct {
	ID    int64       `json:"id"`
	Total json.Number `json:"amount_total"`
	Tax   json.Number `json:"amount_tax"`
}

// deliver loads orders as the sink does, twenty at a time, and reads them.
func (s *proofShop) deliver(t *testing.T, orders []*document.Order, priced []priced, prefix string) []outcome {
	t.Helper()
	var all []outcome
	fields := []string{"id", "partner_id/.id", "pricelist_id/.id", "client_order_ref", "order_line/id", "order_line/product_id/.id", "order_line/name", "order_line/product_uom_qty", "order_line/price_unit", "order_line/" + s.lineTaxes + "/.id"}
	for at := 0; at < len(orders); at += 20 {
		var data [][]string
		for i := at; i < min(at+20, len(orders)); i++ {
			o := orders[i]
			head := []string{prefix + "." + orderName(o.ID), strconv.FormatInt(s.partner, 10), strconv.FormatInt(s.pricelists[o.Currency.Code], 10), o.Number}
			for _, l := range priced[i].lines {
				var taxes []string
				for _, id := range l.taxes {
					taxes = append(taxes, strconv.FormatInt(id, 10))
				}
				data = append(data, append(append([]string{}, head...), prefix+"."+l.name, strconv.FormatInt(s.product, 10), l.text, l.quantity.String(), l.price.String(), strings.Join(taxes, ",")))
				head = []string{"", "", "", ""}
			}
		}
		var loaded struct {
			IDs      json.RawMessage `json:"ids"`
			Messages json.RawMessage
		}
		s.call(t, "sale.order", "load", []any{fields, data}, map[string]any{"context": quiet}, &loaded)
		var ids []int64
		if err := json.Unmarshal(loaded.IDs, &ids); err != nil {
			t.Fatalf("load: %s", loaded.Messages)
		}
		var got []outcome
		s.call(t, "sale.order", "read", []any{ids, []string{"amount_total", "amount_tax"}}, nil, &got)
		by := map[int64]outcome{}
		for _, g := range got {
			by[g.ID] = g
		}
		for _, id := range ids {
			all = append(all, by[id])
		}
	}
	return all
}

// TestTotalsInOdoo: random orders as OpenCart sums them up, in a real Odoo, with taxes in
// the price and on top of it, and both ways of rounding. Each total is the shop's to the
// cent, in the first load. ODOO_19 and ODOO_14 are "url database login password" of an
// administrator; OCTAIL_ODOO_ORDERS is how many orders for each, 300 without.
func TestTotalsInOdoo(t *testing.T) {
	count := 300
	if n, err := strconv.Atoi(os.Getenv("OCTAIL_ODOO_ORDERS")); err == nil {
		count = n
	}
	ran := false
	for _, version := range []int{19, 14} {
		words := strings.Fields(os.Getenv("ODOO_" + strconv.Itoa(version)))
		if len(words) != 4 {
			continue
		}
		ran = true
		s := prepare(t, &testOdoo{words[0], words[1], words[2], words[3], version})
		digits := int32(-1)
		if version < 18 {
			digits = 2
		}
		for _, perLine := range []bool{false, true} {
			method := map[bool]string{false: "round_globally", true: "round_per_line"}[perLine]
			t.Run(fmt.Sprintf("%d/%s", version, method), func(t *testing.T) {
				s.call(t, "res.company", "write", []any{[]int64{1}, map[string]any{"tax_calculation_rounding_method": method}}, nil, nil)
				for _, kind := range []string{"incl", "excl", "mixed"} {
					s.prove(t, kind, count/3, reckoning{arithmetic: arithmetic{perLine: perLine, oldBases: version < 18, digits: digits}})
				}
			})
		}
	}
	if !ran {
		t.Fatal("ODOO_19 and ODOO_14 name no server")
	}
}

func (s *proofShop) prove(t *testing.T, kind string, count int, r reckoning) {
	random := rand.New(rand.NewPCG(42, uint64(len(kind))))
	var orders []*document.Order
	var made []priced
	for len(orders) < count {
		o := placeOrder(random.IntN, int64(len(orders)+1))
		var taxes []tax
		for _, row := range o.Totals {
			if row.Code != "tax" {
				continue
			}
			x := tax{rate: dec(row.Tax.Rate), fixed: row.Tax.Type == "fixed", included: kind == "incl" || kind == "mixed" && len(taxes)%2 == 0, lines: row.Tax.Type == "fixed"}
			if !x.fixed {
				x.id = s.taxes[row.Tax.Rate+map[bool]string{true: "incl", false: "excl"}[x.included]]
			}
			taxes = append(taxes, x)
		}
		r.arithmetic.rounding = currencyStep(o)
		p, err := price(o, taxes, r)
		if err != nil {
			t.Errorf("order %d: %v\n%s", o.ID, err, columns(o, p))
			continue
		}
		orders, made = append(orders, o), append(made, p)
	}
	wrong, taxWrong, rounded, taxEqual, shopTaxes := 0, 0, 0, 0, 0
	largest := decimal.Zero
	for i, got := range s.deliver(t, orders, made, fmt.Sprintf("proof%d", rand.Int())) {
		o, p := orders[i], made[i]
		if total := dec(got.Total.String()); !total.Equal(p.want) {
			wrong++
			t.Errorf("order %d: Odoo's total is %s, not %s\n%s", o.ID, total, p.want, columns(o, p))
		}
		if taxed := dec(got.Tax.String()); !taxed.Equal(p.tax) {
			taxWrong++
		}
		shop := decimal.Zero // as the shop shows it: each row rounded
		for _, row := range o.Totals {
			if row.Code == "tax" && row.Tax.Type == "percent" {
				shop = shop.Add(inCurrency(o, row.Value).Round(int32(o.Currency.Decimals)))
			}
		}
		if !shop.IsZero() {
			shopTaxes++
			if shop.Equal(dec(got.Tax.String())) {
				taxEqual++
			}
		}
		for _, l := range p.lines {
			if l.kind == roundingLine && l.name == orderName(o.ID)+"_rounding" {
				rounded++
				if amount := l.price.Mul(l.quantity).Abs().Div(currencyStep(o)); amount.GreaterThan(largest) {
					largest = amount
				}
			}
		}
	}
	t.Logf("Odoo %d, %s: %d orders, %d totals wrong; %d without a rounding line, %d with, the largest %s units; Odoo's tax as computed in %d; as the shop's in %d of %d taxed",
		s.version, kind, len(orders), wrong, len(orders)-rounded, rounded, largest, len(orders)-taxWrong, taxEqual, shopTaxes)
}
