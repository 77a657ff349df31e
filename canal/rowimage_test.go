package canal

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// columnType is a column as a table map describes it.
type columnType struct {
	tp   byte
	meta uint16
}

// witness is go-mysql's own decoder, for rows events made here. Its parser
// demands whole events, so they are.
type witness struct{ parser *replication.BinlogParser }

func newWitness(t fataler) *witness {
	w := &witness{replication.NewBinlogParser()}
	w.parser.SetTimestampStringLocation(time.UTC)
	body := binary.LittleEndian.AppendUint16(nil, 4)
	body = append(body, "8.0.30"...)
	body = append(body, make([]byte, 50-len("8.0.30")+4)...)
	lengths := make([]byte, replication.GTID_TAGGED_LOG_EVENT)
	for tp, length := range map[replication.EventType]byte{replication.TABLE_MAP_EVENT: 8, replication.WRITE_ROWS_EVENTv2: 10, replication.UPDATE_ROWS_EVENTv2: 10, replication.PARTIAL_UPDATE_ROWS_EVENT: 10} {
		lengths[tp-1] = length
	}
	body = append(append(append(body, 19), lengths...), 0, 0, 0, 0, 0)
	w.parse(t, replication.FORMAT_DESCRIPTION_EVENT, body)
	return w
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func (w *witness) parse(t fataler, tp replication.EventType, body []byte) replication.Event {
	t.Helper()
	header := make([]byte, replication.EventHeaderSize)
	header[4] = byte(tp)
	binary.LittleEndian.PutUint32(header[9:], uint32(len(header)+len(body)))
	e, err := w.parser.Parse(append(header, body...))
	if err != nil {
		t.Fatalf("the library cannot read the test's own %s: %v", tp, err)
	}
	return e.Event
}

func (w *witness) tableMap(t fataler, columns []columnType, optional []byte) *replication.TableMapEvent {
	t.Helper()
	body := []byte{1, 0, 0, 0, 0, 0, 0, 0, 1, 'd', 0, 1, 't', 0}
	body = append(body, mysql.PutLengthEncodedInt(uint64(len(columns)))...)
	var metas []byte
	for _, c := range columns {
		body = append(body, c.tp)
		switch c.tp {
		case mysql.MYSQL_TYPE_STRING, mysql.MYSQL_TYPE_NEWDECIMAL:
			metas = append(metas, byte(c.meta>>8), byte(c.meta))
		case mysql.MYSQL_TYPE_VARCHAR, mysql.MYSQL_TYPE_VAR_STRING, mysql.MYSQL_TYPE_BIT:
			metas = append(metas, byte(c.meta), byte(c.meta>>8))
		case mysql.MYSQL_TYPE_BLOB, mysql.MYSQL_TYPE_DOUBLE, mysql.MYSQL_TYPE_FLOAT, mysql.MYSQL_TYPE_GEOMETRY, mysql.MYSQL_TYPE_VECTOR,
			mysql.MYSQL_TYPE_JSON, mysql.MYSQL_TYPE_TIME2, mysql.MYSQL_TYPE_DATETIME2, mysql.MYSQL_TYPE_TIMESTAMP2:
			metas = append(metas, byte(c.meta))
		}
	}
	body = append(append(body, mysql.PutLengthEncodedInt(uint64(len(metas)))...), metas...)
	body = append(body, bytes.Repeat([]byte{0xff}, (len(columns)+7)/8)...)
	return w.parse(t, replication.TABLE_MAP_EVENT, append(body, optional...)).(*replication.TableMapEvent)
}

// rows decodes row images; with two bitmaps they are those of updates.
func (w *witness) rows(t fataler, columns []columnType, partial bool, bitmaps [][]byte, data []byte) *replication.RowsEvent {
	t.Helper()
	w.tableMap(t, columns, nil)
	body := []byte{1, 0, 0, 0, 0, 0, 1, 0, 2, 0}
	body = append(body, mysql.PutLengthEncodedInt(uint64(len(columns)))...)
	for _, b := range bitmaps {
		body = append(body, b...)
	}
	tp := replication.WRITE_ROWS_EVENTv2
	if len(bitmaps) == 2 {
		tp = replication.UPDATE_ROWS_EVENTv2
	}
	if partial {
		tp = replication.PARTIAL_UPDATE_ROWS_EVENT
	}
	return w.parse(t, tp, append(body, data...)).(*replication.RowsEvent)
}

// agree makes sure that scanImage finds in data what the library decodes from it:
// the same columns absent and NULL, and each value exactly where the library,
// given these bytes alone, reads the same value to their end.
func (w *witness) agree(t fataler, columns []columnType, partial bool, bitmaps [][]byte, data []byte) {
	t.Helper()
	event := w.rows(t, columns, partial, bitmaps, data)
	var widths []width
	json := 0
	for _, c := range columns {
		width, err := columnWidth(c.tp, c.meta)
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		widths = append(widths, width)
		if c.tp == mysql.MYSQL_TYPE_JSON {
			json++
		}
	}
	pos, spans := 0, make([]span, len(columns))
	for n, row := range event.Rows {
		behind := n%len(bitmaps) == 1
		var err error
		if behind && partial {
			if pos, err = skipPartial(data, pos, json); err != nil {
				t.Fatalf("image %d: %v", n, err)
			}
		}
		if pos, err = scanImage(data, pos, bitmaps[n%len(bitmaps)], widths, spans); err != nil {
			t.Fatalf("image %d: %v", n, err)
		}
		for i, at := range spans {
			skipped := slices.Contains(event.SkippedColumns[n], i)
			switch {
			case skipped != (at == absent), !skipped && (row[i] == nil) != (at == isNull):
				t.Errorf("image %d, column %d %v: %v, but the library has %v, absent %v", n, i, columns[i], at, row[i], skipped)
			case at.start >= 0:
				if _, isDiff := row[i].(*replication.JsonDiff); isDiff {
					continue // a difference cannot be decoded alone; what follows it is in place
				}
				value := append([]byte{0}, data[at.start-widths[i].prefix:at.end]...)
				alone := w.rows(t, columns[i:i+1], false, [][]byte{{0xff}}, value)
				if len(alone.Rows) != 1 || fmt.Sprint(alone.Rows[0][0]) != fmt.Sprint(row[i]) {
					t.Errorf("image %d, column %d %v: found % x, which is %v, not %v", n, i, columns[i], value[1:], alone.Rows, row[i])
				}
			}
		}
	}
	if pos != len(data) {
		t.Errorf("%d of %d bytes used", pos, len(data))
	}
}

// drawColumn is any column a table map can describe.
func drawColumn(t *rapid.T) columnType {
	plain := []byte{mysql.MYSQL_TYPE_TINY, mysql.MYSQL_TYPE_SHORT, mysql.MYSQL_TYPE_INT24, mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_LONGLONG, mysql.MYSQL_TYPE_YEAR,
		mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_TIME, mysql.MYSQL_TYPE_DATETIME, mysql.MYSQL_TYPE_TIMESTAMP}
	number := func(label string, from, to int) uint16 { return uint16(rapid.IntRange(from, to).Draw(t, label)) }
	switch rapid.IntRange(0, 10).Draw(t, "kind of column") {
	case 0:
		return columnType{mysql.MYSQL_TYPE_FLOAT, 4}
	case 1:
		return columnType{mysql.MYSQL_TYPE_DOUBLE, 8}
	case 2:
		precision := number("precision", 1, 65)
		return columnType{mysql.MYSQL_TYPE_NEWDECIMAL, precision<<8 | number("scale", 0, min(30, int(precision)))}
	case 3:
		return columnType{rapid.SampledFrom([]byte{mysql.MYSQL_TYPE_TIME2, mysql.MYSQL_TYPE_DATETIME2, mysql.MYSQL_TYPE_TIMESTAMP2}).Draw(t, "time"), number("fraction", 0, 6)}
	case 4:
		bits := number("bits", 1, 64)
		return columnType{mysql.MYSQL_TYPE_BIT, bits/8<<8 | bits%8}
	case 5:
		return columnType{rapid.SampledFrom([]byte{mysql.MYSQL_TYPE_VARCHAR, mysql.MYSQL_TYPE_VAR_STRING}).Draw(t, "varchar"), number("octets", 0, 65535)}
	case 6:
		octets := number("octets", 0, 1020)
		return columnType{mysql.MYSQL_TYPE_STRING, (uint16(mysql.MYSQL_TYPE_STRING)^octets&0x300>>4)<<8 | octets&0xff}
	case 7:
		return columnType{mysql.MYSQL_TYPE_STRING, uint16(mysql.MYSQL_TYPE_ENUM)<<8 | number("bytes", 1, 2)}
	case 8:
		return columnType{mysql.MYSQL_TYPE_STRING, uint16(mysql.MYSQL_TYPE_SET)<<8 | rapid.SampledFrom([]uint16{1, 2, 3, 4, 8}).Draw(t, "bytes")}
	case 9:
		return columnType{rapid.SampledFrom([]byte{mysql.MYSQL_TYPE_BLOB, mysql.MYSQL_TYPE_GEOMETRY, mysql.MYSQL_TYPE_JSON, mysql.MYSQL_TYPE_VECTOR}).Draw(t, "blob"), number("bytes of length", 1, 4)}
	}
	return columnType{rapid.SampledFrom(plain).Draw(t, "type"), 0}
}

// drawValue is a column's bytes in a row image, length in front. The widths are
// written down here once more, as the manual has them.
func drawValue(t *rapid.T, c columnType) []byte {
	some := func(n int) []byte { return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "bytes") }
	counted := func(prefix int, value []byte) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, uint64(len(value)))[:prefix], value...)
	}
	fraction := []int{0, 1, 1, 2, 2, 3, 3}
	switch c.tp {
	case mysql.MYSQL_TYPE_TINY, mysql.MYSQL_TYPE_YEAR:
		return some(1)
	case mysql.MYSQL_TYPE_SHORT:
		return some(2)
	case mysql.MYSQL_TYPE_INT24, mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_TIME:
		return some(3)
	case mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_FLOAT, mysql.MYSQL_TYPE_TIMESTAMP:
		return some(4)
	case mysql.MYSQL_TYPE_LONGLONG, mysql.MYSQL_TYPE_DOUBLE, mysql.MYSQL_TYPE_DATETIME:
		return some(8)
	case mysql.MYSQL_TYPE_TIME2:
		return some(3 + fraction[c.meta])
	case mysql.MYSQL_TYPE_DATETIME2:
		return some(5 + fraction[c.meta])
	case mysql.MYSQL_TYPE_TIMESTAMP2:
		return some(4 + fraction[c.meta])
	case mysql.MYSQL_TYPE_NEWDECIMAL:
		var value []byte // groups of nine digits in four bytes, what is left over in as few as it needs
		group := func(digits int) {
			n := rapid.Uint32Range(0, uint32(math.Pow10(digits))-1).Draw(t, "digits")
			bytes := []int{0, 1, 1, 2, 2, 3, 3, 4, 4, 4}[digits]
			value = append(value, binary.BigEndian.AppendUint32(nil, n)[4-bytes:]...)
		}
		whole, scale := int(c.meta>>8-c.meta&0xff), int(c.meta&0xff)
		group(whole % 9)
		for range whole/9 + scale/9 {
			group(9)
		}
		group(scale % 9)
		value[0] |= 0x80
		if rapid.Bool().Draw(t, "negative") {
			for i := range value {
				value[i] = ^value[i]
			}
		}
		return value
	case mysql.MYSQL_TYPE_BIT:
		bits := int(c.meta>>8)*8 + int(c.meta&0xff)
		return some((bits + 7) / 8)
	case mysql.MYSQL_TYPE_JSON:
		return counted(int(c.meta), rapid.SampledFrom([][]byte{{4, 0}, {4, 1}, {5, 7, 0}, {12, 3, 'a', 'b', 'c'}}).Draw(t, "json"))
	case mysql.MYSQL_TYPE_BLOB, mysql.MYSQL_TYPE_GEOMETRY, mysql.MYSQL_TYPE_VECTOR:
		return counted(int(c.meta), some(rapid.SampledFrom([]int{0, 1, 200, 255}).Draw(t, "length")))
	case mysql.MYSQL_TYPE_STRING:
		switch real := byte(c.meta >> 8); real {
		case mysql.MYSQL_TYPE_ENUM, mysql.MYSQL_TYPE_SET:
			return some(int(c.meta & 0xff))
		default:
			octets := int(c.meta&0xff) | int((real&0x30)^0x30)<<4
			if octets > 255 {
				return counted(2, some(rapid.SampledFrom([]int{0, 1, min(octets, 300)}).Draw(t, "length")))
			}
			return counted(1, some(rapid.IntRange(0, octets).Draw(t, "length")))
		}
	}
	if c.meta > 255 { // a VARCHAR
		return counted(2, some(rapid.SampledFrom([]int{0, 1, min(int(c.meta), 300)}).Draw(t, "length")))
	}
	return counted(1, some(rapid.IntRange(0, int(c.meta)).Draw(t, "length")))
}

