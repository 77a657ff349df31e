package shop

import (
	"database/sql"
	"fmt"
	"slices"
	"strconv"
)

// Rows is the result of a Select: text values by column name.
type Rows struct {
	columns []string
	rows    []Row
}

// NewRows makes rows as Select does, from texts or nil for NULL.
func NewRows(columns []string, rows ...[]any) *Rows {
	out := &Rows{columns: columns}
	for _, row := range rows {
		values := make([]sql.RawBytes, len(columns))
		for i, v := range row {
			if v != nil {
				values[i] = sql.RawBytes(fmt.Sprint(v))
			}
		}
		out.add(values, nil)
	}
	return out
}

// add appends one row. buf is scratch space, which it returns for the next.
func (r *Rows) add(values []sql.RawBytes, buf []byte) []byte {
	buf = buf[:0]
	ends := make([]int32, len(values))
	for i, b := range values {
		if b == nil {
			ends[i] = -1
			continue
		}
		buf = append(buf, b...)
		ends[i] = int32(len(buf))
	}
	r.rows = append(r.rows, Row{r, string(buf), ends})
	return buf
}

// All lists the rows in the order they were selected in.
func (r *Rows) All() []Row {
	if r == nil {
		return nil
	}
	return r.rows
}

// By groups the rows by an integer column, keeping their order.
func (r *Rows) By(column string) map[int64][]Row {
	m := make(map[int64][]Row)
	if r == nil {
		return m
	}
	for _, row := range r.rows {
		k := row.Int(column)
		m[k] = append(m[k], row)
	}
	return m
}

// Row is one row. Columns that were not selected, because the table does not
// have them, read as NULL.
type Row struct {
	set  *Rows
	text string  // all values, one behind the other
	ends []int32 // where each ends; negative: NULL
}

// Has reports whether the column was selected.
func (r Row) Has(column string) bool { return r.set != nil && slices.Contains(r.set.columns, column) }

func (r Row) find(column string) (string, bool) {
	if r.set == nil {
		return "", false
	}
	i := slices.Index(r.set.columns, column)
	if i < 0 || r.ends[i] < 0 {
		return "", false
	}
	start := int32(0)
	for j := i - 1; j >= 0; j-- {
		if r.ends[j] >= 0 {
			start = r.ends[j]
			break
		}
	}
	return r.text[start:r.ends[i]], true
}

// Raw is the value as stored, "" for NULL.
func (r Row) Raw(column string) string {
	s, _ := r.find(column)
	return s
}

// Null reports whether the value is NULL (or the column absent).
func (r Row) Null(column string) bool {
	_, ok := r.find(column)
	return !ok
}

// Int is the value as an integer; NULL, ” and anything else count as 0.
func (r Row) Int(column string) int64 {
	s, _ := r.find(column)
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Bool is true for a number other than 0.
func (r Row) Bool(column string) bool { return r.Int(column) != 0 }

// rowBytes is what a row takes beside its values.
const rowBytes = 64

// scan reads all rows. take is told the bytes of each and may refuse to go on.
func scan(rows *sql.Rows, columns []string, take func(bytes int) error) (*Rows, error) {
	defer rows.Close()
	out := &Rows{columns: columns}
	raw := make([]sql.RawBytes, len(columns))
	targets := make([]any, len(columns))
	for i := range raw {
		targets[i] = &raw[i]
	}
	var buf []byte
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		buf = out.add(raw, buf)
		if err := take(len(buf) + rowBytes); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// String shows the shape only: rows hold personal data.
func (r *Rows) String() string {
	return fmt.Sprintf("%d rows of %d columns", len(r.rows), len(r.columns))
}
