package sinktest

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"octail/sinks"
)

// answer is something a target may say instead of what it has to.
type answer struct {
	name        string
	does        func(w http.ResponseWriter, r *http.Request)
	class       sinks.Class
	least, most time.Duration // of the wait of a RateLimited one
}

// classOf is what each status means, unless a target means something else by it.
func classOf(status int) sinks.Class {
	switch {
	case status/100 == 3:
		return sinks.Blocked
	case status == 429:
		return sinks.RateLimited
	case slices.Contains([]int{400, 404, 410, 413, 414, 422, 431}, status):
		return sinks.Permanent
	case slices.Contains([]int{401, 402, 403, 405, 407, 415, 451, 511}, status):
		return sinks.Blocked
	}
	return sinks.Retryable
}

// say answers with a body that repeats what was sent, as targets do.
func say(status int, after, kind, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		sent := bodyOf(r.Body)
		if ahead, err := time.ParseDuration(after); err == nil { // a date, by the clock of now
			after := time.Now().Add(ahead).UTC().Format(http.TimeFormat)
			w.Header().Set("Retry-After", after)
		} else if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Note", targetsWords)
		w.WriteHeader(status)
		if status != http.StatusNotModified {
			io.WriteString(w, strings.NewReplacer("SENT", html.EscapeString(string(sent)), "HEAD", html.EscapeString(fmt.Sprint(r.URL, r.Header))).Replace(body))
		}
	}
}

// table lists the answers.
func table(elsewhere string) []answer {
	const refusal = `<p>` + targetsWords + ` SENT HEAD</p>`
	var out []answer
	for status := 300; status < 600; status++ {
		out = append(out, answer{name: fmt.Sprint(status), does: say(status, "", "text/html", refusal), class: classOf(status)})
	}
	date := time.Duration.String // see say
	day := 24 * time.Hour
	for _, wait := range []struct {
		name, after string
		least, most time.Duration
	}{
		{"17 seconds", "17", 17 * time.Second, 17 * time.Second}, {"a date in an hour", date(time.Hour), 30 * time.Minute, time.Hour},
		{"ten years", "315360000", time.Hour, day}, {"a date in ten years", date(10 * 365 * day), time.Hour, day},
		{"-17 seconds", "-17", 0, 0}, {"a date an hour ago", date(-time.Hour), 0, 0}, {"soon", "soon", 0, 0},
	} {
		out = append(out, answer{"429, retry after " + wait.name, say(429, wait.after, "text/html", refusal), sinks.RateLimited, wait.least, wait.most})
		class := sinks.RateLimited
		if wait.most == 0 {
			class = sinks.Retryable
		}
		out = append(out, answer{"503, retry after " + wait.name, say(503, wait.after, "text/html", refusal), class, wait.least, wait.most})
	}
	for name, does := range map[string]func(http.ResponseWriter, *http.Request){
		"200 with an error":             say(200, "", "application/json", `{"error":"`+targetsWords+`"}`),
		"200 with an error of JSON-RPC": say(200, "", "application/json", `{"jsonrpc":"2.0","id":1,"error":{"code":200,"message":"`+targetsWords+`","data":{"name":"exceptions.AccessDenied"}}}`),
		"200 with a page to log in":     say(200, "", "text/html; charset=utf-8", `<!DOCTYPE html><title>Log in</title><form method=post>SENT</form>`),
		"200 with a page called JSON":   say(200, "", "application/json", `<html><title>Log in</title>SENT`),
		"200 with nothing":              say(200, "", "application/json", ""),
		"200 with null":                 say(200, "", "application/json", "null"),
		"200 with an empty object":      say(200, "", "application/json", "{}"),
		"200 with an empty list":        say(200, "", "application/json", "[]"),
		"200 with half of a text":       say(200, "", "application/json", `{"id":"`),
		"200 with something else":       say(200, "", "application/json", `{"ok":true,"status":"`+targetsWords+`"}`),
		"204":                           say(204, "", "", ""),
		"200 without end": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for more := strings.Repeat(" ", 32<<10); r.Context().Err() == nil; {
				if _, err := io.WriteString(w, more); err != nil {
					return
				}
			}
		},
	} {
		out = append(out, answer{name: name, does: does})
	}
	for name, to := range map[string]string{"another host": elsewhere, "another host by TLS": strings.Replace(elsewhere, "http://", "https://", 1), "its login": "/login?next=" + targetsWords, "nowhere": "http://%zz"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			out = append(out, answer{name: fmt.Sprintf("%d to %s", status, name), class: sinks.Blocked, does: func(w http.ResponseWriter, r *http.Request) {
				bodyOf(r.Body)
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			}})
		}
	}
	slices.SortFunc(out, func(a, b answer) int { return strings.Compare(a.name, b.name) })
	return out
}

