package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"octail/sinks/sinktest/receiver"
)

// connectors are the cases about entities that hang together, and about what a target
// writes back.
var connectors = []fault{
	{"F38", "order deleted; customer erased", erased, false},
	{"F53", "a payment method has no mapping", unmapped, false},
	{"F54", "an order's customer is not in the target yet", orphaned, false},
	{"F55", "a target writes status and stock back into the shop", echoed, false},
}

func erased(s *scene) {
	s.openDefault()
	s.openMirror()
	s.ready()
	p := s.shop.RandomPerson()
	p.FirstName, p.LastName, p.Email, p.Telephone = "Zacharina", "Quivermoor", "zq.erase@example.com", "+44 1632 960961"
	customer, err := s.shop.Register(s.ctx, p)
	s.must(err)
	c, err := s.shop.RandomCheckout(s.ctx)
	s.must(err)
	c.CustomerID, c.Guest = customer, p
	c.Address.FirstName, c.Address.LastName = p.FirstName, p.LastName
	order, err := s.shop.Order(s.ctx, c)
	s.must(err)
	s.settle()

	// One of them is refused, so that there is a dead letter with its data.
	s.mirror.Set(receiver.Fault{Do: receiver.Status, Status: 422, Entity: "order", Key: order, Echo: true})
	s.must(s.shop.SetStatus(s.ctx, order, 2, "for Zacharina Quivermoor", false))
	s.until("the dead letter", func() bool { st, err := s.agent.status(); return err == nil && st.sink("mirror").Dead == 1 })
	s.mirror.Calm()

	gone := s.place(1)[0]
	s.until("the order", func() bool { return s.mirrored(gone) })
	s.must(s.shop.DeleteOrder(s.ctx, gone))
	s.until("its tombstone", func() bool { r, _ := s.mirror.Record(fmt.Sprintf("order/%d", gone)); return r.Deleted })
	s.want(strings.HasSuffix(strings.Join(s.events(fmt.Sprintf("order/%d", gone)), ""), "deleted"), "%q", s.events(fmt.Sprintf("order/%d", gone)))

	held := func() (n int) {
		for _, name := range []string{"octail.db", "octail.db-wal"} {
			b, err := os.ReadFile(filepath.Join(s.dir, name))
			if err == nil {
				n += strings.Count(string(b), "Quivermoor")
			}
		}
		return n
	}
	s.want(held() > 0, "what is to be erased is not in the journal before")
	s.works("erase", "customer", fmt.Sprint(customer))
	backup := filepath.Join(s.dir, "backup.db")
	s.works("backup", backup)
	time.Sleep(time.Second)
	hits := 0
	seen := map[string]string{"log": s.agent.log.String()}
	for _, args := range [][]string{{"dead", "list", "--json"}, {"trace", "customer", fmt.Sprint(customer), "--json"}, {"trace", "order", fmt.Sprint(order), "--json"}} {
		_, seen[strings.Join(args, " ")] = s.command(args...)
	}
	s.stop()
	for _, name := range []string{"octail.db", "octail.db-wal", "backup.db"} {
		b, err := os.ReadFile(filepath.Join(s.dir, name))
		if err == nil {
			seen[name] = string(b)
		}
	}
	for what, text := range seen {
		for _, value := range []string{"Zacharina", "Quivermoor", "zq.erase@example.com", "960961"} {
			if n := strings.Count(text, value); n > 0 {
				hits += n
				s.verdict.Notes = append(s.verdict.Notes, fmt.Sprintf("%s: %d times %s", what, n, value))
			}
		}
	}
	s.figure("hits", hits)
	s.want(hits == 0, "what was erased is still there %d times", hits)
	r, _ := s.mirror.Record(fmt.Sprintf("customer/%d", customer))
	s.want(r.Contact == "", "the mirror was not told to erase: %q", r.Contact)
	s.verdict = s.exceptErased(fmt.Sprintf("customer/%d", customer), fmt.Sprintf("order/%d", order))
}

func unmapped(s *scene) {
	s.openDefault()
	s.openMirror("mappings: {payment: {cod: cash}}", "parallel: 1")
	s.ready()
	s.settle()
	c, err := s.shop.RandomCheckout(s.ctx)
	s.must(err)
	id, err := s.shop.Draft(s.ctx, c)
	s.must(err)
	s.sql(s.db, fmt.Sprintf(`UPDATE oc_order SET payment_method = '{"name":"Pay later","code":"paylater.paylater"}' WHERE order_id = %d`, id))
	s.must(s.shop.Confirm(s.ctx, id))
	s.until("the order to be held", func() bool { st, err := s.agent.status(); return err == nil && st.sink("mirror").Parked == 1 })
	others := s.place(3)
	s.until("the others to go on", func() bool { return s.mirrored(others[2]) })
	s.want(!s.mirrored(id), "the order is in the target")
	_, out := s.command("status")
	_, story := s.command("trace", "order", fmt.Sprint(id))
	s.want(strings.Contains(out+story+s.agent.log.String(), "paylater"), "nobody names the method:\n%s\n%s", out, story)
	s.conf.sinks[2] = mirrorSink(s.mirror.URL, "mappings: {payment: {cod: cash, paylater: invoice}}", "parallel: 1")
	s.configure()
	s.works("reload")
	s.figure("released", s.until("the order to be released", func() bool { return s.mirrored(id) }))
	s.recover()
}

