package oracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// parseJSON decodes one JSON value and keeps numbers as they are written.
func parseJSON(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("json: more than one value")
	}
	return v, nil
}

// normal is a document as it looks after a trip through JSON, so that documents made and documents read compare.
func normal(v any) any {
	text, err := json.Marshal(v)
	if err == nil {
		v, err = parseJSON(text)
	}
	if err != nil {
		panic(fmt.Sprintf("oracle: a document that is no JSON: %v", err)) // documents hold JSON values only
	}
	return v
}

// plainJSON turns the texts inside a stored JSON value into plain text and its whole numbers into int64.
func plainJSON(v any) any {
	switch v := v.(type) {
	case string:
		return plain(v)
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		return v.String()
	case []any:
		list := make([]any, len(v))
		for i, one := range v {
			list[i] = plainJSON(one)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, one := range v {
			object[key] = plainJSON(one)
		}
		return object
	}
	return v
}
