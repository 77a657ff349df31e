package odoo

import (
	"context"
	"errors"
	"fmt"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// transfer is a stock.picking of an order.
type transfer struct {
	ID      int64    `json:"id"`
	State   string   `json:"state"`
	Code    rpc.Text `json:"picking_type_code"`
	Carrier rpc.Ref  `json:"carrier_id"`
	Label   rpc.Text `json:"carrier_tracking_ref"`
}

// open: it waits to be done, and it is no return.
func (t *transfer) open() bool {
	return t.State != "done" && t.State != "cancel" && t.Code != "incoming"
}

// bill is an account.move of an order: an invoice, or a credit note.
type bill struct {
	ID       int64      `json:"id"`
	State    string     `json:"state"`     // draft, posted, cancel
	Type     string     `json:"move_type"` // out_invoice, out_refund
	Payment  rpc.Text   `json:"payment_state"`
	Residual rpc.Number `json:"amount_residual"`
	Total    rpc.Number `json:"amount_total"`
	Date     rpc.Text   `json:"invoice_date"`
	Partner  rpc.Ref    `json:"commercial_partner_id"`
	Currency rpc.Ref    `json:"currency_id"`
}

// due: it is posted and nothing, or not all, was paid. in_payment is paid: the bank
// statement is missing, which is no matter of the shop's.
func (b *bill) due() bool {
	return b.State == "posted" && b.Type == "out_invoice" && (b.Payment == "not_paid" || b.Payment == "partial")
}

// look reads how far orders are: one call for the orders, and one each for their
// transfers and invoices where a goal needs them.
func (s *sink) look(ctx context.Context, walks []*walk) error {
	var orders []*saleOrder
	for _, w := range walks {
		if !w.failed() {
			orders = append(orders, w.saleOrder)
		}
	}
	if err := s.reread(ctx, orders); err != nil {
		return err
	}
	return s.lookBelow(ctx, walks)
}

// lookBelow is look for orders that were read a moment ago.
func (s *sink) lookBelow(ctx context.Context, walks []*walk) error {
	var pickings, invoices []int64
	byPicking, byInvoice := map[int64]*walk{}, map[int64]*walk{}
	for _, w := range walks {
		switch {
		case w.failed():
			continue
		case w.held == nil:
			w.item.fail(sinks.Mark(sinks.Retryable, errGone))
			continue
		}
		h := w.held
		w.have = standing{state: h.State, locked: h.locked()}
		w.transfers, w.bills = nil, nil
		if !w.goal.deep() && h.State != stateCancel {
			continue
		}
		w.have.deep, w.have.billable = true, h.Billing == "to invoice"
		for _, id := range h.Pickings {
			byPicking[id] = w
		}
		for _, id := range h.Invoices {
			byInvoice[id] = w
		}
		pickings, invoices = append(pickings, h.Pickings...), append(invoices, h.Invoices...)
	}
	if err := s.lookTransfers(ctx, pickings, byPicking); err != nil {
		return err
	}
	return s.lookBills(ctx, invoices, byInvoice)
}

func (s *sink) lookTransfers(ctx context.Context, ids []int64, of map[int64]*walk) error {
	if len(ids) == 0 {
		return nil
	}
	fields, err := s.existing(ctx, "stock.picking", []string{"state", "picking_type_code"}, "carrier_id", "carrier_tracking_ref")
	if err != nil {
		return err
	}
	var found []transfer
	if err := s.rpc.Read(ctx, "stock.picking", ids, fields, nil, &found); err != nil {
		return fmt.Errorf("read the transfers of orders: %w", err)
	}
	for _, t := range found {
		w := of[t.ID]
		w.transfers = append(w.transfers, t)
		switch {
		case t.open():
			w.have.open++
		case t.State == "done" && t.Code != "incoming":
			w.have.shipped++
		}
	}
	for _, t := range found {
		if t.State == "done" && t.Code == "incoming" {
			of[t.ID].have.open = 0 // goods came back: what is sent again is a person's matter
		}
	}
	return nil
}

func (s *sink) lookBills(ctx context.Context, ids []int64, of map[int64]*walk) error {
	if len(ids) == 0 {
		return nil
	}
	var found []bill
	fields := []string{"state", "move_type", "payment_state", "amount_residual", "amount_total", "invoice_date", "commercial_partner_id", "currency_id"}
	if err := s.rpc.Read(ctx, "account.move", ids, fields, nil, &found); err != nil {
		return fmt.Errorf("read the invoices of orders: %w", err)
	}
	var refunded []*walk
	for _, b := range found {
		w := of[b.ID]
		w.bills = append(w.bills, b)
		switch {
		case b.State == "draft" && b.Type == "out_invoice":
			w.have.drafts++
		case b.State == "posted" && b.Type == "out_invoice":
			w.have.posted++
			if b.due() {
				w.have.unpaid++
			}
		case b.State != "cancel" && b.Type == "out_refund":
			refunded = append(refunded, w)
		}
	}
	for _, w := range refunded {
		w.have.billable = false // Odoo would invoice again what was credited: a person's matter
	}
	return nil
}

var errGone = errors.New("the order is not in Odoo any more: somebody has deleted it there, and it is made anew")
