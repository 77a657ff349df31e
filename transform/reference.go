package transform

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"octail/internal/shop"
	"octail/transform/document"
)

// reference is the shop's small tables, kept in memory: what ids are called. A
// part is read again, inside the next proven read, when the binlog touched its
// tables.
type reference struct {
	text  *texts
	zone  *time.Location
	stale map[string]bool

	settings      map[string]string // store 0
	languages     map[int64]string  // code by id
	language      int64             // the default one
	decimals      map[string]int64  // by currency code
	statuses      map[int64]string
	groups        map[int64]string
	stockStatuses map[int64]string
	taxClasses    map[int64]string
	taxRates      map[string]document.TotalTax // by stored name
	weightUnits   map[int64]string
	lengthUnits   map[int64]string
	countries     map[int64]document.Country
	zones         map[int64]document.Zone
	fields        map[int64]fieldDefinition
	fieldValues   map[int64]string

	methods map[string]method // decoded payment and shipping methods
}

type fieldDefinition struct {
	name   string
	choice bool // answers are ids of choices
}

// part is one piece of the reference data: the tables it is made of and how it
// is read. Parts later in the list may use earlier ones.
type part struct {
	name   string
	tables []referenceTable
	load   func(*reference, *shop.Reader) error
}

type referenceTable struct {
	name    string
	columns []string
}

var parts = []part{
	{"setting", []referenceTable{{"setting", []string{"store_id", "key", "value"}}}, (*reference).loadSettings},
	{"language", []referenceTable{{"language", []string{"language_id", "code"}}}, (*reference).loadLanguages},
	{"currency", []referenceTable{{"currency", []string{"code", "decimal_place"}}}, (*reference).loadCurrencies},
	{"order_status", []referenceTable{{"order_status", []string{"order_status_id", "language_id", "name"}}}, (*reference).loadStatuses},
	{"customer_group", []referenceTable{{"customer_group_description", []string{"customer_group_id", "language_id", "name"}}}, (*reference).loadGroups},
	{"stock_status", []referenceTable{{"stock_status", []string{"stock_status_id", "language_id", "name"}}}, (*reference).loadStockStatuses},
	{"tax", []referenceTable{{"tax_class", []string{"tax_class_id", "title"}}, {"tax_rate", []string{"name", "rate", "type"}}}, (*reference).loadTaxes},
	{"weight_class", []referenceTable{{"weight_class_description", []string{"weight_class_id", "language_id", "unit"}}}, (*reference).loadWeightUnits},
	{"length_class", []referenceTable{{"length_class_description", []string{"length_class_id", "language_id", "unit"}}}, (*reference).loadLengthUnits},
	{"country", []referenceTable{{"country", []string{"country_id", "name", "iso_code_2", "iso_code_3"}}, {"country_description", []string{"country_id", "language_id", "name"}}}, (*reference).loadCountries},
	{"zone", []referenceTable{{"zone", []string{"zone_id", "code", "name"}}, {"zone_description", []string{"zone_id", "language_id", "name"}}}, (*reference).loadZones},
	{"custom_field", []referenceTable{{"custom_field", []string{"custom_field_id", "type"}}, {"custom_field_description", []string{"custom_field_id", "language_id", "name"}},
		{"custom_field_value_description", []string{"custom_field_value_id", "language_id", "name"}}}, (*reference).loadCustomFields},
}

func newReference(t *texts, zone *time.Location) *reference {
	ref := &reference{text: t, zone: zone, stale: map[string]bool{}, methods: map[string]method{}}
	ref.forgetAll()
	return ref
}

// forgetAll makes everything be read again.
func (ref *reference) forgetAll() {
	for _, p := range parts {
		ref.stale[p.name] = true
	}
}

// partOf is the part that the users of a reference row look their names up in.
var partOf = map[string]string{byWeightClass: "weight_class", byLengthClass: "length_class", byLanguage: "language"}

// touched makes a part be read again when target is one, or names the users of one:
// they are read with the names they are marked for.
func (ref *reference) touched(target string) {
	name, ok := strings.CutPrefix(target, refPrefix)
	if !ok {
		if name, ok = partOf[target]; !ok {
			return
		}
	}
	ref.stale[name] = true
}

