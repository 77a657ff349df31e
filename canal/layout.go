package canal

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

// layout is how the rows of one watched table are to be read: the outcome of
// matching a table map event with the watch list.
type layout struct {
	widths []width
	json   int // columns of type JSON
	rules  []compiledRule
	// problem says why rows cannot be read ("" = they can). Then every row
	// change is answered with a Resync of the table's targets.
	problem string
}

type compiledRule struct {
	*Rule
	key      int   // column of the key, -1: none
	text     []int // columns of Resolve
	relevant []int // columns whose change matters
}

// column is what information_schema says of a column.
type column struct {
	name      string
	dataType  string
	octets    int64 // CHARACTER_OCTET_LENGTH
	precision int64 // of a decimal
	scale     int64
}

// columnSource reads a table's present columns.
type columnSource func(ctx context.Context, table string) ([]column, error)

// table is one watched table's state.
type table struct {
	Table
	mapped  shape // what the layout was made for
	current *layout
}

// shape is what a table map event says of a table's columns. meta is the
// optional metadata, undecoded: the column names in it are only read when the
// shape is a new one.
type shape struct {
	event *replication.TableMapEvent
	meta  []byte
}

func (a shape) same(b shape) bool {
	return a.event == b.event || a.event != nil && b.event != nil && bytes.Equal(a.event.ColumnType, b.event.ColumnType) &&
		slices.Equal(a.event.ColumnMeta, b.event.ColumnMeta) && bytes.Equal(a.meta, b.meta)
}

// resolve returns the layout for the rows that follow a table map.
// An error means that the server could not be asked (reconnect and try again).
func (t *table) resolve(ctx context.Context, m shape, source columnSource) (*layout, error) {
	if t.current == nil || !t.mapped.same(m) {
		l, err := newLayout(ctx, &t.Table, m, source)
		if err != nil {
			return nil, err
		}
		t.current = l
	}
	t.mapped = m
	return t.current, nil
}

// forget drops the layout: the table may have changed.
func (t *table) forget() { t.mapped, t.current = shape{}, nil }

// newLayout matches a table map with the watch list. Where the log has no column
// names they are those the table has now, if number and types agree. They may be
// wrong even then: when we are behind, and a statement further on in the log puts
// columns of the same type in another order. Each such statement is a Resync of
// the table (see effect), which makes good for what was read with wrong names.
func newLayout(ctx context.Context, t *Table, sh shape, source columnSource) (*layout, error) {
	l, m := &layout{}, sh.event
	names, err := columnNames(sh.meta)
	if err != nil || len(names) != 0 && len(names) != int(m.ColumnCount) {
		l.problem = "the column names in the log cannot be read"
		return l, nil
	}
	if len(names) == 0 {
		cols, err := source(ctx, t.Name)
		if err != nil {
			return nil, fmt.Errorf("read the columns of %s: %w", t.Name, err)
		}
		if l.problem = mismatch(cols, m); l.problem != "" {
			return l, nil
		}
		for _, c := range cols {
			names = append(names, c.name)
		}
	}
	l.widths = make([]width, m.ColumnCount)
	for i := range l.widths {
		w, err := columnWidth(m.ColumnType[i], m.ColumnMeta[i])
		if err != nil {
			l.problem = fmt.Sprintf("column %s: %v", names[i], err)
			return l, nil
		}
		l.widths[i] = w
		if m.ColumnType[i] == mysql.MYSQL_TYPE_JSON {
			l.json++
		}
	}
	for i := range t.Rules {
		r := compiledRule{Rule: &t.Rules[i], key: -1}
		if r.Key != "" {
			if r.key = indexName(names, r.Key); r.key < 0 {
				l.problem = "no column " + r.Key
				return l, nil
			}
			if !isInteger(m.ColumnType[r.key]) {
				l.problem = "column " + r.Key + " is no integer"
				return l, nil
			}
		}
		for _, n := range r.TextColumns {
			c := indexName(names, n)
			if c < 0 {
				l.problem = "no column " + n
				return l, nil
			}
			r.text = append(r.text, c)
		}
		for c, n := range names {
			if len(r.Only) > 0 && indexName(r.Only, n) < 0 || indexName(r.Ignore, n) >= 0 {
				continue
			}
			r.relevant = append(r.relevant, c)
		}
		l.rules = append(l.rules, r)
	}
	return l, nil
}

