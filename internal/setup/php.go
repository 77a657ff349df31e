package setup

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// constants finds what a PHP file defines, without running it: define('NAME', ...)
// where the value is made of texts, numbers, constants from before, __DIR__ and the
// dots between them. unknown are names whose value has to be computed; twice, those
// that are defined again as something else (PHP keeps the first).
func constants(source, folder string) (values map[string]string, unknown, twice map[string]bool) {
	values, unknown, twice = map[string]string{}, map[string]bool{}, map[string]bool{}
	p := &php{src: source}
	for t := p.next(); t.kind != phpEnd; t = p.next() {
		if t.kind != phpWord || !strings.EqualFold(t.text, "define") {
			continue
		}
		if t = p.next(); t.kind != phpSign || t.text != "(" {
			continue
		}
		if t = p.next(); t.kind != phpText {
			continue
		}
		name := t.text
		if t = p.next(); t.kind != phpSign || t.text != "," {
			continue
		}
		value, known := p.value(values, folder)
		_, before := values[name]
		switch {
		case before:
			twice[name] = twice[name] || !known || values[name] != value
		case unknown[name]:
		case known:
			values[name] = value
		default:
			unknown[name] = true
		}
	}
	return values, unknown, twice
}

// value reads an expression up to the comma or bracket that ends it.
func (p *php) value(values map[string]string, folder string) (text string, known bool) {
	var out strings.Builder
	known = true
	for wanted := true; ; wanted = !wanted { // a value, a dot, a value ...
		t := p.next()
		switch {
		case t.kind == phpSign && (t.text == ")" || t.text == ",") || t.kind == phpEnd:
			return out.String(), known && !wanted
		case t.kind == phpSign && t.text == "." && !wanted:
		case !wanted:
			known = false
		case t.kind == phpText, t.kind == phpNumber:
			out.WriteString(t.text)
		case t.kind == phpWord && t.text == "__DIR__":
			out.WriteString(folder)
		case t.kind == phpWord:
			v, ok := values[t.text]
			out.WriteString(v)
			known = known && ok
		default:
			known = false
		}
		if !known { // a call may have brackets of its own: the statement's end is as good
			for t.kind != phpEnd && (t.kind != phpSign || t.text != ";") {
				t = p.next()
			}
			return "", false
		}
	}
}

type phpKind int

const (
	phpEnd      phpKind = iota
	phpWord             // a name or a variable
	phpText             // a string, unescaped
	phpComputed         // a string with variables in it
	phpNumber
	phpSign // one character
)

type phpToken struct {
	kind phpKind
	text string
}

// php splits PHP into tokens, as far as a file of constants needs it.
type php struct {
	src    string
	inside bool // of <?php ... ?>
}

