package canal

import (
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a Canal and its server, as a network does.
type proxy struct {
	listener net.Listener

	mu      sync.Mutex
	thaw    *sync.Cond
	backend string  // "": connections are accepted, and never answered
	cuts    []int64 // each new connection takes one: how many bytes it carries to the client
	frozen  bool
	dialled int
	open    map[net.Conn]bool
}

func newProxy(t *testing.T, backend string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, backend: backend, open: map[net.Conn]bool{}}
	p.thaw = sync.NewCond(&p.mu)
	go p.accept()
	t.Cleanup(func() {
		_ = l.Close()
		p.freeze(false)
		p.cutAll()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// freeze holds back what the server sends, without a word to anybody.
func (p *proxy) freeze(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = on
	p.thaw.Broadcast()
}

// lead makes new connections go to another server, and cuts the present ones.
func (p *proxy) lead(backend string) {
	p.mu.Lock()
	p.backend = backend
	p.mu.Unlock()
	p.cutAll()
}

func (p *proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

// cutAt makes each of the next connections end after so many bytes to the client.
func (p *proxy) cutAt(bytes ...int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts = bytes
}

// connections is how many were made so far.
func (p *proxy) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dialled
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.dialled++
		backend, cut := p.backend, int64(1<<60)
		if len(p.cuts) > 0 {
			cut, p.cuts = p.cuts[0], p.cuts[1:]
		}
		p.open[client] = true
		p.mu.Unlock()
		if backend != "" {
			go p.carry(client, backend, cut)
		}
	}
}

func (p *proxy) carry(client net.Conn, backend string, cut int64) {
	defer func() {
		_ = client.Close()
		p.mu.Lock()
		delete(p.open, client)
		p.mu.Unlock()
	}()
	server, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.CopyN(client, held{server, p}, cut)
}

// held reads from a server when the proxy is not frozen.
type held struct {
	server net.Conn
	p      *proxy
}

func (h held) Read(b []byte) (int, error) {
	n, err := h.server.Read(b)
	h.p.mu.Lock()
	for h.p.frozen {
		h.p.thaw.Wait()
	}
	h.p.mu.Unlock()
	return n, err
}
