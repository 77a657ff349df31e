package httpx

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"octail/sinks"
)

// Class is what a status means to a sink whose target gives it no other meaning:
// where its own API differs, the sink says so. What is not in the table may heal:
// it is Retryable.
func Class(status int) sinks.Class {
	switch {
	case status == http.StatusTooManyRequests:
		return sinks.RateLimited
	case status/100 == 3:
		return sinks.Blocked
	}
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired,
		http.StatusUnsupportedMediaType, http.StatusUnavailableForLegalReasons, http.StatusNetworkAuthenticationRequired:
		return sinks.Blocked
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusUnprocessableEntity, http.StatusRequestHeaderFieldsTooLarge:
		return sinks.Permanent
	}
	return sinks.Retryable
}

// OK reports whether the status says success.
func (a *Answer) OK() bool { return a.Status/100 == 2 }

// Error is an answer as an error of its class: of Class, or of the table given,
// where it has the status. nil for a success. 429 and 503 that tell how long to wait
// are RateLimited with that wait, unless the table has them. The exchange is beside it
// (sinks.ExchangeOf).
func (a *Answer) Error(own map[int]sinks.Class) error {
	if a.OK() {
		return nil
	}
	err := fmt.Errorf("%s answers %s", a.from, a.text())
	class, ok := own[a.Status]
	if !ok {
		class = Class(a.Status)
		wait := a.RetryAfter(time.Now())
		if a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable && wait > 0 {
			return a.Explain(sinks.SlowDown(wait, err))
		}
	}
	return a.Explain(sinks.Mark(class, err))
}

// status is a status in words, never in the target's own.
func status(code int) string {
	text := strconv.Itoa(code)
	if known := http.StatusText(code); known != "" {
		text += " " + known
	}
	return text
}

// text is the status in words, and what is to be done about it.
func (a *Answer) text() string {
	text := status(a.Status)
	switch {
	case a.Status/100 == 3:
		return text + a.elsewhere() + ": octail follows no redirect, correct the address in the config"
	case a.Status == http.StatusProxyAuthRequired:
		return text + ": the proxy wants a user and a password, see HTTPS_PROXY and HTTP_PROXY"
	}
	return text
}

// elsewhere says where a redirect points to, without path and query.
func (a *Answer) elsewhere() string {
	to, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Header.Get("Location") == "" {
		return ""
	}
	if to.Host == "" {
		return " to another path of the same host"
	}
	if there := clean(to.Scheme) + "://" + clean(to.Host); to.Scheme != "" && there != a.from {
		return " to " + there
	}
	return " to another path of the same host"
}

// longestWait bounds what Retry-After may ask for; who waits may bound it more.
const longestWait = 24 * time.Hour

// RetryAfter is the wait an answer asks for, at most a day; zero: none, or one that
// makes no sense. A date is understood by the target's own clock where it tells it.
func (a *Answer) RetryAfter(now time.Time) time.Duration {
	text := strings.TrimSpace(a.Header.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if strings.Trim(text, "0123456789") == "" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n < int64(longestWait/time.Second) {
			return time.Duration(n) * time.Second
		}
		return longestWait
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		now = theirs
	}
	return min(max(0, at.Sub(now)), longestWait)
}
