package odoo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// invoice lets Odoo make the draft of an order's invoice, of what it says is to be
// invoiced. A second call finds nothing to invoice.
func (s *sink) invoice(ctx context.Context, w *walk) error {
	values := map[string]any{"advance_payment_method": "delivered"}
	if named, err := s.has(ctx, "sale.advance.payment.inv", "sale_order_ids"); err != nil {
		return err
	} else if named { // before 16 by the context alone
		values["sale_order_ids"] = []any{[]any{6, 0, []int64{w.id}}}
	}
	active := silent(map[string]any{"active_model": "sale.order", "active_ids": []int64{w.id}, "active_id": w.id})
	ids, err := s.rpc.Create(ctx, "sale.advance.payment.inv", []map[string]any{values}, active)
	if err != nil {
		return fmt.Errorf("begin the invoice: %w", err)
	}
	if err := s.rpc.Call(ctx, "sale.advance.payment.inv", "create_invoices", rpc.Args{IDs: ids, Context: active}, nil); err != nil {
		return fmt.Errorf("make the invoice: %w", err)
	}
	return nil
}

// errTotal: octail posts no invoice that the customer was not charged.
var errTotal = errors.New("the invoices that Odoo makes of the order have another total than the order: look at the draft in Odoo, post or remove it there, then octail dead retry")

// post gives the drafts the date the shop invoiced the order, and posts them.
func (s *sink) post(ctx context.Context, w *walk) error {
	if sum, total, ok := w.sums(); ok && !sum.Equal(total) {
		return sinks.WithExchange(s.leave(ctx, w, "total", "The invoices of this order have another total than the order. Please look at the draft, and post or remove it.", errTotal),
			sinks.Exchange{Request: "order: " + total.String(), Answer: "invoices: " + sum.String()})
	}
	var dated, all []int64
	for _, b := range w.bills {
		if b.State == "draft" && b.Type == "out_invoice" {
			all = append(all, b.ID)
			if b.Date == "" {
				dated = append(dated, b.ID)
			}
		}
	}
	if date := day(w.goal.invoicedAt); date != "" && len(dated) > 0 {
		if err := s.rpc.Write(ctx, "account.move", dated, map[string]any{"invoice_date": date}, silent(nil)); err != nil {
			return fmt.Errorf("date the invoice: %w", err)
		}
	}
	if err := s.rpc.Call(ctx, "account.move", "action_post", rpc.Args{IDs: all, Context: silent(nil)}, nil); err != nil {
		return fmt.Errorf("post the invoice: %w", err)
	}
	return nil
}

// sums are what the invoices of an order come to, and the order's total. ok is false
// while there is something left to be invoiced later: then they need not be equal.
func (w *walk) sums() (sum, total decimal.Decimal, ok bool) {
	if w.held.Billing != "invoiced" {
		return sum, total, false
	}
	for _, b := range w.bills {
		amount := number(b.Total)
		if b.State == "cancel" {
			continue
		}
		if b.Type == "out_refund" {
			amount = amount.Neg()
		}
		sum = sum.Add(amount)
	}
	return sum.Round(4), w.held.total().Round(4), true
}

// pay registers the payments of the invoices that are not paid, each in full, in the
// journal of the shop's payment method.
func (s *sink) pay(ctx context.Context, w *walk) error {
	for _, b := range w.bills {
		if !b.due() {
			continue
		}
		values := map[string]any{"communication": w.doc.Number}
		if w.payment.journal != 0 {
			values["journal_id"] = w.payment.journal
		}
		if date := day(w.goal.paidAt); date != "" {
			values["payment_date"] = date
		}
		active := silent(map[string]any{"active_model": "account.move", "active_ids": []int64{b.ID}, "active_id": b.ID, "dont_redirect_to_payments": true})
		ids, err := s.rpc.Create(ctx, "account.payment.register", []map[string]any{values}, active)
		if err != nil {
			return fmt.Errorf("begin the payment: %w", err)
		}
		if err := s.rpc.Call(ctx, "account.payment.register", "action_create_payments", rpc.Args{IDs: ids, Context: active}, nil); err != nil {
			return fmt.Errorf("register the payment: %w", err)
		}
	}
	return nil
}

// day is the date of an instant, in UTC, as the document has it; "" for none, and for
// one to come, which Odoo would take for a future invoice.
func day(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil || t.After(time.Now()) {
		return ""
	}
	date, _, _ := strings.Cut(t.UTC().Format(time.DateTime), " ")
	return date
}
