package rpc

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
)

// Always sets a context that every call has from now on, beneath what the call itself
// says: the companies it is for. nil: none.
func (c *Client) Always(context map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.always = maps.Clone(context)
}

// with is a call's context over the one all have.
func (c *Client) with(own map[string]any) map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.always) == 0 {
		return own
	}
	all := maps.Clone(c.always)
	maps.Copy(all, own)
	return all
}

// english is the language that a call is made in when its context names none: what is
// told of a refusal is in the language of the user otherwise. Of texts that are read and
// written it is the one they are stored in first.
const english = "en_US"

// inEnglish makes a call in English, where that is installed.
func (c *Client) inEnglish(ctx context.Context, model, method string, a Args) (json.RawMessage, error) {
	c.mu.Lock()
	native := c.native
	c.mu.Unlock()
	if _, named := a.Context["lang"]; named || native {
		return c.call(ctx, model, method, a)
	}
	plain := a
	a.Context = maps.Clone(a.Context)
	if a.Context == nil {
		a.Context = map[string]any{}
	}
	a.Context["lang"] = english
	raw, err := c.call(ctx, model, method, a)
	if e, ok := As(err); ok && e.Kind == Refused && strings.HasSuffix(e.Message, ": "+english) {
		c.mu.Lock()
		c.native = true
		c.mu.Unlock()
		return c.call(ctx, model, method, plain)
	}
	return raw, err
}