// refresh reads what became stale.
func (ref *reference) refresh(r *shop.Reader) error {
	if len(ref.stale) == 0 {
		return nil
	}
	if ref.stale["setting"] || ref.stale["language"] { // the default language may be another one
		ref.forgetAll()
	}
	for _, p := range parts {
		if !ref.stale[p.name] {
			continue
		}
		if err := p.load(ref, r); err != nil {
			return err
		}
	}
	clear(ref.stale)
	return nil
}

func (ref *reference) loadSettings(r *shop.Reader) error {
	rows, err := r.Select(shop.Query{Table: "setting", Columns: []string{"key", "value"}, Where: "store_id", Keys: []int64{0},
		And: "`key` IN ('config_currency', 'config_language', 'config_language_catalog', 'config_void_status_id', 'config_timezone', 'config_name'," +
			" 'config_processing_status', 'config_complete_status', 'config_order_status_id', 'config_complete_status_id')"})
	if err != nil {
		return err
	}
	// What is missing keeps its value: a save of the settings deletes all their rows
	// before it inserts them again.
	if ref.settings == nil {
		ref.settings = map[string]string{}
	}
	for _, row := range rows.All() {
		ref.settings[row.Raw("key")] = row.Raw("value")
	}
	return nil
}

// ErrNoLanguages: the table of languages is empty.
var ErrNoLanguages = errors.New("the shop has no languages")

func (ref *reference) loadLanguages(r *shop.Reader) error {
	rows, err := r.Select(shop.Query{Table: "language", Columns: []string{"language_id", "code"}, Order: []string{"language_id"}})
	if err != nil {
		return err
	}
	if len(rows.All()) == 0 { // in the middle of something, too
		if ref.languages == nil {
			return ErrNoLanguages
		}
		return nil
	}
	ref.languages, ref.language = map[int64]string{}, 0
	wanted := ref.settings["config_language_catalog"] // since 4.1
	if wanted == "" {
		wanted = ref.settings["config_language"]
	}
	for _, row := range rows.All() {
		id, code := row.Int("language_id"), row.Raw("code")
		ref.languages[id] = code
		if ref.language == 0 || code == wanted {
			ref.language = id
		}
	}
	return nil
}

func (ref *reference) loadCurrencies(r *shop.Reader) error {
	rows, err := r.Select(shop.Query{Table: "currency", Columns: []string{"code", "decimal_place"}})
	if err != nil {
		return err
	}
	ref.decimals = map[string]int64{}
	for _, row := range rows.All() {
		ref.decimals[row.Raw("code")] = row.Int("decimal_place")
	}
	return nil
}

// names reads id -> text of a table with one row per language, in the default
// language (or any, where that is missing).
func (ref *reference) names(r *shop.Reader, table, id, column string, into map[int64]string) (map[int64]string, error) {
	rows, err := r.Select(shop.Query{Table: table, Columns: []string{id, "language_id", column}, Order: []string{id, "language_id"}})
	if err != nil {
		return nil, err
	}
	if into == nil {
		into = map[int64]string{}
	}
	first := map[int64]bool{}
	for _, row := range rows.All() {
		k := row.Int(id)
		if !first[k] || row.Int("language_id") == ref.language {
			into[k], first[k] = ref.text.plain(row.Raw(column)), true
		}
	}
	return into, nil
}

func (ref *reference) loadStatuses(r *shop.Reader) (err error) {
	ref.statuses, err = ref.names(r, "order_status", "order_status_id", "name", nil)
	return err
}

func (ref *reference) loadGroups(r *shop.Reader) (err error) {
	ref.groups, err = ref.names(r, "customer_group_description", "customer_group_id", "name", nil)
	return err
}

func (ref *reference) loadStockStatuses(r *shop.Reader) (err error) {
	ref.stockStatuses, err = ref.names(r, "stock_status", "stock_status_id", "name", nil)
	return err
}

func (ref *reference) loadWeightUnits(r *shop.Reader) (err error) {
	ref.weightUnits, err = ref.names(r, "weight_class_description", "weight_class_id", "unit", nil)
	return err
}

func (ref *reference) loadLengthUnits(r *shop.Reader) (err error) {
	ref.lengthUnits, err = ref.names(r, "length_class_description", "length_class_id", "unit", nil)
	return err
}

