package config

import (
	"fmt"
	"reflect"
	"strings"
)

// field is one key of a settings struct.
type field struct {
	key   string
	size  bool
	path  bool
	value reflect.Value
}

// fieldsOf lists the keys of a struct by its yaml tags: `yaml:"key"`, `yaml:"key" unit:"bytes"` for an integer written
// as a size, `yaml:"key" unit:"path"` for a file whose relative path begins at the config file's folder, `yaml:",inline"` for an embedded struct, `yaml:"-"` for a field that is not in the file. Everything else is a
// mistake of the programmer and panics, in every test that touches the struct.
func fieldsOf(v reflect.Value) []field {
	var out []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, flag, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case key == "-":
		case flag == "inline":
			out = append(out, fieldsOf(v.Field(i))...)
		case key == "" || !f.IsExported() || !supported(f.Type):
			panic(fmt.Sprintf("config: field %s of %s has no yaml key or a type that cannot be read", f.Name, v.Type()))
		default:
			unit := f.Tag.Get("unit")
			out = append(out, field{key, unit == "bytes", unit == "path", v.Field(i)})
		}
	}
	return out
}

func supported(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[Unmarshaler]()) {
		return true
	}
	switch t.Kind() {
	case reflect.Slice:
		return supported(t.Elem())
	case reflect.Map:
		return t.Key().Kind() == reflect.String && supported(t.Elem())
	case reflect.Struct, reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}
