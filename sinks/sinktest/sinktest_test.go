package sinktest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"octail/internal/config"
	"octail/internal/httpx"
	"octail/internal/leaktest"
	"octail/sinks"
	"octail/sinks/sinktest"
	"octail/transform/document"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// mistake is what the sink of this process does wrong; "": nothing.
var mistake = os.Getenv("OCTAIL_TEST_MISTAKE")

// record is what the target takes, and answers.
type record struct {
	ID       string
	Subject  string
	Revision int64
	Deleted  bool
	Document json.RawMessage
}

// target holds states; only when the sink is to be at fault does it trust it.
type target struct {
	mu      sync.Mutex
	records map[string]record
	refuse  string
}

func (t *target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in record
	if r.Method == http.MethodGet {
		io.WriteString(w, `{"ok":true}`)
		return
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.ID == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case in.Subject == t.refuse:
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, "w0rds-of-the-target")
		return
	case in.Revision >= t.records[in.Subject].Revision || mistake == "goes back":
		t.records[in.Subject] = in
	}
	fmt.Fprintf(w, `{"ID":%q}`, in.ID)
}

func (t *target) held() []sinktest.Held {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []sinktest.Held
	for _, r := range t.records {
		out = append(out, sinktest.Held{Subject: r.Subject, Revision: r.Revision, Deleted: r.Deleted})
	}
	return out
}

type settings struct {
	URL   config.URL    `yaml:"url"`
	Token config.Secret `yaml:"token"`
}

// sink is as small as one can be; and as wrong.
type sink struct {
	settings
	http  *httpx.Client
	calls int
	mu    sync.Mutex
}

var plugin = sinks.Define("small", "a sink for the suite", settings{}, func(*settings) sinks.Needs {
	n := sinks.Needs{States: true, Batch: 5, Parallel: 2, Fields: map[string][]string{"order": {"status"}}}
	switch mistake {
	case "needs a field that is not":
		n.Fields["order"] = []string{"moon"}
	case "needs parents as a log":
		n.States, n.Parents = false, map[string][]string{"order": {"customer"}}
	}
	return n
}, func(s *settings, env sinks.Env) (sinks.Sink, error) {
	if mistake == "is not paced" {
		env.Pace = nil
	}
	return &sink{settings: *s, http: httpx.New(httpx.Options{MostBody: 1 << 16, Pace: env.Pace})}, nil
})

