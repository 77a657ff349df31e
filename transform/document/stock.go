package document

// Stock is a product's stock level, kept apart so that a sale does not rewrite
// the product. Its key is the product's id.
type Stock struct {
	ProductID     int64         `json:"product_id"`
	SKU           string        `json:"sku"`
	Model         string        `json:"model"`
	Quantity      int64         `json:"quantity"`
	SubtractStock bool          `json:"subtract_stock"`
	StockStatus   *Named        `json:"stock_status"`
	Options       []StockOption `json:"options"`
}

// StockOption is the stock of one option value.
type StockOption struct {
	OptionID      int64 `json:"option_id"`
	OptionValueID int64 `json:"option_value_id"`
	Quantity      int64 `json:"quantity"`
	SubtractStock bool  `json:"subtract_stock"`
}
