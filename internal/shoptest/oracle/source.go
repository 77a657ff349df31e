package oracle

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// source is where rows come from: a live database, or a map in unit tests.
type source interface {
	// has reports whether the shop has the table with these columns.
	has(table string, columns ...string) bool
	// rows returns the rows of a table for which all conditions hold, in the order of the primary key.
	rows(ctx context.Context, table string, where ...match) ([]Row, error)
}

// match is the condition "column IN (values)". Without values nothing matches.
type match struct {
	column string
	values []any
}

func is(column string, values ...any) match { return match{column, values} }

// secrets are columns that are not even read (contract, section 2); the expected files leave them out too.
var secrets = map[string]bool{"password": true, "salt": true, "token": true, "cart": true, "wishlist": true}

// querier is a *sql.DB or a *sql.Tx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// database is a source over a live shop.
type database struct {
	q       querier
	prefix  string
	columns map[string][]string // table without prefix -> columns in their order
}

// openDatabase looks up which tables and columns the shop has.
func openDatabase(ctx context.Context, q querier, prefix string) (*database, error) {
	rows, err := q.QueryContext(ctx, `SELECT table_name, column_name FROM information_schema.columns
		WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position`)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	defer rows.Close()
	columns := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, fmt.Errorf("read schema: %w", err)
		}
		if name, ok := strings.CutPrefix(table, prefix); ok && !secrets[column] {
			columns[name] = append(columns[name], column)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return &database{q, prefix, columns}, nil
}

func (d *database) has(table string, columns ...string) bool {
	for _, column := range columns {
		if !slices.Contains(d.columns[table], column) {
			return false
		}
	}
	return len(d.columns[table]) > 0
}

func (d *database) rows(ctx context.Context, table string, where ...match) ([]Row, error) {
	columns := d.columns[table]
	if len(columns) == 0 {
		return nil, fmt.Errorf("no table %s%s", d.prefix, table)
	}
	query := "SELECT `" + strings.Join(columns, "`, `") + "` FROM `" + d.prefix + table + "`"
	var args []any
	for i, m := range where {
		if len(m.values) == 0 {
			return nil, nil
		}
		query += []string{" WHERE `", " AND `"}[min(i, 1)] + m.column + "` IN (?" + strings.Repeat(", ?", len(m.values)-1) + ")"
		args = append(args, m.values...)
	}
	// A primary key of OpenCart is made of the first columns, never of more than three.
	query += " ORDER BY " + []string{"1", "1, 2", "1, 2, 3"}[min(len(columns), 3)-1]
	found, err := d.q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table, err)
	}
	defer found.Close()
	rows, err := scan(found, columns)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table, err)
	}
	return rows, nil
}

// scan reads all rows of a result.
func scan(found *sql.Rows, columns []string) ([]Row, error) {
	types, err := found.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var rows []Row
	for found.Next() {
		values, pointers := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := found.Scan(pointers...); err != nil {
			return nil, err
		}
		named := map[string]any{}
		for i, v := range values {
			if t, ok := v.(time.Time); ok { // the connection has parseTime=true
				v = stored(t, types[i].DatabaseTypeName())
			}
			named[columns[i]] = v
		}
		row, err := newRow(named)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

// stored is a parsed time as MySQL prints it.
func stored(t time.Time, columnType string) string {
	layout, zero := time.DateTime, "0000-00-00 00:00:00"
	if columnType == "DATE" {
		layout, zero = time.DateOnly, "0000-00-00"
	}
	if t.IsZero() {
		return zero
	}
	return t.Format(layout)
}
