package odoo

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// TestStatus: OpenCart's statuses have a state, and a line is before them, by id first.
func TestStatus(t *testing.T) {
	s := &sink{cfg: defaults()}
	status := func(id int64, name string) document.Status { return document.Status{ID: id, Name: &name} }
	for name, want := range map[string]saleState{
		"Pending": draft, "Processing": confirmed, "Shipped": delivered, "Complete": delivered, "Canceled": cancelled, "Denied": cancelled,
		"Canceled Reversal": confirmed, "Failed": cancelled, "Refunded": cancelled, "Reversed": cancelled, "Chargeback": cancelled,
		"Expired": cancelled, "Processed": confirmed, "Voided": cancelled, " processing ": confirmed, "CANCELED  reversal": confirmed,
	} {
		if got, err := s.mapStatus(t.Context(), status(99, name)); got != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
	}
	s.cfg.Mappings.Status = map[string]string{"5": "Invoiced", "complete": "paid", "Awaiting & picking": "confirmed", "7": "locked"}
	for _, test := range []struct {
		status document.Status
		want   saleState
	}{
		{status(5, "Complete"), invoiced}, {status(6, "COMPLETE"), paid}, {status(20, "Awaiting &amp;  picking"), confirmed}, {document.Status{ID: 7}, locked},
	} {
		if got, err := s.mapStatus(t.Context(), test.status); got != test.want || err != nil {
			t.Errorf("%+v: %s, %v; want %s", test.status, got, err, test.want)
		}
	}
	for _, unknown := range []document.Status{status(17, "In Bearbeitung"), {ID: 18}, {}} {
		_, err := s.mapStatus(t.Context(), unknown)
		if kind, ok := sinks.HeldFor(err); !ok || kind != "status" {
			t.Errorf("%+v: %v", unknown, err)
		}
	}
}

// TestLines: the line that a held order asks for is one that the config file takes, and
// with it the order is not held any more.
func TestLines(t *testing.T) {
	for _, name := range []string{"Waiting", `With "quotes"`, "Ümläut: [x] #1 🙂", "a &amp; b", "line\nbreak", "- dash", "true", "{a}", "back\\slash", "tab\there"} {
		s := &sink{cfg: defaults()}
		st := document.Status{ID: 17, Name: &name}
		_, err := s.mapStatus(t.Context(), st)
		if err == nil {
			t.Fatal(name)
		}
		_, rest, _ := strings.Cut(err.Error(), "add to mappings.status: ")
		text, _, _ := strings.Cut(rest, " (or another")
		c, _, err := decode(least + "api_key: k\nmappings:\n  status:\n    " + text + "\n")
		if err != nil {
			t.Errorf("%q: %s: %v", name, text, err)
			continue
		}
		s.cfg = c
		if got, err := s.mapStatus(t.Context(), st); got != confirmed || err != nil {
			t.Errorf("%q: with %s: %s, %v", name, text, got, err)
		}
	}
}

