package odoo

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// due is an invoice to be paid and what pays it.
type due struct {
	walk    *walk
	bill    bill
	account int64 // the receivable of the invoice
	payment *record
}

// errRevoked: octail pays an invoice once.
var errRevoked = errors.New("somebody has cancelled the payment that octail registered of the invoice: register it in Odoo, then octail dead retry; or leave it as it is, with octail dead discard")

// pay registers the payments of the invoices that are not paid, each in full, in the
// journal of the shop's payment method. Odoo's own wizard for it pays twice when an
// answer is lost while it works, so the payment is a record with an external id of ours,
// for each invoice one for ever; it is posted, and then tied to the invoice.
func (s *sink) pay(ctx context.Context, of []*walk) error {
	dues, err := s.dues(ctx, of)
	if err != nil || len(dues) == 0 {
		return err
	}
	if err := s.loadPayments(ctx, dues); err != nil {
		return err
	}
	if err := s.postPayments(ctx, dues); err != nil {
		return err
	}
	return s.assign(ctx, dues)
}

// dues are the unpaid invoices of orders, with the accounts they are owed on.
func (s *sink) dues(ctx context.Context, of []*walk) ([]*due, error) {
	var out []*due
	var ids []int64
	for _, w := range of {
		if w.payment.why != nil {
			w.err = w.payment.why
			continue
		}
		for _, b := range w.bills {
			if b.due() {
				out = append(out, &due{walk: w, bill: b})
				ids = append(ids, b.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	lines, err := s.receivables(ctx, "move_id", ids)
	for _, d := range out {
		for _, l := range lines {
			if l.Move.ID == d.bill.ID {
				d.account = l.Account.ID
			}
		}
	}
	return out, err
}

// receivable is a line of a posted account.move that is owed, or pays what is owed.
type receivable struct {
	ID      int64   `json:"id"`
	Move    rpc.Ref `json:"move_id"`
	Account rpc.Ref `json:"account_id"`
	Payment rpc.Ref `json:"payment_id"`
}

// receivables are the lines that are still open, of invoices (by move_id) or of payments
// (by payment_id).
func (s *sink) receivables(ctx context.Context, by string, ids []int64) ([]receivable, error) {
	kind := []any{"account_id.account_type", "=", "asset_receivable"}
	if ok, err := s.has(ctx, "account.move.line", "account_internal_type"); err != nil {
		return nil, err
	} else if ok { // before 16
		kind = []any{"account_internal_type", "=", "receivable"}
	}
	var lines []receivable
	domain := []any{[]any{by, "in", ids}, kind, []any{"reconciled", "=", false}, []any{"parent_state", "=", "posted"}}
	err := s.rpc.SearchRead(ctx, "account.move.line", rpc.Find{Domain: domain, Fields: []string{"move_id", "account_id", "payment_id"}, Order: "id"}, &lines)
	if err != nil {
		return nil, fmt.Errorf("read what is owed on invoices: %w", err)
	}
	return lines, nil
}

// loadPayments makes the payments that are not there yet.
func (s *sink) loadPayments(ctx context.Context, dues []*due) error {
	memo, err := s.has(ctx, "account.payment", "memo")
	if err != nil {
		return err
	}
	linked, err := s.has(ctx, "account.payment", "invoice_ids")
	if err != nil {
		return err
	}
	var records []*record
	for _, d := range dues {
		cells := map[string]string{
			"payment_type": "inbound", "partner_type": "customer", "amount": string(d.bill.Residual),
			"partner_id/.id": strconv.FormatInt(d.bill.Partner.ID, 10), "currency_id/.id": strconv.FormatInt(d.bill.Currency.ID, 10),
		}
		if memo {
			cells["memo"] = d.walk.doc.Number
		} else { // before 18
			cells["ref"] = d.walk.doc.Number
		}
		if linked { // where payments may be without entries of their own
			cells["invoice_ids/.id"] = strconv.FormatInt(d.bill.ID, 10)
		}
		if d.account != 0 {
			cells["destination_account_id/.id"] = strconv.FormatInt(d.account, 10)
		}
		if j := d.walk.payment.journal; j != 0 {
			cells["journal_id/.id"] = strconv.FormatInt(j, 10)
		}
		if date := day(d.walk.goal.paidAt); date != "" {
			cells["date"] = date
		}
		d.payment = &record{xid: s.xid(paymentName(d.walk.doc.ID, d.bill.ID)), cells: cells, item: &item{}}
		records = append(records, d.payment)
	}
	if err := s.load(ctx, "account.payment", records, once); err != nil {
		return err
	}
	for _, d := range dues {
		if d.payment.item.err != nil {
			d.walk.err = d.payment.item.err
		}
	}
	return nil
}

// postPayments posts the payments that are drafts.
func (s *sink) postPayments(ctx context.Context, dues []*due) error {
	byID := map[int64]*due{}
	var ids, drafts []int64
	for _, d := range dues {
		if d.payment.id != 0 {
			byID[d.payment.id] = d
			ids = append(ids, d.payment.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var found []struct {
		ID    int64  `json:"id"`
		State string `json:"state"`
	}
	if err := s.rpc.Read(ctx, "account.payment", ids, []string{"state"}, nil, &found); err != nil {
		return fmt.Errorf("read payments: %w", err)
	}
	for _, p := range found {
		switch p.State {
		case "draft":
			drafts = append(drafts, p.ID)
		case "cancel", "canceled", "rejected":
			byID[p.ID].walk.err = sinks.Mark(sinks.Permanent, errRevoked)
		}
	}
	return s.all(ctx, "account.payment", "action_post", drafts, func(id int64, err error) {
		byID[id].walk.err = fmt.Errorf("post the payment: %w", err)
	})
}

// assign ties payments to their invoices.
func (s *sink) assign(ctx context.Context, dues []*due) error {
	byID := map[int64]*due{}
	var ids []int64
	for _, d := range dues {
		if d.payment.id != 0 {
			byID[d.payment.id] = d
			ids = append(ids, d.payment.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	lines, err := s.receivables(ctx, "payment_id", ids)
	if err != nil {
		return err
	}
	for _, l := range lines {
		d := byID[l.Payment.ID]
		err := s.rpc.Call(ctx, "account.move", "js_assign_outstanding_line", rpc.Args{IDs: []int64{d.bill.ID}, Named: map[string]any{"line_id": l.ID}, Context: silent(nil)}, nil)
		if err != nil {
			if !own(err) {
				return err
			}
			d.walk.err = fmt.Errorf("tie the payment to its invoice: %w", err)
		}
	}
	return nil
}

// paymentName is that of the payment of an invoice: an order may have several.
func paymentName(order, invoice int64) string {
	return orderName(order) + "_pay_" + strconv.FormatInt(invoice, 10)
}
