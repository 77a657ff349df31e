package shop_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"octail/internal/shop"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

func (i *installation) summer() (*shop.Summer, *shop.Layout) {
	i.t.Helper()
	l, err := i.Layout(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	s, err := i.Summer(i.t.Context(), l)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(s.Close)
	return s, l
}

func (i *installation) sums(s *shop.Summer, q shop.Scan, after, upTo *int64) []shop.Summed {
	i.t.Helper()
	out, err := s.Sums(i.t.Context(), q, after, upTo)
	if err != nil {
		i.t.Fatal(err)
	}
	return out
}

const summed = "CREATE TABLE oc_t (id INT AUTO_INCREMENT PRIMARY KEY, k INT, a VARCHAR(20) CHARACTER SET latin1, b VARCHAR(20) CHARACTER SET utf8mb4, c DECIMAL(15,4), d DATETIME, e LONGTEXT, ip VARCHAR(40), KEY k (k)) CHARACTER SET utf8mb4"

// TestSums: of many keys with random rows, two have the same sum when, and only when,
// their rows say the same, in whatever order and with whatever ids they were written.
// The values are those that are easily taken for each other.
func TestSums(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, summed)
		random := rand.New(rand.NewPCG(5, 6))
		pick := func(list ...string) string { return list[random.IntN(len(list))] }
		text := func() string { return pick("NULL", "''", "'-'", "'a'", "'A'", "'a '", "'ä'", "'1:a'", "'0'") }
		const keys = 400
		model := make([]string, keys+1)
		var script strings.Builder
		var rows []string
		for k := 1; k <= keys; k++ {
			if k > 1 && random.IntN(5) == 0 { // those of the key before, written in another order
				random.Shuffle(len(rows), func(x, y int) { rows[x], rows[y] = rows[y], rows[x] })
			} else {
				rows = nil
				for range 1 + random.IntN(3) {
					row := fmt.Sprintf("%s, %s, %s, %s, %s", text(), text(), pick("0", "1", "-1", "NULL"), pick("'0000-00-00 00:00:00'", "'2026-11-22 00:00:00'"), pick("NULL", "''", "'x'"))
					rows = append(rows, row)
					if random.IntN(4) == 0 {
						rows = append(rows, row)
					}
				}
			}
			for _, r := range rows {
				fmt.Fprintf(&script, "INSERT INTO oc_t (k, a, b, c, d, e, ip) VALUES (%d, %s, '%d');", k, r, random.IntN(1e9))
			}
			sorted := slices.Sorted(slices.Values(rows))
			model[k] = strings.Join(sorted, "\n")
		}
		script.WriteString("INSERT INTO oc_t (k) VALUES (NULL)")
		i.sql(script.String())
		s, l := i.summer()
		q := shop.Scan{Table: "t", Key: "k", Columns: l.Content("t", nil, []string{"k"}), Along: "k"}
		if !slices.Equal(q.Columns, []string{"a", "b", "c", "d", "e"}) {
			t.Fatalf("content %v: ids are renewed, addresses of visitors are secret", q.Columns)
		}
		got := i.sums(s, q, nil, nil)
		if len(got) != keys {
			t.Fatalf("%d keys", len(got))
		}
		same, pairs := 0, 0
		for x, one := range got {
			for _, other := range got[x+1:] {
				pairs++
				equal := one.Rows == other.Rows && one.Sum == other.Sum
				if equal != (model[one.Key] == model[other.Key]) {
					t.Errorf("same sum %v:\n%s\nand\n%s", equal, model[one.Key], model[other.Key])
				}
				if equal {
					same++
				}
			}
		}
		if same == 0 {
			t.Error("no two keys with the same rows")
		}
		t.Logf("%d pairs compared, %d with the same rows", pairs, same)

		// In parts along the key, and along the primary key, the same comes out.
		byKey := map[int64]uint64{}
		for _, one := range got {
			byKey[one.Key] = one.Sum
		}
		for _, along := range []string{"k", "id"} {
			q.Along = along
			parts := map[int64]uint64{}
			var after *int64
			ranges := 0
			for {
				edge, last, err := s.Edge(t.Context(), "t", along, after, 150)
				if err != nil {
					t.Fatal(err)
				}
				upTo := &edge
				if last {
					upTo = nil
				}
				for _, one := range i.sums(s, q, after, upTo) {
					parts[one.Key] = shop.Add(parts[one.Key], one.Sum)
				}
				if ranges++; last {
					break
				}
				after = upTo
			}
			if ranges < 4 || len(parts) != keys {
				t.Errorf("along %s: %d ranges, %d keys", along, ranges, len(parts))
			}
			for k, sum := range byKey {
				if parts[k] != sum {
					t.Fatalf("along %s in ranges, key %d has another sum", along, k)
				}
			}
		}
		if all := i.sums(s, shop.Scan{Table: "t", Columns: q.Columns}, nil, nil); len(all) != 1 || all[0].Rows < keys {
			t.Errorf("the table as a whole: %+v", all)
		}
	})
}

