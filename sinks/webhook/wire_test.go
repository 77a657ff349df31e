package webhook

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// cutter is a receiver that ends connections in the middle: of the request after
// some bytes, or of the answer.
type cutter struct {
	net.Listener
	done chan struct{}

	mu        sync.Mutex
	inRequest int // -1: not there
	inAnswer  int
	reset     bool     // rather than an end in good order
	got       [][]byte // bodies that came whole
	bytes     int      // of requests; read it when done
}

// cut tells where the next connection is to be cut.
func (c *cutter) cut(inRequest, inAnswer int, reset bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inRequest, c.inAnswer, c.reset = inRequest, inAnswer, reset
}

// take returns a place to cut at, once.
func (c *cutter) take(place *int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := *place
	*place = -1
	return n
}

type counter struct{ n *int }

func (c counter) Write(b []byte) (int, error) { *c.n += len(b); return len(b), nil }

const answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

func newCutter(t *testing.T) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	c := &cutter{Listener: l, inRequest: -1, inAnswer: -1, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.serve(conn.(*net.TCPConn))
		}
	}()
	return c
}

// serve cuts one connection and lets all later ones be.
func (c *cutter) serve(conn *net.TCPConn) {
	defer conn.Close()
	if n := c.take(&c.inRequest); n >= 0 {
		io.CopyN(io.Discard, conn, int64(n))
		c.end(conn)
		return
	}
	for in := bufio.NewReader(io.TeeReader(conn, counter{&c.bytes})); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.got = append(c.got, body)
		c.mu.Unlock()
		if n := c.take(&c.inAnswer); n >= 0 {
			io.WriteString(conn, answer[:n])
			c.end(conn)
			return
		}
		io.WriteString(conn, answer)
	}
}

func (c *cutter) end(conn *net.TCPConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reset {
		conn.SetLinger(0)
	}
}

// TestCutAnywhere: whichever byte of the request or of the answer is the last one
// that gets through, nothing is lost, the order stays, and what comes twice is the
// same.
func TestCutAnywhere(t *testing.T) {
	whole := newCutter(t) // how long a request is on the wire
	s := newSink(t, "http://"+whole.Addr().String()+"/path", nil)
	check(t, s.Deliver(t.Context(), one(2)))
	s.client.Close()
	whole.Close()
	<-whole.done
	type cut struct{ inRequest, inAnswer int }
	var cuts []cut
	for n := range whole.bytes {
		cuts = append(cuts, cut{n, -1})
	}
	for n := range len(answer) {
		cuts = append(cuts, cut{-1, n})
	}
	repeats := 0
	for _, reset := range []bool{false, true} {
		for _, at := range cuts {
			c := newCutter(t)
			s := newSink(t, "http://"+c.Addr().String()+"/path", nil)
			tries := 0
			for n := int64(1); n <= 3; n++ {
				if n == 2 { // a new connection, which is cut
					s.client.Close()
					c.cut(at.inRequest, at.inAnswer, reset)
				}
				for {
					tries++
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					err := s.Deliver(ctx, one(n))
					cancel()
					if err == nil {
						break
					}
					quiet(t, err.Error())
					if tries > 6 {
						t.Fatalf("cut at %+v: %v", at, err)
					}
				}
			}
			s.client.Close()
			c.Close()
			<-c.done
			repeats += len(c.got) - 3
			got := slices.CompactFunc(c.got, slices.Equal) // repeats of the same
			if len(got) != 3 || !slices.Equal(got[0], sent(1)) || !slices.Equal(got[1], sent(2)) || !slices.Equal(got[2], sent(3)) {
				t.Fatalf("cut at %+v, reset %v: received %q", at, reset, c.got)
			}
		}
	}
	t.Logf("%d cuts: 0 lost, %d came twice with the same id and bytes", 2*len(cuts), repeats)
}

// TestClosedWhileIdle: receivers close connections that were not used for a while.
// That is no failure: an event must not wait for the next try because of it.
func TestClosedWhileIdle(t *testing.T) {
	r := newReceiver(t, noContent)
	s := newSink(t, r.URL, nil)
	for n := int64(1); n <= 50; n++ {
		check(t, s.Deliver(t.Context(), one(n)))
		r.CloseClientConnections()
	}
	if got := len(r.requests()); got < 50 {
		t.Errorf("%d requests", got)
	}
}
