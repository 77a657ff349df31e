package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Compare lists the differences of a document from the one it should be, each with its JSON path: fields that are
// missing, fields that should not be there, and values of another content or type. The order of arrays counts; equal
// documents give an empty list. Without a wanted document any document but null is a difference.
func Compare(want map[string]any, got []byte) []string {
	var found any
	if len(bytes.TrimSpace(got)) > 0 {
		var err error
		if found, err = parseJSON(got); err != nil {
			return []string{err.Error()}
		}
	}
	return differences("", normal(want), found)
}

func differences(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			break
		}
		all := maps.Clone(want)
		maps.Copy(all, got)
		var found []string
		for _, key := range slices.Sorted(maps.Keys(all)) {
			at := key
			if path != "" {
				at = path + "." + key
			}
			w, wanted := want[key]
			g, given := got[key]
			switch {
			case !given:
				found = append(found, fmt.Sprintf("%s: missing, want %s", at, text(w)))
			case !wanted:
				found = append(found, fmt.Sprintf("%s: extra, got %s", at, text(g)))
			default:
				found = append(found, differences(at, w, g)...)
			}
		}
		return found
	case []any:
		got, ok := got.([]any)
		if !ok {
			break
		}
		var found []string
		for i := range max(len(want), len(got)) {
			at := fmt.Sprintf("%s[%d]", path, i)
			switch {
			case i >= len(got):
				found = append(found, fmt.Sprintf("%s: missing, want %s", at, text(want[i])))
			case i >= len(want):
				found = append(found, fmt.Sprintf("%s: extra, got %s", at, text(got[i])))
			default:
				found = append(found, differences(at, want[i], got[i])...)
			}
		}
		return found
	default:
		switch got.(type) {
		case map[string]any, []any:
		default:
			if want == got {
				return nil
			}
		}
	}
	if path == "" {
		path = "document"
	}
	return []string{fmt.Sprintf("%s: want %s, got %s", path, text(want), text(got))}
}

// text is a value as JSON.
func text(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
