package shoptest

import (
	"cmp"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// Truth is what a Shop did to orders since it was made: what must arrive wherever the
// shop's orders are sent.
type Truth struct {
	Orders []OrderTruth // confirmed ones, by id; the deleted ones too
	Drafts int          // orders that were placed but not confirmed
}

// OrderTruth is the final state of a confirmed order.
type OrderTruth struct {
	ID      int64
	Lines   int
	Options int             // rows of all lines
	Total   decimal.Decimal // in the shop's default currency, 4 decimals
	Status  int64
	Deleted bool
}

// Truth returns what happened so far. Call it when no method is running.
func (s *Shop) Truth() Truth {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := Truth{Drafts: s.drafts}
	for _, o := range s.orders {
		t.Orders = append(t.Orders, *o)
	}
	slices.SortFunc(t.Orders, func(a, b OrderTruth) int { return cmp.Compare(a.ID, b.ID) })
	return t
}

// truth returns what is known of one confirmed order.
func (s *Shop) truth(id int64) OrderTruth {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orders[id]; o != nil {
		return *o
	}
	return OrderTruth{}
}

// confirmed returns the ids of the orders that are confirmed and not deleted, in
// order.
func (s *Shop) confirmed() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := slices.Collect(maps.Keys(s.orders))
	ids = slices.DeleteFunc(ids, func(id int64) bool { return s.orders[id].Deleted })
	slices.Sort(ids)
	return ids
}
