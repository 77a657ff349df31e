package transform

import (
	"context"
	"fmt"
	"slices"
	"time"

	"octail/canal"
	"octail/internal/shop"
	"octail/transform/document"
)

// recentPiece is how many orders RecentOrders reads at once.
const recentPiece = 200

// RecentOrders reads the orders placed since a time, the newest first and at most so
// many, as documents, and hands each to each. It needs no journal and changes nothing;
// drafts, and orders that cannot be read, are left out. all is how many keys the shop has
// for that time: more than most means that older ones were not looked at.
func RecentOrders(ctx context.Context, from *shop.Shop, schema *shop.Schema, zone *time.Location, since time.Time, most int, each func(*document.Order)) (all int, err error) {
	ref := newReference(&texts{}, zone)
	var ids []int64
	err = from.Read(ctx, canal.Position{}, schema, func(r *shop.Reader) error {
		if err := unreadable(schema, &orderEntity); err != nil {
			return err
		}
		ids, err = rootIDs(r, &orderEntity, 0, dated(zone, schema, &orderEntity, since, "date_added"), 0)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("list the shop's recent orders: %w", err)
	}
	all = len(ids)
	slices.Reverse(ids)
	for piece := range slices.Chunk(ids[:min(most, all)], recentPiece) {
		err := from.Read(ctx, canal.Position{}, schema, func(r *shop.Reader) error {
			if err := ref.refresh(r); err != nil {
				return err
			}
			a := &assembly{Reader: r, ref: ref, entity: &orderEntity, ids: piece, refresh: map[int64]bool{}, results: map[int64]*result{}}
			if err := orderEntity.read(a); err != nil {
				return err
			}
			for _, id := range piece {
				if res := a.results[id]; res != nil && res.doc != nil {
					each(res.doc.(*document.Order))
				}
			}
			return nil
		})
		if err != nil {
			return all, fmt.Errorf("read the shop's recent orders: %w", err)
		}
	}
	return all, nil
}
