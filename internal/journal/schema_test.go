package journal

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEveryRowHasASum: the checksum of each table covers all its other columns.
func TestEveryRowHasASum(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schemaSQL); err != nil {
		t.Fatal(err)
	}
	tables, err := texts(t.Context(), db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) != len(sums) || len(tables) < 12 {
		t.Errorf("%d tables, checksums of %d", len(tables), len(sums))
	}
	for _, table := range tables {
		columns, err := texts(t.Context(), db, fmt.Sprintf("SELECT name FROM pragma_table_info('%s') ORDER BY name", table))
		if err != nil {
			t.Fatal(err)
		}
		inside, _ := strings.CutPrefix(sums[table], "octail_sum(")
		covered := strings.Split(strings.TrimSuffix(inside, ")"), ", ")
		slices.Sort(covered)
		if !slices.Equal(columns, covered) { // table_info leaves generated columns out
			t.Errorf("%s has the columns %v, its sum covers %v: a damaged value would not be noticed", table, columns, covered)
		}
	}
}

// TestMarksAreNotSorted: what is asked of the marks goes along an index. Sorting them
// for each batch makes a snapshot quadratic.
func TestMarksAreNotSorted(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schemaSQL); err != nil {
		t.Fatal(err)
	}
	for query, index := range map[string]string{selectMarks + dueMarks: "dirty_next", selectMarks + failingMarks: "dirty_failing", selectMarks + markOf: "PRIMARY KEY", nextMark: "SEARCH dirty USING COVERING INDEX dirty_next"} {
		rows, err := db.Query("EXPLAIN QUERY PLAN "+query, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		if err := each(rows, func() error {
			var id, parent, unused int
			var detail string
			err := rows.Scan(&id, &parent, &unused, &detail)
			plan = append(plan, detail)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if len(plan) != 1 || !strings.Contains(plan[0], index) {
			t.Errorf("%s: the plan is %q, want a walk along %s alone", query, plan, index)
		}
	}
}

// TestRowSum: values that differ in type, length or order have other sums.
func TestRowSum(t *testing.T) {
	seen := map[int64]string{}
	for _, row := range [][]any{
		{}, {nil}, {nil, nil}, {int64(0)}, {int64(1)}, {""}, {"1"}, {[]byte("1")}, {[]byte{}}, {0.0}, {1.0}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {int64(1), int64(2)}, {int64(2), int64(1)},
	} {
		sum, err := rowSum(anyValues(row))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[sum]; ok {
			t.Errorf("%v and %s have the same sum", row, other)
		}
		seen[sum] = fmt.Sprint(row)
	}
	if _, err := rowSum(anyValues([]any{true})); err == nil {
		t.Error("a sum of what SQLite does not know")
	}
}

func anyValues(list []any) []driver.Value {
	out := make([]driver.Value, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
