package expression

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/shopspring/decimal"

	"octail/transform/document"
)

// documents are the types of package document as expressions see them, by entity.
var documents = map[string]reflect.Type{
	document.OrderEntity:    seen(reflect.TypeFor[document.Order]()),
	document.CustomerEntity: seen(reflect.TypeFor[document.Customer]()),
	document.ProductEntity:  seen(reflect.TypeFor[document.Product]()),
	document.StockEntity:    seen(reflect.TypeFor[document.Stock]()),
	document.CategoryEntity: seen(reflect.TypeFor[document.Category]()),
}

// seen is a type as an expression sees it: structs have the fields of the JSON, with its
// names; what can be null is a pointer; decimal text is a decimal.
func seen(t reflect.Type) reflect.Type {
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		return reflect.TypeFor[any]()
	case t.Kind() == reflect.Pointer:
		return reflect.PointerTo(seen(t.Elem()))
	case t.Kind() == reflect.Slice:
		return reflect.SliceOf(seen(t.Elem()))
	case t.Kind() == reflect.Map:
		return reflect.MapOf(t.Key(), seen(t.Elem()))
	case t.Kind() != reflect.Struct:
		return t
	case strings.HasPrefix(t.Name(), "Maybe["):
		value, _ := t.FieldByName("Value")
		return seen(value.Type)
	}
	var fields []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		typ := seen(f.Type)
		if f.Tag.Get("octail") == "decimal" {
			typ = decimalOf(typ)
		}
		fields = append(fields, reflect.StructField{Name: f.Name, Type: typ, Tag: reflect.StructTag(fmt.Sprintf(`json:%q expr:%q`, name, name))})
	}
	return reflect.StructOf(fields)
}

func decimalOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return reflect.PointerTo(decimalOf(t.Elem()))
	}
	return reflect.TypeFor[decimal.Decimal]()
}
