package httpx_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"octail/internal/httpx"
	"octail/sinks"
)

// issuer is an authority of the test's own.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	check(t, err)
	c, err = x509.ParseCertificate(der)
	check(t, err)
	return issuer{c, key}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// issue makes a certificate; without an issuer it is signed by itself.
func issue(t *testing.T, by *issuer, from, until time.Time, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "anna"}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	check(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestCertificates: a certificate that does not hold blocks the sink, and the
// message tells what to renew, with its dates.
func TestCertificates(t *testing.T) {
	ca, stranger := newIssuer(t), newIssuer(t)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	now := time.Now().UTC().Truncate(time.Second)
	past, future := now.Add(-48*time.Hour), now.Add(48*time.Hour)
	const day = "2006-01-02 15:04 UTC"
	for _, c := range []struct {
		name string
		cert tls.Certificate
		says []string // nothing: it is good
	}{
		{"good", issue(t, &ca, past, future, "127.0.0.1"), nil},
		{"expired", issue(t, &ca, past, past.Add(time.Hour), "127.0.0.1"), []string{"expired on " + past.Add(time.Hour).Format(day), "renewed"}},
		{"not valid yet", issue(t, &ca, future, future.Add(time.Hour), "127.0.0.1"), []string{"not valid before " + future.Format(day), "clock"}},
		{"another host", issue(t, &ca, past, future, "shop.example.com", "www.example.com"), []string{"for shop.example.com, www.example.com, not for 127.0.0.1", "to " + future.Format(day)}},
		{"many hosts", issue(t, &ca, past, future, "a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com"), []string{"c.example.com and 2 more"}},
		{"no host", issue(t, &ca, past, future), []string{"for no host"}},
		{"self-signed", issue(t, nil, past, future, "127.0.0.1"), []string{"self-signed", "valid from " + past.Format(day) + " to " + future.Format(day), "update-ca-certificates"}},
		{"unknown authority", issue(t, &stranger, past, future, "127.0.0.1"), []string{"authority that this machine does not trust", future.Format(day)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			reached := false
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.TLS = &tls.Config{Certificates: []tls.Certificate{c.cert}}
			s.StartTLS()
			defer s.Close()
			client := httpx.New(httpx.Options{MostBody: 100, TLS: &tls.Config{RootCAs: roots}})
			defer client.Close()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/path", strings.NewReader("anna"))
			check(t, err)
			a, err := client.Do(r)
			if c.says == nil {
				check(t, err)
				if !a.Until.Equal(future) {
					t.Errorf("good until %s", a.Until)
				}
				return
			}
			if err == nil || reached {
				t.Fatalf("the request was sent: %v", err)
			}
			quiet(t, err)
			if class, _ := sinks.ClassOf(err); class != sinks.Blocked {
				t.Errorf("%v is %s", err, class)
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\nhas no %q", err, part)
				}
			}
		})
	}
}

// TestNoTLS: https:// to a port without TLS, and the other way round.
func TestNoTLS(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	_, err := ask(t, strings.Replace(plain.URL, "http:", "https:", 1), time.Minute)
	if err == nil || !strings.Contains(err.Error(), "no TLS is spoken there") {
		t.Error(err)
	}
	mail := script(t, func(c net.Conn) { io.WriteString(c, "220 mail.example.com hello anna\r\n"); drain(c) })
	if _, err = ask(t, "https://"+mail, time.Minute); err == nil || !strings.Contains(err.Error(), "no TLS is spoken there") {
		t.Error(err)
	}
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	defer old.Close()
	if _, err = ask(t, old.URL, time.Minute); err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Error(err)
	}
}
