package config

import (
	"reflect"
	"slices"
)

// Differences names the keys whose values differ between two configurations, as in
// "shop.mysql.password", in the order of the file's sections. Values from outside the
// file (secrets) count as they were read. Sinks are not among them: see Sink.Equal.
func Differences(a, b *Config) []string {
	names := differences("", reflect.ValueOf(*a), reflect.ValueOf(*b))
	return slices.DeleteFunc(names, func(name string) bool { return name == "sinks" })
}

func differences(path string, a, b reflect.Value) (names []string) {
	for i := range a.NumField() {
		key := a.Type().Field(i).Tag.Get("yaml")
		if key == "-" || key == "" {
			continue
		}
		if path != "" {
			key = path + "." + key
		}
		switch x, y := a.Field(i), b.Field(i); {
		case isSection(x.Type()):
			names = append(names, differences(key, x, y)...)
		case !reflect.DeepEqual(x.Interface(), y.Interface()):
			names = append(names, key)
		}
	}
	return names
}

// isSection: a struct whose fields are all keys. One that is also written in another
// form (shop.mysql.tls, reconcile.at) is a single value.
func isSection(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key == "" || key == "-" {
			return false
		}
	}
	return true
}

// Equal reports whether two sinks are configured alike, secrets included. Where in the
// file they stand does not count.
func (k Sink) Equal(other Sink) bool {
	k.Line, other.Line = 0, 0
	return reflect.DeepEqual(k, other)
}