// indexName finds a column's name; the case of its letters means nothing.
func indexName(names []string, name string) int {
	return slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// columnNames finds the names in a table map's optional metadata: a list of
// type, length, value; type 4 holds the names, each behind its length. Empty when
// the server does not log them (binlog_row_metadata other than FULL).
func columnNames(meta []byte) ([]string, error) {
	const columnName = 4
	for len(meta) > 0 {
		kind := meta[0]
		value, rest, ok := counted(meta[1:])
		if !ok {
			return nil, errTorn
		}
		if meta = rest; kind != columnName {
			continue
		}
		var names []string
		for len(value) > 0 {
			var name []byte
			if name, value, ok = counted(value); !ok {
				return nil, errTorn
			}
			names = append(names, string(name))
		}
		return names, nil
	}
	return nil, nil
}

// counted cuts a value off that has its length in front, as a packed integer.
func counted(b []byte) (value, rest []byte, ok bool) {
	size := 1
	if len(b) > 0 {
		switch b[0] {
		case 0xfc:
			size = 3
		case 0xfd:
			size = 4
		case 0xfe:
			size = 9
		}
	}
	if len(b) < size { // the library reads on regardless
		return nil, nil, false
	}
	length, isNull, n := mysql.LengthEncodedInt(b)
	if isNull || length > uint64(len(b)-n) {
		return nil, nil, false
	}
	return b[n : n+int(length)], b[n+int(length):], true
}

// mismatch compares a table's present columns with a table map that carries no
// names. Any difference means that the rows may be older or newer than the
// columns: then nothing is read by position.
func mismatch(cols []column, m *replication.TableMapEvent) string {
	if len(cols) == 0 {
		return "the log has no column names (binlog_row_metadata = FULL gives them), and the table is not there or may not be seen"
	}
	if len(cols) != int(m.ColumnCount) {
		return fmt.Sprintf("the log has %d columns, the table %d", m.ColumnCount, len(cols))
	}
	for i, c := range cols {
		if !c.matches(m.ColumnType[i], m.ColumnMeta[i]) {
			return fmt.Sprintf("column %d (%s %s now) was written as type %d/%d", i+1, c.name, c.dataType, m.ColumnType[i], m.ColumnMeta[i])
		}
	}
	return ""
}

// matches reports whether a column as it is now is written to the log as type
// tp with meta. Types that OpenCart tables do not use are compared loosely.
func (c column) matches(tp byte, meta uint16) bool {
	switch c.dataType {
	case "tinyint":
		return tp == mysql.MYSQL_TYPE_TINY
	case "smallint":
		return tp == mysql.MYSQL_TYPE_SHORT
	case "mediumint":
		return tp == mysql.MYSQL_TYPE_INT24
	case "int":
		return tp == mysql.MYSQL_TYPE_LONG
	case "bigint":
		return tp == mysql.MYSQL_TYPE_LONGLONG
	case "float":
		return tp == mysql.MYSQL_TYPE_FLOAT
	case "double":
		return tp == mysql.MYSQL_TYPE_DOUBLE
	case "decimal":
		return tp == mysql.MYSQL_TYPE_NEWDECIMAL && int64(meta>>8) == c.precision && int64(meta&0xFF) == c.scale
	case "date":
		return tp == mysql.MYSQL_TYPE_DATE || tp == mysql.MYSQL_TYPE_NEWDATE
	case "time":
		return tp == mysql.MYSQL_TYPE_TIME || tp == mysql.MYSQL_TYPE_TIME2
	case "datetime":
		return tp == mysql.MYSQL_TYPE_DATETIME || tp == mysql.MYSQL_TYPE_DATETIME2
	case "timestamp":
		return tp == mysql.MYSQL_TYPE_TIMESTAMP || tp == mysql.MYSQL_TYPE_TIMESTAMP2
	case "varchar", "varbinary":
		return tp == mysql.MYSQL_TYPE_VARCHAR && int64(meta) == c.octets
	case "char", "binary":
		real, length := realType(tp, meta)
		return real == mysql.MYSQL_TYPE_STRING && int64(length) == c.octets
	case "enum":
		real, _ := realType(tp, meta)
		return real == mysql.MYSQL_TYPE_ENUM
	case "set":
		real, _ := realType(tp, meta)
		return real == mysql.MYSQL_TYPE_SET
	case "tinytext", "tinyblob":
		return tp == mysql.MYSQL_TYPE_BLOB && meta == 1
	case "text", "blob":
		return tp == mysql.MYSQL_TYPE_BLOB && meta == 2
	case "mediumtext", "mediumblob":
		return tp == mysql.MYSQL_TYPE_BLOB && meta == 3
	case "longtext", "longblob":
		return tp == mysql.MYSQL_TYPE_BLOB && meta == 4
	case "json":
		return tp == mysql.MYSQL_TYPE_JSON || tp == mysql.MYSQL_TYPE_BLOB && meta == 4
	}
	_, err := columnWidth(tp, meta)
	return err == nil
}

// serverColumns is the columnSource of a real server.
func (c *Canal) serverColumns(ctx context.Context, table string) ([]column, error) {
	const query = `SELECT COLUMN_NAME, DATA_TYPE, COALESCE(CHARACTER_OCTET_LENGTH, 0), COALESCE(NUMERIC_PRECISION, 0), COALESCE(NUMERIC_SCALE, 0)
		FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	rows, err := c.cfg.DB.QueryContext(ctx, query, c.cfg.Database, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var cols []column
	for rows.Next() {
		var col column
		var octets, precision, scale string // unsigned, and huge for LONGTEXT
		if err := rows.Scan(&col.name, &col.dataType, &octets, &precision, &scale); err != nil {
			return nil, err
		}
		col.octets, _ = strconv.ParseInt(octets, 10, 64)
		col.precision, _ = strconv.ParseInt(precision, 10, 64)
		col.scale, _ = strconv.ParseInt(scale, 10, 64)
		cols = append(cols, col)
	}
	return cols, rows.Err()
}
