// Package rpc speaks to Odoo's external API, by JSON-2 (Odoo 19 and later) or by
// XML-RPC (14 and later), and gives what Odoo answers one form: JSON.
package rpc

import (
	"context"
	"encoding/json"
	"net/url"
	"sync"

	"octail/internal/httpx"
)

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
	calls   int64
	always  map[string]any // context of every call
}

// Args are what a method is called with. Both transports take arguments by name.
type Args struct {
	IDs     []int64        // the records it works on; nil: none, it is the model's
	Named   map[string]any // by the parameters' names in Odoo's source
	Context map[string]any
}

// Version of an Odoo, as 19.0 has Major 19.
type Version struct {
	Major int
	Text  string
}

// Call runs a method of a model and decodes its answer into out (nil: it is not
// looked at). Errors have a class; As finds what Odoo said.
func (c *Client) Call(ctx context.Context, model, method string, a Args, out any) error {
	a.Context = c.with(a.Context)
	raw, err := c.call(ctx, model, method, a)
	if err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return c.strange(model, method)
	}
	return nil
}

// Options of SearchRead.
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

// Read reads fields of records that are known; one that is gone is not in the answer.
func (c *Client) Read(ctx context.Context, model string, ids []int64, fields []string, context map[string]any, out any) error {
	return c.Call(ctx, model, "read", Args{IDs: ids, Named: map[string]any{"fields": fields}, Context: context}, out)
}

// Write changes records.
func (c *Client) Write(ctx context.Context, model string, ids []int64, values map[string]any, context map[string]any) error {
	return c.Call(ctx, model, "write", Args{IDs: ids, Named: map[string]any{"vals": values}, Context: context}, nil)
}

// Create makes records, and answers their ids. It is not safe to repeat: records that
// are ours are made by load.
func (c *Client) Create(ctx context.Context, model string, values []map[string]any, context map[string]any) (ids []int64, err error) {
	err = c.Call(ctx, model, "create", Args{Named: map[string]any{"vals_list": values}, Context: context}, &ids)
	return ids, err
}

// Calls is how many calls were made since New: for tests and figures.
func (c *Client) Calls() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// Close ends the connections that are not in use.
func (c *Client) Close() { c.http.Close() }
