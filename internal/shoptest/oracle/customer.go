package oracle

// customer makes a customer document.
func (r *reference) customer(rows Rows) (map[string]any, error) {
	row, err := rows.root("customer")
	if err != nil {
		return nil, err
	}
	doc := map[string]any{
		"id":         row.integer("customer_id"),
		"store_id":   row.integer("store_id"),
		"group":      named(row.integer("customer_group_id"), r.groups),
		"first_name": row.text("firstname"),
		"last_name":  row.text("lastname"),
		"email":      row.text("email"),
		"phone":      row.text("telephone"),
		"newsletter": row.flag("newsletter"),
		"enabled":    row.flag("status"),
	}
	if row.has("fax") {
		doc["fax"] = row.text("fax")
	}
	if row.has("language_id") {
		doc["language"] = lookup(r.languages, row.integer("language_id"))
	}
	if row.has("approved") && !r.since30 { // 3.0 has a table for those who wait; a column is left over
		doc["approved"] = row.flag("approved")
	}
	if row.has("custom_field") {
		if doc["custom_fields"], err = r.customFields(row.raw("custom_field")); err != nil {
			return nil, err
		}
	}
	if doc["created_at"], err = instant(row.raw("date_added"), r.zone); err != nil {
		return nil, err
	}
	addresses := []any{}
	defaultID := row.integer("address_id") // to 3.x; a column that an upgrade left behind counts until an address is marked
	for _, a := range rows["address"] {
		if a.flag("default") {
			defaultID = 0
		}
	}
	for _, a := range sorted(rows["address"], by("address_id")) {
		address, err := r.address(a, "")
		if err != nil {
			return nil, err
		}
		id := a.integer("address_id")
		address["id"] = id
		address["default"] = id == defaultID
		if a.flag("default") { // 4.x
			address["default"] = true
		}
		addresses = append(addresses, address)
	}
	doc["addresses"] = addresses
	return doc, nil
}
