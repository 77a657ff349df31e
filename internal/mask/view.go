package mask

import (
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// passes is how many encodings one within the other are seen through.
const passes = 6

// view is a text as it reads without its encodings. Each byte knows where in the
// original it comes from.
type view struct {
	text  string
	spans [][2]int // by byte of text
}

// plain is a text as it is, with its encodings.
func plain(text string) *view {
	return bytesOf(text).valid()
}

func bytesOf(text string) *view {
	v := &view{text: text, spans: make([][2]int, len(text))}
	for i := range v.spans {
		v.spans[i] = [2]int{i, i + 1}
	}
	return v
}

// newView sees through JSON's, HTML's and addresses' ways to write a character.
func newView(text string) *view {
	v := bytesOf(text)
	for range passes {
		next, changed := v.decode()
		if !changed {
			break
		}
		v = next
	}
	return v.valid()
}

// mark adds a part of the view.
func (v *view) mark(m *spans, from, to int) {
	if from < to {
		m.add(v.spans[from][0], v.spans[to-1][1])
	}
}

// builder makes another view.
type builder struct {
	text  []byte
	spans [][2]int
}

func (b *builder) add(s string, span [2]int) {
	for i := range len(s) {
		b.text = append(b.text, s[i])
		b.spans = append(b.spans, span)
	}
}

func (b *builder) view() *view { return &view{string(b.text), b.spans} }

// decode takes one layer off.
func (v *view) decode() (*view, bool) {
	if !strings.ContainsAny(v.text, `%\&`) {
		return v, false
	}
	b, changed := &builder{}, false
	for i := 0; i < len(v.text); {
		s, n := "", 0
		switch v.text[i] {
		case '%':
			s, n = percent(v.text[i:])
		case '\\':
			s, n = escape(v.text[i:])
		case '&':
			s, n = entity(v.text[i:])
		}
		if n == 0 {
			b.add(v.text[i:i+1], v.spans[i])
			i++
			continue
		}
		changed = true
		b.add(s, [2]int{v.spans[i][0], v.spans[i+n-1][1]})
		i += n
	}
	return b.view(), changed
}

// percent reads %C3, escape \u00fc and \n, entity &uuml;: what it means and how long
// it is; 0 when it is none.
func percent(s string) (string, int) {
	if len(s) < 3 {
		return "", 0
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(n)}), 3
}

func escape(s string) (string, int) {
	if len(s) < 2 {
		return "", 0
	}
	switch s[1] {
	case '"', '\\', '/', '\'':
		return s[1:2], 2
	case 'n', 'r', 't', 'b', 'f':
		return " ", 2
	case 'x':
		if len(s) >= 4 {
			if n, err := strconv.ParseUint(s[2:4], 16, 8); err == nil {
				return string(rune(n)), 4
			}
		}
	case 'u':
		if len(s) < 6 {
			return "", 0
		}
		n, err := strconv.ParseUint(s[2:6], 16, 16)
		if err != nil {
			return "", 0
		}
		if n >= 0xd800 && n < 0xdc00 && len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
			if low, err := strconv.ParseUint(s[8:12], 16, 16); err == nil && low >= 0xdc00 && low < 0xe000 {
				return string(rune((n-0xd800)<<10 + low - 0xdc00 + 0x10000)), 12
			}
		}
		return string(rune(n)), 6
	}
	return "", 0
}

func entity(s string) (string, int) {
	end := strings.IndexByte(s[:min(len(s), 33)], ';')
	if end < 2 {
		return "", 0
	}
	if meant := html.UnescapeString(s[:end+1]); !strings.HasPrefix(meant, "&") || len(meant) == 1 {
		return meant, end + 1
	}
	return "", 0
}

// valid reads bytes that are no UTF-8 as those of Latin-1, which old systems write.
func (v *view) valid() *view {
	if utf8.ValidString(v.text) {
		return v
	}
	b := &builder{}
	for i := 0; i < len(v.text); {
		r, n := utf8.DecodeRuneInString(v.text[i:])
		if r == utf8.RuneError && n == 1 {
			r = rune(v.text[i])
		}
		b.add(string(r), [2]int{v.spans[i][0], v.spans[i+n-1][1]})
		i += n
	}
	return b.view()
}

// folded is the view without case and backslashes, and with one space for any number of
// them; a plus is a space, as in forms.
func (v *view) folded() *view {
	b := &builder{}
	for i, r := range v.text {
		n := utf8.RuneLen(r)
		span := [2]int{v.spans[i][0], v.spans[i+n-1][1]}
		if unicode.IsSpace(r) || r == '+' || unicode.IsControl(r) || r == '\u200b' {
			if last := len(b.text) - 1; last >= 0 && b.text[last] == ' ' {
				b.spans[last][1] = span[1]
			} else {
				b.add(" ", span)
			}
			continue
		}
		if r != '\\' { // half of an escape that the end of a value has cut off
			b.add(string(fold(r)), span)
		}
	}
	return b.view()
}

// fold makes upper and lower case of a character the same.
func fold(r rune) rune { return unicode.ToLower(unicode.ToUpper(unicode.ToLower(r))) }
