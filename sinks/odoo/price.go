package odoo

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// decimalOf reads a decimal of a document.
func decimalOf(text string) (decimal.Decimal, bool) {
	d, err := decimal.NewFromString(strings.TrimPrefix(strings.TrimSpace(text), "+"))
	return d, err == nil
}

// kilograms of the units that shops have.
var kilograms = map[string]decimal.Decimal{
	"kg": decimal.New(1, 0), "g": decimal.New(1, -3), "gr": decimal.New(1, -3), "mg": decimal.New(1, -6),
	"lb": decimal.New(45359237, -8), "lbs": decimal.New(45359237, -8), "oz": decimal.New(28349523125, -12),
}

// inUnit is a weight in Odoo's unit; ok is false for a unit that nobody knows.
func inUnit(value, from, to string) (d decimal.Decimal, ok bool) {
	d, ok = decimalOf(value)
	if !ok || d.IsNegative() {
		return d, false
	}
	a, known := kilograms[fold(from)]
	b, odoo := kilograms[fold(to)]
	switch {
	case fold(from) == fold(to):
		return d, true
	case !known || !odoo:
		return d, false
	}
	return d.Mul(a).DivRound(b, 6), true
}

// weightUnit is the unit that this Odoo weighs in, kg or lb, as its products show it.
func (s *sink) weightUnit(ctx context.Context) (string, error) {
	s.memory.mu.Lock()
	unit := s.memory.unit
	s.memory.mu.Unlock()
	if unit != "" {
		return unit, nil
	}
	var rows []struct {
		Unit rpc.Text `json:"weight_uom_name"`
	}
	err := s.rpc.SearchRead(ctx, templateModel, rpc.Find{Fields: []string{"weight_uom_name"}, Limit: 1, Context: map[string]any{"active_test": false}}, &rows)
	if err != nil {
		return "", fmt.Errorf("ask for the unit of weights: %w", err)
	}
	if unit = "kg"; len(rows) > 0 && rows[0].Unit != "" {
		unit = string(rows[0].Unit)
	}
	s.memory.mu.Lock()
	s.memory.unit = unit
	s.memory.mu.Unlock()
	return unit, nil
}

// taxCells gives a product the taxes of its class, when mappings.tax names the class;
// else Odoo's own default stays. With a tax that is included in Odoo's prices, the price
// is with it too.
func (s *sink) taxCells(ctx context.Context, w *ware, cells map[string]string) error {
	t, mapped, err := s.classTax(ctx, w)
	if err != nil || !mapped {
		return err
	}
	cells["taxes_id/.id"] = ""
	if t.id == 0 {
		return nil
	}
	w.tax = t
	cells["taxes_id/.id"] = strconv.FormatInt(t.id, 10)
	if price, ok := decimalOf(w.doc.Price); ok {
		cells["list_price"] = t.with(price).String()
	}
	return nil
}

// with is a net price as a price of Odoo with this tax.
func (t tax) with(price decimal.Decimal) decimal.Decimal {
	switch {
	case !t.included:
		return price
	case t.fixed:
		return price.Add(t.rate)
	}
	return price.Mul(decimal.New(100, 0).Add(t.rate)).Shift(-2)
}

// classTax is the tax that mappings.tax names for a product's tax class, by its name.
func (s *sink) classTax(ctx context.Context, w *ware) (t tax, mapped bool, err error) {
	class := w.doc.TaxClass
	if class == nil || class.Name == nil {
		return tax{}, false, nil
	}
	to, ok := lookup(s.cfg.Mappings.Tax, *class.Name)
	if !ok || fold(to) == "lines" {
		return tax{}, ok, nil
	}
	b, err := s.known(ctx)
	if err != nil {
		return tax{}, false, err
	}
	r, found, err := s.find(ctx, taxList, pickNamed(to, &b.company))
	if err != nil {
		return tax{}, false, err
	}
	if !found {
		return tax{}, false, sinks.Hold("tax", fmt.Errorf("mappings.tax gives the tax class %q to %q, and Odoo shows no sales tax of that name or id; correct the line", *class.Name, to))
	}
	rate, _ := decimal.NewFromString(string(r.Amount))
	return tax{id: r.ID, rate: rate, fixed: r.Kind == "fixed", included: r.Included}, true, nil
}
