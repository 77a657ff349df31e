package shoptest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// request is one request to the shop: a connection and the first error met on it.
// After an error all further statements do nothing, so that a flow reads as the list
// of its statements. It lives as long as the call of Shop.do, which is why it may
// hold the context.
type request struct {
	shop *Shop
	ctx  context.Context
	conn *sql.Conn
	err  error
}

func (r *request) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// expression is a value that stands in the SQL as it is.
type expression string

const now = expression("NOW()")

// names puts the prefix before every table name written as {name}.
func (r *request) names(query string) string {
	return strings.NewReplacer("{", "`"+r.shop.prefix, "}", "`").Replace(query)
}

// exec runs one statement and returns the new id of an insert.
func (r *request) exec(query string, args ...any) int64 {
	if r.err != nil {
		return 0
	}
	result, err := r.conn.ExecContext(r.ctx, r.names(query), args...)
	if err != nil {
		r.fail(fmt.Errorf("%w: %s", err, query))
		return 0
	}
	id, err := result.LastInsertId()
	if err != nil {
		r.fail(err)
	}
	return id
}

// each runs a query and calls f for every row, with a function that scans it.
func (r *request) each(f func(scan func(...any)), query string, args ...any) {
	if r.err != nil {
		return
	}
	rows, err := r.conn.QueryContext(r.ctx, r.names(query), args...)
	if err != nil {
		r.fail(fmt.Errorf("%w: %s", err, query))
		return
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() && r.err == nil {
		f(func(dest ...any) {
			if err := rows.Scan(dest...); err != nil {
				r.fail(fmt.Errorf("%w: %s", err, query))
			}
		})
	}
	if err := rows.Err(); err != nil {
		r.fail(fmt.Errorf("%w: %s", err, query))
	}
}

// one scans the first row of a query and says whether there was one.
func (r *request) one(dest []any, query string, args ...any) bool {
	found := false
	r.each(func(scan func(...any)) {
		if !found {
			scan(dest...)
			found = r.err == nil
		}
	}, query, args...)
	return found
}

// set is a list of columns and their values, in turn: "name", value, "name", value.
type set []any

// assign writes the set as `name` = ?, ... and returns the values.
func (s set) assign() (string, []any) {
	var text strings.Builder
	var args []any
	for i := 0; i < len(s); i += 2 {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "`%s` = ", s[i])
		if e, ok := s[i+1].(expression); ok {
			text.WriteString(string(e))
			continue
		}
		text.WriteByte('?')
		args = append(args, s[i+1])
	}
	return text.String(), args
}

// insert writes a row as OpenCart does and returns its id.
func (r *request) insert(table string, columns ...any) int64 {
	text, args := set(columns).assign()
	return r.exec("INSERT INTO {"+table+"} SET "+text, args...)
}

func (r *request) replace(table string, columns ...any) {
	text, args := set(columns).assign()
	r.exec("REPLACE INTO {"+table+"} SET "+text, args...)
}

func (r *request) update(table string, columns set, where string, args ...any) {
	text, values := columns.assign()
	r.exec("UPDATE {"+table+"} SET "+text+" WHERE "+where, append(values, args...)...)
}

func (r *request) delete(table, where string, args ...any) {
	r.exec("DELETE FROM {"+table+"} WHERE "+where, args...)
}

// flag is how OpenCart writes a boolean.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

var (
	escaper   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
	unescaper = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&amp;", "&")
)

// escape does to a text what OpenCart does to all it receives.
func escape(s string) string { return escaper.Replace(s) }

func unescape(s string) string { return unescaper.Replace(s) }