// TestRates: a rate is one however it is written.
func TestRates(t *testing.T) {
	for text, want := range map[string]string{
		"20%": "20%", "20.0000": "20%", "20": "20%", " 5.50 % ": "5.5%", "fixed 2.00": "fixed 2.00", "Fixed  2": "fixed 2.00", "fixed 0.125": "fixed 0.125", "0%": "0%",
	} {
		got, ok := parseRate(text)
		got.amount = trimmed(got.amount)
		if !ok || got.String() != want {
			t.Errorf("%q: %s, %t; want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "VAT", "VAT 20%", "20%%", "fixed 2%", "fixed", "-1", "1,5", "1e3"} {
		if got, ok := parseRate(text); ok {
			t.Errorf("%q is %s", text, got)
		}
	}
	for _, test := range []struct {
		tax   document.TotalTax
		title string
		want  string
	}{
		{document.TotalTax{Rate: "20.0000", Type: "percent"}, "VAT 19%", "20%"},
		{document.TotalTax{Rate: "1000.0000", Type: "fixed"}, "", "fixed 1000.00"},
		{document.TotalTax{Rate: "0.0000", Type: "percent"}, "", "0%"},
		{document.TotalTax{}, "VAT (20%)", "20%"},
		{document.TotalTax{}, "TVA 5,5 %", "5.5%"},
		{document.TotalTax{}, "10% of 20%", ""},
		{document.TotalTax{}, "Eco", ""},
		{document.TotalTax{Rate: "x"}, "20%", ""},
	} {
		got, ok := rateOf(test.tax, test.title)
		if ok != (test.want != "") || ok && got.String() != test.want {
			t.Errorf("%+v %q: %s, %t; want %q", test.tax, test.title, got, ok, test.want)
		}
	}
}

// TestPickTax: which of several, whatever their order.
func TestPickTax(t *testing.T) {
	c := &company{id: 1, country: 10, tax: 4, above: []int64{1, 9}}
	of := func(id int64, change func(*row)) row {
		r := row{ID: id, Amount: "20.0", Kind: "percent", Company: rpc.Ref{ID: 1}, Country: rpc.Ref{ID: 10}, Sequence: 5}
		change(&r)
		return r
	}
	// The best first.
	ranked := []row{
		of(8, func(r *row) { r.Included = true; r.Sequence = 9 }),
		of(4, func(*row) {}), // the company's default
		of(7, func(r *row) { r.Sequence = 1; r.Company.ID = 9 }),
		of(2, func(*row) {}),
		of(3, func(*row) {}),
		of(1, func(r *row) { r.Scope = "service" }),
		of(6, func(r *row) { r.Affects = true; r.Sequence = 0 }),
		of(5, func(r *row) { r.Country.ID = 11; r.Sequence = 0 }),
	}
	never := []row{
		of(20, func(r *row) { r.Company.ID = 2; r.Included = true }), of(21, func(r *row) { r.Amount = "20.5" }),
		of(22, func(r *row) { r.Kind = "fixed" }), of(23, func(r *row) { r.Kind = "group" }), of(24, func(r *row) { r.Amount = "" }),
	}
	shop := rate{amount: decimal.NewFromInt(20)}
	for from := range ranked {
		rows := append([]row{}, never...)
		for i := len(ranked) - 1; i >= from; i-- {
			rows = append(rows, ranked[i])
		}
		best, others := pickTax(rows, shop, c)
		if best.ID != ranked[from].ID || len(others) != len(ranked)-from-1 {
			t.Errorf("of %d: tax %d, want %d; %d others", len(ranked)-from, best.ID, ranked[from].ID, len(others))
		}
	}
	if best, _ := pickTax(never, shop, c); best.ID != 0 {
		t.Errorf("took %d", best.ID)
	}
	abroad := []row{of(1, func(r *row) { r.Country.ID = 11 }), of(2, func(r *row) { r.Country.ID = 12 })}
	if !foreign(abroad[0], abroad[1:], c) || foreign(ranked[3], abroad, c) || foreign(abroad[0], nil, c) {
		t.Error("foreign")
	}
}

// TestPickNamed: a name is before a code, and a code before an id; never another
// company's.
func TestPickNamed(t *testing.T) {
	rows := []row{{ID: 1, Name: "Bank", Code: "BNK"}, {ID: 2, Name: "1", Code: "X"}, {ID: 3, Name: "BNK", Company: rpc.Ref{ID: 7}}, {ID: 4, Name: "Cash", Code: "3"}, {ID: 5, Name: "", names: []string{"caisse"}}}
	for value, want := range map[string]int64{"bank": 1, "BNK": 1, "1": 2, "x": 2, "3": 4, "4": 4, " Caisse ": 5, "": 0, " ": 0, "none": 0} {
		if r, ok := pickNamed(value, &company{id: 1})(rows); r.ID != want || ok != (want != 0) {
			t.Errorf("%q: %d, want %d", value, r.ID, want)
		}
	}
	if r, _ := pickNamed("bnk", nil)(rows); r.ID != 3 {
		t.Errorf("of any company: %d", r.ID)
	}
}

// TestPickPricelist: one without rules first.
func TestPickPricelist(t *testing.T) {
	c := &company{id: 1}
	rows := []row{
		{ID: 1, Currency: rpc.Ref{ID: 5}, Items: []int64{1}}, {ID: 2, Currency: rpc.Ref{ID: 6}}, {ID: 3, Currency: rpc.Ref{ID: 5}, Sequence: 9},
		{ID: 4, Currency: rpc.Ref{ID: 5}, Sequence: 2}, {ID: 5, Currency: rpc.Ref{ID: 5}, Company: rpc.Ref{ID: 2}},
	}
	for _, want := range []int64{4, 3, 1} {
		r, ok := pickPricelist(rows, 5, c)
		if !ok || r.ID != want {
			t.Errorf("%d, want %d", r.ID, want)
		}
		for i := range rows {
			if rows[i].ID == want {
				rows[i].Currency.ID = 0
			}
		}
	}
	if r, ok := pickPricelist(rows, 5, c); ok {
		t.Errorf("took %d", r.ID)
	}
}

// TestCarrierName: what a delivery method is called that octail makes.
func TestCarrierName(t *testing.T) {
	for _, test := range []struct{ method, code, name, want string }{
		{"flat", "flat.flat", "Flat Shipping Rate", "Flat Shipping Rate"},
		{"flat", "flat", "flat rate", "Flat rate"},
		{"weight", "weight.weight_5", "UK Shipping (Weight: 5.00kg)", "Weight"},
		{"item", "item.item", "Per item (3)", "Per item"},
		{"post", "post.post", `<img src="x.png"> Post &amp; Co`, "Post & Co"},
		{"ünter", "ünter.x", "", "Ünter"},
		{"free", "", "", "Free"},
		{"free", "free.free", "(0.00)", "Free"},
	} {
		if got := carrierName(&document.Shipping{Method: test.method, Code: test.code, Name: test.name}); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// TestHolds: what an operator reads names the value, the setting and what to do, and is
// one line.
func TestHolds(t *testing.T) {
	for _, err := range []error{
		hold("x", "%s", line("a\nb", "c")),
		noWarehouse("warehouse", "W", &company{name: "C"}),
	} {
		if text := err.Error(); strings.Contains(text, "\n") {
			t.Errorf("%q", text)
		}
	}
	if class, _ := sinks.ClassOf(hold("tax", "x")); class != sinks.Retryable {
		t.Errorf("%s", class)
	}
}

// TestOnce: a choice is told once for each sink.
func TestOnce(t *testing.T) {
	s, n := &sink{}, 0
	for range 3 {
		s.once("a", func() { n++ })
		s.forget()
	}
	s.once("b", func() { n++ })
	if n != 2 {
		t.Errorf("told %d times", n)
	}
}
