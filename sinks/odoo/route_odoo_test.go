//go:build odoo

package odoo

import (
	"strings"
	"testing"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// TestSteps: goods that are picked, packed and shipped, and goods that lie in two places.
func TestSteps(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		house := b.find("stock.warehouse", []string{"lot_stock_id"})[0]
		stock := int64(house["lot_stock_id"].([]any)[0].(float64))
		product := b.find("product.product", []string{"id"}, []any{"name", "=", "p_1"})[0]["id"]
		for i, n := range []float64{2, 1} {
			places, err := b.admin.Create(t.Context(), "stock.location", []map[string]any{{"name": string(rune('A' + i)), "location_id": stock, "usage": "internal"}}, nil)
			b.must(err)
			quants, err := b.admin.Create(t.Context(), "stock.quant", []map[string]any{{"product_id": product, "location_id": places[0], "inventory_quantity": n}}, map[string]any{"inventory_mode": true})
			b.must(err)
			if ok, _ := b.has(t.Context(), "stock.quant", "inventory_quantity_auto_apply"); ok {
				b.must(b.admin.Call(t.Context(), "stock.quant", "action_apply_inventory", rpc.Args{IDs: quants, Context: map[string]any{"inventory_mode": true}}, nil))
			}
		}
		two := b.say(b.order("p_1"), delivered, "")
		b.must(b.advanced(b.sink, two))
		b.is(two, "sale done")
		lines := b.find("stock.move.line", []string{"location_id"}, []any{"product_id", "=", product}, []any{"picking_id", "!=", false})
		if len(lines) != 2 {
			t.Errorf("it was taken from %d places: %v", len(lines), lines)
		}

		b.must(b.admin.Write(t.Context(), "stock.warehouse", []int64{int64(house["id"].(float64))}, map[string]any{"delivery_steps": "pick_pack_ship"}, nil))
		three := b.say(b.order("p_1", "p_3"), delivered, "")
		b.must(b.advanced(b.sink, three))
		b.is(three, "sale done done done")
		again := b.rpc.Calls()
		three.held = nil
		b.must(b.advanced(b.sink, three))
		t.Log(b.rpc.Calls()-again, "calls for nothing")
		begun := b.say(b.order("p_1"), confirmed, "")
		b.must(b.advanced(b.sink, begun))
		b.must(b.advanced(b.sink, b.say(begun, cancelled, "")))
		if got := b.where(begun); !strings.HasPrefix(got, "cancel cancel") {
			t.Error(got)
		}
	})
}

// TestOneOfMany: what is wrong with one order is not the others'.
func TestOneOfMany(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		good, gone, other, label := b.say(b.order("p_1"), confirmed, ""), b.say(b.order("p_1"), confirmed, ""), b.say(b.order("p_1"), confirmed, ""), b.say(b.order("p_1"), delivered, "")
		b.must(b.rpc.Call(t.Context(), "sale.order", "unlink", rpc.Args{IDs: []int64{gone.id}}, nil))
		// An order of which another person has made something else since it was read.
		b.must(b.reread(t.Context(), []*saleOrder{other}))
		b.must(b.rpc.Call(t.Context(), "sale.order", "action_cancel", argsOf(other.id), nil))
		b.must(b.advance(t.Context(), []*saleOrder{good, gone, other, label}))
		b.is(good, "sale")
		b.is(other, "sale")
		b.is(label, "sale done")
		b.must(other.item.err)
		if class, _ := sinks.ClassOf(gone.item.err); gone.item.err == nil || class != sinks.Retryable {
			t.Error(gone.item.err)
		}
	})
}

