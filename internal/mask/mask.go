// Package mask takes personal data and secrets out of texts that are kept or shown:
// what was sent to a target and what it said.
package mask

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden stands for what was masked.
const hidden = "***"

// cut is how a text ends that is the beginning of a longer one.
const cut = "..."

// whole is the length in runes from which on a value is masked inside of words too.
const whole = 4

// Text masks e-mail addresses, numbers like those of phones and cards, passwords,
// tokens and keys, and the queries of addresses; and each personal value of the
// document in data (an event's: {"changed": ..., "document": ...}; nil: none), see
// Values. They are found however a target writes them back: in JSON, in HTML, in an
// address, in one within the other, in other case and with other spaces. Of a text that
// ends in "..." the part of a value that is left of it is masked too. Ids of events
// (order/1042@3) stay.
func Text(text string, data []byte) string {
	v := newView(text)
	var m spans
	v.patterns(&m)
	if p := plain(text); p.text != v.text { // a quote in a password ends it where escapes are not seen
		p.patterns(&m)
	}
	values, phones := personal(data)
	v.words(&m, values)
	v.phones(&m, phones)
	return m.replace(text)
}

// Words masks the words alone, in the same way: secrets that the caller knows. Words
// shorter than four characters hide nothing and are left.
func Words(text string, words []string) string {
	v := newView(text)
	var m spans
	v.words(&m, slices.DeleteFunc(slices.Clone(words), func(w string) bool { return utf8.RuneCountInString(w) < whole }))
	return m.replace(text)
}

// spans are the parts of a text to be masked.
type spans [][2]int

func (m *spans) add(from, to int) { *m = append(*m, [2]int{from, to}) }

func (m spans) replace(text string) string {
	if len(m) == 0 {
		return text
	}
	slices.SortFunc(m, func(a, b [2]int) int { return a[0] - b[0] })
	var b strings.Builder
	end := 0
	for _, s := range m {
		if s[0] > end || end == 0 {
			b.WriteString(text[end:max(end, s[0])])
			b.WriteString(hidden)
		}
		end = max(end, s[1])
	}
	b.WriteString(text[end:])
	return b.String()
}

// words marks where any of the values is.
func (v *view) words(m *spans, values []string) {
	f := v.folded()
	for _, value := range values {
		// Signs at its ends may run into what stands beside it; and a dash that somebody
		// had to write is nobody's.
		full := newView(value).folded().text
		word := strings.TrimFunc(full, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if word == "" {
			continue
		}
		head, tail, _ := strings.Cut(full, word)
		short := utf8.RuneCountInString(word) < whole
		for at := 0; ; {
			i := strings.Index(f.text[at:], word)
			if i < 0 {
				break
			}
			from, to := at+i, at+i+len(word)
			if !short || f.alone(from, to) {
				if strings.HasSuffix(f.text[:from], head) {
					from -= len(head)
				}
				if strings.HasPrefix(f.text[to:], tail) {
					to += len(tail)
				}
				f.mark(m, from, to)
			}
			_, n := utf8.DecodeRuneInString(f.text[at+i:])
			at += i + n
		}
		f.markCut(m, word)
	}
}

// alone reports whether a part is a word for itself.
func (v *view) alone(from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(v.text[:from])
	after, _ := utf8.DecodeRuneInString(v.text[to:])
	return !wordly(before) && !wordly(after)
}

func wordly(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// markCut marks the beginning of a word that the end of the text has cut off.
func (v *view) markCut(m *spans, word string) {
	text, ok := strings.CutSuffix(v.text, cut)
	if !ok {
		return
	}
	for n := len(word) - 1; n > 0; n-- {
		if utf8.RuneStart(word[n]) && strings.HasSuffix(text, word[:n]) && (utf8.RuneCountInString(word[:n]) >= whole-1 || v.alone(len(text)-n, len(text))) {
			v.mark(m, len(text)-n, len(text))
			return
		}
	}
}
