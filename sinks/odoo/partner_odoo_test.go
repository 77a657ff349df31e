//go:build odoo

package odoo

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"octail/internal/config"
	"octail/internal/odootest"
	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/sinks/sinktest"
	"octail/transform/document"
)

var databaseFor, databaseWithVAT = odootest.Database, odootest.WithVAT

// partnerBed is a sink on a database of its own, and an administrator to look at what it
// wrote.
type partnerBed struct {
	*sink
	admin *rpc.Client
	links *sinktest.Links
	log   *strings.Builder
}

// partnersOn runs a test on each version.
func partnersOn(t *testing.T, settings string, test func(t *testing.T, b *partnerBed)) {
	t.Helper()
	eachVersion(t, everywhere, func(t *testing.T, version int) { test(t, newPartnerBed(t, databaseFor(t, version), settings)) })
}

func newPartnerBed(t *testing.T, o *odootest.Odoo, settings string) *partnerBed {
	b := &partnerBed{links: &sinktest.Links{}, log: &strings.Builder{}}
	into := Plugin.Settings()
	text := fmt.Sprintf("url: %s\ndatabase: %s\nlogin: %s\napi_key: %s\n%s", o.URL, o.Database, o.Login, o.Key, settings)
	if _, err := config.Decode("sink.yaml", []byte(text), into); err != nil {
		t.Fatal(err)
	}
	opened, err := Plugin.Open(into, sinks.Env{Name: "erp", Shop: "main-shop", Links: b.links, Log: slog.New(slog.NewTextHandler(b.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	b.sink = opened.(*sink)
	if b.admin, err = rpc.New(rpc.Options{URL: o.URL, Database: o.Database, Login: o.AdminLogin, Key: o.AdminKey}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Close()
		b.admin.Close()
		if t.Failed() {
			t.Log(b.log.String())
		}
	})
	return b
}

// shopEvent is a delivery from the shop.
func shopEvent(entity string, id int64, kind string, revision int64, doc any, previous map[string]any) sinks.Delivery {
	raw, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	var changed []string
	before := map[string][]byte{}
	for name, v := range previous {
		changed = append(changed, name)
		before[name], _ = json.Marshal(v)
	}
	return sinks.Delivery{Attempt: 1, Event: document.Event{
		Key: document.Key{Entity: entity, ID: id}, Kind: kind, Revision: revision, Origin: document.FromShop, Data: document.AppendData(nil, changed, before, raw),
	}}
}

func newCustomer(c *document.Customer) sinks.Delivery {
	return shopEvent(document.CustomerEntity, c.ID, document.Created, 1, c, nil)
}

// changedCustomer is his next revision, with the former values that are known.
func changedCustomer(c *document.Customer, previous map[string]any) sinks.Delivery {
	return shopEvent(document.CustomerEntity, c.ID, document.Updated, 2, c, previous)
}

// deliver fails the test when anything is refused.
func (b *partnerBed) deliver(t *testing.T, batch ...sinks.Delivery) {
	t.Helper()
	if err := b.Deliver(t.Context(), batch); err != nil {
		x := sinks.ExchangeOf(err)
		t.Fatalf("%v\n%+v", err, x)
	}
}

// calls is how many calls something took.
func (b *partnerBed) calls(does func()) int64 {
	before := b.rpc.Calls()
	does()
	return b.rpc.Calls() - before
}

// contactIs reads a contact as the administrator and compares fields as JSON gave them.
func (b *partnerBed) contactIs(t *testing.T, id int64, want map[string]any) {
	t.Helper()
	var fields []string
	for f := range want {
		fields = append(fields, f)
	}
	var got []map[string]any
	if err := b.admin.SearchRead(t.Context(), partnerModel, rpc.Find{Domain: []any{[]any{"id", "=", id}}, Fields: fields, Context: map[string]any{"active_test": false}}, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("contact %d: there are %d", id, len(got))
	}
	for f, v := range want {
		is := got[0][f]
		if pair, ok := is.([]any); ok && len(pair) == 2 { // a many2one, by its name
			if name, ok := pair[1].(string); ok {
				is = name
			}
		}
		if fmt.Sprint(is) != fmt.Sprint(v) {
			t.Errorf("contact %d: %s is %v, want %v", id, f, is, v)
		}
	}
}

// shopCustomer is a customer with one address, whose texts tell the customers apart.
func shopCustomer(id int64) *document.Customer {
	yes := true
	return &document.Customer{
		ID: id, Group: document.Named{ID: 1, Name: str("Default")}, FirstName: "Ann", LastName: fmt.Sprint("Lee ", id), Email: fmt.Sprintf("ann%d@example.com", id),
		Phone: "+44 20 7946 0" + fmt.Sprint(100+id), Language: document.Some("en-gb"), Enabled: true,
		Addresses: []document.Address{{ID: &id, Default: &yes, FirstName: "Ann", LastName: fmt.Sprint("Lee ", id), Address1: fmt.Sprint(id, " Main Street"),
			City: "Los Angeles", Postcode: "90001", Country: &document.Country{Code: str("US"), Name: "United States"}, Zone: &document.Zone{Code: str("CA"), Name: "California"}}},
	}
}

func str(s string) *string { return &s }

// contacts finds contacts, archived ones too.
func (b *partnerBed) contactsWhere(t *testing.T, domain ...any) []*current {
	t.Helper()
	var out []*current
	err := b.admin.SearchRead(t.Context(), partnerModel, rpc.Find{Domain: domain, Fields: append([]string{"type"}, currentFields...), Order: "id", Context: map[string]any{"active_test": false}}, &out)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// contact is where a customer is.
func (b *partnerBed) contactAt(t *testing.T, id int64) contact {
	t.Helper()
	c, _, err := b.linkOf(t.Context(), document.Key{Entity: document.CustomerEntity, ID: id})
	if err != nil || c.id == 0 {
		t.Fatalf("customer %d has no contact: %v", id, err)
	}
	return c
}

// again is another sink as after a restart: on the same Odoo, with the journal's links or
// without.
func (b *partnerBed) again(links sinks.Links) *sink {
	return &sink{cfg: b.cfg, shop: b.shop, prefix: b.prefix, log: b.sink.log, links: links, rpc: b.rpc}
}

// says is what a contact says.
func (b *partnerBed) says(t *testing.T, id int64) *current {
	t.Helper()
	are, err := b.currents(t.Context(), []int64{id})
	if err != nil || are[id] == nil {
		t.Fatalf("contact %d: %v", id, err)
	}
	return are[id]
}

func TestTwentyNewCustomersTakeTwoCalls(t *testing.T) {
	partnersOn(t, "customers: {match: [email]}", func(t *testing.T, b *partnerBed) {
		base := int64(100)
		b.deliver(t, newCustomer(shopCustomer(base))) // what this Odoo is and has
		var batch []sinks.Delivery
		for i := range int64(20) {
			batch = append(batch, newCustomer(shopCustomer(base+1+i)))
		}
		calls := b.calls(func() { b.deliver(t, batch...) })
		t.Logf("20 new customers: %d calls", calls)
		if calls > 2 {
			t.Errorf("%d calls", calls)
		}
		var fill []sinks.Delivery
		for i := range int64(20) {
			d := newCustomer(shopCustomer(500 + i))
			d.Origin = document.FromSnapshot
			fill = append(fill, d)
		}
		if calls := b.calls(func() { b.deliver(t, fill...) }); calls > 2 {
			t.Errorf("20 customers of the first fill: %d calls", calls)
		}
		for i := range int64(21) {
			c := b.contactAt(t, base+i)
			is := b.says(t, c.id)
			if !c.own || string(is.Name) != fmt.Sprint("Ann Lee ", base+i) || string(is.Street) != fmt.Sprint(base+i, " Main Street") || is.Country.Name != "United States" || !strings.HasPrefix(is.State.Name, "California") ||
				string(is.Ref) != fmt.Sprintf("%s-%d", b.shop, base+i) {
				t.Errorf("customer %d: %+v", base+i, is)
			}
			below := b.contactsWhere(t, []any{"parent_id", "=", c.id})
			if len(below) != 1 || string(below[0].Street) != string(is.Street) || string(below[0].Email) != string(is.Email) {
				t.Errorf("customer %d: below is %+v", base+i, below)
			}
		}
		// The same again, as after a lost answer: with and without what octail knows.
		for _, s := range []*sink{b.sink, b.again(b.links), b.again(&sinktest.Links{}), b.again(nil)} {
			if err := s.Deliver(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		if all := b.contactsWhere(t, []any{"ref", "like", b.shop + "-"}); len(all) != 41 {
			t.Errorf("%d contacts", len(all))
		}
		if all := b.contactsWhere(t, []any{"street", "like", "Main Street"}, []any{"email", "in", []any{"ann101@example.com"}}); len(all) != 2*1 {
			t.Errorf("%d contacts of one customer, with its address", len(all))
		}
	})
}

// made is a contact a person made.
func (b *partnerBed) personContact(t *testing.T, values map[string]any) int64 {
	t.Helper()
	ids, err := b.admin.Create(t.Context(), partnerModel, []map[string]any{values}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ids[0]
}

func orderOf(c *document.Customer, id int64) *document.Order {
	o := &document.Order{ID: id, Number: fmt.Sprint(id), Customer: document.OrderCustomer{FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, Phone: c.Phone}, Language: str("en-gb")}
	if c.ID != 0 {
		o.Customer.ID = &c.ID
	}
	if len(c.Addresses) > 0 {
		a := c.Addresses[0]
		a.ID, a.Default = nil, nil
		o.BillingAddress, o.ShippingAddress = &a, &a
	}
	return o
}

// addressed brings the partners of orders into Odoo.
func addressed(t *testing.T, s *sink, docs ...*document.Order) []*saleOrder {
	t.Helper()
	var orders []*saleOrder
	for _, d := range docs {
		in := shopEvent(document.OrderEntity, d.ID, document.Created, 1, d, nil)
		orders = append(orders, &saleOrder{item: &item{Delivery: &in}, doc: d})
	}
	if err := s.addressees(context.Background(), orders); err != nil {
		t.Fatal(err)
	}
	return orders
}

func TestAddresseesOfOrders(t *testing.T) {
	partnersOn(t, "customers: {match: [email]}", func(t *testing.T, b *partnerBed) {
		c := shopCustomer(200)
		b.deliver(t, newCustomer(c))
		is := b.contactAt(t, 200)
		var orders []*saleOrder
		if n := b.calls(func() { orders = addressed(t, b.sink, orderOf(c, 1)) }); n != 0 {
			t.Errorf("an order to an address of the book takes %d calls", n)
		}
		to := orders[0].to
		if orders[0].item.err != nil || to.partner != is.id || to.invoice == is.id || to.invoice != to.delivery || to.delivery == 0 {
			t.Errorf("%+v, the contact is %d: %v", to, is.id, orders[0].item.err)
		}
		other := orderOf(c, 2)
		a := *other.ShippingAddress
		a.FirstName, a.Company, a.Address1, a.Zone = "Bob", "ACME", "2 Dock", &document.Zone{Name: "Nowhere"}
		other.ShippingAddress = &a
		gone := orderOf(shopCustomer(201), 3)
		guest := shopCustomer(0)
		guest.Email = "guest@example.com"
		for _, s := range []*sink{b.sink, b.again(b.links), b.again(nil)} {
			again := addressed(t, s, orderOf(c, 1), other, gone, orderOf(guest, 4), orderOf(guest, 5))
			for i, o := range again {
				if o.item.err != nil {
					t.Fatal(o.item.err, sinks.ExchangeOf(o.item.err))
				}
				if i < len(orders) && orders[i].to != o.to {
					t.Errorf("order %d: %+v, before %+v", o.doc.ID, o.to, orders[i].to)
				}
			}
			orders = again
			if again[1].to.partner != is.id || again[1].to.invoice != to.invoice || again[1].to.delivery == to.delivery {
				t.Errorf("%+v", again[1].to)
			}
			b.contactIs(t, again[1].to.delivery, map[string]any{"name": "ACME, Bob Lee 200", "street": "2 Dock", "street2": "Nowhere", "type": "delivery"})
			if again[3].to.partner == again[4].to.partner {
				t.Errorf("two guests are one contact")
			}
		}
		b.contactIs(t, orders[2].to.partner, map[string]any{"name": "Ann Lee 201", "email": "ann201@example.com", "street": "201 Main Street", "parent_id": false})
		// The order's word does not stand over the shop's.
		old := orderOf(c, 6)
		old.Customer.LastName, old.Customer.Email = "Former", "former@example.com"
		addressed(t, b.again(nil), old)
		if is := b.says(t, is.id); string(is.Name) != "Ann Lee 200" || string(is.Email) != "ann200@example.com" {
			t.Errorf("%+v", is)
		}
	})
}

func TestContactsAreAdoptedOnce(t *testing.T) {
	partnersOn(t, "customers: {match: [email, phone, ref]}", func(t *testing.T, b *partnerBed) {
		one := b.personContact(t, map[string]any{"name": "Lee & Sons", "email": "Ann <ANN300@example.com>", "street": "Old Road 1", "comment": "Pays late"})
		b.personContact(t, map[string]any{"name": "Twin", "email": "ann301@example.com"})
		b.personContact(t, map[string]any{"name": "Twin", "email": "ann301@example.com"})
		phone := b.personContact(t, map[string]any{"name": "By Phone", "phone": "+44 (20) 7946-0402"})
		other := shopCustomer(303)
		other.Email, other.Phone = "ann300@example.com", ""
		byPhone := shopCustomer(302)
		byPhone.Email, byPhone.Phone = "", "+44 20 7946 0402"
		batch := []sinks.Delivery{newCustomer(shopCustomer(300)), newCustomer(shopCustomer(301)), newCustomer(byPhone), newCustomer(other)}
		for n, s := range []*sink{b.sink, b.again(b.links), b.again(&sinktest.Links{}), b.again(nil)} {
			if err := s.Deliver(t.Context(), batch); err != nil {
				t.Fatal(err, sinks.ExchangeOf(err))
			}
			if n == 0 && !strings.Contains(b.log.String(), "several contacts match") {
				t.Error("that two match was not said")
			}
		}
		if c := b.contactAt(t, 300); c.id != one || c.own {
			t.Errorf("300 is %+v, not %d", c, one)
		}
		if c := b.contactAt(t, 301); !c.own {
			t.Errorf("301 is %+v", c)
		}
		if c := b.contactAt(t, 302); c.id != phone {
			t.Errorf("302 is %+v, not %d", c, phone)
		}
		if c := b.contactAt(t, 303); !c.own || c.id == one {
			t.Errorf("303 is %+v", c)
		}
		b.contactIs(t, one, map[string]any{"name": "Lee & Sons", "street": "300 Main Street", "city": "Los Angeles", "phone": "+44 20 7946 0400"})
		if n := len(b.contactsWhere(t, []any{"email_normalized", "=", "ann300@example.com"}, []any{"parent_id", "=", false})); n != 2 {
			t.Errorf("%d contacts with the address", n)
		}
	})
}
