package oracle

import (
	"context"
	"fmt"
	"testing"
)

// anOrder is a confirmed 3.x order; %s takes more columns and tables.
func anOrder(columns, tables string) string {
	return fmt.Sprintf(`{"order": {"order_id": 7, "invoice_no": 0, "invoice_prefix": "INV-", "store_id": 0, "store_name": "A &amp; B",
		"store_url": "http://s/", "customer_id": 0, "customer_group_id": 1, "firstname": "J&#039;o", "lastname": "X", "email": "e@x",
		"telephone": "1", "total": "10.0000", "order_status_id": 1, "comment": "a &lt;b&gt; &amp;amp; c", "language_id": 2,
		"currency_code": "EUR", "currency_value": "1.00000000", "date_added": "2026-07-01 12:00:00",
		"payment_firstname": "", "payment_country_id": 0, "shipping_firstname": "", "shipping_country_id": 0,
		"payment_method": "Cash", "payment_code": "cod", "shipping_method": "", "shipping_code": "" %s} %s}`, columns, tables)
}

func TestOrder(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	doc := document(t, o, "order", anOrder("", ""))
	check(t, doc, `{
		"id": 7, "number": "7", "invoice_number": null, "store": {"id": 0, "name": "A & B", "url": "http://s/"},
		"status": {"id": 1, "name": "Pending"}, "placed_at": "2026-07-01T10:00:00Z",
		"currency": {"code": "EUR", "rate": "1.00000000", "decimals": 2, "base": "EUR"},
		"customer": {"id": null, "group": {"id": 1, "name": "Default"}, "first_name": "J'o", "last_name": "X", "email": "e@x", "phone": "1"},
		"billing_address": null, "shipping_address": null, "payment": {"method": "cod", "code": "cod", "name": "Cash"}, "shipping": null,
		"lines": [], "vouchers": [], "totals": [], "total": "10.0000", "coupon_code": null, "reward_points": 0,
		"comment": "a <b> &amp; c", "language": "de-de", "affiliate": null, "history": []
	}`)
	checkAbsent(t, doc, "marketing", "transaction_id", "subscription_id")

	for name, c := range map[string]struct{ columns, want string }{
		"invoice":           {`, "invoice_no": 12`, `{"number": "INV-12", "invoice_number": "INV-12"}`},
		"unknown status":    {`, "order_status_id": 99`, `{"status": {"id": 99, "name": null}}`},
		"registered":        {`, "customer_id": 3, "fax": "f", "custom_field": "[]"`, `{"customer": {"id": 3, "group": {"id": 1, "name": "Default"}, "first_name": "J'o", "last_name": "X", "email": "e@x", "phone": "1", "fax": "f", "custom_fields": []}}`},
		"no decimals":       {`, "currency_code": "JPY", "currency_value": "0.00500000"`, `{"currency": {"code": "JPY", "rate": "0.00500000", "decimals": 0, "base": "EUR"}}`},
		"unknown currency":  {`, "currency_code": "XXX", "currency_value": "0E-8"`, `{"currency": {"code": "XXX", "rate": "1.00000000", "decimals": 2, "base": "EUR"}}`},
		"affiliate":         {`, "affiliate_id": 2, "commission": "1.2000"`, `{"affiliate": {"id": 2, "commission": "1.2000"}}`},
		"no marketing":      {`, "marketing_id": 0, "tracking": ""`, `{"marketing": null}`},
		"tracking alone":    {`, "marketing_id": 0, "tracking": "abc"`, `{"marketing": {"id": 0, "tracking": "abc"}}`},
		"no transaction":    {`, "transaction_id": null, "subscription_id": 0`, `{"transaction_id": null, "subscription_id": null}`},
		"empty transaction": {`, "transaction_id": ""`, `{"transaction_id": null}`},
		"transaction":       {`, "transaction_id": "T", "subscription_id": 4`, `{"transaction_id": "T", "subscription_id": 4}`},
		"language code":     {`, "language_code": "fr-fr"`, `{"language": "fr-fr"}`},
		"unknown language":  {`, "language_id": 3`, `{"language": null}`},
		"3.x shipping":      {`, "shipping_method": "Flat &amp; fast", "shipping_code": "flat.flat"`, `{"shipping": {"method": "flat", "code": "flat.flat", "name": "Flat & fast"}}`},
		"no date":           {`, "date_added": "0000-00-00 00:00:00"`, `{"placed_at": null}`},
	} {
		t.Run(name, func(t *testing.T) {
			o.Reset()
			check(t, document(t, o, "order", anOrder(c.columns, "")), c.want)
		})
	}
}

