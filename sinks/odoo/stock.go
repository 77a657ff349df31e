package odoo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

const quantModel = "stock.quant"

// tally is what the shop has of one product.product.
type tally struct {
	item    *item
	product int64
	want    int64
}

// level is what Odoo has of a product in the location, with all below it.
type level struct {
	ID       int64      `json:"id"`
	There    rpc.Number `json:"qty_available"`
	Outgoing rpc.Number `json:"outgoing_qty"` // of confirmed orders that are not delivered
	Type     rpc.Text   `json:"type"`
	Storable *bool      `json:"is_storable"` // nil: the type tells
	Tracking rpc.Text   `json:"tracking"`    // none, or by lot or serial number
}

// free is what the shop should show: what is there without what is sold already.
func (l *level) free() decimal.Decimal {
	there, _ := decimalOf(string(l.There))
	outgoing, _ := decimalOf(string(l.Outgoing))
	return there.Sub(outgoing)
}

// counted tells whether Odoo counts the product, as a number alone.
func (l *level) counted() bool {
	storable := l.Type == "product"
	if l.Storable != nil {
		storable = *l.Storable
	}
	return storable && (l.Tracking == "" || l.Tracking == "none")
}

// stocks writes the stock levels of a batch. The shop takes a sale off at once, Odoo when
// it is delivered: so the shop's number is compared with what is there without the open
// deliveries, and nothing is written where the two agree.
func (s *sink) stocks(ctx context.Context, items []*item) error {
	if s.cfg.Stock != stockPush {
		return nil
	}
	wanted, err := s.counts(ctx, items)
	if err != nil || len(wanted) == 0 {
		return err
	}
	location, err := s.location(ctx)
	if err != nil {
		return err
	}
	levels, err := s.levels(ctx, location, wanted)
	if err != nil {
		return err
	}
	return s.writeCounts(ctx, location, s.wrong(wanted, levels), levels)
}

// wrong are the counts that are not Odoo's. Where the shop has less than Odoo and nothing
// is there any more, there is nothing to take away: the shop has sold what nobody has.
func (s *sink) wrong(wanted []tally, levels map[int64]*level) []tally {
	return slices.DeleteFunc(slices.Clone(wanted), func(c tally) bool {
		l := levels[c.product]
		if l == nil || !l.counted() {
			return true
		}
		free := l.free()
		there, _ := decimalOf(string(l.There))
		want := decimal.NewFromInt(c.want)
		return free.Equal(want) || want.LessThan(free) && !there.IsPositive()
	})
}

// counts finds the products of stock levels. Those from which the shop takes nothing off
// are not counted.
func (s *sink) counts(ctx context.Context, items []*item) ([]tally, error) {
	docs := map[*item]*document.Stock{}
	all := map[int64]*good{}
	for _, it := range items {
		if it.deleted() {
			continue
		}
		doc, ok := read[document.Stock](it)
		if !ok || !doc.SubtractStock && !slices.ContainsFunc(doc.Options, func(o document.StockOption) bool { return o.SubtractStock }) {
			continue
		}
		docs[it] = doc
		all[doc.ProductID] = &good{key: document.Key{Entity: document.ProductEntity, ID: doc.ProductID}}
	}
	if err := s.locateGoods(ctx, all); err != nil {
		return nil, err
	}
	var templates []int64
	var values []string
	for it, doc := range docs {
		switch at := all[doc.ProductID].at; {
		case at.id == 0:
			it.fail(sinks.Mark(sinks.Permanent, fmt.Errorf("product %d is not in Odoo: octail sync product --id %d, then octail dead retry", doc.ProductID, doc.ProductID)))
		case at.template:
			templates = append(templates, at.id)
			for _, o := range doc.Options {
				values = append(values, valueName(o.OptionValueID))
			}
		}
	}
	slices.Sort(values)
	if _, err := s.probe(ctx, valueModel, slices.Compact(values)); err != nil {
		return nil, err
	}
	if err := s.readVariants(ctx, templates); err != nil {
		return nil, err
	}
	var out []tally
	for _, it := range items {
		doc := docs[it]
		switch {
		case doc == nil || it.err != nil:
		case all[doc.ProductID].at.template:
			out = append(out, s.variantCounts(it, doc, all[doc.ProductID].at.id)...)
		case doc.SubtractStock:
			out = append(out, tally{it, all[doc.ProductID].at.id, doc.Quantity})
		}
	}
	return out, nil
}

// variantCounts: the shop counts each value of an option. That is the stock of a variant
// where there is one attribute; of several, nobody knows how many are both M and red.
func (s *sink) variantCounts(it *item, doc *document.Stock, template int64) []tally {
	var out []tally
	for _, v := range s.variantsOf(template) {
		if len(v.values) != 1 {
			s.once("stock "+it.Key.String(), func() {
				s.log.Warn("the shop counts each option for itself, and Odoo their combinations: the stock is not written", "entity", it.Key.String())
			})
			return nil
		}
		i := slices.IndexFunc(doc.Options, func(o document.StockOption) bool {
			return s.met(valueModel, valueName(o.OptionValueID)) == v.values[0]
		})
		if v.active && i >= 0 && doc.Options[i].SubtractStock {
			out = append(out, tally{it, v.id, doc.Options[i].Quantity})
		}
	}
	return out
}

