package oracle

import (
	"fmt"
	"strconv"
	"strings"
)

// order makes an order document.
func (o *Oracle) order(rows Rows) (map[string]any, error) {
	r := o.ref
	row, err := rows.root("order")
	if err != nil {
		return nil, err
	}
	id := row.integer("order_id")
	doc := map[string]any{
		"id":             id,
		"number":         strconv.FormatInt(id, 10),
		"invoice_number": nil,
		"store": map[string]any{
			"id": row.integer("store_id"), "name": row.text("store_name"), "url": row.text("store_url"),
		},
		"status":    named(row.integer("order_status_id"), r.statuses),
		"currency":  r.currency(row),
		"vouchers":  vouchers(rows["order_voucher"]),
		"total":     row.amount("total"),
		"comment":   row.text("comment"),
		"language":  r.orderLanguage(row),
		"affiliate": nil,
	}
	if no := row.integer("invoice_no"); no != 0 {
		number := row.text("invoice_prefix") + strconv.FormatInt(no, 10)
		doc["number"], doc["invoice_number"] = number, number
	}
	if affiliate := row.integer("affiliate_id"); affiliate != 0 {
		doc["affiliate"] = map[string]any{"id": affiliate, "commission": row.amount("commission")}
	}
	if row.has("marketing_id") {
		doc["marketing"] = nil
		if id, tracking := row.integer("marketing_id"), row.text("tracking"); id != 0 || tracking != "" {
			doc["marketing"] = map[string]any{"id": id, "tracking": tracking}
		}
	}
	if row.has("transaction_id") {
		doc["transaction_id"] = onlyIf(row.raw("transaction_id") != "", row.text("transaction_id"))
	}
	if row.has("subscription_id") {
		doc["subscription_id"] = row.reference("subscription_id")
	}
	doc["reward_points"] = rewardPoints(rows["order_product"])

	for _, part := range []struct {
		field string
		make  func() (any, error)
	}{
		{"placed_at", func() (any, error) { return instant(row.raw("date_added"), r.zone) }},
		{"customer", func() (any, error) { return r.buyer(row) }},
		{"billing_address", func() (any, error) { return r.orderAddress(row, "payment_") }},
		{"shipping_address", func() (any, error) { return r.orderAddress(row, "shipping_") }},
		{"payment", func() (any, error) { return method(row, "payment") }},
		{"shipping", func() (any, error) { return method(row, "shipping") }},
		{"history", func() (any, error) { return r.history(rows["order_history"]) }},
	} {
		if doc[part.field], err = part.make(); err != nil {
			return nil, fmt.Errorf("%s: %w", part.field, err)
		}
	}

	// From here on nothing can fail: the memory moves on together with the document.
	if o.sold[id] == nil {
		o.sold[id] = &sold{}
	}
	doc["lines"] = o.sold[id].lines(r, rows)
	totals := o.sold[id].totals(r, rows["order_total"])
	doc["totals"], doc["coupon_code"] = totals, couponCode(totals)
	return doc, nil
}

// currency is the order's currency, its rate to the shop's default currency included.
func (r *reference) currency(order Row) map[string]any {
	code := order.text("currency_code")
	decimals, known := r.decimals[code]
	if !known {
		decimals = 2
	}
	rate := order.amount("currency_value")
	if rate == nil || strings.Trim(rate.(string), "0.") == "" {
		rate = "1.00000000"
	}
	return map[string]any{"code": code, "rate": rate, "decimals": decimals, "base": r.base}
}

// buyer is the customer as the order holds it.
func (r *reference) buyer(order Row) (any, error) {
	buyer := map[string]any{
		"id":         order.reference("customer_id"),
		"group":      named(order.integer("customer_group_id"), r.groups),
		"first_name": order.text("firstname"),
		"last_name":  order.text("lastname"),
		"email":      order.text("email"),
		"phone":      order.text("telephone"),
	}
	if order.has("fax") {
		buyer["fax"] = order.text("fax")
	}
	if order.has("custom_field") {
		fields, err := r.customFields(order.raw("custom_field"))
		if err != nil {
			return nil, err
		}
		buyer["custom_fields"] = fields
	}
	return buyer, nil
}