// TestScanImage: for any table, any columns left out and any NULLs, the spans are
// those that the library's decoder consumes.
func TestScanImage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SliceOfN(rapid.Custom(drawColumn), 1, 20).Draw(t, "columns")
		var bitmaps [][]byte
		for range rapid.IntRange(1, 2).Draw(t, "images") {
			b := rapid.SliceOfN(rapid.Byte(), (len(columns)+7)/8, (len(columns)+7)/8).Draw(t, "bitmap")
			b[0] |= 1 // an image that carries nothing has no bytes, and the library no row
			bitmaps = append(bitmaps, b)
		}
		partial := len(bitmaps) == 2 && rapid.Bool().Draw(t, "partial")
		var data []byte
		for range rapid.IntRange(1, 3).Draw(t, "rows") {
			for n, bitmap := range bitmaps {
				if partial && n == 1 {
					data = append(data, 0)
				}
				var nulls []bool
				var values []byte
				for i, c := range columns {
					if !bit(bitmap, i) {
						continue
					}
					null := rapid.Bool().Draw(t, "null")
					if nulls = append(nulls, null); !null {
						values = append(values, drawValue(t, c)...)
					}
				}
				head := make([]byte, (len(nulls)+7)/8)
				for i, null := range nulls {
					if null {
						head[i/8] |= 1 << (i % 8)
					}
				}
				data = append(append(data, head...), values...)
			}
		}
		newWitness(t).agree(t, columns, partial, bitmaps, data)
	})
}

