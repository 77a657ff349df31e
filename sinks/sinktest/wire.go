package sinktest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"octail/sinks"
)

// patience is how long the sink is given where it has to give up; more where the machine
// is too busy for it to come so far.
const patience = 150 * time.Millisecond

// hangs: a target that does not answer, or does not end, is given up with the context,
// and what it was sent comes again.
func hangs(h *harness) {
	forever := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	drops := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, " "); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			time.Sleep(patience / 20)
		}
	}
	steps, all := h.steps(1)
	id := int64(1)
	for at := range steps {
		for _, c := range []struct {
			does      func(http.ResponseWriter, *http.Request)
			store     bool // the answer alone is missing
			cancelled bool // octail stops
		}{{forever, false, false}, {forever, true, false}, {drops, false, false}, {drops, true, false}, {forever, true, true}} {
			for most, hung := patience, false; !hung && most < within; most *= 2 {
				d := revision(h.kind(), id, 1)
				id++
				all = append(all, d)
				hung = hangsOnce(h, at, most, d, c.does, c.store, c.cancelled)
				h.good(d)
			}
		}
	}
	h.holds(held(all...)...)
}

// hangsOnce delivers to a target that hangs at one request, and tells whether it came so
// far in the time it had.
func hangsOnce(h *harness, at int, most time.Duration, d sinks.Delivery, does func(http.ResponseWriter, *http.Request), store, cancelled bool) bool {
	h.Helper()
	if cancelled {
		most = within
	}
	ctx, cancel := context.WithTimeout(h.Context(), most)
	defer cancel()
	began, ready := make(chan struct{}), make(chan struct{})
	h.breaksAt(at, func(w http.ResponseWriter, r *http.Request) {
		close(began)
		if store {
			// The target is at it whether or not somebody still waits for the answer.
			h.target.Handler.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
		} else {
			bodyOf(r.Body) // else the end of the connection is not seen
		}
		close(ready)
		if cancelled {
			cancel()
		}
		does(w, r)
	})
	err := h.soon("a delivery to a target that hangs", func() error { return h.deliver(ctx, h.sink, []sinks.Delivery{d}) })
	h.breaks(nil)
	if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Retryable {
		h.Errorf("at request %d: %s, %v", at+1, class, err)
	}
	select {
	case <-began:
		<-ready
		return true
	default:
		return false
	}
}

// cutAnywhere: whichever byte of a request or of an answer is the last that gets
// through, nothing is lost and nothing is there twice.
func cutAnywhere(h *harness) {
	p, kind := newProxy(h), h.short()
	defer p.close()
	s := h.open("http://" + p.Addr().String())
	defer s.Close()
	deliver := func(d sinks.Delivery) error { return h.deliver(h.Context(), s, []sinks.Delivery{d}) }
	all := []sinks.Delivery{revision(kind, 1<<40, 1), revision(kind, 1<<40, 2)}
	if err := deliver(all[0]); err != nil {
		h.Fatal(err)
	}
	p.hangUp()
	up, down := 0, 0 // of one delivery on one connection
	for tries := 0; up == 0; tries++ {
		p.count()
		err := deliver(all[1])
		if err == nil {
			up, down = p.count()
		}
		if tries > 5 { // at first it may go over the one that was ended
			h.Fatalf("nothing goes over the wire: %v", err)
		}
	}
	id := int64(1)
	cuts := 0
	for _, reset := range []bool{false, true} {
		every := max(1, h.c.CutEvery)
		for n := 0; n < up+down; n += every {
			if !reset && n/every%4 > 0 { // an end in good order is like a reset but where the kernel is concerned
				continue
			}
			cuts++
			d := revision(kind, id, 1)
			id++
			all = append(all, d)
			p.hangUp()
			if n < up {
				p.cut(n, -1, reset)
			} else {
				p.cut(-1, n-up, reset)
			}
			var err error
			for range 6 {
				if err = deliver(d); err == nil {
					break
				}
				if class, _ := sinks.ClassOf(err); class != sinks.Retryable {
					h.Errorf("cut after %d bytes of %d up and %d down: %s, %v", n, up, down, class, err)
				}
			}
			if err != nil {
				h.Fatalf("cut after %d bytes of %d up and %d down: it does not recover: %v", n, up, down, err)
			}
		}
	}
	h.holds(held(all...)...)
	h.Logf("%d bytes up and %d down, cut %d times: 0 lost, 0 twice", up, down, cuts)
}

