//go:build odoo

package odoo

import (
	"fmt"
	"strings"
	"testing"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// newTax makes a sales tax as the administrator.
func (a *atlas) newTax(name string, amount float64, included bool, more map[string]any) int64 {
	values := map[string]any{"name": name, "amount": amount, "amount_type": "percent", "type_tax_use": "sale"}
	if ok, err := a.has(a.t.Context(), "account.tax", "price_include_override"); err != nil {
		a.t.Fatal(err)
	} else if ok {
		values["price_include_override"] = map[bool]string{true: "tax_included", false: "tax_excluded"}[included]
	} else {
		values["price_include"] = included
	}
	for k, v := range more {
		values[k] = v
	}
	return a.create("account.tax", values)
}

// TestTaxes: by rate and type, the one in the price first; else by a line.
func TestTaxes(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		twenty := document.TotalTax{Rate: "20.0000", Type: "percent"}
		_, err := a.mapTax(ctx, 0, twenty, "VAT (20%)")
		a.heldBy(err, "tax", "no sales tax of 20%", "Configuration > Taxes", `"20%": `, `"20%": lines`)
		_, err = a.mapTax(ctx, 0, document.TotalTax{}, "Old duty")
		a.heldBy(err, "tax", "no longer knows", `"Old duty": lines`)

		excluded := a.newTax("20% out", 20, false, nil)
		a.later(missAge)
		got, err := a.mapTax(ctx, 0, twenty, "VAT (20%)")
		a.must(err)
		if got.id != excluded || got.included || got.fixed || got.lines || got.rate.String() != "20" {
			t.Errorf("mended in Odoo: %+v", got)
		}
		included := a.newTax("20% in", 20, true, map[string]any{"sequence": 99})
		a.newTax("20% bought", 20, true, map[string]any{"type_tax_use": "purchase"})
		a.newTax("Eco", 2, false, map[string]any{"amount_type": "fixed"})
		two := a.newTax("2%", 2, true, nil)
		group := a.newTax("Two taxes", 0, false, map[string]any{"amount_type": "group", "children_tax_ids": []any{[]any{6, 0, []int64{excluded}}}})
		a.later(listAge)
		if got, err = a.mapTax(ctx, 0, twenty, "VAT"); got.id != included || !got.included || err != nil {
			t.Errorf("in the price: %+v, %v", got, err)
		}
		if !strings.Contains(a.log.String(), "20% out") {
			t.Errorf("nothing is logged of the choice: %s", a.log)
		}
		logged := a.log.Len()
		if n := a.calls(func() { _, err = a.mapTax(ctx, 0, twenty, "VAT") }); n != 0 || err != nil || a.log.Len() != logged {
			t.Errorf("again: %d calls, %v, %s", n, err, a.log)
		}
		if got, err = a.mapTax(ctx, 0, document.TotalTax{Rate: "2.0000", Type: "percent"}, "percent"); got.id != two || got.fixed || err != nil {
			t.Errorf("percent: %+v, %v", got, err)
		}
		for _, amount := range []string{"2.0000", "0.3000"} { // whether Odoo has one or not
			if got, err = a.mapTax(ctx, 0, document.TotalTax{Rate: amount, Type: "fixed"}, "Eco"); got.id != 0 || !got.fixed || !got.lines || err != nil {
				t.Errorf("fixed %s without a mapping: %+v, %v", amount, got, err)
			}
		}
		if got, err = a.mapTax(ctx, 0, document.TotalTax{}, "VAT (20%)"); got.id != included || err != nil {
			t.Errorf("by the title's rate: %+v, %v", got, err)
		}

		a.reload(func(c *Config) {
			c.Mappings.Tax = map[string]string{"20.0000": "20% OUT", "Luxury": "Lines", "fixed 2.00": "lines", "7%": "None", "Both": "Two taxes"}
		})
		if got, err = a.mapTax(ctx, 0, twenty, "VAT"); got.id != excluded || err != nil {
			t.Errorf("by rate: %+v, %v", got, err)
		}
		if got, err = a.mapTax(ctx, 0, twenty, "luxury"); !got.lines || got.id != 0 || err != nil {
			t.Errorf("by title: %+v, %v", got, err)
		}
		if got, err = a.mapTax(ctx, 0, document.TotalTax{Rate: "2.0000", Type: "fixed"}, "Eco"); !got.lines || !got.fixed || err != nil {
			t.Errorf("fixed: %+v, %v", got, err)
		}
		if got, err = a.mapTax(ctx, 0, document.TotalTax{Rate: "2.0000", Type: "percent"}, "City"); got.id != two || err != nil {
			t.Errorf("a line for the fixed one: %+v, %v", got, err)
		}
		_, err = a.mapTax(ctx, 0, document.TotalTax{Rate: "7.0000", Type: "percent"}, "VAT 7")
		a.heldBy(err, "tax", "mappings.tax", `"None"`)
		_, err = a.mapTax(ctx, 0, twenty, "Both")
		a.heldBy(err, "tax", "group", `"Two taxes"`)
		_ = group

		a.reload(func(c *Config) { c.Orders.Tax = asLines })
		if got, err = a.mapTax(ctx, 0, document.TotalTax{Rate: "19.0000", Type: "percent"}, "VAT 19"); !got.lines || got.rate.String() != "19" || err != nil {
			t.Errorf("all as lines: %+v, %v", got, err)
		}
	})
}

