//go:build odoo

package odoo

import (
	"slices"
	"strings"
	"testing"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// differing are the fields that a comparison names, by the order's number.
func (b *till) differing(sales ...sale) map[int64]string {
	b.t.Helper()
	batch := deliveries(sales...)
	diffs, err := b.Compare(b.t.Context(), batch)
	if err != nil {
		b.t.Fatal(inFull(err))
	}
	out := map[int64]string{}
	for _, d := range diffs {
		out[batch[d.Index].ID] = strings.Join(d.Fields, " ")
		if d.Missing {
			out[batch[d.Index].ID] = "missing"
		}
	}
	return out
}

// TestCompareAfterAMapping: when mappings.status says another state, a comparison names the
// orders that are not there, and no others; delivered once more they are.
func TestCompareAfterAMapping(t *testing.T) {
	on(t, everywhere, "", func(t *testing.T, b *till) {
		(&bench{t: t, sink: b.sink, admin: b.admin}).plainInvoices()
		sales := []sale{two(101, 1), two(102, 2), two(103, 3), two(104, 7), two(105, 8), two(106, 9), two(107, 2)}
		b.put(two(105, 3)) // 14 invoices what is delivered
		b.put(sales...)
		if got := b.differing(sales...); len(got) > 0 {
			t.Fatalf("at first: %v", got)
		}
		// Somebody has read the quotation and noted something in it.
		if err := b.admin.Write(t.Context(), "sale.order", []int64{b.see(101)[0].ID}, map[string]any{"origin": "by phone"}, nil); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			to map[string]string
			is map[int64]string // the state in Odoo, of those that differ
		}{
			{map[string]string{"1": "sent"}, nil}, // it is a person's now
			{map[string]string{"1": "confirmed"}, map[int64]string{101: stateSale}},
			{map[string]string{"2": "delivered", "7": "confirmed"}, map[int64]string{102: stateSale, 107: stateSale, 104: stateSale}},
			{map[string]string{"2": "cancelled"}, nil}, // they are delivered
			{map[string]string{"2": "invoiced"}, map[int64]string{102: stateSale, 107: stateSale}},
			{map[string]string{"8": "paid", "7": "locked"}, map[int64]string{105: stateSale, 104: "locked"}},
			{map[string]string{"1": "cancelled"}, map[int64]string{101: stateCancel}},
		} {
			for status, to := range c.to {
				b.cfg.Mappings.Status[status] = to
			}
			got := b.differing(sales...)
			for id, fields := range got {
				if fields != "status" || c.is[id] == "" {
					t.Errorf("%v: order %d differs in %s", c.to, id, fields)
				}
			}
			for id := range c.is {
				if got[id] == "" {
					t.Errorf("%v: order %d does not differ", c.to, id)
				}
			}
			var again []sinks.Delivery
			for _, d := range deliveries(sales...) {
				if d.Again = true; c.is[d.ID] != "" {
					again = append(again, d)
				}
			}
			if err := b.Deliver(t.Context(), again); err != nil {
				t.Fatal(inFull(err))
			}
			if got := b.differing(sales...); len(got) > 0 {
				t.Errorf("%v: afterwards %v", c.to, got)
			}
			for id, state := range c.is {
				h := b.see(id)[0]
				if state == "locked" && h.locked() {
					continue
				}
				if h.State != state {
					t.Errorf("%v: order %d is %s", c.to, id, h.State)
				}
			}
		}
		for id, bills := range map[int64]int{102: 1, 105: 1, 107: 1} {
			if h := b.see(id)[0]; len(h.Invoices) != bills {
				t.Errorf("order %d has %d invoices", id, len(h.Invoices))
			}
		}
		paid := b.rows(t, "account.move", b.see(105)[0].Invoices, "payment_state")
		if len(paid) != 1 || paid[0]["payment_state"] != "paid" && paid[0]["payment_state"] != "in_payment" {
			t.Errorf("the invoice of 105: %v", paid)
		}
	})
}

