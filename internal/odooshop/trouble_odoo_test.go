//go:build odoo

package odooshop

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"octail/internal/odootest"
	"octail/internal/shoptest"
	"octail/internal/shoptest/shoptesting"
)

// proxy stands before an Odoo and answers for it when told so.
type proxy struct {
	*httptest.Server
	instead atomic.Pointer[http.HandlerFunc]
}

func newProxy(t *testing.T, o *odootest.Odoo) *proxy {
	t.Helper()
	to, err := url.Parse(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(to)
	forward.ErrorLog = nil
	forward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) {
		page(w, http.StatusBadGateway, "502 Bad Gateway")
	}
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := p.instead.Load(); h != nil {
			(*h)(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// page is what a proxy shows to people.
func page(w http.ResponseWriter, status int, title string) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<html><head><title>"+title+"</title></head><body><h1>"+title+"</h1><p>Quillfeather</p></body></html>")
}

// says makes the proxy answer everything with a page; 0 ends that.
func (p *proxy) says(status int, title string) {
	if status == 0 {
		p.instead.Store(nil)
		return
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { page(w, status, title) })
	p.instead.Store(&h)
}

// TestTrouble: what happens to an Odoo and to the way there. Orders are placed all the time;
// the agent says in one message what is wrong, gives up no order, and goes on by itself or
// when told that the settings were mended.
func TestTrouble(t *testing.T) {
	t.Parallel()
	server := shoptesting.Server(t, shoptest.Options{Flavor: shoptest.MariaDB})
	database := shoptesting.Database(t, server)
	db := shoptesting.Open(t, server, database)
	if err := shoptest.Load(t.Context(), db, shoptest.V4, "oc_"); err != nil {
		t.Fatal(err)
	}
	odoo := odootest.Private(t, 19)
	prepare(t, odoo.Odoo, "EUR", "GBP", "JPY")
	way := newProxy(t, odoo.Odoo)
	secret := filepath.Join(t.TempDir(), "key")
	key := func(k string) {
		if err := os.WriteFile(secret, []byte(k+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key(odoo.Key)
	seen := *odoo.Odoo
	seen.URL, seen.Key = way.URL, "${file:"+secret+"}"
	shop := shoptest.NewShop(db, shoptest.V4, "oc_", 12)
	a := between(t, server, database, "UTC", "[customer, product, category]", &seen, "release: any", "mappings: {status: {1: confirmed, 2: confirmed}, tax: {fixed 2.00: lines}}")
	settings := filepath.Join(a.dir, "config.yaml")
	good, err := os.ReadFile(settings)
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func(from, to string) {
		if err := os.WriteFile(settings, []byte(strings.Replace(string(good), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reload := func() {
		if out, err := a.run("reload"); err != nil {
			t.Fatalf("octail reload: %v\n%s", err, out)
		}
	}
	place := func(n int) {
		for range n {
			c, err := shop.RandomCheckout(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := shop.Order(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	equal := func(after string) {
		t.Helper()
		var j judged
		for end := time.Now().Add(10 * time.Minute); ; time.Sleep(500 * time.Millisecond) {
			if j = judge(t, db, odoo.Odoo, "sale"); j.clean() {
				break
			}
			if time.Now().After(end) {
				st, err := a.status()
				out, _ := a.run("dead", "list")
				t.Fatalf("%s: not equal: %s\n%v %s %q\n%s", after, j, err, st.Sentence, st.Reasons, out)
			}
		}
		// Odoo has all before the agent hears of it, and what the agent said of this
		// trouble is not to be taken for what it says of the next.
		a.until(5*time.Minute, "the agent to hear of it after "+after, func() bool {
			st, err := a.status()
			return err == nil && len(st.Sinks) == 1 && st.Sinks[0].Pending == 0 && st.Sinks[0].Error == ""
		})
	}
	a.start()
	quiet(a, db, 5*time.Minute)
	place(2)
	equal("start")

	revoked := func(set string) {
		odoo.SQL(t, "UPDATE res_users_apikeys SET "+set+" WHERE user_id = (SELECT id FROM res_users WHERE login = 'connector')")
	}
	groups := func(in bool) {
		command := 3
		if in {
			command = 4
		}
		var list []any
		for _, name := range [][2]string{{"sales_team", "group_sale_salesman"}, {"sales_team", "group_sale_salesman_all_leads"}, {"sales_team", "group_sale_manager"}} {
			var ref []any
			odoo.Call(t, "ir.model.data", "check_object_reference", map[string]any{"module": name[0], "xml_id": name[1]}, &ref)
			list = append(list, []any{command, ref[1]})
		}
		var users []int64
		odoo.Call(t, "res.users", "search", map[string]any{"domain": []any{[]any{"login", "=", "connector"}}}, &users)
		odoo.Call(t, "res.users", "write", map[string]any{"ids": users, "vals": map[string]any{"group_ids": list}}, nil)
	}
	for _, c := range []struct {
		name        string
		hurt, heal  func()
		class, says string
		steer       string // command that makes it go on at once; "": by itself
	}{
		{"user without rights", func() { groups(false) }, func() { groups(true) }, "blocked", "octail check", "resume"},
		{"wrong database", func() { rewrite("database: "+odoo.Database, "database: nosuch"); reload() }, func() { rewrite("", "") }, "blocked", "no such database", "reload"},
		{"expired key", func() { revoked("expiration_date = (now() at time zone 'utc') - interval '1 minute'") }, func() { revoked("expiration_date = (now() at time zone 'utc') + interval '90 days'") }, "blocked", "octail reload", ""},
		{"another key", func() { key("0123456789012345678901234567890123456789"); reload() }, func() { key(odoo.Key) }, "blocked", "octail reload", "reload"},
		{"Odoo down", func() { odoo.Kill() }, func() { odoo.Start(t) }, "retryable", "502", ""},
		{"maintenance", func() { way.says(503, "Maintenance") }, func() { way.says(0, "") }, "retryable", "maintained", ""},
		{"maintenance by 200", func() { way.says(200, "Back soon") }, func() { way.says(0, "") }, "retryable", "HTML page", ""},
		{"an error page", func() { way.says(500, "Oops") }, func() { way.says(0, "") }, "retryable", "500", ""},
		{"a login page of a proxy", func() { way.says(401, "Who are you") }, func() { way.says(0, "") }, "blocked", "in front of it", ""},
		{"a page not found", func() { way.says(404, "404 page not found") }, func() { way.says(0, "") }, "blocked", "no such database", ""},
		{"a proxy forbids", func() { way.says(403, "Forbidden") }, func() { way.says(0, "") }, "blocked", "in front of it", ""},
		{"in the middle of an upgrade", func() { odoo.SQL(t, "ALTER TABLE sale_order RENAME COLUMN note TO note_before") }, func() { odoo.SQL(t, "ALTER TABLE sale_order RENAME COLUMN note_before TO note") }, "retryable", "", ""},
		{"partners in the middle of an upgrade", func() { odoo.SQL(t, "ALTER TABLE res_partner RENAME COLUMN comment TO comment_before") }, func() { odoo.SQL(t, "ALTER TABLE res_partner RENAME COLUMN comment_before TO comment") }, "retryable", "", ""},
	} {
		t.Log(c.name)
		c.hurt()
		place(3)
		var st status
		end := time.Now().Add(5 * time.Minute)
		for ; ; time.Sleep(100 * time.Millisecond) {
			if st, err = a.status(); err == nil && len(st.Sinks) == 1 && st.Sinks[0].Error != "" {
				break
			}
			if time.Now().After(end) {
				t.Errorf("%s: nothing is said: %v %+v", c.name, err, st)
				break
			}
		}
		if len(st.Sinks) == 1 {
			s := st.Sinks[0]
			t.Logf("%s %s: %s | %s", s.Class, s.Stopped, s.Error, st.Sentence)
			if c.class != "" && (s.Class != c.class || !strings.Contains(s.Error, c.says)) {
				t.Errorf("%s: it is %s: %s", c.name, s.Class, s.Error)
			}
			for _, not := range []string{"Quillfeather", odoo.Key, "Traceback", "<html"} {
				if strings.Contains(fmt.Sprint(st), not) {
					t.Errorf("%s: %q is in %+v", c.name, not, st)
				}
			}
		}
		place(2)
		time.Sleep(time.Second) // so that it tries more than once
		c.heal()
		if c.steer != "" {
			args := []string{c.steer}
			if c.steer == "resume" {
				args = append(args, "erp")
			}
			if out, err := a.run(args...); err != nil {
				t.Fatalf("octail %s: %v\n%s", c.steer, err, out)
			}
		}
		equal(c.name)
		if st, err := a.status(); err != nil || st.Sinks[0].Dead+st.Sinks[0].Parked > 0 {
			out, _ := a.run("dead", "list")
			t.Errorf("%s: %d dead letters, %d parked, %v\n%s", c.name, st.Sinks[0].Dead, st.Sinks[0].Parked, err, out)
		}
	}
}
