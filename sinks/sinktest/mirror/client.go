package mirror

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"octail/internal/httpx"
	"octail/sinks"
)

// mostAnswer is how much of an answer is read: that of a big comparison.
const mostAnswer = 16 << 20

// record is what the receiver is told of an entity.
type record struct {
	Subject  string            `json:"subject"`
	ID       string            `json:"id"`
	Revision int64             `json:"revision"`
	Sequence int64             `json:"sequence"`
	Deleted  bool              `json:"deleted,omitempty"`
	Again    bool              `json:"again,omitempty"`
	Target   string            `json:"target,omitempty"`
	Payment  string            `json:"payment,omitempty"`
	Parents  map[string]string `json:"parents,omitempty"`
	Document json.RawMessage   `json:"document,omitempty"`
}

// reply is what the receiver says of a record.
type reply struct {
	ID       string `json:"id"`
	Revision int64  `json:"revision"`
	Target   string `json:"target"`
	Error    *struct {
		Status int `json:"status"`
	} `json:"error"`
}

// outcome is what came of a record: the target's id of it, or an error and the status
// it came with.
type outcome struct {
	target string
	status int
	err    error
}

// errAnswer: only an answer that names the record and its revision accepts it. A page
// to log in, an error in JSON, nothing at all come with status 200 too.
var errAnswer = errors.New("answers without the record's id and revision, which accepts nothing: is url right, and is it a receiver?")

// client speaks to one receiver.
type client struct {
	http   *httpx.Client
	base   *url.URL
	header http.Header
}

func newClient(cfg *Config, env sinks.Env) (*client, error) {
	base, err := url.Parse(cfg.URL.Reveal())
	if err != nil {
		return nil, errors.New("url is not an address") // err repeats it
	}
	c := &client{base: base, header: http.Header{"Content-Type": {"application/json"}, "User-Agent": {"octail"}}}
	if cfg.Token != "" {
		c.header.Set("Authorization", "Bearer "+cfg.Token.Reveal())
	}
	c.http = httpx.New(httpx.Options{MostBody: mostAnswer, Pace: env.Pace})
	return c, nil
}

// do asks, and returns an answer of success alone.
func (c *client) do(ctx context.Context, method, path string, body any) (*httpx.Answer, error) {
	a, err := c.ask(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	return a, a.Error(nil)
}

func (c *client) ask(ctx context.Context, method, path string, body any) (*httpx.Answer, error) {
	var b bytes.Buffer
	if body != nil {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false) // the document as it is
		if e.Encode(body) != nil {
			return nil, sinks.Mark(sinks.Permanent, errDocument)
		}
	}
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(b.Bytes()))
	if err != nil {
		return nil, errors.New("url is not an address")
	}
	r.Header = c.header.Clone()
	r.Header["Idempotency-Key"] = []string{} // safe to repeat: net/http takes another connection when a kept one is closed
	return c.http.Do(r)
}

// write writes one record.
func (c *client) write(ctx context.Context, r record) outcome {
	method := http.MethodPut
	if r.Deleted {
		method = http.MethodDelete
	}
	a, err := c.ask(ctx, method, "/"+r.Subject, r)
	if err != nil {
		return outcome{err: err}
	}
	if err := a.Error(nil); err != nil {
		return outcome{status: a.Status, err: err}
	}
	return c.judge(a, r)
}

// writeAll writes many in one request. What the target says of one is that one's alone;
// the error is that of the request.
func (c *client) writeAll(ctx context.Context, records []record) ([]outcome, error) {
	a, err := c.do(ctx, http.MethodPost, "/batch", map[string][]record{"records": records})
	if err != nil {
		return nil, httpx.WithoutBodies(err)
	}
	var results struct {
		Results []json.RawMessage `json:"results"`
	}
	if json.Unmarshal(a.Body, &results) != nil || len(results.Results) != len(records) {
		return nil, httpx.WithoutBodies(c.refused(a, errAnswer))
	}
	out := make([]outcome, len(records))
	for i, r := range records {
		sent, _ := json.Marshal(r)
		out[i] = c.judge(a.Part(a.Status, sent, results.Results[i]), r)
	}
	return out, nil
}

// judge looks at what is said of one record.
func (c *client) judge(a *httpx.Answer, r record) outcome {
	var p reply
	err := json.Unmarshal(a.Body, &p)
	switch {
	case err == nil && p.Error != nil && p.Error.Status >= 300:
		one := *a
		one.Status = p.Error.Status
		return outcome{status: one.Status, err: one.Error(nil)}
	case err != nil, p.Error != nil, p.ID != r.ID, p.Revision < r.Revision, p.Target == "":
		return outcome{err: c.refused(a, errAnswer)}
	}
	return outcome{target: p.Target}
}

// refused is an answer that is none.
func (c *client) refused(a *httpx.Answer, err error) error {
	return a.Explain(sinks.Mark(sinks.Retryable, fmt.Errorf("%s://%s %w", c.base.Scheme, c.base.Host, err)))
}

// held asks what the target has of keys; one it does not have is nil.
func (c *client) held(ctx context.Context, keys []string) (map[string]*record, error) {
	a, err := c.do(ctx, http.MethodPost, "/compare", map[string][]string{"keys": keys})
	if err != nil {
		return nil, err
	}
	var out struct {
		Records map[string]*record `json:"records"`
	}
	if json.Unmarshal(a.Body, &out) != nil || len(out.Records) != len(keys) {
		return nil, c.refused(a, errAnswer)
	}
	return out.Records, nil
}

// equal reports whether two JSON values mean the same.
func equal(a, b []byte) bool {
	x, err := value(a)
	if err != nil {
		return false
	}
	y, err := value(b)
	return err == nil && reflect.DeepEqual(x, y)
}

func value(b []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}
