package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"octail/internal/console"
	"octail/internal/erase"
	"octail/internal/journal"
	"octail/internal/reconcile"
	"octail/internal/reread"
	"octail/internal/steer"
	"octail/transform/document"
)

// agent is a console.Agent that says what it is told.
type agent struct {
	status  console.Status
	err     error // of Status
	ready   error
	journal *journal.Journal
	sinks   []console.SinkFilter
	reload  *console.Reload
	asked   []string // what was to be done
}

func (a *agent) Reconcile(_ context.Context, req reconcile.Request, progress func(reconcile.Report)) (*reconcile.Report, error) {
	a.asked = append(a.asked, fmt.Sprintf("reconcile %+v", req))
	time.Sleep(250 * time.Millisecond)
	progress(reconcile.Report{Total: reconcile.Counts{InShop: 1}})
	return &reconcile.Report{Total: reconcile.Counts{InShop: 2}}, a.err
}

func (a *agent) Sync(_ context.Context, req reread.Request, progress func(reread.Report)) (*reread.Report, error) {
	a.asked = append(a.asked, fmt.Sprint("sync ", req.Entity, req.IDs))
	return &reread.Report{Request: req, Read: 3}, a.err
}

func (a *agent) Desk() *steer.Desk {
	return &steer.Desk{Journal: a.journal, Sinks: []string{"erp", "log"}, Lane: func(string) steer.Lane { return nil }}
}

func (a *agent) Erase(_ context.Context, req erase.Request, _ func(erase.Report)) (*erase.Report, error) {
	a.asked = append(a.asked, fmt.Sprintf("erase %+v", req))
	return &erase.Report{Customer: req.Customer, Events: 3}, a.err
}

func (a *agent) Reload(context.Context) (*console.Reload, error) {
	a.asked = append(a.asked, "reload")
	return a.reload, a.err
}

func (a *agent) Status(context.Context) (console.Status, error) { return a.status, a.err }
func (a *agent) Ready() error                                   { return a.ready }
func (a *agent) Journal() *journal.Journal                      { return a.journal }
func (a *agent) Sinks(context.Context) []console.SinkFilter     { return a.sinks }
func (a *agent) handler(token string, trusted bool) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "octail_tries_total", Help: "Tries."}))
	return console.Handler(a, r, token, trusted)
}

// ask sends one request; with may change it.
func ask(h http.Handler, method, path string, with ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8765"+path, nil)
	for _, change := range with {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}
func bearer(token string) func(*http.Request) { return header("Authorization", "Bearer "+token) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var began = time.Date(2026, 11, 22, 1, 3, 22, 0, time.UTC)

func newJournal(t testing.TB) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "octail.db"))
	check(t, err)
	t.Cleanup(func() { check(t, j.Close()) })
	return j
}

func key(t testing.TB, subject string) document.Key {
	t.Helper()
	k, err := document.ParseKey(subject)
	check(t, err)
	return k
}

// revise journals the next revision of an entity; with may change it.
func revise(t testing.TB, j *journal.Journal, subject string, with ...func(*journal.NewEvent)) {
	t.Helper()
	k := key(t, subject)
	known, err := j.Known(t.Context(), k.Entity, []int64{k.ID})
	check(t, err)
	e := journal.NewEvent{Key: k, Kind: document.Updated, Time: began, Origin: document.FromShop, Schema: 1, Prior: known[k.ID], Fields: []byte{},
		Data: fmt.Appendf(nil, `{"changed":["history","status"],"document":{"email":"alice@example.com"},"previous":{}}`)}
	if e.Prior.Revision == 0 {
		e.Kind = document.Created
	}
	for _, change := range with {
		change(&e)
	}
	_, err = j.Append(t.Context(), journal.Commit{Events: []journal.NewEvent{e}})
	check(t, err)
}

// has fails the test unless text holds all parts.
func has(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("no %q in:\n%s", p, text)
		}
	}
}

func hasNot(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) {
			t.Errorf("%q is in:\n%s", p, text)
		}
	}
}
