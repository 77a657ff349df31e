package oracle

import (
	"context"
	"errors"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestIndependence guards what the oracle is worth: it shares nothing with the code it judges. (The server and the
// recordings of its tests come from shoptesting, which knows no documents.)
func TestIndependence(t *testing.T) {
	allowed := []string{"github.com/shopspring/decimal"}
	inTests := []string{"octail/internal/shoptest/shoptesting", "github.com/google/go-cmp/cmp"}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			standard := !strings.Contains(strings.Split(path, "/")[0], ".") && !strings.HasPrefix(path, "octail")
			test := strings.HasSuffix(file, "_test.go") && slices.Contains(inTests, path)
			if !standard && !test && !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s: an oracle that shares code with octail repeats its mistakes", file, path)
			}
		}
	}
}

func TestRowsAndDocumentErrors(t *testing.T) {
	o, _ := newUnit(t, `{"customer": [{"customer_id": 3}], "address": []}`)
	ctx := context.Background()
	if _, err := o.Rows(ctx, "customer", 4); !errors.Is(err, ErrNotFound) {
		t.Errorf("a missing customer: %v", err)
	}
	rows, err := o.Rows(ctx, "customer", 3)
	if err != nil || len(rows["customer"]) != 1 {
		t.Errorf("a customer: %v %v", rows, err)
	}
	if _, err := o.Rows(ctx, "return", 1); err == nil {
		t.Error("rows of an unknown entity")
	}
	for entity, text := range map[string]string{
		"return": `{"return": {"return_id": 1}}`, "customer": `{"customer": []}`, "product": `{"product": [{"product_id": 1}, {"product_id": 2}]}`,
		"category": `{"category": {"category_id": 0}}`, "order": `{}`,
	} {
		if doc, err := o.Document(ctx, entity, parse(t, text)); err == nil {
			t.Errorf("%s of %s: %v instead of an error", entity, text, doc)
		}
	}
	broken := parse(t, anOrder(`, "custom_field": "{"`, `, "order_product": [`+lineRow(1, 40, 1)+`]`))
	if _, err := o.Document(ctx, "order", broken); err == nil {
		t.Error("an order with broken custom fields")
	}
	if got := numbers(linesOf(t, o, []string{lineRow(2, 41, 1)}, nil)); got != "1:41x1" {
		t.Errorf("a failed document left a trace in the line numbers: %s", got)
	}
}

func TestReferenceErrors(t *testing.T) {
	for name, shop := range map[string]string{
		"language": `{"setting": [{"store_id": 0, "key": "config_language", "value": "xx"}]}`,
		"zone":     `{"setting": [{"store_id": 0, "key": "config_language", "value": "en-gb"}, {"store_id": 0, "key": "config_timezone", "value": "Nowhere"}]}`,
	} {
		source := tables(parse(t, aShop))
		source["setting"] = parse(t, shop)["setting"]
		if err := (&Oracle{source: source}).Refresh(context.Background()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
