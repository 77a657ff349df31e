package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octail/internal/shoptest/shoptesting"
)

// wantChanged is what the flows are known to change, and nothing else: an edit keeps lines, numbers and history.
var wantChanged = map[string]map[string][]string{
	"3.0.5.1": {
		"F02 customer/1": {"addresses", "last_name", "phone"},
		"F07 order/1":    {"history", "status"},
		"F07b order/1":   {"history"},
		"F08 order/1":    {"invoice_number", "number"},
		"F09 order/2":    {"lines", "reward_points", "total", "totals"},
		"F10 order/2":    {"shipping_address"},
		"F11 order/7":    {"history", "status"},
		"F15 product/50": {"price"},
		"F16 product/50": {"enabled"},
		"F91 order/1":    {"history", "status"},
	},
	"4.1.0.4": {
		"F09 order/2":    {"lines", "reward_points", "total", "totals"},
		"F10 order/2":    {"shipping_address"},
		"F11 order/6":    {"history", "status"},
		"F15 product/50": {"price", "seo_urls"},
		"F16 product/50": {"enabled"},
		"F25 order/2":    {"history", "status"},
	},
}

// TestRecordings replays real shops flow by flow. After each flow the rows that Rows reads are the recorded ones,
// and both make the same document; at the end too, for every entity of the shop.
func TestRecordings(t *testing.T) {
	if testing.Short() {
		t.Skip("LEFT OUT with -short: no recording was replayed")
	}
	recordings := shoptesting.Recordings(t)
	for i, release := range []string{"3.0.5.1", "3.0.5.1-concurrent", "4.1.0.4", "4.1.0.4-fullmeta", "2.3.0.2"} {
		t.Run(release, func(t *testing.T) {
			recording := filepath.Join(recordings, folderOf(release))
			parameters := []string{"", "&parseTime=true"}[i%2]
			shop := openShop(t, recording, fmt.Sprintf("shop%d", i), parameters)
			flows, err := Flows(filepath.Join(recording, "flows.md"))
			if err != nil {
				t.Fatal(err)
			}
			recorded, live := shop.oracle(t), shop.oracle(t)
			files := 0
			changed := map[string][]string{}
			for _, flow := range flows {
				shop.Replay(t, flow.Stop)
				for _, file := range expectedFiles(t, recording, "after_"+flow.Name+".json") {
					files++
					checkFile(t, recorded, live, file, func(subject string, fields []string) {
						changed[flow.Name+" "+subject] = fields
					})
				}
			}
			if all := len(expectedFiles(t, recording, "after_*.json")); files != all {
				t.Errorf("%d of %d expected files belong to a flow", files, all)
			}
			for name, want := range wantChanged[release] {
				if diff := cmp.Diff(want, changed[name]); diff != "" {
					t.Errorf("%s: changed (-want +got):\n%s", name, diff)
				}
			}
			shop.Replay(t, shoptesting.End)
			finals := expectedFiles(t, recording, "final_*.json")
			if len(finals) == 0 {
				t.Fatal("no final state")
			}
			checked := 0
			for _, file := range finals {
				checked += checkFile(t, recorded, live, file, func(string, []string) {})
			}
			t.Logf("%d flows, %d entities at the end", len(flows), checked)
		})
	}
}

// folderOf is the folder of a release's recording: 3.0.5.1-concurrent lies in 3.0.5.1-mariadb10.11-concurrent.
func folderOf(release string) string {
	for i, c := range release {
		if c == '-' {
			return release[:i] + "-mariadb10.11" + release[i:]
		}
	}
	return release + "-mariadb10.11"
}

// checkFile compares the shop with an expected file: one oracle makes documents from the file's rows, the other from
// those in the shop. It tells which fields changed since the document before, and how many entities it looked at.
func checkFile(t *testing.T, recorded, live *Oracle, file string, tell func(subject string, fields []string)) int {
	t.Helper()
	ctx := context.Background()
	expectations, err := LoadExpected(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []*Oracle{recorded, live} {
		if err := o.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range expectations {
		name := fmt.Sprintf("%s: %s/%d", filepath.Base(file), e.Entity, e.Key)
		rows, err := live.Rows(ctx, e.Entity, e.Key)
		if e.Deleted {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: deleted, but Rows returns %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if e.Entity != "stock" {
			if diff := cmp.Diff(recordedTables(e.Rows, e.Rows), recordedTables(rows, e.Rows)); diff != "" {
				t.Errorf("%s: rows differ from the recorded ones (-recorded +live):\n%s", name, diff)
			}
		}
		want, err := recorded.Document(ctx, e.Entity, e.Rows)
		if err != nil {
			t.Fatal(err)
		}
		before := live.Previous(e.Entity, e.Key)
		got, err := live.Document(ctx, e.Entity, rows)
		if err != nil {
			t.Fatal(err)
		}
		tell(fmt.Sprintf("%s/%d", e.Entity, e.Key), Changed(before, got, e.Entity))
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		for _, difference := range Compare(want, text) {
			t.Errorf("%s: %s", name, difference)
		}
	}
	return len(expectations)
}

// recordedTables leaves the tables that the file holds, zeros written alike.
func recordedTables(rows, file Rows) Rows {
	same := Rows{}
	for table := range file {
		same[table] = []Row{}
		for _, row := range sorted(rows[table], by(table+"_id")) {
			row = maps.Clone(row)
			for column := range row {
				if s, ok := row[column].(string); ok {
					row[column] = fixed(s)
				}
			}
			same[table] = append(same[table], row)
		}
	}
	return same
}
