package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"octail/internal/httpx"
	"octail/sinks"
)

// positional are the parameters that a method takes by their places over XML-RPC: create
// takes its list in no other way, and the names of others changed between the versions,
// or are other ones in the modules that extend them.
var positional = map[string][]string{
	"create":                 {"vals_list"},
	"write":                  {"vals"},
	"load":                   {"fields", "data"},
	"read":                   {"fields"},
	"search_read":            {"domain", "fields"},
	"search":                 {"domain"},
	"search_count":           {"domain"},
	"fields_get":             {"allfields", "attributes"},
	"default_get":            {"fields"},
	"name_search":            {"name", "domain"},
	"has_access":             {"operation"},
	"check_access_rights":    {"operation", "raise_exception"},
	"check_object_reference": {"module", "xml_id"},
}

// errLogin: over XML-RPC a key is the password of a user.
var errLogin = errors.New("login is missing: over XML-RPC an API key goes with the login of its user; add login (XML-RPC is used because this Odoo is older than 19, or because transport says so)")

// xmlrpc makes a call by XML-RPC.
func (c *Client) xmlrpc(ctx context.Context, model, method string, a Args) (json.RawMessage, error) {
	uid, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	named := maps.Clone(a.Named)
	if named == nil {
		named = map[string]any{}
	}
	args := []any{}
	if a.IDs != nil {
		args = append(args, a.IDs)
	}
	for _, name := range positional[method] {
		v, ok := named[name]
		if !ok {
			break
		}
		args = append(args, v)
		delete(named, name)
	}
	if a.Context != nil {
		named["context"] = a.Context
	}
	raw, err := c.object(ctx, model, method, "execute_kw", c.o.Database, uid, c.secret(), model, method, args, named)
	if e, ok := As(err); ok && e.Kind == Key {
		c.mu.Lock()
		c.uid = 0
		c.mu.Unlock()
	}
	return raw, err
}

// secret is the key, or the password.
func (c *Client) secret() string {
	if c.o.Key != "" {
		return c.o.Key
	}
	return c.o.Password
}

// login finds out the id of the user, once.
func (c *Client) login(ctx context.Context) (int64, error) {
	c.mu.Lock()
	uid := c.uid
	c.mu.Unlock()
	if uid > 0 {
		return uid, nil
	}
	if c.o.Login == "" {
		return 0, sinks.Mark(sinks.Blocked, errLogin)
	}
	raw, err := c.service(ctx, "common", "res.users", "authenticate", "authenticate", c.o.Database, c.o.Login, c.secret(), map[string]any{})
	if err != nil {
		return 0, err
	}
	if string(raw) == "false" {
		return 0, sinks.Mark(sinks.Blocked, &Error{Kind: Key, Model: "res.users", Method: "authenticate"})
	}
	if json.Unmarshal(raw, &uid) != nil || uid <= 0 {
		return 0, c.strange(nil, "res.users", "authenticate")
	}
	c.mu.Lock()
	c.uid = uid
	c.mu.Unlock()
	return uid, nil
}

func (c *Client) object(ctx context.Context, model, method, call string, args ...any) (json.RawMessage, error) {
	return c.service(ctx, "object", model, method, call, args...)
}

// service calls one of the services below /xmlrpc/2. Model and method are for the errors.
func (c *Client) service(ctx context.Context, service, model, method, call string, args ...any) (json.RawMessage, error) {
	b, err := writeCall(call, args...)
	if err != nil {
		return nil, fmt.Errorf("write the arguments of %s of %s: %w", method, model, err)
	}
	sent, err := json.Marshal(args[min(len(args), 3):]) // behind database, user and secret
	if err != nil {
		return nil, err
	}
	sent = append([]byte(model+"/"+method+" "), sent...)
	answer, err := c.send(ctx, http.MethodPost, c.base.JoinPath("xmlrpc", "2", service), http.Header{"Content-Type": {"text/xml"}}, b)
	if err != nil {
		return nil, retold(err, sent)
	}
	if !answer.OK() || answer.HTML() {
		return nil, retold(page(answer, errNowhere), sent)
	}
	var raw json.RawMessage
	err = errXML
	if !answer.Cut {
		raw, err = readAnswer(answer.Body)
	}
	var f *fault
	switch {
	case err == nil:
		return raw, nil
	case !errors.As(err, &f):
		return nil, retold(c.strange(answer, model, method), sent)
	}
	return nil, c.fault(answer, f, model, method, sent)
}

// errUnsaid: it was done, and only its answer could not be said.
var errUnsaid = errors.New("no XML-RPC in Odoo for what it would answer")

func (c *Client) fault(answer *httpx.Answer, f *fault, model, method string, sent []byte) error {
	kind, name, text := byFault(f)
	e := &Error{Kind: kind, Model: model, Method: method, Name: name, Message: text}
	var err error = e
	if unsaid(name, text) {
		e.Kind = Unknown
		err = fmt.Errorf("%w: %w", e, errUnsaid)
	}
	told := answer.Part(answer.Status, shown(sent), []byte(name+": "+text))
	return told.Explain(sinks.Mark(e.Kind.Class(), err))
}
