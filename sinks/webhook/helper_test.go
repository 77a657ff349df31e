package webhook

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"octail/internal/config"
	"octail/internal/leaktest"
	"octail/sinks"
	"octail/transform/document"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	oldSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newSecret = "whsec_c2VjcmV0LW9mLWZvcnR5LWVpZ2h0LWJ5dGVzLWZvci10aGlzLXRlc3Qtb2Zo"
)

// hidden are all that must be in no error and no log: secrets, header values, what
// stands in the address behind the host, and the customer in the document.
var hidden = []string{"MfKQ9r8GKY", "c2VjcmV0", "h1dden", "hunter2", "t0ken", "/path", "anna"}

// delivery is event n of order 1042 and two others.
func delivery(n int64) sinks.Delivery {
	return sinks.Delivery{Attempt: 1, Event: document.Event{
		Key: document.Key{Entity: document.OrderEntity, ID: 1042 + n%3}, Shop: "main-shop", Sequence: n, Revision: n/3 + 1, Kind: document.Updated, Birth: "k3f9",
		Time: time.Date(2026, 11, 22, 1, 3, 22, 0, time.UTC), Origin: document.FromShop, Schema: 1,
		Data: fmt.Appendf(nil, `{"changed":["n"],"document":{"n":%d,"email":"anna@example.com","text":"Müller \"x\" %s"}}`, n, strings.Repeat("x", int(n*37%150))),
	}}
}

// sent is the body of event n.
func sent(n int64) []byte {
	d := delivery(n)
	return d.AppendJSON(nil)
}

// one is a batch of one event.
func one(n int64) []sinks.Delivery { return []sinks.Delivery{delivery(n)} }

func newSink(t testing.TB, url string, change func(*Config)) *sink {
	t.Helper()
	cfg := Config{URL: config.URL(url), Secret: config.Secrets{oldSecret}, Headers: map[string]config.Secret{"X-Key": "h1dden"}}
	if change != nil {
		change(&cfg)
	}
	s, err := Plugin.Open(&cfg, sinks.Env{Name: "hook", Shop: "main-shop", Log: slog.New(slog.DiscardHandler)})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s.(*sink)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// request is one that a receiver got.
type request struct {
	method, path string
	header       http.Header
	body         []byte
}

// receiver notes each request and answers as it is told.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []request
}

func newReceiver(t testing.TB, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.got = append(r.got, request{q.Method, q.URL.String(), q.Header, body})
		r.mu.Unlock()
		answer(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

// address has all that an address may hide.
func (r *receiver) address() string {
	return strings.Replace(r.URL, "http://", "http://user:hunter2@", 1) + "/path?key=t0ken"
}

func (r *receiver) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

// holds fails the test unless the receiver has got these events, in this order.
func (r *receiver) holds(t testing.TB, want ...int64) {
	t.Helper()
	got := r.requests()
	if len(got) != len(want) {
		t.Fatalf("%d requests, want %d", len(got), len(want))
	}
	for i, n := range want {
		if !bytes.Equal(got[i].body, sent(n)) {
			t.Errorf("request %d is\n%s\nwant\n%s", i, got[i].body, sent(n))
		}
	}
}

// quiet fails the test when a text tells what is to be hidden.
func quiet(t testing.TB, text string) {
	t.Helper()
	for _, h := range hidden {
		if strings.Contains(text, h) {
			t.Errorf("%q is in: %s", h, text)
		}
	}
}