// TestPayments: a term and a journal, by lines or by their names.
func TestPayments(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		days := a.ids("account.payment.term", []any{"name", "=", "30 Days"})[0]
		bank := a.ids("account.journal", []any{"type", "=", "bank"})[0]
		if got, err := a.mapPayment(ctx, 0, &document.Payment{Method: "terms", Name: "30  DAYS"}); got != (payment{term: days}) || err != nil {
			t.Errorf("by name: %+v, %v", got, err)
		}
		for _, p := range []*document.Payment{nil, {Method: "cod", Code: "cod", Name: "Cash On Delivery"}} {
			if got, err := a.mapPayment(ctx, 0, p); got != (payment{}) || err != nil {
				t.Errorf("without lines: %+v, %v", got, err)
			}
		}
		map1 := map[string]PaymentTarget{"bank_transfer": {Term: "30 days", Journal: "bnk1"}, "pp.express": {Term: "None"}, "card": {Journal: "Cards"}}
		a.reload(func(c *Config) { c.Mappings.Payment = map1 })
		if got, err := a.mapPayment(ctx, 0, &document.Payment{Method: "Bank_Transfer"}); got != (payment{term: days, journal: bank}) || err != nil {
			t.Errorf("by method: %+v, %v", got, err)
		}
		_, err := a.mapPayment(ctx, 0, &document.Payment{Method: "cod", Name: "Cash On Delivery"})
		a.heldBy(err, "payment", `"Cash On Delivery" (cod)`, `mappings.payment: "cod": `)
		_, err = a.mapPayment(ctx, 0, &document.Payment{Method: "pp", Code: "pp.express", Name: "Paypal"})
		a.heldBy(err, "payment", `no payment term "None"`, "Payment Terms")
		_, err = a.mapPayment(ctx, 0, &document.Payment{Method: "card"})
		a.heldBy(err, "payment", `journal "Cards"`, "Journals")
		if got, err := a.mapPayment(ctx, 0, nil); got != (payment{}) || err != nil {
			t.Errorf("a free order: %+v, %v", got, err)
		}
		map1[otherwise] = PaymentTarget{Term: "30 Days"}
		if got, err := a.mapPayment(ctx, 0, &document.Payment{Method: "cod"}); got.term != days || err != nil {
			t.Errorf("by default: %+v, %v", got, err)
		}

		// Journals of themselves, where an order gets as far as being paid.
		a.reload(func(c *Config) { c.Mappings.Status = map[string]string{"5": "paid"} })
		if got, err := a.mapPayment(ctx, 0, &document.Payment{Method: "cod"}); got.journal != bank || got.why != nil || err != nil {
			t.Errorf("the only bank: %+v, %v", got, err)
		}
		cards := a.create("account.journal", map[string]any{"name": "Cards", "code": "CARD", "type": "bank"})
		a.later(listAge)
		if got, err := a.mapPayment(ctx, 0, &document.Payment{Method: "card", Name: "cards"}); got.journal != cards || err != nil {
			t.Errorf("by name: %+v, %v", got, err)
		}
		got, err := a.mapPayment(ctx, 0, &document.Payment{Method: "cod"})
		a.must(err)
		a.heldBy(got.why, "payment", "cod", "{journal: ")
	})
}

