package oracle

// orderAddress is the billing ("payment_") or shipping address of an order, nil when it is empty.
func (r *reference) orderAddress(order Row, prefix string) (any, error) {
	filled := order.integer(prefix+"country_id") != 0
	for _, column := range []string{"firstname", "lastname", "company", "address_1", "address_2", "city", "postcode", "country"} {
		filled = filled || order.raw(prefix+column) != ""
	}
	if !filled {
		return nil, nil
	}
	return r.address(order, prefix)
}

// address is what addresses of orders and customers have in common. Only orders have their own copy of the names of
// country and zone.
func (r *reference) address(row Row, prefix string) (map[string]any, error) {
	address := map[string]any{
		"first_name": row.text(prefix + "firstname"),
		"last_name":  row.text(prefix + "lastname"),
		"company":    row.text(prefix + "company"),
		"address_1":  row.text(prefix + "address_1"),
		"address_2":  row.text(prefix + "address_2"),
		"city":       row.text(prefix + "city"),
		"postcode":   row.text(prefix + "postcode"),
		"country":    nil,
		"zone":       nil,
	}
	if row.has(prefix + "tax_id") { // 1.5
		address["tax_id"] = row.text(prefix + "tax_id")
	}
	country, known := r.countries[row.integer(prefix+"country_id")]
	if name := either(row.text(prefix+"country"), country.name); known || name != "" {
		address["country"] = map[string]any{
			"code":  onlyIf(known, country.code),
			"code3": onlyIf(known, country.code3),
			"name":  onlyIf(name != "", name),
		}
	}
	zone, known := r.zones[row.integer(prefix+"zone_id")]
	if name := either(row.text(prefix+"zone"), zone.name); known || name != "" {
		address["zone"] = map[string]any{"code": onlyIf(known, zone.code), "name": onlyIf(name != "", name)}
	}
	if row.has(prefix + "custom_field") {
		fields, err := r.customFields(row.raw(prefix + "custom_field"))
		if err != nil {
			return nil, err
		}
		address["custom_fields"] = fields
	}
	return address, nil
}

// either is the first text that is not empty.
func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// onlyIf is the text, or nil when it is not known.
func onlyIf(known bool, text string) any {
	if known {
		return text
	}
	return nil
}
