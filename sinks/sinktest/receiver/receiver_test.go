package receiver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/leaktest"
	"octail/sinks/sinktest/receiver"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func start(t *testing.T, dir string) *receiver.Server {
	t.Helper()
	s, err := receiver.Start(receiver.Options{Dir: dir})
	check(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// order is revision n of order 7.
func order(n int64) receiver.Request {
	return receiver.Request{Subject: "order/7", ID: fmt.Sprintf("order/7@%d", n), Revision: n, Sequence: 10 + n, Parents: map[string]string{"customer/3": ""},
		Document: json.RawMessage(fmt.Sprintf(`{"comment":"<b>%d","customer":{"email":"anna@example.com"},"id":7}`, n))}
}

// said is what a receiver says.
type said struct {
	status int
	ID     string
	Result string
	Target string
	err    error
}

// alone speaks over a connection of its own.
var alone = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// patience is how long a test waits for an answer that comes.
const patience = 5 * time.Minute

func send(t *testing.T, method, url string, body any) said {
	t.Helper()
	return sendWithin(t, patience, method, url, body)
}

func sendWithin(t *testing.T, within time.Duration, method, url string, body any) said {
	t.Helper()
	b, err := json.Marshal(body)
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(b))
	check(t, err)
	res, err := alone.Do(q)
	if err != nil {
		return said{err: err}
	}
	defer res.Body.Close()
	b, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	s := said{status: res.StatusCode, err: err}
	_ = json.Unmarshal(b, &s)
	return s
}

func put(t *testing.T, s *receiver.Server, q receiver.Request) said {
	t.Helper()
	method := http.MethodPut
	if q.Deleted {
		method = http.MethodDelete
	}
	return send(t, method, s.URL+"/"+q.Subject, q)
}

// TestIdempotent: a revision is taken once, an older one never, and a restart knows
// all of it.
func TestIdempotent(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	step := func(q receiver.Request, want string) {
		t.Helper()
		if got := put(t, s, q); got.Result != want || got.ID != q.ID || got.status != 200 {
			t.Fatalf("%s: %+v, want %s", q.ID, got, want)
		}
	}
	step(order(2), receiver.Stored)
	step(order(2), receiver.Repeat)
	step(order(1), receiver.Older)
	check(t, s.Close())
	s = start(t, dir)
	step(order(2), receiver.Repeat)
	again := order(2)
	again.Again = true
	step(again, receiver.Stored)
	gone := order(3)
	gone.Deleted = true
	step(gone, receiver.Stored)
	step(order(2), receiver.Older)
	other := order(1)
	other.ID += "~k3f9" // of a journal made anew
	step(other, receiver.Stored)
	changed := order(1)
	changed.ID, changed.Document = other.ID, json.RawMessage(`{"id":8}`)
	step(changed, receiver.Repeat)
	if c := s.Counts(); c != (receiver.Counts{Requests: 6, Stored: 3, Repeats: 2, Older: 1, Changed: 1, Orphans: 3, Most: 1, Records: 1}) {
		t.Errorf("%+v", c)
	}
	lines, err := receiver.ReadLines(filepath.Join(dir, receiver.RequestsFile))
	check(t, err)
	var results []string
	for _, l := range lines {
		results = append(results, l.Result)
		if l.Subject != "order/7" || l.Revision == 0 || l.Sequence == 0 || l.Bytes == 0 || len(l.SHA256) != 64 || l.Time.IsZero() || l.Result == receiver.Stored && l.Target != "T1" {
			t.Errorf("%+v", l)
		}
	}
	if want := []string{"stored", "repeat", "older", "repeat", "stored", "stored", "older", "stored", "repeat"}; !slices.Equal(results, want) {
		t.Error(results)
	}
}

// TestEvent: it takes what the webhook sink sends.
func TestEvent(t *testing.T) {
	s := start(t, "")
	e := map[string]any{"id": "order/7@3", "type": "octail.order.updated", "subject": "order/7", "sequence": "000000000057", "revision": 3, "data": map[string]any{"document": map[string]any{"id": 7}}}
	for range 2 {
		if got := send(t, http.MethodPost, s.URL+"/events", e); got.status != http.StatusNoContent {
			t.Fatalf("%+v", got)
		}
	}
	if r, ok := s.Record("order/7"); !ok || r.Sequence != 57 || r.Stored != 1 || string(r.Document) != `{"id":7}` {
		t.Errorf("%+v", r)
	}
	if c := s.Counts(); c.Stored != 1 || c.Repeats != 1 {
		t.Errorf("%+v", c)
	}
}

// TestTargets: records that a person made are found by their id, and an entity takes
// no other's.
func TestTargets(t *testing.T) {
	s := start(t, t.TempDir())
	target, err := s.Add()
	check(t, err)
	q := order(1)
	q.Target = target
	if got := put(t, s, q); got.Target != target || got.Result != receiver.Stored {
		t.Fatalf("%+v", got)
	}
	q.Subject, q.ID = "order/8", "order/8@1"
	if got := put(t, s, q); got.status != 404 {
		t.Errorf("a record of two: %+v", got)
	}
	check(t, s.Remove(target))
	if got := put(t, s, order(1)); got.Target == target || got.Result != receiver.Stored {
		t.Errorf("%+v", got)
	}
}

// TestForget: everything is what it was, also after a restart.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	put(t, s, order(1))
	time.Sleep(2 * time.Millisecond)
	since := time.Now()
	time.Sleep(3 * time.Second) // more than may go by between two looks at the clock
	put(t, s, order(2))
	q := order(1)
	q.Subject, q.ID = "order/8", "order/8@1"
	put(t, s, q)
	check(t, s.Forget(time.Since(since)))
	for range 2 {
		r, ok := s.Record("order/7")
		if _, other := s.Record("order/8"); !ok || r.Revision != 1 || other {
			t.Errorf("%+v, %v", r, other)
		}
		check(t, s.Close())
		s = start(t, dir)
	}
}

