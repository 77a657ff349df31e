//go:build odoo

package odoo

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/transform/document"
)

// bench is a database with some products, and orders made in it as a sink would.
type bench struct {
	*sink
	t      *testing.T
	odoo   *odootest.Odoo
	admin  *rpc.Client
	orders int64
}

// bench returns a sink and its bench; url is where the sink finds Odoo, "": directly.
func newBench(t *testing.T, version int) *bench {
	t.Helper()
	o := odootest.Database(t, version)
	b := &bench{t: t, odoo: o}
	b.sink = b.open(o.URL)
	admin, err := rpc.New(rpc.Options{URL: o.URL, Database: o.Database, Key: o.AdminKey, Login: o.AdminLogin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	b.admin = admin
	storable := map[string]string{"type": "product"}
	if ok, err := b.has(t.Context(), "product.product", "is_storable"); err != nil {
		t.Fatal(err)
	} else if ok {
		storable = map[string]string{"type": "consu", "is_storable": "True"}
	}
	for name, cells := range map[string]map[string]string{
		"p_1": {"invoice_policy": "order"},
		"p_2": {"invoice_policy": "order", "type": "service"},
		"p_3": {"invoice_policy": "delivery"},
		"p_4": {"invoice_policy": "order", "tracking": "lot"},
	} {
		cells["name"], cells["taxes_id/.id"], cells["list_price"] = name, "", "7"
		for k, v := range storable {
			if cells["type"] != "service" {
				if _, ok := cells[k]; !ok {
					cells[k] = v
				}
			}
		}
		b.make("product.product", name, cells)
	}
	b.plainInvoices()
	b.make("res.partner", "c_1", map[string]string{"name": "Ann Example", "email": "ann@example.com"})
	return b
}

func (b *bench) open(url string) *sink {
	cfg := defaults()
	cfg.Mappings.Status = map[string]string{}
	for i, name := range saleStates {
		cfg.Mappings.Status[strconv.Itoa(i)] = name
	}
	client, err := rpc.New(rpc.Options{URL: url, Database: b.odoo.Database, Key: b.odoo.Key, Login: b.odoo.Login})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(client.Close)
	return &sink{cfg: cfg, prefix: "octail_test", log: slog.New(slog.DiscardHandler), rpc: client}
}

func (b *bench) make(model, name string, cells map[string]string) int64 {
	b.t.Helper()
	r := &record{xid: b.xid(name), cells: cells, item: &item{}}
	if err := b.load(b.t.Context(), model, []*record{r}, nil); err != nil {
		b.t.Fatal(err)
	}
	if r.item.err != nil {
		b.t.Fatal(r.item.err, sinks.ExchangeOf(r.item.err).Answer)
	}
	return r.id
}

// order makes one in Odoo, with a line of each product, as a draft.
func (b *bench) order(products ...string) *saleOrder {
	b.t.Helper()
	b.orders++
	id := 1000 + b.orders
	r := &record{xid: b.xid(orderName(id)), cells: map[string]string{"partner_id/id": b.xid("c_1"), "client_order_ref": strconv.FormatInt(id, 10)}, under: map[string][]record{}, item: &item{}}
	for i, p := range products {
		r.under["order_line"] = append(r.under["order_line"], record{xid: b.xid(lineName(id, int64(i+1))), cells: map[string]string{
			"product_id/id": b.xid(p), "product_uom_qty": "3", "price_unit": "7.35", "name": p}})
	}
	if err := b.load(b.t.Context(), "sale.order", []*record{r}, nil); err != nil {
		b.t.Fatal(err)
	}
	if r.item.err != nil {
		b.t.Fatal(r.item.err, sinks.ExchangeOf(r.item.err).Answer)
	}
	o := &saleOrder{id: r.id, doc: &document.Order{ID: id, Number: strconv.FormatInt(id, 10)}}
	b.say(o, draft, "")
	o.isNew = true
	return o
}

var firstStep = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// say is a step of the shop's history, a day after the one before.
func (b *bench) say(o *saleOrder, state saleState, text string) *saleOrder {
	former, _ := json.Marshal(o.doc.History)
	at := firstStep.AddDate(0, 0, len(o.doc.History)).Format(time.RFC3339)
	name := "Status " + state.String()
	o.doc.Status = document.Status{ID: int64(state), Name: &name}
	o.doc.History = append(o.doc.History, document.HistoryStep{Status: o.doc.Status, Comment: text, At: &at})
	doc, err := json.Marshal(o.doc)
	if err != nil {
		b.t.Fatal(err)
	}
	d := &sinks.Delivery{}
	d.Data = document.AppendData(nil, []string{"history", "status"}, map[string][]byte{"history": former}, doc)
	o.item, o.held, o.isNew = &item{Delivery: d}, nil, false
	return o
}

// go advances orders and returns their errors.
func (b *bench) advanced(s *sink, orders ...*saleOrder) error {
	b.t.Helper()
	if err := s.advance(b.t.Context(), orders); err != nil {
		return err
	}
	for _, o := range orders {
		if o.item.err != nil {
			return o.item.err
		}
	}
	return nil
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err, "\n", sinks.ExchangeOf(err).Request, "\n", sinks.ExchangeOf(err).Answer)
	}
}

