// Package rpc speaks to Odoo's external API, by JSON-2 (Odoo 19 and later) or by
// XML-RPC (14 and later), and gives what Odoo answers one form: JSON.
package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"octail/internal/httpx"
	"octail/sinks"
)

// Transports.
const (
	Auto   = "auto" // JSON-2 where the server has it and there is a key
	JSON2  = "json2"
	XMLRPC = "xmlrpc"
)

// mostAnswer bounds an answer.
const mostAnswer = 64 << 20

// Options of a Client.
type Options struct {
	URL      string // scheme, host and maybe a path, as a browser would open it
	Database string
	Key      string // an API key; "": Login and Password
	Login    string
	Password string
	// Transport is "json2", "xmlrpc", or "" or "auto" for what the server's version has.
	Transport string
	Pace      func(context.Context) error
}

// Client speaks to one database as one user. Its methods may be called from several
// goroutines.
type Client struct {
	o    Options
	base *url.URL
	http *httpx.Client

	mu      sync.Mutex
	version Version
	uid     int64 // of the user; 0: not known yet
	calls   int64
	native  bool           // English is not installed: octail asks in the user's language
	always  map[string]any // context of every call
}

// Args are what a method is called with. Both transports take arguments by name.
type Args struct {
	// IDs are the records it works on; nil: it is the model's own (search, create, load).
	// A method of records that is called without any wants an empty list: XML-RPC tells
	// the two apart.
	IDs     []int64
	Named   map[string]any // by the parameters' names in the source of Odoo 19
	Context map[string]any
}

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

// Call runs a method of a model and decodes its answer into out (nil: it is not
// looked at). Errors have a class; As finds what Odoo said. An error of kind Unknown
// leaves open whether it was done. Where nobody looks at the answer, one that Odoo could
// not write is none: what was asked is done (over XML-RPC, sets of records).
func (c *Client) Call(ctx context.Context, model, method string, a Args, out any) error {
	a.Context = c.with(a.Context)
	raw, err := c.inEnglish(ctx, model, method, a)
	switch {
	case out == nil && errors.Is(err, errUnsaid):
		return nil
	case err != nil:
		return err
	case out == nil:
		return nil
	}
	if string(raw) == "null" || json.Unmarshal(raw, out) != nil {
		return c.strange(nil, model, method)
	}
	return nil
}

func (c *Client) call(ctx context.Context, model, method string, a Args) (json.RawMessage, error) {
	transport, err := c.transport(ctx)
	if err != nil {
		return nil, err
	}
	if transport == JSON2 {
		return c.json2(ctx, model, method, a)
	}
	return c.xmlrpc(ctx, model, method, a)
}

// Find are options of SearchRead.
type Find struct {
	Domain  []any
	Fields  []string
	Order   string
	Limit   int
	Context map[string]any
}

// SearchRead finds records and reads fields of them into out, a pointer to a slice.
func (c *Client) SearchRead(ctx context.Context, model string, f Find, out any) error {
	named := map[string]any{"domain": f.Domain, "fields": f.Fields}
	if f.Domain == nil {
		named["domain"] = []any{}
	}
	if f.Order != "" {
		named["order"] = f.Order
	}
	if f.Limit > 0 {
		named["limit"] = f.Limit
	}
	return c.Call(ctx, model, "search_read", Args{Named: named, Context: f.Context}, out)
}

// Read reads fields of records that are known; one that is gone is not in the answer
// (or, where a picture is read of an Odoo 14, an error of kind Missing).
func (c *Client) Read(ctx context.Context, model string, ids []int64, fields []string, context map[string]any, out any) error {
	return c.Call(ctx, model, "read", Args{IDs: ids, Named: map[string]any{"fields": fields}, Context: context}, out)
}

// Write changes records.
func (c *Client) Write(ctx context.Context, model string, ids []int64, values map[string]any, context map[string]any) error {
	var done bool
	err := c.Call(ctx, model, "write", Args{IDs: ids, Named: map[string]any{"vals": values}, Context: context}, &done)
	if err == nil && !done {
		return c.strange(nil, model, "write")
	}
	return err
}

// Create makes records, and answers their ids. It is not safe to repeat: records that
// are ours are made by load.
func (c *Client) Create(ctx context.Context, model string, values []map[string]any, context map[string]any) (ids []int64, err error) {
	err = c.Call(ctx, model, "create", Args{Named: map[string]any{"vals_list": values}, Context: context}, &ids)
	if err == nil && len(ids) != len(values) {
		return nil, c.strange(nil, model, "create")
	}
	return ids, err
}

