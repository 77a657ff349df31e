package check_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"octail/internal/check"
	"octail/internal/config"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
	"octail/sinks"
)

// TestForecast: a sink that can tell is asked about what the shop's recent orders use,
// each value once, and what it has no name for is listed with what would wait.
func TestForecast(t *testing.T) {
	server := sound(t, shoptest.MariaDB)
	for name, gen := range map[string]shoptest.Generation{"3.0": shoptest.V3, "4.1": shoptest.V4} {
		t.Run(name, func(t *testing.T) {
			database := shoptesting.Database(t, server)
			db := shoptesting.Open(t, server, database)
			if err := shoptest.Load(t.Context(), db, gen, "oc_"); err != nil {
				t.Fatal(err)
			}
			s := shoptest.NewShop(db, gen, "oc_", 5)
			for range 12 {
				c, err := s.RandomCheckout(t.Context())
				if err == nil {
					_, err = s.Order(t.Context(), c)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			i := newInstallation(t, server, database)
			i.config.Shop.Timezone = "UTC"
			i.sql("UPDATE `" + database + "`.oc_order SET date_added = NOW() - INTERVAL 200 DAY, currency_code = 'OLD' WHERE order_id = (SELECT o FROM (SELECT MIN(order_id) o FROM `" + database + "`.oc_order) x)")
			var asked []sinks.Used
			d := i.deps()
			d.Sinks = []check.SinkCheck{{Name: "erp", Config: config.Sink{Name: "erp"}, Needs: sinks.Needs{States: true},
				Forecast: func(_ context.Context, used []sinks.Used) (map[int]error, error) {
					asked = used
					at := slices.IndexFunc(used, func(u sinks.Used) bool { return u.Kind == "payment" })
					return map[int]error{at: errors.New("add it to mappings.payment")}, nil
				}}}
			r := i.look(check.Run(t.Context(), d))
			kinds := map[string]int64{}
			for _, u := range asked {
				kinds[u.Kind] += u.Orders
				if u.Value == "" || u.Value == "OLD" || u.Order.Customer.Email != "" || len(u.Order.Lines) > 0 {
					t.Errorf("asked about %+v", u)
				}
			}
			for _, kind := range []string{"payment", "status", "currency", "store", "shipping", "tax"} {
				if kinds[kind] == 0 {
					t.Errorf("not asked about any %s: %v", kind, kinds)
				}
			}
			if kinds["status"] != 11 || kinds["currency"] != 11 {
				t.Errorf("%v: 12 orders were placed, one of them long ago", kinds)
			}
			at := slices.IndexFunc(r.Findings, func(f check.Finding) bool { return f.Check == "forecast:erp" })
			if at < 0 {
				t.Fatalf("no finding: %+v", r.Findings)
			}
			f := r.Findings[at]
			if f.Level != check.Warning || !strings.Contains(f.Message, "orders would wait, by the last 90 days: add it to mappings.payment") {
				t.Errorf("%+v", f)
			}
			d.Sinks[0].Forecast = func(context.Context, []sinks.Used) (map[int]error, error) { return nil, nil }
			r = i.look(check.Run(t.Context(), d))
			if !slices.ContainsFunc(r.Findings, func(f check.Finding) bool {
				return f.Check == "forecast:erp" && f.Level == check.OK && strings.HasPrefix(f.Message, "every payment, shipping, status, tax, currency and store that orders of the last 90 days use is mapped")
			}) {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
}
