//go:build odoo

package odoo

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/sinktest"
	"octail/transform/document"
)

// TestSuite: what every sink promises, on a real Odoo behind a proxy. Each way to break
// an answer is tried at each request of a delivery, so it is tried with customers: an
// order has more of both than a test has time.
func TestSuite(t *testing.T) {
	except := map[string]sinktest.Exception{
		"404": {Class: sinks.Blocked, Reason: "Odoo answers so when it has no such database"},
	}
	for _, status := range []string{"400", "410", "413", "414", "422", "431"} {
		except[status] = sinktest.Exception{Class: sinks.Permanent, Taken: true, Reason: "the records are tried again one by one, and those are answered well"}
	}
	every := 61 // a cut takes a tenth of a second, and a delivery has thousands of bytes
	if odootest.Full() {
		every = 0
	}
	sinktest.Run(t, sinktest.Case{Plugin: onlyOf(document.CustomerEntity), Except: except, CutEvery: every, Target: func(t *testing.T) sinktest.Target {
		r := realServer(t, "19")
		to, err := url.Parse(r.URL)
		if err != nil {
			t.Fatal(err)
		}
		target := suiteTarget(t, r, "customers: {match: []}\n")
		proxy := httputil.NewSingleHostReverseProxy(to)
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DisableKeepAlives = true
		proxy.Transport = transport
		proxy.ErrorLog = log.New(io.Discard, "", 0) // of each connection that is cut
		target.Handler = proxy
		return target
	}})
}

// TestSuiteWhole: the same with all that the sink takes, straight to Odoo.
func TestSuiteWhole(t *testing.T) {
	for _, version := range odootest.Versions() {
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			sinktest.Run(t, sinktest.Case{Plugin: Plugin, Target: func(t *testing.T) sinktest.Target {
				return suiteTarget(t, realServer(t, strconv.Itoa(version)), "customers: {match: []}\nproducts: {match: []}\nstock: push\n")
			}})
		})
	}
}

// onlyOf is the plugin for a shop that delivers one kind.
func onlyOf(kind string) sinks.Plugin {
	p := Plugin
	p.Needs = func(settings any) sinks.Needs {
		n := Plugin.Needs(settings)
		n.Entities, n.Parents = []string{kind}, nil
		return n
	}
	open := p.Open
	p.Open = func(settings any, env sinks.Env) (sinks.Sink, error) {
		env.Entities = []string{kind}
		return open(settings, env)
	}
	return p
}

// suiteTarget is a database as the suite's documents want it: pounds and a tax of 20 %.
func suiteTarget(t *testing.T, r server, settings string) sinktest.Target {
	r.sql(t, "UPDATE res_currency SET active = true WHERE name = 'GBP'")
	tax := map[string]any{"name": "VAT 20", "amount": 20, "type_tax_use": "sale"}
	if r.version == "14" {
		tax["price_include"] = true
	} else {
		tax["price_include_override"] = "tax_included"
	}
	if _, err := r.admin(t).Create(t.Context(), "account.tax", []map[string]any{tax}, nil); err != nil {
		t.Fatal(err)
	}
	return sinktest.Target{
		Settings: func(address string) string {
			if address == "" {
				address = r.URL
			}
			return r.settings(address) + settings
		},
		Held:    func() []sinktest.Held { return suiteHeld(t, r) },
		Refuse:  func(subject string) { refuse(t, r, subject) },
		Secrets: []string{r.Key},
	}
}

// suiteNames are those of external ids, by kind.
var suiteNames = map[string]string{"c": document.CustomerEntity, "o": document.OrderEntity, "cat": document.CategoryEntity, "p": document.ProductEntity}

var suiteName = regexp.MustCompile(`^(c|o|cat|p)_(\d+)$`)