// TestScanImageTorn: bytes that are no row image are refused, never read past.
func TestScanImageTorn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SliceOfN(rapid.Custom(drawColumn), 1, 20).Draw(t, "columns")
		var widths []width
		for _, c := range columns {
			w, err := columnWidth(c.tp, c.meta)
			if err != nil {
				t.Fatal(err)
			}
			widths = append(widths, w)
		}
		bitmap := rapid.SliceOfN(rapid.Byte(), (len(columns)+7)/8, (len(columns)+7)/8).Draw(t, "bitmap")
		data := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "data")
		spans := make([]span, len(columns))
		pos, err := scanImage(data, 0, bitmap, widths, spans)
		if err != nil {
			return
		}
		if pos > len(data) {
			t.Fatalf("%d of %d bytes used", pos, len(data))
		}
		for _, s := range spans {
			if s.start >= 0 && (s.end < s.start || s.end > pos) {
				t.Fatalf("span %v outside of %d bytes", s, pos)
			}
		}
	})
}

func TestColumnWidthUnknown(t *testing.T) {
	for _, c := range []columnType{{mysql.MYSQL_TYPE_DECIMAL, 0}, {mysql.MYSQL_TYPE_NULL, 0}, {140, 0}, {141, 0}, {mysql.MYSQL_TYPE_BLOB, 0}, {mysql.MYSQL_TYPE_BLOB, 5}, {mysql.MYSQL_TYPE_NEWDECIMAL, 5<<8 | 10}} {
		if w, err := columnWidth(c.tp, c.meta); err == nil {
			t.Errorf("type %d, meta %d: %+v, want an error", c.tp, c.meta, w)
		}
	}
}

