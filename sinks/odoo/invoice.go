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

// invoice lets Odoo make the drafts of the orders' invoices, of what it says is to be
// invoiced, one for each order. A second call finds nothing to invoice.
func (s *sink) invoice(ctx context.Context, of []*walk) error {
	// Where Odoo cannot be told not to, it puts the orders of a customer into one invoice.
	apart, err := s.has(ctx, "sale.advance.payment.inv", "consolidated_billing")
	if err != nil {
		return err
	}
	if apart && len(of) > 1 {
		if err := s.bill(ctx, of); err == nil || !own(err) {
			return err
		}
	}
	return each(of, func(w *walk) error { return s.bill(ctx, []*walk{w}) })
}

func (s *sink) bill(ctx context.Context, of []*walk) error {
	ids := make([]int64, len(of))
	for i, w := range of {
		ids[i] = w.id
	}
	values := map[string]any{"advance_payment_method": "delivered"}
	fields, err := s.existing(ctx, "sale.advance.payment.inv", nil, "sale_order_ids", "consolidated_billing")
	if err != nil {
		return err
	}
	for _, f := range fields {
		switch f {
		case "sale_order_ids": // before 16 by the context alone
			values[f] = []any{[]any{6, 0, ids}}
		case "consolidated_billing":
			values[f] = false
		}
	}
	active := silent(map[string]any{"active_model": "sale.order", "active_ids": ids, "active_id": ids[0]})
	wizards, err := s.rpc.Create(ctx, "sale.advance.payment.inv", []map[string]any{values}, active)
	if err != nil {
		return fmt.Errorf("begin the invoice: %w", err)
	}
	if err := s.rpc.Call(ctx, "sale.advance.payment.inv", "create_invoices", rpc.Args{IDs: wizards, Context: active}, nil); err != nil {
		return fmt.Errorf("make the invoice: %w", err)
	}
	return nil
}

// errTotal: octail posts no invoice that the customer was not charged.
var errTotal = errors.New("the invoices that Odoo makes of the order have another total than the order: look at the draft in Odoo, post or remove it there, then octail dead retry")

// post gives the drafts the date the shop invoiced the order, and posts them.
func (s *sink) post(ctx context.Context, of []*walk) error {
	owner := map[int64]*walk{}
	dated := map[string][]int64{}
	var all []int64
	for _, w := range of {
		if sum, total, ok := w.sums(); ok && !sum.Equal(total) {
			err := s.leave(ctx, w, "total", "The invoices of this order have another total than the order. Please look at the draft, and post or remove it.", errTotal)
			if !own(err) {
				return err
			}
			w.err = sinks.WithExchange(err, sinks.Exchange{Request: "order: " + total.String(), Answer: "invoices: " + sum.String()})
			continue
		}
		for _, b := range w.bills {
			if b.State != "draft" || b.Type != "out_invoice" {
				continue
			}
			owner[b.ID] = w
			all = append(all, b.ID)
			if date := day(w.goal.invoicedAt); date != "" && b.Date == "" {
				dated[date] = append(dated[date], b.ID)
			}
		}
	}
	for date, ids := range dated {
		if err := s.rpc.Write(ctx, "account.move", ids, map[string]any{"invoice_date": date}, silent(nil)); err != nil {
			return fmt.Errorf("date the invoices: %w", err)
		}
	}
	return s.all(ctx, "account.move", "action_post", all, func(id int64, err error) {
		owner[id].err = fmt.Errorf("post the invoice: %w", err)
	})
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
