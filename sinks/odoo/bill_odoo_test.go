//go:build odoo

package odoo

import (
	"strings"
	"testing"

	"octail/sinks"
)

func TestDeliveries(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		short, service, lots, later := b.order("p_1", "p_2", "p_3"), b.order("p_2"), b.order("p_1", "p_4"), b.order("p_3")
		b.say(short, delivered, "")
		b.say(service, delivered, "")
		b.say(lots, delivered, "")
		b.say(later, paid, "")
		b.must(b.advance(t.Context(), []*saleOrder{short, service, lots, later}))
		b.must(short.item.err)
		b.must(service.item.err)
		b.must(later.item.err)
		b.is(short, "sale done")
		b.is(service, "sale")
		b.is(lots, "sale confirmed")
		b.is(later, "sale confirmed")
		if class, _ := sinks.ClassOf(lots.item.err); class != sinks.Permanent || !strings.Contains(lots.item.err.Error(), "lots or serial numbers") {
			t.Error(lots.item.err)
		}
		if n := len(b.find("mail.activity", []string{"id"}, []any{"res_id", "=", lots.id})); n != 1 {
			t.Error(n, "to-dos for the lots")
		}
		if got := b.find("mail.message", []string{"body"}, []any{"model", "=", "sale.order"}, []any{"res_id", "=", later.id}, []any{"body", "like", "nothing to invoice"}); len(got) != 1 {
			t.Error("nobody is told that there is nothing to invoice yet:", got)
		}
		done := b.find("stock.move", []string{"product_uom_qty", "state"}, []any{"picking_id.origin", "=", b.find("sale.order", []string{"name"}, []any{"id", "=", short.id})[0]["name"]})
		if len(done) != 2 || done[0]["state"] != "done" || done[0]["product_uom_qty"] != 3.0 {
			t.Error(done)
		}
		b.must(b.advanced(b.sink, b.say(later, delivered, "")))
		b.is(later, "sale done posted:paid:22.05:2026-03-02")

		// What was delivered is not cancelled, until a person has done it.
		err := b.advanced(b.sink, b.say(short, cancelled, ""))
		if class, _ := sinks.ClassOf(err); class != sinks.Permanent || !strings.Contains(err.Error(), "undoes neither") {
			t.Error(err)
		}
		b.is(short, "sale done")
		b.must(b.rpc.Call(t.Context(), "sale.order", "action_cancel", argsOf(short.id), nil))
		b.must(b.advanced(b.sink, b.say(short, cancelled, "")))
		b.is(short, "cancel done")
		if err := b.advanced(b.sink, b.say(short, confirmed, "")); err == nil {
			t.Error("an order was reopened that is delivered and cancelled")
		}
		b.is(short, "cancel done")
		if mails := b.find("mail.mail", []string{"id"}); len(mails) > 0 {
			t.Error(len(mails), "mails")
		}
	})
}

func TestInvoices(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		open, all, locks := b.order("p_1", "p_2"), b.order("p_1", "p_2", "p_3"), b.order("p_1")
		b.say(open, invoiced, "")
		b.say(b.say(all, paid, ""), delivered, "")
		b.say(b.say(locks, paid, ""), locked, "")
		for _, o := range []*saleOrder{open, all, locks} {
			o.payment.journal = b.journal()
		}
		for range 2 {
			calls := b.rpc.Calls()
			b.must(b.advanced(b.sink, open, all, locks))
			t.Log(b.rpc.Calls()-calls, "calls")
			b.is(open, "sale confirmed posted:not_paid:44.1:2026-03-02")
			b.is(all, "sale done posted:paid:66.15:2026-03-02")
			b.is(locks, "done confirmed posted:paid:22.05:2026-03-02")
			for _, o := range []*saleOrder{open, all, locks} {
				o.held = nil
			}
		}
		b.must(b.advanced(b.sink, b.say(open, paid, "")))
		b.is(open, "sale confirmed posted:paid:44.1:2026-03-02")
		pays := b.find("account.payment", []string{"date", "amount", "journal_id", "state"})
		if len(pays) != 3 || pays[2]["date"] != "2026-03-03" || pays[2]["amount"] != 44.1 {
			t.Error(pays)
		}
		if err := b.advanced(b.sink, b.say(open, cancelled, "")); err == nil {
			t.Error("an invoiced order was cancelled")
		}
		b.is(open, "sale confirmed posted:paid")
		if mails := b.find("mail.mail", []string{"id"}); len(mails) > 0 {
			t.Error(len(mails), "mails")
		}
	})
}

func (b *bench) journal() int64 {
	b.t.Helper()
	return int64(b.find("account.journal", []string{"id"}, []any{"type", "=", "bank"})[0]["id"].(float64))
}

// TestHistory: orders of long ago, delivered and paid, in a few calls each.
func TestHistory(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		var orders []*saleOrder
		for i := range 20 {
			o := b.order([]string{"p_1", "p_3"}[i%2], "p_2")
			b.say(b.say(o, paid, ""), delivered, "")
			o.payment.journal = b.journal()
			orders = append(orders, o)
		}
		lots := b.say(b.order("p_4"), delivered, "")
		b.must(b.reread(t.Context(), append(orders, lots)))
		calls := b.rpc.Calls()
		b.must(b.advance(t.Context(), append(orders, lots)))
		t.Logf("%.1f calls an order", float64(b.rpc.Calls()-calls)/20)
		for _, o := range orders {
			b.must(o.item.err)
			b.is(o, "sale done posted:paid:44.1:2026-03-02")
		}
		if lots.item.err == nil {
			t.Error("lots were shipped that nobody named")
		}
		b.is(lots, "sale confirmed")
		if n := len(b.find("account.payment", []string{"id"})); n != 20 {
			t.Error(n, "payments")
		}
	})
}
