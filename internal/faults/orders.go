package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"octail/internal/faults/ledger"
	"octail/internal/shoptest"
)

// orders are the cases in which the shop itself does what is hard to follow.
var orders = []fault{
	{"F33", "order edited by staff: all lines deleted and inserted with new ids", edited, false},
	{"F34", "drafts: a checkout writes 30 orders with status 0", drafts, false},
	{"F64", "hostile text in names and comments", hostile, false},
}

// events lists the ids and types of what the receiver was given of an entity.
func (s *scene) events(subject string) (list []string) {
	records, err := ledger.Requests(s.hook.records)
	s.must(err)
	for _, r := range records {
		if r.Subject == subject && r.Stored {
			kind := "kept"
			if r.Deleted {
				kind = "deleted"
			}
			list = append(list, r.ID+" "+kind)
		}
	}
	return list
}

func edited(s *scene) {
	for _, gen := range []shoptest.Generation{shoptest.V3, shoptest.V4} {
		s.part(gen.String(), func(s *scene) {
			s.open(gen)
			s.ready()
			c, err := s.shop.RandomCheckout(s.ctx)
			s.must(err)
			c.Coupon = "" // whose value may be another one at the time of the edit
			id, err := s.shop.Order(s.ctx, c)
			s.must(err)
			s.settle()
			subject := fmt.Sprintf("order/%d", id)
			s.want(len(s.events(subject)) == 1, "%q", s.events(subject))

			items, err := s.shop.Items(s.ctx, id)
			s.must(err)
			s.must(s.shop.EditLines(s.ctx, id, items)) // saved without a change
			s.settle()
			s.want(len(s.events(subject)) == 1, "an edit that changes nothing is delivered: %q", s.events(subject))

			items[0].Quantity++
			s.must(s.shop.EditLines(s.ctx, id, items))
			s.recover()
			want := []string{subject + "@1 kept", subject + "@2 kept"}
			s.want(slices.Equal(s.events(subject), want), "an edit is delivered as %q", s.events(subject))
			s.figure("revisions", 1)
		})
	}
}

func drafts(s *scene) {
	s.openDefault()
	s.ready()
	c, err := s.shop.RandomCheckout(s.ctx)
	s.must(err)
	var last int64
	for range 30 {
		last, err = s.shop.Draft(s.ctx, c)
		s.must(err)
	}
	s.settle()
	delivered := 0
	for id := range last {
		delivered += len(s.events(fmt.Sprintf("order/%d", id+1)))
	}
	s.want(delivered == 0, "%d drafts are delivered", delivered)
	s.must(s.shop.Confirm(s.ctx, last))
	s.recover()
	confirmed := len(s.events(fmt.Sprintf("order/%d", last)))
	s.want(confirmed == 1, "the confirmed one is delivered %d times", confirmed)
	s.figure("drafts", 29)
	s.figure("drafts_delivered", s.verdict.Committed-1)
}

// hostileTexts are what people type who mean harm.
var hostileTexts = []string{
	`<script>alert("octail-1")</script>`, `"><img src=x onerror=alert(2)>`, `=cmd|'/c calc'!A0`, `+1+cmd`, `@SUM(1)`,
	"line\r\nX-Injected: yes\r\n\r\nbody", "level=ERROR msg=\"forged line\"\ntime=2026", "\x1b[31mred\x1b[0m\x07", "{{.Secret}} ${HOME} ${file:/etc/passwd}",
	"%s%s%n%d %!v", "'; DROP TABLE oc_order; --", "\u202egnp.exe", "a\x00b", "🛒 日本語 \u200fעברית\u200f", "&quot;&amp;lt;", "../../../etc/passwd", "{\"a\":[1,2", "]]>--><!--",
}

