package odoo

import (
	"context"

	"octail/sinks"
	"octail/transform/document"
)

var _ sinks.Comparer = (*sink)(nil)

// Compare implements sinks.Comparer: it reads back what the batch's records are in Odoo,
// a few calls for each kind, and writes nothing.
func (s *sink) Compare(ctx context.Context, batch []sinks.Delivery) ([]sinks.Difference, error) {
	var out []sinks.Difference
	for entity, compare := range map[string]func(context.Context, []sinks.Delivery) ([]sinks.Difference, error){
		document.CategoryEntity: s.compareCategories,
		document.ProductEntity:  s.compareProducts,
		document.StockEntity:    s.compareStocks,
		document.CustomerEntity: s.compareCustomers,
		document.OrderEntity:    s.compareSales,
	} {
		var some []sinks.Delivery
		var at []int
		for i := range batch {
			if batch[i].Entity == entity {
				some, at = append(some, batch[i]), append(at, i)
			}
		}
		if len(some) == 0 {
			continue
		}
		found, err := compare(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			d.Index = at[d.Index]
			out = append(out, d)
		}
	}
	return out, nil
}

// compareSales is compareOrders by place in the batch.
func (s *sink) compareSales(ctx context.Context, batch []sinks.Delivery) ([]sinks.Difference, error) {
	items := make([]*item, len(batch))
	index := map[*item]int{}
	for i := range batch {
		items[i] = &item{Delivery: &batch[i]}
		index[items[i]] = i
	}
	found, err := s.compareOrders(ctx, items)
	if err != nil {
		return nil, err
	}
	var out []sinks.Difference
	for _, d := range found {
		out = append(out, sinks.Difference{Index: index[d.item], Missing: d.missing, Fields: d.fields})
	}
	return out, nil
}
