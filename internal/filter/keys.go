package filter

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"octail/transform/document"
)

// view is what the keys look at, of documents of all kinds.
type view struct {
	Store           *document.Store     `json:"store"`
	StoreID         int64               `json:"store_id"`
	StoreIDs        []int64             `json:"store_ids"`
	Status          document.Status     `json:"status"`
	PlacedAt        *string             `json:"placed_at"`
	Customer        customer            `json:"customer"`
	Group           document.Named      `json:"group"`
	ShippingAddress *document.Address   `json:"shipping_address"`
	BillingAddress  *document.Address   `json:"billing_address"`
	Addresses       []*document.Address `json:"addresses"`
	Total           string              `json:"total"`
}

type customer struct {
	Group document.Named `json:"group"`
}

// list is a list of ids and names; nil asks nothing.
type list []item

type item struct {
	id   int64
	byID bool
	name string
}

func listOf(texts []string) list {
	var l list
	for _, text := range texts {
		id, err := strconv.ParseInt(text, 10, 64)
		l = append(l, item{id, err == nil, text})
	}
	return l
}

func (l list) set() bool { return l != nil }

func (l list) has(id int64, name *string) bool {
	return slices.ContainsFunc(l, func(i item) bool {
		return i.byID && i.id == id || name != nil && strings.EqualFold(i.name, *name)
	})
}

// named tells whether there are names among it.
func (l list) named() bool { return slices.ContainsFunc(l, func(i item) bool { return !i.byID }) }

// Missing lists, quoted, the ids and names of a key that the shop does not have. known
// are the shop's names by id.
func Missing(listed []string, known map[int64]string) (missing []string) {
	for _, i := range listOf(listed) {
		_, there := known[i.id]
		if !i.byID {
			there = slices.ContainsFunc(slices.Collect(maps.Values(known)), func(name string) bool { return strings.EqualFold(name, i.name) })
		}
		if !there {
			missing = append(missing, strconv.Quote(i.name))
		}
	}
	return missing
}

// passes tells whether a document passes all keys but expr.
func (f *Filter) passes(entity string, d view) (bool, error) {
	if ok, err := f.inStore(entity, d); !ok || err != nil {
		return false, err
	}
	switch entity {
	case document.OrderEntity:
		if f.statuses.set() && !f.statuses.has(d.Status.ID, d.Status.Name) || f.groups.set() && !f.groups.has(d.Customer.Group.ID, d.Customer.Group.Name) {
			return false, nil
		}
		to := d.ShippingAddress
		if to == nil {
			to = d.BillingAddress
		}
		if f.countries != nil && !f.inCountry(to) {
			return false, nil
		}
		if f.least != nil {
			total, err := decimal.NewFromString(d.Total)
			if err != nil {
				return false, errors.New("where.min_total: the order's total is no number")
			}
			return total.GreaterThanOrEqual(*f.least), nil
		}
	case document.CustomerEntity:
		if f.groups.set() && !f.groups.has(d.Group.ID, d.Group.Name) {
			return false, nil
		}
		return f.countries == nil || slices.ContainsFunc(d.Addresses, f.inCountry), nil
	}
	return true, nil
}

func (f *Filter) inStore(entity string, d view) (bool, error) {
	if !f.stores.set() {
		return true, nil
	}
	switch entity {
	case document.OrderEntity:
		if d.Store == nil {
			return false, nil
		}
		return f.stores.has(d.Store.ID, &d.Store.Name), nil
	case document.CustomerEntity:
		return f.anyStore([]int64{d.StoreID})
	case document.ProductEntity, document.CategoryEntity:
		return f.anyStore(d.StoreIDs)
	}
	return true, nil
}

// anyStore judges by ids; a name among the stores is looked up.
func (f *Filter) anyStore(ids []int64) (bool, error) {
	names := f.names.Load()
	for _, id := range ids {
		var name *string
		if names != nil {
			if n, ok := (*names)[id]; ok {
				name = &n
			}
		}
		if f.stores.has(id, name) {
			return true, nil
		}
	}
	if names == nil && f.stores.named() {
		return false, errors.New("where.stores: what the shop's stores are called is not known yet; it is once the shop's database was reached")
	}
	return false, nil
}

func (f *Filter) inCountry(a *document.Address) bool {
	if a == nil || a.Country == nil {
		return false
	}
	for _, code := range []*string{a.Country.Code, a.Country.Code3} {
		if code != nil && slices.Contains(f.countries, strings.ToUpper(*code)) {
			return true
		}
	}
	return false
}