// orphaned refuses a customer: his order waits for him, those of others do not.
func orphaned(s *scene) {
	s.openDefault()
	s.openMirror()
	s.ready(hurry(600))
	s.settle()
	p := s.shop.RandomPerson()
	s.mirror.Set(receiver.Fault{Do: receiver.Status, Status: 503, Entity: "customer"})
	customer, err := s.shop.Register(s.ctx, p)
	s.must(err)
	c, err := s.shop.RandomCheckout(s.ctx)
	s.must(err)
	c.CustomerID, c.Guest = customer, p
	id, err := s.shop.Order(s.ctx, c)
	s.must(err)
	others := s.place(3)
	s.until("the orders of others to go on", func() bool { return s.mirrored(others[2]) })
	s.want(!s.mirrored(id), "the order is in the target before its customer")
	time.Sleep(2 * time.Second)
	s.want(!s.mirrored(id), "the order is in the target before its customer")
	st, err := s.agent.status()
	s.must(err)
	s.want(st.sink("mirror").Dead == 0, "a dead letter of one that waits for its parent")
	s.mirror.Calm()
	s.figure("released", s.until("the order to follow its customer", func() bool { return s.mirrored(id) }))
	s.settle()
	s.figure("orphans", s.mirror.Counts().Orphans)
	s.want(s.mirror.Counts().Orphans == 0, "%d records came before their parents", s.mirror.Counts().Orphans)
}

// echoed has the receiver write back what a connector would: an order's status as soon
// as it gets one that is pending, a product's stock as it was counted in the warehouse.
// octail itself writes nothing into the shop: it knows such a change as the shop's own,
// and delivers it once.
func echoed(s *scene) {
	s.openDefault()
	s.openMirror("entities: [order]", "takes: [order]", "parents: {order: []}", "fields: {order: [lines, totals, total, customer]}")
	s.mirrorTakes, s.mirrorPart = []string{"order"}, true
	s.ready()
	s.settle()
	var back, given atomic.Int64 // write-backs, and deliveries of what they touch
	var mu sync.Mutex
	counted := map[string]bool{}
	s.hook.does(func(q *request) {
		var e struct {
			Data struct {
				Document struct {
					ID     int64
					Status struct{ ID int64 }
				}
			}
		}
		entity, key, _ := strings.Cut(q.entity, "/")
		if entity != "order" && entity != "stock" || json.NewDecoder(bytes.NewReader(q.body)).Decode(&e) != nil {
			return
		}
		given.Add(1)
		mu.Lock()
		defer mu.Unlock()
		var query string
		switch {
		case entity == "order":
			query = "UPDATE oc_order SET order_status_id = 2, date_modified = NOW() WHERE order_id = " + key // each time: as a simple connector does
		case entity == "stock":
			query = "UPDATE oc_product SET quantity = 500 WHERE product_id = " + key
		}
		res, err := s.db.ExecContext(s.ctx, query)
		if err != nil {
			return
		}
		if n, err := res.RowsAffected(); err == nil && n > 0 && !counted[q.entity] {
			counted[q.entity] = true
			back.Add(1)
		}
	})
	mirrored := s.mirror.Counts().Requests
	n := pick(s, 10, 4)
	ids := s.place(n)
	s.must(s.shop.ImportStock(s.ctx, 3, 1, 2))
	s.recover()
	rest := given.Load()
	time.Sleep(3 * time.Second)
	s.want(given.Load() == rest, "it does not come to rest: %d deliveries, then %d", rest, given.Load())
	s.settle()
	loops := float64(rest-back.Load()) / float64(back.Load())
	s.figure("written_back", back.Load())
	s.figure("deliveries", rest)
	s.figure("loop_count", fmt.Sprintf("%.1f", loops))
	s.want(loops <= 1.5, "a write-back causes %.1f deliveries", loops)
	extra := s.mirror.Counts().Requests - mirrored - len(ids)
	s.figure("mirror_extra", extra)
	s.want(extra == 0, "a sink that does not read the status was given it %d times", extra)
}
