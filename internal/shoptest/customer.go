package shoptest

import (
	"context"
	"fmt"
)

// customer is a customer as the shop's code reads it.
type customer struct {
	Person
	addressID int64
	address   Address
}

// Register opens a customer account and returns its id. A customer of a group that
// needs an approval is off until ApproveCustomer. Up to V2 the form asks for an address
// too; one is invented.
func (s *Shop) Register(ctx context.Context, p Person) (int64, error) {
	var id int64
	home := s.RandomAddress(p)
	err := s.do(ctx, "register a customer", func(r *request) {
		id = r.register(p)
		if s.gen <= V2 { // the form asks for it
			r.addAddress(id, home, true)
		}
		r.noticeVisitor(id)
	})
	return id, err
}

func (r *request) register(p Person) int64 {
	if p.GroupID == 0 {
		p.GroupID = 1
	}
	if p.LanguageID == 0 {
		p.LanguageID = 1
	}
	var approval bool
	r.one([]any{&approval}, "SELECT approval FROM {customer_group} WHERE customer_group_id = ?", p.GroupID)
	gen := r.shop.gen
	columns := set{"customer_group_id", p.GroupID, "store_id", 0,
		"firstname", escape(p.FirstName), "lastname", escape(p.LastName), "email", escape(p.Email), "telephone", escape(p.Telephone)}
	if gen > V1 {
		columns = append(columns, "language_id", p.LanguageID)
	}
	switch {
	case gen == V1:
		columns = append(columns, "fax", "", "salt", r.shop.token(9), "password", r.shop.token(40))
	case gen <= V3:
		columns = append(columns, "custom_field", p.CustomField, "salt", r.shop.token(9), "password", r.shop.token(40))
	default:
		if p.CustomField == "" {
			p.CustomField = "[]"
		}
		columns = append(columns, "custom_field", p.CustomField, "password", "$2y$10$"+r.shop.token(53))
	}
	status := set{"status", flag(!approval)}
	if gen <= V2 {
		status = set{"status", 1, "approved", flag(!approval)}
	}
	columns = append(append(columns, "newsletter", flag(p.Newsletter), "ip", "192.0.2.1"), status...)
	id := r.insert("customer", append(columns, "date_added", now)...)
	if approval && gen >= V3 {
		r.insert("customer_approval", "customer_id", id, "type", "customer", "date_added", now)
	}
	return id
}

// noticeVisitor is the next page, which notices a new address of the visitor's machine.
func (r *request) noticeVisitor(id int64) {
	if r.shop.gen <= V3 {
		r.insert("customer_ip", "customer_id", id, "ip", "192.0.2.1", "date_added", now)
		return
	}
	r.insert("customer_ip", "customer_id", id, "store_id", 0, "ip", "192.0.2.1", "country", "", "date_added", now)
}

// AddAddress adds an address to a customer's account and returns its id. The first
// one, and one that asks for it, becomes the default.
func (s *Shop) AddAddress(ctx context.Context, customerID int64, a Address, asDefault bool) (int64, error) {
	var id int64
	err := s.do(ctx, fmt.Sprintf("add an address to customer %d", customerID), func(r *request) {
		var n int
		r.one([]any{&n}, "SELECT COUNT(*) FROM {address} WHERE customer_id = ?", customerID)
		id = r.addAddress(customerID, a, asDefault || n == 0)
	}, subject{"customer", customerID})
	return id, err
}

func (r *request) addAddress(customerID int64, a Address, asDefault bool) int64 {
	columns := append(set{"customer_id", customerID}, a.columns(r.shop.gen)...)
	if r.shop.gen <= V3 {
		id := r.insert("address", columns...)
		if asDefault {
			r.update("customer", set{"address_id", id}, "customer_id = ?", customerID)
		}
		return id
	}
	id := r.insert("address", append(columns, "default", flag(asDefault))...)
	if asDefault {
		r.update("address", set{"default", 0}, "customer_id = ? AND address_id != ? AND `default` = 1", customerID, id)
	}
	return id
}

// EditAddress changes an address on the customer's own page.
func (s *Shop) EditAddress(ctx context.Context, customerID, addressID int64, a Address) error {
	return s.do(ctx, fmt.Sprintf("edit address %d", addressID), func(r *request) {
		r.update("address", a.columns(s.gen), "address_id = ? AND customer_id = ?", addressID, customerID)
	}, subject{"customer", customerID})
}

// DeleteAddress removes an address on the customer's own page.
func (s *Shop) DeleteAddress(ctx context.Context, customerID, addressID int64) error {
	return s.do(ctx, fmt.Sprintf("delete address %d", addressID), func(r *request) {
		r.delete("address", "address_id = ? AND customer_id = ?", addressID, customerID)
	}, subject{"customer", customerID})
}

// EditAccount changes name, e-mail and telephone on the customer's own page.
func (s *Shop) EditAccount(ctx context.Context, customerID int64, p Person) error {
	return s.do(ctx, fmt.Sprintf("edit the account of customer %d", customerID), func(r *request) {
		columns := set{"firstname", escape(p.FirstName), "lastname", escape(p.LastName), "email", escape(p.Email), "telephone", escape(p.Telephone)}
		if s.gen > V1 {
			columns = append(columns, "custom_field", p.CustomField)
		}
		r.update("customer", columns, "customer_id = ?", customerID)
	}, subject{"customer", customerID})
}

// ApproveCustomer switches on a customer who waits for it.
func (s *Shop) ApproveCustomer(ctx context.Context, customerID int64) error {
	return s.do(ctx, fmt.Sprintf("approve customer %d", customerID), func(r *request) {
		if s.gen <= V2 {
			r.update("customer", set{"approved", 1}, "customer_id = ?", customerID)
			return
		}
		r.update("customer", set{"status", 1}, "customer_id = ?", customerID)
		r.delete("customer_approval", "customer_id = ? AND type = 'customer'", customerID)
	}, subject{"customer", customerID})
}

