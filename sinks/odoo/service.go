package odoo

import (
	"context"

	"octail/sinks"
)

// Codes of the products behind what is no product in the shop.
const (
	svcShipping = "shipping"
	svcCoupon   = "coupon"
	svcDiscount = "discount"
	svcVoucher  = "voucher" // a gift voucher that was sold
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
	svcShipping: "Shipping", svcCoupon: "Coupon", svcDiscount: "Discount", svcVoucher: "Gift voucher", svcReward: "Reward points",
	svcCredit: "Store credit", svcHandling: "Handling fee", svcLowFee: "Low order fee", svcFee: "Fee", svcRounding: "Rounding",
	svcTax: "Tax", svcUnknown: "Product no longer in the shop",
}

// service is the product.product behind a code of services: the one the settings name,
// else octail's own, made when it is first needed. A code that is not among them has the
// product of fees.
func (s *sink) service(ctx context.Context, code string) (int64, error) {
	if services[code] == "" {
		code = svcFee
	}
	name := serviceName(code)
	s.memory.mu.Lock()
	id := s.memory.made[name]
	s.memory.mu.Unlock()
	if id != 0 {
		return id, nil
	}
	cells := map[string]string{
		"name": services[code], "type": "service", "invoice_policy": "order", "list_price": "0",
		"sale_ok": "True", "purchase_ok": "False", "taxes_id/.id": "", "supplier_taxes_id/.id": "",
	}
	r := &record{xid: s.xid(name), cells: cells}
	if err := s.loadOwn(ctx, "product.product", r); err != nil {
		return 0, err
	}
	return r.id, nil
}

// loadOwn loads a record that octail makes for itself, and remembers it.
func (s *sink) loadOwn(ctx context.Context, model string, r *record) error {
	it := &item{Delivery: &sinks.Delivery{}}
	r.item = it
	if err := s.load(ctx, model, []*record{r}, nil); err != nil {
		return err
	}
	if it.err != nil {
		return it.err
	}
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if s.memory.made == nil {
		s.memory.made = map[string]int64{}
	}
	s.memory.made[r.xid[len(s.prefix)+1:]] = r.id
	return nil
}
