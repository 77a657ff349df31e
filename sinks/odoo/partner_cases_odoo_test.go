//go:build odoo

package odoo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"octail/sinks"
	"octail/sinks/odoo/rpc"
	"octail/sinks/sinktest"
	"octail/transform/document"
)

// TestContacts goes through what happens to contacts, each case with customers of its
// own in one database.
func TestContacts(t *testing.T) {
	cases := []struct {
		name string
		test func(*testing.T, *partnerBed)
	}{
		{"bad input", badInput}, {"books", books}, {"groups", groupTags}, {"tied by a person", tied}, {"gone in Odoo", goneInOdoo},
		{"deleted and back", deletedAndBack}, {"compare", compared}, {"erased", erased}, {"guests by match", guestsByMatch},
		{"adopted without address", adoptedHomeless}, {"guests corrected", guestsCorrected}, {"links reset", linksReset},
	}
	partnersOn(t, "customers: {match: [email], groups: tag, vat: VAT number}", func(t *testing.T, b *partnerBed) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) { c.test(t, b) })
		}
	})
}

func badInput(t *testing.T, b *partnerBed) {
	names := []string{`O"Neil's; -- \ / "quoted", comma`, "🎉 Zoë 日本語 \u202e", strings.Repeat("Long ", 60), "<script>alert(1)</script><b>x</b>", "", "two\nlines\r\n\ttab", "=1+1", "False", "True", "0", "-", "@x", "a.b/c:d", "  spaces  ", "%s %(x)s {0}", "\x00nul\x07"}
	var batch []sinks.Delivery
	for i, name := range names {
		c := shopCustomer(int64(1000 + i))
		c.FirstName, c.LastName = name, ""
		a := &c.Addresses[0]
		a.FirstName, a.LastName, a.Company, a.Address1, a.Address2, a.City, a.Postcode = name, "", name, name, name, name, name
		c.Phone, c.Email = name, fmt.Sprintf("bad%d@example.com", i)
		if i%2 == 0 {
			c.Email = name
		}
		if name == "" {
			c.Email = ""
		}
		batch = append(batch, newCustomer(c))
	}
	b.deliver(t, batch...)
	for i, name := range names {
		want := oneLine(name)
		is := b.says(t, b.contactAt(t, int64(1000+i)).id)
		if want == "" && name == "" {
			if string(is.Name) != fmt.Sprint("Customer ", 1000+i) || is.Street != "" {
				t.Errorf("%q: %+v", name, is)
			}
			continue
		}
		if string(is.Name) != want || string(is.Street) != want || string(is.City) != want || string(is.Company) != want || string(is.Phone) != want {
			t.Errorf("%q became %+v", name, is)
		}
	}
	// The same again changes nothing, and one that was is still one.
	b.deliver(t, batch...)
	if n := len(b.contactsWhere(t, []any{"ref", "=like", "main-shop-10__"}, []any{"parent_id", "=", false})); n != len(names) {
		t.Errorf("%d contacts", n)
	}
	odd := shopCustomer(1050)
	odd.Language = document.Some("xx-yy")
	odd.Addresses[0].Country, odd.Addresses[0].Zone = &document.Country{Code: str("ZZ"), Name: "Atlantis"}, &document.Zone{Name: "Deep"}
	nowhere := shopCustomer(1051)
	nowhere.Addresses[0].Country, nowhere.Addresses[0].Zone = nil, nil
	b.deliver(t, newCustomer(odd), newCustomer(nowhere))
	b.contactIs(t, b.contactAt(t, 1050).id, map[string]any{"street2": "Deep, Atlantis", "country_id": false, "lang": "en_US"})
	b.contactIs(t, b.contactAt(t, 1051).id, map[string]any{"street2": false, "country_id": false, "street": "1051 Main Street"})
}

func (b *partnerBed) below(t *testing.T, id int64) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, c := range b.contactsWhere(t, []any{"parent_id", "=", id}) {
		out[string(c.Street)] = c.Active
	}
	return out
}

