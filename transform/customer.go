package transform

import (
	"slices"
	"strings"

	"octail/internal/shop"
	"octail/transform/document"
)

var customerEntity = entity{
	name: document.CustomerEntity, root: "customer", id: "customer_id",
	halfway: []string{"children"},
	tables: []aggregateTable{
		{"customer", "customer_id", []string{"customer_id", "customer_group_id", "store_id", "language_id", "firstname", "lastname", "email", "telephone", "fax",
			"custom_field", "newsletter", "status", "approved", "address_id", "date_added"}},
		{"address", "customer_id", []string{"address_id", "customer_id", "firstname", "lastname", "company", "address_1", "address_2", "city", "postcode",
			"country_id", "zone_id", "tax_id", "custom_field", "default"}},
	},
}

func init() { customerEntity.read = readCustomers }

func readCustomers(a *assembly) error {
	roots, err := a.rows("customer", "customer_id")
	if err != nil {
		return err
	}
	addresses, err := a.grouped("address", "address_id")
	if err != nil {
		return err
	}
	for _, r := range roots.All() {
		id := r.Int("customer_id")
		doc := &document.Customer{
			ID: id, StoreID: r.Int("store_id"), Group: named(a.ref.groups, r.Int("customer_group_id")),
			FirstName: a.plain(r.Raw("firstname")), LastName: a.plain(r.Raw("lastname")), Email: a.plain(r.Raw("email")), Phone: a.plain(r.Raw("telephone")),
			Newsletter: r.Bool("newsletter"), Enabled: r.Bool("status"),
			CreatedAt: instant(r.Raw("date_added"), a.ref.zone), Addresses: []document.Address{},
		}
		if r.Has("fax") {
			doc.Fax = pointer(a.plain(r.Raw("fax")))
		}
		if r.Has("language_id") {
			doc.Language = document.Maybe[string]{Known: true, Value: a.language(r)}
		}
		if r.Has("approved") {
			doc.Approved = pointer(r.Bool("approved"))
		}
		if r.Has("custom_field") {
			doc.CustomFields = a.ref.customFields(r.Raw("custom_field"))
		}
		marked := slices.ContainsFunc(addresses[id], func(ar shop.Row) bool { return ar.Bool("default") })
		for _, ar := range addresses[id] {
			isDefault := defaultAddress(r, ar, marked)
			ad := document.Address{
				ID: pointer(ar.Int("address_id")), Default: &isDefault,
				FirstName: a.plain(ar.Raw("firstname")), LastName: a.plain(ar.Raw("lastname")), Company: a.plain(ar.Raw("company")),
				Address1: a.plain(ar.Raw("address_1")), Address2: a.plain(ar.Raw("address_2")),
				City: a.plain(ar.Raw("city")), Postcode: a.plain(ar.Raw("postcode")),
				Country: a.ref.country(ar.Int("country_id"), ""), Zone: a.ref.place(ar.Int("zone_id"), ""),
			}
			if ar.Has("tax_id") {
				ad.TaxID = pointer(a.plain(ar.Raw("tax_id")))
			}
			if ar.Has("custom_field") {
				ad.CustomFields = a.ref.customFields(ar.Raw("custom_field"))
			}
			doc.Addresses = append(doc.Addresses, ad)
		}
		forgetCustomer(doc, a.forgotten)
		res := &result{doc: doc, email: strings.ToLower(doc.Email)}
		if a.vanished(id, "addresses", len(doc.Addresses)) {
			res.halfway = "children"
		}
		a.put(id, res)
	}
	return nil
}

// defaultAddress reports whether an address is its customer's default one: since 4.0 that
// is marked; to 3.x, and where an upgrade has marked none of his yet, the customer names it.
func defaultAddress(customer, address shop.Row, marked bool) bool {
	if marked {
		return address.Bool("default")
	}
	return customer.Int("address_id") == address.Int("address_id")
}
