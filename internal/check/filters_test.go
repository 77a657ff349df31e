package check_test

import (
	"strings"
	"testing"

	"octail/internal/check"
	"octail/internal/config"
	"octail/internal/filter"
	"octail/internal/shoptest"
	"octail/sinks"
)

// messages are the findings about filters, remedies included.
func messages(r check.Report, level check.Level) string {
	var out []string
	for _, f := range r.Findings {
		if f.Check == "filter" && f.Level == level {
			out = append(out, f.Message+"\n"+f.Remedy)
		}
	}
	return strings.Join(out, "\n\n")
}

// checkFilters runs all checks with one sink.
func (i *installation) checkFilters(k config.Sink, needs sinks.Needs) check.Report {
	i.t.Helper()
	k.Name = "erp"
	d := i.deps()
	d.Sinks = []check.SinkCheck{{Name: k.Name, Config: k, Needs: needs}}
	return i.look(check.Run(i.t.Context(), d))
}

// named are settings with mappings, in which a merchant has mistyped.
type named struct{}

func (named) ShopNames() (statuses, stores map[string][]string) {
	return map[string][]string{"mappings.status": {"shipped", "Shiped", "5"}}, map[string][]string{"mappings.store": {"0", "Outlett"}}
}

func TestFilterNames(t *testing.T) {
	server := sound(t, shoptest.MariaDB)
	states := sinks.Needs{States: true}
	t.Run("4.1", func(t *testing.T) {
		i := install(t, server, shoptest.V4)
		good := config.Sink{Where: config.Where{Stores: []string{"0", "example outlet"}, Statuses: []string{"complete", "2"}, CustomerGroups: []string{"Default"}}, Release: config.Release{Statuses: []string{"Processing"}}}
		r := i.checkFilters(good, states)
		if got := messages(r, check.Warning) + messages(r, check.OK); got != "" {
			t.Error(got)
		}
		bad := config.Sink{Where: config.Where{Stores: []string{"7", "Example Shop"}, Statuses: []string{"Completed", "5", "99"}, CustomerGroups: []string{"Staff"}}, Release: config.Release{Statuses: []string{"Payed"}}}
		got := messages(i.checkFilters(bad, states), check.Warning)
		for _, want := range []string{
			`where.stores of the sink erp: the shop has no store "7"; it has: 0 Example Shop, 1 Example Outlet`,
			`where.statuses of the sink erp: the shop has no order status "Completed", "99"; it has: 1 Pending, 2 Processing, `,
			`where.customer_groups of the sink erp: the shop has no customer group "Staff"; it has: 1 Default`,
			`release of the sink erp: the shop has no order status "Payed"; it has: 1 Pending`,
			"# correct release of the sink erp in config.yaml",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("lacks %s:\n%s", want, got)
			}
		}
		mapped := config.Sink{Release: config.Release{Any: true}, Settings: named{}}
		if got, want := messages(i.checkFilters(mapped, states), check.Warning), `mappings.status of the sink erp: the shop has no order status "Shiped"; it has: 1 Pending`; strings.Count(got, "the shop has no") != 2 ||
			!strings.Contains(got, want) || !strings.Contains(got, `mappings.store of the sink erp: the shop has no store "Outlett"`) {
			t.Error(got)
		}
		r = i.checkFilters(config.Sink{}, states)
		if got, want := messages(r, check.OK), "orders are created in the sink erp in the shop's processing and complete statuses: 1 Pending, 2 Processing, 3 Shipped, 5 Complete, 12 "; !strings.HasPrefix(got, want) {
			t.Error(got)
		}
		for _, k := range []struct {
			config.Sink
			sinks.Needs
		}{{config.Sink{}, sinks.Needs{}}, {config.Sink{Release: config.Release{Any: true}}, states}, {config.Sink{Entities: []string{"stock"}}, states}, {config.Sink{}, sinks.Needs{States: true, Entities: []string{"stock"}}}} {
			if r := i.checkFilters(k.Sink, k.Needs); messages(r, check.OK)+messages(r, check.Warning) != "" {
				t.Errorf("%+v: %s", k, messages(r, check.OK))
			}
		}
		i.sql("UPDATE {db}.oc_setting SET value = '[]' WHERE `key` IN ('config_processing_status', 'config_complete_status')")
		if got := messages(i.checkFilters(config.Sink{}, states), check.Warning); !strings.HasPrefix(got, "no order would ever be created in the sink erp") || !strings.Contains(got, `release: ["Pending", "Processing", "Shipped"]`) {
			t.Error(got)
		}
		i.sql("REVOKE SELECT ON {db}.* FROM {account}")
		if r := i.checkFilters(bad, states); messages(r, check.Warning) != "" {
			t.Error(messages(r, check.Warning))
		}
	})
	t.Run("1.5", func(t *testing.T) {
		i := install(t, server, shoptest.V1)
		got := messages(i.checkFilters(config.Sink{}, states), check.Warning)
		if !strings.HasPrefix(got, "OpenCart 1.5 has no list of processing statuses: ") || !strings.Contains(got, "(1 Pending, 5 Complete)") {
			t.Error(got)
		}
	})
}

// TestFilterWidened: without a database, too.
func TestFilterWidened(t *testing.T) {
	i := &installation{t: t}
	dir := t.TempDir()
	i.config.Shop.MySQL.Address, i.config.Journal.Path, i.config.Shop.Timezone = "unix:"+dir+"/none.sock", dir+"/octail.db", config.TimezoneAuto
	narrow := config.Sink{Name: "erp", Where: config.Where{Statuses: []string{"5"}}}
	states := sinks.Needs{States: true}
	covered := `{"order":"2026-01-01T00:00:00Z"}`
	i.openJournal(map[string]string{"covered": covered, "timezone": "Europe/Berlin",
		filter.MetaName("erp"): filter.SpecOf(narrow, states, filter.Shop{Since: filter.CoveredOrders(covered)}).String()})
	if got := messages(i.checkFilters(narrow, states), check.Warning); got != "" {
		t.Error(got)
	}
	got := messages(i.checkFilters(config.Sink{}, states), check.Warning)
	want := "sink erp: the filter of the sink (where.statuses) takes more than at the last run; widening it sends nothing by itself\n# once the agent runs with it:\noctail sync order --force --sink erp --since 2025-12-31T23:59:00Z"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
