package odoo

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"octail/sinks"
)

// Codes of the products behind what is no product in the shop. Those of totals are
// OpenCart's.
const (
	svcShipping = "shipping"
	svcCoupon   = "coupon"
	svcDiscount = "discount"
	svcVoucher  = "voucher" // a gift voucher that was sold, or paid with
	svcReward   = "reward"
	svcCredit   = "credit"
	svcHandling = "handling"
	svcLowFee   = "low_order_fee"
	svcFee      = "fee" // any other total
	svcRounding = "rounding"
	svcTax      = "tax"
	svcUnknown  = "unknown" // a product that neither the shop nor Odoo has any more
)

// services are the names that people read in Odoo.
var services = map[string]string{
	svcShipping: "Shipping",
	svcCoupon:   "Coupon",
	svcDiscount: "Discount",
	svcVoucher:  "Gift voucher",
	svcReward:   "Reward points",
	svcCredit:   "Store credit",
	svcHandling: "Handling fee",
	svcLowFee:   "Low order fee",
	svcFee:      "Fee",
	svcRounding: "Rounding",
	svcTax:      "Tax",
	svcUnknown:  "Product no longer in the shop",
}

// service is the product.product behind a code of services, or of a total of the shop:
// the one that products.services names, else octail's own, made when it is first needed.
// A total that is not among them has the product of fees.
func (s *sink) service(ctx context.Context, code string) (int64, error) {
	target, mapped := lookup(s.cfg.Products.Services, code)
	if !mapped && services[code] == "" {
		code = svcFee
		target, mapped = lookup(s.cfg.Products.Services, code)
	}
	if mapped {
		return s.namedService(ctx, code, target)
	}
	return s.ensure(ctx, "product.product", serviceName(code), map[string]string{
		"name": services[code], "type": "service", "invoice_policy": "order", "list_price": "0",
		"sale_ok": "True", "purchase_ok": "False", "taxes_id/.id": "", "supplier_taxes_id/.id": "",
	})
}

// namedService is the product that the settings name, by default_code or id.
func (s *sink) namedService(ctx context.Context, code, target string) (int64, error) {
	l := list{model: "product.product", domain: []any{[]any{"default_code", "=ilike", likeLiteral(target)}}, fields: []string{"name"}}
	if id, err := strconv.ParseInt(target, 10, 64); err == nil {
		l.domain = []any{"|", l.domain[0], []any{"id", "=", id}}
	}
	l.fields = append(l.fields, "default_code")
	r, ok, err := s.find(ctx, l, func(rows []row) (row, bool) {
		if i := slices.IndexFunc(rows, func(r row) bool { return fold(string(r.SKU)) == fold(target) }); i >= 0 {
			return rows[i], true
		}
		return at(rows, len(rows)-1)
	})
	if err == nil && !ok {
		err = hold("product", "products.services: Odoo has no product %q, by internal reference or id, for %s; correct the line, or remove it, and octail makes a product", target, code)
	}
	return r.ID, err
}

// likeLiteral is text for =ilike that stands for nothing but itself.
func likeLiteral(text string) string {
	var out []rune
	for _, r := range text {
		if r == '%' || r == '_' || r == '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}

// ensure is the id of a record that octail makes for itself, once: what people change in
// it later stays. One that was deleted is made anew, and one that was archived is taken
// back into use, since orders need it.
func (s *sink) ensure(ctx context.Context, model, name string, cells map[string]string) (int64, error) {
	xid := s.xid(name)
	if id := s.made(name); id != 0 {
		return id, nil
	}
	id, refused, err := s.loadOne(ctx, model, &record{xid: xid})
	switch {
	case err != nil:
	case refused == nil:
		err = s.revive(ctx, model, id, xid)
	default: // there is none: one that is new needs a name
		if id, refused, err = s.loadOne(ctx, model, &record{xid: xid, cells: cells}); err == nil {
			err = refused
		}
	}
	if err != nil {
		return 0, err
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if s.memory.own == nil {
		s.memory.own = map[string]held{}
	}
	s.memory.own[xid] = held{[]row{{ID: id}}, time.Now()}
	return id, nil
}

// made is the id of a record of ensure's that was there a while ago; 0: nobody knows.
func (s *sink) made(name string) int64 {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	own, ok := s.memory.own[s.xid(name)]
	if !ok || time.Since(own.at) >= listAge {
		return 0
	}
	return own.rows[0].ID
}

// revive takes an archived record back into use.
func (s *sink) revive(ctx context.Context, model string, id int64, xid string) error {
	var rows []row
	if err := s.rpc.Read(ctx, model, []int64{id}, []string{"active"}, nil, &rows); err != nil {
		return fmt.Errorf("read %s: %w", xid, err)
	}
	if len(rows) == 0 || rows[0].Active {
		return nil
	}
	if err := s.rpc.Write(ctx, model, []int64{id}, map[string]any{"active": true}, quiet); err != nil {
		return fmt.Errorf("take %s out of the archive: %w", xid, err)
	}
	s.log.Warn("a record that octail made for itself was archived in Odoo and is in use again; to use another, name it in the mappings or in products.services",
		slog.String("model", model), slog.Int64("id", id), slog.String("external_id", xid))
	return nil
}

// loadOne loads a record that is nobody's delivery. refused is why Odoo did not take it.
func (s *sink) loadOne(ctx context.Context, model string, r *record) (id int64, refused, err error) {
	r.item = &item{Delivery: &sinks.Delivery{}}
	err = s.load(ctx, model, []*record{r}, nil)
	return r.id, r.item.err, err
}
