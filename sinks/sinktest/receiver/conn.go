package receiver

import (
	"net"
	"sync"
)

type connKey struct{}

// listener makes connections that can be cut at any byte.
type listener struct {
	net.Listener
	faults *faults
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, faults: l.faults, left: -1, reply: -1}, nil
}

// conn counts the bytes of each request and of its answer.
type conn struct {
	net.Conn
	faults *faults

	mu    sync.Mutex
	begun bool // a request is coming in
	left  int  // bytes of it until the cut; -1: none
	reply int  // bytes of the answer until the cut; -1: none
}

// Read implements net.Conn. The first byte of a request decides whether it is cut.
func (c *conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if c.left >= 0 {
		p = p[:min(len(p), c.left)]
	}
	c.mu.Unlock()
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 && !c.begun {
		c.begun = true
		if at, ok := c.faults.cut(); ok {
			c.left = at
		}
	}
	if c.left < 0 || n == 0 {
		return n, err
	}
	if c.left -= n; c.left <= 0 {
		n = max(0, n+c.left)
		c.reset()
		return n, net.ErrClosed
	}
	return n, err
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun, c.left = false, -1 // what comes next is another request
	if c.reply < 0 || len(p) < c.reply {
		n, err := c.Conn.Write(p)
		if c.reply >= 0 {
			c.reply -= n
		}
		return n, err
	}
	n, _ := c.Conn.Write(p[:c.reply])
	c.reset()
	return n, net.ErrClosed
}

// cutAfter resets the connection after so many bytes of the answer.
func (c *conn) cutAfter(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reply = bytes
}

func (c *conn) reset() {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	c.Conn.Close()
}
