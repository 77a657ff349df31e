package transform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"octail/transform/document"
)

// customFields reads a custom_field column: a map of field id to answer, as JSON or, from
// OpenCart 2.0, as a serialized PHP array; an upgraded shop has rows of both kinds. ”,
// [], {}, a:0:{} and NULL all mean none.
func (ref *reference) customFields(stored string) []document.CustomField {
	out := []document.CustomField{}
	answers := map[int64]json.RawMessage{}
	if trimmed := strings.TrimSpace(stored); isPHP(trimmed) {
		raw, _ := phpJSON(trimmed, ref.text.valid) // lengths are those of the bytes as stored
		collectAnswers(raw, answers)
	} else {
		collectAnswers([]byte(ref.text.valid(stored)), answers)
	}
	for id, raw := range answers {
		values, list := answerTexts(raw)
		for i, v := range values {
			values[i] = ref.text.plain(v)
		}
		f := document.CustomField{ID: id, Value: textOrList(values, list)}
		if def, ok := ref.fields[id]; ok {
			f.Name = pointer(def.name)
			if def.choice {
				names := make([]string, len(values))
				for i, v := range values {
					if n, err := strconv.ParseInt(v, 10, 64); err == nil {
						names[i] = ref.fieldValues[n] // "" for a choice that is gone
					}
				}
				f.Text = textOrList(names, list)
			}
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b document.CustomField) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// collectAnswers walks a stored map. OpenCart 4 may nest it by location
// ({"account": {...}}); PHP writes a map with the keys 0, 1, ... as a list.
func collectAnswers(stored []byte, into map[int64]json.RawMessage) {
	stored = bytes.TrimSpace(stored)
	if len(stored) == 0 {
		return
	}
	switch stored[0] {
	case '{':
		var m map[string]json.RawMessage
		if json.Unmarshal(stored, &m) != nil {
			return
		}
		for _, k := range sortedKeys(m) { // of two answers for one field always the same wins
			if id, err := strconv.ParseInt(k, 10, 64); err == nil {
				into[id] = m[k]
			} else {
				collectAnswers(m[k], into)
			}
		}
	case '[':
		var l []json.RawMessage
		if json.Unmarshal(stored, &l) != nil {
			return
		}
		for i, v := range l {
			into[int64(i)] = v
		}
	}
}

// answerTexts reads one answer: a text, a number, or a list of them.
func answerTexts(raw json.RawMessage) (values []string, list bool) {
	var many []json.RawMessage
	if json.Unmarshal(raw, &many) == nil && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		for _, m := range many {
			one, _ := answerTexts(m)
			values = append(values, one...)
		}
		return values, true
	}
	var byKey map[string]json.RawMessage
	if json.Unmarshal(raw, &byKey) == nil && byKey != nil { // a PHP list with gaps
		for _, k := range sortedKeys(byKey) {
			one, _ := answerTexts(byKey[k])
			values = append(values, one...)
		}
		return values, true
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return []string{s}, false
	}
	if t := strings.TrimSpace(string(raw)); t != "null" {
		return []string{t}, false
	}
	return []string{""}, false
}

// sortedKeys sorts the keys of a PHP array: numbers by value.
func sortedKeys(m map[string]json.RawMessage) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
}

func textOrList(values []string, list bool) json.RawMessage {
	if !list {
		return document.AppendString(nil, values[0])
	}
	b := []byte{'['}
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = document.AppendString(b, v)
	}
	return append(b, ']')
}
