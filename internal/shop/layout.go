package shop

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Layout is how the shop's tables are laid out, as far as summing them has to know.
type Layout struct {
	Schema *Schema
	tables map[string]*tableLayout
}

type tableLayout struct {
	columns []columnLayout // by name
	primary string         // the integer column that the primary key begins with, ""
	indexed map[string]bool
}

type columnLayout struct {
	name    string
	integer bool
	long    bool // may be as large as a packet
	counter bool // AUTO_INCREMENT
}

var (
	integers = []string{"tinyint", "smallint", "mediumint", "int", "bigint"}
	longs    = []string{"mediumtext", "longtext", "mediumblob", "longblob", "json"}
)

// Layout reads the shop's present tables, columns and indexes.
func (s *Shop) Layout(ctx context.Context) (*Layout, error) {
	schema, err := s.Schema(ctx)
	if err != nil {
		return nil, err
	}
	l := &Layout{Schema: schema, tables: map[string]*tableLayout{}}
	err = s.describe(ctx, `SELECT TABLE_NAME, COLUMN_NAME, LOWER(DATA_TYPE), LOWER(EXTRA) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, COLUMN_NAME`,
		func(t *tableLayout, column, kind, extra string) {
			t.columns = append(t.columns, columnLayout{column, slices.Contains(integers, kind), slices.Contains(longs, kind), strings.Contains(extra, "auto_increment")})
		}, l)
	if err != nil {
		return nil, err
	}
	err = s.describe(ctx, `SELECT TABLE_NAME, COLUMN_NAME, INDEX_NAME, INDEX_TYPE FROM information_schema.STATISTICS
		WHERE TABLE_SCHEMA = ? AND SEQ_IN_INDEX = 1 AND SUB_PART IS NULL AND INDEX_TYPE = 'BTREE'`,
		func(t *tableLayout, column, index, _ string) {
			if !slices.ContainsFunc(t.columns, func(c columnLayout) bool { return c.name == column && c.integer }) {
				return
			}
			t.indexed[column] = true
			if index == "PRIMARY" {
				t.primary = column
			}
		}, l)
	return l, err
}

// describe runs a question about tables and gives each row to take.
func (s *Shop) describe(ctx context.Context, query string, take func(t *tableLayout, a, b, c string), l *Layout) error {
	rows, err := s.db.QueryContext(ctx, query, s.database)
	if err != nil {
		return fmt.Errorf("read the layout of the shop's tables: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, a, b, c string
		if err := rows.Scan(&table, &a, &b, &c); err != nil {
			return fmt.Errorf("read the layout of the shop's tables: %w", err)
		}
		name, ok := strings.CutPrefix(table, s.prefix)
		if !ok || !l.Schema.Has(name) {
			continue
		}
		if l.tables[name] == nil {
			l.tables[name] = &tableLayout{indexed: map[string]bool{}}
		}
		take(l.tables[name], a, b, c)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the layout of the shop's tables: %w", err)
	}
	return nil
}

// Indexed reports whether a range of an integer column can be read without the rest of
// the table.
func (l *Layout) Indexed(table, column string) bool {
	t := l.tables[table]
	return t != nil && t.indexed[column]
}

// Primary is the integer column that a table's primary key begins with, "" when there
// is none.
func (l *Layout) Primary(table string) string {
	if t := l.tables[table]; t != nil {
		return t.primary
	}
	return ""
}

// Content lists the columns of a table that say what its rows mean, sorted: those in
// only; without such a list, all but those in ignore, what is secret, and numbers that
// the server gives (AUTO_INCREMENT), which OpenCart renews at every save.
func (l *Layout) Content(table string, only, ignore []string) []string {
	t := l.tables[table]
	if t == nil {
		return nil
	}
	var out []string
	for _, c := range t.columns {
		if len(only) > 0 && slices.Contains(only, c.name) ||
			len(only) == 0 && !slices.Contains(ignore, c.name) && !c.counter && !Secret(table, c.name) {
			out = append(out, c.name)
		}
	}
	return out
}

// long reports whether a column's values may be as large as a packet.
func (l *Layout) long(table, column string) bool {
	t := l.tables[table]
	return t != nil && slices.ContainsFunc(t.columns, func(c columnLayout) bool { return c.name == column && c.long })
}
