package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"octail/sinks"
)

// json2 makes a call by JSON-2.
func (c *Client) json2(ctx context.Context, model, method string, a Args) (json.RawMessage, error) {
	body := maps.Clone(a.Named)
	if body == nil {
		body = map[string]any{}
	}
	if len(a.IDs) > 0 {
		body["ids"] = a.IDs
	}
	if a.Context != nil {
		body["context"] = a.Context
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write the arguments of %s of %s: %w", method, model, err)
	}
	b = withoutControls(b)
	header := http.Header{"Authorization": {"bearer " + c.o.Key}, "Content-Type": {"application/json"}}
	if c.o.Database != "" {
		header.Set("X-Odoo-Database", c.o.Database)
	}
	answer, err := c.send(ctx, http.MethodPost, c.base.JoinPath("json", "2", model, method), header, b)
	if err != nil {
		return nil, retold(err, b)
	}
	if answer.OK() && !answer.HTML() {
		if answer.Cut || !json.Valid(answer.Body) {
			return nil, retold(c.strange(answer, model, method), b)
		}
		return answer.Body, nil
	}
	var said struct{ Name, Message string }
	if answer.OK() || json.Unmarshal(answer.Body, &said) != nil || said.Name == "" {
		return nil, retold(page(answer, &Error{Kind: Database, Model: model, Method: method}), b)
	}
	kind := byName(said.Name, said.Message)
	switch {
	case answer.Status == http.StatusUnauthorized:
		kind = Key
	case kind == Unknown && answer.Status == http.StatusNotFound:
		kind = Method
	}
	e := &Error{Kind: kind, Model: model, Method: method, Name: said.Name, Message: said.Message}
	// Not the body: it has a traceback with Odoo's paths.
	told := answer.Part(answer.Status, shown(b), []byte(said.Name+": "+said.Message))
	return nil, told.Explain(sinks.Mark(kind.Class(), e))
}

// withoutControls takes the control characters out of the texts of a JSON that
// json.Marshal has written: PostgreSQL knows no NUL, XML-RPC none of them.
func withoutControls(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		i++
		switch {
		case b[i] == 'b' || b[i] == 'f':
		case b[i] == 'u' && b[i+1] == '0' && b[i+2] == '0' && b[i+3] <= '1':
			i += 4
		default:
			out = append(out, '\\', b[i])
		}
	}
	return out
}
