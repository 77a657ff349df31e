package canal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// A row image is a bitmap of NULLs followed by the values of the columns that
// the event carries, back to back. To find a key, or to see whether two images
// differ, values need not be decoded: it is enough to know where each begins
// and ends. That is a fraction of the cost of decoding (the reference for the
// lengths is go-mysql's RowsEvent.decodeValue and the server's log_event.cc).

// width tells how long a column's value is in a row image.
type width struct {
	fixed  int // bytes, when prefix is 0
	prefix int // bytes of the length that stands before the value
}

// columnWidth reads type and meta of a table map entry.
func columnWidth(tp byte, meta uint16) (width, error) {
	tp, length := realType(tp, meta)
	switch tp {
	case mysql.MYSQL_TYPE_TINY, mysql.MYSQL_TYPE_YEAR:
		return width{fixed: 1}, nil
	case mysql.MYSQL_TYPE_SHORT:
		return width{fixed: 2}, nil
	case mysql.MYSQL_TYPE_INT24, mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_NEWDATE, mysql.MYSQL_TYPE_TIME:
		return width{fixed: 3}, nil
	case mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_FLOAT, mysql.MYSQL_TYPE_TIMESTAMP:
		return width{fixed: 4}, nil
	case mysql.MYSQL_TYPE_LONGLONG, mysql.MYSQL_TYPE_DOUBLE, mysql.MYSQL_TYPE_DATETIME:
		return width{fixed: 8}, nil
	case mysql.MYSQL_TYPE_TIMESTAMP2:
		return width{fixed: 4 + (int(meta)+1)/2}, nil
	case mysql.MYSQL_TYPE_DATETIME2:
		return width{fixed: 5 + (int(meta)+1)/2}, nil
	case mysql.MYSQL_TYPE_TIME2:
		return width{fixed: 3 + (int(meta)+1)/2}, nil
	case mysql.MYSQL_TYPE_NEWDECIMAL:
		if meta>>8 < meta&0xFF {
			return width{}, fmt.Errorf("a decimal of %d digits with %d behind the point", meta>>8, meta&0xFF)
		}
		return width{fixed: decimalWidth(int(meta>>8), int(meta&0xFF))}, nil
	case mysql.MYSQL_TYPE_BIT:
		bits := int(meta>>8)*8 + int(meta&0xFF)
		return width{fixed: (bits + 7) / 8}, nil
	case mysql.MYSQL_TYPE_ENUM, mysql.MYSQL_TYPE_SET:
		return width{fixed: length & 0xFF}, nil
	case mysql.MYSQL_TYPE_VARCHAR, mysql.MYSQL_TYPE_VAR_STRING, mysql.MYSQL_TYPE_STRING:
		if length < 256 {
			return width{prefix: 1}, nil
		}
		return width{prefix: 2}, nil
	case mysql.MYSQL_TYPE_TINY_BLOB, mysql.MYSQL_TYPE_BLOB, mysql.MYSQL_TYPE_MEDIUM_BLOB, mysql.MYSQL_TYPE_LONG_BLOB,
		mysql.MYSQL_TYPE_GEOMETRY, mysql.MYSQL_TYPE_JSON, mysql.MYSQL_TYPE_VECTOR:
		if meta < 1 || meta > 4 {
			return width{}, fmt.Errorf("column type %d with a length of %d bytes", tp, meta)
		}
		return width{prefix: int(meta)}, nil
	}
	return width{}, fmt.Errorf("unknown column type %d", tp)
}

// realType tells CHAR, ENUM and SET apart, which share a type code: the real one is
// in the meta bytes, which also carry the two high bits of a long CHAR's length.
func realType(tp byte, meta uint16) (real byte, length int) {
	if tp != mysql.MYSQL_TYPE_STRING || meta < 256 {
		return tp, int(meta)
	}
	b0, b1 := byte(meta>>8), byte(meta)
	if b0&0x30 != 0x30 {
		return b0 | 0x30, int(b1) | int((b0&0x30)^0x30)<<4
	}
	return b0, int(b1)
}

// decimalWidth is the size of a packed DECIMAL(precision, scale): nine digits
// in four bytes, the rest in as few as they need.
func decimalWidth(precision, scale int) int {
	left := [...]int{0, 1, 1, 2, 2, 3, 3, 4, 4, 4}
	whole := precision - scale
	return whole/9*4 + left[whole%9] + scale/9*4 + left[scale%9]
}

// span is where a value lies in the event; start < 0: absent or NULL.
type span struct{ start, end int }

var (
	absent  = span{-1, -1} // the image does not carry the column
	isNull  = span{-2, -2}
	errTorn = errors.New("the row image ends early")
)

func bit(bitmap []byte, i int) bool { return bitmap[i>>3]&(1<<(i&7)) != 0 }

// scanImage finds the values of one row image that starts at pos and returns
// the position behind it. spans has one entry per column of the table.
func scanImage(data []byte, pos int, present []byte, widths []width, spans []span) (int, error) {
	carried := 0
	for i := range widths {
		if bit(present, i) {
			carried++
		}
	}
	nulls := pos
	pos += (carried + 7) / 8
	if pos > len(data) {
		return 0, errTorn
	}
	n := 0
	for i, w := range widths {
		if !bit(present, i) {
			spans[i] = absent
			continue
		}
		null := bit(data[nulls:], n)
		n++
		if null {
			spans[i] = isNull
			continue
		}
		start, length := pos, w.fixed
		if w.prefix > 0 {
			start += w.prefix
			if start > len(data) {
				return 0, errTorn
			}
			switch w.prefix {
			case 1:
				length = int(data[pos])
			case 2:
				length = int(binary.LittleEndian.Uint16(data[pos:]))
			case 3:
				length = int(data[pos]) | int(data[pos+1])<<8 | int(data[pos+2])<<16
			case 4:
				length = int(binary.LittleEndian.Uint32(data[pos:]))
			}
		}
		pos = start + length
		if pos > len(data) {
			return 0, errTorn
		}
		spans[i] = span{start, pos}
	}
	return pos, nil
}

// skipPartial passes over what stands before the image behind an update in a
// PARTIAL_UPDATE_ROWS event (MySQL with binlog_row_value_options=PARTIAL_JSON, for
// tables without JSON columns too): options and, with bit 0 of them, a bitmap of
// the JSON columns that are written as differences. Such a difference has its
// length in front like a whole value.
func skipPartial(data []byte, pos, jsonColumns int) (int, error) {
	if pos >= len(data) || data[pos] > 250 { // options are few: one byte
		return 0, errTorn
	}
	options := data[pos]
	if pos++; options&1 != 0 {
		pos += (jsonColumns + 7) / 8
	}
	if pos > len(data) {
		return 0, errTorn
	}
	return pos, nil
}

// isInteger reports whether a column type is one whose bytes integer can read.
func isInteger(tp byte) bool {
	switch tp {
	case mysql.MYSQL_TYPE_TINY, mysql.MYSQL_TYPE_SHORT, mysql.MYSQL_TYPE_INT24, mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_LONGLONG:
		return true
	}
	return false
}

// integer reads an integer column's bytes. Ids are never negative in the tables
// we watch, so the bytes count as unsigned, which needs no metadata.
func integer(b []byte) int64 {
	var v uint64
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	return int64(v)
}
