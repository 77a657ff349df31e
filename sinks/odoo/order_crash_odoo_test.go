//go:build odoo

package odoo

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"octail/internal/config"
	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/sinktest"
)

// killer is between a sink and Odoo. After some calls that change or read anything it is
// as if octail were killed: Odoo has done the last one, nobody hears of it, and no more
// calls come.
type killer struct {
	*httptest.Server
	mu   sync.Mutex
	left int // calls that are let through; negative: all
	path []string
}

func newKiller(t *testing.T, to string) *killer {
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	c := &killer{left: -1}
	proxy := httputil.NewSingleHostReverseProxy(target)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		left := c.left
		if c.left > 0 {
			c.left--
		}
		c.path = append(c.path, r.URL.Path)
		c.mu.Unlock()
		switch left {
		case 0:
			panic(http.ErrAbortHandler)
		case 1:
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *killer) set(left int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.path = left, nil
}

// cut tells whether the calls have come to an end, and what the last one was.
func (c *killer) cut() (bool, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := ""
	if len(c.path) > 0 {
		last = strings.TrimPrefix(c.path[len(c.path)-1], "/json/2/")
	}
	return c.left == 0, last
}

// reopened is the sink of a till as after a start: it remembers what its links do.
func (b *till) reopened(url, database, login, key string, further ...string) {
	b.t.Helper()
	into := Plugin.Settings()
	text := "url: " + url + "\ndatabase: " + database + "\nlogin: " + login + "\napi_key: " + key + "\n" + tillSettings + strings.Join(further, "")
	if _, err := config.Decode("sink.yaml", []byte(text), into); err != nil {
		b.t.Fatal(err)
	}
	opened, err := Plugin.Open(into, sinks.Env{Name: "erp", Shop: strings.TrimPrefix(b.prefix, "octail_"), Links: b.sink.links, Log: b.sink.log})
	if err != nil {
		b.t.Fatal(err)
	}
	b.sink = opened.(*sink)
}

// Killed after each call of a batch of new and edited orders, octail comes again and
// leaves what it would have left at once.
func TestOrdersSurviveAKillAfterEachCall(t *testing.T) {
	t.Parallel()
	o := tillDatabase(t, 19)
	b := tillOn(t, o, "")
	c := newKiller(t, o.URL)
	b.reopened(c.URL, o.Database, o.Login, o.Key)
	warm := two(1, 1)
	b.put(warm)
	id := int64(1000)
	step := 2
	if odootest.Full() {
		step = 1
	}
	for _, lost := range []bool{false, true} {
		rounds := 0
		for n := 1; !lost || n <= 4; n += step { // a lost journal only makes the search longer
			id += 10
			fresh, quote, sale := two(id+1, 2), two(id+2, 1), two(id+3, 2)
			fresh.customer, quote.customer, sale.customer = 1, 1, 1
			b.put(quote, sale)
			if lost {
				b.sink.links = &sinktest.Links{}
			}
			batch := deliveries(fresh, edited(quote), edited(sale))
			c.set(n)
			err := b.Deliver(t.Context(), batch)
			killed, last := c.cut()
			c.set(-1)
			if !killed {
				if err != nil {
					t.Fatal(inFull(err))
				}
				break
			}
			rounds++
			t.Logf("killed after call %d, %s", n, last)
			b.reopened(c.URL, o.Database, o.Login, o.Key)
			if err := b.Deliver(t.Context(), batch); err != nil {
				t.Fatalf("after call %d (%s): %s", n, last, inFull(err))
			}
			b.is(fresh, stateSale)
			h := b.is(edited(quote), stateDraft)
			if len(h.lines) > 6 {
				t.Errorf("the quotation has %s", show(h.lines))
			}
			b.is(edited(sale), stateSale)
		}
		if rounds < 4/step {
			t.Errorf("killed after %d calls only", rounds)
		}
		t.Logf("killed %d times", rounds)
	}
}
