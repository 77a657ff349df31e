package odoo

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"octail/internal/shoptest/shoptesting"
	"octail/transform/document"
)

// someTaxes are what a mapping gives for an order's tax rows.
func someTaxes(o *document.Order, included func(i int) bool, lines func(i int) bool) []tax {
	var list []tax
	for _, t := range o.Totals {
		if t.Code != "tax" {
			continue
		}
		made := tax{id: int64(10 + len(list)), included: included(len(list)), lines: lines(len(list))}
		if t.Tax != nil {
			made.rate, made.fixed = dec(t.Tax.Rate), t.Tax.Type == "fixed"
		}
		list = append(list, made)
	}
	return list
}

func yes(int) bool { return true }
func no(int) bool  { return false }

// currencyStep is the rounding of a currency in Odoo.
func currencyStep(o *document.Order) decimal.Decimal {
	return decimal.New(1, -int32(o.Currency.Decimals))
}

func inCurrency(o *document.Order, amount string) decimal.Decimal {
	rate := dec(o.Currency.Rate)
	if rate.IsZero() {
		rate = decimal.NewFromInt(1)
	}
	return dec(amount).Mul(rate)
}

// TestPriceProperty: whatever OpenCart sums up, Odoo's total is the shop's; the same
// order gives the same lines; and each tax row's base x rate is the row, or the row is a
// line.
func TestPriceProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := chooser(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") })
		o := placeOrder(c, 7)
		mode := c(4)
		taxes := someTaxes(o, func(i int) bool { return mode == 0 || mode == 2 && i%2 == 0 }, func(int) bool { return mode == 3 })
		r := reckoning{arithmetic: arithmetic{rounding: currencyStep(o), perLine: c(2) == 0, oldBases: c(2) == 0, digits: int32(c(2)*3 - 1)}}
		p, err := price(o, taxes, r)
		if err != nil {
			t.Fatalf("%v\n%s", err, columns(o, p))
		}
		if want := inCurrency(o, o.Total).Round(int32(o.Currency.Decimals)); !p.want.Equal(want) || !p.expected.Equal(want) {
			t.Fatalf("expected %s, want %s, not %s", p.expected, p.want, want)
		}
		checkRows(t, o, taxes, p)
		again, _ := price(o, taxes, r)
		if diff := cmp.Diff(p, again, cmp.AllowUnexported(priced{}, priceLine{}, reckoning{}, arithmetic{})); diff != "" {
			t.Fatalf("another answer the second time:\n%s", diff)
		}
		names := map[string]bool{}
		for _, l := range p.lines {
			if names[l.name] {
				t.Fatalf("two lines are named %s", l.name)
			}
			names[l.name] = true
		}
	})
}

type fataler interface{ Fatalf(string, ...any) }

// checkRows adds up each tax row from the lines: its taxes within a cent of the shop's
// currency, or a line with its amount. It returns how many rows are lines.
func checkRows(t fataler, o *document.Order, taxes []tax, p priced) (own int) {
	rates := map[int64]tax{}
	for _, x := range taxes {
		rates[x.id] = x
	}
	sums := map[int64]decimal.Decimal{}
	lines := map[string]decimal.Decimal{}
	for _, l := range p.lines {
		gross, included := l.price.Mul(l.quantity), decimal.Zero
		for _, id := range l.taxes {
			if rates[id].included {
				included = included.Add(rates[id].rate.Shift(-2))
			}
		}
		net := gross.DivRound(included.Add(decimal.NewFromInt(1)), 12)
		for _, id := range l.taxes {
			sums[id] = sums[id].Add(net.Mul(rates[id].rate).Shift(-2))
		}
		if l.kind == taxLine {
			lines[l.name] = l.price
		}
	}
	n := 0
	for _, row := range o.Totals {
		if row.Code != "tax" {
			continue
		}
		want := inCurrency(o, row.Value)
		cent := inCurrency(o, "0.01").Add(decimal.New(5, -int32(o.Currency.Decimals)))
		if line, ok := lines[totalName(o.ID, "tax", n+1)]; ok {
			own++
			if line.Sub(want).Abs().GreaterThan(cent) {
				t.Fatalf("the line of tax %d has %s, not %s\n%s", n, line, want, columns(o, p))
			}
		} else if got := sums[taxes[n].id]; got.Sub(want).Abs().GreaterThan(cent) {
			t.Fatalf("tax %d is %s, not %s\n%s", n, got, want, columns(o, p))
		}
		n++
	}
	return own
}

