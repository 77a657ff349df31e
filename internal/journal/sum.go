package journal

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"regexp"
	"strings"

	"modernc.org/sqlite"
)

// SQLite finds a damaged tree, not a damaged value in it. So each row of each
// table has a checksum over its other columns, which SQLite computes at every
// write through this function and which we compare: of all tables but events at
// Open, of events and of what revisions are counted from at each reading.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("octail_sum", -1, func(_ *sqlite.FunctionContext, values []driver.Value) (driver.Value, error) {
		return rowSum(values)
	})
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// rowSum is a CRC-32C over types, lengths and contents.
func rowSum(values []driver.Value) (int64, error) {
	var sum uint32
	add := func(kind byte, n uint64, content []byte) {
		var head [9]byte
		head[0] = kind
		binary.LittleEndian.PutUint64(head[1:], n)
		sum = crc32.Update(crc32.Update(sum, castagnoli, head[:]), castagnoli, content)
	}
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			add('n', 0, nil)
		case int64:
			add('i', uint64(v), nil)
		case float64: // no column is one: it comes of damage
			add('f', math.Float64bits(v), nil)
		case string:
			add('s', uint64(len(v)), []byte(v))
		case []byte:
			add('b', uint64(len(v)), v)
		default:
			return 0, fmt.Errorf("octail_sum of a %T", v)
		}
	}
	return int64(sum), nil
}

// sums holds for each table the expression of its checksum.
var sums = func() map[string]string {
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`(?sm)^CREATE TABLE (\w+) \($.*?AS \((octail_sum\([^)]*\))\) STORED`).FindAllStringSubmatch(schemaSQL, -1) {
		out[m[1]] = m[2]
	}
	return out
}()

// sumOf is the expression for a table that a query knows by another name.
func sumOf(table, alias string) string {
	columns := strings.TrimSuffix(strings.TrimPrefix(sums[table], "octail_sum("), ")")
	return "octail_sum(" + alias + "." + strings.ReplaceAll(columns, ", ", ", "+alias+".") + ")"
}