// Allowed tells whether the user may read, write, create or unlink records of a model at
// all. Of a model that is not there it is an error of kind Method.
func (c *Client) Allowed(ctx context.Context, model, operation string) (ok bool, err error) {
	v, err := c.Version(ctx)
	if err != nil {
		return false, err
	}
	if v.Major < 18 {
		err = c.Call(ctx, model, "check_access_rights", Args{Named: map[string]any{"operation": operation, "raise_exception": false}}, &ok)
	} else {
		err = c.Call(ctx, model, "has_access", Args{IDs: []int64{}, Named: map[string]any{"operation": operation}}, &ok)
	}
	return ok, err
}

// User is the id of the user that octail is.
func (c *Client) User(ctx context.Context) (int64, error) {
	transport, err := c.transport(ctx)
	if err != nil {
		return 0, err
	}
	if transport == XMLRPC {
		return c.login(ctx)
	}
	c.mu.Lock()
	uid := c.uid
	c.mu.Unlock()
	if uid > 0 {
		return uid, nil
	}
	var got struct{ UID int64 }
	if err := c.Call(ctx, "res.users", "context_get", Args{}, &got); err != nil {
		return 0, err
	}
	if got.UID <= 0 {
		return 0, c.strange(nil, "res.users", "context_get")
	}
	c.mu.Lock()
	c.uid = got.UID
	c.mu.Unlock()
	return got.UID, nil
}

// Calls is how many calls were made since New: for tests and figures.
func (c *Client) Calls() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// Close ends the connections that are not in use.
func (c *Client) Close() { c.http.Close() }

// send makes one request and counts it.
func (c *Client) send(ctx context.Context, method string, to *url.URL, header http.Header, body []byte) (*httpx.Answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errAddress // err repeats it
	}
	r.Header = header
	r.Header.Set("User-Agent", "octail")
	c.mu.Lock()
	c.calls++
	c.mu.Unlock()
	return c.http.Do(r)
}

// errNowhere: the API is not there.
var errNowhere = errors.New("url: there is no Odoo to speak to; write scheme and host alone, e.g. https://odoo.example.com, and a path only where a proxy gives Odoo one")

// html are JSON texts with marks of HTML in them.
var html = regexp.MustCompile(`"(?:[^"\\]|\\.)*?\\u00(?:3c|26)(?:[^"\\]|\\.)*"`)

// shown is what may be told of arguments, written as JSON: what was made HTML of a
// person's words is not found again when these are masked.
func shown(arguments []byte) []byte { return html.ReplaceAll(arguments, []byte(`"..."`)) }

// retold is an error whose exchange tells these arguments for those that were sent.
func retold(err error, arguments []byte) error {
	x := sinks.ExchangeOf(err)
	if x == (sinks.Exchange{}) {
		return err
	}
	line, _, _ := strings.Cut(x.Request, "\n\n")
	x.Request = line + "\n\n" + string(shown(arguments))
	return sinks.WithExchange(err, x)
}

// page is an answer that is not Odoo's external API: of a proxy, or a page for people.
// missing is what a page that says "not found" means.
func page(a *httpx.Answer, missing error) error {
	switch {
	case a.OK():
		return a.Explain(sinks.Mark(sinks.Retryable, fmt.Errorf("the server answers %d with an HTML page and not by its API: is it being maintained, or does something in front of it want a login? Correct url when it stays so", a.Status)))
	case a.Status == http.StatusNotFound:
		return a.Explain(sinks.Mark(sinks.Blocked, missing))
	}
	err := a.Error(nil)
	switch a.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Errorf("%w; Odoo restarts, is being maintained, or was too slow for the proxy in front of it; octail tries again", err)
	case http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w; let the proxy in front of Odoo take longer requests (client_max_body_size of nginx), or set a smaller batch", err)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w; that is not Odoo but something in front of it: let octail through there", err)
	}
	return err
}

// strange: an answer of another form than the method has. a may be nil.
func (c *Client) strange(a *httpx.Answer, model, method string) error {
	err := sinks.Mark(sinks.Retryable, fmt.Errorf("an answer to %s of %s has a form it does not have in Odoo: is there something between that rewrites answers?", method, model))
	if a != nil {
		return a.Explain(err)
	}
	return err
}
