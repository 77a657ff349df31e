package oracle

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Row is one table row: column name to nil (NULL), string or int64. DECIMAL, DATE and DATETIME values are strings
// as MySQL prints them.
type Row map[string]any

// Rows is what an entity consists of: table name without prefix to its rows. The root table ("order" of an order)
// has exactly one. A table that is not a key of the map is read from the database when it is needed.
type Rows map[string][]Row

// newRow brings the values of a decoded JSON object or of a scanned row into the form that Row promises.
func newRow(values map[string]any) (Row, error) {
	row := make(Row, len(values))
	for column, v := range values {
		switch v := v.(type) {
		case nil, string, int64:
			row[column] = v
		case int:
			row[column] = int64(v)
		case []byte:
			row[column] = string(v)
		case float32:
			row[column] = strconv.FormatFloat(float64(v), 'f', -1, 32)
		case float64:
			row[column] = strconv.FormatFloat(v, 'f', -1, 64)
		case json.Number:
			if n, err := v.Int64(); err == nil {
				row[column] = n
			} else {
				row[column] = v.String()
			}
		default:
			return nil, fmt.Errorf("column %s: unexpected %T", column, v)
		}
	}
	return row, nil
}

// has reports whether this OpenCart version has the column.
func (r Row) has(column string) bool {
	_, ok := r[column]
	return ok
}

// raw is the value as stored, as text; NULL and a missing column are "".
func (r Row) raw(column string) string {
	switch v := r[column].(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// text is the value as plain text.
func (r Row) text(column string) string { return plain(r.raw(column)) }

// integer is the value as a number; NULL, a missing column and what is no number are 0, as PHP casts them.
func (r Row) integer(column string) int64 {
	switch v := r[column].(type) {
	case int64:
		return v
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err == nil {
			return n
		}
	}
	return 0
}

// flag is a tinyint(1).
func (r Row) flag(column string) bool { return r.integer(column) != 0 }

// amount is a DECIMAL exactly as stored, nil for NULL.
func (r Row) amount(column string) any {
	if r[column] == nil {
		return nil
	}
	return fixed(r.raw(column))
}

// reference is an id that means "none" when it is 0.
func (r Row) reference(column string) any {
	if id := r.integer(column); id != 0 {
		return id
	}
	return nil
}

// fixed undoes the exponent notation in which the expected files write zeros: "0E-8" is "0.00000000".
func fixed(s string) string {
	if !strings.ContainsAny(s, "eE") {
		return s
	}
	d, err := decimal.NewFromString(s)
	if err != nil || d.Exponent() > 0 {
		return s
	}
	return d.StringFixed(-d.Exponent())
}
