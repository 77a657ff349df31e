package shop

import (
	"context"
	"database/sql"
	"fmt"
	"sort"
	"strings"
)

// Schema is which tables and columns a shop has, by name without prefix.
type Schema struct {
	Prefix string
	// ForeignKeys are those between the shop's tables. What they do when the other row
	// goes (CASCADE, RESTRICT, ...) one who may only SELECT is not told.
	ForeignKeys []ForeignKey
	tables      map[string]*tableInfo
}

// ForeignKey is a column of a table that refers to a row of another.
type ForeignKey struct{ Table, Column, Parent, ParentColumn string }

type tableInfo struct {
	columns map[string]bool
	engine  string
	view    bool
}

// ReadSchema looks at the database. It sees what the user may select: a table
// without a grant looks absent.
func ReadSchema(ctx context.Context, q querier, database, prefix string) (*Schema, error) {
	s := &Schema{Prefix: prefix, tables: map[string]*tableInfo{}}
	rows, err := q.QueryContext(ctx, `SELECT c.TABLE_NAME, c.COLUMN_NAME, COALESCE(t.ENGINE, ''), t.TABLE_TYPE LIKE '%VIEW'
		FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
		WHERE c.TABLE_SCHEMA = ? ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`, database)
	if err != nil {
		return nil, fmt.Errorf("read the shop's schema: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, column, engine string
		var view bool
		if err := rows.Scan(&table, &column, &engine, &view); err != nil {
			return nil, fmt.Errorf("read the shop's schema: %w", err)
		}
		name, ok := strings.CutPrefix(table, prefix)
		if !ok {
			continue
		}
		t := s.tables[name]
		if t == nil {
			t = &tableInfo{columns: map[string]bool{}, engine: engine, view: view}
			s.tables[name] = t
		}
		t.columns[column] = true
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the shop's schema: %w", err)
	}
	return s, s.readForeignKeys(ctx, q, database)
}

func (s *Schema) readForeignKeys(ctx context.Context, q querier, database string) error {
	rows, err := q.QueryContext(ctx, `SELECT TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE
		WHERE TABLE_SCHEMA = ? AND REFERENCED_TABLE_SCHEMA = TABLE_SCHEMA ORDER BY 1, 2, 3, 4`, database)
	if err != nil {
		return fmt.Errorf("read the shop's foreign keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var k ForeignKey
		if err := rows.Scan(&k.Table, &k.Column, &k.Parent, &k.ParentColumn); err != nil {
			return fmt.Errorf("read the shop's foreign keys: %w", err)
		}
		var child, parent bool
		k.Table, child = strings.CutPrefix(k.Table, s.Prefix)
		k.Parent, parent = strings.CutPrefix(k.Parent, s.Prefix)
		if child && parent {
			s.ForeignKeys = append(s.ForeignKeys, k)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the shop's foreign keys: %w", err)
	}
	return nil
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Has reports whether a table has all the columns; without columns, whether the
// table exists.
func (s *Schema) Has(table string, columns ...string) bool {
	t := s.tables[table]
	if t == nil {
		return false
	}
	for _, c := range columns {
		if !t.columns[c] {
			return false
		}
	}
	return true
}

// View reports whether a table is a view: its changes do not stand in the binary log
// under its name.
func (s *Schema) View(table string) bool {
	t := s.tables[table]
	return t != nil && t.view
}

// Engine is a table's storage engine, "" when the table is absent, a view, or damaged
// so that the server cannot open it.
func (s *Schema) Engine(table string) string {
	if t := s.tables[table]; t != nil {
		return t.engine
	}
	return ""
}

// transactional is the one engine whose rows a consistent snapshot holds.
const transactional = "InnoDB"

// transactional reports whether that is the engine of all tables.
func (s *Schema) transactional() bool {
	for _, t := range s.tables {
		if t.engine != transactional {
			return false
		}
	}
	return true
}

// Tables lists the table names without prefix, sorted.
func (s *Schema) Tables() []string {
	names := make([]string, 0, len(s.tables))
	for n := range s.tables {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// IsOpenCart reports whether the tables every OpenCart has are there.
func (s *Schema) IsOpenCart() bool {
	return s.Has("order", "order_id", "order_status_id") && s.Has("product", "product_id") &&
		s.Has("customer", "customer_id") && s.Has("setting", "key", "value") && s.Has("language", "language_id")
}

// Generation is the OpenCart release line the columns speak of, for people: the
// code goes by the columns. The marks are columns that every reader of the shop
// needs anyway, so that they are seen however narrow the grants are: no secrets
// (customer.salt), no tables that octail does not read (session). What an upgrade left
// behind does not hide the marks of the newer release.
func (s *Schema) Generation() string {
	switch {
	case s.Has("product_code"), s.Has("product", "master_id") && !s.Has("product", "sku"):
		return "4.1"
	case s.Has("order", "subscription_id") && !s.Has("order", "payment_code"):
		return "4.0.2"
	case s.Has("order", "subscription_id"), s.Has("product", "master_id"):
		return "4.0"
	case s.Has("order", "custom_field") && (s.Has("seo_url") || s.Has("customer") && !s.Has("customer", "approved")):
		return "3.0"
	case s.Has("order", "custom_field"):
		return "2"
	case s.Has("order") && (s.Has("order_total", "text") || s.Has("order", "payment_tax_id") || s.Has("product_option", "option_value")):
		return "1.5"
	}
	return "unknown"
}

// Prefixes finds the table prefixes in a database that look like an OpenCart
// shop, for the message when the configured one does not.
func Prefixes(ctx context.Context, q querier, database string) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT LEFT(TABLE_NAME, CHAR_LENGTH(TABLE_NAME) - CHAR_LENGTH('order_product'))
		FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND RIGHT(TABLE_NAME, CHAR_LENGTH('order_product')) = 'order_product' ORDER BY 1`, database)
	if err != nil {
		return nil, fmt.Errorf("look for OpenCart tables: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var p string
		if err := rows.Scan(&p); err != nil {
			return nil, fmt.Errorf("look for OpenCart tables: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
