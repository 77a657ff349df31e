package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFilterKeys(t *testing.T) {
	t.Setenv("OCTAIL_TEST_SECRET", "a")
	t.Setenv("OCTAIL_TEST_LEAST", "12.50")
	c := load(t, smallest+`
  - name: erp
    type: file
    path: /a
    entities: [order, customer]
    where:
      stores: [0, Example Outlet]
      statuses: [Complete, 2]
      customer_groups: [Wholesale]
      countries: [DE, aut]
      min_total: "${OCTAIL_TEST_LEAST}"
      expr: {order: 'total > 5', customer: newsletter}
    release: [5, Processing]
    since: 2026-01-31T15:00:00+02:00
    start: documents
    rate: 0.5
  - {name: crm, type: file, path: /b, where: {min_total: 50, expr: total > 5}, release: any, since: 2026-01-31 15:04, start: 2026-02-01, rate: 20}
  - {name: bi, type: file, path: /c, where: {}, start: now, since: 2026-01-31}
`)
	want := []Sink{
		{Name: "erp", Entities: []string{"order", "customer"}, Where: Where{
			Stores: []string{"0", "Example Outlet"}, Statuses: []string{"Complete", "2"}, CustomerGroups: []string{"Wholesale"}, Countries: []string{"DE", "aut"}, MinTotal: "12.50",
			Expr: Expressions{"order": "total > 5", "customer": "newsletter"}},
			Release: Release{Statuses: []string{"5", "Processing"}}, Since: Moment{At: time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC)}, Start: Start{Kind: StartDocuments}, Rate: 0.5},
		{Name: "crm", Where: Where{MinTotal: "50", Expr: Expressions{"order": "total > 5"}}, Release: Release{Any: true},
			Since: Moment{time.Date(2026, 1, 31, 15, 4, 0, 0, time.UTC), true}, Start: Start{StartDate, Moment{time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), true}}, Rate: 20},
		{Name: "bi", Start: Start{Kind: StartNow}, Since: Moment{time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), true}},
	}
	for i, w := range want {
		got := c.Sinks[i+1]
		got.Type, got.Line, got.Timeout, got.Settings = "", 0, 0, nil
		if diff := cmp.Diff(w, got); diff != "" {
			t.Error(diff)
		}
	}
	if first := c.Sinks[0]; !first.Release.IsZero() || !first.Since.IsZero() || first.Start.Kind != "" || first.Rate != 0 {
		t.Errorf("%+v", first)
	}
}

// TestMoment: every form is read back from what String writes, and means the shop's time
// unless it has a zone.
func TestMoment(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"2026-07-01":                "2026-06-30T22:00:00Z",
		"2026-07-01 12:30":          "2026-07-01T10:30:00Z",
		"2026-07-01 12:30:15":       "2026-07-01T10:30:15Z",
		"2026-07-01T12:30":          "2026-07-01T10:30:00Z",
		"2026-07-01T12:30:15":       "2026-07-01T10:30:15Z",
		"2026-07-01T12:30:15Z":      "2026-07-01T12:30:15Z",
		"2026-07-01T12:30:15+05:30": "2026-07-01T07:00:15Z",
	} {
		var m, again Moment
		if !m.read(text) || m.In(berlin).UTC().Format(time.RFC3339) != want {
			t.Errorf("%s: %s", text, m.In(berlin))
		}
		if !again.read(m.String()) || again != m {
			t.Errorf("%s: written as %s", text, m)
		}
	}
	for _, text := range []string{"", "yesterday", "2026", "01.07.2026", "2026-13-01", "2026-07-01T12:30:15 CET", "30d"} {
		if (&Moment{}).read(text) {
			t.Errorf("%q was read", text)
		}
	}
	if none := (Moment{}); none.String() != "" || !none.In(berlin).IsZero() {
		t.Error(none)
	}
}
