package expression

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"octail/transform/document"
)

// documents are the types of package document as expressions see them, by entity.
var documents = map[string]reflect.Type{
	document.OrderEntity:    seen(reflect.TypeFor[document.Order](), false),
	document.CustomerEntity: seen(reflect.TypeFor[document.Customer](), false),
	document.ProductEntity:  seen(reflect.TypeFor[document.Product](), false),
	document.StockEntity:    seen(reflect.TypeFor[document.Stock](), false),
	document.CategoryEntity: seen(reflect.TypeFor[document.Category](), false),
}

// seen is a type as an expression sees it: a struct with the fields of the JSON and their
// names in it, decimal text as an amount, and nothing that can be null: decoding null, or
// no value at all, leaves the empty one.
func seen(t reflect.Type, isAmount bool) reflect.Type {
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		return reflect.TypeFor[any]()
	case t.Kind() == reflect.Pointer:
		return seen(t.Elem(), isAmount)
	case t.Kind() == reflect.Slice:
		return reflect.SliceOf(seen(t.Elem(), isAmount))
	case t.Kind() == reflect.Map:
		return reflect.MapOf(t.Key(), seen(t.Elem(), isAmount))
	case isAmount && t.Kind() == reflect.String:
		return amountType
	case t.Kind() != reflect.Struct:
		return t
	case strings.HasPrefix(t.Name(), "Maybe["):
		value, _ := t.FieldByName("Value")
		return seen(value.Type, isAmount)
	}
	var fields []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous { // its own fields follow
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		tag := reflect.StructTag(fmt.Sprintf("json:%q expr:%q", name, name))
		fields = append(fields, reflect.StructField{Name: f.Name, Type: seen(f.Type, f.Tag.Get("octail") == "decimal"), Tag: tag})
	}
	return reflect.StructOf(fields)
}

// fieldNames are the names of a type's fields.
func fieldNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("expr"))
	}
	return names
}
