package oracle

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// ErrNotFound says that the shop has no such entity (any more).
var ErrNotFound = errors.New("not in the shop")

// child is a table of an aggregate and the column that holds the root's key.
type child struct{ table, column string }

// aggregates lists the tables of each entity, the root first. Tables that the shop does not have are left out.
var aggregates = map[string][]child{
	"order": {
		{"order", "order_id"}, {"order_product", "order_id"}, {"order_option", "order_id"}, {"order_total", "order_id"},
		{"order_voucher", "order_id"}, {"order_history", "order_id"}, {"order_recurring", "order_id"},
		{"order_subscription", "order_id"},
	},
	"customer": {{"customer", "customer_id"}, {"address", "customer_id"}},
	"product": {
		{"product", "product_id"}, {"product_description", "product_id"}, {"product_to_category", "product_id"},
		{"product_to_store", "product_id"}, {"product_option", "product_id"}, {"product_option_value", "product_id"},
		{"product_special", "product_id"}, {"product_discount", "product_id"}, {"product_code", "product_id"},
		{"product_attribute", "product_id"}, {"product_image", "product_id"}, {"product_filter", "product_id"},
		{"product_related", "product_id"}, {"product_reward", "product_id"}, {"product_tag", "product_id"},
	},
	"stock": {{"product", "product_id"}, {"product_option_value", "product_id"}, {"product_code", "product_id"}},
	"category": {
		{"category", "category_id"}, {"category_description", "category_id"}, {"category_path", "category_id"},
		{"category_to_store", "category_id"},
	},
}

// Rows reads the rows of an entity as they are now, in one transaction (which means one moment on InnoDB only). The
// key of stock is the product's. It returns ErrNotFound when the root row does not exist.
func (o *Oracle) Rows(ctx context.Context, entity string, key int64) (Rows, error) {
	if o.db == nil {
		return read(ctx, o.source, entity, key, nil)
	}
	tx, err := o.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("read %s/%d: %w", entity, key, err)
	}
	defer tx.Rollback() // it only reads
	snapshot := *o.source.(*database)
	snapshot.q = tx
	return read(ctx, &snapshot, entity, key, nil)
}

// read adds to the rows at hand the tables that are missing.
func read(ctx context.Context, from source, entity string, key int64, have Rows) (Rows, error) {
	rows := maps.Clone(have)
	if rows == nil {
		rows = Rows{}
	}
	want := func(table string, where ...match) error {
		if _, ok := rows[table]; ok || !from.has(table) {
			return nil
		}
		found, err := from.rows(ctx, table, where...)
		if err != nil {
			return fmt.Errorf("read %s/%d: %w", entity, key, err)
		}
		rows[table] = found
		return nil
	}
	children, ok := aggregates[entity]
	if !ok {
		return nil, fmt.Errorf("unknown entity %q", entity)
	}
	for i, c := range children {
		if err := want(c.table, is(c.column, key)); err != nil {
			return nil, err
		}
		if i == 0 && len(rows[c.table]) == 0 {
			return nil, fmt.Errorf("%s/%d: %w", entity, key, ErrNotFound)
		}
	}
	switch entity {
	case "order":
		products := values(rows["order_product"], "product_id")
		return rows, errors.Join(
			want("product", is("product_id", products...)),
			want("product_code", is("product_id", products...)),
			want("product_option", is("product_option_id", values(rows["order_option"], "product_option_id")...)),
			want("product_option_value", is("product_option_value_id", values(rows["order_option"], "product_option_value_id")...)))
	case "product":
		if err := readAddresses(ctx, from, rows, "product_id", key); err != nil {
			return nil, fmt.Errorf("read product/%d: %w", key, err)
		}
	case "category":
		if err := readAddresses(ctx, from, rows, "category_id", key); err != nil {
			return nil, fmt.Errorf("read category/%d: %w", key, err)
		}
	}
	return rows, nil
}

// readAddresses adds the table with the web addresses of a product or category: seo_url, before 3.x url_alias.
func readAddresses(ctx context.Context, from source, rows Rows, keyColumn string, key int64) error {
	table := "seo_url"
	if !from.has(table) {
		table = "url_alias"
	}
	if _, ok := rows[table]; ok || !from.has(table) {
		return nil
	}
	byKey := from.has(table, "key") // 4.x
	where := is("query", fmt.Sprintf("%s=%d", keyColumn, key))
	if byKey {
		where = is("key", seoKey[keyColumn])
	}
	found, err := from.rows(ctx, table, where)
	if err != nil {
		return err
	}
	rows[table] = []Row{}
	for _, row := range found {
		if !byKey || lastOf(row.raw("value"), "_") == strconv.FormatInt(key, 10) {
			rows[table] = append(rows[table], row)
		}
	}
	return nil
}

// seoKey is what the column oc_seo_url.key (4.x) says for an entity.
var seoKey = map[string]string{"product_id": "product_id", "category_id": "path"}

// lastOf is the part of s behind the last separator.
func lastOf(s, separator string) string { return s[strings.LastIndex(s, separator)+1:] }

// values collects the non-zero numbers of a column, each once.
func values(rows []Row, column string) []any {
	var found []any
	seen := map[int64]bool{0: true}
	for _, row := range rows {
		if id := row.integer(column); !seen[id] {
			seen[id] = true
			found = append(found, id)
		}
	}
	return found
}

// root is the one row of the root table.
func (rows Rows) root(table string) (Row, error) {
	if n := len(rows[table]); n != 1 {
		return nil, fmt.Errorf("%d rows of root table %s", n, table)
	}
	return rows[table][0], nil
}
