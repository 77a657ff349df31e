package odoo

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/shopspring/decimal"

	"octail/transform/document"
)

// taxRow is one row "tax" of an order's sum.
type taxRow struct {
	n     int // counted from 1
	title string
	value decimal.Decimal // in the shop's currency
	rate  decimal.Decimal // percent, or the amount of a unit: what the shop says, and where it does not the mapping
	fixed bool
	own   bool // its amount becomes a line: fixed, or so mapped, or nothing explains it
	tax   tax
}

// rowSet is a set of tax rows, by their numbers from 0.
type rowSet uint32

// mostRows is how many tax rows are looked at; those after it become lines of their own.
const mostRows = 8

func (s rowSet) has(row int) bool { return s&(1<<row) != 0 }

func (s rowSet) rows() []int {
	var list []int
	for ; s != 0; s &= s - 1 {
		list = append(list, bits.TrailingZeros32(uint32(s)))
	}
	return list
}

// rateTolerance is how far line.tax may be from what the rates make of line.price. Both
// were cut to four decimals by the database.
var rateTolerance = decimal.New(11, -5)

// rates finds the tax rows whose rates together make the tax of one unit, fewest rows
// first. The shop keeps no rates with a line: its tax is price x the sum of percent
// rates + the sum of fixed ones. All sets that fit are returned: which it was, only the
// rows' amounts tell. Nothing fits when a rate has no row, as when a coupon for all left
// nothing of it.
func rates(price, unitTax decimal.Decimal, rows []taxRow) []rowSet {
	var list []rowSet
	for set := range rowSet(1) << len(rows) {
		sum := decimal.Zero
		for _, i := range set.rows() {
			if rows[i].fixed {
				sum = sum.Add(rows[i].rate)
			} else {
				sum = sum.Add(price.Mul(rows[i].rate).Shift(-2))
			}
		}
		if sum.Sub(unitTax).Abs().LessThanOrEqual(rateTolerance) {
			list = append(list, set)
		}
	}
	slices.SortStableFunc(list, func(a, b rowSet) int {
		return cmp.Or(cmp.Compare(bits.OnesCount32(uint32(a)), bits.OnesCount32(uint32(b))), cmp.Compare(a, b))
	})
	return list
}

// goodsGroup are lines that have the same taxes, whichever these are.
type goodsGroup struct {
	lines []int           // indexes into the order's lines
	base  decimal.Decimal // price x quantity of all, without tax
	sets  []rowSet        // what it may be, likeliest first; never empty
}

// groups puts the lines together whose rates must be the same: those of one tax class,
// where the shop still knows it, as long as one set fits all of them.
func groups(o *document.Order, units []decimal.Decimal, unitTaxes []decimal.Decimal, rows []taxRow) []goodsGroup {
	var list []goodsGroup
	byClass := map[int64]int{}
	usable := rowSet(0)
	for i, r := range rows {
		if !r.own {
			usable |= 1 << i
		}
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		base := units[i].Mul(decimal.NewFromInt(l.Quantity))
		sets := rates(units[i], unitTaxes[i], rows)
		if len(sets) == 0 {
			sets = guesses(len(rows))
		}
		sets = masked(sets, usable)
		if l.TaxClass != nil && !units[i].IsZero() {
			if at, ok := byClass[l.TaxClass.ID]; ok {
				if both := intersect(list[at].sets, sets); len(both) > 0 {
					g := &list[at]
					g.lines, g.base, g.sets = append(g.lines, i), g.base.Add(base), both
					continue
				}
			} else {
				byClass[l.TaxClass.ID] = len(list)
			}
		}
		list = append(list, goodsGroup{lines: []int{i}, base: base, sets: sets})
	}
	return list
}

// guesses are the sets to try for a line whose tax no set explains.
func guesses(rows int) []rowSet {
	list := []rowSet{0}
	for i := range rows {
		list = append(list, 1<<i)
	}
	return list
}

// masked leaves only the rows of mask in the sets, and each set once.
func masked(sets []rowSet, mask rowSet) []rowSet {
	var list []rowSet
	for _, s := range sets {
		if s &= mask; !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

func intersect(a, b []rowSet) []rowSet {
	var list []rowSet
	for _, s := range a {
		if slices.Contains(b, s) {
			list = append(list, s)
		}
	}
	return list
}
