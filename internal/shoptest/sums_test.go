package shoptest_test

import (
	"database/sql"
	"testing"

	"octail/internal/shoptest"
)

// checkSums checks that every order adds up: lines and gifts to the sub-total, totals
// to the total, and history and status agree.
func checkSums(t *testing.T, db *sql.DB, gen shoptest.Generation) {
	t.Helper()
	gifts := "0"
	if gen != shoptest.V4 {
		gifts = "COALESCE((SELECT SUM(amount) FROM x_order_voucher v WHERE v.order_id = o.order_id), 0)"
	}
	bad := table(t, db, `SELECT order_id, lines_sum, sub_total, rows_sum, total_row, total FROM (SELECT o.order_id, o.total,
		COALESCE((SELECT SUM(total) FROM x_order_product l WHERE l.order_id = o.order_id), 0) + `+gifts+` AS lines_sum,
		(SELECT value FROM x_order_total s WHERE s.order_id = o.order_id AND code = 'sub_total') AS sub_total,
		(SELECT SUM(value) FROM x_order_total s WHERE s.order_id = o.order_id AND code != 'total') AS rows_sum,
		(SELECT value FROM x_order_total s WHERE s.order_id = o.order_id AND code = 'total') AS total_row
		FROM x_order o) sums WHERE NOT (lines_sum = sub_total AND rows_sum = total_row AND total_row = total)`)
	for _, row := range bad {
		t.Errorf("order %s: lines %s, sub-total %s, totals %s, last row %s, order %s", row[0], row[1], row[2], row[3], row[4], row[5])
	}
	for _, row := range table(t, db, `SELECT order_id, order_status_id FROM x_order o WHERE order_status_id != COALESCE(
		(SELECT order_status_id FROM x_order_history h WHERE h.order_id = o.order_id ORDER BY order_history_id DESC LIMIT 1), 0)`) {
		t.Errorf("order %s has status %s, its history says another one", row[0], row[1])
	}
	for _, row := range table(t, db, "SELECT l.order_product_id FROM x_order_product l LEFT JOIN x_order o USING (order_id) WHERE o.order_id IS NULL") {
		t.Errorf("line %s belongs to no order", row[0])
	}
	for _, row := range table(t, db, "SELECT l.order_option_id FROM x_order_option l LEFT JOIN x_order_product p USING (order_product_id) WHERE p.order_product_id IS NULL") {
		t.Errorf("option %s belongs to no line", row[0])
	}
}
