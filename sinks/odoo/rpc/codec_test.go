package rpc

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// answered is a value as Odoo 14 writes it (with its line breaks).
func answered(value string) string {
	return "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n" + value + "\n</param>\n</params>\n</methodResponse>\n"
}

func TestReadAnswer(t *testing.T) {
	deep := strings.Repeat("<value><array><data>", 90) + strings.Repeat("</data></array></value>", 90)
	for _, c := range []struct{ value, want string }{
		{"<value><array><data>\n<value><struct>\n<member>\n<name>id</name>\n<value><int>1</int></value>\n</member>\n<member>\n<name>country_id</name>\n<value><array><data>\n<value><int>233</int></value>\n<value><string>United States</string></value>\n</data></array></value>\n</member>\n<member>\n<name>email</name>\n<value><boolean>0</boolean></value>\n</member>\n<member>\n<name>partner_latitude</name>\n<value><double>0.0</double></value>\n</member>\n</struct></value>\n</data></array></value>",
			`[{"country_id":[233,"United States"],"email":false,"id":1,"partner_latitude":0.0}]`},
		{"<value><boolean>1</boolean></value>", "true"},
		{"<value><nil/></value>", "null"},
		{"<value>\nno type </value>", `"\nno type "`},
		{"<value><string></string></value>", `""`},
		{"<value><string>&lt;b&gt; &amp; &quot;</string></value>", `"\u003cb\u003e \u0026 \""`},
		{"<value><string>a\x01b\xffc\ufffed 😀</string></value>", "\"ab\ufffdcd 😀\""},
		{"<value><i8>9007199254740993</i8></value>", "9007199254740993"},
		{"<value><double>1e+16</double></value>", "1e+16"},
		{"<value><double>inf</double></value>", "null"},
		{"<value><double>nan</double></value>", "null"},
		{"<value><base64>\niVBO\nRw==\n</base64></value>", `"iVBORw=="`},
		{"<value><dateTime.iso8601>20261122T16:11:47</dateTime.iso8601></value>", `"20261122T16:11:47"`},
		{"<value><array><data>\n</data></array></value>", "[]"},
		{"<value><struct>\n</struct></value>", "{}"},
		{deep, strings.Repeat("[", 90) + strings.Repeat("]", 90)},
	} {
		got, err := readAnswer([]byte(answered(c.value)))
		if err != nil || string(got) != c.want {
			t.Errorf("%.200s: %s %v, want %s", c.value, got, err, c.want)
		}
	}
}

// TestReadAnswerCut: an answer that ends anywhere before its end is none.
func TestReadAnswerCut(t *testing.T) {
	whole := strings.TrimSpace(answered("<value><array><data><value><int>1</int></value><value><string>text</string></value><value><struct><member><name>a</name><value><boolean>1</boolean></value></member></struct></value></data></array></value>"))
	if _, err := readAnswer([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if got, err := readAnswer([]byte(whole[:n])); err == nil {
			t.Errorf("%q is %s", whole[:n], got)
		}
	}
	for _, bad := range []string{
		"", "null", `{"error":"x"}`, "<html><body>Log in</body></html>", answered("<value><int>one</int></value>"), answered("<value><other>1</other></value>"),
		answered("<value><int>1</int><int>2</int></value>"), answered("<value><array><value><int>1</int></value></array></value>"), answered("<value><struct><name>x</name></struct></value>"),
		"<methodResponse><params></params></methodResponse>", answered(strings.Repeat("<value><array><data>", 200) + strings.Repeat("</data></array></value>", 200)), whole + whole,
	} {
		if got, err := readAnswer([]byte(bad)); err == nil {
			t.Errorf("%.100q is %s", bad, got)
		}
	}
}

func TestReadFault(t *testing.T) {
	const body = "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>2</int></value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>Record does not exist or has been deleted.\n(Record: res.partner(999999,), User: 6)</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n"
	_, err := readAnswer([]byte(body))
	var f *fault
	if !errors.As(err, &f) || f.code != 2 || f.text != "Record does not exist or has been deleted.\n(Record: res.partner(999999,), User: 6)" {
		t.Error(err, f)
	}
}

// TestWriteCall: what is written is read as the JSON of it would be, without what XML
// has not.
func TestWriteCall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v any
		text := rapid.String().Draw(t, "text")
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			v = map[string]any{text: rapid.Int64().Draw(t, "n"), "x": nil}
		case 1:
			v = []any{text, true, false, []string{text}, []int64{}}
		case 2:
			v = rapid.Float64().Draw(t, "f")
		case 3:
			v = map[string]any{"rows": [][]any{{text, rapid.Int32().Draw(t, "i")}, {}}}
		default:
			v = text
		}
		b, err := writeCall("execute_kw", "first", v)
		if err != nil {
			t.Fatal(err)
		}
		_, second, _ := strings.Cut(string(b), "</param><param>")
		second, _, _ = strings.Cut(second, "</param>")
		got, err := readAnswer([]byte(answered(second)))
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var want, have any
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &have); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(stripped(want), have); diff != "" {
			t.Fatalf("%s\n%s", b, diff)
		}
	})
}

