package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"octail/internal/config"
	"octail/sinks"
)

func noContent(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// TestRequest: what a receiver gets, word for word. A second attempt has the same id
// and bytes, and its own time.
func TestRequest(t *testing.T) {
	r := newReceiver(t, noContent)
	s := newSink(t, r.address(), func(c *Config) {
		c.Secret = config.Secrets{newSecret, oldSecret}
		c.Headers["authorization"] = "Bearer h1dden"
	})
	first, second := time.Now().Add(-time.Minute), time.Now() // the verifier takes five minutes
	for _, at := range []time.Time{first, second} {
		s.now = func() time.Time { return at }
		check(t, s.Deliver(t.Context(), one(5)))
	}
	r.holds(t, 5, 5)
	for i, q := range r.requests() {
		at := []time.Time{first, second}[i]
		for name, want := range map[string]string{
			"Content-Type": "application/cloudevents+json; charset=utf-8", "Webhook-Id": "order/1044@2~k3f9", "Webhook-Timestamp": strconv.FormatInt(at.Unix(), 10),
			"X-Key": "h1dden", "Authorization": "Bearer h1dden", "User-Agent": "octail", "Content-Length": strconv.Itoa(len(sent(5))), "Accept-Encoding": "",
		} {
			if got := q.header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if q.method != "POST" || q.path != "/path?key=t0ken" || len(q.header) != 8 {
			t.Errorf("%s %s with %d headers: %v", q.method, q.path, len(q.header), q.header)
		}
		if n := strings.Count(q.header.Get("Webhook-Signature"), "v1,"); n != 2 {
			t.Errorf("%d signatures", n)
		}
		for _, secret := range []string{oldSecret, newSecret} {
			theirs, err := standardwebhooks.NewWebhook(secret)
			check(t, err)
			check(t, theirs.Verify(q.body, q.header))
		}
	}
}

// TestUnsigned: without a secret all but the signature is there; user and password
// of the address are sent as such.
func TestUnsigned(t *testing.T) {
	r := newReceiver(t, noContent)
	s := newSink(t, r.address(), func(c *Config) { c.Secret = nil })
	check(t, s.Deliver(t.Context(), one(1)))
	h := r.requests()[0].header
	if _, signed := h["Webhook-Signature"]; signed || h.Get("Webhook-Id") == "" || h.Get("Webhook-Timestamp") == "" || h.Get("Authorization") != "Basic dXNlcjpodW50ZXIy" {
		t.Errorf("%v", h)
	}
}

// TestStatuses: every answer a server can give, to its class. What no line of this
// table names may heal.
func TestStatuses(t *testing.T) {
	want := map[int]sinks.Class{429: sinks.RateLimited}
	for _, status := range []int{400, 413, 422} {
		want[status] = sinks.Permanent
	}
	for _, status := range []int{401, 402, 403, 405, 407, 410, 414, 415, 431, 451, 511} {
		want[status] = sinks.Blocked
	}
	status := 0
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		if status >= 300 && status != http.StatusNotModified {
			w.Write([]byte("<html>anna has no hunter2"))
		}
	})
	s := newSink(t, r.address(), nil)
	for status = 200; status < 600; status++ {
		err := s.Deliver(t.Context(), one(1))
		class, ok := want[status]
		switch {
		case status < 300:
			check(t, err)
			continue
		case status < 400:
			class = sinks.Blocked
		case !ok:
			class = sinks.Retryable
		}
		if err == nil {
			t.Fatalf("%d is a success", status)
		}
		if got, _ := sinks.ClassOf(err); got != class {
			t.Errorf("%d is %s, want %s", status, got, class)
		}
		if prefix := fmt.Sprintf("order/1043@1~k3f9: %s answers %d", r.URL, status); !strings.HasPrefix(err.Error(), prefix) {
			t.Errorf("%v\nwant %s...", err, prefix)
		}
		quiet(t, err.Error())
	}
}

