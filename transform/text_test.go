package transform

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPlain(t *testing.T) {
	for stored, want := range map[string]string{
		"":                                  "",
		"Apple Cinema 30&quot;":             `Apple Cinema 30"`,
		"&lt;p&gt;a &amp;nbsp; b&lt;/p&gt;": "<p>a &nbsp; b</p>",
		"&amp;lt; &amp;amp; &amp;":          "&lt; &amp; &", // once
		"it&#039;s &#39;it&#39;":            "it's 'it'",
		"&eacute; &nbsp; &LT; &lt":          "&eacute; &nbsp; &LT; &lt", // PHP never wrote these
		"a\r\nb\x00c":                       "a\r\nb\x00c",
		"📈 שלום":                            "📈 שלום",
	} {
		if got := new(texts).plain(stored); got != want {
			t.Errorf("%q: %q, want %q", stored, got, want)
		}
	}
}

func TestPlainCountsInvalid(t *testing.T) {
	var x texts
	for stored, want := range map[string]string{"a\xffb": "a\uFFFDb", "\xc3": "\uFFFD", "&lt;\xed\xa0\x80": "<\uFFFD"} {
		if got := x.plain(stored); got != want {
			t.Errorf("%q: %q, want %q", stored, got, want)
		}
	}
	if n := x.invalid.Load(); n != 3 {
		t.Errorf("%d texts counted, want 3", n)
	}
	if x.plain("ok"); x.invalid.Load() != 3 {
		t.Error("a valid text was counted")
	}
}

// escape is PHP's htmlspecialchars with ENT_QUOTES, as OpenCart calls it.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#039;")

// TestPlainUndoesEscape: whatever people type, once, is what comes out.
func TestPlainUndoesEscape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("&lt;amp#039quo<>'\"")))).Draw(t, "typed")
		if !utf8.ValidString(typed) {
			t.Skip("not valid")
		}
		if got := new(texts).plain(escape.Replace(typed)); got != typed {
			t.Fatalf("%q became %q", typed, got)
		}
	})
}
