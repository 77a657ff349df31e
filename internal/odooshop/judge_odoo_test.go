//go:build odoo

package odooshop

import (
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"octail/internal/odootest"
)

// prepared is an Odoo as an administrator leaves it for a shop: its tax, and the
// currencies the shop sells in.
func prepare(t *testing.T, o *odootest.Odoo, currencies ...string) {
	t.Helper()
	var ids []int64
	o.Call(t, "account.tax", "create", map[string]any{"vals_list": []any{map[string]any{"name": "VAT 20% included", "amount": 20, "type_tax_use": "sale", "price_include_override": "tax_included"}}}, &ids)
	for _, code := range currencies {
		var found []struct {
			ID int64 `json:"id"`
		}
		o.Call(t, "res.currency", "search_read", map[string]any{"domain": []any{[]any{"name", "=", code}, []any{"active", "in", []bool{true, false}}}, "fields": []string{"id"}}, &found)
		o.Call(t, "res.currency", "write", map[string]any{"ids": []int64{found[0].ID}, "vals": map[string]any{"active": true}}, nil)
	}
}

// order is an order as the shop's tables or Odoo's have it.
type order struct {
	total string // in the currency of the order, as it is rounded
	state string // of Odoo
	lines map[string]int
	mail  string
}

// placed are the orders of a shop that count, by their ids, as the rows have them.
func placed(t *testing.T, db *sql.DB) map[int64]order {
	t.Helper()
	rows, err := db.Query(`SELECT o.order_id, ROUND(o.total * CAST(IF(o.currency_value = 0, 1, o.currency_value) AS DECIMAL(20,8)), COALESCE(c.decimal_place, 2)), o.email
		FROM oc_order o LEFT JOIN oc_currency c ON c.code = o.currency_code WHERE o.order_status_id > 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[int64]order{}
	for rows.Next() {
		var id int64
		var total float64
		o := order{lines: map[string]int{}}
		if err := rows.Scan(&id, &total, &o.mail); err != nil {
			t.Fatal(err)
		}
		o.total = fmt.Sprintf("%.2f", total)
		out[id] = o
	}
	lines, err := db.Query("SELECT order_id, model, quantity FROM oc_order_product")
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	for lines.Next() {
		var id int64
		var model string
		var quantity int
		if err := lines.Scan(&id, &model, &quantity); err != nil {
			t.Fatal(err)
		}
		if o, ok := out[id]; ok {
			o.lines[fmt.Sprintf("%dx", quantity)]++
		}
	}
	return out
}

// held are the orders Odoo has, by the shop's number; one that is there more than once is
// in twice.
func held(t *testing.T, o *odootest.Odoo) (orders map[int64]order, twice []string) {
	t.Helper()
	orders = map[int64]order{}
	byID := map[string]int64{}
	for _, row := range o.SQL(t, `SELECT s.id, COALESCE(d.name, ''), s.amount_total, s.state, p.email FROM sale_order s JOIN res_partner p ON p.id = s.partner_id
		LEFT JOIN ir_model_data d ON d.model = 'sale.order' AND d.res_id = s.id ORDER BY s.id`) {
		n, err := strconv.ParseInt(strings.TrimPrefix(row[1], "o_"), 10, 64)
		if err != nil { // octail's orders have one, so it was made by a call that was repeated
			twice = append(twice, "order "+row[0]+" of Odoo has no external id")
			continue
		}
		if _, there := orders[n]; there {
			twice = append(twice, fmt.Sprintf("order %d", n))
		}
		total, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		orders[n] = order{total: fmt.Sprintf("%.2f", math.Round(total*1000)/1000), state: row[3], lines: map[string]int{}, mail: row[4]}
		byID[row[0]] = n
	}
	// Lines of goods have an external id that ends in the line's number.
	for _, row := range o.SQL(t, `SELECT l.order_id, l.product_uom_qty FROM sale_order_line l JOIN ir_model_data d ON d.model = 'sale.order.line' AND d.res_id = l.id
		WHERE d.name ~ '_l[0-9]+$'`) {
		quantity, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := byID[row[0]]; ok && quantity > 0 { // else it is younger than what was read first
			orders[n].lines[fmt.Sprintf("%gx", quantity)]++
		}
	}
	return orders, twice
}

// judged is what comes of comparing a shop with an Odoo.
type judged struct {
	missing, twice, other []string
	right                 int
}

func (j judged) clean() bool { return len(j.missing)+len(j.twice)+len(j.other) == 0 }

func (j judged) String() string {
	return fmt.Sprintf("%d orders right; missing %d %v, twice %d %v, other %d %v", j.right, len(j.missing), head(j.missing), len(j.twice), head(j.twice), len(j.other), head(j.other))
}

func head(list []string) []string { return list[:min(8, len(list))] }

// judge compares all that a shop has with all that Odoo has. states are the states of
// sale.order that are right.
func judge(t *testing.T, db *sql.DB, o *odootest.Odoo, states ...string) (j judged) {
	t.Helper()
	want := placed(t, db)
	have, twice := held(t, o)
	j.twice = twice
	for id, w := range want {
		h, ok := have[id]
		switch {
		case !ok:
			j.missing = append(j.missing, fmt.Sprintf("order %d", id))
		case h.total != w.total || h.mail != w.mail || fmt.Sprint(h.lines) != fmt.Sprint(w.lines) || !slices.Contains(states, h.state):
			j.other = append(j.other, fmt.Sprintf("order %d: %s %s %v, shop %s %v", id, h.total, h.state, h.lines, w.total, w.lines))
		default:
			j.right++
		}
	}
	for id := range have {
		if _, ok := want[id]; !ok {
			j.other = append(j.other, fmt.Sprintf("order %d is in Odoo alone", id))
		}
	}
	j.twice = append(j.twice, doubles(t, o)...)
	slices.Sort(j.missing)
	slices.Sort(j.other)
	return j
}

// doubles are records that are there more than once: contacts with the e-mail of another
// one that is no guest's, products with the code of another one, lines of an order with
// the same external id or none of octail's, deliveries.
func doubles(t *testing.T, o *odootest.Odoo) (out []string) {
	t.Helper()
	for what, query := range map[string]string{
		// octail's contacts without an external id of its own are those that were made twice
		"contact":  "SELECT p.id FROM res_partner p WHERE p.parent_id IS NULL AND p.email LIKE '%@%example%' AND NOT EXISTS (SELECT 1 FROM res_users u WHERE u.partner_id = p.id) AND NOT EXISTS (SELECT 1 FROM ir_model_data d WHERE d.model = 'res.partner' AND d.res_id = p.id)",
		"address":  "SELECT parent_id, type, street, city, zip FROM res_partner WHERE parent_id IS NOT NULL GROUP BY parent_id, type, street, street2, city, zip, name, company_name, country_id, state_id, phone HAVING COUNT(*) > 1",
		"product":  "SELECT default_code FROM product_product WHERE default_code IS NOT NULL AND active GROUP BY default_code HAVING COUNT(DISTINCT product_tmpl_id) > 1",
		"line":     "SELECT l.id FROM sale_order_line l WHERE NOT EXISTS (SELECT 1 FROM ir_model_data d WHERE d.model = 'sale.order.line' AND d.res_id = l.id)",
		"delivery": "SELECT sale_id FROM stock_picking WHERE state <> 'cancel' GROUP BY sale_id HAVING COUNT(*) > 1",
		"note":     "SELECT res_id, body FROM mail_message WHERE model = 'sale.order' AND message_type = 'comment' GROUP BY res_id, body HAVING COUNT(*) > 1",
	} {
		for _, row := range o.SQL(t, query) {
			out = append(out, what+" "+strings.Join(row, " "))
		}
	}
	return out
}
