package oracle

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write puts text into a file of the test.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadExpected(t *testing.T) {
	order := func(id int64) Expectation {
		return Expectation{Entity: "order", Key: id, Rows: Rows{"order": {{"order_id": id, "total": "1.0000", "x": nil}}, "order_product": {}}}
	}
	for name, c := range map[string]struct {
		text string
		want []Expectation
	}{
		"one and stock": {`{"order": {"order": {"order_id": 7, "total": "1.0000", "x": null}, "order_product": []}, "stock": [{"product_id": 40, "quantity": 3}],
			"return": {"return": {"return_id": 1}, "return_history": []}}`,
			[]Expectation{order(7), {Entity: "stock", Key: 40, Rows: Rows{"stock": {{"product_id": int64(40), "quantity": int64(3)}}}}}},
		"deleted": {`{"product": {"product_id": 51, "deleted": true}}`, []Expectation{{Entity: "product", Key: 51, Deleted: true}}},
		"several": {`{"orders": [{"order": {"order_id": 4, "total": "1.0000", "x": null}, "order_product": []}, {"order": {"order_id": 3, "total": "1.0000", "x": null}, "order_product": []}]}`,
			[]Expectation{order(3), order(4)}},
		"final":           {`[{"order": {"order_id": 7, "total": "1.0000", "x": null}, "order_product": []}]`, []Expectation{order(7)}},
		"final reference": {`[{"order_status_id": 1, "language_id": 1, "name": "Pending"}]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := LoadExpected(write(t, c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for _, text := range []string{``, `7`, `{"order": 7}`, `{"order": {"order": {}}}`, `{"order": {"deleted": true}}`, `{"order": {"order": {"order_id": 1}, "order_product": [1]}}`,
		`{"order": {"order": {"order_id": true}}}`, `{"order": {"order_product": []}}`} {
		if got, err := LoadExpected(write(t, text)); err == nil {
			t.Errorf("%s: %v instead of an error", text, got)
		}
	}
	if _, err := LoadExpected(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file")
	}
}

func TestFlows(t *testing.T) {
	got, err := Flows(write(t, `# Flows

## F07 admin changes order status

- range: binlog.000001:281421 .. binlog.000001:290891; GTID (0-33100-198, 0-33100-211]

| step | from | to | HTTP ms |
|---|---|---|---|
| admin: order 1 history -> status 2 | 281421 | 284999 | 99 |

## F07b a note

- range: binlog.000002:4 .. binlog.000002:20; GTID (, 0-33100-213]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Flow{
		{Name: "F07", Title: "admin changes order status", File: "binlog.000001", Start: 281421, Stop: 290891,
			Steps: []Step{{Name: "admin: order 1 history -> status 2", From: 281421, To: 284999}}},
		{Name: "F07b", Title: "a note", File: "binlog.000002", Start: 4, Stop: 20},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, text := range []string{"## F01 x\n", "## F01 x\n- range: a:1 .. b:2; GTID\n", "## F01 x\n- range: a:1 .. a:99999999999999999999; GTID\n"} {
		if got, err := Flows(write(t, text)); err == nil {
			t.Errorf("%s: %v instead of an error", text, got)
		}
	}
}
