package odoo

import (
	"strings"
	"testing"

	"octail/internal/config"
)

const least = "url: https://odoo.example.com\ndatabase: shop\n"

// decode reads settings over the defaults.
func decode(text string) (Config, []config.Warning, error) {
	c := defaults()
	w, err := config.Decode("x.yaml", []byte(text), &c)
	return c, w, err
}

// TestValidateGood: what may be written, and that nothing is said of it.
func TestValidateGood(t *testing.T) {
	for name, text := range map[string]string{
		"least":    least + "api_key: k\n",
		"password": least + "login: bot\npassword: p\n",
		"xmlrpc":   least + "transport: xmlrpc\nlogin: bot\napi_key: k\n",
		"lists":    least + "api_key: k\ncustomers: {match: []}\nproducts: {match: [barcode, sku], sku: [model, sku, id], barcode: []}\n",
		"number":   least + "api_key: k\norders: {number: \"\"}\n",
		"all": least + `
api_key: k
batch: 10
company: Shop Ltd
warehouse: WH
stock: push
location: WH/Stock/Shop
customers: {match: [email, phone, ref], groups: tag, vat: VAT number, guests: match, deleted: ignore}
products: {variants: always, language: de-de, description: none, options: {Size: variant, Engraving: text}, services: {shipping: SHIP, cod_fee: "17"}, deleted: ignore}
orders: {number: "OC-{number}", confirm: state, tax: lines, salesperson: sales@example.com, team: Web, deleted: archive}
mappings:
  status: {1: draft, Complete: Invoiced, "Awaiting stock": confirmed}
  payment: {cod: Immediate Payment, bank_transfer: {term: 30 Days, journal: BNK1}, paypal: {journal: PayPal}, default: 15 Days}
  carrier: {flat: Standard delivery, default: 3}
  tax: {20%: 20% incl., 5.5: 5.5%, "fixed 2.00": Eco tax, "VAT (20%)": lines}
  currency: {EUR: Public EUR, gbp: "4"}
  store: {0: Web, Outlet: {company: Outlet Ltd, team: Outlet, warehouse: OUT}, default: {warehouse: WH}}
  category: {20: All / Desktops, Desktops > Mac: Computers}
  warehouse: {Outlet: OUT, default: WH}
`,
	} {
		if _, warnings, err := decode(text); err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %v", name, err, warnings)
		}
	}
}

// TestTargets: a target is a name alone or a section.
func TestTargets(t *testing.T) {
	c, _, err := decode(least + "api_key: k\nmappings:\n  payment: {cod: Now, bank: {term: Later, journal: BNK1}}\n  store: {0: Web, 1: {company: B, warehouse: W}}\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Mappings.Payment["cod"], (PaymentTarget{Term: "Now"}); got != want {
		t.Errorf("cod: %+v, want %+v", got, want)
	}
	if got, want := c.Mappings.Payment["bank"], (PaymentTarget{"Later", "BNK1"}); got != want {
		t.Errorf("bank: %+v, want %+v", got, want)
	}
	if got, want := c.Mappings.Store["0"], (StoreTarget{Team: "Web"}); got != want {
		t.Errorf("store 0: %+v, want %+v", got, want)
	}
	if got, want := c.Mappings.Store["1"], (StoreTarget{Company: "B", Warehouse: "W"}); got != want {
		t.Errorf("store 1: %+v, want %+v", got, want)
	}
}