// EditCustomer is the form of the staff: it saves the whole customer. Up to V3 it
// also deletes all addresses and inserts them again with the same ids.
func (s *Shop) EditCustomer(ctx context.Context, customerID int64, p Person) error {
	return s.do(ctx, fmt.Sprintf("edit customer %d", customerID), func(r *request) {
		if p.GroupID == 0 {
			p.GroupID = 1
		}
		if p.CustomField == "" {
			p.CustomField = "[]"
		}
		columns := set{"customer_group_id", p.GroupID, "firstname", escape(p.FirstName), "lastname", escape(p.LastName), "email", escape(p.Email),
			"telephone", escape(p.Telephone), "newsletter", flag(p.Newsletter), "status", 1}
		if s.gen > V1 {
			columns = append(columns, "custom_field", p.CustomField, "safe", 0)
		}
		if s.gen >= V40 {
			columns = append(set{"store_id", 0, "language_id", max(p.LanguageID, 1)}, columns...)
			if s.gen == V4 {
				columns = append(columns, "commenter", 0)
			}
			r.update("customer", columns, "customer_id = ?", customerID)
			return
		}
		type stored struct {
			id int64
			a  Address
		}
		var addresses []stored
		r.each(func(scan func(...any)) {
			var a stored
			scan(append([]any{&a.id}, a.a.fields()...)...)
			a.a.unescape()
			addresses = append(addresses, a)
		}, "SELECT address_id, "+addressFields(s.gen)+" FROM {address} WHERE customer_id = ?", customerID)
		var addressID int64
		r.one([]any{&addressID}, "SELECT address_id FROM {customer} WHERE customer_id = ?", customerID)
		r.update("customer", columns, "customer_id = ?", customerID)
		r.delete("address", "customer_id = ?", customerID)
		for _, a := range addresses {
			if a.a.CustomField == "" {
				a.a.CustomField = "[]"
			}
			r.insert("address", append(set{"address_id", a.id, "customer_id", customerID}, a.a.columns(s.gen)...)...)
			if a.id == addressID {
				r.update("customer", set{"address_id", a.id}, "customer_id = ?", customerID)
			}
		}
	}, subject{"customer", customerID})
}

// DeleteCustomer removes a customer with addresses, rewards and transactions. His
// orders keep his id.
func (s *Shop) DeleteCustomer(ctx context.Context, customerID int64) error {
	return s.do(ctx, fmt.Sprintf("delete customer %d", customerID), func(r *request) {
		for _, table := range []string{"customer", "customer_approval", "customer_reward", "customer_transaction", "customer_ip", "address"} {
			if table == "customer_approval" && s.gen < V3 {
				continue
			}
			r.delete(table, "customer_id = ?", customerID)
		}
	}, subject{"customer", customerID})
}

// AddReward gives a customer the points of one of his orders, as staff does on the
// order's page.
func (s *Shop) AddReward(ctx context.Context, customerID, orderID int64, points int) error {
	return s.do(ctx, fmt.Sprintf("add points to customer %d", customerID), func(r *request) {
		r.insert("customer_reward", "customer_id", customerID, "order_id", orderID, "points", points,
			"description", fmt.Sprintf("Order ID: #%d", orderID), "date_added", now)
	}, subject{"customer", customerID})
}

// addressFields are the columns of a row that [Address.fields] takes.
func addressFields(gen Generation) string {
	special := "COALESCE(custom_field, ''), ''"
	if gen == V1 {
		special = "'', tax_id"
	}
	return "COALESCE(firstname, ''), COALESCE(lastname, ''), COALESCE(company, ''), COALESCE(address_1, ''), COALESCE(address_2, '')," +
		" COALESCE(city, ''), COALESCE(postcode, ''), country_id, zone_id, " + special
}

// fields are where a row of addressFields is scanned to.
func (a *Address) fields() []any {
	return []any{&a.FirstName, &a.LastName, &a.Company, &a.Address1, &a.Address2, &a.City, &a.Postcode, &a.CountryID, &a.ZoneID, &a.CustomField, &a.TaxID}
}

func (a *Address) unescape() {
	for _, field := range []*string{&a.FirstName, &a.LastName, &a.Company, &a.Address1, &a.Address2, &a.City, &a.Postcode, &a.TaxID} {
		*field = unescape(*field)
	}
}

// customer reads a customer with his default address, if he has one.
func (r *request) customer(id int64) customer {
	var c customer
	special := "language_id, newsletter, COALESCE(custom_field, '')"
	if r.shop.gen == V1 {
		special = "1, newsletter, ''"
	}
	found := r.one([]any{&c.FirstName, &c.LastName, &c.Email, &c.Telephone, &c.GroupID, &c.LanguageID, &c.Newsletter, &c.CustomField},
		"SELECT firstname, lastname, email, telephone, customer_group_id, "+special+" FROM {customer} WHERE customer_id = ?", id)
	if !found {
		r.fail(fmt.Errorf("there is no customer %d", id))
	}
	for _, field := range []*string{&c.FirstName, &c.LastName, &c.Email, &c.Telephone} {
		*field = unescape(*field)
	}
	where := "customer_id = ? AND `default` = 1"
	if r.shop.gen <= V3 {
		where = "address_id = (SELECT address_id FROM {customer} WHERE customer_id = ?)"
	}
	r.one(append([]any{&c.addressID}, c.address.fields()...), "SELECT address_id, "+addressFields(r.shop.gen)+" FROM {address} WHERE "+where, id)
	c.address.unescape()
	return c
}
