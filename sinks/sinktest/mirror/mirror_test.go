package mirror

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"octail/internal/config"
	"octail/internal/leaktest"
	"octail/sinks"
	"octail/sinks/sinktest"
	"octail/sinks/sinktest/receiver"
	"octail/transform/document"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pair is a sink and its receiver.
type pair struct {
	*sink
	r     *receiver.Server
	links *sinktest.Links
}

func newPair(t *testing.T, change func(*Config)) pair {
	t.Helper()
	r, err := receiver.Start(receiver.Options{})
	check(t, err)
	t.Cleanup(func() { r.Close() })
	cfg := defaults()
	cfg.URL = config.URL(r.URL)
	if change != nil {
		change(&cfg)
	}
	l := &sinktest.Links{}
	s, err := Plugin.Open(&cfg, sinks.Env{Name: "mirror", Shop: "main-shop", Log: slog.New(slog.DiscardHandler), Links: l})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return pair{s.(*sink), r, l}
}

// order is a revision of an order of customer 3.
func order(id, revision int64) sinks.Delivery {
	return sinks.Delivery{Attempt: 1, Event: document.Event{
		Key: document.Key{Entity: document.OrderEntity, ID: id}, Shop: "main-shop", Sequence: 100 + revision, Revision: revision, Kind: document.Updated,
		Time: time.Date(2026, 11, 22, 1, 3, 22, 0, time.UTC), Origin: document.FromShop, Schema: 1,
		Data: fmt.Appendf(nil, `{"changed":["comment"],"document":{"id":%d,"comment":"<b>%d","customer":{"id":3},"lines":[{"product_id":42}],"payment":{"method":"cod","code":"cod.cod"}}}`, id, revision),
	}}
}

func deleted(d sinks.Delivery) sinks.Delivery {
	d.Kind = document.Deleted
	return d
}

// link is an entity's.
func (p pair) link(key document.Key) sinks.Link {
	l, _, _ := p.links.Link(context.Background(), key)
	return l
}

func (p pair) deliver(batch ...sinks.Delivery) error { return p.Deliver(context.Background(), batch) }

// TestLinks: what a person has tied counts; what was found is remembered, and looked
// behind when it is gone.
func TestLinks(t *testing.T) {
	p := newPair(t, nil)
	mine, err := p.r.Add()
	check(t, err)
	key := order(7, 1).Key
	p.links.Set(key, sinks.Link{Target: mine, Person: true})
	check(t, p.deliver(order(7, 1)))
	if r, _ := p.r.Record("order/7"); r.Target != mine {
		t.Errorf("written to %s, and a person has linked it with %s", r.Target, mine)
	}
	check(t, p.deliver(order(8, 1)))
	found := p.link(order(8, 1).Key)
	if r, _ := p.r.Record("order/8"); found != (sinks.Link{Target: r.Target}) {
		t.Errorf("remembered %+v of %+v", found, r)
	}
	check(t, p.r.Remove(found.Target)) // by somebody in the target
	check(t, p.deliver(order(8, 2)))
	if r, _ := p.r.Record("order/8"); r.Revision != 2 || p.link(order(8, 1).Key).Target != r.Target || r.Target == found.Target {
		t.Errorf("%+v, %+v", r, p.links)
	}
	check(t, p.r.Remove(mine))
	err = p.deliver(order(7, 2))
	if class, _ := sinks.ClassOf(err); class != sinks.Permanent || !strings.Contains(err.Error(), "octail unlink") {
		t.Error(class, err)
	}
	if _, ok := p.r.Record("order/7"); ok {
		t.Error("another record than the one a person has named was made")
	}
}

// TestLinksInABatch: the same, many at a time.
func TestLinksInABatch(t *testing.T) {
	p := newPair(t, func(c *Config) { c.Batch = 10 })
	check(t, p.deliver(order(7, 1), order(8, 1)))
	check(t, p.r.Remove(p.link(order(8, 1).Key).Target))
	check(t, p.deliver(order(7, 2), order(8, 2)))
	for _, key := range []string{"order/7", "order/8"} {
		if r, _ := p.r.Record(key); r.Revision != 2 || p.link(document.Key{Entity: r.Subject[:5], ID: int64(r.Subject[6] - '0')}).Target != r.Target {
			t.Errorf("%+v, %+v", r, p.links)
		}
	}
}

