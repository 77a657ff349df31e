package document

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Entities, in the order in which they are filled.
const (
	CustomerEntity = "customer"
	CategoryEntity = "category"
	ProductEntity  = "product"
	StockEntity    = "stock"
	OrderEntity    = "order"
)

// Entities lists all kinds of documents.
var Entities = []string{CustomerEntity, CategoryEntity, ProductEntity, StockEntity, OrderEntity}

// Schema is the document schema number of each entity; it rises when fields are
// added. Stored with every document.
var Schema = map[string]int{CustomerEntity: 1, CategoryEntity: 1, ProductEntity: 1, StockEntity: 1, OrderEntity: 1}

// Key names one entity of the shop. A stock level has its product's id.
type Key struct {
	Entity string
	ID     int64
}

// String is the event's subject, e.g. "order/1042".
func (k Key) String() string { return k.Entity + "/" + strconv.FormatInt(k.ID, 10) }

// ParseKey reads what String writes.
func ParseKey(s string) (Key, error) {
	entity, id, ok := strings.Cut(s, "/")
	n, err := strconv.ParseInt(id, 10, 64)
	if !ok || err != nil || !slices.Contains(Entities, entity) {
		return Key{}, fmt.Errorf("%q is no entity (want e.g. order/1042)", s)
	}
	return Key{entity, n}, nil
}