// TestNames: what a setting names may be in any language of Odoo.
func TestNames(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		a.write("res.lang", a.ids("res.lang", []any{"code", "=", "fr_FR"}, []any{"active", "in", []bool{true, false}})[0], map[string]any{"active": true})
		days := a.ids("account.payment.term", []any{"name", "=", "30 Days"})[0]
		french := map[string]any{"lang": "fr_FR"}
		a.must(a.admin.Write(ctx, "account.payment.term", []int64{days}, map[string]any{"name": "30 jours"}, french))
		for _, name := range []string{"30 Days", "30 JOURS", fmt.Sprint(days)} {
			a.reload(func(c *Config) { c.Mappings.Payment = map[string]PaymentTarget{"cod": {Term: name}} })
			if got, err := a.mapPayment(ctx, 0, &document.Payment{Method: "cod"}); got.term != days || err != nil {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

// TestStale: what was deleted in Odoo is looked for again, and is no reason to give up.
func TestStale(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		own := a.create("product.product", map[string]any{"name": "Post", "default_code": "POST"})
		a.reload(func(c *Config) { c.Products.Services = map[string]string{"shipping": "POST"} })
		id, err := a.service(ctx, svcShipping)
		a.must(err)
		a.must(a.admin.Call(ctx, "product.product", "unlink", rpc.Args{IDs: []int64{own}}, nil))
		r := &record{xid: a.xid("carrier_x"), cells: map[string]string{"name": "X", "product_id/.id": fmt.Sprint(id)}, item: &item{}}
		a.must(a.load(ctx, "delivery.carrier", []*record{r}, nil))
		if class, _ := sinks.ClassOf(r.item.err); r.item.err == nil || class != sinks.Retryable || !strings.Contains(r.item.err.Error(), "deleted") {
			t.Errorf("%s: %v", class, r.item.err)
		}
		_, err = a.service(ctx, svcShipping)
		a.heldBy(err, "product", "products.services", `"POST"`)
	})
}

// TestStores: stores may sell for companies of their own.
func TestStores(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		b, err := a.known(ctx)
		a.must(err)
		if got, err := a.mapStore(ctx, document.Store{ID: 0, Name: "Your Store"}); got != (store{company: b.company.id, warehouse: b.warehouse.id}) || err != nil {
			t.Errorf("without lines: %+v, %v", got, err)
		}
		// A store's company may only be one that the user works for.
		other := a.create("res.company", map[string]any{"name": "Outlet Ltd", "country_id": 233})
		lines := map[string]StoreTarget{"1": {Company: "outlet ltd"}, "Second": {Team: "Web", Warehouse: "WH"}}
		a.reload(func(c *Config) { c.Mappings.Store = lines })
		_, err = a.mapStore(ctx, document.Store{ID: 1})
		a.heldBy(err, "store", `not for "outlet ltd"`, "administrator")
		_, err = a.mapStore(ctx, document.Store{ID: 2, Name: "second"})
		a.heldBy(err, "store", `sales team "Web"`)
		_, err = a.mapStore(ctx, document.Store{ID: 3, Name: "Third"})
		a.heldBy(err, "store", `"Third" (3)`, `mappings.store: "Third": `)

		a.write("res.users", b.user, map[string]any{"company_ids": []any{[]any{4, other}}})
		web := a.create("crm.team", map[string]any{"name": "Web", "company_id": false})
		houses := a.ids("stock.warehouse", []any{"company_id", "=", other})
		if len(houses) == 0 { // 14 makes one
			houses = []int64{a.create("stock.warehouse", map[string]any{"name": "Outlet", "code": "OUT", "company_id": other})}
		}
		more := map[string]any{"company_id": other, "tax_group_id": a.taxGroup(other)}
		if a.odoo.Version == 19 {
			more["country_id"] = 233
		}
		tax := a.newTax("20% outlet", 20, true, more)
		a.later(listAge)
		out, err := a.mapStore(ctx, document.Store{ID: 1})
		a.must(err)
		if out != (store{company: other, warehouse: houses[0]}) {
			t.Errorf("another company: %+v, want %d and %d", out, other, houses[0])
		}
		if got, err := a.mapStore(ctx, document.Store{ID: 2, Name: " SECOND"}); got != (store{b.company.id, web, b.warehouse.id}) || err != nil {
			t.Errorf("a team: %+v, %v", got, err)
		}
		// A company's taxes and pricelists are its own.
		twenty := document.TotalTax{Rate: "20", Type: "percent"}
		if got, err := a.mapTax(ctx, other, twenty, "VAT"); got.id != tax || err != nil {
			t.Errorf("the other's tax: %+v, %v", got, err)
		}
		_, err = a.mapTax(ctx, 0, twenty, "VAT")
		a.heldBy(err, "tax", `"My Company"`)
		mine, err := a.mapCurrency(ctx, 0, "USD")
		a.must(err)
		its, err := a.mapCurrency(ctx, other, "USD")
		a.must(err)
		if a.odoo.Version == 19 && mine.pricelist == its.pricelist || its.pricelist == 0 {
			t.Errorf("pricelists %+v %+v", mine, its)
		}
		if _, err := a.mapTax(ctx, 4711, twenty, "VAT"); err == nil {
			t.Error("a company that is not there")
		}

		lines[otherwise] = StoreTarget{Warehouse: "NONE"}
		_, err = a.mapStore(ctx, document.Store{ID: 3})
		a.heldBy(err, "store", `no warehouse "NONE"`)
		a.cfg.Mappings.Warehouse = map[string]string{"3": "wh"}
		lines[otherwise] = StoreTarget{Team: "web"}
		if got, err := a.mapStore(ctx, document.Store{ID: 3}); got != (store{b.company.id, web, b.warehouse.id}) || err != nil {
			t.Errorf("by default: %+v, %v", got, err)
		}
	})
}

