package rpc

import "maps"

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
