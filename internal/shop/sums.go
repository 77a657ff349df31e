package shop

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// Scan says what of a table is summed up.
type Scan struct {
	Table   string   // without prefix
	Key     string   // integer column whose values get a sum each
	Texts   []string // without Key: text columns whose values get a sum each; neither: one sum for all
	Columns []string // what is summed, see Layout.Content
	Along   string   // integer column that From and To are of; "": all rows
}

// Summed is the sum of the rows with the same key.
type Summed struct {
	Key   int64    // of Scan.Key, else 0
	Texts []string // of Scan.Texts; NULL is ""
	Rows  int64
	Sum   uint64 // see Add
}

// A row's hash has 60 bits: 15 hexadecimal digits, which the server's arithmetic keeps
// exact.
const (
	hashDigits = 15
	hashMask   = 1<<(4*hashDigits) - 1
)

// Add is the sum of the rows of two sums. It is no XOR: two equal rows do not cancel
// each other out.
func Add(a, b uint64) uint64 { return (a + b) & hashMask }

// Summer sums up rows on the server, over one connection: one statement at a time,
// each bounded (Shop.StatementWithin). Nothing is locked, and no value leaves the
// server but keys and sums.
type Summer struct {
	shop   *Shop
	conn   *sql.Conn
	layout *Layout
}

// Summer takes a connection. Close gives it back.
func (s *Shop) Summer(ctx context.Context, l *Layout) (*Summer, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the shop's database: %w", err)
	}
	if err := s.limit(ctx, conn); err != nil {
		drop(conn)
		_ = conn.Close()
		return nil, beginning(ctx, err)
	}
	return &Summer{s, conn, l}, nil
}

// Close gives the connection back.
func (s *Summer) Close() { _ = s.conn.Close() }

// Edge is the nth value of an indexed integer column above after; last is true when
// there are fewer.
func (s *Summer) Edge(ctx context.Context, table, column string, after *int64, n int) (edge int64, last bool, err error) {
	query := "SELECT `" + column + "` FROM `" + s.shop.prefix + table + "`"
	if after != nil {
		query += " WHERE `" + column + "` > " + strconv.FormatInt(*after, 10)
	}
	query += " ORDER BY `" + column + "` LIMIT 1 OFFSET " + strconv.Itoa(n-1)
	switch err := s.conn.QueryRowContext(ctx, query).Scan(&edge); err {
	case nil:
		return edge, false, nil
	case sql.ErrNoRows:
		return 0, true, nil
	default:
		return 0, false, fmt.Errorf("read the keys of %s: %w", s.shop.prefix+table, err)
	}
}

// Sums sums up the rows with Along above after and up to upTo (nil: no bound).
func (s *Summer) Sums(ctx context.Context, q Scan, after, upTo *int64) ([]Summed, error) {
	rows, err := s.conn.QueryContext(ctx, s.statement(q, after, upTo))
	if err != nil {
		return nil, fmt.Errorf("sum up %s: %w", s.shop.prefix+q.Table, err)
	}
	defer rows.Close()
	var out []Summed
	for rows.Next() {
		var key sql.NullInt64
		texts := make([]sql.NullString, len(q.Texts))
		one := Summed{}
		into := []any{}
		if q.Key != "" {
			into = append(into, &key)
		}
		for i := range texts {
			into = append(into, &texts[i])
		}
		if err := rows.Scan(append(into, &one.Rows, &one.Sum)...); err != nil {
			return nil, fmt.Errorf("sum up %s: %w", s.shop.prefix+q.Table, err)
		}
		if q.Key != "" && !key.Valid {
			continue // a row that belongs to nobody
		}
		one.Key = key.Int64
		for _, t := range texts {
			one.Texts = append(one.Texts, t.String)
		}
		out = append(out, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("sum up %s: %w", s.shop.prefix+q.Table, err)
	}
	return out, nil
}

// statement is the SELECT of a Scan.
func (s *Summer) statement(q Scan, after, upTo *int64) string {
	var by []string
	if q.Key != "" {
		by = []string{"`" + q.Key + "`"}
	}
	for _, t := range q.Texts {
		by = append(by, "CAST(`"+t+"` AS BINARY)")
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	for _, e := range by {
		b.WriteString(e + ", ")
	}
	fmt.Fprintf(&b, "COUNT(*), CAST(COALESCE(MOD(SUM(%s), %d), 0) AS UNSIGNED) FROM `%s`", s.hash(q), uint64(hashMask)+1, s.shop.prefix+q.Table)
	sep := " WHERE "
	for _, bound := range []struct {
		sign string
		at   *int64
	}{{">", after}, {"<=", upTo}} {
		if q.Along != "" && bound.at != nil {
			fmt.Fprintf(&b, "%s`%s` %s %d", sep, q.Along, bound.sign, *bound.at)
			sep = " AND "
		}
	}
	if len(by) > 0 {
		b.WriteString(" GROUP BY " + strings.Join(by, ", "))
	}
	return b.String()
}

// hash is the expression of a row's hash. Every value stands with its length, so that
// no two rows read alike, and as the bytes that are stored: neither character sets nor
// collations play a part. A value that may be as large as a packet is hashed by itself,
// because a longer result of CONCAT would be NULL.
func (s *Summer) hash(q Scan) string {
	parts := make([]string, 0, len(q.Columns))
	for _, c := range q.Columns {
		c, long := "`"+c+"`", s.layout.long(q.Table, c)
		if long {
			parts = append(parts, "COALESCE(SHA2(CAST("+c+" AS BINARY), 256), CONCAT('?', LENGTH("+c+")), '-')")
		} else {
			parts = append(parts, "COALESCE(CONCAT(LENGTH("+c+"), ':', CAST("+c+" AS BINARY)), '-')")
		}
	}
	if len(parts) == 0 {
		return "1"
	}
	return fmt.Sprintf("CAST(CONV(LEFT(SHA2(CONCAT(%s), 256), %d), 16, 10) AS UNSIGNED)", strings.Join(parts, ", "), hashDigits)
}
