package odoo

import (
	"cmp"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// An order's sum has rows beside the goods: shipping, coupons, fees, credit. Some are
// taxed, some reduce a tax, and the shop does not say which: there is only one amount
// for each tax rate. But that amount is enough: base x rate must equal it, and the base
// is the goods of that rate, which are known by line.tax, and what part of the other
// rows has that rate. So the parts are tried, as OpenCart and its usual extensions
// compute them, until each rate's base x rate is its row. What no part explains
// stays out of Odoo's taxes: the tax becomes a line of its own, and the total is right
// all the same.

// share is a part of an amount under one set of tax rows; 0 is no tax.
type share struct {
	set    rowSet
	amount decimal.Decimal // in the shop's currency, without tax
}

// extra is a row of an order's sum that is neither goods nor tax.
type extra struct {
	value decimal.Decimal
	// untaxed: paid with, no part of the sale (credit, voucher); tried without tax first.
	untaxed bool
}

// solution says what has which taxes.
type solution struct {
	groups []rowSet  // by goods group
	extras [][]share // by extra
	own    rowSet    // rows that nothing explains
}

// way is how an extra may be taxed.
type way struct {
	kind wayKind
	set  rowSet // of whole
}

type wayKind int

const (
	whole        wayKind = iota // all of it under one set, as shipping with its tax class
	proportional                // as the goods are, as a coupon for all of them
	remaining                   // as much under each set as its rows lack: a coupon for some of the goods, or with free shipping
)

// mostTries bounds the search. What OpenCart makes is found within the first few dozen.
const mostTries = 2048

// Tolerances of base x rate against the row. The first is what cutting to four decimals
// makes; the second a shop whose extension rounds its tax rows.
var (
	exactTolerance = decimal.New(5, -4)
	centTolerance  = decimal.New(1, -2)
)

// split finds the taxes of goods and extras. It always finds something: with nothing
// that fits, all rows are in own. The same order gives the same solution.
func split(goods []goodsGroup, extras []extra, rows []taxRow, units int64) solution {
	s := &splitter{goods: goods, extras: extras, rows: rows}
	for i, r := range rows {
		if !r.own {
			s.usable |= 1 << i
		}
	}
	// Prices cut to four decimals make an error a unit.
	s.slack = decimal.New(1, -4).Mul(decimal.NewFromInt(units))
	for _, pass := range []struct {
		tolerance decimal.Decimal
		free      bool
	}{{exactTolerance, false}, {centTolerance, false}, {exactTolerance, true}} {
		s.tolerance, s.tries = pass.tolerance, 0
		if !pass.free {
			s.try(nil, nil, -1)
		} else {
			for free := range extras {
				s.try(nil, nil, free)
			}
		}
		if s.best != nil && s.best.own == 0 {
			break
		}
	}
	return *s.best
}

type splitter struct {
	goods  []goodsGroup
	extras []extra
	rows   []taxRow
	usable rowSet

	tolerance, slack decimal.Decimal
	tries            int
	best             *solution
}

// try goes through the sets of the groups, and for each through the ways of the extras;
// the one of number free (-1: none) takes what the others leave.
func (s *splitter) try(sets []rowSet, ways []way, free int) {
	if s.tries >= mostTries || s.best != nil && s.best.own == 0 {
		return
	}
	if len(sets) < len(s.goods) {
		for _, set := range s.goods[len(sets)].sets {
			s.try(append(slices.Clip(sets), set), nil, free)
		}
		return
	}
	if len(ways) == len(s.extras) {
		s.tries++
		s.judge(sets, ways)
		return
	}
	for _, w := range s.ways(sets, len(ways), free) {
		s.try(sets, append(slices.Clip(ways), w), free)
	}
}

// ways are those an extra may be taxed, likeliest first.
func (s *splitter) ways(sets []rowSet, at, free int) []way {
	e := s.extras[at]
	switch {
	case at == free:
		return []way{{kind: remaining}}
	case e.value.IsZero():
		return []way{{kind: whole}}
	}
	var list []way
	for _, set := range s.candidates(sets) {
		list = append(list, way{kind: whole, set: set})
	}
	none, share := way{kind: whole}, way{kind: proportional}
	switch {
	case e.untaxed:
		return append([]way{none}, append(list, share)...)
	case e.value.IsNegative():
		return append([]way{share, none}, list...)
	}
	return append(list, none, share)
}

// candidates are the sets something may have: those of the goods, the greatest first;
// each row alone, for a fee with a rate no goods have; all of them.
func (s *splitter) candidates(sets []rowSet) []rowSet {
	base := map[rowSet]decimal.Decimal{}
	for i, set := range sets {
		base[set] = base[set].Add(s.goods[i].base)
	}
	delete(base, 0)
	list := slices.SortedFunc(maps.Keys(base), func(a, b rowSet) int {
		return cmp.Or(base[b].Cmp(base[a]), cmp.Compare(a, b))
	})
	for _, row := range s.usable.rows() {
		if one := rowSet(1) << row; !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	if s.usable != 0 && !slices.Contains(list, s.usable) {
		list = append(list, s.usable)
	}
	return list
}

// judge keeps what explains more rows than the best so far.
func (s *splitter) judge(sets []rowSet, ways []way) {
	goods := map[rowSet]decimal.Decimal{}
	for i, set := range sets {
		goods[set] = goods[set].Add(s.goods[i].base)
	}
	sum := maps.Clone(goods)
	shares := make([][]share, len(ways))
	free := -1
	for i, w := range ways {
		switch w.kind {
		case whole:
			shares[i] = []share{{w.set, s.extras[i].value}}
		case proportional:
			shares[i] = proportion(s.extras[i].value, goods)
		case remaining:
			free = i
		}
		for _, part := range shares[i] {
			sum[part.set] = sum[part.set].Add(part.amount)
		}
	}
	if free >= 0 {
		// The goods' sets first; with those that only fees have, there may be no one answer.
		parts, ok := s.lacking(sum, s.extras[free].value, slices.Sorted(maps.Keys(goods)))
		if !ok {
			parts, ok = s.lacking(sum, s.extras[free].value, s.open(sum))
		}
		if !ok {
			return
		}
		shares[free] = parts
		for _, part := range parts {
			sum[part.set] = sum[part.set].Add(part.amount)
		}
	}
	own := rowSet(0)
	for _, row := range s.usable.rows() {
		off := baseOf(sum, row).Mul(s.rows[row].rate).Shift(-2).Sub(s.rows[row].value).Abs()
		if off.GreaterThan(s.allowed(row)) {
			own |= 1 << row
		}
	}
	if s.best == nil || len(own.rows()) < len(s.best.own.rows()) {
		s.best = &solution{groups: sets, extras: shares, own: own}
	}
}

// allowed is how far base x rate of a row may be off: never more than a cent.
func (s *splitter) allowed(row int) decimal.Decimal {
	return decimal.Min(s.tolerance.Add(s.slack.Mul(s.rows[row].rate).Shift(-2)), centTolerance)
}

// baseOf is the sum of what has a row's tax.
func baseOf(sum map[rowSet]decimal.Decimal, row int) decimal.Decimal {
	total := decimal.Zero
	for set, amount := range sum {
		if set.has(row) {
			total = total.Add(amount)
		}
	}
	return total
}

// proportion spreads an amount as the goods are spread, to four decimals as the shop
// does; the last part takes what that leaves.
func proportion(value decimal.Decimal, goods map[rowSet]decimal.Decimal) []share {
	total := decimal.Zero
	for _, amount := range goods {
		total = total.Add(amount)
	}
	if total.IsZero() {
		return []share{{0, value}}
	}
	var parts []share
	left := value
	for _, set := range slices.Sorted(maps.Keys(goods)) {
		part := value.Mul(goods[set]).DivRound(total, 6)
		if !part.IsZero() {
			parts = append(parts, share{set, part})
			left = left.Sub(part)
		}
	}
	if len(parts) == 0 {
		return []share{{0, value}}
	}
	parts[len(parts)-1].amount = parts[len(parts)-1].amount.Add(left)
	return parts
}

// open are the sets that anything has, and each row alone that nothing has.
func (s *splitter) open(sum map[rowSet]decimal.Decimal) []rowSet {
	list := slices.Sorted(maps.Keys(sum))
	left := s.usable
	for _, set := range list {
		left &^= set
	}
	for _, row := range left.rows() {
		list = append(list, 1<<row)
	}
	return list
}

// lacking spreads an amount over the sets of open so that each row gets the base it
// lacks; what is over has no tax. It starts with rows that only one set can give to. Not
// ok: there is no one answer, or a part would be of the other sign than the whole.
func (s *splitter) lacking(sum map[rowSet]decimal.Decimal, value decimal.Decimal, open []rowSet) ([]share, bool) {
	need := map[int]decimal.Decimal{}
	for _, row := range s.usable.rows() {
		if s.rows[row].rate.IsZero() {
			return nil, false
		}
		need[row] = s.rows[row].value.Shift(2).DivRound(s.rows[row].rate, 6).Sub(baseOf(sum, row))
	}
	open = slices.DeleteFunc(open, func(set rowSet) bool { return set == 0 })
	var parts []share
	left := value
	for len(open) > 0 {
		at, row := lone(open, need)
		if at < 0 {
			return nil, false
		}
		part := need[row]
		for _, r := range open[at].rows() {
			need[r] = need[r].Sub(part)
		}
		if !s.small(part, row) {
			parts = append(parts, share{open[at], part})
			left = left.Sub(part)
		}
		open = slices.Delete(open, at, at+1)
	}
	if len(parts) == 0 {
		return nil, false
	}
	if left.Abs().LessThanOrEqual(centTolerance) {
		parts[0].amount = parts[0].amount.Add(left)
	} else {
		parts = append(parts, share{0, left})
	}
	for _, part := range parts {
		if part.amount.Sign()*value.Sign() < 0 {
			return nil, false
		}
	}
	return parts, true
}

// small: a base whose tax is within what is allowed is none.
func (s *splitter) small(part decimal.Decimal, row int) bool {
	return part.Mul(s.rows[row].rate).Shift(-2).Abs().LessThanOrEqual(s.allowed(row))
}

// lone finds a set with a row that no other open set has.
func lone(open []rowSet, need map[int]decimal.Decimal) (at, row int) {
	for i, set := range open {
		for _, row := range set.rows() {
			if _, ok := need[row]; ok && !slices.ContainsFunc(open, func(other rowSet) bool { return other != set && other.has(row) }) {
				return i, row
			}
		}
	}
	return -1, 0
}
