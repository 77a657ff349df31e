package document

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Encoded is a document as bytes, with what is needed to compare it.
type Encoded struct {
	JSON   []byte  // the whole document, keys in the order of the type's fields
	Fields []Field // its top-level fields that are content, in that order
	Hash   [16]byte
}

// Field is one top-level field of an encoded document.
type Field struct {
	Name string
	Sum  uint64 // of the content bytes
	Raw  []byte // the JSON value, decoration included
}

// Encode writes a document (a pointer to one of the package's types) in its
// canonical form. The same content gives the same Sum and Hash on every machine
// and run; decoration is in JSON and Raw alone. It is an own encoder, and not
// encoding/json, because both forms are needed of every document and differ by
// struct tag only.
func Encode(doc any) Encoded {
	v := reflect.ValueOf(doc).Elem()
	p := planOf(v.Type())
	var e encoder
	e.full = make([]byte, 0, 4096)
	out := Encoded{Fields: make([]Field, 0, len(p.fields))}
	type place struct{ start, end int }
	places := make([]place, 0, len(p.fields))
	whole := sha256.New()
	e.full = append(e.full, '{')
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.FieldByIndex(f.index)
		if f.omitzero && isZero(fv) {
			continue
		}
		if len(e.full) > 1 {
			e.full = append(e.full, ',')
		}
		e.full = append(e.full, f.prefix...)
		e.content = e.content[:0]
		start := len(e.full)
		f.encode(&e, fv)
		if f.decoration {
			continue
		}
		places = append(places, place{start, len(e.full)})
		sum := sha256.Sum256(e.content)
		out.Fields = append(out.Fields, Field{Name: f.name, Sum: binary.BigEndian.Uint64(sum[:8])})
		whole.Write(f.prefix)
		whole.Write(sum[:])
	}
	e.full = append(e.full, '}')
	out.JSON = e.full
	for i, pl := range places {
		out.Fields[i].Raw = e.full[pl.start:pl.end:pl.end]
	}
	copy(out.Hash[:], whole.Sum(nil))
	return out
}

// Sums packs the field sums for storing beside the document: name and sum,
// in the document's order.
func (e Encoded) Sums() []byte {
	var b []byte
	for _, f := range e.Fields {
		b = append(b, byte(len(f.Name)))
		b = append(b, f.Name...)
		b = binary.BigEndian.AppendUint64(b, f.Sum)
	}
	return b
}

// ReadSums unpacks what Sums wrote.
func ReadSums(b []byte) (map[string]uint64, error) {
	sums := map[string]uint64{}
	for len(b) > 0 {
		n := int(b[0])
		if len(b) < 1+n+8 {
			return nil, fmt.Errorf("field sums are cut off")
		}
		sums[string(b[1:1+n])] = binary.BigEndian.Uint64(b[1+n:])
		b = b[1+n+8:]
	}
	return sums, nil
}

// Names lists the fields, sorted.
func (e Encoded) Names() []string {
	names := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		names[i] = f.Name
	}
	slices.Sort(names)
	return names
}

