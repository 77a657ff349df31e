package canal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
	"pgregory.net/rapid"
)

// namesIn is optional metadata that carries column names.
func namesIn(names ...string) []byte {
	var value []byte
	for _, n := range names {
		value = append(mysql.AppendLengthEncodedInteger(value, uint64(len(n))), n...)
	}
	return entry(4, value)
}

func entry(kind byte, value []byte) []byte {
	return append(mysql.AppendLengthEncodedInteger([]byte{kind}, uint64(len(value))), value...)
}

func TestColumnNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringN(1, 300, 400), 1, 30).Draw(t, "names")
		meta := slices.Concat(entry(1, []byte{0xff}), entry(2, make([]byte, rapid.IntRange(0, 70000).Draw(t, "other"))), namesIn(names...), entry(8, []byte{0}))
		got, err := columnNames(meta)
		if err != nil || !slices.Equal(got, names) {
			t.Fatalf("%q, %v", got, err)
		}
	})
	rapid.Check(t, func(t *rapid.T) { // no bytes make it fail otherwise than by an error
		whole := namesIn("order_id", "note")
		meta := rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 20), rapid.Just(whole[:rapid.IntRange(1, len(whole)-1).Draw(t, "cut")])).Draw(t, "meta")
		_, _ = columnNames(meta)
	})
	for _, torn := range [][]byte{{4}, {4, 5, 1}, {4, 0xfc}, {4, 0xfc, 1}, {4, 0xfd, 1, 1}, {4, 0xfe, 1}, {4, 2, 9, 'a'}, {4, 0xfb}, namesIn("order_id")[:8]} {
		if got, err := columnNames(torn); err == nil {
			t.Errorf("% x: %q, want an error", torn, got)
		}
	}
	for _, none := range [][]byte{nil, entry(1, []byte{1, 2})} {
		if got, err := columnNames(none); err != nil || got != nil {
			t.Errorf("% x: %q, %v", none, got, err)
		}
	}
}

// orderMap is a table map of (order_id INT, customer_id INT, note VARCHAR(40)).
func orderMap() *replication.TableMapEvent {
	return &replication.TableMapEvent{ColumnCount: 3, ColumnType: []byte{mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_VARCHAR}, ColumnMeta: []uint16{0, 0, 160}}
}

var orderColumns = []column{{name: "order_id", dataType: "int"}, {name: "customer_id", dataType: "int"}, {name: "note", dataType: "varchar", octets: 160}}

