package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// configs are the cases about the configuration and its secrets.
var configs = []fault{
	{"F62", "40 broken configuration files", brokenFiles, false},
	{"F63", "secrets missing, empty, with a newline, world-readable, rotated", secrets, false},
}

// sound is a configuration without a mistake, a line for each thing that can be one.
const sound = `shop:
  name: test-shop
  table_prefix: oc_
  timezone: auto
  mysql:
    address: 127.0.0.1:3306
    user: octail
    password: none
    database: shop
    tls: preferred
capture:
  settle: 500ms
  edit_hold: 15s
  mode: binlog
  snapshot: [customer, product]
journal:
  path: /var/lib/octail/octail.db
  retention: 30d
  max_bytes: 4GiB
http:
  listen: 127.0.0.1:8765
reconcile:
  at: "03:30"
log:
  level: info
  format: auto
sinks:
  - name: log
    type: file
    path: /var/log/octail/events.jsonl
`

// broken are edits of it that make it wrong: the line that begins so becomes another.
var broken = []struct{ line, into string }{
	{"  name: test-shop", "  nmae: test-shop"},
	{"  name: test-shop", "  name: Test Shop"},
	{"  name: test-shop", "\tname: test-shop"},
	{"  name: test-shop", "  name: test-shop\n  name: other-shop"},
	{"  name: test-shop", "  name: [test-shop]"},
	{"  name: test-shop", "  name: &a test-shop\n  table_prefix: *b"},
	{"  table_prefix: oc_", "  table_prefix: \"oc`; DROP\""},
	{"  timezone: auto", "  timezone: Mars/Olympus"},
	{"    address: 127.0.0.1:3306", "    address: 127.0.0.1"},
	{"    address: 127.0.0.1:3306", "    address: 127.0.0.1:70000"},
	{"    address: 127.0.0.1:3306", "    address: http://127.0.0.1:3306"},
	{"    user: octail", "    user: {name: octail}"},
	{"    password: none", "    password: \"${OCTAIL_NO_SUCH_VARIABLE}\""},
	{"    password: none", "    password: \"${file:/no/such/file}\""},
	{"    password: none", "    password: \"${credential:../etc/passwd}\""},
	{"    password: none", "    password: \"${vault:x}\""},
	{"    password: none", "    password: \"${UNCLOSED\""},
	{"    password: none", "    pasword: none"},
	{"    tls: preferred", "    tls: maybe"},
	{"  settle: 500ms", "  settle: 500"},
	{"  settle: 500ms", "  settle: half a second"},
	{"  settle: 500ms", "  settle: -1s"},
	{"  settle: 500ms", "  setle: 500ms"},
	{"  edit_hold: 15s", "  edit_hold: 15 s s"},
	{"  mode: binlog", "  mode: triggers"},
	{"  snapshot: [customer, product]", "  snapshot: [customers]"},
	{"  snapshot: [customer, product]", "  snapshot: [customer"},
	{"  snapshot: [customer, product]", "  snapshot: {order: 30d"},
	{"  retention: 30d", "  retention: 0s"},
	{"  max_bytes: 4GiB", "  max_bytes: 4 apples"},
	{"  listen: 127.0.0.1:8765", "  listen: 0.0.0.0:8765"},
	{"  listen: 127.0.0.1:8765", "  listen: everywhere"},
	{"  at: \"03:30\"", "  at: \"25:30\""},
	{"  level: info", "  level: loud"},
	{"  format: auto", "  format: xml"},
	{"  - name: log", "  - name: the log"},
	{"    type: file", "    type: fil"},
	{"    type: file", "    type: file\n    entities: [order, ordr]"},
	{"    path: /var/log", "    path: /var/log/octail/events.jsonl\n    timeout: soon"},
	{"    path: /var/log", "    pth: /var/log/octail/events.jsonl"},
	{"    path: /var/log", "    path: /var/log/octail/events.jsonl\n---\nshop: {}"},
	{"    path: /var/log", "    path: \"/var/log/octail/events.jsonl"},
}

func brokenFiles(s *scene) {
	s.openDefault()
	s.ready()
	s.settle()
	file := filepath.Join(s.dir, "broken.yaml")
	check := func(text string) (string, int) {
		s.must(os.WriteFile(file, []byte(text), 0o600))
		code, out := s.commandOn(file, "check", "--offline")
		s.want(code == 2, "exit code %d instead of 2 for\n%s\n%s", code, text, out)
		code, out = s.commandOn(file, "run")
		s.want(code == 2, "run: exit code %d instead of 2 for\n%s\n%s", code, text, out)
		return out, code
	}
	for _, b := range broken {
		at := strings.Index(sound, "\n"+b.line)
		s.want(at >= 0, "no line %q", b.line)
		rest := sound[at+1:]
		_, behind, _ := strings.Cut(rest, "\n")
		out, _ := check(sound[:at+1] + b.into + "\n" + behind)
		first := strings.Count(sound[:at+1], "\n") + 1
		named := false
		for line := first; line <= first+strings.Count(b.into, "\n")+1; line++ { // what is left open shows at the next one
			named = named || strings.Contains(out, fmt.Sprintf("broken.yaml:%d:", line))
		}
		s.want(named, "%q: no message names line %d:\n%s", b.into, first, out)
	}
	// All at once.
	text, wrong := sound, 0
	for _, b := range []struct{ from, to string }{{"settle:", "setle:"}, {"level: info", "level: loud"}, {"retention: 30d", "retention: 30"}, {"type: file", "type: fil"}, {"tls: preferred", "tls: maybe"}} {
		text = strings.Replace(text, b.from, b.to, 1)
		wrong++
	}
	out, _ := check(text)
	s.want(strings.Count(out, "broken.yaml:") >= wrong, "%d mistakes, %d are said:\n%s", wrong, strings.Count(out, "broken.yaml:"), out)
	s.figure("files", len(broken)+1)

	// The running agent keeps the configuration that it has.
	s.must(os.WriteFile(configFile(s.dir), []byte(text), 0o600))
	code, out := s.commandOn(configFile(s.dir), "reload")
	s.want(code == 2, "reload of a broken file ends with %d: %s", code, out)
	s.agent.signal(syscall.SIGHUP)
	s.until("the agent to refuse the file", func() bool { return len(s.agent.said("level=ERROR", "config.yaml:")) > 0 })
	s.configure()
	s.place(2)
	s.recover()
}