// TestSumsNotice: one change after another, none of which may leave the sum as it was,
// and those that mean nothing, which must.
func TestSumsNotice(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, summed+"; INSERT INTO oc_t (k, a, b, c, e) VALUES (1, 'A', 'A', 1, 'A'), (1, 'A', 'A', 1, 'A'), (1, 'x', 'x', 0, 'x')")
		s, l := i.summer()
		q := shop.Scan{Table: "t", Key: "k", Columns: l.Content("t", nil, []string{"k"})}
		before := i.sums(s, q, nil, nil)[0]
		for _, c := range []struct {
			sql  string
			same bool
		}{
			{"UPDATE oc_t SET a = 'B', b = 'B', c = 2, e = 'B' WHERE a = 'A'", false}, // A,A -> B,B
			{"UPDATE oc_t SET b = NULL WHERE a = 'x'", false},
			{"UPDATE oc_t SET b = '' WHERE a = 'x'", false},
			{"UPDATE oc_t SET b = '-' WHERE a = 'x'", false},
			{"UPDATE oc_t SET a = '-', b = 'x' WHERE a = 'x'", false},
			{"UPDATE oc_t SET c = 0.0001 WHERE a = '-'", false},
			{"UPDATE oc_t SET e = REPEAT('é', 3000000) WHERE a = '-'", false},
			{"UPDATE oc_t SET e = CONCAT(LEFT(e, 2999999), 'è') WHERE a = '-'", false},
			{"UPDATE oc_t SET ip = '192.0.2.1', id = id + 1000", true},
			{"CREATE TEMPORARY TABLE kept SELECT * FROM oc_t; DELETE FROM oc_t; INSERT INTO oc_t (k, a, b, c, d, e) SELECT k, a, b, c, d, e FROM kept ORDER BY id DESC", true},
			{"ALTER TABLE oc_t ADD extra INT AFTER k, MODIFY a VARCHAR(200) CHARACTER SET latin1", true},
		} {
			i.sql(c.sql)
			after := i.sums(s, q, nil, nil)[0]
			if after.Sum == before.Sum != c.same {
				t.Errorf("%s: the sum is the same: %v", c.sql, !c.same)
			}
			before = after
		}
	})
}

// TestSumsByText: search-engine addresses name their product in a text.
func TestSumsByText(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, "CREATE TABLE oc_t (id INT AUTO_INCREMENT PRIMARY KEY, query VARCHAR(64), v INT) CHARACTER SET utf8mb4; INSERT INTO oc_t (query, v) VALUES ('a=1', 1), ('A=1', 1), ('a=1', 2), (NULL, 3)")
		s, _ := i.summer()
		got := map[string]int64{}
		for _, one := range i.sums(s, shop.Scan{Table: "t", Texts: []string{"query"}, Columns: []string{"v"}}, nil, nil) {
			got[one.Texts[0]] = one.Rows
		}
		if len(got) != 3 || got["a=1"] != 2 || got["A=1"] != 1 || got[""] != 1 {
			t.Errorf("%v", got)
		}
	})
}

// TestSumIsBounded: a sum that takes too long is ended by the server, and the
// connection serves on.
func TestSumIsBounded(t *testing.T) {
	each(t, func(t *testing.T, server *shoptest.Server) {
		i := install(t, server, "CREATE TABLE oc_t (k INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO oc_t VALUES (1, 'x'), (2, 'y'), (3, 'z'); CREATE VIEW oc_slow AS SELECT k, v FROM oc_t WHERE SLEEP(3) = 0")
		i.StatementWithin = 1e9
		s, _ := i.summer()
		_, err := s.Sums(t.Context(), shop.Scan{Table: "slow", Key: "k", Columns: []string{"v"}}, nil, nil)
		// MySQL's SLEEP returns early then, and only so.
		if err == nil && server.Flavor() == onMariaDB || err != nil && shop.Classify(err) != shop.Refused {
			t.Errorf("%v", err)
		}
		if got := i.sums(s, shop.Scan{Table: "t", Key: "k", Columns: []string{"v"}}, nil, nil); len(got) != 3 {
			t.Errorf("%+v", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Sums(ctx, shop.Scan{Table: "t", Key: "k", Columns: []string{"v"}}, nil, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}

// TestSumsSeeChanges: also where connections would keep their
// first snapshot open.
func TestSumsSeeChanges(t *testing.T) {
	for _, flavor := range []string{onMariaDB, onMySQL} {
		t.Run(flavor, func(t *testing.T) {
			server := shoptesting.Server(t, shoptest.Options{Flavor: flavor, Args: []string{"--autocommit=0"}})
			i := install(t, server, "CREATE TABLE oc_t (k INT PRIMARY KEY, v INT) ENGINE=InnoDB; INSERT INTO oc_t VALUES (1, 1); COMMIT")
			s, _ := i.summer()
			q := shop.Scan{Table: "t", Key: "k", Columns: []string{"v"}}
			before := i.sums(s, q, nil, nil)
			i.sql("UPDATE oc_t SET v = 2; COMMIT")
			if after := i.sums(s, q, nil, nil); after[0].Sum == before[0].Sum {
				t.Error("a change is not seen")
			}
			i.sql("SET lock_wait_timeout = 5; ALTER TABLE oc_t ADD COLUMN w INT") // which an open snapshot would hold up
			l, err := i.Layout(t.Context())
			if err != nil || !l.Schema.Has("t", "w") {
				t.Errorf("a new column is not seen: %v", err)
			}
		})
	}
}
