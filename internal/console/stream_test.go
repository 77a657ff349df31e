package console_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func body(text string) func(*http.Request) {
	return func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(text)) }
}

// TestChanges: who may change something, and how the answer comes.
func TestChanges(t *testing.T) {
	a := &agent{}
	trusted, open, closed := a.handler("", true), a.handler("secret", false), a.handler("", false)
	for name, c := range map[string]struct {
		handler      http.Handler
		method, path string
		with         []func(*http.Request)
		code         int
		answer       string
	}{
		"socket":            {trusted, "POST", "/api/v1/reconcile", nil, 200, `{"progress":{`},
		"socket, repair":    {trusted, "POST", "/api/v1/reconcile?repair=true", nil, 200, `"report":{`},
		"socket, sync":      {trusted, "POST", "/api/v1/sync", []func(*http.Request){body(`{"entity":"order","ids":[7]}`)}, 200, `"read":3`},
		"no such entity":    {trusted, "POST", "/api/v1/sync", []func(*http.Request){body(`{"entity":"orders"}`)}, 400, "order"},
		"no JSON":           {trusted, "POST", "/api/v1/sync", []func(*http.Request){body(`entity=order`)}, 400, "JSON"},
		"socket, erase":     {trusted, "POST", "/api/v1/erase", []func(*http.Request){body(`{"customer":17}`)}, 200, `"events":3`},
		"erase nobody":      {trusted, "POST", "/api/v1/erase", []func(*http.Request){body(`{}`)}, 400, "e-mail address"},
		"erase whom":        {trusted, "POST", "/api/v1/erase", []func(*http.Request){body(`{"order":17}`)}, 400, "JSON"},
		"TCP, erase":        {open, "POST", "/api/v1/erase", []func(*http.Request){body(`{"customer":17}`)}, 403, "http.token"},
		"TCP":               {closed, "POST", "/api/v1/reconcile", nil, 403, "http.token"},
		"TCP, no token":     {open, "POST", "/api/v1/sync", []func(*http.Request){body(`{"entity":"order"}`)}, 403, "http.token"},
		"TCP, token":        {open, "POST", "/api/v1/reconcile", []func(*http.Request){bearer("secret")}, 200, `"report":{`},
		"GET":               {trusted, "GET", "/api/v1/reconcile", nil, 405, ""},
		"from another site": {open, "POST", "/api/v1/reconcile", []func(*http.Request){bearer("secret"), header("Sec-Fetch-Site", "cross-site")}, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a.asked = nil
			w := ask(c.handler, c.method, c.path, c.with...)
			if w.Code != c.code || !strings.Contains(w.Body.String(), c.answer) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if asked := len(a.asked) > 0; asked != (c.code == 200) {
				t.Errorf("asked the agent: %v", a.asked)
			}
		})
	}
	a.asked = nil
	ask(trusted, "POST", "/api/v1/reconcile?repair=true&sink=erp&sink=crm")
	if fmt.Sprint(a.asked) != "[reconcile {Repair:true Sinks:[erp crm]}]" {
		t.Error(a.asked)
	}
	a.err = errors.New("no database")
	if w := ask(trusted, "POST", "/api/v1/reconcile"); !strings.Contains(w.Body.String(), `{"error":"no database"}`) {
		t.Errorf("%s", w.Body)
	}
}