// answers tries each of them, at each request that a delivery makes: it has the class
// it has to have, takes nothing for delivered, tells no secret, and is forgotten when
// the target is well again.
func answers(h *harness) {
	var reached atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer other.Close()
	known := map[string]bool{}
	size := 1
	if h.needs.Batch > 1 { // else another request would be tried than those of most deliveries
		size = 2
	}
	steps, all := h.steps(size)
	id := int64(1)
	for at := range steps {
		for i, a := range table(other.URL) {
			if h.c.CutEvery > 0 && i%steps != at {
				continue
			}
			known[a.name] = true
			batch := h.fresh(id, size)
			id += 2
			all = append(all, batch...)
			h.breaksAt(at, a.does)
			err := h.try(h.Context(), batch...)
			h.breaks(nil)
			h.judge(a, at, err)
			h.good(batch...)
		}
	}
	h.holds(held(all...)...)
	if n := reached.Load(); n > 0 {
		h.Errorf("the other host was reached %d times: what is meant for one host is not for another", n)
	}
	for name := range h.c.Except {
		if !known[name] {
			h.Errorf("the test excepts %q, and the table has no such answer", name)
		}
	}
}

// judge looks at what came of an answer.
func (h *harness) judge(a answer, at int, err error) {
	h.Helper()
	var part *sinks.BatchError
	if errors.As(err, &part) {
		_, err = part.First()
	}
	exception, excepted := h.c.Except[a.name]
	class, wait := sinks.ClassOf(err)
	switch {
	case err == nil && !(excepted && exception.Taken):
		h.Errorf("%s at request %d: it counts as delivered", a.name, at+1)
	case err == nil:
	case excepted && class != exception.Class:
		h.Errorf("%s at request %d is %s, and the test says %s (%s): %v", a.name, at+1, class, exception.Class, exception.Reason, err)
	case !excepted && class != a.class:
		h.Errorf("%s at request %d is %s, want %s: %v", a.name, at+1, class, a.class, err)
	case !excepted && (wait < a.least || wait > a.most):
		h.Errorf("%s at request %d: waits for %s, want %s to %s", a.name, at+1, wait, a.least, a.most)
	}
}

// steps is how many requests the delivery of so many new entities makes; it is found out
// by some that are left in the target.
func (h *harness) steps(size int) (requests int, made []sinks.Delivery) {
	h.Helper()
	made = h.fresh(1<<40, size)
	h.good(made...) // what is done once (to log in) is done
	before := h.requests()
	next := h.fresh(1<<40+10, size)
	made = append(made, next...)
	h.good(next...)
	if h.requests() == before {
		h.Fatal("a delivery makes no request")
	}
	return h.requests() - before, made
}

// fresh are new entities.
func (h *harness) fresh(id int64, size int) (batch []sinks.Delivery) {
	for n := range int64(size) {
		batch = append(batch, revision(h.kind(), id+n, 1))
	}
	return batch
}

// breaksAt breaks one request: the one after so many.
func (h *harness) breaksAt(at int, does func(http.ResponseWriter, *http.Request)) {
	var n atomic.Int64
	h.breaks(func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		if n.Add(1) != int64(at+1) {
			good.ServeHTTP(w, r)
			return
		}
		does(w, r)
	})
}
