package odoo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

const priceItemModel = "product.pricelist.item"

func specialName(product, group int64, n int) string {
	return fmt.Sprintf("sp_%d_%d_%d", product, group, n)
}

// specials writes the special prices of products as rules of pricelists, one list for
// each customer group, which octail makes and a person gives to whom it is for. Orders
// have the shop's prices, whatever these lists say.
func (s *sink) specials(ctx context.Context, wares []*ware) error {
	if !s.cfg.Products.Specials {
		return nil
	}
	var of []*ware
	for _, w := range wares {
		if w.differs("specials") || w.differs("price") && hasSpecials(w.doc) {
			of = append(of, w)
		}
	}
	var records []*record
	for _, w := range of {
		n := map[int64]int{}
		for _, sp := range w.doc.Specials {
			price, ok := reduced(w.doc.Price, sp.Reduction)
			if !ok {
				continue
			}
			list, err := s.specialList(ctx, sp.CustomerGroupID)
			if err != nil {
				return err
			}
			n[sp.CustomerGroupID]++
			cells := map[string]string{
				"pricelist_id/.id": strconv.FormatInt(list, 10), "compute_price": "fixed", "fixed_price": w.tax.with(price).String(),
				"date_start": midnight(sp.From), "date_end": midnight(sp.Until),
			}
			w.priceCells(cells)
			records = append(records, &record{xid: s.xid(specialName(w.doc.ID, sp.CustomerGroupID, n[sp.CustomerGroupID])), cells: cells})
		}
	}
	if err := s.load(ctx, priceItemModel, records, nil); err != nil {
		return err
	}
	kept := map[int64]bool{}
	for _, r := range records {
		if kept[r.id] = true; r.id == 0 {
			s.log.Warn("Odoo refuses a special price; its dates may be the wrong way round", "item", r.xid)
		}
	}
	return s.removeSpecials(ctx, of, kept)
}

func hasSpecials(p *document.Product) bool { return len(p.Specials) > 0 }

// priceCells say which product a price is for.
func (w *ware) priceCells(cells map[string]string) {
	id := strconv.FormatInt(w.record.id, 10)
	if w.template() {
		cells["applied_on"], cells["product_tmpl_id/.id"] = "1_product", id
		return
	}
	cells["applied_on"], cells["product_id/.id"] = "0_product_variant", id
}

// reduced is a special's price.
func reduced(price string, r document.Reduction) (decimal.Decimal, bool) {
	full, ok := decimalOf(price)
	switch {
	case r.Price != nil:
		return decimalOf(*r.Price)
	case !ok:
	case r.Percent != nil:
		percent, ok := decimalOf(*r.Percent)
		return full.Mul(percent).Shift(-2), ok
	case r.Subtract != nil:
		off, ok := decimalOf(*r.Subtract)
		return full.Sub(off), ok
	}
	return decimal.Zero, false
}

// midnight is a date as the beginning of that day.
func midnight(date *string) string {
	if date == nil || *date == "" {
		return ""
	}
	return *date + " 00:00:00"
}

// specialList is the pricelist of a customer group's special prices.
func (s *sink) specialList(ctx context.Context, group int64) (int64, error) {
	b, err := s.known(ctx)
	if err != nil {
		return 0, err
	}
	// So that there is one without rules before: orders take the one that fits best.
	cur, err := s.mapCurrency(ctx, 0, b.company.currency)
	if err != nil {
		return 0, err
	}
	return s.ensure(ctx, "product.pricelist", "pricelist_specials_"+strconv.FormatInt(group, 10), map[string]string{
		"name": "Special prices, customer group " + strconv.FormatInt(group, 10), "currency_id/.id": strconv.FormatInt(cur.id, 10),
		"company_id/.id": strconv.FormatInt(b.company.id, 10), "sequence": "2000",
	})
}

// removeSpecials removes the rules of products, in octail's lists, that the shop has no
// more.
func (s *sink) removeSpecials(ctx context.Context, wares []*ware, kept map[int64]bool) error {
	var templates, products []int64
	for _, w := range wares {
		if w.template() {
			templates = append(templates, w.record.id)
		} else {
			products = append(products, w.record.id)
		}
	}
	if len(wares) == 0 {
		return nil
	}
	var items []struct {
		ID int64 `json:"id"`
	}
	if err := s.rpc.SearchRead(ctx, priceItemModel, rpc.Find{
		Domain: []any{"|", []any{"product_id", "in", idsOf(products)}, []any{"product_tmpl_id", "in", idsOf(templates)}},
		Fields: []string{"id"}, Context: map[string]any{"active_test": false},
	}, &items); err != nil {
		return fmt.Errorf("read special prices: %w", err)
	}
	var others []int64
	for _, i := range items {
		if !kept[i.ID] {
			others = append(others, i.ID)
		}
	}
	names, err := s.namesOf(ctx, priceItemModel, others)
	if err != nil {
		return err
	}
	gone := slices.Sorted(maps.Keys(names)) // the others are a person's
	if len(gone) == 0 {
		return nil
	}
	if err := s.rpc.Call(ctx, priceItemModel, "unlink", rpc.Args{IDs: gone}, nil); err != nil {
		return fmt.Errorf("remove special prices that are over: %w", err)
	}
	return nil
}

// idsOf writes no ids as an empty list, and not as null.
func idsOf(list []int64) []int64 { return append([]int64{}, list...) }