// TestOtherTotal: an invoice that is not what the customer paid stays a draft.
func TestOtherTotal(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		o := b.say(b.order("p_1"), confirmed, "")
		b.must(b.advanced(b.sink, o))
		b.say(o, invoiced, "")
		w := &walk{saleOrder: o}
		b.must(b.look(t.Context(), []*walk{w}))
		b.must(b.bill(t.Context(), []*walk{w}))
		draft := b.find("account.move", []string{"invoice_line_ids"}, []any{"state", "=", "draft"}, []any{"move_type", "=", "out_invoice"})[0]
		line := draft["invoice_line_ids"].([]any)[0]
		b.must(b.admin.Write(t.Context(), "account.move", []int64{int64(draft["id"].(float64))}, map[string]any{"invoice_line_ids": []any{[]any{1, line, map[string]any{"price_unit": 9}}}}, nil))
		for range 2 {
			err := b.advanced(b.sink, o)
			if class, _ := sinks.ClassOf(err); class != sinks.Permanent || !strings.Contains(err.Error(), "another total") {
				t.Error(err)
			}
			if e := sinks.ExchangeOf(err); e.Request != "order: 22.05" || e.Answer != "invoices: 27" {
				t.Errorf("%+v", e)
			}
			b.is(o, "sale confirmed draft:not_paid:27:")
			o.item.err = nil
		}
		if n := len(b.find("mail.activity", []string{"id"}, []any{"res_id", "=", o.id}, []any{"res_model", "=", "sale.order"})); n != 1 {
			t.Error(n, "to-dos")
		}
	})
}

// TestLocksItself: an Odoo that locks orders when they are confirmed.
func TestLocksItself(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		settings, err := b.admin.Create(t.Context(), "res.config.settings", []map[string]any{{"group_auto_done_setting": true}}, nil)
		b.must(err)
		b.must(b.admin.Call(t.Context(), "res.config.settings", "execute", rpc.Args{IDs: settings}, nil))
		o, c := b.order("p_1"), b.order("p_1")
		b.must(b.advanced(b.sink, b.say(b.say(o, paid, ""), delivered, ""), b.say(c, confirmed, "")))
		b.is(o, "done done posted:paid")
		b.is(c, "done confirmed")
		b.must(b.advanced(b.sink, b.say(c, cancelled, "")))
		b.is(c, "cancel cancel")
	})
}

// TestRights: a user with the groups that the README names, and no others, comes all the way.
func TestRights(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		ok, err := b.has(t.Context(), "res.users", "group_ids")
		b.must(err)
		groups := "groups_id"
		if ok {
			groups = "group_ids"
		}
		var ids []int64
		for _, name := range []string{"base.group_user", "sales_team.group_sale_salesman_all_leads", "stock.group_stock_user", "account.group_account_invoice"} {
			module, id, _ := strings.Cut(name, ".")
			var ref []any
			b.must(b.admin.Call(t.Context(), "ir.model.data", "check_object_reference", rpc.Args{Named: map[string]any{"module": module, "xml_id": id}}, &ref))
			ids = append(ids, int64(ref[1].(float64)))
		}
		_, err = b.admin.Create(t.Context(), "res.users", []map[string]any{{"name": "Few rights", "login": "few", "password": "few-rights-1", "email": "few@example.com", groups: []any{[]any{6, 0, ids}}}}, nil)
		b.must(err)
		few := b.open(b.odoo.URL)
		few.rpc, err = rpc.New(rpc.Options{URL: b.odoo.URL, Database: b.odoo.Database, Login: "few", Password: "few-rights-1", Transport: rpc.XMLRPC})
		b.must(err)
		all, lots, undo := b.order("p_1", "p_2", "p_3"), b.order("p_4"), b.order("p_1")
		b.say(b.say(b.say(all, paid, "paid"), delivered, ""), locked, "end")
		b.say(undo, cancelled, "")
		b.say(lots, delivered, "")
		b.must(b.advanced(few, all, undo))
		b.is(all, "done done posted:paid:66.15")
		b.is(undo, "cancel")
		all.isNew = true
		b.must(few.notes(t.Context(), []*saleOrder{all}))
		b.must(all.item.err)
		if err := b.advanced(few, lots); err == nil || !strings.Contains(err.Error(), "lots") {
			t.Error(err)
		}
		b.must(b.advanced(few, b.say(undo, sent, "")))
		b.is(undo, "sent")
		if got := b.find("mail.message", []string{"body"}, []any{"model", "=", "sale.order"}, []any{"res_id", "in", []int64{all.id, lots.id}}, []any{"author_id.name", "=", "Few rights"},
			"|", []any{"body", "like", "Shop: "}, []any{"body", "like", "octail"}); len(got) != 3 {
			t.Error("notes:", got)
		}
	})
}