// TestCompareLeavesPersonsAlone: what a person did to an order since it was delivered is no
// difference, as long as it is not what the shop sells.
func TestCompareLeavesPersonsAlone(t *testing.T) {
	on(t, everywhere, "", func(t *testing.T, b *till) {
		(&bench{t: t, sink: b.sink, admin: b.admin}).plainInvoices()
		does := func(method string, id int64) {
			t.Helper()
			if err := b.admin.Call(t.Context(), "sale.order", method, rpc.Args{IDs: []int64{b.see(id)[0].ID}}, nil); err != nil {
				t.Fatal(method, err)
			}
		}
		writes := func(model string, id int64, values map[string]any) {
			t.Helper()
			if err := b.admin.Write(t.Context(), model, []int64{id}, values, nil); err != nil {
				t.Fatal(err)
			}
		}
		cancelledHere, quotationAgain, takenUp, unlocked := two(101, 2), two(102, 2), two(103, 7), two(104, 9)
		moved, dearer, edited, invoiced := two(105, 2), two(106, 2), two(107, 2), two(108, 8)
		sales := []sale{cancelledHere, quotationAgain, takenUp, unlocked, moved, dearer, edited, invoiced}
		b.put(two(108, 3)) // 14 invoices what is delivered
		takenUp.status = 2 // the shop cancels it later
		b.put(sales[0], sales[1], takenUp, sales[3], sales[4], sales[5], sales[6], sales[7])
		takenUp.status = 7
		b.put(takenUp)
		if got := b.differing(sales...); len(got) > 0 {
			t.Fatalf("at first: %v", got)
		}
		does("action_cancel", 101)
		does("action_cancel", 102)
		does("action_draft", 102)
		does("action_draft", 103)
		does("action_confirm", 103)
		does("action_unlock", 104)
		other, err := b.admin.Create(t.Context(), partnerModel, []map[string]any{{"name": "Elsewhere", "street": "9 Other Road"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		writes("sale.order", b.see(105)[0].ID, map[string]any{"partner_shipping_id": other[0], "note": "ring twice", "date_order": "2026-03-03 10:00:00"})
		writes(partnerModel, b.see(107)[0].Shipping.ID, map[string]any{"street": "1 High Street, back door"})
		h := b.see(106)[0]
		k := slices.IndexFunc(h.lines, func(l *heldLine) bool { return strings.HasPrefix(string(l.Text), "Product 40") })
		writes("sale.order.line", h.lines[k].ID, map[string]any{"price_unit": 77})
		writes("sale.order", h.ID, map[string]any{"note": "ring twice"})
		writes("sale.order.line", b.see(107)[0].lines[0].ID, map[string]any{"name": "Product 40, the blue one"})
		bills := b.see(108)[0].Invoices
		if err := b.admin.Call(t.Context(), "account.move", "button_draft", rpc.Args{IDs: bills}, nil); err != nil {
			t.Fatal(err)
		}
		if got := b.differing(sales...); len(got) != 1 || got[106] != "lines total" {
			t.Errorf("it names %v, want the lines and the total of 106 alone", got)
		}
		if err := b.admin.Call(t.Context(), "account.move", "button_cancel", rpc.Args{IDs: bills}, nil); err != nil {
			t.Fatal(err)
		}
		if got := b.differing(sales...); len(got) != 1 || got[106] != "lines total" {
			t.Errorf("with a cancelled invoice it names %v, want the lines and the total of 106 alone", got)
		}
		// Delivered once more its lines are the shop's again, and the person's words stay.
		d := deliveries(dearer)[0]
		d.Again = true
		b.deliver(t, d)
		if h := b.is(dearer, stateSale); !sameNote(string(h.Note), "ring twice") {
			t.Errorf("the note is %q", h.Note)
		}
		if got := b.differing(sales...); len(got) > 0 {
			t.Errorf("afterwards it names %v", got)
		}
	})
}