func secrets(s *scene) {
	s.openDefault()
	const password, first, second, token = "pass-9f2c71word", "whsec_Zmlyc3Qtc2VjcmV0LW9mLXRoZS1ob29r", "whsec_c2Vjb25kLXNlY3JldC1vZi10aGUtaG9vaw==", "token-5d1e08page"
	passwordFile, hookFile := filepath.Join(s.dir, "password"), filepath.Join(s.dir, "hook-secret")
	write := func(path, text string, mode os.FileMode) {
		s.must(os.WriteFile(path, []byte(text), mode))
		s.must(os.Chmod(path, mode))
	}
	s.sql(s.server.DB(), "CREATE USER octail@'127.0.0.1' IDENTIFIED BY '"+password+"'", "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO octail@'127.0.0.1'", "GRANT SELECT ON shop.* TO octail@'127.0.0.1'")
	s.conf.user, s.conf.password = "octail", "${file:"+passwordFile+"}"
	s.conf.http = fmt.Sprintf(`listen: "127.0.0.1:%d", token: %s`, s.freePort(), token)
	s.conf.sinks[1] = fmt.Sprintf(`{name: hook, type: webhook, url: "http://%s/events", secret: "${file:%s}"}`, s.hook.addr, hookFile)
	s.configure()
	write(hookFile, first, 0o600)
	for what, prepare := range map[string]func(){
		"missing": func() { _ = os.Remove(passwordFile) },
		"empty":   func() { write(passwordFile, "", 0o600) },
	} {
		prepare()
		code, out := s.command("run")
		s.want(code == 2 && strings.Contains(out, passwordFile), "%s: exit code %d: %s", what, code, out)
	}
	var seen []string // all that octail has said
	write(passwordFile, password, 0o644)
	_, out := s.command("check", "--offline")
	seen = append(seen, out)
	s.want(strings.Contains(out, passwordFile) && strings.Contains(out, "chmod"), "a secret that all can read is not said: %s", out)
	write(passwordFile, password+"\n", 0o600)

	signedBy := s.signatures()
	s.ready()
	s.settle()
	s.want(signedBy(first) && !signedBy(second), "the first events are not signed with the first secret")
	write(hookFile, second+"\n", 0o600)
	code, out := s.command("reload")
	seen = append(seen, out)
	s.want(code == 0, "reload ends with %d: %s", code, out)
	signedBy = s.signatures()
	s.place(2)
	s.until("an event that is signed with the new secret", func() bool { return signedBy(second) })
	s.want(!signedBy(first), "the old secret is still used")

	// A receiver that gives back what it was sent, in an error and in a page.
	var echo sync.Once
	s.hook.does(func(q *request) {
		echo.Do(func() {
			q.refuse(400, fmt.Sprintf("%v %s", q.r.Header, q.body))
		})
	})
	s.place(1)
	s.until("the dead letter", func() bool { st, err := s.agent.status(); return err == nil && st.sink("hook").Dead == 1 })
	s.hook.does(nil)
	s.works("dead", "retry", "--all")
	s.recover()
	page := "http://" + s.listening()
	for _, path := range []string{"/", "/metrics", "/api/v1/status", "/api/v1/trace?entity=order&key=1", "/api/v1/dead"} {
		_, _, body := s.web(page+path, token)
		seen = append(seen, body)
	}
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"check"}, {"dead", "list"}, {"dead", "list", "--json"}, {"trace", "order", "1"}, {"trace", "--json", "order", "3"}} {
		_, out := s.command(args...)
		seen = append(seen, out)
	}
	seen = append(seen, s.agent.log.String())
	hits := 0
	for _, text := range seen {
		for _, value := range []string{password, first, second, token, strings.TrimPrefix(first, "whsec_"), strings.TrimPrefix(second, "whsec_")} {
			hits += strings.Count(text, value)
		}
	}
	s.figure("hits", hits)
	s.want(hits == 0, "a secret is shown %d times", hits)
}

// signatures notes with what the requests from now on are signed.
func (s *scene) signatures() (signedBy func(secret string) bool) {
	type signed struct{ text, signature string }
	var mu sync.Mutex
	var all []signed
	s.hook.does(func(q *request) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, signed{q.id + "." + q.r.Header.Get("Webhook-Timestamp") + "." + string(q.body), q.r.Header.Get("Webhook-Signature")})
	})
	return func(secret string) bool {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		s.must(err)
		mu.Lock()
		defer mu.Unlock()
		for _, one := range all {
			sum := hmac.New(sha256.New, key)
			sum.Write([]byte(one.text))
			if strings.Contains(one.signature, "v1,"+base64.StdEncoding.EncodeToString(sum.Sum(nil))) {
				return true
			}
		}
		return false
	}
}