func books(t *testing.T, b *partnerBed) {
	c := shopCustomer(1100)
	second := c.Addresses[0]
	id, no := int64(11001), false
	second.ID, second.Default, second.Address1 = &id, &no, "2 Second Street"
	c.Addresses = append(c.Addresses, second)
	b.deliver(t, newCustomer(c))
	is := b.contactAt(t, 1100)
	if got := b.below(t, is.id); len(got) != 2 || !got["2 Second Street"] || !got["1100 Main Street"] {
		t.Errorf("%v", got)
	}
	former := slices.Clone(c.Addresses)
	c.Addresses[1].Address1 = "3 Third Street"
	c.Phone = ""
	moved := changedCustomer(c, map[string]any{"addresses": former, "phone": "+1"})
	for range 2 {
		b.deliver(t, moved)
		if got := b.below(t, is.id); len(got) != 3 || got["2 Second Street"] || !got["3 Third Street"] || !got["1100 Main Street"] {
			t.Errorf("%v", got)
		}
	}
	b.contactIs(t, is.id, map[string]any{"phone": false})
	if n := b.calls(func() { c.FirstName = "Anna"; b.deliver(t, changedCustomer(c, map[string]any{"first_name": "Ann"})) }); n != 1 {
		t.Errorf("a new name takes %d calls", n)
	}
	// A person puts the contact below a company: it stays there, also without the journal.
	company := b.personContact(t, map[string]any{"name": "Parent Ltd", "is_company": true})
	if err := b.admin.Write(t.Context(), partnerModel, []int64{is.id}, map[string]any{"parent_id": company}, nil); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*sink{b.sink, b.again(b.links), b.again(&sinktest.Links{})} {
		if err := s.Deliver(t.Context(), []sinks.Delivery{moved}); err != nil {
			t.Fatal(err)
		}
		if got := b.says(t, is.id); got.Parent.ID != company {
			t.Errorf("%+v", got)
		}
	}
}

