package canal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// TestMetadataSwitched: names appear in the log, and vanish, while we read.
func TestMetadataSwitched(t *testing.T) {
	for _, flavor := range flavors {
		t.Run(flavor, func(t *testing.T) {
			p := private(t, flavor)
			p.sql(caseTables)
			without := map[string]string{shoptest.MariaDB: "NO_LOG", shoptest.MySQL: "MINIMAL"}[flavor]
			f := p.follow(p.here(), caseRules())
			f.connected()
			want := []string{}
			for i, mode := range []string{"FULL", without, "FULL", without, "MINIMAL", "FULL"} {
				p.sql(fmt.Sprintf("SET GLOBAL binlog_row_metadata = %s; INSERT INTO line VALUES (%d, %d, '')", mode, i, 100+i))
				want = append(want, fmt.Sprintf("order/%d", 100+i))
				f.until(Touch{"order", int64(100 + i)})
			}
			if got := tell(f.transactions()); got != strings.Join(want, ", ") {
				t.Errorf("got %q, want %q", got, want)
			}
			f.stop()
		})
	}
}

// TestBehindAlter: rows are older than the table's columns are now. Where the log
// has no names, whatever was or could have been read wrong is compared.
func TestBehindAlter(t *testing.T) {
	for _, flavor := range flavors {
		p := private(t, flavor, "--binlog-row-metadata="+map[string]string{shoptest.MariaDB: "NO_LOG", shoptest.MySQL: "MINIMAL"}[flavor])
		rules := []Table{{Name: "pair", Rules: []Rule{{Target: "left", Key: "l"}, {Target: "right", Key: "r"}}}, markers[0]}
		for i, c := range []struct {
			name  string
			alter string
			want  string // of the two rows in front of it, itself, and the one behind it
		}{
			{"columns of one type trade places", "ALTER TABLE pair MODIFY r INT AFTER id", "left/20 right/10, left/21 right/11, !left:ddl !right:ddl, left/12 right/22"},
			{"columns trade names", "ALTER TABLE pair RENAME COLUMN l TO r, RENAME COLUMN r TO l", "left/20 right/10, left/21 right/11, !left:ddl !right:ddl, left/12 right/22"},
			{"a new table takes the name", "CREATE TABLE new (id INT PRIMARY KEY, r INT, l INT); RENAME TABLE pair TO old, new TO pair; DROP TABLE old", "left/20 right/10, left/21 right/11, !left:ddl !right:ddl, left/12 right/22"},
			{"a column more", "ALTER TABLE pair ADD x INT DEFAULT 0", "!left:layout !right:layout, !left:layout !right:layout, left/12 right/22"},
			{"a column longer", "ALTER TABLE pair ADD x VARCHAR(10); ALTER TABLE pair MODIFY x VARCHAR(20)", "!left:layout !right:layout, !left:layout !right:layout, !left:ddl !right:ddl, left/12 right/22"},
			{"dropped", "DROP TABLE pair; CREATE TABLE pair (id INT PRIMARY KEY, l INT, r INT)", "left/10 right/20, left/11 right/21, !left:ddl !right:ddl, !left:ddl !right:ddl, left/12 right/22"},
			{"emptied", "TRUNCATE pair", "left/10 right/20, left/11 right/21, !left:truncate !right:truncate, left/12 right/22"},
		} {
			t.Run(flavor+"/"+c.name, func(t *testing.T) {
				p := p.on(t)
				p.sql("DROP TABLE IF EXISTS pair; CREATE TABLE pair (id INT PRIMARY KEY, l INT, r INT)")
				from := p.here()
				p.sql("INSERT INTO pair (id, l, r) VALUES (1, 10, 20); INSERT INTO pair (id, l, r) VALUES (2, 11, 21); " + c.alter + "; INSERT INTO pair (id, l, r) VALUES (3, 12, 22)")
				p.mark(100 + i)
				f := p.follow(from, rules)
				if got := tell(f.until(Touch{"marker", int64(100 + i)})); got != c.want {
					t.Errorf("got  %q\nwant %q", got, c.want)
				}
				f.stop()
				// Killed between the rows and the statement, the next run knows nothing
				// of what this one has read, and compares all the same.
				f = p.follow(f.transactions()[1].Position, rules)
				_, rest, _ := strings.Cut(c.want, ", ")
				_, rest, _ = strings.Cut(rest, ", ")
				if got := tell(f.until(Touch{"marker", int64(100 + i)})); got != rest {
					t.Errorf("from the middle: got %q\nwant %q", got, rest)
				}
				f.stop()
			})
		}
	}
}

// TestCompressedColumn: a type that nobody outside MariaDB can read.
func TestCompressedColumn(t *testing.T) {
	p := newPlace(t, shoptesting.MariaDB(t), markerTable+"CREATE TABLE packed (id INT PRIMARY KEY, v VARCHAR(100) COMPRESSED, w INT)")
	f := p.follow(p.here(), append(slices.Clone(markers), Table{Name: "packed", Rules: []Rule{{Target: "packed", Key: "id"}}}))
	p.sql("INSERT INTO packed VALUES (1, 'x', 1)")
	p.mark(1)
	if got := tell(f.until(Touch{"marker", 1})); got != "!packed:layout" {
		t.Errorf("got %q", got)
	}
	f.stop()
}
