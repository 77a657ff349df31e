//go:build odoo

package odoo

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// atlas is a sink before a fresh database, with an administrator beside it.
type atlas struct {
	*sink
	t     *testing.T
	odoo  *odootest.Odoo
	admin *rpc.Client
	log   *strings.Builder
}

// eachOdoo runs a test on each version, with a database of its own.
func eachOdoo(t *testing.T, test func(t *testing.T, a *atlas)) {
	eachVersion(t, everywhere, func(t *testing.T, v int) {
		a := &atlas{t: t, odoo: odootest.Database(t, v), log: &strings.Builder{}}
		admin, err := rpc.New(rpc.Options{URL: a.odoo.URL, Database: a.odoo.Database, Key: a.odoo.AdminKey, Login: a.odoo.AdminLogin})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(admin.Close)
		a.admin = admin
		a.reload(func(*Config) {})
		test(t, a)
	})
}

// reload opens the sink anew, with other settings.
func (a *atlas) reload(change func(*Config)) {
	a.t.Helper()
	cfg := defaults()
	change(&cfg)
	client, err := rpc.New(rpc.Options{URL: a.odoo.URL, Database: a.odoo.Database, Key: a.odoo.Key, Login: a.odoo.Login})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(client.Close)
	a.sink = &sink{cfg: cfg, prefix: "octail_test", log: slog.New(slog.NewTextHandler(a.log, nil)), rpc: client}
}

// later makes all that is remembered older.
func (a *atlas) later(by time.Duration) {
	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	for _, of := range []map[string]held{a.memory.lists, a.memory.own} {
		for key, h := range of {
			h.at = h.at.Add(-by)
			of[key] = h
		}
	}
	if a.memory.base != nil {
		b := *a.memory.base
		b.at = b.at.Add(-by)
		a.memory.base = &b
	}
}

// create makes a record as the administrator.
func (a *atlas) create(model string, values map[string]any) int64 {
	a.t.Helper()
	ids, err := a.admin.Create(a.t.Context(), model, []map[string]any{values}, nil)
	if err != nil {
		a.t.Fatal(err, sinks.ExchangeOf(err).Answer)
	}
	return ids[0]
}

func (a *atlas) write(model string, id int64, values map[string]any) {
	a.t.Helper()
	if err := a.admin.Write(a.t.Context(), model, []int64{id}, values, nil); err != nil {
		a.t.Fatal(err, sinks.ExchangeOf(err).Answer)
	}
}

// ids finds records as the administrator.
func (a *atlas) ids(model string, domain ...any) []int64 {
	a.t.Helper()
	var rows []row
	if err := a.admin.SearchRead(a.t.Context(), model, rpc.Find{Domain: domain, Fields: []string{"id"}, Order: "id", Context: map[string]any{"active_test": false}}, &rows); err != nil {
		a.t.Fatal(err, sinks.ExchangeOf(err).Answer)
	}
	var ids []int64
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}

func (a *atlas) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err, sinks.ExchangeOf(err).Answer)
	}
}

// heldBy is an error that waits, of a kind and with words.
func (a *atlas) heldBy(err error, kind string, words ...string) {
	a.t.Helper()
	got, ok := sinks.HeldFor(err)
	if !ok || got != kind {
		a.t.Errorf("not held for %s: %v", kind, err)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			a.t.Errorf("%q does not say %q", err, w)
		}
	}
}

// calls is how many calls something needs.
func (a *atlas) calls(do func()) int64 {
	before := a.rpc.Calls()
	do()
	return a.rpc.Calls() - before
}

