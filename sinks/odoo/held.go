package odoo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"octail/sinks/odoo/rpc"
)

// heldOrder is an order as Odoo holds it.
type heldOrder struct {
	ID       int64      `json:"id"`
	Name     rpc.Text   `json:"name"`
	Number   rpc.Text   `json:"client_order_ref"`
	State    string     `json:"state"` // draft, sent, sale, cancel; done where that is the lock
	Lock     bool       `json:"locked"`
	Date     rpc.Text   `json:"date_order"`
	Promised rpc.Text   `json:"commitment_date"` // to be delivered by; "": nobody has promised
	Note     rpc.Text   `json:"note"`
	Writer   rpc.Ref    `json:"write_uid"` // who wrote into it last
	Partner  rpc.Ref    `json:"partner_id"`
	Invoice  rpc.Ref    `json:"partner_invoice_id"`
	Shipping rpc.Ref    `json:"partner_shipping_id"`
	Currency rpc.Ref    `json:"currency_id"`
	User     rpc.Ref    `json:"user_id"` // the salesperson
	Term     rpc.Ref    `json:"payment_term_id"`
	Carrier  rpc.Ref    `json:"carrier_id"`
	Company  rpc.Ref    `json:"company_id"`
	Amount   rpc.Number `json:"amount_total"`
	Tax      rpc.Number `json:"amount_tax"`
	Delivery rpc.Text   `json:"delivery_status"` // "" where Odoo does not tell
	Invoices []int64    `json:"invoice_ids"`
	Billing  rpc.Text   `json:"invoice_status"` // no, to invoice, invoiced, upselling
	Pickings []int64    `json:"picking_ids"`
	Lines    []int64    `json:"order_line"`

	lines []*heldLine // nil: not read
}

// heldLine is a line of an order as Odoo holds it.
type heldLine struct {
	ID        int64      `json:"id"`
	Order     rpc.Ref    `json:"order_id"`
	Creator   rpc.Ref    `json:"create_uid"`
	Product   rpc.Ref    `json:"product_id"`
	Text      rpc.Text   `json:"name"`
	Quantity  rpc.Number `json:"product_uom_qty"`
	Price     rpc.Number `json:"price_unit"`
	Discount  rpc.Number `json:"discount"`
	Taxes     []int64    `json:"tax_ids"`
	OldTaxes  []int64    `json:"tax_id"` // their name before Odoo 19
	Total     rpc.Number `json:"price_total"`
	Delivered rpc.Number `json:"qty_delivered"`
	Invoiced  rpc.Number `json:"qty_invoiced"`

	name string // of the external id after the prefix; "": it is not ours, or not asked
}

func (h *heldOrder) total() decimal.Decimal { return number(h.Amount) }

// locked orders are a person's: nothing in them is rewritten.
func (h *heldOrder) locked() bool { return h.Lock || h.State == "done" }

// confirmed tells that it is more than a quotation, and not cancelled.
func (h *heldOrder) confirmed() bool { return h.State == "sale" || h.State == "done" }

func number(n rpc.Number) decimal.Decimal {
	d, err := decimal.NewFromString(string(n))
	if err != nil {
		return decimal.Zero // false, as Odoo writes nothing
	}
	return d
}

// orderFields are the fields of heldOrder that this Odoo has: delivery and sale_stock may
// not be installed.
func (s *sink) orderFields(ctx context.Context) ([]string, error) {
	fields := []string{"name", "client_order_ref", "state", "date_order", "commitment_date", "note", "write_uid", "partner_id", "partner_invoice_id", "partner_shipping_id",
		"currency_id", "user_id", "payment_term_id", "company_id", "amount_total", "amount_tax", "invoice_ids", "invoice_status", "order_line"}
	return s.existing(ctx, "sale.order", fields, "locked", "carrier_id", "delivery_status", "picking_ids")
}

func (s *sink) lineFields(ctx context.Context) ([]string, error) {
	fields := []string{"order_id", "create_uid", "product_id", "name", "product_uom_qty", "price_unit", "discount", "price_total", "qty_delivered", "qty_invoiced"}
	return s.existing(ctx, "sale.order.line", fields, "tax_ids", "tax_id")
}

// existing adds to fields those of maybe that a model has.
func (s *sink) existing(ctx context.Context, model string, fields []string, maybe ...string) ([]string, error) {
	for _, f := range maybe {
		has, err := s.has(ctx, model, f)
		if err != nil {
			return nil, err
		}
		if has {
			fields = append(fields, f)
		}
	}
	return fields, nil
}