// Changed lists the fields that differ from the sums of an earlier document,
// sorted, fields that only one of the two has included.
func (e Encoded) Changed(before map[string]uint64) []string {
	changed := []string{}
	have := map[string]bool{}
	for _, f := range e.Fields {
		have[f.Name] = true
		if sum, ok := before[f.Name]; !ok || sum != f.Sum {
			changed = append(changed, f.Name)
		}
	}
	for name := range before {
		if !have[name] {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// encoder appends to two buffers: everything to full, all but decoration to
// content.
type encoder struct {
	full, content []byte
	decoration    int
}

func (e *encoder) raw(b []byte) {
	e.full = append(e.full, b...)
	if e.decoration == 0 {
		e.content = append(e.content, b...)
	}
}

func (e *encoder) byte(b byte) {
	e.full = append(e.full, b)
	if e.decoration == 0 {
		e.content = append(e.content, b)
	}
}

func (e *encoder) string(s string) {
	start := len(e.full)
	e.full = AppendString(e.full, s)
	if e.decoration == 0 {
		e.content = append(e.content, e.full[start:]...)
	}
}

// AppendString appends s as a JSON string, as encoding/json without HTML escaping
// does: UTF-8 as it is, but for what JSON demands and the line separators that
// JavaScript would take for a line's end. Invalid bytes become U+FFFD.
func AppendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + n
			case r == '\u2028', r == '\u2029':
				b = append(append(b, s[start:i]...), '\\', 'u', '2', '0', '2', hex[r&0xF])
				start = i + n
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

// plan is how a struct type is written; made once per type.
type plan struct{ fields []planField }

type planField struct {
	name       string
	prefix     []byte // "name":
	index      []int
	omitzero   bool
	decoration bool
	encode     func(*encoder, reflect.Value)
}

var plans sync.Map // reflect.Type -> *plan

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous || !f.IsExported() {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p.fields = append(p.fields, planField{
			name:       name,
			prefix:     []byte(strconv.Quote(name) + ":"),
			index:      f.Index,
			omitzero:   strings.Contains(options, "omitzero"),
			decoration: f.Tag.Get("octail") == "decoration",
			encode:     encoderOf(f.Type),
		})
	}
	plans.Store(t, p)
	return p
}

var (
	rawType   = reflect.TypeFor[json.RawMessage]()
	maybeName = "Maybe["
)

func encoderOf(t reflect.Type) func(*encoder, reflect.Value) {
	if t == rawType {
		return func(e *encoder, v reflect.Value) {
			if v.Len() == 0 {
				e.raw([]byte("null"))
			} else {
				e.raw(v.Bytes())
			}
		}
	}
	switch t.Kind() {
	case reflect.String:
		return func(e *encoder, v reflect.Value) { e.string(v.String()) }
	case reflect.Int64, reflect.Int:
		return func(e *encoder, v reflect.Value) {
			var buf [20]byte
			e.raw(strconv.AppendInt(buf[:0], v.Int(), 10))
		}
	case reflect.Bool:
		return func(e *encoder, v reflect.Value) { e.raw(strconv.AppendBool(nil, v.Bool())) }
	case reflect.Pointer:
		inner := encoderOf(t.Elem())
		return func(e *encoder, v reflect.Value) {
			if v.IsNil() {
				e.raw([]byte("null"))
			} else {
				inner(e, v.Elem())
			}
		}
	case reflect.Slice:
		inner := encoderOf(t.Elem())
		return func(e *encoder, v reflect.Value) {
			e.byte('[')
			for i := range v.Len() {
				if i > 0 {
					e.byte(',')
				}
				inner(e, v.Index(i))
			}
			e.byte(']')
		}
	case reflect.Map:
		inner := encoderOf(t.Elem())
		return func(e *encoder, v reflect.Value) {
			keys := make([]string, 0, v.Len())
			for _, k := range v.MapKeys() {
				keys = append(keys, k.String())
			}
			slices.Sort(keys)
			e.byte('{')
			for i, k := range keys {
				if i > 0 {
					e.byte(',')
				}
				e.string(k)
				e.byte(':')
				inner(e, v.MapIndex(reflect.ValueOf(k)))
			}
			e.byte('}')
		}
	case reflect.Struct:
		if strings.HasPrefix(t.Name(), maybeName) {
			inner := encoderOf(t.Field(1).Type)
			return func(e *encoder, v reflect.Value) { inner(e, v.Field(1)) }
		}
		p := planOf(t)
		return func(e *encoder, v reflect.Value) { e.structure(p, v) }
	}
	panic("document: no encoding for " + t.String())
}

func (e *encoder) structure(p *plan, v reflect.Value) {
	e.byte('{')
	first, firstContent := true, true
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.FieldByIndex(f.index)
		if f.omitzero && isZero(fv) {
			continue
		}
		if !first {
			e.full = append(e.full, ',')
		}
		first = false
		if f.decoration {
			e.decoration++
		} else if e.decoration == 0 {
			if !firstContent {
				e.content = append(e.content, ',')
			}
			firstContent = false
		}
		e.raw(f.prefix)
		f.encode(e, fv)
		if f.decoration {
			e.decoration--
		}
	}
	e.byte('}')
}

// isZero is omitzero's test: nil for slices and pointers, unknown for Maybe.
func isZero(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Pointer, reflect.Map:
		return v.IsNil()
	case reflect.Struct:
		return !v.Field(0).Bool() // Maybe.Known
	}
	return v.IsZero()
}
