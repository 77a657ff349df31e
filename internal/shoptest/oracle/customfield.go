package oracle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// customFields reads a custom_field column: custom field id to value, as JSON or (2.0) as PHP serializes it.
func (r *reference) customFields(stored string) ([]any, error) {
	fields := []any{}
	values, err := keyed(stored)
	if err != nil {
		return nil, fmt.Errorf("custom fields: %w", err)
	}
	ids := make([]int64, 0, len(values))
	for key := range values {
		id, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("custom fields: key %q", key)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		value, err := fieldValue(values[strconv.FormatInt(id, 10)])
		if err != nil {
			return nil, fmt.Errorf("custom field %d: %w", id, err)
		}
		field := map[string]any{"id": id, "name": lookup(r.fields, id), "value": value}
		switch r.fieldTypes[id] {
		case "select", "radio", "checkbox":
			field["text"] = r.choiceNames(value)
		}
		fields = append(fields, field)
	}
	return fields, nil
}

// choiceNames turns the id or ids of choices into their names, "" for an unknown one.
func (r *reference) choiceNames(value any) any {
	if several, ok := value.([]any); ok {
		names := make([]any, len(several))
		for i, one := range several {
			names[i] = r.choiceNames(one)
		}
		return names
	}
	id, _ := strconv.ParseInt(value.(string), 10, 64) // no number is no choice
	return r.choices[id]
}

// fieldValue is a string, or strings for several choices.
func fieldValue(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return plain(v), nil
	case json.Number:
		return v.String(), nil
	case []any:
		several := make([]any, len(v))
		for i, one := range v {
			text, err := fieldValue(one)
			if err != nil {
				return nil, err
			}
			several[i] = text
		}
		return several, nil
	case map[string]any: // a PHP array with holes
		several := []any{}
		for _, key := range slices.SortedFunc(maps.Keys(v), compareKeys) {
			several = append(several, v[key])
		}
		return fieldValue(several)
	}
	return nil, fmt.Errorf("unexpected %T", v)
}

// compareKeys orders keys of a PHP array: numbers by value.
func compareKeys(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// keyed parses JSON, or a serialized text, that PHP wrote for an array: an object, or a list when the keys count from 0. An empty column,
// "[]", "{}" and "null" are all empty.
func keyed(stored string) (map[string]any, error) {
	if strings.TrimSpace(stored) == "" {
		return nil, nil
	}
	v, err := parseJSON([]byte(stored))
	if strings.HasPrefix(stored, "a:") {
		v, err = parsePHP(stored)
	}
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return v, nil
	case []any:
		values := map[string]any{}
		for i, one := range v {
			values[strconv.Itoa(i)] = one
		}
		return values, nil
	}
	return nil, fmt.Errorf("neither object nor list: %T", v)
}
