package odoo

import (
	"slices"
	"strings"
	"testing"

	"octail/transform/document"
)

func TestAddressesOfTheSameContentHaveOneName(t *testing.T) {
	code, id, yes := "GB", int64(5), true
	book := document.Address{ID: &id, Default: &yes, FirstName: "Ann", LastName: "Lee", Address1: "2 Sample Street", City: "Testville",
		Country: &document.Country{Code: &code, Name: "United Kingdom"}, Zone: &document.Zone{Name: "Lancashire"}}
	order := book
	order.ID, order.Default = nil, nil
	order.Address1 = " 2  Sample\nStreet "
	order.Country = &document.Country{Code: &code, Name: "Great Britain"} // a name is looked up, the code is the address's
	if addressName("c_7", &book) != addressName("c_7", &order) {
		t.Error("an address of the book is another in an order")
	}
	seen := map[string]string{}
	for name, change := range map[string]func(*document.Address){
		"nothing": func(*document.Address) {}, "street": func(a *document.Address) { a.Address1 = "3 Sample Street" },
		"second line": func(a *document.Address) { a.Address1, a.Address2 = "", a.Address1 }, "zone": func(a *document.Address) { a.Zone = nil },
		"name": func(a *document.Address) { a.FirstName, a.LastName = "AnnL", "ee" }, "country": func(a *document.Address) { a.Country = nil },
		"company": func(a *document.Address) { a.Company = "x" }, "postcode": func(a *document.Address) { a.Postcode = "1" }, "city": func(a *document.Address) { a.City = "" },
	} {
		a := book
		change(&a)
		d := addressDigest(&a)
		if seen[d] != "" {
			t.Errorf("%s and %s are the same", name, seen[d])
		}
		seen[d] = name
	}
	for party, prefix := range map[string]string{"c_7": "a_7_", "g_12": "a_g12_"} {
		name := addressName(party, &book)
		if !strings.HasPrefix(name, prefix) || holderOf(name) != party {
			t.Errorf("%s of %s, read as of %s", name, party, holderOf(name))
		}
	}
	for _, name := range []string{"c_7", "a_", "a_7", "o_1_l1", ""} {
		if h := holderOf(name); h != "" {
			t.Errorf("%q is of %q", name, h)
		}
	}
}

func TestNormalised(t *testing.T) {
	for in, want := range map[string]string{
		" Ann@Example.COM ": "ann@example.com", "ann": "", "@x": "", "a@": "", "a@b@c": "", "a b@c": "", "a@b, c@d": "", "Ann <a@b>": "", "": "",
	} {
		if got := normalEmail(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	for in, want := range map[string]string{
		"+44 (20) 7946-0402": "00442079460402", "0044 20 7946 0402": "00442079460402", "020 7946 0402": "02079460402", "12345": "", "+12345": "", "n/a": "", "": "",
	} {
		if got := normalPhone(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	for in, want := range map[string]string{"a\r\n b\t": "a b", "\x00a\x07": "a", "\xffa": "a", "  ": "", "=1": "=1", "x\u2028y": "x y"} {
		if got := oneLine(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := calledBy(" ", "", "a@example.com", "Customer 1"); got != "a@example.com" {
		t.Error(got)
	}
}

func TestVATNumberOf(t *testing.T) {
	name, tax := "VAT Number", "GB1"
	fields := func(value string) []document.CustomField {
		return []document.CustomField{{ID: 3, Name: &name, Value: []byte(value)}}
	}
	for _, c := range []struct {
		setting  string
		customer []document.CustomField
		address  *document.Address
		want     string
	}{
		{"", fields(`"X"`), nil, ""},
		{"vat number", fields(`" BE 1 "`), &document.Address{TaxID: &tax}, "BE 1"},
		{"3", nil, &document.Address{CustomFields: fields(`"BE2"`)}, "BE2"},
		{"3", fields(`""`), &document.Address{TaxID: &tax}, "GB1"},
		{"3", fields(`["BE"]`), nil, ""},
		{"4", fields(`"BE"`), nil, ""},
	} {
		s := &sink{cfg: Config{Customers: Customers{VAT: c.setting}}}
		if got := s.vatOf(c.customer, c.address); got != c.want {
			t.Errorf("%q: %q, want %q", c.setting, got, c.want)
		}
	}
}

func TestAdoptedContactsKeepAPersonsWord(t *testing.T) {
	shop := map[string]string{"name": "Ann", "email": "", "phone": "1", "ref": "s-1", "lang": "en_US", "vat": "V", "company_name": "Shop Ltd", "street": "New 1", "street2": "", "city": "B", "zip": "", "country_id/.id": "", "state_id/.id": ""}
	is := &current{Name: "Ann of Odoo", Email: "old@example.com", Phone: "0", VAT: "OLD", Street: "Old 1", Street2: "Door 2", City: "A"}
	cells := map[string]string{}
	for k, v := range shop {
		cells[k] = v
	}
	is.keep(cells, false)
	for column, want := range map[string]string{"name": "Ann of Odoo", "email": "old@example.com", "phone": "1", "ref": "s-1", "vat": "OLD", "company_name": "Shop Ltd", "street": "New 1", "street2": ""} {
		if cells[column] != want {
			t.Errorf("%s is %q, want %q", column, cells[column], want)
		}
	}
	is.keep(cells, true)
	if cells["street"] != "Old 1" || cells["street2"] != "Door 2" {
		t.Errorf("a customer without an address: %v", cells)
	}
	is.Parent.ID = 5
	is.VAT = ""
	cells["vat"], cells["company_name"] = "V", "Shop Ltd"
	is.keep(cells, false)
	if cells["vat"] != "" || cells["company_name"] != "" {
		t.Errorf("below a company: %v", cells)
	}
	if got := is.differs(is.cells()); got != nil {
		t.Error(got)
	}
	want := is.cells()
	want["street"], want["name"] = "x", "y"
	if got := is.differs(want); !slices.Equal(got, []string{"addresses", "first_name", "last_name"}) {
		t.Error(got)
	}
}