// stripped is a value without the characters that XML has not.
func stripped(v any) any {
	switch v := v.(type) {
	case string:
		return string(clean([]byte(v)))
	case []any:
		for i := range v {
			v[i] = stripped(v[i])
		}
	case map[string]any:
		for k, one := range v {
			delete(v, k)
			v[string(clean([]byte(k)))] = stripped(one)
		}
	}
	return v
}

// TestWriteCallIsXML: what is sent is well-formed.
func TestWriteCallIsXML(t *testing.T) {
	b, err := writeCall("execute_kw", "a<b>&\x00\r\n\ufffe", map[string]any{"<k>": 1.5, "big": int64(1) << 40, "none": nil})
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b, new(struct{})); err != nil {
		t.Error(err)
	}
	const want = `<?xml version="1.0"?><methodCall><methodName>execute_kw</methodName><params><param><value><string>a&lt;b&gt;&amp;&#13;` + "\n" + `</string></value></param><param><value><struct><member><name>&lt;k&gt;</name><value><double>1.5</double></value></member><member><name>big</name><value><i8>1099511627776</i8></value></member><member><name>none</name><value><nil/></value></member></struct></value></param></params></methodCall>`
	if string(b) != want {
		t.Errorf("%s\nwant\n%s", b, want)
	}
}

func TestWithoutControls(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a\x00b\x01\x1f\b\f\tc\r\n", `"ab\tc\r\n"`}, {`\u0000 <&>` + "\u2028", `"\\u0000 \u003c\u0026\u003e\u2028"`}, {`\`, `"\\"`}, {`"`, `"\""`}, {"\xff\x7f", "\"\\ufffd\x7f\""},
	} {
		b, err := json.Marshal(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(withoutControls(b)); got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(answered("<value><array><data><value><int>1</int></value></data></array></value>")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := readAnswer(b); err == nil && !json.Valid(got) {
			t.Errorf("%q is %s", b, got)
		}
	})
}

// TestPasses: words of PostgreSQL that are no fault of a record.
func TestPasses(t *testing.T) {
	for text, passes := range map[string]bool{
		"column sale_order.note does not exist\nLINE 1: ...":                                         true,
		"column \"note\" of relation \"sale_order\" does not exist":                                  true,
		"could not extend file \"base/1/2\": No space left on device":                                true,
		"cannot execute INSERT in a read-only transaction":                                           true,
		"canceling statement due to lock timeout":                                                    true,
		"Unknown error during import: <class 'psycopg2.errors.UndefinedColumn'>: column x":           true,
		"Unbekannter Fehler: <class 'psycopg2.InterfaceError'>: cursor already closed":               true,
		"Unknown error during import: <class 'MemoryError'>: ":                                       true,
		"Unknown error during import: <class 'ValueError'>: column x does not exist":                 false,
		"Unknown error during import: <class 'odoo.exceptions.ValidationError'>: out of memory card": false,
		"The column x does not exist":                                                                false,
		"new row for relation \"x\" violates check constraint \"y\"":                                 false,
	} {
		if Passes(text) != passes {
			t.Errorf("%q passes: %t", text, !passes)
		}
	}
}
