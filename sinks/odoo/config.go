package odoo

import (
	"slices"
	"time"

	"octail/internal/config"
	"octail/sinks"
)

// Values of settings.
const (
	stockIgnore = "ignore"
	stockPush   = "push"

	deletedCancel  = "cancel" // orders only
	deletedArchive = "archive"
	deletedIgnore  = "ignore"

	confirmAction = "action"
	confirmState  = "state"
)

// Config are the settings of an Odoo sink.
type Config struct {
	URL      config.URL    `yaml:"url"`
	Database string        `yaml:"database"`
	APIKey   config.Secret `yaml:"api_key"`
	Login    string        `yaml:"login"`
	Password config.Secret `yaml:"password"`
	// Transport is auto (by the server's version), json2 or xmlrpc.
	Transport string `yaml:"transport"`
	Company   string `yaml:"company"`   // name or id; "": the user's
	Warehouse string `yaml:"warehouse"` // code, name or id; "": the company's first
	Batch     int    `yaml:"batch"`     // deliveries in one call

	Customers Customers `yaml:"customers"`
	Products  Products  `yaml:"products"`
	Orders    Orders    `yaml:"orders"`

	Stock    string `yaml:"stock"`    // ignore or push
	Location string `yaml:"location"` // where stock is counted; "": the warehouse's stock

	Mappings Mappings `yaml:"mappings"`
}

// DefaultTimeout is that of a call where the section has no timeout: the first one into an
// Odoo that has just started reads all of its models, and a batch on a busy one takes long.
func (c *Config) DefaultTimeout() time.Duration { return 2 * time.Minute }

// ShopNames implements sinks.ShopNamer: a mapping of a status that is mistyped would be no
// mapping, and the order's state the usual one.
func (c *Config) ShopNames() (statuses, stores map[string][]string) {
	m := &c.Mappings
	return map[string][]string{"mappings.status": shopKeys(m.Status)},
		map[string][]string{"mappings.store": shopKeys(m.Store), "mappings.warehouse": shopKeys(m.Warehouse)}
}

// shopKeys are the keys of a mapping that name something of the shop.
func shopKeys[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		if fold(key) != otherwise {
			keys = append(keys, plain(key))
		}
	}
	slices.Sort(keys)
	return keys
}

// Customers say how customers become contacts.
type Customers struct {
	Match   []string `yaml:"match"`  // email, phone, ref: how a contact that is there is found; []: not at all
	Ref     string   `yaml:"ref"`    // a contact's reference, with {shop} and {id}; "": none
	Groups  string   `yaml:"groups"` // ignore, tag or pricelist
	VAT     string   `yaml:"vat"`    // the custom field with the VAT number, by name or id; "": the address's tax id alone
	Guests  string   `yaml:"guests"` // contact: one for each order; match: by customers.match
	Deleted string   `yaml:"deleted"`
}

// Products say how the catalogue is written.
type Products struct {
	Match       []string          `yaml:"match"`       // sku, barcode, model: how a product that is there is found; []: not at all
	Variants    string            `yaml:"variants"`    // auto, never, always: which options become attributes
	Options     map[string]string `yaml:"options"`     // option name: variant or text, against the rule
	SKU         []string          `yaml:"sku"`         // where default_code is from: the first that is there of sku, model, id
	Barcode     []string          `yaml:"barcode"`     // ean, upc, ...: the first that is there
	Language    string            `yaml:"language"`    // the shop's language for names where Odoo has no translation, e.g. de-de; "": English, else the first
	Description string            `yaml:"description"` // sale: as text into the description for customers; none
	Specials    bool              `yaml:"specials"`    // as pricelist items
	Images      bool              `yaml:"images"`
	Deleted     string            `yaml:"deleted"` // archive or ignore
	// Services are products that are there already, by default_code or id, for shipping,
	// coupon, ... or another total of the shop by its code, instead of octail's own.
	Services map[string]string `yaml:"services"`
}