// TestKnown: what is asked once, by a user who is no administrator.
func TestKnown(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		b, err := a.known(ctx)
		a.must(err)
		if b.version.Major != a.odoo.Version || b.user == 0 || b.company.id != 1 || b.company.name == "" || b.company.currency != "USD" || b.warehouse.id == 0 || b.warehouse.stock == 0 {
			t.Errorf("%+v", b)
		}
		if b.company.roundPerLine != (a.odoo.Version == 14) {
			t.Errorf("rounds per line: %t", b.company.roundPerLine)
		}
		if n := a.calls(func() { _, err = a.known(ctx) }); n != 0 || err != nil {
			t.Errorf("asked again: %d calls, %v", n, err)
		}
		for _, of := range []struct{ model, old, new string }{{"sale.order.line", "tax_id", "tax_ids"}, {"sale.order.line", "product_uom", "product_uom_id"}, {"sale.order", "none", "locked"}} {
			old, err := a.has(ctx, of.model, of.old)
			a.must(err)
			now, err := a.has(ctx, of.model, of.new)
			a.must(err)
			if now != (a.odoo.Version == 19) || of.old != "none" && old == now {
				t.Errorf("%s: %s %t, %s %t", of.model, of.old, old, of.new, now)
			}
		}
		if ok, err := a.has(ctx, "no.such.model", "name"); ok || err != nil {
			t.Errorf("a model that is not there: %t, %v", ok, err)
		}
		a.reload(func(c *Config) { c.Company = " my company "; c.Warehouse = "wh" })
		if b, err = a.known(ctx); err != nil || b.company.id != 1 || b.warehouse.id == 0 {
			t.Errorf("by name: %+v, %v", b, err)
		}
		a.reload(func(c *Config) { c.Company = "Other Ltd" })
		if _, err = a.known(ctx); err == nil || !strings.Contains(err.Error(), `"My Company", and not for "Other Ltd"`) {
			t.Errorf("another company: %v", err)
		}
		if class, _ := sinks.ClassOf(err); class != sinks.Blocked {
			t.Errorf("another company is %s", class)
		}
		a.reload(func(c *Config) { c.Warehouse = "NONE" })
		_, err = a.known(ctx)
		if class, _ := sinks.ClassOf(err); class != sinks.Blocked || !strings.Contains(err.Error(), `no warehouse "NONE"`) {
			t.Errorf("another warehouse is %s: %v", class, err)
		}
	})
}

// TestReference: what addresses, salespeople and texts ask for.
func TestReference(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		us, err := a.country(ctx, "us")
		a.must(err)
		ca, err := a.state(ctx, us, "CA", "")
		a.must(err)
		byName, err := a.state(ctx, us, "XX", " california")
		a.must(err)
		if us == 0 || ca == 0 || ca != byName {
			t.Errorf("country %d, state %d and by name %d", us, ca, byName)
		}
		for _, none := range []string{"", "XX"} {
			if id, err := a.country(ctx, none); id != 0 || err != nil {
				t.Errorf("country %q: %d, %v", none, id, err)
			}
		}
		if id, err := a.state(ctx, us, "", "Nowhere"); id != 0 || err != nil {
			t.Errorf("no state: %d, %v", id, err)
		}
		if n := a.calls(func() { _, _ = a.state(ctx, us, "NY", ""); _, _ = a.country(ctx, "DE"); _, _ = a.country(ctx, "YY") }); n != 0 {
			t.Errorf("%d calls for what is in memory", n)
		}
		languages, err := a.languages(ctx)
		a.must(err)
		if want := map[string]string{"en-us": "en_US", "en": "en_US"}; !maps.Equal(languages, want) {
			t.Errorf("languages %v", languages)
		}
		id, err := a.user(ctx, strings.ToUpper(a.odoo.Login))
		a.must(err)
		if b, _ := a.known(ctx); id != b.user {
			t.Errorf("user %d", id)
		}
		_, err = a.user(ctx, "nobody@example.com")
		a.heldBy(err, "store", "orders.salesperson", "nobody@example.com")
		_, err = a.team(ctx, nil, "Web", "orders.team")
		a.heldBy(err, "store", "orders.team", `"Web"`)
		web := a.create("crm.team", map[string]any{"name": "Web"})
		a.later(missAge)
		if id, err := a.team(ctx, nil, "web", "orders.team"); id != web || err != nil {
			t.Errorf("team %d, %v", id, err)
		}
	})
}

