package oracle

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// reference is what documents look up outside of their aggregate, in the shop's default language, as plain text.
type reference struct {
	base       string // default currency
	zone       *time.Location
	ownZone    bool  // the shop has a setting for it
	void       int64 // order status of an order that staff is editing (4.1), else 0
	language   int64 // default language
	languages  map[int64]string
	decimals   map[string]int64 // by currency code
	taxRates   []Row
	countries  map[int64]place
	zones      map[int64]place
	statuses   map[int64]string
	groups     map[int64]string
	taxClasses map[int64]string
	stockNames map[int64]string
	weights    map[int64]string
	lengths    map[int64]string
	makers     map[int64]string
	attributes map[int64]string
	options    map[int64]string
	types      map[int64]string // of options
	values     map[int64]string // of options
	fields     map[int64]string // custom fields
	fieldTypes map[int64]string
	choices    map[int64]string // of custom fields
	since30    bool             // the shop is no older than 3.0
	oneOffers  bool             // specials are rows among the discounts (4.1)
	categories map[int64]string
	paths      map[int64][]Row // oc_category_path by category
}

// place is a country or a zone.
type place struct{ code, code3, name string }

// readReference reads all reference data of a shop.
func readReference(ctx context.Context, from source) (*reference, error) {
	r := &reference{
		languages: map[int64]string{}, decimals: map[string]int64{},
		countries: map[int64]place{}, zones: map[int64]place{}, paths: map[int64][]Row{},
	}
	var failed error
	all := func(table string, where ...match) []Row {
		if failed != nil || !from.has(table) {
			return nil
		}
		var rows []Row
		rows, failed = from.rows(ctx, table, where...)
		return rows
	}
	// named reads one text per id; a table with translations in the default language only.
	named := func(table, id, column string) map[int64]string {
		var where []match
		if from.has(table, "language_id") {
			where = append(where, is("language_id", r.language))
		}
		names := map[int64]string{}
		for _, row := range all(table, where...) {
			names[row.integer(id)] = row.text(column)
		}
		return names
	}

	for _, row := range all("language") {
		r.languages[row.integer("language_id")] = row.raw("code")
	}
	settings := map[string]string{}
	for _, row := range all("setting", is("store_id", 0), is("key", "config_currency", "config_timezone",
		"config_void_status_id", "config_language", "config_language_catalog")) {
		settings[row.raw("key")] = row.text("value")
	}
	if failed != nil {
		return nil, failed
	}
	r.since30, r.oneOffers = from.has("seo_url"), from.has("product_discount", "special")
	if err := r.settle(settings); err != nil {
		return nil, err
	}

	for _, row := range all("currency") {
		if n, err := strconv.ParseInt(row.raw("decimal_place"), 10, 64); err == nil {
			r.decimals[row.raw("code")] = n
		}
	}
	r.taxRates = all("tax_rate")
	r.places(all, named)
	r.statuses = named("order_status", "order_status_id", "name")
	r.groups = named("customer_group_description", "customer_group_id", "name")
	r.taxClasses = named("tax_class", "tax_class_id", "title")
	r.stockNames = named("stock_status", "stock_status_id", "name")
	r.weights = named("weight_class_description", "weight_class_id", "unit")
	r.lengths = named("length_class_description", "length_class_id", "unit")
	r.makers = named("manufacturer", "manufacturer_id", "name")
	r.attributes = named("attribute_description", "attribute_id", "name")
	r.options = named("option_description", "option_id", "name")
	r.types = named("option", "option_id", "type")
	r.values = named("option_value_description", "option_value_id", "name")
	r.fields = named("custom_field_description", "custom_field_id", "name")
	r.fieldTypes = named("custom_field", "custom_field_id", "type")
	r.choices = named("custom_field_value_description", "custom_field_value_id", "name")
	r.categories = named("category_description", "category_id", "name")
	for _, row := range all("category_path") {
		id := row.integer("category_id")
		r.paths[id] = append(r.paths[id], row)
	}
	return r, failed
}

// settle takes over the settings of store 0.
func (r *reference) settle(settings map[string]string) error {
	r.base = settings["config_currency"]
	r.void, _ = strconv.ParseInt(settings["config_void_status_id"], 10, 64) // absent before 4.1
	zone, err := time.LoadLocation(settings["config_timezone"])             // "" is UTC
	if err != nil {
		return fmt.Errorf("config_timezone: %w", err)
	}
	r.zone, r.ownZone = zone, settings["config_timezone"] != ""
	code := settings["config_language_catalog"] // 4.1
	if code == "" {
		code = settings["config_language"]
	}
	for id, c := range r.languages {
		if c == code {
			r.language = id
			return nil
		}
	}
	return fmt.Errorf("default language %q is not in the language table", code)
}

// places takes over countries and zones; 4.1 keeps their names in tables of their own.
func (r *reference) places(all func(string, ...match) []Row, named func(table, id, column string) map[int64]string) {
	countries := named("country_description", "country_id", "name")
	for _, row := range all("country") {
		id := row.integer("country_id")
		if _, translated := countries[id]; row.has("name") && !translated {
			countries[id] = row.text("name")
		}
		r.countries[id] = place{row.raw("iso_code_2"), row.raw("iso_code_3"), countries[id]}
	}
	zones := named("zone_description", "zone_id", "name")
	for _, row := range all("zone") {
		id := row.integer("zone_id")
		if _, translated := zones[id]; row.has("name") && !translated {
			zones[id] = row.text("name")
		}
		r.zones[id] = place{code: row.text("code"), name: zones[id]}
	}
}

// named is {id, name} with the name nil when the id is unknown.
func named(id int64, names map[int64]string) map[string]any {
	return map[string]any{"id": id, "name": lookup(names, id)}
}

// namedOrNil is named, or nil when the id is 0.
func namedOrNil(id int64, names map[int64]string) any {
	if id == 0 {
		return nil
	}
	return named(id, names)
}

// lookup is the text of an id, nil when it is unknown.
func lookup[K comparable](texts map[K]string, id K) any {
	if text, ok := texts[id]; ok {
		return text
	}
	return nil
}