func TestNewLayout(t *testing.T) {
	table := Table{Name: "orders", Rules: []Rule{
		{Target: "order", Key: "ORDER_ID", Ignore: []string{"Note", "nowhere"}},
		{Target: "customer", Key: "customer_id", Only: []string{"customer_id", "nowhere"}},
		{Target: "text", TextColumns: []string{"note"}, Resolve: func([]string) (int64, bool) { return 0, false }},
		{Target: "all"},
	}}
	named := namesIn("order_id", "customer_id", "note")
	wide := orderMap()
	wide.ColumnType[0] = 140 // a compressed blob of MariaDB
	text := orderMap()
	text.ColumnType[0], text.ColumnMeta[0] = mysql.MYSQL_TYPE_VARCHAR, 40
	for _, c := range []struct {
		name string
		m    *replication.TableMapEvent
		meta []byte
		now  []column
		want string // part of the problem
	}{
		{"names in the log", orderMap(), named, nil, ""},
		{"names in any case", orderMap(), namesIn("Order_ID", "CUSTOMER_ID", "NOTE"), nil, ""},
		{"names of now", orderMap(), nil, orderColumns, ""},
		{"names of now, other metadata in the log", orderMap(), entry(1, []byte{0}), orderColumns, ""},
		{"a column more now", orderMap(), nil, append(slices.Clone(orderColumns), column{name: "x", dataType: "int"}), "3 columns, the table 4"},
		{"another type now", orderMap(), nil, []column{orderColumns[0], orderColumns[2], orderColumns[1]}, "column 2 (note varchar now)"},
		{"longer now", orderMap(), nil, []column{orderColumns[0], orderColumns[1], {name: "note", dataType: "varchar", octets: 200}}, "column 3"},
		{"not there or not granted", orderMap(), nil, nil, "may not be seen"},
		{"fewer names than columns", orderMap(), namesIn("order_id", "note"), nil, "cannot be read"},
		{"torn names", orderMap(), []byte{4, 9, 1}, nil, "cannot be read"},
		{"no key", orderMap(), namesIn("id", "customer_id", "note"), nil, "no column ORDER_ID"},
		{"no text column", orderMap(), namesIn("order_id", "customer_id", "remark"), nil, "no column note"},
		{"key is text", text, named, nil, "ORDER_ID is no integer"},
		{"unknown type", wide, named, nil, "column order_id: unknown column type 140"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := newLayout(t.Context(), &table, shape{c.m, c.meta}, func(context.Context, string) ([]column, error) { return c.now, nil })
			if err != nil {
				t.Fatal(err)
			}
			if c.want != "" {
				if !strings.Contains(l.problem, c.want) {
					t.Errorf("problem %q, want %q", l.problem, c.want)
				}
				return
			}
			if l.problem != "" {
				t.Fatal(l.problem)
			}
			r := l.rules
			if r[0].key != 0 || !slices.Equal(r[0].relevant, []int{0, 1}) || r[1].key != 1 || !slices.Equal(r[1].relevant, []int{1}) ||
				r[2].key != -1 || !slices.Equal(r[2].text, []int{2}) || r[3].key != -1 || !slices.Equal(r[3].relevant, []int{0, 1, 2}) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestResolve: the server is asked for columns once for each shape, again after a
// statement on the table, and its failure is not taken for an answer.
func TestResolve(t *testing.T) {
	asked, failing := 0, errors.New("gone away")
	var fail error
	source := func(context.Context, string) ([]column, error) {
		asked++
		return orderColumns, fail
	}
	w := &table{Table: Table{Name: "orders", Rules: []Rule{{Target: "order", Key: "order_id"}}}}
	resolve := func(m *replication.TableMapEvent, meta []byte, wantAsked int) {
		t.Helper()
		l, err := w.resolve(t.Context(), shape{m, meta}, source)
		if err != nil || l.problem != "" {
			t.Fatal(err, l)
		}
		if asked != wantAsked {
			t.Errorf("the server was asked %d times, want %d", asked, wantAsked)
		}
	}
	same := orderMap()
	resolve(same, nil, 1)
	resolve(same, nil, 1)
	resolve(orderMap(), nil, 1)                                        // the next statement
	resolve(orderMap(), namesIn("order_id", "customer_id", "note"), 1) // metadata switched to FULL
	resolve(orderMap(), nil, 2)                                        // and back
	if w.forget(); w.current != nil {
		t.Error("the layout is still there")
	}
	resolve(orderMap(), nil, 3)
	w.forget()
	fail = failing
	if _, err := w.resolve(t.Context(), shape{orderMap(), nil}, source); !errors.Is(err, failing) {
		t.Errorf("got %v", err)
	}
	fail = nil
	resolve(orderMap(), nil, 5)
}

func TestMatches(t *testing.T) {
	enum, set := uint16(mysql.MYSQL_TYPE_ENUM)<<8|1, uint16(mysql.MYSQL_TYPE_SET)<<8|1
	char := uint16(mysql.MYSQL_TYPE_STRING)<<8 | 40
	for _, c := range []struct {
		column column
		tp     byte
		meta   uint16
		want   bool
	}{
		{column{dataType: "int"}, mysql.MYSQL_TYPE_LONG, 0, true},
		{column{dataType: "int"}, mysql.MYSQL_TYPE_LONGLONG, 0, false},
		{column{dataType: "tinyint"}, mysql.MYSQL_TYPE_TINY, 0, true},
		{column{dataType: "decimal", precision: 15, scale: 4}, mysql.MYSQL_TYPE_NEWDECIMAL, 15<<8 | 4, true},
		{column{dataType: "decimal", precision: 15, scale: 4}, mysql.MYSQL_TYPE_NEWDECIMAL, 15<<8 | 8, false},
		{column{dataType: "varchar", octets: 160}, mysql.MYSQL_TYPE_VARCHAR, 160, true},
		{column{dataType: "varchar", octets: 160}, mysql.MYSQL_TYPE_VARCHAR, 256, false},
		{column{dataType: "char", octets: 40}, mysql.MYSQL_TYPE_STRING, char, true},
		{column{dataType: "char", octets: 41}, mysql.MYSQL_TYPE_STRING, char, false},
		{column{dataType: "char", octets: 40}, mysql.MYSQL_TYPE_STRING, enum, false},
		{column{dataType: "enum"}, mysql.MYSQL_TYPE_STRING, enum, true},
		{column{dataType: "enum"}, mysql.MYSQL_TYPE_STRING, set, false},
		{column{dataType: "set"}, mysql.MYSQL_TYPE_STRING, set, true},
		{column{dataType: "text"}, mysql.MYSQL_TYPE_BLOB, 2, true},
		{column{dataType: "text"}, mysql.MYSQL_TYPE_BLOB, 4, false},
		{column{dataType: "json"}, mysql.MYSQL_TYPE_JSON, 4, true},
		{column{dataType: "datetime"}, mysql.MYSQL_TYPE_DATETIME2, 0, true},
		{column{dataType: "datetime"}, mysql.MYSQL_TYPE_TIMESTAMP2, 0, false},
		{column{dataType: "geometry"}, mysql.MYSQL_TYPE_GEOMETRY, 4, true},
		{column{dataType: "geometry"}, 140, 0, false},
	} {
		if got := c.column.matches(c.tp, c.meta); got != c.want {
			t.Errorf("%+v as %d/%d: %v", c.column, c.tp, c.meta, got)
		}
	}
}
