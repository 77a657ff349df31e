package transform

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"octail/transform/document"
)

// Bounds of what phpJSON reads: a column holds 64 KiB, and the answers of a form are
// lists in a map, perhaps in a map by location.
const (
	phpBytes = 1 << 20
	phpDepth = 8
)

// isPHP reports whether a stored text is a PHP array as serialize() writes it.
func isPHP(stored string) bool {
	return strings.HasPrefix(stored, "a:") && strings.HasSuffix(stored, "}")
}

// phpJSON turns a PHP array as serialize() writes it into a JSON object: OpenCart 2.0
// stored so what later releases store as JSON. Text is told valid UTF-8 by valid. It
// takes exactly what PHP writes for arrays, texts, numbers, booleans and null; lengths
// are in bytes. Objects and references, which no form makes, are refused like anything
// else: ok is false.
func phpJSON(stored string, valid func(string) string) (raw json.RawMessage, ok bool) {
	if len(stored) > phpBytes {
		return nil, false
	}
	p := phpReader{rest: stored, valid: valid}
	var out bytes.Buffer
	if !p.array(&out, phpDepth) || p.rest != "" {
		return nil, false
	}
	return out.Bytes(), true
}

// phpReader reads values off the front of a text. What it has written is of no use once
// it has said false.
type phpReader struct {
	rest  string
	valid func(string) string
}

// skip takes an expected text away.
func (p *phpReader) skip(text string) (ok bool) {
	p.rest, ok = strings.CutPrefix(p.rest, text)
	return ok
}

// until takes what stands in front of a mark, and the mark, which is not far.
func (p *phpReader) until(mark byte) (string, bool) {
	const widest = 64 // a number
	i := strings.IndexByte(p.rest[:min(len(p.rest), widest)], mark)
	if i < 0 {
		return "", false
	}
	text := p.rest[:i]
	p.rest = p.rest[i+1:]
	return text, true
}

// count takes a number of bytes or elements; there are not more than bytes left.
func (p *phpReader) count() (int, bool) {
	text, ok := p.until(':')
	n, err := strconv.ParseUint(text, 10, 31)
	if !ok || err != nil || text != strconv.FormatUint(n, 10) || n > uint64(len(p.rest)) {
		return 0, false
	}
	return int(n), true
}

func (p *phpReader) integer() (string, bool) {
	text, ok := p.until(';')
	n, err := strconv.ParseInt(text, 10, 64)
	return text, ok && err == nil && text == strconv.FormatInt(n, 10)
}

func (p *phpReader) text() (string, bool) {
	n, ok := p.count()
	if !ok || !p.skip(`"`) || n > len(p.rest) {
		return "", false
	}
	text := p.rest[:n]
	p.rest = p.rest[n:]
	return p.valid(text), p.skip(`";`)
}

// array writes an array as an object.
func (p *phpReader) array(out *bytes.Buffer, depth int) bool {
	if depth == 0 || !p.skip("a:") {
		return false
	}
	n, ok := p.count()
	if !ok || !p.skip("{") {
		return false
	}
	out.WriteByte('{')
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		var key string
		switch {
		case p.skip("i:"):
			key, ok = p.integer()
		case p.skip("s:"):
			key, ok = p.text()
		default:
			return false
		}
		if !ok {
			return false
		}
		out.Write(document.AppendString(nil, key))
		out.WriteByte(':')
		if !p.value(out, depth-1) {
			return false
		}
	}
	out.WriteByte('}')
	return p.skip("}")
}

func (p *phpReader) value(out *bytes.Buffer, depth int) bool {
	var text string
	var ok bool
	switch {
	case strings.HasPrefix(p.rest, "a:"):
		return p.array(out, depth)
	case p.skip("s:"):
		text, ok = p.text()
	case p.skip("i:"):
		text, ok = p.integer()
	case p.skip("d:"):
		text, ok = p.until(';')
		_, err := strconv.ParseFloat(text, 64)
		ok = ok && err == nil
	case p.skip("b:0;"):
		text, ok = "0", true
	case p.skip("b:1;"):
		text, ok = "1", true
	case p.skip("N;"):
		text, ok = "", true
	}
	if ok { // a form sends texts; octail shows all answers as texts
		out.Write(document.AppendString(nil, text))
	}
	return ok
}
