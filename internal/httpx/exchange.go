package httpx

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"octail/internal/mask"
	"octail/sinks"
)

// Bounds of an excerpt.
const (
	mostExcerpt = 2 << 10
	mostLooked  = 4 * mostExcerpt // of a body, so that what is masked does not shorten it
	mostPath    = 200
)

// open are the headers whose values may be shown; any other's may be a secret.
var open = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Content-Type": true, "Content-Length": true, "Content-Encoding": true,
	"User-Agent": true, "Date": true, "Webhook-Id": true, "Webhook-Timestamp": true, "Idempotency-Key": true,
}

// asked is a request as it may be told.
type asked struct {
	c *Client
	r *http.Request
	// sent is the part of a batch that the exchange is about; nil: the body.
	sent []byte
}

// request is its first line and the beginning of its body.
func (q *asked) request() string {
	sent, more := q.sent, false
	if sent == nil && q.r.GetBody != nil {
		if body, err := q.r.GetBody(); err == nil {
			sent, _ = io.ReadAll(io.LimitReader(body, mostLooked+1))
			body.Close()
		}
	}
	if more = len(sent) > mostLooked; more {
		sent = sent[:mostLooked]
	}
	return join(q.line(), q.excerpt(sent, more))
}

// line is method and address, without user, password and query.
func (q *asked) line() string {
	u := q.r.URL
	line := q.r.Method + " " + origin(u)
	switch path := u.EscapedPath(); {
	case path == "" || path == "/":
		line += path
	case q.c.hidePath:
		line += "/***"
	case len(path) > mostPath:
		line += q.clean(path[:mostPath]+"...", mostPath)
	default:
		line += q.clean(path, mostPath)
	}
	if u.RawQuery != "" {
		line += "?***"
	}
	return line
}

// excerpt is the beginning of a body.
func (q *asked) excerpt(body []byte, more bool) string {
	text := string(body)
	if more {
		text += "..."
	}
	return q.clean(text, mostExcerpt)
}

// clean takes secrets and what would steer a terminal out of a text, and cuts it.
func (q *asked) clean(text string, most int) string {
	text = mask.Words(text, q.secrets())
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) <= most+len("...") {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "..."
}

// secrets are all that the request holds beside its body, and what the sink has named.
func (q *asked) secrets() []string {
	out := append([]string(nil), q.c.secrets...)
	if u := q.r.URL.User; u != nil {
		password, _ := u.Password()
		out = append(out, u.Username(), password)
	}
	for _, values := range q.r.URL.Query() {
		out = append(out, values...)
	}
	if q.c.hidePath && len(q.r.URL.Path) > 2*4 { // a shorter one tells nothing, and is a word
		out = append(out, q.r.URL.Path)
		for part := range strings.SplitSeq(q.r.URL.Path, "/") { // which a target may name alone
			if len(part) > 2*4 {
				out = append(out, part)
			}
		}
	}
	for name, values := range q.r.Header {
		if open[name] {
			continue
		}
		for _, value := range values {
			out = append(out, value)
			for _, part := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ,;=", r) }) {
				out = append(out, part)
				if plain, err := base64.StdEncoding.DecodeString(part); err == nil {
					user, password, _ := strings.Cut(string(plain), ":")
					out = append(out, user, password)
				}
			}
		}
	}
	return out
}

// Exchange is what was sent and answered, for sinks.WithExchange: no header, no query
// and no secret of the request is in it.
func (a *Answer) Exchange() sinks.Exchange {
	if a.asked == nil {
		return sinks.Exchange{}
	}
	body, more := a.Body, a.Cut
	if len(body) > mostLooked {
		body, more = body[:mostLooked], true
	}
	return sinks.Exchange{Request: a.asked.request(), Answer: join(status(a.Status), a.asked.excerpt(body, more))}
}

// Explain adds the exchange to an error that a sink makes of an answer.
func (a *Answer) Explain(err error) error { return sinks.WithExchange(err, a.Exchange()) }

// Part is the answer for one record of a batch, with the status that the target gives
// that one. Errors made of it tell of no other record.
func (a *Answer) Part(status int, sent, said []byte) *Answer {
	one := *a
	one.Status, one.Body, one.Cut = status, said, false
	if a.asked != nil {
		one.asked = &asked{c: a.asked.c, r: a.asked.r, sent: append([]byte{}, sent...)}
	}
	return &one
}

// WithoutBodies leaves of an error's exchange its first lines: what went wrong with a
// whole batch is told of each of its entities, and must not show them one another.
func WithoutBodies(err error) error {
	e := sinks.ExchangeOf(err)
	e.Request, _, _ = strings.Cut(e.Request, "\n\n")
	e.Answer, _, _ = strings.Cut(e.Answer, "\n\n")
	return sinks.WithExchange(err, e)
}

func join(line, body string) string {
	if body == "" {
		return line
	}
	return line + "\n\n" + body
}
