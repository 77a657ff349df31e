package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
)

// URL is an http or https address that may hold a secret: a password, a token in its path or query. It prints no more than
// scheme and host; like a Secret it can come from ${credential:name}.
type URL string

// Reveal returns the address itself, for the one place that needs it.
func (u URL) Reveal() string { return string(u) }

// String returns scheme and host.
func (u URL) String() string {
	p, err := url.Parse(string(u))
	if err != nil || p.Host == "" {
		return mask
	}
	return p.Scheme + "://" + p.Host
}

// GoString returns scheme and host.
func (u URL) GoString() string { return u.String() }

// Format writes scheme and host for every verb.
func (u URL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// LogValue is scheme and host in every log handler.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText returns scheme and host, in JSON too.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// MarshalYAML returns scheme and host.
func (u URL) MarshalYAML() (any, error) { return u.String(), nil }

// CheckURL reports what is wrong with the address at key. In clear over a network it is worth a warning: everybody on the
// way can read and change what is sent.
func (s *Section) CheckURL(key string, u URL) {
	if u == "" {
		s.Problem(key, "missing; write the address, e.g. https://erp.example.com/api")
		return
	}
	p, err := url.Parse(string(u))
	switch {
	case err != nil || p.Scheme == "" || p.Host == "" && p.Opaque == "":
		s.Problem(key, "is not an address; write scheme, host and path, e.g. https://erp.example.com/api")
	case p.Scheme != "https" && p.Scheme != "http":
		s.Problem(key, "must begin with https:// (or http:// within this machine)")
	case p.Hostname() == "" || strings.ContainsAny(p.Host, " \t"):
		s.Problem(key, "has no host; write e.g. https://erp.example.com/api")
	case p.Fragment != "":
		s.Problem(key, "must not have a part behind #, which no server gets to see; remove it")
	case p.Scheme == "http" && !onThisMachine(p.Hostname()):
		s.Warn(key, "goes over the network in clear, so that others can read and change what is sent; write https://")
	}
}

// onThisMachine tells whether a host cannot be anywhere else.
func onThisMachine(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// tells reports whether the address holds more than anybody may know: user, password or a query.
func (u URL) tells() bool {
	p, err := url.Parse(string(u))
	return err != nil || p.User != nil || p.RawQuery != ""
}
