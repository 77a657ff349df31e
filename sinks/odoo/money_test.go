package odoo

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"octail/transform/document"
)

// TestOtherMoney: a price of EUR 12.50 that stands in Odoo as USD 12.50 is said, once.
func TestOtherMoney(t *testing.T) {
	for money, want := range map[string]int{"EUR": 1, "usd": 0, "": 0} {
		var log strings.Builder
		s := &sink{log: slog.New(slog.NewTextHandler(&log, nil)), entities: []string{document.ProductEntity}}
		s.memory.base = &base{at: time.Now(), company: company{id: 1, currency: "USD"}}
		o := &saleOrder{doc: &document.Order{Currency: document.Currency{Base: money}}}
		for range 2 {
			if err := s.ownMoney(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(log.String(), "level=WARN"); n != want {
			t.Errorf("a shop in %q: %d warnings, want %d: %s", money, n, want, log.String())
		}
	}
}