// orderLanguage is the code of the language in which the order was made, nil when it is unknown.
func (r *reference) orderLanguage(order Row) any {
	if code := order.text("language_code"); code != "" { // 4.x
		return code
	}
	return lookup(r.languages, order.integer("language_id"))
}

// method is the payment or shipping of an order: a code and a name in columns, from 4.0.2 on JSON in one column.
func method(order Row, kind string) (any, error) {
	chosen := map[string]any{"name": order.text(kind + "_method"), "code": order.text(kind + "_code")}
	text, code := strings.TrimSpace(order.raw(kind+"_method")), order.raw(kind+"_code")
	title := text != "" && text != "[]" && !strings.HasPrefix(text, "{") // of an order from before the upgrade
	if _, err := parseJSON([]byte(text)); err != nil && code != "" {
		title = true // whatever it looks like, the code beside it makes it one
	}
	inJSON := !order.has(kind+"_code") || !title && (code == "" || text != "" && text != "[]") // a code may be left over beside JSON
	if inJSON && title && kind == "shipping" {
		chosen["cost"], chosen["tax_class_id"] = nil, nil
	}
	if inJSON && !title {
		stored, err := keyed(text)
		if err != nil {
			return nil, err
		}
		for _, field := range []string{"code", "name"} {
			text, _ := stored[field].(string)
			chosen[field] = plain(text)
		}
		if kind == "shipping" {
			chosen["cost"] = literal(stored["cost"])
			chosen["tax_class_id"] = number(stored["tax_class_id"])
		}
	}
	if chosen["code"] == "" && chosen["name"] == "" {
		return nil, nil
	}
	chosen["method"], _, _ = strings.Cut(chosen["code"].(string), ".")
	return chosen, nil
}

// literal is an amount inside JSON as a string with at least two decimals: the storefront writes "5.00" where the
// staff form writes 5 for the same amount, which is no change.
func literal(v any) any {
	if v == nil || v == "" {
		return nil
	}
	whole, fraction, _ := strings.Cut(fmt.Sprint(v), ".")
	for len(fraction) < 2 {
		fraction += "0"
	}
	return whole + "." + fraction
}

// number is an id inside JSON, which PHP writes both as "9" and as 9; nil for none.
func number(v any) any {
	id, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	if err != nil || id == 0 {
		return nil
	}
	return id
}

// vouchers are the gift vouchers bought with an order, codes masked.
func vouchers(rows []Row) []any {
	vouchers := []any{}
	for _, row := range sorted(rows, by("order_voucher_id")) {
		vouchers = append(vouchers, map[string]any{
			"description": row.text("description"),
			"code":        masked(row.text("code")),
			"to_name":     row.text("to_name"),
			"to_email":    row.text("to_email"),
			"amount":      row.amount("amount"),
		})
	}
	return vouchers
}

// masked leaves the first two characters of a code.
func masked(code string) string {
	if code == "" {
		return ""
	}
	runes := []rune(code)
	return string(runes[:min(2, len(runes))]) + "***"
}

// couponCode is what stands in the brackets of the coupon's total, "Coupon (1111)".
func couponCode(totals []any) any {
	for _, total := range totals {
		total := total.(map[string]any)
		if total["code"] != "coupon" {
			continue
		}
		title := total["title"].(string)
		if from, to := strings.Index(title, "("), strings.LastIndex(title, ")"); from >= 0 && from < to {
			return title[from+1 : to]
		}
	}
	return nil
}

// rewardPoints is the sum over the lines.
func rewardPoints(lines []Row) int64 {
	var points int64
	for _, line := range lines {
		points += line.integer("reward")
	}
	return points
}
