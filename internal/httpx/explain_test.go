package httpx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
)

// TestExplain: what net/http and net say, in our words. Their texts are not
// repeated, because they may hold what was sent or received.
func TestExplain(t *testing.T) {
	proxy := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 3128}
	for _, c := range []struct {
		err, ended error
		want       string
	}{
		{&net.DNSError{Err: "no such host", Name: "erp.example.com", IsNotFound: true}, nil, "the name erp.example.com is not known to the name server"},
		{&net.DNSError{Err: "i/o timeout", Name: "erp.example.com", IsTimeout: true}, context.DeadlineExceeded, "the name server gives no answer for erp.example.com in time"},
		{&net.DNSError{Err: "server misbehaving", Name: "erp.example.com"}, nil, "the name server fails to answer for erp.example.com"},
		{&net.OpError{Op: "dial", Addr: proxy, Err: syscall.EHOSTUNREACH}, nil, "cannot connect to 192.0.2.7:3128: no route to host"},
		{&net.OpError{Op: "dial", Addr: proxy, Err: context.DeadlineExceeded}, context.DeadlineExceeded, "cannot connect to 192.0.2.7:3128: no answer in time"},
		{&net.OpError{Op: "proxyconnect", Err: &net.OpError{Op: "dial", Addr: proxy, Err: syscall.ECONNREFUSED}}, nil, "the proxy cannot be used: cannot connect to 192.0.2.7:3128: connection refused"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, nil, "connection reset by peer"},
		{errors.New("http: server gave HTTP response to HTTPS client"), nil, "no TLS is spoken there: is it http:// and not https://, or another port?"},
		{errors.New(`something with "anna" in it`), nil, "the answer is not HTTP as it has to be"},
		{errors.New("context canceled"), context.Canceled, "given up, because octail stops"},
	} {
		for _, err := range []error{c.err, &url.Error{Op: "Post", URL: "https://hunter2/", Err: c.err}, fmt.Errorf("anna: %w", c.err)} {
			got := explain(err, c.ended)
			if got != c.want || strings.Contains(got, "anna") {
				t.Errorf("%v: %s\nwant %s", err, got, c.want)
			}
		}
	}
}

func TestClean(t *testing.T) {
	for host, want := range map[string]string{"*.example.com": "*.example.com", "[2001:db8::1]:8443": "[2001:db8::1]:8443", "a\x1b[2Jb\n": "a?[2Jb?", "": ""} {
		if got := clean(host); got != want {
			t.Errorf("%q: %q", host, got)
		}
	}
}
