package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"octail/sinks"
)

// Oldest is the first Odoo that octail was tried with.
const Oldest = 14

// json2Since is the first Odoo that has JSON-2.
const json2Since = 19

// Version of an Odoo, as 19.0 has Major 19.
type Version struct {
	Major int
	Text  string
}

// Version asks the server once.
func (c *Client) Version(ctx context.Context) (Version, error) {
	c.mu.Lock()
	v := c.version
	c.mu.Unlock()
	if v.Major > 0 {
		return v, nil
	}
	v, err := c.askVersion(ctx)
	if err != nil {
		return Version{}, err
	}
	if v.Major < Oldest {
		return Version{}, sinks.Mark(sinks.Blocked, fmt.Errorf("this is Odoo %s, octail needs %d.0 or later", v.Text, Oldest))
	}
	c.mu.Lock()
	c.version = v
	c.mu.Unlock()
	return v, nil
}

// askVersion: newer ones tell it without a database, all of them by XML-RPC.
func (c *Client) askVersion(ctx context.Context) (Version, error) {
	answer, err := c.send(ctx, http.MethodGet, c.base.JoinPath("web", "version"), http.Header{}, nil)
	if err != nil {
		return Version{}, c.unreached(err)
	}
	var said struct {
		Info json.RawMessage `json:"version_info"`
		Text string          `json:"version"`
	}
	switch {
	case answer.OK() && json.Unmarshal(answer.Body, &said) == nil && said.Text != "":
		if v, ok := parseVersion(said.Text); ok {
			return v, nil
		}
		return Version{}, c.strange(answer, "web", "version")
	case answer.Status == http.StatusNotFound: // an older one
	case answer.OK() && !answer.HTML():
		return Version{}, c.strange(answer, "web", "version")
	default:
		return Version{}, page(answer, errNowhere)
	}
	raw, err := c.service(ctx, "common", "common", "version", "version")
	if err != nil {
		return Version{}, err
	}
	var told struct {
		Text string `json:"server_version"`
	}
	if json.Unmarshal(raw, &told) == nil {
		if v, ok := parseVersion(told.Text); ok {
			return v, nil
		}
	}
	return Version{}, c.strange(nil, "common", "version")
}

// unreached names the setting that leads to Odoo.
func (c *Client) unreached(err error) error {
	if c.base.Scheme == "https" {
		return fmt.Errorf("url: %w (an Odoo without a proxy in front of it speaks http://)", err)
	}
	return fmt.Errorf("url: %w", err)
}

var versionText = regexp.MustCompile(`^(?:saas[~-])?(\d+)`)

// parseVersion reads "19.0", "saas~18.3", "17.0+e-20240101".
func parseVersion(text string) (Version, bool) {
	m := versionText.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return Version{}, false
	}
	n, err := strconv.Atoi(m[1])
	return Version{Major: n, Text: text}, err == nil && n > 0
}

// Speaks is the transport that is spoken, as a person calls it.
func (c *Client) Speaks(ctx context.Context) (string, error) {
	transport, err := c.transport(ctx)
	return map[string]string{JSON2: "JSON-2", XMLRPC: "XML-RPC"}[transport], err
}

// transport is the one that is spoken.
func (c *Client) transport(ctx context.Context) (string, error) {
	switch c.o.Transport {
	case JSON2, XMLRPC:
		return c.o.Transport, nil
	}
	if c.o.Key == "" { // JSON-2 takes no password
		return XMLRPC, nil
	}
	v, err := c.Version(ctx)
	if err != nil {
		return "", err
	}
	if v.Major >= json2Since {
		return JSON2, nil
	}
	return XMLRPC, nil
}