// TestExchange: what was sent and answered is kept beside the error, without what the
// config hides.
func TestExchange(t *testing.T) {
	body := `{"error":"no such SKU","your":"h1dden t0ken hunter2"}`
	r := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
		w.WriteHeader(422)
		fmt.Fprintf(w, "%s %s", body, q.Header.Get("Webhook-Signature"))
	})
	err := newSink(t, r.address(), nil).Deliver(t.Context(), one(1))
	e := sinks.ExchangeOf(err)
	if want := "POST " + r.URL + "/***?***\n\n" + string(sent(1)); e.Request != want {
		t.Errorf("%s\nwant %s", e.Request, want)
	}
	if want := "422 Unprocessable Entity\n\n" + `{"error":"no such SKU","your":"*** *** ***"} ***`; e.Answer != want {
		t.Errorf("%s\nwant %s", e.Answer, want)
	}
	if !strings.HasSuffix(err.Error(), "octail dead retry") {
		t.Errorf("%v does not say what to do", err)
	}
}

// TestPace: each request waits for its turn.
func TestPace(t *testing.T) {
	r := newReceiver(t, noContent)
	turns := 0
	s, err := Plugin.Open(&Config{URL: config.URL(r.URL)}, sinks.Env{Pace: func(context.Context) error { turns++; return nil }})
	check(t, err)
	defer s.Close()
	check(t, s.Deliver(t.Context(), []sinks.Delivery{delivery(1), delivery(2)}))
	if turns != 2 {
		t.Errorf("%d turns for two requests", turns)
	}
}

// TestRetryAfter: the whole way from the header to the wait.
func TestRetryAfter(t *testing.T) {
	status, after := 0, ""
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(status)
	})
	s := newSink(t, r.address(), nil)
	for _, c := range []struct {
		status      int
		after       string
		class       sinks.Class
		least, most time.Duration
	}{
		{429, "", sinks.RateLimited, 0, 0},
		{429, "17", sinks.RateLimited, 17 * time.Second, 17 * time.Second},
		{503, "17", sinks.RateLimited, 17 * time.Second, 17 * time.Second},
		{503, "", sinks.Retryable, 0, 0},
		{429, "-17", sinks.RateLimited, 0, 0},
		{503, "-17", sinks.Retryable, 0, 0},
		{429, "315360000", sinks.RateLimited, 24 * time.Hour, 24 * time.Hour},
		{429, strings.Repeat("9", 40), sinks.RateLimited, 24 * time.Hour, 24 * time.Hour},
		{503, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), sinks.RateLimited, 30 * time.Minute, time.Hour},
		{429, time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), sinks.RateLimited, 0, 0},
		{429, time.Now().AddDate(10, 0, 0).UTC().Format(http.TimeFormat), sinks.RateLimited, 24 * time.Hour, 24 * time.Hour},
		{429, "tomorrow", sinks.RateLimited, 0, 0},
	} {
		status, after = c.status, c.after
		class, wait := sinks.ClassOf(s.Deliver(t.Context(), one(1)))
		if class != c.class || wait < c.least || wait > c.most {
			t.Errorf("%d, Retry-After %q: %s %s, want %s %s to %s", c.status, c.after, class, wait, c.class, c.least, c.most)
		}
	}
}

// TestPage: a page for people acknowledges nothing, unless it is said to.
func TestPage(t *testing.T) {
	kind, body := "", ""
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write([]byte(body))
	})
	strict := newSink(t, r.address(), nil)
	lenient := newSink(t, r.address(), func(c *Config) { c.AcceptHTML = true })
	for _, c := range []struct {
		kind, body string
		page       bool
	}{
		{"text/html; charset=utf-8", "<!doctype html><title>Log in</title>anna hunter2", true},
		{"application/json", "<html>", true},
		{"text/html", "", false},
		{"application/json", `{"ok":true}`, false},
		{"text/plain", "ok", false},
	} {
		kind, body = c.kind, c.body
		err := strict.Deliver(t.Context(), one(1))
		if class, _ := sinks.ClassOf(err); (err != nil) != c.page || class != sinks.Retryable {
			t.Errorf("%q of type %s: %v", c.body, c.kind, err)
		}
		if c.page && !strings.Contains(fmt.Sprint(err), "accept_html: true") {
			t.Errorf("%v does not say what to do", err)
		}
		if err != nil {
			quiet(t, err.Error())
		}
		check(t, lenient.Deliver(t.Context(), one(1)))
	}
}

// TestRedirect: the event does not go to another host, nor to http.
func TestRedirect(t *testing.T) {
	other := newReceiver(t, noContent)
	for _, status := range []int{301, 302, 303, 307, 308} {
		r := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, other.URL+"/path?key=t0ken", status)
		})
		err := newSink(t, r.address(), nil).Deliver(t.Context(), one(1))
		if class, _ := sinks.ClassOf(err); class != sinks.Blocked {
			t.Errorf("%d is %s", status, class)
		}
		for _, part := range []string{strconv.Itoa(status), "to " + other.URL, "correct the address"} {
			if !strings.Contains(fmt.Sprint(err), part) {
				t.Errorf("%v\nhas no %q", err, part)
			}
		}
		quiet(t, err.Error())
	}
	if n := len(other.requests()); n > 0 {
		t.Errorf("the other host got %d requests", n)
	}
}

