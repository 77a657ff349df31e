package document

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/*.json anew")

// TestEventJSON pins the bytes of whole events: same id, same content, for ever.
func TestEventJSON(t *testing.T) {
	name := func(s string) *string { return &s }
	before := &Stock{ProductID: 42, SKU: "SKU-42", Model: "CUP", Quantity: 990, SubtractStock: true, StockStatus: &Named{5, name("Out Of Stock")},
		Options: []StockOption{{OptionID: 1, OptionValueID: 31, Quantity: 146, SubtractStock: true}}}
	after := *before
	after.Quantity, after.Options = 988, []StockOption{}
	first, second := Encode(before), Encode(&after)
	sums, err := ReadSums(first.Sums())
	if err != nil {
		t.Fatal(err)
	}
	former, err := FieldsOf(first.JSON)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 2, 23, 18, 999_000_000, time.FixedZone("", 3600))
	key := Key{StockEntity, 42}
	for file, e := range map[string]Event{
		"created": {Key: key, Shop: "main-shop", Sequence: 12, Revision: 1, Kind: Created, Time: at, Origin: FromSnapshot, Schema: 1, Data: AppendData(nil, first.Names(), nil, first.JSON)},
		"updated": {Key: key, Shop: "main-shop", Sequence: 999_999_999_999, Revision: 2, Kind: Updated, Time: at, Origin: FromShop, Schema: 1, Data: AppendData(nil, second.Changed(sums), former, second.JSON)},
		"deleted": {Key: key, Shop: "main-shop", Birth: "k3f9", Sequence: 1_000_000_000_000, Revision: 3, Kind: Deleted, Time: at, Origin: `a "sink"`, Schema: 2, Data: AppendData(nil, nil, nil, second.JSON)},
	} {
		t.Run(file, func(t *testing.T) {
			got := string(e.AppendJSON([]byte("kept")))
			path := filepath.Join("testdata", file+".json")
			if *update {
				if err := os.WriteFile(path, []byte(got[4:]+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("kept"+string(want), got+"\n"); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if strings.Contains(got, "\n") {
				t.Error("not on one line")
			}
			doc, err := DocumentOf(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			var back Stock
			if err := json.Unmarshal(doc, &back); err != nil {
				t.Fatal(err)
			}
			if back.ProductID != 42 || back.SKU != "SKU-42" {
				t.Errorf("the document read back: %+v", back)
			}
		})
	}
}

// TestAppendDataPrevious: former values are given for the changed fields that
// existed before, and for no others.
func TestAppendDataPrevious(t *testing.T) {
	got := string(AppendData(nil, []string{"a", "b", "c"}, map[string][]byte{"c": []byte("3"), "a": []byte("[1]"), "z": []byte("9")}, []byte(`{}`)))
	if want := `{"changed":["a","b","c"],"previous":{"a":[1],"c":3},"document":{}}`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got, want := string(AppendData(nil, []string{"b"}, map[string][]byte{}, []byte(`{}`))), `{"changed":["b"],"previous":{},"document":{}}`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestDamagedData: errors, never panics.
func TestDamagedData(t *testing.T) {
	for _, s := range []string{"", "{", "[]", `{"document":`} {
		if _, err := DocumentOf([]byte(s)); err == nil {
			t.Errorf("DocumentOf(%q) is no error", s)
		}
	}
	for _, s := range []string{"", "1", "[1]", "{"} {
		if _, err := FieldsOf([]byte(s)); err == nil {
			t.Errorf("FieldsOf(%q) is no error", s)
		}
	}
	if doc, err := DocumentOf([]byte(`{"erased":true}`)); err != nil || doc != nil {
		t.Errorf("an erased event's document: %s, %v", doc, err)
	}
}

func TestParseKey(t *testing.T) {
	for _, e := range Entities {
		k := Key{e, 1042}
		if got, err := ParseKey(k.String()); err != nil || got != k {
			t.Errorf("%s reads as %v, %v", k, got, err)
		}
	}
	for _, s := range []string{"", "order", "order/", "order/x", "order/1/2", "orders/1", "/1", "order/9223372036854775808"} {
		if k, err := ParseKey(s); err == nil {
			t.Errorf("%q reads as %v", s, k)
		}
	}
}

func TestMaybe(t *testing.T) {
	type thing struct {
		A Maybe[string] `json:"a,omitzero"`
	}
	for want, v := range map[string]thing{`{}`: {}, `{"a":null}`: {None[string]()}, `{"a":"x"}`: {Some("x")}} {
		b, err := json.Marshal(v)
		if err != nil || string(b) != want {
			t.Errorf("%s, want %s (%v)", b, want, err)
		}
		var back thing
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if again := string(Encode(&back).JSON); again != want {
			t.Errorf("%s read back is %s", want, again)
		}
	}
}