func (s *sink) Deliver(ctx context.Context, batch []sinks.Delivery) error {
	failed := map[int]error{}
	for i := range batch {
		if err := s.one(ctx, &batch[i]); err != nil {
			if mistake == "names another" {
				i++
			}
			failed[i] = err
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(batch) == 1 && mistake != "names another":
		return failed[0]
	}
	return &sinks.BatchError{Failed: failed}
}

func (s *sink) one(ctx context.Context, d *sinks.Delivery) error {
	doc, err := document.DocumentOf(d.Data)
	switch {
	case mistake == "panics" && err != nil:
		panic("no document")
	case err != nil || !json.Valid(doc):
		return sinks.Mark(sinks.Permanent, errors.New("no document"))
	case mistake == "writes to the data":
		d.Data[0] = ' '
	case mistake == "writes behind the data":
		_ = append(d.Data, '\n')
	}
	r := record{ID: d.EventID(), Subject: d.Key.String(), Revision: d.Revision, Deleted: d.Kind == document.Deleted, Document: doc}
	if s.mu.Lock(); mistake == "makes a new one each time" {
		s.calls++
		r.Subject = fmt.Sprintf("%s-%d", r.Subject, s.calls)
	}
	s.mu.Unlock()
	return s.put(ctx, r)
}

func (s *sink) put(ctx context.Context, r record) error {
	if mistake == "leaves a goroutine" {
		go func() { <-context.Background().Done() }()
	}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPut, s.URL.Reveal(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	if q.Header.Set("Authorization", "Bearer "+s.Token.Reveal()); mistake == "follows redirects" {
		res, err := http.DefaultClient.Do(q)
		if err != nil {
			return errors.New("cannot be reached")
		}
		defer http.DefaultClient.CloseIdleConnections()
		defer res.Body.Close()
		return nil
	}
	a, err := s.http.Do(q)
	if err != nil {
		return err
	}
	switch err = a.Error(nil); {
	case err == nil:
	case mistake == "has one class":
		return sinks.Mark(sinks.Permanent, errors.New("refused"))
	case mistake == "tells the document":
		return fmt.Errorf("%w: %s", err, r.Document)
	case mistake == "tells a secret":
		return fmt.Errorf("%w: %s", err, s.Token.Reveal())
	case mistake == "tells the answer":
		return fmt.Errorf("%w: %s", err, a.Body)
	case mistake == "keeps a secret":
		return sinks.WithExchange(err, sinks.Exchange{Request: "Authorization: Bearer " + s.Token.Reveal()})
	default:
		return err
	}
	var said record
	if json.Unmarshal(a.Body, &said) != nil || said.ID != r.ID {
		if mistake == "believes 200" {
			return nil
		}
		return a.Explain(errors.New("not accepted"))
	}
	return nil
}

func (s *sink) Check(ctx context.Context) error {
	if mistake == "checks by writing" {
		return s.put(ctx, record{ID: "order/1@1", Subject: "order/1", Revision: 1})
	}
	return nil
}

func (s *sink) Close() error {
	s.http.Close()
	return nil
}

// TestSmall: the suite finds nothing to say against a sink that is right. With a
// mistake, it is a child of TestMistakes.
func TestSmall(t *testing.T) {
	sinktest.Run(t, sinktest.Case{Plugin: plugin, Target: func(*testing.T) sinktest.Target {
		x := &target{records: map[string]record{}}
		return sinktest.Target{Handler: x, Held: x.held, Secrets: []string{"s3cr3t-key"},
			Settings: func(address string) string { return "url: " + address + "/\ntoken: s3cr3t-key\n" },
			Refuse: func(subject string) {
				x.mu.Lock()
				defer x.mu.Unlock()
				x.refuse = subject
			}}
	}})
}

// TestMistakes: each mistake is found, where it is looked for, and said in words.
func TestMistakes(t *testing.T) {
	if mistake != "" {
		return // this is the child
	}
	for _, c := range []struct{ mistake, part, says string }{
		{"needs a field that is not", "needs", `there is no "moon" in documents of kind order`},
		{"needs parents as a log", "needs", "a log has one call at a time"},
		{"checks by writing", "check_changes_nothing", "check has changed the target"},
		{"makes a new one each time", "redelivery", "the target holds"},
		{"goes back", "older_after_newer", "the target holds"},
		{"writes to the data", "delivers", "it writes to the data"},
		{"writes behind the data", "delivers", "it writes to the data"},
		{"leaves a goroutine", "delivers", "found unexpected goroutines"},
		{"panics", "strange_deliveries", "it panics: no document"},
		{"names another", "one_refused", "one of which is refused"},
		{"is not paced", "paced", "Env.Pace comes before each"},
		{"has one class", "answers", "500 at request 1 is permanent, want retryable"},
		{"believes 200", "answers", "200 with an error at request 1: it counts as delivered"},
		{"follows redirects", "answers", "the other host was reached"},
		{"tells the document", "one_refused", `"Quillfeather" is in an error`},
		{"tells the answer", "one_refused", `"w0rds-of-the-target" is in an error`},
		{"tells a secret", "one_refused", `"s3cr3t-key" is in an error`},
		{"keeps a secret", "one_refused", "a secret is in what was sent and answered"},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			t.Parallel() // one of them waits a minute for a goroutine that stays
			cmd := exec.Command(os.Args[0], "-test.run=^TestSmall$/^"+c.part+"$")
			cmd.Env = append(os.Environ(), "OCTAIL_TEST_MISTAKE="+c.mistake)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(string(out), c.says) {
				t.Errorf("the suite does not find it (%v):\n%.2000s\nwant: %s", err, out, c.says)
			}
		})
	}
}