// TestEndless: an answer without end does not hold the sink up; one that drips, or
// never comes, ends with the time given. What did not end is no acknowledgement.
func TestEndless(t *testing.T) {
	for _, c := range []struct {
		name  string
		pause time.Duration
		size  int
		good  bool
	}{{"flood", 0, 32 << 10, true}, {"drops", 10 * time.Millisecond, 1, false}, {"nothing", time.Minute, 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			r := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
				w.WriteHeader(200)
				for {
					if _, err := w.Write(bytes.Repeat([]byte("x"), c.size)); err != nil || http.NewResponseController(w).Flush() != nil {
						return
					}
					select {
					case <-q.Context().Done():
						return
					case <-time.After(c.pause):
					}
				}
			})
			s := newSink(t, r.address(), nil)
			within := 400 * time.Millisecond
			if c.good {
				within = 5 * time.Minute
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			err := s.Deliver(ctx, one(1))
			if (err == nil) != c.good {
				t.Fatal(err)
			}
			if class, _ := sinks.ClassOf(err); !c.good && (class != sinks.Retryable || !errors.Is(err, context.DeadlineExceeded)) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestBatch: in order, and nothing behind a failure.
func TestBatch(t *testing.T) {
	left := 2
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		if left--; left < 0 {
			w.WriteHeader(500)
		}
	})
	s := newSink(t, r.address(), nil)
	var batch []sinks.Delivery
	for n := int64(1); n <= 5; n++ {
		batch = append(batch, delivery(n))
	}
	err := s.Deliver(t.Context(), batch)
	var part *sinks.BatchError
	if !errors.As(err, &part) || len(part.Failed) != 3 {
		t.Fatal(err)
	}
	if i, cause := part.First(); i != 2 || !strings.Contains(cause.Error(), "answers 500") {
		t.Error(i, cause)
	}
	r.holds(t, 1, 2, 3)
	left = 10
	check(t, s.Deliver(t.Context(), batch[2:]))
	r.holds(t, 1, 2, 3, 3, 4, 5)
	if Plugin.Needs(&Config{}).Batch != 1 {
		t.Error("many share one timeout")
	}
}

// TestCheck: the host is asked, and gets no event.
func TestCheck(t *testing.T) {
	for _, status := range []int{200, 204, 301, 401, 404, 410, 500, 503} {
		r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		s := newSink(t, r.address(), nil)
		check(t, s.Check(t.Context()))
		got := r.requests()
		if len(got) != 1 || got[0].method != "HEAD" || got[0].path != "/" || len(got[0].body) > 0 || got[0].header.Get("X-Key")+got[0].header.Get("Webhook-Id")+got[0].header.Get("Authorization") != "" {
			t.Errorf("%+v", got)
		}
		for _, part := range []string{r.URL + " can be reached (HEAD / gives " + strconv.Itoa(status), "No event was sent"} {
			if !strings.Contains(s.Shown(), part) {
				t.Errorf("%s\nhas no %q", s.Shown(), part)
			}
		}
		quiet(t, s.Shown())
	}
	r := newReceiver(t, noContent)
	r.Close()
	err := newSink(t, r.address(), nil).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Fatal(err)
	}
	quiet(t, err.Error())
}

