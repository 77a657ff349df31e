package document

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Parents lists the entities that the document in an event's data refers to: an
// order's customer and products, a product's categories and variant master, a stock
// level's product, a category's parent. Each once, in the order of the document.
func Parents(entity string, data []byte) ([]Key, error) {
	var d struct {
		Document struct {
			Customer struct {
				ID *int64 `json:"id"`
			} `json:"customer"`
			Lines []struct {
				ProductID int64 `json:"product_id"`
			} `json:"lines"`
			Categories []struct {
				ID int64 `json:"id"`
			} `json:"categories"`
			MasterID  int64  `json:"master_id"`
			ProductID int64  `json:"product_id"`
			ParentID  *int64 `json:"parent_id"`
		} `json:"document"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("read event data: %w", err)
	}
	var out []Key
	add := func(entity string, id int64) {
		if k := (Key{entity, id}); id > 0 && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	doc := &d.Document
	switch entity {
	case OrderEntity:
		if doc.Customer.ID != nil {
			add(CustomerEntity, *doc.Customer.ID)
		}
		for _, l := range doc.Lines {
			add(ProductEntity, l.ProductID)
		}
	case ProductEntity:
		add(ProductEntity, doc.MasterID)
		for _, c := range doc.Categories {
			add(CategoryEntity, c.ID)
		}
	case StockEntity:
		add(ProductEntity, doc.ProductID)
	case CategoryEntity:
		if doc.ParentID != nil {
			add(CategoryEntity, *doc.ParentID)
		}
	}
	return out, nil
}
