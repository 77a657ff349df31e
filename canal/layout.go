package canal

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

// layout is how the rows of one watched table are to be read: the outcome of
// matching a table map event with the watch list.
type layout struct {
	widths []width
	rules  []compiledRule
	// problem says why rows cannot be read ("" = they can). Then every row
	// change is answered with a Resync of the table's targets.
	problem string
	// byNow is set when the names came from the table as it was at schemaAt
	// rather than from the log.
	byNow    bool
	schemaAt Position
	rows     int // row changes read with this layout
}

type compiledRule struct {
	*Rule
	key      int   // column of the key, -1: none
	text     []int // columns of Resolve
	relevant []int // columns whose change matters
}

// columns is what information_schema says of a column, see ServerColumns.
type column struct {
	name      string
	dataType  string
	octets    int64 // CHARACTER_OCTET_LENGTH of a varchar
	precision int64 // of a decimal
	scale     int64
}

// columnSource reads a table's present columns and a position that is not
// before the moment at which they were read.
type columnSource func(ctx context.Context, table string) ([]column, Position, error)

// table is one watched table's state in a stream.
type table struct {
	Table
	mapped  shape // what the layout was made for
	current *layout
	named   bool // the log carries this table's column names
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
	if t.current != nil && t.mapped.same(m) {
		t.mapped = m
		return t.current, nil
	}
	l, err := newLayout(ctx, &t.Table, m, source)
	if err != nil {
		return nil, err
	}
	t.mapped, t.current, t.named = m, l, !l.byNow
	return l, nil
}

// forget drops the layout after a statement at pos that may have changed the
// table. It reports whether rows before it may have been read with names that
// were not theirs: in this run, when the columns were read from the server after
// it had executed the statement; or in a run before, when the server was already
// past the statement as this run began (at started).
func (t *table) forget(pos, started Position) bool {
	l := t.current
	t.mapped, t.current = shape{}, nil
	if t.named {
		return false
	}
	return started.AtOrAfter(pos.File, pos.Offset) ||
		l != nil && l.byNow && l.rows > 0 && l.schemaAt.AtOrAfter(pos.File, pos.Offset)
}

func newLayout(ctx context.Context, t *Table, sh shape, source columnSource) (*layout, error) {
	l, m := &layout{}, sh.event
	names, err := columnNames(sh.meta)
	if err != nil || len(names) != 0 && len(names) != int(m.ColumnCount) {
		l.problem = "the column names in the log cannot be read"
		return l, nil
	}
	if len(names) == 0 {
		cols, at, err := source(ctx, t.Name)
		if err != nil {
			return nil, fmt.Errorf("read the columns of %s: %w", t.Name, err)
		}
		l.byNow, l.schemaAt = true, at
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
	}
	for i := range t.Rules {
		r := compiledRule{Rule: &t.Rules[i], key: -1}
		if r.Key != "" {
			if r.key = slices.Index(names, r.Key); r.key < 0 {
				l.problem = "no column " + r.Key
				return l, nil
			}
		}
		for _, n := range r.TextColumns {
			c := slices.Index(names, n)
			if c < 0 {
				l.problem = "no column " + n
				return l, nil
			}
			r.text = append(r.text, c)
		}
		for c, n := range names {
			if len(r.Only) > 0 && !slices.Contains(r.Only, n) || slices.Contains(r.Ignore, n) {
				continue
			}
			r.relevant = append(r.relevant, c)
		}
		l.rules = append(l.rules, r)
	}
	return l, nil
}

// columnNames finds the names in a table map's optional metadata: a list of
// type, length, value; type 4 holds the names, each behind its length. Empty when
// the server does not log them (binlog_row_metadata other than FULL).
func columnNames(meta []byte) ([]string, error) {
	const columnName = 4
	for len(meta) > 0 {
		kind := meta[0]
		length, _, n := mysql.LengthEncodedInt(meta[1:])
		if n == 0 || uint64(len(meta)-1-n) < length {
			return nil, errTorn
		}
		value := meta[1+n : 1+n+int(length)]
		meta = meta[1+n+int(length):]
		if kind != columnName {
			continue
		}
		var names []string
		for len(value) > 0 {
			name, _, n, err := mysql.LengthEncodedString(value)
			if err != nil {
				return nil, errTorn
			}
			names = append(names, string(name))
			value = value[n:]
		}
		return names, nil
	}
	return nil, nil
}

// mismatch compares a table's present columns with a table map that carries no
// names. Any difference means that the rows may be older or newer than the
// columns: then nothing is read by position.
func mismatch(cols []column, m *replication.TableMapEvent) string {
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
	case "char", "binary", "enum", "set":
		return tp == mysql.MYSQL_TYPE_STRING
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
func (c *Canal) serverColumns(ctx context.Context, table string) ([]column, Position, error) {
	const query = `SELECT COLUMN_NAME, DATA_TYPE, COALESCE(CHARACTER_OCTET_LENGTH, 0), COALESCE(NUMERIC_PRECISION, 0), COALESCE(NUMERIC_SCALE, 0)
		FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`
	rows, err := c.cfg.DB.QueryContext(ctx, query, c.cfg.Database, table)
	if err != nil {
		return nil, Position{}, err
	}
	defer rows.Close()
	var cols []column
	for rows.Next() {
		var col column
		var octets, precision, scale string // unsigned, and huge for LONGTEXT
		if err := rows.Scan(&col.name, &col.dataType, &octets, &precision, &scale); err != nil {
			return nil, Position{}, err
		}
		col.octets, _ = strconv.ParseInt(octets, 10, 64)
		col.precision, _ = strconv.ParseInt(precision, 10, 64)
		col.scale, _ = strconv.ParseInt(scale, 10, 64)
		cols = append(cols, col)
	}
	if err := rows.Err(); err != nil {
		return nil, Position{}, err
	}
	at, err := Here(ctx, c.cfg.DB, c.cfg.Server)
	if err != nil {
		return nil, Position{}, err
	}
	return cols, at, nil
}