// TestCompareAndErase: what a sink asks for beside deliveries.
func TestCompareAndErase(t *testing.T) {
	s := start(t, "")
	put(t, s, order(1))
	if r, _ := s.Record("order/7"); r.Contact != "anna@example.com" {
		t.Fatalf("%+v", r)
	}
	if got := send(t, http.MethodDelete, s.URL+"/order/7/personal", nil); got.status != 200 {
		t.Fatalf("%+v", got)
	}
	if r, _ := s.Record("order/7"); r.Contact != "" {
		t.Errorf("%+v", r)
	}
	res, err := http.Post(s.URL+"/compare", "application/json", strings.NewReader(`{"keys":["order/7","order/8"]}`))
	check(t, err)
	defer res.Body.Close()
	var got struct {
		Records map[string]*receiver.Record `json:"records"`
	}
	check(t, json.NewDecoder(res.Body).Decode(&got))
	if r := got.Records["order/7"]; len(got.Records) != 2 || r == nil || r.Revision != 1 || got.Records["order/8"] != nil {
		t.Errorf("%+v", got)
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestFaults: each does what its name says, and is written down.
func TestFaults(t *testing.T) {
	good := func(g said) bool { return g.status == 200 && g.Result == receiver.Stored && g.err == nil }
	for _, c := range []struct {
		fault  receiver.Fault
		looks  func(said) bool
		stored bool
	}{
		{receiver.Fault{Do: receiver.Status, Status: 503, RetryAfter: "17"}, func(g said) bool { return g.status == 503 }, false},
		{receiver.Fault{Do: receiver.Status, Status: 500, Store: true}, func(g said) bool { return g.status == 500 }, true},
		{receiver.Fault{Do: receiver.Hang}, func(g said) bool { return g.err != nil }, false},
		{receiver.Fault{Do: receiver.Hang, Store: true}, func(g said) bool { return g.err != nil }, true},
		{receiver.Fault{Do: receiver.Dribble}, func(g said) bool { return g.err != nil && g.status == 200 }, false},
		{receiver.Fault{Do: receiver.Dribble, Store: true, Delay: receiver.Wait(time.Microsecond)}, good, true},
		{receiver.Fault{Do: receiver.Endless}, func(g said) bool { return g.status == 200 && g.Result == "" }, false},
		{receiver.Fault{Do: receiver.ErrorBody}, func(g said) bool { return g.status == 200 && g.Result == "" }, false},
		{receiver.Fault{Do: receiver.RPCError}, func(g said) bool { return g.status == 200 && g.Result == "" }, false},
		{receiver.Fault{Do: receiver.Login}, func(g said) bool { return g.status == 200 && g.Result == "" }, false},
		{receiver.Fault{Do: receiver.Empty}, func(g said) bool { return g.status == 200 && g.Result == "" }, false},
		{receiver.Fault{Do: receiver.Redirect, Status: 302}, func(g said) bool { return g.status == 302 || g.err != nil }, false},
		{receiver.Fault{Do: receiver.CutRequest, Bytes: 30}, func(g said) bool { return g.err != nil && g.status == 0 }, false},
		{receiver.Fault{Do: receiver.CutRequest}, func(g said) bool { return g.err != nil && g.status == 0 }, false},
		{receiver.Fault{Do: receiver.CutReply, Bytes: 5, Store: true}, func(g said) bool { return g.err != nil }, true},
		{receiver.Fault{Do: receiver.CutReply}, func(g said) bool { return g.err != nil && g.status == 0 }, false},
		{receiver.Fault{Do: receiver.Slow, Delay: receiver.Wait(time.Millisecond)}, good, true},
		{receiver.Fault{Do: receiver.Lie}, good, false},
		{receiver.Fault{Do: receiver.Half}, good, true},
	} {
		t.Run(fmt.Sprintf("%s %d stored %v", c.fault.Do, c.fault.Bytes, c.stored), func(t *testing.T) {
			var s *receiver.Server
			c.fault.Times = 1
			// What never ends is given up; on a busy machine not before it has begun.
			for within := 300 * time.Millisecond; ; within *= 10 {
				s = start(t, "")
				s.Set(c.fault)
				if c.fault.Do != receiver.Hang && (c.fault.Do != receiver.Dribble || c.fault.Delay > 0) {
					within = patience
				}
				got := sendWithin(t, within, http.MethodPut, s.URL+"/order/7", order(1))
				_, ok := s.Record("order/7")
				if c.looks(got) && ok == c.stored && (c.fault.Do == receiver.CutRequest || len(s.Lines()) > 0) {
					break
				}
				if within >= patience {
					t.Errorf("%+v, stored: %v", got, ok)
					break
				}
			}
			r, _ := s.Record("order/7")
			if c.fault.Do == receiver.Half && strings.Contains(string(r.Document), "customer") {
				t.Errorf("%s", r.Document)
			}
			if lines := s.Lines(); c.fault.Do == receiver.CutRequest && len(lines) != 0 || c.fault.Do != receiver.CutRequest && len(lines) != 1 || len(lines) == 1 && c.fault.Do != receiver.Slow && lines[0].Fault != c.fault.Do {
				t.Errorf("%+v", lines)
			}
			if got := put(t, s, order(2)); !good(got) { // once, as said
				t.Errorf("afterwards: %+v", got)
			}
		})
	}
}

// TestWhom: a fault meets whom it is for, as often as it is to, in a batch too.
func TestWhom(t *testing.T) {
	s := start(t, "")
	s.Set(receiver.Fault{Do: receiver.Status, Status: 422, Entity: "order", Key: 2}, receiver.Fault{Do: receiver.Status, Status: 400, Entity: "order", Key: 3, After: 1, Times: 1})
	batch := func() string {
		var list []receiver.Request
		for n := range int64(4) {
			list = append(list, receiver.Request{Subject: fmt.Sprintf("order/%d", n), ID: fmt.Sprintf("order/%d@1", n), Revision: 1})
		}
		b, err := json.Marshal(map[string]any{"records": list})
		check(t, err)
		res, err := alone.Post(s.URL+"/batch", "application/json", bytes.NewReader(b))
		check(t, err)
		defer res.Body.Close()
		var got struct {
			Results []struct {
				Result string
				Error  struct{ Status int }
			}
		}
		check(t, json.NewDecoder(res.Body).Decode(&got))
		var out []string
		for _, r := range got.Results {
			out = append(out, fmt.Sprint(r.Result, r.Error.Status))
		}
		return strings.Join(out, " ")
	}
	for _, want := range []string{"stored0 stored0 422 stored0", "repeat0 repeat0 422 400", "repeat0 repeat0 422 repeat0"} {
		if got := batch(); strings.Join(strings.Fields(got), " ") != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	s.Calm()
	s.Set(receiver.Fault{Do: receiver.Refuse, Status: 400, Count: 3, Times: 1})
	if got := batch(); got != "400 400 400 repeat0" {
		t.Error(got)
	}
	s.Set(receiver.Fault{Do: receiver.Status, Status: 500, On: receiver.OnPing})
	if got := send(t, http.MethodGet, s.URL+"/ping", nil); got.status != 500 {
		t.Errorf("%+v", got)
	}
	if got := put(t, s, order(1)); got.status != 200 {
		t.Errorf("%+v", got)
	}
}

// TestControl: all of it from another process.
func TestControl(t *testing.T) {
	s := start(t, "")
	c := httptest.NewServer(s.Control())
	defer c.Close()
	ask := func(method, path, body string) string {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), method, c.URL+path, strings.NewReader(body))
		check(t, err)
		res, err := alone.Do(q)
		check(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		check(t, err)
		return fmt.Sprint(res.StatusCode, " ", string(b))
	}
	if got := ask("POST", "/faults", `[{"do":"status","status":500,"entity":"order","delay":"30s"}]`); !strings.HasPrefix(got, "200") {
		t.Error(got)
	}
	if got := put(t, s, order(1)); got.status != 500 {
		t.Errorf("%+v", got)
	}
	for _, step := range [][4]string{
		{"POST", "/faults", `[{"do":"status","stauts":500}]`, "400"}, {"DELETE", "/faults", "", "200"}, {"GET", "/counts", "", `"requests": 1`},
		{"GET", "/records/order/7", "", "404"}, {"POST", "/add", "", `"target": "T1"`}, {"GET", "/records", "", `"T1"`}, {"DELETE", "/records?target=T1", "", "200"},
		{"POST", "/forget?last=2h", "", "200"}, {"POST", "/forget?last=soon", "", "400"},
	} {
		if got := ask(step[0], step[1], step[2]); !strings.Contains(got, step[3]) {
			t.Errorf("%v: %s", step, got)
		}
	}
	if got := put(t, s, order(1)); got.status != 200 {
		t.Errorf("%+v", got)
	}
	if got := ask("GET", "/records/order/7", ""); !strings.Contains(got, `"revision": 1`) {
		t.Error(got)
	}
}

// TestTornLine: a kill in the middle of a line is no trouble.
func TestTornLine(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	put(t, s, order(1))
	put(t, s, order(2))
	check(t, s.Close())
	path := filepath.Join(dir, receiver.StateFile)
	b, err := os.ReadFile(path)
	check(t, err)
	check(t, os.WriteFile(path, b[:len(b)-7], 0o640))
	s = start(t, dir)
	if r, ok := s.Record("order/7"); !ok || r.Revision != 1 {
		t.Errorf("%+v", r)
	}
	put(t, s, order(3))
	check(t, s.Close())
	s = start(t, dir)
	if r, ok := s.Record("order/7"); !ok || r.Revision != 3 {
		t.Errorf("%+v", r)
	}
}