// TestServices: octail's own products are made once and stay as people change them.
func TestServices(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		made := map[string]int64{}
		for _, code := range slices.Sorted(maps.Keys(services)) {
			id, err := a.service(ctx, code)
			a.must(err)
			made[code] = id
		}
		if id, err := a.service(ctx, "cod_fee"); err != nil || id != made[svcFee] {
			t.Errorf("another total: %d, %v", id, err)
		}
		var rows []struct {
			Name     string
			Type     string
			Policy   string  `json:"invoice_policy"`
			Taxes    []int64 `json:"taxes_id"`
			Supplier []int64 `json:"supplier_taxes_id"`
			Sale     bool    `json:"sale_ok"`
			Purchase bool    `json:"purchase_ok"`
			Company  rpc.Ref `json:"company_id"`
			Price    float64 `json:"list_price"`
		}
		a.must(a.admin.Read(ctx, "product.product", slices.Collect(maps.Values(made)), []string{"name", "type", "invoice_policy", "taxes_id", "supplier_taxes_id", "sale_ok", "purchase_ok", "company_id", "list_price"}, nil, &rows))
		if len(rows) != len(services) {
			t.Fatalf("%d products, want %d", len(rows), len(services))
		}
		for _, r := range rows {
			if r.Type != "service" || r.Policy != "order" || len(r.Taxes)+len(r.Supplier) > 0 || !r.Sale || r.Purchase || r.Company.ID != 0 || r.Price != 0 {
				t.Errorf("%+v", r)
			}
		}
		if n := a.calls(func() { _, _ = a.service(ctx, svcCoupon) }); n != 0 {
			t.Errorf("%d calls for a product that is known", n)
		}

		shipping, coupon, fee := made[svcShipping], made[svcCoupon], made[svcFee]
		a.write("product.product", shipping, map[string]any{"name": "Our postage"})
		a.write("product.product", coupon, map[string]any{"active": false})
		a.must(a.admin.Call(ctx, "product.product", "unlink", rpc.Args{IDs: []int64{fee}}, nil))
		a.reload(func(*Config) {})
		if id, err := a.service(ctx, svcShipping); id != shipping || err != nil {
			t.Errorf("renamed: %d, %v", id, err)
		}
		if id, err := a.service(ctx, svcCoupon); id != coupon || err != nil {
			t.Errorf("archived: %d, %v", id, err)
		}
		if id, err := a.service(ctx, svcFee); id == fee || id == 0 || err != nil {
			t.Errorf("deleted: %d, %v", id, err)
		}
		var now []row
		a.must(a.admin.Read(ctx, "product.product", []int64{shipping, coupon}, []string{"name", "active"}, nil, &now))
		if now[0].Name != "Our postage" || !now[1].Active || !strings.Contains(a.log.String(), "octail_test.svc_coupon") {
			t.Errorf("%+v %s", now, a.log)
		}

		own := a.create("product.product", map[string]any{"name": "Post", "default_code": "POST_1"})
		a.create("product.product", map[string]any{"name": "Another", "default_code": "POSTX1"})
		a.reload(func(c *Config) {
			c.Products.Services = map[string]string{"Shipping": "post_1", "cod_fee": fmt.Sprint(own), "coupon": "NONE"}
		})
		for _, code := range []string{svcShipping, "cod_fee"} {
			if id, err := a.service(ctx, code); id != own || err != nil {
				t.Errorf("%s: %d, %v; want %d", code, id, err, own)
			}
		}
		_, err := a.service(ctx, svcCoupon)
		a.heldBy(err, "product", "products.services", `"NONE"`, "coupon")
	})
}

// TestCarriers: found by name, else made once for a method.
func TestCarriers(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		there := a.create("delivery.carrier", map[string]any{"name": "Van", "product_id": a.create("product.product", map[string]any{"name": "Van", "type": "service"})})
		got, err := a.mapCarrier(ctx, 0, &document.Shipping{Method: "item", Code: "item.item", Name: " VAN "})
		a.must(err)
		if got.id != there || got.product == 0 {
			t.Errorf("by name: %+v", got)
		}
		flat := &document.Shipping{Method: "flat", Code: "flat.flat", Name: "Flat &amp; fair (5 kg)"}
		made, err := a.mapCarrier(ctx, 0, flat)
		a.must(err)
		shipping, err := a.service(ctx, svcShipping)
		a.must(err)
		if made.id == 0 || made.id == there || made.product != shipping {
			t.Errorf("made: %+v", made)
		}
		var rows []struct {
			Name  string
			Kind  string  `json:"delivery_type"`
			Price float64 `json:"fixed_price"`
		}
		a.must(a.admin.Read(ctx, "delivery.carrier", []int64{made.id}, []string{"name", "delivery_type", "fixed_price"}, nil, &rows))
		if rows[0].Name != "Flat & fair" || rows[0].Kind != "fixed" || rows[0].Price != 0 {
			t.Errorf("%+v", rows[0])
		}
		a.write("delivery.carrier", made.id, map[string]any{"name": "Our post"})
		a.reload(func(*Config) {})
		flat.Name = "Flat (7 kg)"
		again, err := a.mapCarrier(ctx, 0, flat)
		a.must(err)
		if again != made {
			t.Errorf("renamed: %+v, was %+v", again, made)
		}
		if n := a.calls(func() { _, err = a.mapCarrier(ctx, 0, flat) }); n != 0 || err != nil {
			t.Errorf("%d calls for what is known, %v", n, err)
		}
		if none, err := a.mapCarrier(ctx, 0, nil); none != (carrier{product: shipping}) || err != nil {
			t.Errorf("no shipping: %+v, %v", none, err)
		}
		a.reload(func(c *Config) { c.Mappings.Carrier = map[string]string{"flat": "van", "weight.w_1": "Ship"} })
		if got, err := a.mapCarrier(ctx, 0, flat); got.id != there || err != nil {
			t.Errorf("by the mapping: %+v, %v", got, err)
		}
		weight := &document.Shipping{Method: "weight", Code: "weight.w_1", Name: "By weight"}
		_, err = a.mapCarrier(ctx, 0, weight)
		a.heldBy(err, "shipping", "mappings.carrier", `"Ship"`, "weight")
		a.write("delivery.carrier", there, map[string]any{"name": "Ship"})
		a.later(missAge)
		if got, err := a.mapCarrier(ctx, 0, weight); got.id != there || err != nil {
			t.Errorf("mended in Odoo: %+v, %v", got, err)
		}
	})
}

