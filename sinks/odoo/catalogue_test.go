package odoo

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"octail/internal/httpx"
	"octail/transform/document"
)

func TestPlain(t *testing.T) {
	for markup, want := range map[string]string{
		"": "", "plain": "plain", "<p>One</p><p>Two &amp; three</p>": "One\nTwo & three", "a<br>b<br/>c": "a\nb\nc",
		"<script>evil()</script><STYLE>p{}</STYLE>seen<!-- not -->": "seen",
		"1 < 2 and 3 > 2":                                 "1 < 2 and 3 > 2",
		"<ul><li>x</li><li>y</li></ul>":                   "x\ny",
		"a\x00b\u00a0\u00a0c":                             "ab c",
		"<p>\r\n  wrapped\r\n  text</p>":                  "wrapped text",
		strings.Repeat("\u00e4", mostDescription) + "xyz": strings.Repeat("\u00e4", mostDescription) + "...",
	} {
		if got := textOf(markup); got != want {
			t.Errorf("%.40q is %.60q, want %.60q", markup, got, want)
		}
	}
}

func TestInUnit(t *testing.T) {
	for _, c := range []struct{ value, from, to, want string }{
		{"12.50000000", "kg", "kg", "12.5"}, {"500.00000000", "g", "kg", "0.5"}, {"1", "lb", "kg", "0.453592"}, {"1", "kg", "lb", "2.204623"},
		{"16", "oz", "lb", "1"}, {"1", "KG", "kg", "1"}, {"0.00000000", "kg", "lb", "0"}, {"1", "stone", "kg", ""}, {"-1", "kg", "kg", ""}, {"x", "kg", "kg", ""},
	} {
		got, ok := inUnit(c.value, c.from, c.to)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s %s in %s is %s, %v, want %s", c.value, c.from, c.to, got, ok, c.want)
		}
	}
}

func TestPriceWithTax(t *testing.T) {
	net := decimal.RequireFromString("10.0000")
	for want, of := range map[string]tax{
		"10": {}, "12": {rate: decimal.NewFromInt(20), included: true}, "10.5": {rate: decimal.RequireFromString("0.5"), fixed: true, included: true},
	} {
		if got := of.with(net); !got.Equal(decimal.RequireFromString(want)) {
			t.Errorf("with %+v it is %s, want %s", of, got, want)
		}
	}
	if got := (tax{rate: decimal.NewFromInt(20)}).with(net); !got.Equal(net) {
		t.Errorf("with a tax that is not included it is %s", got)
	}
}

func TestReduced(t *testing.T) {
	text := func(s string) *string { return &s }
	for want, r := range map[string]document.Reduction{
		"80": {Price: text("80.0000")}, "25": {Percent: text("25.0000")}, "97.5": {Subtract: text("2.5000")},
	} {
		if got, ok := reduced("100.0000", r); !ok || got.String() != want {
			t.Errorf("%+v makes %s, %v, want %s", r, got, ok, want)
		}
	}
	if _, ok := reduced("100.0000", document.Reduction{}); ok {
		t.Error("a special that says nothing has a price")
	}
}

