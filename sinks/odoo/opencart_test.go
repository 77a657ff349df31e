package odoo

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"octail/transform/document"
)

// This is an OpenCart that only sums up orders, as its totals' code does: an array of
// amounts by tax rate to which goods and modules add and from which coupons take,
// module after module by sort order. It shares no code with the sink.

// chooser gives a number from 0 to n-1.
type chooser func(n int) int

func (c chooser) chance(percent int) bool { return c(100) < percent }

type ocRate struct {
	id    int
	name  string
	rate  string
	fixed bool
}

var (
	ocVAT     = ocRate{1, "VAT 20%", "20.0000", false}
	ocReduced = ocRate{2, "VAT 5%", "5.0000", false}
	ocSwiss   = ocRate{3, "VAT 7.7%", "7.7000", false}
	ocEco     = ocRate{4, "Eco Tax", "2.0000", true}
	ocDeposit = ocRate{5, "Deposit", "0.2500", true}
)

// ocClasses are tax classes by id.
var ocClasses = map[int64][]ocRate{
	0: nil, 1: {ocVAT}, 2: {ocReduced}, 3: {ocSwiss}, 4: {ocEco, ocVAT}, 5: {ocVAT, ocReduced}, 6: {ocDeposit},
}

// ocShop is what one order is placed with.
type ocShop struct {
	order   *document.Order
	taxes   map[int]decimal.Decimal
	seen    []ocRate
	total   decimal.Decimal
	rows    []document.Total
	classes []int64 // of the lines
	fixedBy string  // unit, or line: as 4.1
}

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func four(d decimal.Decimal) string { return d.StringFixed(4) }

func (s *ocShop) tax(class int64, amount, fixedTimes decimal.Decimal) {
	for _, r := range ocClasses[class] {
		s.addTax(r, ocTax(r, amount, fixedTimes))
	}
}

func ocTax(r ocRate, amount, fixedTimes decimal.Decimal) decimal.Decimal {
	if r.fixed {
		return dec(r.rate).Mul(fixedTimes)
	}
	return amount.Mul(dec(r.rate)).Shift(-2)
}

func (s *ocShop) addTax(r ocRate, amount decimal.Decimal) {
	if _, ok := s.taxes[r.id]; !ok {
		s.seen = append(s.seen, r)
	}
	s.taxes[r.id] = s.taxes[r.id].Add(amount)
}

// untax is what a discount does: percent rates only.
func (s *ocShop) untax(class int64, amount decimal.Decimal) {
	for _, r := range ocClasses[class] {
		if !r.fixed {
			s.addTax(r, ocTax(r, amount, decimal.Zero).Neg())
		}
	}
}

func (s *ocShop) row(code, title string, value decimal.Decimal, rate *document.TotalTax) {
	s.rows = append(s.rows, document.Total{Code: code, Title: title, Value: four(value), Tax: rate})
}

// ocCurrencies: base is EUR.
var ocCurrencies = []document.Currency{
	{Code: "EUR", Rate: "1.00000000", Decimals: 2, Base: "EUR"},
	{Code: "EUR", Rate: "1.00000000", Decimals: 2, Base: "EUR"},
	{Code: "EUR", Rate: "0.00000000", Decimals: 2, Base: "EUR"},
	{Code: "USD", Rate: "1.16120001", Decimals: 2, Base: "EUR"},
	{Code: "JPY", Rate: "163.40850000", Decimals: 0, Base: "EUR"},
	{Code: "KWD", Rate: "0.35610000", Decimals: 3, Base: "EUR"},
}

// placeOrder places an order. id is its number.
func placeOrder(c chooser, id int64) *document.Order { return visit(c, id).order }

// visit is placeOrder with what the shop knew and did not write down.
func visit(c chooser, id int64) *ocShop {
	s := &ocShop{order: &document.Order{ID: id, Number: strconv.FormatInt(id, 10), Currency: ocCurrencies[c(len(ocCurrencies))]}, taxes: map[int]decimal.Decimal{}, fixedBy: "unit"}
	if c.chance(40) {
		s.fixedBy = "line"
	}
	s.goods(c)
	var subTotal, gifts decimal.Decimal
	for _, l := range s.order.Lines {
		subTotal = subTotal.Add(dec(l.Total))
	}
	for n := range c(3) - 1 {
		amount := decimal.New(int64(5+c(60)), 0)
		gifts = gifts.Add(amount)
		s.order.Vouchers = append(s.order.Vouchers, document.Voucher{Description: fmt.Sprintf("%s Gift Certificate %d", amount, n), Amount: four(amount)})
	}
	modules := []string{"sub_total"}
	for _, m := range []struct {
		name    string
		percent int
	}{{"handling", 15}, {"low_order_fee", 15}, {"shipping", 75}, {"reward", 15}, {"coupon", 50}} {
		if c.chance(m.percent) {
			modules = append(modules, m.name)
		}
	}
	modules = append(modules, "tax", "credit", "voucher", "total")
	if c.chance(15) { // a sort order of the merchant's own
		from, to := 1+c(len(modules)-2), 1+c(len(modules)-2)
		m := modules[from]
		modules = slices.Insert(slices.Delete(modules, from, from+1), to, m)
	}
	shipping, shippingClass := decimal.Zero, int64(0)
	if slices.Contains(modules, "shipping") {
		shipping, shippingClass = decimal.New(int64(c(3000)), int32(-2-c(2))), []int64{0, 1, 1, 1, 2, 3, 4}[c(7)]
	}
	for _, m := range modules {
		switch m {
		case "sub_total":
			s.row(m, "Sub-Total", subTotal.Add(gifts), nil)
			s.total = s.total.Add(subTotal).Add(gifts)
		case "shipping":
			s.row(m, "Flat Shipping Rate", shipping, nil)
			s.total = s.total.Add(shipping)
			s.tax(shippingClass, shipping, decimal.NewFromInt(1))
		case "handling", "low_order_fee":
			fee, class := decimal.New(int64(50+c(500)), -2), []int64{0, 1, 2, 3}[c(4)]
			s.row(m, "Fee", fee, nil)
			s.total = s.total.Add(fee)
			s.tax(class, fee, decimal.NewFromInt(1))
		case "coupon":
			s.coupon(c, subTotal, shipping, shippingClass)
		case "reward":
			s.reward(c)
		case "tax":
			for _, r := range s.seen {
				if value := s.taxes[r.id]; value.IsPositive() {
					s.row("tax", r.name, value, &document.TotalTax{Rate: r.rate, Type: map[bool]string{false: "percent", true: "fixed"}[r.fixed]})
					s.total = s.total.Add(value)
				}
			}
		case "credit", "voucher":
			if !c.chance(12) || !s.total.IsPositive() {
				continue
			}
			value := decimal.Min(decimal.New(int64(c(10000)), -2), s.total)
			if !value.IsPositive() {
				continue
			}
			s.row(m, "Paid with", value.Neg(), nil)
			s.total = s.total.Sub(value)
		case "total":
			s.row(m, "Total", decimal.Max(decimal.Zero, s.total), nil)
		}
	}
	s.order.Totals, s.order.Total = s.rows, four(s.total)
	return s
}

