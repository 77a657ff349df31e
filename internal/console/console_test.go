package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"octail/internal/console"
	"octail/internal/dispatch"
	"octail/internal/journal"
	"octail/internal/reconcile"
)

const token = "correct horse battery staple"

// TestAnswers: what each address answers, over TCP without a token.
func TestAnswers(t *testing.T) {
	well := &agent{status: console.Status{Level: console.Green, Sentence: "Everything is delivered.", Shop: "main-shop"}}
	ill := &agent{err: errors.New("read the journal: disk I/O error"), ready: errors.New("the binlog is not connected: connection refused")}
	for _, c := range []struct {
		agent        *agent
		method, path string
		code         int
		contentType  string
		part         string
	}{
		{well, "GET", "/", 200, "text/plain; charset=utf-8", "Everything is delivered.\n"},
		{well, "GET", "/", 200, "text/plain; charset=utf-8", "/metrics  /healthz  /readyz  /api/v1/status"},
		{well, "HEAD", "/", 200, "text/plain; charset=utf-8", ""},
		{well, "GET", "/api/v1/status", 200, "application/json; charset=utf-8", `"sentence": "Everything is delivered."`},
		{well, "GET", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "octail_tries_total 0"},
		{well, "GET", "/healthz", 200, "text/plain; charset=utf-8", "alive\n"},
		{well, "GET", "/readyz", 200, "text/plain; charset=utf-8", "ready\n"},
		{well, "GET", "/favicon.ico", 404, "text/plain; charset=utf-8", ""},
		{well, "GET", "/api/v1/statu", 404, "text/plain; charset=utf-8", ""},
		{well, "POST", "/api/v1/status", 405, "text/plain; charset=utf-8", ""},
		{well, "DELETE", "/", 405, "text/plain; charset=utf-8", ""},
		{well, "GET", "/api/v1/trace?key=1", 403, "text/plain; charset=utf-8", "set http.token"},
		{ill, "GET", "/", 500, "text/plain; charset=utf-8", "disk I/O error"},
		{ill, "GET", "/api/v1/status", 500, "text/plain; charset=utf-8", "disk I/O error"},
		{ill, "GET", "/healthz", 200, "text/plain; charset=utf-8", "alive\n"},
		{ill, "GET", "/readyz", 503, "text/plain; charset=utf-8", "not ready: the binlog is not connected: connection refused\n"},
	} {
		t.Run(fmt.Sprint(c.method, " ", c.path, " ", c.code), func(t *testing.T) {
			w := ask(c.agent.handler("", false), c.method, c.path)
			if w.Code != c.code || w.Header().Get("Content-Type") != c.contentType || !strings.Contains(w.Body.String(), c.part) {
				t.Errorf("%d %s\n%s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
				"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy": "no-referrer"} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q", name, got)
				}
			}
		})
	}
}

// TestHost: a browser that was tricked into asking for another name (DNS
// rebinding) gets nothing; whoever has the token may use any name.
func TestHost(t *testing.T) {
	a := &agent{}
	for _, c := range []struct {
		host    string
		allowed bool
	}{
		{"127.0.0.1:8765", true}, {"127.0.0.1", true}, {"localhost:8765", true}, {"LOCALHOST", true}, {"[::1]:8765", true}, {"[::1]", true}, {"192.168.1.7:8765", true},
		{"evil.example.com", false}, {"evil.example.com:8765", false}, {"localhost.example.com", false}, {"127.0.0.1.example.com:8765", false}, {"", false},
	} {
		for _, path := range []string{"/", "/api/v1/status", "/metrics", "/healthz", "/api/v1/trace?key=x"} {
			w := ask(a.handler(token, false), "GET", path, host(c.host))
			refused := strings.Contains(w.Body.String(), "unknown Host")
			if refused == c.allowed || refused && w.Code != http.StatusForbidden {
				t.Errorf("Host %q, %s: %d %s", c.host, path, w.Code, w.Body)
			}
		}
		if w := ask(a.handler(token, false), "GET", "/api/v1/status", host(c.host), bearer(token)); w.Code != 200 {
			t.Errorf("Host %q with the token: %d", c.host, w.Code)
		}
		if w := ask(a.handler("", true), "GET", "/api/v1/status", host(c.host)); w.Code != 200 {
			t.Errorf("Host %q on the socket: %d", c.host, w.Code)
		}
	}
}

