// Package httpx is what every sink that speaks HTTP shares: a client that follows
// no redirect and reads no endless answer, the class of each status, Retry-After,
// and errors in plain words that hold no secret.
package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"octail/sinks"
)

// Limits of one exchange. The deadline of all of it is its context's.
const (
	// mostHeader bounds the header of an answer.
	mostHeader = 64 << 10
	// connectWithin bounds the making of a connection, and of TLS on it.
	connectWithin = 10 * time.Second
	// idleFor is how long an unused connection is kept: less than most load
	// balancers do.
	idleFor = 50 * time.Second
)

// Options of a Client.
type Options struct {
	MostBody int         // bytes of an answer that are read; what is behind them is not
	TLS      *tls.Config // nil: as the system has it
	// Pace is sinks.Env's: it is waited for before each request. nil: at once.
	Pace func(context.Context) error
	// Secrets are values that no excerpt of an exchange may show: keys that are sent in
	// bodies. What is sent in headers, as user and password, or in a query is known.
	Secrets []string
	// HidePath: the path is a secret too.
	HidePath bool
}

// Client speaks to one target. It follows no redirect: what is meant for one host
// is not for another. It speaks HTTP/1.1, where the end of a context ends the
// connection too. Proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Its
// methods may be called from several goroutines.
type Client struct {
	transport *http.Transport
	mostBody  int
	pace      func(context.Context) error
	secrets   []string
	hidePath  bool
}

// New makes a Client; it does not connect.
func New(o Options) *Client {
	config := o.TLS
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	dialer := &net.Dialer{Timeout: connectWithin, KeepAlive: 30 * time.Second}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &Client{mostBody: o.MostBody, pace: o.Pace, secrets: o.Secrets, hidePath: o.HidePath, transport: &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    connectWithin,
		Protocols:              &protocols,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: mostHeader,
		DisableCompression:     true, // the bound is on what is read
	}}
}

// Answer is what a target said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Cut    bool // the body was longer than what is read of it
	// Until is when the target's certificate ends; zero: no TLS.
	Until time.Time

	from  string // scheme and host of the target
	asked *asked // nil: made by a test
}

// Do sends a request and reads the answer, whatever its status. An answer that does
// not end within the request's context is none. Errors have a class (sinks.ClassOf),
// name the target by scheme and host, and hold neither path nor query nor header
// nor a word of what the target sent; what was sent is beside them (sinks.ExchangeOf).
func (c *Client) Do(r *http.Request) (*Answer, error) {
	if c.pace != nil {
		if err := c.pace(r.Context()); err != nil {
			return nil, c.failed(r, &unpaced{err})
		}
	}
	// Not by http.Client: it reads where a redirect leads even when told not to follow.
	if u := r.URL.User; u != nil && r.Header.Get("Authorization") == "" {
		password, _ := u.Password()
		r = r.Clone(r.Context())
		r.SetBasicAuth(u.Username(), password)
	}
	res, err := c.transport.RoundTrip(r)
	if err != nil {
		return nil, c.failed(r, err)
	}
	defer res.Body.Close()
	a := &Answer{Status: res.StatusCode, Header: res.Header, from: origin(r.URL), asked: &asked{c: c, r: r}}
	if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
		a.Until = res.TLS.PeerCertificates[0].NotAfter
	}
	a.Body, err = io.ReadAll(io.LimitReader(res.Body, int64(c.mostBody)+1))
	if err != nil {
		return nil, c.failed(r, &halfway{err})
	}
	if len(a.Body) > c.mostBody { // the connection is given up with the rest of it
		a.Body, a.Cut = a.Body[:c.mostBody], true
	}
	return a, nil
}

// failed gives an error of an exchange its class and its words.
func (c *Client) failed(r *http.Request, err error) error {
	ended := r.Context().Err()
	failed := mark(fmt.Errorf("%s %s: %w", r.Method, origin(r.URL), &failure{explain(err, ended), ended}), err)
	var turn *unpaced
	if errors.As(err, &turn) {
		return failed // nothing was sent
	}
	return sinks.WithExchange(failed, sinks.Exchange{Request: (&asked{c: c, r: r}).request()})
}

// failure is an error in our words. Whoever unwrapped its cause might print it; of
// that it tells only that its context has ended.
type failure struct {
	text  string
	ended error // nil: it has not
}

func (f *failure) Error() string { return f.text }

func (f *failure) Is(target error) bool { return f.ended != nil && target == f.ended }

// Close ends the connections that are not in use.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// origin is scheme and host of an address: paths and queries hold tokens.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
