package transform

import (
	"testing"

	"octail/internal/shop"
	"octail/transform/document"
)

func testAssembly() *assembly {
	ref := testReference()
	ref.settings = map[string]string{"config_currency": "EUR", "config_void_status_id": "16"}
	ref.statuses = map[int64]string{1: "Pending", 2: "Processing", 16: "Voided"}
	ref.decimals = map[string]int64{"EUR": 2, "JPY": 0}
	return &assembly{ref: ref}
}

func TestHistoryKeepsRealSteps(t *testing.T) {
	type row struct {
		status  int
		comment string
	}
	for name, c := range map[string]struct {
		rows []row
		want string
	}{
		"nothing":                  {nil, ""},
		"steps":                    {[]row{{1, ""}, {2, ""}, {3, "sent"}}, "1 2 3sent"},
		"status 0":                 {[]row{{0, ""}, {1, ""}, {0, "why"}, {2, ""}}, "1 2"},
		"only status 0":            {[]row{{0, ""}}, ""},
		"an edit to 4.0":           {[]row{{1, ""}, {0, ""}, {1, ""}}, "1"},
		"an edit in 4.1":           {[]row{{1, ""}, {16, ""}, {1, ""}}, "1"},
		"edits between steps":      {[]row{{1, ""}, {16, ""}, {1, ""}, {2, ""}, {16, ""}, {2, ""}, {16, ""}, {2, ""}}, "1 2"},
		"voided for good":          {[]row{{1, ""}, {16, ""}}, "1 16"},
		"voided with words":        {[]row{{1, ""}, {16, "by hand"}, {1, ""}}, "1"},
		"a note":                   {[]row{{1, ""}, {1, "note"}, {1, "note"}}, "1 1note 1note"},
		"a note, then an edit":     {[]row{{1, ""}, {1, "note"}, {0, ""}, {1, ""}}, "1 1note"},
		"a repeat after left rows": {[]row{{2, ""}, {16, ""}, {0, ""}, {2, ""}}, "2"},
		"back to an earlier one":   {[]row{{1, ""}, {2, ""}, {1, ""}}, "1 2 1"},
		"void before a draft row":  {[]row{{1, ""}, {16, ""}, {0, ""}}, "1"},
	} {
		var rows [][]any
		for _, r := range c.rows {
			rows = append(rows, []any{r.status, r.comment, 1, "2026-11-30 10:00:00"})
		}
		got := ""
		for _, s := range testAssembly().history(shop.NewRows([]string{"order_status_id", "comment", "notify", "date_added"}, rows...).All()) {
			if got != "" {
				got += " "
			}
			got += document.Key{Entity: "", ID: s.Status.ID}.String()[1:] + s.Comment
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// anOrder adds up: 2 lines, shipping, tax.
func anOrder() *document.Order {
	return &document.Order{
		Status: document.Status{ID: 1}, Total: "61.0000",
		Lines: []document.Line{{Line: 1, Total: "25.0000"}, {Line: 2, Total: "20.0000"}},
		Totals: []document.Total{{Code: "sub_total", Value: "45.0000"}, {Code: "shipping", Value: "5.0000"}, {Code: "tax", Value: "11.0000"},
			{Code: "total", Value: "61.0000"}},
	}
}

func TestAddsUp(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*document.Order)
		want   bool
	}{
		"as it is":              {func(*document.Order) {}, true},
		"a line is missing":     {func(o *document.Order) { o.Lines = o.Lines[:1] }, false},
		"no lines":              {func(o *document.Order) { o.Lines = nil }, false},
		"no totals":             {func(o *document.Order) { o.Totals = nil }, false},
		"total is missing":      {func(o *document.Order) { o.Totals = o.Totals[:3] }, false},
		"sub_total is missing":  {func(o *document.Order) { o.Totals = o.Totals[1:] }, false},
		"shipping is missing":   {func(o *document.Order) { o.Totals = append(o.Totals[:1], o.Totals[2:]...) }, false},
		"header not yet":        {func(o *document.Order) { o.Total = "60.0000" }, false},
		"rounding":              {func(o *document.Order) { o.Total = "61.0002"; o.Lines[0].Total = "25.0001" }, true},
		"a cent is no rounding": {func(o *document.Order) { o.Total = "61.0100" }, false},
		"a voucher bought": {func(o *document.Order) {
			o.Vouchers = []document.Voucher{{Amount: "30.0000"}}
			o.Totals[0].Value, o.Totals[3].Value, o.Total = "75.0000", "91.0000", "91.0000"
		}, true},
		"negative": {func(o *document.Order) {
			o.Totals = append(o.Totals, document.Total{Code: "credit", Value: "-100.0000"})
			o.Totals[3].Value, o.Total = "-39.0000", "-39.0000"
		}, true},
		"free": {func(o *document.Order) {
			*o = document.Order{Total: "0.0000", Totals: []document.Total{{Code: "sub_total", Value: "0.0000"}, {Code: "total", Value: "0.0000"}}}
		}, true},
		"no numbers": {func(o *document.Order) { o.Lines[0].Total = "many" }, false},
	} {
		o := anOrder()
		c.change(o)
		if got := addsUp(o); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestHalfwayOrder(t *testing.T) {
	with := func(status int64, lines int) *document.Order {
		o := anOrder()
		o.Status.ID, o.Lines = status, o.Lines[:lines]
		return o
	}
	for name, c := range map[string]struct {
		now, before *document.Order
		want        string
	}{
		"new":                         {with(1, 2), nil, ""},
		"new and not adding up":       {with(1, 1), nil, ""},
		"first seen in an edit":       {with(16, 0), nil, "status"},
		"the same":                    {with(2, 2), with(1, 2), ""},
		"to 0":                        {with(0, 2), with(1, 2), "status"},
		"to void":                     {with(16, 2), with(1, 2), "status"},
		"stays at 0":                  {with(0, 2), with(0, 2), ""},
		"from 0 to void":              {with(16, 2), with(0, 2), ""},
		"a line is gone":              {with(1, 1), with(1, 2), "sums"},
		"a line is gone, status too":  {with(0, 1), with(1, 2), "status"},
		"never added up":              {with(1, 1), with(1, 1), ""},
		"lines rewritten at status 0": {with(0, 1), with(0, 2), "sums"},
	} {
		if got := halfwayOrder(c.now, c.before, 16); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := halfwayOrder(with(16, 2), with(1, 2), -1); got != "" {
		t.Errorf("without a void status: %q", got)
	}
}

func TestVoidStatus(t *testing.T) {
	for setting, want := range map[string]int64{"16": 16, " 16 ": 16, "": -1, "0": -1, "none": -1, "-": -1, "99999999999999999999": -1} {
		ref := testReference()
		ref.settings = map[string]string{"config_void_status_id": setting}
		if got := ref.void(); got != want {
			t.Errorf("%q: %d, want %d", setting, got, want)
		}
	}
}

func TestMethod(t *testing.T) {
	for _, c := range []struct {
		columns []string
		values  []any
		want    method
	}{
		{[]string{"m", "c"}, []any{"Cash &amp; Carry", "cod"}, method{code: "cod", name: "Cash & Carry"}},
		{[]string{"m", "c"}, []any{"", ""}, method{}},
		{[]string{"m", "c"}, []any{"{curly} pay", "x"}, method{code: "x", name: "{curly} pay"}}, // a title
		// An upgraded shop that kept its code column.
		{[]string{"m", "c"}, []any{`{"name":"Cash","code":"cod.cod"}`, ""}, method{code: "cod.cod", name: "Cash", stored: true}},
		{[]string{"m"}, []any{` {"code":"flat.flat","name":"Flat &quot;","cost":"5.00","tax_class_id":9}`}, method{"flat.flat", `Flat "`, true, "5.00", "9"}},
		{[]string{"m"}, []any{`{"code":"flat.flat","cost":5.5,"tax_class_id":null}`}, method{"flat.flat", "", true, "5.5", ""}},
		{[]string{"m"}, []any{`{"code":["x"],"name":{"a":1},"cost":true}`}, method{stored: true}},
		{[]string{"m"}, []any{`{"code":"flat`}, method{stored: true}},
		{[]string{"m"}, []any{`[]`}, method{stored: true}},
		{[]string{"m"}, []any{nil}, method{stored: true}},
		{[]string{"m"}, []any{"Bank transfer"}, method{name: "Bank transfer", stored: true}},
	} {
		row := shop.NewRows(c.columns, c.values).All()[0]
		if got := testAssembly().method(row, "m", "c"); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.values, got, c.want)
		}
	}
}

func TestCents(t *testing.T) {
	for stored, want := range map[string]string{
		"5": "5.00", "5.0": "5.00", "5.00": "5.00", "5.125": "5.125", "-3.5": "-3.50", "0": "0.00",
		"": "", "x": "", "1e9": "", "1e999999999": "", "5,00": "", ".5": "", "123456789012345678901": "",
	} {
		if got := cents(stored); got != want {
			t.Errorf("%q: %q, want %q", stored, got, want)
		}
	}
}

func TestCurrency(t *testing.T) {
	row := func(code string, rate any) shop.Row {
		return shop.NewRows([]string{"currency_code", "currency_value"}, []any{code, rate}).All()[0]
	}
	sold := &document.Order{Currency: document.Currency{Code: "JPY", Rate: "1.0", Decimals: 3, Base: "USD"}}
	unset := &document.Order{Currency: document.Currency{Code: "JPY", Decimals: 3}}
	for name, c := range map[string]struct {
		row    shop.Row
		before *document.Order
		want   document.Currency
	}{
		"new":                          {row("JPY", "163.45670000"), nil, document.Currency{Code: "JPY", Rate: "163.45670000", Decimals: 0, Base: "EUR"}},
		"rate 0":                       {row("EUR", "0.00000000"), nil, document.Currency{Code: "EUR", Rate: "1.00000000", Decimals: 2, Base: "EUR"}},
		"no rate":                      {row("EUR", nil), nil, document.Currency{Code: "EUR", Rate: "1.00000000", Decimals: 2, Base: "EUR"}},
		"a tiny rate":                  {row("EUR", "0.00000001"), nil, document.Currency{Code: "EUR", Rate: "0.00000001", Decimals: 2, Base: "EUR"}},
		"a currency that is gone":      {row("XXX", "1.00000000"), nil, document.Currency{Code: "XXX", Rate: "1.00000000", Decimals: 2, Base: "EUR"}},
		"as sold":                      {row("JPY", "163.45670000"), sold, document.Currency{Code: "JPY", Rate: "163.45670000", Decimals: 3, Base: "USD"}},
		"another currency":             {row("EUR", "1.00000000"), sold, document.Currency{Code: "EUR", Rate: "1.00000000", Decimals: 2, Base: "EUR"}},
		"sold while the base was away": {row("JPY", "163.45670000"), unset, document.Currency{Code: "JPY", Rate: "163.45670000", Decimals: 0, Base: "EUR"}},
	} {
		a := testAssembly()
		if got := a.currency(c.row, c.before); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestMask(t *testing.T) {
	for code, want := range map[string]string{"": "", "A": "A***", "Sommer26": "So***", "é✓x": "é✓***"} {
		if got := mask(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

// TestTotalsKeepTheirTax: a rate is taken from the tax rates when the row is first
// seen, and kept for the same code, title and place.
func TestTotalsKeepTheirTax(t *testing.T) {
	a := testAssembly()
	vat := document.TotalTax{Rate: "20.0000", Type: "percent"}
	a.ref.taxRates = map[string]document.TotalTax{"VAT": vat}
	rows := shop.NewRows([]string{"code", "title", "value"},
		[]any{"sub_total", "VAT", "1"}, []any{"tax", "VAT", "2"}, []any{"tax", "Old", "3"}, []any{"tax", "VAT", "4"}).All()
	old := document.TotalTax{Rate: "19.0000", Type: "percent"}
	before := &document.Order{Totals: []document.Total{{Code: "tax", Title: "VAT", Tax: &old}, {Code: "tax", Title: "Old", Tax: &old}, {Code: "tax", Title: "other"}}}
	for _, c := range []struct {
		before *document.Order
		want   []*document.TotalTax
	}{
		{nil, []*document.TotalTax{nil, &vat, nil, &vat}},
		{before, []*document.TotalTax{nil, &old, &old, &vat}},
	} {
		for i, total := range a.totals(rows, c.before) {
			if want := c.want[i]; (want == nil) != (total.Tax == nil) || want != nil && *want != *total.Tax {
				t.Errorf("total %d: %v, want %v", i, total.Tax, want)
			}
		}
	}
}