// hostile orders with such texts: they arrive byte by byte, and are nothing but text
// in the log, in headers, in the status page and in the terminal.
func hostile(s *scene) {
	s.openDefault()
	token := "page-token-4711"
	s.conf.http = fmt.Sprintf(`listen: "127.0.0.1:%d", token: %s`, s.freePort(), token)
	var mu sync.Mutex
	var injected []string
	s.hook.does(func(q *request) {
		for name := range q.r.Header {
			if strings.Contains(strings.ToLower(name), "injected") {
				mu.Lock()
				injected = append(injected, name)
				mu.Unlock()
			}
		}
		if strings.HasPrefix(q.entity, "order/") && !q.again && q.r.Header.Get("Webhook-Id") != "" {
			q.refuse(422, "no: "+string(q.body)) // errors carry it back
			s.hook.does(nil)
		}
	})
	s.ready()
	for i, text := range hostileTexts {
		c, err := s.shop.RandomCheckout(s.ctx)
		s.must(err)
		c.Comment = text
		c.Guest.FirstName, c.Guest.LastName = cut(text, 32), cut(hostileTexts[(i+1)%len(hostileTexts)], 32)
		c.Address.Address1, c.Address.City = text, cut(text, 128)
		_, err = s.shop.Order(s.ctx, c)
		s.must(err)
	}
	p := s.shop.RandomPerson()
	p.FirstName, p.LastName = cut(hostileTexts[0], 32), cut(hostileTexts[2], 32)
	_, err := s.shop.Register(s.ctx, p)
	s.must(err)
	s.must(s.shop.SaveProduct(s.ctx, 1, func(p *shoptest.Product) { p.Texts[0].Name, p.Model = hostileTexts[0], cut(hostileTexts[7], 64) }))
	s.until("the dead letter", func() bool { st, err := s.agent.status(); return err == nil && st.sink("hook").Dead == 1 })
	_, letter := s.command("dead", "list")
	s.want(!strings.ContainsAny(letter, "\x1b\x07\x00\r"), "dead list writes control characters to the terminal")
	s.works("dead", "retry", "--all")
	s.recover()
	s.want(len(injected) == 0, "headers came out of texts: %q", injected)

	log := s.agent.log.String()
	for line := range strings.Lines(log) {
		s.want(strings.HasPrefix(line, "time="), "the log has a line that is none of octail's: %.100q", line)
	}
	s.want(!strings.ContainsAny(log, "\x1b\x07\x00\r"), "control characters are in the log")
	s.want(!strings.Contains(log, "octail-1"), "what a buyer typed is in the log")
	inert := func(what, text string) {
		s.want(!strings.Contains(text, "<script>alert") && !strings.Contains(text, "<img src=x"), "%s has a buyer's markup", what)
		s.want(!strings.ContainsAny(text, "\x1b\x07\x00"), "%s has control characters", what)
	}
	page := "http://" + s.listening()
	for _, path := range []string{"/", "/metrics", "/api/v1/status", "/api/v1/dead", "/healthz"} {
		_, _, body := s.web(page+path, "")
		inert(path, body)
		s.want(!strings.Contains(body, "octail-1"), "%s shows what a buyer typed", path)
	}
	code, header, body := s.web(page+"/api/v1/trace?entity=order&key=1", token)
	s.want(code == http.StatusOK, "trace answers %d: %s", code, body)
	s.want(strings.HasPrefix(header.Get("Content-Type"), "application/json") && header.Get("X-Content-Type-Options") == "nosniff", "trace is served as %q, nosniff %q", header.Get("Content-Type"), header.Get("X-Content-Type-Options"))
	s.want(json.Valid([]byte(body)), "trace is not JSON")
	_, out := s.command("trace", "order", "1")
	s.want(!strings.ContainsAny(out, "\x1b\x07\x00\r"), "trace writes control characters to the terminal")
	_, out = s.command("trace", hostileTexts[0])
	s.want(!strings.ContainsAny(out, "\x1b\x07\x00\r"), "trace writes control characters to the terminal")
	lines, err := os.ReadFile(s.file())
	s.must(err)
	for line := range strings.Lines(string(lines)) {
		s.want(json.Valid([]byte(line)), "a line of the file is not JSON: %.100q", line)
	}
	s.figure("texts", len(hostileTexts))
}

// cut is a text that fits into a column.
func cut(text string, length int) string {
	r := []rune(text)
	return string(r[:min(len(r), length/3)])
}
