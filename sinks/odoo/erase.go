package odoo

import (
	"context"
	"fmt"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

var _ sinks.Eraser = (*sink)(nil)

// Erase implements sinks.Eraser: what the pseudonymised documents do not overwrite by
// themselves is the addresses of former orders and the notes with what was written to
// the shop.
func (s *sink) Erase(ctx context.Context, d sinks.Delivery) error {
	switch d.Entity {
	case document.CustomerEntity:
		return s.eraseCustomer(ctx, d)
	case document.OrderEntity:
		if err := s.erasePlacer(ctx, d); err != nil {
			return err
		}
		return s.eraseNotes(ctx, d.ID)
	}
	return nil
}

// eraseNotes removes the notes that octail wrote into an order's chatter. Those of
// persons, and Odoo's own, stay.
func (s *sink) eraseNotes(ctx context.Context, order int64) error {
	id, err := s.recordOf(ctx, "sale.order", orderName(order))
	if err != nil || id == 0 {
		return err
	}
	is, err := s.known(ctx)
	if err != nil {
		return err
	}
	var notes []struct {
		ID int64 `json:"id"`
	}
	err = s.rpc.SearchRead(ctx, "mail.message", rpc.Find{
		Domain: []any{[]any{"model", "=", "sale.order"}, []any{"res_id", "=", id}, []any{"message_type", "=", "comment"}, []any{"create_uid", "=", is.user}},
		Fields: []string{"id"},
	}, &notes)
	if err != nil {
		return fmt.Errorf("find the notes of order %d: %w", id, err)
	}
	if len(notes) == 0 {
		return nil
	}
	var ids []int64
	for _, n := range notes {
		ids = append(ids, n.ID)
	}
	if err := s.rpc.Call(ctx, "mail.message", "unlink", rpc.Args{IDs: ids, Context: quiet}, nil); err != nil {
		return fmt.Errorf("remove %d notes of order %d: %w", len(ids), id, err)
	}
	return nil
}
