//go:build odoo

package odoo

import (
	"errors"
	"fmt"
	"testing"

	"octail/internal/odootest"
	"octail/sinks"
)

// TestConfirmAtOnce: with orders.confirm: state an order is confirmed as it is made.
func TestConfirmAtOnce(t *testing.T) {
	on(t, everywhere, "orders: {confirm: state}\n", func(t *testing.T, b *till) {
		quotation, order := two(1, 1), two(2, 2)
		b.put(quotation, order)
		b.is(quotation, stateDraft)
		h := b.is(order, stateSale)
		if h.Date != "2026-03-01 09:08:07" || len(h.Pickings) != 1 {
			t.Errorf("%s, transfers %v", h.Date, h.Pickings)
		}
		quotation.status = 2
		b.put(quotation)
		b.is(quotation, stateSale)
	})
}

// TestConfirmedUnseen: killed after each call on the way of orders that are confirmed by
// the load that makes them, octail comes again, and leaves no order confirmed whose total
// is not the shop's: neither when it can compute the order, nor when something has no
// mapping any more by then.
func TestConfirmedUnseen(t *testing.T) {
	for _, version := range everywhere {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			o := tillDatabase(t, version)
			// A module of this Odoo that makes some orders five dearer.
			o.SQL(t, `CREATE FUNCTION dearer() RETURNS trigger AS $$ BEGIN NEW.amount_total := NEW.amount_total + 5; RETURN NEW; END $$ LANGUAGE plpgsql;
				CREATE TRIGGER dearer BEFORE INSERT OR UPDATE OF amount_total ON sale_order FOR EACH ROW WHEN (NEW.client_order_ref LIKE '9%') EXECUTE FUNCTION dearer()`)
			const settings = "orders: {confirm: state}\n"
			b := tillOn(t, o, settings)
			c := newKiller(t, o.URL)
			reopen := func() { b.reopened(c.URL, o.Database, o.Login, o.Key, settings) }
			warm := two(1, 2)
			b.put(warm)
			b.is(warm, stateSale)
			confirmedOnce := false
			step := 3
			if odootest.Full() {
				step = 1
			}
			for n, id := 2, int64(100); ; n, id = n+step, id+1 {
				right, wrong := two(id, 2), two(9000+id, 2)
				right.customer, wrong.customer = 1, 1
				batch := deliveries(right, wrong)
				reopen()
				b.put(warm) // what is asked once is asked before the counting
				c.set(n)
				if err := b.Deliver(t.Context(), batch); err == nil {
					t.Fatalf("call %d: an order with a wrong total was accepted", n)
				}
				killed, last := c.cut()
				c.set(-1)
				is := ""
				if there := b.see(wrong.id); len(there) == 1 {
					is = there[0].State
				}
				t.Logf("killed after call %d, %s: the order is %q", n, last, is)
				confirmedOnce = confirmedOnce || is == stateSale
				reopen()
				if id%2 == 0 {
					b.cfg.Mappings.Payment = map[string]PaymentTarget{"other": {Term: "Immediate Payment"}}
				}
				err := b.Deliver(t.Context(), batch)
				if kind, held := sinks.HeldFor(failedAt(err, 1)); !held {
					t.Errorf("call %d: the wrong one is not held: %v %v", n, kind, err)
				}
				for _, h := range b.see(wrong.id) {
					if h.confirmed() {
						t.Errorf("call %d (%s): the order is %s with the total %s", n, last, h.State, h.Amount)
					}
				}
				reopen()
				if err := b.Deliver(t.Context(), batch); failedAt(err, 0) != nil {
					t.Errorf("call %d: %v", n, err)
				}
				b.is(right, stateSale)
				if got := b.see(wrong.id); len(got) != 1 || got[0].confirmed() {
					t.Errorf("call %d (%s): %v", n, last, got)
				}
				if !killed {
					break
				}
			}
			if !confirmedOnce {
				t.Error("no kill left an order that was confirmed and not read")
			}
		})
	}
}

// failedAt is what became of one delivery of a batch.
func failedAt(err error, index int) error {
	var some *sinks.BatchError
	if errors.As(err, &some) {
		return some.Failed[index]
	}
	return err
}