func groupTags(t *testing.T, b *partnerBed) {
	c := shopCustomer(1200)
	c.Group = document.Named{ID: 7, Name: str("Wholesale <b>")}
	b.deliver(t, newCustomer(c))
	is := b.contactAt(t, 1200)
	tags := func() (names []string) {
		var of []struct {
			Tags []int64 `json:"category_id"`
		}
		if err := b.admin.Read(t.Context(), partnerModel, []int64{is.id}, []string{"category_id"}, nil, &of); err != nil {
			t.Fatal(err)
		}
		var rows []row
		if err := b.admin.Read(t.Context(), "res.partner.category", of[0].Tags, []string{"name"}, nil, &rows); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			names = append(names, string(r.Name))
		}
		slices.Sort(names)
		return names
	}
	if got := tags(); !slices.Equal(got, []string{"Wholesale <b>"}) {
		t.Errorf("%q", got)
	}
	own, err := b.admin.Create(t.Context(), "res.partner.category", []map[string]any{{"name": "VIP"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.admin.Write(t.Context(), partnerModel, []int64{is.id}, map[string]any{"category_id": []any{[]any{4, own[0], 0}}}, nil); err != nil {
		t.Fatal(err)
	}
	before := c.Group
	c.Group = document.Named{ID: 8, Name: str("Retail")}
	for range 2 {
		b.deliver(t, changedCustomer(c, map[string]any{"group": before}))
		if got := tags(); !slices.Equal(got, []string{"Retail", "VIP"}) {
			t.Errorf("%q", got)
		}
	}
}

func tied(t *testing.T, b *partnerBed) {
	c := shopCustomer(1300)
	b.deliver(t, newCustomer(c))
	made := b.contactAt(t, 1300).id
	other := b.personContact(t, map[string]any{"name": "Right One", "email": "right@example.com", "phone": "1", "ref": "R-1", "vat": "X1"})
	b.links.Set(document.Key{Entity: document.CustomerEntity, ID: 1300}, sinks.Link{Target: strconv.FormatInt(other, 10), Person: true})
	c.Addresses[0].Address1, c.Email = "9 New Street", ""
	b.deliver(t, changedCustomer(c, nil))
	b.contactIs(t, other, map[string]any{"name": "Right One", "email": "right@example.com", "phone": c.Phone, "ref": "R-1", "street": "9 New Street", "vat": "X1"})
	b.contactIs(t, made, map[string]any{"street": "1300 Main Street"})
	o := addressed(t, b.sink, orderOf(c, 1300))[0]
	if o.to.partner != other || b.says(t, o.to.invoice).Parent.ID != other {
		t.Errorf("%+v", o.to)
	}
	for target, says := range map[string]string{"99999999": "does not have", "contact/x": "no id"} {
		b.links.Set(document.Key{Entity: document.CustomerEntity, ID: 1301}, sinks.Link{Target: target, Person: true})
		err := b.Deliver(t.Context(), []sinks.Delivery{newCustomer(shopCustomer(1301))})
		if class, _ := sinks.ClassOf(err); err == nil || class != sinks.Permanent || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "octail link") {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func goneInOdoo(t *testing.T, b *partnerBed) {
	c := shopCustomer(1400)
	adopt := shopCustomer(1401)
	person := b.personContact(t, map[string]any{"name": "P", "email": adopt.Email})
	b.deliver(t, newCustomer(c), newCustomer(adopt))
	if b.contactAt(t, 1401).id != person {
		t.Fatal("not adopted")
	}
	remove := func(domain ...any) {
		var ids []int64
		for _, x := range b.contactsWhere(t, domain...) {
			ids = append(ids, x.ID)
		}
		if err := b.admin.Call(t.Context(), partnerModel, "unlink", rpc.Args{IDs: ids}, nil); err != nil {
			t.Fatal(err)
		}
	}
	both := []int64{b.contactAt(t, 1400).id, person}
	remove([]any{"parent_id", "in", both})
	remove([]any{"id", "in", both})
	for _, s := range []*sink{b.sink, b.again(b.links)} {
		s.contacts.age()
		for _, o := range addressed(t, s, orderOf(c, 1400), orderOf(adopt, 1401)) {
			if o.item.err != nil || b.says(t, o.to.invoice).Parent.ID != o.to.partner {
				t.Errorf("%+v: %v", o.to, o.item.err)
			}
		}
	}
	c.FirstName = "Back"
	b.deliver(t, changedCustomer(c, nil), changedCustomer(adopt, nil))
	b.contactIs(t, b.contactAt(t, 1400).id, map[string]any{"name": "Back Lee 1400"})
	if n := len(b.contactsWhere(t, []any{"email", "=", adopt.Email}, []any{"parent_id", "=", false})); n != 1 {
		t.Errorf("%d contacts", n)
	}
}

// age makes all that is known be looked for.
func (c *partners) age() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range []map[string]spot{c.known, c.places} {
		for name, is := range m {
			is.seen = is.seen.Add(-2 * spotAge)
			m[name] = is
		}
	}
}

func deletedAndBack(t *testing.T, b *partnerBed) {
	c, adopt := shopCustomer(1500), shopCustomer(1501)
	person := b.personContact(t, map[string]any{"name": "P", "email": adopt.Email})
	b.deliver(t, newCustomer(c), newCustomer(adopt))
	is := b.contactAt(t, 1500)
	b.deliver(t, shopEvent(document.CustomerEntity, 1500, document.Deleted, 2, c, nil), shopEvent(document.CustomerEntity, 1501, document.Deleted, 2, adopt, nil), shopEvent(document.CustomerEntity, 1599, document.Deleted, 2, c, nil))
	b.contactIs(t, is.id, map[string]any{"active": false})
	b.contactIs(t, person, map[string]any{"active": true})
	if got := b.below(t, is.id); got["1500 Main Street"] {
		t.Errorf("%v", got)
	}
	b.deliver(t, shopEvent(document.CustomerEntity, 1500, document.Created, 3, c, nil))
	b.contactIs(t, is.id, map[string]any{"active": true})
	if got := b.below(t, is.id); !got["1500 Main Street"] {
		t.Errorf("%v", got)
	}
	if b.contactAt(t, 1500) != is {
		t.Error("it is another contact")
	}
}

func compared(t *testing.T, b *partnerBed) {
	c, moved, adopt, never, dead, alive := shopCustomer(1600), shopCustomer(1601), shopCustomer(1602), shopCustomer(1603), shopCustomer(1604), shopCustomer(1605)
	b.personContact(t, map[string]any{"name": "Kept Name", "email": adopt.Email, "vat": "OLD"})
	batch := []sinks.Delivery{newCustomer(c), newCustomer(moved), newCustomer(adopt), newCustomer(never), newCustomer(dead), newCustomer(alive)}
	b.deliver(t, batch[0], batch[1], batch[2], batch[4], batch[5])
	b.deliver(t, shopEvent(document.CustomerEntity, 1604, document.Deleted, 2, dead, nil))
	if err := b.admin.Write(t.Context(), partnerModel, []int64{b.contactAt(t, 1601).id}, map[string]any{"street": "elsewhere", "phone": "2"}, nil); err != nil {
		t.Fatal(err)
	}
	batch[4] = shopEvent(document.CustomerEntity, 1604, document.Deleted, 2, dead, nil)
	batch[5] = shopEvent(document.CustomerEntity, 1605, document.Deleted, 2, alive, nil)
	got, err := b.compareCustomers(t.Context(), batch)
	want := []sinks.Difference{{Index: 1, Fields: []string{"addresses", "phone"}}, {Index: 3, Missing: true}, {Index: 5}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v: %v", got, want, err)
	}
	v, err := b.rpc.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	calls := int64(3) // with the address book
	if v.Major < 19 {
		calls = 4 // external ids are told in two
	}
	if n := b.calls(func() { b.compareCustomers(t.Context(), batch[:3]) }); n != calls {
		t.Errorf("%d calls, want %d", n, calls)
	}
}

func erased(t *testing.T, b *partnerBed) {
	c := shopCustomer(1700)
	c.FirstName, c.Addresses[0].Company = "Quillfeather", "Quillfeather Ltd"
	b.deliver(t, newCustomer(c))
	is := b.contactAt(t, 1700)
	o := orderOf(c, 1700)
	o.ShippingAddress.Address1 = "1 Quillfeather Road"
	guest := shopCustomer(0)
	guest.FirstName = "Quillfeather"
	g := orderOf(guest, 1701)
	addressed(t, b.sink, o, g)
	if err := b.admin.Write(t.Context(), partnerModel, []int64{is.id}, map[string]any{"comment": "Quillfeather called"}, nil); err != nil {
		t.Fatal(err)
	}
	some := []any{"|", "|", "|", "|", []any{"name", "like", "Quill"}, []any{"street", "like", "Quill"}, []any{"company_name", "like", "Quill"}, []any{"comment", "like", "Quill"}, []any{"email", "in", []any{c.Email, guest.Email}}}
	if n := len(b.contactsWhere(t, some...)); n < 5 {
		t.Fatalf("%d contacts before", n)
	}
	e := &document.Customer{ID: 1700, Group: c.Group, LastName: "erased", Enabled: true, Erased: true, Addresses: []document.Address{{ID: c.Addresses[0].ID, Default: c.Addresses[0].Default, LastName: "erased", Country: c.Addresses[0].Country}}}
	d := changedCustomer(e, nil)
	b.deliver(t, d)
	eo := orderOf(e, 1700)
	eo.Customer.Erased = true
	eg := orderOf(&document.Customer{LastName: "erased", Addresses: e.Addresses}, 1701)
	eg.Customer.Erased = true
	addressed(t, b.sink, eo, eg)
	for range 2 {
		if err := b.eraseCustomer(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if err := b.erasePlacer(t.Context(), shopEvent(document.OrderEntity, 1701, document.Updated, 2, eg, nil)); err != nil {
			t.Fatal(err)
		}
	}
	for _, left := range b.contactsWhere(t, some...) {
		t.Errorf("left: %+v", left)
	}
	b.contactIs(t, is.id, map[string]any{"name": "erased", "email": false, "phone": false, "street": false, "comment": false})
	if strings.Contains(b.log.String(), "Quillfeather") {
		t.Error("the log names the person")
	}
}

func guestsByMatch(t *testing.T, b *partnerBed) {
	by := b.again(b.links)
	by.cfg.Customers.Guests = guestsMatch
	person := b.personContact(t, map[string]any{"name": "Regular", "email": "regular@example.com"})
	guest := shopCustomer(0)
	guest.Email = "Regular@example.com"
	unknown := shopCustomer(0)
	unknown.Email = "once@example.com"
	first := addressed(t, by, orderOf(guest, 1801), orderOf(unknown, 1802))
	second := addressed(t, by, orderOf(guest, 1803), orderOf(unknown, 1804))
	if first[0].to.partner != person || second[0].to.partner != person || b.says(t, first[0].to.delivery).Parent.ID != person {
		t.Errorf("%+v %+v, want %d", first[0].to, second[0].to, person)
	}
	if first[1].to.partner == 0 || first[1].to.partner != second[1].to.partner {
		t.Errorf("%+v %+v", first[1].to, second[1].to)
	}
	// Another of that address comes: the order keeps whom it has.
	b.personContact(t, map[string]any{"name": "Regular 2", "email": "regular@example.com"})
	cold := b.again(b.links)
	cold.cfg.Customers.Guests = guestsMatch
	d := orderOf(guest, 1801)
	in := shopEvent(document.OrderEntity, 1801, document.Updated, 2, d, nil)
	o := &saleOrder{item: &item{Delivery: &in}, doc: d, held: &heldOrder{Partner: rpc.Ref{ID: person}}}
	if err := cold.addressees(t.Context(), []*saleOrder{o}); err != nil || o.to != first[0].to || strings.Contains(b.log.String(), "several") {
		t.Errorf("%+v, was %+v: %v", o.to, first[0].to, err)
	}
	b.contactIs(t, person, map[string]any{"name": "Regular"})
}

func guestsCorrected(t *testing.T, b *partnerBed) {
	guest := shopCustomer(0)
	guest.Email = "typo@example.com"
	first := addressed(t, b.sink, orderOf(guest, 1850))[0]
	guest.Email, guest.LastName = "right@example.org", "Right"
	guest.Addresses[0].Address1 = "5 Right Street"
	for _, s := range []*sink{b.sink, b.again(b.links), b.again(nil)} {
		d := orderOf(guest, 1850)
		d.BillingAddress = first.doc.BillingAddress
		in := shopEvent(document.OrderEntity, 1850, document.Updated, 2, d, map[string]any{"customer": nil})
		o := &saleOrder{item: &item{Delivery: &in}, doc: d, held: &heldOrder{Partner: rpc.Ref{ID: first.to.partner}}}
		if err := s.addressees(t.Context(), []*saleOrder{o}); err != nil || o.item.err != nil {
			t.Fatal(err, o.item.err)
		}
		if o.to.partner != first.to.partner || o.to.invoice != first.to.invoice || o.to.delivery == first.to.delivery {
			t.Errorf("%+v, was %+v", o.to, first.to)
		}
		b.contactIs(t, o.to.partner, map[string]any{"email": "right@example.org", "name": "Ann Right"})
		b.contactIs(t, o.to.invoice, map[string]any{"email": "right@example.org", "street": "0 Main Street"})
		b.contactIs(t, o.to.delivery, map[string]any{"email": "right@example.org", "street": "5 Right Street"})
	}
}

// linksReset: the journal knows nothing any more, and Odoo has become another.
func linksReset(t *testing.T, b *partnerBed) {
	c := shopCustomer(1950)
	b.deliver(t, newCustomer(c))
	is := b.contactAt(t, 1950)
	if err := b.admin.Call(t.Context(), partnerModel, "unlink", rpc.Args{IDs: append(b.placeIDs(t, is.id), is.id)}, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.links.Lost(t.Context(), document.Key{Entity: document.CustomerEntity, ID: 1950}); err != nil {
		t.Fatal(err)
	}
	o := addressed(t, b.sink, orderOf(c, 1950))[0]
	if o.item.err != nil || b.says(t, o.to.invoice).Parent.ID != b.contactAt(t, 1950).id || o.to.partner == is.id {
		t.Errorf("%+v: %v", o.to, o.item.err)
	}
}

func (b *partnerBed) placeIDs(t *testing.T, above int64) (ids []int64) {
	t.Helper()
	for _, c := range b.contactsWhere(t, []any{"parent_id", "=", above}) {
		ids = append(ids, c.ID)
	}
	return ids
}

func adoptedHomeless(t *testing.T, b *partnerBed) {
	one, two := shopCustomer(1900), shopCustomer(1901)
	one.Addresses, two.Addresses, two.Email = nil, nil, one.Email
	person := b.personContact(t, map[string]any{"name": "Home Less", "email": one.Email, "street": "Kept 1"})
	b.deliver(t, newCustomer(one))
	if err := b.again(b.links).Deliver(t.Context(), []sinks.Delivery{newCustomer(two)}); err != nil {
		t.Fatal(err)
	}
	if b.contactAt(t, 1900).id != person || b.contactAt(t, 1901).id == person {
		t.Errorf("%v and %v have %d", b.contactAt(t, 1900), b.contactAt(t, 1901), person)
	}
	b.contactIs(t, person, map[string]any{"street": "Kept 1", "name": "Home Less"})
}

func TestVATNumbersAreChecked(t *testing.T) {
	eachVersion(t, everywhere, func(t *testing.T, version int) {
		b := newPartnerBed(t, databaseWithVAT(t, version), "customers: {vat: VAT number}")
		good, bad, worse := shopCustomer(1), shopCustomer(2), shopCustomer(3)
		for c, number := range map[*document.Customer]string{good: "BE0477472701", bad: "BE123", worse: `<b>"1`} {
			c.Addresses[0].Country, c.Addresses[0].Zone = &document.Country{Code: str("BE"), Name: "Belgium"}, nil
			c.CustomFields = []document.CustomField{{ID: 3, Name: str("VAT Number"), Value: []byte(strconv.Quote(number))}}
		}
		batch := []sinks.Delivery{newCustomer(good), newCustomer(bad), newCustomer(worse), newCustomer(shopCustomer(4))}
		for range 2 {
			b.deliver(t, batch...)
		}
		b.deliver(t, changedCustomer(bad, nil))
		b.contactIs(t, b.contactAt(t, 1).id, map[string]any{"vat": "BE0477472701", "comment": false})
		for id, number := range map[int64]string{2: "BE123", 3: "&lt;b&gt;"} {
			is := b.says(t, b.contactAt(t, id).id)
			if is.VAT != "" || strings.Count(string(is.Comment), number) != 1 {
				t.Errorf("customer %d: %+v", id, is)
			}
			if below := b.below(t, is.ID); len(below) != 1 {
				t.Errorf("customer %d: %v", id, below)
			}
		}
		if got, err := b.compareCustomers(t.Context(), batch); err != nil || len(got) > 0 {
			t.Errorf("%v %v", got, err)
		}
	})
}

func TestCustomerGroupsAsPricelists(t *testing.T) {
	partnersOn(t, "customers: {groups: pricelist}", func(t *testing.T, b *partnerBed) {
		there, err := b.admin.Create(t.Context(), "product.pricelist", []map[string]any{{"name": "Wholesale"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		one, two := shopCustomer(1), shopCustomer(2)
		one.Group, two.Group = document.Named{ID: 7, Name: str("wholesale")}, document.Named{ID: 8, Name: str("Resellers")}
		b.deliver(t, newCustomer(one), newCustomer(two))
		field, err := b.pricelistField(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		listOf := func(customer int64) (list rpc.Ref) {
			var is []map[string]json.RawMessage
			if err := b.rpc.Read(t.Context(), partnerModel, []int64{b.contactAt(t, customer).id}, []string{field}, nil, &is); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(is[0][field], &list); err != nil {
				t.Fatal(err)
			}
			return list
		}
		if got := listOf(1); got.ID != there[0] {
			t.Errorf("%+v, want %d", got, there[0])
		}
		if got := listOf(2); !strings.HasPrefix(got.Name, "Resellers") {
			t.Errorf("%+v", got)
		}
		two.Group = one.Group
		b.deliver(t, changedCustomer(two, nil))
		if got := listOf(2); got.ID != there[0] {
			t.Errorf("%+v, want %d", got, there[0])
		}
	})
}
