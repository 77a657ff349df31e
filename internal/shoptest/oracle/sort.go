package oracle

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"
)

// order compares two rows by one column.
type order func(a, b Row) int

// by orders by a whole number.
func by(column string) order {
	return func(a, b Row) int { return cmp.Compare(a.integer(column), b.integer(column)) }
}

// byText orders by the bytes of a text, NULL first.
func byText(column string) order {
	return func(a, b Row) int { return cmp.Compare(a.raw(column), b.raw(column)) }
}

// byDate orders by a date, none first.
func byDate(column string) order {
	return func(a, b Row) int {
		x, _ := date(a.raw(column)).(string)
		y, _ := date(b.raw(column)).(string)
		return cmp.Compare(x, y)
	}
}

// byAmount orders by a DECIMAL, NULL first.
func byAmount(column string) order {
	return func(a, b Row) int {
		x, errX := decimal.NewFromString(a.raw(column))
		y, errY := decimal.NewFromString(b.raw(column))
		if errX != nil || errY != nil {
			return cmp.Compare(a.raw(column), b.raw(column))
		}
		return x.Cmp(y)
	}
}

// sorted returns the rows in the given order.
func sorted(rows []Row, orders ...order) []Row {
	return slices.SortedStableFunc(slices.Values(rows), func(a, b Row) int {
		for _, o := range orders {
			if c := o(a, b); c != 0 {
				return c
			}
		}
		return 0
	})
}