// noConnection: each reason why there is none has its class.
func noConnection(h *harness) {
	h.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	now := time.Now()
	address := func(from, until time.Time, names ...string) string {
		s := httptest.NewUnstartedServer(h)
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(h, from, until, names...)}}
		s.StartTLS()
		h.Cleanup(s.Close)
		return s.URL
	}
	before := h.requests()
	for _, c := range []struct {
		name, address string
		class         sinks.Class
	}{
		{"nobody listens", "http://127.0.0.1:1", sinks.Retryable},
		{"the name is not known", "http://target.invalid", sinks.Retryable},
		{"no TLS is spoken there", strings.Replace(h.server.URL, "http://", "https://", 1), sinks.Retryable},
		{"a certificate that has expired", address(now.Add(-48*time.Hour), now.Add(-time.Hour), "127.0.0.1"), sinks.Blocked},
		{"a certificate that is not valid yet", address(now.Add(time.Hour), now.Add(48*time.Hour), "127.0.0.1"), sinks.Blocked},
		{"a certificate of another host", address(now.Add(-time.Hour), now.Add(time.Hour), "other.example.com"), sinks.Blocked},
		{"a certificate of an unknown authority", address(now.Add(-time.Hour), now.Add(time.Hour), "127.0.0.1"), sinks.Blocked},
	} {
		s := h.open(c.address)
		d := revision(h.kind(), 1, 1)
		ctx, cancel := context.WithTimeout(h.Context(), within/2)
		err := h.soon(c.name, func() error { return h.deliver(ctx, s, []sinks.Delivery{d}) })
		cancel()
		if class, _ := sinks.ClassOf(err); err == nil || class != c.class {
			h.Errorf("%s is %s, want %s: %v", c.name, class, c.class, err)
		}
		if err := s.Close(); err != nil {
			h.Error(err)
		}
	}
	if n := h.requests() - before; n > 0 {
		h.Errorf("%d requests were made nevertheless", n)
	}
}

// certificate makes one that is signed by itself.
func certificate(h *harness, from, until time.Time, names ...string) tls.Certificate {
	h.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: targetsWords}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		h.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// proxy stands between a sink and its target, and cuts the wire.
type proxy struct {
	net.Listener
	to   string
	done sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool
	up, down int // bytes since count
	cutUp    int // of the next connection; -1: none
	cutDown  int
	reset    bool // rather than an end in good order
}

func newProxy(h *harness) *proxy {
	h.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.Fatal(err)
	}
	p := &proxy{Listener: l, to: h.server.Listener.Addr().String(), conns: map[net.Conn]bool{}, cutUp: -1, cutDown: -1}
	p.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.done.Go(func() { p.serve(c.(*net.TCPConn)) })
		}
	})
	return p
}

func (p *proxy) close() {
	p.Listener.Close()
	p.hangUp()
	p.done.Wait()
}

// hangUp ends the connections there are.
func (p *proxy) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *proxy) cut(up, down int, reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutUp, p.cutDown, p.reset = up, down, reset
}

// count returns the bytes that have gone through since it was asked last.
func (p *proxy) count() (up, down int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	up, down = p.up, p.down
	p.up, p.down = 0, 0
	return up, down
}

func (p *proxy) serve(client *net.TCPConn) {
	there, err := net.Dial("tcp", p.to)
	if err != nil {
		client.Close()
		return
	}
	p.mu.Lock()
	p.conns[client], p.conns[there] = true, true
	up, down, reset := p.cutUp, p.cutDown, p.reset
	p.cutUp, p.cutDown = -1, -1
	p.mu.Unlock()
	var ways sync.WaitGroup
	way := func(to, from net.Conn, most int, count *int) {
		err := p.carry(to, from, most, count)
		if errors.Is(err, errCut) && reset {
			_ = client.SetLinger(0)
		}
		client.Close()
		there.Close()
	}
	ways.Go(func() { way(there, client, up, &p.up) })
	ways.Go(func() { way(client, there, down, &p.down) })
	ways.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, client)
	delete(p.conns, there)
}

var errCut = errors.New("cut")

// carry copies until the end, or until the cut; most is -1 for none.
func (p *proxy) carry(to, from net.Conn, most int, count *int) error {
	buf := make([]byte, 16<<10)
	for {
		if most == 0 {
			return errCut
		}
		b := buf
		if most > 0 {
			b = buf[:min(most, len(buf))]
		}
		n, err := from.Read(b)
		if n > 0 {
			p.mu.Lock()
			*count += n
			p.mu.Unlock()
			if _, err := to.Write(b[:n]); err != nil {
				return err
			}
			if most > 0 {
				most -= n
			}
		}
		if err != nil {
			return err
		}
	}
}