// TestSplitFinds counts how often the taxes are found: an order whose tax is a line is
// right to the cent, but not in Odoo's tax report.
func TestSplitFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var rows, own, rounding, orders, goods, wrong int
	for id := range int64(2000) {
		shop := visit(random.IntN, id)
		o := shop.order
		taxes := someTaxes(o, yes, no)
		p, err := price(o, taxes, reckoning{arithmetic: arithmetic{rounding: currencyStep(o), digits: -1}})
		if err != nil {
			t.Fatalf("order %d: %v\n%s", id, err, columns(o, p))
		}
		lines := checkRows(t, o, taxes, p)
		fixed := 0
		for _, x := range taxes {
			if x.fixed {
				fixed++
			} else {
				rows++
			}
		}
		if lines > fixed {
			own += lines - fixed
			if own < 6 {
				t.Logf("not found:\n%s", columns(o, p))
			}
		}
		for i, l := range p.lines {
			if l.kind != goodsLine || l.price.IsZero() || l.quantity.IsZero() {
				continue
			}
			goods++
			if got, want := rateNames(l.taxes, taxes), classRates(shop.classes[i], o); got != want && lines == fixed {
				wrong++
				if wrong < 4 {
					t.Logf("line %d has the taxes %s, not %s\n%s", l.line, got, want, columns(o, p))
				}
			}
		}
		orders++
		if len(p.lines) > 0 && p.lines[len(p.lines)-1].kind == roundingLine {
			rounding++
		}
	}
	t.Logf("%d orders, %d percent rows, %d of them lines; %d orders with a rounding line; %d goods, %d with other taxes than in the shop", orders, rows, own, rounding, goods, wrong)
	if own*500 > rows {
		t.Errorf("%d of %d tax rows were not explained", own, rows)
	}
	if wrong*500 > goods {
		t.Errorf("%d of %d lines have other taxes than in the shop", wrong, goods)
	}
}

// rateNames are the rates of taxes.
func rateNames(ids []int64, taxes []tax) string {
	var names []string
	for _, id := range ids {
		for _, x := range taxes {
			if x.id == id {
				names = append(names, x.rate.String())
			}
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// classRates are the percent rates of a tax class of which the order has a row.
func classRates(class int64, o *document.Order) string {
	var names []string
	for _, r := range ocClasses[class] {
		if !r.fixed && slices.ContainsFunc(o.Totals, func(t document.Total) bool { return t.Tax != nil && t.Tax.Rate == r.rate }) {
			names = append(names, dec(r.rate).String())
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestPriceExamples are the documents that go with the specification.
func TestPriceExamples(t *testing.T) {
	examples := shoptesting.Examples(t)
	for _, name := range []string{"order.json", "order-guest-gbp.json"} {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(examples, name))
			if err != nil {
				t.Fatal(err)
			}
			var event struct {
				Data struct{ Document *document.Order }
			}
			if err := json.Unmarshal(raw, &event); err != nil {
				t.Fatal(err)
			}
			o := event.Data.Document
			taxes := someTaxes(o, yes, no)
			p, err := price(o, taxes, reckoning{arithmetic: arithmetic{rounding: currencyStep(o), digits: -1}})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(columns(o, p))
			if own := checkRows(t, o, taxes, p); own != 1 {
				t.Errorf("%d tax rows are lines, not the fixed one alone", own)
			}
		})
	}
}
