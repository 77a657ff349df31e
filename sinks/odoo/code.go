package odoo

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"octail/sinks/odoo/rpc"
)

// skuOf is what Odoo calls the internal reference: the first that is there of what the
// setting names, of the codes, the model and the shop's id.
func skuOf(order []string, codes map[string]string, model string, id int64) string {
	for _, name := range order {
		var code string
		switch name {
		case "model":
			code = model
		case "id":
			code = strconv.FormatInt(id, 10)
		default:
			code = codes[name]
		}
		if code = clean(code); code != "" {
			return code
		}
	}
	return ""
}

// barcodeOf is the first code that is there; Odoo takes no two products with the same.
func barcodeOf(order []string, codes map[string]string) string {
	for _, name := range order {
		if code := clean(codes[name]); code != "" {
			return code
		}
	}
	return ""
}

// holder is a product of Odoo that has one of the codes asked for.
type holder struct {
	ID       int64    `json:"id"`
	SKU      rpc.Text `json:"default_code"`
	Barcode  rpc.Text `json:"barcode"`
	Template rpc.Ref  `json:"product_tmpl_id"`
	name     string   // its external id behind our prefix; "": it has none of ours
}

// holders finds who has internal references and barcodes in Odoo, archived ones too.
func (s *sink) holders(ctx context.Context, skus, barcodes []string) ([]*holder, error) {
	var domain []any
	switch {
	case len(skus)+len(barcodes) == 0:
		return nil, nil
	case len(skus) > 0 && len(barcodes) > 0:
		domain = []any{"|", []any{"default_code", "in", skus}, []any{"barcode", "in", barcodes}}
	case len(skus) > 0:
		domain = []any{[]any{"default_code", "in", skus}}
	default:
		domain = []any{[]any{"barcode", "in", barcodes}}
	}
	var out []*holder
	err := s.rpc.SearchRead(ctx, productModel, rpc.Find{
		Domain: domain, Fields: []string{"default_code", "barcode", "product_tmpl_id"}, Order: "id",
		Context: map[string]any{"active_test": false},
	}, &out)
	if err != nil {
		return nil, fmt.Errorf("find products by their codes: %w", err)
	}
	return out, nil
}

// only is the one of a list that fits; nil when none or several do.
func only(list []*holder, fits func(*holder) bool) *holder {
	i := slices.IndexFunc(list, fits)
	if i < 0 || slices.ContainsFunc(list[i+1:], fits) {
		return nil
	}
	return list[i]
}
