package shoptest_test

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"testing"

	"octail/internal/shoptest"
)

// noise are the tables left out when the order of writes is compared.
var noise = map[string]bool{"session": true, "cart": true, "customer_online": true, "upload": true}

var tableMap = regexp.MustCompile(`\((\w+)\.x_(\w+)\)`)

// written runs f and returns what it wrote to the database, read back from the binlog:
// "+table", "~table" or "-table" for each insert, update and delete, in order. Each is
// one group, so the list also shows that nothing was put into a transaction.
func written(t *testing.T, server *shoptest.Server, database string, f func()) []string {
	t.Helper()
	file, start := binlogEnd(t, server)
	f()
	rows, err := server.DB().QueryContext(context.Background(), "SHOW BINLOG EVENTS IN '"+file+"' FROM "+start)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	table, groups := "", 0
	for rows.Next() {
		var name, kind, info string
		var pos, id, end sql.RawBytes
		if err := rows.Scan(&name, &pos, &kind, &id, &end, &info); err != nil {
			t.Fatal(err)
		}
		sign := ""
		switch {
		case kind == "Gtid" || kind == "Anonymous_Gtid":
			groups++
		case kind == "Table_map":
			table = ""
			if m := tableMap.FindStringSubmatch(info); m != nil && m[1] == database && !noise[m[2]] {
				table = m[2]
			} else {
				groups-- // of another database or noise
			}
		case strings.HasPrefix(kind, "Write_rows"):
			sign = "+"
		case strings.HasPrefix(kind, "Update_rows"):
			sign = "~"
		case strings.HasPrefix(kind, "Delete_rows"):
			sign = "-"
		}
		if sign != "" && table != "" {
			list = append(list, sign+table)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if groups != len(list) {
		t.Errorf("%d writes in %d groups, want each in a group of its own", len(list), groups)
	}
	return list
}

// binlogEnd returns the file and position at which the next event will be written.
func binlogEnd(t *testing.T, server *shoptest.Server) (file, pos string) {
	t.Helper()
	rows, err := server.DB().QueryContext(context.Background(), "SHOW BINARY LOGS")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]string, len(columns))
		dest := make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		file, pos = values[0], values[1]
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return file, pos
}
