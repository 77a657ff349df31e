package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"octail/internal/httpx"
	"octail/sinks"
)

const mostAnswer = 64 << 20

// errAddress: the config has been changed behind its check.
var errAddress = errors.New("url is not an address")

// New makes a Client; it does not connect.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.URL)
	if err != nil {
		return nil, errAddress // err repeats it
	}
	return &Client{o: o, base: base, http: httpx.New(httpx.Options{MostBody: mostAnswer, Pace: o.Pace, Secrets: []string{o.Key, o.Password}})}, nil
}

func (c *Client) call(ctx context.Context, model, method string, a Args) (json.RawMessage, error) {
	body := maps.Clone(a.Named)
	if body == nil {
		body = map[string]any{}
	}
	if a.IDs != nil {
		body["ids"] = a.IDs
	}
	if a.Context != nil {
		body["context"] = a.Context
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write the arguments of %s of %s: %w", method, model, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath("json", "2", model, method).String(), bytes.NewReader(b))
	if err != nil {
		return nil, errAddress
	}
	r.Header.Set("User-Agent", "octail")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "bearer "+c.o.Key)
	if c.o.Database != "" {
		r.Header.Set("X-Odoo-Database", c.o.Database)
	}
	c.mu.Lock()
	c.calls++
	c.mu.Unlock()
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.OK() && !answer.HTML() {
		return answer.Body, nil
	}
	var said struct{ Name, Message string }
	if json.Unmarshal(answer.Body, &said) != nil {
		return nil, answer.Error(nil)
	}
	e := &Error{Kind: kind(answer.Status, said.Name), Model: model, Method: method, Name: said.Name, Message: said.Message}
	return nil, answer.Explain(sinks.Mark(e.Kind.Class(), e))
}

// kind: by the exception, and by the status where that says more.
func kind(status int, name string) Kind {
	_, class, _ := strings.Cut(name, ".")
	switch {
	case status == http.StatusUnauthorized:
		return Key
	case strings.HasSuffix(name, "AccessError"):
		return Right
	case strings.HasSuffix(name, "MissingError"):
		return Missing
	case strings.HasSuffix(name, "SerializationFailure"), strings.HasSuffix(name, "DeadlockDetected"), strings.HasSuffix(name, "LockNotAvailable"):
		return Conflict
	case status == http.StatusNotFound:
		return Method
	case strings.HasPrefix(name, "odoo.exceptions."):
		return Refused
	case strings.HasPrefix(class, "errors."), strings.HasPrefix(name, "builtins."):
		return Mistake
	}
	return Unknown
}

// strange: an answer of another form than the method has.
func (c *Client) strange(model, method string) error {
	return sinks.Mark(sinks.Retryable, fmt.Errorf("Odoo answers %s of %s in a form it does not have: is there something between that rewrites answers?", method, model))
}

var _ = (*httpx.Answer)(nil)