// taxGroup is a tax group that a company may use.
func (a *atlas) taxGroup(company int64) int64 {
	if ok, err := a.has(a.t.Context(), "account.tax.group", "company_id"); err != nil {
		a.t.Fatal(err)
	} else if ok {
		return a.create("account.tax.group", map[string]any{"name": "Sales", "company_id": company})
	}
	return a.create("account.tax.group", map[string]any{"name": "Sales"})
}

// TestForecast: all that would be held, and nothing is made of what would be.
func TestForecast(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		a.reload(func(c *Config) {
			c.Mappings.Payment = map[string]PaymentTarget{"cod": {Term: "30 Days"}}
			c.Mappings.Status = map[string]string{"Done": "paid"}
		})
		text := func(s string) *string { return &s }
		tax := func(rate, title string) document.Order {
			return document.Order{Totals: []document.Total{{Code: "tax", Title: title, Tax: &document.TotalTax{Rate: rate, Type: "percent"}}}}
		}
		used := []sinks.Used{
			{Kind: "status", Order: document.Order{Status: document.Status{ID: 1, Name: text("Pending")}}},
			{Kind: "status", Order: document.Order{Status: document.Status{ID: 17, Name: text("Waiting")}}},
			{Kind: "payment", Order: document.Order{Payment: &document.Payment{Method: "cod", Code: "cod"}}},
			{Kind: "payment", Order: document.Order{Payment: &document.Payment{Method: "pp", Code: "pp"}}},
			{Kind: "shipping", Order: document.Order{Shipping: &document.Shipping{Method: "flat", Code: "flat.flat", Name: "Flat"}}},
			{Kind: "currency", Order: document.Order{Currency: document.Currency{Code: "USD"}}},
			{Kind: "currency", Order: document.Order{Currency: document.Currency{Code: "GBP"}}},
			{Kind: "store", Order: document.Order{Store: document.Store{}}},
			{Kind: "tax", Order: tax("15.0000", "Tax")},
			{Kind: "tax", Order: tax("20.0000", "VAT")},
			{Kind: "tax", Order: document.Order{Totals: []document.Total{{Code: "tax", Title: "Old"}}}},
		}
		count := func() (n int) {
			for _, model := range []string{"product.product", "delivery.carrier", "product.pricelist"} {
				n += len(a.ids(model))
			}
			return n
		}
		before := count()
		missing, err := a.Forecast(ctx, used)
		a.must(err)
		for i, want := range map[int]string{1: "Waiting", 3: "pp", 6: "GBP", 9: "20%", 10: "Old"} {
			if missing[i] == nil || !strings.Contains(missing[i].Error(), want) {
				t.Errorf("%d: %v, want %q", i, missing[i], want)
			}
			delete(missing, i)
		}
		if len(missing) > 0 {
			t.Errorf("said of what is mapped: %v", missing)
		}
		if after := count(); after != before {
			t.Errorf("%d records were made", after-before)
		}
		// What all orders of a store need.
		a.cfg.Orders.Salesperson = "nobody@example.com"
		a.cfg.Products.Services = map[string]string{"shipping": "NO-SUCH"}
		missing, err = a.Forecast(ctx, used)
		a.must(err)
		for i, want := range map[int]string{4: "NO-SUCH", 7: "nobody@example.com"} {
			if missing[i] == nil || !strings.Contains(missing[i].Error(), want) {
				t.Errorf("%d: %v, want %q", i, missing[i], want)
			}
		}
		// What cannot be asked is no forecast.
		client, err := rpc.New(rpc.Options{URL: a.odoo.URL, Database: a.odoo.Database, Key: "wrong", Login: a.odoo.Login})
		a.must(err)
		t.Cleanup(client.Close)
		a.sink.rpc = client
		a.forget()
		if missing, err = a.Forecast(ctx, used); err == nil {
			t.Errorf("with a wrong key: %v", missing)
		}
	})
}
