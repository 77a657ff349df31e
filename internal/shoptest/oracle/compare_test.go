package oracle

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	want := map[string]any{
		"id": int64(7), "total": "10.0000", "none": nil,
		"lines": []any{map[string]any{"line": int64(1), "name": "a <b>"}, map[string]any{"line": int64(2)}},
	}
	for name, c := range map[string]struct {
		got  string
		want []string
	}{
		"equal, keys in any order": {`{"total": "10.0000", "lines": [{"name": "a \u003cb>", "line": 1}, {"line": 2}], "none": null, "id": 7}`, nil},
		"values": {`{"total": 10.0000, "lines": [{"name": "a b", "line": 1}, {"line": 2}], "none": false, "id": 7.0}`, []string{
			"id: want 7, got 7.0", `lines[0].name: want "a <b>", got "a b"`, "none: want null, got false", `total: want "10.0000", got 10.0000`}},
		"fields": {`{"total": "10.0000", "lines": [{"line": 1, "x": [1]}], "id": 7, "extra": {"a": 1}}`, []string{
			`extra: extra, got {"a":1}`, `lines[0].name: missing, want "a <b>"`, "lines[0].x: extra, got [1]",
			`lines[1]: missing, want {"line":2}`, "none: missing, want null"}},
		"order of an array": {`{"total": "10.0000", "lines": [{"line": 2}, {"name": "a <b>", "line": 1}, 3], "none": null, "id": 7}`, []string{
			"lines[0].line: want 1, got 2", `lines[0].name: missing, want "a <b>"`, "lines[1].line: want 2, got 1", `lines[1].name: extra, got "a <b>"`,
			"lines[2]: extra, got 3"}},
		"kinds": {`{"total": {"a": 1}, "lines": {}, "none": [], "id": "7"}`, []string{
			`id: want 7, got "7"`, `lines: want [{"line":1,"name":"a <b>"},{"line":2}], got {}`, "none: want null, got []", `total: want "10.0000", got {"a":1}`}},
		"no document": {`null`, []string{`document: want {"id":7,"lines":[{"line":1,"name":"a <b>"},{"line":2}],"none":null,"total":"10.0000"}, got null`}},
		"broken":      {`{"id": 7`, []string{"json: unexpected EOF"}},
		"two":         {`{} {}`, []string{"json: more than one value"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Compare(want, []byte(c.got))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for _, nothing := range []string{"", "null"} {
		if got := Compare(nil, []byte(nothing)); got != nil {
			t.Errorf("nothing wanted, %q given: %v", nothing, got)
		}
	}
	if got := Compare(nil, []byte(`{"id":1}`)); len(got) != 1 {
		t.Errorf("a document that should not be: %v", got)
	}
}

func TestChanged(t *testing.T) {
	decode := func(text string) map[string]any {
		v, err := parseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return v.(map[string]any)
	}
	address := func(name string) string {
		return `{"city": "X", "country": {"code": "GB", "name": "` + name + `"}, "zone": {"code": "L", "name": "` + name + `"}, "custom_fields": [{"id": 1, "value": "7", "name": "` + name + `", "text": "` + name + `"}]}`
	}
	order := func(name string) string {
		return `{"store": {"id": 0, "name": "` + name + `", "url": "` + name + `"}, "status": {"id": 1, "name": "` + name + `"},
			"customer": {"first_name": "A", "group": {"id": 1, "name": "` + name + `"}, "custom_fields": [{"id": 1, "value": "7", "name": "` + name + `"}]},
			"lines": [{"line": 1, "name": "N", "tax_class": {"id": 9, "name": "` + name + `"}}, {"line": 2, "tax_class": null}],
			"history": [{"comment": "", "status": {"id": 1, "name": "` + name + `"}}], "billing_address": null, "shipping_address": ` + address(name) + `}`
	}
	for name, c := range map[string]struct {
		entity, prev, next string
		want               []string
	}{
		"order, decoration": {"order", order("a"), order("b"), []string{}},
		"order, content": {"order", order("a"), `{"store": {"id": 1}, "status": {"id": 1}, "customer": {"first_name": "B", "group": {"id": 1}, "custom_fields": [{"id": 1, "value": "7"}]},
			"lines": [{"line": 1, "name": "O", "tax_class": {"id": 9}}, {"line": 2, "tax_class": null}], "history": [], "billing_address": ` + address("a") + `, "extra": 1}`,
			[]string{"billing_address", "customer", "extra", "history", "lines", "shipping_address", "store"}},
		"customer, decoration": {"customer", `{"group": {"id": 1, "name": "a"}, "addresses": [` + address("a") + `], "custom_fields": []}`,
			`{"group": {"id": 1, "name": "b"}, "addresses": [` + address("b") + `], "custom_fields": []}`, []string{}},
		"customer, content": {"customer", `{"group": {"id": 1, "name": "a"}, "addresses": []}`, `{"group": {"id": 2, "name": "a"}, "addresses": [` + address("b") + `]}`, []string{"addresses", "group"}},
		"product": {"product", `{"tax_class": {"id": 9, "name": "a"}, "manufacturer": {"id": 8, "name": "a"}, "attributes": [{"name": "a"}]}`,
			`{"tax_class": {"id": 9, "name": "b"}, "manufacturer": {"id": 8, "name": "b"}, "attributes": [{"name": "b"}]}`, []string{"attributes", "manufacturer"}},
		"stock":    {"stock", `{"stock_status": {"id": 5, "name": "a"}, "quantity": 1}`, `{"stock_status": {"id": 5, "name": "b"}, "quantity": 2}`, []string{"quantity"}},
		"category": {"category", `{"path": ["a"], "texts": {}}`, `{"path": ["b"], "texts": {}}`, []string{"path"}},
	} {
		t.Run(name, func(t *testing.T) {
			prev, next := decode(c.prev), decode(c.next)
			if diff := cmp.Diff(c.want, Changed(prev, next, c.entity)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if cmp.Diff(decode(c.prev), prev) != "" || cmp.Diff(decode(c.next), next) != "" {
				t.Error("a document was changed")
			}
		})
	}
	if got := Changed(nil, map[string]any{"b": nil, "a": int64(1)}, "category"); cmp.Diff([]string{"a", "b"}, got) != "" {
		t.Errorf("created: %v", got)
	}
	if got := Changed(map[string]any{"a": int64(1)}, decode(`{"a": 1}`), "category"); len(got) != 0 {
		t.Errorf("made and read: %v", got)
	}
}