func TestInteger(t *testing.T) {
	for want, b := range map[int64][]byte{0: {0}, 255: {255}, 258: {2, 1}, 1 << 23: {0, 0, 128}, 4_000_000_000: {0, 0x28, 0x6b, 0xee}, 1 << 40: {0, 0, 0, 0, 0, 1, 0, 0}} {
		if got := integer(b); got != want {
			t.Errorf("% x is %d, want %d", b, got, want)
		}
	}
}

func TestSkipPartial(t *testing.T) {
	for _, c := range []struct {
		data []byte
		json int
		want int // -1: refused
	}{{[]byte{0, 9}, 3, 1}, {[]byte{1, 9}, 0, 1}, {[]byte{1, 9, 9}, 1, 2}, {[]byte{1, 9, 9}, 9, 3}, {[]byte{1, 9}, 9, -1}, {nil, 0, -1}, {[]byte{0xfc, 0, 0}, 0, -1}} {
		got, err := skipPartial(c.data, 0, c.json)
		if err != nil {
			got = -1
		}
		if got != c.want {
			t.Errorf("% x with %d JSON columns: %d, want %d", c.data, c.json, got, c.want)
		}
	}
}

// everyType is a column of each type there is, by flavor.
var everyType = map[string][]string{
	"": {"TINYINT", "SMALLINT UNSIGNED", "MEDIUMINT", "INT", "BIGINT UNSIGNED", "FLOAT", "DOUBLE", "DECIMAL(15,4)", "DECIMAL(65,30)", "DECIMAL(3,3)", "DECIMAL(9,0)",
		"DATE", "TIME", "TIME(3)", "DATETIME", "DATETIME(1)", "DATETIME(6)", "TIMESTAMP NULL", "TIMESTAMP(4) NULL", "YEAR", "BIT(1)", "BIT(12)", "BIT(64)",
		"CHAR(3)", "CHAR(255)", "CHAR(255) CHARACTER SET latin1", "BINARY(5)", "BINARY(255)", "VARCHAR(10)", "VARCHAR(63)", "VARCHAR(64)", "VARCHAR(2000)", "VARCHAR(300) CHARACTER SET latin1", "VARBINARY(255)", "VARBINARY(256)",
		"ENUM('a','b')", "ENUM('v0'" + manyValues(300) + ")", "SET('a','b')", "SET('v0'" + manyValues(20) + ")", "SET('v0'" + manyValues(60) + ")",
		"TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "JSON", "POINT", "GEOMETRY",
		"INT GENERATED ALWAYS AS (1 + 1) VIRTUAL", "INT GENERATED ALWAYS AS (2 + 1) STORED"},
	shoptest.MariaDB: {"INET6", "UUID"},
	shoptest.MySQL:   {"VECTOR(4)", "INT INVISIBLE"},
}

