package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"octail/internal/journal"
	"octail/transform/document"
)

// TestSteering: each verb does what it says, for who may; mistakes are answered with
// what a right question is.
func TestSteering(t *testing.T) {
	a := &agent{journal: newJournal(t)}
	for _, name := range []string{"erp", "log"} {
		_, err := a.journal.RegisterSink(t.Context(), name, "x", 0, 0)
		check(t, err)
	}
	bury := func() {
		check(t, a.journal.Settle(t.Context(), "erp", journal.Outcome{Close: []document.Key{key(t, "order/1042")},
			Dead: []journal.Dead{{Key: key(t, "order/1042"), Revision: 1, Sequence: 1, Reason: "refused", Cause: "alice@example.com is unknown"}}}))
	}
	bury()
	send := func(h http.Handler, line, body string) *httptest.ResponseRecorder {
		method, path, _ := strings.Cut(line, " ")
		r := httptest.NewRequest(method, "http://127.0.0.1:8765/api/v1/"+path, strings.NewReader(body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, c := range []struct {
		line, body string
		code       int
		part       string
	}{
		{"POST pause", `{"sink":"erp"}`, 200, `"paused": true`},
		{"POST resume", `{"sink":"erp"}`, 200, `"before": true`},
		{"POST pause", `{"sink":"wms"}`, 400, `no sink "wms"`},
		{"POST pause", `{"sinks":["erp"]}`, 400, `send JSON like {"sink":""}`},
		{"POST pause", ``, 400, "send JSON like"},
		{"GET pause", ``, 405, ""},
		{"GET dead?sink=erp&reason=refused&entity=order/1042&id=1", "", 200, "alice@example.com"},
		{"GET dead?id=x", "", 400, "id= is a number"},
		{"GET dead?sink=wms", "", 400, `no sink "wms"`},
		{"POST dead/retry", `{}`, 400, "say which dead letters"},
		{"POST dead/retry", `{"ids":[1]}`, 200, `"erp": 1`},
		{"POST dead/discard", `{"sink":"erp"}`, 200, `"letters": 0`},
		{"POST link", `{"sink":"erp","subject":"product/42","target":"=4711"}`, 200, `"target": "=4711"`},
		{"GET links?sink=erp", "", 200, "sink,entity,key,target\nerp,product,42,'=4711\n"},
		{"GET links?sink=wms", "", 400, `no sink "wms"`},
		{"POST links", "sink,entity,key,target\nlog,product,42,7\n", 200, `"links": 1`},
		{"POST links?sink=erp", "sink,entity,key,target\nlog,product,42,7\n", 400, "line 2: it is for sink"},
		{"POST unlink", `{"sink":"erp","subject":"product/42"}`, 200, `"before": "=4711"`},
	} {
		w := send(a.handler("", true), c.line, c.body)
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.part) {
			t.Errorf("%s %s: %d %s", c.line, c.body, w.Code, w.Body)
		}
		if w.Code == http.StatusMethodNotAllowed {
			continue
		}
		for name, h := range map[string]http.Handler{"none configured": a.handler("", false), "not given": a.handler(token, false)} {
			if w := send(h, c.line, c.body); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "alice") {
				t.Errorf("%s with token %s: %d %s", c.line, name, w.Code, w.Body)
			}
		}
	}
	bury()
	if w := send(withToken(a.handler(token, false)), "POST dead/discard", `{"all":true}`); w.Code != 200 || !strings.Contains(w.Body.String(), `"letters": 1`) {
		t.Errorf("with the token: %d %s", w.Code, w.Body)
	}
	if left, err := a.journal.CountDead(t.Context()); err != nil || len(left) > 0 {
		t.Error(fmt.Sprint(left), err)
	}
}