func TestAttributes(t *testing.T) {
	option := func(name, kind string, required bool, values int) document.Option {
		o := document.Option{Name: &name, Type: &kind, Required: required}
		for i := range values {
			o.Values = append(o.Values, document.OptionValue{OptionValueID: int64(i + 1)})
		}
		return o
	}
	size, wrap := option("Size", "select", true, 3), option("Gift wrap", "radio", false, 2)
	boxes, text, empty := option("Extras", "checkbox", true, 4), option("Engraving", "text", true, 0), option("Empty", "select", true, 0)
	nameless := option("", "select", true, 2)
	nameless.Name = nil
	all := []document.Option{size, wrap, boxes, text, empty, nameless}
	for _, c := range []struct {
		variants string
		options  map[string]string
		want     string
	}{
		{variantsAuto, nil, "Size"}, {variantsNever, nil, ""}, {variantsAlways, nil, "Size Gift wrap"},
		{variantsAuto, map[string]string{"size": optionText, "GIFT  wrap": optionVariant}, "Gift wrap"},
		{variantsNever, map[string]string{"Size": optionVariant, "Extras": optionVariant}, "Size"},
	} {
		s := &sink{cfg: Config{Products: Products{Variants: c.variants, Options: c.options}}}
		var got []string
		for _, o := range s.attributes(&document.Product{Options: all}) {
			got = append(got, *o.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s, %v: %q, want %q", c.variants, c.options, got, c.want)
		}
	}
	log := &bytes.Buffer{}
	s := &sink{cfg: Config{Products: Products{Variants: variantsAuto}}, log: slog.New(slog.NewTextHandler(log, nil))}
	big := &document.Product{ID: 7, Options: []document.Option{option("A", "select", true, 11), option("B", "select", true, 10)}}
	for range 2 {
		if got := s.attributes(big); got != nil {
			t.Errorf("110 variants: %d attributes", len(got))
		}
	}
	if strings.Count(log.String(), "product/7") != 1 {
		t.Errorf("it is said once: %s", log)
	}
}

func TestTitled(t *testing.T) {
	text := func(s string) *string { return &s }
	got := titled([]document.OptionValue{{OptionValueID: 1, Name: text("Red")}, {OptionValueID: 2, Name: text(" Red ")}, {OptionValueID: 3}})
	if got[0].title != "Red" || got[1].title != "Red (2)" || got[2].title != "(3)" {
		t.Errorf("%+v", got)
	}
}

func TestLinkTargets(t *testing.T) {
	for text, want := range map[string]target{
		"57": {id: 57}, "template/57": {id: 57, template: true}, "product/57": {id: 57, foreign: true}, " 57 ": {id: 57}, "": {}, "x": {}, "0": {}, "-3": {}, "template/": {},
	} {
		if got := parseTarget(text); got != want {
			t.Errorf("%q is %+v, want %+v", text, got, want)
		}
		if want.id != 0 && parseTarget(want.String()) != want {
			t.Errorf("%+v is written %q", want, want.String())
		}
	}
}

func TestCodes(t *testing.T) {
	codes := map[string]string{"sku": " ", "upc": "1", "ean": "2"}
	for want, order := range map[string][]string{"M": {"sku", "model"}, "9": {"sku", "id"}, "2": {"ean", "model"}, "": {"sku"}} {
		if got := skuOf(order, codes, "M", 9); got != want {
			t.Errorf("%v: %q, want %q", order, got, want)
		}
	}
	if got := barcodeOf([]string{"isbn", "upc", "ean"}, codes); got != "1" {
		t.Errorf("the barcode is %q", got)
	}
}

func TestLanguageOfTexts(t *testing.T) {
	texts := map[string]document.ProductText{"de-de": {Name: "Becher"}, "de-at": {Name: "H\u00e4ferl"}, "en-gb": {Name: "Mug"}, "fr-fr": {}}
	// As languages answers: the whole code, and the language alone.
	odoo := map[string]string{"en-us": "en_US", "en": "en_US", "de-de": "de_DE", "de": "de_DE", "fr-fr": "fr_FR", "fr": "fr_FR"}
	got := textLanguages(texts, odoo)
	if len(got) != 2 || got["de-de"] != "de_DE" || got["en-gb"] != "en_US" {
		t.Errorf("languages: %v", got)
	}
	for setting, want := range map[string]string{"": "en-gb", "de-at": "de-at", "fr-fr": "en-gb", "xx": "en-gb"} {
		if got := mainLanguage(texts, setting, odoo); got != want {
			t.Errorf("with %q it is %q, want %q", setting, got, want)
		}
	}
	delete(texts, "en-gb")
	if got := mainLanguage(texts, "", map[string]string{}); got != "de-at" {
		t.Errorf("without English it is %q", got)
	}
}

func TestDeepest(t *testing.T) {
	got, ok := deepest([]document.CategoryRef{{ID: 3, Path: []string{"A"}}, {ID: 9, Path: []string{"A", "B"}}, {ID: 5, Path: []string{"C", "D"}}})
	if !ok || got.ID != 5 {
		t.Errorf("the deepest is %+v", got)
	}
}

// TestFetchImage: what people write into a shop's table must not make octail read other
// files, or wait for ever.
func TestFetchImage(t *testing.T) {
	client := httpx.New(httpx.Options{MostBody: mostImage})
	defer client.Close()
	folder := t.TempDir()
	good := filepath.Join(folder, "a.gif")
	if err := os.WriteFile(good, []byte("GIF89a..."), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := fetchImage(t.Context(), client, good); err != nil || len(b) != 9 {
		t.Errorf("a picture: %v, %d bytes", err, len(b))
	}
	for _, at := range []string{folder + "/../" + filepath.Base(folder) + "/a.gif", folder, folder + "/none.gif", "/dev/zero", "http://127.0.0.1:1/a.gif", "http://%zz/", "ftp://example.com/a.gif"} {
		if _, err := fetchImage(t.Context(), client, at); err == nil {
			t.Errorf("%s was read", at)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fetchImage(ended, client, "http://192.0.2.1/a.gif"); err == nil {
		t.Error("a context that has ended was no matter")
	}
	if !placeholder("catalog/no_image.png") || !placeholder("placeholder.png") || placeholder("catalog/real_no_image.png") {
		t.Error("OpenCart's own pictures for none")
	}
}

func TestParentsFirst(t *testing.T) {
	of := func(id, parent int64) *category {
		c := &category{item: &item{}, doc: &document.Category{ID: id}}
		if parent != 0 {
			c.doc.ParentID = &parent
		}
		return c
	}
	list := []*category{of(3, 2), of(2, 1), of(1, 0), of(4, 99), of(5, 6), of(6, 5), of(7, 7), of(8, 5)}
	var got []int64
	for _, c := range parentsFirst(list) {
		got = append(got, c.doc.ID)
	}
	place := func(id int64) int {
		for i, g := range got {
			if g == id {
				return i
			}
		}
		return -1
	}
	if place(1) > place(2) || place(2) > place(3) || place(4) < 0 {
		t.Errorf("the order is %v", got)
	}
	for _, i := range []int{4, 5, 6} {
		if list[i].item.err == nil {
			t.Errorf("category %d is below itself and was taken", list[i].doc.ID)
		}
	}
}
