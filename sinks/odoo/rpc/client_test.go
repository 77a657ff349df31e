package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"octail/internal/leaktest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
)

// TestMain: what started the Odoo that test processes share waits for its end, which is
// after this process's.
func TestMain(m *testing.M) {
	leaktest.Main(m, goleak.IgnoreAnyFunction("octail/internal/odootest.(*server).start.func1"))
}

// The answers in these tests are those of Odoo 19.0 and 14.0, shortened.

const (
	version14 = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n<member>\n<name>server_version</name>\n<value><string>14.0</string></value>\n</member>\n<member>\n<name>server_version_info</name>\n<value><array><data>\n<value><int>14</int></value>\n<value><int>0</int></value>\n<value><int>0</int></value>\n<value><string>final</string></value>\n<value><int>0</int></value>\n<value><string></string></value>\n</data></array></value>\n</member>\n</struct></value>\n</param>\n</params>\n</methodResponse>\n"
	version19 = `{"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}`
	missing14 = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>\n"
	missing19 = "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>\n"
	secret    = "0294713e3c59f05d9dae411c4831b2f1f9774c59"
)

func value(xml string) string {
	return "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>" + xml + "</value>\n</param>\n</params>\n</methodResponse>\n"
}

func fault(code int, text string) string {
	return fmt.Sprintf("<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>%d</int></value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>%s</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n", code, html.EscapeString(text))
}

// said is an answer.
type said struct {
	status     int
	kind, body string
	after      string // Retry-After
}

// odoo is a server of a version, whose answers to calls of methods a test says; it keeps
// what it was sent.
type odoo struct {
	major int
	says  said
	sent  []string
}

func (o *odoo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.sent = append(o.sent, r.Method+" "+r.URL.Path+" "+string(body))
	write := func(status int, kind, body string) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
	switch {
	case r.URL.Path == "/web/version" && o.major >= 19:
		write(200, "application/json; charset=utf-8", version19)
	case r.URL.Path == "/web/version":
		write(404, "text/html", missing14)
	case r.URL.Path == "/xmlrpc/2/common" && strings.Contains(string(body), "<methodName>version<"):
		write(200, "text/xml; charset=utf-8", version14)
	case r.URL.Path == "/xmlrpc/2/common" && strings.Contains(string(body), secret):
		write(200, "text/xml; charset=utf-8", value("<int>6</int>"))
	case r.URL.Path == "/xmlrpc/2/common":
		write(200, "text/xml; charset=utf-8", value("<boolean>0</boolean>"))
	default:
		if o.says.after != "" {
			w.Header().Set("Retry-After", o.says.after)
		}
		write(o.says.status, o.says.kind, o.says.body)
	}
}

