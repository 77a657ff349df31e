//go:build odoo

package odoo

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// contacts are records with a mark of this test in ref.
func people(s *sink, mark string, n int) (list []*record) {
	for i := range n {
		list = append(list, &record{xid: s.xid(fmt.Sprintf("c_%s_%d", mark, i)), cells: map[string]string{"name": fmt.Sprintf("%s %d", mark, i), "ref": mark}, item: &item{Delivery: &sinks.Delivery{}}})
	}
	return list
}

func mark(t *testing.T) string {
	return strings.NewReplacer("/", "", "_", "").Replace(t.Name()) + fmt.Sprint(time.Now().UnixNano()%1e9)
}

func count(t *testing.T, c *rpc.Client, mark string) (n int) {
	t.Helper()
	if err := c.Call(t.Context(), "res.partner", "search_count", rpc.Args{Named: map[string]any{"domain": []any{[]any{"ref", "=", mark}}}}, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRealLoadRefused: what Odoo refuses fails alone, with Odoo's words beside it.
func TestRealLoadRefused(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		s, mark := sinkOf(t, r.settings(r.URL)), mark(t)
		list := people(s, mark, 12)
		for _, one := range list {
			one.cells["country_id/id"], one.cells["type"] = "base.us", "contact"
			one.under = map[string][]record{"child_ids": {
				{xid: one.xid + "_a", cells: map[string]string{"name": "x", "type": "delivery", "country_id/id": "base.us", "ref": mark}},
				{xid: one.xid + "_b", cells: map[string]string{"name": "y", "type": "invoice", "country_id/id": "base.us", "ref": mark}},
			}}
		}
		bad := map[int]string{}
		spoil := func(i int, says string, change func(*record)) { bad[i] = says; change(list[i]) }
		spoil(1, "nowhere", func(r *record) { r.cells["country_id/id"] = "base.nowhere" })
		spoil(4, "octail_nothing", func(r *record) { r.under["child_ids"][1].cells["country_id/id"] = "octail_nothing.x" })
		spoil(7, "", func(r *record) { r.cells["name"] = "" })
		spoil(11, "rubbish", func(r *record) { r.cells["type"] = "rubbish" })
		before := s.rpc.Calls()
		if err := s.load(t.Context(), "res.partner", list, nil); err != nil {
			t.Fatal(err)
		}
		t.Log(s.rpc.Calls()-before, "calls")
		for i, one := range list {
			says, is := bad[i]
			if is != (one.id == 0) || is != (one.err != nil) || is != (one.item.err != nil) {
				t.Errorf("%d: id %d, %v, %v", i, one.id, one.err, one.item.err)
				continue
			}
			if x := sinks.ExchangeOf(one.err); is && (!strings.Contains(x.Answer, says) || !strings.Contains(x.Request, one.xid) || strings.Contains(one.err.Error(), mark+" ")) {
				t.Errorf("%d: %v %+v", i, one.err, x)
			}
			if class, _ := sinks.ClassOf(one.err); is && class != sinks.Permanent {
				t.Errorf("%d is %s", i, class)
			}
		}
		if n := count(t, s.rpc, mark); n != 3*(len(list)-len(bad)) {
			t.Errorf("%d partners", n)
		}
		ids := list[0].id
		if err := s.load(t.Context(), "res.partner", list[:1], nil); err != nil || list[0].id != ids || count(t, s.rpc, mark) != 3*(len(list)-len(bad)) {
			t.Error("loading again is not the same", err)
		}
	})
}

// TestRealLoadBlamed: a failure of all together, which Odoo tells of the first.
func TestRealLoadBlamed(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		s, mark := sinkOf(t, r.settings(r.URL)), mark(t)
		var list []*record
		for i := range 5 {
			list = append(list, &record{xid: s.xid(fmt.Sprintf("p_%s_%d", mark, i)), cells: map[string]string{"name": mark, "barcode": fmt.Sprint(mark, i)}, item: &item{}})
		}
		list[3].cells["barcode"] = list[2].cells["barcode"]
		if err := s.load(t.Context(), "product.product", list, nil); err != nil {
			t.Fatal(err)
		}
		for i, one := range list {
			if (one.id == 0) != (i == 3) {
				t.Errorf("%d: %d %v %+v", i, one.id, one.err, sinks.ExchangeOf(one.err))
			}
		}
	})
}