// find reads records of a model.
func (b *bench) find(model string, fields []string, domain ...any) []map[string]any {
	b.t.Helper()
	var out []map[string]any
	b.must(b.admin.SearchRead(b.t.Context(), model, rpc.Find{Domain: domain, Fields: fields, Order: "id"}, &out))
	return out
}

// where is an order in short: its state, its transfers, its bills.
func (b *bench) where(o *saleOrder) string {
	b.t.Helper()
	var h []struct {
		State    string
		Locked   bool
		Pickings []int64 `json:"picking_ids"`
		Invoices []int64 `json:"invoice_ids"`
	}
	fields, err := b.existing(b.t.Context(), "sale.order", []string{"state", "picking_ids", "invoice_ids"}, "locked")
	b.must(err)
	b.must(b.rpc.Read(b.t.Context(), "sale.order", []int64{o.id}, fields, nil, &h))
	text := h[0].State
	if h[0].Locked {
		text = stateDone
	}
	for _, p := range b.find("stock.picking", []string{"state"}, []any{"id", "in", h[0].Pickings}) {
		text += fmt.Sprint(" ", p["state"])
	}
	for _, m := range b.find("account.move", []string{"state", "payment_state", "amount_total", "invoice_date"}, []any{"id", "in", h[0].Invoices}) {
		text += fmt.Sprint(" ", m["state"], ":", m["payment_state"], ":", m["amount_total"], ":", m["invoice_date"])
	}
	return text
}

func (b *bench) is(o *saleOrder, want string) {
	b.t.Helper()
	if got := b.where(o); !strings.HasPrefix(got, want) || want == "" {
		b.t.Errorf("order %d is %q, want %q", o.doc.ID, got, want)
	}
}

func onBenches(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	eachVersion(t, everywhere, func(t *testing.T, v int) { f(t, newBench(t, v)) })
}

func TestStates(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		var orders []*saleOrder
		for _, st := range []saleState{draft, sent, confirmed, cancelled, locked} {
			orders = append(orders, b.say(b.order("p_1", "p_2"), st, ""))
		}
		for round := range 2 { // again: nothing is done
			before := b.rpc.Calls()
			b.must(b.advanced(b.sink, orders...))
			t.Log(b.rpc.Calls()-before, "calls")
			for i, want := range []string{stateDraft, stateSent, "sale assigned", stateCancel, "done"} {
				if i == 2 || i == 4 { // no stock: it waits for some
					want = strings.Replace(want, "assigned", "confirmed", 1)
				}
				b.is(orders[i], want)
			}
			for _, o := range orders {
				o.item.err = nil
			}
			_ = round
		}
		again := orders[3]
		b.must(b.advanced(b.sink, b.say(again, confirmed, "")))
		b.is(again, "sale")
		b.must(b.advanced(b.sink, b.say(again, cancelled, "")))
		b.is(again, "cancel cancel")
		b.must(b.advanced(b.sink, b.say(again, draft, "")))
		b.is(again, "draft")
		b.must(b.advanced(b.sink, b.say(orders[4], cancelled, "")))
		b.is(orders[4], "cancel")
		b.must(b.advanced(b.sink, b.say(orders[2], draft, ""))) // never back
		b.is(orders[2], "sale")
	})
}

