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
}

// due: it is posted and nothing, or not all, was paid. in_payment is paid: the bank
// statement is missing, which is no matter of the shop's.
func (b *bill) due() bool {
	return b.State == "posted" && b.Type == "out_invoice" && (b.Payment == "not_paid" || b.Payment == "partial")
}

// seen is a sale.order as read.
type seen struct {
	ID       int64      `json:"id"`
	State    string     `json:"state"`
	Locked   bool       `json:"locked"`
	Total    rpc.Number `json:"amount_total"`
	Status   rpc.Text   `json:"invoice_status"`
	Pickings []int64    `json:"picking_ids"`
	Invoices []int64    `json:"invoice_ids"`
}

// lookWhere reads how far the orders are of which where is true (nil: all): one call for
// the orders, and one each for their transfers and invoices where a goal needs them.
func (s *sink) lookWhere(ctx context.Context, walks []*walk, where func(*walk) bool) error {
	byID := map[int64]*walk{}
	var ids []int64
	for _, w := range walks {
		if w.item.err == nil && (where == nil || where(w)) {
			byID[w.id] = w
			ids = append(ids, w.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	fields, err := s.present(ctx, "sale.order", "state", "amount_total", "locked", "invoice_status", "invoice_ids", "picking_ids")
	if err != nil {
		return err
	}
	var orders []seen
	if err := s.rpc.Read(ctx, "sale.order", ids, fields, nil, &orders); err != nil {
		return fmt.Errorf("read the state of orders: %w", err)
	}
	var pickings, invoices []int64
	owner := map[string]*walk{}
	for _, o := range orders {
		w := byID[o.ID]
		delete(byID, o.ID)
		if w == nil {
			continue
		}
		w.have = standing{state: o.State, locked: o.Locked || o.State == stateDone}
		w.total, w.status, w.transfers, w.bills = o.Total, string(o.Status), nil, nil
		if !w.goal.deep() && o.State != stateCancel {
			continue
		}
		w.have.deep = true
		w.have.billable = o.Status == "to invoice"
		for _, id := range o.Pickings {
			owner[fmt.Sprint("p", id)] = w
		}
		for _, id := range o.Invoices {
			owner[fmt.Sprint("i", id)] = w
		}
		pickings, invoices = append(pickings, o.Pickings...), append(invoices, o.Invoices...)
	}
	for _, w := range byID {
		w.item.fail(sinks.Mark(sinks.Retryable, errors.New("the order is not in Odoo any more, somebody has deleted it there: it is made anew")))
	}
	return s.lookDeeper(ctx, pickings, invoices, owner)
}

func (s *sink) lookDeeper(ctx context.Context, pickings, invoices []int64, owner map[string]*walk) error {
	if len(pickings) > 0 {
		fields, err := s.present(ctx, "stock.picking", "state", "picking_type_code", "carrier_id", "carrier_tracking_ref")
		if err != nil {
			return err
		}
		var found []transfer
		if err := s.rpc.Read(ctx, "stock.picking", pickings, fields, nil, &found); err != nil {
			return fmt.Errorf("read the transfers of orders: %w", err)
		}
		for _, t := range found {
			w := owner[fmt.Sprint("p", t.ID)]
			w.transfers = append(w.transfers, t)
			switch {
			case t.open():
				w.have.open++
			case t.State == "done" && t.Code != "incoming":
				w.have.shipped++
			}
		}
	}
	if len(invoices) == 0 {
		return nil
	}
	var found []bill
	fields := []string{"state", "move_type", "payment_state", "amount_residual", "amount_total", "invoice_date"}
	if err := s.rpc.Read(ctx, "account.move", invoices, fields, nil, &found); err != nil {
		return fmt.Errorf("read the invoices of orders: %w", err)
	}
	for _, b := range found {
		w := owner[fmt.Sprint("i", b.ID)]
		w.bills = append(w.bills, b)
		switch {
		case b.State == "draft" && b.Type == "out_invoice":
			w.have.drafts++
		case b.State == "posted" && b.Type == "out_invoice":
			w.have.posted++
			if b.due() {
				w.have.unpaid++
			}
		}
	}
	return nil
}

// present are those of the fields that this Odoo has.
func (s *sink) present(ctx context.Context, model string, fields ...string) ([]string, error) {
	var out []string
	for _, f := range fields {
		ok, err := s.has(ctx, model, f)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, f)
		}
	}
	return out, nil
}
