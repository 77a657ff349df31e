package oracle

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// decoration lists the paths of the names that are looked up: in the document, but no content. "*" stands for each
// element of an array.
var decoration = map[string][]string{
	"order": {
		"store.name", "store.url", "status.name", "customer.group.name", "lines.*.tax_class.name", "history.*.status.name",
		"customer.custom_fields.*.name", "customer.custom_fields.*.text",
		"billing_address.country.name", "billing_address.zone.name",
		"billing_address.custom_fields.*.name", "billing_address.custom_fields.*.text",
		"shipping_address.country.name", "shipping_address.zone.name",
		"shipping_address.custom_fields.*.name", "shipping_address.custom_fields.*.text",
	},
	"customer": {
		"group.name", "custom_fields.*.name", "custom_fields.*.text", "addresses.*.country.name", "addresses.*.zone.name",
		"addresses.*.custom_fields.*.name", "addresses.*.custom_fields.*.text",
	},
	"product": {"tax_class.name"},
	"stock":   {"stock_status.name"},
}

// Changed lists the top-level fields whose content differs between two documents of an entity, sorted; all fields of
// next when there is no document before. It takes documents of an Oracle and decoded JSON alike and changes neither.
func Changed(prev, next map[string]any, entity string) []string {
	before, after := content(prev, entity), content(next, entity)
	fields := maps.Clone(before)
	maps.Copy(fields, after)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(fields)), func(field string) bool {
		b, inBefore := before[field]
		a, inAfter := after[field]
		return inBefore && inAfter && reflect.DeepEqual(b, a)
	})
}

// content is a copy of a document without its decoration.
func content(doc map[string]any, entity string) map[string]any {
	if doc == nil {
		return map[string]any{}
	}
	bare := normal(doc).(map[string]any)
	for _, path := range decoration[entity] {
		strip(bare, strings.Split(path, "."))
	}
	return bare
}

// strip removes what lies at the path.
func strip(v any, path []string) {
	switch v := v.(type) {
	case map[string]any:
		if len(path) == 1 {
			delete(v, path[0])
		} else {
			strip(v[path[0]], path[1:])
		}
	case []any:
		for _, one := range v {
			strip(one, path[1:])
		}
	}
}