func manyValues(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",'v%d'", i+1)
	}
	return b.String()
}

// values are for a type, as SQL.
func valuesFor(column string) []string {
	word, _, _ := strings.Cut(column, "(")
	word, _, _ = strings.Cut(word, " ")
	switch {
	case strings.Contains(column, "GENERATED"):
		return []string{"DEFAULT"}
	case word == "DECIMAL":
		return []string{"0", "-0.001", "0.123"}
	case word != "POINT" && strings.HasSuffix(word, "INT"), word == "BIT", word == "FLOAT", word == "DOUBLE":
		return []string{"0", "1"}
	case word == "YEAR":
		return []string{"2026", "0"}
	case word == "DATE", word == "DATETIME", word == "TIMESTAMP":
		return []string{"'2026-11-22 01:02:03.456789'", "'1971-01-01 00:00:00'"}
	case word == "TIME":
		return []string{"'-12:30:00.125'", "'00:00:00'"}
	case word == "ENUM", word == "SET":
		return []string{"1", "2"}
	case word == "JSON":
		return []string{`'{"a": [1, 2.5, null, "x"]}'`, "'[]'"}
	case word == "POINT", word == "GEOMETRY":
		return []string{"POINT(1, 2)"}
	case word == "INET6":
		return []string{"'::1'"}
	case word == "UUID":
		return []string{"'123e4567-e89b-12d3-a456-426655440000'"}
	case word == "VECTOR":
		return []string{"STRING_TO_VECTOR('[1,2,3,4]')"}
	case strings.HasSuffix(word, "BLOB"), strings.HasSuffix(word, "TEXT"), column == "VARCHAR(2000)", column == "VARBINARY(256)":
		return []string{"''", "'a'", "REPEAT('b', 250)"}
	}
	return []string{"''", "'abc'"}
}