// TestParents: an order names its customer and its products as the target knows them.
func TestParents(t *testing.T) {
	p := newPair(t, nil)
	customer := order(3, 1)
	customer.Entity = document.CustomerEntity
	check(t, p.deliver(customer))
	check(t, p.deliver(order(7, 1)))
	r, _ := p.r.Record("order/7")
	if c, _ := p.r.Record("customer/3"); len(r.Parents) != 2 || r.Parents["customer/3"] != c.Target || r.Parents["product/42"] != "" {
		t.Errorf("%+v", r.Parents)
	}
	if got := p.r.Counts().Orphans; got != 1 { // the product
		t.Error(got)
	}
}

// TestMapping: what no mapping names holds that order alone, and the message names it.
func TestMapping(t *testing.T) {
	p := newPair(t, func(c *Config) {
		c.Batch, c.Mappings.Payment = 10, map[string]string{"cod.cod": "CASH", "paypal": "PP"}
	})
	other := order(8, 1)
	other.Data = []byte(strings.ReplaceAll(string(other.Data), "cod", "klarna"))
	none := order(9, 1)
	none.Data = []byte(`{"changed":[],"document":{"id":9,"payment":null}}`)
	err := p.deliver(order(7, 1), other, none, deleted(other))
	var part *sinks.BatchError
	if !errors.As(err, &part) || len(part.Failed) != 1 || part.Failed[1] == nil {
		t.Fatal(err)
	}
	kind, ok := sinks.HeldFor(part.Failed[1])
	class, _ := sinks.ClassOf(part.Failed[1])
	if !ok || kind != "payment" || class != sinks.Retryable || !strings.Contains(part.Failed[1].Error(), `order/8@1: payment method "klarna" has no mapping: add it to mappings.payment`) {
		t.Error(kind, class, part.Failed[1])
	}
	if r, _ := p.r.Record("order/7"); r.Payment != "CASH" {
		t.Errorf("%+v", r)
	}
	if r, ok := p.r.Record("order/9"); !ok || r.Payment != "" {
		t.Errorf("%+v", r)
	}
}

// TestBatch: one refused of ten is named, and the others are there.
func TestBatch(t *testing.T) {
	p := newPair(t, func(c *Config) { c.Batch = 10 })
	for _, n := range []int64{2, 5, 9} {
		p.r.Set(receiver.Fault{Do: receiver.Status, Status: 422, Entity: "order", Key: n})
	}
	var batch []sinks.Delivery
	for n := range int64(10) {
		batch = append(batch, order(n+1, 1))
	}
	var part *sinks.BatchError
	if err := p.deliver(batch...); !errors.As(err, &part) || len(part.Failed) != 3 {
		t.Fatal(err)
	}
	for _, i := range []int{1, 4, 8} {
		if class, _ := sinks.ClassOf(part.Failed[i]); class != sinks.Permanent {
			t.Error(i, part.Failed[i])
		}
		e, id := sinks.ExchangeOf(part.Failed[i]), fmt.Sprintf(`"order/%d@1"`, i+1)
		if !strings.Contains(e.Request, id) || !strings.Contains(e.Answer, id) || strings.Count(e.Request+e.Answer, "@1") != 2 {
			t.Errorf("not its own exchange, or not that alone: %+v", e)
		}
	}
	if c := p.r.Counts(); c.Stored != 7 || len(p.r.Records()) != 7 {
		t.Errorf("%+v", c)
	}
	p.r.Calm()
	p.r.Set(receiver.Fault{Do: receiver.RPCError})
	if err := p.deliver(batch...); err == nil || errors.As(err, &part) { // of the whole: nobody knows whose fault it is
		t.Error(err)
	}
}

// TestCompare: what the target lost, kept, or has otherwise is told; the rest is equal.
func TestCompare(t *testing.T) {
	p := newPair(t, func(c *Config) { c.Fields = map[string][]string{"product": {"comment"}} })
	batch := []sinks.Delivery{order(1, 1), order(2, 1), order(3, 1), order(4, 1), order(5, 1), order(6, 1)}
	batch[5].Entity = document.ProductEntity
	check(t, p.deliver(batch[0], deleted(order(5, 1)), batch[5]))
	p.r.Set(receiver.Fault{Do: receiver.Half, Entity: "order", Key: 2}, receiver.Fault{Do: receiver.Lie, Entity: "order", Key: 3})
	check(t, p.deliver(batch[1], batch[2], batch[3]))
	batch[3], batch[4] = deleted(batch[3]), deleted(batch[4])
	batch[5].Data = []byte(strings.Replace(string(batch[5].Data), "cod", "klarna", 1)) // in a field it does not read
	diffs, err := p.Compare(t.Context(), batch)
	check(t, err)
	want := []sinks.Difference{{Index: 1, Fields: []string{"customer", "lines"}}, {Index: 2, Missing: true}, {Index: 3}}
	if !slices.EqualFunc(diffs, want, func(a, b sinks.Difference) bool {
		return a.Index == b.Index && a.Missing == b.Missing && slices.Equal(a.Fields, b.Fields)
	}) {
		t.Errorf("%+v\nwant %+v", diffs, want)
	}
	before := p.r.Counts().Stored
	again := order(2, 1)
	again.Again = true
	p.r.Calm()
	check(t, p.deliver(again)) // as a repair does
	if p.r.Counts().Stored != before+1 {
		t.Error("it was not written again")
	}
}