func dial(t *testing.T, o *odoo, change func(*rpc.Options)) *rpc.Client {
	t.Helper()
	s := httptest.NewServer(o)
	t.Cleanup(s.Close)
	options := rpc.Options{URL: s.URL, Database: "shop", Login: "connector", Key: secret}
	if change != nil {
		change(&options)
	}
	c, err := rpc.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestRequests: what is sent, by version.
func TestRequests(t *testing.T) {
	call := func(c *rpc.Client) error {
		_, err := c.Create(t.Context(), "res.partner", []map[string]any{{"name": "A&B\x00"}}, nil)
		return err
	}
	o := &odoo{major: 19, says: said{status: 200, kind: "application/json", body: "[7]"}}
	if err := call(dial(t, o, nil)); err != nil {
		t.Error(err)
	}
	if got, want := strings.Join(o.sent, "\n"), "GET /web/version \nPOST /json/2/res.partner/create "+`{"context":{"lang":"en_US"},"vals_list":[{"name":"A\u0026B"}]}`; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	for _, major := range []int{14, 19} {
		o := &odoo{major: major, says: said{status: 200, kind: "text/xml", body: value("<array><data>\n<value><int>7</int></value>\n</data></array>")}}
		c := dial(t, o, func(o *rpc.Options) {
			if major == 19 {
				o.Key, o.Password = "", o.Key // with a password there is no JSON-2
			}
		})
		for range 2 {
			if err := call(c); err != nil {
				t.Error(err)
			}
		}
		object := `POST /xmlrpc/2/object <?xml version="1.0"?><methodCall><methodName>execute_kw</methodName><params><param><value><string>shop</string></value></param><param><value><int>6</int></value></param><param><value><string>` + secret + `</string></value></param><param><value><string>res.partner</string></value></param><param><value><string>create</string></value></param><param><value><array><data><value><array><data><value><struct><member><name>name</name><value><string>A&amp;B</string></value></member></struct></value></data></array></value></data></array></value></param><param><value><struct><member><name>context</name><value><struct><member><name>lang</name><value><string>en_US</string></value></member></struct></value></member></struct></value></param></params></methodCall>`
		if n := len(o.sent); n < 3 || o.sent[n-1] != object || o.sent[n-2] != object || !strings.Contains(o.sent[n-3], "authenticate") {
			t.Errorf("%d: %s", major, strings.Join(o.sent, "\n"))
		}
	}
}

// TestLogin: a key of an old Odoo needs its user, and a wrong one is not tried twice.
func TestLogin(t *testing.T) {
	for _, c := range []struct {
		change func(*rpc.Options)
		says   string
		sent   int
	}{
		{func(o *rpc.Options) { o.Login = "" }, "add login", 2},
		{func(o *rpc.Options) { o.Key = "wrong" }, "octail reload", 3},
	} {
		o := &odoo{major: 14}
		err := dial(t, o, c.change).Call(t.Context(), "res.partner", "search_count", rpc.Args{}, nil)
		if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Blocked || !strings.Contains(err.Error(), c.says) || len(o.sent) != c.sent {
			t.Errorf("%s %v %q", class, err, o.sent)
		}
	}
}

// TestTooOld: an Odoo that octail does not know how to speak to says so.
func TestTooOld(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/web/version" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, strings.Replace(version14, "14.0", "13.0", 1))
	}))
	defer s.Close()
	c, err := rpc.New(rpc.Options{URL: s.URL, Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Version(t.Context())
	if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Blocked || !strings.Contains(err.Error(), "14.0 or later") {
		t.Error(class, err)
	}
}

func raised(name, text string) string {
	b, _ := json.Marshal(map[string]any{"name": name, "message": text, "arguments": []string{text}, "context": map[string]any{}, "debug": "Traceback (most recent call last):\n  File \"/usr/lib/python3/dist-packages/odoo/http.py\", line 1, in x\n" + name + ": " + text})
	return string(b)
}

const trace = "Traceback (most recent call last):\n  File \"/usr/lib/python3/dist-packages/odoo/addons/base/controllers/rpc.py\", line 69, in xmlrpc_2\n    response = self._xmlrpc(service)\n"

const chained = "Traceback (most recent call last):\n  File \"/usr/lib/python3.9/xmlrpc/client.py\", line 516, in __dump\n    f = self.dispatch[type(value)]\nKeyError: <class 'odoo.tools.misc.frozendict'>\n\nDuring handling of the above exception, another exception occurred:\n\n"

// TestRefusals: the kind and the class of all that is said.
func TestRefusals(t *testing.T) {
	const (
		lacks  = "You are not allowed to create 'Fields' (ir.model.fields) records.\n\nThis operation is allowed for the following groups:\n\t- Access Rights\n\nContact your administrator to request access if necessary."
		rule   = "Due to security restrictions, you are not allowed to modify 'Contact' (res.partner) records."
		priv   = "Private methods (such as 'res.partner._search') cannot be called remotely."
		gone   = "Record does not exist or has been deleted.\n(Record: res.partner(999999,), User: 5)"
		noDB   = "connection to server on socket \"/run/.s.PGSQL.5432\" failed: FATAL:  database \"nosuchdb\" does not exist"
		config = "application/json; charset=utf-8"
		page   = "text/html; charset=utf-8"
	)
	for _, c := range []struct {
		name       string
		json2, xml said
		kind       rpc.Kind // -1: none of Odoo's
		class      sinks.Class
	}{
		{"wrong key", said{401, config, raised("werkzeug.exceptions.Unauthorized", "Invalid apikey"), ""}, said{200, "text/xml", fault(3, "Access Denied"), ""}, rpc.Key, sinks.Blocked},
		{"no right", said{403, config, raised("odoo.exceptions.AccessError", lacks), ""}, said{200, "text/xml", fault(4, lacks), ""}, rpc.Denied, sinks.Blocked},
		{"not his record", said{403, config, raised("odoo.exceptions.AccessError", rule), ""}, said{200, "text/xml", fault(4, rule), ""}, rpc.Right, sinks.Permanent},
		{"private method", said{403, config, raised("odoo.exceptions.AccessError", priv), ""}, said{200, "text/xml", fault(4, priv), ""}, rpc.Mistake, sinks.Permanent},
		{"database", said{404, page, missing19, ""}, said{200, "text/xml", fault(1, trace+"psycopg2.OperationalError: "+noDB+"\n\n"), ""}, rpc.Database, sinks.Blocked},
		{"model", said{404, config, raised("werkzeug.exceptions.NotFound", "the model 'no.model' does not exist"), ""}, said{200, "text/xml", fault(2, "Object no.model doesn't exist"), ""}, rpc.Method, sinks.Blocked},
		{"method", said{404, config, raised("werkzeug.exceptions.NotFound", "The method 'res.partner.nomethod' does not exist"), ""}, said{200, "text/xml", fault(1, trace+"AttributeError: type object 'res.partner' has no attribute 'nomethod'\n"), ""}, rpc.Method, sinks.Blocked},
		{"gone", said{404, config, raised("odoo.exceptions.MissingError", gone), ""}, said{200, "text/xml", fault(2, gone), ""}, rpc.Missing, sinks.Permanent},
		{"argument", said{422, config, raised("werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'vals'"), ""}, said{200, "text/xml", fault(1, trace+"TypeError: write() got an unexpected keyword argument 'nope'\n"), ""}, rpc.Mistake, sinks.Permanent},
		{"rule", said{422, config, raised("odoo.exceptions.ValidationError", "The operation cannot be completed: Contacts require a name"), ""}, said{200, "text/xml", fault(2, "The operation cannot be completed: Contacts require a name"), ""}, rpc.Refused, sinks.Permanent},
		{"field", said{500, config, raised("builtins.ValueError", "Invalid field 'nofield' on 'res.users'"), ""}, said{200, "text/xml", fault(1, trace+"ValueError: Invalid field 'nofield' on model 'res.users'\n"), ""}, rpc.Mistake, sinks.Permanent},
		{"value", said{500, config, raised("psycopg2.errors.InvalidTextRepresentation", "invalid input syntax"), ""}, said{200, "text/xml", fault(1, trace+"psycopg2.errors.InvalidTextRepresentation: invalid input syntax for type integer\nLINE 1: UPDATE\n"), ""}, rpc.Mistake, sinks.Permanent},
		{"conflict", said{500, config, raised("psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update"), ""}, said{200, "text/xml", fault(1, chained+trace+"psycopg2.errors.SerializationFailure: could not serialize access due to concurrent update\n\n"), ""}, rpc.Conflict, sinks.Retryable},
		{"no connection left", said{500, config, raised("odoo.sql_db.PoolError", "The Connection Pool Is Full"), ""}, said{200, "text/xml", fault(1, trace+"psycopg2.OperationalError: server closed the connection unexpectedly\n"), ""}, rpc.Unknown, sinks.Retryable},
		{"something else", said{500, config, raised("some.module.Strange", "x"), ""}, said{200, "text/xml", fault(1, "no traceback at all"), ""}, rpc.Unknown, sinks.Retryable},
		{"proxy", said{502, page, "<html><body>Bad Gateway</body></html>", ""}, said{504, page, "<html>Gateway Time-out</html>", ""}, -1, sinks.Retryable},
		{"maintenance", said{503, page, "<html>Back soon</html>", ""}, said{503, page, "<html>Back soon</html>", ""}, -1, sinks.Retryable},
		{"maintenance for a time", said{503, page, "<html>Back soon</html>", "17"}, said{503, page, "<html>Back soon</html>", "17"}, -1, sinks.RateLimited},
		{"too many", said{429, page, "", "17"}, said{429, page, "", "17"}, -1, sinks.RateLimited},
		{"login page", said{200, page, "<!DOCTYPE html><title>Log in</title>", ""}, said{200, page, "<!DOCTYPE html><title>Log in</title>", ""}, -1, sinks.Retryable},
		{"redirect", said{303, page, "", ""}, said{301, page, "", ""}, -1, sinks.Blocked},
		{"too long", said{413, page, "<html>413</html>", ""}, said{413, page, "<html>413</html>", ""}, -1, sinks.Permanent},
		{"firewall", said{403, page, "<html>blocked</html>", ""}, said{403, page, "<html>blocked</html>", ""}, -1, sinks.Blocked},
		{"a page of 500", said{500, page, "<html>Internal Server Error</html>", ""}, said{500, page, "<html>Internal Server Error</html>", ""}, -1, sinks.Retryable},
		{"nothing", said{200, config, "", ""}, said{200, "text/xml", "", ""}, -1, sinks.Retryable},
		{"half", said{200, config, `[{"id":`, ""}, said{200, "text/xml", value("<int>7</int>")[:80], ""}, -1, sinks.Retryable},
		{"null", said{200, config, "null", ""}, said{200, "text/xml", value("<nil/>"), ""}, -1, sinks.Retryable},
		{"another form", said{200, config, `{"ok":true}`, ""}, said{200, "text/xml", value("<struct></struct>"), ""}, -1, sinks.Retryable},
	} {
		for major, says := range map[int]said{19: c.json2, 14: c.xml} {
			client := dial(t, &odoo{major: major, says: says}, nil)
			var out []json.RawMessage
			err := client.SearchRead(t.Context(), "res.partner", rpc.Find{Domain: []any{[]any{"email", "=", "ann@example.com"}}}, &out)
			e, ok := rpc.As(err)
			class, wait := sinks.ClassOf(err)
			if err == nil || ok != (c.kind >= 0) || ok && e.Kind != c.kind || class != c.class || (says.after != "") != (wait == 17*time.Second) {
				t.Errorf("%s, %d: %s %s %v %+v", c.name, major, class, wait, err, e)
				continue
			}
			x := sinks.ExchangeOf(err)
			for _, hidden := range []string{"Traceback", secret, "dist-packages"} {
				if strings.Contains(err.Error()+x.Request+x.Answer, hidden) {
					t.Errorf("%s, %d: %q is in %v %+v", c.name, major, hidden, err, x)
				}
			}
			if strings.Contains(err.Error(), "ann@") || ok && strings.Contains(err.Error(), e.Message) && e.Message != "" {
				t.Errorf("%s, %d: tells Odoo's words: %v", c.name, major, err)
			}
			if c.class != sinks.RateLimited && (x.Answer == "" || !strings.Contains(x.Request, "ann@example.com")) && c.name != "null" && c.name != "another form" {
				t.Errorf("%s, %d: %+v", c.name, major, x)
			}
		}
	}
}

// TestUnsaid: what XML-RPC has no words for was done.
func TestUnsaid(t *testing.T) {
	for _, text := range []string{
		"Traceback (most recent call last):\n  File \"/usr/lib/python3.9/xmlrpc/client.py\", line 599, in dump_struct\n    raise TypeError(\"dictionary key must be string\")\nTypeError: dictionary key must be string\n",
		chained + trace + "TypeError: cannot marshal <class 'odoo.api.account.move'> objects\n",
		trace + "TypeError: cannot marshal None unless allow_none is enabled\n",
	} {
		c := dial(t, &odoo{major: 14, says: said{200, "text/xml", fault(1, text), ""}}, nil)
		if err := c.Call(t.Context(), "account.move", "action_post", rpc.Args{IDs: []int64{1}}, nil); err != nil {
			t.Error(err)
		}
		err := c.Call(t.Context(), "account.move", "action_post", rpc.Args{IDs: []int64{1}}, new(bool))
		if e, ok := rpc.As(err); !ok || e.Kind != rpc.Unknown {
			t.Error(err)
		}
	}
}

// TestEnglish: where English is not installed, octail asks without it.
func TestEnglish(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, string(body))
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(string(body), "en_US") {
			w.WriteHeader(422)
			io.WriteString(w, raised("odoo.exceptions.UserError", "Invalid language code: en_US"))
			return
		}
		io.WriteString(w, "3")
	}))
	defer s.Close()
	c, err := rpc.New(rpc.Options{URL: s.URL, Key: "k", Transport: rpc.JSON2})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		var n int
		if err := c.Call(t.Context(), "res.partner", "search_count", rpc.Args{}, &n); err != nil || n != 3 {
			t.Error(n, err)
		}
	}
	if len(asked) != 3 {
		t.Errorf("%q", asked)
	}
}

// TestPace: each request waits for its turn, and one whose turn does not come is not made.
func TestPace(t *testing.T) {
	n := 0
	o := &odoo{major: 14, says: said{200, "text/xml", value("<int>7</int>"), ""}}
	c := dial(t, o, func(o *rpc.Options) { o.Pace = func(ctx context.Context) error { n++; return ctx.Err() } })
	if err := c.Call(t.Context(), "res.partner", "search_count", rpc.Args{}, nil); err != nil || n != 4 || len(o.sent) != 4 || c.Calls() != 4 {
		t.Error(err, n, o.sent)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Call(ended, "res.partner", "search_count", rpc.Args{}, nil); err == nil || len(o.sent) != 4 {
		t.Error(err)
	}
}
