package httpx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"octail/internal/httpx"
	"octail/sinks"
)

// parrot answers with all of the request, in every way one writes things back.
func parrot(w http.ResponseWriter, r *http.Request) {
	all, _ := httputil.DumpRequest(r, true)
	escaped, _ := json.Marshal(string(all))
	w.WriteHeader(422)
	_, last, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	key, _, _ := strings.Cut(last, "/") // as many say: there is no hook ...
	fmt.Fprintf(w, "%s\n%s\n%s\n%s\n%s\n", key, all, escaped, html.EscapeString(string(all)), url.QueryEscape(string(all)))
}

// TestExchange: what was sent and answered is beside the error, and no secret of any
// kind is in it.
func TestExchange(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(parrot))
	defer s.Close()
	for _, hide := range []bool{false, true} {
		c := httpx.New(httpx.Options{MostBody: 64 << 10, Secrets: []string{"k3y of the body", "sh"}, HidePath: hide})
		defer c.Close()
		address := strings.Replace(s.URL, "http://", "http://clerk:hunter2@", 1) + "/hooks/T0001234567/records?api=q%2Fsecret&n=1"
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, strings.NewReader(`{"key":"k3y of the body","order":1042,"text":"Müller"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"X-Auth": {"h1dden value"}, "Cookie": {"sid=c00kie; b=2"}, "Webhook-Signature": {"v1,c2lnbmF0dXJl"}, "Content-Type": {"application/json"}, "Webhook-Id": {"order/1042@3"}}
		a, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		e := sinks.ExchangeOf(a.Error(nil))
		path := "/hooks/T0001234567/records?***"
		if hide {
			path = "/***?***"
		}
		if want := "PUT " + s.URL + path + "\n\n" + `{"key":"***","order":1042,"text":"Müller"}`; e.Request != want {
			t.Errorf("request %q\nwant %q", e.Request, want)
		}
		for _, part := range []string{"422 Unprocessable Entity\n\n", "Müller", "Content-Type: application/json", "Webhook-Id: order/1042@3", "1042"} {
			if !strings.Contains(e.Answer, part) {
				t.Errorf("the answer has no %q:\n%s", part, e.Answer)
			}
		}
		hidden := []string{"hunter2", "clerk", "q/secret", "q%2Fsecret", "h1dden", "c00kie", "c2lnbmF0dXJl", "k3y", "Y2xlcms6aHVudGVyMg"}
		if hide {
			hidden = append(hidden, "T0001234567")
		}
		for _, h := range hidden {
			if strings.Contains(e.Request+e.Answer, h) {
				t.Errorf("%q is in\n%s\n%s", h, e.Request, e.Answer)
			}
		}
		if got := a.Exchange(); got != e || sinks.ExchangeOf(a.Explain(errors.New("no"))) != e {
			t.Errorf("%+v", got)
		}
	}
}

// TestExchangeIsShort: only the beginnings are kept, and nothing in them steers a
// terminal.
func TestExchangeIsShort(t *testing.T) {
	body := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(500)
		io.WriteString(w, body)
	}))
	defer s.Close()
	c := httpx.New(httpx.Options{MostBody: 1 << 20})
	defer c.Close()
	for _, c2 := range []struct{ body, want string }{
		{"", "500 Internal Server Error"},
		{"short", "500 Internal Server Error\n\nshort"},
		{strings.Repeat("ü", 5000), "500 Internal Server Error\n\n" + strings.Repeat("ü", 1024) + "..."},
		{strings.Repeat("x", 2048), "500 Internal Server Error\n\n" + strings.Repeat("x", 2048)},
		{"a\x1b[31mred\x00\r\n\tb\xff", "500 Internal Server Error\n\na\uFFFD[31mred\uFFFD\uFFFD\n\tb\uFFFD"},
		{strings.Repeat("x", 2040) + "abcd-efgh", "500 Internal Server Error\n\n" + strings.Repeat("x", 2040) + "***"},
		{strings.Repeat("abcd-efgh", 2000), "500 Internal Server Error\n\n***"},
	} {
		body = c2.body
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/"+strings.Repeat("p", 1000), strings.NewReader(c2.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Key", "abcd-efgh")
		a, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		e := sinks.ExchangeOf(a.Error(nil))
		if !strings.HasPrefix(e.Answer, c2.want) || len(e.Answer) > len(c2.want)+5 { // three characters of a secret that is cut off tell nothing
			t.Errorf("%q\nwant %q", e.Answer, c2.want)
		}
		if len(e.Request) > 2400 || !utf8.ValidString(e.Request) || strings.Contains(e.Request, "\x1b") || strings.Contains(e.Request, "abcd-efgh") {
			t.Errorf("%q", e.Request)
		}
	}
}

// TestExchangeOfAFailure: without an answer there is what was sent.
func TestExchangeOfAFailure(t *testing.T) {
	_, err := ask(t, "http://anna:hunter2@127.0.0.1:1/path?key=t0ken", time.Minute)
	e := sinks.ExchangeOf(err)
	if want := "POST http://127.0.0.1:1/path?***\n\n" + `{"email":"***@example.com"}`; e.Request != want || e.Answer != "" {
		t.Errorf("%q, %q\nwant %q", e.Request, e.Answer, want)
	}
}

// TestPart: what is said of one record of a batch tells of no other.
func TestPart(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(parrot))
	defer s.Close()
	c := httpx.New(httpx.Options{MostBody: 1 << 20})
	defer c.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/batch", strings.NewReader(`[{"name":"Anna"},{"name":"Bert"}]`))
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	one := a.Part(404, []byte(`{"name":"Bert"}`), []byte(`{"no":"Bert"}`)).Error(nil)
	if class, _ := sinks.ClassOf(one); class != sinks.Permanent || !strings.Contains(one.Error(), "answers 404 Not Found") {
		t.Error(one)
	}
	if e := sinks.ExchangeOf(one); e.Request != "POST "+s.URL+"/batch\n\n"+`{"name":"Bert"}` || e.Answer != "404 Not Found\n\n"+`{"no":"Bert"}` {
		t.Errorf("%+v", e)
	}
	whole := httpx.WithoutBodies(a.Error(nil))
	if e := sinks.ExchangeOf(whole); e.Request != "POST "+s.URL+"/batch" || e.Answer != "422 Unprocessable Entity" {
		t.Errorf("%+v", e)
	}
	if httpx.WithoutBodies(nil) != nil {
		t.Error("an error of none")
	}
}

// TestPace: each request waits for its turn; one whose turn does not come in time is
// not sent.
func TestPace(t *testing.T) {
	sent, turns := 0, 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ }))
	defer s.Close()
	c := httpx.New(httpx.Options{Pace: func(ctx context.Context) error { turns++; return ctx.Err() }})
	defer c.Close()
	for i := range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if i == 2 {
			cancel()
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Do(r)
		cancel()
		if (err != nil) != (i == 2) {
			t.Fatal(err)
		}
		if i == 2 && (sinks.ExchangeOf(err) != sinks.Exchange{} || !errors.Is(err, context.Canceled)) {
			t.Errorf("%v, %+v", err, sinks.ExchangeOf(err))
		}
	}
	if sent != 2 || turns != 3 {
		t.Errorf("%d sent, %d turns", sent, turns)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(r); err == nil || !strings.Contains(err.Error(), "`rate`") || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
