package transform

import (
	"encoding/json"
	"strings"
	"testing"
)

// php is what PHP's serialize() gives, and the same as JSON.
var php = []struct{ stored, want string }{
	{`a:0:{}`, `{}`},
	{`a:1:{i:3;s:5:"Value";}`, `{"3":"Value"}`},
	{`a:2:{i:1;s:0:"";i:2;a:2:{i:0;s:1:"1";i:1;s:1:"4";}}`, `{"1":"","2":{"0":"1","1":"4"}}`},
	{`a:1:{s:7:"account";a:1:{i:-3;N;}}`, `{"account":{"-3":""}}`},
	{`a:3:{i:1;i:7;i:2;b:1;i:3;d:0.5;}`, `{"1":"7","2":"1","3":"0.5"}`},
	{`a:1:{i:1;s:6:"Grün";}`, ``},             // 5 bytes
	{`a:1:{i:1;s:5:"Grün";}`, `{"1":"Grün"}`}, // 4 letters
	{`a:1:{i:1;s:10:"a";s:2:"b"";}`, `{"1":"a\";s:2:\"b\""}`},
	{"a:1:{i:1;s:2:\"a\xff\";}", "{\"1\":\"a\ufffd\"}"},
	{`a:1:{i:1;s:8:"&lt;b&gt;";}`, ``},
	{`a:1:{i:1;s:9:"&lt;b&gt;";}`, `{"1":"&lt;b&gt;"}`},

	{``, ``}, {`a`, ``}, {`a:`, ``}, {`a:1`, ``}, {`a:1:`, ``}, {`a:1:{`, ``}, {`a:1:{}`, ``}, {`a:0:{`, ``}, {`a:0:{};`, ``}, {`a:0:{} `, ``},
	{`a:-1:{}`, ``}, {`a:+1:{i:1;N;}`, ``}, {`a:01:{i:1;N;}`, ``}, {`a:99999999999999999999:{}`, ``}, {`a:2147483647:{i:1;N;}`, ``}, {`a:2:{i:1;N;}`, ``},
	{`s:1:"a";`, ``}, {`N;`, ``}, {`{"1":"a"}`, ``},
	{`a:1:{i:1;s:999999999:"a";}`, ``}, {`a:1:{i:1;s:-1:"a";}`, ``}, {`a:1:{i:1;s:1:"ab";}`, ``}, {`a:1:{i:1;s:3:"ab";}`, ``}, {`a:1:{i:1;s:2:ab;}`, ``},
	{`a:1:{i:1x;N;}`, ``}, {`a:1:{i:1.5;N;}`, ``}, {`a:1:{N;N;}`, ``}, {`a:1:{i:1;b:2;}`, ``}, {`a:1:{i:1;d:x;}`, ``},
	{`a:1:{i:1;O:8:"stdClass":0:{}}`, ``}, {`a:2:{i:1;N;i:2;R:2;}`, ``}, {`a:2:{i:1;N;i:2;r:1;}`, ``}, {`a:1:{i:1;C:1:"a":0:{}}`, ``},
	{strings.Repeat(`a:1:{i:1;`, phpDepth-1) + `a:0:{}` + strings.Repeat(`}`, phpDepth-1),
		strings.Repeat(`{"1":`, phpDepth-1) + `{}` + strings.Repeat(`}`, phpDepth-1)},
	{strings.Repeat(`a:1:{i:1;`, phpDepth) + `a:0:{}` + strings.Repeat(`}`, phpDepth), ``},
	{strings.Repeat(`a:1:{i:1;`, 100_000), ``},
	{`a:1:{i:1;s:2000000:"` + strings.Repeat("x", 2_000_000) + `";}`, ``},
}

func TestPHP(t *testing.T) {
	for _, c := range php {
		got, ok := phpJSON(c.stored, new(texts).valid)
		if ok != (c.want != "") || string(got) != c.want {
			t.Errorf("%.80q: %.80s %v, want %.80s", c.stored, got, ok, c.want)
		}
	}
}

// FuzzPHP: whatever it is given, it does not panic and what it gives is a JSON object
// not much larger.
func FuzzPHP(f *testing.F) {
	for _, c := range php {
		f.Add(c.stored[:min(len(c.stored), 1000)])
	}
	f.Fuzz(func(t *testing.T, stored string) {
		got, ok := phpJSON(stored, new(texts).valid)
		if !ok {
			if got != nil {
				t.Error("a value, although refused")
			}
			return
		}
		var m map[string]any
		if err := json.Unmarshal(got, &m); err != nil {
			t.Errorf("%q: %v", got, err)
		}
		if len(got) > 6*len(stored)+2 {
			t.Errorf("%d bytes of %d", len(got), len(stored))
		}
		(&reference{text: new(texts)}).customFields(stored)
	})
}
