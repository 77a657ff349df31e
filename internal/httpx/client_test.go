package httpx_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"octail/internal/httpx"
	"octail/internal/leaktest"
	"octail/sinks"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// secrets are all that must be in no error.
var secrets = []string{"hunter2", "t0ken", "anna", "h1dden", "/path"}

// ask posts to a server and returns what came of it.
func ask(t *testing.T, url string, within time.Duration) (*httpx.Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	c := httpx.New(httpx.Options{MostBody: 1000})
	defer c.Close()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"email":"anna@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Key", "h1dden")
	a, err := c.Do(r)
	if err != nil {
		quiet(t, err)
	}
	return a, err
}

// quiet fails the test when an error tells a secret, however it is printed.
func quiet(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, format := range []string{"%s", "%v", "%+v", "%q"} {
			for _, secret := range secrets {
				if text := fmt.Sprintf(format, e); strings.Contains(text, secret) {
					t.Errorf("%q is in the error: %s", secret, text)
				}
			}
		}
	}
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http://", "http://anna:hunter2@", 1) + "/path?key=t0ken"
}

func TestAnswer(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if user, password, ok := r.BasicAuth(); !ok || user != "anna" || password != "hunter2" {
			t.Error("without user and password of the address")
		}
		w.Header().Set("X-Kind", "echo")
		w.WriteHeader(202)
		w.Write(body)
	})
	a, err := ask(t, url, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != 202 || !a.OK() || a.Header.Get("X-Kind") != "echo" || string(a.Body) != `{"email":"anna@example.com"}` || a.Cut || !a.Until.IsZero() || a.Error(nil) != nil {
		t.Errorf("%+v", a)
	}
}

// TestRedirect: what is meant for one host does not reach another, and the message
// says what to correct.
func TestRedirect(t *testing.T) {
	reached := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer other.Close()
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		to := ""
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(status)
		})
		for _, c := range []struct{ to, says string }{
			{other.URL + "/path?key=t0ken", " to " + other.URL + ":"},
			{"/path/elsewhere", " to another path of the same host:"},
			{"https://anna:hunter2@other.example.com/path", " to https://other.example.com:"},
			{"", ""},
			{"http://%zz/path?key=t0ken", ""},
		} {
			to = c.to
			a, err := ask(t, url, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			err = a.Error(nil)
			quiet(t, err)
			if class, _ := sinks.ClassOf(err); class != sinks.Blocked {
				t.Errorf("%d is %s", status, class)
			}
			for _, part := range []string{fmt.Sprint(" answers ", status), c.says, "correct the address"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\nhas no %q", err, part)
				}
			}
		}
	}
	if reached > 0 {
		t.Errorf("the other host was reached %d times", reached)
	}
}

// TestLongBody: an answer without end is cut off and judged by what was read.
func TestLongBody(t *testing.T) {
	for _, c := range []struct {
		length, body int
		cut          bool
	}{{999, 999, false}, {1000, 1000, false}, {1001, 1000, true}, {-1, 1000, true}} {
		ended := make(chan struct{})
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			for n := c.length; n != 0 && r.Context().Err() == nil; n-- {
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
			}
		})
		a, err := ask(t, url, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Body) != c.body || a.Cut != c.cut {
			t.Errorf("of %d bytes read %d, cut %v", c.length, len(a.Body), a.Cut)
		}
		<-ended
	}
}

// TestFaults: every way an exchange can go wrong on the wire ends in time, with a
// class and words of our own.
func TestFaults(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	hang := func(c net.Conn) { io.Copy(io.Discard, c) }
	for _, c := range []struct {
		name string
		does func(net.Conn)
		says string
	}{
		{"nobody listens", nil, "cannot connect to " + closed.Addr().String() + ": connection refused"},
		{"never answers", hang, "no answer in time"},
		{"closes at once", func(net.Conn) {}, "connection"},
		{"half a header", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 O") }, "the connection was closed before the answer was complete"},
		{"half a header, then nothing", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 O"); hang(c) }, "no answer in time"},
		{"half a body", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nanna"); drain(c) }, "the connection was closed before the answer was complete"},
		{"half a body, then nothing", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nanna"); hang(c) }, "the answer does not end in time"},
		{"drop by drop", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}, "the answer does not end in time"},
		{"an echo", func(c net.Conn) {
			io.WriteString(c, "POST /path?key=t0ken HTTP/1.1\r\nX-Key: h1dden\r\n\r\nanna")
			drain(c)
		}, "the answer is not HTTP as it has to be"},
		{"a mail server", func(c net.Conn) { io.WriteString(c, "220 mail.example.com hello anna\r\n"); drain(c) }, "the answer is not HTTP as it has to be"},
		{"a strange header", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nanna t0ken\r\n\r\n"); drain(c) }, "the answer is not HTTP as it has to be"},
		{"a strange length", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: anna\r\n\r\n"); drain(c) }, "the answer is not HTTP as it has to be"},
		{"a header without end", func(c net.Conn) {
			for s := "HTTP/1.1 200 OK\r\n"; ; s = "X-Anna: anna\r\n" {
				if _, err := io.WriteString(c, s); err != nil {
					return
				}
			}
		}, "the header of the answer is too long"},
		{"notices without end", func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
					return
				}
			}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := closed.Addr().String()
			if c.does != nil {
				address = script(t, func(conn net.Conn) {
					if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
						c.does(conn)
					}
				})
			}
			// What does not end is given up; on a busy machine not before it has begun.
			within := 5 * time.Minute
			if strings.HasSuffix(c.says, "in time") {
				within = 300 * time.Millisecond
			}
			_, err := ask(t, "http://anna:hunter2@"+address+"/path?key=t0ken", within)
			for err != nil && !strings.Contains(err.Error(), c.says) && within < 5*time.Minute {
				within *= 10
				_, err = ask(t, "http://anna:hunter2@"+address+"/path?key=t0ken", within)
			}
			if err == nil {
				t.Fatal("no error")
			}
			if class, _ := sinks.ClassOf(err); class != sinks.Retryable {
				t.Errorf("%v is %s", err, class)
			}
			if want := "POST http://" + address + ": "; !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v\nwant %s%s", err, want, c.says)
			}
			if late := strings.Contains(err.Error(), "in time"); late != errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v: DeadlineExceeded %v", err, !late)
			}
		})
	}
}

// drain reads the rest, so that closing is no reset.
func drain(c net.Conn) {
	c.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, c)
}

// script is a server that does one thing to each connection.
func script(t *testing.T, does func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			does(c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// TestGivenUp: the end of a context ends the exchange, which is told as such.
func TestGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := "http://" + script(t, func(c net.Conn) { cancel(); io.Copy(io.Discard, c) })
	c := httpx.New(httpx.Options{})
	defer c.Close()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Do(r); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "octail stops") {
		t.Error(err)
	}
}

// TestConnectionIsKept: one after the other go over one connection, also after
// answers with bodies and failures of all kinds.
func TestConnectionIsKept(t *testing.T) {
	seen := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen[r.RemoteAddr] = true
		w.WriteHeader(200 + 100*(len(r.URL.Path)%4))
		w.Write(make([]byte, 900))
	}))
	defer s.Close()
	c := httpx.New(httpx.Options{MostBody: 1000})
	defer c.Close()
	for i := range 20 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/"+strings.Repeat("x", i), strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(r); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 1 {
		t.Errorf("%d connections", len(seen))
	}
}