// Orders say how orders are written.
type Orders struct {
	Number      string `yaml:"number"`  // the order's name in Odoo, {number} is the shop's; "": Odoo's own sequence
	Confirm     string `yaml:"confirm"` // action: as a person would; state: at once, without what other modules do then
	Tax         string `yaml:"tax"`     // mapped: Odoo's taxes; lines: amounts as lines of their own
	Salesperson string `yaml:"salesperson"`
	Team        string `yaml:"team"`
	Deleted     string `yaml:"deleted"` // cancel, archive or ignore
}

// Mappings say what the shop's values are in Odoo. Keys are compared without case, and
// white space is white space.
type Mappings struct {
	Status    map[string]string        `yaml:"status"`    // by id or name: draft, sent, confirmed, delivered, invoiced, paid, cancelled, locked
	Payment   map[string]PaymentTarget `yaml:"payment"`   // by method, code or name; default: all others
	Carrier   map[string]string        `yaml:"carrier"`   // by method, code or name: a delivery method's name or id
	Tax       map[string]string        `yaml:"tax"`       // "20%", "fixed 2.00" or a row's title: a tax's name or id, or lines
	Currency  map[string]string        `yaml:"currency"`  // by code: a pricelist's name or id
	Store     map[string]StoreTarget   `yaml:"store"`     // by id or name; default: all others
	Category  map[string]string        `yaml:"category"`  // by id, or path "Desktops > Mac": a product category's name or id
	Warehouse map[string]string        `yaml:"warehouse"` // by store, id or name: a warehouse's code, name or id
}

// PaymentTarget is what a payment method of the shop is in Odoo: in the file the name of
// a payment term, or a section.
type PaymentTarget struct {
	Term    string `yaml:"term"`    // name or id; "": none
	Journal string `yaml:"journal"` // code, name or id: where payments are booked
}

// UnmarshalConfig implements config.Unmarshaler.
func (t *PaymentTarget) UnmarshalConfig(v *config.Value) {
	type section PaymentTarget
	into := any(&t.Term)
	if v.IsSection() {
		into = (*section)(t)
	}
	if v.Decode(into) && fold(t.Term) == "" && fold(t.Journal) == "" {
		v.Problem("is empty; write the name or id of a payment term, or {term: ..., journal: ...} with one of the two at least")
	}
}

// StoreTarget is who sells for a store of the shop: in the file the name of a sales
// team, or a section.
type StoreTarget struct {
	Company   string `yaml:"company"`   // name or id; "": the sink's
	Team      string `yaml:"team"`      // name or id; "": orders.team
	Warehouse string `yaml:"warehouse"` // code, name or id; "": the sink's, or the company's first
}

// UnmarshalConfig implements config.Unmarshaler.
func (t *StoreTarget) UnmarshalConfig(v *config.Value) {
	type section StoreTarget
	into := any(&t.Team)
	if v.IsSection() {
		into = (*section)(t)
	}
	if v.Decode(into) && fold(t.Company) == "" && fold(t.Team) == "" && fold(t.Warehouse) == "" {
		v.Problem("is empty; write the name or id of a sales team, or {company: ..., team: ..., warehouse: ...} with one of them at least")
	}
}

var _ sinks.ShopNamer = (*Config)(nil)

func defaults() Config {
	return Config{
		Transport: "auto", Batch: 25, Stock: stockIgnore,
		Customers: Customers{Match: []string{"email"}, Ref: "{shop}-{id}", Groups: "ignore", Guests: "contact", Deleted: "archive"},
		Products:  Products{Match: []string{"sku"}, Variants: "auto", SKU: []string{"sku", "model"}, Barcode: []string{"ean", "upc", "isbn"}, Description: descriptionSale, Images: true, Deleted: "archive"},
		Orders:    Orders{Number: "{number}", Confirm: "action", Tax: "mapped", Deleted: "cancel"},
	}
}