func TestOrderMethodsAsJSON(t *testing.T) {
	for stored, want := range map[string]string{
		`{\"code\":\"flat.flat\",\"name\":\"Flat\",\"cost\":\"5.00\",\"tax_class_id\":\"9\",\"text\":\"$8\"}`: `{"payment": {"method": "flat", "code": "flat.flat", "name": "Flat"}, "shipping": {"method": "flat", "code": "flat.flat", "name": "Flat", "cost": "5.00", "tax_class_id": 9}}`,
		`{\"name\":\"Flat\",\"code\":\"flat\",\"cost\":5.5,\"tax_class_id\":0}`:                               `{"shipping": {"method": "flat", "code": "flat", "name": "Flat", "cost": "5.50", "tax_class_id": null}}`,
		`{\"name\":\"&lt;b&gt;\"}`: `{"shipping": {"method": "", "code": "", "name": "<b>", "cost": null, "tax_class_id": null}}`,
		``:                         `{"payment": null, "shipping": null}`,
		`[]`:                       `{"payment": null, "shipping": null}`,
	} {
		o, _ := newUnit(t, `{}`)
		rows := parse(t, anOrder(fmt.Sprintf(`, "payment_method": "%s", "shipping_method": "%[1]s"`, stored), ""))
		delete(rows["order"][0], "payment_code")
		delete(rows["order"][0], "shipping_code")
		doc, err := o.Document(context.Background(), "order", rows)
		if err != nil {
			t.Fatal(err)
		}
		check(t, doc, want)
	}
}

func TestDrafts(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	draft := anOrder(`, "order_status_id": 0`, "")
	if doc := document(t, o, "order", draft); doc != nil {
		t.Errorf("a draft is for the outside: %v", doc)
	}
	document(t, o, "order", anOrder("", ""))
	check(t, document(t, o, "order", draft), `{"status": {"id": 0, "name": null}}`)
	o.Forget("order", 7)
	if doc := document(t, o, "order", draft); doc != nil {
		t.Errorf("forgotten, and still known: %v", doc)
	}
	o.Drafts = true
	check(t, document(t, o, "order", draft), `{"status": {"id": 0, "name": null}}`)
}

func TestVouchersAreMasked(t *testing.T) {
	o, _ := newUnit(t, `{}`)
	check(t, document(t, o, "order", anOrder("", `, "order_voucher": [
		{"order_voucher_id": 2, "description": "b", "code": "", "to_name": "n", "to_email": "m", "amount": "5.0000"},
		{"order_voucher_id": 1, "description": "&pound;a &amp; b", "code": "y18yyQVKje", "to_name": "n", "to_email": "m", "amount": "25.0000"}]`)),
		`{"vouchers": [
			{"description": "&pound;a & b", "code": "y1***", "to_name": "n", "to_email": "m", "amount": "25.0000"},
			{"description": "b", "code": "", "to_name": "n", "to_email": "m", "amount": "5.0000"}]}`)
}