// TestRealLoadTwice: one record twice in a call is one record.
func TestRealLoadTwice(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		s, mark := sinkOf(t, r.settings(r.URL)), mark(t)
		a, b := people(s, mark, 1), people(s, mark, 2)
		if err := s.load(t.Context(), "res.partner", append(a, b...), nil); err != nil || a[0].id == 0 || a[0].id != b[0].id || count(t, s.rpc, mark) != 2 {
			t.Error(err, a[0].id, b[0].id)
		}
	})
}

// TestRealLoadAtOnce: many who load the same at a time make one, and all are told so.
func TestRealLoadAtOnce(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		mark := mark(t)
		var wait sync.WaitGroup
		var calls atomic.Int64
		for range 6 {
			s := sinkOf(t, r.settings(r.URL))
			wait.Go(func() {
				for {
					list := people(s, mark, 3)
					err := s.load(t.Context(), "res.partner", list, nil)
					if class, _ := sinks.ClassOf(err); err != nil && class == sinks.Retryable {
						continue
					}
					if err != nil || list[0].id == 0 || list[2].id == 0 {
						t.Error(err, list[0].err)
					}
					break
				}
				calls.Add(s.rpc.Calls())
			})
		}
		wait.Wait()
		if n := count(t, realSink(t, r).rpc, mark); n != 3 {
			t.Errorf("%d partners", n)
		}
		t.Log(calls.Load(), "calls of six")
	})
}

// between is a proxy to an Odoo that can be told to spoil an exchange.
func between(t *testing.T, r server, spoil func(w http.ResponseWriter, q *http.Request, on http.Handler)) string {
	t.Helper()
	to, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	on := httputil.NewSingleHostReverseProxy(to)
	p := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { spoil(w, q, on) }))
	t.Cleanup(p.Close)
	return p.URL
}

// TestRealLoadLost: an answer that does not come back has been acted on; the same load
// again makes nothing new.
func TestRealLoadLost(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		var lose atomic.Bool
		s := sinkOf(t, r.settings(between(t, r, func(w http.ResponseWriter, q *http.Request, on http.Handler) {
			if lose.Load() {
				on.ServeHTTP(httptest.NewRecorder(), q)
				panic(http.ErrAbortHandler)
			}
			on.ServeHTTP(w, q)
		})))
		mark := mark(t)
		if _, err := s.rpc.User(t.Context()); err != nil {
			t.Fatal(err)
		}
		lose.Store(true)
		err := s.load(t.Context(), "res.partner", people(s, mark, 3), nil)
		if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Retryable {
			t.Errorf("%s: %v", class, err)
		}
		lose.Store(false)
		if n := count(t, s.rpc, mark); n != 3 {
			t.Fatalf("%d partners: the test is not what it says", n)
		}
		list := people(s, mark, 3)
		if err := s.load(t.Context(), "res.partner", list, nil); err != nil || list[2].id == 0 || count(t, s.rpc, mark) != 3 {
			t.Error(err, count(t, s.rpc, mark))
		}
	})
}

// TestRealLoadTooLong: a proxy that takes short requests only gets shorter ones.
func TestRealLoadTooLong(t *testing.T) {
	both(t, func(t *testing.T, r server) {
		s := sinkOf(t, r.settings(between(t, r, func(w http.ResponseWriter, q *http.Request, on http.Handler) {
			if q.ContentLength > 3000 {
				io.Copy(io.Discard, q.Body)
				http.Error(w, "<html>413 Request Entity Too Large</html>", http.StatusRequestEntityTooLarge)
				return
			}
			on.ServeHTTP(w, q)
		})))
		mark := mark(t)
		list := people(s, mark, 20)
		for _, one := range list {
			one.cells["comment"] = strings.Repeat("x", 300)
		}
		list[5].cells["comment"] = strings.Repeat("x", 3000)
		if err := s.load(t.Context(), "res.partner", list, nil); err != nil {
			t.Fatal(err)
		}
		if n := count(t, s.rpc, mark); n != 19 || list[5].err == nil || !strings.Contains(list[5].err.Error(), "client_max_body_size") {
			t.Error(n, list[5].err)
		}
	})
}

// TestRealLoadMany: more than go into one call.
func TestRealLoadMany(t *testing.T) {
	t.Parallel()
	r := realServer(t, "19")
	s, mark := realSink(t, r), mark(t)
	list := people(s, mark, mostLoaded+50)
	before := s.rpc.Calls()
	if err := s.load(t.Context(), "res.partner", list, nil); err != nil || list[len(list)-1].id == 0 {
		t.Fatal(err)
	}
	if n := s.rpc.Calls() - before; n > 4 || count(t, s.rpc, mark) != mostLoaded+50 {
		t.Error(n, "calls")
	}
}
