package odoo

import (
	"math"
	"strconv"

	"github.com/shopspring/decimal"
)

// arithmetic is how an Odoo adds up an order in one currency. With it octail knows the
// total before it writes, and can put what is missing to the shop's into the same call.
// What it does not know, a module with a rounding of its own, shows when the total is
// read back.
type arithmetic struct {
	rounding decimal.Decimal // of the currency: 0.01, 1, 0.001
	perLine  bool            // the company's tax_calculation_rounding_method is round_per_line
	// oldBases: each line's base is rounded whatever the company says, and only the taxes
	// are not. It is so in all versions before 18.
	oldBases bool
	digits   int32 // decimals an order line's price_unit keeps; negative: all
}

// places are the decimals of the currency.
func (a arithmetic) places() int32 {
	for places := range int32(9) {
		if a.rounding.Shift(places).IsInteger() {
			return places
		}
	}
	return 9
}

// total is what Odoo will call amount_total, and tax its amount_tax. It is the one place
// where money is a float: Odoo's is, and with decimals a sum that is half a cent in
// truth would be rounded another way than there. The steps and their order are those of
// _get_tax_details and _round_base_lines_tax_details (19), compute_all and _amount_all (14).
func (a arithmetic) total(lines []priceLine, taxes map[int64]tax) (total, tax decimal.Decimal) {
	var sum, taxed float64
	if a.oldBases {
		sum, taxed = a.oldTotal(lines, taxes)
	} else {
		sum, taxed = a.newTotal(lines, taxes)
	}
	return a.exact(sum), a.exact(taxed)
}

// lineTaxes are the amounts of one line before the order is rounded.
type lineTaxes struct {
	net  float64
	ids  []int64
	each []float64
}

func (a arithmetic) newTotal(lines []priceLine, taxes map[int64]tax) (total, taxed float64) {
	var net, tax, rounded float64
	by := map[int64]float64{}
	var order []int64
	excluded := false
	for _, l := range lines {
		t := a.newLine(l, taxes)
		net += t.net
		rounded += a.round(t.net)
		for i, id := range t.ids {
			if _, seen := by[id]; !seen {
				order = append(order, id)
			}
			by[id] += t.each[i]
			tax += t.each[i]
			excluded = excluded || !taxes[id].included
		}
	}
	for _, id := range order {
		taxed += a.round(by[id])
	}
	// Odoo distributes what the rounded lines lack of the rounded sum, but for a sum of
	// nothing. With included taxes the sum is the one with them.
	switch {
	case excluded && net != 0:
		return a.round(net) + taxed, taxed
	case !excluded && net+tax != 0:
		return a.round(net + tax), taxed
	}
	return rounded + taxed, taxed
}

func (a arithmetic) newLine(l priceLine, taxes map[int64]tax) (t lineTaxes) {
	t.net = l.quantity.InexactFloat64() * l.price.InexactFloat64()
	var included float64
	for _, id := range l.taxes {
		if taxes[id].included {
			included += taxes[id].rate.InexactFloat64()
		}
	}
	if a.perLine {
		t.net = a.round(t.net)
	}
	raw, factor := t.net, 1/(1+included/100)
	add := func(id int64, amount float64) {
		if a.perLine {
			amount = a.round(amount)
		}
		t.ids, t.each = append(t.ids, id), append(t.each, amount)
	}
	var taken float64
	for _, id := range l.taxes {
		if taxes[id].included {
			add(id, raw*factor*taxes[id].rate.InexactFloat64()/100)
			taken += t.each[len(t.each)-1]
		}
	}
	t.net = raw - taken
	for _, id := range l.taxes {
		if !taxes[id].included {
			add(id, t.net*taxes[id].rate.InexactFloat64()/100)
		}
	}
	return t
}

// oldTotal: an included tax is what is between the line's two rounded amounts, so that
// only taxes on top are ever more exact than the currency.
func (a arithmetic) oldTotal(lines []priceLine, taxes map[int64]tax) (total, taxed float64) {
	var net float64
	for _, l := range lines {
		gross := a.round(l.quantity.InexactFloat64() * l.price.InexactFloat64())
		var included float64
		for _, id := range l.taxes {
			if taxes[id].included {
				included += taxes[id].rate.InexactFloat64()
			}
		}
		base := a.round(gross / (1 + included/100))
		net += base
		taxed += gross - base
		for _, id := range l.taxes {
			if taxes[id].included {
				continue
			}
			amount := base * taxes[id].rate.InexactFloat64() / 100
			if a.perLine {
				amount = a.round(amount)
			}
			taxed += amount
		}
	}
	return net + taxed, taxed
}

// round is Odoo's float_round: half away from zero, with a little help for halves that
// a float cannot hold. The help of 14 is smaller.
func (a arithmetic) round(x float64) float64 {
	if x == 0 {
		return 0
	}
	step := a.rounding.InexactFloat64()
	helped := func(x float64, bits float64) float64 {
		return x + math.Copysign(math.Exp2(math.Log2(math.Abs(x))-bits), x)
	}
	switch {
	case a.oldBases:
		return math.Round(helped(x/step, 52)) * step
	case step < 1:
		return math.RoundToEven(helped(x*math.Round(1/step), 50)) / math.Round(1/step)
	}
	return math.RoundToEven(helped(x/step, 50)) * step
}

// exact is an amount as Odoo stores it.
func (a arithmetic) exact(x float64) decimal.Decimal {
	d, err := decimal.NewFromString(strconv.FormatFloat(a.round(x), 'f', int(a.places()), 64))
	if err != nil {
		return decimal.Zero // not a number: no total is it
	}
	return d
}
