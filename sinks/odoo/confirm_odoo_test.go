//go:build odoo

package odoo

import "testing"

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