func TestBatchConfirm(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		var orders []*saleOrder
		for range 20 {
			orders = append(orders, b.say(b.order("p_1"), confirmed, ""))
		}
		b.must(b.reread(t.Context(), orders))
		before := b.rpc.Calls()
		b.must(b.advanced(b.sink, orders...))
		if n := b.rpc.Calls() - before; n != 2 {
			t.Errorf("%d calls for 20 orders", n)
		}
		for _, o := range orders {
			if o.held.State != stateSale {
				t.Error(o.held.State)
			}
		}
		if mails := b.find("mail.mail", []string{"id"}); len(mails) > 0 {
			t.Error(len(mails), "mails")
		}
	})
}

func TestNotes(t *testing.T) {
	onBenches(t, func(t *testing.T, b *bench) {
		o := b.order("p_1")
		b.say(o, confirmed, "Paid <b>now</b> & \"fast\"\nthanks 🙂")
		b.say(o, confirmed, "")
		write := func() []map[string]any {
			t.Helper()
			b.must(b.notes(context.Background(), []*saleOrder{o}))
			b.must(o.item.err)
			return b.find("mail.message", []string{"body", "date", "subtype_id", "message_type"}, []any{"model", "=", "sale.order"}, []any{"res_id", "=", o.id}, []any{"subtype_id.name", "=", "Note"})
		}
		if got := write(); len(got) != 0 {
			t.Fatal("a note that the revision before had:", got)
		}
		o.isNew = true
		write()
		got := write()
		if len(got) != 1 {
			t.Fatal(got)
		}
		want := "<p><b>Shop: Status confirmed, 2026-03-02 10:00:00 UTC</b></p><p>Paid &lt;b&gt;now&lt;/b&gt; &amp; \"fast\"<br>thanks 🙂</p>"
		if body := got[0]["body"]; body != want || got[0]["date"] != "2026-03-02 10:00:00" {
			t.Errorf("%v %v", body, got[0]["date"])
		}
		b.say(o, confirmed, "two")
		b.say(o, confirmed, "three")
		calls := b.rpc.Calls()
		b.must(b.notes(context.Background(), []*saleOrder{o}))
		if n := b.rpc.Calls() - calls; n != 1 {
			t.Error(n, "calls")
		}
		o.item.Again = true
		if got := write(); len(got) != 3 {
			t.Errorf("%d notes: %v", len(got), got)
		}
		for range 2 {
			b.must(b.tell(context.Background(), o, "lots", "Do it <now>"))
		}
		if got := b.find("mail.activity", []string{"note", "user_id"}, []any{"res_id", "=", o.id}); len(got) != 1 {
			t.Error(got)
		} else {
			t.Log(got)
		}
		if got := write(); len(got) != 4 {
			t.Errorf("%d notes: %v", len(got), got)
		}
	})
}

func argsOf(ids ...int64) rpc.Args {
	return rpc.Args{IDs: ids, Context: silent(map[string]any{"disable_cancel_warning": true})}
}

// plainInvoices switches Factur-X off: Debian's Odoo 14 takes the XML it makes of an
// invoice for an SVG image, and lets nobody but administrators post.
func (b *bench) plainInvoices() {
	b.t.Helper()
	if ok, err := b.has(b.t.Context(), "account.journal", "edi_format_ids"); err != nil || !ok {
		b.must(err)
		return
	}
	for _, j := range b.find("account.journal", []string{"id"}, []any{"type", "=", "sale"}) {
		b.must(b.admin.Write(b.t.Context(), "account.journal", []int64{int64(j["id"].(float64))}, map[string]any{"edi_format_ids": []any{[]any{5}}}, nil))
	}
}
