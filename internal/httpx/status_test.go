package httpx_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"octail/internal/httpx"
	"octail/sinks"
)

// TestClass: every status there is. What is named here is what docs and sinks rely
// on; all else may heal.
func TestClass(t *testing.T) {
	want := map[int]sinks.Class{429: sinks.RateLimited}
	for _, status := range []int{401, 402, 403, 405, 407, 415, 451, 511} {
		want[status] = sinks.Blocked
	}
	for _, status := range []int{400, 404, 410, 413, 414, 422, 431} {
		want[status] = sinks.Permanent
	}
	for status := 300; status < 400; status++ {
		want[status] = sinks.Blocked
	}
	for status := range 1000 {
		class, ok := want[status]
		if !ok {
			class = sinks.Retryable
		}
		if got := httpx.Class(status); got != class {
			t.Errorf("%d is %s, want %s", status, got, class)
		}
		a := &httpx.Answer{Status: status, Header: http.Header{}}
		err := a.Error(nil)
		if a.OK() != (status >= 200 && status < 300) || (err == nil) != a.OK() {
			t.Errorf("%d: OK %v, error %v", status, a.OK(), err)
		}
		if got, _ := sinks.ClassOf(err); err != nil && got != class {
			t.Errorf("the error of %d is %s, want %s", status, got, class)
		}
		if got, _ := sinks.ClassOf(a.Error(map[int]sinks.Class{status: sinks.Permanent})); err != nil && got != sinks.Permanent {
			t.Errorf("the sink's own class of %d does not count: %s", status, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	date := func(at time.Time) string { return at.UTC().Format(http.TimeFormat) }
	for _, c := range []struct {
		text, theirs string
		want         time.Duration
	}{
		{"", "", 0},
		{"0", "", 0},
		{"7", "", 7 * time.Second},
		{" 120 ", "", 2 * time.Minute},
		{"86400", "", day},
		{"315360000", "", day},            // ten years
		{"99999999999999999999", "", day}, // more than fits
		{"9223372036854775807", "", day},
		{"-5", "", 0},
		{"+5", "", 0},
		{"1.5", "", 0},
		{"1e3", "", 0},
		{"soon", "", 0},
		{"7, 8", "", 0},
		{date(now.Add(90 * time.Second)), "", 90 * time.Second},
		{now.Add(time.Minute).Format(time.RFC850), "", time.Minute},
		{now.Add(time.Minute).Format(time.ANSIC), "", time.Minute},
		{date(now.Add(-time.Hour)), "", 0},
		{date(now.Add(10 * 365 * day)), "", day},
		{date(now.Add(time.Hour)), date(now.Add(50 * time.Minute)), 10 * time.Minute}, // their clock is ahead
		{date(now.Add(time.Hour)), "who knows", time.Hour},
	} {
		a := &httpx.Answer{Status: 429, Header: http.Header{}}
		if c.text != "" {
			a.Header.Set("Retry-After", c.text)
		}
		if c.theirs != "" {
			a.Header.Set("Date", c.theirs)
		}
		if got := a.RetryAfter(now); got != c.want {
			t.Errorf("%q (%q): %s, want %s", c.text, c.theirs, got, c.want)
		}
	}
	for _, c := range []struct {
		status int
		after  string
		class  sinks.Class
		wait   time.Duration
	}{
		{429, "30", sinks.RateLimited, 30 * time.Second},
		{429, "", sinks.RateLimited, 0},
		{429, "-1", sinks.RateLimited, 0},
		{503, "30", sinks.RateLimited, 30 * time.Second},
		{503, "", sinks.Retryable, 0},
		{503, "-1", sinks.Retryable, 0},
		{502, "30", sinks.Retryable, 0},
		{200, "30", sinks.Retryable, 0}, // no error
	} {
		class, wait := sinks.ClassOf((&httpx.Answer{Status: c.status, Header: http.Header{"Retry-After": {c.after}}}).Error(nil))
		if class != c.class || wait != c.wait {
			t.Errorf("%d, Retry-After %q: %s %s, want %s %s", c.status, c.after, class, wait, c.class, c.wait)
		}
	}
}

func TestHTML(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		page       bool
	}{
		{"text/html; charset=UTF-8", "<p>ok", true},
		{"text/html; charset=UTF-8", "ok", true}, // PHP's default type, with something to read
		{"text/html; charset=UTF-8", "", false},
		{"text/html", " \n\t", false},
		{"TEXT/HTML", "x", true},
		{"text/html; charset", "x", true}, // no valid type
		{"application/xhtml+xml", "<x/>", true},
		{"", "<!DOCTYPE html><title>Log in</title>", true},
		{"text/plain", "\n\n <HTML><body>", true},
		{"application/json", "\xef\xbb\xbf<html>", true},
		{"text/xml", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html>`, true},
		{"", "<!-- page --><html>", true},
		{"", "ok", false},
		{"text/plain", "received", false},
		{"application/json", `{"html":"<html>"}`, false},
		{"application/xml", `<?xml version="1.0"?><ok/>`, false},
		{"application/json", "", false},
	} {
		a := &httpx.Answer{Status: 200, Header: http.Header{}, Body: []byte(c.body)}
		if c.kind != "" {
			a.Header.Set("Content-Type", c.kind)
		}
		if a.HTML() != c.page {
			t.Errorf("%q of type %q: %v", c.body, c.kind, !c.page)
		}
	}
	if (&httpx.Answer{Body: []byte(strings.Repeat(" ", 70<<10))}).HTML() {
		t.Error("nothing but space is a page")
	}
}
