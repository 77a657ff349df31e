package shoptest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// Item is a product in a cart.
type Item struct {
	ProductID int64
	Quantity  int
	Options   []Choice
}

// Choice is what a visitor chose for an option of a product: a value (the
// product_option_value_id; one Choice for each ticked checkbox), or a text for options
// without values.
type Choice struct {
	ProductOptionID int64
	ValueID         int64
	Text            string
}

// Gift is a gift voucher in a cart (not in V4).
type Gift struct {
	FromName, FromEmail string
	ToName, ToEmail     string
	Message             string
	Amount              decimal.Decimal
}

// line is an item with its price, as an order line has it.
type line struct {
	productID, masterID int64
	name, model         string
	quantity            int
	price, total, tax   decimal.Decimal // price and tax of one, total without tax
	reward              int
	taxClass            int64
	shipping            bool
	options             []lineOption
}

type lineOption struct {
	optionID, valueID int64
	name, value, kind string
	price             decimal.Decimal
}

// taxRate is a percentage or a fixed amount a unit.
type taxRate struct {
	id    int64
	name  string
	rate  decimal.Decimal
	fixed bool
}

func (t taxRate) of(amount decimal.Decimal) decimal.Decimal {
	if t.fixed {
		return t.rate
	}
	return amount.Mul(t.rate).Shift(-2)
}

// taxRates returns the rates of each tax class for a customer group and a place, in
// the order in which they are applied. Without a place it is the shop's own.
func (r *request) taxRates(group int64, to Address) map[int64][]taxRate {
	rates := map[int64][]taxRate{}
	if to.CountryID == 0 && r.err == nil {
		to.CountryID, to.ZoneID = r.shop.settings.country, r.shop.settings.zone
	}
	r.each(func(scan func(...any)) {
		var class int64
		var t taxRate
		var kind string
		scan(&class, &t.id, &t.name, &t.rate, &kind)
		t.fixed = kind == "F"
		rates[class] = append(rates[class], t)
	}, `SELECT rule.tax_class_id, rate.tax_rate_id, rate.name, rate.rate, rate.type FROM {tax_rule} rule
		JOIN {tax_rate} rate ON rate.tax_rate_id = rule.tax_rate_id
		JOIN {tax_rate_to_customer_group} g ON g.tax_rate_id = rate.tax_rate_id AND g.customer_group_id = ?
		JOIN {zone_to_geo_zone} z ON z.geo_zone_id = rate.geo_zone_id AND z.country_id = ? AND (z.zone_id = 0 OR z.zone_id = ?)
		WHERE rule.based = 'shipping' ORDER BY rule.priority`, group, to.CountryID, to.ZoneID)
	return rates
}

// price makes lines of items with the prices and names of now. An item whose product
// is gone or off sale is left out, as OpenCart's cart does.
func (r *request) price(items []Item, group, language int64, rates map[int64][]taxRate) []line {
	var lines []line
	for _, item := range items {
		l := line{productID: item.ProductID, quantity: item.Quantity}
		columns := "0, ''"
		if r.shop.gen >= V40 {
			columns = "p.master_id, p.variant"
		}
		var variant string
		var price decimal.Decimal
		if !r.one([]any{&l.masterID, &variant, &l.name, &l.model, &price, &l.taxClass, &l.shipping},
			"SELECT "+columns+`, d.name, p.model, p.price, p.tax_class_id, p.shipping FROM {product} p
			JOIN {product_description} d ON d.product_id = p.product_id AND d.language_id = ?
			WHERE p.product_id = ? AND p.status = 1`, language, item.ProductID) {
			continue
		}
		choices := append(variantChoices(variant), item.Options...)
		l.options = r.lineOptions(choices, language)
		l.price = r.reducedPrice(item, group, price)
		for _, o := range l.options {
			l.price = l.price.Add(o.price)
		}
		l.price = l.price.Round(4)
		l.total = l.price.Mul(decimal.NewFromInt(int64(l.quantity)))
		for _, t := range rates[l.taxClass] {
			l.tax = l.tax.Add(t.of(l.price))
		}
		l.tax = l.tax.Round(4)
		r.one([]any{&l.reward}, "SELECT points FROM {product_reward} WHERE product_id = ? AND customer_group_id = ?", item.ProductID, group)
		l.reward *= l.quantity
		lines = append(lines, l)
	}
	return lines
}

// variantChoices are the options that make a variant of its master: a map of
// product_option_id to product_option_value_id.
func variantChoices(variant string) []Choice {
	var values map[string]string
	if variant == "" || json.Unmarshal([]byte(variant), &values) != nil {
		return nil
	}
	var list []Choice
	for _, key := range slices.Sorted(maps.Keys(values)) {
		option, _ := strconv.ParseInt(key, 10, 64)
		value, _ := strconv.ParseInt(values[key], 10, 64)
		list = append(list, Choice{ProductOptionID: option, ValueID: value})
	}
	return list
}

// lineOptions looks up what was chosen. A choice whose option is gone is left out.
func (r *request) lineOptions(choices []Choice, language int64) []lineOption {
	var list []lineOption
	for _, c := range choices {
		o := lineOption{optionID: c.ProductOptionID, valueID: c.ValueID, value: escape(c.Text)}
		if !r.one([]any{&o.name, &o.kind}, `SELECT d.name, o.type FROM {product_option} po JOIN {option} o ON o.option_id = po.option_id
			JOIN {option_description} d ON d.option_id = po.option_id AND d.language_id = ? WHERE po.product_option_id = ?`, language, c.ProductOptionID) {
			continue
		}
		if c.ValueID != 0 && !r.one([]any{&o.value, &o.price}, `SELECT d.name, IF(v.price_prefix = '-', -v.price, v.price) FROM {product_option_value} v
			JOIN {option_value_description} d ON d.option_value_id = v.option_value_id AND d.language_id = ? WHERE v.product_option_value_id = ?`, language, c.ValueID) {
			continue
		}
		list = append(list, o)
	}
	return list
}

