package httpx

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"octail/sinks"
)

// mark gives an error its class: a certificate that does not hold has to be renewed
// or trusted by a person, everything else on the way may heal by itself.
func mark(err, cause error) error {
	var certificate *tls.CertificateVerificationError
	if errors.As(cause, &certificate) {
		return sinks.Mark(sinks.Blocked, err)
	}
	return sinks.Mark(sinks.Retryable, err)
}

// halfway: the answer had begun.
type halfway struct{ error }

func (h *halfway) Unwrap() error { return h.error }

// unpaced: the request was not sent, its turn did not come.
type unpaced struct{ error }

func (u *unpaced) Unwrap() error { return u.error }

// explain says in plain words why an exchange failed; ended is why its context did,
// nil when it did not. Only kinds of errors are looked at: the text of one may
// repeat what was sent or received.
func explain(err, ended error) string {
	var (
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		op          *net.OpError
		number      syscall.Errno
		timeout     net.Error
		begun       *halfway
		turn        *unpaced
	)
	switch {
	case ended == context.Canceled:
		return "given up, because octail stops"
	case errors.As(err, &turn):
		return "not sent: its turn did not come within the timeout; is `rate` too low for it?"
	case errors.As(err, &name):
		return explainName(name)
	case errors.As(err, &certificate):
		return explainCertificate(certificate)
	case errors.As(err, &record):
		return "no TLS is spoken there: is it http:// and not https://, or another port?"
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"): // crypto/tls, its texts are fixed
		return "TLS cannot be agreed on: " + op.Err.Error()
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy cannot be used: " + explain(op.Err, ended)
	case errors.As(err, &op) && op.Op == "dial":
		return "cannot connect" + at(op) + ": " + explain(op.Err, ended)
	case ended != nil && errors.As(err, &begun):
		return "the answer does not end in time"
	case ended != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &number):
		return number.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), strings.Contains(err.Error(), "server closed"):
		return "the connection was closed before the answer was complete"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "no TLS is spoken there: is it http:// and not https://, or another port?"
	case strings.Contains(err.Error(), "exceeded") && strings.Contains(err.Error(), "header"):
		return "the header of the answer is too long"
	}
	return "the answer is not HTTP as it has to be"
}

// at is the address a connection was tried to, which is no secret.
func at(op *net.OpError) string {
	if op.Addr == nil {
		return ""
	}
	return " to " + op.Addr.String()
}

func explainName(e *net.DNSError) string {
	switch {
	case e.IsNotFound:
		return fmt.Sprintf("the name %s is not known to the name server", e.Name)
	case e.IsTimeout:
		return fmt.Sprintf("the name server gives no answer for %s in time", e.Name)
	}
	return fmt.Sprintf("the name server fails to answer for %s", e.Name)
}

// explainCertificate names dates and names, so that who reads it knows what to
// renew.
func explainCertificate(e *tls.CertificateVerificationError) string {
	const day = "2006-01-02 15:04 MST"
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	dates := ""
	if len(e.UnverifiedCertificates) > 0 {
		c := e.UnverifiedCertificates[0]
		dates = fmt.Sprintf(" (it is valid from %s to %s)", c.NotBefore.UTC().Format(day), c.NotAfter.UTC().Format(day))
	}
	switch {
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired:
		c := invalid.Cert
		what := "its certificate"
		if len(e.UnverifiedCertificates) > 0 && !c.Equal(e.UnverifiedCertificates[0]) {
			what = "a certificate in its chain"
		}
		if time.Now().Before(c.NotBefore) {
			return fmt.Sprintf("%s is not valid before %s: is the clock right?", what, c.NotBefore.UTC().Format(day))
		}
		return fmt.Sprintf("%s expired on %s: it has to be renewed there", what, c.NotAfter.UTC().Format(day))
	case errors.As(e.Err, &host):
		return fmt.Sprintf("its certificate is for %s, not for %s%s", names(host.Certificate), host.Host, dates)
	case errors.As(e.Err, &authority):
		if len(e.UnverifiedCertificates) == 1 && selfSigned(e.UnverifiedCertificates[0]) {
			return "its certificate is self-signed" + dates + "; if that is meant to be, add it to this machine's trusted ones (update-ca-certificates)"
		}
		return "its certificate comes from an authority that this machine does not trust" + dates + "; is its chain complete there? An authority of your own has to be added on this machine (update-ca-certificates)"
	}
	return "its certificate does not hold" + dates
}

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// names lists a few of the hosts a certificate is for.
func names(c *x509.Certificate) string {
	list := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	if len(list) == 0 {
		return "no host"
	}
	more := ""
	if len(list) > 3 {
		list, more = list[:3], fmt.Sprintf(" and %d more", len(list)-3)
	}
	for i, n := range list {
		list[i] = clean(n)
	}
	return strings.Join(list, ", ") + more
}

// clean keeps what a name of a host may have.
func clean(host string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:*[]", r)) {
			return r
		}
		return '?'
	}, host[:min(len(host), 253)])
}
