package document

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// documents makes a random document of each type.
var documents = []struct {
	entity string
	make   func(*rapid.T) any
}{
	{OrderEntity, random[Order]}, {CustomerEntity, random[Customer]}, {ProductEntity, random[Product]}, {StockEntity, random[Stock]}, {CategoryEntity, random[Category]},
}

func random[D any](t *rapid.T) any {
	d := new(D)
	fill(t, reflect.ValueOf(d).Elem())
	return d
}

// texts are what JSON writers get wrong, and plain ones.
var texts = rapid.OneOf(rapid.SampledFrom([]string{"", "a", `"`, `\`, "\x00", "\b\f\n\r\t\x1f\x7f", "<b>&amp;</b>", "\u2028\u2029", "é✓📈שלום", "\uFFFD", "a\u0301"}), rapid.String())

// fill gives a value random content, as transform does: slices and maps are never
// nil unless the field may be left out.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case json.RawMessage:
		b, err := json.Marshal(texts.Draw(t, "json"))
		if err != nil {
			t.Fatal(err)
		}
		v.SetBytes(b)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(texts.Draw(t, "text"))
	case reflect.Int64, reflect.Int:
		v.SetInt(rapid.Int64().Draw(t, "number"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, "length")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			value := reflect.New(v.Type().Elem()).Elem()
			fill(t, value)
			v.SetMapIndex(reflect.ValueOf(texts.Draw(t, "key")), value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
		if strings.HasPrefix(v.Type().Name(), "Maybe[") && !v.Field(0).Bool() {
			v.Set(reflect.Zero(v.Type())) // unknown has no value
		}
	default:
		t.Fatalf("%s: fields of this kind are not known to the test", v.Type())
	}
}

// TestEncodeEqualsEncodingJSON: Encode is an own encoder only to be quick and to
// tell content from decoration; what it writes is what encoding/json writes.
func TestEncodeEqualsEncodingJSON(t *testing.T) {
	for _, d := range documents {
		t.Run(d.entity, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				doc := d.make(t)
				var want bytes.Buffer
				e := json.NewEncoder(&want)
				e.SetEscapeHTML(false)
				if err := e.Encode(doc); err != nil {
					t.Fatal(err)
				}
				enc := Encode(doc)
				if got := string(enc.JSON); got != strings.TrimSuffix(want.String(), "\n") {
					t.Fatalf("want %s\n got %s", want.String(), got)
				}
				fields, err := FieldsOf(enc.JSON)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range enc.Fields {
					if !bytes.Equal(f.Raw, fields[f.Name]) {
						t.Fatalf("field %s: %s, in the document %s", f.Name, f.Raw, fields[f.Name])
					}
				}
			})
		})
	}
}

// TestRoundTrip: what was journaled is read back for the next comparison.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := Encode(random[Order](t))
		var again Order
		if err := json.Unmarshal(first.JSON, &again); err != nil {
			t.Fatal(err)
		}
		second := Encode(&again)
		if !bytes.Equal(first.JSON, second.JSON) || first.Hash != second.Hash {
			t.Fatalf("was %s\n is %s", first.JSON, second.JSON)
		}
	})
}

// TestDecorationIsNotContent changes all decoration of a document: its bytes differ,
// hash and sums do not. A change of content changes the hash and exactly its field.
func TestDecorationIsNotContent(t *testing.T) {
	for _, d := range documents {
		t.Run(d.entity, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				doc := d.make(t)
				before := Encode(doc)
				sums, err := ReadSums(before.Sums())
				if err != nil {
					t.Fatal(err)
				}
				if changed := before.Changed(sums); len(changed) > 0 {
					t.Fatalf("%v differ from themselves", changed)
				}
				if redecorate(reflect.ValueOf(doc).Elem()) {
					after := Encode(doc)
					if bytes.Equal(after.JSON, before.JSON) {
						t.Fatalf("decoration is not in the document: %s", after.JSON)
					}
					if changed := after.Changed(sums); len(changed) > 0 || after.Hash != before.Hash {
						t.Fatalf("decoration changed %v", changed)
					}
				}
				field := reflect.ValueOf(doc).Elem().Field(0) // id or product_id
				field.SetInt(field.Int() ^ 1)
				after := Encode(doc)
				if changed := after.Changed(sums); !slices.Equal(changed, []string{before.Fields[0].Name}) || after.Hash == before.Hash {
					t.Fatalf("another id changed %v", changed)
				}
			})
		})
	}
}

// redecorate changes every decoration below v; it reports whether there was any.
func redecorate(v reflect.Value) (found bool) {
	if _, ok := v.Interface().(json.RawMessage); ok {
		return false
	}
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && redecorate(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			found = redecorate(v.Index(i)) || found
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if v.Type().Field(i).Tag.Get("octail") != "decoration" {
				found = redecorate(f) || found
				continue
			}
			found = true
			switch f.Interface().(type) {
			case string:
				f.SetString(f.String() + "!")
			case *string:
				text := "!"
				if !f.IsNil() {
					text = f.Elem().String() + "!"
				}
				f.Set(reflect.ValueOf(&text))
			case json.RawMessage:
				f.SetBytes([]byte(`"other ` + strings.Repeat("!", f.Len()) + `"`))
			default:
				panic("decoration of type " + f.Type().String())
			}
		}
	}
	return found
}

// TestChanged: fields that only one of two documents has count as changed.
func TestChanged(t *testing.T) {
	type one struct {
		A int64  `json:"a"`
		B string `json:"b"`
		C *int64 `json:"c,omitzero"`
	}
	type two struct {
		A int64  `json:"a"`
		B string `json:"b"`
		D string `json:"d"`
	}
	n := int64(1)
	sums, err := ReadSums(Encode(&one{1, "x", &n}).Sums())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		doc  any
		want []string
	}{
		{&one{1, "x", &n}, []string{}}, {&one{1, "y", &n}, []string{"b"}}, {&one{2, "y", nil}, []string{"a", "b", "c"}}, {&two{1, "x", ""}, []string{"c", "d"}},
	} {
		if got := Encode(c.doc).Changed(sums); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.doc, got, c.want)
		}
	}
}

// TestReadSums: what is no list of sums is an error, never a panic.
func TestReadSums(t *testing.T) {
	good := Encode(&Stock{}).Sums()
	for n := range good {
		sums, err := ReadSums(good[:n])
		whole := 0
		for at := 0; at < n; at += 1 + int(good[at]) + 8 {
			whole = at
		}
		if at := whole + 1 + int(good[whole]) + 8; n > 0 && at != n && err == nil {
			t.Errorf("cut at %d: %v, want an error", n, sums)
		}
	}
}

// FuzzAppendString: any text becomes one JSON string that reads back as the text,
// invalid bytes as U+FFFD.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a\x00\"\\", "\u2028", "\xff\xc3", "a\xed\xa0\x80b", "📈"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := AppendString([]byte("x"), s)
		var got string
		if err := json.Unmarshal(b[1:], &got); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); utf8.ValidString(s) && got != want {
			t.Fatalf("%q became %q", s, got)
		} else if !utf8.Valid(b) {
			t.Fatalf("%q is not valid UTF-8", b)
		}
	})
}