// TestErase: what is kept beside the document goes.
func TestErase(t *testing.T) {
	p := newPair(t, nil)
	d := order(7, 1)
	d.Data = []byte(strings.Replace(string(d.Data), `"id":3`, `"id":3,"email":"anna@example.com"`, 1))
	check(t, p.deliver(d))
	if r, _ := p.r.Record("order/7"); r.Contact == "" {
		t.Fatal("nothing to erase")
	}
	check(t, p.Erase(t.Context(), d))
	if r, _ := p.r.Record("order/7"); r.Contact != "" {
		t.Error(r.Contact)
	}
}

// TestLies: an answer that does not name record and revision accepts nothing.
func TestLies(t *testing.T) {
	for _, batch := range []int{1, 10} {
		p := newPair(t, func(c *Config) { c.Batch = batch })
		for _, f := range []receiver.Fault{
			{Do: receiver.ErrorBody}, {Do: receiver.RPCError}, {Do: receiver.Login}, {Do: receiver.Empty}, {Do: receiver.Endless},
			{Do: receiver.Status, Status: 200, Body: `{"id":"order/7@1","target":"T1"}`}, {Do: receiver.Status, Status: 200, Body: `{"id":"order/8@1","revision":1,"target":"T1"}`},
			{Do: receiver.Status, Status: 200, Body: `{"results":[]}`}, {Do: receiver.Status, Status: 200, Body: `{"results":[{"id":"order/7@1","revision":1,"target":"T1"}]}`},
			{Do: receiver.Status, Status: 204},
		} {
			p.r.Set(f)
			err := p.deliver(order(7, 1), order(8, 1))
			if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Retryable {
				t.Errorf("%s %q: %v", f.Do, f.Body, err)
			}
			p.r.Calm()
		}
		check(t, p.deliver(order(7, 1), order(8, 1)))
	}
}

// TestCheck: it is a receiver, or it says that it is none.
func TestCheck(t *testing.T) {
	p := newPair(t, nil)
	check(t, p.Check(t.Context()))
	p.r.Set(receiver.Fault{Do: receiver.Login, On: receiver.OnPing, Times: 1}, receiver.Fault{Do: receiver.Status, Status: 401, On: receiver.OnPing})
	if err := p.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "Correct url") {
		t.Error(err)
	}
	if class, _ := sinks.ClassOf(p.Check(t.Context())); class != sinks.Blocked {
		t.Error(class)
	}
}

// TestConfig: settings are strict, and needs are what they say.
func TestConfig(t *testing.T) {
	for text, want := range map[string]string{
		"url: http://127.0.0.1:1/\n": "",
		"url: http://127.0.0.1:1/\nbatch: 10\nparallel: 2\ntakes: [order]\nparents: {order: [customer]}\nfields: {order: [status]}\nmappings: {payment: {cod: CASH}}\ntoken: x\n": "",
		"batch: 0\nparallel: 101\ntakes: [pigeon]\n":           "url: missing|batch: must be|parallel: must be|takes: names a kind",
		"url: http://127.0.0.1:1/\nmappings: {payments: {}}\n": "unknown key",
	} {
		cfg := Plugin.Settings().(*Config)
		_, err := config.Decode("x.yaml", []byte(text), cfg)
		for part := range strings.SplitSeq(want, "|") {
			if (err == nil) != (want == "") || !strings.Contains(fmt.Sprint(err), part) && want != "" {
				t.Errorf("%s\n%v, want %s", text, err, want)
			}
		}
	}
	n := Plugin.Needs(&Config{Batch: 10, Parallel: 2, Takes: []string{"order"}})
	if !n.States || n.Batch != 10 || n.Parallel != 2 || !slices.Equal(n.Entities, []string{"order"}) || Plugin.Needs(&Config{}).Entities != nil {
		t.Errorf("%+v", n)
	}
}