func (p *php) next() phpToken {
	for {
		if !p.inside && !p.enter() {
			return phpToken{}
		}
		p.src = strings.TrimLeft(p.src, " \t\r\n\v\f\x00")
		switch {
		case p.src == "":
			return phpToken{}
		case strings.HasPrefix(p.src, "?>"):
			p.src, p.inside = p.src[2:], false
		case strings.HasPrefix(p.src, "/*"):
			_, p.src, _ = strings.Cut(p.src[2:], "*/")
		case strings.HasPrefix(p.src, "//"), p.src[0] == '#' && !strings.HasPrefix(p.src, "#["):
			end := strings.IndexAny(p.src, "\r\n")
			if end < 0 {
				end = len(p.src)
			}
			if tag := strings.Index(p.src[:end], "?>"); tag >= 0 { // which a comment does not hide
				end = tag
			}
			p.src = p.src[end:]
		case strings.HasPrefix(p.src, "<<<"):
			return p.heredoc()
		case p.src[0] == '\'':
			return p.single()
		case p.src[0] == '"':
			return p.double()
		case p.src[0] == '`': // a command
			p.double()
			return phpToken{phpComputed, ""}
		case p.src[0] >= '0' && p.src[0] <= '9':
			return phpToken{phpNumber, p.take(func(c byte) bool { return wordByte(c) || c == '.' })}
		case wordByte(p.src[0]) || p.src[0] == '$' || p.src[0] == '\\':
			return phpToken{phpWord, strings.TrimPrefix(p.take(func(c byte) bool { return wordByte(c) || c == '$' || c == '\\' }), `\`)}
		default:
			c := p.src[:1]
			p.src = p.src[1:]
			return phpToken{phpSign, c}
		}
	}
}

// enter goes to the beginning of the next piece of PHP.
func (p *php) enter() bool {
	at := strings.Index(p.src, "<?")
	if at < 0 {
		return false
	}
	p.src, p.inside = p.src[at+2:], true
	if len(p.src) >= 3 && strings.EqualFold(p.src[:3], "php") {
		p.src = p.src[3:]
	} else if strings.HasPrefix(p.src, "=") {
		p.src = p.src[1:]
	}
	return true
}

func wordByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

func (p *php) take(is func(byte) bool) string {
	n := 0
	for n < len(p.src) && is(p.src[n]) {
		n++
	}
	text := p.src[:n]
	p.src = p.src[n:]
	return text
}

// single reads '...', in which only \' and \\ mean something else.
func (p *php) single() phpToken {
	var out strings.Builder
	for i := 1; i < len(p.src); i++ {
		switch c := p.src[i]; {
		case c == '\\' && i+1 < len(p.src) && (p.src[i+1] == '\'' || p.src[i+1] == '\\'):
			i++
			out.WriteByte(p.src[i])
		case c == '\'':
			p.src = p.src[i+1:]
			return phpToken{phpText, out.String()}
		default:
			out.WriteByte(c)
		}
	}
	p.src = ""
	return phpToken{}
}

var phpEscapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'v': '\v', 'e': 0x1b, 'f': '\f', '\\': '\\', '$': '$', '"': '"'}

// double reads "...", with PHP's escapes; with a variable in it, it is no text.
func (p *php) double() phpToken {
	quote := p.src[0]
	kind := phpText
	var out strings.Builder
	for i := 1; i < len(p.src); i++ {
		c := p.src[i]
		next := byte(0)
		if i+1 < len(p.src) {
			next = p.src[i+1]
		}
		switch {
		case c == quote:
			p.src = p.src[i+1:]
			return phpToken{kind, out.String()}
		case c == '$' && (next == '{' || next == '_' || next >= 'a' && next <= 'z' || next >= 'A' && next <= 'Z' || next >= 0x80), c == '{' && next == '$':
			kind = phpComputed
		case c != '\\' || next == 0:
			out.WriteByte(c)
		default:
			n := p.escape(p.src[i+1:], &out)
			if n == 0 {
				out.WriteByte(c)
			}
			i += n
		}
	}
	p.src = ""
	return phpToken{}
}

// escape writes what stands behind a backslash and returns how long that is; 0: it
// means nothing.
func (p *php) escape(s string, out *strings.Builder) int {
	if c, ok := phpEscapes[s[0]]; ok {
		out.WriteByte(c)
		return 1
	}
	run := func(from, most int, set string) int {
		n := from
		for n < len(s) && n < from+most && strings.IndexByte(set, s[n]) >= 0 {
			n++
		}
		return n
	}
	switch {
	case s[0] >= '0' && s[0] <= '7':
		end := run(0, 3, "01234567")
		n, _ := strconv.ParseUint(s[:end], 8, 16)
		out.WriteByte(byte(n))
		return end
	case s[0] == 'x':
		end := run(1, 2, "0123456789abcdefABCDEF")
		if end == 1 {
			return 0
		}
		n, _ := strconv.ParseUint(s[1:end], 16, 8)
		out.WriteByte(byte(n))
		return end
	case strings.HasPrefix(s, "u{"):
		if end := strings.IndexByte(s, '}'); end > 2 {
			if n, err := strconv.ParseUint(s[2:end], 16, 32); err == nil && utf8.ValidRune(rune(n)) {
				out.WriteRune(rune(n))
				return end + 1
			}
		}
	}
	return 0
}

// heredoc skips <<<LABEL ... LABEL: nobody writes a password like that, and what
// looks like PHP in it is none.
func (p *php) heredoc() phpToken {
	p.src = strings.TrimLeft(p.src[3:], " \t")
	quoted := strings.HasPrefix(p.src, "'") || strings.HasPrefix(p.src, `"`)
	if quoted {
		p.src = p.src[1:]
	}
	label := p.take(wordByte)
	_, rest, _ := strings.Cut(p.src, "\n")
	for rest != "" && label != "" {
		line, after, _ := strings.Cut(rest, "\n")
		trimmed := strings.TrimLeft(line, " \t")
		if behind, ok := strings.CutPrefix(trimmed, label); ok && (behind == "" || !wordByte(behind[0])) {
			p.src = behind + "\n" + after
			return phpToken{phpComputed, ""}
		}
		rest = after
	}
	p.src = ""
	return phpToken{}
}