// location is where stock is counted.
func (s *sink) location(ctx context.Context) (int64, error) {
	if s.cfg.Location == "" {
		b, err := s.known(ctx)
		if err != nil {
			return 0, err
		}
		if b.warehouse.stock == 0 {
			return 0, sinks.Mark(sinks.Blocked, errors.New("stock: Odoo shows no warehouse of the company; install its inventory app (stock), or write stock: ignore"))
		}
		return b.warehouse.stock, nil
	}
	const known = "location"
	if id := s.met(known, s.cfg.Location); id != 0 {
		return id, nil
	}
	domain := []any{[]any{"complete_name", "=", s.cfg.Location}}
	if id, err := strconv.ParseInt(s.cfg.Location, 10, 64); err == nil {
		domain = []any{[]any{"id", "=", id}}
	}
	var found []struct {
		ID    int64    `json:"id"`
		Usage rpc.Text `json:"usage"`
	}
	if err := s.rpc.SearchRead(ctx, "stock.location", rpc.Find{Domain: domain, Fields: []string{"usage"}, Limit: 2}, &found); err != nil {
		return 0, fmt.Errorf("find the location: %w", err)
	}
	if len(found) != 1 || found[0].Usage != "internal" {
		return 0, sinks.Mark(sinks.Blocked, fmt.Errorf("location: Odoo shows no internal location %q, by full name (WH/Stock) or id; correct the setting", s.cfg.Location))
	}
	s.saw(known, s.cfg.Location, found[0].ID)
	return found[0].ID, nil
}

// levels reads what Odoo has.
func (s *sink) levels(ctx context.Context, location int64, wanted []tally) (map[int64]*level, error) {
	fields := []string{"qty_available", "outgoing_qty", "type", "tracking"}
	if has, err := s.has(ctx, productModel, "is_storable"); err != nil {
		return nil, err
	} else if has {
		fields = append(fields, "is_storable")
	}
	var ids []int64
	for _, c := range wanted {
		ids = append(ids, c.product)
	}
	var list []*level
	if err := s.rpc.SearchRead(ctx, productModel, rpc.Find{
		Domain: []any{[]any{"id", "in", ids}}, Fields: fields, Context: map[string]any{"active_test": false, "location": location},
	}, &list); err != nil {
		return nil, fmt.Errorf("read stock levels: %w", err)
	}
	out := map[int64]*level{}
	for _, l := range list {
		out[l.ID] = l
	}
	return out, nil
}

// writeCounts writes counts that are not Odoo's. What is below the location stays there:
// only the difference is booked.
func (s *sink) writeCounts(ctx context.Context, location int64, wrong []tally, levels map[int64]*level) error {
	if len(wrong) == 0 {
		return nil
	}
	var ids []int64
	for _, c := range wrong {
		ids = append(ids, c.product)
	}
	var quants []struct {
		Product  rpc.Ref    `json:"product_id"`
		Quantity rpc.Number `json:"quantity"`
	}
	if err := s.rpc.SearchRead(ctx, quantModel, rpc.Find{
		Domain: []any{
			[]any{"product_id", "in", ids}, []any{"location_id", "=", location}, []any{"lot_id", "=", false}, []any{"package_id", "=", false}, []any{"owner_id", "=", false},
		},
		Fields: []string{"product_id", "quantity"},
	}, &quants); err != nil {
		return fmt.Errorf("read what is in the location: %w", err)
	}
	there := map[int64]decimal.Decimal{}
	for _, q := range quants {
		n, _ := decimalOf(string(q.Quantity))
		there[q.Product.ID] = there[q.Product.ID].Add(n)
	}
	field := "inventory_quantity" // which 14 applies at once
	if has, err := s.has(ctx, quantModel, "inventory_quantity_auto_apply"); err != nil {
		return err
	} else if has {
		field = "inventory_quantity_auto_apply"
	} else if has, err = s.has(ctx, quantModel, "inventory_quantity_set"); err != nil {
		return err
	} else if has { // it is hidden, and a count would be noted and never applied
		return sinks.Mark(sinks.Blocked, errors.New("stock: octail's user may not apply counts; an administrator adds the group "+inventoryAdmin+" to the user (Settings > Users & Companies > Users), or write stock: ignore"))
	}
	var values []map[string]any
	for _, c := range wrong {
		n := there[c.product].Add(decimal.NewFromInt(c.want)).Sub(levels[c.product].free())
		if n.IsNegative() {
			n = decimal.Zero // the shop has sold what nobody has
		}
		values = append(values, map[string]any{"product_id": c.product, "location_id": location, field: n.InexactFloat64()})
	}
	_, err := s.rpc.Create(ctx, quantModel, values, inventory)
	if e, ok := rpc.As(err); !ok || e.Kind != rpc.Refused || len(values) == 1 {
		return wrapCount(err)
	}
	for i, c := range wrong {
		if _, err := s.rpc.Create(ctx, quantModel, values[i:i+1], inventory); err != nil {
			c.item.fail(wrapCount(err))
		}
	}
	return nil
}

// inventory makes a quant that is created the count of the one that is there.
var inventory = map[string]any{"inventory_mode": true, "tracking_disable": true}

func wrapCount(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write a stock level: %w", err)
}