// reread reads the orders that are in Odoo, without their lines, in one call. One that is
// gone has held nil afterwards.
func (s *sink) reread(ctx context.Context, orders []*saleOrder) error {
	var ids []int64
	for _, o := range orders {
		if o.id != 0 {
			ids = append(ids, o.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	fields, err := s.orderFields(ctx)
	if err != nil {
		return err
	}
	var got []*heldOrder
	if err := s.rpc.Read(ctx, "sale.order", ids, fields, nil, &got); err != nil {
		return fmt.Errorf("read %d orders back: %w", len(ids), err)
	}
	for _, o := range orders {
		o.held = nil
		if i := slices.IndexFunc(got, func(h *heldOrder) bool { return h.ID == o.id }); i >= 0 {
			o.held = got[i]
		}
	}
	return nil
}

// readLines reads the lines of orders, and which of them are ours where that is not
// plain: an order with just the lines it is to have needs no names.
func (s *sink) readLines(ctx context.Context, orders []*saleOrder) error {
	var ids []int64
	byID := map[int64]*saleOrder{}
	for _, o := range orders {
		o.held.lines = []*heldLine{}
		byID[o.id] = o
		ids = append(ids, o.held.Lines...)
	}
	if len(ids) == 0 {
		return nil
	}
	fields, err := s.lineFields(ctx)
	if err != nil {
		return err
	}
	var lines []*heldLine
	if err := s.rpc.Read(ctx, "sale.order.line", ids, fields, nil, &lines); err != nil {
		return fmt.Errorf("read %d lines of orders: %w", len(ids), err)
	}
	for _, l := range lines {
		if o := byID[l.Order.ID]; o != nil {
			o.held.lines = append(o.held.lines, l)
		}
	}
	var strange []int64
	for _, o := range orders {
		if o.named || !o.asWanted() {
			strange = append(strange, o.held.Lines...)
		}
	}
	names, err := s.ours(ctx, "sale.order.line", strange)
	if err != nil {
		return err
	}
	byName := map[int64]string{}
	for name, id := range names {
		byName[id] = name
	}
	for _, l := range lines {
		if name := byName[l.ID]; l.name == "" {
			l.name = name
		}
	}
	return nil
}

// asWanted tells whether an order has the lines and the total it is to have, by what is in
// them, and gives the lines the names they must have then.
func (o *saleOrder) asWanted() bool {
	if !o.held.total().Equal(o.priced.want) {
		return false
	}
	names := map[*heldLine]string{}
	for i := range o.lines {
		w := &o.lines[i]
		if w.name == roundingName(o.doc.ID) {
			continue
		}
		k := slices.IndexFunc(o.held.lines, func(l *heldLine) bool { return names[l] == "" && l.same(w) })
		if k < 0 {
			return false
		}
		names[o.held.lines[k]] = w.name
	}
	for _, l := range o.held.lines {
		if names[l] == "" && !number(l.Quantity).IsZero() && !(number(l.Total).IsZero() && l.Product.ID == 0) && l.Product.ID != o.rounding {
			return false
		}
	}
	for l, name := range names {
		l.name = name
	}
	return true
}

// ours are the records among some that are octail's, by the name of their external id.
func (s *sink) ours(ctx context.Context, model string, ids []int64) (map[string]int64, error) {
	names := map[string]int64{}
	if len(ids) == 0 {
		return names, nil
	}
	var got []struct {
		ID    int64 `json:"id"`
		Names []struct {
			Name string `json:"xmlid"`
		} `json:"xmlids"` // not in old versions, which tell only one record's
	}
	if err := s.rpc.Call(ctx, model, "get_metadata", rpc.Args{IDs: ids}, &got); err != nil {
		return nil, fmt.Errorf("ask for the external ids of %d records of %s: %w", len(ids), model, err)
	}
	told := false
	for _, r := range got {
		told = told || r.Names != nil
		for _, n := range r.Names {
			if name, ok := strings.CutPrefix(n.Name, s.prefix+"."); ok {
				names[name] = r.ID
			}
		}
	}
	if told {
		return names, nil
	}
	var data []struct {
		Name string `json:"name"`
		ID   int64  `json:"res_id"`
	}
	err := s.rpc.SearchRead(ctx, "ir.model.data", rpc.Find{Fields: []string{"name", "res_id"},
		Domain: []any{[]any{"module", "=", s.prefix}, []any{"model", "=", model}, []any{"res_id", "in", ids}}}, &data)
	if err != nil {
		return nil, fmt.Errorf("ask for the external ids of %d records of %s: %w", len(ids), model, err)
	}
	for _, r := range data {
		names[r.Name] = r.ID
	}
	return names, nil
}