// TestConfig: what is wrong with settings is said with its line and without secrets.
func TestConfig(t *testing.T) {
	good := "url: https://hooks.example.com/path?key=t0ken\nsecret: " + oldSecret + "\n"
	for text, want := range map[string]string{
		good: "",
		good + "headers: {X-Key: h1dden, authorization: hunter2}\naccept_html: true\n":       "",
		"url: https://hooks.example.com/\nsecret: [" + newSecret + ", " + oldSecret + "]\n":  "",
		"url: http://127.0.0.1:8080/\nsecret: " + oldSecret + "\n":                           "",
		"url: http://localhost/\nsecret: " + oldSecret + "\n":                                "",
		"url: http://[::1]/\nsecret: " + oldSecret + "\n":                                    "",
		"url: http://hooks.example.com/path\nsecret: " + oldSecret + "\n":                    "x.yaml:1: url: goes over the network in clear",
		"url: http://10.0.0.7/path\nsecret: " + oldSecret + "\n":                             "x.yaml:1: url: goes over the network in clear",
		"url: https://hooks.example.com/\n":                                                  "x.yaml:1: secret: missing, so events are not signed",
		"secret: " + oldSecret + "\n":                                                        "x.yaml:1: url: missing",
		"url: hooks.example.com/path\nsecret: " + oldSecret + "\n":                           "url: is not an address",
		"url: hunter2\nsecret: " + oldSecret + "\n":                                          "url: is not an address",
		"url: ftp://hunter2@hooks.example.com/path\nsecret: " + oldSecret + "\n":             "url: must begin with https://",
		"url: https:///path\nsecret: " + oldSecret + "\n":                                    "url: is not an address",
		"url: https://:443/path\nsecret: " + oldSecret + "\n":                                "url: has no host",
		"url: 'https://hooks.example.com/path#t0ken'\nsecret: " + oldSecret + "\n":           "url: must not have a part behind #",
		"url: \"https://hooks.example.com/%zzhunter2\"\nsecret: " + oldSecret + "\n":         "url: is not an address",
		"url: https://hooks.example.com/\nsecret: hunter2\n":                                 "x.yaml:2: secret: must begin with whsec_",
		"url: https://hooks.example.com/\nsecret: []\n":                                      "x.yaml:2: secret: is an empty list",
		"url: https://hooks.example.com/\nsecret: [" + oldSecret + ", whsec_aHVudGVyMg==]\n": "secret: must be 24 to 64 bytes",
		"url: https://hooks.example.com/\nsecret: {a: hunter2}\n":                            "secret: must be a single value",
		good + "headers: {Webhook-Id: hunter2}\n":                                            "headers: Webhook-Id is set by octail itself",
		good + "headers: {webhook-signature: hunter2}\n":                                     "headers: Webhook-Signature is set by octail itself",
		good + "headers: {content-type: hunter2}\n":                                          "headers: Content-Type is set by octail itself",
		good + "headers: {HOST: hunter2}\n":                                                  "headers: Host is set by octail itself",
		good + "headers: {'X Key': hunter2}\n":                                               "headers: a header's name has letters",
		good + "headers: {'': hunter2}\n":                                                    "headers: a header's name has letters",
		good + "headers: {X-Key: \"hunter2\\r\\nX-Other: anna\"}\n":                          "headers: the value of X-Key has a line break",
		good + "headers: {X-Key: hunter2, x-key: h1dden}\n":                                  "headers: X-Key is given twice",
		good + "headers: [hunter2]\n":                                                        "headers: must be a section",
		good + "accept_html: sometimes\n":                                                    "accept_html: \"sometimes\" must be true or false",
		good + "thin: true\n":                                                                "unknown key",
	} {
		var c Config
		warnings, err := config.Decode("x.yaml", []byte(text), &c)
		said := ""
		if err != nil {
			said = err.Error()
		}
		for _, w := range warnings {
			said += w.String()
		}
		if (want == "") != (said == "") || !strings.Contains(said, want) {
			t.Errorf("%s\nsaid: %s\nwant: %s", text, said, want)
		}
		quiet(t, said)
		quiet(t, fmt.Sprintf("%v %+v %#v", c, &c, c))
	}
}

// TestStop: a request that is on the way when octail stops is brought to an end, if
// that does not take long.
func TestStop(t *testing.T) {
	defer func(usual time.Duration) { moment = usual }(moment)
	for _, c := range []struct {
		takes, given time.Duration
		good         bool
	}{{100 * time.Millisecond, 5 * time.Minute, true}, {time.Hour, 100 * time.Millisecond, false}} {
		moment = c.given
		ctx, cancel := context.WithCancel(t.Context())
		r := newReceiver(t, func(w http.ResponseWriter, q *http.Request) {
			cancel()
			select {
			case <-q.Context().Done():
			case <-time.After(c.takes):
			}
			w.WriteHeader(204)
		})
		s := newSink(t, r.address(), nil)
		switch err := s.Deliver(ctx, one(1)); {
		case c.good:
			check(t, err)
		case !errors.Is(err, context.Canceled):
			t.Error(err)
		}
		if err := s.Deliver(ctx, one(2)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		r.holds(t, 1)
	}
}
