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

// TestPlans: what is asked again and again goes along an index, without sorting.
// Sorting marks for each batch would make a snapshot quadratic; looking at all documents,
// or at any event, would make a lane that is behind slow.
func TestPlans(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schemaSQL); err != nil {
		t.Fatal(err)
	}
	const number = "SELECT count(*), min(d.sequence) "
	for query, want := range map[string][]string{
		selectMarks + dueMarks:        {"dirty USING INDEX dirty_next"},
		selectMarks + failingMarks:    {"dirty USING INDEX dirty_failing"},
		selectMarks + markOf:          {"dirty USING PRIMARY KEY"},
		nextMark:                      {"SEARCH dirty USING COVERING INDEX dirty_next"},
		queueOf:                       {"SEARCH d USING INDEX documents_queue (bulk=? AND sequence>? AND sequence<?)", "SEARCH a USING PRIMARY KEY", "SEARCH p USING PRIMARY KEY", "SEARCH x USING INDEX"},
		number + waitLive:             {"SEARCH d USING COVERING INDEX documents_queue (bulk=? AND sequence>?)"},
		number + waitFill:             {"SEARCH d USING COVERING INDEX documents_queue (bulk=? AND sequence>? AND sequence<?)"},
		number + waitBulk:             {"SEARCH d USING COVERING INDEX documents_queue (bulk=? AND sequence>?)"},
		number + waitLive + notTaken:  {"SEARCH d USING INDEX documents_queue", "SEARCH a USING PRIMARY KEY", "SEARCH x USING COVERING INDEX", "SEARCH p USING PRIMARY KEY"},
		selectParked + dueParked:      {"SEARCH parked USING INDEX parked_next (sink=? AND next<?)"},
		selectParked + parkedOf:       {"SEARCH parked USING PRIMARY KEY"},
		nextParked:                    {"SEARCH parked USING COVERING INDEX parked_next"},
		countParked:                   {"SEARCH parked USING COVERING INDEX parked_"},
		countDead:                     {"SCAN dead USING COVERING INDEX dead_reason"},
		selectAccepted + acceptedPage: {"SEARCH a USING PRIMARY KEY (sink=? AND entity=? AND key>?)", "SEARCH d USING PRIMARY KEY", "SEARCH e USING INTEGER PRIMARY KEY"},
		selectAttempts + attemptsOf:   {"SEARCH attempts USING INDEX attempts_entity"},
		triedBefore:                   {"SEARCH attempts USING INDEX attempts_entity"},
		selectAttempts + attemptsFor:  {"SEARCH attempts USING INDEX attempts_range (sink=? AND sequence>?)"},
		oldAttempts:                   {"SEARCH attempts USING INTEGER PRIMARY KEY", "SEARCH attempts USING COVERING INDEX attempts_started"},
		moreOf:                        {"SEARCH attempts USING INTEGER PRIMARY KEY", "SEARCH attempts USING INDEX attempts_entity"},
		selectLinks + linkOf:          {"SEARCH links USING PRIMARY KEY"},
		selectLinks + linksOf:         {"SEARCH links USING PRIMARY KEY"},
		selectLinks + linkedTo:        {"SEARCH links USING INDEX links_target"},
	} {
		rows, err := db.Query("EXPLAIN QUERY PLAN "+query, 1, 1, 1, 1, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		if err := each(rows, func() error {
			var id, parent, unused int
			var detail string
			err := rows.Scan(&id, &parent, &unused, &detail)
			if !strings.Contains(detail, "SUBQUERY") {
				plan = append(plan, detail)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		fits := len(plan) == len(want)
		for i := range min(len(plan), len(want)) {
			fits = fits && strings.Contains(plan[i], want[i])
		}
		if !fits {
			t.Errorf("%s\nthe plan is\n%s\nwant\n%s", query, strings.Join(plan, "\n"), strings.Join(want, "\n"))
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
