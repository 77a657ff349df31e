package rpc

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostDepth bounds how deep an answer may be nested.
const mostDepth = 100

var (
	errXML   = errors.New("the answer is no XML-RPC")
	errDepth = errors.New("the answer is nested too deep")
)

// fault is XML-RPC's way to say that a call has failed.
type fault struct {
	code int
	text string
}

func (f *fault) Error() string { return fmt.Sprintf("XML-RPC fault %d", f.code) }

// writeCall writes a call. An argument is whatever JSON can be made of: it is written as
// its JSON would be read, so that both transports send the same.
func writeCall(method string, args ...any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0"?><methodCall><methodName>` + method + `</methodName><params>`)
	for _, arg := range args {
		raw, err := json.Marshal(arg)
		if err != nil {
			return nil, err
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		b.WriteString("<param>")
		writeValue(&b, v)
		b.WriteString("</param>")
	}
	b.WriteString("</params></methodCall>")
	return b.Bytes(), nil
}

func writeValue(b *bytes.Buffer, v any) {
	b.WriteString("<value>")
	switch v := v.(type) {
	case nil:
		b.WriteString("<nil/>")
	case bool:
		b.WriteString("<boolean>" + map[bool]string{true: "1", false: "0"}[v] + "</boolean>")
	case json.Number:
		writeNumber(b, v.String())
	case string:
		b.WriteString("<string>")
		writeText(b, v)
		b.WriteString("</string>")
	case []any:
		b.WriteString("<array><data>")
		for _, one := range v {
			writeValue(b, one)
		}
		b.WriteString("</data></array>")
	case map[string]any:
		b.WriteString("<struct>")
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b.WriteString("<member><name>")
			writeText(b, name)
			b.WriteString("</name>")
			writeValue(b, v[name])
			b.WriteString("</member>")
		}
		b.WriteString("</struct>")
	}
	b.WriteString("</value>")
}

// writeNumber: what is longer than 32 bits is an i8, which Python reads too.
func writeNumber(b *bytes.Buffer, n string) {
	kind := "double"
	if !strings.ContainsAny(n, ".eE") {
		kind = "i8"
		if _, err := strconv.ParseInt(n, 10, 32); err == nil {
			kind = "int"
		}
	}
	b.WriteString("<" + kind + ">" + n + "</" + kind + ">")
}

// writeText escapes. Not by xml.EscapeText, which writes what XML cannot hold as U+FFFD.
func writeText(b *bytes.Buffer, s string) {
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '\r': // a bare one would be read as \n
			b.WriteString("&#13;")
		case xmlRune(r):
			b.WriteRune(r)
		}
	}
}

// xmlRune tells whether XML 1.0 has a character.
func xmlRune(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r < 0xD800 || r > 0xDFFF && r < 0xFFFE || r > 0xFFFF
}

// readAnswer reads the answer to a call as JSON. What is told by a fault is a *fault.
func readAnswer(body []byte) (json.RawMessage, error) {
	d := &reader{xml.NewDecoder(bytes.NewReader(clean(body)))}
	root, err := d.start()
	if err != nil || root != "methodResponse" {
		return nil, errXML
	}
	kind, err := d.start()
	if err != nil {
		return nil, errXML
	}
	switch kind {
	case "params":
		if name, err := d.start(); err != nil || name != "param" {
			return nil, errXML
		}
	case "fault":
	default:
		return nil, errXML
	}
	if name, err := d.start(); err != nil || name != "value" {
		return nil, errXML
	}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if kind == "fault" {
		return nil, asFault(v)
	}
	if err := d.rest(); err != nil { // an answer that was cut off is none
		return nil, err
	}
	return json.Marshal(v)
}

func asFault(v any) error {
	m, _ := v.(map[string]any)
	n, _ := m["faultCode"].(json.Number)
	text, _ := m["faultString"].(string)
	code, err := strconv.Atoi(n.String())
	if err != nil {
		return errXML
	}
	return &fault{code, text}
}

// clean takes out what no XML can hold, as a name with half a character in it: one text
// must not make a whole answer unreadable.
func clean(b []byte) []byte {
	if utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool { return !xmlRune(r) }) {
		return b
	}
	return bytes.Map(func(r rune) rune {
		if xmlRune(r) {
			return r
		}
		return -1
	}, b)
}

// reader reads XML-RPC's values.
type reader struct{ *xml.Decoder }

// start is the name of the next element; "" and no error: the one around it ends.
func (d *reader) start() (string, error) {
	for {
		t, err := d.Token()
		if err != nil {
			return "", errXML
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t.Name.Local, nil
		case xml.EndElement:
			return "", nil
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return "", errXML
			}
		}
	}
}

// rest reads to the end, in which nothing is awaited any more.
func (d *reader) rest() error {
	for {
		switch t, err := d.Token(); {
		case err == io.EOF:
			return nil
		case err != nil:
			return errXML
		default:
			if _, more := t.(xml.StartElement); more {
				return errXML
			}
		}
	}
}

// text reads what is in an element, to its end.
func (d *reader) text() (string, error) {
	var b strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return "", errXML
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			return "", errXML
		}
	}
}

// value reads what is in a <value>, to its end.
func (d *reader) value(depth int) (any, error) {
	if depth > mostDepth {
		return nil, errDepth
	}
	var text strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return nil, errXML
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.EndElement: // a value without a type is a string
			return text.String(), nil
		case xml.StartElement:
			v, err := d.typed(t.Name.Local, depth)
			if err != nil {
				return nil, err
			}
			if name, err := d.start(); err != nil || name != "" {
				return nil, errXML
			}
			return v, nil
		}
	}
}

func (d *reader) typed(kind string, depth int) (any, error) {
	switch kind {
	case "array":
		return d.array(depth)
	case "struct":
		return d.members(depth)
	}
	text, err := d.text()
	if err != nil {
		return nil, err
	}
	trimmed := strings.TrimSpace(text)
	switch kind {
	case "nil":
		return nil, nil
	case "boolean":
		return trimmed == "1" || trimmed == "true", nil
	case "string", "dateTime.iso8601":
		return text, nil
	case "base64":
		return strings.Join(strings.Fields(text), ""), nil
	case "int", "i1", "i2", "i4", "i8", "biginteger", "double", "bigdecimal":
		if !json.Valid([]byte(trimmed)) {
			if _, err := strconv.ParseFloat(trimmed, 64); err != nil {
				return nil, errXML
			}
			return nil, nil // inf and nan, which JSON has not
		}
		return json.Number(trimmed), nil
	}
	return nil, errXML
}

func (d *reader) array(depth int) (any, error) {
	if name, err := d.start(); err != nil || name != "data" {
		return nil, errXML
	}
	out := []any{}
	for {
		name, err := d.start()
		switch {
		case err != nil || name != "" && name != "value":
			return nil, errXML
		case name == "": // </data>
			if name, err := d.start(); err != nil || name != "" {
				return nil, errXML
			}
			return out, nil
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

func (d *reader) members(depth int) (any, error) {
	out := map[string]any{}
	for {
		switch name, err := d.start(); {
		case err != nil || name != "" && name != "member":
			return nil, errXML
		case name == "":
			return out, nil
		}
		if name, err := d.start(); err != nil || name != "name" {
			return nil, errXML
		}
		key, err := d.text()
		if err != nil {
			return nil, err
		}
		if name, err := d.start(); err != nil || name != "value" {
			return nil, errXML
		}
		if out[key], err = d.value(depth + 1); err != nil {
			return nil, err
		}
		if name, err := d.start(); err != nil || name != "" {
			return nil, errXML
		}
	}
}