func TestHistoryShowsRealSteps(t *testing.T) {
	step := func(id, status int, comment string) string {
		return fmt.Sprintf(`{"order_history_id": %d, "order_status_id": %d, "notify": 1, "comment": "%s", "date_added": "2026-01-01 00:00:0%[1]d"}`, id, status, comment)
	}
	shown := func(id, status int, name, comment string) string {
		return fmt.Sprintf(`{"status": {"id": %d, "name": "%s"}, "comment": "%s", "notified": true, "at": "2025-12-31T23:00:0%dZ"}`, status, name, comment, id)
	}
	void := `{"setting": [{"store_id": 0, "key": "config_language_catalog", "value": "en-gb"}, {"store_id": 0, "key": "config_language", "value": "xx"},
		{"store_id": 0, "key": "config_timezone", "value": "Europe/Berlin"}, {"store_id": 0, "key": "config_void_status_id", "value": "16"}]}`
	for name, c := range map[string]struct{ shop, rows, want string }{
		"in order":           {`{}`, step(2, 2, "") + "," + step(1, 1, "x"), shown(1, 1, "Pending", "x") + "," + shown(2, 2, "Processing", "")},
		"status 0":           {`{}`, step(1, 1, "") + "," + step(2, 0, "edit") + "," + step(3, 1, ""), shown(1, 1, "Pending", "")},
		"comment kept":       {`{}`, step(1, 1, "") + "," + step(2, 1, "note") + "," + step(3, 1, ""), shown(1, 1, "Pending", "") + "," + shown(2, 1, "Pending", "note")},
		"void followed":      {void, step(1, 1, "") + "," + step(2, 16, "") + "," + step(3, 1, ""), shown(1, 1, "Pending", "")},
		"void at the end":    {void, step(1, 1, "") + "," + step(2, 16, ""), shown(1, 1, "Pending", "") + "," + shown(2, 16, "Voided", "")},
		"16 without setting": {`{}`, step(1, 16, "") + "," + step(2, 1, ""), shown(1, 16, "Voided", "") + "," + shown(2, 1, "Pending", "")},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := newUnit(t, c.shop)
			check(t, document(t, o, "order", anOrder("", `, "order_history": [`+c.rows+`]`)), `{"history": [`+c.want+`]}`)
		})
	}
}

func TestTotals(t *testing.T) {
	o, shop := newUnit(t, `{}`)
	total := func(id, place int, code, title string) string {
		return fmt.Sprintf(`{"order_total_id": %d, "code": "%s", "title": "%s", "value": "1.0000", "sort_order": %d}`, id, code, title, place)
	}
	rows := func(totals string) string { return anOrder("", `, "order_total": [`+totals+`]`) }
	shown := func(code, title, tax string) string {
		return fmt.Sprintf(`{"code": "%s", "title": "%s", "value": "1.0000", "tax": %s}`, code, title, tax)
	}
	vat, eco := `{"rate": "20.0000", "type": "percent"}`, `{"rate": "2.0000", "type": "fixed"}`
	first := total(9, 1, "sub_total", "Sub") + "," + total(3, 5, "tax", "VAT &amp; more") + "," + total(2, 5, "tax", "Eco") + "," +
		total(1, 4, "coupon", "Coupon (A (1))")
	check(t, document(t, o, "order", rows(first)), `{"coupon_code": "A (1)", "totals": [`+shown("sub_total", "Sub", "null")+","+
		shown("coupon", "Coupon (A (1))", "null")+","+shown("tax", "Eco", eco)+","+shown("tax", "VAT & more", vat)+`]}`)

	shop["tax_rate"] = parse(t, `{"tax_rate": [{"name": "VAT &amp; more", "rate": "21.0000", "type": "P"}, {"name": "Eco", "rate": "3.0000", "type": "F"}]}`)["tax_rate"]
	if err := o.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	// Rewritten by an edit: the rate of the sale stays, whatever the ids; at another place it is looked up again.
	check(t, document(t, o, "order", rows(total(11, 5, "tax", "Eco")+","+total(12, 5, "tax", "VAT &amp; more"))),
		`{"coupon_code": null, "totals": [`+shown("tax", "Eco", eco)+","+shown("tax", "VAT & more", vat)+`]}`)
	check(t, document(t, o, "order", rows(total(13, 5, "tax", "VAT &amp; more"))),
		`{"totals": [`+shown("tax", "VAT & more", `{"rate": "21.0000", "type": "percent"}`)+`]}`)
	check(t, document(t, o, "order", rows(total(13, 5, "tax", "Gone")+","+total(14, 6, "shipping", "Eco"))),
		`{"totals": [`+shown("tax", "Gone", "null")+","+shown("shipping", "Eco", "null")+`]}`)
}

func TestCouponCode(t *testing.T) {
	for title, want := range map[string]any{
		"Coupon (1111)": "1111", "Coupon": nil, "Coupon )1(": nil, "Coupon ()": "", "Coupon (a) (b)": "a) (b",
	} {
		if got := couponCode([]any{map[string]any{"code": "coupon", "title": title}}); got != want {
			t.Errorf("%s: %v, want %v", title, got, want)
		}
	}
}
