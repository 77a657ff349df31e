package transform

import (
	"cmp"
	"slices"

	"octail/internal/shop"
	"octail/transform/document"
)

var stockEntity = entity{
	name: document.StockEntity, root: "product", id: "product_id",
	halfway: []string{"children"},
	tables: []aggregateTable{
		{"product", "product_id", []string{"product_id", "model", "sku", "quantity", "subtract", "stock_status_id"}},
		{"product_code", "product_id", []string{"product_id", "code", "value"}},
		{"product_option_value", "product_id", []string{"product_option_value_id", "product_id", "option_id", "option_value_id", "quantity", "subtract"}},
	},
	optional: []string{"product_code"},
}

func init() { stockEntity.read = readStock }

func readStock(a *assembly) error {
	roots, err := a.rows("product", "product_id")
	if err != nil {
		return err
	}
	codes, err := a.grouped("product_code", "product_code_id")
	if err != nil {
		return err
	}
	values, err := a.grouped("product_option_value", "product_option_value_id")
	if err != nil {
		return err
	}
	for _, r := range roots.All() {
		id := r.Int("product_id")
		doc := &document.Stock{
			ProductID: id, SKU: a.codes(r, codes[id])["sku"], Model: a.plain(r.Raw("model")), Quantity: r.Int("quantity"), SubtractStock: r.Bool("subtract"),
			StockStatus: namedOrNull(a.ref.stockStatuses, r.Int("stock_status_id")), Options: []document.StockOption{},
		}
		for _, v := range values[id] {
			doc.Options = append(doc.Options, document.StockOption{
				OptionID: v.Int("option_id"), OptionValueID: v.Int("option_value_id"), Quantity: v.Int("quantity"), SubtractStock: v.Bool("subtract"),
			})
		}
		slices.SortStableFunc(doc.Options, func(x, y document.StockOption) int {
			return cmp.Or(cmp.Compare(x.OptionID, y.OptionID), cmp.Compare(x.OptionValueID, y.OptionValueID))
		})
		res := &result{doc: doc, sku: doc.SKU}
		if a.vanished(id, "options", len(doc.Options)) || codesVanished(a, id, codes[id], "sku", doc.SKU) {
			res.halfway = "children"
		}
		a.put(id, res)
	}
	return nil
}

// sortedInts is the values of a column, each once.
func sortedInts(rows []shop.Row, column string) []int64 {
	out := []int64{}
	for _, r := range rows {
		out = append(out, r.Int(column))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
