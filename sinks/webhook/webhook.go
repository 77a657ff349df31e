// Package webhook is a sink that posts each event as a CloudEvents 1.0 object in
// structured mode to one address, signed as Standard Webhooks has it.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"octail/internal/httpx"
	"octail/sinks"
)

// Plugin is the entry for the catalogue.
var Plugin = sinks.Define("webhook", "one signed POST per event", Config{}, needs, open)

// mostAnswer is how much of an answer is read: to see whether it is a page.
const mostAnswer = 64 << 10

// moment is how long a request goes on after octail was told to stop; tests give it more.
var moment = 2 * time.Second

// contentType of the body, as CloudEvents has it for the structured mode.
const contentType = "application/cloudevents+json; charset=utf-8"

// statuses are where a receiver of webhooks means something else than httpx.Class
// says. 404 comes and goes with deployments; 410 takes back the address as a whole;
// a client error that nobody expects is the receiver's, and may heal. A conflict (409)
// is no repeat: who has taken an event before acknowledges it. 400, 413 and 422 speak of
// the event.
var statuses = map[int]sinks.Class{
	http.StatusNotFound:                    sinks.Retryable,
	http.StatusRequestURITooLong:           sinks.Blocked,
	http.StatusGone:                        sinks.Blocked,
	http.StatusRequestHeaderFieldsTooLarge: sinks.Blocked,
}

// hints say what to look at.
var hints = map[int]string{
	http.StatusUnauthorized:          "are secret and headers the same there?",
	http.StatusForbidden:             "are secret and headers the same there?",
	http.StatusNotFound:              "is the path of url right?",
	http.StatusMethodNotAllowed:      "is the path of url right? A receiver takes POST",
	http.StatusBadRequest:            "the receiver refuses this event; when it is mended: octail dead retry",
	http.StatusUnprocessableEntity:   "the receiver refuses this event; when it is mended: octail dead retry",
	http.StatusGone:                  "the receiver takes no more events there: correct url, or remove the sink",
	http.StatusRequestEntityTooLarge: "let the receiver take longer requests (client_max_body_size, post_max_size), then: octail dead retry",
	http.StatusUnsupportedMediaType:  "let the receiver take " + contentType,
}

// errNoAddress: the config has been changed behind Validate.
var errNoAddress = errors.New("url is not an address")

// sink posts events to one address, one at a time.
type sink struct {
	cfg    Config
	target *url.URL
	header http.Header
	keys   [][]byte
	client *httpx.Client
	now    func() time.Time
	shown  string // by the last good Check
}

var (
	_ sinks.Sink    = (*sink)(nil)
	_ sinks.Checker = (*sink)(nil)
	_ sinks.Shower  = (*sink)(nil)
)

func open(cfg *Config, env sinks.Env) (sinks.Sink, error) {
	target, err := url.Parse(cfg.URL.Reveal())
	if err != nil {
		return nil, errNoAddress // err repeats it
	}
	keys, err := keysOf(cfg.Secret)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	s := &sink{cfg: *cfg, target: target, header: http.Header{}, keys: keys, now: time.Now}
	s.client = httpx.New(httpx.Options{MostBody: mostAnswer, Pace: env.Pace, HidePath: true})
	s.header.Set("User-Agent", "octail")
	for name, value := range cfg.Headers {
		s.header.Set(name, value.Reveal())
	}
	s.header.Set("Content-Type", contentType)
	return s, nil
}

// needs: one request a call, so that the timeout is that of one.
func needs(*Config) sinks.Needs { return sinks.Needs{Batch: 1} }

// Deliver implements sinks.Sink. What comes behind a failure is not tried: a
// receiver gets the events in order.
func (s *sink) Deliver(ctx context.Context, batch []sinks.Delivery) error {
	for i := range batch {
		err := s.post(ctx, &batch[i])
		switch {
		case err == nil:
		case len(batch) == 1:
			return fmt.Errorf("%s: %w", batch[i].EventID(), err)
		default:
			failed := map[int]error{i: err}
			for j := i + 1; j < len(batch); j++ {
				failed[j] = errors.New("not tried, because an earlier one failed")
			}
			return &sinks.BatchError{Failed: failed}
		}
	}
	return nil
}

// post delivers one event: the same id and the same bytes at each attempt, with the
// time of this one.
func (s *sink) post(ctx context.Context, d *sinks.Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	body := d.AppendJSON(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URL.Reveal(), bytes.NewReader(body))
	if err != nil {
		return errNoAddress // err repeats it
	}
	r.Header = s.header.Clone()
	id, now := d.EventID(), s.now()
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	if len(s.keys) > 0 {
		r.Header.Set("Webhook-Signature", signature(s.keys, id, now, body))
	}
	// The receiver knows a repeated event by its id: a kept connection that turns out
	// to be closed is no failure, net/http takes another one. (The empty list says so
	// and is not sent.)
	r.Header["Idempotency-Key"] = []string{}
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	if answer.OK() && !s.cfg.AcceptHTML && answer.HTML() {
		return answer.Explain(sinks.Mark(sinks.Retryable, fmt.Errorf("%s answers %d with an HTML page, which is no acknowledgement: a login page or a notice? Correct url, or let the receiver answer 204 without a body, or set accept_html: true",
			s.cfg.URL, answer.Status)))
	}
	err = answer.Error(statuses)
	if hint := hints[answer.Status]; hint != "" {
		err = fmt.Errorf("%w; %s", err, hint)
	}
	return err
}

// finishing is ctx, but when that is given up because octail stops, what is on the
// way gets a moment longer: else the event would come again after every restart.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	end := cancel
	if at, ok := ctx.Deadline(); ok {
		longer, end = context.WithDeadline(longer, at)
	}
	more := moment
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(more, cancel) })
	return longer, func() { stop(); end(); cancel() }
}

// Check implements sinks.Checker. A receiver must not be sent an event that is
// none, so its host alone is asked: any answer shows that name, network and
// certificate are good.
func (s *sink) Check(ctx context.Context) error {
	root := &url.URL{Scheme: s.target.Scheme, Host: s.target.Host, Path: "/"}
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, root.String(), nil)
	if err != nil {
		return errNoAddress
	}
	r.Header.Set("User-Agent", "octail")
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	if answer.Status == http.StatusProxyAuthRequired {
		return answer.Error(nil)
	}
	through := ""
	if proxy, _ := http.ProxyFromEnvironment(r); proxy != nil {
		through = " through the proxy " + proxy.Host
	}
	s.shown = fmt.Sprintf("%s can be reached%s (HEAD / gives %d)", s.cfg.URL, through, answer.Status)
	if !answer.Until.IsZero() {
		s.shown += ", its certificate is good until " + answer.Until.UTC().Format(time.DateOnly)
	}
	s.shown += ". No event was sent: whether the receiver takes them shows with the first one"
	return nil
}

// Shown implements sinks.Shower.
func (s *sink) Shown() string { return s.shown }

// Close implements sinks.Sink.
func (s *sink) Close() error {
	s.client.Close()
	return nil
}