// suiteHeld is what Odoo has of the suite's entities. The revision is told by what changes in
// its documents: the quantity of an order's line, the end of a phone number, the price,
// the name.
func suiteHeld(t *testing.T, r server) []sinktest.Held {
	t.Helper()
	var out []sinktest.Held
	rows := r.sql(t, `SELECT d.name, d.model, coalesce(
			CASE d.model
			WHEN 'res.partner' THEN (SELECT right(regexp_replace(p.phone, '\D', '', 'g'), 3) FROM res_partner p WHERE p.id = d.res_id)
			WHEN 'sale.order' THEN (SELECT round(sum(l.product_uom_qty))::text FROM sale_order_line l JOIN ir_model_data ld ON ld.model = 'sale.order.line' AND ld.res_id = l.id AND ld.module = d.module AND ld.name = d.name || '_l1')
			WHEN 'product.category' THEN (SELECT regexp_replace(pc.name, '\D', '', 'g') FROM product_category pc WHERE pc.id = d.res_id)
			WHEN 'product.product' THEN (SELECT round(pt.list_price)::text FROM product_product pp JOIN product_template pt ON pt.id = pp.product_tmpl_id WHERE pp.id = d.res_id)
			END, '0'),
			coalesce(CASE d.model
			WHEN 'res.partner' THEN (SELECT NOT p.active FROM res_partner p WHERE p.id = d.res_id)
			WHEN 'sale.order' THEN (SELECT o.state = 'cancel' FROM sale_order o WHERE o.id = d.res_id)
			WHEN 'product.product' THEN (SELECT NOT pp.active FROM product_product pp WHERE pp.id = d.res_id)
			END, false)::text
		FROM ir_model_data d WHERE d.module = 'octail_main-shop' AND d.model IN ('res.partner', 'sale.order', 'product.category', 'product.product') ORDER BY d.name`)
	for _, row := range rows {
		m := suiteName.FindStringSubmatch(row[0])
		// Customer 17 and product 42 are in the suite's orders alone: for those the sink makes
		// stand-ins.
		if m == nil || row[0] == "c_17" && row[2] == "999" || row[0] == "p_42" && row[2] == "10" {
			continue
		}
		revision, err := strconv.ParseInt(row[2], 10, 64)
		if err != nil {
			t.Fatalf("%s has the revision %q", row[0], row[2])
		}
		out = append(out, sinktest.Held{Subject: suiteNames[m[1]] + "/" + m[2], Revision: revision, Deleted: strings.HasPrefix(row[3], "t")})
	}
	// Of stock levels octail keeps nothing but the count of their product.
	for _, row := range r.sql(t, `SELECT d.name, round(sum(q.quantity))::text FROM ir_model_data d JOIN stock_quant q ON q.product_id = d.res_id JOIN stock_location l ON l.id = q.location_id
		WHERE d.module = 'octail_main-shop' AND d.model = 'product.product' AND l.usage = 'internal' GROUP BY d.name HAVING sum(q.quantity) <> 0 ORDER BY d.name`) {
		if m := suiteName.FindStringSubmatch(row[0]); m != nil {
			revision, err := strconv.ParseInt(row[1], 10, 64)
			if err != nil {
				t.Fatalf("%s has the stock %q", row[0], row[1])
			}
			out = append(out, sinktest.Held{Subject: document.StockEntity + "/" + m[2], Revision: revision})
		}
	}
	return out
}

// refuse makes PostgreSQL refuse the record of one entity, as a constraint of a module
// would.
func refuse(t *testing.T, r server, subject string) {
	t.Helper()
	r.sql(t, "DROP TRIGGER IF EXISTS octail_refuses ON ir_model_data")
	if subject == "" {
		return
	}
	entity, id, _ := strings.Cut(subject, "/")
	for short, kind := range suiteNames {
		if kind == entity {
			r.sql(t, fmt.Sprintf(`CREATE OR REPLACE FUNCTION octail_refuses() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = '23514'; END $$ LANGUAGE plpgsql;
				CREATE TRIGGER octail_refuses BEFORE INSERT ON ir_model_data FOR EACH ROW WHEN (NEW.name = '%s_%s') EXECUTE FUNCTION octail_refuses()`, short, id))
		}
	}
}