func (ref *reference) loadTaxes(r *shop.Reader) error {
	rows, err := r.Select(shop.Query{Table: "tax_class", Columns: []string{"tax_class_id", "title"}})
	if err != nil {
		return err
	}
	ref.taxClasses = map[int64]string{}
	for _, row := range rows.All() {
		ref.taxClasses[row.Int("tax_class_id")] = ref.text.plain(row.Raw("title"))
	}
	rows, err = r.Select(shop.Query{Table: "tax_rate", Columns: []string{"tax_rate_id", "name", "rate", "type"}, Order: []string{"tax_rate_id"}})
	if err != nil {
		return err
	}
	ref.taxRates = map[string]document.TotalTax{}
	for _, row := range rows.All() {
		name := ref.text.plain(row.Raw("name"))
		if _, taken := ref.taxRates[name]; !taken {
			kind := "percent"
			if row.Raw("type") == "F" {
				kind = "fixed"
			}
			ref.taxRates[name] = document.TotalTax{Rate: row.Raw("rate"), Type: kind}
		}
	}
	return nil
}

func (ref *reference) loadCountries(r *shop.Reader) error {
	rows, err := r.Select(shop.Query{Table: "country", Columns: []string{"country_id", "name", "iso_code_2", "iso_code_3"}})
	if err != nil {
		return err
	}
	names, err := ref.names(r, "country_description", "country_id", "name", nil) // since 4.1
	if err != nil {
		return err
	}
	ref.countries = map[int64]document.Country{}
	for _, row := range rows.All() {
		id := row.Int("country_id")
		name, ok := names[id]
		if !ok {
			name = ref.text.plain(row.Raw("name"))
		}
		ref.countries[id] = document.Country{Code: orNull(row.Raw("iso_code_2")), Code3: orNull(row.Raw("iso_code_3")), Name: name}
	}
	return nil
}

func (ref *reference) loadZones(r *shop.Reader) error {
	rows, err := r.Select(shop.Query{Table: "zone", Columns: []string{"zone_id", "name", "code"}})
	if err != nil {
		return err
	}
	names, err := ref.names(r, "zone_description", "zone_id", "name", nil)
	if err != nil {
		return err
	}
	ref.zones = map[int64]document.Zone{}
	for _, row := range rows.All() {
		id := row.Int("zone_id")
		name, ok := names[id]
		if !ok {
			name = ref.text.plain(row.Raw("name"))
		}
		ref.zones[id] = document.Zone{Code: orNull(ref.text.plain(row.Raw("code"))), Name: name}
	}
	return nil
}

func (ref *reference) loadCustomFields(r *shop.Reader) error {
	names, err := ref.names(r, "custom_field_description", "custom_field_id", "name", nil)
	if err != nil {
		return err
	}
	rows, err := r.Select(shop.Query{Table: "custom_field", Columns: []string{"custom_field_id", "type"}})
	if err != nil {
		return err
	}
	ref.fields = map[int64]fieldDefinition{}
	for _, row := range rows.All() {
		id := row.Int("custom_field_id")
		kind := row.Raw("type")
		ref.fields[id] = fieldDefinition{name: names[id], choice: kind == "select" || kind == "radio" || kind == "checkbox"}
	}
	ref.fieldValues, err = ref.names(r, "custom_field_value_description", "custom_field_value_id", "name", nil)
	return err
}

// void is the status that OpenCart 4.1 gives an order while staff edits it, -1
// where there is none.
func (ref *reference) void() int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(ref.settings["config_void_status_id"]), 10, 64)
	if err != nil || n == 0 {
		return -1
	}
	return n
}

func (ref *reference) status(id int64) document.Status {
	if id == 0 {
		return document.Status{}
	}
	return document.Status{ID: id, Name: lookUp(ref.statuses, id)}
}

func named(names map[int64]string, id int64) document.Named {
	return document.Named{ID: id, Name: lookUp(names, id)}
}

// namedOrNull is null for id 0.
func namedOrNull(names map[int64]string, id int64) *document.Named {
	if id == 0 {
		return nil
	}
	return pointer(named(names, id))
}

// country and place find what an address's ids mean; copied is the name the
// order itself keeps.
func (ref *reference) country(id int64, copied string) *document.Country {
	c, ok := ref.countries[id]
	if !ok && copied == "" {
		return nil
	}
	if copied != "" {
		c.Name = copied
	}
	return &c
}

func (ref *reference) place(id int64, copied string) *document.Zone {
	z, ok := ref.zones[id]
	if !ok && copied == "" {
		return nil
	}
	if copied != "" {
		z.Name = copied
	}
	return &z
}