// reducedPrice applies the discount for the quantity, and then a special price.
func (r *request) reducedPrice(item Item, group int64, price decimal.Decimal) decimal.Decimal {
	const inTime = " AND (date_start IS NULL OR date_start = '0000-00-00' OR date_start <= NOW()) AND (date_end IS NULL OR date_end = '0000-00-00' OR date_end > NOW())"
	const ofGroup = " WHERE product_id = ? AND customer_group_id = ?"
	d := ProductPrice{}
	dest := []any{&d.Price, &d.Percent}
	if r.shop.gen != V4 {
		if r.one(dest, "SELECT price, 0 FROM {product_discount}"+ofGroup+" AND quantity <= ?"+inTime+" ORDER BY quantity DESC, priority, price LIMIT 1", item.ProductID, group, item.Quantity) {
			price = d.Price
		}
		if r.one(dest, "SELECT price, 0 FROM {product_special}"+ofGroup+inTime+" ORDER BY priority, price LIMIT 1", item.ProductID, group) {
			price = d.Price
		}
		return price
	}
	for _, special := range []int{0, 1} {
		if r.one(dest, "SELECT price, type = 'P' FROM {product_discount}"+ofGroup+" AND quantity <= ? AND special = ?"+inTime+" ORDER BY quantity DESC, priority, price LIMIT 1",
			item.ProductID, group, item.Quantity, special) {
			price = d.amount(price)
		}
	}
	return price
}

// total is a row of the sum under an order.
type total struct {
	code, title string
	value       decimal.Decimal
	order       int
}

// shippingCost is the flat rate of the shop.
var shippingCost = decimal.RequireFromString("5.00")

const (
	shippingName     = "Flat Shipping Rate"
	shippingTaxClass = 9
)

// totals sums up an order: lines, gifts, shipping, coupon, a row for each tax rate,
// total. Each row is rounded to the 4 decimals the database keeps before it is added,
// so that the rows make the total exactly.
func (r *request) totals(lines []line, gifts []Gift, coupon string, rates map[int64][]taxRate) []total {
	taxes := map[int64]decimal.Decimal{}
	var order []taxRate
	add := func(t taxRate, amount decimal.Decimal) {
		if _, seen := taxes[t.id]; !seen {
			order = append(order, t)
		}
		taxes[t.id] = taxes[t.id].Add(amount)
	}
	var goods decimal.Decimal
	shipping := false
	for _, l := range lines {
		goods = goods.Add(l.total)
		shipping = shipping || l.shipping
		for _, t := range rates[l.taxClass] {
			if r.shop.gen != V4 {
				add(t, t.of(l.price).Mul(decimal.NewFromInt(int64(l.quantity))))
			} else {
				add(t, t.of(l.total)) // 4.1 takes a fixed rate once for each line
			}
		}
	}
	subTotal := goods
	for _, g := range gifts {
		subTotal = subTotal.Add(g.Amount)
	}
	rows := []total{{"sub_total", "Sub-Total", subTotal, 1}}
	if shipping {
		rows = append(rows, total{"shipping", shippingName, shippingCost, 3})
		for _, t := range rates[shippingTaxClass] {
			add(t, t.of(shippingCost))
		}
	}
	if off := r.couponAmount(coupon, goods); off.IsPositive() {
		rows = append(rows, total{"coupon", "Coupon (" + coupon + ")", off.Neg(), 4})
		for _, l := range lines {
			share := off.Mul(l.total).Div(goods)
			for _, t := range rates[l.taxClass] {
				if !t.fixed {
					add(t, t.of(share).Neg())
				}
			}
		}
	}
	for _, t := range order {
		if value := taxes[t.id].Round(4); value.IsPositive() {
			rows = append(rows, total{"tax", t.name, value, 5})
		}
	}
	var sum decimal.Decimal
	for i := range rows {
		rows[i].value = rows[i].value.Round(4)
		sum = sum.Add(rows[i].value)
	}
	return append(rows, total{"total", "Total", sum, 9})
}

// couponAmount returns what a coupon takes off, zero when it does not hold.
func (r *request) couponAmount(code string, goods decimal.Decimal) decimal.Decimal {
	var kind string
	var discount, minimum decimal.Decimal
	if code == "" || !r.one([]any{&kind, &discount, &minimum}, "SELECT type, discount, total FROM {coupon} WHERE code = ? AND status = 1", code) || goods.LessThan(minimum) {
		return decimal.Zero
	}
	if kind == "P" {
		return goods.Mul(discount).Shift(-2).Round(4)
	}
	return decimal.Min(discount, goods)
}

// methodJSON are the payment and shipping methods as 4.0.2 and later keep them. The storefront
// writes the code first, the staff's page the name.
func methodJSON(staff, shipping bool) string {
	code, name := "cod.cod", "Cash On Delivery"
	if shipping {
		code, name = "flat.flat", shippingName
	}
	extra := ""
	switch {
	case shipping && staff:
		extra = fmt.Sprintf(`,"cost":%s,"tax_class_id":%d,"text":"8.00€"`, shippingCost, shippingTaxClass)
	case shipping:
		extra = fmt.Sprintf(`,"cost":"%s","tax_class_id":"%d","text":"8.00€"`, shippingCost.StringFixed(2), shippingTaxClass)
	}
	if staff {
		return fmt.Sprintf(`{"name":"%s","code":"%s"%s}`, name, code, extra)
	}
	return fmt.Sprintf(`{"code":"%s","name":"%s"%s}`, code, name, extra)
}