func (s *ocShop) goods(c chooser) {
	classes := [][]int64{{1}, {1}, {1, 0}, {1, 2}, {1, 3}, {4, 1}, {5, 2}, {6, 1}, {0}, {1, 2, 3, 0}}[c(10)]
	for n := range 1 + c(6) {
		class := classes[c(len(classes))]
		quantity := int64(1 + c(5))
		switch c(30) {
		case 0:
			quantity = 0
		case 1:
			quantity = int64(20 + c(200))
		}
		price := decimal.New(int64(c(20000)), -2)
		switch c(10) {
		case 0, 1, 2:
			price = decimal.New(int64(c(2000000)), -4)
		case 3: // 4.1: a percentage off
			price = price.Mul(decimal.New(int64(50+c(50)), -2)).DivRound(decimal.NewFromInt(3), 12)
		case 4:
			price = decimal.New(int64(c(100)), -2)
		}
		times := decimal.NewFromInt(quantity)
		if s.fixedBy == "line" {
			times = decimal.NewFromInt(1)
		}
		var unitTax decimal.Decimal
		for _, r := range ocClasses[class] {
			unitTax = unitTax.Add(ocTax(r, price, decimal.NewFromInt(1)))
			s.addTax(r, ocTax(r, price.Mul(decimal.NewFromInt(quantity)), times))
		}
		l := document.Line{Line: int64(n + 1), ProductID: int64(n + 1), Name: "Product", Quantity: quantity, Price: four(price), Tax: four(unitTax), Total: four(price.Mul(decimal.NewFromInt(quantity)))}
		if c.chance(90) {
			l.TaxClass = &document.Named{ID: class}
		}
		if c.chance(20) {
			l.Options = []document.LineOption{{Name: "Engraving", Value: "A \"B\" <c>", Type: "text"}}
		}
		s.order.Lines, s.classes = append(s.order.Lines, l), append(s.classes, class)
	}
}

func (s *ocShop) coupon(c chooser, subTotal, shipping decimal.Decimal, shippingClass int64) {
	some := c.chance(30) // only for some products
	holds := make([]bool, len(s.order.Lines))
	base := decimal.Zero
	for i, l := range s.order.Lines {
		if holds[i] = !some || c.chance(50); holds[i] {
			base = base.Add(dec(l.Total))
		}
	}
	if !base.IsPositive() {
		return
	}
	percent := decimal.New(int64(1+c(100)), -2)
	if c.chance(10) {
		percent = decimal.NewFromInt(1)
	}
	if c.chance(40) { // a fixed amount, spread as the goods
		percent = decimal.Min(decimal.New(int64(100+c(3000)), -2), base).DivRound(base, 16)
	}
	off := decimal.Zero
	for i, l := range s.order.Lines {
		if holds[i] {
			part := dec(l.Total).Mul(percent)
			off = off.Add(part)
			s.untax(s.classes[i], part)
		}
	}
	if c.chance(20) { // free shipping
		off = off.Add(shipping)
		s.untax(shippingClass, shipping)
	}
	off = decimal.Min(off, s.total)
	if off.IsPositive() {
		s.row("coupon", "Coupon (ABC)", off.Neg(), nil)
		s.total = s.total.Sub(off)
	}
}

func (s *ocShop) reward(c chooser) {
	off := decimal.Zero
	share := decimal.New(int64(1+c(99)), -2)
	for i, l := range s.order.Lines {
		if c.chance(60) {
			part := dec(l.Total).Mul(share)
			off = off.Add(part)
			s.untax(s.classes[i], part)
		}
	}
	if off.IsPositive() {
		s.row("reward", "Reward Points", off.Neg(), nil)
		s.total = s.total.Sub(off)
	}
}
