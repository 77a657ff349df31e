package odoo

// wantLine is a line of an order as Odoo is to hold it.
type wantLine struct {
	priceLine
	product  int64 // product.product
	sequence int
	shipping bool // the line of the carrier
}