// TestValidateBad: each mistake is told at its line, with what to write instead, and
// nothing else is.
func TestValidateBad(t *testing.T) {
	good := least + "api_key: k\n"
	for _, test := range []struct{ text, says, remedy string }{
		{"database: d\napi_key: k\n", "x.yaml:1: url: missing", "write the address"},
		{"url: https://odoo.example.com\napi_key: k\n", "x.yaml:1: database: missing", "/web/database/manager"},
		{least, "x.yaml:1: api_key: missing", "API Keys"},
		{good + "password: p\n", "x.yaml:4: password: is not used", "remove one"},
		{least + "password: p\n", "x.yaml:1: login: missing", "login name"},
		{least + "transport: json2\nlogin: l\npassword: p\n", "x.yaml:1: api_key: missing, and JSON-2", "transport: xmlrpc"},
		{good + "transport: xmlrpc\n", "x.yaml:1: login: missing", "XML-RPC"},
		{good + "transport: jsonrpc\n", `x.yaml:4: transport: "jsonrpc" is not possible`, "auto, json2, xmlrpc"},
		{good + "batch: 0\n", `x.yaml:4: batch: "0"`, "1 to 100"},
		{good + "batch: 101\n", `x.yaml:4: batch: "101"`, "1 to 100"},
		{good + "stock: pull\n", `x.yaml:4: stock: "pull"`, "ignore, push"},
		{good + "location: L\n", "x.yaml:4: location: is of no use", "stock: push"},
		{good + "customers:\n  match: [email, name]\n", `x.yaml:5: customers.match[1]: "name"`, "email, phone, ref"},
		{good + "customers:\n  match: [email, email]\n", `x.yaml:5: customers.match[1]: is in the list twice`, "keep one"},
		{good + "customers:\n  groups: tags\n", `x.yaml:5: customers.groups: "tags"`, "ignore, tag, pricelist"},
		{good + "customers:\n  guests: none\n", `x.yaml:5: customers.guests: "none"`, "contact, match"},
		{good + "customers: {match: [], guests: match}\n", "x.yaml:4: customers.guests: match is not possible", "guests: contact"},
		{good + "customers: {ref: web}\n", "x.yaml:4: customers.ref: must have {id}", "{shop}-{id}"},
		{good + "customers: {ref: \"{id}-{name}\"}\n", "x.yaml:4: customers.ref: can have no other", "remove them"},
		{good + "customers: {ref: \"\", match: [ref]}\n", "x.yaml:4: customers.ref: is empty", "{shop}-{id}"},
		{good + "customers:\n  deleted: delete\n", `x.yaml:5: customers.deleted: "delete"`, "archive, ignore"},
		{good + "products: {match: [name]}\n", `x.yaml:4: products.match[0]: "name"`, "sku, barcode, model"},
		{good + "products: {variants: some}\n", `x.yaml:4: products.variants: "some"`, "auto, never, always"},
		{good + "products:\n  options:\n    Size: attribute\n", `x.yaml:6: products.options.Size: "attribute"`, "variant, text"},
		{good + "products: {sku: [ean]}\n", `x.yaml:4: products.sku[0]: "ean"`, "sku, model, id"},
		{good + "products: {barcode: [gtin]}\n", `x.yaml:4: products.barcode[0]: "gtin"`, "ean, upc"},
		{good + "products: {language: German!}\n", `x.yaml:4: products.language: "German!"`, "de-de"},
		{good + "products: {description: website}\n", `x.yaml:4: products.description: "website"`, "sale, none"},
		{good + "products: {deleted: remove}\n", `x.yaml:4: products.deleted: "remove"`, "archive, ignore"},
		{good + "products: {services: {shipping: \"\"}}\n", "x.yaml:4: products.services.shipping: is empty", "internal reference"},
		{good + "orders: {number: OC}\n", "x.yaml:4: orders.number: must have {number}", "OC-{number}"},
		{good + "orders: {number: \"{number}{id}\"}\n", "x.yaml:4: orders.number: can have no other", "remove it"},
		{good + "orders: {confirm: yes}\n", `x.yaml:4: orders.confirm: "yes"`, "action, state"},
		{good + "orders: {tax: none}\n", `x.yaml:4: orders.tax: "none"`, "mapped, lines"},
		{good + "orders: {deleted: unlink}\n", `x.yaml:4: orders.deleted: "unlink"`, "cancel, archive, ignore"},
		{good + "mappings:\n  status:\n    1: done\n", `x.yaml:6: mappings.status.1: "done"`, "draft, sent, confirmed"},
		{good + "mappings:\n  status:\n    Complete: paid\n    complete: sent\n", "x.yaml:7: mappings.status.complete: is there twice", "keep one"},
		{good + "mappings: {status: {default: draft}}\n", "x.yaml:4: mappings.status.default: is not possible here", "a line of its own"},
		{good + "mappings: {payment: {cod: {}}}\n", "x.yaml:4: mappings.payment.cod: is empty", "{term: ..., journal: ...}"},
		{good + "mappings: {payment: {cod: {terms: x}}}\n", "x.yaml:4: mappings.payment.cod: unknown key", "term"},
		{good + "mappings: {payment: {cod: [a]}}\n", "x.yaml:4: mappings.payment.cod: must be a single value", ""},
		{good + "mappings: {carrier: {flat: \" \"}}\n", "x.yaml:4: mappings.carrier.flat: is empty", "delivery method"},
		{good + "mappings: {tax: {20%: \"\"}}\n", "x.yaml:4: mappings.tax.20%: is empty", "or lines"},
		{good + "mappings: {tax: {20%: a, 20.0000: b}}\n", "x.yaml:4: mappings.tax.20.0000: is the same rate as \"20%\"", "keep one"},
		{good + "mappings: {tax: {default: a}}\n", "x.yaml:4: mappings.tax.default: is not possible here", "a line of its own"},
		{good + "mappings: {currency: {Euro: a}}\n", "x.yaml:4: mappings.currency.Euro: is no currency", "three letters"},
		{good + "mappings: {currency: {EUR: \"\"}}\n", "x.yaml:4: mappings.currency.EUR: is empty", "pricelist"},
		{good + "mappings: {store: {1: {}}}\n", "x.yaml:4: mappings.store.1: is empty", "{company: ..., team: ..., warehouse: ...}"},
		{good + "mappings: {category: {20: \"\"}}\n", "x.yaml:4: mappings.category.20: is empty", "product category"},
		{good + "mappings: {warehouse: {0: \"\"}}\n", "x.yaml:4: mappings.warehouse.0: is empty", "code, name or id"},
		{good + "mappings: {warehouse: {\"\": WH}}\n", "a key is empty", "before the colon"},
		{good + "mapping: {}\n", "x.yaml:4: unknown key \"mapping\"", "mappings"},
	} {
		_, _, err := decode(test.text)
		if err == nil {
			t.Errorf("nothing is said of:\n%s", test.text)
			continue
		}
		if !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), test.remedy) {
			t.Errorf("%q, want %q and %q, of:\n%s", err, test.says, test.remedy, test.text)
		}
		if n := strings.Count(err.Error(), "\n"); n > 0 {
			t.Errorf("%d messages more than one:\n%s", n, err)
		}
	}
}

// TestValidateSecrets: no message repeats a key or password.
func TestValidateSecrets(t *testing.T) {
	for _, text := range []string{
		least + "api_key: h1dden\npassword: h1dden\n", least + "password: h1dden\n", least + "transport: json2\nlogin: l\npassword: h1dden\n",
		least + "transport: xmlrpc\napi_key: h1dden\n",
	} {
		if _, _, err := decode(text); err == nil || strings.Contains(err.Error(), "h1dden") {
			t.Errorf("%v", err)
		}
	}
}