// TestOtherSites: a page of another site cannot make a browser write.
func TestOtherSites(t *testing.T) {
	a := &agent{}
	w := ask(a.handler("", false), "POST", "/api/v1/status", header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example.com"))
	if w.Code != http.StatusForbidden {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestToken: documents only for those who have it, and for nobody where none is
// configured.
func TestToken(t *testing.T) {
	a := &agent{journal: newJournal(t)}
	revise(t, a.journal, "order/1042")
	const path = "/api/v1/trace?entity=order&key=1042"
	for _, c := range []struct {
		name, token string
		trusted     bool
		with        func(*http.Request)
		allowed     bool
	}{
		{"the token", token, false, bearer(token), true},
		{"nothing", token, false, bearer(""), false},
		{"another", token, false, bearer(token + "x"), false},
		{"its beginning", token, false, bearer(token[:5]), false},
		{"another scheme", token, false, header("Authorization", "Basic "+token), false},
		{"without scheme", token, false, header("Authorization", token), false},
		{"in the query", token, false, func(r *http.Request) { r.URL.RawQuery += "&token=" + token }, false},
		{"none configured", "", false, bearer(""), false},
		{"none configured, one given", "", false, bearer("guess"), false},
		{"the socket", token, true, bearer(""), true},
		{"the socket without a token", "", true, bearer(""), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ask(a.handler(c.token, c.trusted), "GET", path, c.with)
			if want := map[bool]int{true: 200, false: 403}[c.allowed]; w.Code != want {
				t.Errorf("%d instead of %d: %s", w.Code, want, w.Body)
			}
			if leaks := strings.Contains(w.Body.String(), "alice@example.com"); leaks != c.allowed {
				t.Errorf("the document: %v", leaks)
			}
		})
	}
}

// TestMasked: what a target says may hold an address; without the token it is
// hidden.
func TestMasked(t *testing.T) {
	const said = `422 {"error": "customer alice.b+shop@mail.example.com is unknown"}`
	s := console.Status{Running: true, At: began, Source: console.Source{State: "waiting", Since: began, Error: said},
		Documents: console.Documents{Blocked: said, Failing: []console.Failing{{Subject: "order/1042", Error: said}}},
		Sinks:     []dispatch.Status{{Name: "erp", LastError: said, ResendError: said}},
		Compared:  &reconcile.Report{Skipped: map[string]string{"order": said}, Sinks: map[string]*reconcile.SinkReport{"erp": {Skipped: said}}}}
	s.Judge()
	a := &agent{status: s}
	for _, path := range []string{"/", "/api/v1/status"} {
		text := ask(a.handler(token, false), "GET", path).Body.String()
		hasNot(t, text, "alice", "mail.example")
		has(t, text, "customer ***@*** is unknown", "order/1042", "erp")
		for _, h := range []http.Handler{a.handler("", true), withToken(a.handler(token, false))} {
			has(t, ask(h, "GET", path).Body.String(), "alice.b+shop@mail.example.com")
		}
	}
	if a.status.Compared.Skipped["order"] != said || a.status.Compared.Sinks["erp"].Skipped != said || a.status.Sinks[0].LastError != said || a.status.Documents.Failing[0].Error != said || !strings.Contains(a.status.Reasons[0], said) {
		t.Error("masking changed the agent's own status")
	}
}

func withToken(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bearer(token)(r)
		h.ServeHTTP(w, r)
	})
}

// TestTraceQuery: wrong questions are answered with what a right one is.
func TestTraceQuery(t *testing.T) {
	a := &agent{journal: newJournal(t), sinks: []console.SinkFilter{{Name: "log"}}}
	revise(t, a.journal, "order/1042")
	revise(t, a.journal, "customer/7", func(e *journal.NewEvent) { e.Email = "alice@example.com" })
	for _, c := range []struct {
		query string
		code  int
		found string
	}{
		{"", 400, ""}, {"?entity=order", 400, ""}, {"?key=", 400, ""}, {"?entity=orders&key=1", 400, ""},
		{"?key=1042", 200, "order/1042"}, {"?entity=order&key=1042", 200, "order/1042"}, {"?key=order/1042", 200, "order/1042"},
		{"?key=Alice@example.com", 200, "customer/7"}, {"?entity=product&key=1042", 200, ""}, {"?key=nothing", 200, ""},
	} {
		w := ask(a.handler("", true), "GET", "/api/v1/trace"+c.query)
		if w.Code != c.code {
			t.Errorf("%s: %d %s", c.query, w.Code, w.Body)
		}
		if w.Code != 200 {
			has(t, w.Body.String(), "give key=", "entity= (", "stock")
			continue
		}
		traces := []console.Trace(nil)
		check(t, json.Unmarshal(w.Body.Bytes(), &traces))
		switch {
		case traces == nil:
			t.Errorf("%s: null instead of a list", c.query)
		case c.found == "" && len(traces) > 0, c.found != "" && (len(traces) != 1 || traces[0].Subject != c.found):
			t.Errorf("%s: %+v", c.query, traces)
		}
	}
}

// TestServe: it answers, and ends with its context, also while somebody is slow.
func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- console.Serve(ctx, l, (&agent{}).handler("", false), slog.New(slog.DiscardHandler))
	}()
	client := &http.Client{Timeout: 5 * time.Minute}
	defer client.CloseIdleConnections()
	res, err := client.Get("http://" + l.Addr().String() + "/healthz")
	check(t, err)
	body, err := io.ReadAll(res.Body)
	check(t, err)
	check(t, res.Body.Close())
	if string(body) != "alive\n" {
		t.Errorf("%q", body)
	}
	slow, err := net.Dial("tcp", l.Addr().String())
	check(t, err)
	defer slow.Close()
	fmt.Fprint(slow, "GET / HTTP/1.1\r\nHost: 127")
	cancel()
	select {
	case err := <-ended:
		check(t, err)
	case <-time.After(5 * time.Minute):
		t.Fatal("it does not end")
	}
}
