//go:build odoo

package odoo

import (
	"fmt"
	"testing"
	"time"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// TestCompany: the sink, or one store of the shop, sells for a company that is not the
// user's own. What comes of its orders is that company's: taxes, pricelist, warehouse,
// transfers and invoices.
func TestCompany(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]string{
		"sink's":  "company: Outlet Ltd\n",
		"store's": "company: My Company\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTill(t, 19, settings)
			make := func(model string, values map[string]any) int64 {
				t.Helper()
				ids, err := b.admin.Create(t.Context(), model, []map[string]any{values}, nil)
				if err != nil {
					t.Fatal(err)
				}
				return ids[0]
			}
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			outlet := make("res.company", map[string]any{"name": "Outlet Ltd", "country_id": 233, "currency_id": 1})
			me, err := b.rpc.User(t.Context())
			must(err)
			must(b.admin.Write(t.Context(), "res.users", []int64{me}, map[string]any{"company_ids": []any{[]any{4, outlet}}}, nil))
			must(b.admin.Write(t.Context(), "res.users", []int64{2}, map[string]any{"company_ids": []any{[]any{4, outlet}}}, nil))
			b.admin.Always(map[string]any{"allowed_company_ids": []int64{outlet, 1}})
			must(b.admin.Call(t.Context(), "account.chart.template", "try_loading", rpc.Args{Named: map[string]any{"template_code": "generic_coa", "company": outlet}}, nil))
			var houses []int64
			must(b.admin.Call(t.Context(), "stock.warehouse", "search", rpc.Args{Named: map[string]any{"domain": []any{[]any{"company_id", "=", outlet}}}}, &houses))
			if len(houses) == 0 {
				houses = []int64{make("stock.warehouse", map[string]any{"name": "Outlet", "code": "OUT", "company_id": outlet})}
			}
			tax := make("account.tax", map[string]any{"name": "VAT 20 outlet", "amount": 20, "type_tax_use": "sale", "price_include_override": "tax_included", "company_id": outlet})
			if name == "store's" {
				b.cfg.Mappings.Store = map[string]StoreTarget{"0": {Company: "Outlet Ltd"}}
			}
			b.forget()

			x := two(1, 1).order()
			x.Totals = x.Totals[2:3]
			foreseen, err := b.Forecast(t.Context(), []sinks.Used{{Kind: "tax", Order: *x}, {Kind: "currency", Order: *x}, {Kind: "payment", Order: *x}})
			if err != nil || len(foreseen) > 0 {
				t.Error(foreseen, err)
			}
			b.put(two(1, 1))
			b.put(two(2, 2), two(3, 3), two(4, 8))
			for id, state := range map[int64]string{1: "draft", 2: "sale", 3: "sale", 4: "sale"} {
				at := b.at(t, "order", id)
				o := b.one(t, "sale.order", at.id, "company_id", "state", "warehouse_id", "pricelist_id", "amount_total", "picking_ids", "invoice_ids", "order_line", "delivery_status")
				if refOf(o["company_id"]) != outlet || o["state"] != state || refOf(o["warehouse_id"]) != houses[0] || fmt.Sprint(o["amount_total"]) != "287.4" {
					t.Errorf("order %d: %v", id, o)
				}
				for model, field := range map[string]string{"stock.picking": "picking_ids", "account.move": "invoice_ids"} {
					for _, r := range b.rows(t, model, idsIn(o[field]), "company_id", "state") {
						t.Log(id, model, r)
						if refOf(r["company_id"]) != outlet {
							t.Errorf("order %d: %s: %v", id, model, r)
						}
					}
				}
				if id == 3 && o["delivery_status"] != "full" || id == 4 && len(idsIn(o["invoice_ids"])) != 1 {
					t.Errorf("order %d: %v", id, o)
				}
				if p := refOf(o["pricelist_id"]); p != 0 {
					if r := b.one(t, "product.pricelist", p, "company_id"); refOf(r["company_id"]) != outlet && refOf(r["company_id"]) != 0 {
						t.Errorf("order %d: pricelist %v", id, r)
					}
				}
				for _, l := range b.rows(t, "sale.order.line", idsIn(o["order_line"]), "tax_ids", "company_id", "name") {
					if got := fmt.Sprint(l["tax_ids"]); got != fmt.Sprintf("[%d]", tax) && got != "[]" || refOf(l["company_id"]) != outlet {
						t.Errorf("order %d: %v", id, l)
					}
				}
			}
		})
	}
}

// TestTimeZone: times are the shop's, whatever time zone the user has in Odoo.
func TestTimeZone(t *testing.T) {
	on(t, everywhere, "", func(t *testing.T, b *till) {
		me, err := b.rpc.User(t.Context())
		if err == nil {
			err = b.admin.Write(t.Context(), "res.users", []int64{me}, map[string]any{"tz": "Asia/Tokyo"}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		b.put(two(1, 1), two(2, 2))
		for _, id := range []int64{1, 2} {
			at := b.at(t, "order", id).id
			same(t, b.one(t, "sale.order", at, "date_order"), map[string]any{"date_order": "2026-03-01 09:08:07"})
			for _, m := range b.rows(t, "mail.message", nil, "model", "res_id", "date", "body") {
				if m["model"] == "sale.order" && m["res_id"] == float64(at) {
					t.Log(m)
				}
			}
		}
	})
}

// TestFieldIsGone: with a module its fields go. What octail remembers of them makes no dead
// letters.
func TestFieldIsGone(t *testing.T) {
	on(t, []int{19}, "", func(t *testing.T, b *till) {
		b.put(two(1, 3))
		b.memory.fields["stock.move"]["quantity_done"] = true // as before 17
		b.memory.base.fields = b.memory.base.fields.Add(-time.Hour)
		err := b.Deliver(t.Context(), deliveries(two(2, 3)))
		if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Retryable {
			t.Fatalf("%s %v", class, err)
		}
		b.put(two(2, 3))
		b.is(two(2, 3), stateSale)
		b.memory.fields["stock.move"]["quantity_done"] = true // now it is no memory of old
		err = b.Deliver(t.Context(), deliveries(two(3, 3)))
		if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Permanent {
			t.Fatalf("%s %v", class, err)
		}
	})
}

// refOf is the id of a many2one as JSON gave it.
func refOf(v any) int64 {
	if pair, ok := v.([]any); ok && len(pair) > 0 {
		n, _ := pair[0].(float64)
		return int64(n)
	}
	return 0
}

func idsIn(v any) (out []int64) {
	list, _ := v.([]any)
	out = []int64{}
	for _, n := range list {
		f, _ := n.(float64)
		out = append(out, int64(f))
	}
	return out
}