// TestCurrencies: a pricelist is found or made, without rules and behind all others.
func TestCurrencies(t *testing.T) {
	eachOdoo(t, func(t *testing.T, a *atlas) {
		ctx := t.Context()
		_, err := a.mapCurrency(ctx, 0, "GBP")
		a.heldBy(err, "currency", `"GBP"`, "administrator", "Configuration > Currencies")
		_, err = a.mapCurrency(ctx, 0, "XXY")
		a.heldBy(err, "currency", `"XXY"`)
		for _, code := range []string{"GBP", "JPY"} {
			a.write("res.currency", a.ids("res.currency", []any{"name", "=", code}, []any{"active", "in", []bool{true, false}})[0], map[string]any{"active": true})
		}
		before := a.ids("product.pricelist")
		a.later(5 * time.Second) // as fast as a person types octail resume
		gbp, err := a.mapCurrency(ctx, 0, "gbp")
		a.must(err)
		usd, err := a.mapCurrency(ctx, 0, "USD")
		a.must(err)
		jpy, err := a.mapCurrency(ctx, 0, "JPY")
		a.must(err)
		if gbp.decimals != 2 || jpy.decimals != 0 || gbp.pricelist == 0 || usd.pricelist == 0 || gbp.pricelist == usd.pricelist || jpy.pricelist == gbp.pricelist {
			t.Errorf("gbp %+v usd %+v jpy %+v", gbp, usd, jpy)
		}
		if had := slices.Contains(before, usd.pricelist); had != (len(before) > 0) {
			t.Errorf("USD: %+v, there were %v", usd, before)
		}
		var rows []row
		a.must(a.admin.Read(ctx, "product.pricelist", []int64{gbp.pricelist, jpy.pricelist}, []string{"name", "item_ids", "currency_id"}, nil, &rows))
		if rows[0].Name != "octail GBP" || rows[0].Currency.ID != gbp.id || len(rows[0].Items)+len(rows[1].Items) > 0 {
			t.Errorf("%+v", rows)
		}
		// Everybody else's default is not one of a foreign currency.
		var first []row
		a.must(a.admin.SearchRead(ctx, "product.pricelist", rpc.Find{Fields: []string{"currency_id"}, Limit: 1}, &first))
		if first[0].Currency.Name != "USD" {
			t.Errorf("the first pricelist is in %s", first[0].Currency.Name)
		}
		a.reload(func(*Config) {})
		if again, err := a.mapCurrency(ctx, 0, "GBP"); again.id != gbp.id || again.pricelist != gbp.pricelist || again.decimals != gbp.decimals || !again.rounding.Equal(gbp.rounding) || err != nil {
			t.Errorf("again: %+v, %v", again, err)
		}
		web := a.create("product.pricelist", map[string]any{"name": "Web GBP", "currency_id": gbp.id})
		a.reload(func(c *Config) {
			c.Mappings.Currency = map[string]string{"gbp": "web gbp", "JPY": "Web GBP", "USD": "None"}
		})
		if got, err := a.mapCurrency(ctx, 0, "GBP"); got.pricelist != web || err != nil {
			t.Errorf("by the mapping: %+v, %v", got, err)
		}
		_, err = a.mapCurrency(ctx, 0, "JPY")
		a.heldBy(err, "currency", "mappings.currency", "is in GBP")
		_, err = a.mapCurrency(ctx, 0, "USD")
		a.heldBy(err, "currency", "mappings.currency", `"None"`)
	})
}