// TestEveryType: what servers write for each of their types is cut up right, in
// whole and in partial images, and the types are recognised by name.
func TestEveryType(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			server := map[string]func(testing.TB) *shoptest.Server{shoptest.MariaDB: shoptesting.MariaDB, shoptest.MySQL: shoptesting.MySQL}[flavor](t)
			types := slices.Concat(everyType[""], everyType[flavor])
			if flavor == shoptest.MariaDB {
				types = slices.DeleteFunc(types, func(s string) bool { return s == "UUID" && strings.HasPrefix(server.Version(), "10.5.") })
			}
			var script strings.Builder
			script.WriteString("CREATE TABLE every (id INT PRIMARY KEY")
			for i, c := range types {
				fmt.Fprintf(&script, ", c%d %s", i, c)
			}
			script.WriteString(") ENGINE=InnoDB ROW_FORMAT=DYNAMIC; SET sql_mode = '';")
			for row := range 4 {
				fmt.Fprintf(&script, "INSERT INTO every VALUES (%d", row)
				for i, c := range types {
					values := valuesFor(c)
					if (row+i)%4 == 3 && values[0] != "DEFAULT" {
						script.WriteString(", NULL")
					} else {
						script.WriteString(", " + values[row%len(values)])
					}
				}
				script.WriteString(");")
			}
			if flavor == shoptest.MySQL { // which an INSERT without columns leaves out
				text := strings.ReplaceAll(script.String(), "INSERT INTO every VALUES", "INSERT INTO every ("+names(len(types))+") VALUES")
				script.Reset()
				script.WriteString(text)
			}
			for i, image := range []string{"FULL", "MINIMAL", "NOBLOB"} {
				change := func(column, value string) string { return fmt.Sprintf("c%d = %s", slices.Index(types, column), value) }
				fmt.Fprintf(&script, "SET binlog_row_image = %s; UPDATE every SET %s, %s, %s, %s;", image,
					change("INT", fmt.Sprint(100+i)), change("VARCHAR(2000)", "'changed'"), change("MEDIUMTEXT", "NULL"), change("JSON", `'{"b": 1}'`))
			}
			script.WriteString("DELETE FROM every WHERE id = 1;")
			p := newPlace(t, server, "")
			from := p.here()
			p.sql(script.String())

			w := newWitness(t)
			events := 0
			var shape *replication.TableMapEvent
			collect(t, p, from, func(e *replication.RowsEvent, partial bool, data []byte) {
				var columns []columnType
				for i, tp := range e.Table.ColumnType {
					columns = append(columns, columnType{tp, e.Table.ColumnMeta[i]})
				}
				bitmaps := [][]byte{e.ColumnBitmap1}
				if e.ColumnBitmap2 != nil {
					bitmaps = append(bitmaps, e.ColumnBitmap2)
				}
				w.agree(t, columns, partial, bitmaps, data)
				shape = e.Table
				events++
			})
			if events != 4+3+1 {
				t.Errorf("%d events, want 8", events)
			}

			cfg := p.config(nil)
			cfg.Metrics = NewMetrics(prometheus.NewRegistry())
			c, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			now, err := c.serverColumns(t.Context(), "every")
			if err != nil {
				t.Fatal(err)
			}
			if problem := mismatch(now, shape); problem != "" {
				t.Errorf("the table's own columns do not match: %s", problem)
			}
			for i := range now { // any two that differ in type are told apart, but for those of one width
				for j := range now {
					a, b := columnType{shape.ColumnType[i], shape.ColumnMeta[i]}, columnType{shape.ColumnType[j], shape.ColumnMeta[j]}
					if now[i].matches(b.tp, b.meta) == (a == b) {
						continue
					}
					wa, _ := columnWidth(a.tp, a.meta)
					wb, _ := columnWidth(b.tp, b.meta)
					if a == b || wa != wb && !loose(now[i].dataType) {
						t.Errorf("column %s (%s) as %v: matches %v", now[i].name, now[i].dataType, b, now[i].matches(b.tp, b.meta))
					}
				}
			}
		})
	}
}

// loose reports whether matches takes any column for one of the type: those that
// OpenCart tables do not have.
func loose(dataType string) bool {
	return slices.Contains([]string{"year", "bit", "point", "geometry", "inet6", "uuid", "vector", "time", "datetime", "timestamp", "enum", "set"}, dataType)
}

func names(n int) string {
	list := []string{"id"}
	for i := range n {
		list = append(list, fmt.Sprintf("c%d", i))
	}
	return strings.Join(list, ", ")
}

// collect reads the rows events of the place's database from a position to the
// log's present end.
func collect(t *testing.T, p *place, from Position, each func(e *replication.RowsEvent, partial bool, data []byte)) {
	t.Helper()
	end := p.here()
	host, port, err := endpoint(p.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	syncer := replication.NewBinlogSyncer(replication.BinlogSyncerConfig{ServerID: 4712, Flavor: p.id.Flavor, Host: host, Port: port, User: "root", Logger: discard, DisableRetrySync: true, DiscardGTIDSet: true,
		TableMapOptionalMetaDecodeFunc: func([]byte) error { return nil },
		RowsEventDecodeFunc: func(e *replication.RowsEvent, data []byte) error {
			pos, err := e.DecodeHeader(data)
			if err == nil && string(e.Table.Schema) == p.database {
				each(e, false, data[pos:])
			}
			return err
		}})
	defer syncer.Close()
	stream, err := syncer.StartSync(mysql.Position{Name: from.File, Pos: uint32(from.Offset)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		e, err := stream.GetEvent(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if uint64(e.Header.LogPos) >= end.Offset {
			return
		}
	}
}
