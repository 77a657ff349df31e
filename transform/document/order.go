package document

// Order is a confirmed order with all that belongs to it.
type Order struct {
	ID              int64            `json:"id"`
	Number          string           `json:"number"`
	InvoiceNumber   *string          `json:"invoice_number"`
	Store           Store            `json:"store"`
	Status          Status           `json:"status"`
	PlacedAt        *string          `json:"placed_at"`
	Currency        Currency         `json:"currency"`
	Customer        OrderCustomer    `json:"customer"`
	BillingAddress  *Address         `json:"billing_address"`
	ShippingAddress *Address         `json:"shipping_address"`
	Payment         *Payment         `json:"payment"`
	Shipping        *Shipping        `json:"shipping"`
	Lines           []Line           `json:"lines"`
	Vouchers        []Voucher        `json:"vouchers"`
	Totals          []Total          `json:"totals"`
	Total           string           `json:"total" octail:"decimal"`
	CouponCode      *string          `json:"coupon_code"`
	RewardPoints    int64            `json:"reward_points"`
	Comment         string           `json:"comment"`
	Language        *string          `json:"language"` // null when its id is unknown
	Affiliate       *Affiliate       `json:"affiliate"`
	Marketing       Maybe[Marketing] `json:"marketing,omitzero"`
	TransactionID   Maybe[string]    `json:"transaction_id,omitzero"`
	SubscriptionID  Maybe[int64]     `json:"subscription_id,omitzero"`
	History         []HistoryStep    `json:"history"`
}

// Store is the shop of a multi-store installation an order was placed in.
type Store struct {
	ID   int64  `json:"id"`
	Name string `json:"name" octail:"decoration"`
	URL  string `json:"url" octail:"decoration"`
}

// Currency of an order: amounts are in Base; the customer saw
// round(amount * Rate, Decimals) in Code.
type Currency struct {
	Code     string `json:"code"`
	Rate     string `json:"rate" octail:"decimal"`
	Decimals int64  `json:"decimals"`
	Base     string `json:"base"`
}

// OrderCustomer is who ordered. ID is null for guests.
type OrderCustomer struct {
	ID           *int64        `json:"id"`
	Group        Named         `json:"group"`
	FirstName    string        `json:"first_name"`
	LastName     string        `json:"last_name"`
	Email        string        `json:"email"`
	Phone        string        `json:"phone"`
	Fax          *string       `json:"fax,omitzero"`
	CustomFields []CustomField `json:"custom_fields,omitzero"`
	Erased       bool          `json:"erased,omitzero"` // a person who is to be forgotten: see transform
}

// Payment is how an order is paid. Method is the code up to the first dot.
type Payment struct {
	Method string `json:"method"`
	Code   string `json:"code"`
	Name   string `json:"name"`
}

// Shipping is how an order is shipped. Cost (without tax) and TaxClassID exist
// from OpenCart 4.0.2 on.
type Shipping struct {
	Method     string        `json:"method"`
	Code       string        `json:"code"`
	Name       string        `json:"name"`
	Cost       Maybe[string] `json:"cost,omitzero" octail:"decimal"`
	TaxClassID Maybe[int64]  `json:"tax_class_id,omitzero"`
}

// Line is one product line. What is looked up outside the order (SKU, Codes,
// TaxClass, Weight, RequiresShipping, option ids, MasterID) is taken when the
// line is first seen and kept.
type Line struct {
	Line             int64             `json:"line"`
	ProductID        int64             `json:"product_id"`
	MasterID         Maybe[int64]      `json:"master_id,omitzero"`
	SKU              string            `json:"sku"`
	Codes            map[string]string `json:"codes"`
	Model            string            `json:"model"`
	Name             string            `json:"name"`
	Quantity         int64             `json:"quantity"`
	Price            string            `json:"price" octail:"decimal"`
	Tax              string            `json:"tax" octail:"decimal"`
	Total            string            `json:"total" octail:"decimal"`
	Reward           int64             `json:"reward"`
	TaxClass         *Named            `json:"tax_class"`
	Weight           *Measure          `json:"weight"`
	RequiresShipping *bool             `json:"requires_shipping"`
	Options          []LineOption      `json:"options"`
}

// LineOption is a chosen or typed option. OptionValueID is 0 for typed ones; the
// ids are null when the catalogue no longer knew them at first sight.
type LineOption struct {
	OptionID      *int64 `json:"option_id"`
	OptionValueID *int64 `json:"option_value_id"`
	Name          string `json:"name"`
	Value         string `json:"value"`
	Type          string `json:"type"`
}

// Voucher is a gift voucher bought with the order. Code is masked.
type Voucher struct {
	Description string `json:"description"`
	Code        string `json:"code"`
	ToName      string `json:"to_name"`
	ToEmail     string `json:"to_email"`
	Amount      string `json:"amount" octail:"decimal"`
}

// Total is one row of the order's sum. Tax is set for code "tax" when the rate
// is known.
type Total struct {
	Code  string    `json:"code"`
	Title string    `json:"title"`
	Value string    `json:"value" octail:"decimal"`
	Tax   *TotalTax `json:"tax"`
}

// TotalTax is the rate behind a tax row: Type is percent or fixed.
type TotalTax struct {
	Rate string `json:"rate" octail:"decimal"`
	Type string `json:"type"`
}

// Affiliate earned Commission with the order.
type Affiliate struct {
	ID         int64  `json:"id"`
	Commission string `json:"commission" octail:"decimal"`
}

// Marketing is the campaign the order came from.
type Marketing struct {
	ID       int64  `json:"id"`
	Tracking string `json:"tracking"`
}

// HistoryStep is one real step of the order's history.
type HistoryStep struct {
	Status   Status  `json:"status"`
	Comment  string  `json:"comment"`
	Notified bool    `json:"notified"`
	At       *string `json:"at"`
}
