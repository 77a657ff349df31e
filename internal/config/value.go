package config

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// Unmarshaler is implemented (on the pointer) by types that accept more than one form, a single value or a list for
// example. UnmarshalConfig reports mistakes through v and never sees a missing value.
type Unmarshaler interface {
	UnmarshalConfig(v *Value)
}

// Value is one value of the file on its way into an Unmarshaler.
type Value struct {
	d    *decoder
	node *yaml.Node
	path string
}

// IsSection tells whether the value is a section, with keys of its own.
func (v *Value) IsSection() bool { return v.node.Kind == yaml.MappingNode }

// IsList tells whether the value is a list.
func (v *Value) IsList() bool { return v.node.Kind == yaml.SequenceNode }

// Decode reads the value strictly over what into points to, of any type a settings struct may have, and tells whether it
// is free of mistakes. The mistakes are reported already.
func (v *Value) Decode(into any) bool {
	before := len(v.d.problems)
	v.d.decode(v.node, v.path, reflect.ValueOf(into).Elem(), false)
	return len(v.d.problems) == before
}

// Problem reports a mistake at the value. The message must not contain the value itself: it may come from outside the
// file. Use Quote.
func (v *Value) Problem(format string, args ...any) {
	(&Section{v.d, v.path}).Problem("", format, args...)
}

// Quote returns the value as the file has it, for messages.
func (v *Value) Quote() string { return (&Section{v.d, v.path}).Quote("") }

func (v *Value) oneOf(value string, known ...string) {
	(&Section{v.d, v.path}).oneOf("", value, known...)
}

func (v *Value) line() int { return v.d.line(v.path) }

// peek returns the expanded text of a key that will be decoded later, "" when that is not possible.
func (v *Value) peek(key string) string {
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		name, value := v.node.Content[i], resolve(v.node.Content[i+1])
		if name.Value == key && value.Kind == yaml.ScalarNode {
			return expand(value.Value, v.d.folder).text
		}
	}
	return ""
}
