//go:build odoo

package odoo

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"octail/internal/odootest"
)

// cutter is a proxy before Odoo that ends the connection of one call.
type cutter struct {
	target string
	how    string // before Odoo has it; after Odoo has done it; during: while Odoo is still at it

	mu   sync.Mutex
	left int // calls until it cuts; it cuts once
	cuts int
	busy sync.WaitGroup
}

func (c *cutter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	c.left--
	cut := c.left == 0
	if cut {
		c.cuts++
	}
	c.mu.Unlock()
	if !cut {
		status, header, answer := c.forward(r, body)
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status)
		w.Write(answer)
		return
	}
	switch c.how {
	case "after":
		c.forward(r, body)
	case "during":
		c.busy.Add(1)
		go func() {
			defer c.busy.Done()
			c.forward(r, body)
		}()
	}
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

func (c *cutter) forward(r *http.Request, body []byte) (int, http.Header, []byte) {
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, c.target+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		return http.StatusBadGateway, nil, nil
	}
	out.Header = r.Header.Clone()
	answer, err := http.DefaultClient.Do(out)
	if err != nil {
		return http.StatusBadGateway, nil, nil
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, http.Header{"Content-Type": answer.Header["Content-Type"]}, text
}

// TestCutOff ends the connection at each call on an order's way to delivered and paid,
// before, after and while Odoo does what was asked. What comes of it is one order with one
// transfer, one invoice and one payment.
func TestCutOff(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		var total int
		step := 3 // each call is cut in one way, and with odootest.Full in all of them
		if odootest.Full() {
			step = 1
		}
		for i, how := range []string{"before", "after", "during"} {
			for n := 1 + i%step; ; n += step {
				c := &cutter{target: b.odoo.URL, how: how}
				server := httptest.NewServer(c)
				s := b.open(server.URL)
				o := b.order("p_1", "p_3")
				b.say(b.say(o, paid, "paid"), delivered, "on its way")
				o.payment.journal = b.journal()
				// What is asked once in a sink's life is asked before the counting.
				for _, m := range []string{"sale.order", "stock.picking", "stock.move", "sale.advance.payment.inv", "account.move"} {
					if _, err := s.has(t.Context(), m, "id"); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := s.rpc.Version(t.Context()); err != nil {
					t.Fatal(err)
				}
				c.mu.Lock()
				c.left = n
				c.mu.Unlock()
				tries := 0
				for ; tries < 5; tries++ {
					o.held, o.isNew, o.item.err = nil, true, nil
					err := s.advance(t.Context(), []*saleOrder{o})
					if err == nil {
						err = s.notes(t.Context(), []*saleOrder{o})
					}
					if err == nil {
						err = o.item.err
					}
					if err == nil {
						break
					}
				}
				c.busy.Wait()
				server.Close()
				label := how + " call " + strconv.Itoa(n)
				if tries == 5 {
					t.Errorf("%s: it does not get there: %v", label, o.item.err)
				}
				if got := b.where(o); got != "sale done posted:paid:44.1:2026-03-02" {
					t.Errorf("%s: %s", label, got)
				}
				ref := o.doc.Number
				var field string
				for _, f := range []string{"memo", "ref"} {
					if ok, _ := b.has(t.Context(), "account.payment", f); ok && field == "" {
						field = f
					}
				}
				if p := b.find("account.payment", []string{"amount", "state"}, []any{field, "=", ref}); len(p) != 1 {
					t.Errorf("%s: %d payments: %v", label, len(p), p)
				}
				if m := b.find("mail.message", []string{"id"}, []any{"model", "=", "sale.order"}, []any{"res_id", "=", o.id}, []any{"body", "like", "Shop: "}); len(m) != 2 {
					t.Errorf("%s: %d notes", label, len(m))
				}
				if c.cuts == 0 {
					break
				}
				total++
			}
		}
		t.Log(total, "cuts")
	})
}
